//! The error numbers of XNU's calls, and the names of ports.

use super::constants::xnu_constants;

/// An `errno` value of a BSD call, in Darwin's numbering.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Errno(pub i32);

xnu_constants! {
    ERRNOS in Errno(_) {
        /// The uid rule or a policy forbids it; region flavors on pid 0, even for root.
        PERM = 1, "EPERM";
        /// No such file, or no such sysctl.
        NOENT = 2, "ENOENT";
        /// No such process, or a zombie for a call about living ones.
        SRCH = 3, "ESRCH";
        /// A signal came while the call waited.
        INTR = 4, "EINTR";
        /// An error of input or output.
        IO = 5, "EIO";
        /// No such descriptor, or one of another kind.
        BADF = 9, "EBADF";
        /// The buffer is smaller than the flavor's struct (checked before the pid).
        NOMEM = 12, "ENOMEM";
        /// The task-access server is dead, or the task is a corpse.
        ACCES = 13, "EACCES";
        /// No region at or above the address; unknown flavor.
        INVAL = 22, "EINVAL";
        /// The buffer has no room for the path.
        NOSPC = 28, "ENOSPC";
        /// The descriptor is not a socket.
        NOTSOCK = 38, "ENOTSOCK";
        /// A recording lacks the answer; or there is no such file system.
        NOTSUP = 45, "ENOTSUP";
        /// This kernel does not have the call.
        NOSYS = 78, "ENOSYS";
        /// The buffer is larger than the call allows.
        OVERFLOW = 84, "EOVERFLOW";
    }
}

/// A `kern_return_t` of a Mach call other than `KERN_SUCCESS`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct KernReturn(pub i32);

xnu_constants! {
    KERN_RETURNS in KernReturn(_) {
        /// No region is at or above the address; also for a map that is being torn down.
        INVALID_ADDRESS = 1, "KERN_INVALID_ADDRESS";
        /// From `task_for_pid`: the task-access server has died.
        PROTECTION_FAILURE = 2, "KERN_PROTECTION_FAILURE";
        /// The port is too weak, or its task has ended.
        INVALID_ARGUMENT = 4, "KERN_INVALID_ARGUMENT";
        /// `task_for_pid` refuses. No such process, a refusal and a race have this one code.
        FAILURE = 5, "KERN_FAILURE";
        /// From `task_for_pid`, interrupted while it waited for the access server.
        ABORTED = 14, "KERN_ABORTED";
        /// No such port name.
        INVALID_NAME = 15, "KERN_INVALID_NAME";
        /// The task's name space is being torn down.
        INVALID_TASK = 16, "KERN_INVALID_TASK";
        /// The name names a right of another kind.
        INVALID_RIGHT = 17, "KERN_INVALID_RIGHT";
        /// The thread has ended.
        TERMINATED = 37, "KERN_TERMINATED";
        /// A recording lacks the answer.
        NOT_SUPPORTED = 46, "KERN_NOT_SUPPORTED";
        /// The port is a dead name, or no port at all.
        INVALID_DEST = 0x1000_0003, "MACH_SEND_INVALID_DEST";
        /// The port died while the request was on its way.
        SERVER_DIED = -308, "MIG_SERVER_DIED";
    }
}

/// A Mach port name in this task's own name space.
pub type PortName = u32;

/// `MACH_PORT_NULL`: no right, nothing to release.
pub const PORT_NULL: PortName = 0;

/// `MACH_PORT_DEAD`: the right died on its way here, nothing to release.
pub const PORT_DEAD: PortName = u32::MAX;

/// The error of a call that is a BSD call for some arguments and a Mach call for others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The error of the BSD call.
    Errno(Errno),
    /// The error of the Mach call.
    KernReturn(KernReturn),
}

impl From<Errno> for Refusal {
    fn from(errno: Errno) -> Self {
        Refusal::Errno(errno)
    }
}

impl From<KernReturn> for Refusal {
    fn from(code: KernReturn) -> Self {
        Refusal::KernReturn(code)
    }
}
