//! Calls by ports of tasks.

use std::ffi::{c_int, c_uint, c_void};
use std::ptr;

use super::super::{
    MACH_PORT_LIMITS_INFO, MACH_PORT_RECEIVE_STATUS, MACH_TASK_BASIC_INFO, TASK_ABSOLUTETIME_INFO,
    TASK_AUDIT_TOKEN, TASK_CATEGORY_POLICY, TASK_EVENTS_INFO, TASK_SECURITY_TOKEN,
    TASK_THREAD_TIMES_INFO, TASK_VM_INFO, ipc_info_name, ipc_info_space, mach_task_basic_info,
    task_absolutetime_info, time_value,
};
use super::array::give;
use super::structs::vm_info;
use super::{JUNK_32, bsd, mach, mach_kernel};
use crate::kernel::mach::calls::{Errno, KernReturn, TaskBasicInfo, TimeValue, XnuCalls};

/// A port for a pid, by a task-for-pid call.
///
/// # Safety
/// `port` may be written.
unsafe fn for_pid<E>(
    space: c_uint,
    port: *mut c_uint,
    refused: E,
    ask: impl FnOnce(&dyn XnuCalls) -> Result<c_uint, E>,
) -> Result<(), E> {
    let Ok(kernel) = mach_kernel() else { return Err(refused) };
    if space != kernel.own_task() {
        return Err(refused);
    }
    let name = ask(&*kernel)?;
    // SAFETY: the caller's promise.
    unsafe { port.write(name) };
    Ok(())
}

pub(crate) unsafe extern "C" fn task_for_pid(
    space: c_uint,
    pid: c_int,
    port: *mut c_uint,
) -> c_int {
    let ask = |kernel: &dyn XnuCalls| kernel.task_for_pid(pid);
    // SAFETY: `raw` passes a word to write to.
    mach(unsafe { for_pid(space, port, KernReturn::FAILURE, ask) })
}

pub(crate) unsafe extern "C" fn task_name_for_pid(
    space: c_uint,
    pid: c_int,
    port: *mut c_uint,
) -> c_int {
    let ask = |kernel: &dyn XnuCalls| kernel.task_name_for_pid(pid);
    // SAFETY: `raw` passes a word to write to.
    mach(unsafe { for_pid(space, port, KernReturn::FAILURE, ask) })
}

pub(crate) unsafe fn task_read_for_pid(space: c_uint, pid: c_int, port: *mut c_uint) -> c_int {
    let ask = |kernel: &dyn XnuCalls| kernel.task_read_for_pid(pid);
    // SAFETY: `raw` passes a word to write to.
    bsd(unsafe { for_pid(space, port, Errno::INVAL, ask) })
}

pub(crate) unsafe fn task_inspect_for_pid(space: c_uint, pid: c_int, port: *mut c_uint) -> c_int {
    let ask = |kernel: &dyn XnuCalls| kernel.task_inspect_for_pid(pid);
    // SAFETY: `raw` passes a word to write to.
    bsd(unsafe { for_pid(space, port, Errno::INVAL, ask) })
}

pub(super) fn time(time: TimeValue) -> [u32; 2] {
    [time.seconds.cast_unsigned(), time.microseconds.cast_unsigned()]
}

/// The words of a struct, in which these calls count.
fn words_of<T: Copy>(value: &T) -> Vec<u32> {
    let count = size_of::<T>() / size_of::<u32>();
    let start = ptr::from_ref(value).cast::<u32>();
    // SAFETY: the struct is made of words without padding between them.
    (0..count).map(|at| unsafe { start.add(at).read_unaligned() }).collect()
}

fn basic(info: &TaskBasicInfo) -> mach_task_basic_info {
    let time =
        |time: TimeValue| time_value { seconds: time.seconds, microseconds: time.microseconds };
    mach_task_basic_info {
        virtual_size: info.virtual_size,
        resident_size: info.resident_size,
        resident_size_max: info.resident_max,
        user_time: time(info.user_time),
        system_time: time(info.system_time),
        policy: info.policy,
        suspend_count: info.suspend_count,
    }
}

/// What a call of MIG writes: refused where there is less room than the answer, else the answer,
/// and how many words it has.
///
/// # Safety
/// `info` has as many words as `count` says, and both may be written.
pub(super) unsafe fn answer(
    info: *mut c_int,
    count: *mut c_uint,
    needed: usize,
    refused: KernReturn,
    ask: impl FnOnce(&dyn XnuCalls) -> Result<Vec<u32>, KernReturn>,
) -> Result<(), KernReturn> {
    // SAFETY: the caller's promise.
    if (unsafe { *count } as usize) < needed {
        return Err(refused);
    }
    let words = ask(&*mach_kernel()?)?;
    // SAFETY: no more words than `count` says, by the check above.
    unsafe {
        ptr::copy_nonoverlapping(words.as_ptr().cast::<c_int>(), info, words.len().min(needed));
        *count = words.len() as c_uint;
    }
    Ok(())
}

pub(crate) unsafe extern "C" fn task_info(
    task: c_uint,
    flavor: c_uint,
    info: *mut c_int,
    count: *mut c_uint,
) -> c_int {
    // SAFETY: `raw` passes a count.
    let room = unsafe { *count };
    let needed = match flavor {
        TASK_ABSOLUTETIME_INFO | TASK_EVENTS_INFO | TASK_AUDIT_TOKEN => 8,
        TASK_THREAD_TIMES_INFO => 4,
        TASK_SECURITY_TOKEN => 2,
        MACH_TASK_BASIC_INFO => 12,
        // A kernel that knows the second revision of the struct, the first with the addresses.
        TASK_VM_INFO => match room {
            38..42 => 38,
            42.. => 42,
            _ => 36,
        },
        _ => return KernReturn::INVALID_ARGUMENT.0,
    };
    let ask = |kernel: &dyn XnuCalls| {
        Ok(match flavor {
            TASK_ABSOLUTETIME_INFO => {
                let times = kernel.task_absolute_times(task)?;
                words_of(&task_absolutetime_info {
                    total_user: times.total_user,
                    total_system: times.total_system,
                    threads_user: times.threads_user,
                    threads_system: times.threads_system,
                })
            }
            TASK_EVENTS_INFO => {
                let events = kernel.task_events(task)?;
                let counters = [
                    events.faults,
                    events.pageins,
                    events.cow_faults,
                    events.messages_sent,
                    events.messages_received,
                    events.syscalls_mach,
                    events.syscalls_unix,
                    events.context_switches,
                ];
                counters.map(i32::cast_unsigned).to_vec()
            }
            TASK_THREAD_TIMES_INFO => {
                let times = kernel.task_thread_times(task)?;
                [time(times.user_time), time(times.system_time)].concat()
            }
            TASK_SECURITY_TOKEN => kernel.task_security_token(task)?.to_vec(),
            TASK_AUDIT_TOKEN => kernel.task_audit_token(task)?.to_vec(),
            MACH_TASK_BASIC_INFO => words_of(&basic(&kernel.task_basic_info(task)?)),
            _ => {
                let mut words = words_of(&vm_info(&kernel.task_vm_info(task)?));
                words.truncate(needed);
                words
            }
        })
    };
    // SAFETY: `raw` passes a count, and as many words of `info`.
    mach(unsafe { answer(info, count, needed, KernReturn::INVALID_ARGUMENT, ask) })
}

pub(crate) unsafe extern "C" fn task_policy_get(
    task: c_uint,
    flavor: c_uint,
    info: *mut c_int,
    count: *mut c_uint,
    get_default: *mut c_int,
) -> c_int {
    // SAFETY: `raw` passes a word.
    let default = unsafe { *get_default } != 0;
    if flavor != TASK_CATEGORY_POLICY {
        return KernReturn::INVALID_ARGUMENT.0;
    }
    let ask = |kernel: &dyn XnuCalls| {
        let role = kernel.task_role(task)?;
        Ok(vec![if default { 0 } else { role.cast_unsigned() }])
    };
    // SAFETY: `raw` passes a count, and as many words of `info`.
    mach(unsafe { answer(info, count, 1, KernReturn::INVALID_ARGUMENT, ask) })
}

pub(crate) unsafe extern "C" fn mach_port_space_info(
    space: c_uint,
    info: *mut ipc_info_space,
    table: *mut *mut ipc_info_name,
    table_count: *mut c_uint,
    tree: *mut *mut c_void,
    tree_count: *mut c_uint,
) -> c_int {
    let answer = || {
        let entries = mach_kernel()?.space_info(space)?;
        let words = entries.iter().flat_map(|entry| {
            [entry.name, 0, entry.types, entry.references, entry.object, JUNK_32, JUNK_32]
        });
        let words: Vec<u32> = words.collect();
        let size = entries.len() as c_uint;
        // SAFETY: `raw` passes all five to be written.
        unsafe {
            info.write(ipc_info_space {
                iis_genno_mask: 0xFF,
                iis_table_size: size,
                unread: [JUNK_32; 4],
            });
            table.write(give(&words).cast());
            table_count.write(size);
            tree.write(ptr::null_mut());
            tree_count.write(0);
        }
        Ok(())
    };
    mach(answer())
}

pub(crate) unsafe extern "C" fn mach_port_get_attributes(
    space: c_uint,
    name: c_uint,
    flavor: c_int,
    info: *mut c_int,
    count: *mut c_uint,
) -> c_int {
    let ask = |kernel: &dyn XnuCalls| {
        if flavor == MACH_PORT_LIMITS_INFO {
            return Ok(kernel.port_limit(space, name)?.into_iter().collect());
        }
        let status = kernel.port_status(space, name)?;
        Ok(vec![
            status.port_sets,
            status.sequence,
            status.make_send_count,
            status.limit,
            status.messages,
            status.send_once_rights,
            status.send_rights.cast_unsigned(),
            status.death_request.cast_unsigned(),
            status.no_senders_request.cast_unsigned(),
            status.flags,
        ])
    };
    let needed = match flavor {
        MACH_PORT_LIMITS_INFO => 1,
        MACH_PORT_RECEIVE_STATUS => 10,
        _ => return KernReturn::INVALID_ARGUMENT.0,
    };
    // SAFETY: `raw` passes a count, and as many words of `info`.
    mach(unsafe { answer(info, count, needed, KernReturn::FAILURE, ask) })
}
