//! Whether the address space behind an open file still exists.
//!
//! An open `maps`, `smaps` or `environ` belongs to the address space that the process had at the
//! open. After an exit or an exec it simply ends (`m_start` and `environ_read` fail to take a
//! reference to the memory), which would look like a complete file. An open `cmdline` belongs to
//! the process, and ends in this way when the process becomes a zombie.

use std::os::fd::{AsFd, OwnedFd};

use nix::errno::Errno;
use nix::sys::uio::pread;

use super::files::failure;
use super::ioctl;
use crate::model::{Error, ErrorKind, Pid, Result};

/// Whether the file's address space exists. Before 6.11, and for all files except `maps`, this
/// reads the first byte, which an empty file does not have.
pub(super) fn address_space_lives(file: &OwnedFd, pid: Pid) -> Result<bool> {
    match ioctl::address_space_lives(file.as_fd()) {
        Ok(lives) => Ok(lives),
        Err(Errno::ENOTTY | Errno::EINVAL) => has_text(file, pid),
        Err(errno) => Err(failure(errno, "ioctl(PROCMAP_QUERY)", pid)),
    }
}

/// Whether the file has a first byte, by which the address space of every file shows.
pub(super) fn has_text(file: &OwnedFd, pid: Pid) -> Result<bool> {
    loop {
        match pread(file, &mut [0], 0) {
            Ok(got) => break Ok(got == 1),
            Err(Errno::EINTR) => {}
            Err(Errno::ESRCH) => break Ok(false),
            Err(errno) => break Err(failure(errno, "pread(maps)", pid)),
        }
    }
}

/// ESRCH from an open file means that its process has been reaped.
pub(super) fn gone_meanwhile(errno: Errno, call: &'static str, pid: Pid) -> Error {
    let error = failure(errno, call, pid);
    if errno == Errno::ESRCH { error.meaning(ErrorKind::Vanished) } else { error }
}
