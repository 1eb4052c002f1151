//! The process as a Mach task, and its threads. What the original needs a task port for is
//! for those only who may see the process's memory.

use super::super::kind::{Entries, Kind, Public};
use super::{RowSpec, directory, process, row, thread_of, thread_sums};
use crate::format::line::{kib_or_dash, line, line_or_dash, time_or_dash};
use crate::format::{self, linux, macfuse};
use crate::kernel::Detail;
use crate::model::Extent;

pub(super) const ROWS: &[RowSpec] = &[
    directory("PID/task/TID", "one thread").each(Entries::Threads),
    thread_of(
        "PID/task/TID/comm",
        Extent::Brief,
        linux::thread_comm,
        "its name, at most 15 bytes of it",
    )
    .own("comm", Public::Whole),
    thread_of(
        "PID/task/TID/stat",
        Extent::Whole,
        linux::thread_stat,
        "as `PID/stat`, of this thread",
    )
    .own("stat", Public::Redacted(linux::public_stat)),
    thread_of(
        "PID/task/TID/status",
        Extent::Whole,
        linux::thread_status,
        "as `PID/status`, of this thread",
    )
    .own("status", Public::Whole),
    process("PID/task/TID/statm", linux::statm, "as `PID/statm`").own("statm", Public::Whole),
    row(
        "PID/task/TID/cmdline",
        Kind::Arguments(|a, out| out.extend_from_slice(&a.arguments)),
        "as `PID/cmdline`",
    )
    .own("cmdline", Public::Whole),
    row("PID/task/TID/maps", Kind::Regions(Detail::Map, format::maps), "as `PID/maps`")
        .own("maps", Public::Nothing),
    row(
        "PID/task/vmmap",
        Kind::Regions(Detail::Attributes, format::vmmap),
        "mapped regions as Mach sees them: size, current and maximum protection, inheritance, \
         sharing, behaviour, wired count, submap",
    )
    .memory(),
    row(
        "PID/task/vmmap_r",
        Kind::Regions(Detail::Pages, format::vmmap_r),
        "the same, looking inside submaps: pages resident, swapped out and dirtied, \
         and what the region is for",
    )
    .memory(),
    row(
        "PID/task/vmmap.json",
        Kind::Document(Detail::Counts, format::vmmap_json),
        "everything known of each region, as one JSON array",
    )
    .memory(),
    row(
        "PID/task/vmmap.svg",
        Kind::Document(Detail::Counts, format::vmmap_svg),
        "a picture of the address space, for a browser",
    )
    .memory(),
    row(
        "PID/task/shared_cache",
        Kind::Libraries(format::maps),
        "what it has of dyld's shared cache, library by library, in the grammar of `maps`",
    )
    .memory()
    .darwin(),
    row("PID/task/role", Kind::Role(macfuse::role), "role that its policy gives it")
        .memory()
        .darwin(),
    directory(
        "PID/task/absolutetime_info",
        "CPU time in the kernel's own unit: Mach's, or nanoseconds",
    )
    .memory(),
    thread_sums(
        "PID/task/absolutetime_info/threads_system",
        |p, out| line_or_dash(out, p.usage.map(|it| it.threads_system.units)),
        "system time of living threads",
    )
    .memory(),
    thread_sums(
        "PID/task/absolutetime_info/threads_user",
        |p, out| line_or_dash(out, p.usage.map(|it| it.threads_user.units)),
        "user time of living threads",
    )
    .memory(),
    process(
        "PID/task/absolutetime_info/total_system",
        |p, out| line_or_dash(out, p.usage.map(|it| it.total_system.units)),
        "system time of all threads",
    )
    .memory(),
    process(
        "PID/task/absolutetime_info/total_user",
        |p, out| line_or_dash(out, p.usage.map(|it| it.total_user.units)),
        "user time of all threads",
    )
    .memory(),
    directory("PID/task/basic_info", "values of TASK_BASIC_INFO").memory(),
    process("PID/task/basic_info/policy", macfuse::policy, "scheduling policy").memory(),
    process(
        "PID/task/basic_info/resident_size",
        |p, out| kib_or_dash(out, p.usage.map(|it| it.resident_size)),
        "memory in use, in KiB",
    )
    .memory(),
    row(
        "PID/task/basic_info/suspend_count",
        Kind::TaskSuspension(|count, out| line(out, count)),
        "how often it was suspended and not resumed",
    )
    .memory()
    .darwin(),
    thread_sums(
        "PID/task/basic_info/system_time",
        |p, out| time_or_dash(out, p.usage.map(|it| it.ended_system())),
        "system time of threads that have ended",
    )
    .memory(),
    thread_sums(
        "PID/task/basic_info/user_time",
        |p, out| time_or_dash(out, p.usage.map(|it| it.ended_user())),
        "user time of threads that have ended",
    )
    .memory(),
    process(
        "PID/task/basic_info/virtual_size",
        |p, out| kib_or_dash(out, p.usage.map(|it| it.virtual_size)),
        "address space, in KiB",
    )
    .memory(),
    directory("PID/task/events_info", "counters since it began").memory(),
    process(
        "PID/task/events_info/cow_faults",
        |p, out| line_or_dash(out, p.usage.and_then(|it| it.cow_faults)),
        "faults that copied a page",
    )
    .memory()
    .darwin(),
    thread_sums(
        "PID/task/events_info/csw",
        |p, out| line_or_dash(out, p.usage.and_then(|it| it.switches)),
        "context switches",
    )
    .memory(),
    process(
        "PID/task/events_info/faults",
        |p, out| line_or_dash(out, p.usage.map(|it| it.faults)),
        "page faults",
    )
    .memory(),
    process(
        "PID/task/events_info/messages_received",
        |p, out| line_or_dash(out, p.usage.and_then(|it| it.messages_received)),
        "Mach messages received",
    )
    .memory()
    .darwin(),
    process(
        "PID/task/events_info/messages_sent",
        |p, out| line_or_dash(out, p.usage.and_then(|it| it.messages_sent)),
        "Mach messages sent",
    )
    .memory()
    .darwin(),
    process(
        "PID/task/events_info/pageins",
        |p, out| line_or_dash(out, p.usage.map(|it| it.pageins)),
        "page faults that waited for a disk",
    )
    .memory(),
    process(
        "PID/task/events_info/syscalls_mach",
        |p, out| line_or_dash(out, p.usage.and_then(|it| it.syscalls_mach)),
        "Mach calls",
    )
    .memory()
    .darwin(),
    process(
        "PID/task/events_info/syscalls_unix",
        |p, out| line_or_dash(out, p.usage.and_then(|it| it.syscalls_unix)),
        "system calls",
    )
    .memory()
    .darwin(),
    directory("PID/task/thread_times_info", "CPU time of living threads").memory(),
    thread_sums(
        "PID/task/thread_times_info/system_time",
        |p, out| time_or_dash(out, p.usage.map(|it| it.threads_system.nanoseconds)),
        "their system time",
    )
    .memory(),
    thread_sums(
        "PID/task/thread_times_info/user_time",
        |p, out| time_or_dash(out, p.usage.map(|it| it.threads_user.nanoseconds)),
        "their user time",
    )
    .memory(),
    directory("PID/task/tokens", "tokens of the task").memory().darwin(),
    row(
        "PID/task/tokens/audit",
        Kind::AuditToken(macfuse::audit_token),
        "eight numbers: audit user, ids, pid, audit session, version of the pid",
    )
    .memory()
    .darwin(),
    row(
        "PID/task/tokens/security",
        Kind::SecurityToken(macfuse::security_token),
        "two numbers: effective user and group",
    )
    .memory()
    .darwin(),
];
