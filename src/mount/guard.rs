//! A mount that ends with its owner.

use std::ops::{Deref, DerefMut};
use std::os::fd::BorrowedFd;

use super::error::MountError;

/// Queries and operations on a mount of ours.
pub(super) trait Volume {
    /// The connection to the kernel, if a poll of it without events reports that the kernel has
    /// ended the session.
    fn connection(&self) -> Option<BorrowedFd<'_>>;

    /// Whether it is still mounted although the kernel has ended its session.
    fn is_stale(&self) -> Result<bool, MountError>;

    /// Whether it is still mounted.
    fn is_there(&self) -> Result<bool, MountError>;

    /// Ends the mount; one that is in use is detached. Does nothing if it is no longer mounted.
    fn unmount(&self) -> Result<(), MountError>;
}

/// Owns a mount and unmounts it on drop, so that no error leaves a mount behind.
pub(super) struct Guard<V: Volume> {
    volume: V,
    is_mounted: bool,
}

impl<V: Volume> Guard<V> {
    pub(super) fn new(volume: V) -> Self {
        Guard { volume, is_mounted: true }
    }

    /// Ends the mount, and returns the error if that failed.
    pub(super) fn unmount(mut self) -> Result<(), MountError> {
        self.is_mounted = false;
        self.volume.unmount()
    }

    /// Releases a mount that others have ended.
    pub(super) fn release(mut self) {
        self.is_mounted = false;
    }
}

impl<V: Volume> Deref for Guard<V> {
    type Target = V;

    fn deref(&self) -> &V {
        &self.volume
    }
}

impl<V: Volume> DerefMut for Guard<V> {
    fn deref_mut(&mut self) -> &mut V {
        &mut self.volume
    }
}

impl<V: Volume> Drop for Guard<V> {
    fn drop(&mut self) {
        if self.is_mounted
            && let Err(error) = self.volume.unmount()
        {
            log::error!("{error}");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    struct Counted<'a>(&'a Cell<u32>);

    impl Volume for Counted<'_> {
        fn connection(&self) -> Option<BorrowedFd<'_>> {
            None
        }
        fn is_stale(&self) -> Result<bool, MountError> {
            Ok(false)
        }
        fn is_there(&self) -> Result<bool, MountError> {
            Ok(true)
        }
        fn unmount(&self) -> Result<(), MountError> {
            self.0.set(self.0.get() + 1);
            Ok(())
        }
    }

    #[test]
    fn it_is_unmounted_once_and_not_after_others_did() {
        let unmounts = Cell::new(0);
        drop(Guard::new(Counted(&unmounts)));
        assert_eq!(unmounts.get(), 1);
        Guard::new(Counted(&unmounts)).unmount().unwrap();
        assert_eq!(unmounts.get(), 2);
        Guard::new(Counted(&unmounts)).release();
        assert_eq!(unmounts.get(), 2);
    }
}
