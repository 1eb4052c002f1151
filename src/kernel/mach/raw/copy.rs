//! XNU's structs into plain values, field by field. Those of mach2 are packed, so no reference to
//! one of their fields may be made: they end here.

use crate::kernel::mach::calls::{
    BsdInfo, RegionInfo, ShortBsdInfo, SubmapInfo, TaskInfo, TaskVmInfo, ThreadInfo, UniqueInfo,
    VnodeInfo,
};
use crate::kernel::mach::ffi;

/// The bytes before the first NUL, into memory that is there already.
pub(super) fn copy_path(from: &[u8], to: &mut Vec<u8>) {
    to.clear();
    to.extend(from.iter().take_while(|byte| **byte != 0));
}

impl From<ffi::proc_bsdshortinfo> for ShortBsdInfo {
    fn from(info: ffi::proc_bsdshortinfo) -> Self {
        ShortBsdInfo {
            pid: info.pbsi_pid,
            ppid: info.pbsi_ppid,
            pgid: info.pbsi_pgid,
            status: info.pbsi_status,
            comm: info.pbsi_comm.map(i8::cast_unsigned),
            flags: info.pbsi_flags,
            uid: info.pbsi_uid,
            gid: info.pbsi_gid,
            ruid: info.pbsi_ruid,
            rgid: info.pbsi_rgid,
            svuid: info.pbsi_svuid,
            svgid: info.pbsi_svgid,
        }
    }
}

impl From<ffi::proc_bsdinfo> for BsdInfo {
    fn from(info: ffi::proc_bsdinfo) -> Self {
        BsdInfo {
            flags: info.pbi_flags,
            status: info.pbi_status,
            xstatus: info.pbi_xstatus,
            pid: info.pbi_pid,
            ppid: info.pbi_ppid,
            uid: info.pbi_uid,
            gid: info.pbi_gid,
            ruid: info.pbi_ruid,
            rgid: info.pbi_rgid,
            svuid: info.pbi_svuid,
            svgid: info.pbi_svgid,
            comm: info.pbi_comm.map(i8::cast_unsigned),
            name: info.pbi_name.map(i8::cast_unsigned),
            nfiles: info.pbi_nfiles,
            pgid: info.pbi_pgid,
            pjobc: info.pbi_pjobc,
            tdev: info.e_tdev,
            tpgid: info.e_tpgid,
            nice: info.pbi_nice,
            start_seconds: info.pbi_start_tvsec,
            start_microseconds: info.pbi_start_tvusec,
        }
    }
}

impl From<ffi::proc_taskinfo> for TaskInfo {
    fn from(info: ffi::proc_taskinfo) -> Self {
        TaskInfo {
            virtual_size: info.pti_virtual_size,
            resident_size: info.pti_resident_size,
            total_user: info.pti_total_user,
            total_system: info.pti_total_system,
            threads_user: info.pti_threads_user,
            threads_system: info.pti_threads_system,
            policy: info.pti_policy,
            faults: info.pti_faults,
            pageins: info.pti_pageins,
            cow_faults: info.pti_cow_faults,
            messages_sent: info.pti_messages_sent,
            messages_received: info.pti_messages_received,
            syscalls_mach: info.pti_syscalls_mach,
            syscalls_unix: info.pti_syscalls_unix,
            context_switches: info.pti_csw,
            threads: info.pti_threadnum,
            running: info.pti_numrunning,
            priority: info.pti_priority,
        }
    }
}

impl From<ffi::proc_uniqidentifierinfo> for UniqueInfo {
    fn from(info: ffi::proc_uniqidentifierinfo) -> Self {
        UniqueInfo {
            uuid: info.p_uuid,
            unique_id: info.p_uniqueid,
            parent_unique_id: info.p_puniqueid,
            id_version: info.p_idversion,
        }
    }
}

impl From<&ffi::proc_regioninfo> for RegionInfo {
    fn from(info: &ffi::proc_regioninfo) -> Self {
        RegionInfo {
            protection: info.pri_protection,
            max_protection: info.pri_max_protection,
            inheritance: info.pri_inheritance,
            flags: info.pri_flags,
            offset: info.pri_offset,
            behavior: info.pri_behavior,
            user_wired_count: info.pri_user_wired_count,
            user_tag: info.pri_user_tag,
            pages_resident: info.pri_pages_resident,
            pages_shared_now_private: info.pri_pages_shared_now_private,
            pages_swapped_out: info.pri_pages_swapped_out,
            pages_dirtied: info.pri_pages_dirtied,
            ref_count: info.pri_ref_count,
            shadow_depth: info.pri_shadow_depth,
            share_mode: info.pri_share_mode,
            private_pages_resident: info.pri_private_pages_resident,
            shared_pages_resident: info.pri_shared_pages_resident,
            object_id: info.pri_obj_id,
            address: info.pri_address,
            size: info.pri_size,
        }
    }
}

impl From<&ffi::vnode_info> for VnodeInfo {
    fn from(info: &ffi::vnode_info) -> Self {
        VnodeInfo {
            dev: info.vi_stat.vst_dev,
            mode: info.vi_stat.vst_mode,
            nlink: info.vi_stat.vst_nlink,
            ino: info.vi_stat.vst_ino,
            kind: info.vi_type,
            fsid: info.vi_fsid,
            mtime: info.vi_stat.vst_mtime,
            size: info.vi_stat.vst_size,
        }
    }
}

impl From<ffi::proc_threadinfo> for ThreadInfo {
    fn from(info: ffi::proc_threadinfo) -> Self {
        let mut name = Vec::new();
        copy_path(&info.pth_name.map(i8::cast_unsigned), &mut name);
        ThreadInfo {
            user_time: info.pth_user_time,
            system_time: info.pth_system_time,
            cpu_usage: info.pth_cpu_usage,
            policy: info.pth_policy,
            run_state: info.pth_run_state,
            flags: info.pth_flags,
            sleep_time: info.pth_sleep_time,
            current_priority: info.pth_curpri,
            priority: info.pth_priority,
            max_priority: info.pth_maxpriority,
            name,
        }
    }
}

impl From<ffi::vm_region_submap_info_64> for SubmapInfo {
    fn from(info: ffi::vm_region_submap_info_64) -> Self {
        SubmapInfo {
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
            // `boolean_t` is signed on arm64 and unsigned on x86_64.
            is_submap: i32::from(info.is_submap != 0),
            behavior: info.behavior,
            object_id: info.object_id,
            user_wired_count: info.user_wired_count,
            pages_reusable: info.pages_reusable,
            object_id_full: info.object_id_full,
        }
    }
}

impl From<ffi::vm_region_submap_short_info_64> for SubmapInfo {
    fn from(info: ffi::vm_region_submap_short_info_64) -> Self {
        SubmapInfo {
            protection: info.protection,
            max_protection: info.max_protection,
            inheritance: info.inheritance,
            offset: info.offset,
            user_tag: info.user_tag,
            ref_count: info.ref_count,
            shadow_depth: info.shadow_depth,
            external_pager: info.external_pager,
            share_mode: info.share_mode,
            // As above.
            is_submap: i32::from(info.is_submap != 0),
            behavior: info.behavior,
            object_id: info.object_id,
            user_wired_count: info.user_wired_count,
            ..SubmapInfo::default()
        }
    }
}

impl From<ffi::task_vm_info> for TaskVmInfo {
    fn from(info: ffi::task_vm_info) -> Self {
        TaskVmInfo {
            virtual_size: info.virtual_size,
            region_count: info.region_count,
            page_size: info.page_size,
            resident_size: info.resident_size,
            min_address: info.min_address,
            max_address: info.max_address,
        }
    }
}
