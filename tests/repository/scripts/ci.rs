//! What `.ci/run` runs the tests with.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::common::program::{ToEnd as _, err};

/// Runs a shell command, with a directory for temporary files of its own.
fn leaves_nothing(directory: &Path, command: &str) -> Output {
    Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join(".ci/leaves-nothing"))
        .args(["bash", "-c", command])
        .env("TMPDIR", directory)
        .stdin(Stdio::null())
        .to_end()
}

/// Other tests have mounts and daemons at the same time, so only this one is expected.
#[test]
fn a_directory_that_is_left_behind_fails_the_tests() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::create_dir(directory.path().join("mach-procfs-earlier")).unwrap();
    let output = leaves_nothing(directory.path(), "mkdir \"$TMPDIR/mach-procfs-x\"");
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let found: Vec<String> = err(&output)
        .lines()
        .filter_map(|line| {
            line.strip_prefix(&format!("directory: {}/", directory.path().display()))
        })
        .map(str::to_owned)
        .collect();
    assert_eq!(found, ["mach-procfs-x"], "{output:?}");
}

#[test]
fn tests_that_fail_keep_their_status() {
    let directory = tempfile::tempdir().unwrap();
    assert_eq!(leaves_nothing(directory.path(), "exit 7").status.code(), Some(7));
    let left = std::fs::read_dir(directory.path()).unwrap().count();
    assert_eq!(left, 0);
}
