//! Parses numbers in the kernel's text, hexadecimal ones eight bytes at a time.

/// The value and the number of the hexadecimal digits, of either case, at the start of `text`.
/// `None` if there are none, or more than 16.
#[inline]
pub(super) fn hex(text: &[u8]) -> Option<(u64, usize)> {
    let (value, digits) = hex8(chunk(text));
    if digits < 8 {
        return (digits > 0).then_some((u64::from(value), digits));
    }
    let (low, more) = hex8(chunk(&text[8..]));
    if more == 8 && text.get(16).is_some_and(u8::is_ascii_hexdigit) {
        return None;
    }
    Some((u64::from(value) << (4 * more) | u64::from(low), 8 + more))
}

/// The value of twelve hexadecimal digits; `None` if one of the bytes is another character.
#[inline]
pub(super) fn hex12(digits: &[u8; 12]) -> Option<u64> {
    let (high, low) = (chunk(&digits[..8]), chunk(&digits[4..]));
    if not_hex(high) | not_hex(low) != 0 {
        return None;
    }
    Some(u64::from(value(high)) << 16 | u64::from(value(low) & 0xffff))
}

/// Like [`hex`], for a number of mostly two digits, which is faster byte by byte. `None` also if
/// the value does not fit.
#[inline]
pub(super) fn short_hex(text: &[u8]) -> Option<(u32, usize)> {
    let mut value = 0u32;
    let mut digits = 0;
    for byte in text {
        let Some(digit) = char::from(*byte).to_digit(16) else { break };
        value = value.checked_mul(16)? | digit;
        digits += 1;
    }
    (digits > 0).then_some((value, digits))
}

/// The value and the number of the decimal digits at the start of `text`. `None` if there are none,
/// or the value does not fit.
#[inline]
pub(super) fn decimal(text: &[u8]) -> Option<(u64, usize)> {
    let mut value = 0u64;
    let mut digits = 0;
    for byte in text {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            break;
        }
        value = value.checked_mul(10)?.checked_add(u64::from(digit))?;
        digits += 1;
    }
    (digits > 0).then_some((value, digits))
}

/// The first eight bytes, the first of them lowest, zeros after the end of the text.
#[inline]
fn chunk(text: &[u8]) -> u64 {
    match text.first_chunk::<8>() {
        Some(bytes) => u64::from_le_bytes(*bytes),
        None => {
            let mut bytes = [0; 8];
            bytes[..text.len()].copy_from_slice(text);
            u64::from_le_bytes(bytes)
        }
    }
}

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x80 * ONES;

/// The value and the number of the hexadecimal digits at the start of a chunk, all eight bytes at
/// once.
#[inline]
fn hex8(chunk: u64) -> (u32, usize) {
    let digits = not_hex(chunk).trailing_zeros() as usize / 8;
    if digits == 0 {
        return (0, 0);
    }
    // Zeros in front, in place of the bytes after the digits.
    (value(chunk << (64 - 8 * digits)), digits)
}

/// The high bit of each byte is set if the byte is not a hexadecimal digit.
#[inline]
fn not_hex(chunk: u64) -> u64 {
    // The high bit of each byte is set if the byte, below 0x80, is at least `least`.
    let at_least = |bytes: u64, least: u8| bytes + u64::from(0x80 - least) * ONES;
    let ascii = chunk & !HIGH;
    let letter = ascii | (0x20 * ONES);
    let is_decimal = at_least(ascii, b'0') & !at_least(ascii, b'9' + 1);
    let is_letter = at_least(letter, b'a') & !at_least(letter, b'f' + 1);
    (!(is_decimal | is_letter) | chunk) & HIGH
}

/// The value of eight hexadecimal digits. A zero byte counts as 0.
#[inline]
fn value(digits: u64) -> u32 {
    let nibbles = (digits & (0x0f * ONES)) + 9 * ((digits >> 6) & ONES);
    // Join neighbours, the earlier being the more significant: 8 nibbles, 4 bytes, 2, 1.
    let x = ((nibbles << 4) | (nibbles >> 8)) & 0x00ff_00ff_00ff_00ff;
    let x = ((x << 8) | (x >> 16)) & 0x0000_ffff_0000_ffff;
    ((x << 16) | (x >> 32)) as u32
}

/// The text after the spaces at the start of `text`.
#[inline]
pub(super) fn behind_spaces(text: &[u8]) -> &[u8] {
    let mut rest = text;
    loop {
        // Zeros follow the end of the text.
        let other = chunk(rest) ^ (u64::from(b' ') * ONES);
        if other != 0 {
            return &rest[other.trailing_zeros() as usize / 8..];
        }
        rest = &rest[8..];
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn edges() {
        assert_eq!(hex(b""), None);
        assert_eq!(hex(b"g"), None);
        assert_eq!(hex(b"0"), Some((0, 1)));
        assert_eq!(hex(b"ffffffffff600000-"), Some((0xffff_ffff_ff60_0000, 16)));
        assert_eq!(hex(b"FFFFFFFFFF600000"), Some((0xffff_ffff_ff60_0000, 16)));
        assert_eq!(hex(b"00000000000000001"), None);
        assert_eq!(hex(b"12345678"), Some((0x1234_5678, 8)));
        assert_eq!(hex(b"12345678 9"), Some((0x1234_5678, 8)));
        assert_eq!(hex12(b"7fFFffFF1234"), Some(0x7fff_ffff_1234));
        assert_eq!(hex12(b"7fffffff123-"), None);
        assert_eq!(short_hex(b"fe:"), Some((0xfe, 2)));
        assert_eq!(short_hex(b"FFFFFFFFg"), Some((u32::MAX, 8)));
        assert_eq!(short_hex(b"100000000"), None);
        assert_eq!(short_hex(b":"), None);
        assert_eq!(decimal(b"18446744073709551615 "), Some((u64::MAX, 20)));
        assert_eq!(decimal(b"18446744073709551616"), None);
        assert_eq!(decimal(b"x"), None);
    }

    proptest! {
        #[test]
        fn any_bytes_as_a_plain_loop_reads_them(text in proptest::collection::vec(any::<u8>(), 0..24)) {
            prop_assert_eq!(hex(&text), plain(&text));
            let spaces = text.iter().take_while(|byte| **byte == b' ').count();
            prop_assert_eq!(behind_spaces(&text), &text[spaces..]);
        }

        #[test]
        fn any_spaces_are_passed(spaces in 0usize..40, text in "[ !a\n]{0,9}") {
            let text = format!("{:spaces$}{text}", "");
            prop_assert_eq!(behind_spaces(text.as_bytes()), text.trim_start_matches(' ').as_bytes());
        }

        #[test]
        fn any_hex_as_a_plain_loop_reads_it(text in "[0-9a-fA-F@G`g:/]{0,18}") {
            prop_assert_eq!(hex(text.as_bytes()), plain(text.as_bytes()));
            if let Some(twelve) = text.as_bytes().first_chunk::<12>() {
                let value = plain(twelve).filter(|(_, digits)| *digits == 12).map(|(value, _)| value);
                prop_assert_eq!(hex12(twelve), value);
            }
        }
    }

    fn plain(text: &[u8]) -> Option<(u64, usize)> {
        let digits = text.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
        let text = std::str::from_utf8(&text[..digits]).ok()?;
        (digits <= 16).then(|| u64::from_str_radix(text, 16).ok()).flatten().map(|v| (v, digits))
    }
}
