//! The machine: the structs of `mach/vm_statistics.h`, `mach/processor_info.h`, `sys/mount.h`.

use std::ffi::{c_int, c_uint};
use std::mem::{offset_of, size_of};

use super::Plain;

pub(crate) const HOST_VM_INFO64: c_int = 4;

/// Words of `vm_statistics64` as of its first revision. Newer headers append fields; the kernel
/// writes as many words as it is given room for, so this number stays.
pub(crate) const HOST_VM_INFO64_REV1_COUNT: c_uint = 38;

pub(crate) const PROCESSOR_BASIC_INFO: c_int = 1;
pub(crate) const PROCESSOR_CPU_LOAD_INFO: c_int = 2;

/// Of `getfsstat`: what is known is enough.
pub(crate) const MNT_NOWAIT: c_int = 2;

#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct vm_statistics64 {
    pub(crate) free_count: u32,
    pub(crate) active_count: u32,
    pub(crate) inactive_count: u32,
    pub(crate) wire_count: u32,
    pub(crate) zero_fill_count: u64,
    pub(crate) reactivations: u64,
    pub(crate) pageins: u64,
    pub(crate) pageouts: u64,
    pub(crate) faults: u64,
    pub(crate) cow_faults: u64,
    pub(crate) lookups: u64,
    pub(crate) hits: u64,
    pub(crate) purges: u64,
    pub(crate) purgeable_count: u32,
    pub(crate) speculative_count: u32,
    pub(crate) decompressions: u64,
    pub(crate) compressions: u64,
    pub(crate) swapins: u64,
    pub(crate) swapouts: u64,
    pub(crate) compressor_page_count: u32,
    pub(crate) throttled_count: u32,
    pub(crate) external_page_count: u32,
    pub(crate) internal_page_count: u32,
    pub(crate) total_uncompressed_pages_in_compressor: u64,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct processor_basic_info {
    pub(crate) cpu_type: i32,
    pub(crate) cpu_subtype: i32,
    pub(crate) running: i32,
    pub(crate) slot_num: i32,
    pub(crate) is_master: i32,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct processor_cpu_load_info {
    pub(crate) cpu_ticks: [u32; 4],
}

/// The struct of 64-bit inodes.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct statfs {
    pub(crate) unread_sizes: [u64; 6],
    pub(crate) f_fsid: [i32; 2],
    pub(crate) f_owner: u32,
    pub(crate) f_type: u32,
    pub(crate) f_flags: u32,
    pub(crate) f_fssubtype: u32,
    pub(crate) f_fstypename: [u8; 16],
    pub(crate) f_mntonname: [u8; 1024],
    pub(crate) f_mntfromname: [u8; 1024],
    pub(crate) unread_reserve: [u32; 8],
}

// As in `ffi`.
plain! {
    vm_statistics64 152 {
        free_count 0, active_count 4, inactive_count 8, wire_count 12, zero_fill_count 16,
        reactivations 24, pageins 32, pageouts 40, faults 48, cow_faults 56, lookups 64, hits 72,
        purges 80, purgeable_count 88, speculative_count 92, decompressions 96, compressions 104,
        swapins 112, swapouts 120, compressor_page_count 128, throttled_count 132,
        external_page_count 136, internal_page_count 140,
        total_uncompressed_pages_in_compressor 144,
    }
    processor_basic_info 20 { cpu_type 0, cpu_subtype 4, running 8, slot_num 12, is_master 16 }
    processor_cpu_load_info 16 { cpu_ticks 0 }
    statfs 2168 {
        f_fsid 48, f_owner 56, f_flags 64, f_fstypename 72, f_mntonname 88, f_mntfromname 1112,
    }
}

// As of the region's struct.
const _: () = assert!(size_of::<vm_statistics64>() == 4 * HOST_VM_INFO64_REV1_COUNT as usize);
