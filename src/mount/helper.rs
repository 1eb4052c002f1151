//! The protocol of the set-uid helpers that mount for others: `fusermount3` and macFUSE's
//! `mount_macfuse`.
//!
//! The helper inherits one end of a socket pair, whose number is in `_FUSE_COMMFD`. It sends the
//! connection to the kernel as SCM_RIGHTS with one byte. With `_FUSE_COMMVERS=2` macFUSE's helper
//! then calls mount(2), which returns only when the connection is served, and sends a native `int`:
//! 0, or the errno. It writes messages to its standard error.

mod call;
pub(super) mod stopped;

use std::fmt;
use std::fs::File;
use std::io::{self, IoSliceMut, Read as _};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};

use super::system::Signals;
use crate::model::error_words;
pub(super) use call::Call;
use call::spawn;
pub(super) use stopped::Stopped;

/// Bytes of a helper's messages that are kept.
const KEPT: usize = 4096;

/// How long a helper may take to end once it has nothing more to do, or was killed.
const ENDS_WITHIN: Duration = Duration::from_secs(2);

/// The descriptor that can be read.
pub(super) enum Ready {
    /// The helper's socket: data, or the end.
    Helper,
    /// The other descriptor, with the events that poll reports.
    Other(PollFlags),
}

/// A running helper. Killed and reaped on drop.
pub(super) struct Helper {
    pid: Option<Pid>,
    socket: UnixStream,
    stderr: Option<File>,
    said: Vec<u8>,
    has_mounted: bool,
    within: Duration,
    deadline: Instant,
}

impl Helper {
    pub(super) fn start(call: &Call) -> Result<Self, Stopped> {
        let start = || -> io::Result<Self> {
            let (socket, theirs) = UnixStream::pair()?;
            let (stderr, their_stderr) = io::pipe()?;
            let pid = spawn(call, &theirs, their_stderr.as_fd())?;
            Ok(Helper {
                pid: Some(pid),
                socket,
                stderr: Some(File::from(OwnedFd::from(stderr))),
                said: Vec::new(),
                has_mounted: false,
                within: call.within,
                deadline: Instant::now() + call.within,
            })
        };
        start().map_err(Stopped::NotStarted)
    }

    /// Receives the connection to the kernel.
    pub(super) fn connection(&mut self, signals: &dyn Signals) -> Result<OwnedFd, Stopped> {
        self.wait(signals, None)?;
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let mut byte = [0];
        let mut bytes = [IoSliceMut::new(&mut byte)];
        let got = loop {
            match recvmsg(&self.socket, &mut bytes, &mut control, RecvFlags::empty()) {
                Err(rustix::io::Errno::INTR) => {}
                got => break got.map_err(|errno| broken("recvmsg", &errno))?,
            }
        };
        let sent = control.drain().find_map(|message| match message {
            RecvAncillaryMessage::ScmRights(mut descriptors) => descriptors.next(),
            _ => None,
        });
        match sent {
            Some(connection) => {
                // An inherited copy would keep clients of a dead daemon waiting.
                fcntl(&connection, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC))
                    .map_err(|errno| Stopped::Broken(format!("fcntl: {}", errno.desc())))?;
                Ok(connection)
            }
            None if got.bytes == 0 => Err(self.end()),
            None => Err(Stopped::Broken("it sent no descriptor".to_owned())),
        }
    }

    /// Receives the result of mount(2), once. A helper that sends none has mounted if its exit
    /// status is 0.
    pub(super) fn status(&mut self, signals: &dyn Signals) -> Result<(), Stopped> {
        if !self.has_mounted {
            self.receive_status(signals)?;
            self.has_mounted = true;
        }
        Ok(())
    }

    fn receive_status(&mut self, signals: &dyn Signals) -> Result<(), Stopped> {
        let mut status = [0; 4];
        let mut got = 0;
        while let Some(rest) = status.get_mut(got..).filter(|rest| !rest.is_empty()) {
            self.wait(signals, None)?;
            match self.socket.read(rest) {
                Ok(0) => return self.exit(),
                Ok(more) => got += more,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(broken("read", &error)),
            }
        }
        match i32::from_ne_bytes(status) {
            0 => {
                // The helper has nothing more to do.
                let _ = self.reap();
                Ok(())
            }
            errno => Err(Stopped::Refused(Errno::from_raw(errno))),
        }
    }

    /// Waits for the end of a helper that has closed its socket.
    pub(super) fn exit(&mut self) -> Result<(), Stopped> {
        match self.end() {
            Stopped::Ended(WaitStatus::Exited(_, 0)) => Ok(()),
            stopped => Err(stopped),
        }
    }

    /// The helper's messages on standard error, on one line, without its own name.
    pub(super) fn words(&mut self) -> String {
        while self.hears(Duration::ZERO) {}
        let said = String::from_utf8_lossy(&self.said);
        let lines = said.lines().map(str::trim).filter(|line| !line.is_empty());
        let lines = lines.map(|line| match line.split_once(": ") {
            Some((name, rest)) if !name.contains(' ') && name.contains("mount") => rest,
            _ => line,
        });
        lines.collect::<Vec<_>>().join("; ")
    }

    /// Waits until the helper's socket, or another descriptor, can be read, and collects the
    /// helper's messages meanwhile. The other descriptor is reported first.
    pub(super) fn wait(
        &mut self,
        signals: &dyn Signals,
        other: Option<BorrowedFd<'_>>,
    ) -> Result<Ready, Stopped> {
        self.wait_until(self.deadline, signals, other)?.ok_or(Stopped::Deadline(self.within))
    }

    /// Waits until a point in time; `None` when it is past.
    pub(super) fn wait_until(
        &mut self,
        until: Instant,
        signals: &dyn Signals,
        other: Option<BorrowedFd<'_>>,
    ) -> Result<Option<Ready>, Stopped> {
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(None);
            }
            let [mut said, mut sent, mut signalled] = [PollFlags::empty(); 3];
            let mut found = PollFlags::empty();
            {
                let stderr = self.stderr.as_ref();
                let mut watched: Vec<(BorrowedFd<'_>, &mut PollFlags)> =
                    vec![(signals.as_fd(), &mut signalled), (self.socket.as_fd(), &mut sent)];
                watched.extend(stderr.map(|stderr| (stderr.as_fd(), &mut said)));
                watched.extend(other.map(|other| (other, &mut found)));
                let mut fds: Vec<PollFd<'_>> =
                    watched.iter().map(|(fd, _)| PollFd::new(*fd, PollFlags::POLLIN)).collect();
                match poll(&mut fds, in_time(left)) {
                    Err(Errno::EINTR) => continue,
                    // Some devices of macOS cannot be polled, which its poll(2) may report like
                    // this.
                    Err(_) if other.is_some() => {
                        return Ok(Some(Ready::Other(PollFlags::POLLNVAL)));
                    }
                    Err(errno) => return Err(Stopped::Broken(format!("poll: {}", errno.desc()))),
                    Ok(_) => {}
                }
                let revents: Vec<_> =
                    fds.iter().map(|fd| fd.revents().unwrap_or(PollFlags::POLLERR)).collect();
                for ((_, flags), revents) in watched.iter_mut().zip(revents) {
                    **flags = revents;
                }
            }
            if !signalled.is_empty()
                && let Some(signal) = signals.next()
            {
                return Err(Stopped::Signal(signal));
            }
            if !said.is_empty() {
                self.listen();
            }
            if !found.is_empty() {
                return Ok(Some(Ready::Other(found)));
            }
            if !sent.is_empty() {
                return Ok(Some(Ready::Helper));
            }
        }
    }

    /// Reads what is available of its standard error. All of it is read, so that it never waits for
    /// a reader; only the beginning is kept.
    fn listen(&mut self) {
        let Some(stderr) = &mut self.stderr else { return };
        let mut bytes = [0; 16 * 1024];
        match stderr.read(&mut bytes) {
            Ok(0) => self.stderr = None,
            Ok(got) => {
                let room = KEPT.saturating_sub(self.said.len());
                self.said.extend(bytes.iter().take(got.min(room)));
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => self.stderr = None,
        }
    }

    /// Reads its standard error once. False if nothing comes in time.
    fn hears(&mut self, within: Duration) -> bool {
        let Some(stderr) = &self.stderr else { return false };
        let mut fds = [PollFd::new(stderr.as_fd(), PollFlags::POLLIN)];
        let is_heard = matches!(poll(&mut fds, in_time(within)), Ok(1..));
        if is_heard {
            self.listen();
        }
        is_heard
    }

    /// How a helper that has closed its socket has ended.
    fn end(&mut self) -> Stopped {
        match self.reap() {
            Ok(Some(status)) => Stopped::Ended(status),
            Ok(None) => Stopped::Deadline(ENDS_WITHIN),
            Err(errno) => Stopped::Broken(format!("waitpid: {}", errno.desc())),
        }
    }

    /// Waits a while for its end. `None` if it is still running.
    fn reap(&mut self) -> nix::Result<Option<WaitStatus>> {
        let Some(pid) = self.pid else { return Ok(None) };
        let until = Instant::now() + ENDS_WITHIN;
        loop {
            match waitpid(pid, Some(WaitPidFlag::WNOHANG)) {
                Ok(WaitStatus::StillAlive) if Instant::now() < until => {
                    let pause = Duration::from_millis(2);
                    if !self.hears(pause) {
                        std::thread::sleep(pause);
                    }
                }
                Ok(WaitStatus::StillAlive) => return Ok(None),
                Err(Errno::EINTR) => {}
                ended => {
                    self.pid = None;
                    return ended.map(Some);
                }
            }
        }
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        let Some(pid) = self.pid else { return };
        // A process group of its own, with all that it has started.
        let killed = kill(Pid::from_raw(-pid.as_raw()), Signal::SIGKILL);
        if !matches!(self.reap(), Ok(Some(_))) {
            let reason = killed.err().map_or("", |errno| errno.desc());
            log::warn!("the mount helper, process {pid}, does not end {reason}");
        }
    }
}

/// A call on the helper's socket failed.
fn broken(call: &str, error: &dyn fmt::Display) -> Stopped {
    Stopped::Broken(format!("{call}: {}", error_words(error)))
}

/// The time as poll takes it, rounded up, so that the last millisecond is no busy loop.
fn in_time(left: Duration) -> PollTimeout {
    let milliseconds = left.as_micros().div_ceil(1000);
    PollTimeout::try_from(milliseconds).unwrap_or(PollTimeout::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_socket_has_words_and_no_number() {
        for error in [
            &rustix::io::Errno::CONNRESET as &dyn fmt::Display,
            &io::Error::from_raw_os_error(libc::ECONNRESET),
        ] {
            let said = broken("read", error).reason("helper", "");
            assert_eq!(said, "helper: read: Connection reset by peer");
        }
    }
}
