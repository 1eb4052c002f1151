//! `PID/stat`: the state and usage of a process or thread (`do_task_stat`).

use super::scan::decimal;
use crate::model::State;

/// The number of the last field that any kernel has.
const LAST: usize = 52;

/// A parsed `stat`. Fields have the numbers of proc(5).
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Stat<'a> {
    /// Field 2: the short name.
    pub(super) name: &'a [u8],
    /// Field 22: the start in ticks since boot.
    pub(super) start: u64,
    /// Field 23: the size of its address space in bytes, 0 where it has none.
    pub(super) size: u64,
    fields: [&'a [u8]; LAST + 1],
}

/// `None` if the name, the start or the size is missing.
pub(super) fn parse_stat(text: &[u8]) -> Option<Stat<'_>> {
    let (name, rest) = split_name(text)?;
    let mut stat = Stat { name, start: 0, size: 0, fields: [b""; LAST + 1] };
    let words = rest.trim_ascii().split(|byte| *byte == b' ');
    for (field, word) in stat.fields[3..].iter_mut().zip(words) {
        *field = word;
    }
    stat.start = stat.number(22)?;
    stat.size = stat.number(23)?;
    Some(stat)
}

/// The name, and the text after it. The name is in parentheses and may itself have any of `) (` and
/// newlines, so the last `)` ends it.
pub(super) fn split_name(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let open = memchr::memchr(b'(', text)?;
    let close = memchr::memrchr(b')', text)?;
    Some((text.get(open + 1..close)?, &text[close + 1..]))
}

impl Stat<'_> {
    /// The field of this number, at most [`LAST`], if it exists and is a number.
    pub(super) fn number(&self, field: usize) -> Option<u64> {
        whole_decimal(self.fields[field])
    }

    /// The field of this number, which may be negative.
    pub(super) fn signed(&self, field: usize) -> Option<i64> {
        let text = self.fields[field];
        match text.strip_prefix(b"-") {
            Some(text) => 0i64.checked_sub_unsigned(whole_decimal(text)?),
            None => i64::try_from(whole_decimal(text)?).ok(),
        }
    }

    /// Field 3: the state.
    pub(super) fn state(&self) -> Option<State> {
        Some(match self.fields[3] {
            b"R" => State::Running,
            b"S" => State::Sleeping,
            // Parked, or before 3.14 about to be killed or woken: signals do not end these either.
            b"D" | b"P" | b"K" | b"W" => State::Waiting,
            b"T" => State::Stopped,
            b"t" => State::Traced,
            b"Z" => State::Zombie,
            b"X" | b"x" => State::Dead,
            b"I" => State::Idle,
            _ => return None,
        })
    }
}

fn whole_decimal(text: &[u8]) -> Option<u64> {
    decimal(text).filter(|(_, digits)| *digits == text.len()).map(|(value, _)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_parentheses() {
        let text = b"42 (a) b (c) S -1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 1234 20 21\n";
        let stat = parse_stat(text).unwrap();
        assert_eq!((stat.name, stat.start, stat.size), (&b"a) b (c"[..], 1234, 20));
        assert_eq!(stat.state(), Some(State::Sleeping));
        assert_eq!((stat.signed(4), stat.number(4)), (Some(-1), None));
        assert_eq!((stat.number(24), stat.number(25), stat.number(LAST)), (Some(21), None, None));
        assert_eq!(parse_stat(b"42 (x) S 1 2"), None);
        assert_eq!(parse_stat(b")("), None);
        assert_eq!(parse_stat(b""), None);
    }

    #[test]
    fn numbers_that_are_none() {
        let line = |word: &str| format!("1 (x) ? {word}{} 1 1", " 0".repeat(17));
        for word in ["-", "--1", "1x", "", "9223372036854775808"] {
            let text = line(word);
            let stat = parse_stat(text.as_bytes()).unwrap();
            assert_eq!((stat.signed(4), stat.state()), (None, None), "{word}");
        }
        let lowest = line("-9223372036854775808");
        assert_eq!(parse_stat(lowest.as_bytes()).unwrap().signed(4), Some(i64::MIN));
    }
}
