//! XNU's queries about processes and the machine, except memory maps.

mod arguments;
mod deadline;
mod descriptors;
mod links;
mod machine;
pub(super) mod net;
mod open;
mod ports;
mod process_info;
mod refusal;
mod registers;
mod socket_ends;
mod task;
mod thread_ports;
mod threads;
mod usage;

#[cfg(feature = "cli")]
pub(crate) use arguments::argument_area;
pub(super) use arguments::arguments;
pub(super) use deadline::{LeftBehind, ask_each};
pub(super) use descriptors::{descriptor, descriptors, open_descriptors};
pub(super) use links::{link, root};
pub(super) use machine::{
    boot_arguments, boot_id, cpu, cpus, machine, page_size, paging, random, swap_files,
};
pub(super) use open::descriptor_flags;
pub(super) use ports::{has_port, port, ports};
pub(super) use process_info::account;
pub(super) use refusal::{explained, port_refusal};
pub(super) use registers::registers;
pub(super) use task::{audit_token, platform, role, security_token, task_suspend_count};
pub(super) use thread_ports::LastThreads;
pub(super) use threads::{has_thread, suspend_count, thread, threads};

use std::sync::Arc;

use super::target::number;
use super::{failure, list};
use crate::kernel::xnu::{Errno, PortKind, Refusal, TaskPort, XnuCalls};
use crate::model::{Error, ErrorKind, Pid, Result};

/// A port to read a process's task.
pub(super) fn read_port<C: XnuCalls>(calls: &Arc<C>, pid: Pid) -> Result<TaskPort<C>> {
    task_port(calls, pid, PortKind::Read)
}

/// A port that only names a process's task.
pub(super) fn name_port<C: XnuCalls>(calls: &Arc<C>, pid: Pid) -> Result<TaskPort<C>> {
    task_port(calls, pid, PortKind::Name)
}

/// The port of this kind to a process's task.
fn task_port<C: XnuCalls>(calls: &Arc<C>, pid: Pid, kind: PortKind) -> Result<TaskPort<C>> {
    // Pid 0 is the kernel's. A replay gives 0 as its own pid.
    if pid.number() != 0 && number(pid) == calls.own_pid() {
        return Ok(TaskPort::own(calls));
    }
    let ask = |kind: PortKind| {
        TaskPort::for_pid(calls, kind, number(pid)).map_err(|refusal| (kind.call(), refusal))
    };
    let port = ask(kind).or_else(|refused| match refused.1 {
        // The kernel, or the recording, is older than the calls for weaker ports.
        Refusal::Errno(Errno::NOSYS | Errno::NOTSUP) => ask(PortKind::Control),
        _ => Err(refused),
    });
    let port = port.map_err(|(call, refusal)| match refusal {
        Refusal::Errno(errno) => failure::of_process(call, errno, pid),
        Refusal::KernReturn(code) => failure::of_port(call, code, pid),
    })?;
    // Success without a right: the process has no task yet, or is losing it.
    port.ok_or_else(|| Error::new(ErrorKind::NoSuchProcess, "task port").pid(pid))
}

/// The most entries of a list: no process has as many threads or files, and no machine as many
/// mounts.
const MOST: usize = 1 << 22;

/// Reads a whole list of about this many entries.
fn whole_list<T: Clone + Default>(
    expected: usize,
    ask: impl FnMut(&mut [T]) -> std::result::Result<usize, Errno>,
) -> std::result::Result<Vec<T>, Errno> {
    list::whole(expected, MOST, ask)
}
