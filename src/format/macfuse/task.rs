//! `PID/task/{absolutetime_info,basic_info,events_info,thread_times_info,tokens}/…` and
//! `PID/{platform,task/role}`.

use super::super::line::{line, line_or_dash, put};
use super::seconds;
use crate::model::{ProcessInfo, Usage};

/// `absolutetime_info/total_user`: user time of all threads, in the kernel's own unit.
pub fn total_user(account: &ProcessInfo, out: &mut Vec<u8>) {
    line_or_dash(out, account.usage.map(|usage| usage.total_user.units));
}

/// `absolutetime_info/total_system`: system time of all threads, in the kernel's own unit.
pub fn total_system(account: &ProcessInfo, out: &mut Vec<u8>) {
    line_or_dash(out, account.usage.map(|usage| usage.total_system.units));
}

/// `absolutetime_info/threads_user`: user time of living threads, in the kernel's own unit.
pub fn threads_user(account: &ProcessInfo, out: &mut Vec<u8>) {
    line_or_dash(out, account.usage.map(|usage| usage.threads_user.units));
}

/// `absolutetime_info/threads_system`: system time of living threads, in the kernel's own unit.
pub fn threads_system(account: &ProcessInfo, out: &mut Vec<u8>) {
    line_or_dash(out, account.usage.map(|usage| usage.threads_system.units));
}

/// `basic_info/policy`, in the original's words, which are those of `thread_policy.h`. XNU reports
/// 2 for every policy that is not time-shared (`retrieve_thread_basic_info`).
pub fn policy(account: &ProcessInfo, out: &mut Vec<u8>) {
    let word = account.usage.and_then(|usage| usage.policy).map(|policy| match policy {
        1 => "STANDARD|EXTENDED",
        2 => "TIME_CONSTRAINT",
        3 => "PRECEDENCE",
        _ => "UNKNOWN?",
    });
    line_or_dash(out, word);
}

/// `basic_info/resident_size`: resident memory, in KiB.
pub fn resident_size(account: &ProcessInfo, out: &mut Vec<u8>) {
    size(account, |usage| usage.resident_size, out);
}

/// `basic_info/virtual_size`: address space, in KiB.
pub fn virtual_size(account: &ProcessInfo, out: &mut Vec<u8>) {
    size(account, |usage| usage.virtual_size, out);
}

/// `basic_info/user_time`: user time of threads that have ended, as in `TASK_BASIC_INFO`.
pub fn user_time(account: &ProcessInfo, out: &mut Vec<u8>) {
    time(account, |it| it.total_user.nanoseconds.saturating_sub(it.threads_user.nanoseconds), out);
}

/// `basic_info/system_time`: system time of threads that have ended, as in `TASK_BASIC_INFO`.
pub fn system_time(account: &ProcessInfo, out: &mut Vec<u8>) {
    let ended =
        |it: &Usage| it.total_system.nanoseconds.saturating_sub(it.threads_system.nanoseconds);
    time(account, ended, out);
}

/// `thread_times_info/user_time`: user time of living threads.
pub fn threads_user_time(account: &ProcessInfo, out: &mut Vec<u8>) {
    time(account, |usage| usage.threads_user.nanoseconds, out);
}

/// `thread_times_info/system_time`: system time of living threads.
pub fn threads_system_time(account: &ProcessInfo, out: &mut Vec<u8>) {
    time(account, |usage| usage.threads_system.nanoseconds, out);
}

/// `events_info/faults`: page faults.
pub fn faults(account: &ProcessInfo, out: &mut Vec<u8>) {
    line_or_dash(out, account.usage.map(|usage| usage.faults));
}

/// `events_info/pageins`: page faults that waited for a disk.
pub fn pageins(account: &ProcessInfo, out: &mut Vec<u8>) {
    line_or_dash(out, account.usage.map(|usage| usage.pageins));
}

/// `events_info/cow_faults`: faults that copied a page.
pub fn cow_faults(account: &ProcessInfo, out: &mut Vec<u8>) {
    line_or_dash(out, account.usage.and_then(|usage| usage.cow_faults));
}

/// `events_info/csw`: context switches.
pub fn switches(account: &ProcessInfo, out: &mut Vec<u8>) {
    line_or_dash(out, account.usage.and_then(|usage| usage.switches));
}

/// `events_info/messages_received`: Mach messages received.
pub fn messages_received(account: &ProcessInfo, out: &mut Vec<u8>) {
    line_or_dash(out, account.usage.and_then(|usage| usage.messages_received));
}

/// `events_info/messages_sent`: Mach messages sent.
pub fn messages_sent(account: &ProcessInfo, out: &mut Vec<u8>) {
    line_or_dash(out, account.usage.and_then(|usage| usage.messages_sent));
}

/// `events_info/syscalls_mach`: Mach system calls.
pub fn syscalls_mach(account: &ProcessInfo, out: &mut Vec<u8>) {
    line_or_dash(out, account.usage.and_then(|usage| usage.syscalls_mach));
}

/// `events_info/syscalls_unix`: BSD system calls.
pub fn syscalls_unix(account: &ProcessInfo, out: &mut Vec<u8>) {
    line_or_dash(out, account.usage.and_then(|usage| usage.syscalls_unix));
}

/// `basic_info/suspend_count`: how often the task is suspended.
pub fn number(numbers: &[u32], out: &mut Vec<u8>) {
    line_or_dash(out, numbers.first());
}

/// `tokens/audit` and `tokens/security`: hexadecimal numbers, a space after each.
pub fn hex_list(numbers: &[u32], out: &mut Vec<u8>) {
    for number in numbers {
        put(out, format_args!("{number:x} "));
    }
    out.push(b'\n');
}

/// `PID/platform`: the word of `mach-o/loader.h`, the number where there is no word, or `-` where
/// the platform is unknown.
pub fn platform(numbers: &[u32], out: &mut Vec<u8>) {
    let word = |number: &u32| PLATFORMS.get(usize::try_from(*number).ok()?.checked_sub(1)?);
    match numbers.first().and_then(word) {
        Some(word) => line(out, word),
        None => line_or_dash(out, numbers.first()),
    }
}

/// The words for `PLATFORM_*`, from 1 on.
const PLATFORMS: [&str; 12] = [
    "macos",
    "ios",
    "tvos",
    "watchos",
    "bridgeos",
    "maccatalyst",
    "iossimulator",
    "tvossimulator",
    "watchossimulator",
    "driverkit",
    "visionos",
    "visionossimulator",
];

/// `role`: the original's words, and for newer roles those of `task_policy.h` in the same style.
pub fn role(numbers: &[u32], out: &mut Vec<u8>) {
    let Some(role) = numbers.first().map(|number| *number as i32) else {
        out.extend_from_slice(b"NONE\n");
        return;
    };
    let word = usize::try_from(i64::from(role) + 1).ok().and_then(|place| ROLES.get(place));
    match word {
        Some(word) => line(out, word),
        None => line(out, role),
    }
}

/// The words for `TASK_*` roles, from -1 on.
const ROLES: [&str; 10] = [
    "RENICED",
    "UNSPECIFIED",
    "FOREGROUND_APPLICATION",
    "BACKGROUND_APPLICATION",
    "CONTROL_APPLICATION",
    "GRAPHICS_SERVER",
    "THROTTLE_APPLICATION",
    "NONUI_APPLICATION",
    "DEFAULT_APPLICATION",
    "DARWINBG_APPLICATION",
];

fn size(account: &ProcessInfo, bytes: fn(&Usage) -> u64, out: &mut Vec<u8>) {
    match &account.usage {
        Some(usage) => put(out, format_args!("{} KB\n", bytes(usage) / 1024)),
        None => out.extend_from_slice(b"-\n"),
    }
}

fn time(account: &ProcessInfo, nanoseconds: impl Fn(&Usage) -> u64, out: &mut Vec<u8>) {
    match &account.usage {
        Some(usage) => seconds(nanoseconds(usage), out),
        None => out.extend_from_slice(b"-\n"),
    }
}
