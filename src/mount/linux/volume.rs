//! A mount of ours: its own namespace, its present place, and its end.

use std::fs::File;
use std::io::Read as _;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{OFlag, openat};
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sched::{CloneFlags, setns, unshare};
use nix::sys::stat::Mode;
use nix::sys::statfs::statfs;

use super::place::top_of;
use super::rights::{Raised, give_up_rights};
use super::{fusermount, mountinfo};
use crate::model::error_words;
use crate::mount::command::own;
use crate::mount::error::MountError;
use crate::mount::guard::Volume;
use crate::mount::quote::quote;

/// A mount of ours, from just before it is made to its end.
pub(in crate::mount) struct Mounted {
    mount_point: PathBuf,
    /// The real procfs, opened before the mount.
    procfs: OwnedFd,
    /// Our entry in the mount table, which identifies the mount wherever it is moved.
    entry: Option<mountinfo::Mount>,
    /// The namespace that has the mount, if the daemon has left it.
    left_namespace: Option<OwnedFd>,
    over_proc: bool,
    /// The command that ends mounts. Made beforehand, since the program is looked up in `/proc`.
    umount: String,
    connection: Option<OwnedFd>,
}

impl Mounted {
    /// Takes what is needed later, before the mount is made.
    pub(super) fn before(mount_point: &Path) -> Result<Self, MountError> {
        let proc = Path::new("/proc");
        let failed = |path, error: std::io::Error| MountError::at(path, error_words(&error));
        let procfs: OwnedFd = File::open(proc).map_err(|error| failed(proc, error))?.into();
        let node = |path| {
            let data = std::fs::metadata(path).map_err(|error| failed(path, error))?;
            Ok((data.dev(), data.ino()))
        };
        let over_proc = node(mount_point)? == node(proc)?;
        Ok(Mounted {
            mount_point: mount_point.to_owned(),
            procfs,
            entry: None,
            left_namespace: None,
            over_proc,
            umount: own("umount"),
            connection: None,
        })
    }

    /// Remembers the identity of the mount, as soon as it is made.
    pub(super) fn connect(&mut self, connection: BorrowedFd<'_>) -> Result<(), MountError> {
        self.entry = top_of(&self.table("self/mountinfo")?, &self.mount_point)
            .filter(mountinfo::Mount::is_ours);
        let copy = connection.try_clone_to_owned();
        self.connection = Some(copy.map_err(|error| MountError::new(error_words(&error)))?);
        Ok(())
    }

    /// To be called before any thread starts. A daemon that serves `/proc` must not need it: glibc,
    /// std and a backtrace open files there by path, and would wait for their own answer. So the
    /// daemon moves to a mount namespace in which the real one is visible.
    pub(super) fn leave(&mut self) -> Result<(), MountError> {
        if self.over_proc {
            self.leave_namespace()?;
        }
        give_up_rights();
        Ok(())
    }

    fn leave_namespace(&mut self) -> Result<(), MountError> {
        let failed = |call: &str, errno: Errno| {
            MountError::new(format!("cannot leave the mount over /proc: {call}: {}", errno.desc()))
        };
        let flags = OFlag::O_RDONLY | OFlag::O_CLOEXEC;
        let namespace = openat(self.procfs.as_fd(), "self/ns/mnt", flags, Mode::empty())
            .map_err(|errno| failed("open(ns/mnt)", errno))?;
        unshare(CloneFlags::CLONE_NEWNS).map_err(|errno| failed("unshare", errno))?;
        self.left_namespace = Some(namespace);
        // A slave: mounts here are not seen outside, and a mount that is ended outside is not kept
        // in use by this namespace.
        let nothing: Option<&str> = None;
        mount(nothing, "/", nothing, MsFlags::MS_REC | MsFlags::MS_SLAVE, nothing)
            .map_err(|errno| failed("mount(MS_SLAVE)", errno))?;
        umount2(&self.mount_point, MntFlags::MNT_DETACH)
            .map_err(|errno| failed("umount2(MNT_DETACH)", errno))
    }

    /// Runs a function in the namespace that has the mount, on a thread of its own: only a thread
    /// that shares its file system context with no other may change namespaces.
    fn in_its_namespace<T: Send>(
        &self,
        work: impl FnOnce() -> Result<T, MountError> + Send,
    ) -> Result<T, MountError> {
        let _raised = Raised::now();
        let Some(namespace) = &self.left_namespace else {
            return work();
        };
        let work = || {
            unshare(CloneFlags::CLONE_FS)
                .and_then(|()| setns(namespace.as_fd(), CloneFlags::CLONE_NEWNS))
                .map_err(|errno| MountError::new(format!("setns: {}", errno.desc())))?;
            work()
        };
        let done = std::thread::scope(|scope| scope.spawn(work).join());
        done.unwrap_or_else(|_| Err(MountError::new("unmounting failed by a panic".to_owned())))
    }

    fn unmount_here(&self) -> Result<(), MountError> {
        let Some(place) = self.current()? else {
            log::info!("{}: no longer mounted", self.mount_point.display());
            return Ok(());
        };
        let table = self.table("thread-self/mountinfo")?;
        let is_others = |top: mountinfo::Mount| match &self.entry {
            Some(entry) => top.id != entry.id,
            None => !top.is_ours(),
        };
        if top_of(&table, &place).is_some_and(is_others) {
            let reason = "something else is mounted over it, so it cannot be unmounted; unmount \
                that first, then:";
            let command = format!("{} {}", self.umount, quote(&place));
            return Err(MountError::at(&place, reason).with_command(command));
        }
        match umount2(&place, MntFlags::UMOUNT_NOFOLLOW) {
            Ok(()) => Ok(()),
            Err(errno) => {
                log::debug!("{}: umount2: {}; detaching", place.display(), errno.desc());
                detach(&place)
                    .map_err(|reason| MountError::at(&place, format!("cannot unmount: {reason}")))
            }
        }
    }

    /// The present mount point, if it is mounted.
    fn current(&self) -> Result<Option<PathBuf>, MountError> {
        let Some(entry) = &self.entry else {
            return Ok(Some(self.mount_point.clone()));
        };
        let mounts = mountinfo::parse(&self.table("thread-self/mountinfo")?);
        let same = |mount: &mountinfo::Mount| mount.id == entry.id && mount.device == entry.device;
        Ok(mounts.into_iter().find(same).map(|mount| mount.mount_point))
    }

    /// A table of mounts, by its path in the procfs.
    fn table(&self, path: &str) -> Result<Vec<u8>, MountError> {
        let flags = OFlag::O_RDONLY | OFlag::O_CLOEXEC;
        let file = openat(self.procfs.as_fd(), path, flags, Mode::empty());
        let mut text = Vec::new();
        file.map_err(std::io::Error::from)
            .and_then(|file| File::from(file).read_to_end(&mut text))
            .map_err(|error| MountError::new(format!("/proc/{path}: {}", error_words(&error))))?;
        Ok(text)
    }
}

impl Volume for Mounted {
    fn connection(&self) -> Option<BorrowedFd<'_>> {
        self.connection.as_ref().map(AsFd::as_fd)
    }

    /// Number and device of a mount that has ended are free again. A later mount that has both of
    /// them answers.
    fn is_stale(&self) -> Result<bool, MountError> {
        self.in_its_namespace(|| {
            let place = self.current()?;
            Ok(place.is_some_and(|place| {
                // The second one where the connection ends during the request.
                matches!(statfs(&place), Err(Errno::ENOTCONN | Errno::ECONNABORTED))
            }))
        })
    }

    fn is_there(&self) -> Result<bool, MountError> {
        self.in_its_namespace(|| Ok(self.current()?.is_some()))
    }

    /// Unmounts at the present mount point. After the end of this mount, another one may be at the
    /// old place.
    fn unmount(&self) -> Result<(), MountError> {
        self.in_its_namespace(|| self.unmount_here())
    }
}

/// Detaches the mount on top here, with the set-uid helper where the kernel requires root.
fn detach(path: &Path) -> Result<(), String> {
    match umount2(path, MntFlags::MNT_DETACH | MntFlags::UMOUNT_NOFOLLOW) {
        Ok(()) => Ok(()),
        Err(Errno::EPERM) => fusermount::unmount(path, true),
        Err(errno) => Err(errno.desc().to_owned()),
    }
}
