//! The Mac that this runs on.

use std::path::Path;
use std::sync::Arc;

use nix::errno::Errno;
use nix::mount::MntFlags;

use super::{Mac, Volumes};
use crate::kernel::{Darwin as _, mach::MachKernel, xnu::Xnu};
use crate::model::Mounted;
use crate::mount::HELPER_WITHIN;
use crate::mount::error::MountError;

/// This Mac's volumes.
#[derive(Clone, Copy, Debug)]
pub(in crate::mount) struct Live;

impl Volumes for Live {
    fn mounted(&self) -> Result<Vec<Mounted>, String> {
        let machine = MachKernel::new(Arc::new(Xnu)).machine();
        Ok(machine.map_err(|error| error.to_string())?.mounts)
    }

    fn unmount(&self, path: &Path, force: bool) -> Result<(), Errno> {
        let flags = if force { MntFlags::MNT_FORCE } else { MntFlags::empty() };
        nix::mount::unmount(path, flags)
    }
}

pub(in crate::mount) fn system() -> Mac<Live> {
    Mac {
        volumes: Live,
        helper: "/Library/Filesystems/macfuse.fs/Contents/Resources/mount_macfuse".into(),
        osxfuse: "/Library/Filesystems/osxfuse.fs".into(),
        fuse_t: "/usr/local/lib/libfuse-t.dylib".into(),
        within: HELPER_WITHIN,
    }
}

pub(in crate::mount) fn unmount(path: &Path, lazy: bool) -> Result<(), MountError> {
    system().unmount(path, lazy)
}
