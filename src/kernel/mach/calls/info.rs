//! What the calls answer: XNU's structs as plain values, in XNU's units.
//!
//! Those that a recording holds are written by their field names: to rename a field is to change
//! the format (`docs/recording.md`).

use serde::{Deserialize, Serialize};

use super::super::json;

/// `struct proc_bsdshortinfo`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShortBsdInfo {
    /// Process id.
    pub pid: u32,
    /// The parent's process id.
    pub ppid: u32,
    /// Process group id.
    pub pgid: u32,
    /// 1 `SIDL`, 2 `SRUN`, 3 `SSLEEP`, 4 `SSTOP`, 5 `SZOMB`.
    pub status: u32,
    /// The executable's name, cut at 15 bytes, padded with NUL.
    #[serde(with = "json::padded")]
    pub comm: [u8; 16],
    /// `PROC_FLAG_*`, but for `SLEADER` and `CTTY`.
    pub flags: u32,
    /// Effective user id.
    pub uid: u32,
    /// Effective group id.
    pub gid: u32,
    /// Real user id.
    pub ruid: u32,
    /// Real group id.
    pub rgid: u32,
    /// Saved user id.
    pub svuid: u32,
    /// Saved group id.
    pub svgid: u32,
}

/// Numbers in [`ShortBsdInfo`] and [`BsdInfo`].
impl ShortBsdInfo {
    /// Status `SZOMB`.
    pub const ZOMBIE: u32 = 5;
    /// `PROC_FLAG_INEXIT`: the process is in its exit; its map may be empty already.
    pub const IN_EXIT: u32 = 0x4;
    /// `PROC_FLAG_LP64`: a 64-bit process.
    pub const LP64: u32 = 0x10;
    /// `PROC_FLAG_PSUGID`: the process has changed its ids since it was executed.
    pub const CHANGED_IDS: u32 = 0x2000;
    /// `PROC_FLAG_ROSETTA`: x86_64 code, translated.
    pub const TRANSLATED: u32 = 0x200_0000;
}

/// `struct proc_bsdinfo`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BsdInfo {
    /// `PROC_FLAG_*`.
    pub flags: u32,
    /// As in [`ShortBsdInfo`].
    pub status: u32,
    /// Exit status, of a zombie.
    pub xstatus: u32,
    /// Process id.
    pub pid: u32,
    /// The parent's process id.
    pub ppid: u32,
    /// Effective user id.
    pub uid: u32,
    /// Effective group id.
    pub gid: u32,
    /// Real user id.
    pub ruid: u32,
    /// Real group id.
    pub rgid: u32,
    /// Saved user id.
    pub svuid: u32,
    /// Saved group id.
    pub svgid: u32,
    /// The executable's name, cut at 15 bytes, padded with NUL.
    #[serde(with = "json::padded")]
    pub comm: [u8; 16],
    /// The executable's name, cut at 31 bytes, padded with NUL.
    #[serde(with = "json::padded")]
    pub name: [u8; 32],
    /// Open files.
    pub nfiles: u32,
    /// Process group id.
    pub pgid: u32,
    /// Job control counter.
    pub pjobc: u32,
    /// Device of the controlling terminal, `u32::MAX` for none.
    pub tdev: u32,
    /// Process group of the controlling terminal.
    pub tpgid: u32,
    /// Nice value.
    pub nice: i32,
    /// When it started: seconds since 1970.
    pub start_seconds: u64,
    /// And microseconds.
    pub start_microseconds: u64,
}

/// `struct proc_taskinfo`. Counters stop at `i32::MAX`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaskInfo {
    /// Bytes of address space, reserved regions among them.
    #[serde(with = "json::hex")]
    pub virtual_size: u64,
    /// Bytes in memory.
    #[serde(with = "json::hex")]
    pub resident_size: u64,
    /// User time of all threads, the ended ones too, in absolute-time units ([`Timebase`]).
    pub total_user: u64,
    /// System time of all threads, likewise.
    pub total_system: u64,
    /// User time of living threads, likewise.
    pub threads_user: u64,
    /// System time of living threads, likewise.
    pub threads_system: u64,
    /// Scheduling policy.
    pub policy: i32,
    /// Page faults.
    pub faults: i32,
    /// Pages read in.
    pub pageins: i32,
    /// Copy-on-write faults.
    pub cow_faults: i32,
    /// Mach messages sent.
    pub messages_sent: i32,
    /// Mach messages received.
    pub messages_received: i32,
    /// Mach system calls.
    pub syscalls_mach: i32,
    /// BSD system calls.
    pub syscalls_unix: i32,
    /// Context switches.
    pub context_switches: i32,
    /// Threads.
    pub threads: i32,
    /// Threads that run.
    pub running: i32,
    /// Priority.
    pub priority: i32,
}

/// `struct proc_uniqidentifierinfo`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UniqueInfo {
    /// The main executable's UUID.
    #[serde(with = "json::hex_bytes")]
    pub uuid: [u8; 16],
    /// Unique within a boot, never used again, kept by exec.
    pub unique_id: u64,
    /// The parent's.
    pub parent_unique_id: u64,
    /// `p_idversion`: another one after every fork and every exec.
    pub id_version: i32,
}

/// `struct proc_regioninfo`. All page counts are of the smaller one of the caller's and the
/// target's page sizes, but `private_pages_resident` and `shared_pages_resident`, which are in
/// kernel pages.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegionInfo {
    /// Where the region starts: at or below the address asked for, where that is in a region.
    #[serde(with = "json::hex")]
    pub address: u64,
    /// Its bytes.
    #[serde(with = "json::hex")]
    pub size: u64,
    /// Current protection, `VM_PROT_*` bits; a bit 3 may be set on Intel.
    pub protection: u32,
    /// Maximum protection.
    pub max_protection: u32,
    /// `VM_INHERIT_*`.
    pub inheritance: u32,
    /// [`SUBMAP`](Self::SUBMAP), [`SHARED`](Self::SHARED).
    pub flags: u32,
    /// Offset in the topmost object (or in the submap) of `address`: for a file that was not
    /// written to through a private mapping, the file's.
    #[serde(with = "json::hex")]
    pub offset: u64,
    /// `VM_BEHAVIOR_*`.
    pub behavior: u32,
    /// How often user code has wired it.
    pub user_wired_count: u32,
    /// `VM_MEMORY_*`.
    pub user_tag: u32,
    /// Pages in memory.
    pub pages_resident: u32,
    /// Resident pages of a shadowed object that only this one refers to.
    pub pages_shared_now_private: u32,
    /// Pages in the compressor or in swap.
    pub pages_swapped_out: u32,
    /// Resident pages that were written to.
    pub pages_dirtied: u32,
    /// References to the object; 0 for none.
    pub ref_count: u32,
    /// How many shadows deep a page was found.
    pub shadow_depth: u32,
    /// `SM_*`; `SM_EMPTY` for a submap.
    pub share_mode: u32,
    /// Resident pages of the object that no other region refers to.
    pub private_pages_resident: u32,
    /// Resident pages of the object that others refer to.
    pub shared_pages_resident: u32,
    /// Low 32 bits of the object's hashed address, 0 for none.
    pub object_id: u32,
}

/// Bits of [`RegionInfo::flags`].
impl RegionInfo {
    /// `PROC_REGION_SUBMAP`.
    pub const SUBMAP: u32 = 1;
    /// `PROC_REGION_SHARED`: the map entry's own `is_shared` bit.
    pub const SHARED: u32 = 2;
}

/// Of `struct vnode_info` what identifies a file. All 0 where the region has no vnode, and where
/// its stat was denied.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VnodeInfo {
    /// `st_dev`: major number in the top 8 bits, minor in the low 24.
    pub dev: u32,
    /// `st_mode`.
    pub mode: u16,
    /// How many names the file has; 0 for a deleted one.
    pub nlink: u16,
    /// `st_ino`.
    #[serde(with = "json::hex")]
    pub ino: u64,
    /// `VREG` 1, `VDIR` 2, `VBLK` 3, `VCHR` 4; 0 where the stat failed.
    pub kind: i32,
    /// `f_fsid`.
    pub fsid: [i32; 2],
    /// `st_mtime` in seconds since 1970.
    #[serde(default, skip_serializing_if = "json::is_default")]
    pub mtime: i64,
    /// `st_size`.
    #[serde(default, skip_serializing_if = "json::is_default")]
    pub size: i64,
}

/// `struct proc_regionwithpathinfo`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegionPathInfo {
    /// The region.
    pub region: RegionInfo,
    /// The file that its bytes come from.
    #[serde(default, skip_serializing_if = "json::is_default")]
    pub vnode: VnodeInfo,
    /// The file's path up to its NUL, at most 1,023 bytes of any value; empty where it is not
    /// known or there is no file. A path too long for that shows only the components at its end,
    /// behind a slash.
    #[serde(default, skip_serializing_if = "json::is_default", with = "json::bytes")]
    pub path: Vec<u8>,
}

/// Of `struct proc_vnodepathinfo` the paths, up to their NUL.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VnodePaths {
    /// The working directory.
    pub current: VnodeInfo,
    /// Its path.
    #[serde(with = "json::bytes")]
    pub current_path: Vec<u8>,
    /// The root directory, all 0 where the process has not changed it.
    pub root: VnodeInfo,
    /// Its path.
    #[serde(with = "json::bytes")]
    pub root_path: Vec<u8>,
}

/// `struct proc_threadinfo`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ThreadInfo {
    /// User time in nanoseconds.
    pub user_time: u64,
    /// System time in nanoseconds.
    pub system_time: u64,
    /// Share of a CPU, 0 to 1,000.
    pub cpu_usage: i32,
    /// Scheduling policy.
    pub policy: i32,
    /// 1 running, 2 stopped, 3 waiting, 4 uninterruptible, 5 halted.
    pub run_state: i32,
    /// 1 swapped, 2 idle.
    pub flags: i32,
    /// Always 0.
    pub sleep_time: i32,
    /// Priority now.
    pub current_priority: i32,
    /// Priority.
    pub priority: i32,
    /// Highest priority.
    pub max_priority: i32,
    /// The name up to its NUL, at most 63 bytes.
    #[serde(with = "json::bytes")]
    pub name: Vec<u8>,
}

/// `struct vm_region_submap_info_64`, all 19 words. Page counts are of the smaller one of the
/// caller's and the target's page sizes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubmapInfo {
    /// Current protection, `VM_PROT_*` bits; a bit 3 may be set on Intel.
    pub protection: i32,
    /// Maximum protection.
    pub max_protection: i32,
    /// `VM_INHERIT_*`.
    pub inheritance: u32,
    /// Offset in the object (or the submap) of the map entry's own start. Where a submap's window
    /// cuts the entry's head off, this is still the uncut entry's.
    #[serde(with = "json::hex")]
    pub offset: u64,
    /// `VM_MEMORY_*`.
    pub user_tag: u32,
    /// Pages in memory.
    pub pages_resident: u32,
    /// Resident pages of a shadowed object that only this one refers to.
    pub pages_shared_now_private: u32,
    /// Pages in the compressor or in swap.
    pub pages_swapped_out: u32,
    /// Resident pages that were written to.
    pub pages_dirtied: u32,
    /// References to the object, or to the submap; 0 for none.
    pub ref_count: u32,
    /// How many shadows deep a page was found.
    pub shadow_depth: u16,
    /// 1 where a file or device is behind it.
    pub external_pager: u8,
    /// `SM_*`.
    pub share_mode: u8,
    /// 1 where this is a submap that was not entered.
    pub is_submap: i32,
    /// `VM_BEHAVIOR_*`.
    pub behavior: i32,
    /// Low 32 bits of `object_id_full`.
    pub object_id: u32,
    /// How often user code has wired it.
    pub user_wired_count: u16,
    /// Resident pages, clean and marked reusable.
    pub pages_reusable: u32,
    /// Hashed address of the object or submap: equal for two regions that share it, within one
    /// boot; 0 for none.
    #[serde(with = "json::hex")]
    pub object_id_full: u64,
}

/// Of `struct task_vm_info` what describes the address space.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaskVmInfo {
    /// Bytes of address space.
    #[serde(with = "json::hex")]
    pub virtual_size: u64,
    /// Entries of the task's own map.
    pub region_count: i32,
    /// The task's page size in bytes, which need not be the machine's.
    pub page_size: i32,
    /// Bytes in memory.
    #[serde(with = "json::hex")]
    pub resident_size: u64,
    /// Lowest address of the map.
    #[serde(with = "json::hex")]
    pub min_address: u64,
    /// Address behind its highest.
    #[serde(with = "json::hex")]
    pub max_address: u64,
}

/// `mach_timebase_info_data_t`: nanoseconds are units times `numer` over `denom`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Timebase {
    /// Numerator.
    pub numer: u32,
    /// Denominator.
    pub denom: u32,
}

impl Default for Timebase {
    fn default() -> Self {
        Timebase { numer: 1, denom: 1 }
    }
}

/// A Mach-O file that dyld has loaded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Image {
    /// Its path. The file need not be there: libraries of the shared cache are in the cache only.
    pub path: Vec<u8>,
    /// Where its segments are, in no order. Those in the shared cache need not begin or end at a
    /// page.
    pub segments: Vec<Segment>,
}

/// Where a segment of an [`Image`] is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Segment {
    /// First address.
    pub start: u64,
    /// Bytes.
    pub size: u64,
}
