//! What goes wrong when: faults by call and number.

use std::ops::RangeInclusive;

use super::super::calls::{Errno, KernReturn};
use super::world::World;

/// The calls that the model counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Call {
    /// `proc_listallpids`.
    ListAllPids,
    /// Flavor 13.
    ShortBsdInfo,
    /// Flavor 3.
    BsdInfo,
    /// Flavor 4.
    TaskInfo,
    /// Flavor 17.
    UniqueInfo,
    /// Flavor 7.
    RegionInfo,
    /// Flavor 8.
    RegionPathInfo,
    /// Flavor 22.
    FileRegion,
    /// Flavor 31.
    RegionPath,
    /// Flavor 9.
    VnodePaths,
    /// Flavor 28.
    ListThreadIds,
    /// Flavor 15.
    ThreadInfo,
    /// `KERN_PROCARGS2`.
    ProcessArguments,
    /// `task_for_pid`.
    TaskForPid,
    /// `mach_port_deallocate`.
    ReleasePort,
    /// `mach_vm_region_recurse`.
    RegionRecurse,
    /// `mach_vm_region_recurse` with short info.
    RegionRecurseShort,
    /// `task_info`.
    TaskVmInfo,
    /// `mach_timebase_info`.
    Timebase,
    /// Setting `vm.self_region_info_flags`.
    SetRegionInfoFlags,
    /// `kern.usrstack64`.
    OwnStackTop,
    /// dyld's list of images.
    OwnImages,
    /// `proc_pidpath`.
    ExecutablePath,
    /// `KERN_PROC_PID`.
    KinfoProc,
    /// Flavor 1.
    ListFiles,
    /// `proc_pidfdinfo` flavor 2.
    VnodeFile,
    /// `proc_pidfdinfo` flavor 1.
    VnodeFileWithoutPath,
    /// Reading of a file.
    FilePart,
    /// `proc_pidfdinfo` flavor 3.
    SocketFile,
    /// `proc_pidfdinfo` flavor 6.
    PipeFile,
    /// `task_name_for_pid`.
    TaskNameForPid,
    /// `task_inspect_for_pid`.
    TaskInspectForPid,
    /// `task_read_for_pid`.
    TaskReadForPid,
    /// `task_info` flavor 20.
    TaskBasicInfo,
    /// `task_info` flavor 1.
    TaskAbsoluteTimes,
    /// `task_info` flavor 2.
    TaskEvents,
    /// `task_info` flavor 3.
    TaskThreadTimes,
    /// `task_info` flavor 13.
    TaskSecurityToken,
    /// `task_info` flavor 15.
    TaskAuditToken,
    /// `task_policy_get`.
    TaskRole,
    /// `mach_port_space_info`.
    SpaceInfo,
    /// `mach_port_get_attributes` flavor 1.
    PortLimit,
    /// `mach_port_get_attributes` flavor 2.
    PortStatus,
    /// `task_threads`.
    TaskThreads,
    /// One of them, in a replay.
    ThreadPort,
    /// `thread_info` flavor 4.
    ThreadIdentifier,
    /// `thread_info` flavor 3.
    ThreadBasicInfo,
    /// `thread_get_state`.
    ThreadState,
    /// `sysctlbyname`, of any name but those above.
    SysctlByName,
    /// `host_statistics64`.
    VmStatistics,
    /// `host_processor_info` flavor 1.
    Processors,
    /// `host_processor_info` flavor 2.
    ProcessorLoads,
    /// One CPU of flavor 1, without the others.
    Processor,
    /// One CPU of flavor 2, without the others.
    ProcessorLoad,
    /// `getfsstat`.
    Mounts,
}

impl Call {
    /// Whether it asks about one region.
    #[must_use]
    pub fn is_region(self) -> bool {
        matches!(self, Call::RegionPathInfo | Call::RegionRecurse | Call::RegionRecurseShort)
    }
}

/// A change to the world, made just before a call is answered.
pub type Change = Box<dyn FnMut(&mut World) + Send>;

/// What happens at a call.
pub enum Fault {
    /// The world changes, then the call is answered from what it is now.
    Change(Change),
    /// The BSD call fails.
    Errno(Errno),
    /// The Mach call fails.
    KernReturn(KernReturn),
    /// The region call succeeds with a region of no bytes at the address asked for.
    EmptyRegion,
    /// The call does not return until [`XnuModel::release`](super::XnuModel::release).
    Hang,
    /// The caller panics, as it would over a bug of its own.
    Panic,
}

/// A fault and the calls it befalls.
pub(super) struct Rule {
    pub(super) call: Call,
    /// Counted from 1, by kind of call.
    pub(super) numbers: RangeInclusive<u64>,
    pub(super) fault: Fault,
}

/// What the rules leave to the call itself.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Injected {
    pub(super) errno: Option<Errno>,
    pub(super) code: Option<KernReturn>,
    pub(super) empty: bool,
    pub(super) hang: bool,
    pub(super) panic: bool,
}
