//! The numbers that XNU's calls fail with, and the names of ports.

use super::constants::xnu_constants;

/// An `errno` value that a BSD call gave, in Darwin's numbering.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Errno(pub i32);

xnu_constants! {
    ERRNOS in Errno(_) {
        /// The uid rule or a policy forbids it; region flavors on pid 0, even for root.
        PERM = 1, "EPERM";
        /// No such file, or no such sysctl.
        NOENT = 2, "ENOENT";
        /// No such process, or a zombie where only a living one counts.
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
        /// The descriptor is no socket.
        NOTSOCK = 38, "ENOTSOCK";
        /// What a recording does not hold; a file system that is not there.
        NOTSUP = 45, "ENOTSUP";
        /// This kernel does not have the call.
        NOSYS = 78, "ENOSYS";
        /// The buffer is larger than the call allows.
        OVERFLOW = 84, "EOVERFLOW";
    }
}

/// A `kern_return_t` other than `KERN_SUCCESS` that a Mach call gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct KernReturn(pub i32);

xnu_constants! {
    KERN_RETURNS in KernReturn(_) {
        /// No region at or above the address; also a map that is torn down.
        INVALID_ADDRESS = 1, "KERN_INVALID_ADDRESS";
        /// Of `task_for_pid`, where the task-access server has died.
        PROTECTION_FAILURE = 2, "KERN_PROTECTION_FAILURE";
        /// The port is too weak, or its task has ended.
        INVALID_ARGUMENT = 4, "KERN_INVALID_ARGUMENT";
        /// `task_for_pid` refuses; no such process, forbidden, and raced look alike.
        FAILURE = 5, "KERN_FAILURE";
        /// Of `task_for_pid`, interrupted while it waited for the access server.
        ABORTED = 14, "KERN_ABORTED";
        /// No such port name.
        INVALID_NAME = 15, "KERN_INVALID_NAME";
        /// The task's name space is being torn down.
        INVALID_TASK = 16, "KERN_INVALID_TASK";
        /// The name names a right of another kind.
        INVALID_RIGHT = 17, "KERN_INVALID_RIGHT";
        /// The thread has ended.
        TERMINATED = 37, "KERN_TERMINATED";
        /// What a recording does not hold.
        NOT_SUPPORTED = 46, "KERN_NOT_SUPPORTED";
        /// The port is a dead name, or never was one.
        INVALID_DEST = 0x1000_0003, "MACH_SEND_INVALID_DEST";
        /// The port died while the request was on its way.
        SERVER_DIED = -308, "MIG_SERVER_DIED";
    }
}

/// A Mach port name in this task's own name space.
pub type PortName = u32;

/// `MACH_PORT_NULL`: no right at all, nothing to release.
pub const PORT_NULL: PortName = 0;

/// `MACH_PORT_DEAD`: the right died on its way here, nothing to release.
pub const PORT_DEAD: PortName = u32::MAX;

/// How a call fails that is a BSD call for some arguments and a Mach call for others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// As a BSD call.
    Errno(Errno),
    /// As a Mach call.
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
