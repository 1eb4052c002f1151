//! A task's role and tokens, and its ports.

use std::sync::Arc;

use super::super::failure;
use super::super::target::number;
use super::task_port;
use crate::kernel::xnu::{
    AuditToken, Errno, KernReturn, PidInfo, Platform, PortKind, PortLimit, PortStatus,
    SecurityToken, SpaceEntry, TaskBasicInfo, TaskFlavor, TaskPort, Typed, XnuCalls,
};
use crate::model::{Error, ErrorKind, Pid, Port, Queue, Result, TaskFact};

/// A few numbers about a task.
pub(in super::super) fn task_fact<C: XnuCalls>(
    calls: &Arc<C>,
    pid: Pid,
    fact: TaskFact,
) -> Result<Vec<u32>> {
    let task = |kind| task_port(calls, pid, kind);
    let failed = |call| move |code| failure::of_port(call, code, pid);
    match fact {
        TaskFact::Platform => match calls.pid::<Platform>(number(pid), 0) {
            Ok(platform) => Ok(vec![platform.number]),
            // An older recording lacks it.
            Err(Errno::NOTSUP) => Ok(Vec::new()),
            Err(errno) => Err(failure::of_process(Platform::CALL, errno, pid)),
        },
        TaskFact::Role => {
            let role = calls.role(task(PortKind::Inspect)?.name());
            Ok(vec![role.map_err(failed("task_policy_get"))?.cast_unsigned()])
        }
        TaskFact::AuditToken => {
            let token = calls.task::<AuditToken>(task(PortKind::Name)?.name());
            Ok(token.map_err(failed(AuditToken::CALL))?.words.to_vec())
        }
        TaskFact::SecurityToken => {
            let token = calls.task::<SecurityToken>(task(PortKind::Name)?.name());
            Ok(token.map_err(failed(SecurityToken::CALL))?.ids.to_vec())
        }
        TaskFact::SuspendCount => {
            let info = calls.task::<TaskBasicInfo>(task(PortKind::Name)?.name());
            let info = info.map_err(failed(TaskBasicInfo::CALL))?;
            Ok(vec![info.suspend_count.cast_unsigned()])
        }
    }
}

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
