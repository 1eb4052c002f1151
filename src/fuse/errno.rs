//! The one place where meanings become errnos.

use fuser::Errno;

use super::host;
use crate::model::{Error, ErrorKind};

/// The errno a client gets for this error. What is not the client's doing is logged here, in one
/// line that names the call, its code, the pid and the address.
pub(super) fn errno(error: &Error) -> Errno {
    match error.kind {
        ErrorKind::Exhausted | ErrorKind::TimedOut | ErrorKind::Failed => log::error!("{error}"),
        _ => log::debug!("{error}"),
    }
    match error.kind {
        ErrorKind::NoSuchName | ErrorKind::NoSuchProcess => Errno::ENOENT,
        ErrorKind::Replaced => host::REPLACED,
        ErrorKind::Vanished => Errno::ESRCH,
        ErrorKind::Denied => Errno::EACCES,
        ErrorKind::ReadOnly => Errno::EROFS,
        ErrorKind::IsDirectory => Errno::EISDIR,
        ErrorKind::NotDirectory => Errno::ENOTDIR,
        ErrorKind::NotLink => Errno::EINVAL,
        ErrorKind::BadHandle => Errno::EBADF,
        ErrorKind::Exhausted => Errno::ENFILE,
        ErrorKind::TimedOut | ErrorKind::Failed => Errno::EIO,
    }
}
