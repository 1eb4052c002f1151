//! The only place that gives an errno or a `kern_return_t` its meaning.

use crate::kernel::xnu::{Errno, KernReturn};
use crate::model::{Code, Error, ErrorKind, Pid};

/// The error of a call about a process that need not exist.
pub(super) fn of_process(call: &'static str, errno: Errno, pid: Pid) -> Error {
    let kind = match errno {
        Errno::SRCH => ErrorKind::NoSuchProcess,
        Errno::PERM => ErrorKind::Denied,
        _ => ErrorKind::Failed,
    };
    Error::new(kind, call).code(Code::Errno(errno.0)).pid(pid)
}

/// The error of the list of pids. Its only `ENOMEM` for a buffer that is not empty is the kernel's
/// own.
pub(super) fn of_list(call: &'static str, errno: Errno) -> Error {
    let kind = if errno == Errno::NOMEM { ErrorKind::ResourceLimit } else { ErrorKind::Failed };
    Error::new(kind, call).code(Code::Errno(errno.0))
}

/// Why a call returned no region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoRegion {
    /// No region is at or above the address, or the map is being torn down.
    End,
    /// The process, or the task of this port, has ended.
    Gone,
    /// The port does not show the map, or its task has ended. The kernel has one code for both.
    WeakPort,
    /// The kernel refuses it to this program.
    Denied,
    /// Another reason.
    Failed,
}

impl NoRegion {
    /// The reason for an errno of `proc_pidinfo` with a region flavor.
    pub(super) fn from_errno(errno: Errno) -> Self {
        match errno {
            Errno::INVAL => NoRegion::End,
            Errno::SRCH => NoRegion::Gone,
            Errno::PERM => NoRegion::Denied,
            _ => NoRegion::Failed,
        }
    }

    /// The reason for a result of `mach_vm_region_recurse`.
    pub(super) fn from_kern_return(code: KernReturn) -> Self {
        match code {
            KernReturn::INVALID_ADDRESS => NoRegion::End,
            // A recording may lack the answers of this port.
            KernReturn::INVALID_ARGUMENT | KernReturn::NOT_SUPPORTED => NoRegion::WeakPort,
            KernReturn::INVALID_DEST | KernReturn::SERVER_DIED => NoRegion::Gone,
            _ => NoRegion::Failed,
        }
    }

    /// The error for the reader if the process is alive and the same.
    pub(super) fn kind(self) -> ErrorKind {
        match self {
            NoRegion::End | NoRegion::Gone => ErrorKind::Vanished,
            NoRegion::WeakPort | NoRegion::Denied => ErrorKind::Denied,
            NoRegion::Failed => ErrorKind::Failed,
        }
    }
}

/// The error of a call that returns a port of a task, or asks by one. `task_for_pid` has one code
/// for a process that has ended and for one that it refuses. The process was alive before the call.
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

/// The error of a call by a thread's port, whose name is invalid once the thread has ended.
pub(super) fn of_thread(call: &'static str, code: KernReturn, pid: Pid) -> Error {
    match code {
        KernReturn::INVALID_ARGUMENT | KernReturn::INVALID_DEST | KernReturn::TERMINATED => {
            of_mach(call, code).meaning(ErrorKind::NoSuchName).pid(pid)
        }
        _ => of_port(call, code, pid),
    }
}

/// The error of a Mach call that is not about a process.
pub(super) fn of_mach(call: &'static str, code: KernReturn) -> Error {
    Error::new(ErrorKind::Failed, call).code(Code::KernReturn(code.0))
}

/// The error of a BSD call that is not about a process.
pub(super) fn of_machine(call: &'static str, errno: Errno) -> Error {
    let kind = if errno == Errno::NOMEM { ErrorKind::ResourceLimit } else { ErrorKind::Failed };
    Error::new(kind, call).code(Code::Errno(errno.0))
}
