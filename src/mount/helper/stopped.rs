//! Why a helper did not mount.

use std::io;
use std::path::Path;
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::signal::Signal;
use nix::sys::wait::WaitStatus;

use crate::model::error_words;
use crate::mount::error::MountError;

/// Why a helper did not mount.
#[derive(Debug)]
pub(in crate::mount) enum Stopped {
    /// It could not be started.
    NotStarted(io::Error),
    /// A signal came for this process.
    Signal(Signal),
    /// It took too long.
    Deadline(Duration),
    /// mount(2) failed.
    Refused(Errno),
    /// It ended without having mounted.
    Ended(WaitStatus),
    /// The protocol failed.
    Broken(String),
}

impl Stopped {
    /// The reason as an error of mounting here, for a helper of this name, if there is no better
    /// reason.
    pub(in crate::mount) fn error(&self, place: &Path, name: &str) -> MountError {
        let reason = match self {
            Stopped::NotStarted(error) => format!("{name}: {}", error_words(error)),
            Stopped::Signal(signal) => format!("not mounted: {signal} came first"),
            Stopped::Deadline(within) => {
                format!("{name} does not answer within {} s", within.as_secs_f32())
            }
            Stopped::Refused(errno) => format!("mount: {}", errno.desc()),
            Stopped::Ended(status) => format!("{name} ended early: {}", ending(status)),
            Stopped::Broken(reason) => format!("{name}: {reason}"),
        };
        MountError::at(place, reason)
    }
}

/// How a process has ended, in words.
pub(in crate::mount) fn ending(status: &WaitStatus) -> String {
    match status {
        WaitStatus::Exited(_, status) => format!("status {status}"),
        WaitStatus::Signaled(_, signal, _) => signal.to_string(),
        status => format!("{status:?}"),
    }
}
