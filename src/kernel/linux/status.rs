//! `PID/status` and `PID/stat`: who a process is (`fs/proc/array.c`).

use super::scan::{decimal, hex};
use crate::model::Ids;

/// What `status` tells of a process.
pub(super) struct Status {
    /// `Tgid`: the process that a thread belongs to.
    pub(super) process: u32,
    /// `PPid`, 0 for none.
    pub(super) parent: u32,
    pub(super) uid: Ids,
    pub(super) gid: Ids,
    /// `CapPrm`.
    pub(super) capabilities: u64,
}

/// Reads the lines that matter. `None` where one is missing or malformed.
pub(super) fn parse_status(text: &[u8]) -> Option<Status> {
    let line =
        |key: &[u8]| text.split(|byte| *byte == b'\n').find_map(|line| line.strip_prefix(key));
    let field = |key: &[u8]| line(key).map(numbers);
    let ids = |key| {
        let mut found = field(key)?;
        Some(Ids { real: found.next()?, effective: found.next()?, saved: found.next()? })
    };
    Some(Status {
        process: field(b"Tgid:")?.next()?,
        parent: field(b"PPid:")?.next()?,
        uid: ids(b"Uid:")?,
        gid: ids(b"Gid:")?,
        capabilities: hex(line(b"CapPrm:")?.trim_ascii_start())?.0,
    })
}

fn numbers(text: &[u8]) -> impl Iterator<Item = u32> + '_ {
    text.split(u8::is_ascii_whitespace)
        .filter(|word| !word.is_empty())
        .map_while(|word| u32::try_from(decimal(word)?.0).ok())
}

/// What `stat` tells of a process.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Stat<'a> {
    /// The short name.
    pub(super) name: &'a [u8],
    /// Field 22: the start in ticks since boot.
    pub(super) start: u64,
    /// Field 23: the size of its address space in bytes, 0 where it has none.
    pub(super) size: u64,
}

/// The name stands in parentheses and may itself hold any of `) (` and newlines, so its end is the
/// last `)`.
pub(super) fn parse_stat(text: &[u8]) -> Option<Stat<'_>> {
    let open = memchr::memchr(b'(', text)?;
    let close = memchr::memrchr(b')', text)?;
    let name = text.get(open + 1..close)?;
    let mut words = text[close + 1..].split(|byte| *byte == b' ').skip(20);
    let mut number = || Some(decimal(words.next()?)?.0);
    Some(Stat { name, start: number()?, size: number()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_parentheses() {
        let text = b"42 (a) b (c) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 1234 20 21\n";
        assert_eq!(parse_stat(text), Some(Stat { name: b"a) b (c", start: 1234, size: 20 }));
        assert_eq!(parse_stat(b"42 (x) S 1 2"), None);
        assert_eq!(parse_stat(b")("), None);
        assert_eq!(parse_stat(b""), None);
    }

    #[test]
    fn ids_of_a_status() {
        let text = b"Name:\tUid: 7\nTgid:\t42\nPPid:\t1\nUid:\t1\t2\t3\t4\nGid:\t5\t6\t7\t8\n\
            CapInh:\t0\nCapPrm:\t00000000000020ff\nCapEff:\t0\n";
        let status = parse_status(text).unwrap();
        assert_eq!((status.process, status.parent), (42, 1));
        assert_eq!(status.uid, Ids { real: 1, effective: 2, saved: 3 });
        assert_eq!(status.gid, Ids { real: 5, effective: 6, saved: 7 });
        assert_eq!(status.capabilities, 0x20ff);
        assert!(parse_status(b"Tgid:\t42\nPPid:\t1\nUid:\t1\t2\nGid:\t5\t6\t7\t8\n").is_none());
    }
}
