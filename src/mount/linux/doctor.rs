//! Linux: the checks of `doctor`.

use std::fs::{self, File};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use nix::unistd::geteuid;

use super::place::{State, look, our_mounts, resolve, state};
use super::problem::{self, Problem};
use super::unmount::{command_for, whose};
use super::{DEVICE, fusermount};
use crate::model::error_words;
use crate::mount::command::{for_roots_shell, on_path};
use crate::mount::doctor::{Check, MOUNT_POINT, Verdict, empty_directory};
use crate::mount::quote::quote;

const MODE_SET_UID: u32 = 0o4000;

pub(in crate::mount) fn diagnose(mount_point: Option<&Path>) -> Vec<Check> {
    let is_root = geteuid().is_root();
    let mut checks = vec![kernel(), device()];
    checks.extend(if is_root { vec![may_mount()] } else { vec![helper(), helper_unmounts()] });
    checks.push(other_users(is_root));
    checks.push(rights(is_root));
    match mount_point {
        Some(path) => checks.push(place(path, is_root)),
        None => checks.extend(our_mounts().iter().map(|path| place(path, is_root))),
    }
    checks
}

/// A reused pid is recognised by pidfds, or else by a start time in steps of 10 ms.
fn kernel() -> Check {
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let release = release.trim();
    let mut numbers = release.split(|c: char| !c.is_ascii_digit()).map(str::parse::<u32>);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor))) if (major, minor) < (6, 9) => Check::warning(
            "kernel",
            format!("Linux {release}"),
            "a pid that is used again within 10 ms may be mistaken for the old one; 6.9 or newer tells them apart",
        ),
        (Some(Ok(_)), Some(Ok(_))) => Check::fine("kernel", format!("Linux {release}")),
        _ => Check::warning(
            "kernel",
            "/proc/sys/kernel/osrelease cannot be read",
            "see whether the system's own procfs is mounted on /proc",
        ),
    }
}

fn failure(subject: &'static str, problem: &Problem) -> Check {
    Check::failure(subject, problem.finding.clone(), problem.cure())
}

fn device() -> Check {
    let subject = "FUSE";
    match File::options().read(true).write(true).open(DEVICE) {
        Ok(_) => Check::fine(subject, "/dev/fuse can be opened"),
        Err(error) => failure(subject, &problem::device(&error)),
    }
}

/// Root in a container often lacks the right to mount.
fn may_mount() -> Check {
    let subject = "mounting";
    if problem::may_mount_directly() {
        Check::fine(subject, "root needs no helper")
    } else {
        failure(subject, &problem::root_without_rights())
    }
}

/// The set-uid helper that mounts for users other than root.
fn helper() -> Check {
    let subject = "mounting";
    if problem::may_mount_directly() {
        return Check::fine(subject, "this process needs no helper (CAP_SYS_ADMIN)");
    }
    let named = fusermount::program();
    let path = if named.components().count() > 1 {
        Some(named)
    } else {
        on_path(named.as_os_str(), &std::env::var_os("PATH").unwrap_or_default())
    };
    let Some(path) = path.filter(|path| path.is_file()) else {
        return failure(subject, &problem::no_helper());
    };
    let place = path.display();
    match fs::metadata(&path) {
        Ok(data) if data.uid() == 0 && data.permissions().mode() & MODE_SET_UID != 0 => {
            Check::fine(subject, format!("{place} mounts for this user"))
        }
        Ok(_) => {
            let quoted = quote(&path);
            Check::failure(
                subject,
                format!("{place} has no rights of root's"),
                for_roots_shell(&format!("chown root {quoted} && chmod u+s {quoted}")),
            )
        }
        Err(error) => Check::failure(
            subject,
            format!("{place}: {}", error_words(&error)),
            problem::no_helper().advice,
        ),
    }
}

/// Whether the helper can end its mounts.
fn helper_unmounts() -> Check {
    let subject = "unmounting";
    match problem::mtab() {
        // Mounting itself works.
        Some(problem) => Check::warning(subject, problem.finding.clone(), problem.cure()),
        None => Check::fine(subject, "fusermount3 can look mounts up in /etc/mtab"),
    }
}

fn other_users(is_root: bool) -> Check {
    let subject = "other users";
    if is_root {
        return Check::fine(subject, "see root's mounts (allow_other)");
    }
    let allowed = fs::read_to_string("/etc/fuse.conf")
        .is_ok_and(|text| text.lines().any(|line| line.trim() == "user_allow_other"));
    if allowed {
        Check::fine(subject, "see a mount made with -o allow_other")
    } else {
        Check::warning(
            subject,
            "this user's mounts are this user's alone",
            format!("for -o allow_other: {}", problem::allow_all()),
        )
    }
}

fn rights(is_root: bool) -> Check {
    let subject = "rights";
    let table = fs::read_to_string("/proc/thread-self/mounts").unwrap_or_default();
    let hides = table.lines().any(|line| {
        let mut words = line.split(' ').skip(1);
        words.next() == Some("/proc")
            && words.next() == Some("proc")
            && words.next().is_some_and(|options| {
                options.split(',').any(|it| it.starts_with("hidepid=") && it != "hidepid=off")
            })
    });
    match (is_root, hides) {
        (true, _) => Check::fine(subject, "the maps of all processes"),
        (false, false) => Check::warning(
            subject,
            "the maps of this user's own processes",
            "mount as root to see those of all",
        ),
        (false, true) => Check::warning(
            subject,
            "this user's own processes; /proc hides the others (hidepid)",
            "mount as root to see those of all",
        ),
    }
}

fn place(path: &Path, is_root: bool) -> Check {
    // Before any request for the path: a dead mount answers none, and is found by the path's
    // components.
    let Ok(absolute) = resolve(path) else {
        return empty_directory(path);
    };
    let shown = absolute.display();
    let at_place = |problem: Problem| {
        let finding = format!("{shown}: {}", problem.finding);
        Check::failure(MOUNT_POINT, finding, problem.cure())
    };
    let Some(ours) = look(&absolute) else {
        if let Some(problem) = problem::of_others(&absolute) {
            return at_place(problem);
        }
        let check = empty_directory(&absolute);
        if is_root || problem::may_mount_directly() || check.verdict == Verdict::Failure {
            return check;
        }
        return problem::of_place(&absolute).map_or(check, at_place);
    };
    let whose = whose(ours.owner);
    match state(&absolute) {
        State::Stale => Check::failure(
            MOUNT_POINT,
            format!("{shown} has the dead mount{whose} of a daemon that was killed"),
            format!("{}, or mount there again", command_for(ours.owner, &absolute)),
        ),
        State::Live => {
            Check::fine(MOUNT_POINT, format!("{shown} has a mach-procfs{whose} that answers"))
        }
        State::Closed => Check::warning(
            MOUNT_POINT,
            format!("{shown} has a mach-procfs{whose}, which only that user may look into"),
            format!("{} ends it", command_for(ours.owner, &absolute)),
        ),
    }
}
