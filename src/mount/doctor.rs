//! The checks of `doctor`: whether this machine can mount, and what to do if it cannot.

use std::fs;
use std::path::Path;

use super::host;
use super::made::Made;
use super::system::System as _;
use crate::kernel::Kernel;
use crate::model::{Pid, error_words};

/// The result of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// All is well.
    Fine,
    /// It works, but not in full or not for all users.
    Warning,
    /// A mount cannot work in this state.
    Failure,
}

/// One check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// Its result.
    pub verdict: Verdict,
    /// The thing that was checked.
    pub subject: &'static str,
    /// What was found, in one line.
    pub finding: String,
    /// What to do about it, in one line.
    pub advice: Option<String>,
}

impl Check {
    /// A check without a fault.
    pub fn fine(subject: &'static str, finding: impl Into<String>) -> Self {
        Check { verdict: Verdict::Fine, subject, finding: finding.into(), advice: None }
    }

    /// A check that found something to improve.
    pub fn warning(
        subject: &'static str,
        finding: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        let advice = Some(advice.into());
        Check { verdict: Verdict::Warning, subject, finding: finding.into(), advice }
    }

    /// A check that found why mounts cannot work.
    pub fn failure(
        subject: &'static str,
        finding: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        let advice = Some(advice.into());
        Check { verdict: Verdict::Failure, subject, finding: finding.into(), advice }
    }
}

/// Checks all that a mount needs: in general, and at this place if one is given. Changes nothing.
#[must_use]
pub fn diagnose(mount_point: Option<&Path>) -> Vec<Check> {
    host::diagnose(mount_point)
}

/// Whether the kernel gives a port to the task of this process, and the reason if not. Nothing on a
/// system where tasks have no ports.
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

/// The check of a directory on which nothing of ours is mounted.
pub(super) fn empty_directory(path: &Path) -> Check {
    let place = path.display();
    let elsewhere = "name a directory below one of your own";
    match Made::is_to_make(path, |missing| host::system().missing(missing)) {
        Ok(true) if Made::can_make(path).is_ok() => {
            return Check::fine(MOUNT_POINT, format!("{place} is not there, and `mount` makes it"));
        }
        Ok(true) => {
            return Check::failure(MOUNT_POINT, format!("{place} cannot be made"), elsewhere);
        }
        Err(error) => {
            let advice = error.command().unwrap_or(elsewhere);
            return Check::failure(MOUNT_POINT, error.to_string(), advice);
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
