//! The numbers that XNU's calls fail with, and the names of ports.

/// An `errno` value that a BSD call gave, in Darwin's numbering.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Errno(pub i32);

impl Errno {
    /// 1: the uid rule or a policy forbids it; region flavors on pid 0, even for root.
    pub const PERM: Self = Errno(1);
    /// 2: no such file, or no such sysctl.
    pub const NOENT: Self = Errno(2);
    /// 3: no such process, or a zombie where only a living one counts.
    pub const SRCH: Self = Errno(3);
    /// 4: a signal came while the call waited.
    pub const INTR: Self = Errno(4);
    /// 5: an error of input or output.
    pub const IO: Self = Errno(5);
    /// 9: no such descriptor, or one of another kind.
    pub const BADF: Self = Errno(9);
    /// 12: the buffer is smaller than the flavor's struct (checked before the pid).
    pub const NOMEM: Self = Errno(12);
    /// 13: the task-access server is dead, or the task is a corpse.
    pub const ACCES: Self = Errno(13);
    /// 22: no region at or above the address; unknown flavor.
    pub const INVAL: Self = Errno(22);
    /// 38: the descriptor is no socket.
    pub const NOTSOCK: Self = Errno(38);
    /// 45: what a recording does not hold.
    pub const NOTSUP: Self = Errno(45);
    /// 78: this kernel does not have the call.
    pub const NOSYS: Self = Errno(78);
    /// 84: the buffer is larger than the call allows.
    pub const OVERFLOW: Self = Errno(84);
}

/// A `kern_return_t` other than `KERN_SUCCESS` that a Mach call gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct KernReturn(pub i32);

impl KernReturn {
    /// `KERN_INVALID_ADDRESS`: no region at or above the address; also a map that is torn down.
    pub const INVALID_ADDRESS: Self = KernReturn(1);
    /// `KERN_PROTECTION_FAILURE`: of `task_for_pid`, where the task-access server has died.
    pub const PROTECTION_FAILURE: Self = KernReturn(2);
    /// `KERN_INVALID_ARGUMENT`: the port is too weak, or its task has ended.
    pub const INVALID_ARGUMENT: Self = KernReturn(4);
    /// `KERN_FAILURE`: `task_for_pid` refuses; no such process, forbidden, and raced look alike.
    pub const FAILURE: Self = KernReturn(5);
    /// `KERN_ABORTED`: of `task_for_pid`, interrupted while it waited for the access server.
    pub const ABORTED: Self = KernReturn(14);
    /// `KERN_INVALID_NAME`: no such port name.
    pub const INVALID_NAME: Self = KernReturn(15);
    /// `KERN_INVALID_TASK`: the task's name space is being torn down.
    pub const INVALID_TASK: Self = KernReturn(16);
    /// `KERN_INVALID_RIGHT`: the name names a right of another kind.
    pub const INVALID_RIGHT: Self = KernReturn(17);
    /// `KERN_TERMINATED`: the thread has ended.
    pub const TERMINATED: Self = KernReturn(37);
    /// `KERN_NOT_SUPPORTED`: what a recording does not hold.
    pub const NOT_SUPPORTED: Self = KernReturn(46);
    /// `MACH_SEND_INVALID_DEST`: the port is a dead name, or never was one.
    pub const INVALID_DEST: Self = KernReturn(0x1000_0003);
    /// `MIG_SERVER_DIED`: the port died while the request was on its way.
    pub const SERVER_DIED: Self = KernReturn(-308);
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
