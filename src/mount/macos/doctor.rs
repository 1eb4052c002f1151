//! macOS: looks at what `doctor` judges.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use super::macos::{is_dead, is_mounted};
use super::macos_judge::{Facts, judge, version_in};
use crate::fuse::doctor::{Check, MOUNT_POINT, empty_directory};

const MACFUSE: &str = "/Library/Filesystems/macfuse.fs";

pub(in crate::fuse) fn diagnose(mount_point: Option<&Path>) -> Vec<Check> {
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
        is_apple_silicon: std::env::consts::ARCH == "aarch64",
        system: said("/usr/bin/sw_vers", &["-productVersion"]),
        macfuse: Path::new(MACFUSE)
            .exists()
            .then(|| version_in(&plist).unwrap_or_else(|| "a version that is not told".to_owned())),
        is_loaded: Path::new("/dev/macfuse0").exists(),
        protection: said("/usr/bin/csrutil", &["status"]),
        has_proc,
        synthetic,
    }
}

/// What a command says, if it can be asked.
fn said(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    (output.status.success() && !text.is_empty()).then_some(text)
}

fn place(path: &Path) -> Check {
    let shown = path.display();
    if is_dead(path) {
        return Check::failure(
            MOUNT_POINT,
            format!("{shown} has the dead mount of a daemon that was killed"),
            format!("mach-procfs umount {shown}, or mount there again"),
        );
    }
    if is_mounted(path) {
        return Check::fine(MOUNT_POINT, format!("{shown} has a FUSE mount that answers"));
    }
    empty_directory(path, &format!("mkdir -p {shown}"))
}
