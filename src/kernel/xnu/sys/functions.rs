//! The foreign functions of libSystem, and guards of what they give beside their answers.
//!
//! All are declared here: on Linux, where the tests run them over stand-ins, libc has none of
//! Darwin's and mach2 does not compile. On a Mac each declaration is held against that of these
//! crates. Names that glibc has too have another one there, so that nothing of glibc is replaced.

use std::ffi::{CStr, c_char, c_int, c_uint, c_void};
use std::slice;

use libc::Dl_info;

use super::super::{Mount, Plain, PortName, SpaceEntry, SpaceInfo, Timebase};

unsafe extern "C" {
    #[cfg_attr(not(target_os = "macos"), link_name = "darwin_getpid")]
    pub(super) fn getpid() -> i32;

    pub(super) fn proc_listallpids(buffer: *mut c_void, size: c_int) -> c_int;
    pub(super) fn proc_pidinfo(
        pid: c_int,
        flavor: c_int,
        arg: u64,
        buffer: *mut c_void,
        size: c_int,
    ) -> c_int;
    pub(super) fn proc_pidfdinfo(
        pid: c_int,
        descriptor: c_int,
        flavor: c_int,
        buffer: *mut c_void,
        size: c_int,
    ) -> c_int;
    pub(super) fn proc_pidpath(pid: c_int, buffer: *mut c_void, size: u32) -> c_int;
    /// The buffer is a `rusage_info_t *`, which is an address of an address by its name only.
    pub(super) fn proc_pid_rusage(pid: c_int, flavor: c_int, buffer: *mut c_void) -> c_int;
    #[cfg_attr(not(target_os = "macos"), link_name = "darwin_getsid")]
    pub(super) fn getsid(pid: c_int) -> c_int;
    /// `sys/codesign.h`, which is private; in libSystem since macOS 10.5.
    pub(super) fn csops(pid: c_int, operation: c_uint, buffer: *mut c_void, size: usize) -> c_int;
    /// `fsid_t` is a struct of two words.
    pub(super) fn fsgetpath(
        buffer: *mut c_char,
        size: usize,
        fsid: *mut [i32; 2],
        ino: u64,
    ) -> isize;

    #[cfg_attr(not(target_os = "macos"), link_name = "darwin_sysctl")]
    pub(super) fn sysctl(
        name: *mut c_int,
        name_length: c_uint,
        old: *mut c_void,
        old_length: *mut usize,
        new: *mut c_void,
        new_length: usize,
    ) -> c_int;
    pub(super) fn sysctlbyname(
        name: *const c_char,
        old: *mut c_void,
        old_length: *mut usize,
        new: *mut c_void,
        new_length: usize,
    ) -> c_int;

    /// With 64-bit inodes, which has a name of its own on Intel (`__DARWIN_INODE64`).
    #[cfg_attr(all(target_os = "macos", target_arch = "x86_64"), link_name = "getfsstat$INODE64")]
    pub(super) fn getfsstat(buffer: *mut Mount, size: c_int, flags: c_int) -> c_int;

    /// `mach_task_self`, which is a macro in C.
    pub(super) static mach_task_self_: PortName;

    pub(super) fn task_for_pid(space: c_uint, pid: c_int, port: *mut c_uint) -> c_int;
    pub(super) fn task_name_for_pid(space: c_uint, pid: c_int, port: *mut c_uint) -> c_int;
    pub(super) fn task_info(
        task: c_uint,
        flavor: c_uint,
        info: *mut c_int,
        count: *mut c_uint,
    ) -> c_int;
    /// `get_default` is a `boolean_t`, which is of 4 bytes on either machine.
    pub(super) fn task_policy_get(
        task: c_uint,
        flavor: c_uint,
        info: *mut c_int,
        count: *mut c_uint,
        get_default: *mut c_int,
    ) -> c_int;
    pub(super) fn task_threads(
        task: c_uint,
        threads: *mut *mut c_uint,
        count: *mut c_uint,
    ) -> c_int;

    pub(super) fn thread_info(
        thread: c_uint,
        flavor: c_uint,
        info: *mut c_int,
        count: *mut c_uint,
    ) -> c_int;
    pub(super) fn thread_get_state(
        thread: c_uint,
        flavor: c_int,
        state: *mut c_uint,
        count: *mut c_uint,
    ) -> c_int;

    pub(super) fn mach_vm_region_recurse(
        task: c_uint,
        address: *mut u64,
        size: *mut u64,
        depth: *mut c_uint,
        info: *mut c_int,
        count: *mut c_uint,
    ) -> c_int;
    /// Copies `size` bytes from one address to another, and says how many it has copied.
    pub(super) fn mach_vm_read_overwrite(
        task: c_uint,
        from: u64,
        size: u64,
        to: u64,
        copied: *mut u64,
    ) -> c_int;
    fn mach_vm_deallocate(task: c_uint, address: u64, size: u64) -> c_int;

    pub(super) fn mach_port_deallocate(space: c_uint, name: c_uint) -> c_int;
    pub(super) fn mach_port_get_attributes(
        space: c_uint,
        name: c_uint,
        flavor: c_int,
        info: *mut c_int,
        count: *mut c_uint,
    ) -> c_int;
    /// The last two are of a tree that is always empty.
    pub(super) fn mach_port_space_info(
        space: c_uint,
        info: *mut SpaceInfo,
        table: *mut *mut SpaceEntry,
        table_count: *mut c_uint,
        tree: *mut *mut c_void,
        tree_count: *mut c_uint,
    ) -> c_int;

    fn mach_host_self() -> c_uint;
    pub(super) fn host_statistics64(
        host: c_uint,
        flavor: c_int,
        info: *mut c_int,
        count: *mut c_uint,
    ) -> c_int;
    pub(super) fn host_processor_info(
        host: c_uint,
        flavor: c_int,
        processors: *mut c_uint,
        info: *mut *mut c_int,
        count: *mut c_uint,
    ) -> c_int;
    pub(super) fn mach_timebase_info(info: *mut Timebase) -> c_int;

    #[cfg_attr(not(target_os = "macos"), link_name = "darwin_dlsym")]
    fn dlsym(handle: *mut c_void, name: *const c_char) -> *mut c_void;
    #[cfg_attr(not(target_os = "macos"), link_name = "darwin_dladdr")]
    pub(super) fn dladdr(address: *const c_void, info: *mut Dl_info) -> c_int;

    pub(super) fn _dyld_image_count() -> u32;
    /// The header is a `mach_header_64`, as it is in every image of a 64-bit process.
    pub(super) fn _dyld_get_image_header(number: u32) -> *const c_void;
    pub(super) fn getsegmentdata(
        header: *const c_void,
        name: *const c_char,
        size: *mut usize,
    ) -> *mut u8;
    /// dyld's own `mach-o/dyld_priv.h`; in libSystem since macOS 10.13.
    pub(super) fn _dyld_get_shared_cache_range(size: *mut usize) -> *const c_void;
}

/// Two declarations of a function with so many parameters: their types are one.
#[cfg(target_os = "macos")]
macro_rules! same {
    ($($ours:ident = $theirs:path: ($($parameter:tt),*);)*) => {
        const _: () = {
            $(let _: [unsafe extern "C" fn($($parameter),*) -> _; 2] = [$ours, $theirs];)*
        };
    };
}

// Missing are those with a struct of another name, those that neither crate has, and the variable.
#[cfg(target_os = "macos")]
same! {
    getpid = libc::getpid: ();
    proc_listallpids = libc::proc_listallpids: (_, _);
    proc_pidinfo = libc::proc_pidinfo: (_, _, _, _, _);
    proc_pidfdinfo = libc::proc_pidfdinfo: (_, _, _, _, _);
    proc_pidpath = libc::proc_pidpath: (_, _, _);
    getsid = libc::getsid: (_);
    sysctl = libc::sysctl: (_, _, _, _, _, _);
    sysctlbyname = libc::sysctlbyname: (_, _, _, _, _);
    task_for_pid = mach2::traps::task_for_pid: (_, _, _);
    task_name_for_pid = mach2::traps::task_name_for_pid: (_, _, _);
    task_info = mach2::task::task_info: (_, _, _, _);
    task_threads = mach2::task::task_threads: (_, _, _);
    thread_info = libc::thread_info: (_, _, _, _);
    thread_get_state = mach2::thread_act::thread_get_state: (_, _, _, _);
    mach_vm_region_recurse = mach2::vm::mach_vm_region_recurse: (_, _, _, _, _, _);
    mach_vm_read_overwrite = mach2::vm::mach_vm_read_overwrite: (_, _, _, _, _);
    mach_vm_deallocate = mach2::vm::mach_vm_deallocate: (_, _, _);
    mach_port_deallocate = mach2::mach_port::mach_port_deallocate: (_, _);
    mach_port_get_attributes = mach2::mach_port::mach_port_get_attributes: (_, _, _, _, _);
    mach_host_self = mach2::mach_init::mach_host_self: ();
    host_statistics64 = libc::host_statistics64: (_, _, _, _);
    host_processor_info = libc::host_processor_info: (_, _, _, _, _);
    dlsym = libc::dlsym: (_, _);
    dladdr = libc::dladdr: (_, _);
    _dyld_image_count = mach2::dyld::_dyld_image_count: ();
}

/// `task_for_pid` and those like it.
pub(super) type ForPid = unsafe extern "C" fn(c_uint, c_int, *mut c_uint) -> c_int;

/// A function of this type that older systems do not have: a program that imports what its
/// libSystem lacks is not started, so it is looked up when it is called.
///
/// # Safety
/// The name is that of such a function, or of nothing.
pub(super) unsafe fn for_pid_by_name(name: &CStr) -> Option<ForPid> {
    // SAFETY: a name that ends in NUL.
    let found = unsafe { dlsym(libc::RTLD_DEFAULT, name.as_ptr()) };
    // SAFETY: null, which is `None`, or the address of a function of this type, by the caller's
    // promise.
    unsafe { std::mem::transmute::<*mut c_void, Option<ForPid>>(found) }
}

/// This program's own task.
pub(super) fn own_task() -> PortName {
    // SAFETY: reads a word that libSystem sets before main and that nothing writes again.
    unsafe { mach_task_self_ }
}

/// An array that a Mach call has put into this task's memory. Dropping it unmaps it.
pub(super) struct OutOfLine<T: Plain> {
    start: *mut T,
    count: usize,
}

impl<T: Plain> OutOfLine<T> {
    /// Takes what a call gave.
    ///
    /// # Safety
    /// `start` is null, or the start of so many values in memory that the kernel has mapped for
    /// this answer, and that nothing else unmaps.
    pub(super) unsafe fn new(start: *mut T, count: c_uint) -> Self {
        OutOfLine { start, count: if start.is_null() { 0 } else { count as usize } }
    }

    pub(super) fn values(&self) -> &[T] {
        if self.count == 0 {
            return &[];
        }
        // SAFETY: so many values are there, by the promise made to `new`, until `self` is dropped;
        // any bytes are a value; the memory is of whole pages, so they are aligned, and nothing
        // else refers to it.
        unsafe { slice::from_raw_parts(self.start, self.count) }
    }
}

impl<T: Plain> Drop for OutOfLine<T> {
    fn drop(&mut self) {
        let size = size_of::<T>().saturating_mul(self.count);
        if size == 0 {
            return;
        }
        let address = self.start.expose_provenance();
        // SAFETY: unmaps what the kernel has mapped for the answer, to which no reference is left.
        // It cannot fail where that is so.
        let _ = unsafe { mach_vm_deallocate(own_task(), address as u64, size as u64) };
    }
}

/// A right to the host's port, of which each `mach_host_self` gives one (XNU's
/// `ipc_host.c:host_self_trap`). Dropping it gives it back.
pub(super) struct Host(PortName);

impl Host {
    pub(super) fn new() -> Self {
        // SAFETY: takes nothing. The right that comes is released by `drop`.
        Host(unsafe { mach_host_self() })
    }

    pub(super) fn name(&self) -> PortName {
        self.0
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // SAFETY: takes numbers only.
        let _ = unsafe { mach_port_deallocate(own_task(), self.0) };
    }
}
