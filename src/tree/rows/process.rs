//! What stands in a process's directory.

use super::super::table::{Items, Kind, Link};
use super::{Listed, account, directory, ids, linux_own, machine, row, whole_account};
use crate::format::{self, linux, original};
use crate::kernel::{Detail, LinkTo};
use crate::model::TaskFact;

pub(super) const ROWS: &[Listed] = &[
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
        Kind::Sheet(Detail::Attributes, format::smaps_rollup),
        "the sums of smaps, in Linux's grammar",
    )
    .own("smaps_rollup")
    .memory(),
    row("PID/cmdline", Kind::Arguments(linux::cmdline), "arguments, a NUL behind each")
        .own("cmdline"),
    account("PID/comm", linux::comm, "name, at most 15 bytes of it").own("comm"),
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
    whole_account("PID/stat", linux::stat, "52 numbers in a line: ids, terminal, faults, times, sizes")
        .own("stat"),
    account("PID/statm", linux::statm, "pages of address space and in memory").own("statm"),
    whole_account(
        "PID/status",
        linux::status,
        "what `stat` and `statm` tell, and user and group ids, by name",
    )
    .own("status"),
    account(
        "PID/limits",
        linux::limits,
        "limits of what it may use; unlimited on macOS, which does not tell",
    )
    .own("limits"),
    row("PID/fd/N", Kind::Link(Link::Descriptor), "link to what this descriptor is open on")
        .memory()
        .each(Items::Descriptors),
    row(
        "PID/fdinfo/N",
        Kind::Descriptor(linux::fdinfo),
        "offset and flags with which this descriptor is open",
    )
    .own("fdinfo")
    .memory()
    .each(Items::Descriptors),
    row(
        "PID/fds",
        Kind::Descriptors(original::descriptors),
        "number, type and name of each open file",
    )
    .memory(),
    machine("PID/mounts", linux::mounts, "file systems that it sees mounted, as `mounts`")
        .own("mounts"),
    account("PID/jobc", original::job_control, "processes of its group that job control counts")
        .darwin(),
    account("PID/pgid", original::group, "number of its process group"),
    row(
        "PID/platform",
        Kind::Task(TaskFact::Platform, original::platform),
        "system that its program was built for: `macos`, `maccatalyst`, `iossimulator`, `driverkit`",
    )
    .darwin(),
    account("PID/ppid", original::parent, "pid of its parent"),
    account("PID/tdev", original::linux_terminal, "name of its terminal, or `none`").linux(),
    account("PID/tdev", original::darwin_terminal, "name of its terminal, or `none`").darwin(),
    account(
        "PID/tpgid",
        original::terminal_group,
        "process group in the foreground of its terminal",
    ),
    account(
        "PID/wchan",
        original::wait_channel,
        "where in the kernel it waits; `0` for who may not see its memory",
    )
    .own("wchan")
    .linux(),
    account("PID/wchan", original::wait_channel, "where in the kernel it waits").memory().darwin(),
    linux_own("PID/io", "io", "how much it has read and written").memory(),
    whole_account("PID/io", linux::io, "how much it has read from disks and written to them")
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
    ids("PID/ucred/groups", original::groups, "groups that it belongs to, as number and name"),
    ids("PID/ucred/rgid", original::real_group, "real group, as number and name"),
    ids("PID/ucred/ruid", original::real_user, "real user, as number and name"),
    ids("PID/ucred/svgid", original::saved_group, "saved group, as number and name"),
    ids("PID/ucred/svuid", original::saved_user, "saved user, as number and name"),
    ids("PID/ucred/uid", original::user, "effective user, as number and name"),
    ids("PID/pcred/groups", original::groups, "groups that it belongs to, as number and name"),
    ids("PID/pcred/rgid", original::real_group, "real group, as number and name"),
    ids("PID/pcred/ruid", original::real_user, "real user, as number and name"),
    ids("PID/pcred/svgid", original::saved_group, "saved group, as number and name"),
    ids("PID/pcred/svuid", original::saved_user, "saved user, as number and name"),
    ids("PID/pcred/uid", original::user, "effective user, as number and name"),
];
