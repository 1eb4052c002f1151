//! Signals, read from a descriptor without a thread: a thread that began before the mount is made
//! would keep the namespace and the privileges of that time.

use std::os::fd::{AsFd, BorrowedFd};

use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};

use crate::mount::system::Signals;

pub(super) struct Taken(SignalFd);

impl Taken {
    pub(super) fn new(blocked: &SigSet) -> nix::Result<Self> {
        SignalFd::with_flags(blocked, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK).map(Taken)
    }
}

impl AsFd for Taken {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl Signals for Taken {
    fn next(&self) -> Option<Signal> {
        let taken = self.0.read_signal().ok().flatten()?;
        Signal::try_from(i32::try_from(taken.ssi_signo).ok()?).ok()
    }
}

/// Whether this process was started with the signal ignored, as by nohup. A signalfd delivers a
/// blocked signal even then.
pub(super) fn is_ignored(signal: Signal) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    ignored >> (signal as i32 - 1) & 1 == 1
}
