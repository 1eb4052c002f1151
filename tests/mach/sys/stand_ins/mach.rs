//! Calls by ports, and about the host.

use std::ffi::{c_int, c_uint, c_void};
use std::ptr;

use mach_procfs::kernel::xnu::{
    KernReturn, SpaceEntry, SpaceInfo, StateFlavor, Timebase, XnuCalls,
};
use zerocopy::IntoBytes;

use super::array::{HOST, give};
use super::{mach, mach_kernel};

/// A call of MIG that fills words: where it succeeds, they are copied, and how many they are.
///
/// # Safety
/// `info` has as many words as `count` says, and both may be written.
unsafe fn counted<T>(
    info: *mut T,
    count: *mut c_uint,
    ask: impl FnOnce(&dyn XnuCalls, &mut [u32]) -> Result<usize, KernReturn>,
) -> c_int {
    const { assert!(size_of::<T>() == size_of::<u32>()) };
    // SAFETY: the caller's promise.
    let mut words = vec![0xEEEE_EEEE; unsafe { *count } as usize];
    let answer = mach_kernel().and_then(|kernel| ask(&*kernel, &mut words)).map(|filled| {
        // SAFETY: no more words than `count` says, by the index.
        unsafe {
            ptr::copy_nonoverlapping(words[..filled].as_ptr(), info.cast(), filled);
            *count = filled as c_uint;
        }
    });
    mach(answer)
}

#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn task_info(
    task: c_uint,
    flavor: c_uint,
    info: *mut c_int,
    count: *mut c_uint,
) -> c_int {
    // SAFETY: the caller passes a count, and as many words of `info`.
    unsafe { counted(info, count, |kernel, words| kernel.task_info(task, flavor, words)) }
}

#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn task_policy_get(
    task: c_uint,
    flavor: c_uint,
    info: *mut c_int,
    count: *mut c_uint,
    get_default: *mut c_int,
) -> c_int {
    // SAFETY: the caller passes a word.
    assert_eq!(unsafe { *get_default }, 0, "the default of the role is not its role");
    // SAFETY: the caller passes a count, and as many words of `info`.
    unsafe { counted(info, count, |kernel, words| kernel.task_policy(task, flavor, words)) }
}

#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn mach_vm_region_recurse(
    task: c_uint,
    address: *mut u64,
    size: *mut u64,
    depth: *mut c_uint,
    info: *mut c_int,
    count: *mut c_uint,
) -> c_int {
    // SAFETY: the caller passes numbers to read and write, a count, and as many words of `info`.
    unsafe {
        let (mut at, mut length, mut level) = (*address, *size, *depth);
        let code = counted(info, count, |kernel, words| {
            kernel.region_recurse(task, &mut at, &mut length, &mut level, words)
        });
        if code == 0 {
            (*address, *size, *depth) = (at, length, level);
        }
        code
    }
}

#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn mach_vm_read_overwrite(
    task: c_uint,
    from: u64,
    size: u64,
    to: u64,
    copied: *mut u64,
) -> c_int {
    let answer = || {
        let kernel = mach_kernel()?;
        assert_eq!(task, kernel.own_task());
        // SAFETY: the caller passes so many bytes to be written, and a word.
        unsafe {
            let to = ptr::with_exposed_provenance_mut::<u8>(to as usize);
            let buffer = std::slice::from_raw_parts_mut(to, size as usize);
            copied.write(kernel.read_own(from, buffer)? as u64);
        }
        Ok(())
    };
    mach(answer())
}

#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn task_threads(
    task: c_uint,
    threads: *mut *mut c_uint,
    count: *mut c_uint,
) -> c_int {
    let answer = || {
        let names = mach_kernel()?.threads(task)?;
        // SAFETY: the caller passes both to be written.
        unsafe {
            threads.write(give(&names));
            count.write(names.len() as c_uint);
        }
        Ok(())
    };
    mach(answer())
}

#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn thread_info(
    thread: c_uint,
    flavor: c_uint,
    info: *mut c_int,
    count: *mut c_uint,
) -> c_int {
    // SAFETY: the caller passes a count, and as many words of `info`.
    unsafe { counted(info, count, |kernel, words| kernel.thread_info(thread, flavor, words)) }
}

#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn thread_get_state(
    thread: c_uint,
    flavor: c_int,
    state: *mut c_uint,
    count: *mut c_uint,
) -> c_int {
    // SAFETY: the caller passes a count, and as many words of `state`.
    unsafe {
        counted(state, count, |kernel, words| {
            // MIG passes no more room on than its array of words has.
            let room = words.len().min(StateFlavor::MOST_WORDS);
            kernel.thread_state(thread, StateFlavor(flavor), &mut words[..room])
        })
    }
}

#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn mach_port_space_info(
    space: c_uint,
    info: *mut SpaceInfo,
    table: *mut *mut SpaceEntry,
    table_count: *mut c_uint,
    tree: *mut *mut c_void,
    tree_count: *mut c_uint,
) -> c_int {
    let answer = || {
        let entries = mach_kernel()?.space_info(space)?;
        let words: Vec<u32> = entries
            .as_slice()
            .as_bytes()
            .chunks_exact(4)
            .map(|word| u32::from_ne_bytes(word.try_into().unwrap()))
            .collect();
        let table_size = entries.len() as c_uint;
        // SAFETY: the caller passes all five to be written.
        unsafe {
            info.write(SpaceInfo { generation_mask: 0xFF, table_size, ..SpaceInfo::default() });
            table.write(give(&words).cast());
            table_count.write(table_size);
            tree.write(ptr::null_mut());
            tree_count.write(0);
        }
        Ok(())
    };
    mach(answer())
}

#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn mach_port_get_attributes(
    space: c_uint,
    name: c_uint,
    flavor: c_int,
    info: *mut c_int,
    count: *mut c_uint,
) -> c_int {
    // SAFETY: the caller passes a count, and as many words of `info`.
    unsafe {
        counted(info, count, |kernel, words| kernel.port_attributes(space, name, flavor, words))
    }
}

/// `KERN_INVALID_HOST`.
const INVALID_HOST: KernReturn = KernReturn(22);

#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn host_statistics64(
    host: c_uint,
    flavor: c_int,
    info: *mut c_int,
    count: *mut c_uint,
) -> c_int {
    if host != HOST {
        return INVALID_HOST.0;
    }
    // SAFETY: the caller passes a count, and as many words of `info`.
    unsafe { counted(info, count, |kernel, words| kernel.host_statistics(flavor, words)) }
}

#[unsafe(no_mangle)]
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
        let (each, words) = mach_kernel()?.processor_info(flavor, None)?;
        let number = words.len().checked_div(each).unwrap_or(0);
        // SAFETY: the caller passes all three to be written.
        unsafe {
            processors.write(number as c_uint);
            info.write(give(&words).cast());
            count.write(words.len() as c_uint);
        }
        Ok(())
    };
    mach(answer())
}

#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn mach_timebase_info(info: *mut Timebase) -> c_int {
    let answer = || {
        let timebase = mach_kernel()?.timebase()?;
        // SAFETY: the caller passes a struct to write to.
        unsafe { info.write(timebase) };
        Ok(())
    };
    mach(answer())
}
