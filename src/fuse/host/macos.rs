//! macOS: macFUSE's mount options, and what it asks of every volume.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use fuser::{Config, Errno, MountOption, ReplyXattr, SessionACL};
use nix::mount::{MntFlags, unmount};
use nix::sys::signal::Signal;
use nix::sys::statfs::statfs;

use crate::fuse::session::{MountError, Options, words};

/// ESTALE would reach the caller here; ENOENT makes macFUSE drop the vnode.
pub(in crate::fuse) const REPLACED: Errno = Errno::ENOENT;

/// macFUSE opens a vnode once for all who open it in the same mode.
pub(in crate::fuse) const ONE_OPEN_FOR_ALL: bool = true;

/// GETATTR comes without a handle.
pub(in crate::fuse) const HANDLE_MEANS_SEEK_END: bool = false;

/// No read has an owner.
pub(in crate::fuse) const PAGE_CACHE_HAS_NO_OWNER: bool = false;

/// `default_permissions` is always on here; and each read is checked by the daemon, whoever has
/// opened the file.
pub(in crate::fuse) const KERNEL_CHECKS_ACCESS: bool = true;

/// Apple's `tail` and `wc -c` trust the size that `fstat` gives.
pub(in crate::fuse) const OPEN_FILES_HAVE_SIZES: bool = true;

/// ENOATTR.
pub(in crate::fuse) const NO_XATTR: Errno = Errno::NO_XATTR;

/// fuser runs one loop only here.
pub(in crate::fuse) const LOOPS: usize = 1;

/// How long macFUSE waits for an answer before it gives the mount up. Every request is answered
/// within 5 s (`gate`), so only a daemon that has died takes longer.
const DAEMON_TIMEOUT: &str = "daemon_timeout=30";

/// How long the mount helper, which nobody waits for, may take.
const MOUNTED_WITHIN: Duration = Duration::from_secs(8);

pub(in crate::fuse) fn list_no_xattrs(size: u32, reply: ReplyXattr) {
    if size == 0 { reply.size(0) } else { reply.data(&[]) }
}

/// Names that Finder, Spotlight and the like look for on every volume.
pub(in crate::fuse) fn is_probe(name: &OsStr) -> bool {
    const NAMES: [&[u8]; 5] =
        [b".DS_Store", b".hidden", b".Spotlight-V100", b".Trashes", b".fseventsd"];
    let name = name.as_bytes();
    name.starts_with(b"._") || NAMES.contains(&name)
}

/// fuser's settings for these options. Never `local`: Spotlight would index the volume.
pub(in crate::fuse) fn config(options: &Options) -> Config {
    let custom = |text: &str| MountOption::CUSTOM(text.to_owned());
    let mut config = Config::default();
    config.mount_options = vec![
        MountOption::FSName(options.source.clone()),
        custom("volname=mach-procfs"),
        custom("nobrowse"),
        custom("noappledouble"),
        custom("noapplexattr"),
        custom("nolocalcaches"),
        custom(DAEMON_TIMEOUT),
        custom("iosize=131072"),
        MountOption::RO,
        MountOption::NoSuid,
        MountOption::NoDev,
        MountOption::NoExec,
        // Opens are not all seen here, so the kernel checks the permission bits too.
        MountOption::DefaultPermissions,
    ];
    config.acl = if options.allow_other { SessionACL::All } else { SessionACL::Owner };
    config.n_threads = Some(LOOPS);
    config
}

/// A directory that can be mounted on, made absolute; a dead mount of ours on it is cleared.
pub(in crate::fuse) fn check_mount_point(path: &Path) -> Result<PathBuf, MountError> {
    let absolute = std::path::absolute(path).map_err(|error| at(path, &error))?;
    if is_dead(&absolute) {
        log::warn!("{}: clearing the dead mount of a daemon that was killed", absolute.display());
        unmount(&absolute, MntFlags::MNT_FORCE).map_err(|errno| failed(&absolute, errno))?;
    }
    let absolute = absolute.canonicalize().map_err(|error| at(path, &error))?;
    let metadata = std::fs::metadata(&absolute).map_err(|error| at(path, &error))?;
    if !metadata.is_dir() {
        return Err(MountError::new(format!("{}: not a directory", absolute.display())));
    }
    if is_mounted(&absolute) {
        return Err(MountError::new(format!(
            "{} has a FUSE mount already; `mach-procfs umount {0}` ends it",
            absolute.display()
        )));
    }
    Ok(absolute)
}

fn at(path: &Path, error: &std::io::Error) -> MountError {
    let hint = match error.kind() {
        std::io::ErrorKind::NotFound if path == Path::new("/proc") => {
            "; add a line `proc` to /etc/synthetic.conf and restart"
        }
        std::io::ErrorKind::NotFound => "; make the directory first",
        _ => "",
    };
    MountError::new(format!("{}: {}{hint}", path.display(), words(error)))
}

fn failed(path: &Path, errno: nix::Error) -> MountError {
    MountError::new(format!("{}: cannot unmount: {}", path.display(), errno.desc()))
}

/// Whether a volume is there whose daemon is gone.
pub(super) fn is_dead(path: &Path) -> bool {
    std::fs::symlink_metadata(path)
        .is_err_and(|error| matches!(error.raw_os_error(), Some(libc::ENXIO | libc::ENOTCONN)))
}

/// Whether a macFUSE volume has its root here: it answers for this path, and not for the parent.
pub(super) fn is_mounted(path: &Path) -> bool {
    let of = |path: &Path| statfs(path).ok();
    let Some(here) = of(path) else { return false };
    let is_fuse = matches!(here.filesystem_type_name(), "macfuse" | "osxfuse");
    let above = path.parent().and_then(of);
    is_fuse && above.is_none_or(|above| above.filesystem_id() != here.filesystem_id())
}

/// A mount of ours.
pub(in crate::fuse) struct Mounted {
    mount_point: PathBuf,
}

impl Mounted {
    /// Takes what will be needed, before the mount is made.
    pub(in crate::fuse) fn before(mount_point: &Path) -> Result<Self, MountError> {
        Ok(Mounted { mount_point: mount_point.to_owned() })
    }

    /// Nothing of what the daemon calls looks into `/proc` here.
    pub(in crate::fuse) fn after(&mut self) -> Result<(), MountError> {
        Ok(())
    }

    /// Waits until the mount is there: libfuse leaves mounting to a helper and does not say
    /// whether it could.
    pub(in crate::fuse) fn wait_until_there(&self) -> Result<(), MountError> {
        let since = Instant::now();
        while !is_mounted(&self.mount_point) {
            if since.elapsed() > MOUNTED_WITHIN {
                return Err(MountError::new(format!(
                    "{}: macFUSE does not mount; see whether its extension is allowed in System \
                     Settings, Privacy & Security",
                    self.mount_point.display()
                )));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// Whether it is still mounted.
    pub(in crate::fuse) fn is_there(&self) -> Result<bool, MountError> {
        Ok(is_mounted(&self.mount_point))
    }

    /// Whether it is still mounted although the kernel has ended its session.
    pub(in crate::fuse) fn is_there_dead(&self) -> Result<bool, MountError> {
        self.is_there()
    }

    /// Ends the mount, by force where it is in use. The loop must still serve.
    pub(in crate::fuse) fn unmount(&self) -> Result<(), MountError> {
        if !is_mounted(&self.mount_point) {
            return Ok(());
        }
        match unmount(&self.mount_point, MntFlags::empty()) {
            Err(nix::Error::EBUSY) => unmount(&self.mount_point, MntFlags::MNT_FORCE),
            other => other,
        }
        .map_err(|errno| failed(&self.mount_point, errno))
    }
}

/// Whether this process was started with the signal ignored, which macOS tells only by a call
/// that would change it: taken as not.
pub(in crate::fuse) fn is_ignored(_: Signal) -> bool {
    false
}

/// The `umount` command: ends a mount of ours, also a dead one.
pub(in crate::fuse) fn unmount_path(path: &Path, lazy: bool) -> Result<(), MountError> {
    let path = std::path::absolute(path).map_err(|error| at(path, &error))?;
    let is_dead = is_dead(&path);
    if !is_dead && !is_mounted(&path) {
        return Err(MountError::new(format!(
            "{}: no mach-procfs is mounted there",
            path.display()
        )));
    }
    let flags = if lazy || is_dead { MntFlags::MNT_FORCE } else { MntFlags::empty() };
    unmount(&path, flags).map_err(|errno| match errno {
        nix::Error::EBUSY => {
            MountError::new(format!("{}: in use; --lazy ends it all the same", path.display()))
        }
        errno => failed(&path, errno),
    })
}

/// Why fuser could not mount, and what to do about it.
pub(in crate::fuse) fn explain(path: &Path, error: &std::io::Error) -> MountError {
    let hint = if Path::new("/Library/Filesystems/macfuse.fs").exists() {
        "; see whether macFUSE's extension is allowed in System Settings, Privacy & Security"
    } else {
        "; macFUSE is not installed: brew install --cask macfuse"
    };
    MountError::new(format!("{}: {}{hint}", path.display(), words(error)))
}
