//! The life of a mount: started in the background, ended by signals, by others, or killed.

use crate::common;

mod refused;
mod signals;

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};

use common::mount::{Mount, Place, can_mount_apart, mounted_types, program, unmount};
use common::program::{ToEnd, err};
use mach_procfs::mount::quote;
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// The program in a command that a message names: the PATH does not lead to it.
fn named() -> String {
    quote(&Path::new(env!("CARGO_BIN_EXE_mach-procfs")).canonicalize().unwrap())
}

#[test]
fn in_the_background_from_mount_to_umount() {
    let Some(place) = Place::new() else { return };
    let mounted = place.run("mount", &[]);
    assert!(mounted.status.success(), "{mounted:?}");
    assert!(mounted.stdout.is_empty() && mounted.stderr.is_empty(), "{mounted:?}");
    assert!(place.path().join("self/maps").exists());
    assert_eq!(mounted_types(place.path()), ["fuse.mach-procfs"]);

    let again = place.run("mount", &[]);
    assert_eq!(again.status.code(), Some(1));
    assert!(err(&again).contains("has a mach-procfs already"), "{again:?}");
    // The command that it names stands on a line of its own, and works.
    let told = err(&again);
    let command = told.lines().nth(1).unwrap();
    assert_eq!(command, format!("  {} umount {}", named(), place.path().display()));
    assert_eq!(told.lines().count(), 2, "{again:?}");

    let daemon = place.daemons();
    assert_eq!(daemon.len(), 1);
    let cwd = std::fs::read_link(format!("/proc/{}/cwd", daemon[0])).unwrap();
    assert_eq!(cwd, Path::new("/"), "it holds no directory");
    for fd in 0..3 {
        let target = std::fs::read_link(format!("/proc/{}/fd/{fd}", daemon[0])).unwrap();
        assert_eq!(target, Path::new("/dev/null"));
    }

    let ended = Command::new("sh").args(["-c", command]).output().unwrap();
    assert!(ended.status.success(), "{ended:?}");
    assert!(mounted_types(place.path()).is_empty());
    place.wait_until_no_daemon();
    let none = place.run("umount", &[]);
    assert_eq!(none.status.code(), Some(1));
    assert!(err(&none).contains("no mach-procfs is mounted there"), "{none:?}");
}

#[test]
fn a_mount_that_is_in_use_is_only_ended_lazily() {
    let Some(place) = Place::new() else { return };
    assert!(place.run("mount", &[]).status.success());
    let mut held = File::open(place.path().join("self/maps")).unwrap();
    let busy = place.run("umount", &[]);
    assert_eq!(busy.status.code(), Some(1));
    let command = format!(":\n  {} umount --lazy {}\n", named(), place.path().display());
    assert!(err(&busy).ends_with(&command), "{busy:?}");
    assert!(place.run("umount", &["--lazy"]).status.success());
    assert!(mounted_types(place.path()).is_empty());
    let mut text = String::new();
    held.read_to_string(&mut text).unwrap();
    assert!(text.lines().count() > 5, "who is inside reads on");
    assert_eq!(place.daemons().len(), 1);
    drop(held);
    place.wait_until_no_daemon();
}

/// The kernel gives the numbers of a mount that has ended to the next one at once.
#[test]
fn a_mount_that_got_the_numbers_of_an_unmounted_one_is_left_alone() {
    if !common::is_root() {
        return;
    }
    let Some(mut first) = Mount::new() else { return };
    kill(first.daemon_pid(), Signal::SIGSTOP).unwrap();
    let stopped = || first.daemons("stat").contains(") T ").then_some(());
    common::until("the daemon to stop", stopped);
    umount2(first.root(), MntFlags::empty()).unwrap();
    let second = Mount::new().unwrap();
    kill(first.daemon_pid(), Signal::SIGCONT).unwrap();
    assert_eq!(first.wait().code(), Some(0));
    assert_eq!(mounted_types(second.root()), ["fuse.mach-procfs"]);
    assert!(!std::fs::read(second.path("self/maps")).unwrap().is_empty());
}

#[test]
fn after_an_unmount_by_others_it_ends_and_touches_nothing_below() {
    if !common::is_root() {
        return;
    }
    let Some(mut outer) = Mount::new() else { return };
    outer.signal(Signal::SIGTERM);
    // A file system below, one of ours over it, and a third on top later.
    let tmpfs = |path: &Path| {
        mount(Some("below"), path, Some("tmpfs"), MsFlags::empty(), None::<&str>).unwrap();
    };
    tmpfs(outer.root());
    std::fs::write(outer.path("kept"), "kept").unwrap();
    outer.start(&[]);
    assert_eq!(mounted_types(outer.root()), ["tmpfs", "fuse.mach-procfs"]);
    umount2(outer.root(), MntFlags::empty()).unwrap();
    assert_eq!(outer.wait().code(), Some(0));
    assert_eq!(mounted_types(outer.root()), ["tmpfs"]);
    assert_eq!(std::fs::read_to_string(outer.path("kept")).unwrap(), "kept");

    outer.start(&[]);
    tmpfs(outer.root());
    assert_eq!(outer.signal(Signal::SIGTERM).code(), Some(1), "it cannot be unmounted");
    let all = ["tmpfs", "fuse.mach-procfs", "tmpfs"];
    assert_eq!(mounted_types(outer.root()), all, "and the other is not ours to end");
    let hidden = program().arg("umount").arg(outer.root()).output().unwrap();
    assert!(err(&hidden).contains("no mach-procfs is mounted there"), "{hidden:?}");
}

#[test]
fn a_mount_that_was_moved_is_ended_where_it_is() {
    if !can_mount_apart() {
        return;
    }
    let place = tempfile::Builder::new().prefix("mach-procfs-").tempdir().unwrap();
    let script = "set -e; mkdir a b; \"$PROGRAM\" mount --foreground --report a >said & D=$!; \
        until grep -q ready said; do kill -0 $D || exit 9; done; mount --move a b; test -e b/self/maps; \
        kill $D; wait $D; if grep -q $PWD /proc/self/mounts; then exit 9; fi";
    let output = Command::new("unshare")
        .args(["--mount", "--propagation", "private", "sh", "-c", script])
        .env("PROGRAM", env!("CARGO_BIN_EXE_mach-procfs"))
        .current_dir(place.path())
        .stdin(Stdio::null())
        .to_end();
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn the_background_daemon_keeps_no_descriptor_of_its_starter() {
    let Some(place) = Place::new() else { return };
    // The end of a pipe that a process waits on, and a lock.
    let script = "exec 9>\"$DIR.lock\"; flock 9; \"$PROGRAM\" mount \"$DIR\"; echo done";
    let output = Command::new("sh")
        .args(["-c", script])
        .env("PROGRAM", env!("CARGO_BIN_EXE_mach-procfs"))
        .env("DIR", place.path())
        .stdin(Stdio::null())
        .to_end();
    assert_eq!(output.stdout, b"done\n", "{output:?}");
    let lock = place.path().with_extension("lock");
    let free = Command::new("flock").arg("--nonblock").arg(&lock).arg("true").status().unwrap();
    std::fs::remove_file(lock).unwrap();
    assert!(free.success());
    place.unmount();
}

#[test]
fn the_dead_mount_of_a_killed_daemon_is_cleared() {
    let Some(mut mount) = Mount::new() else { return };
    mount.signal(Signal::SIGKILL);
    let error = std::fs::metadata(mount.root()).unwrap_err();
    assert_eq!(error.raw_os_error(), Some(libc::ENOTCONN));
    mount.start(&[]);
    assert!(mount.path("self/maps").exists());
    assert_eq!(mounted_types(mount.root()), ["fuse.mach-procfs"]);
    mount.signal(Signal::SIGKILL);
    unmount(mount.root());
    assert!(mounted_types(mount.root()).is_empty());
}

#[test]
fn a_source_may_have_any_characters_but_a_comma() {
    let Some(place) = Place::new() else { return };
    let mounted = place.run("mount", &["-o", r"fsname=a b\ü"]);
    assert!(mounted.status.success(), "{mounted:?}");
    let table = std::fs::read_to_string("/proc/self/mountinfo").unwrap();
    let line = table.lines().find(|line| line.contains(place.path().to_str().unwrap())).unwrap();
    assert!(line.contains(r" - fuse.mach-procfs a\040b\134ü ro,"), "{line}");
    place.unmount();
}

#[test]
fn a_mount_point_may_have_any_name() {
    let Some(place) = Place::new() else { return };
    let odd = place.path().join("a b\n\\ü,x=y");
    std::fs::create_dir(&odd).unwrap();
    let mut inside = program();
    inside.args(["mount", "a b\n\\ü,x=y"]).current_dir(place.path()).stdin(Stdio::null());
    let inside = inside.to_end();
    assert!(inside.status.success(), "{inside:?}");
    assert!(odd.join("self/maps").exists());
    let again = place.run_on(&odd, "mount", &[]);
    assert_eq!(again.status.code(), Some(1));
    assert!(err(&again).contains(&format!("  {} umount $'/", named())), "{again:?}");
    unmount(&odd.join("../a b\n\\ü,x=y"));
    assert!(!odd.join("self").exists());
}

/// The guard that the tests of this folder rely on.
#[test]
fn mounts_and_daemons_of_a_test_end_with_it() {
    let Some(place) = Place::new() else { return };
    let path = place.path().to_owned();
    for name in ["plain", "a b\n\\ü"] {
        std::fs::create_dir(path.join(name)).unwrap();
        assert!(place.run_on(&path.join(name), "mount", &[]).status.success());
    }
    let daemons = place.daemons();
    assert_eq!(daemons.len(), 2);
    drop(place);
    // What is mounted cannot be removed.
    assert!(!path.exists());
    let has_ended = |pid: &Pid| kill(*pid, None).is_err();
    common::until("their end", || daemons.iter().all(has_ended).then_some(()));
}

#[test]
fn the_log_of_a_background_daemon_stays_in_its_file() {
    let Some(place) = Place::new() else { return };
    let directory = tempfile::tempdir().unwrap();
    let log = directory.path().join("log");
    let status = program()
        .args(["-v", "mount"])
        .arg(place.path())
        .stderr(File::create(&log).unwrap())
        .status()
        .unwrap();
    assert!(status.success());
    place.unmount();
    place.wait_until_no_daemon();
    let text = std::fs::read_to_string(log).unwrap();
    assert!(text.contains("mounted on") && text.contains("was unmounted"), "{text}");
}

#[test]
fn the_benchmark_may_have_one_event_loop() {
    let Some(mount) = Mount::with(&["--one-loop"]) else { return };
    std::fs::read(mount.of(std::process::id(), "maps")).unwrap();
    // The last free loop hands an open over to a thread of the pool.
    let daemon = mount.daemon_pid().as_raw().cast_unsigned();
    let names = common::threads(daemon).into_iter().filter_map(|thread| {
        std::fs::read_to_string(format!("/proc/{daemon}/task/{thread}/comm")).ok()
    });
    let names: Vec<String> = names.collect();
    assert!(names.iter().any(|name| name == "pool\n"), "{names:?}");
    let directory = tempfile::tempdir().unwrap();
    let refused = program().args(["mount", "--one-loop"]).arg(directory.path()).output().unwrap();
    assert_eq!(refused.status.code(), Some(2), "{refused:?}");
}
