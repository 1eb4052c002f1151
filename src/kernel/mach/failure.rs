//! The one place where an errno or a `kern_return_t` gets its meaning.

use crate::kernel::xnu::{Errno, KernReturn};
use crate::model::{Code, Error, ErrorKind, Pid};

/// Of a call about a process that need not exist.
pub(super) fn of_process(call: &'static str, errno: Errno, pid: Pid) -> Error {
    let kind = match errno {
        Errno::SRCH => ErrorKind::NoSuchProcess,
        Errno::PERM => ErrorKind::Denied,
        _ => ErrorKind::Failed,
    };
    Error::new(kind, call).code(Code::Errno(errno.0)).pid(pid)
}

/// Of the list of pids: its only `ENOMEM` for a buffer that is not empty is the kernel's own.
pub(super) fn of_list(call: &'static str, errno: Errno) -> Error {
    let kind = if errno == Errno::NOMEM { ErrorKind::ResourceLimit } else { ErrorKind::Failed };
    Error::new(kind, call).code(Code::Errno(errno.0))
}

/// Why a region could not be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoRegion {
    /// There is none at or above the address, or the map is being torn down.
    End,
    /// The process, or the task of this port, is not there any more.
    Gone,
    /// The port shows nothing of the map, or its task has ended: the two look alike.
    WeakPort,
    /// The kernel does not let this program see it.
    Denied,
    /// Something else.
    Failed,
}

impl NoRegion {
    /// From `proc_pidinfo` with a region flavor.
    pub(super) fn from_errno(errno: Errno) -> Self {
        match errno {
            Errno::INVAL => NoRegion::End,
            Errno::SRCH => NoRegion::Gone,
            Errno::PERM => NoRegion::Denied,
            _ => NoRegion::Failed,
        }
    }

    /// From `mach_vm_region_recurse`.
    pub(super) fn from_kern_return(code: KernReturn) -> Self {
        match code {
            KernReturn::INVALID_ADDRESS => NoRegion::End,
            // A recording may not hold what this port would show.
            KernReturn::INVALID_ARGUMENT | KernReturn::NOT_SUPPORTED => NoRegion::WeakPort,
            KernReturn::INVALID_DEST | KernReturn::SERVER_DIED => NoRegion::Gone,
            _ => NoRegion::Failed,
        }
    }

    /// What the reader is told when the process is alive and the same.
    pub(super) fn kind(self) -> ErrorKind {
        match self {
            NoRegion::End | NoRegion::Gone => ErrorKind::Vanished,
            NoRegion::WeakPort | NoRegion::Denied => ErrorKind::Denied,
            NoRegion::Failed => ErrorKind::Failed,
        }
    }
}

/// Of a call that gives a port of a task, or asks by one. What `task_for_pid` says of a process
/// that has ended and of one that it refuses is the same; that the process lives was seen before.
pub(super) fn of_port(call: &'static str, code: KernReturn, pid: Pid) -> Error {
    let kind = match code {
        KernReturn::FAILURE | KernReturn::INVALID_ARGUMENT => ErrorKind::Denied,
        KernReturn::INVALID_DEST | KernReturn::SERVER_DIED | KernReturn::INVALID_TASK => {
            ErrorKind::NoSuchProcess
        }
        _ => ErrorKind::Failed,
    };
    of_mach(call, code).meaning(kind).pid(pid)
}

/// Of a call by a thread's port, which names nothing once the thread has ended.
pub(super) fn of_thread(call: &'static str, code: KernReturn, pid: Pid) -> Error {
    match code {
        KernReturn::INVALID_ARGUMENT | KernReturn::INVALID_DEST | KernReturn::TERMINATED => {
            of_mach(call, code).meaning(ErrorKind::NoSuchName).pid(pid)
        }
        _ => of_port(call, code, pid),
    }
}

/// Of a Mach call about no process.
pub(super) fn of_mach(call: &'static str, code: KernReturn) -> Error {
    Error::new(ErrorKind::Failed, call).code(Code::KernReturn(code.0))
}

/// Of a BSD call about no process.
pub(super) fn of_machine(call: &'static str, errno: Errno) -> Error {
    let kind = if errno == Errno::NOMEM { ErrorKind::ResourceLimit } else { ErrorKind::Failed };
    Error::new(kind, call).code(Code::Errno(errno.0))
}
