//! The signatures of the foreign functions, of whichever are compiled in: what runs over the twin
//! in a test is called in the same way on a Mac.

use std::ffi::{c_char, c_int, c_uint, c_ulong, c_void};

use super::*;

const _: () = {
    let _: unsafe extern "C" fn() -> i32 = getpid;
    let _: unsafe extern "C" fn(*mut c_void, c_int) -> c_int = proc_listallpids;
    let _: unsafe extern "C" fn(c_int, c_int, u64, *mut c_void, c_int) -> c_int = proc_pidinfo;
    let _: unsafe extern "C" fn(
        *mut c_int,
        c_uint,
        *mut c_void,
        *mut usize,
        *mut c_void,
        usize,
    ) -> c_int = sysctl;
    let _: unsafe extern "C" fn(
        *const c_char,
        *mut c_void,
        *mut usize,
        *mut c_void,
        usize,
    ) -> c_int = sysctlbyname;
    let _: unsafe fn() -> c_uint = mach_task_self;
    let _: unsafe extern "C" fn(c_uint, c_int, *mut c_uint) -> c_int = task_for_pid;
    let _: unsafe extern "C" fn(c_uint, c_uint) -> c_int = mach_port_deallocate;
    let _: unsafe extern "C" fn(
        c_uint,
        *mut u64,
        *mut u64,
        *mut c_uint,
        *mut c_int,
        *mut c_uint,
    ) -> c_int = mach_vm_region_recurse;
    let _: unsafe extern "C" fn(c_uint, c_uint, *mut c_int, *mut c_uint) -> c_int = task_info;
    let _: unsafe extern "C" fn() -> u32 = _dyld_image_count;
    let _: unsafe extern "C" fn(u32) -> *const mach_header = _dyld_get_image_header;
    let _: unsafe extern "C" fn(*mut usize) -> *const c_void = _dyld_get_shared_cache_range;
    let _: unsafe extern "C" fn(*const c_void, *mut Dl_info) -> c_int = dladdr;
    let _: unsafe extern "C" fn(*const mach_header, *const c_char, *mut c_ulong) -> *mut u8 =
        getsegmentdata;
    let _: unsafe extern "C" fn(c_int, *mut c_void, u32) -> c_int = proc_pidpath;
    let _: unsafe extern "C" fn(c_int, c_int, c_int, *mut c_void, c_int) -> c_int = proc_pidfdinfo;
    let _: unsafe fn(*mut statfs, c_int, c_int) -> c_int = getfsstat;
    let _: unsafe extern "C" fn(c_uint, c_int, *mut c_uint) -> c_int = task_name_for_pid;
    let _: unsafe fn(c_uint, c_int, *mut c_uint) -> c_int = task_read_for_pid;
    let _: unsafe fn(c_uint, c_int, *mut c_uint) -> c_int = task_inspect_for_pid;
    let _: unsafe extern "C" fn(c_uint, c_uint, *mut c_int, *mut c_uint, *mut c_int) -> c_int =
        task_policy_get;
    let _: unsafe extern "C" fn(
        c_uint,
        *mut ipc_info_space,
        *mut *mut ipc_info_name,
        *mut c_uint,
        *mut *mut c_void,
        *mut c_uint,
    ) -> c_int = mach_port_space_info;
    let _: unsafe extern "C" fn(c_uint, c_uint, c_int, *mut c_int, *mut c_uint) -> c_int =
        mach_port_get_attributes;
    let _: unsafe extern "C" fn(c_uint, *mut *mut c_uint, *mut c_uint) -> c_int = task_threads;
    let _: unsafe extern "C" fn(c_uint, c_uint, *mut c_int, *mut c_uint) -> c_int = thread_info;
    let _: unsafe extern "C" fn(c_uint, c_int, *mut c_uint, *mut c_uint) -> c_int =
        thread_get_state;
    let _: unsafe extern "C" fn(c_uint, u64, u64) -> c_int = mach_vm_deallocate;
    let _: unsafe extern "C" fn() -> c_uint = mach_host_self;
    let _: unsafe extern "C" fn(c_uint, c_int, *mut c_int, *mut c_uint) -> c_int =
        host_statistics64;
    let _: unsafe extern "C" fn(c_uint, c_int, *mut c_uint, *mut *mut c_int, *mut c_uint) -> c_int =
        host_processor_info;
};
