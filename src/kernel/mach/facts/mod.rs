//! What XNU tells of processes and of the machine besides memory maps.

mod account;
mod arguments;
mod deadline;
mod descriptors;
mod links;
mod machine;
mod open;
mod ports;
mod registers;
mod threads;

pub(super) use account::account;
pub(super) use arguments::{argument_area, arguments};
pub(super) use deadline::{LeftBehind, ask_each};
pub(super) use descriptors::{descriptor, descriptors, open_descriptors};
pub(super) use links::link;
pub(super) use machine::{cpu, cpus, machine, page_size};
pub(super) use open::descriptor_flags;
pub(super) use ports::{has_port, port, ports, task_fact};
pub(super) use registers::registers;
pub(super) use threads::{has_thread, suspend_count, thread, threads};

use std::sync::Arc;

use super::calls::{Errno, TaskPort, XnuCalls};
use super::target::number;
use super::{failure, list};
use crate::model::{Error, ErrorKind, Pid, Result};

/// A right to ask about the task of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Right {
    /// To know its name, for its numbers: any process of the same user.
    Name,
    /// To look at it: what `task_for_pid` wants.
    Inspect,
    /// To read it: the same.
    Read,
}

/// The port of a process's task to read it by.
pub(super) fn read_port<C: XnuCalls>(calls: &Arc<C>, pid: Pid) -> Result<TaskPort<C>> {
    task_port(calls, pid, Right::Read)
}

/// The port that gives this right.
fn task_port<C: XnuCalls>(calls: &Arc<C>, pid: Pid, right: Right) -> Result<TaskPort<C>> {
    if number(pid) == calls.own_pid() {
        return Ok(TaskPort::own(calls));
    }
    let pid_number = number(pid);
    let by_errno = |call, errno| match errno {
        // Older than the calls for weaker ports, as a kernel or as a recording.
        Errno::NOSYS | Errno::NOTSUP => TaskPort::for_pid(calls, pid_number)
            .map_err(|code| failure::of_port("task_for_pid", code, pid)),
        _ => Err(failure::of_process(call, errno, pid)),
    };
    let port = match right {
        Right::Name => TaskPort::name_for_pid(calls, pid_number)
            .map_err(|code| failure::of_port("task_name_for_pid", code, pid))?,
        Right::Inspect => TaskPort::inspect_for_pid(calls, pid_number)
            .or_else(|errno| by_errno("task_inspect_for_pid", errno))?,
        Right::Read => TaskPort::read_for_pid(calls, pid_number)
            .or_else(|errno| by_errno("task_read_for_pid", errno))?,
    };
    // Success without a right: the process has no task yet, or is losing it.
    port.ok_or_else(|| Error::new(ErrorKind::NoSuchProcess, "task port").pid(pid))
}

/// No process has as many threads or files, and no machine as many mounts.
const MOST: usize = 1 << 22;

/// A whole list of which about this many are expected.
fn whole_list<T: Clone + Default>(
    expected: usize,
    ask: impl FnMut(&mut [T]) -> std::result::Result<usize, Errno>,
) -> std::result::Result<Vec<T>, Errno> {
    list::whole(expected, MOST, ask)
}
