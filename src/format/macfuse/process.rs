//! `PID/{tdev,wchan}`.

use super::super::escaped;
use super::super::line::put;
use crate::model::{Device, ProcessInfo};

/// `PID/wchan`: the place in the kernel where it waits.
pub fn wait_channel(account: &ProcessInfo, out: &mut Vec<u8>) {
    match account.wait_channel.as_deref() {
        None | Some([]) => out.push(b'-'),
        Some(name) => escaped(name, out),
    }
    out.push(b'\n');
}

/// The name of a terminal on Linux, by the numbers of `Documentation/admin-guide/devices.txt`.
pub fn linux_terminal(account: &ProcessInfo, out: &mut Vec<u8>) {
    match account.terminal {
        None => out.extend_from_slice(b"none\n"),
        Some(Device { major: 136, minor }) => put(out, format_args!("pts/{minor}\n")),
        Some(Device { major: 4, minor: minor @ ..64 }) => put(out, format_args!("tty{minor}\n")),
        Some(Device { major: 4, minor }) => put(out, format_args!("ttyS{}\n", minor - 64)),
        Some(Device { major, minor }) => put(out, format_args!("{major}:{minor}\n")),
    }
}

/// The name of a terminal on macOS, as `bsd/kern/tty_ptmx.c` names those that programs open.
pub fn darwin_terminal(account: &ProcessInfo, out: &mut Vec<u8>) {
    match account.terminal {
        None => out.extend_from_slice(b"none\n"),
        Some(Device { major: 0, minor: 0 }) => out.extend_from_slice(b"console\n"),
        Some(Device { major: 16, minor }) => put(out, format_args!("ttys{minor:03}\n")),
        Some(Device { major, minor }) => put(out, format_args!("{major}:{minor}\n")),
    }
}
