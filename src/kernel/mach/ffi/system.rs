//! macOS: the foreign functions of libc and mach2, and those that the two lack.

use std::ffi::{CStr, c_char, c_int, c_uint, c_ulong, c_void};

pub(crate) use libc::{
    Dl_info, dladdr, getpid, host_processor_info, host_statistics64, proc_bsdinfo,
    proc_bsdshortinfo, proc_listallpids, proc_pidfdinfo, proc_pidinfo, proc_pidpath, proc_taskinfo,
    proc_threadinfo, sysctl, sysctlbyname, thread_info, vinfo_stat,
};
pub(crate) use mach2::dyld::{_dyld_get_image_header, _dyld_image_count};
pub(crate) use mach2::loader::mach_header;
pub(crate) use mach2::mach_init::mach_host_self;
pub(crate) use mach2::mach_port::{mach_port_deallocate, mach_port_get_attributes};
pub(crate) use mach2::mach_time::mach_timebase_info;
pub(crate) use mach2::task::{task_info, task_threads};
pub(crate) use mach2::task_info::task_vm_info;
pub(crate) use mach2::thread_act::thread_get_state;
pub(crate) use mach2::traps::{mach_task_self, task_for_pid, task_name_for_pid};
pub(crate) use mach2::vm::{mach_vm_deallocate, mach_vm_region_recurse};
pub(crate) use mach2::vm_region::{vm_region_submap_info_64, vm_region_submap_short_info_64};

use super::{ipc_info_name, ipc_info_space, statfs};

unsafe extern "C" {
    /// `<mach-o/getsect.h>`, where the header is a `mach_header_64`, as it is in every image
    /// of a 64-bit process.
    pub(crate) fn getsegmentdata(
        header: *const mach_header,
        name: *const c_char,
        size: *mut c_ulong,
    ) -> *mut u8;

    /// dyld's own `mach-o/dyld_priv.h`; in libSystem since macOS 10.13.
    pub(crate) fn _dyld_get_shared_cache_range(size: *mut usize) -> *const c_void;

    /// `<mach/mach_port.h>`. The last two words are of a tree that is always empty.
    pub(crate) fn mach_port_space_info(
        space: c_uint,
        info: *mut ipc_info_space,
        table: *mut *mut ipc_info_name,
        table_count: *mut c_uint,
        tree: *mut *mut c_void,
        tree_count: *mut c_uint,
    ) -> c_int;

    /// `<mach/task.h>`. Here `boolean_t` is an `int` on either machine.
    pub(crate) fn task_policy_get(
        task: c_uint,
        flavor: c_uint,
        info: *mut c_int,
        count: *mut c_uint,
        get_default: *mut c_int,
    ) -> c_int;
}

/// libc's own, for its name with 64-bit inodes on Intel; its struct hides `f_fsid`.
pub(crate) unsafe fn getfsstat(buffer: *mut statfs, size: c_int, flags: c_int) -> c_int {
    const { assert!(size_of::<libc::statfs>() == size_of::<statfs>()) };
    // SAFETY: the same struct by another name; the arguments are the caller's.
    unsafe { libc::getfsstat(buffer.cast(), size, flags) }
}

/// `sys/proc.h`, where it is private; in libSystem since macOS 11. A program that imports
/// what its libSystem does not have is not started, so it is looked up when it is called.
pub(crate) unsafe fn task_read_for_pid(space: c_uint, pid: c_int, port: *mut c_uint) -> c_int {
    // SAFETY: the signature is that of the header, and the arguments are the caller's.
    unsafe { for_pid(c"task_read_for_pid", space, pid, port) }
}

/// Likewise.
pub(crate) unsafe fn task_inspect_for_pid(space: c_uint, pid: c_int, port: *mut c_uint) -> c_int {
    // SAFETY: the signature is that of the header, and the arguments are the caller's.
    unsafe { for_pid(c"task_inspect_for_pid", space, pid, port) }
}

/// # Safety
/// The name is that of a function with this signature, or of nothing, and the arguments are
/// good for it.
unsafe fn for_pid(name: &CStr, space: c_uint, pid: c_int, port: *mut c_uint) -> c_int {
    type ForPid = unsafe extern "C" fn(c_uint, c_int, *mut c_uint) -> c_int;
    // SAFETY: a name that ends in NUL.
    let found = unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) };
    if found.is_null() {
        nix::errno::Errno::ENOSYS.set();
        return -1;
    }
    // SAFETY: the address of a function with this signature, by the caller's promise.
    let call = unsafe { std::mem::transmute::<*mut c_void, ForPid>(found) };
    // SAFETY: the caller's promise.
    unsafe { call(space, pid, port) }
}
