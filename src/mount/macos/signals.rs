//! Signals, taken by a thread that reports them through a socket, since macOS has no signalfd.

use std::io::{self, Read as _, Write as _};
use std::net::Shutdown;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::thread::JoinHandleExt as _;
use std::thread::JoinHandle;

use nix::sys::pthread::pthread_kill;
use nix::sys::signal::{SigSet, Signal};

use crate::mount::system::Signals;

pub(super) struct Taken {
    reports: UnixStream,
    /// One of the signals, which wakes the thread when there is nothing more to report.
    last: Option<Signal>,
    thread: Option<JoinHandle<()>>,
}

impl Taken {
    pub(super) fn new(blocked: SigSet) -> io::Result<Self> {
        let (reports, mut writer) = UnixStream::pair()?;
        reports.set_nonblocking(true)?;
        let last = blocked.iter().next();
        let wait = move || {
            while let Ok(signal) = blocked.wait() {
                let Ok(number) = u8::try_from(signal as i32) else { continue };
                if writer.write_all(&[number]).is_err() {
                    break;
                }
            }
        };
        let thread = std::thread::Builder::new().name("signals".to_owned()).spawn(wait)?;
        Ok(Taken { reports, last, thread: Some(thread) })
    }
}

impl AsFd for Taken {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.reports.as_fd()
    }
}

impl Signals for Taken {
    fn next(&self) -> Option<Signal> {
        let mut number = [0];
        let got = (&self.reports).read(&mut number).ok()?;
        let [number] = number;
        (got == 1).then(|| Signal::try_from(i32::from(number)).ok())?
    }
}

impl Drop for Taken {
    /// Ends the thread, whose socket has no reader any more.
    fn drop(&mut self) {
        let (Some(thread), Some(last)) = (self.thread.take(), self.last) else { return };
        if self.reports.shutdown(Shutdown::Both).is_ok()
            && pthread_kill(thread.as_pthread_t(), last).is_ok()
        {
            let _ = thread.join();
        }
    }
}
