//! Reasons why a mount cannot be made, and what to do about them, in the same words for `mount` and
//! `doctor`.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use nix::unistd::{AccessFlags, access, geteuid};

use super::place::others;
use crate::model::error_words;
use crate::mount::command::{for_root, for_roots_shell};
use crate::mount::error::MountError;

/// A problem and its remedy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Problem {
    /// What is wrong, in one line.
    pub(super) finding: String,
    /// What to do, in words.
    pub(super) advice: &'static str,
    /// The command that does it, if there is one.
    pub(super) command: Option<String>,
}

impl Problem {
    fn new(finding: impl Into<String>, advice: &'static str, command: Option<String>) -> Self {
        Problem { finding: finding.into(), advice, command }
    }

    /// The problem as the consequence of another one, in these words.
    pub(super) fn after(self, words: &str) -> Self {
        Problem { finding: format!("{words}: {}", self.finding), ..self }
    }

    /// The problem as an error of mounting here.
    pub(super) fn error(&self, place: &Path) -> MountError {
        let error = MountError::at(place, format!("{}; {}", self.finding, self.advice));
        match &self.command {
            Some(command) => error.with_command(command.clone()),
            None => error,
        }
    }

    /// The advice with its command, on one line.
    pub(super) fn cure(&self) -> String {
        match &self.command {
            Some(command) => format!("{}: {command}", self.advice.trim_end_matches(':')),
            None => self.advice.to_owned(),
        }
    }
}

/// `/dev/fuse` cannot be opened for this reason.
pub(super) fn device(error: &std::io::Error) -> Problem {
    let finding = match (error.kind(), error.raw_os_error()) {
        (ErrorKind::NotFound, _) => {
            return Problem::new(
                "/dev/fuse is missing",
                "in a container, start it with --device /dev/fuse; else load the module:",
                Some(for_root("modprobe fuse")),
            );
        }
        (_, Some(libc::EPERM)) => {
            return Problem::new(
                "/dev/fuse may not be opened in this container",
                "start it with --device /dev/fuse",
                None,
            );
        }
        (_, Some(libc::EACCES)) => "/dev/fuse is closed to this user".to_owned(),
        _ => format!("/dev/fuse: {}", error_words(error)),
    };
    Problem::new(finding, "mount as root, or open it:", Some(for_root("chmod 666 /dev/fuse")))
}

/// The helper is missing.
pub(super) fn no_helper() -> Problem {
    Problem::new(
        "only root mounts without fusermount3, which is not on the PATH",
        "install the package fuse3",
        None,
    )
}

/// This process is root and may not mount.
pub(super) fn root_without_rights() -> Problem {
    Problem::new(
        "this root lacks CAP_SYS_ADMIN",
        "start the container with --cap-add SYS_ADMIN, or use `mach-procfs cat`",
        None,
    )
}

/// Other users may not use a user's mount.
pub(super) fn alone() -> Problem {
    Problem::new(
        "allow_other is for root, or for all if /etc/fuse.conf says user_allow_other",
        "mount without it, or:",
        Some(allow_all()),
    )
}

/// The command that allows users to open their mounts to others.
pub(super) fn allow_all() -> String {
    for_roots_shell("echo user_allow_other >>/etc/fuse.conf")
}

/// Whether mount(2) itself is permitted here (capabilities(7)), in this user namespace.
pub(super) fn may_mount_directly() -> bool {
    caps::has_cap(None, caps::CapSet::Effective, caps::Capability::CAP_SYS_ADMIN).unwrap_or(false)
}

/// Why an existing directory cannot be a mount point for a user of the helper. The helper requires
/// the rights to enter the directory and to write to it, and in a directory with the sticky bit
/// also its ownership.
pub(super) fn of_place(place: &Path) -> Option<Problem> {
    let advice = "name a directory of your own, or mount as root";
    if access(place, AccessFlags::X_OK).is_err() {
        return Some(Problem::new("this user may not enter it", advice, None));
    }
    if access(place, AccessFlags::W_OK).is_err() {
        return Some(Problem::new("this user may not write to it", advice, None));
    }
    let data = fs::metadata(place).ok()?;
    let is_others = data.uid() != geteuid().as_raw() && data.permissions().mode() & 0o1000 != 0;
    is_others.then(|| Problem::new("it is another user's, and has the sticky bit", advice, None))
}

/// Another program's FUSE mount is at this place. To mount over it would ask its daemon, which may
/// hang.
pub(super) fn of_others(place: &Path) -> Option<Problem> {
    let advice = "name another directory, or unmount that first";
    others(place).map(|volume| Problem::new(format!("it has {volume}"), advice, None))
}

/// The table in which fusermount3 looks up the mounts that it ends.
const MTAB: &str = "/etc/mtab";

/// Whether fusermount3 cannot unmount because `/etc/mtab` is missing.
pub(super) fn mtab() -> Option<Problem> {
    fs::File::open(MTAB).is_err().then(|| {
        Problem::new(
            "without /etc/mtab fusermount3 cannot end a user's mount",
            "make it:",
            Some(for_root("ln -sf /proc/self/mounts /etc/mtab")),
        )
    })
}
