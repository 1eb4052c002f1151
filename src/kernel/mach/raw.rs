//! [`XnuCalls`] answered by the kernel of the Mach this runs on: each method one foreign call.
//!
//! Nothing is decided here. What a call writes is copied field by field into plain values, and
//! its own way of saying no becomes an `Err`.

#![allow(unsafe_code)]

mod array;
mod copy;
mod files;
mod machine;
mod process;
mod region;
mod task;
mod thread;

use std::ffi::{CStr, c_int, c_uint, c_void};
use std::ops::Range;
use std::ptr;

use nix::errno::Errno as LastErrno;

use self::copy::copy_path;
use super::calls::{
    BsdInfo, Errno, Image, KernReturn, PORT_NULL, PortName, RegionPathInfo, Segment, ShortBsdInfo,
    SubmapInfo, TaskInfo, TaskVmInfo, ThreadInfo, Timebase, UniqueInfo, VnodePaths, XnuCalls,
};
use super::ffi::{self, Plain};

/// The kernel that runs this program.
#[derive(Clone, Copy, Debug, Default)]
pub struct Xnu;

/// libproc says 0 for an error and for nothing found alike; only errno tells them apart, and a
/// success leaves that as it was.
fn libproc(call: impl FnOnce() -> c_int) -> Result<usize, Errno> {
    LastErrno::clear();
    let answer = call();
    if answer > 0 {
        return Ok(answer.cast_unsigned() as usize);
    }
    match LastErrno::last_raw() {
        0 => Ok(0),
        errno => Err(Errno(errno)),
    }
}

/// A system call says -1, and why in errno.
fn bsd(answer: c_int) -> Result<(), Errno> {
    if answer == -1 { Err(Errno(LastErrno::last_raw())) } else { Ok(()) }
}

/// A Mach call says why itself.
fn mach(answer: c_int) -> Result<(), KernReturn> {
    if answer == ffi::KERN_SUCCESS { Ok(()) } else { Err(KernReturn(answer)) }
}

/// The bytes of a buffer, as many of them as the call can be told of.
fn bytes<T>(buffer: &[T]) -> c_int {
    c_int::try_from(size_of_val(buffer)).unwrap_or(c_int::MAX)
}

/// How many words of 32 bits a struct has, in which Mach calls count.
fn words<T>() -> c_uint {
    (size_of::<T>() / size_of::<u32>()) as c_uint
}

/// `proc_pidinfo` with a flavor that fills one struct.
fn pid_info<T: Plain>(pid: i32, flavor: c_int, arg: u64) -> Result<T, Errno> {
    let mut info = T::zeroed();
    let size = size_of::<T>();
    // SAFETY: `info` is writable and `size` bytes long (at most 2,352, so the cast keeps it), the
    // kernel writes no more than that, and whatever it writes is a `T`, which is `Plain`.
    let written = libproc(|| unsafe {
        ffi::proc_pidinfo(pid, flavor, arg, (&raw mut info).cast(), size as c_int)
    })?;
    // These flavors fill the struct or fail. Half a struct would be zeros shown as facts.
    if written == size { Ok(info) } else { Err(Errno::IO) }
}

/// One of the flavors that fill a region and its file.
fn region_with_path(
    pid: i32,
    flavor: c_int,
    address: u64,
    info: &mut RegionPathInfo,
) -> Result<(), Errno> {
    let found: ffi::proc_regionwithpathinfo = pid_info(pid, flavor, address)?;
    info.region = (&found.prp_prinfo).into();
    info.vnode = (&found.prp_vip.vip_vi).into();
    copy_path(&found.prp_vip.vip_path, &mut info.path);
    Ok(())
}

/// `mach_vm_region_recurse`, which chooses the struct by the number of its words.
fn recurse<T: Plain>(
    task: PortName,
    address: &mut u64,
    size: &mut u64,
    depth: &mut u32,
) -> Result<T, KernReturn> {
    let mut found = T::zeroed();
    let mut count = words::<T>();
    // SAFETY: three references to words of the right size, and `found`, which is `count` words of
    // 4 bytes long and aligned to 4 at least; the kernel writes no more words than `count` says,
    // and whatever it writes is a `T`, which is `Plain`.
    mach(unsafe {
        let info = (&raw mut found).cast();
        ffi::mach_vm_region_recurse(task, address, size, depth, info, &raw mut count)
    })?;
    Ok(found)
}

/// The addresses of dyld's shared cache, empty where this process has none.
fn shared_cache() -> Range<usize> {
    let mut size = 0;
    // SAFETY: `size` is writable. Nothing is read through what comes back.
    let start = unsafe { ffi::_dyld_get_shared_cache_range(&raw mut size) }.addr();
    start..start.saturating_add(size)
}

/// The path of an image.
///
/// # Safety
/// `header` is that of an image that dyld never unloads.
unsafe fn path_of(header: *const ffi::mach_header) -> Option<Vec<u8>> {
    let mut info = ffi::Dl_info {
        dli_fname: ptr::null(),
        dli_fbase: ptr::null_mut(),
        dli_sname: ptr::null(),
        dli_saddr: ptr::null_mut(),
    };
    // SAFETY: takes any address and does not read there unless it is in an image; `info` is
    // writable.
    let found = unsafe { ffi::dladdr(header.cast(), &raw mut info) } != 0;
    if !found || info.dli_fname.is_null() || !ptr::addr_eq(info.dli_fbase, header) {
        return None;
    }
    // SAFETY: a path that ends in NUL, of the image with this header, and there as long as it is.
    Some(unsafe { CStr::from_ptr(info.dli_fname) }.to_bytes().to_vec())
}

/// Where this segment of an image is.
///
/// # Safety
/// `header` is that of an image that dyld never unloads.
unsafe fn segment(header: *const ffi::mach_header, name: &CStr) -> Option<Segment> {
    let mut size = 0;
    // SAFETY: a whole header with its load commands, as dyld itself uses it, since nobody unmaps
    // it; a name that ends in NUL; `size` is writable. Nothing is read through what comes back.
    let start = unsafe { ffi::getsegmentdata(header, name.as_ptr(), &raw mut size) };
    (!start.is_null()).then(|| Segment { start: start.addr() as u64, size })
}

impl XnuCalls for Xnu {
    fn own_pid(&self) -> i32 {
        // SAFETY: takes nothing and cannot fail.
        unsafe { ffi::getpid() }
    }

    fn list_all_pids(&self, pids: Option<&mut [i32]>) -> Result<usize, Errno> {
        let (buffer, size) = match pids {
            Some(pids) => (pids.as_mut_ptr().cast(), bytes(pids)),
            None => (ptr::null_mut(), 0),
        };
        // SAFETY: `buffer` is null, where nothing is written, or the caller's slice, borrowed
        // for this whole call; the kernel writes at most `size` bytes of whole `i32`.
        libproc(|| unsafe { ffi::proc_listallpids(buffer, size) })
    }

    fn short_bsd_info(&self, pid: i32, zombies: bool) -> Result<ShortBsdInfo, Errno> {
        pid_info::<ffi::proc_bsdshortinfo>(pid, ffi::PROC_PIDT_SHORTBSDINFO, zombies.into())
            .map(ShortBsdInfo::from)
    }

    fn bsd_info(&self, pid: i32, zombies: bool) -> Result<BsdInfo, Errno> {
        pid_info::<ffi::proc_bsdinfo>(pid, ffi::PROC_PIDTBSDINFO, zombies.into()).map(BsdInfo::from)
    }

    fn task_info(&self, pid: i32) -> Result<TaskInfo, Errno> {
        pid_info::<ffi::proc_taskinfo>(pid, ffi::PROC_PIDTASKINFO, 0).map(TaskInfo::from)
    }

    fn unique_info(&self, pid: i32, zombies: bool) -> Result<UniqueInfo, Errno> {
        pid_info::<ffi::proc_uniqidentifierinfo>(
            pid,
            ffi::PROC_PIDUNIQIDENTIFIERINFO,
            zombies.into(),
        )
        .map(UniqueInfo::from)
    }

    fn region_path_info(
        &self,
        pid: i32,
        address: u64,
        info: &mut RegionPathInfo,
    ) -> Result<(), Errno> {
        region_with_path(pid, ffi::PROC_PIDREGIONPATHINFO, address, info)
    }

    fn vnode_paths(&self, pid: i32, paths: &mut VnodePaths) -> Result<(), Errno> {
        let found: ffi::proc_vnodepathinfo = pid_info(pid, ffi::PROC_PIDVNODEPATHINFO, 0)?;
        paths.current = (&found.pvi_cdir.vip_vi).into();
        copy_path(&found.pvi_cdir.vip_path, &mut paths.current_path);
        paths.root = (&found.pvi_rdir.vip_vi).into();
        copy_path(&found.pvi_rdir.vip_path, &mut paths.root_path);
        Ok(())
    }

    fn list_thread_ids(&self, pid: i32, threads: &mut [u64]) -> Result<usize, Errno> {
        let (buffer, size) = (threads.as_mut_ptr().cast(), bytes(threads));
        // SAFETY: `buffer` is the caller's slice, borrowed for this whole call, and not null even
        // where it is empty; the kernel writes at most `size` bytes of whole `u64`.
        let written = libproc(|| unsafe {
            ffi::proc_pidinfo(pid, ffi::PROC_PIDLISTTHREADIDS, 0, buffer, size)
        })?;
        Ok(written / size_of::<u64>())
    }

    fn thread_info(&self, pid: i32, thread: u64) -> Result<ThreadInfo, Errno> {
        pid_info::<ffi::proc_threadinfo>(pid, ffi::PROC_PIDTHREADID64INFO, thread)
            .map(ThreadInfo::from)
    }

    fn process_arguments(&self, pid: i32, buffer: Option<&mut [u8]>) -> Result<usize, Errno> {
        let mut name = [ffi::CTL_KERN, ffi::KERN_PROCARGS2, pid];
        let (old, mut length): (*mut c_void, usize) = match buffer {
            Some(buffer) => (buffer.as_mut_ptr().cast(), buffer.len()),
            None => (ptr::null_mut(), 0),
        };
        // SAFETY: `name` has the three words told. `old` is null, where only `length` is written,
        // or the caller's buffer, borrowed for this whole call, of which the kernel writes at
        // most `length` bytes. Nothing is to be set.
        bsd(unsafe {
            ffi::sysctl(name.as_mut_ptr(), 3, old, &raw mut length, ptr::null_mut(), 0)
        })?;
        Ok(length)
    }

    fn task_for_pid(&self, pid: i32) -> Result<PortName, KernReturn> {
        let mut port = PORT_NULL;
        // SAFETY: `port` is writable. The right that comes with it is the caller's to release.
        mach(unsafe { ffi::task_for_pid(ffi::mach_task_self(), pid, &raw mut port) })?;
        Ok(port)
    }

    fn own_task(&self) -> PortName {
        // SAFETY: reads a word that libSystem sets before main and that nobody writes again.
        unsafe { ffi::mach_task_self() }
    }

    fn release_port(&self, port: PortName) -> Result<(), KernReturn> {
        // SAFETY: takes numbers only; a name that names nothing is answered with an error.
        mach(unsafe { ffi::mach_port_deallocate(ffi::mach_task_self(), port) })
    }

    fn region_recurse(
        &self,
        task: PortName,
        address: &mut u64,
        size: &mut u64,
        depth: &mut u32,
        info: &mut SubmapInfo,
    ) -> Result<(), KernReturn> {
        *info = recurse::<ffi::vm_region_submap_info_64>(task, address, size, depth)?.into();
        Ok(())
    }

    fn region_recurse_short(
        &self,
        task: PortName,
        address: &mut u64,
        size: &mut u64,
        depth: &mut u32,
        info: &mut SubmapInfo,
    ) -> Result<(), KernReturn> {
        *info = recurse::<ffi::vm_region_submap_short_info_64>(task, address, size, depth)?.into();
        Ok(())
    }

    fn task_vm_info(&self, task: PortName) -> Result<TaskVmInfo, KernReturn> {
        let mut info = ffi::task_vm_info::zeroed();
        let mut count = ffi::TASK_VM_INFO_REV2_COUNT;
        // SAFETY: `info` is at least `count` words of 4 bytes long (asserted beside it) and aligned
        // to 4; the kernel writes no more words than `count` says, and whatever it writes is such a
        // struct.
        mach(unsafe {
            ffi::task_info(task, ffi::TASK_VM_INFO, (&raw mut info).cast(), &raw mut count)
        })?;
        Ok(info.into())
    }

    fn timebase(&self) -> Result<Timebase, KernReturn> {
        let mut info = ffi::mach_timebase_info::zeroed();
        // SAFETY: `info` is writable and of the type that the call fills.
        mach(unsafe { ffi::mach_timebase_info(&raw mut info) })?;
        Ok(Timebase { numer: info.numer, denom: info.denom })
    }

    fn set_region_info_flags(&self, flags: u32) -> Result<(), Errno> {
        const NAME: &CStr = c"vm.self_region_info_flags";
        let mut flags = flags;
        let new = (&raw mut flags).cast();
        // SAFETY: the name ends in NUL; nothing is asked for; `new` is the 4 bytes told, which
        // the kernel only reads.
        bsd(unsafe {
            ffi::sysctlbyname(
                NAME.as_ptr(),
                ptr::null_mut(),
                ptr::null_mut(),
                new,
                size_of::<u32>(),
            )
        })
    }

    fn own_stack_top(&self) -> Result<u64, Errno> {
        const NAME: &CStr = c"kern.usrstack64";
        let mut top = 0u64;
        let mut length = size_of::<u64>();
        // SAFETY: the name ends in NUL; the kernel writes at most `length` bytes to `top`, which
        // has as many, and then `length`. Nothing is to be set.
        bsd(unsafe {
            ffi::sysctlbyname(
                NAME.as_ptr(),
                (&raw mut top).cast(),
                &raw mut length,
                ptr::null_mut(),
                0,
            )
        })?;
        Ok(top)
    }

    /// Another thread may unload an image at any moment, and with it go its header and its path.
    /// Those in the shared cache stay: no image of the cache is ever unloaded, and the cache never
    /// unmapped (dyld's `DyldRuntimeState.cpp`: the reaper passes over `dylibInDyldCache`). So
    /// an image outside of it is passed over by its header's address alone, and the path is asked
    /// for by header: by number it could be that of the image that has moved up meanwhile, and
    /// gone. Backwards, since an image that moves up then moves to where it is still to be met.
    fn own_images(&self, images: &mut Vec<Image>) {
        images.clear();
        let cache = shared_cache();
        // SAFETY: takes nothing and cannot fail.
        let count = unsafe { ffi::_dyld_image_count() };
        for number in (0..count).rev() {
            // SAFETY: takes any number, and gives null for one that is no image's any more.
            let header = unsafe { ffi::_dyld_get_image_header(number) };
            if !cache.contains(&header.addr()) {
                continue;
            }
            // SAFETY: dyld has just named it as an image's header, and it is in the shared cache,
            // whose images are never unloaded.
            let Some(path) = (unsafe { path_of(header) }) else { continue };
            // SAFETY: the same.
            let found = |name: &&CStr| unsafe { segment(header, name) };
            let segments = ffi::IMAGE_SEGMENTS.iter().filter_map(found).collect();
            images.push(Image { path, segments });
        }
    }
}
