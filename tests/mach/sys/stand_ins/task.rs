//! Ports of tasks, by pid.

use std::ffi::{c_int, c_uint};

use mach_procfs::kernel::xnu::{Errno, KernReturn, PortKind, PortName, Refusal};

use super::{array, bsd, mach, mach_kernel};

/// The model's own task. A variable, so the same on all threads.
#[unsafe(no_mangle)]
#[allow(non_upper_case_globals, reason = "the name in C")]
pub(crate) static mach_task_self_: PortName = 0x203;

/// A port for a pid, by a task-for-pid call.
///
/// # Safety
/// `port` may be written.
unsafe fn for_pid(
    kind: PortKind,
    space: c_uint,
    pid: c_int,
    port: *mut c_uint,
    other_space: Refusal,
) -> Result<(), Refusal> {
    let kernel = mach_kernel()?;
    if space != kernel.own_task() {
        return Err(other_space);
    }
    let name = kernel.port_for_pid(kind, pid)?;
    // SAFETY: the caller's promise.
    unsafe { port.write(name) };
    Ok(())
}

/// `task_for_pid` and `task_name_for_pid` are Mach calls.
fn mach_call(answer: Result<(), Refusal>) -> c_int {
    mach(answer.map_err(|refusal| match refusal {
        Refusal::KernReturn(code) => code,
        Refusal::Errno(errno) => panic!("{errno:?} of a Mach call"),
    }))
}

/// The other two are system calls.
fn bsd_call(answer: Result<(), Refusal>) -> c_int {
    bsd(answer.map_err(|refusal| match refusal {
        Refusal::Errno(errno) => errno,
        Refusal::KernReturn(code) => panic!("{code:?} of a system call"),
    }))
}

#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn task_for_pid(
    space: c_uint,
    pid: c_int,
    port: *mut c_uint,
) -> c_int {
    // SAFETY: the caller passes a word to write to.
    mach_call(unsafe { for_pid(PortKind::Control, space, pid, port, KernReturn::FAILURE.into()) })
}

#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn task_name_for_pid(
    space: c_uint,
    pid: c_int,
    port: *mut c_uint,
) -> c_int {
    // SAFETY: the caller passes a word to write to.
    mach_call(unsafe { for_pid(PortKind::Name, space, pid, port, KernReturn::FAILURE.into()) })
}

/// Found by its name only, as the next one.
pub(super) unsafe extern "C" fn task_read_for_pid(
    space: c_uint,
    pid: c_int,
    port: *mut c_uint,
) -> c_int {
    // SAFETY: the caller passes a word to write to.
    bsd_call(unsafe { for_pid(PortKind::Read, space, pid, port, Errno::INVAL.into()) })
}

pub(super) unsafe extern "C" fn task_inspect_for_pid(
    space: c_uint,
    pid: c_int,
    port: *mut c_uint,
) -> c_int {
    // SAFETY: the caller passes a word to write to.
    bsd_call(unsafe { for_pid(PortKind::Inspect, space, pid, port, Errno::INVAL.into()) })
}

#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn mach_port_deallocate(space: c_uint, name: c_uint) -> c_int {
    let answer = || {
        let kernel = mach_kernel()?;
        if space != kernel.own_task() {
            return Err(KernReturn::INVALID_TASK);
        }
        if name == array::HOST {
            return array::release_host();
        }
        kernel.release_port(name)
    };
    mach(answer())
}
