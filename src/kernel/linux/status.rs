//! `PID/status`: the ids of a process and more (`proc_pid_status`).

use super::scan::{decimal, hex};
use crate::model::Ids;

/// A parsed `status`.
pub(super) struct Status {
    /// `Tgid`: the process that a thread belongs to.
    pub(super) process: u32,
    /// `PPid`, 0 for none.
    pub(super) parent: u32,
    pub(super) uid: Ids,
    pub(super) gid: Ids,
    /// `CapPrm`.
    pub(super) capabilities: u64,
    /// Whether all threads have exited. A first thread that exited before others is a zombie by its
    /// `State`, but the others still have the memory.
    pub(super) is_zombie: bool,
}

/// Parses the lines that are used. `None` if one is missing or malformed.
pub(super) fn parse_status(text: &[u8]) -> Option<Status> {
    let field = |key| line(text, key).map(numbers);
    let ids = |key| {
        let mut found = field(key)?;
        Some(Ids { real: found.next()?, effective: found.next()?, saved: found.next()? })
    };
    Some(Status {
        process: field(b"Tgid:")?.next()?,
        parent: field(b"PPid:")?.next()?,
        uid: ids(b"Uid:")?,
        gid: ids(b"Gid:")?,
        capabilities: hex(line(text, b"CapPrm:")?.trim_ascii_start())?.0,
        is_zombie: line(text, b"State:").is_some_and(|it| it.trim_ascii_start().starts_with(b"Z"))
            && field(b"Threads:").and_then(|mut it| it.next()) == Some(1),
    })
}

/// `Groups`: the supplementary groups.
pub(super) fn groups(text: &[u8]) -> Option<Vec<u32>> {
    line(text, b"Groups:").map(|groups| numbers(groups).collect())
}

/// `VmRSS` in bytes, `None` without memory. Since 6.16 the kernel counts precisely here, while
/// `stat` has what the CPUs have already handed in (`get_mm_counter_sum`).
pub(super) fn resident_size(text: &[u8]) -> Option<u64> {
    let Some(size) = line(text, b"VmRSS:") else { return Some(0) };
    decimal(size.trim_ascii_start())?.0.checked_mul(1024)
}

/// Voluntary and involuntary context switches of a thread, summed up. The `status` of a process has
/// those of its first thread (`task_context_switch_counts`).
pub(super) fn switches(text: &[u8]) -> Option<u64> {
    let count = |key| Some(decimal(line(text, key)?.trim_ascii_start())?.0);
    count(b"voluntary_ctxt_switches:")?.checked_add(count(b"nonvoluntary_ctxt_switches:")?)
}

/// The text after this key. A name cannot forge a line, since its newlines are escaped
/// (`proc_task_name`).
fn line<'a>(text: &'a [u8], key: &[u8]) -> Option<&'a [u8]> {
    text.split(|byte| *byte == b'\n').find_map(|line| line.strip_prefix(key))
}

fn numbers(text: &[u8]) -> impl Iterator<Item = u32> + '_ {
    text.split(u8::is_ascii_whitespace)
        .filter(|word| !word.is_empty())
        .map_while(|word| u32::try_from(decimal(word)?.0).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_a_status() {
        let text = b"Name:\tUid: 7\nTgid:\t42\nPPid:\t1\nUid:\t1\t2\t3\t4\nGid:\t5\t6\t7\t8\n\
            CapInh:\t0\nCapPrm:\t00000000000020ff\nCapEff:\t0\n";
        let status = parse_status(text).unwrap();
        assert_eq!((status.process, status.parent), (42, 1));
        assert_eq!(status.uid, Ids { real: 1, effective: 2, saved: 3 });
        assert_eq!(status.gid, Ids { real: 5, effective: 6, saved: 7 });
        assert_eq!(status.capabilities, 0x20ff);
        assert!(!status.is_zombie);
        let zombie = |state: &str, threads: u32| {
            let more = format!("State:\t{state}\nThreads:\t{threads}\n");
            parse_status(&[text, more.as_bytes()].concat()).unwrap().is_zombie
        };
        assert!(zombie("Z (zombie)", 1));
        assert!(!zombie("Z (zombie)", 2), "other threads live");
        assert!(!zombie("S (sleeping)", 1));
        assert!(parse_status(b"Tgid:\t42\nPPid:\t1\nUid:\t1\t2\nGid:\t5\t6\t7\t8\n").is_none());
    }

    #[test]
    fn groups_switches_and_size_of_a_status() {
        let text = b"Name:\tx\\nGroups:\t9\nGroups:\t0 4 4294967295 \n\
            VmRSS:\t    12 kB\nvoluntary_ctxt_switches:\t7\nnonvoluntary_ctxt_switches:\t3\n";
        assert_eq!(groups(text), Some(vec![0, 4, u32::MAX]));
        assert_eq!(switches(text), Some(10));
        assert_eq!((resident_size(text), resident_size(b"")), (Some(12 * 1024), Some(0)));
        assert_eq!(resident_size(b"VmRSS:\t18446744073709551615 kB"), None);
        assert_eq!(groups(b"Groups:\t \n"), Some(Vec::new()));
        assert_eq!((groups(b""), switches(b"voluntary_ctxt_switches:\t7\n")), (None, None));
    }
}
