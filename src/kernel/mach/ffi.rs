//! XNU's C interface: the foreign functions that `raw` calls, and the structs they fill.
//!
//! On a Mac both come from libc and mach2, and what the two lack is declared here. In the tests
//! of every other system `twin` has the same functions over a model of XNU, so that the code
//! above runs there too. The layouts are asserted of whichever is compiled in; what Apple's
//! headers say of the same structs is asserted in `scripts/darwin/layout.c`.

#![allow(unsafe_code, non_camel_case_types)]

use std::ffi::{CStr, c_int, c_uint};
use std::mem::{offset_of, size_of};

pub(super) use self::system::*;

#[cfg(target_os = "macos")]
mod system;

#[cfg(not(target_os = "macos"))]
use self::twin as system;

#[cfg(not(target_os = "macos"))]
pub(super) mod twin;

// Flavors of proc_pidinfo. libc has some of them; the numbers of the others stand in XNU's
// private headers only (sys/proc_info_private.h), and they are part of its system call interface.
pub(super) const PROC_PIDTBSDINFO: c_int = 3;
pub(super) const PROC_PIDTASKINFO: c_int = 4;
pub(super) const PROC_PIDREGIONINFO: c_int = 7;
pub(super) const PROC_PIDREGIONPATHINFO: c_int = 8;
pub(super) const PROC_PIDVNODEPATHINFO: c_int = 9;
pub(super) const PROC_PIDT_SHORTBSDINFO: c_int = 13;
pub(super) const PROC_PIDTHREADID64INFO: c_int = 15;
pub(super) const PROC_PIDUNIQIDENTIFIERINFO: c_int = 17;
pub(super) const PROC_PIDREGIONPATHINFO2: c_int = 22;
pub(super) const PROC_PIDLISTTHREADIDS: c_int = 28;
pub(super) const PROC_PIDREGIONPATH: c_int = 31;

pub(super) const CTL_KERN: c_int = 1;
pub(super) const KERN_PROCARGS2: c_int = 49;

pub(super) const KERN_SUCCESS: c_int = 0;
pub(super) const TASK_VM_INFO: c_uint = 22;

/// Words of `vm_region_submap_info_64` as of its second revision. Newer headers append fields;
/// the kernel writes as many words as it is given room for, so this number stays.
pub(super) const VM_REGION_SUBMAP_INFO_V2_COUNT_64: c_uint = 19;

/// Words of `vm_region_submap_short_info_64`.
pub(super) const VM_REGION_SUBMAP_SHORT_INFO_COUNT_64: c_uint = 12;

/// Words of `task_vm_info` as of its second revision, up to `max_address`.
pub(super) const TASK_VM_INFO_REV2_COUNT: c_uint = 42;

/// The segments of an image in the shared cache that are its own, as dyld's cache builder names
/// them (dyld's `cache_builder/CacheDylib.cpp`). `__LINKEDIT` is none: the images of a cache file
/// share one. `__OBJC_RO` and `__OBJC_RW` are what the builder has gathered from all images, and
/// libobjc's by its load commands.
pub(super) const IMAGE_SEGMENTS: [&CStr; 13] = [
    c"__TEXT",
    c"__DATA",
    c"__DATA_CONST",
    c"__DATA_DIRTY",
    c"__AUTH",
    c"__AUTH_CONST",
    c"__AUTH_DIRTY",
    c"__OBJC_RO",
    c"__OBJC_RW",
    c"__OBJC_CONST",
    c"__TPRO_CONST",
    c"__AUTH_TPRO_CONST",
    c"__UNICODE",
];

/// libc's struct hides `vi_fsid`, so this one and those that hold it are declared here.
#[repr(C)]
#[derive(Clone, Copy)]
pub(super) struct vnode_info {
    pub(super) vi_stat: vinfo_stat,
    pub(super) vi_type: c_int,
    pub(super) vi_pad: c_int,
    pub(super) vi_fsid: [i32; 2],
}

#[repr(C)]
#[derive(Clone, Copy)]
pub(super) struct vnode_info_path {
    pub(super) vip_vi: vnode_info,
    pub(super) vip_path: [u8; 1024],
}

#[repr(C)]
#[derive(Clone, Copy)]
pub(super) struct proc_vnodepathinfo {
    pub(super) pvi_cdir: vnode_info_path,
    pub(super) pvi_rdir: vnode_info_path,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub(super) struct proc_regioninfo {
    pub(super) pri_protection: u32,
    pub(super) pri_max_protection: u32,
    pub(super) pri_inheritance: u32,
    pub(super) pri_flags: u32,
    pub(super) pri_offset: u64,
    pub(super) pri_behavior: u32,
    pub(super) pri_user_wired_count: u32,
    pub(super) pri_user_tag: u32,
    pub(super) pri_pages_resident: u32,
    pub(super) pri_pages_shared_now_private: u32,
    pub(super) pri_pages_swapped_out: u32,
    pub(super) pri_pages_dirtied: u32,
    pub(super) pri_ref_count: u32,
    pub(super) pri_shadow_depth: u32,
    pub(super) pri_share_mode: u32,
    pub(super) pri_private_pages_resident: u32,
    pub(super) pri_shared_pages_resident: u32,
    pub(super) pri_obj_id: u32,
    pub(super) pri_depth: u32,
    pub(super) pri_address: u64,
    pub(super) pri_size: u64,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub(super) struct proc_regionwithpathinfo {
    pub(super) prp_prinfo: proc_regioninfo,
    pub(super) prp_vip: vnode_info_path,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub(super) struct proc_regionpath {
    pub(super) prpo_addr: u64,
    pub(super) prpo_regionlength: u64,
    pub(super) prpo_path: [u8; 1024],
}

#[repr(C)]
#[derive(Clone, Copy)]
pub(super) struct proc_uniqidentifierinfo {
    pub(super) p_uuid: [u8; 16],
    pub(super) p_uniqueid: u64,
    pub(super) p_puniqueid: u64,
    pub(super) p_idversion: i32,
    pub(super) p_orig_ppidversion: i32,
    pub(super) p_reserve2: u64,
    pub(super) p_reserve3: u64,
}

/// A struct that any bytes make a valid value of, so that it may start as zeros and be filled by
/// the kernel.
///
/// # Safety
/// The type must be made of integers and arrays of integers only.
pub(super) unsafe trait Plain: Copy {
    /// All zeros.
    fn zeroed() -> Self {
        // SAFETY: zeros are a value of every integer, and the trait promises nothing else in it.
        unsafe { std::mem::zeroed() }
    }

    /// The value that begins these bytes, where they are enough.
    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let bytes = bytes.get(..size_of::<Self>())?;
        // SAFETY: as many bytes as the value has, of any alignment, and any bytes are a value.
        Some(unsafe { bytes.as_ptr().cast::<Self>().read_unaligned() })
    }
}

/// For each struct its size, and of its fields the offsets, in bytes.
macro_rules! plain {
    ($($name:ident $size:literal { $($field:ident $offset:literal),* $(,)? })*) => {
        $(
            // SAFETY: all its fields are integers, arrays of integers, or such structs.
            unsafe impl Plain for $name {}
            const _: () = {
                assert!(size_of::<$name>() == $size);
                $(assert!(offset_of!($name, $field) == $offset);)*
            };
        )*
    };
}

mod files;
mod machine;
mod process;
mod signatures;
mod task;

pub(super) use self::files::*;
pub(super) use self::machine::*;
pub(super) use self::process::*;
pub(super) use self::task::*;

// Sizes and offsets in bytes, each of them also in scripts/darwin/layout.c, but for
// proc_uniqidentifierinfo, which no public header has (XNU's bsd/sys/proc_info_private.h).
plain! {
    proc_bsdinfo 136 {
        pbi_flags 0, pbi_status 4, pbi_xstatus 8, pbi_pid 12, pbi_ppid 16, pbi_uid 20, pbi_gid 24,
        pbi_ruid 28, pbi_rgid 32, pbi_svuid 36, pbi_svgid 40, pbi_comm 48, pbi_name 64,
        pbi_nfiles 96, pbi_pgid 100, pbi_pjobc 104, e_tdev 108, e_tpgid 112, pbi_nice 116,
        pbi_start_tvsec 120, pbi_start_tvusec 128,
    }
    proc_bsdshortinfo 64 {
        pbsi_pid 0, pbsi_ppid 4, pbsi_pgid 8, pbsi_status 12, pbsi_comm 16, pbsi_flags 32,
        pbsi_uid 36, pbsi_gid 40, pbsi_ruid 44, pbsi_rgid 48, pbsi_svuid 52, pbsi_svgid 56,
    }
    proc_taskinfo 96 {
        pti_virtual_size 0, pti_resident_size 8, pti_total_user 16, pti_total_system 24,
        pti_threads_user 32, pti_threads_system 40, pti_policy 48, pti_faults 52, pti_pageins 56,
        pti_cow_faults 60, pti_messages_sent 64, pti_messages_received 68, pti_syscalls_mach 72,
        pti_syscalls_unix 76, pti_csw 80, pti_threadnum 84, pti_numrunning 88, pti_priority 92,
    }
    proc_uniqidentifierinfo 56 {
        p_uuid 0, p_uniqueid 16, p_puniqueid 24, p_idversion 32,
    }
    vinfo_stat 136 { vst_dev 0, vst_mode 4, vst_nlink 6, vst_ino 8, vst_mtime 40, vst_size 88 }
    vnode_info 152 { vi_stat 0, vi_type 136, vi_fsid 144 }
    vnode_info_path 1176 { vip_vi 0, vip_path 152 }
    proc_vnodepathinfo 2352 { pvi_cdir 0, pvi_rdir 1176 }
    proc_regioninfo 96 {
        pri_protection 0, pri_max_protection 4, pri_inheritance 8, pri_flags 12, pri_offset 16,
        pri_behavior 24, pri_user_wired_count 28, pri_user_tag 32, pri_pages_resident 36,
        pri_pages_shared_now_private 40, pri_pages_swapped_out 44, pri_pages_dirtied 48,
        pri_ref_count 52, pri_shadow_depth 56, pri_share_mode 60, pri_private_pages_resident 64,
        pri_shared_pages_resident 68, pri_obj_id 72, pri_depth 76, pri_address 80, pri_size 88,
    }
    proc_regionwithpathinfo 1272 { prp_prinfo 0, prp_vip 96 }
    proc_regionpath 1040 { prpo_addr 0, prpo_regionlength 8, prpo_path 16 }
    proc_threadinfo 112 {
        pth_user_time 0, pth_system_time 8, pth_cpu_usage 16, pth_policy 20, pth_run_state 24,
        pth_flags 28, pth_sleep_time 32, pth_curpri 36, pth_priority 40, pth_maxpriority 44,
        pth_name 48,
    }
    vm_region_submap_info_64 76 {
        protection 0, max_protection 4, inheritance 8, offset 12, user_tag 20, pages_resident 24,
        pages_shared_now_private 28, pages_swapped_out 32, pages_dirtied 36, ref_count 40,
        shadow_depth 44, external_pager 46, share_mode 47, is_submap 48, behavior 52,
        object_id 56, user_wired_count 60, pages_reusable 64, object_id_full 68,
    }
    vm_region_submap_short_info_64 48 {
        protection 0, max_protection 4, inheritance 8, offset 12, user_tag 20, ref_count 24,
        shadow_depth 28, external_pager 30, share_mode 31, is_submap 32, behavior 36,
        object_id 40, user_wired_count 44,
    }
    task_vm_info 372 {
        virtual_size 0, region_count 8, page_size 12, resident_size 16, min_address 152,
        max_address 160,
    }
    mach_timebase_info 8 { numer 0, denom 4 }
}

// The counts are in words of 32 bits and must not promise more room than there is.
const _: () = {
    assert!(
        size_of::<vm_region_submap_info_64>() == 4 * VM_REGION_SUBMAP_INFO_V2_COUNT_64 as usize
    );
    assert!(
        size_of::<vm_region_submap_short_info_64>()
            == 4 * VM_REGION_SUBMAP_SHORT_INFO_COUNT_64 as usize
    );
    assert!(offset_of!(task_vm_info, max_address) + 8 == 4 * TASK_VM_INFO_REV2_COUNT as usize);
};
