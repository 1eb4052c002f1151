//! Processes and threads by pid: structs of `sys/proc_info.h`.

use super::super::constants::xnu_constants;
#[cfg(feature = "cli")]
use super::super::json;
use super::super::wire::{Text, Unread, xnu_structs};

xnu_structs! {
    /// `struct proc_bsdshortinfo`.
    struct ShortBsdInfo: "struct proc_bsdshortinfo", 64 {
        /// Process id.
        pid: u32 = "pbsi_pid" @ 0,
        /// The parent's process id.
        ppid: u32 = "pbsi_ppid" @ 4,
        /// Process group id.
        pgid: u32 = "pbsi_pgid" @ 8,
        /// 1 `SIDL`, 2 `SRUN`, 3 `SSLEEP`, 4 `SSTOP`, 5 `SZOMB`.
        status: u32 = "pbsi_status" @ 12,
        /// The executable's name, cut at 15 bytes, padded with NUL.
        comm: Text<16> = "pbsi_comm" @ 16,
        /// `PROC_FLAG_*`, except `SLEADER` and `CTTY`.
        flags: u32 = "pbsi_flags" @ 32,
        /// Effective user id.
        uid: u32 = "pbsi_uid" @ 36,
        /// Effective group id.
        gid: u32 = "pbsi_gid" @ 40,
        /// Real user id.
        ruid: u32 = "pbsi_ruid" @ 44,
        /// Real group id.
        rgid: u32 = "pbsi_rgid" @ 48,
        /// Saved user id.
        svuid: u32 = "pbsi_svuid" @ 52,
        /// Saved group id.
        svgid: u32 = "pbsi_svgid" @ 56,
        #[doc(hidden)]
        #[serde(skip)]
        unread: Unread<4> = "" @ 60,
    }

    /// `struct proc_bsdinfo`.
    struct BsdInfo: "struct proc_bsdinfo", 136 {
        /// `PROC_FLAG_*`.
        flags: u32 = "pbi_flags" @ 0,
        /// As in [`ShortBsdInfo`].
        status: u32 = "pbi_status" @ 4,
        /// Exit status of a zombie.
        xstatus: u32 = "pbi_xstatus" @ 8,
        /// Process id.
        pid: u32 = "pbi_pid" @ 12,
        /// The parent's process id.
        ppid: u32 = "pbi_ppid" @ 16,
        /// Effective user id.
        uid: u32 = "pbi_uid" @ 20,
        /// Effective group id.
        gid: u32 = "pbi_gid" @ 24,
        /// Real user id.
        ruid: u32 = "pbi_ruid" @ 28,
        /// Real group id.
        rgid: u32 = "pbi_rgid" @ 32,
        /// Saved user id.
        svuid: u32 = "pbi_svuid" @ 36,
        /// Saved group id.
        svgid: u32 = "pbi_svgid" @ 40,
        #[doc(hidden)]
        #[serde(skip)]
        unread: Unread<4> = "" @ 44,
        /// The executable's name, cut at 15 bytes, padded with NUL.
        comm: Text<16> = "pbi_comm" @ 48,
        /// The executable's name, cut at 31 bytes, padded with NUL.
        name: Text<32> = "pbi_name" @ 64,
        /// Open files.
        nfiles: u32 = "pbi_nfiles" @ 96,
        /// Process group id.
        pgid: u32 = "pbi_pgid" @ 100,
        /// Job control counter.
        pjobc: u32 = "pbi_pjobc" @ 104,
        /// Device of the controlling terminal, `u32::MAX` for none.
        tdev: u32 = "e_tdev" @ 108,
        /// Process group of the controlling terminal.
        tpgid: u32 = "e_tpgid" @ 112,
        /// Nice value.
        nice: i32 = "pbi_nice" @ 116,
        /// Start: seconds since 1970.
        start_seconds: u64 = "pbi_start_tvsec" @ 120,
        /// And microseconds.
        start_microseconds: u64 = "pbi_start_tvusec" @ 128,
    }

    /// `struct proc_taskinfo`. Counters stop at `i32::MAX`.
    struct TaskInfo: "struct proc_taskinfo", 96 {
        /// Bytes of address space, including reserved regions.
        #[serde(with = "json::hex")]
        virtual_size: u64 = "pti_virtual_size" @ 0,
        /// Bytes in memory.
        #[serde(with = "json::hex")]
        resident_size: u64 = "pti_resident_size" @ 8,
        /// User time of all threads, including ended ones, in absolute-time units
        /// ([`Timebase`](super::Timebase)).
        total_user: u64 = "pti_total_user" @ 16,
        /// System time of all threads, in absolute-time units.
        total_system: u64 = "pti_total_system" @ 24,
        /// User time of living threads, in absolute-time units.
        threads_user: u64 = "pti_threads_user" @ 32,
        /// System time of living threads, in absolute-time units.
        threads_system: u64 = "pti_threads_system" @ 40,
        /// Scheduling policy.
        policy: i32 = "pti_policy" @ 48,
        /// Page faults.
        faults: i32 = "pti_faults" @ 52,
        /// Pages read in.
        pageins: i32 = "pti_pageins" @ 56,
        /// Copy-on-write faults.
        cow_faults: i32 = "pti_cow_faults" @ 60,
        /// Mach messages sent.
        messages_sent: i32 = "pti_messages_sent" @ 64,
        /// Mach messages received.
        messages_received: i32 = "pti_messages_received" @ 68,
        /// Mach system calls.
        syscalls_mach: i32 = "pti_syscalls_mach" @ 72,
        /// BSD system calls.
        syscalls_unix: i32 = "pti_syscalls_unix" @ 76,
        /// Context switches.
        context_switches: i32 = "pti_csw" @ 80,
        /// Threads.
        threads: i32 = "pti_threadnum" @ 84,
        /// Running threads.
        running: i32 = "pti_numrunning" @ 88,
        /// Priority.
        priority: i32 = "pti_priority" @ 92,
    }

    /// `struct proc_uniqidentifierinfo`.
    struct UniqueInfo: "struct proc_uniqidentifierinfo", 56 private {
        /// The main executable's UUID.
        #[serde(with = "json::hex_bytes")]
        uuid: [u8; 16] = "p_uuid" @ 0,
        /// Unique within a boot, never reused, kept by exec.
        unique_id: u64 = "p_uniqueid" @ 16,
        /// The parent's unique id.
        parent_unique_id: u64 = "p_puniqueid" @ 24,
        /// `p_idversion`: changes at every fork and exec.
        id_version: i32 = "p_idversion" @ 32,
        #[doc(hidden)]
        #[serde(skip)]
        unread: Unread<20> = "" @ 36,
    }

    /// `struct proc_bsdinfowithuniqid`: both of one process at one moment.
    struct IdentifiedInfo: "struct proc_bsdinfowithuniqid", 192 private {
        /// Its ids, status and start.
        info: BsdInfo = "pbsd" @ 0,
        /// Its identity, which the kernel reads last.
        unique: UniqueInfo = "p_uniqidentifier" @ 136,
    }

    /// The platform of the program, one number.
    struct Platform: "uint32_t", 4 private {
        /// `PLATFORM_*` of `mach-o/loader.h`.
        number: u32 = "" @ 0,
    }

    /// `struct proc_threadinfo`.
    struct ThreadInfo: "struct proc_threadinfo", 112 {
        /// User time in nanoseconds.
        user_time: u64 = "pth_user_time" @ 0,
        /// System time in nanoseconds.
        system_time: u64 = "pth_system_time" @ 8,
        /// Share of a CPU, 0 to 1,000.
        cpu_usage: i32 = "pth_cpu_usage" @ 16,
        /// Scheduling policy.
        policy: i32 = "pth_policy" @ 20,
        /// 1 running, 2 stopped, 3 waiting, 4 uninterruptible, 5 halted.
        run_state: i32 = "pth_run_state" @ 24,
        /// 1 swapped, 2 idle.
        flags: i32 = "pth_flags" @ 28,
        /// Always 0.
        sleep_time: i32 = "pth_sleep_time" @ 32,
        /// Priority now.
        current_priority: i32 = "pth_curpri" @ 36,
        /// Priority.
        priority: i32 = "pth_priority" @ 40,
        /// Highest priority.
        max_priority: i32 = "pth_maxpriority" @ 44,
        /// The name up to its NUL, at most 63 bytes.
        name: Text<64> = "pth_name" @ 48,
    }

    /// `struct rusage_info_v5`, which `proc_pid_rusage` fills. Times are in absolute-time units
    /// ([`Timebase`](super::Timebase)).
    struct Rusage: "struct rusage_info_v5", 304 {
        #[doc(hidden)]
        #[serde(skip)]
        unread_head: Unread<72> = "" @ 0,
        /// Bytes that count against the process's limit.
        #[serde(with = "json::hex")]
        footprint: u64 = "ri_phys_footprint" @ 72,
        #[doc(hidden)]
        #[serde(skip)]
        unread_start: Unread<16> = "" @ 80,
        /// User time of its children that have ended and were waited for.
        child_user_time: u64 = "ri_child_user_time" @ 96,
        /// System time of its children that have ended and were waited for.
        child_system_time: u64 = "ri_child_system_time" @ 104,
        #[doc(hidden)]
        #[serde(skip)]
        unread_wakeups: Unread<16> = "" @ 112,
        /// Pages that its children have read in.
        child_pageins: u64 = "ri_child_pageins" @ 128,
        #[doc(hidden)]
        #[serde(skip)]
        unread_elapsed: Unread<8> = "" @ 136,
        /// Bytes read from disks.
        bytes_read: u64 = "ri_diskio_bytesread" @ 144,
        /// Bytes written to disks.
        bytes_written: u64 = "ri_diskio_byteswritten" @ 152,
        #[doc(hidden)]
        #[serde(skip)]
        unread_time: Unread<72> = "" @ 160,
        /// Bytes written to files, whether they reached a disk or not.
        logical_writes: u64 = "ri_logical_writes" @ 232,
        /// The most bytes that counted against the process's limit.
        #[serde(with = "json::hex")]
        footprint_peak: u64 = "ri_lifetime_max_phys_footprint" @ 240,
        #[doc(hidden)]
        #[serde(skip)]
        unread_cycles: Unread<48> = "" @ 248,
        /// Bits: [`RESLID`](Self::RESLID).
        flags: u64 = "ri_flags" @ 296,
    }

    /// What `csops(CS_OPS_STATUS)` fills: the flags of a process's code signature
    /// (`osfmk/kern/cs_blobs.h`).
    struct CodeSigning: "uint32_t", 4 private {
        /// `CS_*`.
        flags: u32 = "" @ 0,
    }
}

xnu_constants! {
    /// Numbers in [`ShortBsdInfo`] and [`BsdInfo`].
    INFO_FLAGS in ShortBsdInfo: u32 {
        /// The status of a zombie.
        ZOMBIE = 5, "SZOMB";
        /// The process is in its exit; its map may be empty already.
        IN_EXIT = 0x4, "PROC_FLAG_INEXIT";
        /// A 64-bit process.
        LP64 = 0x10, "PROC_FLAG_LP64";
        /// The process has changed its ids since it was executed.
        CHANGED_IDS = 0x2000, "PROC_FLAG_PSUGID";
        /// x86_64 code, translated.
        TRANSLATED = 0x200_0000, "PROC_FLAG_ROSETTA" private;
    }
}

xnu_constants! {
    /// Bits of [`Rusage::flags`].
    USAGE_FLAGS in Rusage: u64 {
        /// It has a shared cache of its own, at another address.
        RESLID = 1, "RU_PROC_RUNS_RESLIDE";
    }
}

xnu_constants! {
    /// Values of [`Platform::number`].
    PLATFORMS in Platform: u32 {
        /// macOS.
        MACOS = 1, "PLATFORM_MACOS";
        /// A driver, which has libraries of its own.
        DRIVER_KIT = 10, "PLATFORM_DRIVERKIT";
    }
}

xnu_constants! {
    /// Bits of [`CodeSigning::flags`].
    SIGNING_FLAGS in CodeSigning: u32 {
        /// Other processes of its user may have its task port.
        GET_TASK_ALLOW = 0x4, "CS_GET_TASK_ALLOW" private;
        /// It is restricted: the kernel withholds its environment, and dyld ignores variables in
        /// it.
        RESTRICT = 0x800, "CS_RESTRICT" private;
        /// It has the hardened runtime.
        RUNTIME = 0x1_0000, "CS_RUNTIME" private;
        /// It is a program of Apple's own, a part of the system.
        PLATFORM_BINARY = 0x400_0000, "CS_PLATFORM_BINARY" private;
    }
}
