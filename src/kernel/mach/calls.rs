//! What the Mach code asks of XNU: one thin method per kernel call, numbers in and numbers out.
//!
//! On a Mac the calls go to the kernel; everywhere else [`XnuModel`](super::xnu_model::XnuModel)
//! answers, from a description or a recording. No method retries, converts a unit or gives an
//! error a meaning: that is the business of the code above, where it can be tested.
//!
//! Numbers, layouts and units are those of XNU (`bsd/sys/proc_info.h`, `osfmk/mach/vm_region.h`).
//! Process ids are `pid_t`; addresses, sizes and offsets are bytes.

mod files;
mod info;
mod machine;
mod port;
mod process;
mod region;
mod space;
mod task;
mod thread;

pub use files::{
    FileCalls, FileInfo, FilePart, InternetEnds, OpenFile, PipeFile, SocketEnds, SocketFile,
    UnixEnds, VnodeFile,
};
pub use info::{
    BsdInfo, Image, RegionInfo, RegionPathInfo, Segment, ShortBsdInfo, SubmapInfo, TaskInfo,
    TaskVmInfo, ThreadInfo, Timebase, UniqueInfo, VnodeInfo, VnodePaths,
};
pub use machine::{
    MachineCalls, Mount, ProcessorInfo, ProcessorLoad, SYSCTLS, SysctlKind, VmStatistics,
};
pub use port::{TaskPort, ThreadPorts};
pub use process::{KinfoProc, ProcessCalls};
pub use region::{RegionCalls, RegionPath};
pub use space::{PortStatus, SpaceCalls, SpaceEntry};
pub use task::{
    TaskAbsoluteTimes, TaskBasicInfo, TaskCalls, TaskEvents, TaskThreadTimes, TimeValue,
};
pub use thread::{
    CPU_TYPE_ARM64, CPU_TYPE_X86_64, StateFlavor, ThreadBasicInfo, ThreadCalls, ThreadIdentifier,
};

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

/// Bit 0 of `vm.self_region_info_flags`: answer `SM_SHARED` at once instead of scanning the whole
/// map for aliases, which makes a walk quadratic.
pub const REGION_INFO_SKIP_ALIASES: u32 = 1;

/// The kernel calls that macOS answers about processes.
///
/// `proc_pidinfo` checks in this order: pid 0 with a region flavor is [`Errno::PERM`] (even for
/// root, and it may file a crash report against the caller); no such process, or a zombie that
/// was not asked for, [`Errno::SRCH`]; then the uid rule, [`Errno::PERM`] unless the caller's
/// effective uid is the target's or 0 (flavors 13 and 17 are exempt). `proc_find` inside waits
/// while the target is in `execve`'s switch-over, so every such call may block.
///
/// By idea the calls stand in traits of their own; this one has the walk's, and all of the others.
pub trait XnuCalls:
    FileCalls + MachineCalls + ProcessCalls + RegionCalls + SpaceCalls + TaskCalls + ThreadCalls
{
    /// `getpid`. Never 0 on a live kernel; 0 where this program is no process of the kernel that
    /// answers, as in a replay.
    fn own_pid(&self) -> i32;

    /// `proc_listallpids`: fills the buffer with pids and returns how many; without a buffer, an
    /// estimate of how many there are. Newest first, pid 0 among them, zombies last. A result
    /// that fills the buffer may have been cut off silently.
    ///
    /// # Errors
    /// [`Errno::NOMEM`] for an empty buffer or a kernel without memory.
    fn list_all_pids(&self, pids: Option<&mut [i32]>) -> Result<usize, Errno>;

    /// `proc_pidinfo(PROC_PIDT_SHORTBSDINFO = 13)`, of any process to any caller. `zombies` is
    /// the call's `arg`: whether a zombie is found too.
    ///
    /// # Errors
    /// [`Errno::SRCH`].
    fn short_bsd_info(&self, pid: i32, zombies: bool) -> Result<ShortBsdInfo, Errno>;

    /// `proc_pidinfo(PROC_PIDTBSDINFO = 3)`. `zombies` as for flavor 13.
    ///
    /// # Errors
    /// [`Errno::SRCH`], [`Errno::PERM`].
    fn bsd_info(&self, pid: i32, zombies: bool) -> Result<BsdInfo, Errno>;

    /// `proc_pidinfo(PROC_PIDTASKINFO = 4)`.
    ///
    /// # Errors
    /// [`Errno::SRCH`], [`Errno::PERM`].
    fn task_info(&self, pid: i32) -> Result<TaskInfo, Errno>;

    /// `proc_pidinfo(PROC_PIDUNIQIDENTIFIERINFO = 17)`, of any process to any caller. `zombies`
    /// as for flavor 13.
    ///
    /// # Errors
    /// [`Errno::SRCH`].
    fn unique_info(&self, pid: i32, zombies: bool) -> Result<UniqueInfo, Errno>;

    /// `proc_pidinfo(PROC_PIDREGIONPATHINFO = 8)`: the region of the task's own map that contains
    /// the address, with its start rounded down, else the next one above. A submap is one region.
    /// The path's memory is reused. On an error `info` is unchanged.
    ///
    /// # Errors
    /// [`Errno::INVAL`] where no region follows, which is also how a process in its exit looks;
    /// [`Errno::SRCH`], [`Errno::PERM`].
    fn region_path_info(
        &self,
        pid: i32,
        address: u64,
        info: &mut RegionPathInfo,
    ) -> Result<(), Errno>;

    /// `proc_pidinfo(PROC_PIDVNODEPATHINFO = 9)`: working directory and root directory.
    ///
    /// # Errors
    /// [`Errno::SRCH`], [`Errno::PERM`], and what the file system gave.
    fn vnode_paths(&self, pid: i32, paths: &mut VnodePaths) -> Result<(), Errno>;

    /// `proc_pidinfo(PROC_PIDLISTTHREADIDS = 28)`: fills the buffer with 64-bit thread ids and
    /// returns how many. A result that fills the buffer may have been cut off silently.
    ///
    /// # Errors
    /// [`Errno::NOMEM`] for an empty buffer; [`Errno::SRCH`], [`Errno::PERM`].
    fn list_thread_ids(&self, pid: i32, threads: &mut [u64]) -> Result<usize, Errno>;

    /// `proc_pidinfo(PROC_PIDTHREADID64INFO = 15)` of the thread with this id.
    ///
    /// # Errors
    /// [`Errno::SRCH`] for no such process or thread; [`Errno::PERM`].
    fn thread_info(&self, pid: i32, thread: u64) -> Result<ThreadInfo, Errno>;

    /// `sysctl({CTL_KERN, KERN_PROCARGS2, pid})`: fills the buffer and returns the length; without
    /// a buffer, the length that is there, rounded up to a multiple of 4, to any caller. The
    /// first four bytes are the number of arguments. A buffer smaller than the length gets the
    /// number and the **tail** of what follows, with zeros at its end, so ask for the length first
    /// and allocate more. At most 1 MiB + 4 bytes.
    ///
    /// # Errors
    /// [`Errno::INVAL`] for no such process, a zombie, a process of the kernel, another user's
    /// process, and a buffer of 4 bytes or less; [`Errno::IO`] for an unreadable stack.
    fn process_arguments(&self, pid: i32, buffer: Option<&mut [u8]>) -> Result<usize, Errno>;

    /// `task_for_pid`: a send right to the task's control port, one reference more at each call;
    /// to be released once with [`release_port`](Self::release_port) ([`TaskPort`] does it). May
    /// give [`PORT_NULL`] or [`PORT_DEAD`] with success, where the process has no task yet or is
    /// losing it. May wait for an upcall to the task-access server.
    ///
    /// # Errors
    /// [`KernReturn::FAILURE`] for pid 0, no such process and all refusals;
    /// [`KernReturn::PROTECTION_FAILURE`], [`KernReturn::ABORTED`] from the upcall.
    fn task_for_pid(&self, pid: i32) -> Result<PortName, KernReturn>;

    /// `mach_task_self`: this program's own task. Not a new reference: never to be released.
    fn own_task(&self) -> PortName;

    /// `mach_port_deallocate`: gives one reference back.
    ///
    /// # Errors
    /// [`KernReturn::INVALID_NAME`] for a name that names nothing.
    fn release_port(&self, port: PortName) -> Result<(), KernReturn>;

    /// `mach_vm_region_recurse` with a count of 19 words.
    ///
    /// In: the address, and the depth that may be entered. Out: where the region starts (rounded
    /// down), its size, and the depth it was found at. Inside a submap the addresses are the
    /// task's, cut to what the task maps of it. On an error nothing is changed.
    ///
    /// # Errors
    /// [`KernReturn::INVALID_ADDRESS`] where no region follows, which is also how a task in its
    /// exit may look; [`KernReturn::INVALID_ARGUMENT`], [`KernReturn::INVALID_DEST`] and
    /// [`KernReturn::SERVER_DIED`] where the task is gone or the port only names or inspects it.
    fn region_recurse(
        &self,
        task: PortName,
        address: &mut u64,
        size: &mut u64,
        depth: &mut u32,
        info: &mut SubmapInfo,
    ) -> Result<(), KernReturn>;

    /// `mach_vm_region_recurse` with a count of 12 words, for which the kernel looks at no page:
    /// all page counts and `object_id_full` are 0.
    ///
    /// # Errors
    /// As [`region_recurse`](Self::region_recurse).
    fn region_recurse_short(
        &self,
        task: PortName,
        address: &mut u64,
        size: &mut u64,
        depth: &mut u32,
        info: &mut SubmapInfo,
    ) -> Result<(), KernReturn>;

    /// `task_info(TASK_VM_INFO = 22)` with a count of 42 words, for which a name port is enough.
    /// With more, macOS 13 and 14 log each call.
    ///
    /// # Errors
    /// [`KernReturn::INVALID_ARGUMENT`] for a port whose task has ended,
    /// [`KernReturn::INVALID_DEST`] for a dead name.
    fn task_vm_info(&self, task: PortName) -> Result<TaskVmInfo, KernReturn>;

    /// `mach_timebase_info`: what turns absolute-time units into nanoseconds.
    ///
    /// # Errors
    /// None is documented.
    fn timebase(&self) -> Result<Timebase, KernReturn>;

    /// Sets sysctl `vm.self_region_info_flags`, which holds for this program's own questions only
    /// and needs no privilege; see [`REGION_INFO_SKIP_ALIASES`].
    ///
    /// # Errors
    /// 2 (`ENOENT`) before macOS 15.
    fn set_region_info_flags(&self, flags: u32) -> Result<(), Errno>;

    /// sysctl `kern.usrstack64`: the address behind the top of this program's own main stack.
    ///
    /// # Errors
    /// 2 (`ENOENT`) on a kernel that does not have it.
    fn own_stack_top(&self) -> Result<u64, Errno>;

    /// dyld's list of the images of this program, as far as they lie in dyld's shared cache; in
    /// no order, and what was in the vector is gone. dyld is no part of the kernel, but nobody else
    /// knows where the images are in there: to the kernel the cache is a few large regions.
    ///
    /// Segments that several images share are left out. An image may come twice, and one that is
    /// being loaded may be missing. Nothing is listed where there is no shared cache.
    fn own_images(&self, images: &mut Vec<Image>);
}
