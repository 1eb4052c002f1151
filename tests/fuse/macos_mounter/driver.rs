//! The process that mounts, and looks what is left.

use std::collections::BTreeSet;
use std::fs::File;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use mach_procfs::model::{Device, Mounted};
use mach_procfs::mount::macos::{Mac, Volumes, is_ours};
use mach_procfs::mount::{MountError, Options, quote};
use mach_procfs::tree::Tree;
use nix::errno::Errno;
use nix::fcntl::{OFlag, openat};
use nix::mount::{MntFlags, umount2};
use nix::sys::stat::Mode;
use nix::sys::wait::waitpid;
use nix::unistd::{Uid, setfsuid};

use super::stand_in::{self, mount_device};
use super::{CASE, DIRECTORY, DONE, directory};
use crate::common;
use crate::common::program::{test_of, write_script};

/// The name of this module's test.
pub(super) fn name(test: &str) -> String {
    test_of(module_path!(), test)
}

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
                device: Device { major: 0, minor: minor.parse().unwrap() },
                ..Mounted::default()
            }
        });
        Ok(mounts.collect())
    }

    fn unmount(&self, path: &Path, force: bool) -> Result<(), Errno> {
        umount2(path, if force { MntFlags::MNT_DETACH } else { MntFlags::empty() })
    }
}

fn mac(case: &str, within: Duration) -> Mac<Here> {
    let helper = directory().join(case);
    let script = format!(
        "#!/bin/sh\nfor place; do :; done\n{CASE}={case} PLACE=$place OPTIONS=$2 \
         exec {} --ignored --exact {} --nocapture\n",
        quote(&std::env::current_exe().unwrap()),
        stand_in::name()
    );
    write_script(&helper, &script);
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

/// Runs this as a user other than the daemon's, where there is another one in this namespace.
fn as_another_user<T: Send>(work: impl FnOnce() -> T + Send) -> Option<T> {
    let other = Uid::from_raw(65534);
    let work = || {
        setfsuid(other);
        // The call returns the user of before.
        (setfsuid(other) == other).then(work)
    };
    std::thread::scope(|scope| scope.spawn(work).join().unwrap())
}

/// Not by its path, which leads through a directory of root's alone.
fn read_below(root: &File, name: &str) -> std::io::Result<String> {
    let file = openat(root, name, OFlag::O_RDONLY | OFlag::O_CLOEXEC, Mode::empty())?;
    std::io::read_to_string(File::from(file))
}

/// Mounts; where that works, reads through the mount and unmounts it.
fn mount(mac: &Mac<Here>, place: &Path) -> Result<(), MountError> {
    let mut reads = 0;
    let ended = mac.mount(tree(), place, &options(), || {
        let maps = std::fs::read_to_string(place.join("self/maps")).unwrap();
        assert!(maps.contains("[stack]"), "{maps}");
        reads += 1;
        let root = File::open(place).unwrap();
        if let Some(version) = as_another_user(|| read_below(&root, "version")) {
            assert!(version.unwrap().starts_with("Linux "));
        }
        drop(root);
        assert!(Here.mounted().unwrap().iter().any(is_ours));
        let again = mac.mount(tree(), place, &options(), || ()).unwrap_err();
        assert!(again.to_string().contains("has a mach-procfs already"), "{again}");
        let held = File::open(place.join("self/maps")).unwrap();
        let busy = mac.unmount(place, false).unwrap_err();
        assert!(busy.to_string().contains("in use"), "{busy}");
        let quoted = busy.command().unwrap();
        assert!(quoted.contains(" umount --lazy '/") && quoted.contains(r"'\''"), "{quoted}");
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
        "interrupted" | "interrupted-later" | "interrupted-mounted" => {
            // The test does not wait as long as the helper may take.
            let error = mount(&mac(&case, Duration::from_secs(600)), &place).unwrap_err();
            assert!(error.to_string().contains("SIG"), "{error}");
        }
        "hangs" | "hangs-later" | "hangs-mounted" => {
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
    File::create(directory().join(DONE)).unwrap();
}

/// Words of the error that a case ends in; none where it mounts.
fn expected(case: &str) -> &'static [&'static str] {
    match case {
        "may-not" => &["status 64", "the file system is not available (1)", "System Settings"],
        "dies" | "dies-later" => &["SIGKILL"],
        "dies-mounted" => &["SIGKILL"],
        "errno" => &["mount: Operation not permitted: it says why"],
        // On a slow machine the device is read before the helper lies, which fails as well.
        "lies" => &["it says that it has mounted, but it has not|no handshake"],
        "empty-handed" => &["no descriptor"],
        "serves" | "serves-unsynced" | "serves-silently" | "floods" => &[],
        case => panic!("no case is called '{case}'"),
    }
}

#[track_caller]
fn assert_says(error: &MountError, words: &[&str]) {
    let said = error.to_string();
    assert!(!said.contains('\n'), "{said}");
    for word in words {
        assert!(word.split('|').any(|word| said.contains(word)), "'{word}' in: {said}");
    }
}

/// Leaves the dead mount of a daemon that was killed.
fn kill_a_daemon(place: &Path) {
    let mut daemon = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", &name("daemon"), "--nocapture"])
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
