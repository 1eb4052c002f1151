//! Any bytes as the headers of dyld's shared cache.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mach_procfs::kernel::mach::cache::Cache;
use mach_procfs::kernel::xnu::{MOST_MEMORY, SharedCache};

const BASE: u64 = 0x1_8000_0000;

/// So much is mapped from there on: the input, and zeros.
const MAPPED: usize = 4 << 20;

fuzz_target!(|input: &[u8]| {
    let read = |address: u64, buffer: &mut [u8]| {
        let from = address.checked_sub(BASE).and_then(|from| usize::try_from(from).ok());
        let fits = |from: &usize| from.checked_add(buffer.len()).is_some_and(|end| end <= MAPPED);
        let Some(from) = from.filter(fits) else { return false };
        buffer.fill(0);
        if let Some(rest) = input.get(from..) {
            let length = rest.len().min(buffer.len());
            buffer[..length].copy_from_slice(&rest[..length]);
        }
        true
    };
    let Some(cache) = SharedCache::read(1, BASE, &read).and_then(Cache::of) else { return };
    assert!(cache.memory() <= MOST_MEMORY);
    assert_eq!(cache.range.start, BASE);
    let mut at = cache.range.start;
    for _ in 0..10_000 {
        if at >= cache.range.end {
            break;
        }
        let piece = cache.at(at);
        assert!(piece.end > at);
        at = piece.end;
    }
});
