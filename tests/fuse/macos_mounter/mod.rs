//! The macOS mounter, driven on Linux against stand-ins for macFUSE's helper. Where the stand-in
//! mounts, the real kernel serves files through it.
//!
//! Each case runs in a process of its own, in a mount namespace of its own, which an ordinary user
//! gets with a user namespace. Parent, driver and stand-in are this one test binary.

use crate::common;

mod driver;
mod stand_in;

use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use nix::sys::signal::{SigSet, Signal, kill};
use nix::unistd::Pid;

/// Variables that select a driver's case and a stand-in's behaviour.
const CASE: &str = "MACH_PROCFS_CASE";
const DIRECTORY: &str = "MACH_PROCFS_DIRECTORY";

/// The file that a driver makes at its end: a name that no test has would pass as well.
const DONE: &str = "done";

fn directory() -> PathBuf {
    std::env::var_os(DIRECTORY).unwrap().into()
}

/// A driver in a namespace of its own, with signals that only its mounter takes.
struct Driver {
    child: Child,
    directory: tempfile::TempDir,
}

impl Driver {
    fn start(case: &str) -> Option<Self> {
        if File::options().read(true).write(true).open("/dev/fuse").is_err() {
            common::skip("/dev/fuse cannot be opened");
            return None;
        }
        let is_root = nix::unistd::geteuid().is_root();
        if !is_root && !Command::new("unshare").arg("-Urm").arg("true").status().unwrap().success()
        {
            common::skip("this user gets no user namespace");
            return None;
        }
        if is_root && !common::has_own_mounts() {
            return None;
        }
        let directory = tempfile::Builder::new().prefix("mach procfs'").tempdir().unwrap();
        std::fs::create_dir(directory.path().join("place")).unwrap();
        let namespaces: &[&str] = if is_root { &["--mount"] } else { &["-Ur", "--mount"] };
        let mut command = Command::new("unshare");
        command.args(namespaces).args(["--propagation", "private", "--"]);
        command.arg(std::env::current_exe().unwrap());
        command
            .args(["--ignored", "--exact", &driver::name("driver"), "--nocapture"])
            .env(CASE, case)
            .env(DIRECTORY, directory.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        // A child inherits what is blocked here; the threads of its test harness must not take it.
        let signals = SigSet::from_iter([Signal::SIGINT, Signal::SIGQUIT]);
        signals.thread_block().unwrap();
        let child = command.spawn().unwrap();
        signals.thread_unblock().unwrap();
        Some(Driver { child, directory })
    }

    fn wait(&mut self) {
        let status = common::until("the driver", || self.child.try_wait().unwrap());
        assert!(status.success(), "{status}; it says why above");
        assert!(self.directory.path().join(DONE).exists(), "the driver did not run");
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn passes(case: &str) {
    let Some(mut driver) = Driver::start(case) else { return };
    driver.wait();
}

#[test]
fn a_helper_that_mounts() {
    passes("serves");
}

#[test]
fn a_kernel_that_does_not_wait_for_the_handshake() {
    passes("serves-unsynced");
}

#[test]
fn a_helper_that_tells_no_status_is_believed_by_its_exit() {
    passes("serves-silently");
}

#[test]
fn a_helper_that_floods_standard_error() {
    passes("floods");
}

#[test]
fn a_helper_that_may_not() {
    passes("may-not");
}

#[test]
fn a_helper_that_dies() {
    passes("dies");
}

#[test]
fn a_helper_that_dies_after_it_sent_the_descriptor() {
    passes("dies-later");
}

#[test]
fn a_helper_that_dies_after_it_mounted() {
    passes("dies-mounted");
}

#[test]
fn a_helper_that_sends_nothing_in_time() {
    passes("hangs");
}

#[test]
fn a_helper_that_hangs_with_the_descriptor_sent() {
    passes("hangs-later");
}

#[test]
fn a_helper_that_hangs_after_it_mounted() {
    passes("hangs-mounted");
}

#[test]
fn a_descriptor_and_then_an_errno() {
    passes("errno");
}

#[test]
fn a_helper_that_says_it_has_mounted_and_has_not() {
    passes("lies");
}

#[test]
fn a_byte_without_a_descriptor() {
    passes("empty-handed");
}

#[test]
fn a_dead_mount_is_cleared_by_the_next_one_and_by_umount() {
    passes("dead");
}

#[test]
fn the_volume_of_another_program_is_left_alone() {
    passes("foreign");
}

#[test]
fn what_is_installed_instead_is_named() {
    passes("not-installed");
}

#[test]
fn a_signal_ends_the_wait_at_once() {
    for (signal, case) in [
        (Signal::SIGINT, "interrupted"),
        (Signal::SIGQUIT, "interrupted-later"),
        (Signal::SIGINT, "interrupted-mounted"),
    ] {
        let Some(mut driver) = Driver::start(case) else { return };
        let waits = driver.directory.path().join("waits");
        common::until("the stand-in", || waits.exists().then_some(()));
        kill(Pid::from_raw(driver.child.id() as i32), signal).unwrap();
        driver.wait();
    }
}
