//! What is refused, in which words, and the commands that are named.

use std::process::{Command, Stdio};

use crate::common;
use crate::common::mount::{Place, program};
use crate::common::program::err;

/// Runs a command in both ways of mounting, and checks what is said and that nothing is printed.
#[track_caller]
fn assert_refused(arguments: &[&str], reason: &str, lines: usize) {
    for foreground in [false, true] {
        let mut command = program();
        command.arg("mount").args(foreground.then_some("-f")).args(arguments);
        let output = command.env("HOME", "/nowhere").stdin(Stdio::null()).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        assert!(err(&output).contains(reason), "{output:?}");
        assert_eq!(err(&output).lines().count(), lines, "{output:?}");
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn what_cannot_be_mounted_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file");
    std::fs::write(&file, "").unwrap();
    let [file, place] = [&file, directory.path()].map(|path| path.to_str().unwrap());
    assert_refused(&[file], "not a directory", 1);
    assert_refused(&[&format!("{file}/x")], "Not a directory", 1);
    assert_refused(&["-o", "frob", place], "unknown mount option 'frob'", 1);
    assert_refused(&["-o", "fsname=", place], "unknown mount option 'fsname='", 1);
    assert_refused(&["-o", "backend=fskit", place], "FSKit backend mounts below /Volumes only", 1);
    assert_refused(&["-o", "backend=kext", place], "needs no option", 1);
}

#[test]
fn a_missing_directory_elsewhere_is_refused_with_the_command_that_makes_it() {
    let directory = tempfile::tempdir().unwrap();
    for name in ["missing", "it's a b/c", "-x", "ä\u{1b}[2J\n"] {
        let missing = directory.path().join(name);
        let link = directory.path().join("link");
        std::os::unix::fs::symlink(&missing, &link).unwrap();
        for named in [&missing, &link] {
            let mut command = program();
            command.arg("mount").arg(named).env("HOME", "/nowhere");
            let output = command.output().unwrap();
            assert_eq!(output.status.code(), Some(1));
            let said = err(&output);
            let (reason, command) = said.split_once('\n').unwrap();
            assert!(reason.ends_with("there is no such directory; make it first"), "{said:?}");
            assert!(command.starts_with("  mkdir -p ") && !command.contains('\u{1b}'), "{said:?}");
            let made = Command::new("bash").args(["-c", command]).status().unwrap();
            assert!(made.success() && missing.is_dir(), "{command}");
            std::fs::remove_dir(&missing).unwrap();
        }
        std::fs::remove_file(link).unwrap();
    }
}

#[test]
fn a_missing_directory_below_home_is_made_and_goes_if_the_mount_fails() {
    let Some(home) = Place::new() else { return };
    let place = home.path().join("a b/proc");
    let run = |arguments: &[&str], before: &[&str]| {
        let mut command = Command::new("env");
        command.args(before).arg(env!("CARGO_BIN_EXE_mach-procfs")).args(arguments).arg(&place);
        command.env("HOME", home.path()).env_remove("RUST_LOG").stdin(Stdio::null());
        command.output().unwrap()
    };
    let doctor = run(&["doctor"], &[]);
    assert!(doctor.status.success(), "{doctor:?}");
    assert!(common::program::out(&doctor).contains("is not there, and `mount` makes it"));
    assert!(!home.path().join("a b").exists(), "a doctor changes nothing");
    let mounted = run(&["mount"], &[]);
    assert!(mounted.status.success(), "{mounted:?}");
    assert!(place.join("self/maps").exists());
    assert!(run(&["umount"], &[]).status.success());
    assert!(place.is_dir(), "it stays for the next mount");
    std::fs::remove_dir_all(home.path().join("a b")).unwrap();
    if !common::is_root() {
        return;
    }
    // Root without the right to mount.
    for way in [["mount"].as_slice(), &["mount", "-f"]] {
        let failed = run(way, &["setpriv", "--bounding-set=-sys_admin", "--inh-caps=-sys_admin"]);
        assert_eq!(failed.status.code(), Some(1), "{failed:?}");
        assert!(err(&failed).contains("CAP_SYS_ADMIN"), "{failed:?}");
        assert!(!home.path().join("a b").exists(), "what was made is gone");
    }
    // Another user's home is not root's to fill.
    std::os::unix::fs::chown(home.path(), Some(65534), None).unwrap();
    let failed = run(&["mount"], &[]);
    assert!(err(&failed).contains("mkdir -p '"), "{failed:?}");
}

#[test]
fn what_is_not_there_cannot_be_unmounted() {
    let directory = tempfile::tempdir().unwrap();
    let missing = directory.path().join("missing");
    let output = program().arg("umount").arg(&missing).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let line = format!("mach-procfs: {}: No such file or directory\n", missing.display());
    assert_eq!(err(&output), line);
}
