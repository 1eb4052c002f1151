//! The machine: structs of `mach/vm_statistics.h`, `mach/processor_info.h`, `mach/mach_time.h` and
//! `sys/mount.h`.

use super::super::wire::{Text, Unread, xnu_structs};

xnu_structs! {
    /// `struct vm_statistics64` without its later revisions. Pages are the kernel's own (sysctl
    /// `hw.pagesize`), counters are since the machine was started.
    struct VmStatistics: "struct vm_statistics64", 152 grows {
        /// Free pages, including the speculative ones.
        free: u32 = "free_count" @ 0,
        /// Active pages.
        active: u32 = "active_count" @ 4,
        /// Inactive pages.
        inactive: u32 = "inactive_count" @ 8,
        /// Wired pages.
        wired: u32 = "wire_count" @ 12,
        /// Pages filled with zeros.
        zero_fills: u64 = "zero_fill_count" @ 16,
        /// Pages that were made active again.
        reactivations: u64 = "reactivations" @ 24,
        /// Pages read in.
        pageins: u64 = "pageins" @ 32,
        /// Pages written out.
        pageouts: u64 = "pageouts" @ 40,
        /// Page faults.
        faults: u64 = "faults" @ 48,
        /// Copy-on-write faults.
        cow_faults: u64 = "cow_faults" @ 56,
        /// Lookups in the object cache.
        lookups: u64 = "lookups" @ 64,
        /// Lookups that found something.
        hits: u64 = "hits" @ 72,
        /// Purgeable pages that were thrown away.
        purges: u64 = "purges" @ 80,
        /// Purgeable pages.
        purgeable: u32 = "purgeable_count" @ 88,
        /// Pages read ahead and not used yet.
        speculative: u32 = "speculative_count" @ 92,
        /// Pages that were decompressed.
        decompressions: u64 = "decompressions" @ 96,
        /// Pages that were compressed.
        compressions: u64 = "compressions" @ 104,
        /// Compressed pages brought back from swap.
        swapins: u64 = "swapins" @ 112,
        /// Compressed pages written to swap.
        swapouts: u64 = "swapouts" @ 120,
        /// Pages that the compressor fills.
        compressor: u32 = "compressor_page_count" @ 128,
        /// Throttled pages.
        throttled: u32 = "throttled_count" @ 132,
        /// Pages of files.
        external: u32 = "external_page_count" @ 136,
        /// Anonymous pages.
        internal: u32 = "internal_page_count" @ 140,
        /// Pages in the compressor, counted uncompressed.
        compressed: u64 = "total_uncompressed_pages_in_compressor" @ 144,
    }

    /// `struct processor_basic_info`.
    struct ProcessorInfo: "struct processor_basic_info", 20 {
        /// `CPU_TYPE_*`.
        cpu_type: i32 = "cpu_type" @ 0,
        /// `CPU_SUBTYPE_*`.
        cpu_subtype: i32 = "cpu_subtype" @ 4,
        /// 1 if it runs.
        running: i32 = "running" @ 8,
        /// Its number.
        slot: i32 = "slot_num" @ 12,
        /// 1 for the CPU on which the machine was started.
        is_main: i32 = "is_master" @ 16,
    }

    /// `struct processor_cpu_load_info`: ticks, 100 a second, since the machine was started. They
    /// wrap around at 2^32.
    struct ProcessorLoad: "struct processor_cpu_load_info", 16 {
        /// Ticks in user mode.
        user: u32 = "cpu_ticks[0]" @ 0,
        /// Ticks in the kernel.
        system: u32 = "cpu_ticks[1]" @ 4,
        /// Idle ticks.
        idle: u32 = "cpu_ticks[2]" @ 8,
        /// Always 0: XNU does not count niced processes apart (`processor.c`).
        nice: u32 = "cpu_ticks[3]" @ 12,
    }

    /// `struct mach_timebase_info`: nanoseconds are units times `numer` over `denom`.
    struct Timebase: "struct mach_timebase_info", 8 {
        /// Numerator.
        numer: u32 = "numer" @ 0,
        /// Denominator.
        denom: u32 = "denom" @ 4,
    }

    /// The fields of `struct statfs` that describe a mounted file system.
    struct Mount: "struct statfs", 2168 {
        #[doc(hidden)]
        #[serde(skip)]
        unread_sizes: Unread<48> = "" @ 0,
        /// `f_fsid`.
        fsid: [i32; 2] = "f_fsid" @ 48,
        /// `f_owner`: the user who mounted it.
        owner: u32 = "f_owner" @ 56,
        #[doc(hidden)]
        #[serde(skip)]
        unread_type: Unread<4> = "" @ 60,
        /// `f_flags`: `MNT_*`.
        flags: u32 = "f_flags" @ 64,
        #[doc(hidden)]
        #[serde(skip)]
        unread_subtype: Unread<4> = "" @ 68,
        /// `f_fstypename`, at most 15 bytes.
        kind: Text<16> = "f_fstypename" @ 72,
        /// `f_mntonname`: the mount point.
        mount_point: Text<1024> = "f_mntonname" @ 88,
        /// `f_mntfromname`: the source.
        source: Text<1024> = "f_mntfromname" @ 1112,
        #[doc(hidden)]
        #[serde(skip)]
        unread_reserve: Unread<32> = "" @ 2136,
    }
}
