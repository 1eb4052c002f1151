//! `meminfo` (`fs/proc/meminfo.c`).

use super::super::line::put;
use crate::model::Machine;

/// A line for each sort of memory, in KiB. Darwin's wired memory is shown as unevictable, and its
/// compressor as zswap.
pub fn meminfo(machine: &Machine, out: &mut Vec<u8>) {
    let memory = machine.memory;
    // Memory that is available without swapping: unused, of files, and purgeable.
    let available = [memory.free, memory.file_backed, memory.purgeable]
        .into_iter()
        .fold(0, u64::saturating_add)
        .min(memory.total);
    for (name, bytes) in [
        ("MemTotal", memory.total),
        ("MemFree", memory.free),
        ("MemAvailable", available),
        ("Buffers", 0),
        ("Cached", memory.file_backed),
        ("SwapCached", 0),
        ("Active", memory.active),
        ("Inactive", memory.inactive),
        ("Unevictable", memory.wired),
        ("Mlocked", 0),
        ("SwapTotal", memory.swap_total),
        ("SwapFree", memory.swap_free),
        ("Zswap", memory.compressor),
        ("Zswapped", 0),
        ("Dirty", 0),
        ("Writeback", 0),
        ("AnonPages", memory.anonymous),
        ("Mapped", 0),
        ("Shmem", 0),
        ("KReclaimable", 0),
        ("Slab", 0),
        ("SReclaimable", 0),
        ("SUnreclaim", 0),
        ("KernelStack", 0),
        ("PageTables", 0),
        ("Bounce", 0),
        ("WritebackTmp", 0),
        ("CommitLimit", 0),
        ("Committed_AS", 0),
        ("VmallocTotal", 0),
        ("VmallocUsed", 0),
        ("VmallocChunk", 0),
    ] {
        // A name and its colon take 16 columns, the number at least 8.
        let gap = 15 - name.len();
        put(out, format_args!("{name}:{:gap$}{:>8} kB\n", "", bytes / 1024));
    }
}
