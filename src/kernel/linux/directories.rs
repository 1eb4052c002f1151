//! Open directories of processes.
//!
//! A descriptor of the directory `PID` belongs to the process, not to the number: once the process
//! was reaped, no name is found through it, even where another process has the number: ESRCH
//! (`proc_pid_permission`) or ENOENT (`proc_pident_lookup`). So whatever is opened through it is of
//! the right process, without a question about its identity. A daemon keeps some of these
//! descriptors for the next request.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, openat};
use nix::sys::stat::{FileStat, Mode, fstat, fstatat};

use super::files::{ProcPath, failure};
use super::{ATTEMPTS, LinuxKernel};
use crate::model::{Error, ErrorKind, Identity, Pid, Result};

/// The open directory of a process.
pub(super) struct Directory {
    pid: Pid,
    pub(super) identity: Identity,
    descriptor: OwnedFd,
    /// What `stat` shows of it. Its time is that of the kernel's inode, which stays as long as the
    /// descriptor.
    pub(super) stat: FileStat,
}

impl Directory {
    pub(super) fn stat_in(&self, name: &str) -> nix::Result<FileStat> {
        fstatat(self.as_fd(), name, AtFlags::AT_SYMLINK_NOFOLLOW)
    }

    /// What a link of the kernel's own leads to.
    pub(super) fn stat_behind(&self, link: &str) -> nix::Result<FileStat> {
        fstatat(self.as_fd(), link, AtFlags::empty())
    }

    /// Whether its process was not reaped yet.
    fn lives(&self) -> bool {
        self.stat_in("stat").is_ok()
    }

    pub(super) fn open_in(&self, path: &ProcPath) -> nix::Result<OwnedFd> {
        let flags = OFlag::O_RDONLY | OFlag::O_CLOEXEC;
        openat(self.as_fd(), path.as_bytes(), flags, Mode::empty())
    }
}

impl AsFd for Directory {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}

/// The directories that are kept open.
#[derive(Default)]
pub(super) struct Kept(OnceLock<Box<[Slot]>>);

/// For the pids of one remainder: the directory that was asked for last.
#[derive(Default)]
struct Slot(Mutex<Option<Arc<Directory>>>);

impl Slot {
    fn lock(&self) -> MutexGuard<'_, Option<Arc<Directory>>> {
        // Nothing panics under the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    /// Keeps at most this many from now on. Only the first call counts.
    pub(super) fn at_most(&self, directories: usize) {
        self.0.get_or_init(|| (0..directories).map(|_| Slot::default()).collect());
    }

    fn slot(&self, pid: Pid) -> Option<&Slot> {
        let slots = self.0.get()?;
        slots.get(pid.number() as usize % slots.len().max(1))
    }

    /// That of a process which had this pid at some time.
    fn of(&self, pid: Pid) -> Option<Arc<Directory>> {
        self.slot(pid)?.lock().clone().filter(|directory| directory.pid == pid)
    }

    fn keep(&self, directory: &Arc<Directory>) {
        if let Some(slot) = self.slot(directory.pid) {
            let former = slot.lock().replace(Arc::clone(directory));
            // Closed without the lock.
            drop(former);
        }
    }
}

impl LinuxKernel {
    /// Asks in the directory of the process that has this pid now, if that directory is kept.
    /// `None` where it is not, or the question fails. No directory of another thread than a
    /// process's first is kept.
    pub(super) fn ask_kept<T>(
        &self,
        pid: Pid,
        ask: impl FnOnce(&Directory) -> nix::Result<T>,
    ) -> Option<T> {
        ask(self.kept.of(pid)?.as_ref()).ok()
    }

    /// Asks in the directory of the process that has this pid now, or that has it with this
    /// identity. The answer is of the process in whose directory it was asked.
    ///
    /// # Errors
    /// `NoSuchProcess` or `Replaced`; what `failed` makes of the errno of a process that lives;
    /// `Denied`, `ResourceLimit` or `Failed`.
    pub(super) fn ask<T>(
        &self,
        pid: Pid,
        identity: Option<Identity>,
        failed: impl FnOnce(Errno) -> Error,
        ask: impl Fn(&Directory) -> nix::Result<T>,
    ) -> Result<(Arc<Directory>, T)> {
        let is_wanted = |directory: &Directory| identity.is_none_or(|it| it == directory.identity);
        if let Some(kept) = self.kept.of(pid).filter(|kept| is_wanted(kept)) {
            match ask(&kept) {
                Ok(answer) => return Ok((kept, answer)),
                Err(errno) if kept.lives() => return Err(failed(errno)),
                // It was the process that had the pid before.
                Err(_) => {}
            }
        }
        let directory = self.directory(pid)?;
        if !is_wanted(&directory) {
            return Err(Error::new(ErrorKind::Replaced, "identity").pid(pid));
        }
        let answer = ask(&directory).map_err(failed)?;
        Ok((directory, answer))
    }

    fn directory(&self, pid: Pid) -> Result<Arc<Directory>> {
        let path = ProcPath::new(format_args!("{pid}"));
        let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        let fail = |errno| failure(errno, "openat(PID)", pid);
        for _ in 0..ATTEMPTS {
            let descriptor = openat(self.root.as_fd(), path.as_bytes(), flags, Mode::empty());
            let descriptor = descriptor.map_err(fail)?;
            let stat = fstat(&descriptor).map_err(fail)?;
            let identity = self.identity_by_number(pid)?;
            let directory = Directory { pid, identity, descriptor, stat };
            // If its process still lives, no other one had the pid when the identity was asked.
            if directory.lives() {
                let directory = Arc::new(directory);
                self.kept.keep(&directory);
                return Ok(directory);
            }
        }
        Err(Error::new(ErrorKind::NoSuchProcess, "openat(PID)").pid(pid))
    }
}
