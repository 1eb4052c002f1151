//! What each system does in its own way in the life of a mount.

use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

use nix::sys::signal::{SigSet, Signal};

use super::error::MountError;
use super::guard::{Guard, Volume};
use super::options::Options;
use crate::fuse::Adapter;

/// Signals that were blocked and are taken one by one. The descriptor can be read when one has come.
pub(super) trait Signals: AsFd {
    /// The signal that has come, if one has.
    fn next(&self) -> Option<Signal>;
}

/// How one system mounts.
pub(super) trait System {
    /// A mount of ours.
    type Volume: Volume;

    /// Whether each open file holds a descriptor of the daemon.
    const FILES_HOLD_DESCRIPTORS: bool;

    /// Takes these signals, which are blocked in every thread.
    fn signals(&self, blocked: SigSet) -> Result<Box<dyn Signals>, MountError>;

    /// Whether this process was started with the signal ignored, as by nohup.
    fn is_ignored(&self, signal: Signal) -> bool;

    /// Says that a directory is missing, and how to make it.
    fn missing(&self, path: &Path) -> MountError;

    /// The absolute path of a directory that can be mounted on; a dead mount of ours on it is
    /// cleared.
    fn prepare(&self, path: &Path) -> Result<PathBuf, MountError>;

    /// Mounts and serves. Ends early at a signal. An error leaves no mount behind.
    fn mount(
        &self,
        place: &Path,
        options: &Options,
        adapter: Adapter,
        signals: &dyn Signals,
    ) -> Result<Guard<Self::Volume>, MountError>;
}
