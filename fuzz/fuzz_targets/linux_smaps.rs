//! Any bytes as the kernel's `PID/smaps`.
#![no_main]

mod fixture;
mod walks;

use libfuzzer_sys::fuzz_target;
use mach_procfs::format::{vmmap, vmmap_r};
use mach_procfs::kernel::Detail;

fuzz_target!(|text: &[u8]| {
    let (regions, error) = fixture::parsed(text, Detail::Pages);
    let attributes = fixture::parsed(text, Detail::Attributes);
    assert_eq!(attributes, (regions.clone(), error), "Linux tells both by the same file");
    let _ = (walks::rendered(vmmap, &regions), walks::rendered(vmmap_r, &regions));
    fixture::assert_reads_back(&regions);
});
