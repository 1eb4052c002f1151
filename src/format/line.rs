//! Small files: a few values as text. Rows of one value are made with these alone.

use std::fmt::{self, Display};
use std::io::Write as _;

use super::escaped;

/// Appends a text.
pub(super) fn put(out: &mut Vec<u8>, text: fmt::Arguments<'_>) {
    // Writing to a Vec cannot fail.
    let _ = out.write_fmt(text);
}

/// Appends a line with only this value.
pub fn line(out: &mut Vec<u8>, value: impl Display) {
    put(out, format_args!("{value}\n"));
}

/// Appends a line with only this value, or a dash where there is none.
pub fn line_or_dash(out: &mut Vec<u8>, value: Option<impl Display>) {
    match value {
        Some(value) => line(out, value),
        None => out.extend_from_slice(b"-\n"),
    }
}

/// Appends a line with only this text, in which newlines are escaped.
pub fn text_line(out: &mut Vec<u8>, text: &[u8]) {
    escaped(text, out);
    out.push(b'\n');
}

/// Appends a number of bytes in KiB, such as `12 KB`, or a dash where there is none.
pub fn kib_or_dash(out: &mut Vec<u8>, bytes: Option<u64>) {
    match bytes {
        Some(bytes) => put(out, format_args!("{} KB\n", bytes / 1024)),
        None => out.extend_from_slice(b"-\n"),
    }
}

/// Appends a time in nanoseconds as the MacFUSE procfs writes times: `1s 20us`.
pub fn time(out: &mut Vec<u8>, nanoseconds: u64) {
    let microseconds = nanoseconds / 1000;
    put(out, format_args!("{}s {}us\n", microseconds / 1_000_000, microseconds % 1_000_000));
}

/// Appends a [`time`], or a dash where there is none.
pub fn time_or_dash(out: &mut Vec<u8>, nanoseconds: Option<u64>) {
    match nanoseconds {
        Some(nanoseconds) => time(out, nanoseconds),
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
