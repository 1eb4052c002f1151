//! Stand-ins for libSystem's functions over another [`XnuCalls`], with the conventions of Apple's C
//! library and of MIG: 0 or -1 with errno, counts in words, parameters that go in and out, results
//! cut at the end of a buffer, references to ports.
//!
//! They have the real names, but for those that glibc has too.

pub(crate) mod array;
pub(crate) mod dyld;
pub(crate) mod mach;
pub(crate) mod task;

use std::cell::{Cell, RefCell};
use std::ffi::{CStr, c_char, c_int, c_uint, c_void};
use std::sync::Arc;

use mach_procfs::kernel::xnu::{
    CTL_KERN, Errno, KERN_PROC, KERN_SUCCESS, KernReturn, MNT_NOWAIT, Mount, Rusage, XnuCalls,
};
use nix::errno::Errno as LastErrno;

thread_local! {
    static KERNEL: RefCell<Option<Arc<dyn XnuCalls>>> = const { RefCell::new(None) };
    static SHORT_BY: Cell<usize> = const { Cell::new(0) };
}

/// While it lives, the foreign functions on this thread ask the kernel it was made with. Tests run
/// on threads of their own, so each has its own kernel.
pub(crate) struct StandIns(());

impl StandIns {
    pub(crate) fn install(kernel: Arc<dyn XnuCalls>) -> Self {
        assert_eq!(kernel.own_task(), task::mach_task_self_, "the one variable is of all threads");
        KERNEL.set(Some(kernel));
        StandIns(())
    }

    /// From now on calls that fill one struct claim to have filled this much less of it.
    pub(crate) fn answer_short_by(&self, bytes: usize) {
        SHORT_BY.set(bytes);
    }

    /// From now on libSystem is that of macOS 10.15.
    pub(crate) fn before_macos_11(&self) {
        dyld::forget_newer_functions();
    }

    /// How many arrays, and rights to the host, were not given back.
    pub(crate) fn leaks(&self) -> (usize, usize) {
        array::live()
    }
}

impl Drop for StandIns {
    fn drop(&mut self) {
        KERNEL.set(None);
        SHORT_BY.set(0);
        dyld::forget();
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
/// As of a C function that is passed a buffer and its length: what is there may be written, is
/// aligned and initialised, and nothing else uses it during the call.
unsafe fn slice<'a, T: Copy>(buffer: *mut c_void, count: usize) -> Option<&'a mut [T]> {
    if buffer.is_null() {
        return None;
    }
    // SAFETY: the caller's promise.
    Some(unsafe { std::slice::from_raw_parts_mut(buffer.cast(), count) })
}

#[unsafe(export_name = "darwin_getpid")]
pub(crate) unsafe extern "C" fn getpid() -> i32 {
    kernel().map_or(0, |kernel| kernel.own_pid())
}

#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn proc_listallpids(buffer: *mut c_void, size: c_int) -> c_int {
    // SAFETY: the caller passes null or that many bytes.
    let pids = unsafe { slice::<i32>(buffer, size.max(0) as usize / size_of::<i32>()) };
    libproc(kernel().and_then(|kernel| kernel.list_pids(pids)))
}

#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn proc_pidinfo(
    pid: c_int,
    flavor: c_int,
    arg: u64,
    buffer: *mut c_void,
    size: c_int,
) -> c_int {
    // SAFETY: the caller passes null or that many bytes.
    let buffer = unsafe { slice::<u8>(buffer, size.max(0) as usize) };
    let filled = kernel().and_then(|kernel| kernel.pid_info(pid, flavor, arg, buffer));
    libproc(filled.map(|bytes| bytes - SHORT_BY.get()))
}

#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn proc_pidfdinfo(
    pid: c_int,
    descriptor: c_int,
    flavor: c_int,
    buffer: *mut c_void,
    size: c_int,
) -> c_int {
    // SAFETY: the caller passes null or that many bytes.
    let buffer = unsafe { slice::<u8>(buffer, size.max(0) as usize) }.unwrap_or_default();
    let filled = kernel().and_then(|kernel| kernel.pid_fd_info(pid, descriptor, flavor, buffer));
    libproc(filled.map(|bytes| bytes - SHORT_BY.get()))
}

#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn proc_pidpath(pid: c_int, buffer: *mut c_void, size: u32) -> c_int {
    // SAFETY: the caller passes null or that many bytes.
    let buffer = unsafe { slice::<u8>(buffer, size as usize) }.unwrap_or_default();
    libproc(kernel().and_then(|kernel| kernel.pid_path(pid, buffer)))
}

/// It is passed no size: the struct's is the buffer's.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn proc_pid_rusage(
    pid: c_int,
    flavor: c_int,
    buffer: *mut c_void,
) -> c_int {
    // SAFETY: the caller passes room for the struct of this flavor, and knows this one.
    let buffer = unsafe { slice::<u8>(buffer, size_of::<Rusage>()) }.unwrap_or_default();
    bsd(kernel().and_then(|kernel| kernel.rusage(pid, flavor, buffer)))
}

#[unsafe(export_name = "darwin_getsid")]
pub(crate) unsafe extern "C" fn getsid(pid: c_int) -> c_int {
    kernel().and_then(|kernel| kernel.session(pid)).unwrap_or_else(|errno| bsd(Err(errno)))
}

#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn csops(
    pid: c_int,
    operation: c_uint,
    buffer: *mut c_void,
    size: usize,
) -> c_int {
    // SAFETY: the caller passes null or that many bytes.
    let buffer = unsafe { slice::<u8>(buffer, size) }.unwrap_or_default();
    bsd(kernel().and_then(|kernel| kernel.code_signing(pid, operation, buffer)))
}

#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn fsgetpath(
    buffer: *mut c_char,
    size: usize,
    fsid: *mut [i32; 2],
    ino: u64,
) -> isize {
    // SAFETY: the caller passes two words, and null or that many bytes.
    let (fsid, buffer) = unsafe { (*fsid, slice::<u8>(buffer.cast(), size)) };
    let answer = kernel().and_then(|it| it.path_of(fsid, ino, buffer.unwrap_or_default()));
    answer.map_or_else(|errno| bsd(Err(errno)) as isize, usize::cast_signed)
}

#[unsafe(export_name = "darwin_sysctl")]
pub(crate) unsafe extern "C" fn sysctl(
    name: *mut c_int,
    name_length: c_uint,
    old: *mut c_void,
    old_length: *mut usize,
    new: *mut c_void,
    _new_length: usize,
) -> c_int {
    // SAFETY: the caller passes a name of that many words, a length, and null or that many bytes.
    let answer = || unsafe {
        let name = std::slice::from_raw_parts(name, name_length as usize);
        if !new.is_null() {
            return Err(Errno::PERM);
        }
        let filled = kernel()?.sysctl(name, slice(old, *old_length))?;
        let fills_struct = name.starts_with(&[CTL_KERN, KERN_PROC]);
        *old_length = if fills_struct { filled.saturating_sub(SHORT_BY.get()) } else { filled };
        Ok(())
    };
    bsd(answer())
}

#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn sysctlbyname(
    name: *const c_char,
    old: *mut c_void,
    old_length: *mut usize,
    new: *mut c_void,
    new_length: usize,
) -> c_int {
    // SAFETY: the caller passes a name that ends in NUL, and for each direction null or as many
    // bytes as it says.
    let answer = || unsafe {
        let name = CStr::from_ptr(name);
        if let Some(value) = slice::<u8>(new, new_length) {
            return kernel()?.set_sysctl(name, value);
        }
        *old_length = kernel()?.sysctl_by_name(name, slice(old, *old_length))?;
        Ok(())
    };
    bsd(answer())
}

#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn getfsstat(buffer: *mut Mount, size: c_int, flags: c_int) -> c_int {
    let answer = || {
        if flags != MNT_NOWAIT {
            return Err(Errno::INVAL);
        }
        let room = size.max(0) as usize / size_of::<Mount>();
        // SAFETY: the caller passes null or that many bytes of structs.
        kernel()?.mounts(unsafe { slice::<Mount>(buffer.cast(), room) })
    };
    match answer() {
        Ok(count) => c_int::try_from(count).unwrap_or(c_int::MAX),
        Err(errno) => bsd(Err(errno)),
    }
}
