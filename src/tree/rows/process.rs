//! What stands in a process's directory.

use super::super::kind::{Entries, Kind, Link, Public};
use super::{RowSpec, directory, linux_own, machine, process, row, whole_process};
use crate::format::line::{line, line_or_dash};
use crate::format::{self, linux, macfuse};
use crate::kernel::{Detail, LinkTo};

pub(super) const ROWS: &[RowSpec] = &[
    directory("PID/task", "the process as a Mach task, and its threads"),
    directory("PID/fd", "open files").memory(),
    directory("PID/fdinfo", "how they are open").memory(),
    directory("PID/ucred", "its users and groups"),
    directory("PID/pcred", "the same"),
    row(
        "PID/maps",
        Kind::Regions(Detail::Map, format::maps),
        "mapped regions in Linux's grammar: range, protection, offset, device, inode, name",
    )
    .memory()
    .own("maps", Public::Nothing),
    row(
        "PID/smaps",
        Kind::Regions(Detail::Counts, format::smaps),
        "the same, and how much of each region is in memory, in Linux's grammar",
    )
    .own("smaps", Public::Nothing),
    row(
        "PID/smaps_rollup",
        Kind::Document(Detail::Counts, format::smaps_rollup),
        "the sums of smaps, in Linux's grammar",
    )
    .own("smaps_rollup", Public::Nothing),
    row(
        "PID/cmdline",
        Kind::Arguments(|a, out| out.extend_from_slice(&a.arguments)),
        "arguments, a NUL behind each",
    )
    .own("cmdline", Public::Whole),
    process("PID/comm", linux::comm, "name, at most 15 bytes of it").own("comm", Public::Whole),
    row(
        "PID/environ",
        Kind::Arguments(|a, out| out.extend_from_slice(&a.environment)),
        "environment, a NUL behind each variable",
    )
    .own("environ", Public::Nothing),
    row("PID/exe", Kind::Link(Link::Of(LinkTo::Executable)), "link to the program that it runs")
        .memory(),
    row("PID/cwd", Kind::Link(Link::Of(LinkTo::Current)), "link to its working directory").memory(),
    row(
        "PID/root",
        Kind::Link(Link::Of(LinkTo::Root)),
        "link to the directory that it takes for the root",
    )
    .memory(),
    whole_process(
        "PID/stat",
        linux::stat,
        "52 numbers in a line: ids, terminal, faults, times, sizes",
    )
    .own("stat", Public::Redacted(linux::public_stat)),
    process("PID/statm", linux::statm, "pages of address space and in memory")
        .own("statm", Public::Whole),
    whole_process(
        "PID/status",
        linux::status,
        "the values of `stat` and `statm`, and user and group ids, by name",
    )
    .own("status", Public::Whole),
    process(
        "PID/limits",
        linux::limits,
        "limits of what it may use; unlimited on macOS, which does not report them",
    )
    .own("limits", Public::Whole),
    row("PID/fd/N", Kind::Link(Link::Descriptor), "link to what this descriptor is open on")
        .memory()
        .each(Entries::Descriptors),
    row(
        "PID/fdinfo/N",
        Kind::Descriptor(linux::fdinfo),
        "offset and flags with which this descriptor is open",
    )
    .own("fdinfo", Public::Nothing)
    .each(Entries::Descriptors),
    row(
        "PID/fds",
        Kind::Descriptors(macfuse::descriptors),
        "number, type and name of each open file",
    )
    .memory(),
    machine("PID/mounts", linux::mounts, "file systems that it sees mounted, as `mounts`")
        .own("mounts", Public::Whole),
    machine(
        "PID/mountinfo",
        linux::mountinfo,
        "file systems that it sees mounted, with their devices and in which other each is",
    )
    .own("mountinfo", Public::Whole),
    process(
        "PID/jobc",
        |p, out| line_or_dash(out, p.job_control),
        "processes of its group that job control counts",
    )
    .darwin(),
    process("PID/pgid", |p, out| line(out, p.group), "number of its process group"),
    row(
        "PID/platform",
        Kind::Platform(macfuse::platform),
        "system that its program was built for: `macos`, `maccatalyst`, `iossimulator`, \
         `driverkit`",
    )
    .darwin(),
    process("PID/ppid", |p, out| line(out, p.process.parent), "pid of its parent"),
    process("PID/tdev", macfuse::linux_terminal, "name of its terminal, or `none`").linux(),
    process("PID/tdev", macfuse::darwin_terminal, "name of its terminal, or `none`").darwin(),
    process(
        "PID/tpgid",
        // 0 without a terminal, which is what XNU's `e_tpgid` has then.
        |p, out| line(out, p.terminal_group.unwrap_or(0)),
        "process group in the foreground of its terminal",
    ),
    process(
        "PID/wchan",
        macfuse::wait_channel,
        "where in the kernel it waits; `0` for who may not see its memory",
    )
    .own("wchan", Public::Redacted(linux::public_wchan))
    .linux(),
    process("PID/wchan", macfuse::wait_channel, "where in the kernel it waits").memory().darwin(),
    linux_own("PID/io", "io", Public::Nothing, "how much it has read and written"),
    whole_process("PID/io", linux::io, "how much it has read from disks and written to them")
        .memory()
        .darwin(),
];
