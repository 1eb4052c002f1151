//! Linux: mount(2) on `/dev/fuse`, or the helper `fusermount3` where that is not permitted.

mod doctor;
mod fusermount;
mod mountinfo;
mod place;
mod problem;
mod rights;
mod signals;
mod unmount;
mod volume;

use std::fs::File;
use std::os::fd::{AsFd as _, AsRawFd as _, OwnedFd};
use std::path::{Path, PathBuf};

use fuser::{Config, Session, SessionACL};
use nix::errno::Errno;
use nix::mount::MsFlags;
use nix::sys::signal::{SigSet, Signal};
use nix::unistd::{getgid, getuid};

use super::error::MountError;
use super::guard::Guard;
use super::made;
use super::options::Options;
use super::system::{Signals, System};
use crate::fuse::Adapter;
use crate::kernel::MOUNT_TYPE;
use crate::model::error_words;
use place::{State, look, resolve, state};
use volume::Mounted;

pub(super) use doctor::diagnose;
pub(super) use unmount::unmount;

/// How many event loops serve the mount. With one, a small read waits behind the largest.
pub(super) const LOOPS: usize = 2;

/// A mount is recognised by its type.
pub(super) const SOURCE_IS_FIXED: bool = false;

pub(super) const DEVICE: &str = "/dev/fuse";

pub(super) struct Linux;

pub(super) fn system() -> Linux {
    Linux
}

impl System for Linux {
    type Volume = Mounted;

    const FILES_HOLD_DESCRIPTORS: bool = true;

    const ALSO_ENDING: &[Signal] = &[Signal::SIGIO, Signal::SIGPWR, Signal::SIGSTKFLT];

    fn signals(&self, blocked: SigSet) -> Result<Box<dyn Signals>, MountError> {
        let taken = signals::Taken::new(&blocked)
            .map_err(|errno| MountError::new(format!("signalfd: {}", errno.desc())))?;
        Ok(Box::new(taken))
    }

    fn is_ignored(&self, signal: Signal) -> bool {
        signals::is_ignored(signal)
    }

    fn missing(&self, path: &Path) -> MountError {
        made::missing(path)
    }

    fn prepare(&self, path: &Path) -> Result<PathBuf, MountError> {
        let place = resolve(path)?;
        match look(&place) {
            None => {
                if let Some(problem) = problem::of_others(&place) {
                    return Err(problem.error(&place));
                }
            }
            Some(ours) if state(&place) == State::Stale => {
                let shown = place.display();
                log::warn!("{shown}: clearing the dead mount of a daemon that was killed");
                unmount::clear(&place, ours.owner)?;
            }
            Some(ours) => {
                let whose = unmount::whose(ours.owner);
                let reason = format!("it has a mach-procfs already{whose}; to end that one:");
                let command = unmount::command_for(ours.owner, &place);
                return Err(MountError::at(&place, reason).with_command(command));
            }
        }
        let metadata = std::fs::metadata(&place)
            .map_err(|error| MountError::at(&place, error_words(&error)))?;
        if !metadata.is_dir() {
            return Err(MountError::at(&place, "not a directory"));
        }
        Ok(place)
    }

    fn mount(
        &self,
        place: &Path,
        options: &Options,
        adapter: Adapter,
        signals: &dyn Signals,
    ) -> Result<Guard<Mounted>, MountError> {
        let volume = Mounted::before(place)?;
        let device = match mount_directly(place, options)? {
            Ok(device) => device,
            Err(errno) => {
                log::debug!("mount: {}; asking fusermount3", errno.desc());
                fusermount::mount(place, options, errno, signals)?
            }
        };
        // From here on no error leaves the mount behind.
        let mut guard = Guard::new(volume);
        guard.connect(device.as_fd())?;
        let acl = if options.allow_other { SessionACL::All } else { SessionACL::Owner };
        let mut config = Config::default();
        config.n_threads = Some(options.loops);
        // The kernel has sent the handshake's request as it mounted, so this does not wait.
        let session = Session::from_fd(adapter, device, acl, config).map_err(|error| {
            MountError::at(place, format!("no handshake: {}", error_words(&error)))
        })?;
        guard.leave()?;
        session.spawn().map_err(|error| {
            MountError::at(place, format!("no thread to serve the mount: {}", error_words(&error)))
        })?;
        Ok(guard)
    }
}

/// Mounts by mount(2). The inner error means that this process may not, but a helper may.
fn mount_directly(place: &Path, options: &Options) -> Result<Result<OwnedFd, Errno>, MountError> {
    let device = File::options().read(true).write(true).open(DEVICE);
    let device: OwnedFd = device.map_err(|error| problem::device(&error).error(place))?.into();
    let mut data = format!(
        "fd={},rootmode=40000,user_id={},group_id={}",
        device.as_raw_fd(),
        getuid(),
        getgid()
    );
    if options.allow_other {
        data.push_str(",allow_other");
    }
    if options.default_permissions {
        data.push_str(",default_permissions");
    }
    let flags = MsFlags::MS_RDONLY | MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    let source = Some(options.source.as_str());
    match nix::mount::mount(source, place, Some(MOUNT_TYPE), flags, Some(data.as_str())) {
        Ok(()) => Ok(Ok(device)),
        // EACCES comes from a security module, or from a directory on the way that the helper may
        // pass.
        Err(errno @ (Errno::EPERM | Errno::EACCES)) => Ok(Err(errno)),
        Err(Errno::ENODEV) => {
            Err(problem::device(&std::io::ErrorKind::NotFound.into()).error(place))
        }
        Err(errno) => Err(MountError::at(place, format!("mount: {}", errno.desc()))),
    }
}
