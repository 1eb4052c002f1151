//! Calls about the machine.

use std::ffi::{CStr, c_int, c_uint, c_void};

use super::super::{
    HOST_VM_INFO64, HOST_VM_INFO64_REV1_COUNT, MNT_NOWAIT, PROCESSOR_BASIC_INFO,
    PROCESSOR_CPU_LOAD_INFO, statfs, vm_statistics64,
};
use super::array::{HOST, give};
use super::structs::text;
use super::{JUNK_32, JUNK_64, bsd, kernel, mach, mach_kernel, slice};
use crate::kernel::mach::calls::{Errno, KernReturn, Mount, VmStatistics};

/// `sysctlbyname` of any name that has no call of its own.
///
/// # Safety
/// As of the function.
pub(super) unsafe fn sysctl(
    name: &CStr,
    old: *mut c_void,
    old_length: *mut usize,
) -> Result<(), Errno> {
    // SAFETY: the caller's promise.
    unsafe { *old_length = kernel()?.sysctl_by_name(name, slice(old, *old_length))? };
    Ok(())
}

pub(crate) unsafe extern "C" fn host_statistics64(
    host: c_uint,
    flavor: c_int,
    info: *mut c_int,
    count: *mut c_uint,
) -> c_int {
    let answer = || {
        // SAFETY: `raw` passes a count, and as many words of `info`.
        let room = unsafe { *count };
        if host != HOST {
            return Err(INVALID_HOST);
        }
        // As in XNU, less than the revision that has been there always is a failure.
        if flavor != HOST_VM_INFO64 || room < HOST_VM_INFO64_REV1_COUNT {
            return Err(KernReturn::FAILURE);
        }
        let found = vm_statistics(&mach_kernel()?.vm_statistics()?);
        // SAFETY: there is room for the whole struct.
        unsafe {
            info.cast::<vm_statistics64>().write_unaligned(found);
            *count = HOST_VM_INFO64_REV1_COUNT;
        }
        Ok(())
    };
    mach(answer())
}

/// `KERN_INVALID_HOST`.
const INVALID_HOST: KernReturn = KernReturn(22);

pub(crate) unsafe extern "C" fn host_processor_info(
    host: c_uint,
    flavor: c_int,
    processors: *mut c_uint,
    info: *mut *mut c_int,
    count: *mut c_uint,
) -> c_int {
    let answer = || {
        if host != HOST {
            return Err(KernReturn::INVALID_ARGUMENT);
        }
        let kernel = mach_kernel()?;
        let words: Vec<Vec<u32>> = match flavor {
            PROCESSOR_BASIC_INFO => {
                let found = kernel.processors()?.into_iter().map(|it| {
                    let words = [it.cpu_type, it.cpu_subtype, it.running, it.slot, it.is_main];
                    words.map(i32::cast_unsigned).to_vec()
                });
                found.collect()
            }
            PROCESSOR_CPU_LOAD_INFO => {
                let found = kernel.processor_loads()?.into_iter();
                found.map(|it| vec![it.user, it.system, it.idle, it.nice]).collect()
            }
            _ => return Err(KernReturn::INVALID_ARGUMENT),
        };
        let all = words.concat();
        // SAFETY: `raw` passes all three to be written.
        unsafe {
            processors.write(words.len() as c_uint);
            info.write(give(&all).cast());
            count.write(all.len() as c_uint);
        }
        Ok(())
    };
    mach(answer())
}

pub(crate) unsafe fn getfsstat(buffer: *mut statfs, size: c_int, flags: c_int) -> c_int {
    let answer = || {
        if flags != MNT_NOWAIT {
            return Err(Errno::INVAL);
        }
        let room = size.max(0) as usize / size_of::<statfs>();
        // SAFETY: `raw` passes null or that many structs.
        let Some(to) = (unsafe { slice::<statfs>(buffer.cast(), room) }) else {
            return kernel()?.mounts(None);
        };
        let mut found = vec![Mount::default(); room];
        let count = kernel()?.mounts(Some(&mut found))?;
        for (to, mount) in to.iter_mut().zip(&found).take(count) {
            *to = mounted(mount);
        }
        Ok(count)
    };
    match answer() {
        Ok(count) => c_int::try_from(count).unwrap_or(c_int::MAX),
        Err(errno) => bsd(Err(errno)),
    }
}

fn mounted(mount: &Mount) -> statfs {
    statfs {
        unread_sizes: [JUNK_64; 6],
        f_fsid: mount.fsid,
        f_owner: mount.owner,
        f_type: JUNK_32,
        f_flags: mount.flags,
        f_fssubtype: JUNK_32,
        f_fstypename: text(&mount.kind),
        f_mntonname: text(&mount.mount_point),
        f_mntfromname: text(&mount.source),
        unread_reserve: [JUNK_32; 8],
    }
}

fn vm_statistics(info: &VmStatistics) -> vm_statistics64 {
    vm_statistics64 {
        free_count: info.free,
        active_count: info.active,
        inactive_count: info.inactive,
        wire_count: info.wired,
        zero_fill_count: info.zero_fills,
        reactivations: info.reactivations,
        pageins: info.pageins,
        pageouts: info.pageouts,
        faults: info.faults,
        cow_faults: info.cow_faults,
        lookups: info.lookups,
        hits: info.hits,
        purges: info.purges,
        purgeable_count: info.purgeable,
        speculative_count: info.speculative,
        decompressions: info.decompressions,
        compressions: info.compressions,
        swapins: info.swapins,
        swapouts: info.swapouts,
        compressor_page_count: info.compressor,
        throttled_count: info.throttled,
        external_page_count: info.external,
        internal_page_count: info.internal,
        total_uncompressed_pages_in_compressor: info.compressed,
    }
}
