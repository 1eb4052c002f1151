//! One region to bytes: pure and infallible, the same for every kernel.
//!
//! A line is first laid out in a stretch of spaces at the end of the output, wide enough for its
//! fixed columns, and then cut to length: padding costs nothing, and there is one place to grow.

mod maps;
mod vmmap;
mod vmmap_r;

pub use maps::maps;
pub use vmmap::vmmap;
pub use vmmap_r::vmmap_r;

use crate::model::Region;

/// Turns one region into the lines that show it, at the end of `out`.
pub type Renderer = fn(&Region, &mut Vec<u8>);

/// The fixed columns of one line, as they are laid out.
struct Columns<'a> {
    line: &'a mut [u8],
    at: usize,
}

impl<'a> Columns<'a> {
    /// Room for `width` bytes of columns at the end of `out`, all spaces.
    #[inline]
    fn new(out: &'a mut Vec<u8>, width: usize) -> Self {
        let from = out.len();
        out.resize(from + width, b' ');
        Columns { line: &mut out[from..], at: 0 }
    }

    /// These bytes as they are.
    #[inline]
    fn bytes(&mut self, bytes: &[u8]) {
        self.line[self.at..self.at + bytes.len()].copy_from_slice(bytes);
        self.at += bytes.len();
    }

    /// Lower-case hexadecimal digits, at least `least` (at most 8) of them. Needs 16 bytes of
    /// room, of which those behind the digits come out as spaces.
    #[inline]
    fn hex(&mut self, value: u64, least: usize) {
        let significant = (64 - value.leading_zeros() as usize).div_ceil(4);
        let digits = significant.max(least);
        let ascii = u128::from(hex_digits((value >> 32) as u32)) << 64
            | u128::from(hex_digits(value as u32));
        // `digits` is 1 to 16, so the shift leaves at least one digit; spaces move in behind.
        let blank = 8 * (16 - digits);
        let spaces = SPACES & !(u128::MAX << blank);
        let shifted = ascii << blank | spaces;
        self.line[self.at..self.at + 16].copy_from_slice(&shifted.to_be_bytes());
        self.at += digits;
    }

    /// Decimal digits, right-aligned in at least `width` columns.
    #[inline]
    fn decimal(&mut self, mut value: u64, width: usize) {
        let mut digits = [0; 20];
        let mut first = 20;
        loop {
            first -= 1;
            digits[first] = b'0' + (value % 10) as u8;
            value /= 10;
            if value == 0 {
                break;
            }
        }
        self.right(&digits[first..], width);
    }

    /// These bytes, right-aligned in at least `width` columns.
    #[inline]
    fn right(&mut self, bytes: &[u8], width: usize) {
        self.skip(width.saturating_sub(bytes.len()));
        self.bytes(bytes);
    }

    /// Leaves this many spaces.
    #[inline]
    fn skip(&mut self, columns: usize) {
        self.at += columns;
    }
}

/// A name as it may stand in a line: each newline as `\012`, all other bytes as they are, which is
/// what the kernel does (`seq_path` with the escape set "\n").
fn escaped(name: &[u8], out: &mut Vec<u8>) {
    let mut rest = name;
    while let Some(at) = memchr::memchr(b'\n', rest) {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(b"\\012");
        rest = &rest[at + 1..];
    }
    out.extend_from_slice(rest);
}

const SPACES: u128 = u128::from_be_bytes([b' '; 16]);

/// The eight hexadecimal digits of a number, the most significant in the top byte, all at once.
#[inline]
fn hex_digits(value: u32) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    // Spread the nibbles over the bytes, halving the groups: 16 bits, 8, 4.
    let x = u64::from(value);
    let x = (x & 0xffff_0000) << 16 | x & 0xffff;
    let x = (x & 0x0000_ff00_0000_ff00) << 8 | x & 0x0000_00ff_0000_00ff;
    let x = (x & 0x00f0_00f0_00f0_00f0) << 4 | x & 0x000f_000f_000f_000f;
    // Adding 6 carries into bit 4 of those above 9, which need the letters.
    let above_nine = ((x + 6 * ONES) >> 4) & ONES;
    x + u64::from(b'0') * ONES + above_nine * u64::from(b'a' - b'0' - 10)
}

/// The columns that `vmmap` and `vmmap_r` begin with: range, size in KiB, and both protections.
#[inline]
fn range_and_protections(columns: &mut Columns<'_>, region: &Region) {
    columns.hex(region.start, 8);
    columns.bytes(b"-");
    columns.hex(region.end, 8);
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
        let mut columns = Columns::new(&mut out, 64);
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
                let hex = laid_out(|columns| columns.hex(value, least));
                prop_assert_eq!(hex, format!("{value:0least$x}"));
                let decimal = laid_out(|columns| columns.decimal(value, least));
                prop_assert_eq!(decimal, format!("{value:least$}"));
            }
        }
    }
}
