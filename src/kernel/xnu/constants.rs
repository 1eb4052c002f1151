//! Numbers of XNU's headers, each declared once and listed for the check against the headers.

use super::{
    SubmapInfo, SubmapShortInfo, TaskVmInfo, VmStatistics, errno, flavors, registers, structs,
};

/// A number that XNU's headers define.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Constant {
    /// Its name in C.
    pub name: &'static str,
    /// Its value.
    pub value: i64,
    /// Whether a public header has it. The others are in XNU's private headers, and are part of its
    /// system call interface.
    pub public: bool,
}

/// Declares constants and lists them, with their names in C.
///
/// `LIST { NAME: type = value; }` declares them in the module, by their names in C; `LIST in Type:
/// type { NAME = value, "C name"; }` in a type, and `LIST in Type(_) { … }` as values of a type
/// that wraps the number. `private` after a name: no public header has it.
macro_rules! xnu_constants {
    ($list:ident {
        $($(#[$meta:meta])* $name:ident: $type:ty = $value:expr $(, $private:ident)?;)*
    }) => {
        $($(#[$meta])* pub const $name: $type = $value;)*
        xnu_constants!(@list $list { $(stringify!($name), $name, [$($private)?];)* });
    };
    ($(#[$head:meta])* $list:ident in $owner:ident: $type:ty {
        $($(#[$meta:meta])* $name:ident = $value:expr, $c:literal $($private:ident)?;)*
    }) => {
        $(#[$head])*
        impl $owner {
            $(#[doc = concat!("`", $c, "`:")] $(#[$meta])* pub const $name: $type = $value;)*
        }
        xnu_constants!(@list $list { $($c, $owner::$name, [$($private)?];)* });
    };
    ($(#[$head:meta])* $list:ident in $owner:ident(_) {
        $($(#[$meta:meta])* $name:ident = $value:expr, $c:literal $($private:ident)?;)*
    }) => {
        $(#[$head])*
        impl $owner {
            $(#[doc = concat!("`", $c, "`:")] $(#[$meta])* pub const $name: Self = $owner($value);)*
        }
        xnu_constants!(@list $list { $($c, $owner::$name.0, [$($private)?];)* });
    };
    (@list $list:ident { $($c:expr, $value:expr, [$($private:ident)?];)* }) => {
        pub(in crate::kernel::xnu) const $list: &[$crate::kernel::xnu::Constant] = &[
            $($crate::kernel::xnu::Constant {
                name: $c,
                value: $value as i64,
                public: xnu_constants!(@public $($private)?),
            },)*
        ];
    };
    (@public private) => { false };
    (@public) => { true };
}

pub(super) use xnu_constants;

xnu_constants! {
    NUMBERS {
        /// First number of a `sysctl` name: the kernel's own.
        CTL_KERN: i32 = 1;
        /// Second number: processes.
        KERN_PROC: i32 = 14;
        /// `{CTL_KERN, KERN_PROC, KERN_PROC_PID, pid}`: the value is a
        /// [`KinfoProc`](super::KinfoProc), for any process and any caller, zombies and pid 0
        /// included. No such process is a success of 0 bytes (`kern_sysctl.c:sysctl_prochandle`).
        ///
        /// Errors: [`Errno::NOMEM`](super::Errno::NOMEM) for a buffer smaller than the struct.
        KERN_PROC_PID: i32 = 1;
        /// `{CTL_KERN, KERN_PROCARGS2, pid}`: arguments and environment of a process. The length is
        /// rounded up to a multiple of 4 and known to any caller. The first four bytes are the
        /// number of arguments. A buffer smaller than the length gets the number and the **tail**
        /// of the rest, with zeros at its end, so ask for the length first and allocate more.
        /// At most 1 MiB + 4 bytes.
        ///
        /// Errors: [`Errno::INVAL`](super::Errno::INVAL) for no such process, a zombie, a process
        /// of the kernel, another user's process, and a buffer of 4 bytes or less;
        /// [`Errno::IO`](super::Errno::IO) for an unreadable stack.
        KERN_PROCARGS2: i32 = 49;
        /// Operation of `csops`: the flags of a process's code signature, one word
        /// ([`CodeSigning`](super::CodeSigning)), of any process to any caller.
        CS_OPS_STATUS: u32 = 0, private;
        /// No process has this pid or a higher one (`kern_fork.c:forkproc`). No call reports it;
        /// setaudit_addr(2) documents it.
        PID_MAX: u32 = 99_999, private;
        /// The result of a Mach call that succeeded.
        KERN_SUCCESS: i32 = 0;
        /// Flag of `getfsstat`: no file system is asked.
        MNT_NOWAIT: i32 = 2;
        /// The largest buffer that `fsgetpath` takes.
        MAXLONGPATHLEN: usize = 8192, private;
        /// The longest path of an executable, with its NUL.
        PROC_PIDPATHINFO_MAXSIZE: usize = 4096;
        /// Flavor of `proc_pid_rusage`: a [`Rusage`](super::Rusage). The kernel is passed no size
        /// of the buffer, and takes the struct's.
        RUSAGE_INFO_V5: i32 = 5;
        /// Flavor of `task_policy_get`: the role, one word. -1 reniced, 0 unspecified, 1
        /// foreground, 2 background, 3 control, 4 graphics server, 5 throttled, 6 no user
        /// interface, 7 default, 8 Darwin background.
        TASK_CATEGORY_POLICY: u32 = 1;
    }
}

/// Word counts by which Mach calls distinguish the revisions of growing structs.
const COUNTS: &[Constant] = &[
    count::<TaskVmInfo>("TASK_VM_INFO_REV2_COUNT"),
    count::<SubmapInfo>("VM_REGION_SUBMAP_INFO_V2_COUNT_64"),
    count::<SubmapShortInfo>("VM_REGION_SUBMAP_SHORT_INFO_COUNT_64"),
    count::<VmStatistics>("HOST_VM_INFO64_REV1_COUNT"),
];

const fn count<T>(name: &'static str) -> Constant {
    Constant { name, value: (size_of::<T>() / size_of::<u32>()) as i64, public: true }
}

/// Every number that goes to the kernel or comes from it, except those of registers
/// ([`StateFlavor::of_cpu`](super::StateFlavor::of_cpu)), which are the machine's.
#[doc(hidden)]
pub fn constants() -> impl Iterator<Item = &'static Constant> {
    let lists =
        [NUMBERS, COUNTS, errno::ERRNOS, errno::KERN_RETURNS, registers::NUMBERS, registers::MOST];
    lists.into_iter().chain(flavors::LISTS.iter().copied()).chain(structs::constants()).flatten()
}
