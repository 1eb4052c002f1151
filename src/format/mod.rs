//! Renderers: values to bytes. They are pure and cannot fail, and know no kernel.
//!
//! A line is laid out in a stretch of spaces at the end of the output, wide enough for its fixed
//! columns, and then cut to length. So padding costs nothing, and the output grows in one place.

mod json;
pub mod line;
pub mod linux;
pub mod macfuse;
mod maps;
mod smaps;
mod svg;
mod vmmap;
mod vmmap_r;

pub use json::vmmap_json;
pub use maps::maps;
pub use smaps::{smaps, smaps_rollup};
pub use svg::vmmap_svg;
pub use vmmap::vmmap;
pub use vmmap_r::vmmap_r;

use crate::model::{Process, Region, Result};

/// Appends the lines that show one region to `out`.
pub type Renderer = fn(&Region, &mut Vec<u8>);

/// A text that shows all regions together.
pub trait Document: Send {
    /// Asks for the process, before the first region, in a document that names it. Other documents
    /// do not ask.
    ///
    /// # Errors
    /// The error of `process`.
    fn about(&mut self, _process: &mut dyn FnMut() -> Result<Process>) -> Result<()> {
        Ok(())
    }

    /// Takes the next region, and appends the text that is complete by now to `out`.
    fn add(&mut self, region: &Region, out: &mut Vec<u8>);

    /// Appends the rest, after the last region.
    fn end(&mut self, out: &mut Vec<u8>);
}

/// Begins a document.
pub type NewDocument = fn() -> Box<dyn Document>;

/// The fixed columns of one line.
struct Columns<'a> {
    line: &'a mut [u8],
    at: usize,
}

impl<'a> Columns<'a> {
    /// Makes room for `WIDTH` bytes of columns at the end of `out`, all spaces.
    #[inline]
    fn new<const WIDTH: usize>(out: &'a mut Vec<u8>) -> Self {
        let from = out.len();
        // The compiler knows the width: a few stores instead of a call.
        out.extend_from_slice(&[b' '; WIDTH]);
        Columns { line: &mut out[from..], at: 0 }
    }

    /// Appends these bytes.
    #[inline]
    fn bytes<const N: usize>(&mut self, bytes: &[u8; N]) {
        self.line[self.at..self.at + N].copy_from_slice(bytes);
        self.at += N;
    }

    /// Appends lower-case hexadecimal digits, at least eight.
    // Inlined by force: a line has three of them, and calls make it a fifth slower.
    #[inline(always)]
    fn hex(&mut self, value: u64) {
        let high = (value >> 32) as u32;
        if high != 0 {
            let digits = (32 - high.leading_zeros() as usize).div_ceil(4);
            // The next eight bytes overwrite the last of these.
            let ascii = hex_digits(high) << (8 * (8 - digits));
            self.line[self.at..self.at + 8].copy_from_slice(&ascii.to_be_bytes());
            self.at += digits;
        }
        self.bytes(&hex_digits(value as u32).to_be_bytes());
    }

    /// Appends lower-case hexadecimal digits, at least two.
    #[inline]
    fn short_hex(&mut self, value: u32) {
        let digit = |shift: u32| HEX[(value >> shift & 0xf) as usize];
        let digits = (32 - value.leading_zeros()).div_ceil(4);
        for place in (2..digits).rev() {
            self.bytes(&[digit(4 * place)]);
        }
        self.bytes(&[digit(4), digit(0)]);
    }

    /// Appends decimal digits, right-aligned in at least `width` columns.
    #[inline]
    fn decimal(&mut self, mut value: u64, width: usize) {
        let digits = value.checked_ilog10().map_or(1, |log| log as usize + 1);
        let end = self.at + digits.max(width);
        let mut at = end;
        while value >= 10 {
            at -= 2;
            self.line[at..at + 2].copy_from_slice(&PAIRS[(value % 100) as usize]);
            value /= 100;
        }
        // The first digit of an odd number of them, or the only one.
        if at > end - digits {
            self.line[at - 1] = b'0' + value as u8;
        }
        self.at = end;
    }

    /// Appends bytes, right-aligned in at least `width` columns.
    #[inline]
    fn right(&mut self, bytes: &[u8], width: usize) {
        self.skip(width.saturating_sub(bytes.len()));
        self.line[self.at..self.at + bytes.len()].copy_from_slice(bytes);
        self.at += bytes.len();
    }

    /// Leaves a number of spaces.
    #[inline]
    fn skip(&mut self, columns: usize) {
        self.at += columns;
    }
}

/// Appends a name: each newline as `\012`, all other bytes as they are, as the kernel does
/// (`seq_path` with the escape set "\n").
fn escaped(name: &[u8], out: &mut Vec<u8>) {
    let mut rest = name;
    while let Some(at) = memchr::memchr(b'\n', rest) {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(b"\\012");
        rest = &rest[at + 1..];
    }
    out.extend_from_slice(rest);
}

const HEX: &[u8; 16] = b"0123456789abcdef";

/// The two digits of each number below 100.
const PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[0; 2]; 100];
    let mut number = 0;
    while number < 100 {
        pairs[number] = [b'0' + (number / 10) as u8, b'0' + (number % 10) as u8];
        number += 1;
    }
    pairs
};

/// The eight hexadecimal digits of a number, all at once, the most significant in the top byte.
#[inline]
fn hex_digits(value: u32) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    // Spread the nibbles over the bytes by halving groups: 16 bits, 8, 4.
    let x = u64::from(value);
    let x = (x & 0xffff_0000) << 16 | x & 0xffff;
    let x = (x & 0x0000_ff00_0000_ff00) << 8 | x & 0x0000_00ff_0000_00ff;
    let x = (x & 0x00f0_00f0_00f0_00f0) << 4 | x & 0x000f_000f_000f_000f;
    // Adding 6 carries into bit 4 of nibbles above 9, which need letters.
    let above_nine = ((x + 6 * ONES) >> 4) & ONES;
    x + u64::from(b'0') * ONES + above_nine * u64::from(b'a' - b'0' - 10)
}

/// Appends the columns that `vmmap` and `vmmap_r` begin with: range, size in KiB, and both
/// protections.
#[inline]
fn range_and_protections(columns: &mut Columns<'_>, region: &Region) {
    columns.hex(region.start);
    columns.bytes(b"-");
    columns.hex(region.end);
    columns.skip(1);
    columns.decimal(region.size() / 1024, 8);
    columns.bytes(b"K ");
    columns.bytes(&region.protection.letters());
    columns.bytes(b"/");
    columns.bytes(&region.max_protection.letters());
    columns.skip(1);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn laid_out(lay: impl Fn(&mut Columns<'_>)) -> String {
        let mut out = Vec::new();
        let mut columns = Columns::new::<64>(&mut out);
        lay(&mut columns);
        let end = columns.at;
        assert!(out[end..].iter().all(|byte| *byte == b' '), "what is behind stays blank");
        out.truncate(end);
        String::from_utf8(out).unwrap()
    }

    proptest! {
        #[test]
        fn numbers_as_the_standard_library_writes_them(value: u64, small: u8, least in 1usize..=8) {
            for value in [value, u64::from(small), value >> 32, 0, u64::MAX] {
                let hex = laid_out(|columns| columns.hex(value));
                prop_assert_eq!(hex, format!("{value:08x}"));
                let short = value as u32 >> (least * 4 - 4);
                let hex = laid_out(|columns| columns.short_hex(short));
                prop_assert_eq!(hex, format!("{short:02x}"));
                let decimal = laid_out(|columns| columns.decimal(value, least));
                prop_assert_eq!(decimal, format!("{value:least$}"));
            }
        }
    }
}
