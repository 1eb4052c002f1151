//! Any bytes as the beginning of a Mach-O file, whose segments are then looked for in memory.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mach_procfs::kernel::xnu::macho::{MachO, MachOSegment};

/// `VM_PROT_WRITE`.
const WRITE: u32 = 2;

/// The largest page of any task, in which the end of a segment is mapped whole.
const PAGE: u64 = 16_384;

/// Addresses of the header in memory.
const BASES: [u64; 4] = [0, 0x1_0460_0000, 0x7fff_0000_0000, u64::MAX - PAGE];

fuzz_target!(|bytes: &[u8]| {
    let Some(file) = MachO::parse(bytes) else { return };
    assert!(file.segments.len() <= bytes.len() / 72);
    assert_eq!(MachO::parse(&file.header()).as_ref(), Some(&file));
    for base in BASES {
        let header = file.segments.iter().find(|it| it.file_offset == 0 && it.file_size >= 32);
        let slide = base.wrapping_sub(header.map_or(0, |it| it.address));
        for segment in file.segments.iter().take(16) {
            let at = segment.address.wrapping_add(slide);
            for (start, end) in ranges(at, segment) {
                for writable in [false, true] {
                    check(&file, base, slide, start..end, writable);
                }
            }
        }
    }
});

/// Ranges in and around a segment.
fn ranges(at: u64, segment: &MachOSegment) -> impl Iterator<Item = (u64, u64)> {
    let edges = [0, 1, PAGE, segment.file_size, segment.file_size.wrapping_add(PAGE), segment.size];
    let edges = edges.map(|by| at.wrapping_add(by));
    let starts = [at.wrapping_sub(PAGE)].into_iter().chain(edges);
    starts.flat_map(move |start| edges.map(|end| (start, end)))
}

/// A range that is the file's is in the part of a segment that is in the file, at the right place.
fn check(file: &MachO, base: u64, slide: u64, range: std::ops::Range<u64>, writable: bool) {
    let Some(offset) = file.file_offset(base, range.start, range.end, writable) else { return };
    assert!(range.start < range.end);
    let inside = file.segments.iter().any(|it| {
        let at = it.address.wrapping_add(slide);
        let end_of_file = u128::from(it.file_offset) + u128::from(it.file_size);
        let end = u128::from(offset) + u128::from(range.end - range.start);
        it.file_offset <= offset
            && offset - it.file_offset == range.start.wrapping_sub(at)
            && end < end_of_file + u128::from(PAGE)
            && (!writable || it.protection & WRITE != 0)
    });
    assert!(inside, "{range:x?} at {offset:#x} of {file:x?}");
}
