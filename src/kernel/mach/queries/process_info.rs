//! `proc_info` about a process, except its map: flavor 13 for all users, flavors 3 and 4 for the
//! same effective user and for root (`proc_security_policy`).

use std::sync::Arc;

use super::super::names::device;
use super::super::target::{ask, number};
use super::super::{failure, from_bsd_info};
use super::machine::{boot_time, page_size};
use super::usage::usage;
use crate::kernel::xnu::{BsdInfo, Errno, KinfoProc, ShortBsdInfo, Typed, XnuCalls};
use crate::model::{
    ErrorKind, Extent, Pid, ProcessInfo, Result, Signals, State, Usage, Visibility,
};

/// The information about a process. A caller who may see all of it gets all that the kernel reports
/// to this program.
pub(in super::super) fn account<C: XnuCalls>(
    calls: &Arc<C>,
    pid: Pid,
    shown: Visibility,
    extent: Extent,
) -> Result<ProcessInfo> {
    if shown == Visibility::Full {
        match ask::<_, BsdInfo>(calls.as_ref(), pid) {
            Ok(info) => return of_bsd_info(calls, pid, &info, extent),
            Err(error) if error.kind == ErrorKind::Denied => {}
            Err(error) => return Err(error),
        }
    }
    let short: ShortBsdInfo = ask(calls.as_ref(), pid)?;
    public(calls.as_ref(), pid, &short.into(), None, extent)
}

fn of_bsd_info<C: XnuCalls>(
    calls: &Arc<C>,
    pid: Pid,
    info: &BsdInfo,
    extent: Extent,
) -> Result<ProcessInfo> {
    let usage = usage(calls, pid, info.status, extent)?;
    let known = public(calls.as_ref(), pid, info, usage.as_ref(), extent)?;
    Ok(ProcessInfo { nice: Some(info.nice), usage, ..known })
}

/// Adds the values of sysctl `kern.proc.pid`, which it reports to all users, as `ps` reads them.
fn public<C: XnuCalls>(
    calls: &C,
    pid: Pid,
    known: &BsdInfo,
    usage: Option<&Usage>,
    extent: Extent,
) -> Result<ProcessInfo> {
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
    let process = from_bsd_info(pid, known);
    // The kernel makes its tracer the parent of a process (`mach_process.c:ptrace`).
    let tracer = (info.flags & KinfoProc::TRACED != 0).then_some(process.parent);
    Ok(ProcessInfo {
        process,
        state: state(known.status, usage),
        group: known.pgid,
        session: session(calls, pid, extent),
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
        booted: (extent == Extent::Whole).then(|| boot_time(calls)).transpose()?,
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
