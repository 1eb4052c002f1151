//! macOS: collects the facts that `doctor` judges.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};

use nix::errno::Errno;

use super::judge::{Facts, judge, mounted, version_in};
use super::live::{Live, system};
use super::table::{State, look, resolve};
use crate::mount::command::own;
use crate::mount::doctor::{Check, MOUNT_POINT, empty_directory};
use crate::mount::quote::quote;

const MACFUSE: &str = "/Library/Filesystems/macfuse.fs";

pub(in crate::mount) fn diagnose(mount_point: Option<&Path>) -> Vec<Check> {
    let has_proc = Path::new("/proc").is_dir();
    let mut checks = judge(&facts(has_proc));
    match mount_point {
        Some(path) => checks.push(place(path)),
        None if has_proc => checks.push(place(Path::new("/proc"))),
        None => {}
    }
    checks
}

fn facts(has_proc: bool) -> Facts {
    let mut synthetic = fs::read_to_string("/etc/synthetic.conf").unwrap_or_default();
    for entry in fs::read_dir("/etc/synthetic.d").into_iter().flatten().flatten() {
        synthetic.push('\n');
        synthetic += &fs::read_to_string(entry.path()).unwrap_or_default();
    }
    let plist = fs::read_to_string(format!("{MACFUSE}/Contents/Info.plist")).unwrap_or_default();
    Facts {
        is_root: nix::unistd::geteuid().is_root(),
        system: said("/usr/bin/sw_vers", &["-productVersion"]),
        macfuse: Path::new(MACFUSE)
            .exists()
            .then(|| version_in(&plist).unwrap_or_else(|| "unknown".to_owned())),
        has_osxfuse: system().osxfuse.exists(),
        has_fuse_t: system().fuse_t.exists(),
        is_translated: said("/usr/sbin/sysctl", &["-n", "sysctl.proc_translated"])
            .is_some_and(|said| said == "1"),
        is_loaded: Path::new("/dev/macfuse0").exists(),
        protection: said("/usr/bin/csrutil", &["status"]),
        has_proc,
        synthetic,
    }
}

/// The output of a command, if it can be run.
fn said(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    (output.status.success() && !text.is_empty()).then_some(text)
}

fn place(path: &Path) -> Check {
    let shown = path.display();
    let Ok(absolute) = resolve(&Live, path) else { return empty_directory(path) };
    match look(&Live, &absolute) {
        Ok(State::Stale) => Check::failure(
            MOUNT_POINT,
            format!("{shown} has the dead mount of a daemon that was killed"),
            format!("{}, or mount there again", own(&format!("umount {}", quote(&absolute)))),
        ),
        Ok(State::Live) => {
            let opened = File::open(absolute.join("version")).map(drop);
            let errno = |error: std::io::Error| Errno::from_raw(error.raw_os_error().unwrap_or(0));
            mounted(&shown.to_string(), opened.map_err(errno))
        }
        Ok(State::Others(volume)) => Check::warning(
            MOUNT_POINT,
            format!("{shown} has {volume}"),
            "what is mounted there is hidden while something is mounted over it",
        ),
        Ok(State::None) => empty_directory(&absolute),
        Err(error) => Check::failure(MOUNT_POINT, error.to_string(), "please report this"),
    }
}
