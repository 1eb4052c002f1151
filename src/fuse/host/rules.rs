//! What the two systems' kernels expect of a file system.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::time::Duration;

use fuser::{Errno, InitFlags};

/// How a kernel sends requests, and what it does with replies. Tests run the adapter with the rules
/// of the other system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HostRules {
    /// The capability to ask for at INIT. The mount works without it.
    pub wants: InitFlags,
    /// The reply for a node whose pid belongs to another process.
    pub replaced: Errno,
    /// How long the kernel may remember a name that is there, or missing, as long as its directory
    /// is. A path leads through the directory of a process, which is looked up again and again, and
    /// every node knows its process, so none of them can show another.
    pub name_ttl: Duration,
    /// How long the kernel may remember the name of a thread or of a descriptor's link. Each
    /// operation on it asks whether it is still there.
    pub brief_ttl: Duration,
    /// Whether the kernel may remember that a name is missing where no name ever comes.
    pub remembers_missing: bool,
    /// Whether one handle serves all processes that open a node. READ and READDIR carry the
    /// reader's own ids then, and FLUSH those of the process that has closed the file.
    pub shared_handles: bool,
    /// Whether GETATTR carries a handle for `lseek(SEEK_END)`, and only then.
    pub handle_means_seek_end: bool,
    /// Whether programs trust the size of an open file.
    pub open_files_have_sizes: bool,
    /// Whether a READ without an owner fills the page cache.
    pub page_cache_has_no_owner: bool,
    /// Whether the kernel compares the permission bits itself (`default_permissions`).
    pub kernel_checks_access: bool,
    /// The reply to GETXATTR.
    pub no_xattr: Errno,
    /// Whether the reply to LISTXATTR is an empty list, not [`no_xattr`](Self::no_xattr).
    pub lists_no_xattrs: bool,
    /// Whether the system looks for names of its own on every volume (`is_probe`).
    pub probes: bool,
}

/// Linux.
pub const LINUX: HostRules = HostRules {
    // Without it the kernel sends no look-up in a directory before the last one was answered.
    wants: InitFlags::FUSE_PARALLEL_DIROPS,
    // The kernel then walks the path again with fresh look-ups (`retry_estale`), so that the path
    // shows the new process at once.
    replaced: Errno::ESTALE,
    name_ttl: Duration::from_secs(60),
    // The shortest: one to two ticks of the kernel's clock (`time_to_jiffies`), in which a program
    // asks several things of a thread or descriptor.
    brief_ttl: Duration::from_millis(1),
    remembers_missing: true,
    shared_handles: false,
    // `fuse_file_llseek` asks with the handle, `fstat` without it.
    handle_means_seek_end: true,
    open_files_have_sizes: false,
    // Direct reads have the reader's open files as owner (`fuse_direct_io`). Reads for the page
    // cache have none (`fuse_do_readfolio`).
    page_cache_has_no_owner: true,
    // Mounted without `default_permissions`: only the daemon refuses.
    kernel_checks_access: false,
    // "Not supported": the kernel asks once and answers for itself then, as for its own procfs.
    no_xattr: Errno::ENOSYS,
    lists_no_xattrs: false,
    probes: false,
};

/// macFUSE's kernel extension. Untested on macOS.
pub const MACFUSE: HostRules = HostRules {
    // FUSE_NODE_RWLOCK (macFUSE 4.3): without it requests about one node are sent one after the
    // other. Linux uses this bit for `FUSE_NO_OPENDIR_SUPPORT`.
    wants: InitFlags::from_bits_retain(1 << 24),
    // ESTALE would reach the program; ENOENT makes macFUSE drop the vnode.
    replaced: Errno::ENOENT,
    name_ttl: Duration::from_secs(1),
    // No look-up is repeated for a node that is gone.
    brief_ttl: Duration::ZERO,
    // It remembers none unless mounted with `negative_vncache`.
    remembers_missing: false,
    shared_handles: true,
    // GETATTR comes without a handle.
    handle_means_seek_end: false,
    // Apple's `tail` and `wc -c` trust the size that `fstat` gives.
    open_files_have_sizes: true,
    // No read has an owner.
    page_cache_has_no_owner: false,
    kernel_checks_access: true,
    // ENOATTR there.
    no_xattr: Errno::NO_XATTR,
    lists_no_xattrs: true,
    probes: true,
};

impl HostRules {
    /// Whether this is a name that Finder, Spotlight and the like look for on every volume.
    pub(in crate::fuse) fn is_probe(&self, name: &OsStr) -> bool {
        const NAMES: [&[u8]; 5] =
            [b".DS_Store", b".hidden", b".Spotlight-V100", b".Trashes", b".fseventsd"];
        let name = name.as_bytes();
        self.probes && (name.starts_with(b"._") || NAMES.contains(&name))
    }
}
