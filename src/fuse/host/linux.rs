//! Linux: how replies differ.

use std::ffi::OsStr;

use fuser::{Errno, ReplyXattr};

/// What a node whose pid belongs to another process answers: the kernel then walks the path
/// again with fresh look-ups (`retry_estale`), so the path shows the new process at once.
pub(in crate::fuse) const REPLACED: Errno = Errno::ESTALE;

/// The kernel opens a file anew for each `open`.
pub(in crate::fuse) const ONE_OPEN_FOR_ALL: bool = false;

/// `fuse_file_llseek` asks for attributes with the handle, `fstat` without it.
pub(in crate::fuse) const HANDLE_MEANS_SEEK_END: bool = true;

/// Direct reads name the reader's files as owner (`fuse_direct_io`), those for the page cache do not
/// (`fuse_do_readfolio`).
pub(in crate::fuse) const PAGE_CACHE_HAS_NO_OWNER: bool = true;

/// Without `default_permissions` nobody is refused unless the daemon refuses.
pub(in crate::fuse) const KERNEL_CHECKS_ACCESS: bool = false;

/// Readers here read to the end, whatever the size.
pub(in crate::fuse) const OPEN_FILES_HAVE_SIZES: bool = false;

/// "Not supported", once: the kernel then answers for itself, as it does for its own procfs.
pub(in crate::fuse) const NO_XATTR: Errno = Errno::ENOSYS;

pub(in crate::fuse) fn list_no_xattrs(_: u32, reply: ReplyXattr) {
    reply.error(NO_XATTR);
}

/// Whether this is a name that the system itself looks for on every volume. Linux has none.
pub(in crate::fuse) fn is_probe(_: &OsStr) -> bool {
    false
}
