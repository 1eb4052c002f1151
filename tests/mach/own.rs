//! The walk over the own process, which names the images of dyld's shared cache, against a naive
//! oracle and against what can happen in between.

use crate::common::golden::assert_golden;
use crate::common::mach as mach_common;

use std::path::Path;
use std::sync::Arc;

use mach_common::{PID, names, over, pid, ranges, regions, rest, walk, world};
use mach_procfs::kernel::xnu::{Image, KernReturn, Segment, VnodeInfo};
use mach_procfs::kernel::{Detail, Kernel};
use mach_procfs::model::{
    BackingKind, Code, Device, ErrorKind, Inheritance, PageCounts, Region, Sharing, UserTag,
};
use mach_procfs::tree::{Caller, Tree};
use proptest::prelude::*;
use xnu_model::{Call, Entry, Fault, Mapped, ModelProcess, Vnode, World};

const PAGE: u64 = 16_384;

/// Segments lie on these, four to a page: they need not begin at a page.
const UNIT: u64 = 4096;

const CACHE: &str = "[dyld_shared_cache]";

fn image(path: &str, segments: &[(u64, u64)]) -> Image {
    let segments =
        segments.iter().map(|(start, end)| Segment { start: *start, size: end - start }).collect();
    Image { path: path.into(), segments }
}

/// The caller's own process, with these regions in a submap at page 0x20, from its page 2 on, and
/// one region before and one behind it.
fn own(leaves: impl IntoIterator<Item = Entry>, window: u64) -> World {
    let mut world = world();
    world.caller.pid = PID;
    let submap = world.submap(leaves);
    world.enter(PID, Entry { user_tag: 1, ..Entry::new(0x10 * PAGE, PAGE) });
    world.shared_region(PID, 0x20 * PAGE, window * PAGE, submap, 2 * PAGE);
    world.enter(PID, Entry { user_tag: 21, ..Entry::new(0x80 * PAGE, PAGE) });
    world
}

/// A leaf by the pages that it has in the task.
fn leaf(from: u64, to: u64, protection: u32) -> Entry {
    let start = (from - 0x20 + 2) * PAGE;
    Entry { protection, max_protection: protection, ..Entry::new(start, (to - from) * PAGE) }
}

/// Text and data with a hole between, and a hole at the end.
fn text_and_data() -> World {
    own([leaf(0x20, 0x28, 5), leaf(0x2a, 0x2c, 3)], 0x10)
}

type Row = (u64, u64, String);

/// In pages, with the names.
fn rows(regions: &[Region]) -> Vec<Row> {
    let named = regions.iter().zip(names(regions));
    named.map(|(it, name)| (it.start / PAGE, it.end / PAGE, name)).collect()
}

fn expect<const N: usize>(rows: [(u64, u64, &str); N]) -> Vec<Row> {
    rows.into_iter().map(|(from, to, name)| (from, to, name.to_owned())).collect()
}

fn shown(world: World) -> Vec<Row> {
    rows(&regions(&over(world).1, Detail::Map).unwrap())
}

// ---- What is shown -----------------------------------------------------------------------------

#[test]
fn images_share_a_region_and_each_has_its_piece() {
    let mut world = text_and_data();
    world.images = vec![
        image("/usr/lib/b", &[(0x24 * PAGE, 0x26 * PAGE), (0x2b * PAGE, 0x2c * PAGE)]),
        image("/usr/lib/a", &[(0x21 * PAGE, 0x24 * PAGE), (0x2a * PAGE, 0x2b * PAGE)]),
    ];
    let expected = expect([
        (0x10, 0x11, "[heap]"),
        (0x20, 0x21, CACHE),
        (0x21, 0x24, "/usr/lib/a"),
        (0x24, 0x26, "/usr/lib/b"),
        (0x26, 0x28, CACHE),
        (0x2a, 0x2b, "/usr/lib/a"),
        (0x2b, 0x2c, "/usr/lib/b"),
        (0x80, 0x81, "[anon:IOKIT]"),
    ]);
    assert_eq!(shown(world), expected);
}

#[test]
fn a_piece_has_all_of_its_region_but_offset_and_counts() {
    let inner = Entry {
        user_tag: 33,
        inheritance: 0,
        behavior: 2,
        user_wired_count: 3,
        offset: 7 * PAGE,
        ..leaf(0x21, 0x25, 5)
    };
    let mut world = own([inner], 0x10);
    world.images = vec![image("/usr/lib/a", &[(0x20 * PAGE, 0x23 * PAGE)])];
    let (_, kernel) = over(world);
    let found = regions(&kernel, Detail::Map).unwrap();
    let [_, file, rest, _] = &found[..] else { panic!("{found:?}") };
    for piece in [file, rest] {
        assert_eq!((piece.protection.bits(), piece.max_protection.bits()), (5, 5));
        assert_eq!((piece.inheritance, piece.behavior.0), (Inheritance::SHARE, 2));
        assert_eq!((piece.user_tag, piece.user_wired_count), (UserTag(33), 3));
        assert_eq!((piece.depth, piece.submap), (1, false));
        assert_eq!((piece.offset, piece.pages), (0, PageCounts::default()));
        // What is written in the shared region is one's own, however it is inherited.
        assert_eq!(piece.sharing, Sharing::Private);
        assert_eq!((piece.backing.device, piece.backing.inode), (Device::default(), 0));
        assert_eq!(piece.backing.link_count, None);
        assert!(!piece.backing.is_deleted());
    }
    assert_eq!((file.backing.kind, rest.backing.kind), (BackingKind::File, BackingKind::Pseudo));
    assert_eq!(names(&found)[1..3], ["/usr/lib/a", CACHE]);
}

#[test]
fn without_images_the_regions_are_listed_all_the_same() {
    let expected = expect([
        (0x10, 0x11, "[heap]"),
        (0x20, 0x28, CACHE),
        (0x2a, 0x2c, CACHE),
        (0x80, 0x81, "[anon:IOKIT]"),
    ]);
    assert_eq!(shown(text_and_data()), expected);
    let mut world = text_and_data();
    world.images = vec![image("/usr/lib/nothing", &[]), image("", &[(0, u64::MAX)])];
    assert_eq!(shown(world), expected);
}

#[test]
fn segments_are_cut_to_the_regions_and_regions_to_the_window() {
    // The leaf is longer than what the task maps of it, at both ends.
    let long = Entry { protection: 5, ..Entry::new(0, 0x40 * PAGE) };
    let mut world = own([long], 8);
    world.images = vec![
        image("/usr/lib/a", &[(0x1e * PAGE, 0x22 * PAGE)]),
        image("/usr/lib/b", &[(0x27 * PAGE, 0x90 * PAGE)]),
        image("/usr/lib/elsewhere", &[(0x10 * PAGE, 0x11 * PAGE), (0x90 * PAGE, u64::MAX)]),
    ];
    let expected = expect([
        (0x10, 0x11, "[heap]"),
        (0x20, 0x22, "/usr/lib/a"),
        (0x22, 0x27, CACHE),
        (0x27, 0x28, "/usr/lib/b"),
        (0x80, 0x81, "[anon:IOKIT]"),
    ]);
    assert_eq!(shown(world), expected);
}

#[test]
fn what_two_images_claim_is_neithers_and_the_order_stands() {
    let mut world = text_and_data();
    world.images = vec![
        image("/usr/lib/a", &[(0x20 * PAGE, 0x24 * PAGE), (0x20 * PAGE, 0x22 * PAGE)]),
        image("/usr/lib/b", &[(0x23 * PAGE, 0x26 * PAGE), (0, u64::MAX / 2)]),
        image("/usr/lib/a", &[(0x20 * PAGE, 0x24 * PAGE)]),
    ];
    let expected = expect([
        (0x10, 0x11, "[heap]"),
        (0x20, 0x24, CACHE),
        (0x24, 0x28, "/usr/lib/b"),
        (0x2a, 0x2c, "/usr/lib/b"),
        (0x80, 0x81, "[anon:IOKIT]"),
    ]);
    assert_eq!(shown(world), expected);
}

#[test]
fn a_segment_may_begin_within_a_page() {
    let mut world = text_and_data();
    let start = 0x2a * PAGE;
    world.images = vec![
        image("/usr/lib/a", &[(start + 8, start + 100)]),
        image("/usr/lib/b", &[(start + 100, start + PAGE + 1)]),
    ];
    let (_, kernel) = over(world);
    let found = regions(&kernel, Detail::Map).unwrap();
    let cuts = [0, 8, 100, PAGE + 1, 2 * PAGE].map(|at| start + at);
    let pieces: Vec<_> = cuts.windows(2).map(|pair| (pair[0], pair[1])).collect();
    assert_eq!(ranges(&found)[2..6], pieces);
}

#[test]
fn a_submap_that_is_no_cache_is_entered_and_has_its_regions_names() {
    let mut world = world();
    world.caller.pid = PID;
    world.process_mut(PID).unwrap().page_size = 4096;
    world.exec(PID);
    world.commpage_intel(PID);
    let (model, kernel) = over(world);
    let found = regions(&kernel, Detail::Map).unwrap();
    assert_eq!(
        ranges(&found),
        [(0x7fff_ffe0_0000, 0x7fff_ffe0_1000), (0x7fff_ffe4_7000, 0x7fff_ffe4_8000)]
    );
    assert_eq!(names(&found), ["[commpage]", "[commpage]"]);
    assert!(found.iter().all(|region| !region.submap && region.depth == 1));
    assert_eq!(model.count(Call::OwnImages), 1);
}

#[test]
fn what_was_written_or_signed_in_the_cache_is_divided_as_well() {
    let mut world = world();
    world.caller.pid = PID;
    let unnest = 32 << 20;
    let base = 0x1_8000_0000;
    let object = world.anonymous_object(false);
    let mapped = Mapped::Object(object);
    let submap = world.submap([
        Entry { protection: 5, mapped, ..Entry::new(0, unnest) },
        Entry { protection: 3, mapped, ..Entry::new(unnest, 4 * PAGE) },
        Entry { protection: 3, mapped, ..Entry::new(unnest + 4 * PAGE, 4 * PAGE) },
        Entry { protection: 1, mapped, ..Entry::new(unnest + 8 * PAGE, unnest) },
    ]);
    world.shared_region(PID, base, 4 * unnest, submap, 0);
    world.remap_signed(PID, [base + unnest + 4 * PAGE]);
    world.write(PID, base + unnest, PAGE);
    let data = base + unnest;
    let b = [(data + 2 * PAGE, data + 3 * PAGE), (data + 5 * PAGE, data + 7 * PAGE + 8)];
    world.images = vec![image("/usr/lib/a", &[(base, data + 2 * PAGE)]), image("/usr/lib/b", &b)];
    let (model, kernel) = over(world);
    let found = regions(&kernel, Detail::Map).unwrap();
    let of_data = |region: &Region| (region.start - data, region.end - data);
    let rows: Vec<_> = found[1..].iter().map(of_data).zip(names(&found[1..])).collect();
    let expected = [
        // Written.
        ((0, 2 * PAGE), "/usr/lib/a"),
        ((2 * PAGE, 3 * PAGE), "/usr/lib/b"),
        ((3 * PAGE, 4 * PAGE), CACHE),
        // Signed.
        ((4 * PAGE, 5 * PAGE), CACHE),
        ((5 * PAGE, 7 * PAGE + 8), "/usr/lib/b"),
        ((7 * PAGE + 8, 8 * PAGE), CACHE),
        // Inside of what is left of the submap, which is in two pieces.
        ((8 * PAGE, unnest), CACHE),
        ((unnest, unnest + 8 * PAGE), CACHE),
    ];
    assert_eq!(rows, expected.map(|(range, name)| (range, name.to_owned())));
    assert_eq!(names(&found[..1]), ["/usr/lib/a"]);
    assert!(found.iter().all(|it| (it.offset, it.pages) == (0, PageCounts::default())));
    assert_eq!(model.count(Call::OwnImages), 1);
}

/// Only `maps`, and only of the process itself.
#[test]
fn nobody_elses_walk_and_no_other_detail_asks_dyld() {
    let mut world = text_and_data();
    world.images = vec![image("/usr/lib/a", &[(0x20 * PAGE, 0x28 * PAGE)])];
    let (model, kernel) = over(world.clone());
    let top = regions(&kernel, Detail::Attributes).unwrap();
    assert!(top[1].submap && top[1].backing.name == CACHE.as_bytes());
    assert_eq!(regions(&kernel, Detail::Pages).unwrap().len(), 4);
    assert_eq!(model.count(Call::OwnImages), 0);

    world.caller.pid = 1;
    let (model, kernel) = over(world);
    let found = regions(&kernel, Detail::Map).unwrap();
    assert!(found[1].submap && found[1].backing.name == CACHE.as_bytes());
    assert_eq!(model.count(Call::OwnImages) + model.count(Call::RegionRecurseShort), 0);
}

#[test]
fn own_map_of_a_small_program_as_text() {
    let mut world = world();
    world.caller.pid = PID;
    let info = VnodeInfo { dev: 0x0100_000f, ino: 77, nlink: 1, kind: 1, ..VnodeInfo::default() };
    let file =
        world.vnode(Vnode { info, path: b"/Users/Shared/demo".to_vec(), ..Vnode::default() });
    let program = Entry { protection: 5, max_protection: 5, ..Entry::new(0x1_0000_0000, 4 * PAGE) };
    world.map_file(PID, program, file);
    world.enter(PID, Entry { user_tag: 2, ..Entry::new(0x1_2000_0000, 64 * PAGE) });
    let part = |start, pages, protection| Entry {
        protection,
        max_protection: protection,
        needs_copy: true,
        ..Entry::new(start, pages * PAGE)
    };
    let submap = world.submap([
        part(0, 64, 5),
        part(128 * PAGE, 4, 3),
        part(160 * PAGE, 16, 1),
        Entry { user_tag: 33, ..part(192 * PAGE, 2, 3) },
    ]);
    let base = 0x1_8000_0000;
    world.shared_region(PID, base, 0x1_8000_0000, submap, 0);
    world.reserve_arm64(PID);
    let at = |from: u64, to: u64| (base + from, base + to);
    let data = 128 * PAGE;
    world.images = vec![
        image(
            "/usr/lib/libobjc.A.dylib",
            &[at(PAGE, 9 * PAGE), at(data, data + 0x1238), at(160 * PAGE, 162 * PAGE)],
        ),
        image(
            "/usr/lib/system/libdyld.dylib",
            &[at(9 * PAGE, 11 * PAGE), at(data + 0x1240, data + 0x2000)],
        ),
        image("/System/Library/Frameworks/Two Words.framework/a\nb", &[at(60 * PAGE, 64 * PAGE)]),
    ];
    let caller = Caller { uid: 0, gid: 0, pid: 0 };
    let tree = Tree::new(Arc::new(over(world).1), 0, 0);
    let node = tree.resolve(Path::new("500/maps"), &caller).unwrap().node;
    let mut text = Vec::new();
    tree.open(node, &caller).unwrap().fill(&mut text, usize::MAX).unwrap();
    assert_golden("mach_own_maps.txt", &text);
}

// ---- The oracle --------------------------------------------------------------------------------

/// Rows from the bottom up: plain ones, and windows of a submap from an offset on. In pages.
#[derive(Clone, Debug)]
enum Piece {
    Plain(u64, u64),
    Window { gap: u64, pages: u64, submap: usize, offset: u64 },
}

/// Segments in units: of which image, from where, how long.
type Claimed = Vec<(usize, u64, u64)>;

fn pieces() -> impl Strategy<Value = Vec<Piece>> {
    let piece = prop_oneof![
        (0..3u64, 1..6u64).prop_map(|(gap, pages)| Piece::Plain(gap, pages)),
        (0..3u64, 1..12u64, 0..3usize, 0..10u64)
            .prop_map(|(gap, pages, submap, offset)| Piece::Window { gap, pages, submap, offset }),
    ];
    prop::collection::vec(piece, 0..10)
}

fn submaps() -> impl Strategy<Value = Vec<Vec<(u64, u64)>>> {
    prop::collection::vec(prop::collection::vec((0..4u64, 1..5u64), 0..5), 3)
}

fn claimed() -> impl Strategy<Value = Claimed> {
    prop::collection::vec((0..4usize, 0..400u64, 0..40u64), 0..24)
}

const PER_PAGE: u64 = PAGE / UNIT;
const SPAN: usize = 160 * PER_PAGE as usize;

/// What one unit shows: which row, which region in it, and its name.
type Visibility = (usize, usize, String);

/// Every unit on its own.
fn flatten(
    pieces: &[Piece],
    submaps: &[Vec<(u64, u64)>],
    segments: &Claimed,
) -> Vec<Option<Visibility>> {
    let inner = |submap: usize, page: u64| {
        let mut at = 0;
        submaps[submap].iter().position(|(gap, pages)| {
            at += gap + pages;
            (at - pages..at).contains(&page)
        })
    };
    let named = |unit: u64| {
        let mut owners: Vec<usize> = segments
            .iter()
            .filter(|(_, start, size)| (*start..start + size).contains(&unit))
            .map(|(owner, _, _)| *owner)
            .collect();
        owners.sort_unstable();
        owners.dedup();
        match owners[..] {
            [owner] => format!("/{owner}"),
            _ => CACHE.to_owned(),
        }
    };
    let mut shown = vec![None; SPAN];
    let mut at = 1;
    for (number, piece) in pieces.iter().enumerate() {
        let (Piece::Plain(gap, pages) | Piece::Window { gap, pages, .. }) = piece;
        at += gap;
        for page in 0..*pages {
            for unit in (at + page) * PER_PAGE..(at + page + 1) * PER_PAGE {
                shown[unit as usize] = match piece {
                    Piece::Plain(..) => Some((number, 0, "[anon:22]".to_owned())),
                    Piece::Window { submap, offset, .. } => {
                        inner(*submap, offset + page).map(|leaf| (number, leaf, named(unit)))
                    }
                };
            }
        }
        at += pages;
    }
    shown
}

/// Runs of units that show the same.
fn runs(shown: &[Option<Visibility>]) -> Vec<(u64, u64, String)> {
    let mut runs: Vec<(u64, u64, &Visibility)> = Vec::new();
    for (unit, shown) in (0..).zip(shown) {
        let Some(shown) = shown else { continue };
        match runs.last_mut() {
            Some((_, end, last)) if *end == unit && *last == shown => *end += 1,
            _ => runs.push((unit, unit + 1, shown)),
        }
    }
    runs.into_iter().map(|(from, to, shown)| (from * UNIT, to * UNIT, shown.2.clone())).collect()
}

fn build(pieces: &[Piece], submaps: &[Vec<(u64, u64)>], segments: &Claimed) -> World {
    let mut world = world();
    world.caller.pid = PID;
    let ids: Vec<_> = submaps
        .iter()
        .map(|entries| {
            let mut at = 0;
            let entries: Vec<Entry> = entries
                .iter()
                .map(|(gap, pages)| {
                    at += gap + pages;
                    Entry::new((at - pages) * PAGE, pages * PAGE)
                })
                .collect();
            world.submap(entries)
        })
        .collect();
    let mut at = 1;
    for piece in pieces {
        match piece {
            Piece::Plain(gap, pages) => {
                at += gap;
                let entry = Entry { user_tag: 22, ..Entry::new(at * PAGE, pages * PAGE) };
                world.enter(PID, entry);
                at += pages;
            }
            Piece::Window { gap, pages, submap, offset } => {
                at += gap;
                world.shared_region(PID, at * PAGE, pages * PAGE, ids[*submap], offset * PAGE);
                at += pages;
            }
        }
    }
    for (owner, start, size) in segments {
        // Several images with one path, each with one segment, are as good as one.
        world.images.push(image(&format!("/{owner}"), &[(start * UNIT, (start + size) * UNIT)]));
    }
    world
}

fn told(regions: &[Region]) -> Vec<(u64, u64, String)> {
    regions.iter().zip(names(regions)).map(|(it, name)| (it.start, it.end, name)).collect()
}

proptest! {
    #[test]
    fn the_walk_agrees_with_the_naive_oracle(
        pieces in pieces(),
        submaps in submaps(),
        segments in claimed(),
    ) {
        let (model, kernel) = over(build(&pieces, &submaps, &segments));
        let found = regions(&kernel, Detail::Map).unwrap();
        prop_assert_eq!(told(&found), runs(&flatten(&pieces, &submaps, &segments)));
        prop_assert!(found.iter().all(|region| !region.submap));
        prop_assert_eq!(model.count(Call::RegionPathInfo), pieces.len() as u64 + 1);
        prop_assert!(model.count(Call::OwnImages) <= 1);
    }

    #[test]
    fn whatever_changes_between_calls_the_regions_ascend_and_the_walk_ends(
        pieces in pieces(),
        submaps in submaps(),
        changes in prop::collection::vec((0..3usize, 1..20u64, 0..60u64, 1..8u64, any::<bool>()), 0..12),
        images in prop::collection::vec((0..4usize, any::<u64>(), any::<u64>()), 0..9),
    ) {
        let (model, kernel) = over(build(&pieces, &submaps, &Claimed::new()));
        model.world(|world| {
            world.images = images
                .iter()
                .map(|(owner, start, size)| Image {
                    path: format!("/{owner}").into(),
                    segments: vec![Segment { start: *start, size: *size }],
                })
                .collect();
        });
        let calls = [Call::RegionPathInfo, Call::RegionRecurseShort, Call::OwnImages];
        for (call, number, at, pages, map) in changes {
            model.change_at(calls[call], number, move |world| {
                let (from, to) = (at * PAGE, (at + pages) * PAGE);
                if map {
                    world.enter(PID, Entry::new(from, to - from));
                } else {
                    world.unmap(PID, from, to);
                }
            });
        }
        let found = regions(&kernel, Detail::Map).unwrap();
        prop_assert!(found.iter().all(|region| region.start < region.end));
        prop_assert!(found.windows(2).all(|pair| pair[0].end <= pair[1].start));
    }
}

// ---- Number of calls ---------------------------------------------------------------------------

/// `plain` rows, and `windows` submaps of `leaves` regions each, with holes around them.
fn many(plain: u64, windows: u64, leaves: u64) -> World {
    let mut world = world();
    world.caller.pid = PID;
    let entries = (0..leaves).map(|number| Entry::new((2 * number + 1) * PAGE, PAGE));
    let submap = world.submap(entries);
    let window = (2 * leaves + 2) * PAGE;
    for number in 0..windows {
        world.shared_region(PID, 2 * PAGE + number * (window + PAGE), window, submap, 0);
    }
    let behind = 2 * PAGE + windows * (window + PAGE);
    for number in 0..plain {
        world.enter(PID, Entry::new(behind + 2 * number * PAGE, PAGE));
    }
    world
}

#[test]
fn the_number_of_calls_is_linear() {
    for (plain, windows, leaves) in [(1, 0, 0), (10, 1, 10), (1, 100, 10), (5, 3, 20_000)] {
        let (model, kernel) = over(many(plain, windows, leaves));
        let identity = kernel.identity(pid()).unwrap();
        let before = model.count_all();
        let mut walk = kernel.regions(pid(), identity, Detail::Map).unwrap();
        let mut seen = 0;
        while walk.next_region().unwrap().is_some() {
            seen += 1;
        }
        assert_eq!(seen, plain + windows * leaves);
        let (rows, inside) = (plain + windows + 1, windows * (leaves + 1));
        assert_eq!(model.count(Call::RegionPathInfo), rows);
        assert_eq!(model.count(Call::RegionRecurseShort), inside);
        assert_eq!(model.count(Call::OwnImages), u64::from(windows > 0));
        // Flags and identity at the start, at the first region and at the end, one call each; and
        // the stack.
        let others = model.count_all() - before - rows - inside - u64::from(windows > 0);
        assert_eq!(others, 4);
    }
}

#[test]
fn a_region_that_reaches_the_end_of_its_submap_is_known_to_be_the_last() {
    let (model, kernel) = over(own([leaf(0x20, 0x30, 5)], 0x10));
    assert_eq!(regions(&kernel, Detail::Map).unwrap().len(), 3);
    assert_eq!(model.count(Call::RegionRecurseShort), 1);
}

#[test]
fn a_walk_that_is_not_read_as_far_as_the_submap_asks_nothing_about_it() {
    let (model, kernel) = over(text_and_data());
    let mut walk = walk(&kernel, Detail::Map).unwrap();
    walk.next_region().unwrap();
    walk.confirm().unwrap();
    assert_eq!(model.count(Call::RegionRecurseShort) + model.count(Call::OwnImages), 0);
}

// ---- What happens in between -------------------------------------------------------------------

type End = fn(&mut World);

const ENDS: [(&str, End); 4] = [
    ("in exit", |world| world.begin_exit(PID)),
    ("zombie", |world| world.become_zombie(PID)),
    ("reaped", |world| world.reap(PID)),
    ("another", |world| {
        let mut other = ModelProcess::new(500, "other");
        other.unique.unique_id = 9_000;
        other.unique.id_version = 9_000;
        world.reuse(PID, other);
    }),
];

#[test]
fn an_end_at_any_call_is_vanished_and_never_a_short_file() {
    for (stage, end) in ENDS {
        for (call, last) in [(Call::RegionPathInfo, 4), (Call::RegionRecurseShort, 3)] {
            for number in 1..=last {
                let (model, kernel) = over(text_and_data());
                model.change_at(call, number, end);
                let error = regions(&kernel, Detail::Map).unwrap_err();
                assert_eq!(error.kind, ErrorKind::Vanished, "{stage} at {call:?} {number}");
            }
        }
    }
}

fn exec(world: &mut World) {
    world.exec(PID);
    world.enter(PID, Entry::new(0x40 * PAGE, PAGE));
}

#[test]
fn exec_mid_walk_is_vanished() {
    for (call, number) in [
        (Call::RegionPathInfo, 1),
        (Call::RegionPathInfo, 2),
        (Call::RegionRecurseShort, 1),
        (Call::RegionRecurseShort, 3),
    ] {
        let (model, kernel) = over(text_and_data());
        model.change_at(call, number, exec);
        let error = regions(&kernel, Detail::Map).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Vanished, "{call:?} {number}");
    }
}

#[test]
fn identity_is_checked_before_anything() {
    let (model, kernel) = over(text_and_data());
    let stale = kernel.identity(pid()).unwrap();
    model.world(|world| world.exec(PID));
    let error = kernel.regions(pid(), stale, Detail::Map).err().unwrap();
    assert_eq!(error.kind, ErrorKind::Replaced);
    model.world(|world| world.become_zombie(PID));
    assert!(regions(&kernel, Detail::Map).unwrap().is_empty());
}

#[test]
fn confirm_notices_another_image() {
    let (model, kernel) = over(text_and_data());
    let mut walk = walk(&kernel, Detail::Map).unwrap();
    for _ in 0..2 {
        walk.next_region().unwrap();
        walk.confirm().unwrap();
    }
    model.world(exec);
    assert_eq!(walk.confirm().unwrap_err().kind, ErrorKind::Vanished);
}

#[test]
fn restart_asks_dyld_again_and_begins_at_the_bottom() {
    let mut world = text_and_data();
    world.images = vec![image("/usr/lib/a", &[(0x20 * PAGE, 0x28 * PAGE)])];
    let (model, kernel) = over(world);
    for read in 0..6 {
        let mut walk = walk(&kernel, Detail::Map).unwrap();
        for _ in 0..read {
            walk.next_region().unwrap();
        }
        model.world(|world| world.images[0].path = format!("/usr/lib/{read}").into());
        walk.restart().unwrap();
        let found = rest(walk.as_mut()).unwrap();
        let expected = expect([
            (0x10, 0x11, "[heap]"),
            (0x20, 0x28, &format!("/usr/lib/{read}")),
            (0x2a, 0x2c, CACHE),
            (0x80, 0x81, "[anon:IOKIT]"),
        ]);
        assert_eq!(rows(&found), expected, "after {read}");
    }
    let mut walk = walk(&kernel, Detail::Map).unwrap();
    walk.next_region().unwrap();
    model.world(exec);
    assert_eq!(walk.restart().unwrap_err().kind, ErrorKind::Vanished);
}

#[test]
fn a_submap_that_cannot_be_entered_is_one_row() {
    for code in [KernReturn::INVALID_ARGUMENT, KernReturn::INVALID_DEST, KernReturn(5)] {
        let (model, kernel) = over(text_and_data());
        model.at(Call::RegionRecurseShort, 1..=u64::MAX, Fault::KernReturn(code));
        let found = regions(&kernel, Detail::Map);
        if code == KernReturn::INVALID_DEST {
            // The port of a task that is gone.
            assert_eq!(found.unwrap_err().kind, ErrorKind::Vanished);
            continue;
        }
        let found = found.unwrap();
        let expected = [(0x10, 0x11, "[heap]"), (0x20, 0x30, CACHE), (0x80, 0x81, "[anon:IOKIT]")];
        assert_eq!(rows(&found), expect(expected), "{code:?}");
        assert!(found[1].submap);
        assert_eq!((model.count(Call::RegionRecurseShort), model.count(Call::OwnImages)), (1, 0));
    }
}

#[test]
fn a_submap_that_cannot_be_read_to_its_end_is_an_error() {
    let (model, kernel) = over(text_and_data());
    model.at(Call::RegionRecurseShort, 2..=2, Fault::KernReturn(KernReturn::INVALID_ARGUMENT));
    let error = regions(&kernel, Detail::Map).unwrap_err();
    assert_eq!((error.kind, error.code), (ErrorKind::Denied, Code::KernReturn(4)));
    assert_eq!((error.call, error.address), ("mach_vm_region_recurse", Some(0x28 * PAGE)));
}

#[test]
fn empty_answers_inside_a_submap_are_stepped_over_and_do_not_go_on_for_ever() {
    let expected = shown(text_and_data());
    for number in 1..=3 {
        let (model, kernel) = over(text_and_data());
        model.at(Call::RegionRecurseShort, number..=number, Fault::EmptyRegion);
        assert_eq!(rows(&regions(&kernel, Detail::Map).unwrap()), expected, "at {number}");
    }
    let (model, kernel) = over(text_and_data());
    model.at(Call::RegionRecurseShort, 2..=u64::MAX, Fault::EmptyRegion);
    assert_eq!(regions(&kernel, Detail::Map).unwrap_err().kind, ErrorKind::Failed);
    assert!(model.count(Call::RegionRecurseShort) < 30);
}

#[test]
fn a_submap_without_regions_covers_nothing() {
    let expected = expect([(0x10, 0x11, "[heap]"), (0x80, 0x81, "[anon:IOKIT]")]);
    assert_eq!(shown(own([], 0x10)), expected);
    // All of the map there is.
    let mut world = own([], 0x10);
    world.unmap(PID, 0x80 * PAGE, 0x81 * PAGE);
    assert_eq!(shown(world), expected[..1]);
}

/// The submap is replaced by a region that begins below the cursor, and by one behind its end.
#[test]
fn what_takes_the_submaps_place_is_cut_to_it() {
    let (model, kernel) = over(text_and_data());
    model.change_at(Call::RegionRecurseShort, 2, |world| {
        world.enter(PID, Entry { user_tag: 21, ..Entry::new(0x22 * PAGE, 0x20 * PAGE) });
    });
    let found = regions(&kernel, Detail::Map).unwrap();
    let expected = [
        (0x10, 0x11, "[heap]"),
        (0x20, 0x28, CACHE),
        (0x28, 0x30, CACHE),
        (0x30, 0x42, "[anon:IOKIT]"),
        (0x80, 0x81, "[anon:IOKIT]"),
    ];
    assert_eq!(rows(&found), expect(expected));
}

#[test]
fn a_submap_at_the_top_of_the_address_space() {
    let mut world = world();
    world.caller.pid = PID;
    let submap = world.submap([Entry::new(0, 8 * PAGE)]);
    let start = u64::MAX - 4 * PAGE + 1;
    world.shared_region(PID, start, 4 * PAGE, submap, 0);
    world.images = vec![image("/top", &[(start + PAGE, u64::MAX)])];
    let (model, kernel) = over(world);
    let found = regions(&kernel, Detail::Map).unwrap();
    assert_eq!(ranges(&found), [(start, start + PAGE), (start + PAGE, u64::MAX)]);
    assert_eq!(names(&found), [CACHE, "/top"]);
    assert_eq!((model.count(Call::RegionPathInfo), model.count(Call::RegionRecurseShort)), (1, 1));
}
