//! `PID/stat` and `PID/task/TID/stat`: 52 fields in a line (`do_task_stat`).

use super::super::line::put;
use super::signals::signals;
use super::{NANOSECONDS_OF_TICK, short, state, thread_name};
use crate::model::{Device, ProcessInfo, State, Thread, Usage};

/// The fields in which a thread differs from its process.
struct Subject<'a> {
    id: u64,
    name: &'a [u8],
    state: State,
    /// Page faults that did not wait for a disk, and page faults that did.
    faults: [u64; 2],
    /// User and system time in nanoseconds.
    times: [u64; 2],
    /// The signal that the parent gets at its end.
    exit_signal: i32,
}

/// `PID/stat`: the line of a process.
pub fn stat(account: &ProcessInfo, out: &mut Vec<u8>) {
    let Usage { faults, pageins, total_user, total_system, .. } = account.usage.unwrap_or_default();
    let subject = Subject {
        id: u64::from(account.process.pid.number()),
        name: short(&account.process.name),
        state: account.state,
        faults: [faults.saturating_sub(pageins), pageins],
        times: [total_user.nanoseconds, total_system.nanoseconds],
        // SIGCHLD, by Linux's number.
        exit_signal: 17,
    };
    fields(account, &subject, out);
}

/// `PID/task/TID/stat`: the line of a thread.
pub fn thread_stat(account: &ProcessInfo, thread: &Thread, out: &mut Vec<u8>) {
    let subject = Subject {
        id: thread.id,
        name: thread_name(&account.process.name, &thread.name),
        state: thread.state,
        faults: [0; 2],
        times: [thread.user_time, thread.system_time],
        exit_signal: -1,
    };
    fields(account, &subject, out);
}

fn fields(account: &ProcessInfo, subject: &Subject<'_>, out: &mut Vec<u8>) {
    let usage = account.usage.unwrap_or_default();
    // 1 and 2. The name is unescaped: readers look for the last parenthesis.
    put(out, format_args!("{} (", subject.id));
    out.extend_from_slice(subject.name);
    // 3 to 8: state, ppid, pgrp, session, tty_nr, tpgid.
    let terminal = account.terminal.map_or(0, device_number);
    put(
        out,
        format_args!(
            ") {} {} {} {} {terminal} {}",
            state(subject.state).0,
            account.process.parent,
            account.group,
            account.session.unwrap_or(0),
            account.terminal_group.map_or(-1, i64::from),
        ),
    );
    // 9 to 13: flags, minflt, cminflt, majflt, cmajflt.
    let [minor, major] = subject.faults;
    let children = usage.children.unwrap_or_default();
    put(out, format_args!(" 0 {minor} 0 {major} {}", children.pageins));
    // 14 to 17: utime, stime, cutime, cstime.
    let [user, system] = subject.times;
    for time in [user, system, children.user.nanoseconds, children.system.nanoseconds] {
        put(out, format_args!(" {}", time / NANOSECONDS_OF_TICK));
    }
    // 18 to 22: priority, nice, num_threads, itrealvalue (always 0), starttime.
    let nice = i64::from(account.nice.unwrap_or(0));
    let (threads, started) = (usage.threads, started(account));
    put(out, format_args!(" {} {nice} {threads} 0 {started}", 20 + nice));
    // 23 to 25: vsize, rss, rsslim (RLIM_INFINITY).
    let pages = usage.resident_size.checked_div(account.page_size).unwrap_or(0);
    put(out, format_args!(" {} {pages} {}", usage.virtual_size, u64::MAX));
    // 26 to 34: startcode, endcode, startstack, kstkesp, kstkeip, signal, blocked, sigignore,
    // sigcatch. 35, wchan: whether the file `wchan` has a name. 36, 37: nswap and cnswap (always
    // 0).
    let waits = u8::from(account.wait_channel.as_ref().is_some_and(|name| !name.is_empty()));
    let [ignored, caught] = signals(account);
    put(out, format_args!(" 0 0 0 0 0 0 0 {ignored} {caught} {waits} 0 0"));
    // 38 to 44: exit_signal, processor, rt_priority, policy, delayacct_blkio_ticks, guest_time,
    // cguest_time.
    put(out, format_args!(" {} 0 0 0 0 0 0", subject.exit_signal));
    // 45 to 52: start_data, end_data, start_brk, arg_start, arg_end, env_start, env_end, exit_code.
    put(out, format_args!(" 0 0 0 0 0 0 0 0\n"));
}

/// Ticks between the machine's start and the process's.
fn started(account: &ProcessInfo) -> u64 {
    let since = account.booted.and_then(|it| account.process.started.duration_since(it).ok());
    let ticks = since.map_or(0, |since| since.as_nanos() / u128::from(NANOSECONDS_OF_TICK));
    u64::try_from(ticks).unwrap_or(u64::MAX)
}

/// A device number as `new_encode_dev` packs it: the major number in bits 8 to 19, the minor in the
/// others. Field 7 is signed.
fn device_number(device: Device) -> i32 {
    let Device { major, minor } = device;
    (minor & 0xff | major << 8 | (minor & !0xff) << 12) as i32
}
