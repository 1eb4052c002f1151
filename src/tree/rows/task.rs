//! The process as a Mach task, and its threads. What the original needs a task port for is
//! for those only who may see the process's memory.

use super::super::table::{Entries, Kind};
use super::{RowSpec, directory, port, process_info, row, thread, thread_of, thread_sums};
use crate::format::{self, linux, macfuse};
use crate::kernel::Detail;
use crate::model::{Extent, RegisterSet, TaskFact};

pub(super) const ROWS: &[RowSpec] = &[
    directory("PID/task/TID", "one thread").each(Entries::Threads),
    thread_of(
        "PID/task/TID/comm",
        Extent::Brief,
        linux::thread_comm,
        "its name, at most 15 bytes of it",
    )
    .own("comm"),
    thread_of(
        "PID/task/TID/stat",
        Extent::Whole,
        linux::thread_stat,
        "as `PID/stat`, of this thread",
    )
    .own("stat"),
    thread_of(
        "PID/task/TID/status",
        Extent::Whole,
        linux::thread_status,
        "as `PID/status`, of this thread",
    )
    .own("status"),
    process_info("PID/task/TID/statm", linux::statm, "as `PID/statm`").own("statm"),
    row("PID/task/TID/cmdline", Kind::Arguments(linux::cmdline), "as `PID/cmdline`").own("cmdline"),
    row("PID/task/TID/maps", Kind::Regions(Detail::Map, format::maps), "as `PID/maps`")
        .own("maps")
        .memory(),
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
        Kind::Document(Detail::Attributes, format::vmmap_json),
        "everything known of each region, as one JSON array",
    )
    .memory(),
    row(
        "PID/task/vmmap.svg",
        Kind::Document(Detail::Attributes, format::vmmap_svg),
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
    row(
        "PID/task/role",
        Kind::Task(TaskFact::Role, macfuse::role),
        "role that its policy gives it",
    )
    .memory()
    .darwin(),
    directory(
        "PID/task/absolutetime_info",
        "CPU time in the kernel's own unit: Mach's, or nanoseconds",
    )
    .memory(),
    thread_sums(
        "PID/task/absolutetime_info/threads_system",
        macfuse::threads_system,
        "system time of living threads",
    )
    .memory(),
    thread_sums(
        "PID/task/absolutetime_info/threads_user",
        macfuse::threads_user,
        "user time of living threads",
    )
    .memory(),
    process_info(
        "PID/task/absolutetime_info/total_system",
        macfuse::total_system,
        "system time of all threads",
    )
    .memory(),
    process_info(
        "PID/task/absolutetime_info/total_user",
        macfuse::total_user,
        "user time of all threads",
    )
    .memory(),
    directory("PID/task/basic_info", "what TASK_BASIC_INFO tells").memory(),
    process_info("PID/task/basic_info/policy", macfuse::policy, "scheduling policy").memory(),
    process_info(
        "PID/task/basic_info/resident_size",
        macfuse::resident_size,
        "memory in use, in KiB",
    )
    .memory(),
    row(
        "PID/task/basic_info/suspend_count",
        Kind::Task(TaskFact::SuspendCount, macfuse::number),
        "how often it was suspended and not resumed",
    )
    .memory()
    .darwin(),
    thread_sums(
        "PID/task/basic_info/system_time",
        macfuse::system_time,
        "system time of threads that have ended",
    )
    .memory(),
    thread_sums(
        "PID/task/basic_info/user_time",
        macfuse::user_time,
        "user time of threads that have ended",
    )
    .memory(),
    process_info(
        "PID/task/basic_info/virtual_size",
        macfuse::virtual_size,
        "address space, in KiB",
    )
    .memory(),
    directory("PID/task/events_info", "counters since it began").memory(),
    process_info(
        "PID/task/events_info/cow_faults",
        macfuse::cow_faults,
        "faults that copied a page",
    )
    .memory()
    .darwin(),
    thread_sums("PID/task/events_info/csw", macfuse::switches, "context switches").memory(),
    process_info("PID/task/events_info/faults", macfuse::faults, "page faults").memory(),
    process_info(
        "PID/task/events_info/messages_received",
        macfuse::messages_received,
        "Mach messages received",
    )
    .memory()
    .darwin(),
    process_info(
        "PID/task/events_info/messages_sent",
        macfuse::messages_sent,
        "Mach messages sent",
    )
    .memory()
    .darwin(),
    process_info(
        "PID/task/events_info/pageins",
        macfuse::pageins,
        "page faults that waited for a disk",
    )
    .memory(),
    process_info("PID/task/events_info/syscalls_mach", macfuse::syscalls_mach, "Mach calls")
        .memory()
        .darwin(),
    process_info("PID/task/events_info/syscalls_unix", macfuse::syscalls_unix, "system calls")
        .memory()
        .darwin(),
    directory("PID/task/thread_times_info", "CPU time of living threads").memory(),
    thread_sums(
        "PID/task/thread_times_info/system_time",
        macfuse::threads_system_time,
        "their system time",
    )
    .memory(),
    thread_sums(
        "PID/task/thread_times_info/user_time",
        macfuse::threads_user_time,
        "their user time",
    )
    .memory(),
    directory("PID/task/tokens", "tokens of the task").memory().darwin(),
    row(
        "PID/task/tokens/audit",
        Kind::Task(TaskFact::AuditToken, macfuse::hex_list),
        "eight numbers: audit user, ids, pid, audit session, version of the pid",
    )
    .memory()
    .darwin(),
    row(
        "PID/task/tokens/security",
        Kind::Task(TaskFact::SecurityToken, macfuse::hex_list),
        "two numbers: effective user and group",
    )
    .memory()
    .darwin(),
    directory("PID/task/ports", "names of Mach ports, hexadecimal").memory().darwin(),
    directory("PID/task/ports/NAME", "one name").memory().darwin().each(Entries::Ports),
    port(
        "PID/task/ports/NAME/msgcount",
        macfuse::messages,
        "messages in its queue, where the task receives there",
    )
    .memory()
    .darwin(),
    port("PID/task/ports/NAME/qlimit", macfuse::queue_limit, "how many there may be")
        .memory()
        .darwin(),
    port("PID/task/ports/NAME/seqno", macfuse::sequence, "number of the next message")
        .memory()
        .darwin(),
    port("PID/task/ports/NAME/sorights", macfuse::send_once_rights, "send-once rights to it")
        .memory()
        .darwin(),
    port("PID/task/ports/NAME/task_rights", macfuse::rights, "what the task may do with it")
        .memory()
        .darwin(),
    directory("PID/task/threads", "threads, by their number in hexadecimal").memory(),
    directory("PID/task/threads/ID", "one thread").memory().each(Entries::MachThreads),
    directory("PID/task/threads/ID/basic_info", "what THREAD_BASIC_INFO tells").memory(),
    thread(
        "PID/task/threads/ID/basic_info/cpu_usage",
        macfuse::thread_cpu_usage,
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
        macfuse::thread_sleep_time,
        "seconds that it has slept",
    )
    .memory()
    .darwin(),
    row(
        "PID/task/threads/ID/basic_info/suspend_count",
        Kind::Suspension(macfuse::thread_suspend_count),
        "how often it was suspended and not resumed",
    )
    .memory()
    .darwin(),
    thread(
        "PID/task/threads/ID/basic_info/system_time",
        macfuse::thread_system_time,
        "system time",
    )
    .memory(),
    thread("PID/task/threads/ID/basic_info/user_time", macfuse::thread_user_time, "user time")
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
