//! `doctor`: one line for each check.

use std::io::{self, Write as _};
use std::path::Path;

use mach_procfs::kernel;
use mach_procfs::model::Pid;
use mach_procfs::mount::{self, Check, Verdict};

use super::Failure;
use super::messages::Plain;
use super::source::{Source, read};

pub(super) fn doctor(mount_point: Option<&Path>) -> Result<(), Failure> {
    let mut checks = vec![own_map()];
    checks.extend(parents_port());
    checks.extend(mount::diagnose(mount_point));
    let width = checks.iter().map(|check| check.subject.len()).max().unwrap_or(0);
    let mut out = io::stdout().lock();
    for Check { verdict, subject, finding, advice } in &checks {
        let verdict = match verdict {
            Verdict::Fine => "ok",
            Verdict::Warning => "warn",
            Verdict::Failure => "fail",
        };
        write!(out, "{verdict:<5} {subject:<width$}  {}", Plain(finding))?;
        if let Some(advice) = advice {
            write!(out, " -- {}", Plain(advice))?;
        }
        writeln!(out)?;
    }
    out.flush()?;
    let failed = checks.iter().any(|check| check.verdict == Verdict::Failure);
    if failed { Err(Failure::Said) } else { Ok(()) }
}

/// Whether the kernel gives task ports, tried with the parent of this process. That is mostly a
/// shell, which is a part of the system.
fn parents_port() -> Option<Check> {
    let parent = u32::try_from(nix::unistd::getppid().as_raw()).ok().and_then(Pid::new)?;
    mount::task_port(kernel::host().ok()?.as_ref(), parent)
}

/// Whether the kernel answers at all. Without it no mount shows anything.
fn own_map() -> Check {
    let subject = "own map";
    let count = || -> Result<usize, String> {
        let (tree, caller) = Source { replay: None }.tree().map_err(|failure| match failure {
            Failure::Because(reason) => reason,
            Failure::Said | Failure::Output(_) => "the kernel cannot be asked".to_owned(),
        })?;
        let text =
            read(&tree, Path::new("self/maps"), &caller).map_err(|error| error.to_string())?;
        Ok(text.split(|byte| *byte == b'\n').count().saturating_sub(1))
    };
    match count() {
        Ok(regions) if regions > 0 => Check::fine(subject, format!("{regions} regions")),
        Ok(_) => Check::failure(subject, "it has no regions", "please report this"),
        Err(reason) => {
            Check::failure(subject, reason, "`mach-procfs -vv cat self/maps` tells more")
        }
    }
}
