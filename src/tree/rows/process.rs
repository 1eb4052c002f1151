//! What stands in a process's directory.

use super::super::table::{Entries, Kind, Link};
use super::{RowSpec, directory, ids, linux_own, machine, process_info, row, whole_process};
use crate::format::{self, linux, macfuse};
use crate::kernel::{Detail, LinkTo};
use crate::model::TaskFact;

pub(super) const ROWS: &[RowSpec] = &[
    directory("PID/task", "the process as a Mach task, and its threads"),
    directory("PID/fd", "open files").memory(),
    directory("PID/fdinfo", "how they are open").memory(),
    directory("PID/net", "the network that it sees").linux(),
    directory("PID/ucred", "its users and groups"),
    directory("PID/pcred", "the same"),
    row(
        "PID/maps",
        Kind::Regions(Detail::Map, format::maps),
        "mapped regions in Linux's grammar: range, protection, offset, device, inode, name",
    )
    .memory(),
    row(
        "PID/smaps",
        Kind::Regions(Detail::Attributes, format::smaps),
        "the same, and how much of each region is in memory, in Linux's grammar",
    )
    .own("smaps")
    .memory(),
    row(
        "PID/smaps_rollup",
        Kind::Document(Detail::Attributes, format::smaps_rollup),
        "the sums of smaps, in Linux's grammar",
    )
    .own("smaps_rollup")
    .memory(),
    row("PID/cmdline", Kind::Arguments(linux::cmdline), "arguments, a NUL behind each")
        .own("cmdline"),
    process_info("PID/comm", linux::comm, "name, at most 15 bytes of it").own("comm"),
    row("PID/environ", Kind::Arguments(linux::environ), "environment, a NUL behind each variable")
        .own("environ")
        .memory(),
    row("PID/exe", Kind::Link(Link::Of(LinkTo::Executable)), "link to the program that it runs")
        .memory(),
    row("PID/cwd", Kind::Link(Link::Of(LinkTo::Current)), "link to its working directory").memory(),
    row(
        "PID/root",
        Kind::Link(Link::Of(LinkTo::Root)),
        "link to the directory that it takes for the root",
    )
    .memory(),
    whole_process("PID/stat", linux::stat, "52 numbers in a line: ids, terminal, faults, times, sizes")
        .own("stat"),
    process_info("PID/statm", linux::statm, "pages of address space and in memory").own("statm"),
    whole_process(
        "PID/status",
        linux::status,
        "what `stat` and `statm` tell, and user and group ids, by name",
    )
    .own("status"),
    process_info(
        "PID/limits",
        linux::limits,
        "limits of what it may use; unlimited on macOS, which does not tell",
    )
    .own("limits"),
    row("PID/fd/N", Kind::Link(Link::Descriptor), "link to what this descriptor is open on")
        .memory()
        .each(Entries::Descriptors),
    row(
        "PID/fdinfo/N",
        Kind::Descriptor(linux::fdinfo),
        "offset and flags with which this descriptor is open",
    )
    .own("fdinfo")
    .memory()
    .each(Entries::Descriptors),
    row(
        "PID/fds",
        Kind::Descriptors(macfuse::descriptors),
        "number, type and name of each open file",
    )
    .memory(),
    machine("PID/mounts", linux::mounts, "file systems that it sees mounted, as `mounts`")
        .own("mounts"),
    process_info("PID/jobc", macfuse::job_control, "processes of its group that job control counts")
        .darwin(),
    process_info("PID/pgid", macfuse::group, "number of its process group"),
    row(
        "PID/platform",
        Kind::Task(TaskFact::Platform, macfuse::platform),
        "system that its program was built for: `macos`, `maccatalyst`, `iossimulator`, `driverkit`",
    )
    .darwin(),
    process_info("PID/ppid", macfuse::parent, "pid of its parent"),
    process_info("PID/tdev", macfuse::linux_terminal, "name of its terminal, or `none`").linux(),
    process_info("PID/tdev", macfuse::darwin_terminal, "name of its terminal, or `none`").darwin(),
    process_info(
        "PID/tpgid",
        macfuse::terminal_group,
        "process group in the foreground of its terminal",
    ),
    process_info(
        "PID/wchan",
        macfuse::wait_channel,
        "where in the kernel it waits; `0` for who may not see its memory",
    )
    .own("wchan")
    .linux(),
    process_info("PID/wchan", macfuse::wait_channel, "where in the kernel it waits").memory().darwin(),
    linux_own("PID/io", "io", "how much it has read and written").memory(),
    whole_process("PID/io", linux::io, "how much it has read from disks and written to them")
        .memory()
        .darwin(),
    linux_own("PID/net/arp", "net/arp", "hardware addresses of neighbours"),
    linux_own("PID/net/dev", "net/dev", "network devices, and how much they sent and received"),
    linux_own("PID/net/route", "net/route", "routes of IPv4"),
    linux_own("PID/net/tcp", "net/tcp", "TCP sockets of IPv4"),
    linux_own("PID/net/tcp6", "net/tcp6", "TCP sockets of IPv6"),
    linux_own("PID/net/udp", "net/udp", "UDP sockets of IPv4"),
    linux_own("PID/net/udp6", "net/udp6", "UDP sockets of IPv6"),
    linux_own("PID/net/unix", "net/unix", "local sockets"),
    ids("PID/ucred/groups", macfuse::groups, "groups that it belongs to, as number and name"),
    ids("PID/ucred/rgid", macfuse::real_group, "real group, as number and name"),
    ids("PID/ucred/ruid", macfuse::real_user, "real user, as number and name"),
    ids("PID/ucred/svgid", macfuse::saved_group, "saved group, as number and name"),
    ids("PID/ucred/svuid", macfuse::saved_user, "saved user, as number and name"),
    ids("PID/ucred/uid", macfuse::user, "effective user, as number and name"),
    ids("PID/pcred/groups", macfuse::groups, "groups that it belongs to, as number and name"),
    ids("PID/pcred/rgid", macfuse::real_group, "real group, as number and name"),
    ids("PID/pcred/ruid", macfuse::real_user, "real user, as number and name"),
    ids("PID/pcred/svgid", macfuse::saved_group, "saved group, as number and name"),
    ids("PID/pcred/svuid", macfuse::saved_user, "saved user, as number and name"),
    ids("PID/pcred/uid", macfuse::user, "effective user, as number and name"),
];
