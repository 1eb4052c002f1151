//! Whole paths of files.
//!
//! The kernel takes the path of a file in use from its name cache. What the cache lacks is missing
//! at the path's beginning: all of it, or some directories, since the rest is written as if it
//! began at the root (`vfs_cache.c:build_path_with_parent`). A path that is too long for the answer
//! loses its beginning in the same way. `fsgetpath` asks the file system for the whole path. It may
//! wait, so it is called only with a deadline.

use crate::kernel::xnu::{Errno, MAXLONGPATHLEN, VnodeInfo, XnuCalls};

/// Names in the root directory of macOS (`hier(7)`). A path that begins with another name may be
/// the end of a longer path.
const IN_ROOT: [&[u8]; 17] = [
    b"Applications",
    b"Library",
    b"System",
    b"Users",
    b"Volumes",
    b"bin",
    b"cores",
    b"dev",
    b"etc",
    b"home",
    b"net",
    b"opt",
    b"private",
    b"sbin",
    b"tmp",
    b"usr",
    b"var",
];

/// The longest path that fits into the kernel's answers, in bytes.
const ROOM: usize = 1023;

/// The longest name of a file with the `/` before it. If less room than this is left, the kernel
/// may have left out another name.
const NAME: usize = 256;

/// Whether the path of this file may lack its beginning, so that `fsgetpath` is worth a call. A
/// deleted file has no path any more.
pub(crate) fn may_be_cut(vnode: &VnodeInfo, path: &[u8]) -> bool {
    // An unmounted file system has no number (`fill_vnodeinfo`).
    let has_number = vnode.ino != 0 && vnode.fsid != [0; 2];
    let can_be_asked = vnode.kind != 0 && vnode.nlink > 0 && has_number;
    can_be_asked && (path.len() + NAME > ROOM || !begins_in_root(path))
}

fn begins_in_root(path: &[u8]) -> bool {
    let mut names = path.split(|byte| *byte == b'/');
    names.next().is_some_and(<[u8]>::is_empty)
        && names.next().is_some_and(|first| IN_ROOT.contains(&first) || path == b"/")
}

/// The path of a file by its number.
pub(crate) fn ask<C: XnuCalls>(calls: &C, vnode: &VnodeInfo) -> Result<Vec<u8>, Errno> {
    let mut path = vec![0; MAXLONGPATHLEN];
    let length = calls.path_of(vnode.fsid, vnode.ino, &mut path)?;
    path.truncate(memchr::memchr(0, &path).unwrap_or(path.len()).min(length));
    Ok(path)
}

/// The whole path of a file with this end; `None` if the path is whole, or the rest is unknown. A
/// file with several names may be found by another one.
pub(super) fn whole<C: XnuCalls>(calls: &C, vnode: &VnodeInfo, path: &[u8]) -> Option<Vec<u8>> {
    if !may_be_cut(vnode, path) {
        return None;
    }
    let whole = ask(calls, vnode).ok()?;
    (whole.starts_with(b"/") && whole.len() > path.len() && whole.ends_with(path)).then_some(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_may_be_an_end_is_asked_for() {
        let file = VnodeInfo { kind: 1, nlink: 1, ino: 7, fsid: [7, 26], ..VnodeInfo::default() };
        for (path, asked) in [
            ("", true),
            ("/", false),
            ("/notes.txt", true),
            ("/me/notes.txt", true),
            ("/Users/me/notes.txt", false),
            ("/bin", false),
            ("/Usersx/y", true),
            ("notes.txt", true),
        ] {
            assert_eq!(may_be_cut(&file, path.as_bytes()), asked, "{path}");
        }
        let long = |length| format!("/Users/{}", "x".repeat(length - 7));
        assert!(!may_be_cut(&file, long(ROOM - NAME).as_bytes()));
        assert!(may_be_cut(&file, long(ROOM - NAME + 1).as_bytes()));
        for not_to_be_asked in [
            VnodeInfo { kind: 0, ..file },
            VnodeInfo { nlink: 0, ..file },
            VnodeInfo { ino: 0, ..file },
            VnodeInfo { fsid: [0; 2], ..file },
        ] {
            assert!(!may_be_cut(&not_to_be_asked, b""));
        }
    }
}
