//! The ports that a task has.

use std::sync::Arc;

use super::super::failure;
use super::task_port;
use crate::kernel::xnu::{
    KernReturn, PortKind, PortLimit, PortStatus, SpaceEntry, TaskPort, Typed, XnuCalls,
};
use crate::model::{Error, ErrorKind, Pid, Port, Queue, Result};

/// The names of a task's ports, ascending.
pub(in super::super) fn ports<C: XnuCalls>(calls: &Arc<C>, pid: Pid) -> Result<Vec<u32>> {
    let task = task_port(calls, pid, PortKind::Read)?;
    let mut names: Vec<u32> = space(calls, &task, pid)?.iter().map(|entry| entry.name).collect();
    names.sort_unstable();
    names.dedup();
    Ok(names)
}

/// Whether a task has a port of this name. The table of names has no look-up that a read port may
/// use; to ask for the limit of a port's queue tells as much.
pub(in super::super) fn has_port<C: XnuCalls>(calls: &Arc<C>, pid: Pid, name: u32) -> Result<bool> {
    let task = task_port(calls, pid, PortKind::Read)?;
    match calls.attributes::<PortLimit>(task.name(), name) {
        Ok(limit) => Ok(limit.is_some()),
        // Another right than to receive.
        Err(KernReturn::INVALID_RIGHT) => Ok(true),
        Err(KernReturn::INVALID_NAME) => Ok(false),
        // Refused; or a recording holds the right and nothing more.
        Err(_) => Ok(space(calls, &task, pid)?.iter().any(|entry| entry.name == name)),
    }
}

/// One of them.
pub(in super::super) fn port<C: XnuCalls>(calls: &Arc<C>, pid: Pid, name: u32) -> Result<Port> {
    let task = task_port(calls, pid, PortKind::Read)?;
    let entry = space(calls, &task, pid)?.into_iter().find(|entry| entry.name == name);
    let none = || Error::new(ErrorKind::NoSuchName, "mach_port_space_info").pid(pid);
    let rights = entry.ok_or_else(none)?.types;
    let queue = match calls.attributes::<PortStatus>(task.name(), name) {
        Ok(None) => return Err(none()),
        Ok(Some(status)) => Some(Queue {
            limit: status.limit,
            messages: status.messages,
            sequence: status.sequence,
            send_once_rights: status.send_once_rights,
        }),
        // Only who receives from a port is told.
        Err(KernReturn::INVALID_RIGHT) => None,
        Err(KernReturn::INVALID_NAME) => return Err(none()),
        Err(code) => return Err(failure::of_port("mach_port_get_attributes", code, pid)),
    };
    Ok(Port { name, rights, queue })
}

/// The table of names, without those of its entries that are free.
fn space<C: XnuCalls>(calls: &Arc<C>, task: &TaskPort<C>, pid: Pid) -> Result<Vec<SpaceEntry>> {
    let mut entries = calls
        .space_info(task.name())
        .map_err(|code| failure::of_port("mach_port_space_info", code, pid))?;
    entries.retain(|entry| entry.types != 0);
    Ok(entries)
}
