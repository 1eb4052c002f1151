//! Open files of a process, and the targets of its links: `PID/fd`, `PID/fdinfo` and the links
//! beside them.

use super::LinuxKernel;
use super::files::{ProcPath, failure, malformed};
use super::scan::decimal;
use crate::kernel::LinkTo;
use crate::model::{Descriptor, DescriptorKind, Pid, Result};

pub(super) fn link(kernel: &LinuxKernel, pid: Pid, to: LinkTo) -> Result<Vec<u8>> {
    let (name, call) = match to {
        LinkTo::Executable => ("exe", "readlinkat(exe)"),
        LinkTo::Current => ("cwd", "readlinkat(cwd)"),
        LinkTo::Root => ("root", "readlinkat(root)"),
    };
    kernel.link_at(&ProcPath::of(pid, name), call, pid)
}

pub(super) fn numbers(kernel: &LinuxKernel, pid: Pid) -> Result<Vec<u32>> {
    let numbers = kernel.numbers_at(&ProcPath::of(pid, "fd"));
    numbers.map_err(|errno| failure(errno, "getdents(fd)", pid))
}

pub(super) fn target(kernel: &LinuxKernel, pid: Pid, number: u32) -> Result<Vec<u8>> {
    kernel.link_at(&ProcPath::new(format_args!("{pid}/fd/{number}")), "readlinkat(fd)", pid)
}

pub(super) fn descriptor(kernel: &LinuxKernel, pid: Pid, number: u32) -> Result<Descriptor> {
    let target = target(kernel, pid, number)?;
    let path = ProcPath::new(format_args!("{pid}/fdinfo/{number}"));
    let info =
        kernel.read_at(&path, "open(fdinfo)", pid).map_err(|error| kernel.nameless(error, pid))?;
    let (offset, flags) = parse_info(&info).ok_or_else(|| malformed("parse(fdinfo)", pid))?;
    let kind = kind_of(&target);
    Ok(Descriptor { number, kind, target, flags: Some(flags), offset, detail: Vec::new() })
}

/// The access mode of a descriptor (`O_RDONLY` 0, `O_WRONLY` 1, `O_RDWR` 2), by the permissions of
/// its link (`tid_fd_update_inode`). `fdinfo` would ask the file, and that of an epoll waits for
/// the lock of its process.
pub(super) fn access_mode(kernel: &LinuxKernel, pid: Pid, number: u32) -> Result<u32> {
    let path = ProcPath::new(format_args!("{pid}/fd/{number}"));
    let stat = kernel.stat_at(&path, "fstatat(fd)", pid);
    let mode = stat.map_err(|error| kernel.nameless(error, pid))?.st_mode;
    Ok(match (mode & 0o400 != 0, mode & 0o200 != 0) {
        (true, false) => 0,
        (false, true) => 1,
        (true, true) => 2,
        (false, false) => 3,
    })
}

/// The kind of an open file, by the kernel's name for a file without a path. A path begins with a
/// slash, or outside of the daemon's root with a parenthesis (`prepend_unreachable`). To follow the
/// link would ask the file's own file system, which may sleep for ever.
fn kind_of(target: &[u8]) -> DescriptorKind {
    match target {
        [b'/' | b'(', ..] => DescriptorKind::Vnode,
        _ if target.starts_with(b"socket:[") => DescriptorKind::Socket,
        _ if target.starts_with(b"pipe:[") => DescriptorKind::Pipe,
        _ => DescriptorKind::Other,
    }
}

/// Offset and flags, in the first two lines (`seq_show` of `fs/proc/fd.c`). A negative offset, as
/// devices that show memory have, counts as none.
fn parse_info(text: &[u8]) -> Option<(Option<u64>, u32)> {
    let mut lines = text.split(|byte| *byte == b'\n');
    let mut value = |key: &[u8]| Some(lines.next()?.strip_prefix(key)?.trim_ascii());
    let offset = value(b"pos:")?;
    let flags = value(b"flags:")?;
    let offset = if offset.starts_with(b"-") { None } else { Some(decimal(offset)?.0) };
    let flags = u32::from_str_radix(std::str::from_utf8(flags).ok()?, 8).ok()?;
    Some((offset, flags))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds() {
        for (target, kind) in [
            ("/a (deleted)", DescriptorKind::Vnode),
            ("(unreachable)/a", DescriptorKind::Vnode),
            ("/socket:[1]", DescriptorKind::Vnode),
            ("socket:[1]", DescriptorKind::Socket),
            ("pipe:[1]", DescriptorKind::Pipe),
            ("anon_inode:[eventpoll]", DescriptorKind::Other),
            ("mnt:[4026531841]", DescriptorKind::Other),
            ("", DescriptorKind::Other),
        ] {
            assert_eq!(kind_of(target.as_bytes()), kind, "{target}");
        }
    }

    #[test]
    fn offset_and_flags() {
        assert_eq!(
            parse_info(b"pos:\t10\nflags:\t0100002\nmnt_id:\t9\n"),
            Some((Some(10), 0o100_002))
        );
        assert_eq!(parse_info(b"pos:\t-4096\nflags:\t0"), Some((None, 0)));
        for text in
            ["", "pos:\t1\n", "pos:\tx\nflags:\t0", "pos:\t1\nflags:\t9", "flags:\t0\npos:\t1"]
        {
            assert_eq!(parse_info(text.as_bytes()), None, "{text:?}");
        }
    }
}
