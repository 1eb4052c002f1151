//! What XNU reports of a task: platform, role, tokens, suspensions. Each asks for the weakest port
//! that it needs.

use std::sync::Arc;

use super::super::failure;
use super::super::target::number;
use super::{name_port, task_port};
use crate::kernel::xnu::{
    self, Errno, PidInfo, Platform, PortKind, TaskBasicInfo, TaskFlavor, Typed, XnuCalls,
};
use crate::model::{AuditToken, Pid, Result, SecurityToken};

/// The platform that a process's program was built for.
pub(in super::super) fn platform<C: XnuCalls>(calls: &C, pid: Pid) -> Result<Option<u32>> {
    match calls.pid::<Platform>(number(pid), 0) {
        Ok(platform) => Ok(Some(platform.number)),
        // An older recording lacks it.
        Err(Errno::NOTSUP) => Ok(None),
        Err(errno) => Err(failure::of_process(Platform::CALL, errno, pid)),
    }
}

/// The role that a task's policy gives it.
pub(in super::super) fn role<C: XnuCalls>(calls: &Arc<C>, pid: Pid) -> Result<i32> {
    let task = task_port(calls, pid, PortKind::Inspect)?;
    calls.role(task.name()).map_err(|code| failure::of_port("task_policy_get", code, pid))
}

/// The audit token of a task, in the order of `kern_prot.c:proc_calc_audit_token`.
pub(in super::super) fn audit_token<C: XnuCalls>(calls: &Arc<C>, pid: Pid) -> Result<AuditToken> {
    let token: xnu::AuditToken = by_name_port(calls, pid)?;
    let [audit_user, user, group, real_user, real_group, pid, session, pid_version] = token.words;
    Ok(AuditToken { audit_user, user, group, real_user, real_group, pid, session, pid_version })
}

/// The security token of a task.
pub(in super::super) fn security_token<C: XnuCalls>(
    calls: &Arc<C>,
    pid: Pid,
) -> Result<SecurityToken> {
    let [user, group] = by_name_port::<C, xnu::SecurityToken>(calls, pid)?.ids;
    Ok(SecurityToken { user, group })
}

/// How often a task was suspended and not resumed.
pub(in super::super) fn task_suspend_count<C: XnuCalls>(calls: &Arc<C>, pid: Pid) -> Result<u32> {
    Ok(by_name_port::<C, TaskBasicInfo>(calls, pid)?.suspend_count.cast_unsigned())
}

fn by_name_port<C: XnuCalls, T: TaskFlavor>(calls: &Arc<C>, pid: Pid) -> Result<T> {
    let task = name_port(calls, pid)?;
    calls.task(task.name()).map_err(|code| failure::of_port(T::CALL, code, pid))
}
