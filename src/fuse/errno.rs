//! The one place where meanings become errnos.

use std::time::{Duration, Instant};

use fuser::Errno;
use parking_lot::Mutex;

use super::host::HostRules;
use crate::model::{Error, ErrorKind};

/// The errno a client gets for this error. What is not the client's doing is logged here, in one
/// line that names the call, its code, the pid and the address.
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

/// Any user can bring errors about, so that no more than this many are logged in [`SPAN`].
const LINES: u32 = 20;
const SPAN: Duration = Duration::from_secs(10);

/// Since when lines are counted, and how many there were.
static SAID: Mutex<Option<(Instant, u32)>> = Mutex::new(None);

fn log_sparingly(error: &Error) {
    let now = Instant::now();
    let (number, missed) = {
        let mut said = SAID.lock();
        let (since, count) = said.unwrap_or((now, 0));
        let is_new = now.duration_since(since) >= SPAN;
        let (since, before) = if is_new { (now, 0) } else { (since, count) };
        *said = Some((since, before.saturating_add(1)));
        (before + 1, if is_new { count.saturating_sub(LINES) } else { 0 })
    };
    if missed > 0 {
        log::error!("{missed} more failures were not logged");
    }
    if number <= LINES {
        log::error!("{error}");
    }
}
