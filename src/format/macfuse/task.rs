//! `PID/task/basic_info/policy`, `PID/task/tokens/…`, `PID/platform` and `PID/task/role`.

use super::super::line::{line, line_or_dash, put};
use crate::model::{AuditToken, ProcessInfo, SecurityToken};

/// `basic_info/policy`, in the original's words, which are those of `thread_policy.h`: its number
/// 2 is that of all that is not time-shared (`retrieve_thread_basic_info`).
pub fn policy(account: &ProcessInfo, out: &mut Vec<u8>) {
    let word = account.usage.and_then(|usage| usage.policy).map(|policy| match policy {
        1 => "STANDARD|EXTENDED",
        2 => "TIME_CONSTRAINT",
        3 => "PRECEDENCE",
        _ => "UNKNOWN?",
    });
    line_or_dash(out, word);
}

/// `tokens/audit`: its eight numbers in the order of the token, hexadecimal, each with a space behind
/// it.
pub fn audit_token(token: &AuditToken, out: &mut Vec<u8>) {
    let AuditToken { audit_user, user, group, real_user, real_group, pid, session, pid_version } =
        *token;
    hex(&[audit_user, user, group, real_user, real_group, pid, session, pid_version], out);
}

/// `tokens/security`: user and group, written as those of [`audit_token`].
pub fn security_token(token: &SecurityToken, out: &mut Vec<u8>) {
    hex(&[token.user, token.group], out);
}

fn hex(numbers: &[u32], out: &mut Vec<u8>) {
    for number in numbers {
        put(out, format_args!("{number:x} "));
    }
    out.push(b'\n');
}

/// `PID/platform`: the word of `mach-o/loader.h`, or the number where there is none; `-` where it is
/// not known.
pub fn platform(platform: &Option<u32>, out: &mut Vec<u8>) {
    let word = |number: u32| PLATFORMS.get(usize::try_from(number).ok()?.checked_sub(1)?);
    match platform.and_then(word) {
        Some(word) => line(out, word),
        None => line_or_dash(out, *platform),
    }
}

/// `PLATFORM_*`, from 1 on, in small letters.
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

/// `role`: the original's words, and beyond them those of `task_policy.h` in the same manner; the
/// number where there is none.
pub fn role(role: &i32, out: &mut Vec<u8>) {
    let word = usize::try_from(i64::from(*role) + 1).ok().and_then(|place| ROLES.get(place));
    match word {
        Some(word) => line(out, word),
        None => line(out, role),
    }
}

/// From -1 on.
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
