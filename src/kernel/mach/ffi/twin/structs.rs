//! The structs of libc and mach2 that the twin's functions fill, with the fields that `raw` reads
//! by their names in C, and how the plain values of [`XnuCalls`](super::super::super::calls::XnuCalls)
//! are written into them. `ffi` asserts the layouts.

use super::super::{
    proc_regioninfo, proc_regionwithpathinfo, proc_uniqidentifierinfo, vnode_info, vnode_info_path,
};
use super::{JUNK_32, JUNK_64};
use crate::kernel::mach::calls::{
    BsdInfo, RegionInfo, RegionPathInfo, ShortBsdInfo, SubmapInfo, TaskInfo, TaskVmInfo,
    ThreadInfo, UniqueInfo, VnodeInfo,
};

#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct proc_bsdinfo {
    pub(crate) pbi_flags: u32,
    pub(crate) pbi_status: u32,
    pub(crate) pbi_xstatus: u32,
    pub(crate) pbi_pid: u32,
    pub(crate) pbi_ppid: u32,
    pub(crate) pbi_uid: u32,
    pub(crate) pbi_gid: u32,
    pub(crate) pbi_ruid: u32,
    pub(crate) pbi_rgid: u32,
    pub(crate) pbi_svuid: u32,
    pub(crate) pbi_svgid: u32,
    pub(crate) rfu_1: u32,
    pub(crate) pbi_comm: [i8; 16],
    pub(crate) pbi_name: [i8; 32],
    pub(crate) pbi_nfiles: u32,
    pub(crate) pbi_pgid: u32,
    pub(crate) pbi_pjobc: u32,
    pub(crate) e_tdev: u32,
    pub(crate) e_tpgid: u32,
    pub(crate) pbi_nice: i32,
    pub(crate) pbi_start_tvsec: u64,
    pub(crate) pbi_start_tvusec: u64,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct proc_bsdshortinfo {
    pub(crate) pbsi_pid: u32,
    pub(crate) pbsi_ppid: u32,
    pub(crate) pbsi_pgid: u32,
    pub(crate) pbsi_status: u32,
    pub(crate) pbsi_comm: [i8; 16],
    pub(crate) pbsi_flags: u32,
    pub(crate) pbsi_uid: u32,
    pub(crate) pbsi_gid: u32,
    pub(crate) pbsi_ruid: u32,
    pub(crate) pbsi_rgid: u32,
    pub(crate) pbsi_svuid: u32,
    pub(crate) pbsi_svgid: u32,
    pub(crate) pbsi_rfu: u32,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct proc_taskinfo {
    pub(crate) pti_virtual_size: u64,
    pub(crate) pti_resident_size: u64,
    pub(crate) pti_total_user: u64,
    pub(crate) pti_total_system: u64,
    pub(crate) pti_threads_user: u64,
    pub(crate) pti_threads_system: u64,
    pub(crate) pti_policy: i32,
    pub(crate) pti_faults: i32,
    pub(crate) pti_pageins: i32,
    pub(crate) pti_cow_faults: i32,
    pub(crate) pti_messages_sent: i32,
    pub(crate) pti_messages_received: i32,
    pub(crate) pti_syscalls_mach: i32,
    pub(crate) pti_syscalls_unix: i32,
    pub(crate) pti_csw: i32,
    pub(crate) pti_threadnum: i32,
    pub(crate) pti_numrunning: i32,
    pub(crate) pti_priority: i32,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct vinfo_stat {
    pub(crate) vst_dev: u32,
    pub(crate) vst_mode: u16,
    pub(crate) vst_nlink: u16,
    pub(crate) vst_ino: u64,
    pub(crate) owner_and_access: [u64; 3],
    pub(crate) vst_mtime: i64,
    pub(crate) other_times: [u64; 5],
    pub(crate) vst_size: i64,
    pub(crate) unread: [u64; 5],
}

#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct proc_threadinfo {
    pub(crate) pth_user_time: u64,
    pub(crate) pth_system_time: u64,
    pub(crate) pth_cpu_usage: i32,
    pub(crate) pth_policy: i32,
    pub(crate) pth_run_state: i32,
    pub(crate) pth_flags: i32,
    pub(crate) pth_sleep_time: i32,
    pub(crate) pth_curpri: i32,
    pub(crate) pth_priority: i32,
    pub(crate) pth_maxpriority: i32,
    pub(crate) pth_name: [i8; 64],
}

#[repr(C, packed(4))]
#[derive(Clone, Copy)]
pub(crate) struct vm_region_submap_info_64 {
    pub(crate) protection: i32,
    pub(crate) max_protection: i32,
    pub(crate) inheritance: u32,
    pub(crate) offset: u64,
    pub(crate) user_tag: u32,
    pub(crate) pages_resident: u32,
    pub(crate) pages_shared_now_private: u32,
    pub(crate) pages_swapped_out: u32,
    pub(crate) pages_dirtied: u32,
    pub(crate) ref_count: u32,
    pub(crate) shadow_depth: u16,
    pub(crate) external_pager: u8,
    pub(crate) share_mode: u8,
    pub(crate) is_submap: u32,
    pub(crate) behavior: i32,
    pub(crate) object_id: u32,
    pub(crate) user_wired_count: u16,
    pub(crate) flags: u16,
    pub(crate) pages_reusable: u32,
    pub(crate) object_id_full: u64,
}

#[repr(C, packed(4))]
#[derive(Clone, Copy)]
pub(crate) struct vm_region_submap_short_info_64 {
    pub(crate) protection: i32,
    pub(crate) max_protection: i32,
    pub(crate) inheritance: u32,
    pub(crate) offset: u64,
    pub(crate) user_tag: u32,
    pub(crate) ref_count: u32,
    pub(crate) shadow_depth: u16,
    pub(crate) external_pager: u8,
    pub(crate) share_mode: u8,
    pub(crate) is_submap: u32,
    pub(crate) behavior: i32,
    pub(crate) object_id: u32,
    pub(crate) user_wired_count: u16,
    pub(crate) flags: u16,
}

#[repr(C, packed(4))]
#[derive(Clone, Copy)]
pub(crate) struct task_vm_info {
    pub(crate) virtual_size: u64,
    pub(crate) region_count: i32,
    pub(crate) page_size: i32,
    pub(crate) resident_size: u64,
    pub(crate) unread: [u32; 32],
    pub(crate) min_address: u64,
    pub(crate) max_address: u64,
    pub(crate) newer: [u32; 51],
}

#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct mach_timebase_info {
    pub(crate) numer: u32,
    pub(crate) denom: u32,
}

fn chars<const N: usize>(bytes: [u8; N]) -> [i8; N] {
    bytes.map(u8::cast_signed)
}

/// Bytes into a field that ends in NUL, cut to fit as the kernel cuts them.
pub(super) fn text<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut field = [0; N];
    for (to, from) in field.iter_mut().take(N - 1).zip(bytes) {
        *to = *from;
    }
    field
}

pub(super) fn bsdinfo(info: &BsdInfo) -> proc_bsdinfo {
    proc_bsdinfo {
        pbi_flags: info.flags,
        pbi_status: info.status,
        pbi_xstatus: info.xstatus,
        pbi_pid: info.pid,
        pbi_ppid: info.ppid,
        pbi_uid: info.uid,
        pbi_gid: info.gid,
        pbi_ruid: info.ruid,
        pbi_rgid: info.rgid,
        pbi_svuid: info.svuid,
        pbi_svgid: info.svgid,
        rfu_1: JUNK_32,
        pbi_comm: chars(info.comm),
        pbi_name: chars(info.name),
        pbi_nfiles: info.nfiles,
        pbi_pgid: info.pgid,
        pbi_pjobc: info.pjobc,
        e_tdev: info.tdev,
        e_tpgid: info.tpgid,
        pbi_nice: info.nice,
        pbi_start_tvsec: info.start_seconds,
        pbi_start_tvusec: info.start_microseconds,
    }
}

pub(super) fn bsdshortinfo(info: &ShortBsdInfo) -> proc_bsdshortinfo {
    proc_bsdshortinfo {
        pbsi_pid: info.pid,
        pbsi_ppid: info.ppid,
        pbsi_pgid: info.pgid,
        pbsi_status: info.status,
        pbsi_comm: chars(info.comm),
        pbsi_flags: info.flags,
        pbsi_uid: info.uid,
        pbsi_gid: info.gid,
        pbsi_ruid: info.ruid,
        pbsi_rgid: info.rgid,
        pbsi_svuid: info.svuid,
        pbsi_svgid: info.svgid,
        pbsi_rfu: JUNK_32,
    }
}

pub(super) fn taskinfo(info: &TaskInfo) -> proc_taskinfo {
    proc_taskinfo {
        pti_virtual_size: info.virtual_size,
        pti_resident_size: info.resident_size,
        pti_total_user: info.total_user,
        pti_total_system: info.total_system,
        pti_threads_user: info.threads_user,
        pti_threads_system: info.threads_system,
        pti_policy: info.policy,
        pti_faults: info.faults,
        pti_pageins: info.pageins,
        pti_cow_faults: info.cow_faults,
        pti_messages_sent: info.messages_sent,
        pti_messages_received: info.messages_received,
        pti_syscalls_mach: info.syscalls_mach,
        pti_syscalls_unix: info.syscalls_unix,
        pti_csw: info.context_switches,
        pti_threadnum: info.threads,
        pti_numrunning: info.running,
        pti_priority: info.priority,
    }
}

pub(super) fn uniqidentifierinfo(info: &UniqueInfo) -> proc_uniqidentifierinfo {
    proc_uniqidentifierinfo {
        p_uuid: info.uuid,
        p_uniqueid: info.unique_id,
        p_puniqueid: info.parent_unique_id,
        p_idversion: info.id_version,
        p_orig_ppidversion: JUNK_32.cast_signed(),
        p_reserve2: JUNK_64,
        p_reserve3: JUNK_64,
    }
}

pub(super) fn regionwithpathinfo(info: &RegionPathInfo) -> proc_regionwithpathinfo {
    proc_regionwithpathinfo {
        prp_prinfo: regioninfo(&info.region),
        prp_vip: vnode(&info.vnode, &info.path),
    }
}

pub(super) fn regioninfo(region: &RegionInfo) -> proc_regioninfo {
    proc_regioninfo {
        pri_protection: region.protection,
        pri_max_protection: region.max_protection,
        pri_inheritance: region.inheritance,
        pri_flags: region.flags,
        pri_offset: region.offset,
        pri_behavior: region.behavior,
        pri_user_wired_count: region.user_wired_count,
        pri_user_tag: region.user_tag,
        pri_pages_resident: region.pages_resident,
        pri_pages_shared_now_private: region.pages_shared_now_private,
        pri_pages_swapped_out: region.pages_swapped_out,
        pri_pages_dirtied: region.pages_dirtied,
        pri_ref_count: region.ref_count,
        pri_shadow_depth: region.shadow_depth,
        pri_share_mode: region.share_mode,
        pri_private_pages_resident: region.private_pages_resident,
        pri_shared_pages_resident: region.shared_pages_resident,
        pri_obj_id: region.object_id,
        pri_depth: JUNK_32,
        pri_address: region.address,
        pri_size: region.size,
    }
}

pub(super) fn vnode(info: &VnodeInfo, path: &[u8]) -> vnode_info_path {
    vnode_info_path { vip_vi: vnode_without_path(info), vip_path: text(path) }
}

pub(super) fn vnode_without_path(info: &VnodeInfo) -> vnode_info {
    vnode_info {
        vi_stat: vinfo_stat {
            vst_dev: info.dev,
            vst_mode: info.mode,
            vst_nlink: info.nlink,
            vst_ino: info.ino,
            vst_mtime: info.mtime,
            vst_size: info.size,
            ..junk_stat()
        },
        vi_type: info.kind,
        vi_pad: JUNK_32.cast_signed(),
        vi_fsid: info.fsid,
    }
}

/// A stat of which nothing is to be read.
pub(super) fn junk_stat() -> vinfo_stat {
    vinfo_stat {
        vst_dev: JUNK_32,
        vst_mode: 0xEEEE,
        vst_nlink: 0xEEEE,
        vst_ino: JUNK_64,
        owner_and_access: [JUNK_64; 3],
        vst_mtime: JUNK_64.cast_signed(),
        other_times: [JUNK_64; 5],
        vst_size: JUNK_64.cast_signed(),
        unread: [JUNK_64; 5],
    }
}

pub(super) fn threadinfo(info: &ThreadInfo) -> proc_threadinfo {
    proc_threadinfo {
        pth_user_time: info.user_time,
        pth_system_time: info.system_time,
        pth_cpu_usage: info.cpu_usage,
        pth_policy: info.policy,
        pth_run_state: info.run_state,
        pth_flags: info.flags,
        pth_sleep_time: info.sleep_time,
        pth_curpri: info.current_priority,
        pth_priority: info.priority,
        pth_maxpriority: info.max_priority,
        pth_name: chars(text(&info.name)),
    }
}

pub(super) fn submap_info(info: &SubmapInfo) -> vm_region_submap_info_64 {
    vm_region_submap_info_64 {
        protection: info.protection,
        max_protection: info.max_protection,
        inheritance: info.inheritance,
        offset: info.offset,
        user_tag: info.user_tag,
        pages_resident: info.pages_resident,
        pages_shared_now_private: info.pages_shared_now_private,
        pages_swapped_out: info.pages_swapped_out,
        pages_dirtied: info.pages_dirtied,
        ref_count: info.ref_count,
        shadow_depth: info.shadow_depth,
        external_pager: info.external_pager,
        share_mode: info.share_mode,
        is_submap: info.is_submap.cast_unsigned(),
        behavior: info.behavior,
        object_id: info.object_id,
        user_wired_count: info.user_wired_count,
        flags: 0xEEEE,
        pages_reusable: info.pages_reusable,
        object_id_full: info.object_id_full,
    }
}

pub(super) fn submap_short_info(info: &SubmapInfo) -> vm_region_submap_short_info_64 {
    vm_region_submap_short_info_64 {
        protection: info.protection,
        max_protection: info.max_protection,
        inheritance: info.inheritance,
        offset: info.offset,
        user_tag: info.user_tag,
        ref_count: info.ref_count,
        shadow_depth: info.shadow_depth,
        external_pager: info.external_pager,
        share_mode: info.share_mode,
        is_submap: info.is_submap.cast_unsigned(),
        behavior: info.behavior,
        object_id: info.object_id,
        user_wired_count: info.user_wired_count,
        flags: 0xEEEE,
    }
}

pub(super) fn vm_info(info: &TaskVmInfo) -> task_vm_info {
    task_vm_info {
        virtual_size: info.virtual_size,
        region_count: info.region_count,
        page_size: info.page_size,
        resident_size: info.resident_size,
        unread: [JUNK_32; 32],
        min_address: info.min_address,
        max_address: info.max_address,
        newer: [JUNK_32; 51],
    }
}
