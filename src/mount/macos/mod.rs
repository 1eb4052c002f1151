//! macOS: mounts by the kernel extension of macFUSE, through its helper `mount_macfuse`.
//!
//! Everything except the queries of the running system is compiled on Linux too, where tests run it
//! against stand-ins for the helper. None of it has been run on a Mac.

#[cfg(target_os = "macos")]
mod doctor;
#[cfg(any(target_os = "macos", test))]
mod judge;
#[cfg(target_os = "macos")]
mod live;
mod mounter;
mod signals;
mod table;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::signal::{SigSet, Signal};

use super::command::{for_root, for_roots_shell, own, own_for_root};
use super::error::MountError;
use super::guard::Guard;
use super::made;
use super::options::Options;
use super::quote::quote;
use super::session::mount_on;
use super::system::{Signals, System};
use crate::fuse::Adapter;
use crate::model::error_words;
use crate::tree::Tree;

#[cfg(target_os = "macos")]
pub(super) use doctor::diagnose;
#[cfg(target_os = "macos")]
pub(super) use live::{system, unmount};
pub use mounter::Mounted;
use table::{State, look, resolve};
pub use table::{Volumes, is_ours};

/// fuser runs only one loop here.
#[cfg(target_os = "macos")]
pub(super) const LOOPS: usize = 1;

/// A mount is recognised by its source.
#[cfg(target_os = "macos")]
pub(super) const SOURCE_IS_FIXED: bool = true;

/// The parts of a Mac that mounting uses.
#[derive(Clone, Debug)]
pub struct Mac<V> {
    /// The mounted volumes.
    pub volumes: V,
    /// macFUSE's set-uid helper.
    pub helper: PathBuf,
    /// The file system bundle of osxfuse, the predecessor of macFUSE.
    pub osxfuse: PathBuf,
    /// The library of fuse-t.
    pub fuse_t: PathBuf,
    /// How long the helper may take.
    pub within: Duration,
}

impl<V: Volumes + Clone> Mac<V> {
    /// Mounts and serves as [`super::mount`] does.
    ///
    /// # Errors
    /// The errors of [`super::mount`].
    pub fn mount(
        &self,
        tree: Arc<Tree>,
        path: &Path,
        options: &Options,
        ready: impl FnOnce(),
    ) -> Result<(), MountError> {
        mount_on(self, tree, path, options, ready)
    }

    /// Ends a mount of ours, also a dead one. A mount in use is ended only with `lazy`, by force.
    ///
    /// # Errors
    /// There is no mount of ours, it is in use, or this process may not end it.
    pub fn unmount(&self, path: &Path, lazy: bool) -> Result<(), MountError> {
        let place = &resolve(&self.volumes, path)?;
        let force = match look(&self.volumes, place)? {
            State::None => {
                return Err(MountError::at(place, "no mach-procfs is mounted there"));
            }
            State::Others(volume) => {
                let reason = format!("no mach-procfs is mounted there, but {volume}");
                return Err(MountError::at(place, reason));
            }
            State::Live => lazy,
            State::Stale => true,
        };
        let umount = |lazy| format!("umount {lazy}{}", quote(place));
        self.volumes.unmount(place, force).map_err(|errno| match errno {
            Errno::EBUSY => MountError::at(place, "it is in use; --lazy ends it all the same:")
                .with_command(own(&umount("--lazy "))),
            Errno::EPERM => MountError::at(
                place,
                "another user has mounted it; only that user and root may end it:",
            )
            .with_command(own_for_root(&umount(""))),
            errno => MountError::at(place, format!("cannot unmount: {}", errno.desc())),
        })
    }

    /// Why macFUSE cannot be used at all.
    fn installation(&self) -> Result<(), String> {
        if self.helper.exists() {
            return Ok(());
        }
        let found = if self.osxfuse.exists() {
            "osxfuse 3 is installed, which is too old: macFUSE 4 or 5 must replace it"
        } else if self.fuse_t.exists() {
            "fuse-t is installed, which cannot serve this: it does not say which process reads, \
             and reads files of size 0 as empty. It takes macFUSE"
        } else {
            "macFUSE is not installed"
        };
        Err(found.to_owned())
    }
}

/// How macFUSE is installed.
const INSTALL: &str = "brew install --cask macfuse";

impl<V: Volumes + Clone> System for Mac<V> {
    type Volume = Mounted<V>;

    /// Open files hold no descriptors on macOS.
    const FILES_HOLD_DESCRIPTORS: bool = false;

    const ALSO_ENDING: &[Signal] = &[];

    fn signals(&self, blocked: SigSet) -> Result<Box<dyn Signals>, MountError> {
        let taken = signals::Taken::new(blocked).map_err(|error| {
            MountError::new(format!("waiting for signals: {}", error_words(&error)))
        })?;
        Ok(Box::new(taken))
    }

    /// macOS reports this only by a call that would change it, so signals are taken as not ignored.
    fn is_ignored(&self, _: Signal) -> bool {
        false
    }

    fn missing(&self, path: &Path) -> MountError {
        if path == Path::new("/proc") {
            let reason = "macOS makes it at the next start, once /etc/synthetic.conf names it:";
            return MountError::at(path, reason)
                .with_command(for_roots_shell("echo proc >>/etc/synthetic.conf"));
        }
        made::missing(path)
    }

    fn prepare(&self, path: &Path) -> Result<PathBuf, MountError> {
        let place = resolve(&self.volumes, path)?;
        match look(&self.volumes, &place)? {
            State::None | State::Others(_) => {}
            State::Live => {
                let reason = "it has a mach-procfs already; to end that one:";
                let command = own(&format!("umount {}", quote(&place)));
                return Err(MountError::at(&place, reason).with_command(command));
            }
            State::Stale => {
                let shown = place.display();
                log::warn!("{shown}: clearing the dead mount of a daemon that was killed");
                self.volumes.unmount(&place, true).map_err(|errno| {
                    let reason = "a dead mount is in the way and cannot be cleared";
                    MountError::at(&place, format!("{reason}: {}", errno.desc()))
                        .with_command(for_root(&format!("umount -f {}", quote(&place))))
                })?;
            }
        }
        let metadata = std::fs::metadata(&place)
            .map_err(|error| MountError::at(&place, error_words(&error)))?;
        if !metadata.is_dir() {
            return Err(MountError::at(&place, "not a directory"));
        }
        self.installation()
            .map_err(|reason| MountError::at(&place, reason).with_command(INSTALL))?;
        Ok(place)
    }

    fn mount(
        &self,
        place: &Path,
        options: &Options,
        adapter: Adapter,
        signals: &dyn Signals,
    ) -> Result<Guard<Mounted<V>>, MountError> {
        mounter::mount(self, place, options, adapter, signals)
    }
}
