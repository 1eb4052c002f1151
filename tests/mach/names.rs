//! Names of rows that have lost their file, on macOS 13 and later.

use crate::common::mach as mach_common;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use mach_common::{PID, names, over, regions, world};
use mach_procfs::kernel::Detail;
use mach_procfs::kernel::mach::MachKernel;
use mach_procfs::kernel::xnu::macho::{MachO, MachOSegment};
use mach_procfs::kernel::xnu::{
    CPU_TYPE_ARM64, Errno, RegionInfo, RegionPathInfo, Typed, VnodeInfo,
};
use mach_procfs::model::{BackingKind, Region};
use mach_procfs::tree::{Caller, Tree};
use xnu_model::fixtures::{DEMO, forked, macos12, zsh};
use xnu_model::{Call, Entry, Fault, Vnode, VnodeId, World, XnuModel};

const PAGE: u64 = 16_384;

/// A file of a process, as the tree shows it.
fn text(world: World, path: &str) -> String {
    let caller = Caller { uid: 0, gid: 0, pid: 0 };
    let tree = Tree::new(Arc::new(over(world).1), 0, 0);
    let node = tree.resolve(Path::new(path), &caller).unwrap().node;
    let mut text = Vec::new();
    tree.open(node, &caller).unwrap().fill(&mut text, usize::MAX).unwrap();
    String::from_utf8_lossy(&text).into_owned()
}

/// Range, letters and name of each line.
fn rows(maps: &str) -> Vec<(String, String, String)> {
    let row = |line: &str| {
        let (range, rest) = line.split_once(' ').unwrap();
        let letters = rest[..4].to_owned();
        let name = line.get(73..).unwrap_or_default().trim_start().to_owned();
        (range.to_owned(), letters, name)
    };
    maps.lines().map(row).collect()
}

/// As vmmap and crash reports of macOS 14 and 15 show it: what each line of `maps` must be.
const ZSH: [(&str, &str, &str); 18] = [
    ("1025f8000-10269c000", "r-xp", "/bin/zsh"),
    ("10269c000-1026a4000", "r--p", "/bin/zsh"),
    ("1026a4000-1026ac000", "rw-p", "/bin/zsh"),
    ("1026ac000-1026b8000", "rw-p", ""),
    ("1026b8000-1026dc000", "r--p", "/bin/zsh"),
    ("12c600000-12c700000", "rw-p", "[heap]"),
    ("16b4a8000-16eca4000", "---p", "[anon:STACK]"),
    ("16eca4000-16f4a0000", "rw-p", "[stack]"),
    ("180000000-1dc000000", "r--p", "[dyld_shared_cache]"),
    ("1dc000000-1dd3e4000", "r--p", "[dyld_shared_cache]"),
    ("1dd3e4000-1e2c08000", "rw-p", "[dyld_shared_cache]"),
    ("1e6010000-1e6abc000", "rw-p", "[dyld_shared_cache]"),
    ("1e6abc000-1e8000000", "r--p", "[dyld_shared_cache]"),
    ("1e8000000-300000000", "r--p", "[dyld_shared_cache]"),
    ("fc0000000-1000000000", "---p", ""),
    ("1000000000-7000000000", "---p", ""),
    ("600000000000-600008000000", "rw-p", "[heap]"),
    ("600008000000-600010000000", "rw-p", "[heap]"),
];

#[test]
fn zsh_has_no_nameless_megabytes() {
    let maps = text(zsh(), "500/maps");
    let rows = rows(&maps);
    let mut left = rows.iter();
    for (range, letters, name) in ZSH {
        let found = left.find(|row| row.0 == range);
        let found = found.unwrap_or_else(|| panic!("{range}, or not in order:\n{maps}"));
        assert_eq!((found.1.as_str(), found.2.as_str()), (letters, name), "{range}");
    }
    // No row inside the shared region but the cache's.
    let inside = rows.iter().skip_while(|row| !row.0.starts_with("180000000"));
    let inside: Vec<_> = inside.take_while(|row| !row.0.starts_with("fc0000000")).collect();
    assert!(inside.iter().all(|row| row.2 == "[dyld_shared_cache]"), "{maps}");
    // The offsets are those in the universal file.
    let offset = |at: usize| maps.lines().nth(at).unwrap()[25..33].to_owned();
    assert_eq!([0, 1, 2, 4].map(offset), ["000ac000", "00150000", "00158000", "00160000"]);
}

/// All of a file's rows count as the file's, and the cache is no anonymous memory.
#[test]
fn smaps_counts_rows_with_their_names() {
    let smaps = text(zsh(), "500/smaps");
    let of = |start: &str, key: &str| -> String {
        let record = smaps.split(start).nth(1).unwrap();
        let line = record.lines().find(|line| line.starts_with(key)).unwrap();
        line.split_whitespace().nth(1).unwrap().to_owned()
    };
    // What was written to is the process's own, and what was read is not.
    for (start, rss, anonymous) in
        [("1026a4000-", "16", "16"), ("1dd3e4000-", "32", "0"), ("1e6010000-", "16", "16")]
    {
        assert_eq!((of(start, "Rss:"), of(start, "Anonymous:")), (rss.into(), anonymous.into()));
    }
    assert_eq!(of("12c600000-", "Anonymous:"), "16");
}

#[test]
fn the_parent_and_the_child_of_a_fork_have_the_names_of_one_that_has_not_forked() {
    let of = |pid: i32| rows(&text(forked(), &format!("{pid}/maps")));
    let (mut parent, child) = (of(DEMO), of(501));
    // One row is inherited by no child.
    parent.retain(|row| !row.0.starts_with("104440000"));
    assert_eq!(parent, child);
    let name = |start: &str| {
        let row = parent.iter().find(|row| row.0.starts_with(start));
        row.unwrap_or_else(|| panic!("{start}")).2.clone()
    };
    assert_eq!(name("104010000"), "/Users/Shared/demo");
    assert_eq!(name("104014000"), "/Users/Shared/demo", "written");
    assert_eq!(name("104018000"), "", "zeros, written");
    assert_eq!(name("104470000"), "/Users/Shared/data");
    assert_eq!(name("104478000"), "", "behind the file's last row, at an offset that fits");
    assert_eq!(name("104224000"), "", "behind a library's link-edit data, as well");
    assert_eq!(name("186100000"), "[dyld_shared_cache]");
}

/// Where dyld maps the data itself the kernel names the file, as before.
#[test]
fn macos_12_has_its_files_from_the_kernel() {
    let (model, kernel) = over(macos12());
    let found = regions(&kernel, Detail::Map).unwrap();
    let dyld: Vec<&Region> =
        found.iter().filter(|it| it.backing.name == b"/usr/lib/dyld").collect();
    assert_eq!(dyld.len(), 4);
    assert_eq!(dyld[2].offset, 0, "written, so that the file's is not known");
    // Only for zeros behind data of a file does the file have to be looked at.
    assert_eq!(model.count(Call::FilePart), 3);
}

// ---- A library and what goes wrong ------------------------------------------------------------

/// Text of four pages from page 0x10 on, one page of constants, two of data, one of zeros, one of
/// link-edit data.
fn library() -> MachO {
    let segment = |page: u64, pages: u64, in_file: u64, protection| MachOSegment {
        address: page * PAGE,
        size: pages * PAGE,
        file_offset: page * PAGE,
        file_size: in_file * PAGE,
        protection,
    };
    let segments =
        vec![segment(0, 4, 4, 5), segment(4, 1, 1, 3), segment(5, 3, 2, 3), segment(8, 1, 1, 1)];
    MachO { cpu_type: CPU_TYPE_ARM64, segments }
}

fn file(world: &mut World, path: &str) -> VnodeId {
    let info = VnodeInfo { dev: 1 << 24, ino: 77, nlink: 1, kind: 1, ..Default::default() };
    let contents = BTreeMap::from([(0, library().header())]);
    world.vnode(Vnode { info, path: path.into(), contents, ..Vnode::default() })
}

/// The library, its two pages of data mapped apart, the first of which was written to.
fn with_library() -> (World, VnodeId) {
    let mut world = world();
    let vnode = file(&mut world, "/lib/x");
    let part = |page: u64, pages: u64, protection| Entry {
        protection,
        offset: page * PAGE,
        ..Entry::new((0x10 + page) * PAGE, pages * PAGE)
    };
    world.map_file(PID, part(0, 4, 5), vnode);
    world.map_with_linking(PID, [part(4, 1, 1), part(5, 1, 3), part(6, 1, 3)]);
    world.map_anonymous(PID, Entry { offset: 0, ..part(7, 1, 3) });
    world.map_file(PID, Entry { offset: 7 * PAGE, ..part(8, 1, 1) }, vnode);
    world.write(PID, 0x15 * PAGE, 4096);
    (world, vnode)
}

/// By page: name and offset in pages.
fn shown(kernel: &MachKernel<XnuModel>) -> Vec<(u64, String, u64)> {
    let found = regions(kernel, Detail::Map).unwrap();
    let names = names(&found);
    found.iter().zip(names).map(|(it, name)| (it.start / PAGE, name, it.offset / PAGE)).collect()
}

fn expect(rows: &[(u64, &str, u64)]) -> Vec<(u64, String, u64)> {
    rows.iter().map(|(page, name, offset)| (*page, (*name).to_owned(), *offset)).collect()
}

const NAMED: [(u64, &str, u64); 6] = [
    (0x10, "/lib/x", 0),
    (0x14, "/lib/x", 4),
    (0x15, "/lib/x", 5),
    (0x16, "/lib/x", 6),
    (0x17, "", 0),
    (0x18, "/lib/x", 7),
];

#[test]
fn load_commands_name_written_rows_too_with_device_inode_and_offset() {
    let (model, kernel) = over(with_library().0);
    assert_eq!(shown(&kernel), expect(&NAMED));
    for region in &regions(&kernel, Detail::Map).unwrap()[1..4] {
        let backing = &region.backing;
        assert_eq!((backing.kind, backing.inode), (BackingKind::File, 77));
        assert_eq!((backing.device.major, backing.link_count), (1, Some(1)));
    }
    // Read once, however many walks there are.
    assert_eq!(model.count(Call::FilePart), 1);
}

/// The file's name, and not its bytes, shows that it is a deleted one.
#[test]
fn a_deleted_library_keeps_what_is_proven() {
    let (mut world, vnode) = with_library();
    world.vnode_mut(vnode).unwrap().info.nlink = 0;
    let (_, kernel) = over(world);
    let found = regions(&kernel, Detail::Map).unwrap();
    assert!(found[1].backing.is_deleted());
    assert_eq!(names(&found[..4]), ["/lib/x", "/lib/x", "", ""]);
}

/// Rows that were not written to go on at the file's offset, until one does not.
#[test]
fn a_file_that_cannot_be_read_names_what_goes_on_behind_it() {
    let rows = [
        (0x10, "/lib/x", 0),
        (0x14, "/lib/x", 4),
        (0x15, "", 0),
        (0x16, "", 6),
        (0x17, "", 0),
        (0x18, "/lib/x", 7),
    ];
    for errno in [Errno::PERM, Errno::NOENT, Errno::IO] {
        let (mut world, vnode) = with_library();
        world.vnode_mut(vnode).unwrap().unreadable = Some(errno);
        assert_eq!(shown(&over(world).1), expect(&rows), "{errno:?}");
    }
    // Another file has taken the path.
    let (mut world, vnode) = with_library();
    let other = world.vnode_mut(vnode).unwrap().clone();
    let info = VnodeInfo { ino: 78, ..other.info };
    world.vnode(Vnode { info, ..other });
    assert_eq!(shown(&over(world).1), expect(&rows));
}

/// Only the load commands show that encrypted text is the file's: nothing of its row does.
#[test]
fn encrypted_text_has_its_name_where_the_load_commands_are_read() {
    for (errno, name, offset) in [(None, "/lib/x", 1), (Some(Errno::PERM), "", 0)] {
        let (mut world, vnode) = with_library();
        world.encrypt(PID, 0x11 * PAGE, 2 * PAGE);
        world.vnode_mut(vnode).unwrap().unreadable = errno;
        let text = [(0x10, "/lib/x", 0), (0x11, name, offset), (0x13, "/lib/x", 3)];
        assert_eq!(shown(&over(world).1)[..3], expect(&text));
    }
}

/// A file of other bytes has no segments, whatever goes on behind it.
#[test]
fn a_file_that_is_no_library_names_nothing() {
    for bytes in [b"".to_vec(), b"#!/bin/sh\n".to_vec(), vec![0xff; 5000], vec![0xca, 0xfe]] {
        let (mut world, vnode) = with_library();
        world.vnode_mut(vnode).unwrap().contents = BTreeMap::from([(0, bytes.clone())]);
        let names: Vec<String> = shown(&over(world).1).into_iter().map(|row| row.1).collect();
        assert_eq!(names, ["/lib/x", "", "", "", "", "/lib/x"], "{bytes:?}");
    }
}

/// A data file, mapped to be executed or not, and untagged memory right behind it that it covers
/// the beginning of. The process has forked, after that or before. If before, it has also written
/// since, so that all of the memory has a shadow, the part behind the file as well.
#[test]
fn memory_behind_a_file_is_no_part_of_it() {
    for (protection, readable) in [(1, true), (5, true), (5, false), (1, false)] {
        for has_shadow in [false, true] {
            let mut world = world();
            let vnode = file(&mut world, "/data");
            let known = world.vnode_mut(vnode).unwrap();
            known.contents = BTreeMap::new();
            known.unreadable = (!readable).then_some(Errno::PERM);
            world.spawn(xnu_model::ModelProcess::new(501, "child"));
            world.map_anonymous(PID, Entry::new(0x10 * PAGE, 8 * PAGE));
            world.write(PID, 0x10 * PAGE, 8 * PAGE);
            let part = Entry { protection, ..Entry::new(0x10 * PAGE, 4 * PAGE) };
            if has_shadow {
                world.fork(PID, 501);
                world.write(PID, 0x10 * PAGE, PAGE);
                world.map_file(PID, part, vnode);
            } else {
                world.map_file(PID, part, vnode);
                world.fork(PID, 501);
            }
            let (model, kernel) = over(world);
            // The offset fits, and share mode and shadow are those of dyld's.
            let mut row = RegionPathInfo::default();
            model.pid_into(PID, 0x14 * PAGE, &mut row).unwrap();
            let RegionInfo { offset, share_mode, shadow_depth, .. } = row.region;
            assert_eq!((offset, share_mode, shadow_depth), (4 * PAGE, 1, u32::from(has_shadow)));
            assert_eq!(
                shown(&kernel),
                expect(&[(0x10, "/data", 0), (0x14, "", 4)]),
                "{protection}"
            );
        }
    }
}

#[test]
fn what_was_never_touched_or_may_be_written_where_the_file_may_not_is_none_of_the_files() {
    let (mut world, _) = with_library();
    // In the place of constants, and of text that could not be read.
    world.map_anonymous(PID, Entry::new(0x14 * PAGE, PAGE));
    world.map_anonymous(PID, Entry::new(0x12 * PAGE, PAGE));
    world.write(PID, 0x12 * PAGE, PAGE);
    let names: Vec<String> = shown(&over(world).1).into_iter().map(|row| row.1).collect();
    assert_eq!(names, ["/lib/x", "", "/lib/x", "", "/lib/x", "/lib/x", "", "/lib/x"]);
}

/// The reading thread is left to itself; the walk goes on, and the name comes when it is known.
#[test]
fn a_file_that_does_not_come_is_not_waited_for() {
    let (model, kernel) = over(with_library().0);
    model.at(Call::FilePart, 1..=1, Fault::Hang);
    let without = shown(&kernel);
    assert_eq!((without[1].1.as_str(), without[2].1.as_str()), ("/lib/x", ""));
    assert_eq!(shown(&kernel), without);
    assert_eq!(model.count(Call::FilePart), 1, "nor asked for again meanwhile");
    model.release();
    crate::common::until("the name", || (shown(&kernel) != without).then_some(()));
    assert_eq!(shown(&kernel), expect(&NAMED));
}

#[test]
fn only_a_few_files_are_waited_for_at_a_time() {
    let mut world = world();
    for number in 0..9u64 {
        let info = VnodeInfo { dev: 1, ino: 9 + number, nlink: 1, kind: 1, ..Default::default() };
        let vnode = world.vnode(Vnode { info, path: b"/hung".to_vec(), ..Vnode::default() });
        let start = (0x10 + 8 * number) * PAGE;
        world.map_file(PID, Entry { protection: 5, ..Entry::new(start, PAGE) }, vnode);
        world.enter(PID, Entry::new(start + PAGE, PAGE));
        world.write(PID, start + PAGE, PAGE);
    }
    let (model, kernel) = over(world);
    model.at(Call::FilePart, 1..=99, Fault::Hang);
    assert_eq!(regions(&kernel, Detail::Map).unwrap().len(), 18);
    assert_eq!(model.count(Call::FilePart), 3);
    model.release();
}

/// Once the files are known, a walk costs what one without them costs.
#[test]
fn names_cost_no_calls_by_region() {
    let (model, kernel) = over(zsh());
    let rows = regions(&kernel, Detail::Map).unwrap().len() as u64;
    let before = (model.count(Call::RegionPathInfo), model.count_all());
    assert_eq!(before.0, rows + 1);
    regions(&kernel, Detail::Map).unwrap();
    assert_eq!(model.count(Call::RegionPathInfo) - before.0, rows + 1);
    // The identity; flags and identity at the start, at the first region and at the end, one call
    // each.
    assert_eq!(model.count_all() - before.1 - (rows + 1), 4);
}
