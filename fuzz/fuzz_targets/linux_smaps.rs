//! Any bytes as the kernel's `PID/smaps`.
#![no_main]

mod fixture;
mod walks;

use libfuzzer_sys::fuzz_target;
use mach_procfs::format::{vmmap, vmmap_r};
use mach_procfs::kernel::Detail;

fuzz_target!(|text: &[u8]| {
    let (regions, error) = fixture::parsed(text, Detail::Pages);
    let counts = fixture::parsed(text, Detail::Counts);
    assert_eq!(counts, (regions.clone(), error), "Linux has no submaps to enter");
    let (attributes, _) = fixture::parsed(text, Detail::Attributes);
    let _ = (walks::rendered(vmmap, &attributes), walks::rendered(vmmap_r, &regions));
    fixture::assert_reads_back(&regions);
});
