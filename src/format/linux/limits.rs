//! `PID/limits`.

use super::super::line::put;
use crate::model::ProcessInfo;

/// All limits as unlimited, which is what Linux prints for 'none': Darwin reports the limits of a
/// process to that process only.
pub fn limits(_: &ProcessInfo, out: &mut Vec<u8>) {
    let mut row = |name: &str, soft: &str, hard: &str, unit: &str| {
        put(out, format_args!("{name:<25} {soft:<20} {hard:<20} "));
        // Two of them have no unit, and no columns for one (`proc_pid_limits`).
        match unit {
            "" => put(out, format_args!("\n")),
            _ => put(out, format_args!("{unit:<10}\n")),
        }
    };
    row("Limit", "Soft Limit", "Hard Limit", "Units");
    for (name, unit) in LIMITS {
        row(name, "unlimited", "unlimited", unit);
    }
}

const LIMITS: [(&str, &str); 16] = [
    ("Max cpu time", "seconds"),
    ("Max file size", "bytes"),
    ("Max data size", "bytes"),
    ("Max stack size", "bytes"),
    ("Max core file size", "bytes"),
    ("Max resident set", "bytes"),
    ("Max processes", "processes"),
    ("Max open files", "files"),
    ("Max locked memory", "bytes"),
    ("Max address space", "bytes"),
    ("Max file locks", "locks"),
    ("Max pending signals", "signals"),
    ("Max msgqueue size", "bytes"),
    ("Max nice priority", ""),
    ("Max realtime priority", ""),
    ("Max realtime timeout", "us"),
];
