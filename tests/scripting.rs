//! The one-liners of docs/scripting.md, run for real.
#![cfg(all(target_os = "linux", feature = "mount"))]
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::process::Command;

use common::mount::Mount;
use common::target::Target;

/// The blocks of shell code in the page.
fn one_liners() -> Vec<String> {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/scripting.md");
    let page = std::fs::read_to_string(page).unwrap();
    page.split("```sh\n").skip(1).map(|it| it.split("```").next().unwrap().to_owned()).collect()
}

#[test]
fn every_one_liner_runs() {
    let Some(mount) = Mount::new() else { return };
    let directory = tempfile::tempdir().unwrap();
    let gone = directory.path().join("gone");
    std::fs::write(&gone, [1; 4 * 4096]).unwrap();
    let target = Target::stopped(&format!("map a file {};stop;stop", gone.display()));
    std::fs::remove_file(&gone).unwrap();
    let pid = target.pid().to_string();
    let lines = one_liners();
    assert!(lines.len() >= 12, "a dozen");
    for line in &lines {
        let output = Command::new("sh")
            .args(["-c", line])
            .current_dir(directory.path())
            .env("proc", mount.root())
            .env("pid", &pid)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success() && output.stderr.is_empty(), "{line}\n{output:?}");
        // Nothing of the target is writable and executable, and a map need not change.
        if !line.contains("wx/'") && !line.contains("diff") {
            assert!(!said.trim().is_empty(), "{line}");
        }
        let first: u64 = said
            .split(|c: char| !c.is_ascii_digit())
            .find(|word| !word.is_empty())
            .and_then(|word| word.parse().ok())
            .unwrap_or(0);
        if line.contains("(deleted)") {
            assert!(said.contains(gone.to_str().unwrap()), "{said}");
        } else if line.contains("\"libc\"") {
            assert!(said.lines().any(|it| it == pid), "{said}");
        } else if line.contains("KiB") {
            assert!(first > 0, "{line}\n{said}");
        } else if line.contains("paste") {
            assert!(said.contains("/gone (deleted)") && said.contains("(no file)"), "{said}");
        } else if line.contains("NR <= 10") {
            let sizes: Vec<&str> = said.lines().map(|it| it.split('K').next().unwrap()).collect();
            let sizes: Vec<u64> = sizes.iter().map(|it| it.parse().unwrap()).collect();
            assert_eq!(sizes.len(), 10);
            assert!(sizes.is_sorted_by(|a, b| a >= b), "{said}");
        }
    }
}
