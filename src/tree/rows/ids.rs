//! Users and groups of a process, under both names that the MacFUSE procfs has for them.

use super::{RowSpec, ids};
use crate::format::macfuse;

pub(super) const ROWS: &[RowSpec] = &[
    groups("PID/ucred/groups"),
    real_group("PID/ucred/rgid"),
    real_user("PID/ucred/ruid"),
    saved_group("PID/ucred/svgid"),
    saved_user("PID/ucred/svuid"),
    user("PID/ucred/uid"),
    groups("PID/pcred/groups"),
    real_group("PID/pcred/rgid"),
    real_user("PID/pcred/ruid"),
    saved_group("PID/pcred/svgid"),
    saved_user("PID/pcred/svuid"),
    user("PID/pcred/uid"),
];

const fn groups(path: &'static str) -> RowSpec {
    ids(path, macfuse::groups, "groups that it belongs to, as number and name")
}

const fn real_group(path: &'static str) -> RowSpec {
    ids(
        path,
        |p, names, out| names.group_line(p.process.credentials.gid.real, out),
        "real group, as number and name",
    )
}

const fn real_user(path: &'static str) -> RowSpec {
    ids(
        path,
        |p, names, out| names.user_line(p.process.credentials.uid.real, out),
        "real user, as number and name",
    )
}

const fn saved_group(path: &'static str) -> RowSpec {
    ids(
        path,
        |p, names, out| names.group_line(p.process.credentials.gid.saved, out),
        "saved group, as number and name",
    )
}

const fn saved_user(path: &'static str) -> RowSpec {
    ids(
        path,
        |p, names, out| names.user_line(p.process.credentials.uid.saved, out),
        "saved user, as number and name",
    )
}

const fn user(path: &'static str) -> RowSpec {
    ids(
        path,
        |p, names, out| names.user_line(p.process.credentials.uid.effective, out),
        "effective user, as number and name",
    )
}
