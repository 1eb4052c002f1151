//! Which entries of a system's table of mounts are mounts of this program.

/// The source of a mount, unless another one is named, which only Linux allows.
pub const MOUNT_SOURCE: &str = "mach-procfs";

/// The type of a mount on Linux, which no other program has.
pub const MOUNT_TYPE: &str = "fuse.mach-procfs";

/// Whether a mount with this source and type is one of this program. All volumes of macFUSE, sshfs
/// among them, have one type there, and `@macfuseN` may follow the source.
#[must_use]
pub fn is_own_mount(source: &[u8], kind: &[u8]) -> bool {
    let is_own_source = || {
        let suffix = source.strip_prefix(MOUNT_SOURCE.as_bytes());
        suffix.is_some_and(|suffix| {
            let number = suffix.strip_prefix(b"@macfuse");
            suffix.is_empty()
                || number.is_some_and(|it| !it.is_empty() && it.iter().all(u8::is_ascii_digit))
        })
    };
    kind == MOUNT_TYPE.as_bytes() || kind == b"macfuse" && is_own_source()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_the_type_on_linux_and_by_the_source_on_macos() {
        let is_own = |source: &str, kind: &str| is_own_mount(source.as_bytes(), kind.as_bytes());
        for source in ["mach-procfs", "mach-procfs@macfuse0", "mach-procfs@macfuse12"] {
            assert!(is_own(source, "macfuse"), "{source}");
            for kind in ["osxfuse", "apfs", "nfs", "macfuse2", "fuse.sshfs", "fuse", ""] {
                assert!(!is_own(source, kind), "{source} {kind}");
            }
        }
        for source in [
            "me@host:/home@macfuse0",
            "macfuse@macfuse0",
            "mach-procfs@macfuse",
            "mach-procfs@macfuse1x",
            "mach-procfs2",
            // sshfs of a user who is called so.
            "mach-procfs@host",
            "mach-procfs@host:/home@macfuse0",
            "",
        ] {
            assert!(!is_own(source, "macfuse"), "{source}");
            assert!(is_own(source, "fuse.mach-procfs"), "{source}");
        }
    }
}
