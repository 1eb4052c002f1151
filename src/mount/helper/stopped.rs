//! Why a helper did not mount.

use std::io;
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::signal::Signal;
use nix::sys::wait::WaitStatus;

use crate::model::error_words;

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
    /// The reason with the helper's own messages, for a helper of this name, if there is no better
    /// reason.
    pub(in crate::mount) fn reason(&self, name: &str, said: &str) -> String {
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
        if said.is_empty() { reason } else { format!("{reason}: {said}") }
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
