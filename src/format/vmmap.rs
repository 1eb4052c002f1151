//! `PID/task/vmmap`: the line of the MacFUSE procfs.

use super::{Columns, range_and_protections};
use crate::model::Region;

/// Bytes of the line at its widest: the head, four columns and two fields.
const WIDTH: usize = 17 + 17 + 22 + 8 + 12 + 7 + 11 + 11 + 7;

/// Appends one line: range, size, protections, inheritance, shared or not, behaviour, wired count,
/// submap.
pub fn vmmap(region: &Region, out: &mut Vec<u8>) {
    let from = out.len();
    let mut columns = Columns::new::<WIDTH>(out);
    range_and_protections(&mut columns, region);
    word(&mut columns, &INHERITANCES, region.inheritance.0);
    columns.bytes(if region.shared { b" shared " } else { b"      - " });
    word(&mut columns, &BEHAVIORS, region.behavior.0);
    columns.bytes(b" uwir=");
    columns.decimal(u64::from(region.user_wired_count), 1);
    columns.bytes(if region.submap { b" sub=1\n" } else { b" sub=0\n" });
    let end = columns.at;
    out.truncate(from + end);
}

/// `VM_INHERIT_*` by number, right-aligned.
const INHERITANCES: [&[u8; 11]; 4] =
    [b"      SHARE", b"       COPY", b"       NONE", b"DONATE_COPY"];

/// `VM_BEHAVIOR_*` by number, right-aligned. The fourth is the original's own misspelling, which
/// scripts may look for.
const BEHAVIORS: [&[u8; 10]; 6] =
    [b"   DEFAULT", b"    RANDOM", b"SEQUENTIAL", b"   RESQNTL", b"  WILLNEED", b"  DONTNEED"];

/// The word for a number, or the number where there is none, right-aligned.
#[inline]
fn word<const N: usize>(columns: &mut Columns<'_>, words: &[&[u8; N]], number: u32) {
    match words.get(number as usize) {
        Some(word) => columns.bytes(word),
        None => columns.decimal(u64::from(number), N),
    }
}
