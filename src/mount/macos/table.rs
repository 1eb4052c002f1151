//! The table of mounts on macOS, and which of them are ours. `getfsstat` returns it without a
//! request to any daemon. Only a mount that is ours by its name is tested for an answer.

use std::fmt;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use nix::errno::Errno;

use crate::kernel::is_own_mount;
use crate::model::{Mounted, error_words};
use crate::mount::error::MountError;

/// The mounted volumes, and how to end them.
pub trait Volumes {
    /// All mounts, in the order in which they were made.
    ///
    /// # Errors
    /// The kernel does not report them.
    fn mounted(&self) -> Result<Vec<Mounted>, String>;

    /// Ends the mount on top at this path, by force even if it is in use.
    ///
    /// # Errors
    /// The mount is in use, or this process may not end it.
    fn unmount(&self, path: &Path, force: bool) -> Result<(), Errno>;
}

/// Whether a mount is one of ours.
#[must_use]
pub fn is_ours(mount: &Mounted) -> bool {
    is_own_mount(&mount.source, &mount.kind)
}

/// The mount at a path.
pub(super) enum State {
    None,
    /// A mount of another program.
    Others(Named),
    /// A mount of ours that answers.
    Live,
    /// A mount of ours whose daemon has ended.
    Stale,
}

/// A mount in words.
pub(super) struct Named(Mounted);

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |bytes| String::from_utf8_lossy(bytes);
        write!(f, "{} of type {}", text(&self.0.source), text(&self.0.kind))
    }
}

/// The mount on top at exactly this path.
pub(super) fn top_of(mounts: Vec<Mounted>, path: &Path) -> Option<Mounted> {
    mounts.into_iter().rfind(|mount| mount.path == path.as_os_str().as_bytes())
}

/// The mount at this path.
pub(super) fn look(volumes: &impl Volumes, path: &Path) -> Result<State, MountError> {
    Ok(match top(volumes, path)? {
        None => State::None,
        Some(mount) if !is_ours(&mount) => State::Others(Named(mount)),
        Some(_) if is_dead(path) => State::Stale,
        Some(_) => State::Live,
    })
}

/// The mount on top at this path.
pub(super) fn top(volumes: &impl Volumes, path: &Path) -> Result<Option<Mounted>, MountError> {
    let mounts = volumes.mounted().map_err(|reason| MountError::at(path, reason))?;
    Ok(top_of(mounts, path))
}

/// Whether the daemon of a mount of ours has ended. For such a volume the kernel extension invents
/// the attributes of the root, and fails look-ups below it.
pub(super) fn is_dead(path: &Path) -> bool {
    let error = std::fs::symlink_metadata(path.join("self")).err();
    error.as_ref().and_then(io::Error::raw_os_error).is_some_and(means_dead)
}

fn means_dead(errno: i32) -> bool {
    matches!(Errno::from_raw(errno), Errno::ENXIO | Errno::ENOTCONN)
}

/// The path without links and dots. Its last component is not looked up if something is mounted on
/// it: a dead volume does not answer, and a foreign one may hang.
pub(super) fn resolve(volumes: &impl Volumes, path: &Path) -> Result<PathBuf, MountError> {
    let failed = |error: io::Error| MountError::at(path, error_words(&error));
    let absolute = std::path::absolute(path).map_err(failed)?;
    if let (Some(parent), Some(name)) = (absolute.parent(), absolute.file_name())
        && let Ok(parent) = parent.canonicalize()
        && top(volumes, &parent.join(name))?.is_some()
    {
        return Ok(parent.join(name));
    }
    absolute.canonicalize().map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mount(source: &str, path: &str, kind: &str) -> Mounted {
        let [source, path, kind] = [source, path, kind].map(|text| text.as_bytes().to_vec());
        Mounted { source, path, kind, ..Mounted::default() }
    }

    #[test]
    fn the_later_of_two_at_one_place_is_on_top() {
        let table = vec![
            mount("mach-procfs@macfuse0", "/a", "macfuse"),
            mount("me@host:/", "/a", "macfuse"),
            mount("mach-procfs@macfuse1", "/a/b", "macfuse"),
        ];
        let top = |path: &str| top_of(table.clone(), Path::new(path)).map(|it| is_ours(&it));
        assert_eq!([top("/a"), top("/a/b"), top("/")], [Some(false), Some(true), None]);
    }

    #[test]
    fn only_two_errors_mean_that_the_daemon_is_gone() {
        assert!(means_dead(libc::ENXIO) && means_dead(libc::ENOTCONN));
        for errno in [libc::EPERM, libc::EACCES, libc::ENOENT, libc::EIO, libc::ETIMEDOUT] {
            assert!(!means_dead(errno), "{errno}");
        }
        assert!(!is_dead(Path::new("/")));
    }
}
