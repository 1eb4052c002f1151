//! `PID/task/threads/ID/basic_info/{flags,policy,run_state}` and `PID/task/threads/ID/states/…`.

use super::super::line::{line_or_dash, put};
use crate::model::{Register, Thread};

/// `flags`: hexadecimal, and in words.
pub fn thread_flags(thread: &Thread, out: &mut Vec<u8>) {
    const SWAPPED: u32 = 1;
    const IDLE: u32 = 2;
    let text = thread.flags.map(|flags| {
        let idle = if flags & IDLE == 0 { "" } else { " (IDLE)" };
        let swapped = if flags & SWAPPED == 0 { "" } else { " (SWAPPED)" };
        format!("{flags:x}{idle}{swapped}")
    });
    line_or_dash(out, text);
}

/// `policy`, in the original's words. Of time-shared threads it asked which of two they are, and
/// XNU answers `STANDARD` for all of them; what it asked of the others takes a port.
pub fn thread_policy(thread: &Thread, out: &mut Vec<u8>) {
    out.extend_from_slice(match thread.policy {
        1 => b"STANDARD\n",
        2 => b"TIME_CONSTRAINT\n",
        3 => b"PRECEDENCE\n",
        _ => b"UNKNOWN?\n",
    });
}

/// `run_state`: a number and its word.
pub fn thread_run_state(thread: &Thread, out: &mut Vec<u8>) {
    let word = usize::try_from(thread.run_state).ok().and_then(|state| RUN_STATES.get(state));
    put(out, format_args!("{} ({})\n", thread.run_state, word.unwrap_or(&"?")));
}

const RUN_STATES: [&str; 6] =
    ["NONE", "RUNNING", "STOPPED", "WAITING", "UNINTERRUPTIBLE", "HALTED"];

/// `states/…`: one register a line, its name and all digits of its value. The original has a file
/// for each register of a 32-bit Intel thread, which no kernel has any more.
pub fn registers(registers: &[Register], out: &mut Vec<u8>) {
    for Register { name, value, bytes } in registers {
        let digits = 2 * usize::from(*bytes);
        put(out, format_args!("{name} {value:0digits$x}\n"));
    }
}
