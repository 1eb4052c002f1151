//! The sysctls that are read.

use std::ffi::CStr;

/// The sysctls that a recording keeps (XNU's `kern_sysctl.c`, `kern_mib.c`). Not every machine has
/// all: Apple silicon has no `hw.cpufrequency`. `kern.maxproc` and `kern.num_tasks` are limits, in
/// spite of the name of the second.
///
/// Those of `hw` are an `i32` (`cputype`, `ncpu`, `logicalcpu`, `physicalcpu`), a text with a NUL at
/// its end (`model`) or a `u64`; the limits an `i32`; the others of `kern`, and `machdep`'s, a text,
/// but for these: `kern.boottime` is a `struct timeval` (an `i64` of seconds, an `i32` of
/// microseconds, four bytes of padding); `vm.loadavg` a `struct loadavg` (three `u32` of fixed point
/// over 1, 5 and 15 minutes, four bytes of padding, and the `i64` that is 1.0); `vm.swapusage` a
/// `struct xsw_usage` (three `u64` of bytes, all, free and used, a `u32` of bytes in a page, and an
/// `i32` that is 1 where they are encrypted).
pub const SYSCTLS: [&CStr; 22] = [
    c"kern.ostype",
    c"kern.osproductversion",
    c"kern.osrelease",
    c"kern.osversion",
    c"kern.version",
    c"kern.hostname",
    c"kern.boottime",
    c"kern.maxproc",
    c"kern.num_tasks",
    c"vm.loadavg",
    c"vm.swapusage",
    c"hw.model",
    c"hw.cputype",
    c"hw.memsize",
    c"hw.pagesize",
    c"hw.ncpu",
    c"hw.logicalcpu",
    c"hw.physicalcpu",
    c"hw.cpufrequency",
    c"hw.cachelinesize",
    c"hw.l2cachesize",
    c"machdep.cpu.brand_string",
];

/// Bit 0 of `vm.self_region_info_flags`: answer `SM_SHARED` at once instead of scanning the whole
/// map for aliases, which makes a walk quadratic. Holds for this program's own questions only, and
/// needs no privilege. Since macOS 15.
pub const REGION_INFO_SKIP_ALIASES: u32 = 1;
