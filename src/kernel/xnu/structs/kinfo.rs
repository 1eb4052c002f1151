//! A process as `sysctl` gives it: `sys/sysctl.h`.

use super::super::constants::xnu_constants;
use super::super::wire::{Text, Unread, xnu_structs};

xnu_structs! {
    /// Of `struct kinfo_proc` what no flavor of `proc_pidinfo` tells to everybody.
    struct KinfoProc: "struct kinfo_proc", 648 {
        #[doc(hidden)]
        #[serde(skip)]
        unread_before: Unread<32> = "" @ 0,
        /// `p_flag`: `P_*` of `sys/proc.h`, with `P_TRACED`, `P_PPWAIT` and `P_WEXIT` put in from
        /// elsewhere.
        flags: i32 = "kp_proc.p_flag" @ 32,
        /// `p_stat`: 1 `SIDL`, 2 `SRUN`, 3 `SSLEEP`, 4 `SSTOP`, 5 `SZOMB`.
        status: i8 = "kp_proc.p_stat" @ 36,
        #[doc(hidden)]
        #[serde(skip)]
        unread_process: Unread<195> = "" @ 37,
        /// `p_sigignore`: signals that it ignores, the first in the lowest bit.
        ignored: u32 = "kp_proc.p_sigignore" @ 232,
        /// `p_sigcatch`: signals that it catches, the first in the lowest bit.
        caught: u32 = "kp_proc.p_sigcatch" @ 236,
        #[doc(hidden)]
        #[serde(skip)]
        unread_names: Unread<152> = "" @ 240,
        /// `e_pcred.p_ruid`: real user.
        real_uid: u32 = "kp_eproc.e_pcred.p_ruid" @ 392,
        /// `e_pcred.p_svuid`: saved user.
        saved_uid: u32 = "kp_eproc.e_pcred.p_svuid" @ 396,
        /// `e_pcred.p_rgid`: real group.
        real_gid: u32 = "kp_eproc.e_pcred.p_rgid" @ 400,
        /// `e_pcred.p_svgid`: saved group.
        saved_gid: u32 = "kp_eproc.e_pcred.p_svgid" @ 404,
        #[doc(hidden)]
        #[serde(skip)]
        unread_references: Unread<12> = "" @ 408,
        /// `e_ucred.cr_uid`: effective user.
        uid: u32 = "kp_eproc.e_ucred.cr_uid" @ 420,
        /// `e_ucred.cr_ngroups`: how many of the groups count.
        group_count: i16 = "kp_eproc.e_ucred.cr_ngroups" @ 424,
        #[doc(hidden)]
        #[serde(skip)]
        unread_padding: Unread<2> = "" @ 426,
        /// `e_ucred.cr_groups`: the effective group, and the others.
        groups: [u32; 16] = "kp_eproc.e_ucred.cr_groups" @ 428,
        #[doc(hidden)]
        #[serde(skip)]
        unread_memory: Unread<72> = "" @ 492,
        /// `e_pgid`: process group.
        group: i32 = "kp_eproc.e_pgid" @ 564,
        /// `e_jobc`: processes that qualify the group for job control.
        job_control: i16 = "kp_eproc.e_jobc" @ 568,
        #[doc(hidden)]
        #[serde(skip)]
        unread_job: Unread<2> = "" @ 570,
        /// `e_tdev`: device of the controlling terminal, -1 for none.
        terminal: i32 = "kp_eproc.e_tdev" @ 572,
        /// `e_tpgid`: foreground process group of the terminal, 0 without one.
        terminal_group: i32 = "kp_eproc.e_tpgid" @ 576,
        #[doc(hidden)]
        #[serde(skip)]
        unread_session: Unread<12> = "" @ 580,
        /// `e_wmesg`: what the process waits for. XNU has not filled it since it has Mach threads:
        /// always empty (`kern_sysctl.c:fill_user64_eproc`).
        wait_message: Text<8> = "kp_eproc.e_wmesg" @ 592,
        #[doc(hidden)]
        #[serde(skip)]
        unread_after: Unread<48> = "" @ 600,
    }
}

xnu_constants! {
    /// Bits of [`KinfoProc::flags`].
    KINFO_FLAGS in KinfoProc: i32 {
        /// It has a controlling terminal.
        HAS_TERMINAL = 0x2, "P_CONTROLT";
        /// A 64-bit process.
        LP64 = 0x4, "P_LP64";
        /// Its parent waits until it executes or ends.
        PARENT_WAITS = 0x10, "P_PPWAIT";
        /// It has changed its ids since it was executed.
        CHANGED_IDS = 0x100, "P_SUGID";
        /// A process of the system's own.
        SYSTEM = 0x200, "P_SYSTEM";
        /// It is being debugged.
        TRACED = 0x800, "P_TRACED";
        /// It is in its exit.
        IN_EXIT = 0x2000, "P_WEXIT";
        /// It has called `exec`.
        EXECUTED = 0x4000, "P_EXEC";
        /// x86_64 code, translated.
        TRANSLATED = 0x2_0000, "P_TRANSLATED";
    }
}
