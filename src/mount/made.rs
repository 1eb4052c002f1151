//! The mount point, made if it is missing and is below the user's home.

use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Component, Path, PathBuf};

use nix::errno::Errno;
use nix::unistd::{AccessFlags, access, getegid, geteuid};

use super::command::for_root;
use super::error::MountError;
use super::quote::quote;
use crate::model::error_words;

/// Directories that were made for a mount. Removed on drop, unless [`Made::keep`] was called.
#[derive(Debug)]
pub(super) struct Made {
    /// The deepest comes last.
    directories: Vec<PathBuf>,
}

impl Made {
    /// Makes the directory if it is missing below the user's home. `missing` describes how to make
    /// one that is elsewhere.
    pub(super) fn ensure(
        path: &Path,
        missing: impl FnOnce(&Path) -> MountError,
    ) -> Result<Self, MountError> {
        let mut made = Made { directories: Vec::new() };
        for directory in to_make(path, home(), missing)? {
            match std::fs::create_dir(&directory) {
                Ok(()) => made.directories.push(directory),
                // Another program was faster, and will remove the directory itself.
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => {
                    let reason = format!("it cannot be made: {}", error_words(&error));
                    return Err(MountError::at(&directory, reason));
                }
            }
        }
        Ok(made)
    }

    /// Whether the directory is missing and would be made.
    pub(super) fn is_to_make(
        path: &Path,
        missing: impl FnOnce(&Path) -> MountError,
    ) -> Result<bool, MountError> {
        to_make(path, home(), missing).map(|directories| !directories.is_empty())
    }

    /// Whether this user may make the missing directory, and the reason if not.
    pub(super) fn can_make(path: &Path) -> Result<(), Errno> {
        let absolute = std::path::absolute(path).map_err(|_| Errno::ENOENT)?;
        let there = absolute.ancestors().find(|ancestor| ancestor.is_dir());
        access(there.ok_or(Errno::ENOENT)?, AccessFlags::W_OK | AccessFlags::X_OK)
    }

    /// Leaves the directories where they are.
    pub(super) fn keep(mut self) {
        self.directories.clear();
    }
}

/// The error for a missing directory that is not made for a mount, with the command that makes it so
/// that this user can mount there.
pub(super) fn missing(path: &Path) -> MountError {
    let place = quote(path);
    let command = match Made::can_make(path) {
        Ok(()) => format!("mkdir -p {place}"),
        // A directory of root's would not do: helpers mount only where the user may write.
        Err(Errno::EACCES) if !geteuid().is_root() => {
            for_root(&format!("install -d -o {} -g {} {place}", geteuid(), getegid()))
        }
        Err(errno) => {
            let reason = "there is no such directory, and it cannot be made";
            return MountError::at(path, format!("{reason}: {}", errno.desc()));
        }
    };
    MountError::at(path, "there is no such directory; make it first").with_command(command)
}

impl Drop for Made {
    fn drop(&mut self) {
        for directory in self.directories.iter().rev() {
            if let Err(error) = std::fs::remove_dir(directory) {
                log::warn!("{}: it stays: {}", directory.display(), error_words(&error));
            }
        }
    }
}

/// The user's home, if the user owns it.
fn home() -> Option<PathBuf> {
    let home = PathBuf::from(std::env::var_os("HOME")?).canonicalize().ok()?;
    // Under sudo it may be another user's, who could not remove a directory that root makes there.
    let is_own = std::fs::metadata(&home).is_ok_and(|data| data.uid() == geteuid().as_raw());
    is_own.then_some(home)
}

/// The missing part of a path, from the top; nothing if the path exists, even as a dead mount.
fn to_make(
    path: &Path,
    home: Option<PathBuf>,
    missing: impl FnOnce(&Path) -> MountError,
) -> Result<Vec<PathBuf>, MountError> {
    let absolute = |path: &Path| {
        std::path::absolute(path).map_err(|error| MountError::at(path, error_words(&error)))
    };
    // Asks no daemon of a mount that is there, unlike lstat.
    let is_missing = |path: &Path| {
        std::fs::read_link(path).is_err_and(|error| error.kind() == ErrorKind::NotFound)
    };
    if let Ok(target) = std::fs::read_link(path)
        && path.canonicalize().is_err_and(|error| error.kind() == ErrorKind::NotFound)
    {
        let target = path.parent().unwrap_or(Path::new("")).join(target);
        return Err(missing(&absolute(&target)?));
    }
    if !is_missing(path) {
        return Ok(Vec::new());
    }
    let absolute = absolute(path)?;
    let there = absolute.ancestors().find(|ancestor| !is_missing(ancestor));
    let below = there.and_then(|there| {
        let rest = absolute.strip_prefix(there).ok()?;
        let is_plain = rest.components().all(|part| matches!(part, Component::Normal(_)));
        let there = there.canonicalize().ok()?;
        let is_home = home.is_some_and(|home| there.starts_with(home));
        (is_plain && is_home && there.is_dir()).then_some((there, rest))
    });
    let Some((mut directory, rest)) = below else {
        return Err(missing(&absolute));
    };
    Ok(rest
        .components()
        .map(|part| {
            directory.push(part);
            directory.clone()
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn missing(path: &Path) -> MountError {
        MountError::at(path, "missing")
    }

    #[test]
    fn only_what_is_missing_below_home_is_made() {
        let top = tempfile::tempdir().unwrap();
        let top = top.path().canonicalize().unwrap();
        let home = top.join("home");
        std::fs::create_dir(&home).unwrap();
        let list = |path: &Path| to_make(path, Some(home.clone()), missing);
        assert_eq!(list(&home), Ok(Vec::new()));
        assert_eq!(list(&home.join("a/b")), Ok(vec![home.join("a"), home.join("a/b")]));
        for elsewhere in [top.join("a"), home.join("a/../b"), home.join("../a")] {
            assert!(list(&elsewhere).is_err(), "{elsewhere:?}");
        }
        std::os::unix::fs::symlink("to", top.join("link")).unwrap();
        assert_eq!(list(&top.join("link")), Err(missing(&top.join("to"))));
        std::fs::write(home.join("file"), "").unwrap();
        assert_eq!(list(&home.join("file")), Ok(Vec::new()), "that is not a directory");
        assert!(to_make(&home.join("a"), None, missing).is_err(), "no home of one's own");
    }

    #[test]
    fn what_was_made_goes_again_unless_kept() {
        let top = tempfile::tempdir().unwrap();
        let [a, b] = ["a", "a/b"].map(|name| top.path().join(name));
        for keeps in [false, true] {
            let directories = vec![a.clone(), b.clone()];
            directories.iter().for_each(|directory| std::fs::create_dir(directory).unwrap());
            let made = Made { directories };
            if keeps {
                made.keep()
            } else {
                drop(made)
            }
            assert_eq!(a.exists(), keeps);
        }
    }
}
