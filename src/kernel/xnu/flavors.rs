//! The struct for each flavor of each call.

use super::{
    AuditToken, BsdInfo, Constant, FileRegion, IdentifiedInfo, OpenFile, PathlessFile, PipeFile,
    Plain, Platform, PortLimit, PortStatus, ProcessorInfo, ProcessorLoad, RegionInfo, RegionPath,
    RegionPathInfo, SecurityToken, SemaphoreFile, SharedMemoryFile, ShortBsdInfo, SocketFile,
    TaskBasicInfo, TaskInfo, TaskVmInfo, ThreadBasicInfo, ThreadIdentifier, ThreadInfo, UniqueInfo,
    VmStatistics, VnodeFile, VnodePaths,
};

/// Declares a trait of structs by flavor, and implements it for each.
macro_rules! flavors {
    ($(
        $(#[$meta:meta])*
        trait $trait:ident($number:ty) of $call:literal as $list:ident {
            $($(#[$flavor_meta:meta])* $type:ident: $c:ident = $value:literal $($private:ident)?,)*
        }
    )*) => {
        $(
            $(#[$meta])*
            pub trait $trait: Plain {
                /// The flavor's number.
                const FLAVOR: $number;
                /// The call, for errors.
                const CALL: &'static str;
            }

            $(
                $(#[$flavor_meta])*
                impl $trait for $type {
                    const FLAVOR: $number = $value;
                    const CALL: &'static str = concat!($call, "(", stringify!($c), ")");
                }
            )*

            const $list: &[Constant] = &[$(Constant {
                name: stringify!($c),
                value: $value,
                public: flavors!(@public $($private)?),
            },)*];
        )*
    };
    (@public private) => { false };
    (@public) => { true };
}

flavors! {
    /// A struct that a flavor of `proc_pidinfo` fills, as a whole or with an error.
    trait PidInfo(i32) of "proc_pidinfo" as PID_INFO {
        /// With `arg` 1 for zombies, too.
        BsdInfo: PROC_PIDTBSDINFO = 3,
        TaskInfo: PROC_PIDTASKINFO = 4,
        /// `arg` is an address: the region as for [`RegionPathInfo`], with or without a file. No
        /// file system is asked.
        RegionInfo: PROC_PIDREGIONINFO = 7,
        /// `arg` is an address: the region of the task's own map that contains it, with its start
        /// rounded down, else the next one above; a submap is one region. [`Errno::INVAL`] if no
        /// region follows, which is also the answer for a process in its exit.
        ///
        /// [`Errno::INVAL`]: super::Errno::INVAL
        RegionPathInfo: PROC_PIDREGIONPATHINFO = 8,
        /// `arg` is an address: the region with a file that contains it, else the next one with a
        /// file. `EINVAL` if none follows, and if the file of the next one is being recycled.
        FileRegion: PROC_PIDREGIONPATHINFO2 = 22 private,
        /// `arg` is an address: the region as for [`FileRegion`]. No file system is asked: the path
        /// is that of the name cache (`vn_getpath`). Since macOS 10.15.
        RegionPath: PROC_PIDREGIONPATH = 31 private,
        /// Working directory and root directory. Also fails with errors of the file system.
        VnodePaths: PROC_PIDVNODEPATHINFO = 9,
        /// For any process and any caller. With `arg` 1 for zombies, too.
        ShortBsdInfo: PROC_PIDT_SHORTBSDINFO = 13,
        /// `arg` is a thread's id; `ESRCH` for no such thread.
        ThreadInfo: PROC_PIDTHREADID64INFO = 15 private,
        /// For any process and any caller. With `arg` 1 for zombies, too.
        UniqueInfo: PROC_PIDUNIQIDENTIFIERINFO = 17 private,
        /// With `arg` 1 for zombies, too.
        IdentifiedInfo: PROC_PIDT_BSDINFOWITHUNIQID = 18 private,
        /// For any process and any caller, zombies too.
        Platform: PROC_PIDPLATFORMINFO = 30 private,
    }

    /// An item of a list that a flavor of `proc_pidinfo` fills a buffer with. A result that fills
    /// the buffer may have been cut off without an error; an empty buffer is `ENOMEM`.
    trait PidList(i32) of "proc_pidinfo" as PID_LIST {
        /// Open descriptors, in ascending order; without a buffer, the number of slots in the
        /// process's table, and 20 more.
        OpenFile: PROC_PIDLISTFDS = 1,
        ThreadId: PROC_PIDLISTTHREADIDS = 28 private,
    }

    /// A struct that a flavor of `proc_pidfdinfo` fills, as a whole or with an error.
    trait FdInfo(i32) of "proc_pidfdinfo" as FD_INFO {
        PathlessFile: PROC_PIDFDVNODEINFO = 1,
        /// The kernel asks the file system for the file's attributes, which may block. `EPERM` also
        /// if this program may not know the file's path (`mac_vnode_check_fsgetpath`, since macOS
        /// 12: files in protected folders, without Full Disk Access).
        VnodeFile: PROC_PIDFDVNODEPATHINFO = 2,
        SocketFile: PROC_PIDFDSOCKETINFO = 3,
        SemaphoreFile: PROC_PIDFDPSEMINFO = 4,
        SharedMemoryFile: PROC_PIDFDPSHMINFO = 5,
        PipeFile: PROC_PIDFDPIPEINFO = 6,
    }

    /// A struct that a flavor of `task_info` fills.
    trait TaskFlavor(u32) of "task_info" as TASK_INFO {
        SecurityToken: TASK_SECURITY_TOKEN = 13,
        AuditToken: TASK_AUDIT_TOKEN = 15,
        TaskBasicInfo: MACH_TASK_BASIC_INFO = 20,
        /// Called with 42 words: with more, macOS 13 and 14 log each call.
        TaskVmInfo: TASK_VM_INFO = 22,
    }

    /// A struct that a flavor of `thread_info` fills.
    trait ThreadFlavor(u32) of "thread_info" as THREAD_INFO {
        ThreadBasicInfo: THREAD_BASIC_INFO = 3,
        ThreadIdentifier: THREAD_IDENTIFIER_INFO = 4,
    }

    /// A struct that a flavor of `mach_port_get_attributes` fills.
    trait PortAttributes(i32) of "mach_port_get_attributes" as PORT_ATTRIBUTES {
        /// The kernel answers with no words for the names 0 and `u32::MAX`.
        PortLimit: MACH_PORT_LIMITS_INFO = 1,
        /// `KERN_INVALID_RIGHT` for the names 0 and `u32::MAX`.
        PortStatus: MACH_PORT_RECEIVE_STATUS = 2,
    }

    /// A struct that a flavor of `host_statistics64` fills.
    ///
    /// For programs that are not Apple's, the kernel answers two to ten calls of all of them a
    /// second, and repeats its last answer to the others (`host.c:rate_limit_host_statistics`).
    trait HostInfo(i32) of "host_statistics64" as HOST_INFO {
        /// Called for its first revision.
        VmStatistics: HOST_VM_INFO64 = 4,
    }

    /// A struct that a flavor of `host_processor_info` fills for each CPU.
    trait ProcessorFlavor(i32) of "host_processor_info" as PROCESSOR_INFO {
        ProcessorInfo: PROCESSOR_BASIC_INFO = 1,
        ProcessorLoad: PROCESSOR_CPU_LOAD_INFO = 2,
    }
}

/// An id of a thread, unique within a boot.
pub type ThreadId = u64;

/// The flavors of every call.
pub(super) const LISTS: &[&[Constant]] = &[
    PID_INFO,
    PID_LIST,
    FD_INFO,
    TASK_INFO,
    THREAD_INFO,
    PORT_ATTRIBUTES,
    HOST_INFO,
    PROCESSOR_INFO,
];
