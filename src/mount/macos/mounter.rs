//! One mount through macFUSE's helper: the connection, the handshake while the helper waits in
//! mount(2), and the helper's result.

use std::io;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use fuser::{Config, Session, SessionACL};
use nix::errno::Errno;
use nix::poll::PollFlags;
use nix::unistd::geteuid;

use super::table::{State, Volumes, is_dead, is_ours, look, top};
use super::{INSTALL, Mac};
use crate::fuse::Adapter;
use crate::kernel::MOUNT_SOURCE;
use crate::model::Mounted as Entry;
use crate::model::error_words;
use crate::mount::command::for_root;
use crate::mount::error::MountError;
use crate::mount::guard::{Guard, Volume};
use crate::mount::helper::{Call, Helper, Ready, Stopped};
use crate::mount::options::{Options, escape};
use crate::mount::system::Signals;

/// How long the connection is only watched before it is read from anyway, since it is unknown of
/// some versions whether macFUSE's device can be polled.
const WATCHED_FOR: Duration = Duration::from_secs(1);

/// How often a connection that is not mounted yet is checked.
const AGAIN_AFTER: Duration = Duration::from_millis(10);

/// The options for the helper. Never `local`: Spotlight would index the volume. `daemon_timeout` is
/// how long macFUSE waits for an answer before it gives up the mount; every request is answered
/// within 5 s, so only a dead daemon takes longer. The daemon does not see all opens here, so the
/// kernel checks the permission bits too.
fn option_list(options: &Options) -> String {
    let mut list = format!(
        "fsname={0},volname={0},nobrowse,noappledouble,noapplexattr,nolocalcaches,\
         daemon_timeout=30,iosize=131072,ro,nosuid,nodev,noexec,default_permissions",
        escape(MOUNT_SOURCE)
    );
    if options.allow_other {
        list.push_str(",allow_other");
    }
    list
}

fn call<V>(mac: &Mac<V>, place: &Path, options: &Options) -> Call {
    let mut arguments = vec!["-o".into(), option_list(options).into()];
    arguments.extend(options.quiet.then(|| "-q".into()));
    arguments.push(place.into());
    let program = std::env::current_exe().unwrap_or_default();
    Call {
        program: mac.helper.clone(),
        arguments,
        environment: vec![
            ("_FUSE_CALL_BY_LIB", "1".into()),
            ("_FUSE_DAEMON_PATH", program.into()),
            ("_FUSE_COMMVERS", "2".into()),
        ],
        within: mac.within,
    }
}

pub(super) fn mount<V: Volumes + Clone>(
    mac: &Mac<V>,
    place: &Path,
    options: &Options,
    adapter: Adapter,
    signals: &dyn Signals,
) -> Result<Guard<Mounted<V>>, MountError> {
    let is_root = geteuid().is_root();
    let mut helper = Helper::start(&call(mac, place, options))
        .map_err(|stopped| explain(mac, place, options, &stopped, "", is_root))?;
    let mut is_served = false;
    let mounted = attempt(&mut helper, adapter, signals, &mut is_served).and_then(|()| {
        let entry = top(&mac.volumes, place).map_err(|error| Stopped::Broken(error.to_string()))?;
        let entry = entry.filter(is_ours);
        entry.ok_or_else(|| {
            Stopped::Broken("it says that it has mounted, but it has not".to_owned())
        })
    });
    match mounted {
        Ok(entry) => {
            let volumes = mac.volumes.clone();
            Ok(Guard::new(Mounted { volumes, place: place.to_owned(), entry }))
        }
        Err(stopped) => {
            let error = explain(mac, place, options, &stopped, &helper.words(), is_root);
            drop(helper);
            clear(&mac.volumes, place, is_served);
            Err(error)
        }
    }
}

/// Talks to the helper. Sets `is_served` when a thread has the connection.
fn attempt(
    helper: &mut Helper,
    adapter: Adapter,
    signals: &dyn Signals,
    is_served: &mut bool,
) -> Result<(), Stopped> {
    let connection = helper.connection(signals)?;
    wait_for_init(helper, connection.as_fd(), signals)?;
    let (done, tell) = UnixStream::pair().map_err(Stopped::NotStarted)?;
    *is_served = true;
    let serving = std::thread::Builder::new()
        .name("handshake".to_owned())
        .spawn(move || serve(adapter, connection, tell))
        .map_err(Stopped::NotStarted)?;
    match helper.wait(signals, Some(done.as_fd()))? {
        Ready::Helper => {}
        Ready::Other(_) => {
            let served = serving.join().unwrap_or_else(|_| Err(io::Error::other("a panic")));
            if let Err(error) = served {
                // The helper's own message is the better reason.
                helper.status(signals)?;
                return Err(Stopped::Broken(format!("no handshake: {}", error_words(&error))));
            }
        }
    }
    helper.status(signals)
}

/// Waits until the kernel asks for the handshake, so that the thread that reads it does not wait
/// for ever. A message of the helper before that is the reason why the kernel will not ask.
fn wait_for_init(
    helper: &mut Helper,
    connection: BorrowedFd<'_>,
    signals: &dyn Signals,
) -> Result<(), Stopped> {
    let until = Instant::now() + WATCHED_FOR;
    loop {
        match helper.wait_until(until, signals, Some(connection))? {
            None => return Ok(()),
            Some(Ready::Other(found))
                if found.intersects(PollFlags::POLLIN | PollFlags::POLLNVAL) =>
            {
                return Ok(());
            }
            // It is not mounted yet.
            Some(Ready::Other(_)) => std::thread::sleep(AGAIN_AFTER),
            Some(Ready::Helper) => return helper.status(signals),
        }
    }
}

/// Shakes hands and begins to serve. Then `tell` is closed.
fn serve(adapter: Adapter, connection: OwnedFd, tell: UnixStream) -> io::Result<()> {
    let mut config = Config::default();
    config.n_threads = Some(1);
    // With another value fuser itself refuses root and the system, so that `df`, `umount` and the
    // shutdown misbehave. The kernel keeps other users out unless `allow_other` was passed.
    let acl = SessionACL::All;
    let session = Session::from_fd(adapter, connection, acl, config)?;
    session.spawn()?;
    drop(tell);
    Ok(())
}

/// Unmounts the remains of a failed attempt: a dead mount, or if a thread has the connection, a
/// mount that the thread serves.
fn clear(volumes: &impl Volumes, place: &Path, is_served: bool) {
    let is_left = match look(volumes, place) {
        Ok(State::Stale) => true,
        Ok(State::Live) => is_served,
        Ok(State::None | State::Others(_)) => false,
        Err(error) => {
            log::error!("{error}");
            false
        }
    };
    if is_left && let Err(errno) = volumes.unmount(place, true) {
        log::error!("{}: cannot unmount: {}", place.display(), errno.desc());
    }
}

const ALLOW_OTHER: &str = "sysctl vfs.generic.macfuse.tunables.allow_other=1";

const APPROVAL: &str = "see whether macFUSE's extension is allowed in System Settings, \
     Privacy & Security";

fn explain<V: Volumes + Clone>(
    mac: &Mac<V>,
    place: &Path,
    options: &Options,
    stopped: &Stopped,
    said: &str,
    is_root: bool,
) -> MountError {
    let reason = stopped.reason("mount_macfuse", said);
    match stopped {
        Stopped::NotStarted(_) if mac.installation().is_err() => {
            let reason = mac.installation().err().unwrap_or_default();
            MountError::at(place, reason).with_command(INSTALL)
        }
        Stopped::Refused(Errno::EPERM) if options.allow_other && !is_root => {
            let who = "allow_other is for root and the group admin, or for all after:";
            MountError::at(place, format!("{reason}; {who}")).with_command(for_root(ALLOW_OTHER))
        }
        Stopped::Deadline(_) | Stopped::Ended(_) => {
            MountError::at(place, format!("{reason}; {APPROVAL}"))
        }
        _ => MountError::at(place, reason),
    }
}

/// A mount of ours.
#[derive(Debug)]
pub struct Mounted<V> {
    volumes: V,
    place: PathBuf,
    /// Our entry in the table. Another mount of ours at the same place has another one.
    entry: Entry,
}

impl<V: Volumes> Volume for Mounted<V> {
    /// It is unknown of some versions whether it could be polled. The end of the only loop is
    /// enough.
    fn connection(&self) -> Option<BorrowedFd<'_>> {
        None
    }

    fn is_stale(&self) -> Result<bool, MountError> {
        Ok(self.is_there()? && is_dead(&self.place))
    }

    fn is_there(&self) -> Result<bool, MountError> {
        let top = top(&self.volumes, &self.place)?;
        let is_same =
            |top: Entry| top.device == self.entry.device && top.source == self.entry.source;
        Ok(top.is_some_and(is_same))
    }

    /// By force if it is in use. The loop still serves.
    fn unmount(&self) -> Result<(), MountError> {
        if !self.is_there()? {
            return Ok(());
        }
        match self.volumes.unmount(&self.place, false) {
            Err(Errno::EBUSY) => self.volumes.unmount(&self.place, true),
            other => other,
        }
        .map_err(|errno| MountError::at(&self.place, format!("cannot unmount: {}", errno.desc())))
    }
}

#[cfg(test)]
mod tests;
