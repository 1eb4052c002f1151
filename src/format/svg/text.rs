//! Text in the picture.

/// Escapes text for XML.
pub(super) fn as_xml(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            _ => safe.push(c),
        }
    }
    safe
}

/// A name that can be shown. Control characters are escaped as `maps` escapes newlines, since XML
/// forbids some of them (1.0, section 2.2). Characters that change the direction of text become
/// U+FFFD.
pub(super) fn shown(name: &[u8]) -> String {
    let mut visible = String::with_capacity(name.len());
    for c in String::from_utf8_lossy(name).chars() {
        match c {
            '\0'..='\x1f' | '\x7f' => visible += &format!("\\{:03o}", u32::from(c)),
            '\u{80}'..='\u{9f}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}'
            | '\u{fffe}'
            | '\u{ffff}' => visible.push('\u{fffd}'),
            _ => visible.push(c),
        }
    }
    visible
}

/// The text in at most this many columns. A longer one loses its middle, and keeps more of its end,
/// since the end of a path says more.
pub(super) fn shortened(text: &str, columns: usize) -> String {
    // A character outside of ASCII may be twice as wide.
    let width = |c: char| if c.is_ascii() || c == '…' { 1 } else { 2 };
    if text.chars().map(width).sum::<usize>() <= columns {
        return text.to_owned();
    }
    let fitting = |chars: &mut dyn Iterator<Item = char>, room: usize| -> Vec<char> {
        let mut left = room;
        chars
            .take_while(|c| {
                let fits = width(*c) <= left;
                left = left.saturating_sub(width(*c));
                fits
            })
            .collect()
    };
    let head = columns / 3;
    let begin = fitting(&mut text.chars(), head);
    let end = fitting(&mut text.chars().rev(), columns.saturating_sub(head + 1));
    begin.into_iter().chain(['…']).chain(end.into_iter().rev()).collect()
}

/// A size with a unit: `132 KiB`, `1.6 GiB`.
pub(super) fn size(bytes: u64) -> String {
    const UNITS: [&str; 7] = ["bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    let unit = bytes.checked_ilog2().map_or(0, |log| log as usize / 10);
    let name = UNITS[unit];
    let tenths = (u128::from(bytes) * 10 + (1 << (10 * unit)) / 2) >> (10 * unit);
    match (tenths / 10, tenths % 10) {
        (whole, 0) => format!("{whole} {name}"),
        (whole, _) if whole >= 100 => format!("{} {name}", (tenths + 5) / 10),
        (whole, tenth) => format!("{whole}.{tenth} {name}"),
    }
}

/// A number with its noun, in the plural where it is not 1.
pub(super) fn pluralize(number: u64, one: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    let digits = number.to_string();
    let mut grouped = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("{grouped} {one}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_short() {
        let cases = [
            (0, "0 bytes"),
            (1000, "1000 bytes"),
            (4096, "4 KiB"),
            (135_168, "132 KiB"),
            (1_700_000_000, "1.6 GiB"),
            ((1 << 20) - 1, "1024 KiB"),
            (105 * 1024 + 600, "106 KiB"),
            (u64::MAX, "16 EiB"),
        ];
        for (bytes, text) in cases {
            assert_eq!(size(bytes), text);
        }
    }

    #[test]
    fn what_is_too_long_loses_its_middle() {
        assert_eq!(shortened("/usr/lib/libc.so", 16), "/usr/lib/libc.so");
        assert_eq!(shortened("/usr/lib/libc.so.6", 12), "/usr…bc.so.6");
        assert_eq!(shortened("åäöåäö", 6), "å…ö");
        assert_eq!(shortened("x", 0), "…");
    }

    #[test]
    fn nothing_is_left_that_xml_forbids_or_that_turns_text_around() {
        assert_eq!(shown(b"a\nb\0\x7f\xff"), "a\\012b\\000\\177\u{fffd}");
        assert_eq!(shown("\u{202e}x\u{ffff}".as_bytes()), "\u{fffd}x\u{fffd}");
        assert_eq!(as_xml("<a&b>"), "&lt;a&amp;b&gt;");
    }

    #[test]
    fn counts_are_readable() {
        assert_eq!(pluralize(1, "region"), "1 region");
        assert_eq!(pluralize(65_001, "region"), "65,001 regions");
        assert_eq!(pluralize(0, "region"), "0 regions");
    }
}
