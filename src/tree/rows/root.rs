//! The root, and what stands in it of the machine.

use super::super::kind::{Entries, Kind, Link, Public};
use super::{RowSpec, directory, from_darwin, machine, row};
use crate::format::line::{line, text_line};
use crate::format::{linux, macfuse};

pub(super) const ROWS: &[RowSpec] = &[
    directory("", "the root"),
    directory("PID", "one process").each(Entries::Processes),
    row("self", Kind::Link(Link::OwnProcess), "link to the directory of the process that reads it"),
    row("curproc", Kind::Link(Link::OwnProcess), "the same by the name that the BSDs have for it"),
    row(
        "thread-self",
        Kind::Link(Link::OwnThread),
        "link to the directory of the thread that reads it",
    )
    .linux(),
    row(
        "net",
        Kind::Link(Link::To("self/net")),
        "link to the network of the process that reads it",
    )
    .linux(),
    row("net", Kind::Link(Link::Network), "link to the network").darwin(),
    row(
        "mtab",
        Kind::Link(Link::To("self/mounts")),
        "link to the mounts of the process that reads it",
    )
    .linux(),
    // All processes of a Mac see the same. No process that reads a recording is in it.
    row("mtab", Kind::Link(Link::To("mounts")), "link to `mounts`").darwin(),
    directory("byname", "processes by name"),
    row(
        "byname/NAME",
        Kind::Link(Link::Named),
        "link to the directory of the first process of this name, `:` for `/`",
    )
    .each(Entries::ProcessNames),
    directory("sys", "what Linux's sysctl tells"),
    directory("sys/kernel", "the kernel's name and version"),
    directory("system", "the machine, as the MacFUSE procfs shows it"),
    directory("system/hardware", "its parts"),
    directory("system/hardware/cpus", "its CPUs"),
    directory("system/hardware/cpus/N", "one CPU").each(Entries::Cpus),
    row(
        "system/hardware/cpus/N/data",
        Kind::Cpu(macfuse::cpu),
        "slot, type and subtype, and ticks of 10 ms by what they were spent on",
    ),
    machine("version", linux::version, "name, release and version of the kernel")
        .own("version", Public::Whole),
    machine(
        "uptime",
        linux::uptime,
        "seconds since the machine was started, and those that its CPUs were idle",
    )
    .own("uptime", Public::Whole),
    machine("loadavg", linux::loadavg, "load of the last 1, 5 and 15 minutes, processes, last pid")
        .own("loadavg", Public::Whole),
    machine("meminfo", linux::meminfo, "memory and swap space in KiB, by what they are used for")
        .own("meminfo", Public::Whole),
    machine("stat", linux::kernel_stat, "times of the CPUs, and when the machine was started")
        .own("stat", Public::Whole),
    machine("cpuinfo", linux::cpuinfo, "number, maker, name and frequency of each CPU")
        .own("cpuinfo", Public::Whole),
    machine("mounts", linux::mounts, "mounted file systems: source, path, type, options")
        .callers("mounts"),
    machine(
        "filesystems",
        linux::filesystems,
        "types of file systems, on macOS of those that are mounted",
    )
    .own("filesystems", Public::Whole),
    machine("sys/kernel/ostype", |m, out| text_line(out, &m.system), "name of the kernel")
        .own("sys/kernel/ostype", Public::Whole),
    machine("sys/kernel/osrelease", |m, out| text_line(out, &m.release), "release of the kernel")
        .own("sys/kernel/osrelease", Public::Whole),
    machine("sys/kernel/hostname", |m, out| text_line(out, &m.hostname), "name of the machine")
        .own("sys/kernel/hostname", Public::Whole),
    machine("sys/kernel/version", |m, out| text_line(out, &m.version), "version of the kernel")
        .own("sys/kernel/version", Public::Whole),
    from_darwin(
        "sys/kernel/pid_max",
        "sys/kernel/pid_max",
        |darwin, out| {
            line(out, darwin.pid_limit());
            Ok(())
        },
        "the pid that no process reaches",
    ),
    directory("sys/kernel/random", "random numbers"),
    from_darwin(
        "sys/kernel/random/boot_id",
        "sys/kernel/random/boot_id",
        |darwin, out| darwin.boot_id().map(|id| text_line(out, &id.to_ascii_lowercase())),
        "a random UUID that stays until the machine is started again",
    ),
    from_darwin(
        "sys/kernel/random/uuid",
        "sys/kernel/random/uuid",
        |darwin, out| darwin.random().map(|bytes| linux::random_uuid(bytes, out)),
        "a random UUID, another one at each read",
    ),
    from_darwin(
        "cmdline",
        "cmdline",
        |darwin, out| darwin.boot_arguments().map(|arguments| text_line(out, &arguments)),
        "what the kernel was started with",
    ),
    from_darwin(
        "swaps",
        "swaps",
        |darwin, out| darwin.swap_files().map(|files| linux::swaps(&files, out)),
        "where memory is swapped to, and how much",
    ),
    from_darwin(
        "vmstat",
        "vmstat",
        |darwin, out| darwin.paging().map(|paging| linux::vmstat(&paging, out)),
        "counters of virtual memory",
    ),
];
