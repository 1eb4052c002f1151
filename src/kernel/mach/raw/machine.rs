//! Calls about the machine.

use std::ffi::{CStr, c_int, c_void};
use std::ptr;

use super::array::{Host, OutOfLine};
use super::{Xnu, bsd, bytes, copy_path, mach};
use crate::kernel::mach::calls::{
    Errno, KernReturn, MachineCalls, Mount, ProcessorInfo, ProcessorLoad, VmStatistics,
};
use crate::kernel::mach::ffi::{self, Plain};

/// `host_processor_info` with a flavor that fills one struct for each CPU.
fn of_processors<T: Plain>(flavor: c_int) -> Result<Vec<T>, KernReturn> {
    let host = Host::new();
    let (mut processors, mut words, mut count) = (0, ptr::null_mut(), 0);
    // SAFETY: all three are writable and of the types that the call fills.
    mach(unsafe {
        ffi::host_processor_info(
            host.name(),
            flavor,
            &raw mut processors,
            &raw mut words,
            &raw mut count,
        )
    })?;
    // SAFETY: the call has given an array of so many words, which is this caller's now.
    let words = unsafe { OutOfLine::new(words, count) };
    let words = words.values();
    let one = words.len().checked_div(processors as usize).unwrap_or(0);
    words
        .chunks_exact(one.max(1))
        .map(|words| {
            let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_ne_bytes()).collect();
            T::from_bytes(&bytes).ok_or(KernReturn::FAILURE)
        })
        .collect()
}

impl MachineCalls for Xnu {
    fn sysctl_by_name(&self, name: &CStr, buffer: Option<&mut [u8]>) -> Result<usize, Errno> {
        let (old, mut length): (*mut c_void, usize) = match buffer {
            Some(buffer) => (buffer.as_mut_ptr().cast(), buffer.len()),
            None => (ptr::null_mut(), 0),
        };
        // SAFETY: the name ends in NUL. `old` is null, where only `length` is written, or the
        // caller's buffer, borrowed for this whole call, of which the kernel writes at most
        // `length` bytes. Nothing is to be set.
        bsd(unsafe { ffi::sysctlbyname(name.as_ptr(), old, &raw mut length, ptr::null_mut(), 0) })?;
        Ok(length)
    }

    fn vm_statistics(&self) -> Result<VmStatistics, KernReturn> {
        let host = Host::new();
        let mut info = ffi::vm_statistics64::zeroed();
        let mut count = ffi::HOST_VM_INFO64_REV1_COUNT;
        // SAFETY: `info` is `count` words of 4 bytes long (asserted beside it); the kernel writes
        // no more words than `count` says, and whatever it writes is such a struct.
        mach(unsafe {
            ffi::host_statistics64(
                host.name(),
                ffi::HOST_VM_INFO64,
                (&raw mut info).cast(),
                &raw mut count,
            )
        })?;
        let whole = count == ffi::HOST_VM_INFO64_REV1_COUNT;
        if whole { Ok(info.into()) } else { Err(KernReturn::FAILURE) }
    }

    fn processors(&self) -> Result<Vec<ProcessorInfo>, KernReturn> {
        let found = of_processors::<ffi::processor_basic_info>(ffi::PROCESSOR_BASIC_INFO)?;
        Ok(found.into_iter().map(ProcessorInfo::from).collect())
    }

    fn processor_loads(&self) -> Result<Vec<ProcessorLoad>, KernReturn> {
        let found = of_processors::<ffi::processor_cpu_load_info>(ffi::PROCESSOR_CPU_LOAD_INFO)?;
        Ok(found.into_iter().map(ProcessorLoad::from).collect())
    }

    fn mounts(&self, mounts: Option<&mut [Mount]>) -> Result<usize, Errno> {
        let room = mounts.as_ref().map_or(0, |mounts| mounts.len());
        let mut found = vec![ffi::statfs::zeroed(); room];
        let (buffer, size) = match mounts {
            Some(_) => (found.as_mut_ptr(), bytes(&found)),
            None => (ptr::null_mut(), 0),
        };
        // SAFETY: `buffer` is null, where nothing is written, or `found`'s memory, of which the
        // kernel writes at most `size` bytes of whole structs, which are `Plain`.
        let count = unsafe { ffi::getfsstat(buffer, size, ffi::MNT_NOWAIT) };
        bsd(count)?;
        let count = count.max(0).cast_unsigned() as usize;
        let Some(mounts) = mounts else { return Ok(count) };
        let filled = mounts.iter_mut().zip(&found).take(count);
        Ok(filled.map(|(to, from)| *to = from.into()).count())
    }
}

impl From<ffi::vm_statistics64> for VmStatistics {
    fn from(info: ffi::vm_statistics64) -> Self {
        VmStatistics {
            free: info.free_count,
            active: info.active_count,
            inactive: info.inactive_count,
            wired: info.wire_count,
            zero_fills: info.zero_fill_count,
            reactivations: info.reactivations,
            pageins: info.pageins,
            pageouts: info.pageouts,
            faults: info.faults,
            cow_faults: info.cow_faults,
            lookups: info.lookups,
            hits: info.hits,
            purges: info.purges,
            purgeable: info.purgeable_count,
            speculative: info.speculative_count,
            decompressions: info.decompressions,
            compressions: info.compressions,
            swapins: info.swapins,
            swapouts: info.swapouts,
            compressor: info.compressor_page_count,
            throttled: info.throttled_count,
            external: info.external_page_count,
            internal: info.internal_page_count,
            compressed: info.total_uncompressed_pages_in_compressor,
        }
    }
}

impl From<ffi::processor_basic_info> for ProcessorInfo {
    fn from(info: ffi::processor_basic_info) -> Self {
        ProcessorInfo {
            cpu_type: info.cpu_type,
            cpu_subtype: info.cpu_subtype,
            running: info.running,
            slot: info.slot_num,
            is_main: info.is_master,
        }
    }
}

impl From<ffi::processor_cpu_load_info> for ProcessorLoad {
    fn from(info: ffi::processor_cpu_load_info) -> Self {
        let [user, system, idle, nice] = info.cpu_ticks;
        ProcessorLoad { user, system, idle, nice }
    }
}

impl From<&ffi::statfs> for Mount {
    fn from(info: &ffi::statfs) -> Self {
        Mount {
            mount_point: text(&info.f_mntonname),
            source: text(&info.f_mntfromname),
            kind: text(&info.f_fstypename),
            flags: info.f_flags,
            fsid: info.f_fsid,
            owner: info.f_owner,
        }
    }
}

fn text(field: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    copy_path(field, &mut text);
    text
}
