//! The parts of a mount's life that depend on the system.

use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

use nix::sys::signal::{SigSet, Signal};

use super::error::MountError;
use super::guard::{Guard, Volume};
use super::options::Options;
use crate::fuse::Adapter;

/// Blocked signals that are taken one by one. The descriptor becomes readable when one has come.
pub(super) trait Signals: AsFd {
    /// The signal that has come, if there is one.
    fn next(&self) -> Option<Signal>;
}

/// One system's way to mount.
pub(super) trait System {
    /// A mount of ours.
    type Volume: Volume;

    /// Whether each open file holds a descriptor of the daemon.
    const FILES_HOLD_DESCRIPTORS: bool;

    /// Signals that end a program by default on this system only.
    const ALSO_ENDING: &[Signal];

    /// Takes these signals, which are blocked in every thread.
    fn signals(&self, blocked: SigSet) -> Result<Box<dyn Signals>, MountError>;

    /// Whether this process was started with the signal ignored, as by nohup.
    fn is_ignored(&self, signal: Signal) -> bool;

    /// The error for a missing directory, with how to make it.
    fn missing(&self, path: &Path) -> MountError;

    /// The absolute path of a directory that can be mounted on. A dead mount of ours on it is
    /// cleared.
    fn prepare(&self, path: &Path) -> Result<PathBuf, MountError>;

    /// Mounts and serves. Returns early at a signal. An error leaves no mount behind.
    fn mount(
        &self,
        place: &Path,
        options: &Options,
        adapter: Adapter,
        signals: &dyn Signals,
    ) -> Result<Guard<Self::Volume>, MountError>;
}
