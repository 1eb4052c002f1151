//! Calls about threads by port.

use std::ffi::c_uint;
use std::ptr;

use super::array::OutOfLine;
use super::{Xnu, mach, words};
use crate::kernel::mach::calls::{
    KernReturn, PortName, StateFlavor, ThreadBasicInfo, ThreadCalls, ThreadIdentifier,
};
use crate::kernel::mach::ffi::{self, Plain};

/// `thread_info` with a flavor that fills one struct.
fn facts<T: Plain>(thread: PortName, flavor: c_uint) -> Result<T, KernReturn> {
    let mut info = T::zeroed();
    let mut count = words::<T>();
    // SAFETY: `info` is `count` words of 4 bytes long and aligned to 4 at least; the kernel writes
    // no more words than `count` says, and whatever it writes is a `T`, which is `Plain`.
    mach(unsafe { ffi::thread_info(thread, flavor, (&raw mut info).cast(), &raw mut count) })?;
    if count == words::<T>() { Ok(info) } else { Err(KernReturn::FAILURE) }
}

impl ThreadCalls for Xnu {
    fn task_threads(&self, task: PortName) -> Result<Vec<PortName>, KernReturn> {
        let (mut threads, mut count) = (ptr::null_mut(), 0);
        // SAFETY: both are writable. The rights that come are the caller's to release.
        mach(unsafe { ffi::task_threads(task, &raw mut threads, &raw mut count) })?;
        // SAFETY: the call has given an array of so many names, which is this caller's now.
        let threads = unsafe { OutOfLine::new(threads, count) };
        Ok(threads.values().to_vec())
    }

    fn thread_identifier(&self, thread: PortName) -> Result<ThreadIdentifier, KernReturn> {
        facts::<ffi::thread_identifier_info>(thread, ffi::THREAD_IDENTIFIER_INFO)
            .map(ThreadIdentifier::from)
    }

    fn thread_basic_info(&self, thread: PortName) -> Result<ThreadBasicInfo, KernReturn> {
        facts::<ffi::thread_basic_info>(thread, ffi::THREAD_BASIC_INFO).map(ThreadBasicInfo::from)
    }

    fn thread_state(
        &self,
        thread: PortName,
        flavor: StateFlavor,
        words: &mut [u32],
    ) -> Result<usize, KernReturn> {
        let room = words.len().min(StateFlavor::MOST_WORDS);
        let mut count = room as c_uint;
        // SAFETY: `words` has `count` words at least, borrowed for this whole call; the kernel
        // writes no more than `count` says, and then how many it wrote.
        mach(unsafe {
            ffi::thread_get_state(thread, flavor.0, words.as_mut_ptr(), &raw mut count)
        })?;
        Ok(room.min(count as usize))
    }
}

impl From<ffi::thread_identifier_info> for ThreadIdentifier {
    fn from(info: ffi::thread_identifier_info) -> Self {
        ThreadIdentifier {
            id: info.thread_id,
            handle: info.thread_handle,
            dispatch_queue: info.dispatch_qaddr,
        }
    }
}

impl From<ffi::thread_basic_info> for ThreadBasicInfo {
    fn from(info: ffi::thread_basic_info) -> Self {
        ThreadBasicInfo {
            user_time: info.user_time.into(),
            system_time: info.system_time.into(),
            cpu_usage: info.cpu_usage,
            policy: info.policy,
            run_state: info.run_state,
            flags: info.flags,
            suspend_count: info.suspend_count,
            sleep_time: info.sleep_time,
        }
    }
}
