//! The calls that the model counts: the call of each flavor, and the size of its answer.

use mach_procfs::kernel::xnu::{
    AuditToken, BsdInfo, CTL_KERN, FdInfo, FileRegion, HostInfo, IdentifiedInfo, KERN_PROC,
    KERN_PROC_PID, KERN_PROCARGS2, OpenFile, PathlessFile, PidInfo, PidList, PipeFile, Platform,
    PortAttributes, PortKind, PortLimit, PortStatus, ProcessorFlavor, ProcessorInfo, ProcessorLoad,
    RegionInfo, RegionPath, RegionPathInfo, SecurityToken, SemaphoreFile, SharedMemoryFile,
    ShortBsdInfo, SocketFile, TASK_CATEGORY_POLICY, TaskBasicInfo, TaskFlavor, TaskInfo,
    TaskVmInfo, ThreadBasicInfo, ThreadFlavor, ThreadId, ThreadIdentifier, ThreadInfo, UniqueInfo,
    VmStatistics, VnodeFile, VnodePaths,
};

/// The calls that the model counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Call {
    /// `proc_listallpids`.
    ListAllPids,
    /// `proc_pidinfo` of a [`ShortBsdInfo`].
    ShortBsdInfo,
    /// `proc_pidinfo` of a [`BsdInfo`].
    BsdInfo,
    /// `proc_pidinfo` of a [`TaskInfo`].
    TaskInfo,
    /// `proc_pidinfo` of a [`UniqueInfo`].
    UniqueInfo,
    /// `proc_pidinfo` of an [`IdentifiedInfo`].
    IdentifiedInfo,
    /// `proc_pidinfo` of a [`Platform`].
    Platform,
    /// `proc_pidinfo` of a [`RegionPathInfo`].
    RegionPathInfo,
    /// `proc_pidinfo` of a [`RegionInfo`].
    RegionInfo,
    /// `proc_pidinfo` of a [`FileRegion`].
    FileRegion,
    /// `proc_pidinfo` of a [`RegionPath`].
    RegionPath,
    /// `proc_pidinfo` of [`VnodePaths`].
    VnodePaths,
    /// `proc_pidinfo` of the ids of threads.
    ListThreadIds,
    /// `proc_pidinfo` of a [`ThreadInfo`].
    ThreadInfo,
    /// `proc_pidinfo` of [`OpenFile`]s.
    ListFiles,
    /// `proc_pidfdinfo` of a [`VnodeFile`].
    VnodeFile,
    /// `proc_pidfdinfo` of a [`PathlessFile`].
    VnodeFileWithoutPath,
    /// `proc_pidfdinfo` of a [`SocketFile`].
    SocketFile,
    /// `proc_pidfdinfo` of a [`PipeFile`].
    PipeFile,
    /// `proc_pidfdinfo` of a [`SharedMemoryFile`].
    SharedMemoryFile,
    /// `proc_pidfdinfo` of a [`SemaphoreFile`].
    SemaphoreFile,
    /// `proc_pid_rusage`.
    Rusage,
    /// `getsid`.
    Session,
    /// `csops`.
    CodeSigning,
    /// `fsgetpath`.
    PathOf,
    /// `proc_pidpath`.
    ExecutablePath,
    /// `sysctl` of `KERN_PROCARGS2`.
    ProcessArguments,
    /// `sysctl` of `KERN_PROC_PID`.
    KinfoProc,
    /// `sysctlbyname` of `kern.usrstack64`.
    OwnStackTop,
    /// `sysctlbyname` of any other name.
    SysctlByName,
    /// `sysctl` of numbers outside of `CTL_KERN`.
    NumberedSysctl,
    /// `sysctlbyname` with a new `vm.self_region_info_flags`.
    SetRegionInfoFlags,
    /// `task_for_pid`.
    TaskForPid,
    /// `task_read_for_pid`.
    TaskReadForPid,
    /// `task_inspect_for_pid`.
    TaskInspectForPid,
    /// `task_name_for_pid`.
    TaskNameForPid,
    /// `mach_port_deallocate`.
    ReleasePort,
    /// `task_info` of a [`TaskBasicInfo`].
    TaskBasicInfo,
    /// `task_info` of a [`TaskVmInfo`].
    TaskVmInfo,
    /// `task_info` of a [`SecurityToken`].
    TaskSecurityToken,
    /// `task_info` of an [`AuditToken`].
    TaskAuditToken,
    /// `task_policy_get` of the role.
    TaskRole,
    /// `mach_vm_region_recurse` with page counts.
    RegionRecurse,
    /// `mach_vm_region_recurse` without page counts.
    RegionRecurseShort,
    /// `task_threads`.
    TaskThreads,
    /// `thread_info` of a [`ThreadIdentifier`].
    ThreadIdentifier,
    /// `thread_info` of a [`ThreadBasicInfo`].
    ThreadBasicInfo,
    /// `thread_get_state`.
    ThreadState,
    /// `mach_port_space_info`.
    SpaceInfo,
    /// `mach_port_get_attributes` of a [`PortLimit`].
    PortLimit,
    /// `mach_port_get_attributes` of a [`PortStatus`].
    PortStatus,
    /// `host_statistics64` of [`VmStatistics`].
    VmStatistics,
    /// `host_processor_info` of each CPU's [`ProcessorInfo`].
    Processors,
    /// `host_processor_info` of each CPU's [`ProcessorLoad`].
    ProcessorLoads,
    /// `host_processor_info` of one CPU's [`ProcessorInfo`].
    Processor,
    /// `host_processor_info` of one CPU's [`ProcessorLoad`].
    ProcessorLoad,
    /// `mach_timebase_info`.
    Timebase,
    /// `getfsstat`.
    Mounts,
    /// A read of a file.
    FilePart,
    /// dyld's list of images.
    OwnImages,
    /// `_dyld_get_shared_cache_range`.
    CacheRange,
    /// `mach_vm_read_overwrite`.
    ReadOwn,
}

/// A call with its flavor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    Pid(i32),
    Descriptor(i32),
    Task(u32),
    Policy(u32),
    Thread(u32),
    Port(i32),
    Host(i32),
    Processors(i32),
    Processor(i32),
}

/// The flavors that the model answers: the call of each, and the bytes of its answer, or of one
/// item of it.
const FLAVORS: [(Asked, Call, usize); 34] = [
    pid::<BsdInfo>(Call::BsdInfo),
    pid::<TaskInfo>(Call::TaskInfo),
    pid::<RegionPathInfo>(Call::RegionPathInfo),
    pid::<RegionInfo>(Call::RegionInfo),
    pid::<FileRegion>(Call::FileRegion),
    pid::<RegionPath>(Call::RegionPath),
    pid::<VnodePaths>(Call::VnodePaths),
    pid::<ShortBsdInfo>(Call::ShortBsdInfo),
    pid::<ThreadInfo>(Call::ThreadInfo),
    pid::<UniqueInfo>(Call::UniqueInfo),
    pid::<IdentifiedInfo>(Call::IdentifiedInfo),
    pid::<Platform>(Call::Platform),
    list::<OpenFile>(Call::ListFiles),
    list::<ThreadId>(Call::ListThreadIds),
    descriptor::<PathlessFile>(Call::VnodeFileWithoutPath),
    descriptor::<VnodeFile>(Call::VnodeFile),
    descriptor::<SocketFile>(Call::SocketFile),
    descriptor::<PipeFile>(Call::PipeFile),
    descriptor::<SharedMemoryFile>(Call::SharedMemoryFile),
    descriptor::<SemaphoreFile>(Call::SemaphoreFile),
    task::<SecurityToken>(Call::TaskSecurityToken),
    task::<AuditToken>(Call::TaskAuditToken),
    task::<TaskBasicInfo>(Call::TaskBasicInfo),
    task::<TaskVmInfo>(Call::TaskVmInfo),
    (Asked::Policy(TASK_CATEGORY_POLICY), Call::TaskRole, 4),
    thread::<ThreadBasicInfo>(Call::ThreadBasicInfo),
    thread::<ThreadIdentifier>(Call::ThreadIdentifier),
    port::<PortLimit>(Call::PortLimit),
    port::<PortStatus>(Call::PortStatus),
    host::<VmStatistics>(Call::VmStatistics),
    processors::<ProcessorInfo>(Call::Processors),
    processors::<ProcessorLoad>(Call::ProcessorLoads),
    processor::<ProcessorInfo>(Call::Processor),
    processor::<ProcessorLoad>(Call::ProcessorLoad),
];

const fn pid<T: PidInfo>(call: Call) -> (Asked, Call, usize) {
    (Asked::Pid(T::FLAVOR), call, size_of::<T>())
}

const fn list<T: PidList>(call: Call) -> (Asked, Call, usize) {
    (Asked::Pid(T::FLAVOR), call, size_of::<T>())
}

const fn descriptor<T: FdInfo>(call: Call) -> (Asked, Call, usize) {
    (Asked::Descriptor(T::FLAVOR), call, size_of::<T>())
}

const fn task<T: TaskFlavor>(call: Call) -> (Asked, Call, usize) {
    (Asked::Task(T::FLAVOR), call, size_of::<T>())
}

const fn thread<T: ThreadFlavor>(call: Call) -> (Asked, Call, usize) {
    (Asked::Thread(T::FLAVOR), call, size_of::<T>())
}

const fn port<T: PortAttributes>(call: Call) -> (Asked, Call, usize) {
    (Asked::Port(T::FLAVOR), call, size_of::<T>())
}

const fn host<T: HostInfo>(call: Call) -> (Asked, Call, usize) {
    (Asked::Host(T::FLAVOR), call, size_of::<T>())
}

const fn processors<T: ProcessorFlavor>(call: Call) -> (Asked, Call, usize) {
    (Asked::Processors(T::FLAVOR), call, size_of::<T>())
}

const fn processor<T: ProcessorFlavor>(call: Call) -> (Asked, Call, usize) {
    (Asked::Processor(T::FLAVOR), call, size_of::<T>())
}

impl Asked {
    /// The call, and the bytes of its answer; `None` for an unknown flavor.
    pub(super) fn known(self) -> Option<(Call, usize)> {
        let row = FLAVORS.iter().find(|(asked, ..)| *asked == self);
        row.map(|(_, call, size)| (*call, *size))
    }
}

/// Calls that a flavor does not identify.
impl Call {
    /// `task_for_pid` and the like.
    pub(super) fn of_port(kind: PortKind) -> Self {
        match kind {
            PortKind::Control => Call::TaskForPid,
            PortKind::Read => Call::TaskReadForPid,
            PortKind::Inspect => Call::TaskInspectForPid,
            PortKind::Name => Call::TaskNameForPid,
        }
    }

    /// `mach_vm_region_recurse` with this many words.
    pub(super) fn of_region(words: usize) -> Self {
        if (SHORT..REVISIONS[0]).contains(&words) {
            Call::RegionRecurseShort
        } else {
            Call::RegionRecurse
        }
    }

    /// `sysctl` by this name, which has the pid.
    pub(super) fn of_sysctl(name: &[i32]) -> Option<(Self, i32)> {
        match *name {
            [CTL_KERN, KERN_PROCARGS2, pid] => Some((Call::ProcessArguments, pid)),
            [CTL_KERN, KERN_PROC, KERN_PROC_PID, pid] => Some((Call::KinfoProc, pid)),
            _ => None,
        }
    }
}

/// `VM_REGION_SUBMAP_SHORT_INFO_COUNT_64`: the words of a region without page counts.
pub(super) const SHORT: usize = 12;

/// `VM_REGION_SUBMAP_INFO_V0_COUNT_64` and the counts of its later revisions. MIG cuts off words
/// after the last.
pub(super) const REVISIONS: [usize; 3] = [16, 17, 19];
