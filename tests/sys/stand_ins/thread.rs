//! Calls by ports of threads.

use std::ffi::{c_int, c_uint};

use super::super::{THREAD_BASIC_INFO, THREAD_IDENTIFIER_INFO};
use super::array::give;
use super::task::{answer, time};
use super::{mach, mach_kernel};
use crate::kernel::mach::calls::{KernReturn, StateFlavor, XnuCalls};

fn halves(number: u64) -> [u32; 2] {
    [number as u32, (number >> 32) as u32]
}

pub(crate) unsafe extern "C" fn task_threads(
    task: c_uint,
    threads: *mut *mut c_uint,
    count: *mut c_uint,
) -> c_int {
    let answer = || {
        let names = mach_kernel()?.task_threads(task)?;
        // SAFETY: `raw` passes both to be written.
        unsafe {
            threads.write(give(&names));
            count.write(names.len() as c_uint);
        }
        Ok(())
    };
    mach(answer())
}

pub(crate) unsafe extern "C" fn thread_info(
    thread: c_uint,
    flavor: c_uint,
    info: *mut c_int,
    count: *mut c_uint,
) -> c_int {
    let needed = match flavor {
        THREAD_BASIC_INFO => 10,
        THREAD_IDENTIFIER_INFO => 6,
        _ => return KernReturn::INVALID_ARGUMENT.0,
    };
    let ask = |kernel: &dyn XnuCalls| {
        if flavor == THREAD_IDENTIFIER_INFO {
            let found = kernel.thread_identifier(thread)?;
            return Ok([found.id, found.handle, found.dispatch_queue].map(halves).concat());
        }
        let found = kernel.thread_basic_info(thread)?;
        let rest = [
            found.cpu_usage,
            found.policy,
            found.run_state,
            found.flags,
            found.suspend_count,
            found.sleep_time,
        ];
        let times = [time(found.user_time), time(found.system_time)].concat();
        Ok([times, rest.map(i32::cast_unsigned).to_vec()].concat())
    };
    // SAFETY: `raw` passes a count, and as many words of `info`.
    mach(unsafe { answer(info, count, needed, KernReturn::INVALID_ARGUMENT, ask) })
}

pub(crate) unsafe extern "C" fn thread_get_state(
    thread: c_uint,
    flavor: c_int,
    state: *mut c_uint,
    count: *mut c_uint,
) -> c_int {
    let answer = || {
        // SAFETY: `raw` passes a count, and as many words of `state`.
        let room = unsafe { std::slice::from_raw_parts_mut(state, *count as usize) };
        let filled = mach_kernel()?.thread_state(thread, StateFlavor(flavor), room)?;
        // SAFETY: `raw` passes a count.
        unsafe { *count = filled as c_uint };
        Ok(())
    };
    mach(answer())
}
