//! What is mounted at a path, by the mount table, without a request to its daemon, which may hang.
//! Only [`state`] asks, and only the daemon of a mount of ours.

use std::fmt::Display;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use nix::sys::stat::{major, minor};
use nix::sys::statfs::{FUSE_SUPER_MAGIC, statfs};
use rustix::fs::{AtFlags, CWD, StatxFlags, statx};

use super::mountinfo::{self, Mount};
use crate::model::error_words;
use crate::mount::error::MountError;

/// The state of a mount of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Its daemon answers.
    Live,
    /// Its daemon has ended.
    Stale,
    /// It is open to another user only, so that the kernel does not let this process ask.
    Closed,
}

/// A mount of ours that is visible at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ours {
    /// The user who mounted it, if the mount table can be read.
    pub(super) owner: Option<u32>,
}

/// The mount of ours at this path, if there is one. A mount that another one hides does not count.
pub(super) fn look(path: &Path) -> Option<Ours> {
    match std::fs::read(TABLE) {
        Ok(table) => {
            let top = seen_top(&table, path).filter(Mount::is_ours)?;
            Some(Ours { owner: top.owner })
        }
        // Below a dead mount over /proc there is no table to read; but only mounts of ours answer
        // so.
        Err(_) if path == Path::new("/proc") => {
            let is_fuse =
                || statfs(path).is_ok_and(|kind| kind.filesystem_type() == FUSE_SUPER_MAGIC);
            (state(path) == State::Stale || is_fuse()).then_some(Ours { owner: None })
        }
        Err(_) => None,
    }
}

/// The FUSE mount of another program at this path, in words.
pub(super) fn others(path: &Path) -> Option<String> {
    let top = seen_top(&std::fs::read(TABLE).ok()?, path)?;
    let kind = top.file_system.as_slice();
    let is_fuse = kind == b"fuse" || kind.starts_with(b"fuse.");
    let text = |bytes| String::from_utf8_lossy(bytes);
    (is_fuse && !top.is_ours()).then(|| format!("{} of type {}", text(&top.source), text(kind)))
}

/// Whether the daemon of a mount of ours answers, by a request to it.
pub(super) fn state(path: &Path) -> State {
    match std::fs::symlink_metadata(path).map_err(|error| error.raw_os_error()) {
        // The second one where the daemon ends during the request (`fuse_abort_conn`).
        Err(Some(libc::ENOTCONN | libc::ECONNABORTED)) => State::Stale,
        Err(Some(libc::EACCES)) => State::Closed,
        _ => State::Live,
    }
}

const TABLE: &str = "/proc/thread-self/mountinfo";

/// Whether the path leads to this mount. statx for no attributes is answered by the kernel itself,
/// for any user, whether or not the daemon lives (`fuse_getattr`).
fn is_seen(path: &Path, mount: &Mount) -> bool {
    let cached = AtFlags::from_bits_retain(libc::AT_STATX_DONT_SYNC.cast_unsigned());
    let flags = AtFlags::SYMLINK_NOFOLLOW | cached;
    match statx(CWD, path, flags, StatxFlags::empty()) {
        Ok(seen) if seen.stx_mask & StatxFlags::MNT_ID.bits() != 0 => seen.stx_mnt_id == mount.id,
        Ok(seen) => device_number(seen.stx_dev_major, seen.stx_dev_minor) == mount.device,
        // Without statx, a dead mount shows only by its error.
        Err(_) => match std::fs::symlink_metadata(path) {
            Ok(seen) => device_number(major(seen.dev()), minor(seen.dev())) == mount.device,
            Err(error) => error.raw_os_error() == Some(libc::ENOTCONN),
        },
    }
}

/// A device as the mount table writes it.
fn device_number(major: impl Display, minor: impl Display) -> Vec<u8> {
    format!("{major}:{minor}").into_bytes()
}

/// The places at which something of ours is mounted.
pub(super) fn our_mounts() -> Vec<PathBuf> {
    let table = std::fs::read(TABLE).unwrap_or_default();
    let ours = mountinfo::parse(&table).into_iter().filter(Mount::is_ours);
    ours.map(|it| it.mount_point).collect()
}

/// The mount to which exactly this path leads.
fn seen_top(table: &[u8], path: &Path) -> Option<Mount> {
    top_of(table, path).filter(|top| is_seen(path, top))
}

/// What is mounted on top at exactly this path.
pub(super) fn top_of(table: &[u8], path: &Path) -> Option<Mount> {
    mountinfo::parse(table).into_iter().rfind(|mount| mount.mount_point == path)
}

/// The path without links and dots. Its last component is not looked up if something is mounted on
/// it: a dead mount does not answer, and that of another program may hang.
pub(super) fn resolve(path: &Path) -> Result<PathBuf, MountError> {
    let failed = |error: std::io::Error| MountError::at(path, error_words(&error));
    let absolute = std::path::absolute(path).map_err(failed)?;
    if let (Some(parent), Some(name)) = (absolute.parent(), absolute.file_name())
        && let Ok(parent) = parent.canonicalize()
    {
        let place = parent.join(name);
        let is_mounted = match std::fs::read(TABLE) {
            Ok(table) => seen_top(&table, &place).is_some(),
            Err(_) => look(&place).is_some(),
        };
        if is_mounted {
            return Ok(place);
        }
    }
    path.canonicalize().map_err(failed)
}
