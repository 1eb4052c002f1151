//! Signals, taken by a thread that tells of them through a socket: macOS has no signalfd.

use std::io::{self, Read as _, Write as _};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;

use nix::sys::signal::{SigSet, Signal};

use crate::mount::system::Signals;

pub(super) struct Taken(UnixStream);

impl Taken {
    pub(super) fn new(blocked: SigSet) -> io::Result<Self> {
        let (ours, mut theirs) = UnixStream::pair()?;
        ours.set_nonblocking(true)?;
        let wait = move || {
            while let Ok(signal) = blocked.wait() {
                let Ok(number) = u8::try_from(signal as i32) else { continue };
                if theirs.write_all(&[number]).is_err() {
                    break;
                }
            }
        };
        std::thread::Builder::new().name("signals".to_owned()).spawn(wait)?;
        Ok(Taken(ours))
    }
}

impl AsFd for Taken {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl Signals for Taken {
    fn next(&self) -> Option<Signal> {
        let mut number = [0];
        let got = (&self.0).read(&mut number).ok()?;
        let [number] = number;
        (got == 1).then(|| Signal::try_from(i32::from(number)).ok())?
    }
}
