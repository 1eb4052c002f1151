//! Small files: a few values as text.

use std::fmt::{self, Display};
use std::io::Write as _;

/// Appends a text.
pub(super) fn put(out: &mut Vec<u8>, text: fmt::Arguments<'_>) {
    // Writing to a Vec cannot fail.
    let _ = out.write_fmt(text);
}

/// Appends a line with only this value.
pub(super) fn line(out: &mut Vec<u8>, value: impl Display) {
    put(out, format_args!("{value}\n"));
}

/// Appends a line with only this value, or a dash where there is none.
pub(super) fn line_or_dash(out: &mut Vec<u8>, value: Option<impl Display>) {
    match value {
        Some(value) => line(out, value),
        None => out.extend_from_slice(b"-\n"),
    }
}

/// Appends a name in which each of these bytes is written as a backslash and three octal digits, as
/// by Linux's `mangle_path`.
pub(super) fn in_octal(name: &[u8], escape: &[u8], out: &mut Vec<u8>) {
    for byte in name {
        if escape.contains(byte) {
            put(out, format_args!("\\{byte:03o}"));
        } else {
            out.push(*byte);
        }
    }
}
