//! Calls about a process by its pid: its executable's path and what `ps` reads of it.

use serde::{Deserialize, Serialize};

use super::super::json;
use super::Errno;

/// Calls about a process that need no port.
pub trait ProcessCalls: Send + Sync + 'static {
    /// `proc_pidpath`, which is `proc_pidinfo(PROC_PIDPATHINFO = 11)`: the executable's path, of
    /// any process to any caller. At most 4,095 bytes of any value. The path's memory is reused.
    ///
    /// The kernel makes up the path of the file and looks the path up again
    /// (`proc_info.c:proc_pidpathinfo_internal`), so the call may wait for a file system. On an
    /// error the path is unchanged.
    ///
    /// # Errors
    /// [`Errno::SRCH`] for no such process, a zombie, and the kernel, which has no executable;
    /// [`Errno::NOENT`] or another errno of the lookup where the executable was deleted.
    fn executable_path(&self, pid: i32, path: &mut Vec<u8>) -> Result<(), Errno>;

    /// `sysctl({CTL_KERN, KERN_PROC, KERN_PROC_PID, pid})`, of any process to any caller, zombies
    /// and pid 0 among them. No such process is a success of 0 bytes
    /// (`kern_sysctl.c:sysctl_prochandle`): `None`.
    ///
    /// # Errors
    /// [`Errno::NOMEM`] where the kernel has more to tell than one struct, which one pid never
    /// has.
    fn kinfo_proc(&self, pid: i32) -> Result<Option<KinfoProc>, Errno>;
}

/// Of `struct kinfo_proc` what no flavor of `proc_pidinfo` tells to everybody.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KinfoProc {
    /// `p_flag`: `P_*` of `sys/proc.h`, with `P_TRACED`, `P_PPWAIT` and `P_WEXIT` put in from
    /// elsewhere.
    pub flags: i32,
    /// `p_stat`: 1 `SIDL`, 2 `SRUN`, 3 `SSLEEP`, 4 `SSTOP`, 5 `SZOMB`.
    pub status: i8,
    /// `e_jobc`: processes that qualify the group for job control.
    pub job_control: i16,
    /// `e_tdev`: device of the controlling terminal, -1 for none.
    pub terminal: i32,
    /// `e_pgid`: process group.
    pub group: i32,
    /// `e_tpgid`: foreground process group of the terminal, 0 without one.
    pub terminal_group: i32,
    /// `e_wmesg`: what the process waits for. XNU has not filled it since it has Mach threads:
    /// always empty (`kern_sysctl.c:fill_user64_eproc`).
    #[serde(with = "json::padded")]
    pub wait_message: [u8; 8],
    /// `e_ucred.cr_uid`: effective user.
    pub uid: u32,
    /// `e_pcred.p_ruid`: real user.
    pub real_uid: u32,
    /// `e_pcred.p_svuid`: saved user.
    pub saved_uid: u32,
    /// `e_pcred.p_rgid`: real group.
    pub real_gid: u32,
    /// `e_pcred.p_svgid`: saved group.
    pub saved_gid: u32,
    /// `e_ucred.cr_ngroups`: how many of the groups count.
    pub group_count: i16,
    /// `e_ucred.cr_groups`: the effective group, and the others.
    pub groups: [u32; 16],
}

/// Bits of [`KinfoProc::flags`].
impl KinfoProc {
    /// `P_CONTROLT`: it has a controlling terminal.
    pub const HAS_TERMINAL: i32 = 0x2;
    /// `P_LP64`: a 64-bit process.
    pub const LP64: i32 = 0x4;
    /// `P_PPWAIT`: its parent waits until it executes or ends.
    pub const PARENT_WAITS: i32 = 0x10;
    /// `P_SUGID`: it has changed its ids since it was executed.
    pub const CHANGED_IDS: i32 = 0x100;
    /// `P_SYSTEM`: a process of the system's own.
    pub const SYSTEM: i32 = 0x200;
    /// `P_TRACED`: it is being debugged.
    pub const TRACED: i32 = 0x800;
    /// `P_WEXIT`: it is in its exit.
    pub const IN_EXIT: i32 = 0x2000;
    /// `P_EXEC`: it has called `exec`.
    pub const EXECUTED: i32 = 0x4000;
    /// `P_TRANSLATED`: x86_64 code, translated.
    pub const TRANSLATED: i32 = 0x2_0000;
}
