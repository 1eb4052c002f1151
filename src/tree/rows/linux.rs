//! Files that only Linux has, since XNU reports nothing of the kind, or that Linux shows to all users
//! and XNU to fewer. Who may see them on Linux is by `tgid_base_stuff` of `fs/proc/base.c`.

use super::super::kind::Public::{Nothing, Whole};
use super::super::kind::{Entries, Kind, Link};
use super::{RowSpec, directory, linux_own, row};
use crate::format::linux;

pub(super) const ROWS: &[RowSpec] = &[
    linux_own("cgroups", "cgroups", Whole, "controllers of control groups"),
    linux_own("config.gz", "config.gz", Whole, "how the kernel was built, compressed by gzip"),
    linux_own("crypto", "crypto", Whole, "ciphers that the kernel has"),
    linux_own("devices", "devices", Whole, "numbers and names of device drivers"),
    linux_own("diskstats", "diskstats", Whole, "reads and writes of each disk"),
    linux_own("interrupts", "interrupts", Whole, "interrupts that each CPU has taken, by number"),
    linux_own("locks", "locks", Whole, "locks of files, and the processes that hold them"),
    linux_own("modules", "modules", Whole, "modules that the kernel has loaded"),
    linux_own("partitions", "partitions", Whole, "sizes of disks and their partitions"),
    linux_own(
        "softirqs",
        "softirqs",
        Whole,
        "software interrupts that each CPU has taken, by kind",
    ),
    directory("pressure", "how much time is lost by waiting").linux(),
    linux_own("pressure/cpu", "pressure/cpu", Whole, "time in which tasks waited for a CPU"),
    linux_own("pressure/io", "pressure/io", Whole, "time in which tasks waited for a disk"),
    linux_own("pressure/memory", "pressure/memory", Whole, "time in which tasks waited for memory"),
    directory("sys/fs", "what file systems use").linux(),
    linux_own("sys/fs/dentry-state", "sys/fs/dentry-state", Whole, "cached names of files"),
    linux_own("sys/fs/file-nr", "sys/fs/file-nr", Whole, "open files of the machine, and the most"),
    linux_own("sys/kernel/threads-max", "sys/kernel/threads-max", Whole, "the most threads"),
    linux_own(
        "sys/kernel/random/entropy_avail",
        "sys/kernel/random/entropy_avail",
        Whole,
        "random bits that the kernel has collected",
    ),
    linux_own(
        "sys/kernel/random/poolsize",
        "sys/kernel/random/poolsize",
        Whole,
        "random bits that the kernel keeps",
    ),
    linux_own(
        "sys/kernel/random/write_wakeup_threshold",
        "sys/kernel/random/write_wakeup_threshold",
        Whole,
        "random bits below which writers of them are woken",
    ),
    directory("PID/map_files", "files that are mapped, by the addresses of the region")
        .memory()
        .linux(),
    row(
        "PID/map_files/RANGE",
        Kind::Link(Link::MappedFile),
        "link to the file that this region maps",
    )
    .memory()
    .linux()
    .each(Entries::MappedFiles),
    linux_own(
        "PID/auxv",
        "auxv",
        Nothing,
        "values from the kernel for its program, as binary pairs",
    ),
    linux_own("PID/cgroup", "cgroup", Whole, "control groups that it is in"),
    linux_own("PID/loginuid", "loginuid", Whole, "user who logged in, for the audit system"),
    row(
        "PID/loginuid",
        Kind::AuditToken(linux::loginuid),
        "user who logged in, for the audit system",
    )
    .memory()
    .darwin(),
    linux_own(
        "PID/mountstats",
        "mountstats",
        Nothing,
        "file systems that it sees mounted, with what some of them count",
    ),
    linux_own("PID/oom_score", "oom_score", Whole, "how likely it is killed when memory is short"),
    linux_own("PID/oom_score_adj", "oom_score_adj", Whole, "what its user adds to `oom_score`"),
    linux_own("PID/personality", "personality", Nothing, "execution domain, a hexadecimal number"),
    linux_own("PID/sched", "sched", Whole, "scheduling: times, priorities, counters"),
    linux_own(
        "PID/schedstat",
        "schedstat",
        Whole,
        "time on a CPU, time waiting for one, time slices",
    ),
    linux_own("PID/sessionid", "sessionid", Whole, "session, for the audit system"),
    row("PID/sessionid", Kind::AuditToken(linux::sessionid), "session, for the audit system")
        .memory()
        .darwin(),
];
