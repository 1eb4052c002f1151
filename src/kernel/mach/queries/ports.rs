//! The ports of a task.

use std::sync::Arc;

use super::super::failure;
use super::task_port;
use crate::kernel::xnu::{
    KernReturn, PortKind, PortLimit, PortStatus, SpaceEntry, TaskPort, Typed, XnuCalls,
};
use crate::model::{Error, ErrorKind, Pid, Port, Queue, Result};

/// The names of a task's ports, in ascending order.
pub(in super::super) fn ports<C: XnuCalls>(calls: &Arc<C>, pid: Pid) -> Result<Vec<u32>> {
    let task = task_port(calls, pid, PortKind::Read)?;
    let mut names: Vec<u32> = space(calls, &task, pid)?.iter().map(|entry| entry.name).collect();
    names.sort_unstable();
    names.dedup();
    Ok(names)
}

/// Whether a task has a port of this name. The table of names has no look-up for a read port. The
/// call for the limit of a port's queue distinguishes the cases.
pub(in super::super) fn has_port<C: XnuCalls>(calls: &Arc<C>, pid: Pid, name: u32) -> Result<bool> {
    let task = task_port(calls, pid, PortKind::Read)?;
    match calls.attributes::<PortLimit>(task.name(), name) {
        Ok(limit) => Ok(limit.is_some()),
        // It is a right other than to receive.
        Err(KernReturn::INVALID_RIGHT) => Ok(true),
        Err(KernReturn::INVALID_NAME) => Ok(false),
        // The call was refused, or a recording has the right and no more.
        Err(_) => Ok(space(calls, &task, pid)?.iter().any(|entry| entry.name == name)),
    }
}

/// One port of a task.
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
        // The kernel reports them for a right to receive only.
        Err(KernReturn::INVALID_RIGHT) => None,
        Err(KernReturn::INVALID_NAME) => return Err(none()),
        Err(code) => return Err(failure::of_port("mach_port_get_attributes", code, pid)),
    };
    Ok(Port { name, rights, queue })
}

/// The table of names, without free entries.
fn space<C: XnuCalls>(calls: &Arc<C>, task: &TaskPort<C>, pid: Pid) -> Result<Vec<SpaceEntry>> {
    let mut entries = calls
        .space_info(task.name())
        .map_err(|code| failure::of_port("mach_port_space_info", code, pid))?;
    entries.retain(|entry| entry.types != 0);
    Ok(entries)
}
