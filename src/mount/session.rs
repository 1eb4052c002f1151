//! The life of a mount: made, served until a signal or an unmount ends it.

use std::io::Read;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, Signal};

use super::error::MountError;
use super::guard::{Guard, Volume};
use super::host;
use super::made::Made;
use super::options::{Options, within_descriptors};
use super::system::{Signals, System};
use crate::fuse::{Adapter, Service};
use crate::model::error_words;
use crate::tree::Tree;

/// The signals that unmount before the daemon ends, beside those of one system: all that would
/// otherwise end it by default, except for its own faults and real-time signals. SIGXCPU comes
/// before the limit of CPU time kills.
const ENDING: [Signal; 11] = [
    Signal::SIGINT,
    Signal::SIGTERM,
    Signal::SIGHUP,
    Signal::SIGQUIT,
    Signal::SIGUSR1,
    Signal::SIGUSR2,
    Signal::SIGALRM,
    Signal::SIGXCPU,
    Signal::SIGXFSZ,
    Signal::SIGVTALRM,
    Signal::SIGPROF,
];

/// The end of a daemon.
enum Event {
    Signal(Signal),
    /// The kernel has ended the session, or all loops have ended.
    Ended,
}

/// Mounts the tree, calls `ready` when it is served, and serves it until another process unmounts
/// it or a signal ends the program, at which a mount in use is detached. A missing directory is
/// made if it is below the user's home, and removed again if the mount fails.
///
/// To be called from a process that has no other threads. When this returns the caller must end the
/// process soon: connections to the kernel close with it.
///
/// # Errors
/// When the mount cannot be made, a signal came before it was, or it cannot be ended.
pub fn mount(
    tree: Arc<Tree>,
    path: &Path,
    options: &Options,
    ready: impl FnOnce(),
) -> Result<(), MountError> {
    mount_on(&host::system(), tree, path, options, ready)
}

pub(super) fn mount_on<S: System>(
    system: &S,
    tree: Arc<Tree>,
    path: &Path,
    options: &Options,
    ready: impl FnOnce(),
) -> Result<(), MountError> {
    // With the signals as they were: a look at a mount whose daemon hangs may wait, and nothing is
    // made yet that would have to be undone.
    let there = existing(system, path)?;
    // Before any thread starts, so that every one inherits it.
    let ending = ENDING.iter().chain(S::ALSO_ENDING);
    let blocked = SigSet::from_iter(ending.copied().filter(|it| !system.is_ignored(*it)));
    blocked
        .thread_block()
        .map_err(|errno| MountError::new(format!("sigprocmask: {}", errno.desc())))?;
    let signals = system.signals(blocked)?;

    let limits = within_descriptors(options.limits, S::FILES_HOLD_DESCRIPTORS);
    let made = Made::ensure(path, |missing| system.missing(missing))?;
    let place = &match there {
        Some(place) => place,
        None => system.prepare(path)?,
    };
    let (ended, alive) = UnixStream::pair()
        .map_err(|error| MountError::new(format!("socketpair: {}", error_words(&error))))?;
    let service = Service { loops: options.loops, rules: options.rules, limits };
    let adapter = Adapter::new(tree, &service, alive);
    let guard = system.mount(place, options, adapter, &*signals)?;
    made.keep();

    let wait = |timeout| wait(&*signals, &ended, guard.connection(), timeout);
    let event = wait(PollTimeout::ZERO).or_else(|| {
        ready();
        wait(PollTimeout::NONE)
    });
    match event {
        Some(Event::Signal(signal)) => {
            log::info!("{signal}: unmounting {}", place.display());
            guard.unmount()
        }
        Some(Event::Ended) | None if is_still_mounted(&guard)? => {
            guard.unmount()?;
            Err(MountError::at(place, "the daemon's loops ended, so it was unmounted"))
        }
        Some(Event::Ended) | None => {
            log::info!("{} was unmounted", place.display());
            guard.release();
            Ok(())
        }
    }
}

/// Waits for a signal or the end of the session. fuser reports the end only when all its loops have
/// returned, of which one may hang in a call for ever. The connection reports it at once, but a
/// poll that waits for it would be woken by every request. So it is asked now and then, while a
/// call hangs.
fn wait(
    signals: &dyn Signals,
    ended: &UnixStream,
    connection: Option<BorrowedFd<'_>>,
    timeout: PollTimeout,
) -> Option<Event> {
    loop {
        let mut fds = [
            PollFd::new(signals.as_fd(), PollFlags::POLLIN),
            PollFd::new(ended.as_fd(), PollFlags::POLLIN),
        ];
        match poll(&mut fds, timeout) {
            Ok(0) if timeout == PollTimeout::ZERO => return None,
            Ok(0) | Err(nix::Error::EINTR) => continue,
            Ok(_) => {}
            Err(errno) => {
                log::error!("poll: {}", errno.desc());
                return None;
            }
        }
        let has_come = |fd: &PollFd<'_>| fd.any().unwrap_or(true);
        let [signal_came, word_came] = fds.each_ref().map(has_come);
        if signal_came && let Some(signal) = signals.next() {
            return Some(Event::Signal(signal));
        }
        // A byte means that a call hangs, their end that the session has ended.
        if word_came && (!matches!((&*ended).read(&mut [0; 64]), Ok(1..)) || has_ended(connection))
        {
            return Some(Event::Ended);
        }
    }
}

/// Whether the kernel has ended the session, where the connection reports it. `fuse_dev_poll`
/// reports only an error then, which needs no flags.
fn has_ended(connection: Option<BorrowedFd<'_>>) -> bool {
    connection.is_some_and(|connection| {
        let mut fds = [PollFd::new(connection, PollFlags::empty())];
        matches!(poll(&mut fds, PollTimeout::ZERO), Ok(1..))
    })
}

/// Whether a mount whose loops have ended is still mounted.
fn is_still_mounted<V: Volume>(guard: &Guard<V>) -> Result<bool, MountError> {
    if has_ended(guard.connection()) { guard.is_stale() } else { guard.is_there() }
}

/// The place to mount on, as [`System::prepare`] has it, unless it is missing and would be made.
fn existing<S: System>(system: &S, path: &Path) -> Result<Option<PathBuf>, MountError> {
    if Made::is_to_make(path, |missing| system.missing(missing))? {
        return Ok(None);
    }
    system.prepare(path).map(Some)
}

/// Whether this directory can be mounted on, or made for it. A dead mount of ours, left by a killed
/// daemon, is cleared.
///
/// # Errors
/// The reason why not.
pub fn check(path: &Path) -> Result<(), MountError> {
    existing(&host::system(), path).map(drop)
}
