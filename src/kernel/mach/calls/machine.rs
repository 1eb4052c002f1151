//! Calls about the machine and its kernel.

use std::ffi::CStr;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::super::json;
use super::{Errno, KernReturn};

/// Facts of the machine, to any caller.
pub trait MachineCalls: Send + Sync + 'static {
    /// `sysctlbyname`: fills the buffer with the value and returns its length; without a buffer,
    /// the length that is there. Values are in the machine's byte order; [`SYSCTLS`] says of which
    /// type. Strings end in a NUL, which the length counts.
    ///
    /// # Errors
    /// [`Errno::NOENT`] for a name that this kernel does not know, [`Errno::NOMEM`] for a buffer
    /// that is too small, whose contents are then undefined.
    fn sysctl_by_name(&self, name: &CStr, buffer: Option<&mut [u8]>) -> Result<usize, Errno>;

    /// The time of day: in a replay that of the recording.
    ///
    /// # Errors
    /// [`Errno::NOTSUP`] of a recording that does not hold it.
    fn now(&self) -> Result<SystemTime, Errno> {
        Ok(SystemTime::now())
    }

    /// `host_statistics64(HOST_VM_INFO64 = 4)`, as of its first revision.
    ///
    /// To a program that is not Apple's the kernel answers two to ten questions of all of them a
    /// second, and the others with what it said before (`host.c:rate_limit_host_statistics`).
    ///
    /// # Errors
    /// None is documented for a host port that is valid.
    fn vm_statistics(&self) -> Result<VmStatistics, KernReturn>;

    /// `host_processor_info(PROCESSOR_BASIC_INFO = 1)`: each CPU, by its number.
    ///
    /// # Errors
    /// `KERN_RESOURCE_SHORTAGE` of a kernel without memory.
    fn processors(&self) -> Result<Vec<ProcessorInfo>, KernReturn>;

    /// One of [`processors`](Self::processors). The kernel has no call for one: only a replay, in
    /// which there may be thousands, does not copy the others.
    ///
    /// # Errors
    /// As for all.
    fn processor(&self, number: usize) -> Result<Option<ProcessorInfo>, KernReturn> {
        Ok(self.processors()?.get(number).copied())
    }

    /// `host_processor_info(PROCESSOR_CPU_LOAD_INFO = 2)`: each CPU, by its number.
    ///
    /// # Errors
    /// `KERN_RESOURCE_SHORTAGE` of a kernel without memory.
    fn processor_loads(&self) -> Result<Vec<ProcessorLoad>, KernReturn>;

    /// One of [`processor_loads`](Self::processor_loads), as [`processor`](Self::processor).
    ///
    /// # Errors
    /// As for all.
    fn processor_load(&self, number: usize) -> Result<Option<ProcessorLoad>, KernReturn> {
        Ok(self.processor_loads()?.get(number).copied())
    }

    /// `getfsstat(MNT_NOWAIT)`: fills the buffer with the mounted file systems and returns how
    /// many; without a buffer, how many there are. A result that fills the buffer may have been
    /// cut off silently. What is told is what the kernel has at hand: no file system is asked, so
    /// that a dead one does no harm.
    ///
    /// # Errors
    /// What a policy gives.
    fn mounts(&self, mounts: Option<&mut [Mount]>) -> Result<usize, Errno>;
}

/// A type of [`MachineCalls::sysctl_by_name`]'s values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SysctlKind {
    /// Text with a NUL at its end.
    Text,
    /// An `i32`.
    Int,
    /// A `u64`.
    Quad,
    /// `struct timeval`: an `i64` of seconds, an `i32` of microseconds, four bytes of padding.
    Time,
    /// `struct loadavg`: three `u32` of fixed point over 1, 5 and 15 minutes, four bytes of
    /// padding, and the `i64` that is 1.0.
    LoadAverage,
    /// `struct xsw_usage`: three `u64` of bytes, all, free and used, a `u32` of bytes in a page,
    /// and an `i32` that is 1 where they are encrypted.
    SwapUsage,
}

/// The sysctls that a recording keeps, with the type of each (XNU's `kern_sysctl.c`,
/// `kern_mib.c`). Not every machine has all: Apple silicon has no `hw.cpufrequency`. The last two
/// of `kern` are limits, `kern.num_tasks` in spite of its name.
pub const SYSCTLS: [(&CStr, SysctlKind); 22] = [
    (c"kern.ostype", SysctlKind::Text),
    (c"kern.osproductversion", SysctlKind::Text),
    (c"kern.osrelease", SysctlKind::Text),
    (c"kern.osversion", SysctlKind::Text),
    (c"kern.version", SysctlKind::Text),
    (c"kern.hostname", SysctlKind::Text),
    (c"kern.boottime", SysctlKind::Time),
    (c"kern.maxproc", SysctlKind::Int),
    (c"kern.num_tasks", SysctlKind::Int),
    (c"vm.loadavg", SysctlKind::LoadAverage),
    (c"vm.swapusage", SysctlKind::SwapUsage),
    (c"hw.model", SysctlKind::Text),
    (c"hw.cputype", SysctlKind::Int),
    (c"hw.memsize", SysctlKind::Quad),
    (c"hw.pagesize", SysctlKind::Quad),
    (c"hw.ncpu", SysctlKind::Int),
    (c"hw.logicalcpu", SysctlKind::Int),
    (c"hw.physicalcpu", SysctlKind::Int),
    (c"hw.cpufrequency", SysctlKind::Quad),
    (c"hw.cachelinesize", SysctlKind::Quad),
    (c"hw.l2cachesize", SysctlKind::Quad),
    (c"machdep.cpu.brand_string", SysctlKind::Text),
];

/// `struct vm_statistics64` up to where its second revision begins. Pages are the kernel's own
/// (sysctl `hw.pagesize`), counters are since the machine was started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VmStatistics {
    /// Free pages, the speculative ones among them.
    pub free: u32,
    /// Active pages.
    pub active: u32,
    /// Inactive pages.
    pub inactive: u32,
    /// Wired pages.
    pub wired: u32,
    /// Pages filled with zeros.
    pub zero_fills: u64,
    /// Pages that were made active again.
    pub reactivations: u64,
    /// Pages read in.
    pub pageins: u64,
    /// Pages written out.
    pub pageouts: u64,
    /// Page faults.
    pub faults: u64,
    /// Copy-on-write faults.
    pub cow_faults: u64,
    /// Lookups in the object cache.
    pub lookups: u64,
    /// Those that found something.
    pub hits: u64,
    /// Purgeable pages that were thrown away.
    pub purges: u64,
    /// Purgeable pages.
    pub purgeable: u32,
    /// Pages read ahead that nobody has used yet.
    pub speculative: u32,
    /// Pages that were decompressed.
    pub decompressions: u64,
    /// Pages that were compressed.
    pub compressions: u64,
    /// Compressed pages brought back from swap.
    pub swapins: u64,
    /// Compressed pages written to swap.
    pub swapouts: u64,
    /// Pages that the compressor fills.
    pub compressor: u32,
    /// Throttled pages.
    pub throttled: u32,
    /// Pages that a file is behind.
    pub external: u32,
    /// Anonymous pages.
    pub internal: u32,
    /// Pages that are in the compressor, counted as they were before.
    pub compressed: u64,
}

/// `struct processor_basic_info`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProcessorInfo {
    /// `CPU_TYPE_*`.
    pub cpu_type: i32,
    /// `CPU_SUBTYPE_*`.
    pub cpu_subtype: i32,
    /// 1 where it runs.
    pub running: i32,
    /// Its number.
    pub slot: i32,
    /// 1 for the one that the machine was started on.
    pub is_main: i32,
}

/// `struct processor_cpu_load_info`: ticks, 100 a second, since the machine was started. They go
/// back to 0 at 2^32.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProcessorLoad {
    /// In user mode.
    pub user: u32,
    /// In the kernel.
    pub system: u32,
    /// With nothing to do.
    pub idle: u32,
    /// Always 0: XNU does not count niced processes apart (`processor.c`).
    pub nice: u32,
}

/// Of `struct statfs` what tells a mounted file system.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mount {
    /// `f_mntonname`: where it is mounted.
    #[serde(with = "json::bytes")]
    pub mount_point: Vec<u8>,
    /// `f_mntfromname`: what is mounted.
    #[serde(with = "json::bytes")]
    pub source: Vec<u8>,
    /// `f_fstypename`, at most 15 bytes.
    #[serde(with = "json::bytes")]
    pub kind: Vec<u8>,
    /// `f_flags`: `MNT_*`.
    pub flags: u32,
    /// `f_fsid`.
    pub fsid: [i32; 2],
    /// `f_owner`: who mounted it.
    pub owner: u32,
}
