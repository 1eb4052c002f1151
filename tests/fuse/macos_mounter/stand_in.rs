//! The stand-in for macFUSE's helper.

use std::fs::File;
use std::io::IoSlice;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd as _, AsRawFd as _, FromRawFd as _, OwnedFd};
use std::path::Path;

use nix::errno::Errno;
use nix::mount::MsFlags;
use nix::sys::signal::{Signal, raise};
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};

use super::{CASE, directory};
use crate::common::program::test_of;

nix::ioctl_none!(
    /// `FUSE_DEV_IOC_SYNC_INIT` of Linux 6.18: mount(2) returns when the handshake is done.
    sync_init,
    229,
    3
);

/// The name of the test that is the helper.
pub(super) fn name() -> String {
    test_of(module_path!(), "stand_in")
}

pub(crate) fn mount_device(device: &File, place: &Path, source: &str) -> nix::Result<()> {
    let fd = device.as_raw_fd();
    let data = format!("fd={fd},rootmode=40000,user_id=0,group_id=0,allow_other");
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

/// Waits for as long as the mounter lives: nothing ever comes through the socket.
fn hang(socket: &OwnedFd) {
    File::create(directory().join("waits")).unwrap();
    let _ = rustix::io::read(socket, &mut [0; 1]);
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
        "hangs" | "interrupted" => return hang(&socket),
        "empty-handed" => return send(&socket, None),
        "floods" => {
            let line = "x".repeat(1000);
            (0..5000).for_each(|_| eprintln!("{line}"));
        }
        _ => {}
    }
    let device = File::options().read(true).write(true).open("/dev/fuse").unwrap();
    // After this ioctl Linux's poll waits for mount(2): not for a device that is never mounted.
    let mounts = [
        "serves",
        "serves-silently",
        "floods",
        "dies-mounted",
        "hangs-mounted",
        "interrupted-mounted",
    ]
    .contains(&case.as_str());
    // SAFETY: an ioctl without an argument on an open file.
    let is_synced = mounts && unsafe { sync_init(device.as_raw_fd()) }.is_ok();
    send(&socket, Some(&device));
    match case.as_str() {
        "dies-later" => die(),
        "hangs-later" | "interrupted-later" => return hang(&socket),
        _ => {}
    }
    let status = match case.as_str() {
        "errno" => {
            eprintln!("mount_macfuse: it says why");
            Errno::EPERM as i32
        }
        "lies" => 0,
        case => {
            assert!(mounts || case == "serves-unsynced", "no case is called '{case}'");
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
    if ["hangs-mounted", "interrupted-mounted"].contains(&case.as_str()) {
        return hang(&socket);
    }
    if case != "serves-silently" {
        rustix::io::write(&socket, &status.to_ne_bytes()).unwrap();
    }
}
