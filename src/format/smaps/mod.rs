//! `PID/smaps` and `PID/smaps_rollup`, in Linux's grammar (`fs/proc/task_mmu.c`, `show_smap` and
//! `show_smaps_rollup`), for a kernel that reports less than Linux. Keys without a source are 0.

mod amounts;
mod rollup;

pub use rollup::smaps_rollup;

use self::amounts::{Amounts, Record};
use super::{Columns, maps};
use crate::model::{Behavior, Inheritance, Protection, Region, Sharing};

/// Appends the line of `maps`, one for each key, and one of flags.
pub fn smaps(region: &Region, out: &mut Vec<u8>) {
    maps(region, out);
    amount(b"Size:           ", region.size(), out);
    amount(b"KernelPageSize: ", region.pages.page_size, out);
    amount(b"MMUPageSize:    ", region.pages.page_size, out);
    Amounts::of(region).show(Record::Region, out);
    out.extend_from_slice(b"THPeligible:           0\n");
    flags(region, out);
}

/// The bytes of a key's line with the widest number of KiB.
const WIDTH: usize = 16 + 17 + 4;

fn amount(key: &[u8; 16], bytes: u64, out: &mut Vec<u8>) {
    let from = out.len();
    let mut columns = Columns::new::<WIDTH>(out);
    columns.bytes(key);
    columns.decimal(bytes / 1024, 8);
    columns.bytes(b" kB\n");
    let end = columns.at;
    out.truncate(from + end);
}

/// Flags and their letters, in the order of Linux's bits (`show_smap_vma_flags`).
fn flags(region: &Region, out: &mut Vec<u8>) {
    let may = region.max_protection.union(region.protection);
    let shared = region.sharing == Sharing::Shared;
    let codes = [
        (region.protection.contains(Protection::READ), b"rd "),
        (region.protection.contains(Protection::WRITE), b"wr "),
        (region.protection.contains(Protection::EXECUTE), b"ex "),
        // Linux removes it from a mapping that may never be written to (`do_mmap`).
        (shared && may.contains(Protection::WRITE), b"sh "),
        (may.contains(Protection::READ), b"mr "),
        (may.contains(Protection::WRITE), b"mw "),
        (may.contains(Protection::EXECUTE), b"me "),
        (shared, b"ms "),
        (region.user_wired_count > 0, b"lo "),
        (region.behavior == Behavior::SEQUENTIAL, b"sr "),
        (region.behavior == Behavior::RANDOM, b"rr "),
        (region.inheritance == Inheritance::NONE, b"dc "),
    ];
    // Linux's regions have at least one flag, and psutil fails on a line with none.
    if codes.iter().all(|(set, _)| !set) {
        return;
    }
    out.extend_from_slice(b"VmFlags: ");
    for (_, code) in codes.iter().filter(|(set, _)| *set) {
        out.extend_from_slice(*code);
    }
    out.push(b'\n');
}
