//! The parser of the shared cache's headers, as several systems have them, and as no system has.

use std::cell::Cell;

use mach_procfs::kernel::mach::cache::{Cache, Piece};
use mach_procfs::kernel::xnu::{Image, MOST_MEMORY, Segment, SharedCache};
use mach_procfs::model::Protection;
use proptest::prelude::*;
use xnu_model::{CacheForm, Memory, SyntheticCache};

const BASE: u64 = 0x1_8000_0000;

fn image(path: &str, segments: &[(u64, u64)]) -> Image {
    let segment = |(start, size): &(u64, u64)| Segment { start: BASE + start, size: *size };
    Image { path: path.into(), segments: segments.iter().map(segment).collect() }
}

/// Text, data and link-edit data; text of another file behind a hole, where the form has others.
fn cache(form: CacheForm) -> SyntheticCache {
    let at = |from: u64, to: u64, protection| (BASE + from..BASE + to, protection);
    let mut files =
        vec![vec![at(0, 0x10_0000, 5), at(0x10_0000, 0x18_0000, 3), at(0x20_0000, 0x28_0000, 1)]];
    let mut images = vec![
        image("/usr/lib/libSystem.B.dylib", &[(0x8000, 0x8000), (0x10_0000, 0x1238)]),
        image("/usr/lib/libobjc.A.dylib", &[(0x1_0000, 0x4000), (0x10_1240, 0x100)]),
    ];
    if form != CacheForm::MacOs11 {
        files.push(vec![at(0x30_0000, 0x38_0000, 5), at(0x38_0000, 0x39_0000, 1)]);
        files.push(vec![at(0x39_0000, 0x40_0000, 1)]);
        images.push(image("/usr/lib/far.dylib", &[(0x30_4000, 0x4000), (0x10_2000, 0x800)]));
    }
    SyntheticCache { form, slide: 0x1_4000, files, images }
}

fn parsed(memory: &Memory, start: u64) -> Option<Cache> {
    SharedCache::read(1, start, &|address, buffer| memory.read(address, buffer).is_ok())
        .and_then(Cache::of)
}

fn read(cache: &SyntheticCache) -> Option<Cache> {
    parsed(&cache.memory(), cache.range().start)
}

/// All of its pieces, by addresses before the slide from the base on.
fn pieces(cache: &SyntheticCache) -> Vec<(u64, u64, String, u8)> {
    let read = read(cache).unwrap();
    assert_eq!(read.range, cache.range());
    let (mut at, mut found) = (read.range.start, Vec::new());
    while at < read.range.end {
        let Piece { end, path, protection } = read.at(at);
        assert!(end > at);
        let path = String::from_utf8(path.unwrap_or_default().to_vec()).unwrap();
        let unslid = |address: u64| address - cache.slide - BASE;
        found.push((unslid(at), unslid(end), path, protection.map_or(9, Protection::bits)));
        at = end;
    }
    found
}

fn expect<const N: usize>(rows: [(u64, u64, &str, u8); N]) -> Vec<(u64, u64, String, u8)> {
    rows.map(|(from, to, path, protection)| (from, to, path.to_owned(), protection)).into()
}

const SYSTEM: &str = "/usr/lib/libSystem.B.dylib";
const OBJC: &str = "/usr/lib/libobjc.A.dylib";
const FAR: &str = "/usr/lib/far.dylib";

#[test]
fn a_single_file_has_its_table_where_it_was_at_first() {
    let expected = expect([
        (0, 0x8000, "", 5),
        (0x8000, 0x1_0000, SYSTEM, 5),
        (0x1_0000, 0x1_4000, OBJC, 5),
        (0x1_4000, 0x10_0000, "", 5),
        (0x10_0000, 0x10_1238, SYSTEM, 3),
        (0x10_1238, 0x10_1240, "", 3),
        (0x10_1240, 0x10_1340, OBJC, 3),
        (0x10_1340, 0x18_0000, "", 3),
        (0x18_0000, 0x20_0000, "", 9),
        (0x20_0000, 0x28_0000, "", 1),
    ]);
    assert_eq!(pieces(&cache(CacheForm::MacOs11)), expected);
}

#[test]
fn several_files_are_one_cache_by_entries_of_either_size() {
    let expected = expect([
        (0, 0x8000, "", 5),
        (0x8000, 0x1_0000, SYSTEM, 5),
        (0x1_0000, 0x1_4000, OBJC, 5),
        (0x1_4000, 0x10_0000, "", 5),
        (0x10_0000, 0x10_1238, SYSTEM, 3),
        (0x10_1238, 0x10_1240, "", 3),
        (0x10_1240, 0x10_1340, OBJC, 3),
        (0x10_1340, 0x10_2000, "", 3),
        (0x10_2000, 0x10_2800, FAR, 3),
        (0x10_2800, 0x18_0000, "", 3),
        (0x18_0000, 0x20_0000, "", 9),
        (0x20_0000, 0x28_0000, "", 1),
        (0x28_0000, 0x30_0000, "", 9),
        (0x30_0000, 0x30_4000, "", 5),
        (0x30_4000, 0x30_8000, FAR, 5),
        (0x30_8000, 0x38_0000, "", 5),
        // Of two files, and mapped alike.
        (0x38_0000, 0x40_0000, "", 1),
    ]);
    assert_eq!(pieces(&cache(CacheForm::MacOs12)), expected);
    assert_eq!(pieces(&cache(CacheForm::MacOs13)), expected);
}

#[test]
fn a_cache_as_large_as_a_macs_is_indexed_within_its_limit() {
    let mut large = cache(CacheForm::MacOs13);
    let at = |from: u64, to: u64, protection| (BASE + from..BASE + to, protection);
    large.files[0] = vec![at(0, 0x1000_0000, 5), at(0x1000_0000, 0x2000_0000, 3)];
    large.files.truncate(1);
    large.images = (0..4_000_u64)
        .map(|number| {
            let path = format!("/System/Library/PrivateFrameworks/{number:0>64}.framework/Long");
            let segment = |part: u64| (0x1000_0000 + part * 0x100_0000 + number * 0x1000, 0x800);
            let text = [(0x10_0000 + number * 0x4000, 0x4000)];
            image(&path, &text.into_iter().chain((0..6_u64).map(segment)).collect::<Vec<_>>())
        })
        .collect();
    let index = read(&large).unwrap();
    assert!(index.memory() < MOST_MEMORY / 2, "{}", index.memory());
    let inside = BASE + large.slide + 0x1400_0000 + 77 * 0x1000 + 0x7ff;
    assert!(index.at(inside).path.unwrap().ends_with(b"/Long"));
}

#[test]
fn what_cannot_be_read_or_does_not_fit_is_no_cache() {
    let whole = cache(CacheForm::MacOs13);
    let range = whole.range();
    let is_none = |change: &dyn Fn(&mut Memory)| {
        let mut memory = whole.memory();
        change(&mut memory);
        parsed(&memory, range.start).is_none()
    };
    assert!(!is_none(&|_| {}));
    let header_of_far = range.start + 0x30_4000;
    for hole in [range.start, range.start + 0x300, range.start + 0x30_0000, header_of_far] {
        assert!(is_none(&|memory| memory.unmap(&(hole..hole + 1))), "{hole:#x}");
    }
    // The header's words and those of its tables, each far too large.
    for at in [0, 16, 20, 224, 392, 396, 448, 452] {
        let huge = [0xff; 4];
        assert!(is_none(&|memory| memory.put(range.start + at, &huge)), "{at}");
    }
    // An image that reaches over the end, one with no header, one with commands of no size.
    let longer = 0x1000_0000_0000_u64.to_le_bytes();
    assert!(is_none(&|memory| memory.put(header_of_far + 32 + 32, &longer)));
    assert!(is_none(&|memory| memory.put(header_of_far, &[0; 4])));
    assert!(is_none(&|memory| memory.put(header_of_far + 36, &[0; 4])));
    assert!(parsed(&whole.memory(), range.start + 0x4000).is_none(), "not where a header is");
    assert!(parsed(&Memory::default(), range.start).is_none());
}

#[test]
fn files_and_mappings_lie_apart_and_behind_the_first() {
    let mut twice = cache(CacheForm::MacOs13);
    twice.files[1][0].0.start = BASE + 0x27_0000;
    assert!(read(&twice).is_none());
    let mut empty = cache(CacheForm::MacOs13);
    empty.files[0].push((BASE..BASE, 1));
    assert_eq!(pieces(&empty), pieces(&cache(CacheForm::MacOs13)));
}

#[test]
fn a_path_may_end_where_the_mapping_ends() {
    let mut cache = cache(CacheForm::MacOs11);
    cache.slide = 0;
    let mut memory = cache.memory();
    let path = BASE + 0x10_0000 - 6;
    memory.unmap(&(BASE + 0x10_0000..BASE + 0x18_0000));
    memory.put(path, b"/a/b\0");
    let rows = 320 + 3 * 32;
    memory.put(BASE + rows + 24, &0xf_fffa_u32.to_le_bytes());
    let read = parsed(&memory, BASE).unwrap();
    assert_eq!(read.at(BASE + 0x8000).path, Some(&b"/a/b"[..]));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn hostile_bytes_do_no_harm(
        form in prop::sample::select(vec![
            CacheForm::MacOs11, CacheForm::MacOs12, CacheForm::MacOs13,
        ]),
        changes in prop::collection::vec((0..3usize, 0..800u64, any::<u64>(), 1..9usize), 0..8),
        holes in prop::collection::vec((0..0x40_0000u64, 1..0x1_0000u64), 0..2),
        addresses in prop::collection::vec(any::<u64>(), 0..8),
    ) {
        let whole = cache(form);
        let start = whole.range().start;
        let mut memory = whole.memory();
        for (place, at, value, length) in changes {
            let place = [0, 0x8000, 0x30_4000][place];
            memory.put(start + place + at, &value.to_le_bytes()[..length.min(8)]);
        }
        for (at, size) in holes {
            memory.unmap(&(start + at..start + at + size));
        }
        let reads = Cell::new(0u32);
        let found = SharedCache::read(1, start, &|address, buffer| {
            reads.set(reads.get() + 1);
            memory.read(address, buffer).is_ok()
        });
        let found = found.and_then(Cache::of);
        prop_assert!(reads.get() < 200_000);
        if let Some(found) = found {
            prop_assert!(found.memory() <= MOST_MEMORY);
            for address in addresses {
                prop_assert!(found.at(address).end > address || address == u64::MAX);
            }
            let mut at = found.range.start;
            for _ in 0..1_000 {
                at = found.at(at).end;
            }
        }
    }
}
