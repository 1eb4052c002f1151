//! Threads as Mach has them, for those who may see the process's memory.

use super::super::kind::{Entries, Kind};
use super::{RowSpec, directory, row, thread};
use crate::format::line::{line, line_or_dash, time};
use crate::format::macfuse;
use crate::model::RegisterSet;

pub(super) const ROWS: &[RowSpec] = &[
    directory("PID/task/threads", "threads, by their number in hexadecimal").memory(),
    directory("PID/task/threads/ID", "one thread").memory().each(Entries::MachThreads),
    directory("PID/task/threads/ID/basic_info", "what THREAD_BASIC_INFO tells").memory(),
    thread(
        "PID/task/threads/ID/basic_info/cpu_usage",
        |thread, out| line_or_dash(out, thread.cpu_usage),
        "share of a CPU, in thousandths",
    )
    .memory()
    .darwin(),
    thread(
        "PID/task/threads/ID/basic_info/flags",
        macfuse::thread_flags,
        "whether it is idle or swapped out",
    )
    .memory()
    .darwin(),
    thread("PID/task/threads/ID/basic_info/policy", macfuse::thread_policy, "scheduling policy")
        .memory(),
    thread(
        "PID/task/threads/ID/basic_info/run_state",
        macfuse::thread_run_state,
        "what it does, as number and word",
    )
    .memory(),
    thread(
        "PID/task/threads/ID/basic_info/sleep_time",
        |thread, out| line_or_dash(out, thread.sleep_time.map(|it| format!("{it}s"))),
        "seconds that it has slept",
    )
    .memory()
    .darwin(),
    row(
        "PID/task/threads/ID/basic_info/suspend_count",
        Kind::ThreadSuspension(|count, out| line(out, count)),
        "how often it was suspended and not resumed",
    )
    .memory()
    .darwin(),
    thread(
        "PID/task/threads/ID/basic_info/system_time",
        |thread, out| time(out, thread.system_time),
        "system time",
    )
    .memory(),
    thread(
        "PID/task/threads/ID/basic_info/user_time",
        |thread, out| time(out, thread.user_time),
        "user time",
    )
    .memory(),
    directory("PID/task/threads/ID/states", "registers: a line for each, name and value")
        .memory()
        .darwin(),
    row(
        "PID/task/threads/ID/states/thread",
        Kind::Registers(RegisterSet::Thread, macfuse::registers),
        "of integers and control",
    )
    .memory()
    .darwin(),
    row(
        "PID/task/threads/ID/states/float",
        Kind::Registers(RegisterSet::Float, macfuse::registers),
        "of numbers with a point, and vectors",
    )
    .memory()
    .darwin(),
    row(
        "PID/task/threads/ID/states/exception",
        Kind::Registers(RegisterSet::Exception, macfuse::registers),
        "what the last exception left",
    )
    .memory()
    .darwin(),
    row(
        "PID/task/threads/ID/states/debug",
        Kind::Registers(RegisterSet::Debug, macfuse::registers),
        "breakpoints",
    )
    .memory()
    .darwin(),
];
