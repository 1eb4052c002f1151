//! Replies to requests. Each is sent once: by the call that works on it, or by the pool's watchdog.

use std::sync::Arc;

use fuser::{Errno, ReplyAttr, ReplyData, ReplyDirectory, ReplyEmpty, ReplyEntry, ReplyOpen};
use parking_lot::Mutex;

use super::errno::errno;
use super::host::HostRules;
use super::pool::{BusyLoop, Expire};
use crate::model::Error;

/// A reply that can be an error.
pub(super) trait Refuse: Send + 'static {
    /// Sends the errno.
    fn refuse(self, errno: Errno);
}

macro_rules! refuse {
    ($($reply:ty),*) => {$(
        impl Refuse for $reply {
            fn refuse(self, errno: Errno) {
                self.error(errno);
            }
        }
    )*};
}
refuse!(ReplyAttr, ReplyData, ReplyDirectory, ReplyEmpty, ReplyEntry, ReplyOpen);

/// A reply that was not sent yet, until one side takes it. Where all sides drop it unsent, fuser
/// sends EIO.
pub(super) struct Pending<R> {
    reply: Mutex<Option<R>>,
    rules: HostRules,
}

impl<R: Refuse> Pending<R> {
    pub(super) fn new(reply: R, rules: HostRules) -> Arc<Self> {
        Arc::new(Pending { reply: Mutex::new(Some(reply)), rules })
    }

    fn take(&self) -> Option<R> {
        self.reply.lock().take()
    }

    fn refuse(&self, error: &Error) {
        if let Some(reply) = self.take() {
            reply.refuse(errno(error, &self.rules));
        }
    }
}

impl<R: Refuse> Expire for Pending<R> {
    fn expire(&self, error: &Error) {
        self.refuse(error);
    }
}

/// The reply as the call that works on it sees it.
pub(super) struct Answer<R> {
    pending: Arc<Pending<R>>,
    /// The event loop that runs the call, unless a worker does.
    busy: Option<BusyLoop>,
}

impl<R: Refuse> Answer<R> {
    pub(super) fn new(pending: Arc<Pending<R>>, busy: Option<BusyLoop>) -> Self {
        Answer { pending, busy }
    }

    /// The reply, unless it was sent already. To be called when nothing is left that may block:
    /// from here on the event loop counts as free. The client may send its next request before this
    /// thread runs again, and would find no loop free.
    pub(super) fn take(&self) -> Option<R> {
        self.end_busy();
        self.pending.take()
    }

    /// Sends the reply, unless one was sent already. As for [`take`](Self::take), nothing that may
    /// block is left.
    pub(super) fn send(&self, send: impl FnOnce(R)) {
        if let Some(reply) = self.take() {
            send(reply);
        }
    }

    /// Sends the errno of this error, unless a reply was sent already.
    pub(super) fn refuse(&self, error: &Error) {
        self.end_busy();
        self.pending.refuse(error);
    }

    fn end_busy(&self) {
        if let Some(busy) = &self.busy {
            busy.end();
        }
    }
}
