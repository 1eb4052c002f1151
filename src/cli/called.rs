//! The name by which the program was called: mount(8) calls its helper by a name of its own.

use std::ffi::OsStr;
use std::path::Path;

/// The names that mount(8) looks for: on Linux, and on macOS and the BSDs.
const NAMES: [&str; 3] = ["mount.fuse.mach-procfs", "mount.mach-procfs", "mount_mach-procfs"];

/// Whether the program was called as a mount helper.
pub(super) fn is_mount_helper(name: Option<&OsStr>) -> bool {
    let name = name.and_then(|name| Path::new(name).file_name());
    name.is_some_and(|name| NAMES.iter().any(|helper| name == *helper))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_of_a_helper() {
        for name in ["/sbin/mount.fuse.mach-procfs", "mount_mach-procfs", "./mount.mach-procfs"] {
            assert!(is_mount_helper(Some(OsStr::new(name))), "{name}");
        }
        for name in ["mach-procfs", "/mount.fuse.mach-procfs/x", "mount.fuse", ""] {
            assert!(!is_mount_helper(Some(OsStr::new(name))), "{name}");
        }
        assert!(!is_mount_helper(None));
    }
}
