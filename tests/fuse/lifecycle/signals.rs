//! Signals: before a mount is there, while it is served, and while it is in use.

use std::fs::File;
use std::io::Read as _;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Command, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::common;
use crate::common::mount::{Mount, Place, mounted_types, program, unmount};
use crate::common::program::ToEnd;
use crate::common::target::Started;

/// All that end a program by default and can be caught, but those of its own faults and real-time
/// signals.
const ENDING: [Signal; 14] = [
    Signal::SIGINT,
    Signal::SIGTERM,
    Signal::SIGHUP,
    Signal::SIGQUIT,
    Signal::SIGUSR1,
    Signal::SIGUSR2,
    Signal::SIGALRM,
    Signal::SIGXCPU,
    Signal::SIGXFSZ,
    Signal::SIGVTALRM,
    Signal::SIGPROF,
    Signal::SIGIO,
    Signal::SIGPWR,
    Signal::SIGSTKFLT,
];

#[test]
fn signals_end_a_daemon_in_the_background_too() {
    for signal in ENDING {
        let Some(place) = Place::new() else { return };
        assert!(place.run("mount", &[]).status.success());
        let [daemon] = place.daemons()[..] else { panic!("{:?}", place.daemons()) };
        kill(daemon, signal).unwrap();
        place.wait_until_no_daemon();
        assert!(mounted_types(place.path()).is_empty(), "{signal}");
    }
}

#[test]
fn signals_unmount_and_end_with_status_0() {
    for signal in ENDING {
        let Some(mut mount) = Mount::new() else { return };
        assert_eq!(mount.signal(signal).code(), Some(0), "{signal}");
        assert!(mounted_types(mount.root()).is_empty(), "{signal}");
    }
}

/// A program that may not mount by itself, and whose helper never answers.
#[test]
fn a_signal_ends_the_wait_for_the_helper_at_once() {
    let Some(place) = Place::new() else { return };
    let directory = tempfile::tempdir().unwrap();
    let helper = directory.path().join("helper");
    let waits = directory.path().join("waits");
    let script =
        format!("#!/bin/sh\necho $$ >{0}.new; mv {0}.new {0}; sleep 1000\n", waits.display());
    let make = ["-c", "printf '%s' \"$1\" >\"$0\"; chmod 755 \"$0\""];
    let made = Command::new("sh").args(make).arg(&helper).arg(&script).status().unwrap();
    assert!(made.success());
    for (signal, foreground) in
        [(Signal::SIGINT, true), (Signal::SIGINT, false), (Signal::SIGQUIT, true)]
    {
        let bounded = ["setpriv", "--bounding-set=-sys_admin", "--inh-caps=-sys_admin"];
        let is_root = nix::unistd::geteuid().is_root();
        let mut daemon = Command::new("env")
            .args(bounded.iter().take(if is_root { 3 } else { 0 }))
            .args([env!("CARGO_BIN_EXE_mach-procfs"), "mount"])
            .args(foreground.then_some("-f"))
            .arg(place.path())
            .env("FUSERMOUNT_PATH", &helper)
            .process_group(0)
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let helper = common::until("the helper", || {
            let pid = std::fs::read_to_string(&waits).ok()?;
            pid.trim().parse().ok().map(Pid::from_raw)
        });
        // As a terminal sends it: to the whole group, which the helper is not in.
        kill(Pid::from_raw(-(daemon.id() as i32)), signal).unwrap();
        let status = common::until("the end", || daemon.try_wait().unwrap());
        assert!(!status.success());
        let mut said = String::new();
        daemon.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        assert!(said.contains(&format!("not mounted: {signal} came first")), "{said}");
        common::until("the helper's end", || kill(helper, None).is_err().then_some(()));
        place.wait_until_no_daemon();
        assert!(mounted_types(place.path()).is_empty());
        std::fs::remove_file(&waits).unwrap();
    }
}

/// Waits until a program waits in an lstat.
fn wait_until_it_looks(program: &Started) {
    let waits = format!("/proc/{}/syscall", program.pid());
    common::until("the look", || {
        let call = std::fs::read_to_string(&waits).ok()?;
        let number: i64 = call.split(' ').next()?.parse().ok()?;
        [libc::SYS_statx, libc::SYS_newfstatat].contains(&number).then_some(())
    });
}

/// Stops all threads of a daemon.
fn stop(daemon: Pid) {
    kill(daemon, Signal::SIGSTOP).unwrap();
    let is_stopped = |thread| {
        let stat = std::fs::read_to_string(format!("/proc/{daemon}/task/{thread}/stat"));
        stat.is_ok_and(|stat| stat.contains(") T "))
    };
    let threads = || common::threads(daemon.as_raw().cast_unsigned());
    common::until("the daemon to stop", || threads().into_iter().all(is_stopped).then_some(()));
}

#[test]
fn a_mount_whose_daemon_does_not_answer_is_unmounted() {
    let Some(mut mount) = Mount::new() else { return };
    stop(mount.daemon_pid());
    let mut umount = program();
    let umount = umount.arg("umount").arg(mount.root()).to_end();
    assert!(umount.status.success(), "{umount:?}");
    assert!(mounted_types(mount.root()).is_empty());
    kill(mount.daemon_pid(), Signal::SIGCONT).unwrap();
    assert_eq!(mount.wait().code(), Some(0));
}

/// The kernel has another error for a request that was under way than for later ones.
#[test]
fn the_mount_of_a_daemon_that_is_killed_while_it_is_asked_is_cleared() {
    let Some(mut mount) = Mount::new() else { return };
    stop(mount.daemon_pid());
    let mut second = program();
    second.arg("mount").arg(mount.root()).stdin(Stdio::null());
    let mut second = Started::new(&mut second);
    wait_until_it_looks(&second);
    mount.signal(Signal::SIGKILL);
    let status = second.wait();
    assert!(status.success(), "{status}");
    assert!(mount.path("self/maps").exists());
    assert_eq!(mounted_types(mount.root()), ["fuse.mach-procfs"]);
    unmount(mount.root());
}

/// The look at what is mounted there waits for a daemon that does not answer.
#[test]
fn a_signal_ends_the_look_at_a_mount_that_hangs() {
    let Some(mount) = Mount::new() else { return };
    for options in [["-f"].as_slice(), &[]] {
        let daemon = mount.daemon_pid();
        stop(daemon);
        let mut second = program();
        second.arg("mount").args(options).arg(mount.root()).stdin(Stdio::null());
        let mut second = Started::new(&mut second);
        wait_until_it_looks(&second);
        kill(Pid::from_raw(second.pid() as i32), Signal::SIGINT).unwrap();
        let status = second.wait();
        assert_eq!(status.signal(), Some(Signal::SIGINT as i32), "{status}");
        kill(daemon, Signal::SIGCONT).unwrap();
        assert!(mount.path("self/maps").exists(), "the first mount is as it was");
    }
}

#[test]
fn a_signal_detaches_a_mount_that_is_in_use() {
    let Some(mut mount) = Mount::new() else { return };
    let mut held = File::open(mount.path("self/maps")).unwrap();
    assert_eq!(mount.signal(Signal::SIGTERM).code(), Some(0));
    assert!(mounted_types(mount.root()).is_empty());
    let error = held.read(&mut [0; 10]).unwrap_err();
    assert_eq!(error.raw_os_error(), Some(libc::ENOTCONN), "who was inside gets an error");
}

#[test]
fn a_signal_that_was_ignored_at_the_start_stays_ignored() {
    let Some(place) = Place::new() else { return };
    let script = "trap '' HUP; \"$PROGRAM\" mount --foreground --report \"$DIR\" >\"$DIR.said\" & D=$!; \
        until grep -q ready \"$DIR.said\"; do kill -0 $D || exit 9; done; rm \"$DIR.said\"; \
        kill -HUP $D; test -e \"$DIR/self/maps\" && kill -0 $D || exit 9; kill -TERM $D; wait $D";
    let output = Command::new("sh")
        .args(["-c", script])
        .env("PROGRAM", env!("CARGO_BIN_EXE_mach-procfs"))
        .env("DIR", place.path())
        .stdin(Stdio::null())
        .to_end();
    assert!(output.status.success(), "{output:?}");
    assert!(mounted_types(place.path()).is_empty());
}
