//! The sysctls that are read.

use std::ffi::CStr;

/// The sysctls that a recording has (XNU's `kern_sysctl.c`, `kern_mib.c`). Not every machine has
/// all of them: Apple silicon has no `hw.cpufrequency`. `kern.maxproc` and `kern.num_tasks` are
/// limits, in spite of the name of the second.
///
/// Those of `hw` are an `i32` (`cputype`, `ncpu`, `logicalcpu`, `physicalcpu`), a text with a NUL
/// at its end (`model`) or a `u64`; the limits an `i32`; the others of `kern`, and `machdep`'s, a
/// text, except these: `kern.boottime` is a `struct timeval` (an `i64` of seconds, an `i32` of
/// microseconds, four bytes of padding); `vm.loadavg` a `struct loadavg` (three `u32` of fixed
/// point over 1, 5 and 15 minutes, four bytes of padding, and the `i64` that is 1.0);
/// `vm.swapusage` a `struct xsw_usage` (three `u64` of bytes, all, free and used, a `u32` of bytes
/// in a page, and an `i32` that is 1 if they are encrypted); `vm.swapfileprefix` is the path of the
/// swap files without the number at its end, a text (`vm_compressor_backing_store.c`).
pub const SYSCTLS: [&CStr; 23] = [
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
    c"vm.swapfileprefix",
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

/// The sysctls about this start of the machine, texts (`kern_sysctl.c`). They identify it, so a
/// recording keeps them only where it keeps all.
pub mod boot {
    use std::ffi::CStr;

    /// The arguments that the kernel was started with; empty as a rule.
    pub const ARGUMENTS: &CStr = c"kern.bootargs";
    /// A random UUID in upper case (`IOPMrootDomain.cpp:initializeBootSessionUUID`).
    pub const SESSION: &CStr = c"kern.bootsessionuuid";

    /// All of them.
    pub const ALL: [&CStr; 2] = [ARGUMENTS, SESSION];
}

/// The sysctls that list sockets ([`pcb_list`](super::pcb_list)). A recording keeps them only where it
/// keeps all: addresses are private.
pub mod sockets {
    use std::ffi::CStr;

    /// TCP of both families.
    pub const TCP: &CStr = c"net.inet.tcp.pcblist_n";
    /// UDP of both families.
    pub const UDP: &CStr = c"net.inet.udp.pcblist_n";
    /// `AF_UNIX` of type `SOCK_STREAM`.
    pub const STREAM: &CStr = c"net.local.stream.pcblist_n";
    /// `AF_UNIX` of type `SOCK_DGRAM`.
    pub const DATAGRAM: &CStr = c"net.local.dgram.pcblist_n";

    /// All of them.
    pub const ALL: [&CStr; 4] = [TCP, UDP, STREAM, DATAGRAM];
}

/// The sysctls about interfaces and routes ([`route`](super::route)), which have numbers: `CTL_NET` 4,
/// `PF_ROUTE` 17, no protocol, the family, what is asked for (`NET_RT_*` of `sys/socket.h`) and its
/// argument. Private, too.
pub mod routing {
    /// `NET_RT_IFLIST2` of all families.
    pub const INTERFACES: [i32; 6] = [4, 17, 0, 0, 6, 0];
    /// `NET_RT_DUMP` of `AF_INET`.
    pub const ROUTES: [i32; 6] = [4, 17, 0, 2, 1, 0];
    /// `NET_RT_FLAGS` of `AF_INET`, those with `RTF_LLINFO`.
    pub const NEIGHBOURS: [i32; 6] = [4, 17, 0, 2, 2, 0x400];

    /// All of them.
    pub const ALL: [[i32; 6]; 3] = [INTERFACES, ROUTES, NEIGHBOURS];
}
