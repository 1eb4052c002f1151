//! macOS: how replies differ, and what macFUSE asks of every volume.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use fuser::{Errno, ReplyXattr};

/// ESTALE would reach the caller here; ENOENT makes macFUSE drop the vnode.
pub(in crate::fuse) const REPLACED: Errno = Errno::ENOENT;

/// macFUSE opens a vnode once for all who open it in the same mode.
pub(in crate::fuse) const ONE_OPEN_FOR_ALL: bool = true;

/// GETATTR comes without a handle.
pub(in crate::fuse) const HANDLE_MEANS_SEEK_END: bool = false;

/// No read has an owner.
pub(in crate::fuse) const PAGE_CACHE_HAS_NO_OWNER: bool = false;

/// `default_permissions` is always on here; and each read is checked by the daemon, whoever has
/// opened the file.
pub(in crate::fuse) const KERNEL_CHECKS_ACCESS: bool = true;

/// Apple's `tail` and `wc -c` trust the size that `fstat` gives.
pub(in crate::fuse) const OPEN_FILES_HAVE_SIZES: bool = true;

/// ENOATTR.
pub(in crate::fuse) const NO_XATTR: Errno = Errno::NO_XATTR;

pub(in crate::fuse) fn list_no_xattrs(size: u32, reply: ReplyXattr) {
    if size == 0 { reply.size(0) } else { reply.data(&[]) }
}

/// Names that Finder, Spotlight and the like look for on every volume.
pub(in crate::fuse) fn is_probe(name: &OsStr) -> bool {
    const NAMES: [&[u8]; 5] =
        [b".DS_Store", b".hidden", b".Spotlight-V100", b".Trashes", b".fseventsd"];
    let name = name.as_bytes();
    name.starts_with(b"._") || NAMES.contains(&name)
}
