//! The identity of a process, which no other process with its pid had or will have, and the process
//! of a thread.

use std::os::fd::AsFd;

use nix::errno::Errno;
use nix::sys::stat::fstat;
use nix::sys::statfs::{FsType, fstatfs};

use super::files::failure;
use super::{LinuxKernel, ioctl};
use crate::model::{Error, ErrorKind, Identity, Pid, Result};

/// `PID_FS_MAGIC` (`linux/magic.h`): the file system in which pidfds have inode numbers of their
/// own, since 6.9.
const PID_FS_MAGIC: FsType = FsType(0x5049_4446);

/// The source of a process's identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum IdentitySource {
    /// The inode number of its pidfd, unique since boot.
    PidFd,
    /// Its start time, in ticks since boot. Two processes that have one pid within a tick share it.
    StartTime,
}

impl IdentitySource {
    pub(super) fn of_this_kernel() -> Self {
        let has_pidfs = ioctl::pidfd_open(std::process::id(), 0)
            .and_then(|pidfd| fstatfs(pidfd.as_fd()))
            .is_ok_and(|kind| kind.filesystem_type() == PID_FS_MAGIC);
        if has_pidfs { IdentitySource::PidFd } else { IdentitySource::StartTime }
    }
}

impl LinuxKernel {
    pub(super) fn identity_of(&self, pid: Pid) -> Result<Identity> {
        match self.identity_source {
            IdentitySource::PidFd => {
                // Where its directory is kept, one call takes the place of three.
                let failed = |errno| failure(errno, "fstatat(stat)", pid);
                let living = self.ask(pid, None, failed, |it| it.stat_in("stat"));
                living.map(|(directory, _)| directory.identity)
            }
            IdentitySource::StartTime => self.identity_by_number(pid),
        }
    }

    /// The identity of the process that has this number now.
    pub(super) fn identity_by_number(&self, pid: Pid) -> Result<Identity> {
        match self.identity_source {
            IdentitySource::PidFd => {
                let pidfd = ioctl::pidfd_open(pid.number(), 0).map_err(|errno| {
                    let error = failure(errno, "pidfd_open", pid);
                    // A thread's number (ENOENT, before 6.17 EINVAL), or 0, which no process has.
                    let no_process = matches!(errno, Errno::EINVAL | Errno::ENOENT);
                    if no_process { error.meaning(ErrorKind::NoSuchProcess) } else { error }
                })?;
                let stat = fstat(&pidfd).map_err(|errno| failure(errno, "fstat(pidfd)", pid))?;
                Ok(Identity::new(stat.st_ino))
            }
            IdentitySource::StartTime => {
                Ok(Identity::new(self.stat_fields(pid, |stat| stat.start)?))
            }
        }
    }

    /// The process that a thread belongs to.
    pub(super) fn process_of_thread(&self, caller: u32) -> Result<Pid> {
        let nobody = || Error::new(ErrorKind::NoSuchProcess, "process_of_caller");
        let thread = Pid::new(caller).filter(|_| caller != 0).ok_or_else(nobody)?;
        if self.ask_kept(thread, |it| it.stat_in("task")).is_some() {
            return Ok(thread);
        }
        if self.identity_source == IdentitySource::PidFd {
            let process = ioctl::pidfd_open(caller, ioctl::PIDFD_THREAD)
                .and_then(|pidfd| ioctl::process_of(pidfd.as_fd()));
            // Kernels from 6.9 to 6.12 have pidfs without PIDFD_GET_INFO.
            if let Ok(process) = process {
                return Pid::new(process).filter(|_| process != 0).ok_or_else(nobody);
            }
        }
        let status = self.status_of(thread)?;
        Pid::new(status.process).ok_or_else(nobody)
    }
}
