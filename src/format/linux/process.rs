//! `PID/{comm,io,loginuid,sessionid,statm}`, `PID/fdinfo/N` and `PID/task/TID/comm`.

use super::super::line::put;
use super::{short, thread_name};
use crate::model::{AuditToken, Descriptor, DiskUsage, ProcessInfo, Thread};

/// `PID/comm`: the name, unescaped (`comm_show`).
pub fn comm(account: &ProcessInfo, out: &mut Vec<u8>) {
    out.extend_from_slice(short(&account.process.name));
    out.push(b'\n');
}

/// `PID/task/TID/comm`: the name of the thread.
pub fn thread_comm(account: &ProcessInfo, thread: &Thread, out: &mut Vec<u8>) {
    out.extend_from_slice(thread_name(&account.process.name, &thread.name));
    out.push(b'\n');
}

/// `PID/statm`: pages of address space, in memory, shared, of text, 0, of data, 0. Darwin reports
/// the first two.
pub fn statm(account: &ProcessInfo, out: &mut Vec<u8>) {
    let (size, resident) = account.usage.map_or((0, 0), |usage| {
        let pages = |bytes: u64| bytes.checked_div(account.page_size).unwrap_or(0);
        (pages(usage.virtual_size), pages(usage.resident_size))
    });
    put(out, format_args!("{size} {resident} 0 0 0 0 0\n"));
}

/// `PID/io`: bytes and calls of reading and writing, bytes from and to disks, and bytes whose
/// writing was cancelled. Darwin counts the bytes from and to disks.
pub fn io(account: &ProcessInfo, out: &mut Vec<u8>) {
    let DiskUsage { bytes_read, bytes_written } =
        account.usage.and_then(|usage| usage.disk).unwrap_or_default();
    put(out, format_args!("rchar: 0\nwchar: 0\nsyscr: 0\nsyscw: 0\n"));
    put(out, format_args!("read_bytes: {bytes_read}\nwrite_bytes: {bytes_written}\n"));
    put(out, format_args!("cancelled_write_bytes: 0\n"));
}

/// `PID/loginuid`: the user who logged in (`proc_loginuid_read`). Both systems have -1 for none.
pub fn loginuid(token: &AuditToken, out: &mut Vec<u8>) {
    put(out, format_args!("{}", token.audit_user));
}

/// `PID/sessionid`: the session of the audit system (`proc_sessionid_read`).
pub fn sessionid(token: &AuditToken, out: &mut Vec<u8>) {
    put(out, format_args!("{}", token.session));
}

/// `O_NONBLOCK` and `O_APPEND` in Darwin's numbers (`sys/fcntl.h`) and Linux's
/// (`asm-generic/fcntl.h`).
const FLAGS: [(u32, u32); 2] = [(0x4, 0o4000), (0x8, 0o2000)];

/// `PID/fdinfo/N`: the offset of the next read or write, and the flags: read, write, append,
/// nonblocking. The flags are Darwin's, since on Linux the kernel's own file is shown.
pub fn fdinfo(descriptor: &Descriptor, out: &mut Vec<u8>) {
    let kept = descriptor.flags.unwrap_or(0);
    let known = FLAGS.iter().filter(|(darwin, _)| kept & darwin != 0);
    let flags = known.fold(kept & 3, |all, (_, linux)| all | linux);
    let offset = descriptor.offset.unwrap_or(0);
    put(out, format_args!("pos:\t{offset}\nflags:\t0{flags:o}\n"));
}
