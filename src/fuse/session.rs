//! The life of a mount: made, served until a signal or an unmount ends it.

use std::fmt;
use std::mem::ManuallyDrop;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};

use fuser::Session;
use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::signal::{SigSet, Signal};

use super::{Adapter, Limits, host};
pub(super) use crate::model::error_words as words;
use crate::tree::Tree;

/// How to mount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Whether users other than the one who mounts may use it.
    pub allow_other: bool,
    /// Whether the kernel checks permission bits before it asks.
    pub default_permissions: bool,
    /// What stands as the source in the mount table.
    pub source: String,
    /// Event loops, at least 1.
    pub loops: usize,
    /// Whether one open of a file serves all its readers, as macFUSE has it: each then gets a
    /// content of its own, and access is checked at every read.
    pub one_open_for_all: bool,
    /// What open files may cost.
    pub limits: Limits,
}

impl Options {
    /// What suits a daemon of this user.
    #[must_use]
    pub fn for_user(uid: u32) -> Self {
        Options {
            allow_other: uid == 0,
            default_permissions: false,
            source: "mach-procfs".to_owned(),
            loops: host::LOOPS,
            one_open_for_all: host::ONE_OPEN_FOR_ALL,
            limits: Limits::default(),
        }
    }
}

/// Why a mount could not be made or ended, in one line that also says what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MountError(String);

impl MountError {
    pub(super) fn new(message: String) -> Self {
        MountError(message)
    }
}

impl fmt::Display for MountError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for MountError {}

/// What ends a daemon.
pub(super) enum Event {
    /// It was asked to.
    Signal(Signal),
    /// The kernel has ended the session: somebody has unmounted it.
    Ended,
}

/// The signals that end a mount in good order.
const ENDING: [Signal; 3] = [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP];

/// Mounts the tree, calls `ready` when it is served, and serves it until SIGINT, SIGTERM, SIGHUP
/// or an unmount by somebody else. A mount that is in use is then detached.
///
/// To be called from a process that has no other threads. When this returns the caller must end
/// the process soon: connections to the kernel close with it.
///
/// # Errors
/// When the mount cannot be made, or not be ended.
pub fn mount(
    tree: Arc<Tree>,
    path: &Path,
    options: &Options,
    ready: impl FnOnce(),
) -> Result<(), MountError> {
    // First of all, so that every thread inherits it and only the one below gets the signals.
    let signals = SigSet::from_iter(ENDING.into_iter().filter(|signal| !host::is_ignored(*signal)));
    signals
        .thread_block()
        .map_err(|errno| MountError::new(format!("sigprocmask: {}", errno.desc())))?;

    let options = &Options { limits: within_descriptors(options.limits), ..options.clone() };
    let path = &host::check_mount_point(path)?;
    let (sender, events) = channel();
    let mut mounted = host::Mounted::before(path)?;
    let adapter = Adapter::new(tree, options, sender.clone());
    // Makes the mount and shakes hands; starts no thread.
    let session = Session::new(adapter, path, &host::config(options))
        .map_err(|error| host::explain(path, &error))?;
    // Dropped, a session unmounts what is on top at its path, even when that is not its own
    // mount any more. We unmount ourselves, so it is never dropped.
    let session = ManuallyDrop::new(session);
    // An inherited copy of the connection would keep clients of a dead daemon waiting.
    fcntl(session.as_fd(), FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC))
        .map_err(|errno| MountError::new(format!("fcntl(FD_CLOEXEC): {}", errno.desc())))?;
    if let Err(error) = mounted.after() {
        mounted.unmount()?;
        return Err(error);
    }
    let connection = session.as_fd().try_clone_to_owned();
    let own = session.as_fd().try_clone_to_owned();
    // Never dropped, for the same reason.
    let served = match ManuallyDrop::into_inner(session).spawn() {
        Ok(served) => ManuallyDrop::new(served),
        Err(error) => {
            mounted.unmount()?;
            let reason = words(&error);
            return Err(MountError::new(format!("no thread to serve the mount: {reason}")));
        }
    };
    if options.loops > 1
        && let Err(error) = connection.and_then(|fd| wait_for_end(fd, sender.clone()))
    {
        mounted.unmount()?;
        return Err(MountError::new(format!("no thread to see the end: {}", words(&error))));
    }
    if let Err(error) = wait_for_signals(signals, sender) {
        mounted.unmount()?;
        return Err(error);
    }
    if let Err(error) = mounted.wait_until_there() {
        mounted.unmount()?;
        return Err(error);
    }
    let event = match events.try_recv() {
        Ok(event) => event,
        Err(_) if served.guard.is_finished() => Event::Ended,
        Err(_) => {
            ready();
            events.recv().unwrap_or(Event::Ended)
        }
    };
    match event {
        Event::Signal(signal) => {
            log::info!("{signal}: unmounting {}", path.display());
            mounted.unmount()
        }
        Event::Ended if is_still_mounted(&mounted, own)? => {
            mounted.unmount()?;
            let reason = "the daemon's loops ended, so it was unmounted";
            Err(MountError::new(format!("{}: {reason}", path.display())))
        }
        Event::Ended => {
            log::info!("{} was unmounted", path.display());
            Ok(())
        }
    }
}

/// Descriptors that are not for open files: the connections, and those that live for a call only.
const OTHER_DESCRIPTORS: u64 = 256;

/// Raises the number of descriptors as far as this process may, and lowers the limit on handles
/// to what that leaves: each open file holds one.
fn within_descriptors(limits: Limits) -> Limits {
    let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else { return limits };
    let mut most = soft;
    // Darwin takes no more than OPEN_MAX, whatever the hard limit says (setrlimit(2)).
    for wanted in [hard, hard.min(10_240)] {
        if wanted > most && setrlimit(Resource::RLIMIT_NOFILE, wanted, hard).is_ok() {
            most = wanted;
        }
    }
    let left = most.saturating_sub(OTHER_DESCRIPTORS).max(most / 2);
    let handles = limits.handles.min(usize::try_from(left).unwrap_or(usize::MAX));
    if handles < limits.handles {
        log::info!("{most} file descriptors: at most {handles} files can be open at a time");
    }
    Limits { handles, ..limits }
}

/// Whether a mount whose loops have ended is there all the same.
fn is_still_mounted(
    mounted: &host::Mounted,
    connection: std::io::Result<OwnedFd>,
) -> Result<bool, MountError> {
    let ended_by_kernel = connection.is_ok_and(|connection| {
        let mut fds = [PollFd::new(connection.as_fd(), PollFlags::empty())];
        matches!(poll(&mut fds, PollTimeout::ZERO), Ok(1..))
    });
    if ended_by_kernel { mounted.is_there_dead() } else { mounted.is_there() }
}

/// Tells when the kernel has ended the session. fuser tells it only when all its loops have
/// returned, of which one may hang in a call for ever. With a single loop none does (`gate`).
fn wait_for_end(connection: OwnedFd, sender: Sender<Event>) -> std::io::Result<()> {
    let wait = move || {
        // `fuse_dev_poll`: nothing but an error, which is what is asked for by no flags.
        let mut fds = [PollFd::new(connection.as_fd(), PollFlags::empty())];
        while matches!(poll(&mut fds, PollTimeout::NONE), Ok(0) | Err(nix::Error::EINTR)) {}
        let _ = sender.send(Event::Ended);
    };
    std::thread::Builder::new().name("end".to_owned()).spawn(wait).map(drop)
}

fn wait_for_signals(signals: SigSet, sender: Sender<Event>) -> Result<(), MountError> {
    let wait = move || {
        if let Ok(signal) = signals.wait() {
            // Nobody listens any more where the session has ended on its own.
            let _ = sender.send(Event::Signal(signal));
        }
    };
    std::thread::Builder::new().name("signals".to_owned()).spawn(wait).map(drop).map_err(|error| {
        MountError::new(format!("no thread to wait for signals: {}", words(&error)))
    })
}

/// Whether this directory can be mounted on. A dead mount of ours, which a killed daemon has left
/// there, is cleared.
///
/// # Errors
/// Why not.
pub fn check(path: &Path) -> Result<(), MountError> {
    host::check_mount_point(path).map(drop)
}

/// Ends a mount of ours, also a dead one that a killed daemon has left. A mount that is in use is
/// ended only with `lazy`: it is detached now and ends when nobody uses it any more.
///
/// # Errors
/// When there is none, it is in use, or the caller may not.
pub fn unmount(path: &Path, lazy: bool) -> Result<(), MountError> {
    host::unmount_path(path, lazy)
}
