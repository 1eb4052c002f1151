//! Files below the open procfs directory: their paths, how to open and read them, and the meaning
//! of errors.

use std::fmt;
use std::io::Write as _;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use nix::dir::Dir;
use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, openat, readlinkat};
use nix::sys::stat::{FileStat, Mode, fstatat};
use nix::unistd::read;

use super::LinuxKernel;
use super::scan::decimal;
use super::stat::{Stat, parse_stat};
use super::status::{Status, parse_status};
use crate::model::{Code, Error, ErrorKind, Pid, Result};

/// The most bytes of a file that is read as a whole. exec limits the arguments and environment of a
/// program to 6 MiB (`bprm_stack_limits`), but a process may point the kernel at any memory of its
/// own instead (`PR_SET_MM_MAP`).
const LONGEST: usize = 8 * 1024 * 1024;

impl LinuxKernel {
    /// Reads a small file below the root.
    ///
    /// # Errors
    /// By the meaning of the errno, without a pid.
    pub fn read_whole(&self, path: &str) -> Result<Vec<u8>> {
        let path = ProcPath::new(format_args!("{path}"));
        let file = self.open(&path).map_err(|errno| whole(errno, "openat(procfs)"))?;
        read_to_end(&file).map_err(|errno| whole(errno, "read(procfs)"))
    }

    pub(super) fn open(&self, path: &ProcPath) -> nix::Result<OwnedFd> {
        openat(
            self.root.as_fd(),
            path.as_bytes(),
            OFlag::O_RDONLY | OFlag::O_CLOEXEC,
            Mode::empty(),
        )
    }

    pub(super) fn stat_of(&self, pid: Pid, name: &str, call: &'static str) -> Result<FileStat> {
        self.stat_at(&ProcPath::of(pid, name), call, pid)
    }

    pub(super) fn stat_at(
        &self,
        path: &ProcPath,
        call: &'static str,
        pid: Pid,
    ) -> Result<FileStat> {
        fstatat(self.root.as_fd(), path.as_bytes(), AtFlags::AT_SYMLINK_NOFOLLOW)
            .map_err(|errno| failure(errno, call, pid))
    }

    pub(super) fn read_of(&self, pid: Pid, name: &str, call: &'static str) -> Result<Vec<u8>> {
        self.read_at(&ProcPath::of(pid, name), call, pid)
    }

    pub(super) fn read_at(&self, path: &ProcPath, call: &'static str, pid: Pid) -> Result<Vec<u8>> {
        self.open(path)
            .and_then(|file| read_to_end(&file))
            .map_err(|errno| failure(errno, call, pid))
    }

    pub(super) fn link_at(&self, path: &ProcPath, call: &'static str, pid: Pid) -> Result<Vec<u8>> {
        match readlinkat(self.root.as_fd(), path.as_bytes()) {
            Ok(target) => Ok(target.into_encoded_bytes()),
            Err(errno) => Err(self.nameless(failure(errno, call, pid), pid)),
        }
    }

    /// The names in a directory that are numbers, in ascending order.
    pub(super) fn numbers_at(&self, path: &ProcPath) -> nix::Result<Vec<u32>> {
        let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        let mut directory = Dir::openat(self.root.as_fd(), path.as_bytes(), flags, Mode::empty())?;
        let mut numbers = Vec::new();
        for entry in directory.iter() {
            numbers.extend(number_from(entry?.file_name().to_bytes()));
        }
        // The kernel lists them in ascending order (`next_tgid`); a fixture need not.
        numbers.sort_unstable();
        Ok(numbers)
    }

    pub(super) fn status_of(&self, pid: Pid) -> Result<Status> {
        let text = self.read_of(pid, "status", "open(status)")?;
        parse_status(&text).ok_or_else(|| malformed("parse(status)", pid))
    }

    pub(super) fn stat_fields<T>(&self, pid: Pid, take: impl FnOnce(&Stat<'_>) -> T) -> Result<T> {
        let text = self.read_of(pid, "stat", "open(stat)")?;
        parse_stat(&text).map(|stat| take(&stat)).ok_or_else(|| malformed("parse(stat)", pid))
    }

    /// Changes an error that may mean by its errno that the process is gone to `NoSuchName`, if the
    /// process still exists: then a descriptor was closed, a thread has ended, or a zombie has no
    /// program.
    pub(super) fn nameless(&self, error: Error, pid: Pid) -> Error {
        let is_there = || self.stat_of(pid, "", "fstatat(PID)").is_ok();
        if error.kind == ErrorKind::NoSuchProcess && is_there() {
            error.meaning(ErrorKind::NoSuchName)
        } else {
            error
        }
    }
}

/// A path below the procfs root, without a heap allocation.
pub(super) struct ProcPath {
    bytes: [u8; 64],
    length: usize,
}

impl ProcPath {
    /// 64 bytes hold two pids of 7 digits and every name that the kernel has. A longer path becomes
    /// the empty one, which leads nowhere.
    pub(super) fn new(path: fmt::Arguments<'_>) -> Self {
        let mut made = ProcPath { bytes: [0; 64], length: 0 };
        let mut rest = &mut made.bytes[..];
        if rest.write_fmt(path).is_ok() {
            made.length = 64 - rest.len();
        }
        made
    }

    /// The path `PID/name`, or `PID/` for an empty name.
    pub(super) fn of(pid: Pid, name: &str) -> Self {
        Self::new(format_args!("{pid}/{name}"))
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

pub(super) fn open_directory(path: &Path) -> Result<OwnedFd> {
    let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
    nix::fcntl::open(path, flags, Mode::empty()).map_err(|errno| whole(errno, "open(procfs)"))
}

/// Reads the rest of an open file of at most [`LONGEST`] bytes, of which the kernel gives as much at
/// a read as there is room for.
pub(super) fn read_to_end(file: &OwnedFd) -> nix::Result<Vec<u8>> {
    let mut text = vec![0; 4096];
    let mut length = 0;
    loop {
        if length > LONGEST {
            return Err(Errno::EFBIG);
        }
        if length == text.len() {
            text.resize(2 * length, 0);
        }
        match read(file, &mut text[length..]) {
            Ok(got) => {
                length += got;
                if length < text.len() {
                    break;
                }
            }
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno),
        }
    }
    text.truncate(length);
    Ok(text)
}

/// The number in a directory's name: decimal, without a leading zero.
fn number_from(name: &[u8]) -> Option<u32> {
    let (number, digits) = decimal(name)?;
    let is_canonical = digits == name.len() && (digits == 1 || name[0] != b'0');
    u32::try_from(number).ok().filter(|_| is_canonical)
}

/// The error about one process, by the meaning of the errno there.
pub(super) fn failure(errno: Errno, call: &'static str, pid: Pid) -> Error {
    let kind = match errno {
        Errno::ENOENT | Errno::ESRCH | Errno::ENOTDIR => ErrorKind::NoSuchProcess,
        Errno::EACCES | Errno::EPERM => ErrorKind::Denied,
        Errno::EMFILE | Errno::ENFILE | Errno::ENOMEM => ErrorKind::ResourceLimit,
        _ => ErrorKind::Failed,
    };
    Error::new(kind, call).code(Code::Errno(errno as i32)).pid(pid)
}

/// The error about the procfs as a whole.
pub(super) fn whole(errno: Errno, call: &'static str) -> Error {
    let error = Error { pid: None, ..failure(errno, call, Pid::this()) };
    match error.kind {
        ErrorKind::NoSuchProcess => error.meaning(ErrorKind::NoSuchName),
        _ => error,
    }
}

/// The error for text that the kernel does not write.
pub(super) fn malformed(call: &'static str, pid: Pid) -> Error {
    Error::new(ErrorKind::Failed, call).pid(pid)
}
