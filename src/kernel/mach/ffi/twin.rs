//! XNU's foreign functions where there is no XNU: the same names, signatures and layouts over
//! another [`XnuCalls`], with the conventions of Apple's C library and of MIG.
//!
//! It exists in tests only. What it is for is everything between a method of `raw` and the
//! kernel's answer: 0 with errno, counts in words, parameters that go in and out, results cut at
//! the end of a buffer, references to ports. Fields that nobody should read are filled with junk.

mod array;
mod files;
mod machine;
mod structs;
mod task;
#[cfg(test)]
mod tests;
mod thread;

use std::cell::{Cell, RefCell};
use std::ffi::{CStr, CString, c_char, c_int, c_uint, c_ulong, c_void};
use std::ops::Range;
use std::ptr;
use std::sync::Arc;

pub(crate) use libc::Dl_info;
use nix::errno::Errno as LastErrno;

pub(crate) use self::array::{mach_host_self, mach_vm_deallocate};
pub(crate) use self::files::{proc_pidfdinfo, proc_pidpath};
pub(crate) use self::machine::{getfsstat, host_processor_info, host_statistics64};
use self::structs::{
    bsdinfo, bsdshortinfo, regioninfo, regionwithpathinfo, submap_info, submap_short_info,
    taskinfo, threadinfo, uniqidentifierinfo, vnode,
};
pub(crate) use self::structs::{
    mach_timebase_info, proc_bsdinfo, proc_bsdshortinfo, proc_taskinfo, proc_threadinfo,
    task_vm_info, vinfo_stat, vm_region_submap_info_64, vm_region_submap_short_info_64,
};
pub(crate) use self::task::{
    mach_port_get_attributes, mach_port_space_info, task_for_pid, task_info, task_inspect_for_pid,
    task_name_for_pid, task_policy_get, task_read_for_pid,
};
pub(crate) use self::thread::{task_threads, thread_get_state, thread_info};
use super::{
    CTL_KERN, IMAGE_SEGMENTS, KERN_PROC, KERN_PROC_PID, KERN_PROCARGS2, KERN_SUCCESS,
    PROC_PIDLISTFDS, PROC_PIDLISTTHREADIDS, PROC_PIDREGIONINFO, PROC_PIDREGIONPATH,
    PROC_PIDREGIONPATHINFO, PROC_PIDREGIONPATHINFO2, PROC_PIDT_SHORTBSDINFO, PROC_PIDTASKINFO,
    PROC_PIDTBSDINFO, PROC_PIDTHREADID64INFO, PROC_PIDUNIQIDENTIFIERINFO, PROC_PIDVNODEPATHINFO,
    kinfo_proc, proc_fdinfo, proc_regioninfo, proc_regionpath, proc_regionwithpathinfo,
    proc_uniqidentifierinfo, proc_vnodepathinfo,
};
use crate::kernel::mach::calls::{
    Errno, Image, KernReturn, RegionPath, RegionPathInfo, SubmapInfo, VnodePaths, XnuCalls,
};

const JUNK_32: u32 = 0xEEEE_EEEE;
const JUNK_64: u64 = 0xEEEE_EEEE_EEEE_EEEE;

const INVALID_TASK: KernReturn = KernReturn::INVALID_TASK;

thread_local! {
    static KERNEL: RefCell<Option<Arc<dyn XnuCalls>>> = const { RefCell::new(None) };
    static SHORT_BY: Cell<usize> = const { Cell::new(0) };
    /// What `dladdr` has given away, which stays where it is.
    static PATHS: RefCell<Vec<CString>> = const { RefCell::new(Vec::new()) };
}

/// While it lives, the foreign functions on this thread ask the kernel it was made with. Tests
/// run on threads of their own, so each has its own kernel.
pub(crate) struct Behind(());

impl Behind {
    pub(crate) fn the_twin(kernel: Arc<dyn XnuCalls>) -> Self {
        KERNEL.set(Some(kernel));
        Behind(())
    }

    /// From now on `proc_pidinfo` claims to have filled this much less of a struct.
    pub(crate) fn answer_short_by(&self, bytes: usize) {
        SHORT_BY.set(bytes);
    }
}

impl Behind {
    /// How many arrays, and rights to the host, `raw` has not given back.
    pub(crate) fn not_given_back(&self) -> (usize, usize) {
        array::live()
    }
}

impl Drop for Behind {
    fn drop(&mut self) {
        KERNEL.set(None);
        SHORT_BY.set(0);
        PATHS.take();
        array::forget();
    }
}

/// Without a kernel behind it a system call is not there.
fn kernel() -> Result<Arc<dyn XnuCalls>, Errno> {
    KERNEL.with_borrow(Option::clone).ok_or(Errno::NOSYS)
}

fn mach_kernel() -> Result<Arc<dyn XnuCalls>, KernReturn> {
    kernel().map_err(|_| KernReturn::FAILURE)
}

/// libproc turns a system call's -1 into 0; a success does not touch errno.
fn libproc(answer: Result<usize, Errno>) -> c_int {
    match answer {
        Ok(count) => c_int::try_from(count).unwrap_or(c_int::MAX),
        Err(Errno(errno)) => {
            LastErrno::set_raw(errno);
            0
        }
    }
}

fn bsd(answer: Result<(), Errno>) -> c_int {
    match answer {
        Ok(()) => 0,
        Err(Errno(errno)) => {
            LastErrno::set_raw(errno);
            -1
        }
    }
}

fn mach(answer: Result<(), KernReturn>) -> c_int {
    answer.map_or_else(|code| code.0, |()| KERN_SUCCESS)
}

/// `count` values of `T` at `buffer`; none where it is null.
///
/// # Safety
/// As of a C function that is given a buffer and its length: what is there may be written, is
/// aligned and initialised, and nobody else uses it during the call.
unsafe fn slice<'a, T: Copy>(buffer: *mut c_void, count: usize) -> Option<&'a mut [T]> {
    if buffer.is_null() {
        return None;
    }
    // SAFETY: the caller's promise.
    Some(unsafe { std::slice::from_raw_parts_mut(buffer.cast(), count) })
}

pub(crate) unsafe extern "C" fn getpid() -> i32 {
    kernel().map_or(0, |kernel| kernel.own_pid())
}

pub(crate) unsafe extern "C" fn proc_listallpids(buffer: *mut c_void, size: c_int) -> c_int {
    // SAFETY: `raw` passes null or a slice of that many bytes.
    let pids = unsafe { slice::<i32>(buffer, size.max(0) as usize / size_of::<i32>()) };
    libproc(kernel().and_then(|kernel| kernel.list_all_pids(pids)))
}

pub(crate) unsafe extern "C" fn proc_pidinfo(
    pid: c_int,
    flavor: c_int,
    arg: u64,
    buffer: *mut c_void,
    size: c_int,
) -> c_int {
    let room = size.max(0) as usize;
    // SAFETY: `raw` passes a buffer of `size` bytes.
    libproc(
        kernel().and_then(|kernel| unsafe { pidinfo(&*kernel, pid, flavor, arg, buffer, room) }),
    )
}

/// In the kernel's order: what is wrong with the question comes before what is wrong with the
/// process.
///
/// # Safety
/// `buffer` has `room` bytes that may be written.
unsafe fn pidinfo(
    kernel: &dyn XnuCalls,
    pid: i32,
    flavor: c_int,
    arg: u64,
    buffer: *mut c_void,
    room: usize,
) -> Result<usize, Errno> {
    if pid == 0
        && matches!(
            flavor,
            PROC_PIDREGIONINFO
                | PROC_PIDREGIONPATHINFO
                | PROC_PIDREGIONPATHINFO2
                | PROC_PIDREGIONPATH
        )
    {
        return Err(Errno::PERM);
    }
    let needed = match flavor {
        PROC_PIDTBSDINFO => size_of::<proc_bsdinfo>(),
        PROC_PIDTASKINFO => size_of::<proc_taskinfo>(),
        PROC_PIDREGIONINFO => size_of::<proc_regioninfo>(),
        PROC_PIDREGIONPATHINFO | PROC_PIDREGIONPATHINFO2 => size_of::<proc_regionwithpathinfo>(),
        PROC_PIDREGIONPATH => size_of::<proc_regionpath>(),
        PROC_PIDVNODEPATHINFO => size_of::<proc_vnodepathinfo>(),
        PROC_PIDT_SHORTBSDINFO => size_of::<proc_bsdshortinfo>(),
        PROC_PIDTHREADID64INFO => size_of::<proc_threadinfo>(),
        PROC_PIDUNIQIDENTIFIERINFO => size_of::<proc_uniqidentifierinfo>(),
        PROC_PIDLISTTHREADIDS => size_of::<u64>(),
        PROC_PIDLISTFDS => size_of::<proc_fdinfo>(),
        _ => return Err(Errno::INVAL),
    };
    if room < needed {
        return Err(Errno::NOMEM);
    }
    // SAFETY: in each arm the struct written is the one that `needed` is the size of.
    unsafe {
        match flavor {
            PROC_PIDTBSDINFO => put(buffer, bsdinfo(&kernel.bsd_info(pid, arg != 0)?)),
            PROC_PIDTASKINFO => put(buffer, taskinfo(&kernel.task_info(pid)?)),
            PROC_PIDREGIONINFO => put(buffer, regioninfo(&kernel.region_info(pid, arg)?)),
            PROC_PIDREGIONPATHINFO2 => {
                put(buffer, regionwithpathinfo(&kernel.file_region(pid, arg)?));
            }
            PROC_PIDREGIONPATH => {
                let RegionPath { address, size, path } = kernel.region_path(pid, arg)?;
                let prpo_path = structs::text(&path);
                put(
                    buffer,
                    proc_regionpath { prpo_addr: address, prpo_regionlength: size, prpo_path },
                );
            }
            PROC_PIDREGIONPATHINFO => {
                let mut info = RegionPathInfo::default();
                kernel.region_path_info(pid, arg, &mut info)?;
                put(buffer, regionwithpathinfo(&info));
            }
            PROC_PIDVNODEPATHINFO => {
                let mut paths = VnodePaths::default();
                kernel.vnode_paths(pid, &mut paths)?;
                let pvi_cdir = vnode(&paths.current, &paths.current_path);
                let pvi_rdir = vnode(&paths.root, &paths.root_path);
                put(buffer, proc_vnodepathinfo { pvi_cdir, pvi_rdir });
            }
            PROC_PIDT_SHORTBSDINFO => {
                put(buffer, bsdshortinfo(&kernel.short_bsd_info(pid, arg != 0)?));
            }
            PROC_PIDTHREADID64INFO => put(buffer, threadinfo(&kernel.thread_info(pid, arg)?)),
            PROC_PIDUNIQIDENTIFIERINFO => {
                put(buffer, uniqidentifierinfo(&kernel.unique_info(pid, arg != 0)?));
            }
            PROC_PIDLISTFDS => return files::list(kernel, pid, buffer, room),
            _ => {
                let threads = slice::<u64>(buffer, room / size_of::<u64>()).unwrap_or_default();
                return Ok(kernel.list_thread_ids(pid, threads)? * size_of::<u64>());
            }
        }
    }
    Ok(needed - SHORT_BY.get())
}

/// # Safety
/// `buffer` has room for a `T`.
unsafe fn put<T>(buffer: *mut c_void, value: T) {
    // SAFETY: the caller's promise; of alignment nothing is assumed.
    unsafe { buffer.cast::<T>().write_unaligned(value) };
}

pub(crate) unsafe extern "C" fn sysctl(
    name: *mut c_int,
    name_length: c_uint,
    old: *mut c_void,
    old_length: *mut usize,
    new: *mut c_void,
    _new_length: usize,
) -> c_int {
    // SAFETY: `raw` passes a name of that many words, a length, and null or that many bytes.
    let answer = || unsafe {
        let name = std::slice::from_raw_parts(name, name_length as usize);
        if !new.is_null() {
            return Err(Errno::PERM);
        }
        match *name {
            [CTL_KERN, KERN_PROCARGS2, pid] => {
                *old_length = kernel()?.process_arguments(pid, slice(old, *old_length))?;
            }
            [CTL_KERN, KERN_PROC, KERN_PROC_PID, pid] => {
                let found = kernel()?.kinfo_proc(pid)?;
                let needed = found.iter().len() * size_of::<kinfo_proc>();
                if *old_length < needed {
                    return Err(Errno::NOMEM);
                }
                if let Some(found) = found {
                    put(old, files::kinfo(&found));
                }
                *old_length = needed - SHORT_BY.get().min(needed);
            }
            _ => return Err(Errno::NOENT),
        }
        Ok(())
    };
    bsd(answer())
}

pub(crate) unsafe extern "C" fn sysctlbyname(
    name: *const c_char,
    old: *mut c_void,
    old_length: *mut usize,
    new: *mut c_void,
    new_length: usize,
) -> c_int {
    // SAFETY: `raw` passes a name that ends in NUL, and for each direction null or as many bytes
    // as it says.
    let answer = || unsafe {
        let name = CStr::from_ptr(name);
        match name.to_bytes() {
            b"vm.self_region_info_flags" if !new.is_null() => {
                if new_length != size_of::<u32>() {
                    return Err(Errno::INVAL);
                }
                kernel()?.set_region_info_flags(new.cast::<u32>().read_unaligned())
            }
            b"kern.usrstack64" if !old.is_null() => {
                let top = kernel()?.own_stack_top()?;
                if *old_length < size_of::<u64>() {
                    return Err(Errno::NOMEM);
                }
                put(old, top);
                *old_length = size_of::<u64>();
                Ok(())
            }
            _ if !new.is_null() => Err(Errno::PERM),
            _ => machine::sysctl(name, old, old_length),
        }
    };
    bsd(answer())
}

pub(crate) unsafe fn mach_task_self() -> c_uint {
    kernel().map_or(0, |kernel| kernel.own_task())
}

pub(crate) unsafe extern "C" fn mach_port_deallocate(space: c_uint, name: c_uint) -> c_int {
    let answer = || {
        let kernel = mach_kernel()?;
        if space != kernel.own_task() {
            return Err(INVALID_TASK);
        }
        if name == array::HOST {
            return array::release_host();
        }
        kernel.release_port(name)
    };
    mach(answer())
}

pub(crate) unsafe extern "C" fn mach_vm_region_recurse(
    task: c_uint,
    address: *mut u64,
    size: *mut u64,
    depth: *mut c_uint,
    info: *mut c_int,
    count: *mut c_uint,
) -> c_int {
    // SAFETY: `raw` passes words to read and write, and as many words of `info` as `count` says.
    let answer = || unsafe {
        // MIG cuts a larger array; the kernel knows four layouts, by their lengths. The short one
        // has another order of fields.
        let words = match *count {
            0..12 => return Err(KernReturn::INVALID_ARGUMENT),
            12..16 => 12,
            16 => 16,
            17..19 => 17,
            19.. => 19,
        };
        let (mut at, mut length, mut level) = (*address, *size, *depth);
        let mut found = SubmapInfo::default();
        let kernel = mach_kernel()?;
        if words == 12 {
            kernel.region_recurse_short(task, &mut at, &mut length, &mut level, &mut found)?;
            let found = submap_short_info(&found);
            ptr::copy_nonoverlapping((&raw const found).cast::<c_int>(), info, words);
        } else {
            kernel.region_recurse(task, &mut at, &mut length, &mut level, &mut found)?;
            let found = submap_info(&found);
            ptr::copy_nonoverlapping((&raw const found).cast::<c_int>(), info, words);
        }
        (*address, *size, *depth) = (at, length, level);
        *count = words as c_uint;
        Ok(())
    };
    mach(answer())
}

pub(crate) unsafe extern "C" fn mach_timebase_info(info: *mut mach_timebase_info) -> c_int {
    let answer = || {
        let timebase = mach_kernel()?.timebase()?;
        // SAFETY: `raw` passes a struct to write to.
        unsafe { info.write(mach_timebase_info { numer: timebase.numer, denom: timebase.denom }) };
        Ok(())
    };
    mach(answer())
}

/// A header in the memory of another process, so to say: nobody here reads it.
pub(crate) struct mach_header(());

/// The program itself, which lies outside of the shared cache.
const PROGRAM: usize = 0x1_0000_0000;

/// dyld's images: those of the cache that the model has, each with its header at its first
/// segment; among them one that nobody must ask about, one whose name is not known, and one that
/// another thread has unloaded since they were counted.
fn headers() -> Vec<usize> {
    let images = cache_images();
    let cache = cache_of(&images);
    let first = [PROGRAM, cache.end.saturating_sub(1)];
    first.into_iter().chain(images.iter().filter_map(header_of)).chain([0]).collect()
}

fn cache_images() -> Vec<Image> {
    let mut images = Vec::new();
    if let Ok(kernel) = kernel() {
        kernel.own_images(&mut images);
    }
    images
}

fn header_of(image: &Image) -> Option<usize> {
    usize::try_from(image.segments.first()?.start).ok()
}

/// From the first header to a little above the last.
fn cache_of(images: &[Image]) -> Range<usize> {
    let headers = || images.iter().filter_map(header_of);
    headers().min().unwrap_or(0)..headers().max().map_or(0, |last| last.saturating_add(2))
}

fn image_at(header: usize) -> Option<Image> {
    assert_ne!(header, PROGRAM, "it may be unloaded as soon as it was named");
    cache_images().into_iter().find(|image| header_of(image) == Some(header))
}

pub(crate) unsafe extern "C" fn _dyld_get_shared_cache_range(size: *mut usize) -> *const c_void {
    let cache = cache_of(&cache_images());
    // SAFETY: `raw` passes a word to write to.
    unsafe { size.write(cache.len()) };
    ptr::without_provenance(cache.start)
}

pub(crate) unsafe extern "C" fn _dyld_image_count() -> u32 {
    headers().len() as u32
}

pub(crate) unsafe extern "C" fn _dyld_get_image_header(number: u32) -> *const mach_header {
    ptr::without_provenance(headers().get(number as usize).copied().unwrap_or(0))
}

pub(crate) unsafe extern "C" fn dladdr(address: *const c_void, info: *mut Dl_info) -> c_int {
    let Some(path) = image_at(address.addr()).and_then(|image| CString::new(image.path).ok())
    else {
        return 0;
    };
    let dli_fname = path.as_ptr();
    PATHS.with_borrow_mut(|paths| paths.push(path));
    let (dli_sname, dli_saddr) = (c"__dso_handle".as_ptr(), address.cast_mut());
    // SAFETY: `raw` passes a struct to write to.
    unsafe { info.write(Dl_info { dli_fname, dli_fbase: dli_saddr, dli_sname, dli_saddr }) };
    1
}

/// The segments of the model's images have no names: here they have those of the list, in its
/// order.
pub(crate) unsafe extern "C" fn getsegmentdata(
    header: *const mach_header,
    name: *const c_char,
    size: *mut c_ulong,
) -> *mut u8 {
    // SAFETY: `raw` passes a name that ends in NUL.
    let name = unsafe { CStr::from_ptr(name) };
    assert_ne!(name, c"__LINKEDIT");
    let found = image_at(header.addr()).and_then(|image| {
        let number = IMAGE_SEGMENTS.iter().position(|known| *known == name)?;
        image.segments.get(number).copied()
    });
    let Some(found) = found else { return ptr::null_mut() };
    // SAFETY: `raw` passes a word to write to.
    unsafe { size.write(found.size) };
    ptr::without_provenance_mut(found.start as usize)
}
