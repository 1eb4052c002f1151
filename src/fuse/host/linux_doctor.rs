//! Linux: what `doctor` looks at.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use nix::unistd::geteuid;

use super::linux::{There, mounted_at, our_mounts, resolve};
use crate::fuse::doctor::{Check, MOUNT_POINT, empty_directory};
use crate::fuse::session::words;

/// The bit of CAP_SYS_ADMIN, which mounting takes (capabilities(7)).
const SYS_ADMIN: u32 = 21;

const MODE_SET_UID: u32 = 0o4000;

pub(in crate::fuse) fn diagnose(mount_point: Option<&Path>) -> Vec<Check> {
    let is_root = geteuid().is_root();
    let mut checks = vec![kernel(), device()];
    checks.push(if is_root { may_mount() } else { helper() });
    checks.push(other_users(is_root));
    checks.push(rights(is_root));
    match mount_point {
        Some(path) => checks.push(place(path, is_root)),
        None => checks.extend(our_mounts().iter().map(|path| place(path, is_root))),
    }
    checks
}

/// pidfs is what a reused pid is told by; before it, a start time of 10 ms.
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

fn device() -> Check {
    let subject = "FUSE";
    match File::options().read(true).write(true).open("/dev/fuse") {
        Ok(_) => Check::fine(subject, "/dev/fuse can be opened"),
        Err(error) if error.kind() == ErrorKind::NotFound => Check::failure(
            subject,
            "/dev/fuse is missing",
            "as root: modprobe fuse; in a container: start it with --device /dev/fuse",
        ),
        Err(error) if error.raw_os_error() == Some(libc::EACCES) => Check::failure(
            subject,
            "/dev/fuse is closed to this user",
            "as root: chmod 666 /dev/fuse",
        ),
        Err(error) if error.raw_os_error() == Some(libc::EPERM) => Check::failure(
            subject,
            "/dev/fuse may not be opened in this container",
            "start it with --device /dev/fuse",
        ),
        Err(error) => Check::failure(
            subject,
            format!("/dev/fuse: {}", words(&error)),
            "as root: modprobe fuse",
        ),
    }
}

/// Root in a container often may not mount.
fn may_mount() -> Check {
    let status = fs::read_to_string("/proc/thread-self/status").unwrap_or_default();
    let effective = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    let effective = effective.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    match effective {
        Some(mask) if mask >> SYS_ADMIN & 1 == 0 => Check::failure(
            "mounting",
            "this root lacks CAP_SYS_ADMIN",
            "start the container with --cap-add SYS_ADMIN, or use `mach-procfs cat`",
        ),
        _ => Check::fine("mounting", "root needs no helper"),
    }
}

/// The set-uid helper that mounts for others than root; fuser looks at the variable first.
fn helper() -> Check {
    let name = "fusermount3";
    let install = "as root: apt-get install fuse3, or what your system calls that package";
    let named = std::env::var_os("FUSERMOUNT_PATH").map(PathBuf::from);
    let path = named.filter(|path| path.is_file()).or_else(|| {
        let path = std::env::var_os("PATH")?;
        std::env::split_paths(&path).map(|folder| folder.join(name)).find(|path| path.is_file())
    });
    let Some(path) = path else {
        return Check::failure("mounting", format!("{name} is not on the PATH"), install);
    };
    let place = path.display();
    match fs::metadata(&path) {
        Ok(data) if data.uid() == 0 && data.permissions().mode() & MODE_SET_UID != 0 => {
            Check::fine("mounting", format!("{place} mounts for this user"))
        }
        Ok(_) => Check::failure(
            "mounting",
            format!("{place} has no rights of root's"),
            format!("as root: chown root {place} && chmod u+s {place}"),
        ),
        Err(error) => Check::failure("mounting", format!("{place}: {}", words(&error)), install),
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
            "for -o allow_other, as root: echo user_allow_other >> /etc/fuse.conf",
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
    let make = || format!("mkdir -p {}", path.display());
    // A dead mount is one that the path's own components tell, so before anything asks for it.
    let Ok(absolute) = resolve(path) else {
        return empty_directory(path, &make());
    };
    let shown = absolute.display();
    match mounted_at(&absolute) {
        There::Dead => Check::failure(
            MOUNT_POINT,
            format!("{shown} has the dead mount of a daemon that was killed"),
            format!("mach-procfs umount {shown}, or mount there again"),
        ),
        There::Alive => Check::fine(MOUNT_POINT, format!("{shown} has a mach-procfs that answers")),
        There::Nothing => match empty_directory(&absolute, &make()) {
            check if is_root || check.verdict != crate::fuse::Verdict::Fine => check,
            // fusermount3 wants the right to write, and in a folder with the sticky bit to own it.
            check => {
                let writable = nix::unistd::access(&absolute, nix::unistd::AccessFlags::W_OK);
                let is_ours = fs::metadata(&absolute).is_ok_and(|data| {
                    data.uid() == geteuid().as_raw() || data.permissions().mode() & 0o1000 == 0
                });
                if writable.is_ok() && is_ours {
                    return check;
                }
                Check::failure(
                    MOUNT_POINT,
                    format!("{shown} is not this user's"),
                    "name a directory of your own, or mount as root",
                )
            }
        },
    }
}
