//! The same memory by another call: `mach_vm_region` with basic info.

use mach_procfs::model::Region;
use mach2::kern_return::KERN_SUCCESS;
use mach2::traps::mach_task_self;
use mach2::vm::mach_vm_region;
use mach2::vm_region::{VM_REGION_BASIC_INFO_64, vm_region_basic_info_64};

/// The values of a region that both calls return.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Row {
    start: u64,
    end: u64,
    protection: u8,
    max_protection: u8,
    inheritance: u32,
    behavior: u32,
    offset: u64,
    wired: u16,
    shared: bool,
    submap: bool,
}

impl Row {
    pub(crate) fn of_region(region: &Region) -> Self {
        Row {
            start: region.start,
            end: region.end,
            protection: region.protection.bits(),
            max_protection: region.max_protection.bits(),
            inheritance: region.inheritance.0,
            behavior: region.behavior.0,
            offset: region.offset,
            wired: region.user_wired_count,
            shared: region.shared,
            submap: region.submap,
        }
    }
}

/// This program's own regions.
pub(crate) fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    let mut address = 0;
    loop {
        let mut size = 0;
        let mut info = vm_region_basic_info_64::default();
        let mut count = (size_of::<vm_region_basic_info_64>() / size_of::<u32>()) as u32;
        let mut object = 0;
        // SAFETY: all pointers are to locals of the types asked for, and `info` is `count` words
        // long. The object's name is always null, so there is nothing to release.
        let answer = unsafe {
            mach_vm_region(
                mach_task_self(),
                &raw mut address,
                &raw mut size,
                VM_REGION_BASIC_INFO_64,
                (&raw mut info).cast(),
                &raw mut count,
                &raw mut object,
            )
        };
        if answer != KERN_SUCCESS {
            return rows;
        }
        rows.push(Row {
            start: address,
            end: address + size,
            protection: (info.protection & 7) as u8,
            max_protection: (info.max_protection & 7) as u8,
            inheritance: info.inheritance,
            behavior: info.behavior.cast_unsigned(),
            offset: info.offset,
            wired: info.user_wired_count,
            shared: info.shared != 0,
            submap: info.reserved != 0,
        });
        address += size;
    }
}
