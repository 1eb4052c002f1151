//! Files that only Linux has, since XNU reports nothing of the kind, or that Linux shows to all users
//! and XNU to fewer. Who may see them on Linux is by `tgid_base_stuff` of `fs/proc/base.c`.

use super::super::kind::Kind;
use super::super::kind::Public::{Nothing, Whole};
use super::{RowSpec, linux_own, row};
use crate::format::linux;

pub(super) const ROWS: &[RowSpec] = &[
    linux_own("devices", "devices", Whole, "numbers and names of device drivers"),
    linux_own("diskstats", "diskstats", Whole, "reads and writes of each disk"),
    linux_own("partitions", "partitions", Whole, "sizes of disks and their partitions"),
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
