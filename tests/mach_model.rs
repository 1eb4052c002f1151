//! The model of XNU against what XNU's source says, one test a behaviour. The numbers are those
//! of the list of behaviours that the model was written to reproduce.

#![allow(missing_docs, clippy::unwrap_used)]

mod mach_common;

use std::sync::Arc;

use mach_common::fixtures::{arm64, forked, intel, macos12, translated, zsh};
use mach_common::{PID, world};
use mach_procfs::kernel::mach::calls::{
    Errno, FileCalls, FileInfo, KernReturn, PORT_DEAD, PORT_NULL, PortName,
    REGION_INFO_SKIP_ALIASES, RegionPathInfo, ShortBsdInfo, SubmapInfo, TaskPort, VnodeInfo,
    XnuCalls,
};
use mach_procfs::kernel::mach::xnu_model::{
    ArgumentArea, Call, Entry, Fault, FileDetail, Mapped, ModelFile, ModelProcess, PortKind,
    PortRule, Vnode, VnodeId, World, XnuModel,
};

const PAGE: u64 = 16_384;

/// Address, size, depth and the rest of a recursive answer.
type Leaf = (u64, u64, u32, SubmapInfo);

fn recurse(model: &XnuModel, port: PortName, address: u64, depth: u32) -> Result<Leaf, KernReturn> {
    let (mut address, mut size, mut depth, mut info) = (address, 0, depth, SubmapInfo::default());
    model.region_recurse(port, &mut address, &mut size, &mut depth, &mut info)?;
    Ok((address, size, depth, info))
}

fn region(model: &XnuModel, address: u64) -> Result<RegionPathInfo, Errno> {
    let mut info = RegionPathInfo::default();
    model.region_path_info(PID, address, &mut info).map(|()| info)
}

fn file(world: &mut World, path: &str) -> VnodeId {
    let info = VnodeInfo { dev: 0x100_000f, ino: 1 << 61, nlink: 1, kind: 1, ..Default::default() };
    world.vnode(Vnode { info, path: path.into(), ..Vnode::default() })
}

/// A window of 8 pages, from page 1 on, into a submap with regions at 2 and 4..6 and 20.
fn with_submap() -> World {
    let mut world = world();
    let submap = world.submap([
        Entry::new(0, 3 * PAGE),
        Entry::new(4 * PAGE, 2 * PAGE),
        Entry::new(20 * PAGE, PAGE),
    ]);
    world.enter(PID, Entry::new(0x10 * PAGE, 4 * PAGE));
    world.shared_region(PID, 0x20 * PAGE, 8 * PAGE, submap, PAGE);
    world.enter(PID, Entry::new(0x30 * PAGE, PAGE));
    world
}

fn port(model: &XnuModel) -> PortName {
    model.task_for_pid(PID).unwrap()
}

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
    // An entry of 4 KiB in a map of 16 KiB pages: the address asked for is cut to a page first.
    model.world(|world| world.enter(PID, Entry::new(0x40 * PAGE, 4096)));
    assert_eq!(recurse(&model, port, 0x40 * PAGE + 4096, 0).unwrap().0, 0x40 * PAGE);
}

#[test]
fn row_02_leaves_outputs_alone_on_error_and_picks_the_layout_by_count() {
    let model = XnuModel::new(with_submap());
    let port = port(&model);
    let ask = |address: u64, count: u32| {
        let (mut address, mut size, mut depth, mut count) = (address, 7, 9, count);
        let mut words = [0xdead_beef; 24];
        let result = model.region_recurse_words(
            port,
            &mut address,
            &mut size,
            &mut depth,
            &mut words,
            &mut count,
        );
        let written = words.iter().filter(|word| **word != 0xdead_beef).count();
        (result, address, size, depth, count, written)
    };
    let nothing = 0x50 * PAGE;
    let end = Err(KernReturn::INVALID_ADDRESS);
    assert_eq!(ask(nothing, 19), (end, nothing, 7, 9, 19, 0));
    let small = Err(KernReturn::INVALID_ARGUMENT);
    assert_eq!(ask(0, 11), (small, 0, 7, 9, 11, 0));
    for (count, told) in [(12, 12), (15, 12), (16, 16), (17, 17), (18, 17), (19, 19), (24, 19)] {
        let (result, address, _, _, count, written) = ask(0, count);
        assert_eq!((result, address), (Ok(()), 0x10 * PAGE));
        assert_eq!((count, written), (told, told as usize));
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
    // The submap itself only where the depth is used up.
    assert_eq!(at(0x20, 0), (0x20, 8, 0, 1));
    // Clipped to the window at its head, in the task's addresses.
    assert_eq!(at(0x20, 1), (0x20, 2, 1, 0));
    assert_eq!(at(0x22, 99), (0x23, 2, 1, 0));
    // The hole at the window's tail leads out of the submap: page 20 of it is not in the window.
    assert_eq!(at(0x25, 99), (0x30, 1, 0, 0));
    // An empty submap is passed over.
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
    assert_ne!(submap.object_id_full, 0);
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
fn row_06_checks_in_the_kernels_order() {
    let mut world = world();
    world.caller.uid = 502;
    let checks = [
        // pid 0 before anything, even an unknown size.
        ((0, 8, 0), Err(Errno::PERM)),
        ((0, 22, 0), Err(Errno::PERM)),
        // Unknown flavor before the size.
        ((PID, 99, 0), Err(Errno::INVAL)),
        // The size before the pid.
        ((77, 8, 1271), Err(Errno::NOMEM)),
        ((77, 11, 4097), Err(Errno::OVERFLOW)),
        // The pid before the uid.
        ((77, 8, 1272), Err(Errno::SRCH)),
        ((-1, 13, 64), Err(Errno::SRCH)),
        ((PID, 8, 1272), Err(Errno::PERM)),
        // No uid rule for these.
        ((PID, 13, 64), Ok(())),
        ((PID, 17, 56), Ok(())),
        ((0, 13, 64), Ok(())),
    ];
    for ((pid, flavor, size), expected) in checks {
        assert_eq!(world.check(pid, flavor, 0, size), expected, "{pid} {flavor} {size}");
    }
    world.caller.uid = 0;
    assert_eq!(world.check(0, 8, 0, 1272), Err(Errno::PERM));
    world.become_zombie(PID);
    for (flavor, arg, expected) in [
        (13, 0, Err(Errno::SRCH)),
        (13, 1, Ok(())),
        (17, 1, Ok(())),
        (3, 1, Ok(())),
        (4, 1, Err(Errno::SRCH)),
        (8, 1, Err(Errno::SRCH)),
    ] {
        assert_eq!(world.check(PID, flavor, arg, 4000), expected, "{flavor} {arg}");
    }
}

#[test]
fn row_07_recycled_vnode_is_a_region_without_file_for_flavor_8_and_more_follow() {
    // Flavors 22 and 31, which say EINVAL here, are not asked by anyone.
    let mut world = world();
    let vnode = file(&mut world, "/gone");
    world.map_file(PID, Entry::new(PAGE, PAGE), vnode);
    world.map_file(PID, Entry::new(4 * PAGE, PAGE), vnode);
    world.vnode_mut(vnode).unwrap().recycled = true;
    let model = XnuModel::new(world);
    let row = region(&model, 0).unwrap();
    assert_eq!((row.vnode, row.path), (VnodeInfo::default(), Vec::new()));
    assert_eq!(region(&model, 2 * PAGE).unwrap().region.address, 4 * PAGE);
}

#[test]
fn row_08_anonymous_region_hole_and_submap_have_no_path_though_a_file_follows() {
    // `proc_regionfilename`, which names that file, is not asked by anyone.
    let mut world = with_submap();
    let vnode = file(&mut world, "/later");
    world.map_file(PID, Entry::new(0x40 * PAGE, PAGE), vnode);
    let model = XnuModel::new(world);
    for page in [0, 0x10, 0x20, 0x30] {
        assert!(region(&model, page * PAGE).unwrap().path.is_empty(), "{page:#x}");
    }
    assert_eq!(region(&model, 0x31 * PAGE).unwrap().path, b"/later");
}

#[test]
fn row_09_proc_info_compares_effective_uids_and_task_for_pid_nearly_everything() {
    let mut world = world();
    world.caller.uid = 501;
    world.caller.groups = vec![501];
    let model = XnuModel::new(world);
    let may = |change: &dyn Fn(&mut ModelProcess)| {
        model.world(|world| {
            *world.process_mut(PID).unwrap() = {
                let mut process = world.process(PID).unwrap().clone();
                process.info = ModelProcess::new(500, "target").info;
                process.groups.clear();
                change(&mut process);
                process
            };
        });
        let port = model.task_for_pid(PID).map(|port| model.release_port(port).unwrap());
        (model.task_info(PID).map(|_| ()), port)
    };
    let (yes, refused) = ((Ok(()), Ok(())), Err(KernReturn::FAILURE));
    assert_eq!(may(&|_| ()), yes);
    assert_eq!(may(&|process| process.info.ruid = 0), (Ok(()), refused));
    assert_eq!(may(&|process| process.info.svuid = 0), (Ok(()), refused));
    assert_eq!(may(&|process| process.groups.push(20)), (Ok(()), refused));
    assert_eq!(may(&|it| it.info.flags |= ShortBsdInfo::CHANGED_IDS), (Ok(()), refused));
    assert_eq!(may(&|process| process.info.uid = 0), (Err(Errno::PERM), refused));
    model.world(|world| world.caller.uid = 0);
    assert_eq!(may(&|process| process.info.ruid = 7), yes);
    assert_eq!(model.task_for_pid(0), refused.map(|()| 0));
    assert_eq!(model.task_for_pid(77), refused.map(|()| 0));
}

#[test]
fn row_10_success_with_a_null_or_dead_port_is_no_port() {
    let model = Arc::new(XnuModel::new(world()));
    for (rule, name) in [(PortRule::Null, PORT_NULL), (PortRule::Dead, PORT_DEAD)] {
        model.world(|world| world.process_mut(PID).unwrap().port = rule);
        assert_eq!(model.task_for_pid(PID), Ok(name));
        assert!(TaskPort::for_pid(&model, PID).unwrap().is_none());
    }
    assert_eq!((model.live_ports(), model.count(Call::ReleasePort)), (0, 0));
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
        let info = model.task_vm_info(port).unwrap();
        assert_eq!((info.region_count, info.page_size), (3, 16_384));
    }
}

#[test]
fn row_12_exit_over_time() {
    let model = XnuModel::new(with_submap());
    let port = port(&model);
    let both = || {
        (
            region(&model, 0).map(|_| ()),
            recurse(&model, port, 0, 0).map(|_| ()),
            model.short_bsd_info(PID, true).map(|it| it.flags & ShortBsdInfo::IN_EXIT != 0),
        )
    };
    assert_eq!(both(), (Ok(()), Ok(()), Ok(false)));
    // A call that holds the map already may say 1 instead.
    model.at(Call::RegionRecurse, 2..=2, Fault::KernReturn(KernReturn::INVALID_ADDRESS));
    model.world(|world| world.begin_exit(PID));
    assert_eq!(both(), (Err(Errno::INVAL), Err(KernReturn::INVALID_ADDRESS), Ok(true)));
    assert_eq!(both(), (Err(Errno::INVAL), Err(KernReturn::INVALID_ARGUMENT), Ok(true)));
    model.world(|world| world.become_zombie(PID));
    assert_eq!(both(), (Err(Errno::SRCH), Err(KernReturn::INVALID_DEST), Ok(true)));
    model.world(|world| world.reap(PID));
    assert_eq!(both(), (Err(Errno::SRCH), Err(KernReturn::INVALID_DEST), Err(Errno::SRCH)));
}

#[test]
fn row_12_exec_changes_the_version_and_the_map_and_kills_the_old_port() {
    let model = XnuModel::new(with_submap());
    let port = port(&model);
    let before = model.unique_info(PID, false).unwrap();
    model.world(|world| {
        world.exec(PID);
        world.enter(PID, Entry::new(0x99 * PAGE, PAGE));
    });
    let after = model.unique_info(PID, false).unwrap();
    assert_eq!(after.unique_id, before.unique_id);
    assert_ne!(after.id_version, before.id_version);
    assert_eq!(recurse(&model, port, 0, 0).unwrap_err(), KernReturn::INVALID_DEST);
    assert_eq!(region(&model, 0).unwrap().region.address, 0x99 * PAGE);
    // The right is a dead name now, and is released like any other.
    assert_eq!(model.release_port(port), Ok(()));
    assert_eq!(model.release_port(port), Err(KernReturn::INVALID_NAME));
}

#[test]
fn row_13_anonymous_memory_comes_in_chunks_of_128_mib_and_reservations_do_not() {
    let mut world = world();
    world.map_anonymous(PID, Entry::new(PAGE, 300 << 20));
    world.reserve_arm64(PID);
    let sizes: Vec<u64> =
        world.map(PID).unwrap().entries().iter().map(|entry| entry.size >> 20).collect();
    assert_eq!(sizes, [128, 128, 44, 1 << 10, 384 << 10]);
    let model = XnuModel::new(world);
    let reserved = region(&model, 0xf_c000_0000).unwrap().region;
    assert_eq!((reserved.protection, reserved.share_mode, reserved.inheritance), (0, 3, 1));
}

#[test]
fn row_13_write_into_the_shared_region_leaves_pieces_tagged_32_and_35() {
    let mut world = world();
    let object = world.anonymous_object(false);
    let data = Entry { mapped: Mapped::Object(object), ..Entry::new(70 << 20, 1 << 20) };
    let submap = world.submap([Entry::new(0, 64 << 20), data]);
    let base = 0x1_8000_0000;
    world.shared_region(PID, base, 256 << 20, submap, 0);
    world.write(PID, base + (70 << 20), PAGE);
    let told: Vec<_> = world
        .map(PID)
        .unwrap()
        .entries()
        .iter()
        .map(|it| ((it.start - base) >> 20, it.size >> 20, it.user_tag, it.inheritance))
        .collect();
    assert_eq!(
        told,
        [(0, 64, 32, 0), (64, 6, 35, 0), (70, 1, 35, 1), (71, 25, 35, 0), (96, 160, 32, 0)]
    );
    let model = XnuModel::new(world);
    assert_eq!(region(&model, base + (70 << 20)).unwrap().region.share_mode, 1);
    let port = port(&model);
    assert_eq!(recurse(&model, port, base + (64 << 20), 0).unwrap().3.share_mode, 2);
}

#[test]
fn row_13_intel_commpages_lie_above_the_nominal_top() {
    let mut world = world();
    world.process_mut(PID).unwrap().page_size = 4096;
    world.exec(PID);
    world.commpage_intel(PID);
    let model = XnuModel::new(world);
    let port = port(&model);
    let (start, size, depth, info) = recurse(&model, port, 0x7fff_ffe0_0000, 9).unwrap();
    assert_eq!((start, size, depth, info.protection), (0x7fff_ffe0_0000, 4096, 1, 1));
    assert_eq!(info.share_mode, 4);
    assert_eq!(recurse(&model, port, start + size, 9).unwrap().3.protection, 5);
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
    let told = |row: &RegionPathInfo| {
        let it = &row.region;
        (it.offset, it.ref_count, it.shadow_depth, it.share_mode, it.pages_resident)
    };
    // XNU's own test of this mapping says so.
    assert_eq!(told(&row), (PAGE, 2, 1, 1, 0));
    assert_eq!((row.vnode.kind, row.vnode.nlink, row.path.as_slice()), (1, 0, &b"/tmp/f"[..]));
    assert_ne!(row.region.object_id, 0);
    model.world(|world| world.write(PID, 0x12 * PAGE, PAGE));
    let row = region(&model, 0).unwrap();
    assert_eq!(told(&row), (0, 2, 2, 1, 1));
    assert_eq!((row.region.pages_dirtied, row.path.as_slice()), (1, &b"/tmp/f"[..]));
    // Every page copied: no look-up goes deeper than the top object any more.
    model.world(|world| world.write(PID, 0x10 * PAGE, 9 * PAGE));
    let row = region(&model, 0).unwrap();
    assert_eq!(told(&row), (0, 1, 0, 2, 9));
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
    model.set_region_info_flags(REGION_INFO_SKIP_ALIASES).unwrap();
    assert_eq!(mode(1), 4);
    model.set_region_info_flags(0).unwrap();
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
    model.region_path_info(600, 0, &mut info).unwrap();
    assert_eq!((info.region.size, info.region.pages_resident), (0x3000, 3));
    assert_eq!(region(&model, 0).unwrap().region.pages_resident, 2);
    let port = model.task_for_pid(600).unwrap();
    assert_eq!(recurse(&model, port, 0x10_8023_1fff, 0).unwrap().0, 0x10_8023_0000);
}

#[test]
fn row_16_list_has_the_kernel_last_of_the_living_then_zombies_and_is_cut_off_silently() {
    let mut world = world();
    world.spawn(ModelProcess::new(501, "b"));
    world.spawn(ModelProcess::new(502, "c"));
    world.become_zombie(501);
    let model = XnuModel::new(world);
    assert_eq!(model.list_all_pids(None), Ok(25));
    let mut pids = [-7; 30];
    assert_eq!(model.list_all_pids(Some(&mut pids)), Ok(5));
    assert_eq!(pids[..6], [502, 500, 1, 0, 501, -7]);
    let mut few = [-7; 2];
    assert_eq!(model.list_all_pids(Some(&mut few)), Ok(2));
    assert_eq!(few, [502, 500]);
    assert_eq!(model.list_all_pids(Some(&mut [])), Err(Errno::NOMEM));
}

#[test]
fn row_17_an_error_is_an_errno_and_leaves_the_answer_alone() {
    // That libproc returns 0 and sets errno is for the foreign functions to get right.
    let model = XnuModel::new(with_submap());
    let mut info = region(&model, 0).unwrap();
    let before = info.clone();
    assert_eq!(model.region_path_info(PID, 0x50 * PAGE, &mut info), Err(Errno::INVAL));
    assert_eq!(model.region_path_info(77, 0, &mut info), Err(Errno::SRCH));
    assert_eq!(info, before);
}

// ---- A second reading: each test names where in XNU the behaviour is --------------------------

/// Start and size in MiB from this address on, tag and protection of each entry.
fn entries(world: &World, base: u64) -> Vec<(u64, u64, u32, u32)> {
    let entries = world.map(PID).unwrap().entries().iter();
    entries.map(|it| ((it.start - base) >> 20, it.size >> 20, it.user_tag, it.protection)).collect()
}

const BASE: u64 = 0x1_8000_0000;

/// A shared region of text from 0 on and data of 80 MiB from 40 MiB on.
fn with_cache(pages: u32) -> World {
    let mut world = world();
    *world.process_mut(PID).unwrap() = ModelProcess::new(500, "target").with_pages(pages);
    let pid = world.process(PID).unwrap().clone();
    world.reap(PID);
    world.spawn(pid);
    let text = world.paged_object(None, false);
    let data = world.paged_object(None, false);
    let part = |start: u64, size: u64, protection, object| Entry {
        protection,
        max_protection: protection,
        mapped: Mapped::Object(object),
        ..Entry::new(start << 20, size << 20)
    };
    let submap = world.submap([part(0, 40, 5, text), part(40, 80, 3, data)]);
    world.shared_region(PID, BASE, 256 << 20, submap, 0);
    world
}

/// `vm_map.c:vm_map_lookup_and_lock_object`: of the part that is written to only the chunk around the
/// fault, with the tag that the unnested submap has, and the part's protection or-ed to it.
#[test]
fn m1_written_piece_of_the_cache_is_one_chunk_tagged_35_with_the_parts_protection() {
    let mut world = with_cache(16_384);
    world.write(PID, BASE + (70 << 20), PAGE);
    let expected = [(0, 64, 32, 1), (64, 32, 35, 3), (96, 160, 32, 1)];
    assert_eq!(entries(&world, BASE), expected);
    // The part begins within the chunk.
    world.write(PID, BASE + (45 << 20), PAGE);
    let expected =
        [(0, 32, 32, 1), (32, 8, 35, 1), (40, 24, 35, 3), (64, 32, 35, 3), (96, 160, 32, 1)];
    assert_eq!(entries(&world, BASE), expected);
    let model = XnuModel::new(world);
    let written = region(&model, BASE + (70 << 20)).unwrap();
    assert_eq!((written.region.inheritance, written.path.as_slice()), (1, &b""[..]));
    assert_eq!((written.region.max_protection, written.region.offset), (3, 0));
}

/// `pmap.c:pmap_shared_region_size_min`: 2 MiB for page tables of 4 KiB pages; on Intel the region
/// is nested by GiB (`pmap_x86_common.c:pmap_adjust_unnest_parameters`).
#[test]
fn m1_the_chunk_is_smaller_with_small_pages_and_on_intel() {
    let mut world = with_cache(4096);
    world.write(PID, BASE + (71 << 20), 4096);
    assert_eq!(entries(&world, BASE), [(0, 70, 32, 1), (70, 2, 35, 3), (72, 184, 32, 1)]);
    let mut world = with_cache(4096);
    world.machine = mach_procfs::kernel::mach::xnu_model::Machine::intel();
    world.write(PID, BASE + (71 << 20), 4096);
    assert_eq!(entries(&world, BASE), [(0, 70, 35, 1), (70, 2, 35, 3), (72, 184, 35, 1)]);
}

/// `bsd_vm.c:fill_vnodeinfoforaddr`: only the vnode pager names a file, and what may be written in
/// the cache is slid by another pager (`vm_shared_region.c:vm_shared_region_map_file`).
#[test]
fn m2_no_row_inside_a_shared_region_has_a_path() {
    for world in [arm64(), macos12(), intel(), zsh(), forked()] {
        let model = XnuModel::new(world);
        let mut info = RegionPathInfo::default();
        let mut cursor = 0;
        while model.region_path_info(PID, cursor, &mut info).is_ok() {
            assert!(!info.path.windows(17).any(|it| it == b"dyld_shared_cache"), "{info:?}");
            cursor = info.region.address + info.region.size;
        }
    }
}

/// `vm_shared_region.c:vm_shared_region_auth_remap`: an ordinary entry over the part, untagged,
/// copied on write, at offset 0 of a pager that names no file; the submap around it is unnested.
#[test]
fn m3_signed_parts_of_the_cache_are_entries_of_the_task() {
    let mut world = with_cache(16_384);
    world.remap_signed(PID, [BASE + (50 << 20)]);
    let expected =
        [(0, 32, 32, 1), (32, 8, 35, 1), (40, 80, 0, 3), (120, 8, 35, 1), (128, 128, 32, 1)];
    assert_eq!(entries(&world, BASE), expected);
    let model = XnuModel::new(world);
    let row = region(&model, BASE + (40 << 20)).unwrap();
    let it = &row.region;
    assert_eq!((it.flags, it.inheritance, it.offset, it.share_mode), (0, 1, 0, 1));
    assert_eq!((row.vnode, row.path), (VnodeInfo::default(), Vec::new()));
}

/// `vm_dyld_pager.c:vm_map_with_linking`: the offset of the file, current and maximum protection
/// alike, and no vnode; a write puts a shadow at offset 0 before it (`vm_object.c:vm_object_shadow`).
#[test]
fn m4_linked_data_has_the_files_offset_and_no_file() {
    let mut world = world();
    let vnode = file(&mut world, "/bin/x");
    let part = |at: u64, protection| Entry {
        protection,
        offset: at * PAGE,
        ..Entry::new(at * PAGE, PAGE)
    };
    world.map_file(PID, part(4, 3), vnode);
    world.map_with_linking(PID, [part(4, 1), part(5, 3)]);
    let model = XnuModel::new(world);
    let told = |page: u64| {
        let row = region(&model, page * PAGE).unwrap();
        let it = row.region;
        (it.offset, it.share_mode, it.shadow_depth, it.user_tag, it.max_protection, row.vnode.ino)
    };
    assert_eq!(told(4), (4 * PAGE, 1, 1, 0, 1, 0));
    assert_eq!(told(5), (5 * PAGE, 1, 1, 0, 3, 0));
    model.world(|world| world.write(PID, 5 * PAGE, 4096));
    // Its only page was copied, so that no look-up goes deeper.
    assert_eq!(told(5), (0, 2, 0, 0, 3, 0));
}

/// `vm_map.c:vm_map_fork`: what is copied needs a copy in the parent, too, so that anonymous memory
/// is COW in both; what neither has written since keeps its offset.
#[test]
fn m4_fork_makes_anonymous_memory_copy_on_write_in_both() {
    let mut world = world();
    world.spawn(ModelProcess::new(501, "child"));
    world.enter(PID, Entry::new(PAGE, 2 * PAGE));
    world.write(PID, PAGE, PAGE);
    world.enter(PID, Entry { inheritance: 2, ..Entry::new(8 * PAGE, PAGE) });
    let shared = world.anonymous_object(true);
    let shared =
        Entry { inheritance: 0, mapped: Mapped::Object(shared), ..Entry::new(9 * PAGE, PAGE) };
    world.enter(PID, shared);
    world.fork(PID, 501);
    let model = XnuModel::new(world);
    for pid in [PID, 501] {
        let mut info = RegionPathInfo::default();
        model.region_path_info(pid, 0, &mut info).unwrap();
        assert_eq!((info.region.share_mode, info.region.pages_resident), (1, 1));
        model.region_path_info(pid, 9 * PAGE, &mut info).unwrap();
        assert_eq!(info.region.share_mode, 5);
    }
    let mut info = RegionPathInfo::default();
    model.region_path_info(501, 4 * PAGE, &mut info).unwrap();
    assert_eq!(info.region.address, 9 * PAGE, "not inherited");
}

/// All that the kernel copies out of a process's arguments.
fn told(model: &XnuModel) -> Vec<u8> {
    let mut buffer = vec![0xAA; model.process_arguments(PID, None).unwrap() + 64];
    let length = model.process_arguments(PID, Some(&mut buffer)).unwrap();
    buffer.truncate(length);
    buffer
}

fn started(arguments: &[&[u8]], environment: &[&[u8]]) -> World {
    let mut world = world();
    world.process_mut(PID).unwrap().arguments =
        ArgumentArea::new(b"/bin/x", arguments, environment, &[b"pfz=0xffff", b"last="]);
    world
}

/// `kern_exec.c:exec_save_path`, `exec_extract_strings`: until the process starts and wipes some of
/// them, the strings are as the kernel has written them. `executable_path=` is the first string and
/// `kern_sysctl.c:sysctl_procargsx` strips it; arguments and dyld's strings begin at multiples of 8
/// of the whole.
#[test]
fn m5_arguments_lie_as_execve_lays_them() {
    // 16 + 6 + 1 is 23: one NUL of padding. Behind 24 + 2 + 4 = 30 bytes two more.
    let model = XnuModel::new(started(&[b"x"], &[b"A=1"]));
    let expected = b"\x01\0\0\0/bin/x\0\0x\0A=1\0\0\0pfz=0xffff\0last=\0\0\0\0\0\0\0\0";
    assert_eq!(told(&model).escape_ascii().to_string(), expected.escape_ascii().to_string());
    // No padding behind the environment, and seven bytes of it.
    for (value, padding) in [(&b"A=123"[..], 0), (&b"A=1234"[..], 7)] {
        let model = XnuModel::new(started(&[b"x"], &[value]));
        let told = told(&model);
        let at = told.windows(4).position(|it| it == b"pfz=").unwrap();
        let behind = 4 + 8 + 2 + value.len() + 1;
        assert_eq!(at - behind, padding, "{}", told.escape_ascii());
    }
}

/// `kern_sysctl.c:sysctl_procargsx`: a small buffer gets the count and the area's tail, most of which
/// is cleared; the length is in words, and for any caller.
#[test]
fn m6_small_buffers_get_the_count_and_the_tail_and_the_length_is_public() {
    let model = XnuModel::new(started(&[b"x"], &[b"A=1"]));
    let all = told(&model);
    assert_eq!(all.len(), 4 + 8 + 8 + 24);
    assert_eq!(model.process_arguments(PID, None), Ok(44));
    let mut buffer = [0xAA; 12];
    assert_eq!(model.process_arguments(PID, Some(&mut buffer)), Ok(12));
    assert_eq!(buffer, [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], "cleared but for what was read");
    // More than a page: what the pages of a small buffer hold is not cleared.
    let long = vec![b'y'; 20_000];
    let model = XnuModel::new(started(&[&long], &[]));
    let all = told(&model);
    let mut buffer = vec![0xAA; 20_004];
    assert_eq!(model.process_arguments(PID, Some(&mut buffer)), Ok(20_004));
    assert_eq!(buffer[..4], all[..4]);
    let tail = &all[all.len() - 20_000..];
    let kept = buffer[4..].iter().zip(tail).take_while(|(a, b)| a == b).count();
    // 20,000 bytes are two pages, but for 12,768 bytes.
    assert!(kept == 20_000 - 12_768 && buffer[4 + kept..].iter().all(|byte| *byte == 0), "{kept}");
    for wrong in [0, 4, (1 << 20) + 5] {
        let answer = model.process_arguments(PID, Some(&mut vec![0; wrong]));
        assert_eq!(answer, Err(Errno::INVAL), "{wrong}");
    }
    model.world(|world| world.caller.uid = 502);
    assert!(model.process_arguments(PID, None).is_ok());
    assert_eq!(model.process_arguments(PID, Some(&mut [0; 99])), Err(Errno::INVAL));
    assert_eq!(model.process_arguments(77, None), Err(Errno::INVAL));
    assert_eq!(model.process_arguments(0, None), Err(Errno::INVAL));
}

/// `kern_sysctl.c:sysctl_procargsx`: of a restricted process (`CS_RESTRICT`) another one gets the
/// arguments only, and where the first of them is empty one string more, since it passes for padding.
#[test]
fn m6_restricted_processes_keep_their_environment() {
    let restricted = |arguments: &[&[u8]]| {
        let mut world = started(arguments, &[b"SECRET=1", b"B=2"]);
        world.process_mut(PID).unwrap().restricted = true;
        XnuModel::new(world)
    };
    let model = restricted(&[b"x", b"y"]);
    assert_eq!(told(&model), b"\x02\0\0\0/bin/x\0\0x\0y\0");
    model.world(|world| world.caller.pid = PID);
    assert!(told(&model).windows(4).any(|it| it == b"B=2\0"), "its own it may know");
    assert_eq!(told(&restricted(&[b""])), b"\x01\0\0\0/bin/x\0\0\0SECRET=1\0");
    let model = restricted(&[b"x"]);
    model.world(|world| world.caller.uid = 502);
    assert_eq!(model.process_arguments(PID, None), Err(Errno::INVAL), "not even the length");
}

/// `vm_shared_region.c:vm_shared_region_create`: an arm64 kernel makes regions of arm64 only. That a
/// translated process maps the Intel cache itself follows from it and was not seen on a Mac.
#[test]
fn m7_translated_process_has_the_native_region_and_a_private_cache() {
    let model = XnuModel::new(translated());
    let native = region(&model, BASE).unwrap().region;
    assert_eq!((native.address, native.flags, native.user_tag), (BASE, 1, 32));
    let private = region(&model, 0x7ff8_0000_0000).unwrap();
    assert_eq!((private.region.flags, private.region.user_tag), (0, 0));
    assert!(private.path.ends_with(b"/dyld_shared_cache_x86_64"));
}

/// `proc_info.c:fill_vnodeinfo`: calls about descriptors and directories ask whether the caller may
/// know the path, and fail as a whole; calls about regions do not ask. The attributes come from the
/// file system, which may keep the caller waiting.
#[test]
fn m8_a_vnode_may_be_denied_or_keep_the_caller_waiting() {
    let mut world = world();
    let vnode = file(&mut world, "/Users/me/Documents/x");
    world.vnode_mut(vnode).unwrap().path_denied = true;
    world.map_file(PID, Entry::new(PAGE, PAGE), vnode);
    let process = world.process_mut(PID).unwrap();
    let detail = FileDetail::Vnode(vnode, FileInfo::default());
    process.files = vec![ModelFile { descriptor: 3, detail }];
    process.paths_denied = true;
    let model = Arc::new(XnuModel::new(world));
    assert_eq!(model.vnode_file(PID, 3), Err(Errno::PERM));
    let known = model.vnode_file_without_path(PID, 3).unwrap();
    assert_eq!((known.vnode.ino, known.path.as_slice()), (1 << 61, &b""[..]));
    assert_eq!(model.vnode_paths(PID, &mut Default::default()), Err(Errno::PERM));
    assert_eq!(region(&model, 0).unwrap().path, b"/Users/me/Documents/x");

    model.at(Call::VnodeFile, 2..=2, Fault::Hang);
    let asking = std::thread::spawn({
        let model = Arc::clone(&model);
        move || model.vnode_file(PID, 3)
    });
    model.wait_until_hanging(1);
    assert!(model.vnode_file_without_path(PID, 3).is_ok(), "others are served");
    model.release();
    assert_eq!(asking.join().unwrap(), Err(Errno::PERM));
}

#[test]
fn odd_descriptions_are_answered_and_not_panicked_at() {
    let mut world = world();
    for (start, size) in [(u64::MAX, u64::MAX), (0, u64::MAX), (5, 0), (u64::MAX - 1, 1)] {
        world.enter(PID, Entry { offset: u64::MAX, ..Entry::new(start, size) });
        world.write(PID, start, size);
        world.read(PID, start, size);
    }
    // A submap that contains itself, and numbers that name nothing.
    let map = mach_procfs::kernel::mach::xnu_model::SubmapId(0);
    let own = Entry { mapped: Mapped::Submap { map, nested: true }, ..Entry::new(0, 1 << 40) };
    world.submap([own.clone()]);
    world.enter(PID, own);
    let map = mach_procfs::kernel::mach::xnu_model::SubmapId(9_999);
    let mapped = Mapped::Submap { map, nested: true };
    world.enter(PID, Entry { mapped, ..Entry::new(1 << 50, 1 << 40) });
    world.process_mut(PID).unwrap().page_size = 3;
    world.exec(77);
    world.reap(77);
    let model = XnuModel::new(world);
    let port = port(&model);
    for address in [0, 1, 1 << 40, 1 << 50, u64::MAX] {
        for depth in [0, 1, u32::MAX] {
            let _ = recurse(&model, port, address, depth);
        }
        let _ = region(&model, address);
    }
}
