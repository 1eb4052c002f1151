//! What proc_info tells of a process besides its map: flavor 13 to anyone, flavors 3 and 4 to the
//! same effective user and to root (`proc_security_policy`).

use super::super::names::device;
use super::super::target::{SHORT, number};
use super::super::{BSD, failure, from_bsd_info, from_short_info};
use super::machine::{boot_time, page_size};
use crate::kernel::xnu::{
    BsdInfo, Errno, KinfoProc, ShortBsdInfo, TaskInfo, Timebase, Typed, XnuCalls,
};
use crate::model::{Account, Pid, Process, Result, Shown, State, Time, Usage};

/// Flavor 4, in errors.
const TASK: &str = "proc_pidinfo(PROC_PIDTASKINFO)";

/// What is told of a process; to who may see all of it, all that the kernel tells this program.
pub(in super::super) fn account<C: XnuCalls>(calls: &C, pid: Pid, shown: Shown) -> Result<Account> {
    if shown == Shown::All {
        match calls.pid::<BsdInfo>(number(pid), 1) {
            Ok(info) => return of_bsd_info(calls, pid, &info),
            Err(Errno::PERM) => {}
            Err(errno) => return Err(failure::of_process(BSD, errno, pid)),
        }
    }
    let info = calls.pid::<ShortBsdInfo>(number(pid), 1);
    let info = info.map_err(|errno| failure::of_process(SHORT, errno, pid))?;
    public(calls, from_short_info(pid, &info), state(info.status, None), info.pgid)
}

fn of_bsd_info<C: XnuCalls>(calls: &C, pid: Pid, info: &BsdInfo) -> Result<Account> {
    let usage = usage(calls, pid, info.status)?;
    let known =
        public(calls, from_bsd_info(pid, info), state(info.status, usage.as_ref()), info.pgid)?;
    Ok(Account { nice: Some(info.nice), usage, ..known })
}

/// With what sysctl `kern.proc.pid` tells to anyone, as `ps` reads it.
fn public<C: XnuCalls>(calls: &C, process: Process, state: State, group: u32) -> Result<Account> {
    let pid = process.pid;
    let info = match calls.kinfo_proc(number(pid)) {
        Ok(info) => info,
        // An older recording does not hold it.
        Err(Errno::NOTSUP) => None,
        Err(errno) => return Err(failure::of_process("sysctl(kern.proc.pid)", errno, pid)),
    };
    let info = info.unwrap_or_else(|| KinfoProc { terminal: -1, ..KinfoProc::default() });
    let has_terminal = info.terminal != -1;
    let groups = usize::try_from(info.group_count).unwrap_or(0).min(info.groups.len());
    Ok(Account {
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
        usage: None,
        booted: Some(boot_time(calls)?),
        page_size: page_size(calls)?,
    })
}

/// Nothing for a zombie, which has no task any more.
fn usage<C: XnuCalls>(calls: &C, pid: Pid, status: u32) -> Result<Option<Usage>> {
    match calls.pid::<TaskInfo>(number(pid), 0) {
        Ok(info) => Ok(Some(usage_from(&info, timebase(calls)?))),
        Err(Errno::SRCH) if status == ShortBsdInfo::ZOMBIE => Ok(None),
        Err(Errno::PERM) => Ok(None),
        Err(errno) => Err(failure::of_process(TASK, errno, pid)),
    }
}

fn timebase<C: XnuCalls>(calls: &C) -> Result<Timebase> {
    calls.timebase().map_err(|code| failure::of_mach("mach_timebase_info", code))
}

fn usage_from(info: &TaskInfo, timebase: Timebase) -> Usage {
    let time = |units| Time { units, nanoseconds: nanoseconds(units, timebase) };
    // They stop at `i32::MAX` and are never negative.
    let count = |counter: i32| u64::try_from(counter).unwrap_or(0);
    Usage {
        virtual_size: info.virtual_size,
        resident_size: info.resident_size,
        total_user: time(info.total_user),
        total_system: time(info.total_system),
        threads_user: time(info.threads_user),
        threads_system: time(info.threads_system),
        threads: u32::try_from(info.threads).unwrap_or(0),
        running: u32::try_from(info.running).ok(),
        policy: Some(info.policy),
        priority: Some(info.priority),
        faults: count(info.faults),
        pageins: count(info.pageins),
        cow_faults: Some(count(info.cow_faults)),
        messages_sent: Some(count(info.messages_sent)),
        messages_received: Some(count(info.messages_received)),
        syscalls_mach: Some(count(info.syscalls_mach)),
        syscalls_unix: Some(count(info.syscalls_unix)),
        switches: Some(count(info.context_switches)),
    }
}

fn nanoseconds(units: u64, timebase: Timebase) -> u64 {
    let scaled = u128::from(units) * u128::from(timebase.numer);
    let scaled = scaled.checked_div(u128::from(timebase.denom)).unwrap_or(0);
    u64::try_from(scaled).unwrap_or(u64::MAX)
}

/// `p_stat` is `SRUN` whether it runs or not: whether one of its threads runs tells the rest.
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
