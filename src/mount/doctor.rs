//! What `doctor` finds: whether this machine can mount, and what to do where it cannot.

use std::fs;
use std::path::Path;

use super::error::MountError;
use super::host;
use super::made::Made;
use super::quote::quote;
use crate::kernel::Kernel;
use crate::model::{Pid, error_words};

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// As it should be.
    Fine,
    /// It works, but not all of it or not for everybody.
    Warning,
    /// A mount cannot work like this.
    Failure,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// How it ended.
    pub verdict: Verdict,
    /// What was looked at.
    pub subject: &'static str,
    /// What was found, in one line.
    pub finding: String,
    /// What to do about it, in one line.
    pub advice: Option<String>,
}

impl Check {
    /// As it should be.
    pub fn fine(subject: &'static str, finding: impl Into<String>) -> Self {
        Check { verdict: Verdict::Fine, subject, finding: finding.into(), advice: None }
    }

    /// It could be better.
    pub fn warning(
        subject: &'static str,
        finding: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        let advice = Some(advice.into());
        Check { verdict: Verdict::Warning, subject, finding: finding.into(), advice }
    }

    /// It cannot work.
    pub fn failure(
        subject: &'static str,
        finding: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        let advice = Some(advice.into());
        Check { verdict: Verdict::Failure, subject, finding: finding.into(), advice }
    }
}

/// Looks at all that a mount needs: in general, and at this place if one is named. Changes nothing.
#[must_use]
pub fn diagnose(mount_point: Option<&Path>) -> Vec<Check> {
    host::diagnose(mount_point)
}

/// Whether the kernel gives a port to the task of this process, and where not, why; nothing where
/// tasks have no ports.
#[must_use]
pub fn task_port(kernel: &dyn Kernel, pid: Pid) -> Option<Check> {
    let subject = "task ports";
    let darwin = kernel.darwin()?;
    let name = kernel.name(pid).unwrap_or_default();
    let who = format!("pid {pid}, {}", String::from_utf8_lossy(&name));
    Some(match darwin.port_refusal(pid) {
        Ok(None) => Check::fine(subject, format!("given for {who}")),
        Ok(Some(refusal)) => Check::warning(
            subject,
            format!("refused for {who}: {refusal}"),
            "for such processes task/vmmap_r shows a submap as one row, and files of ports and \
             registers cannot be read; all else does not depend on it",
        ),
        Err(error) => Check::warning(
            subject,
            format!("{who}: {error}"),
            "`mach-procfs doctor` from a shell asks for the shell's",
        ),
    })
}

pub(super) const MOUNT_POINT: &str = "mount point";

/// What there is to say of a directory on which nothing of ours is mounted.
pub(super) fn empty_directory(path: &Path) -> Check {
    let place = path.display();
    let no_way = |_: &Path| MountError::new(String::new());
    match Made::is_to_make(path, no_way) {
        Ok(true) if Made::can_make(path) => {
            return Check::fine(MOUNT_POINT, format!("{place} is not there, and `mount` makes it"));
        }
        Ok(true) => {
            return Check::failure(
                MOUNT_POINT,
                format!("{place} cannot be made"),
                "name a directory below one of your own",
            );
        }
        Err(_) => {
            return Check::failure(
                MOUNT_POINT,
                format!("{place} does not exist"),
                format!("mkdir -p {}", quote(path)),
            );
        }
        Ok(false) => {}
    }
    match fs::metadata(path) {
        Err(error) => Check::failure(
            MOUNT_POINT,
            format!("{place}: {}", error_words(&error)),
            "name a directory that you may enter",
        ),
        Ok(data) if !data.is_dir() => Check::failure(
            MOUNT_POINT,
            format!("{place} is not a directory"),
            "name an empty directory",
        ),
        Ok(_) => match fs::read_dir(path).map(|mut names| names.next().is_none()) {
            Ok(true) => Check::fine(MOUNT_POINT, format!("{place} is an empty directory")),
            Ok(false) => Check::warning(
                MOUNT_POINT,
                format!("{place} is not empty"),
                "what is in it is hidden while something is mounted there",
            ),
            Err(error) => Check::warning(
                MOUNT_POINT,
                format!("{place}: {}", error_words(&error)),
                "a mount there works all the same",
            ),
        },
    }
}
