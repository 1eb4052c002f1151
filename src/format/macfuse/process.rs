//! `PID/{tdev,wchan}`.

use super::super::escaped;
use super::super::line::put;
use crate::model::{Device, ProcessInfo};

/// `PID/wchan`: where in the kernel it waits.
pub fn wait_channel(account: &ProcessInfo, out: &mut Vec<u8>) {
    match account.wait_channel.as_deref() {
        None | Some([]) => out.push(b'-'),
        Some(name) => escaped(name, out),
    }
    out.push(b'\n');
}

/// `PID/tdev` on Linux: `devices.txt` of its documentation has the numbers.
pub fn linux_terminal(account: &ProcessInfo, out: &mut Vec<u8>) {
    match account.terminal {
        None => out.extend_from_slice(b"none\n"),
        Some(Device { major: 136, minor }) => put(out, format_args!("pts/{minor}\n")),
        Some(Device { major: 4, minor: minor @ ..64 }) => put(out, format_args!("tty{minor}\n")),
        Some(Device { major: 4, minor }) => put(out, format_args!("ttyS{}\n", minor - 64)),
        Some(Device { major, minor }) => put(out, format_args!("{major}:{minor}\n")),
    }
}

/// `PID/tdev` on macOS: `bsd/kern/tty_ptmx.c` names the terminals that programs open.
pub fn darwin_terminal(account: &ProcessInfo, out: &mut Vec<u8>) {
    match account.terminal {
        None => out.extend_from_slice(b"none\n"),
        Some(Device { major: 0, minor: 0 }) => out.extend_from_slice(b"console\n"),
        Some(Device { major: 16, minor }) => put(out, format_args!("ttys{minor:03}\n")),
        Some(Device { major, minor }) => put(out, format_args!("{major}:{minor}\n")),
    }
}
