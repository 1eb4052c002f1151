//! The macOS mounter, driven on Linux against stand-ins for macFUSE's helper. Where the stand-in
//! mounts, the real kernel serves files through it.
//!
//! Each case runs in a process of its own, in a mount namespace of its own, which an ordinary user
//! gets with a user namespace. Parent, driver and stand-in are this one test binary.
#![cfg(all(target_os = "linux", feature = "mount"))]
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{IoSlice, Write as _};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd as _, FromRawFd as _, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use mach_procfs::model::Mounted;
use mach_procfs::mount::macos::{Mac, Volumes, is_ours};
use mach_procfs::mount::{MountError, Options};
use mach_procfs::tree::Tree;
use nix::errno::Errno;
use nix::mount::{MntFlags, MsFlags, umount2};
use nix::sys::signal::{SigSet, Signal, kill, raise};
use nix::sys::wait::waitpid;
use nix::unistd::Pid;
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};

/// What tells a driver its case, and a stand-in how to behave.
const CASE: &str = "MACH_PROCFS_CASE";
const DIRECTORY: &str = "MACH_PROCFS_DIRECTORY";

// --- the parent: one test for each case ---------------------------------------------------------

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
        let directory = tempfile::Builder::new().prefix("mach procfs'").tempdir().unwrap();
        std::fs::create_dir(directory.path().join("place")).unwrap();
        let namespaces: &[&str] = if is_root { &["--mount"] } else { &["-Ur", "--mount"] };
        let mut command = Command::new("unshare");
        command.args(namespaces).args(["--propagation", "private", "--"]);
        command.arg(std::env::current_exe().unwrap());
        command
            .args(["--ignored", "--exact", "driver", "--nocapture"])
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
    for (signal, case) in [(Signal::SIGINT, "interrupted"), (Signal::SIGQUIT, "interrupted-later")]
    {
        let Some(mut driver) = Driver::start(case) else { return };
        let waits = driver.directory.path().join("waits");
        common::until("the stand-in", || waits.exists().then_some(()));
        kill(Pid::from_raw(driver.child.id() as i32), signal).unwrap();
        driver.wait();
    }
}

// --- the driver: mounts, and looks what is left -------------------------------------------------

/// The mounts of this namespace, with those of the stand-in as macOS would list them.
#[derive(Clone)]
struct Here;

impl Volumes for Here {
    fn mounted(&self) -> Result<Vec<Mounted>, String> {
        let table = std::fs::read_to_string("/proc/self/mountinfo").map_err(|it| it.to_string())?;
        let mounts = table.lines().map(|line| {
            let (left, right) = line.split_once(" - ").unwrap();
            let left: Vec<&str> = left.split(' ').collect();
            let right: Vec<&str> = right.split(' ').collect();
            let (_, minor) = left[2].split_once(':').unwrap();
            Mounted {
                source: right[1].into(),
                path: left[4].replace("\\040", " ").into(),
                kind: right[0].trim_start_matches("fuse.").into(),
                device: mach_procfs::model::Device { major: 0, minor: minor.parse().unwrap() },
                ..Mounted::default()
            }
        });
        Ok(mounts.collect())
    }

    fn unmount(&self, path: &Path, force: bool) -> Result<(), Errno> {
        umount2(path, if force { MntFlags::MNT_DETACH } else { MntFlags::empty() })
    }
}

fn directory() -> PathBuf {
    std::env::var_os(DIRECTORY).unwrap().into()
}

fn mac(case: &str, within: Duration) -> Mac<Here> {
    let helper = directory().join(case);
    let script = format!(
        "#!/bin/sh\nfor place; do :; done\n{CASE}={case} PLACE=$place OPTIONS=$2 \
         exec '{}' --ignored --exact stand_in --nocapture\n",
        std::env::current_exe().unwrap().display()
    );
    let make = "cat >\"$0\" && chmod 755 \"$0\"";
    let mut command = Command::new("sh");
    command.args(["-c", make]).arg(&helper).stdin(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success());
    let [osxfuse, fuse_t] = ["osxfuse", "fuse-t"].map(|name| directory().join(name));
    Mac { volumes: Here, helper, osxfuse, fuse_t, within }
}

fn tree() -> Arc<Tree> {
    Tree::new(mach_procfs::kernel::host().unwrap(), 0, 0)
}

fn options() -> Options {
    Options { loops: 1, ..Options::for_user(0) }
}

fn descriptors() -> BTreeSet<String> {
    let names = std::fs::read_dir("/proc/self/fd").unwrap();
    let mut names: BTreeSet<String> =
        names.map(|name| name.unwrap().file_name().into_string().unwrap()).collect();
    // The one that this was read through.
    names.retain(|name| std::fs::metadata(format!("/proc/self/fd/{name}")).is_ok());
    names
}

/// Whether something of ours is mounted on the place.
fn is_mounted(place: &Path) -> bool {
    let mounts = Here.mounted().unwrap();
    mounts.iter().any(|it| it.path == place.as_os_str().as_bytes())
}

/// Mounts; where that works, reads through the mount and unmounts it.
fn mount(mac: &Mac<Here>, place: &Path) -> Result<(), MountError> {
    let mut reads = 0;
    let ended = mac.mount(tree(), place, &options(), || {
        let maps = std::fs::read_to_string(place.join("self/maps")).unwrap();
        assert!(maps.contains("[stack]"), "{maps}");
        reads += 1;
        assert!(Here.mounted().unwrap().iter().any(is_ours));
        let again = mac.mount(tree(), place, &options(), || ()).unwrap_err();
        assert!(again.to_string().contains("has a mach-procfs already"), "{again}");
        let held = File::open(place.join("self/maps")).unwrap();
        let busy = mac.unmount(place, false).unwrap_err();
        assert!(busy.to_string().contains("in use"), "{busy}");
        let quoted = busy.command().unwrap();
        assert!(quoted.starts_with("mach-procfs umount --lazy '/") && quoted.contains(r"'\''"));
        drop(held);
        common::until("the release", || mac.unmount(place, false).ok());
        assert!(!is_mounted(place));
    });
    assert_eq!(reads, u32::from(ended.is_ok()));
    ended
}

#[test]
#[ignore = "the body of a driver, started by other tests"]
fn driver() {
    let Ok(case) = std::env::var(CASE) else { return };
    let place = directory().join("place");
    let before = descriptors();
    match case.as_str() {
        "dead" => dead(&place),
        "foreign" => foreign(&place),
        "not-installed" => not_installed(&place),
        "interrupted" | "interrupted-later" => {
            let since = Instant::now();
            let error = mount(&mac(&case, Duration::from_secs(600)), &place).unwrap_err();
            assert!(error.to_string().contains("SIG"), "{error}");
            assert!(since.elapsed() < Duration::from_secs(20));
        }
        "hangs" | "hangs-later" => {
            let error = mount(&mac(&case, Duration::from_millis(1500)), &place).unwrap_err();
            assert_says(&error, &["within 1.5 s", "System Settings"]);
        }
        case => {
            let ended = mount(&mac(case, Duration::from_secs(15)), &place);
            match expected(case) {
                [] => ended.unwrap(),
                words => assert_says(&ended.unwrap_err(), words),
            }
        }
    }
    assert!(!is_mounted(&place), "no mount is left");
    assert_eq!(waitpid(None, None), Err(Errno::ECHILD), "no child is left");
    common::until("the end of the loops", || (descriptors() == before).then_some(()));
}

/// Words of the error that a case ends in; none where it mounts.
fn expected(case: &str) -> &'static [&'static str] {
    match case {
        "may-not" => &["status 64", "the file system is not available (1)", "System Settings"],
        "dies" | "dies-later" => &["SIGKILL"],
        "dies-mounted" => &["SIGKILL"],
        "errno" => &["mount: Operation not permitted: it says why"],
        "lies" => &["it says that it has mounted, but it has not"],
        "empty-handed" => &["no descriptor"],
        _ => &[],
    }
}

#[track_caller]
fn assert_says(error: &MountError, words: &[&str]) {
    let said = error.to_string();
    assert!(!said.contains('\n'), "{said}");
    for word in words {
        assert!(said.contains(word), "'{word}' in: {said}");
    }
}

/// Leaves the dead mount of a daemon that was killed.
fn kill_a_daemon(place: &Path) {
    let mut daemon = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "daemon", "--nocapture"])
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let told = directory().join("mounted");
    common::until("the daemon", || told.exists().then_some(()));
    assert!(std::fs::read(place.join("self/maps")).is_ok());
    daemon.kill().unwrap();
    daemon.wait().unwrap();
    std::fs::remove_file(told).unwrap();
    assert!(std::fs::symlink_metadata(place.join("self")).is_err(), "it is dead");
    assert!(is_mounted(place));
}

fn dead(place: &Path) {
    kill_a_daemon(place);
    mount(&mac("serves", Duration::from_secs(15)), place).unwrap();
    kill_a_daemon(place);
    mac("serves", Duration::ZERO).unmount(place, false).unwrap();
    let none = mac("serves", Duration::ZERO).unmount(place, false).unwrap_err();
    assert_says(&none, &["no mach-procfs is mounted there"]);
}

#[test]
#[ignore = "the body of a daemon that is killed, started by other tests"]
fn daemon() {
    if std::env::var_os(DIRECTORY).is_none() {
        return;
    }
    let mac = mac("serves", Duration::from_secs(15));
    let ready = || drop(File::create(directory().join("mounted")).unwrap());
    mac.mount(tree(), &directory().join("place"), &options(), ready).unwrap();
}

/// A volume of macFUSE as sshfs makes it, whose daemon never answers: whatever asks it would hang.
fn foreign(place: &Path) {
    let device = File::options().read(true).write(true).open("/dev/fuse").unwrap();
    mount_device(&device, place, "me@host:/home").unwrap();
    let mac = mac("may-not", Duration::from_secs(15));
    let refused = mac.unmount(place, true).unwrap_err();
    let words = ["no mach-procfs is mounted there, but me@host:/home of type macfuse"];
    assert_says(&refused, &words);
    assert!(is_mounted(place));
    umount2(place, MntFlags::MNT_DETACH).unwrap();
}

fn not_installed(place: &Path) {
    let mut mac = mac("may-not", Duration::from_secs(15));
    mac.helper = directory().join("missing");
    let cases = [("", "macFUSE is not installed"), ("fuse-t", "fuse-t"), ("osxfuse", "osxfuse 3")];
    for (present, words) in cases {
        if !present.is_empty() {
            File::create(directory().join(present)).unwrap();
        }
        let error = mount(&mac, place).unwrap_err();
        assert_says(&error, &[words]);
        assert_eq!(error.command(), Some("brew install --cask macfuse"));
    }
}

// --- the stand-in for mount_macfuse -------------------------------------------------------------

nix::ioctl_none!(
    /// `FUSE_DEV_IOC_SYNC_INIT` of Linux 6.18: mount(2) returns when the handshake is done.
    sync_init,
    229,
    3
);

fn mount_device(device: &File, place: &Path, source: &str) -> nix::Result<()> {
    let data = format!("fd={},rootmode=40000,user_id=0,group_id=0", device.as_raw_fd());
    let flags = MsFlags::MS_RDONLY | MsFlags::MS_NOSUID | MsFlags::MS_NODEV;
    nix::mount::mount(Some(source), place, Some("fuse.macfuse"), flags, Some(data.as_str()))
}

fn send(socket: &OwnedFd, device: Option<&File>) {
    let descriptors: Vec<_> = device.iter().map(|device| device.as_fd()).collect();
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !descriptors.is_empty() {
        assert!(control.push(SendAncillaryMessage::ScmRights(&descriptors)));
    }
    sendmsg(socket, &[IoSlice::new(&[0])], &mut control, SendFlags::empty()).unwrap();
}

fn hang() {
    File::create(directory().join("waits")).unwrap();
    loop {
        std::thread::park();
    }
}

#[test]
#[ignore = "the stand-in for a mount helper, started by other tests"]
#[allow(unsafe_code)]
fn stand_in() {
    let (Ok(case), Ok(place)) = (std::env::var(CASE), std::env::var("PLACE")) else { return };
    let variable = |name| std::env::var(name).unwrap();
    assert_eq!(variable("_FUSE_CALL_BY_LIB"), "1");
    assert_eq!(variable("_FUSE_COMMVERS"), "2");
    assert!(Path::new(&variable("_FUSE_DAEMON_PATH")).is_absolute());
    assert!(variable("OPTIONS").starts_with("fsname=mach-procfs,"));
    let number: i32 = variable("_FUSE_COMMFD").parse().unwrap();
    // SAFETY: the mounter has given this process a socket of this number for itself.
    let socket = unsafe { OwnedFd::from_raw_fd(number) };
    let die = || raise(Signal::SIGKILL).unwrap();
    match case.as_str() {
        "may-not" => {
            eprintln!("mount_macfuse: the file system is not available (1)");
            std::process::exit(64);
        }
        "dies" => die(),
        "hangs" | "interrupted" => hang(),
        "empty-handed" => return send(&socket, None),
        "floods" => {
            let line = "x".repeat(1000);
            (0..5000).for_each(|_| eprintln!("{line}"));
        }
        _ => {}
    }
    let device = File::options().read(true).write(true).open("/dev/fuse").unwrap();
    // After this ioctl Linux's poll waits for mount(2): not for a device that is never mounted.
    let mounts = ["serves", "serves-silently", "floods", "dies-mounted"].contains(&case.as_str());
    // SAFETY: an ioctl without an argument on an open file.
    let is_synced = mounts && unsafe { sync_init(device.as_raw_fd()) }.is_ok();
    send(&socket, Some(&device));
    match case.as_str() {
        "dies-later" => die(),
        "hangs-later" | "interrupted-later" => hang(),
        _ => {}
    }
    let status = match case.as_str() {
        "errno" => {
            eprintln!("mount_macfuse: it says why");
            Errno::EPERM as i32
        }
        "lies" => 0,
        _ => {
            mount_device(&device, Path::new(&place), "mach-procfs@macfuse0").unwrap();
            0
        }
    };
    if case == "dies-mounted" {
        die();
    }
    // Mounted means served.
    if is_synced && status == 0 {
        nix::sys::statfs::statfs(place.as_str()).unwrap();
    }
    if case != "serves-silently" {
        rustix::io::write(&socket, &status.to_ne_bytes()).unwrap();
    }
}
