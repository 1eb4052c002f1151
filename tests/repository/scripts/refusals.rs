//! What `scripts/run` and `scripts/dev/check-darwin` refuse before they build anything, and
//! what they leave.

use std::fs;
use std::os::unix::fs::{chown, symlink};

use super::machine::Machine;

/// Machines on which everything would have to be installed, and may be.
fn bare() -> [Machine; 2] {
    let machine = || Machine::new("debian").candidate("cargo", "1.91.0");
    [machine().root(), machine().sudo("free")]
}

#[test]
fn without_the_device() {
    let message = "scripts/run: Elsewhere run this, then scripts/run again";
    let machines = bare().into_iter().chain([Machine::new("fedora")]);
    let commands = ["modprobe fuse", "sudo modprobe fuse", "su -c 'modprobe fuse'"];
    for (machine, command) in machines.zip(commands) {
        fs::remove_file(machine.path("machine/dev/fuse")).unwrap();
        let outcome = machine.script("scripts/run", &[]);
        outcome.did(&[]).advised(message, command);
        assert!(outcome.stderr.contains("start"), "{}", outcome.stderr);
        assert!(!machine.path("machine/dev/fuse").exists() && !machine.path("home/proc").exists());
    }
}

#[test]
fn where_the_device_is_closed() {
    let [root, user] = bare();
    for machine in [&root, &user] {
        // A directory cannot be opened for writing, not even by root, as whom this test may run.
        fs::remove_file(machine.path("machine/dev/fuse")).unwrap();
        fs::create_dir(machine.path("machine/dev/fuse")).unwrap();
    }
    root.script("scripts/run", &[]).did(&[]).failed(
        "scripts/run: /dev/fuse cannot be opened; start the container with --device /dev/fuse",
    );
    user.script("scripts/run", &[]).did(&[]).advised(
        "scripts/run: /dev/fuse is closed to this user. Run this, then scripts/run again",
        "sudo chmod 666 /dev/fuse",
    );
}

#[test]
fn where_root_may_not_mount() {
    let [root, user] = bare();
    for machine in [&root, &user] {
        machine.file("machine/proc/self/status", "CapEff:\t00000000a80425fb\n");
    }
    root.script("scripts/run", &[]).did(&[]).failed(
        "scripts/run: this root may not mount; start the container with --cap-add SYS_ADMIN",
    );
    user.script("scripts/run", &[]).succeeded();
}

#[test]
fn a_mount_point_that_cannot_be_used() {
    for machine in bare() {
        machine.file("home/file", "");
        fs::create_dir(machine.path("home/full")).unwrap();
        machine.file("home/full/file", "");
        symlink("nowhere", machine.path("home/link")).unwrap();
        let home = machine.path("home");
        let home = home.display();
        for (argument, message) in [
            ("file", format!("{home}/file is not a directory; name an empty directory")),
            ("full", format!("{home}/full is not empty; name an empty directory")),
            ("link", format!("{home}/link is not a directory; name an empty directory")),
            (
                "file/a/b",
                format!(
                    "cannot make the directory {home}/file/a/b: {home}/file is no directory that \
                     this user may write to"
                ),
            ),
        ] {
            let outcome = machine.script("scripts/run", &[argument]);
            outcome.did(&[]).failed(&format!("scripts/run: {message}"));
        }
    }
}

#[test]
fn another_users_directory() {
    let machine = Machine::new("debian").sudo("free");
    let mut dir = machine.path("home/theirs");
    fs::create_dir(&dir).unwrap();
    if chown(&dir, Some(4321), None).is_err() {
        dir = "/".into(); // this test does not run as root, so this one is another user's
    }
    let outcome = machine.script("scripts/run", &[dir.to_str().unwrap()]);
    let message = format!("scripts/run: {} belongs to another user", dir.display());
    outcome.did(&[]).failed(&message);
}

#[test]
fn what_it_refuses_leaves_no_directory() {
    let machine = Machine::new("debian").root();
    for failure in ["fail-apt-get", "fail-cargo", "fail-mount"] {
        let machine = match failure {
            "fail-apt-get" => &machine,
            _ => &Machine::complete("debian"),
        };
        machine.file(failure, "");
        let outcome = machine.script("scripts/run", &["a/b/c"]);
        assert_eq!(outcome.status, 1, "{}", outcome.stderr);
        assert!(!machine.path("home/a").exists(), "{failure}");
        // One that was there stays.
        fs::create_dir(machine.path("home/a")).unwrap();
        assert_eq!(machine.script("scripts/run", &["a"]).status, 1);
        assert!(machine.path("home/a").exists(), "{failure}");
    }
}

#[test]
fn the_first_build_says_how_long_it_takes() {
    let machine = Machine::complete("debian");
    let notice = "scripts/run: building; the first time this takes 2 to 5 minutes\n";
    assert!(machine.script("scripts/run", &[]).succeeded().stderr.starts_with(notice));
    assert!(!machine.script("scripts/run", &[]).succeeded().stderr.contains("building"));
}

#[test]
fn by_sudo_the_caller_builds_and_root_mounts() {
    let machine = Machine::complete("debian").without("cargo").without("rustc").by_sudo();
    let machine = machine.rust_in("home-1000/.cargo/bin", "1.95.0");
    let script = "../repo/scripts/run".into();
    let outcome = machine.script_with("home", script, &[], &[("SUDO_UID", "1000")]);
    let mut expected = machine.mounts_after(&[]);
    expected[0].insert_str(0, "uid 1000: ");
    assert_eq!(outcome.succeeded().log, expected);
}

const DARWIN: &str = "apt-get install -y --no-install-recommends rustc-web cargo-web rust-web-src \
                      rust-web-clippy file python3-pip";

#[test]
#[cfg_attr(not(target_os = "linux"), ignore = "the script takes a newer bash than that of macOS")]
fn check_darwin_installs_as_root_without_sudo() {
    let machine = Machine::complete("debian").root().with(&["dpkg-query"]);
    machine.file("fail-apt-get", "");
    let install = format!("root: {DARWIN}");
    machine
        .script("scripts/dev/check-darwin", &["--setup"])
        .did(&["root: apt-get update", &install])
        .failed(&format!("scripts/dev/check-darwin: failed: {DARWIN}"));
}

#[test]
#[cfg_attr(not(target_os = "linux"), ignore = "the script takes a newer bash than that of macOS")]
fn check_darwin_says_what_it_may_not_install() {
    let machine = Machine::complete("debian").with(&["dpkg-query"]);
    machine.script("scripts/dev/check-darwin", &[]).did(&[]).advised(
        &format!(
            "scripts/dev/check-darwin: missing:{}. Run this, then scripts/dev/check-darwin again",
            DARWIN.split("recommends").nth(1).unwrap()
        ),
        &format!("su -c 'apt-get update && {DARWIN}'"),
    );
    Machine::complete("fedora")
        .script("scripts/dev/check-darwin", &[])
        .did(&[])
        .failed("scripts/dev/check-darwin: only on Debian, whose packages it takes");
}
