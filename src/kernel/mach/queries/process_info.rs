//! `proc_info` about a process, except its map: flavor 13 for all users, flavors 3 and 4 for the
//! same effective user and for root (`proc_security_policy`).

use std::sync::Arc;

use super::super::names::device;
use super::super::target::{SHORT, number};
use super::super::{BSD, failure, from_bsd_info, from_short_info};
use super::machine::{boot_time, page_size};
use super::usage::usage;
use crate::kernel::xnu::{BsdInfo, Errno, KinfoProc, ShortBsdInfo, Typed, XnuCalls};
use crate::model::{Extent, Pid, Process, ProcessInfo, Result, Signals, State, Usage, Visibility};

/// The information about a process. A caller who may see all of it gets all that the kernel reports
/// to this program.
pub(in super::super) fn account<C: XnuCalls>(
    calls: &Arc<C>,
    pid: Pid,
    shown: Visibility,
    extent: Extent,
) -> Result<ProcessInfo> {
    if shown == Visibility::Full {
        match calls.pid::<BsdInfo>(number(pid), 1) {
            Ok(info) => return of_bsd_info(calls, pid, &info, extent),
            Err(Errno::PERM) => {}
            Err(errno) => return Err(failure::of_process(BSD, errno, pid)),
        }
    }
    let info = calls.pid::<ShortBsdInfo>(number(pid), 1);
    let info = info.map_err(|errno| failure::of_process(SHORT, errno, pid))?;
    let process = from_short_info(pid, &info);
    let known = public(calls.as_ref(), process, state(info.status, None), info.pgid)?;
    Ok(ProcessInfo { session: session(calls.as_ref(), pid, extent), ..known })
}

fn of_bsd_info<C: XnuCalls>(
    calls: &Arc<C>,
    pid: Pid,
    info: &BsdInfo,
    extent: Extent,
) -> Result<ProcessInfo> {
    let usage = usage(calls, pid, info.status, extent)?;
    let (process, state) = (from_bsd_info(pid, info), state(info.status, usage.as_ref()));
    let known = public(calls.as_ref(), process, state, info.pgid)?;
    let session = session(calls.as_ref(), pid, extent);
    Ok(ProcessInfo { session, nice: Some(info.nice), usage, ..known })
}

/// Adds the values of sysctl `kern.proc.pid`, which it reports to all users, as `ps` reads them.
fn public<C: XnuCalls>(
    calls: &C,
    process: Process,
    state: State,
    group: u32,
) -> Result<ProcessInfo> {
    let pid = process.pid;
    let info = match calls.kinfo_proc(number(pid)) {
        Ok(info) => info,
        // An older recording lacks it.
        Err(Errno::NOTSUP) => None,
        Err(errno) => return Err(failure::of_process("sysctl(kern.proc.pid)", errno, pid)),
    };
    let signals = info.map(|info| Signals { ignored: info.ignored, caught: info.caught });
    let info = info.unwrap_or_else(|| KinfoProc { terminal: -1, ..KinfoProc::default() });
    let has_terminal = info.terminal != -1;
    let groups = usize::try_from(info.group_count).unwrap_or(0).min(info.groups.len());
    // The kernel makes its tracer the parent of a process (`mach_process.c:ptrace`).
    let tracer = (info.flags & KinfoProc::TRACED != 0).then_some(process.parent);
    Ok(ProcessInfo {
        process,
        state,
        group,
        session: None,
        terminal: has_terminal.then(|| device(info.terminal.cast_unsigned())),
        terminal_group: has_terminal.then(|| info.terminal_group.cast_unsigned()),
        job_control: u32::try_from(info.job_control).ok(),
        nice: None,
        groups: Some(info.groups[..groups].to_vec()),
        wait_channel: Some(info.wait_message.bytes().to_vec())
            .filter(|message| !message.is_empty()),
        tracer,
        signals,
        usage: None,
        booted: Some(boot_time(calls)?),
        page_size: page_size(calls)?,
    })
}

/// `None` for a zombie, and for the kernel: for pid 0 the call returns this program's own.
fn session<C: XnuCalls>(calls: &C, pid: Pid, extent: Extent) -> Option<u32> {
    let is_asked = extent == Extent::Whole && pid.number() != 0;
    let session = is_asked.then(|| calls.session(number(pid)).ok()).flatten();
    session.and_then(|session| u32::try_from(session).ok())
}

/// `p_stat` is `SRUN` whether the process runs or not. It runs if one of its threads does.
fn state(status: u32, usage: Option<&Usage>) -> State {
    const BEING_MADE: u32 = 1;
    const STOPPED: u32 = 4;
    match status {
        ShortBsdInfo::ZOMBIE => State::Zombie,
        STOPPED => State::Stopped,
        BEING_MADE => State::Idle,
        _ if usage.is_some_and(|usage| usage.running.unwrap_or(0) > 0) => State::Running,
        _ => State::Sleeping,
    }
}
