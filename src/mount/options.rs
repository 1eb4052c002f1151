//! How to mount, as far as it depends on the privileges and limits of this process.

use nix::sys::resource::{Resource, getrlimit, setrlimit};

use super::host;
use crate::fuse::{HERE, HostRules, Limits};
use crate::kernel::MOUNT_SOURCE;

/// Options of a mount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Whether users other than its owner may use it.
    pub allow_other: bool,
    /// Whether the kernel checks permission bits before it sends a request.
    pub default_permissions: bool,
    /// The source in the mount table. Always `mach-procfs` on macOS.
    pub source: String,
    /// Event loops, at least 1.
    pub loops: usize,
    /// The rules of the client kernel.
    pub rules: HostRules,
    /// Whether macFUSE's helper must show no alert, since no person would see it.
    pub quiet: bool,
    /// Limits of open files.
    pub limits: Limits,
}

impl Options {
    /// The defaults for a daemon of this user.
    #[must_use]
    pub fn for_user(uid: u32) -> Self {
        Options {
            allow_other: uid == 0,
            default_permissions: false,
            source: MOUNT_SOURCE.to_owned(),
            loops: host::LOOPS,
            rules: HERE,
            quiet: true,
            limits: Limits::default(),
        }
    }
}

/// Descriptors that are not for open files: the connections, and those that a single call holds.
const OTHER_DESCRIPTORS: u64 = 256;

/// Raises the soft limit of descriptors to the hard one. Where each open file holds one, the limits
/// of directories and handles are lowered to the number that is left.
pub(super) fn within_descriptors(limits: Limits, files_hold_descriptors: bool) -> Limits {
    let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else { return limits };
    let mut most = soft;
    // Darwin accepts no more than OPEN_MAX, whatever the hard limit is (setrlimit(2)).
    for wanted in [hard, hard.min(10_240)] {
        if wanted > most && setrlimit(Resource::RLIMIT_NOFILE, wanted, hard).is_ok() {
            most = wanted;
        }
    }
    if !files_hold_descriptors {
        return limits;
    }
    let count = |number| usize::try_from(number).unwrap_or(usize::MAX);
    let directories = limits.directories.min(count(most / 8));
    let left = most.saturating_sub(OTHER_DESCRIPTORS + directories as u64).max(most / 2);
    let handles = limits.handles.min(count(left));
    if handles < limits.handles {
        log::info!("{most} file descriptors: at most {handles} files can be open at a time");
    }
    Limits { handles, directories, ..limits }
}

/// The value of an option as the set-uid helpers of libfuse read it: a comma ends it and a
/// backslash escapes, so both are escaped.
pub(super) fn escape(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len());
    for character in value.chars() {
        if matches!(character, ',' | '\\') {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commas_and_backslashes_are_escaped() {
        assert_eq!(escape("plain"), "plain");
        assert_eq!(escape(r"a,b\c"), r"a\,b\\c");
    }

    #[test]
    fn handles_are_lowered_only_where_they_hold_descriptors() {
        let wanted = Limits { handles: usize::MAX, ..Limits::default() };
        assert_eq!(within_descriptors(wanted, false), wanted);
        let lowered = within_descriptors(wanted, true);
        let (soft, _) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
        assert!(lowered.handles < usize::try_from(soft).unwrap());
    }
}
