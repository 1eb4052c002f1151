//! Ranges of addresses, by which the kernel names regions that map a file.

use std::fmt;

/// The addresses of a region.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AddressRange {
    /// The first address.
    pub start: u64,
    /// The address after the last.
    pub end: u64,
}

impl AddressRange {
    /// The range written as the name of a file: two hexadecimal numbers without a leading zero, and
    /// a dash between them.
    #[must_use]
    pub fn from_name(name: &[u8]) -> Option<Self> {
        let (start, end) = std::str::from_utf8(name).ok()?.split_once('-')?;
        let hex = |digits| u64::from_str_radix(digits, 16).ok();
        let range = AddressRange { start: hex(start)?, end: hex(end)? };
        // Written otherwise, with a sign or a zero in front, it is another name.
        (range.to_string().as_bytes() == name).then_some(range)
    }
}

impl fmt::Display for AddressRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}-{:x}", self.start, self.end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_range_is_its_name(start: u64, end: u64) {
            let range = AddressRange { start, end };
            prop_assert_eq!(AddressRange::from_name(range.to_string().as_bytes()), Some(range));
        }
    }

    #[test]
    fn other_names_are_no_range() {
        let names: [&[u8]; 10] = [
            b"",
            b"-",
            b"1000",
            b"1000-",
            b"-1000",
            b"01000-2000",
            b"+1000-2000",
            b"1000-2000-3000",
            b"1000-200G",
            b"\xff-1000",
        ];
        for name in names {
            assert_eq!(AddressRange::from_name(name), None, "{name:?}");
        }
        assert_eq!(AddressRange::from_name(b"A000-B000"), None, "the kernel writes small letters");
        assert_eq!(AddressRange::from_name(b"0-10000000000000000"), None, "17 digits");
    }
}
