//! `PID/task/shared_cache`: the libraries in a process's shared cache, and what makes an exception.

use crate::common::golden::assert_golden;
use crate::common::mach as mach_common;

use std::path::Path;
use std::sync::Arc;

use mach_common::{PID, names, over, pid, regions, rest, world};
use mach_procfs::kernel::mach::MachKernel;
use mach_procfs::kernel::xnu::{
    Errno, Image, KernReturn, Platform, Rusage, Segment, ShortBsdInfo, VnodeInfo, XnuCalls,
};
use mach_procfs::kernel::{Darwin, Detail, Kernel};
use mach_procfs::model::{BackingKind, Error, ErrorKind, PageCounts, Pid, Region};
use mach_procfs::recording::{Limits, Recording, Replay, read, record};
use mach_procfs::tree::{Caller, Tree};
use xnu_model::{
    CacheForm, Call, Entry, Fault, Mapped, ModelProcess, PortRule, SyntheticCache, Vnode, World,
    XnuModel,
};

const PAGE: u64 = 16_384;
const OWN: i32 = 400;
const REGION: u64 = 0x1_8000_0000;
const SLIDE: u64 = 2 * PAGE;

// From the beginning of the cache on.
const TEXT: u64 = 0;
const DATA: u64 = 0x400_0000;
const SIGNED: u64 = 0x401_0000;
const LINK_EDIT: u64 = 0x402_0000;
const MORE: u64 = 0x800_0000;
const END: u64 = 0xa00_0000;

const SYSTEM: &str = "/usr/lib/libSystem.B.dylib";
const OBJC: &str = "/usr/lib/libobjc.A.dylib";
const FAR: &str = "/System/Library/Frameworks/Two Words.framework/Two Words";
const CACHE: &str = "[dyld_shared_cache]";

fn cache() -> SyntheticCache {
    let at = |from: u64, to: u64, protection| (REGION + from..REGION + to, protection);
    let image = |path: &str, segments: &[(u64, u64)]| Image {
        path: path.into(),
        segments: segments
            .iter()
            .map(|(start, size)| Segment { start: REGION + start, size: *size })
            .collect(),
    };
    SyntheticCache {
        form: CacheForm::MacOs13,
        slide: SLIDE,
        files: vec![
            vec![at(TEXT, DATA, 5), at(DATA, SIGNED, 3), at(SIGNED, LINK_EDIT, 3)],
            vec![at(LINK_EDIT, MORE, 1)],
            vec![at(MORE, END, 5)],
        ],
        images: vec![
            image(SYSTEM, &[(0x10_0000, 0x8000), (DATA, 0x2000), (SIGNED, 0x2000)]),
            image(OBJC, &[(0x10_8000, 0x4000), (SIGNED + 0x2000, 0x1238)]),
            image(FAR, &[(MORE + 0x4000, 0x8000), (DATA + 0x8000, 0x100)]),
        ],
    }
}

/// The cache mapped into these processes.
fn map_cache(world: &mut World, pids: &[i32], is_signed: bool) {
    let text = world.paged_object(None, false);
    let part = |from: u64, to: u64, protection| Entry {
        protection,
        max_protection: protection,
        needs_copy: true,
        mapped: Mapped::Object(text),
        ..Entry::new(SLIDE + from, to - from)
    };
    let submap = world.submap([
        part(TEXT, DATA, 5),
        part(DATA, SIGNED, 3),
        part(SIGNED, LINK_EDIT, 3),
        part(LINK_EDIT, MORE, 1),
        part(MORE, END, 5),
    ]);
    for pid in pids {
        world.shared_region(*pid, REGION, REGION, submap, 0);
        if is_signed {
            world.remap_signed(*pid, [REGION + SLIDE + SIGNED]);
        }
        world.reserve_arm64(*pid);
    }
}

/// This program and a child, both with the cache, of which the child has written to a page.
fn two() -> World {
    two_of(16_384, true)
}

fn two_of(page_size: u32, is_signed: bool) -> World {
    let mut world = world();
    world.reap(PID);
    world.spawn(ModelProcess::new(500, "child").with_pages(page_size));
    world.spawn(ModelProcess::new(OWN.cast_unsigned(), "daemon"));
    world.caller.pid = OWN;
    world.enter(PID, Entry { user_tag: 1, ..Entry::new(0x1_2000_0000, PAGE) });
    map_cache(&mut world, &[OWN, PID], is_signed);
    world.write(PID, REGION + SLIDE + DATA, PAGE);
    let cache = cache();
    (world.cache_range, world.memory) = (cache.range(), cache.memory());
    world
}

fn libraries<C: XnuCalls>(kernel: &MachKernel<C>, of: Pid) -> Result<Vec<Region>, Error> {
    rest(kernel.libraries(of, kernel.identity(of)?)?.as_mut())
}

fn own() -> Pid {
    Pid::new(OWN.cast_unsigned()).unwrap()
}

/// The piece with this address of the cache.
fn at(pieces: &[Region], address: u64) -> &Region {
    let address = REGION + SLIDE + address;
    pieces.iter().find(|it| it.start <= address && address < it.end).unwrap()
}

fn name(region: &Region) -> &str {
    std::str::from_utf8(&region.backing.name).unwrap()
}

/// The rows of the cache as `maps` has them.
fn undivided(kernel: &MachKernel<XnuModel>) -> Vec<Region> {
    let rows = regions(kernel, Detail::Map).unwrap();
    rows.into_iter().filter(|row| row.backing.is_shared_cache()).collect()
}

// ---- What is shown -----------------------------------------------------------------------------

#[test]
fn every_library_is_where_it_is_mapped_in_a_child_and_in_this_process() {
    let (model, kernel) = over(two());
    for of in [pid(), own()] {
        let pieces = libraries(&kernel, of).unwrap();
        for (address, path, protection) in [
            (TEXT, CACHE, 5),
            (0x10_0000, SYSTEM, 5),
            (0x10_7fff, SYSTEM, 5),
            (0x10_8000, OBJC, 5),
            (0x10_c000, CACHE, 5),
            (DATA, SYSTEM, 3),
            (DATA + 0x2000, CACHE, 3),
            (DATA + 0x8000, FAR, 3),
            (SIGNED + 0x1fff, SYSTEM, 3),
            (SIGNED + 0x2000, OBJC, 3),
            (SIGNED + 0x3238, CACHE, 3),
            (LINK_EDIT, CACHE, 1),
            (MORE + 0x4000, FAR, 5),
        ] {
            let found = at(&pieces, address);
            assert_eq!((name(found), found.protection.bits()), (path, protection), "{address:#x}");
        }
        // No hole, from the beginning of the shared region to its end.
        assert!(pieces.windows(2).all(|two| two[0].end == two[1].start));
        assert_eq!((pieces[0].start, pieces.last().unwrap().end), (REGION, 2 * REGION));
        for piece in pieces.iter().filter(|it| it.backing.kind == BackingKind::File) {
            assert_eq!(
                (piece.offset, piece.pages, piece.submap),
                (0, PageCounts::default(), false)
            );
        }
    }
    assert_eq!(model.live_ports(), 0);
}

/// Each row of the process is cut, and none goes over the edge of another.
#[test]
fn pieces_cover_the_rows_of_maps() {
    let (_, kernel) = over(two());
    let rows = undivided(&kernel);
    assert!(rows.len() > 4, "submaps, what was written, what was signed");
    let pieces = libraries(&kernel, pid()).unwrap();
    for row in &rows {
        let inside = || pieces.iter().filter(|it| row.start <= it.start && it.end <= row.end);
        assert_eq!(inside().map(Region::size).sum::<u64>(), row.size(), "{row:?}");
        let own_entry = !row.submap;
        assert!(inside().all(|it| !own_entry || it.protection == row.protection));
    }
    let sum = |all: &[Region]| all.iter().map(Region::size).sum::<u64>();
    assert_eq!(sum(&pieces), sum(&rows));
}

/// Of an entry of the process's own the kernel reports what it is.
#[test]
fn what_the_process_has_changed_shows_as_it_is() {
    let mut world = two();
    let written = REGION + SLIDE + DATA;
    world.protect(PID, written, written + PAGE, 1);
    let (_, kernel) = over(world);
    let pieces = libraries(&kernel, pid()).unwrap();
    assert_eq!((name(at(&pieces, DATA)), at(&pieces, DATA).protection.bits()), (SYSTEM, 1));
    assert_eq!(at(&pieces, DATA + PAGE).protection.bits(), 3);
}

#[test]
fn the_file_as_text() {
    let caller = Caller { uid: 0, gid: 0, pid: 0 };
    let tree = Tree::new(Arc::new(over(two()).1), 0, 0);
    let node = tree.resolve(Path::new("500/task/shared_cache"), &caller).unwrap().node;
    let mut source = tree.open(node, &caller).unwrap();
    let mut text = Vec::new();
    source.fill(&mut text, usize::MAX).unwrap();
    assert_golden("mach_shared_cache.txt", &text);
    source.restart().unwrap();
    let mut again = Vec::new();
    source.fill(&mut again, usize::MAX).unwrap();
    assert_eq!(again, text);
}

#[test]
fn the_index_is_made_once_and_only_when_it_is_asked_for() {
    let (model, kernel) = over(two());
    regions(&kernel, Detail::Map).unwrap();
    assert_eq!(model.count(Call::ReadOwn) + model.count(Call::CacheRange), 0);
    let first = libraries(&kernel, pid()).unwrap();
    let reads = model.count(Call::ReadOwn);
    assert!(reads > 0);
    assert_eq!(libraries(&kernel, pid()).unwrap(), first);
    assert!(!libraries(&kernel, own()).unwrap().is_empty());
    assert_eq!((model.count(Call::ReadOwn), model.count(Call::CacheRange)), (reads, 1));
}

#[test]
fn of_this_process_nothing_else_is_asked() {
    let mut world = two();
    world.process_mut(OWN).unwrap().paths_denied = true;
    let (model, kernel) = over(world);
    assert_eq!(name(at(&libraries(&kernel, own()).unwrap(), 0x10_0000)), SYSTEM);
    for call in [Call::Rusage, Call::Platform, Call::VnodePaths, Call::TaskNameForPid] {
        assert_eq!(model.count(call), 0, "{call:?}");
    }
}

#[test]
fn zombies_and_the_kernel_have_no_cache() {
    let mut world = two();
    world.become_zombie(PID);
    let (_, kernel) = over(world);
    assert!(libraries(&kernel, pid()).unwrap().is_empty());
    assert!(libraries(&kernel, Pid::new(0).unwrap()).unwrap().is_empty());
}

// ---- What makes an exception -------------------------------------------------------------------

/// The rows of the child stay as they are in `maps`.
#[track_caller]
fn stays_undivided(world: World) {
    let (model, kernel) = over(world);
    check_undivided(&model, &kernel);
}

#[track_caller]
fn check_undivided(model: &XnuModel, kernel: &MachKernel<XnuModel>) {
    let rows = undivided(kernel);
    assert!(!rows.is_empty());
    let found = libraries(kernel, pid()).unwrap();
    assert!(names(&found).iter().all(|name| name == CACHE), "{:?}", names(&found));
    assert_eq!(found, rows);
    assert_eq!(model.live_ports(), 0);
}

fn changed(change: impl FnOnce(&mut ModelProcess)) -> World {
    let mut world = two();
    change(world.process_mut(PID).unwrap());
    world
}

#[test]
fn without_a_cache_of_ones_own() {
    let mut world = two();
    world.cache_range = 0..0;
    stays_undivided(world);
}

#[test]
fn with_a_cache_whose_header_cannot_be_read() {
    let mut world = two();
    let start = world.cache_range.start;
    world.memory.unmap(&(start..start + 8));
    stays_undivided(world);
}

#[test]
fn with_a_cache_outside_of_the_shared_region() {
    let mut world = two();
    let elsewhere = SyntheticCache { slide: 0x10_0000_0000, ..cache() };
    (world.cache_range, world.memory) = (elsewhere.range(), elsewhere.memory());
    stays_undivided(world);
}

#[test]
fn of_a_translated_process() {
    stays_undivided(changed(|it| it.info.flags |= ShortBsdInfo::TRANSLATED));
}

#[test]
fn of_a_32_bit_process() {
    stays_undivided(changed(|it| it.info.flags &= !ShortBsdInfo::LP64));
}

#[test]
fn of_a_process_with_another_slide() {
    stays_undivided(changed(|it| it.rusage.flags |= Rusage::RESLID));
}

#[test]
fn where_the_slide_is_not_told() {
    let (model, kernel) = over(two());
    model.at(Call::Rusage, 1..=u64::MAX, Fault::Errno(Errno::PERM));
    check_undivided(&model, &kernel);
}

#[test]
fn of_a_driver() {
    stays_undivided(changed(|it| it.platform.number = Platform::DRIVER_KIT));
}

#[test]
fn where_the_platform_is_not_told() {
    let (model, kernel) = over(two());
    model.at(Call::Platform, 1..=u64::MAX, Fault::Errno(Errno::INVAL));
    check_undivided(&model, &kernel);
}

#[test]
fn of_a_process_with_another_root_directory() {
    let root = VnodeInfo { dev: 1, ino: 77, kind: 2, ..VnodeInfo::default() };
    stays_undivided(changed(|it| it.paths.root = root));
    // By its path alone, where the file system gave no numbers.
    stays_undivided(changed(|it| it.paths.root_path = "/jail".into()));
}

#[test]
fn where_the_root_directory_is_not_told() {
    stays_undivided(changed(|it| it.paths_denied = true));
}

#[test]
fn where_the_file_system_of_its_directory_does_not_answer() {
    let mut world = two();
    let info = VnodeInfo { dev: 9, ino: 9, kind: 2, ..VnodeInfo::default() };
    let slow = world.vnode(Vnode { info, ..Vnode::default() });
    world.process_mut(PID).unwrap().paths.current = info;
    let (model, kernel) = over(world);
    model.lock_vnode(slow);
    check_undivided(&model, &kernel);
    model.unlock_vnode(slow);
}

#[test]
fn of_a_process_with_other_pages() {
    stays_undivided(two_of(4096, true));
}

#[test]
fn where_the_page_size_is_not_told() {
    stays_undivided(changed(|it| it.name_port = PortRule::Refuses(KernReturn::FAILURE)));
}

/// As on Intel.
#[test]
fn where_nothing_is_signed() {
    stays_undivided(two_of(16_384, false));
}

#[test]
fn where_other_parts_are_signed() {
    let mut world = two();
    world.remap_signed(PID, [REGION + SLIDE + DATA + PAGE]);
    world.remap_signed(PID, [REGION + SLIDE + LINK_EDIT]);
    stays_undivided(world);
}

#[test]
fn where_the_rows_of_the_cache_begin_or_end_elsewhere() {
    for hole in [REGION..REGION + PAGE, 2 * REGION - PAGE..2 * REGION] {
        let mut world = two();
        world.unmap(PID, hole.start, hole.end);
        stays_undivided(world);
    }
    // Or leave a hole.
    let mut world = two();
    world.unmap(PID, REGION + SLIDE + MORE, REGION + SLIDE + MORE + PAGE);
    stays_undivided(world);
}

// ---- What happens in between -------------------------------------------------------------------

#[test]
fn an_exec_meanwhile_is_no_short_file() {
    let calls = {
        let (model, kernel) = over(two());
        libraries(&kernel, pid()).unwrap();
        model.count(Call::RegionPathInfo)
    };
    assert!(calls > 8);
    for call in 1..=calls {
        let (model, kernel) = over(two());
        let identity = kernel.identity(pid()).unwrap();
        let mut walk = kernel.libraries(pid(), identity).unwrap();
        model.change_at(Call::RegionPathInfo, call, |world| world.exec(PID));
        let found = rest(walk.as_mut()).and_then(|found| walk.confirm().map(|()| found));
        assert_eq!(found.unwrap_err().kind, ErrorKind::Vanished, "{call}");
    }
}

// ---- Recorded ----------------------------------------------------------------------------------

fn written(recording: &Recording) -> Vec<u8> {
    let mut bytes = Vec::new();
    recording.write(&mut bytes).unwrap();
    bytes
}

#[test]
fn a_replay_names_the_libraries_that_the_recorder_had() {
    let (model, kernel) = over(two());
    let live = [pid(), own()].map(|of| libraries(&kernel, of).unwrap());
    // The recorder comes with it, since its rows are compared.
    let recording = record(&model, &[pid()]);
    assert_eq!(recording.processes.len(), 2);
    let bytes = written(&recording);
    let replay = Arc::new(Replay::new(read(bytes.as_slice(), Limits::default()).unwrap()));
    assert!(written(&record(&replay, &[pid()])) == bytes);
    let kernel = MachKernel::new(Arc::clone(&replay));
    assert_eq!([pid(), own()].map(|of| libraries(&kernel, of).unwrap()), live);
    assert_eq!(replay.live_ports(), 0);
}

#[test]
fn a_recording_of_less_has_the_rows_alone() {
    let (model, kernel) = over(two());
    let mut recording = record(&model, &[pid()]);
    recording.keep_no_more_than(&[pid()]);
    let pids: Vec<i32> = recording.processes.iter().map(|it| it.pid).collect();
    assert_eq!((pids, &recording.shared_cache), (vec![PID], &None));
    let replayed = MachKernel::new(Arc::new(Replay::new(recording)));
    assert_eq!(libraries(&replayed, pid()).unwrap(), undivided(&kernel));
}

#[test]
fn a_recorded_cache_that_cannot_be_divides_nothing() {
    let (model, kernel) = over(two());
    let recording = record(&model, &[pid()]);
    for change in 0..5 {
        let mut changed = recording.clone();
        let cache = changed.shared_cache.as_mut().unwrap();
        match change {
            0 => cache.mappings[0].size = u64::MAX,
            1 => cache.mappings[1].address -= PAGE,
            2 => cache.images[0].segments[0].start = 0,
            3 => cache.address += PAGE,
            _ => cache.mappings.clear(),
        }
        let bytes = written(&changed);
        let replay = Replay::new(read(bytes.as_slice(), Limits::default()).unwrap());
        let found = libraries(&MachKernel::new(Arc::new(replay)), pid()).unwrap();
        assert_eq!(found, undivided(&kernel), "{change}");
    }
}

#[test]
fn what_is_wrong_with_a_recorded_cache_is_said() {
    let (model, _) = over(two());
    let recording = record(&model, &[pid()]);
    let said = |recording: &Recording| {
        read(written(recording).as_slice(), Limits::default()).unwrap_err().to_string()
    };
    let mut changed = recording.clone();
    changed.shared_cache.as_mut().unwrap().pid = 7;
    assert_eq!(said(&changed), "shared_cache.pid: is no recorded process's");
    let mut changed = recording;
    changed.shared_cache.as_mut().unwrap().images[1].path = vec![b'a'; 1024];
    assert_eq!(said(&changed), "shared_cache.images[1].path: is too long");
}
