//! The answer of each call about a region.

use mach_procfs::kernel::xnu::{REGION_INFO_SKIP_ALIASES, TaskVmInfo, Text};
use xnu_model::Mapped;

use super::*;

#[test]
fn row_01_rounds_down_takes_the_next_from_a_hole_and_truncates_to_the_targets_page() {
    let model = XnuModel::new(with_submap());
    let port = port(&model);
    let at = |address| {
        let (start, size, _, _) = recurse(&model, port, address, 0).unwrap();
        (start / PAGE, size / PAGE)
    };
    assert_eq!(at(0x12 * PAGE + 5), (0x10, 4));
    assert_eq!(at(0x14 * PAGE), (0x20, 8));
    assert_eq!(region(&model, 0x12 * PAGE + 5).unwrap().region.address, 0x10 * PAGE);
    assert_eq!(region(&model, 0x14 * PAGE).unwrap().region.address, 0x20 * PAGE);
    // An entry of 4 KiB in a map of 16 KiB pages: the requested address is cut to a page first.
    model.world(|world| world.enter(PID, Entry::new(0x40 * PAGE, 4096)));
    assert_eq!(recurse(&model, port, 0x40 * PAGE + 4096, 0).unwrap().0, 0x40 * PAGE);
}

#[test]
fn row_02_leaves_outputs_alone_on_error_and_picks_the_layout_by_count() {
    let model = XnuModel::new(with_submap());
    let port = port(&model);
    let ask = |address: u64, count: usize| {
        let (mut address, mut size, mut depth) = (address, 7, 9);
        let mut words = [0xdead_beef; 24];
        let result =
            model.region_recurse(port, &mut address, &mut size, &mut depth, &mut words[..count]);
        let written = words.iter().filter(|word| **word != 0xdead_beef).count();
        (result, address, size, depth, written)
    };
    let nothing = 0x50 * PAGE;
    let end = Err(KernReturn::INVALID_ADDRESS);
    assert_eq!(ask(nothing, 19), (end, nothing, 7, 9, 0));
    let small = Err(KernReturn::INVALID_ARGUMENT);
    assert_eq!(ask(0, 11), (small, 0, 7, 9, 0));
    for (count, filled) in [(12, 12), (15, 12), (16, 16), (17, 17), (18, 17), (19, 19), (24, 19)] {
        let (result, address, _, _, written) = ask(0, count);
        assert_eq!((result, address, written), (Ok(filled), 0x10 * PAGE, filled));
    }
}

#[test]
fn row_03_depth_in_and_out_windows_and_holes_of_submaps() {
    let model = XnuModel::new(with_submap());
    let port = port(&model);
    let at = |page: u64, depth| {
        let (start, size, depth, info) = recurse(&model, port, page * PAGE, depth).unwrap();
        (start / PAGE, size / PAGE, depth, info.is_submap)
    };
    // The submap itself only if the depth is used up.
    assert_eq!(at(0x20, 0), (0x20, 8, 0, 1));
    // Clipped to the window at its head, in the task's addresses.
    assert_eq!(at(0x20, 1), (0x20, 2, 1, 0));
    assert_eq!(at(0x22, 99), (0x23, 2, 1, 0));
    // The hole at the window's tail leads out of the submap: page 20 of it is not in the window.
    assert_eq!(at(0x25, 99), (0x30, 1, 0, 0));
    // An empty submap is skipped.
    model.world(|world| {
        let empty = world.submap([]);
        world.shared_region(PID, 0x2c * PAGE, PAGE, empty, 0);
    });
    assert_eq!(at(0x25, 99), (0x30, 1, 0, 0));
    assert_eq!(at(0x28, 0), (0x2c, 1, 0, 1));
}

#[test]
fn row_03_two_windows_on_one_submap() {
    let mut world = world();
    let submap = world.submap([Entry::new(PAGE, PAGE), Entry::new(8 * PAGE, PAGE)]);
    world.shared_region(PID, 0x20 * PAGE, 4 * PAGE, submap, 0);
    world.shared_region(PID, 0x30 * PAGE, 4 * PAGE, submap, 7 * PAGE);
    let model = XnuModel::new(world);
    let port = port(&model);
    assert_eq!(recurse(&model, port, 0, 9).unwrap().0, 0x21 * PAGE);
    assert_eq!(recurse(&model, port, 0x22 * PAGE, 9).unwrap().0, 0x31 * PAGE);
    assert_eq!(recurse(&model, port, 0x22 * PAGE, 0).unwrap().3.ref_count, 2);
}

#[test]
fn row_04_inside_of_a_copying_submap_is_cow_and_the_submap_trueshared_or_private() {
    let model = XnuModel::new(with_submap());
    let port = port(&model);
    let inside = recurse(&model, port, 0x20 * PAGE, 1).unwrap().3;
    assert_eq!((inside.share_mode, inside.ref_count), (1, 0));
    let submap = recurse(&model, port, 0x20 * PAGE, 0).unwrap().3;
    assert_eq!((submap.share_mode, submap.ref_count, submap.user_tag), (5, 1, 32));
    assert_ne!({ submap.object_id_full }, 0);
    model.world(|world| {
        let map = world.submap([Entry::new(0, PAGE)]);
        let mapped = Mapped::Submap { map, nested: false };
        world.enter(PID, Entry { mapped, ..Entry::new(0x20 * PAGE, PAGE) });
    });
    assert_eq!(recurse(&model, port, 0x20 * PAGE, 0).unwrap().3.share_mode, 2);
    // This one does not copy, so its inside is as it is.
    assert_eq!(recurse(&model, port, 0x20 * PAGE, 1).unwrap().3.share_mode, 3);
}

#[test]
fn row_05_flavor_8_shows_a_submap_as_one_row() {
    let model = XnuModel::new(with_submap());
    let row = region(&model, 0x20 * PAGE).unwrap();
    assert_eq!((row.region.address, row.region.size), (0x20 * PAGE, 8 * PAGE));
    assert_eq!((row.region.flags, row.region.share_mode), (1, 3));
    assert_eq!((row.region.ref_count, row.region.object_id), (0, 0));
    assert!(row.path.is_empty());
}

#[test]
fn row_07_recycled_vnode_is_a_region_without_file_for_flavor_8_and_more_follow() {
    // Flavors 22 and 31, which return EINVAL here, are not used by this project.
    let mut world = world();
    let vnode = file(&mut world, "/gone");
    world.map_file(PID, Entry::new(PAGE, PAGE), vnode);
    world.map_file(PID, Entry::new(4 * PAGE, PAGE), vnode);
    world.vnode_mut(vnode).unwrap().recycled = true;
    let model = XnuModel::new(world);
    let row = region(&model, 0).unwrap();
    assert_eq!((row.vnode, row.path), (VnodeInfo::default(), Text::default()));
    assert_eq!(region(&model, 2 * PAGE).unwrap().region.address, 4 * PAGE);
}

#[test]
fn row_08_anonymous_region_hole_and_submap_have_no_path_though_a_file_follows() {
    // `proc_regionfilename`, which names that file, is not used by this project.
    let mut world = with_submap();
    let vnode = file(&mut world, "/later");
    world.map_file(PID, Entry::new(0x40 * PAGE, PAGE), vnode);
    let model = XnuModel::new(world);
    for page in [0, 0x10, 0x20, 0x30] {
        assert!(region(&model, page * PAGE).unwrap().path.is_empty(), "{page:#x}");
    }
    assert_eq!(region(&model, 0x31 * PAGE).unwrap().path.bytes(), b"/later");
}

#[test]
fn row_11_name_and_inspect_ports_answer_task_info_and_no_region_call() {
    let model = XnuModel::new(with_submap());
    for (kind, reads) in [
        (PortKind::Control, true),
        (PortKind::Read, true),
        (PortKind::Inspect, false),
        (PortKind::Name, false),
    ] {
        let port = model.port_of_kind(PID, kind).unwrap();
        let answer = recurse(&model, port, 0, 0).map(|_| ());
        assert_eq!(answer, if reads { Ok(()) } else { Err(KernReturn::INVALID_ARGUMENT) });
        let info = model.task::<TaskVmInfo>(port).unwrap();
        assert_eq!((info.region_count, info.page_size), (3, 16_384));
    }
}

#[test]
fn row_14_private_file_mapping_before_and_after_a_write() {
    let mut world = world();
    let vnode = file(&mut world, "/tmp/f");
    let entry = Entry { offset: PAGE, protection: 3, ..Entry::new(0x10 * PAGE, 9 * PAGE) };
    world.map_file(PID, entry, vnode);
    world.vnode_mut(vnode).unwrap().info.nlink = 0;
    let model = XnuModel::new(world);
    let row = region(&model, 0).unwrap();
    let shown = |row: &RegionPathInfo| {
        let it = &row.region;
        (it.offset, it.ref_count, it.shadow_depth, it.share_mode, it.pages_resident)
    };
    // XNU's own test of this mapping says so.
    assert_eq!(shown(&row), (PAGE, 2, 1, 1, 0));
    assert_eq!((row.vnode.kind, row.vnode.nlink, row.path.bytes()), (1, 0, &b"/tmp/f"[..]));
    assert_ne!(row.region.object_id, 0);
    model.world(|world| world.write(PID, 0x12 * PAGE, PAGE));
    let row = region(&model, 0).unwrap();
    assert_eq!(shown(&row), (0, 2, 2, 1, 1));
    assert_eq!((row.region.pages_dirtied, row.path.bytes()), (1, &b"/tmp/f"[..]));
    // Every page is copied: no look-up goes below the top object any more.
    model.world(|world| world.write(PID, 0x10 * PAGE, 9 * PAGE));
    let row = region(&model, 0).unwrap();
    assert_eq!(shown(&row), (0, 1, 0, 2, 9));
}

#[test]
fn row_14_share_modes() {
    let mut world = world();
    let vnode = file(&mut world, "/shared");
    let shared = |at: u64| Entry { inheritance: 0, ..Entry::new(at * PAGE, PAGE) };
    world.map_file(PID, shared(1), vnode);
    let model = XnuModel::new(world);
    let mode = |page: u64| region(&model, page * PAGE).unwrap().region.share_mode;
    // A file that is mapped once is PRIVATE; twice by one process, aliased.
    assert_eq!(mode(1), 2);
    model.world(|world| world.map_file(PID, shared(3), vnode));
    assert_eq!(mode(1), 7);
    let set = |flags: u32| {
        model.set_sysctl(c"vm.self_region_info_flags", &flags.to_ne_bytes()).unwrap();
    };
    set(REGION_INFO_SKIP_ALIASES);
    assert_eq!(mode(1), 4);
    set(0);
    model.world(|world| {
        let twice = world.anonymous_object(false);
        let mapped = Mapped::Object(twice);
        world.enter(PID, Entry { mapped, ..Entry::new(5 * PAGE, PAGE) });
        world.enter(PID, Entry { mapped, ..Entry::new(7 * PAGE, PAGE) });
        let on_purpose = world.anonymous_object(true);
        let mapped = Mapped::Object(on_purpose);
        world.enter(PID, Entry { mapped, ..Entry::new(9 * PAGE, PAGE) });
        world.enter(1, Entry { mapped, ..Entry::new(9 * PAGE, PAGE) });
        let device = world.paged_object(None, true);
        let mapped = Mapped::Object(device);
        world.enter(PID, Entry { mapped, ..Entry::new(11 * PAGE, PAGE) });
        let large = world.anonymous_object(false);
        let mapped = Mapped::Object(large);
        world.enter(PID, Entry { mapped, superpage: true, ..Entry::new(13 * PAGE, PAGE) });
        world.enter(PID, Entry::new(15 * PAGE, PAGE));
        world.write(PID, 15 * PAGE, PAGE);
    });
    assert_eq!([5, 9, 11, 13, 15].map(mode), [6, 5, 3, 8, 2]);
}

#[test]
fn row_15_target_of_4_kib_pages_seen_from_16_kib() {
    let mut world = world();
    let mut small = ModelProcess::new(600, "translated");
    small.page_size = 4096;
    world.spawn(small);
    world.enter(600, Entry::new(0x10_8023_0000, 0x3000));
    world.write(600, 0x10_8023_0000, 0x3000);
    world.enter(PID, Entry::new(PAGE, 2 * PAGE));
    world.write(PID, PAGE, 2 * PAGE);
    let model = XnuModel::new(world);
    let mut info = RegionPathInfo::default();
    model.pid_into(600, 0, &mut info).unwrap();
    assert_eq!((info.region.size, info.region.pages_resident), (0x3000, 3));
    assert_eq!(region(&model, 0).unwrap().region.pages_resident, 2);
    let port = model.port_for_pid(PortKind::Control, 600).unwrap();
    assert_eq!(recurse(&model, port, 0x10_8023_1fff, 0).unwrap().0, 0x10_8023_0000);
}

#[test]
fn row_17_an_error_is_an_errno_and_leaves_the_answer_alone() {
    let model = XnuModel::new(with_submap());
    let mut info = region(&model, 0).unwrap();
    let before = info;
    assert_eq!(model.pid_into(PID, 0x50 * PAGE, &mut info), Err(Errno::INVAL));
    assert_eq!(model.pid_into(77, 0, &mut info), Err(Errno::SRCH));
    assert_eq!(info, before);
}
