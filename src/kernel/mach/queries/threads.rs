//! Threads of a process: flavors 28 and 15 of `proc_info`, and the thread's port for the one number
//! that they lack.

use std::sync::Arc;

use super::super::failure;
use super::super::target::number;
use super::thread_ports::LastThreads;
use super::whole_list;
use crate::kernel::xnu::{
    Errno, PortKind, ShortBsdInfo, ThreadBasicInfo, ThreadId, ThreadInfo, Typed, XnuCalls,
};
use crate::model::{Error, ErrorKind, Pid, Result, State, Thread};

const LIST: &str = "proc_pidinfo(PROC_PIDLISTTHREADIDS)";
const INFO: &str = "proc_pidinfo(PROC_PIDTHREADID64INFO)";

/// The ids of a process's threads, in ascending order; a zombie has none.
pub(in super::super) fn threads<C: XnuCalls>(calls: &C, pid: Pid) -> Result<Vec<u64>> {
    match whole_list(64, |buffer| calls.pid_list::<ThreadId>(number(pid), Some(buffer))) {
        Ok(mut ids) => {
            ids.sort_unstable();
            ids.dedup();
            Ok(ids)
        }
        // An older recording lacks them.
        Err(Errno::NOTSUP) => Ok(Vec::new()),
        Err(Errno::SRCH) if calls.pid::<ShortBsdInfo>(number(pid), 1).is_ok() => Ok(Vec::new()),
        Err(errno) => Err(failure::of_process(LIST, errno, pid)),
    }
}

/// Whether a process has a thread of this id.
pub(in super::super) fn has_thread<C: XnuCalls>(calls: &C, pid: Pid, id: u64) -> Result<bool> {
    match calls.pid::<ThreadInfo>(number(pid), id) {
        Ok(_) => Ok(true),
        Err(Errno::SRCH) => Ok(false),
        // The call was refused, or a recording has the id and no more.
        Err(_) => Ok(threads(calls, pid)?.contains(&id)),
    }
}

/// One thread.
pub(in super::super) fn thread<C: XnuCalls>(calls: &C, pid: Pid, id: u64) -> Result<Thread> {
    match calls.pid::<ThreadInfo>(number(pid), id) {
        Ok(info) => Ok(from_info(id, info)),
        Err(Errno::SRCH) => Err(Error::new(ErrorKind::NoSuchName, INFO).pid(pid)),
        Err(errno) => Err(failure::of_process(INFO, errno, pid)),
    }
}

fn from_info(id: u64, info: ThreadInfo) -> Thread {
    let positive = |number: i32| u32::try_from(number).unwrap_or(0);
    Thread {
        id,
        name: info.name.bytes().to_vec(),
        state: match info.run_state {
            1 => State::Running,
            2 => State::Stopped,
            4 => State::Waiting,
            5 => State::Dead,
            _ => State::Sleeping,
        },
        run_state: positive(info.run_state),
        user_time: info.user_time,
        system_time: info.system_time,
        cpu_usage: Some(positive(info.cpu_usage)),
        policy: info.policy,
        flags: Some(info.flags.cast_unsigned()),
        sleep_time: Some(positive(info.sleep_time)),
        priority: info.current_priority,
    }
}

/// How often a thread was suspended and not resumed.
pub(in super::super) fn suspend_count<C: XnuCalls>(
    calls: &Arc<C>,
    last: &Arc<LastThreads<C>>,
    pid: Pid,
    id: u64,
) -> Result<u32> {
    let call = "thread_info(THREAD_BASIC_INFO)";
    last.with_port(calls, pid, id, PortKind::Inspect, |port| {
        let info = calls.thread::<ThreadBasicInfo>(port);
        let info = info.map_err(|code| failure::of_thread(call, code, pid))?;
        Ok(u32::try_from(info.suspend_count).unwrap_or(0))
    })
}
