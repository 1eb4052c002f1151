//! `PID/task/vmmap`: the line of the MacFUSE procfs.

use super::{Columns, range_and_protections};
use crate::model::Region;

/// The head, four columns and two fields at their widest, and the digits' room.
const WIDTH: usize = 17 + 17 + 22 + 8 + 12 + 7 + 11 + 11 + 6 + 16;

/// One line: range, size, protections, inheritance, shared or not, behaviour, wired count, submap.
pub fn vmmap(region: &Region, out: &mut Vec<u8>) {
    let from = out.len();
    let mut columns = Columns::new(out, WIDTH);
    range_and_protections(&mut columns, region);
    word(&mut columns, &["SHARE", "COPY", "NONE", "DONATE_COPY"], region.inheritance.0, 11);
    columns.skip(1);
    columns.right(if region.shared { b"shared" } else { b"-" }, 6);
    columns.skip(1);
    word(&mut columns, &BEHAVIORS, region.behavior.0, 10);
    columns.bytes(b" uwir=");
    columns.decimal(u64::from(region.user_wired_count), 1);
    columns.bytes(if region.submap { b" sub=1\n" } else { b" sub=0\n" });
    let end = columns.at;
    out.truncate(from + end);
}

/// By number. The fourth is the original's own misspelling, which scripts may look for.
const BEHAVIORS: [&str; 6] = ["DEFAULT", "RANDOM", "SEQUENTIAL", "RESQNTL", "WILLNEED", "DONTNEED"];

/// The word for a number, or the number where there is none, right-aligned.
#[inline]
fn word(columns: &mut Columns<'_>, words: &[&str], number: u32, width: usize) {
    match words.get(number as usize) {
        Some(word) => columns.right(word.as_bytes(), width),
        None => columns.decimal(u64::from(number), width),
    }
}
