//! The Mach walk against a naive oracle, and against everything that can happen in between.

use crate::common::mach as mach_common;

use std::path::PathBuf;
use std::sync::Arc;

use mach_common::{PID, names, over, pid, ranges, regions, rest, walk, world};
use mach_procfs::kernel::xnu::{Errno, KernReturn, PortKind, ShortBsdInfo};
use mach_procfs::kernel::{Detail, Kernel};
use mach_procfs::model::{Code, ErrorKind, Identity, Pid, Region, Sharing};
use mach_procfs::tree::{Caller, Tree};
use proptest::prelude::*;
use xnu_model::fixtures::zsh;
use xnu_model::{Call, Entry, Fault, Mapped, ModelProcess, PortRule, Vnode, World};

const PAGE: u64 = 16_384;

fn three_regions() -> World {
    let mut world = world();
    for start in [0x10, 0x20, 0x30] {
        world.enter(PID, Entry::new(start * PAGE, 4 * PAGE));
    }
    world
}

const THREE: [(u64, u64); 3] =
    [(0x10 * PAGE, 0x14 * PAGE), (0x20 * PAGE, 0x24 * PAGE), (0x30 * PAGE, 0x34 * PAGE)];

/// A process with a submap of two regions and holes around them, between two others.
fn with_submap() -> World {
    let mut world = world();
    let submap = world
        .submap([Entry::new(2 * PAGE, PAGE), Entry { user_tag: 77, ..Entry::new(4 * PAGE, PAGE) }]);
    world.enter(PID, Entry::new(0x10 * PAGE, PAGE));
    world.shared_region(PID, 0x20 * PAGE, 8 * PAGE, submap, 0);
    world.enter(PID, Entry::new(0x30 * PAGE, PAGE));
    world
}

// ---- The oracle --------------------------------------------------------------------------------

/// A random map: entries and submaps as (gap, pages) pairs; a submap's window starts at an offset.
#[derive(Clone, Debug)]
enum Piece {
    Plain(u64, u64),
    Window { gap: u64, pages: u64, submap: usize, offset: u64 },
}

fn pieces() -> impl Strategy<Value = Vec<Piece>> {
    let piece = prop_oneof![
        (0..3u64, 1..6u64).prop_map(|(gap, pages)| Piece::Plain(gap, pages)),
        (0..3u64, 1..12u64, 0..3usize, 0..10u64)
            .prop_map(|(gap, pages, submap, offset)| Piece::Window { gap, pages, submap, offset }),
    ];
    prop::collection::vec(piece, 0..12)
}

fn submaps() -> impl Strategy<Value = Vec<Vec<(u64, u64)>>> {
    prop::collection::vec(prop::collection::vec((0..4u64, 1..5u64), 0..5), 3)
}

/// What one page of the task shows: the tag of the innermost entry, its depth, and which window
/// it is seen through.
type Visibility = (u32, u32, usize);

const SPAN: usize = 400;

/// Every page on its own: no walk, no cursor, no rounding.
fn flatten(pieces: &[Piece], submaps: &[Vec<(u64, u64)>], enter: bool) -> Vec<Option<Visibility>> {
    let mut inner = vec![vec![None; SPAN]; submaps.len()];
    for (index, entries) in submaps.iter().enumerate() {
        let mut at = 0;
        for (number, (gap, pages)) in entries.iter().enumerate() {
            at += gap;
            for page in at..at + pages {
                inner[index][page as usize] = Some(5000 + 100 * index as u32 + number as u32);
            }
            at += pages;
        }
    }
    let mut shown = vec![None; SPAN];
    let mut at = 1;
    for (number, piece) in pieces.iter().enumerate() {
        let tag = 1000 + number as u32;
        match piece {
            Piece::Plain(gap, pages) => {
                at += gap;
                for page in at..at + pages {
                    shown[page as usize] = Some((tag, 0, number));
                }
                at += pages;
            }
            Piece::Window { gap, pages, submap, offset } => {
                at += gap;
                for page in 0..*pages {
                    shown[(at + page) as usize] = if enter {
                        inner[*submap][(offset + page) as usize].map(|tag| (tag, 1, number))
                    } else {
                        Some((tag, 0, number))
                    };
                }
                at += pages;
            }
        }
    }
    shown
}

/// Runs of pages that show the same.
fn runs(shown: &[Option<Visibility>]) -> Vec<(u64, u64, u32, u32)> {
    let mut runs: Vec<(u64, u64, Visibility)> = Vec::new();
    for (page, shown) in shown.iter().enumerate() {
        let (page, Some(shown)) = (page as u64, shown) else { continue };
        match runs.last_mut() {
            Some((_, end, last)) if *end == page && last == shown => *end += 1,
            _ => runs.push((page, page + 1, *shown)),
        }
    }
    runs.into_iter()
        .map(|(from, to, (tag, depth, _))| (from * PAGE, to * PAGE, tag, depth))
        .collect()
}

fn build(pieces: &[Piece], submaps: &[Vec<(u64, u64)>]) -> World {
    let mut world = world();
    let ids: Vec<_> = submaps
        .iter()
        .enumerate()
        .map(|(index, entries)| {
            let mut at = 0;
            let entries: Vec<Entry> = entries
                .iter()
                .enumerate()
                .map(|(number, (gap, pages))| {
                    let user_tag = 5000 + 100 * index as u32 + number as u32;
                    let start = (at + gap) * PAGE;
                    at += gap + pages;
                    Entry { user_tag, ..Entry::new(start, pages * PAGE) }
                })
                .collect();
            world.submap(entries)
        })
        .collect();
    let mut at = 1;
    for (number, piece) in pieces.iter().enumerate() {
        let user_tag = 1000 + number as u32;
        let (gap, pages, mapped, offset) = match piece {
            Piece::Plain(gap, pages) => (gap, pages, Mapped::Nothing, 0),
            Piece::Window { gap, pages, submap, offset } => {
                (gap, pages, Mapped::Submap { map: ids[*submap], nested: true }, offset * PAGE)
            }
        };
        at += gap;
        let entry = Entry { user_tag, mapped, offset, ..Entry::new(at * PAGE, pages * PAGE) };
        world.enter(PID, entry);
        at += pages;
    }
    world
}

fn told(regions: &[Region]) -> Vec<(u64, u64, u32, u32)> {
    regions.iter().map(|it| (it.start, it.end, it.user_tag.0, it.depth)).collect()
}

proptest! {
    #[test]
    fn both_walks_agree_with_the_naive_oracle(pieces in pieces(), submaps in submaps()) {
        let (model, kernel) = over(build(&pieces, &submaps));
        let top = regions(&kernel, Detail::Map).unwrap();
        prop_assert_eq!(told(&top), runs(&flatten(&pieces, &submaps, false)));
        let leaves = regions(&kernel, Detail::Pages).unwrap();
        prop_assert_eq!(told(&leaves), runs(&flatten(&pieces, &submaps, true)));
        prop_assert!(leaves.iter().all(|region| !region.submap));
        prop_assert_eq!(model.live_ports(), 0);
    }

    #[test]
    fn whatever_changes_between_calls_the_regions_ascend_and_the_walk_ends(
        pieces in pieces(),
        submaps in submaps(),
        changes in prop::collection::vec((1..40u64, 0..60u64, 1..8u64, any::<bool>()), 0..12),
        leaves in any::<bool>(),
    ) {
        let (model, kernel) = over(build(&pieces, &submaps));
        let (call, detail) = if leaves {
            (Call::RegionRecurse, Detail::Pages)
        } else {
            (Call::RegionPathInfo, Detail::Map)
        };
        for (number, at, pages, map) in changes {
            model.change_at(call, number, move |world| {
                let (from, to) = (at * PAGE, (at + pages) * PAGE);
                if map {
                    world.enter(PID, Entry::new(from, to - from));
                } else {
                    world.unmap(PID, from, to);
                }
            });
        }
        let regions = regions(&kernel, detail).unwrap();
        prop_assert!(regions.iter().all(|region| region.start < region.end));
        prop_assert!(regions.windows(2).all(|pair| pair[0].end <= pair[1].start));
    }
}

// ---- Number of calls ---------------------------------------------------------------------------

fn many(count: u64) -> World {
    let mut world = world();
    for index in 0..count {
        world.enter(PID, Entry::new((2 * index + 1) * PAGE, PAGE));
    }
    world
}

#[test]
fn n_regions_cost_n_plus_one_region_calls_and_a_fixed_number_of_others() {
    let mut others = Vec::new();
    for count in [10, 1_000, 100_000] {
        for (call, detail) in [
            (Call::RegionPathInfo, Detail::Map),
            (Call::RegionPathInfo, Detail::Attributes),
            (Call::RegionPathInfo, Detail::Counts),
            (Call::RegionPathInfo, Detail::Pages),
        ] {
            let (model, kernel) = over(many(count));
            let identity = kernel.identity(pid()).unwrap();
            let before = model.count_all();
            let mut walk = kernel.regions(pid(), identity, detail).unwrap();
            let mut seen = 0;
            while walk.next_region().unwrap().is_some() {
                seen += 1;
            }
            drop(walk);
            assert_eq!(seen, count);
            assert_eq!(model.count(call), count + 1);
            others.push((detail, model.count_all() - before - (count + 1)));
        }
    }
    // Flags and identity, which are one call, at the start, at the first region and at the end; a
    // port and its release, and the page sizes of the asker and of the process.
    for (detail, others) in others {
        let has_counts = matches!(detail, Detail::Counts | Detail::Pages);
        assert_eq!(others, if has_counts { 7 } else { 3 }, "{detail:?}");
    }
}

/// Counts are of the smaller pages of the two, and nothing is asked for where no counts are wanted.
#[test]
fn the_size_of_a_counted_page_is_known() {
    const ASKER: u32 = 600;
    let page_sizes = |own: u32, its: u32, name_port: PortRule| -> Vec<u64> {
        let mut world = World::default();
        world.spawn(ModelProcess::new(ASKER, "asker").with_pages(own).owned_by(0, 0));
        let mut target = ModelProcess::new(500, "target").with_pages(its);
        target.name_port = name_port;
        world.spawn(target);
        world.caller.pid = ASKER.cast_signed();
        world.caller.page_size = own;
        world.enter(PID, Entry::new(PAGE, PAGE));
        let (model, kernel) = over(world);
        let of = |detail| regions(&kernel, detail).unwrap()[0].pages.page_size;
        let found = [Detail::Attributes, Detail::Counts, Detail::Pages].map(of).to_vec();
        assert_eq!(model.live_ports(), 0);
        found
    };
    let gives = || PortRule::Gives(PortKind::Name);
    assert_eq!(page_sizes(16_384, 16_384, gives()), [0, 16_384, 16_384]);
    assert_eq!(page_sizes(16_384, 4096, gives()), [0, 4096, 4096]);
    assert_eq!(page_sizes(4096, 16_384, gives()), [0, 4096, 4096]);
    let refused = || PortRule::Refuses(KernReturn::FAILURE);
    // Where no port is given, the kernel counts all the same: in the usual pages.
    assert_eq!(page_sizes(16_384, 16_384, refused()), [0, 16_384, 16_384]);
    assert_eq!(page_sizes(4096, 4096, refused()), [0, 4096, 4096]);
    assert_eq!(page_sizes(16_384, 16_384, PortRule::Dead), [0, 16_384, 16_384]);
}

/// A translated process has small pages, and its flags are public.
#[test]
fn a_translated_process_without_a_name_port_has_small_pages() {
    let mut world = World::default();
    let mut target = ModelProcess::new(500, "target").with_pages(4096).protected();
    target.name_port = PortRule::Refuses(KernReturn::FAILURE);
    target.info.flags |= ShortBsdInfo::TRANSLATED;
    world.spawn(target);
    world.enter(PID, Entry::new(PAGE, PAGE));
    let (_, kernel) = over(world);
    assert_eq!(regions(&kernel, Detail::Counts).unwrap()[0].pages.page_size, 4096);
}

#[test]
fn more_than_65536_regions_come_one_by_one() {
    let (_, kernel) = over(many(70_000));
    assert_eq!(regions(&kernel, Detail::Map).unwrap().len(), 70_000);
}

#[test]
fn a_walk_that_is_not_read_asks_nothing_about_regions() {
    let (model, kernel) = over(three_regions());
    drop(walk(&kernel, Detail::Pages).unwrap());
    assert_eq!(model.count(Call::RegionRecurse) + model.count(Call::RegionPathInfo), 0);
    assert_eq!(model.live_ports(), 0);
}

// ---- Faults ------------------------------------------------------------------------------------

type End = fn(&mut World);

const ENDS: [(&str, End); 3] = [
    ("in exit", |world| world.begin_exit(PID)),
    ("zombie", |world| world.become_zombie(PID)),
    ("reaped", |world| world.reap(PID)),
];

fn is_vanished(result: mach_procfs::model::Result<Vec<Region>>) -> bool {
    matches!(result, Err(error) if error.kind == ErrorKind::Vanished)
}

#[test]
fn exit_mid_walk_is_vanished_and_never_a_short_file() {
    for (stage, end) in ENDS {
        for (call, detail, last) in [
            (Call::RegionPathInfo, Detail::Map, 4),
            (Call::RegionPathInfo, Detail::Pages, 4),
            (Call::RegionRecurse, Detail::Pages, 3),
        ] {
            for number in 1..=last {
                let (model, kernel) = over(with_submap());
                model.change_at(call, number, end);
                let result = regions(&kernel, detail);
                assert!(is_vanished(result.clone()), "{stage} at {call:?} {number}: {result:?}");
                assert_eq!(model.live_ports(), 0);
            }
        }
    }
}

#[test]
fn exit_mid_walk_with_every_code_a_port_can_give() {
    for code in [
        KernReturn::INVALID_ADDRESS,
        KernReturn::INVALID_ARGUMENT,
        KernReturn::INVALID_DEST,
        KernReturn::SERVER_DIED,
    ] {
        let (model, kernel) = over(with_submap());
        model.at(Call::RegionRecurse, 2..=2, Fault::KernReturn(code));
        model.change_at(Call::RegionRecurse, 2, |world| world.begin_exit(PID));
        let error = regions(&kernel, Detail::Pages).unwrap_err();
        assert_eq!((error.kind, error.code), (ErrorKind::Vanished, Code::KernReturn(code.0)));
        assert_eq!(error.address, Some(0x23 * PAGE));
    }
}

#[test]
fn pid_reuse_mid_walk_is_vanished() {
    for number in 2..=4 {
        let (model, kernel) = over(three_regions());
        model.change_at(Call::RegionPathInfo, number, |world| {
            let mut other = ModelProcess::new(500, "other");
            other.unique.unique_id = 9_000;
            other.unique.id_version = 9_000;
            world.reuse(PID, other);
            world.enter(PID, Entry::new(0x50 * PAGE, PAGE));
        });
        let mut walk = walk(&kernel, Detail::Map).unwrap();
        assert!(is_vanished(rest(walk.as_mut())), "at {number}");
    }
}

#[test]
fn pid_reuse_before_the_first_region_shows_nothing_of_the_other_process() {
    let (model, kernel) = over(three_regions());
    model.change_at(Call::RegionPathInfo, 1, |world| {
        let mut other = ModelProcess::new(500, "other");
        other.unique.unique_id = 9_000;
        other.unique.id_version = 9_000;
        world.reuse(PID, other);
        world.enter(PID, Entry::new(0x50 * PAGE, PAGE));
    });
    let mut walk = walk(&kernel, Detail::Map).unwrap();
    assert_eq!(walk.next_region().unwrap_err().kind, ErrorKind::Vanished);
}

/// The pid becomes another user's, between two chunks of an open file.
#[test]
fn pid_reuse_mid_walk_shows_not_one_byte_of_the_other_process() {
    let caller = Caller { uid: 501, gid: 501, pid: 0 };
    for (at, detail) in [(2, "maps"), (3, "task/vmmap"), (4, "maps")] {
        let (model, kernel) = over(three_regions());
        let tree = Tree::new(Arc::new(kernel), 0, 0);
        let path = PathBuf::from("500").join(detail);
        let node = tree.resolve(&path, &caller).unwrap().node;
        let mut source = tree.open(node, &caller).unwrap();
        model.change_at(Call::RegionPathInfo, at, |world| {
            let mut root = ModelProcess::new(500, "sudo").owned_by(0, 0);
            root.unique.unique_id = 9_000;
            root.unique.id_version = 9_000;
            world.reuse(PID, root);
            for page in 0x50..0x90 {
                world.enter(PID, Entry::new(2 * page * PAGE, PAGE));
            }
        });
        let mut text = Vec::new();
        let mut last = Ok(true);
        while let Ok(true) = last {
            let enough = text.len() + 1;
            last = source.fill(&mut text, enough);
        }
        assert_eq!(last.unwrap_err().kind, ErrorKind::Vanished);
        let lines = text.split(|byte| *byte == b'\n').count() as u64 - 1;
        assert_eq!(lines, at - 1, "{}", text.escape_ascii());
    }
}

fn exec(world: &mut World) {
    world.exec(PID);
    world.enter(PID, Entry::new(0x40 * PAGE, PAGE));
}

#[test]
fn exec_mid_walk_is_vanished_also_before_a_region_was_shown() {
    for (call, detail, last) in [
        (Call::RegionPathInfo, Detail::Map, 4),
        (Call::RegionPathInfo, Detail::Attributes, 4),
        (Call::RegionPathInfo, Detail::Counts, 4),
        (Call::RegionPathInfo, Detail::Pages, 4),
        (Call::RegionRecurse, Detail::Pages, 3),
    ] {
        for number in 1..=last {
            let (model, kernel) = over(with_submap());
            model.change_at(call, number, exec);
            assert!(is_vanished(regions(&kernel, detail)), "{call:?} {number}");
            assert_eq!(model.live_ports(), 0);
        }
    }
}

#[test]
fn region_that_grows_over_the_cursor_is_cut_and_its_offset_moves_along() {
    let (model, kernel) = {
        let mut world = three_regions();
        let file = world.vnode(Vnode {
            path: b"/f".to_vec(),
            info: mach_procfs::kernel::xnu::VnodeInfo {
                ino: 7,
                kind: 1,
                nlink: 1,
                ..Default::default()
            },
            ..Vnode::default()
        });
        let entry = Entry { offset: 5 * PAGE, ..Entry::new(0x20 * PAGE, 4 * PAGE) };
        world.map_file(PID, entry, file);
        over(world)
    };
    // The file's region is replaced by one that begins a page below where it ended.
    model.change_at(Call::RegionPathInfo, 3, |world| {
        let file = xnu_model::VnodeId(0);
        let entry = Entry { offset: 8 * PAGE, ..Entry::new(0x23 * PAGE, 6 * PAGE) };
        world.map_file(PID, entry, file);
    });
    let found = regions(&kernel, Detail::Map).unwrap();
    assert_eq!(ranges(&found), [THREE[0], THREE[1], (0x24 * PAGE, 0x29 * PAGE), THREE[2]]);
    assert_eq!(found[1].offset, 5 * PAGE);
    assert_eq!(found[2].offset, 9 * PAGE);
}

#[test]
fn region_that_grows_over_the_cursor_is_cut_inside_a_submap() {
    let (model, kernel) = over(with_submap());
    // In the place of a part of the submap.
    model.change_at(Call::RegionRecurse, 2, |world| {
        world.enter(PID, Entry { offset: 32 * PAGE, ..Entry::new(0x22 * PAGE, 4 * PAGE) });
    });
    let found = regions(&kernel, Detail::Pages).unwrap();
    let pages: Vec<_> = found.iter().map(|it| (it.start / PAGE, it.end / PAGE)).collect();
    assert_eq!(pages, [(0x10, 0x11), (0x22, 0x23), (0x23, 0x26), (0x30, 0x31)]);
    assert_eq!(found[2].offset, 33 * PAGE);
}

#[test]
fn region_that_vanishes_appears_or_splits_is_accepted() {
    let (model, kernel) = over(three_regions());
    model.change_at(Call::RegionPathInfo, 2, |world| {
        world.unmap(PID, 0x20 * PAGE, 0x24 * PAGE);
        world.protect(PID, 0x31 * PAGE, 0x32 * PAGE, 0);
        world.enter(PID, Entry::new(0x16 * PAGE, PAGE));
        world.enter(PID, Entry::new(PAGE, PAGE));
    });
    let found = regions(&kernel, Detail::Map).unwrap();
    let pages: Vec<_> = found.iter().map(|it| (it.start / PAGE, it.end / PAGE)).collect();
    assert_eq!(pages, [(0x10, 0x14), (0x16, 0x17), (0x30, 0x31), (0x31, 0x32), (0x32, 0x34)]);
}

#[test]
fn endless_growth_above_the_cursor_brings_the_walk_on_at_every_call() {
    let (model, kernel) = over(three_regions());
    let mut next = 0x11;
    model.at(
        Call::RegionPathInfo,
        1..=u64::MAX,
        Fault::Change(Box::new(move |world| {
            next += 1;
            world.enter(PID, Entry::new(0x10 * PAGE, (next - 0x10) * PAGE));
        })),
    );
    let mut walk = walk(&kernel, Detail::Map).unwrap();
    let mut end = 0;
    for _ in 0..10_000 {
        let region = walk.next_region().unwrap().unwrap();
        assert!(region.start >= end && region.end > region.start);
        end = region.end;
    }
    assert_eq!(model.count(Call::RegionPathInfo), 10_000);
}

#[test]
fn permission_denied_is_denied_with_call_code_pid_and_address() {
    let (_, kernel) = {
        let mut world = three_regions();
        world.caller.uid = 502;
        over(world)
    };
    let error = regions(&kernel, Detail::Map).unwrap_err();
    assert_eq!((error.kind, error.code), (ErrorKind::Denied, Code::Errno(1)));
    assert_eq!((error.pid, error.address), (Some(pid()), Some(0)));
    assert_eq!(error.call, "proc_pidinfo(PROC_PIDREGIONPATHINFO)");
}

#[test]
fn permission_denied_by_a_process_that_took_the_pid_is_vanished() {
    let (model, kernel) = {
        let mut world = three_regions();
        world.caller.uid = 501;
        over(world)
    };
    model.change_at(Call::RegionPathInfo, 2, |world| {
        let mut root = ModelProcess::new(500, "other").owned_by(0, 0);
        root.unique.unique_id = 9_000;
        root.unique.id_version = 9_000;
        world.reuse(PID, root);
    });
    assert!(is_vanished(regions(&kernel, Detail::Map)));
}

#[test]
fn port_refused_null_or_dead_falls_back_to_the_top_level_with_the_submap_as_one_row() {
    for rule in [
        PortRule::Refuses(KernReturn::FAILURE),
        PortRule::Refuses(KernReturn::PROTECTION_FAILURE),
        PortRule::Refuses(KernReturn::ABORTED),
        PortRule::Null,
        PortRule::Dead,
        PortRule::Gives(PortKind::Name),
        PortRule::Gives(PortKind::Inspect),
    ] {
        let (model, kernel) = over(with_submap());
        model.world(|world| world.process_mut(PID).unwrap().read_port = rule);
        let found = regions(&kernel, Detail::Pages).unwrap();
        assert_eq!(found.len(), 3, "{rule:?}");
        assert!(found[1].submap && found[1].depth == 0);
        assert_eq!(model.live_ports(), 0, "{rule:?}");
        assert_eq!(model.count(Call::TaskForPid), 0, "the stronger port would leave a trace");
    }
}

/// `task_read_for_pid` came with macOS 11.
#[test]
fn a_kernel_without_read_ports_is_asked_for_the_control_port() {
    let (model, kernel) = over(with_submap());
    model.at(Call::TaskReadForPid, 1..=9, Fault::Errno(Errno::NOSYS));
    assert_eq!(regions(&kernel, Detail::Pages).unwrap().len(), 4);
    assert_eq!((model.live_ports(), model.count(Call::TaskForPid)), (0, 1));
}

#[test]
fn port_of_read_or_control_shows_the_inside_of_submaps() {
    for kind in [PortKind::Control, PortKind::Read] {
        let (model, kernel) = over(with_submap());
        model.world(|world| world.process_mut(PID).unwrap().read_port = PortRule::Gives(kind));
        let found = regions(&kernel, Detail::Pages).unwrap();
        let pages: Vec<_> = found.iter().map(|it| (it.start / PAGE, it.depth)).collect();
        assert_eq!(pages, [(0x10, 0), (0x22, 1), (0x24, 1), (0x30, 0)], "{kind:?}");
        assert!(found.iter().all(|region| !region.submap));
    }
}

/// A region inside a submap has its counts and the submap's name. All others are those of a walk
/// that enters none, with their files.
#[test]
fn a_walk_that_enters_submaps_keeps_the_files() {
    for own in [false, true] {
        let mut world = zsh();
        if own {
            world.caller.pid = PID;
        }
        let (_, kernel) = over(world);
        let top = regions(&kernel, Detail::Counts).unwrap();
        let found = regions(&kernel, Detail::Pages).unwrap();
        let outside = |regions: &[Region]| -> Vec<Region> {
            regions.iter().filter(|it| it.depth == 0 && !it.submap).cloned().collect()
        };
        assert_eq!(outside(&found), outside(&top));
        let files = found.iter().filter(|it| it.backing.name == b"/bin/zsh");
        assert_eq!(files.filter(|it| it.backing.inode != 0).count(), 4);
        let inside: Vec<_> = found.iter().filter(|it| it.depth == 1).collect();
        assert!(inside.len() > 4 && inside.iter().all(|it| it.backing.is_shared_cache()));
        assert!(inside.iter().all(|it| it.sharing == Sharing::Private));
        let region = 0x1_8000_0000..0x3_0000_0000;
        let mut cache = found.iter().filter(|it| region.contains(&it.start));
        assert!(cache.all(|it| it.backing.is_shared_cache() && it.pages.page_size == PAGE));
    }
}

#[test]
fn port_that_loses_its_power_mid_walk_is_denied() {
    let (model, kernel) = over(with_submap());
    let code = KernReturn::INVALID_ARGUMENT;
    model.at(Call::RegionRecurse, 2..=2, Fault::KernReturn(code));
    let error = regions(&kernel, Detail::Pages).unwrap_err();
    assert_eq!((error.kind, error.code), (ErrorKind::Denied, Code::KernReturn(code.0)));
}

#[test]
fn port_is_released_exactly_once_whatever_happens() {
    let (model, kernel) = over(with_submap());
    let mut walks: Vec<_> = (0..5).map(|_| walk(&kernel, Detail::Pages).unwrap()).collect();
    assert_eq!(model.live_ports(), 5);
    walks[0].next_region().unwrap();
    rest(walks[1].as_mut()).unwrap();
    walks[2].restart().unwrap();
    model.world(|world| world.reap(PID));
    walks[3].next_region().unwrap_err();
    drop(walks);
    assert_eq!((model.live_ports(), model.count(Call::ReleasePort)), (0, 5));
}

#[test]
fn own_process_needs_no_port_and_gives_none_back() {
    let mut world = with_submap();
    world.caller.pid = PID;
    let (model, kernel) = over(world);
    assert_eq!(regions(&kernel, Detail::Pages).unwrap().len(), 4);
    assert_eq!(model.count(Call::TaskForPid) + model.count(Call::ReleasePort), 0);
}

#[test]
fn top_of_address_space_neither_overflows_nor_is_cut_off() {
    let mut world = world();
    world.process_mut(PID).unwrap().page_size = 4096;
    world.exec(PID);
    world.commpage_intel(PID);
    world.enter(PID, Entry::new(u64::MAX - PAGE + 1, PAGE));
    let (model, kernel) = over(world);
    for detail in [Detail::Map, Detail::Pages] {
        let before = model.count(Call::RegionPathInfo);
        let found = regions(&kernel, detail).unwrap();
        let last = (u64::MAX - PAGE + 1, u64::MAX);
        assert_eq!(
            ranges(&found),
            [(0x7fff_ffe0_0000, 0x7fff_ffe0_1000), (0x7fff_ffe4_7000, 0x7fff_ffe4_8000), last]
        );
        // Nothing can lie above 2^64, so nothing is asked there.
        assert_eq!(model.count(Call::RegionPathInfo) - before, 3);
    }
    assert_eq!(model.count(Call::RegionRecurse), 2, "one for each submap");
    model.world(|world| world.enter(PID, Entry::new(1, u64::MAX)));
    assert_eq!(ranges(&regions(&kernel, Detail::Map).unwrap()), [(1, u64::MAX)]);
}

#[test]
fn exit_after_a_region_at_the_top_is_vanished_too() {
    let mut world = world();
    world.enter(PID, Entry::new(u64::MAX - PAGE + 1, PAGE));
    let (model, kernel) = over(world);
    let mut walk = walk(&kernel, Detail::Map).unwrap();
    assert!(walk.next_region().unwrap().is_some());
    model.world(|world| world.begin_exit(PID));
    assert_eq!(walk.next_region().unwrap_err().kind, ErrorKind::Vanished);
}

#[test]
fn zero_length_region_once_is_stepped_over_without_losing_what_follows() {
    for number in 1..=3 {
        let (model, kernel) = over(three_regions());
        model.at(Call::RegionPathInfo, number..=number, Fault::EmptyRegion);
        assert_eq!(ranges(&regions(&kernel, Detail::Map).unwrap()), THREE, "at {number}");
    }
    let expected = ranges(&regions(&over(with_submap()).1, Detail::Pages).unwrap());
    for number in 1..=3 {
        let (model, kernel) = over(with_submap());
        model.at(Call::RegionRecurse, number..=number, Fault::EmptyRegion);
        assert_eq!(ranges(&regions(&kernel, Detail::Pages).unwrap()), expected, "at {number}");
    }
}

#[test]
fn zero_length_regions_without_end_stop_the_walk_with_an_error() {
    for (call, detail) in
        [(Call::RegionPathInfo, Detail::Map), (Call::RegionRecurse, Detail::Pages)]
    {
        let (model, kernel) = over(with_submap());
        model.at(call, 2..=u64::MAX, Fault::EmptyRegion);
        let mut walk = walk(&kernel, detail).unwrap();
        assert!(walk.next_region().unwrap().is_some());
        assert_eq!(rest(walk.as_mut()).unwrap_err().kind, ErrorKind::Failed);
        assert!(model.count(call) < 30);
    }
}

#[test]
fn zero_region_task_is_an_empty_walk_unless_it_died() {
    for detail in [Detail::Map, Detail::Attributes, Detail::Counts, Detail::Pages] {
        let (_, kernel) = over(world());
        assert!(regions(&kernel, detail).unwrap().is_empty());
    }
    let (model, kernel) = over(world());
    model.change_at(Call::RegionPathInfo, 1, |world| world.begin_exit(PID));
    assert!(is_vanished(regions(&kernel, Detail::Map)));
}

#[test]
fn zombie_at_the_start_is_an_empty_walk() {
    for detail in [Detail::Map, Detail::Pages] {
        let (model, kernel) = over(three_regions());
        model.world(|world| world.become_zombie(PID));
        let mut walk = walk(&kernel, detail).unwrap();
        assert!(rest(walk.as_mut()).unwrap().is_empty());
        walk.restart().unwrap();
        assert_eq!(model.count(Call::RegionPathInfo) + model.count(Call::TaskForPid), 0);
    }
}

#[test]
fn kernel_pid_0_is_an_empty_walk_and_is_never_asked_about_regions() {
    let (model, kernel) = over(world());
    let kernel_pid = Pid::new(0).unwrap();
    let identity = kernel.identity(kernel_pid).unwrap();
    for detail in [Detail::Map, Detail::Attributes, Detail::Counts, Detail::Pages] {
        let mut walk = kernel.regions(kernel_pid, identity, detail).unwrap();
        assert!(rest(walk.as_mut()).unwrap().is_empty());
    }
    let asked = [Call::RegionPathInfo, Call::RegionRecurse, Call::TaskForPid];
    assert!(asked.iter().all(|call| model.count(*call) == 0));
}

#[test]
fn huge_reservation_keeps_all_its_bytes() {
    let mut world = world();
    world.reserve_arm64(PID);
    let (_, kernel) = over(world);
    let found = regions(&kernel, Detail::Pages).unwrap();
    assert_eq!(found.iter().map(Region::size).collect::<Vec<_>>(), [1 << 30, 384 << 30]);
}

#[test]
fn odd_numbers_from_the_kernel_are_kept_or_dropped_but_never_trusted() {
    let mut world = world();
    world.enter(
        PID,
        Entry {
            user_tag: u32::MAX,
            protection: 0xf,
            inheritance: 3,
            behavior: 77,
            user_wired_count: 1_000_000,
            ..Entry::new(PAGE, PAGE)
        },
    );
    let (_, kernel) = over(world);
    for detail in [Detail::Map, Detail::Pages] {
        let found = &regions(&kernel, detail).unwrap()[0];
        assert_eq!(found.protection.letters(), *b"rwx");
        assert_eq!((found.inheritance.0, found.behavior.0), (3, 77));
        assert_eq!(found.user_wired_count, u16::MAX);
        assert_eq!(found.backing.name, b"[anon:4294967295]");
    }
}

#[test]
fn enomem_because_a_struct_grew_is_a_failure_with_its_code() {
    for errno in [Errno::NOMEM, Errno(4), Errno(99)] {
        let (model, kernel) = over(three_regions());
        model.at(Call::RegionPathInfo, 2..=2, Fault::Errno(errno));
        let error = regions(&kernel, Detail::Map).unwrap_err();
        assert_eq!((error.kind, error.code), (ErrorKind::Failed, Code::Errno(errno.0)));
    }
}

#[test]
fn mapped_file_whose_vnode_is_recycled_is_a_row_without_name_and_not_the_end() {
    let mut world = three_regions();
    let file = world.vnode(Vnode { path: b"/f".to_vec(), recycled: true, ..Vnode::default() });
    world.map_file(PID, Entry::new(0x20 * PAGE, 4 * PAGE), file);
    let (_, kernel) = over(world);
    let found = regions(&kernel, Detail::Map).unwrap();
    assert_eq!(ranges(&found), THREE);
    assert_eq!(names(&found), ["", "", ""]);
}

#[test]
fn hang_holds_the_one_who_asks_and_nobody_else() {
    let (model, kernel) = over(three_regions());
    model.at(Call::RegionPathInfo, 2..=2, Fault::Hang);
    std::thread::scope(|scope| {
        let hanging = scope.spawn(|| regions(&kernel, Detail::Map));
        model.wait_until_hanging(1);
        assert_eq!(ranges(&regions(&kernel, Detail::Pages).unwrap()), THREE);
        assert!(!hanging.is_finished());
        model.release();
        assert_eq!(ranges(&hanging.join().unwrap().unwrap()), THREE);
    });
}

// ---- Identity and restart ----------------------------------------------------------------------

#[test]
fn a_pid_with_another_identity_is_replaced_and_a_free_one_is_no_such_process() {
    let (_, kernel) = over(three_regions());
    let find = |number, identity| {
        let walk = kernel.regions(Pid::new(number).unwrap(), Identity::new(identity), Detail::Map);
        walk.err().map(|error| error.kind)
    };
    assert_eq!(find(500, 500), None);
    assert_eq!(find(500, 499), Some(ErrorKind::Replaced));
    assert_eq!(find(501, 501), Some(ErrorKind::NoSuchProcess));
}

#[test]
fn restart_begins_again_and_sees_what_is_there_then() {
    for detail in [Detail::Map, Detail::Pages] {
        let (model, kernel) = over(three_regions());
        let mut walk = walk(&kernel, detail).unwrap();
        assert_eq!(ranges(&rest(walk.as_mut()).unwrap()), THREE);
        assert!(walk.next_region().unwrap().is_none());
        model.world(|world| world.unmap(PID, 0x10 * PAGE, 0x14 * PAGE));
        walk.restart().unwrap();
        assert_eq!(ranges(&rest(walk.as_mut()).unwrap()), THREE[1..]);
    }
}

#[test]
fn restart_of_a_walk_whose_process_is_gone_or_another_image_is_vanished() {
    for (_, end) in ENDS.into_iter().chain([("exec", exec as End)]) {
        let (model, kernel) = over(three_regions());
        let mut walk = walk(&kernel, Detail::Map).unwrap();
        rest(walk.as_mut()).unwrap();
        model.world(end);
        assert_eq!(walk.restart().unwrap_err().kind, ErrorKind::Vanished);
    }
}
