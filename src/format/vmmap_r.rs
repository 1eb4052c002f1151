//! `PID/task/vmmap_r`: the recursive file of the MacFUSE procfs.

use super::{Columns, escaped, range_and_protections};
use crate::model::{BackingKind, Region, UserTag};

/// Bytes of the line at its widest, without the description.
const WIDTH: usize = 17 + 17 + 22 + 8 + 3 * 21;

/// Appends one line: range, size, protections; then the counts of pages resident, swapped out and
/// dirtied, or `(submap)` for a submap that could not be entered; then a description.
pub fn vmmap_r(region: &Region, out: &mut Vec<u8>) {
    let from = out.len();
    let mut columns = Columns::new::<WIDTH>(out);
    range_and_protections(&mut columns, region);
    if region.submap {
        columns.right(b"(submap)", 20);
    } else {
        let pages = region.pages;
        for count in [pages.resident, pages.swapped_out, pages.dirtied] {
            columns.decimal(count, 6);
            columns.skip(1);
        }
        columns.at -= 1;
    }
    columns.skip(1);
    let end = columns.at;
    out.truncate(from + end);
    describe(region, out);
    out.push(b'\n');
}

/// The original's word for the user tag, or for a region without a tag its pseudo-name without the
/// brackets.
fn describe(region: &Region, out: &mut Vec<u8>) {
    let name = region.backing.name.as_slice();
    let bare = name.strip_prefix(b"[").and_then(|name| name.strip_suffix(b"]"));
    match bare {
        _ if region.user_tag != UserTag::NONE => {
            out.extend_from_slice(tag_word(region.user_tag).as_bytes());
        }
        Some(bare) if region.backing.kind == BackingKind::Pseudo => escaped(bare, out),
        _ => out.extend_from_slice(b"unknown"),
    }
}

/// Tags that the original names otherwise than their constants.
fn tag_word(tag: UserTag) -> &'static str {
    match tag.0 {
        31 => "MEMORY_GUARD",
        40 => "AppKit",
        41 => "Foundation",
        42 => "CoreGraphics",
        43 => "Carbon",
        44 => "Java",
        _ => tag.name().unwrap_or("unknown"),
    }
}
