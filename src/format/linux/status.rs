//! `PID/status` and `PID/task/TID/status` (`proc_pid_status`), without the lines that Linux, too,
//! leaves out where it was built without their feature.

use super::super::line::put;
use super::signals::signals;
use super::{short, state, thread_name};
use crate::model::{Ids, ProcessInfo, State, Thread};

/// `PID/status`: the lines of a process.
pub fn status(account: &ProcessInfo, out: &mut Vec<u8>) {
    let name = short(&account.process.name);
    lines(account, name, account.state, u64::from(account.process.pid.number()), out);
}

/// `PID/task/TID/status`: the lines of a thread.
pub fn thread_status(account: &ProcessInfo, thread: &Thread, out: &mut Vec<u8>) {
    let name = thread_name(&account.process.name, &thread.name);
    lines(account, name, thread.state, thread.id, out);
}

fn lines(account: &ProcessInfo, name: &[u8], does: State, id: u64, out: &mut Vec<u8>) {
    out.extend_from_slice(b"Name:\t");
    escaped(name, out);
    let (letter, words) = state(does);
    let process = account.process.pid;
    let parent = account.process.parent;
    let tracer = account.tracer.unwrap_or(0);
    put(out, format_args!("\nState:\t{letter} ({words})\nTgid:\t{process}\nNgid:\t0\n"));
    put(out, format_args!("Pid:\t{id}\nPPid:\t{parent}\nTracerPid:\t{tracer}\n"));
    ids("Uid", account.process.credentials.uid, out);
    ids("Gid", account.process.credentials.gid, out);
    put(out, format_args!("FDSize:\t0\nGroups:\t"));
    for group in account.groups.iter().flatten() {
        put(out, format_args!("{group} "));
    }
    // The kernel's own line ends in a space, with or without groups.
    if account.groups.as_ref().is_none_or(Vec::is_empty) {
        out.push(b' ');
    }
    let (group, session) = (account.group, account.session.unwrap_or(0));
    put(out, format_args!("\nNStgid:\t{process}\nNSpid:\t{id}\n"));
    put(out, format_args!("NSpgid:\t{group}\nNSsid:\t{session}\n"));
    memory(account, out);
    let threads = account.usage.map_or(0, |usage| usage.threads);
    put(out, format_args!("Threads:\t{threads}\nSigQ:\t0/0\n"));
    let [ignored, caught] = signals(account);
    for (name, set) in
        [("SigPnd", 0), ("ShdPnd", 0), ("SigBlk", 0), ("SigIgn", ignored), ("SigCgt", caught)]
    {
        put(out, format_args!("{name}:\t{set:016x}\n"));
    }
    for set in ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"] {
        put(out, format_args!("{set}:\t{:016x}\n", 0));
    }
    put(out, format_args!("NoNewPrivs:\t0\nSeccomp:\t0\n"));
    // Darwin does not report which switches were voluntary. All are counted as such.
    let switches = account.usage.and_then(|usage| usage.switches).unwrap_or(0);
    put(out, format_args!("voluntary_ctxt_switches:\t{switches}\n"));
    put(out, format_args!("nonvoluntary_ctxt_switches:\t0\n"));
}

/// The real, effective and saved id, and that for files, which is the effective one on Darwin.
fn ids(name: &str, ids: Ids, out: &mut Vec<u8>) {
    let Ids { real, effective, saved } = ids;
    put(out, format_args!("{name}:\t{real}\t{effective}\t{saved}\t{effective}\n"));
}

/// The lines about memory: none for a process without an address space, or where Darwin withholds
/// the sizes. A peak is at least the present value, as in `task_mem`.
fn memory(account: &ProcessInfo, out: &mut Vec<u8>) {
    let ended = matches!(account.state, State::Zombie | State::Dead);
    let Some(usage) = account.usage.filter(|_| !ended) else { return };
    let (size, resident) = (usage.virtual_size / 1024, usage.resident_size / 1024);
    let kinds = usage.memory.unwrap_or_default();
    let peak = (kinds.resident_peak / 1024).max(resident);
    for (name, value) in [
        ("VmPeak", size),
        ("VmSize", size),
        ("VmLck", 0),
        ("VmPin", 0),
        ("VmHWM", peak),
        ("VmRSS", resident),
        ("RssAnon", kinds.anonymous / 1024),
        ("RssFile", kinds.file / 1024),
        ("RssShmem", 0),
        ("VmData", 0),
        ("VmStk", 0),
        ("VmExe", 0),
        ("VmLib", 0),
        ("VmPTE", 0),
        ("VmSwap", kinds.swapped / 1024),
    ] {
        put(out, format_args!("{name}:\t{value:>8} kB\n"));
    }
}

/// Escapes newline and backslash as in C, as `proc_task_name` does for this file.
fn escaped(name: &[u8], out: &mut Vec<u8>) {
    for byte in name {
        match byte {
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\\' => out.extend_from_slice(b"\\\\"),
            _ => out.push(*byte),
        }
    }
}
