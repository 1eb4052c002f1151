//! The threads of a process: `PID/task`.

use super::LinuxKernel;
use super::files::{ProcPath, failure, malformed};
use super::stat::{Stat, parse_stat};
use super::status;
use crate::model::{ErrorKind, Pid, Result, State, Thread};

pub(super) fn ids(kernel: &LinuxKernel, pid: Pid) -> Result<Vec<u64>> {
    let numbers = kernel.numbers_at(&ProcPath::of(pid, "task"));
    let numbers = numbers.map_err(|errno| failure(errno, "getdents(task)", pid))?;
    Ok(numbers.into_iter().map(u64::from).collect())
}

pub(super) fn has(kernel: &LinuxKernel, pid: Pid, id: u64) -> Result<bool> {
    let path = ProcPath::new(format_args!("{pid}/task/{id}"));
    match kernel.stat_at(&path, "fstatat(task)", pid) {
        Ok(_) => Ok(true),
        Err(error) => match kernel.nameless(error, pid) {
            error if error.kind == ErrorKind::NoSuchName => Ok(false),
            error => Err(error),
        },
    }
}

pub(super) fn thread(kernel: &LinuxKernel, pid: Pid, id: u64) -> Result<Thread> {
    let text = read(kernel, pid, id, "stat")?;
    let stat = parse_stat(&text).ok_or_else(|| malformed("parse(stat)", pid))?;
    from_stat(kernel, id, &stat).ok_or_else(|| malformed("parse(stat)", pid))
}

fn from_stat(kernel: &LinuxKernel, id: u64, stat: &Stat<'_>) -> Option<Thread> {
    let state = stat.state()?;
    Some(Thread {
        id,
        name: stat.name.to_vec(),
        state,
        run_state: run_state(state),
        user_time: kernel.ticks_to_nanoseconds(stat.number(14)?),
        system_time: kernel.ticks_to_nanoseconds(stat.number(15)?),
        policy: policy(stat).unwrap_or(POLICY_NULL),
        priority: i32::try_from(stat.signed(18)?).ok()?,
        ..Thread::default()
    })
}

/// A file of a thread; `NoSuchName` if the thread has ended and its process has not.
fn read(kernel: &LinuxKernel, pid: Pid, id: u64, name: &'static str) -> Result<Vec<u8>> {
    let path = ProcPath::new(format_args!("{pid}/task/{id}/{name}"));
    kernel.read_at(&path, "open(task)", pid).map_err(|error| kernel.nameless(error, pid))
}

/// Mach's `TH_STATE_*`.
fn run_state(state: State) -> u32 {
    match state {
        State::Running => 1,
        State::Stopped | State::Traced => 2,
        State::Sleeping | State::Idle => 3,
        State::Waiting => 4,
        State::Zombie | State::Dead => 5,
    }
}

/// Mach's policy number for a policy that Mach does not know.
const POLICY_NULL: i32 = 0;

/// Mach's policy of the kind of field 41. `SCHED_OTHER`, `SCHED_FIFO` and `SCHED_RR` have one.
pub(super) fn policy(stat: &Stat<'_>) -> Option<i32> {
    match stat.number(41)? {
        0 => Some(1),
        1 => Some(4),
        2 => Some(2),
        _ => None,
    }
}

/// The usage of all living threads; zeros by default. No file of the process has it: the times in
/// its `stat` include threads that have ended, and the switches in its `status` are those of the
/// first thread.
#[derive(Default)]
pub(super) struct Total {
    /// User time in clock ticks.
    pub(super) user: u64,
    /// System time in clock ticks.
    pub(super) system: u64,
    pub(super) running: Option<u32>,
    /// Unknown before 2.6.23.
    pub(super) switches: Option<u64>,
}

/// Reads two small files a thread. Threads that end meanwhile are left out.
pub(super) fn total(kernel: &LinuxKernel, pid: Pid) -> Result<Total> {
    let mut total = Total { running: Some(0), switches: Some(0), ..Total::default() };
    for id in ids(kernel, pid)? {
        match add(kernel, pid, id, &mut total) {
            Err(error) if error.kind == ErrorKind::NoSuchName => {}
            added => added?,
        }
    }
    Ok(total)
}

fn add(kernel: &LinuxKernel, pid: Pid, id: u64, total: &mut Total) -> Result<()> {
    let text = read(kernel, pid, id, "stat")?;
    let used = |stat: Stat<'_>| Some((stat.number(14)?, stat.number(15)?, stat.state()?));
    let used = parse_stat(&text).and_then(used);
    let (user, system, state) = used.ok_or_else(|| malformed("parse(stat)", pid))?;
    let switches = status::switches(&read(kernel, pid, id, "status")?);
    total.user = total.user.saturating_add(user);
    total.system = total.system.saturating_add(system);
    let running = u32::from(state == State::Running);
    total.running = total.running.map(|others| others.saturating_add(running));
    total.switches = total.switches.zip(switches).map(|(sum, own)| sum.saturating_add(own));
    Ok(())
}
