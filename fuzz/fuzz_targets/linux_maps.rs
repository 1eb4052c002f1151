//! Any bytes as the kernel's `PID/maps`.
#![no_main]

mod fixture;
mod walks;

use libfuzzer_sys::fuzz_target;
use mach_procfs::kernel::Detail;

fuzz_target!(|text: &[u8]| {
    let (regions, _) = fixture::parsed(text, Detail::Map);
    fixture::assert_reads_back(&regions);
});
