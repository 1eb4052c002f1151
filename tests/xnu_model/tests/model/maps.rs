//! The creation of a process's map: chunks, the shared cache, linking, forks.

use mach_procfs::kernel::xnu::Text;
use xnu_model::fixtures::{forked, intel, macos12, translated, zsh};
use xnu_model::{Machine, Mapped};

use super::*;

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
    let shown: Vec<_> = world
        .map(PID)
        .unwrap()
        .entries()
        .iter()
        .map(|it| ((it.start - base) >> 20, it.size >> 20, it.user_tag, it.inheritance))
        .collect();
    assert_eq!(
        shown,
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
    assert_eq!((written.region.inheritance, written.path.bytes()), (1, &b""[..]));
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
    world.machine = Machine::intel();
    world.write(PID, BASE + (71 << 20), 4096);
    assert_eq!(entries(&world, BASE), [(0, 70, 35, 1), (70, 2, 35, 3), (72, 184, 35, 1)]);
}

/// `bsd_vm.c:fill_vnodeinfoforaddr`: only the vnode pager names a file, and what may be written in
/// the cache is slid by another pager (`vm_shared_region.c:vm_shared_region_map_file`).
#[test]
fn m2_no_row_inside_a_shared_region_has_a_path() {
    let arm64_region = BASE..0x3_0000_0000;
    let intel_region = 0x7ff8_0000_0000..0x7fff_fe00_0000;
    let on_arm64 = [arm64(), macos12(), zsh(), forked()].map(|world| (world, &arm64_region));
    for (world, region) in on_arm64.into_iter().chain([(intel(), &intel_region)]) {
        let model = XnuModel::new(world);
        let mut info = RegionPathInfo::default();
        let (mut cursor, mut inside) = (region.start, 0);
        while model.pid_into(PID, cursor, &mut info).is_ok()
            && region.contains(&info.region.address)
        {
            assert!(info.path.is_empty() && info.vnode == VnodeInfo::default(), "{info:?}");
            cursor = info.region.address + info.region.size;
            inside += 1;
        }
        assert!(inside > 2 && cursor == region.end, "{inside} rows up to {cursor:#x}");
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
    assert_eq!((row.vnode, row.path), (VnodeInfo::default(), Text::default()));
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
    let shown = |page: u64| {
        let row = region(&model, page * PAGE).unwrap();
        let it = row.region;
        (it.offset, it.share_mode, it.shadow_depth, it.user_tag, it.max_protection, row.vnode.ino)
    };
    assert_eq!(shown(4), (4 * PAGE, 1, 1, 0, 1, 0));
    assert_eq!(shown(5), (5 * PAGE, 1, 1, 0, 3, 0));
    model.world(|world| world.write(PID, 5 * PAGE, 4096));
    // Its only page was copied, so that no look-up goes deeper.
    assert_eq!(shown(5), (0, 2, 0, 0, 3, 0));
}

/// `vm_map.c:vm_map_apple_protected`: the protections of the file's mapping, at offset 0 of a pager
/// that names no file.
#[test]
fn m4_encrypted_text_has_neither_the_files_offset_nor_the_file() {
    let mut world = world();
    let vnode = file(&mut world, "/bin/x");
    let text = Entry { protection: 5, max_protection: 5, ..Entry::new(4 * PAGE, 4 * PAGE) };
    world.map_file(PID, text, vnode);
    world.encrypt(PID, 5 * PAGE, 2 * PAGE);
    let model = XnuModel::new(world);
    let shown = |page: u64| {
        let row = region(&model, page * PAGE).unwrap();
        let it = row.region;
        assert_eq!((it.protection, it.max_protection, it.share_mode), (5, 5, 1));
        (it.address / PAGE, it.size / PAGE, it.offset / PAGE, row.vnode.ino != 0)
    };
    assert_eq!(
        [shown(4), shown(5), shown(7)],
        [(4, 1, 0, true), (5, 2, 0, false), (7, 1, 3, true)]
    );
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
        model.pid_into(pid, 0, &mut info).unwrap();
        assert_eq!((info.region.share_mode, info.region.pages_resident), (1, 1));
        model.pid_into(pid, 9 * PAGE, &mut info).unwrap();
        assert_eq!(info.region.share_mode, 5);
    }
    let mut info = RegionPathInfo::default();
    model.pid_into(501, 4 * PAGE, &mut info).unwrap();
    assert_eq!(info.region.address, 9 * PAGE, "not inherited");
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
    assert!(private.path.bytes().ends_with(b"/dyld_shared_cache_x86_64"));
}
