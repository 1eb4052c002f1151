//! The errno of each [`ErrorKind`].

use std::time::{Duration, Instant};

use fuser::Errno;
use parking_lot::Mutex;

use super::host::HostRules;
use crate::model::{Error, ErrorKind};

/// The errno that a client gets for this error. An error that the client has not caused is logged in
/// one line with the call, its code, the pid and the address.
pub(super) fn errno(error: &Error, rules: &HostRules) -> Errno {
    match error.kind {
        ErrorKind::ResourceLimit
        | ErrorKind::HandleQuota
        | ErrorKind::ContentQuota
        | ErrorKind::TimedOut
        | ErrorKind::Failed => log_sparingly(error),
        _ => log::debug!("{error}"),
    }
    match error.kind {
        ErrorKind::NoSuchName | ErrorKind::NoSuchProcess => Errno::ENOENT,
        ErrorKind::Replaced => rules.replaced,
        ErrorKind::Vanished => Errno::ESRCH,
        ErrorKind::Denied => Errno::EACCES,
        ErrorKind::ReadOnly => Errno::EROFS,
        ErrorKind::IsDirectory => Errno::EISDIR,
        ErrorKind::NotDirectory => Errno::ENOTDIR,
        ErrorKind::NotLink => Errno::EINVAL,
        ErrorKind::BadHandle => Errno::EBADF,
        ErrorKind::ResourceLimit | ErrorKind::HandleQuota => Errno::ENFILE,
        ErrorKind::ContentQuota => Errno::ENOMEM,
        ErrorKind::TimedOut | ErrorKind::Failed => Errno::EIO,
        // "Try again": Go's `os` does so by itself.
        ErrorKind::Busy => Errno::EINTR,
    }
}

/// Any user can cause errors, so at most this many are logged in one [`SPAN`].
const LINES: u32 = 20;
const SPAN: Duration = Duration::from_secs(10);

/// When the current span began, and how many errors there were in it.
static LOGGED: Mutex<Option<(Instant, u32)>> = Mutex::new(None);

fn log_sparingly(error: &Error) {
    let now = Instant::now();
    let (number, missed) = {
        let mut logged = LOGGED.lock();
        let (since, count) = logged.unwrap_or((now, 0));
        let is_new = now.duration_since(since) >= SPAN;
        let (since, before) = if is_new { (now, 0) } else { (since, count) };
        *logged = Some((since, before.saturating_add(1)));
        (before + 1, if is_new { count.saturating_sub(LINES) } else { 0 })
    };
    if missed > 0 {
        log::error!("{missed} more failures were not logged");
    }
    if number <= LINES {
        log::error!("{error}");
    }
}
