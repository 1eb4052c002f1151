//! Linux: mount table, private mount namespace, unmounting.

use std::ffi::OsStr;
use std::fs::File;
use std::io::Read;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use caps::{CapSet, Capability, CapsHashSet};
use fuser::{Config, Errno, MountOption, ReplyXattr, SessionACL};
use nix::fcntl::{OFlag, openat};
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sched::{CloneFlags, setns, unshare};
use nix::sys::prctl;
use nix::sys::signal::Signal;
use nix::sys::stat::Mode;
use nix::sys::statfs::{FUSE_SUPER_MAGIC, statfs};

use super::mountinfo;
use crate::fuse::session::{MountError, Options, words};

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

/// The type that stands in the mount table.
const FILE_SYSTEM: &[u8] = b"fuse.mach-procfs";

pub(in crate::fuse) fn list_no_xattrs(_: u32, reply: ReplyXattr) {
    reply.error(NO_XATTR);
}

/// Whether this is a name that the system itself looks for on every volume. Linux has none.
pub(in crate::fuse) fn is_probe(_: &OsStr) -> bool {
    false
}

/// fuser's settings for these options.
pub(in crate::fuse) fn config(options: &Options) -> Config {
    let mut config = Config::default();
    config.mount_options = vec![
        MountOption::FSName(options.source.clone()),
        // fuser passes `Subtype` to the mount helper only, this form also to mount(2).
        MountOption::CUSTOM("subtype=mach-procfs".to_owned()),
        MountOption::RO,
        MountOption::NoSuid,
        MountOption::NoDev,
        MountOption::NoExec,
    ];
    if options.default_permissions {
        config.mount_options.push(MountOption::DefaultPermissions);
    }
    config.acl = if options.allow_other { SessionACL::All } else { SessionACL::Owner };
    config.n_threads = Some(options.loops);
    config
}

/// How many event loops serve the mount: with one, a small read waits behind the largest.
pub(in crate::fuse) const LOOPS: usize = 2;

/// A directory that can be mounted on, made absolute; a dead mount of ours on it is cleared.
pub(in crate::fuse) fn check_mount_point(path: &Path) -> Result<PathBuf, MountError> {
    let absolute = resolve(path)?;
    match mounted_at(&absolute) {
        There::Nothing => {}
        There::Alive => {
            return Err(MountError::new(format!(
                "{} has a mach-procfs already; `mach-procfs umount {0}` ends it",
                absolute.display()
            )));
        }
        There::Dead => {
            let place = absolute.display();
            log::warn!("{place}: clearing the dead mount of a daemon that was killed");
            detach(&absolute).map_err(|reason| {
                MountError::new(format!(
                    "{place}: a dead mount is in the way and cannot be cleared: {reason}"
                ))
            })?;
        }
    }
    let metadata = std::fs::metadata(&absolute).map_err(|error| at(&absolute, &error))?;
    if !metadata.is_dir() {
        return Err(MountError::new(format!("{}: not a directory", absolute.display())));
    }
    Ok(absolute)
}

/// Which mount of ours is to be seen at a path.
pub(super) enum There {
    /// None.
    Nothing,
    /// One that answers.
    Alive,
    /// Its daemon is gone.
    Dead,
}

/// What is to be seen at this path: a mount of ours that another mount hides does not count.
pub(super) fn mounted_at(path: &Path) -> There {
    let seen = std::fs::symlink_metadata(path);
    let is_dead = seen.as_ref().is_err_and(|error| error.raw_os_error() == Some(libc::ENOTCONN));
    let is_ours = match std::fs::read("/proc/thread-self/mountinfo") {
        Ok(table) => top_of(&table, path).is_some_and(|top| {
            let is_seen = seen.is_ok_and(|seen| top.device == device_number(seen.dev()));
            top.file_system == FILE_SYSTEM && (is_dead || is_seen)
        }),
        // Over /proc there is no table to read; but nothing else there is of this kind.
        Err(_) => {
            let is_fuse =
                || statfs(path).is_ok_and(|kind| kind.filesystem_type() == FUSE_SUPER_MAGIC);
            path == Path::new("/proc") && (is_dead || is_fuse())
        }
    };
    match (is_ours, is_dead) {
        (false, _) => There::Nothing,
        (true, false) => There::Alive,
        (true, true) => There::Dead,
    }
}

/// Where something of ours is mounted.
pub(super) fn our_mounts() -> Vec<PathBuf> {
    let table = std::fs::read("/proc/thread-self/mountinfo").unwrap_or_default();
    let ours = mountinfo::parse(&table).into_iter().filter(|it| it.file_system == FILE_SYSTEM);
    ours.map(|it| it.mount_point).collect()
}

/// A device as the mount table writes it.
fn device_number(device: u64) -> Vec<u8> {
    let (major, minor) = (nix::sys::stat::major(device), nix::sys::stat::minor(device));
    format!("{major}:{minor}").into_bytes()
}

/// The path without links and dots. Its last component is not asked for, since a dead mount
/// there does not answer.
pub(super) fn resolve(path: &Path) -> Result<PathBuf, MountError> {
    match path.canonicalize() {
        Ok(absolute) => Ok(absolute),
        Err(error) if error.raw_os_error() == Some(libc::ENOTCONN) => {
            let absolute = std::path::absolute(path).map_err(|error| at(path, &error))?;
            match (absolute.parent(), absolute.file_name()) {
                (Some(parent), Some(name)) => {
                    Ok(parent.canonicalize().map_err(|error| at(path, &error))?.join(name))
                }
                _ => Err(at(path, &error)),
            }
        }
        Err(error) => Err(at(path, &error)),
    }
}

fn at(path: &Path, error: &std::io::Error) -> MountError {
    let hint = match error.kind() {
        std::io::ErrorKind::NotFound => "; make the directory first",
        _ => "",
    };
    MountError::new(format!("{}: {}{hint}", path.display(), words(error)))
}

/// What is mounted on top at this very path.
fn top_of(table: &[u8], path: &Path) -> Option<mountinfo::Mount> {
    mountinfo::parse(table).into_iter().rfind(|mount| mount.mount_point == path)
}

/// A mount of ours, from just before it is made to its end.
pub(in crate::fuse) struct Mounted {
    mount_point: PathBuf,
    /// The real procfs, held from before the mount.
    procfs: OwnedFd,
    /// Our entry in the mount table: tells our mount from others, wherever it is moved to.
    entry: Option<mountinfo::Mount>,
    /// The namespace that has the mount, where the daemon itself has left it.
    left_namespace: Option<OwnedFd>,
    over_proc: bool,
}

impl Mounted {
    /// Takes what will be needed, before the mount is made.
    pub(in crate::fuse) fn before(mount_point: &Path) -> Result<Self, MountError> {
        let system = |error: std::io::Error| MountError::new(format!("/proc: {}", words(&error)));
        let procfs: OwnedFd = File::open("/proc").map_err(system)?.into();
        let place = |path: &Path| std::fs::metadata(path).map(|data| (data.dev(), data.ino()));
        let over_proc =
            place(mount_point).map_err(system)? == place(Path::new("/proc")).map_err(system)?;
        Ok(Mounted {
            mount_point: mount_point.to_owned(),
            procfs,
            entry: None,
            left_namespace: None,
            over_proc,
        })
    }

    /// To be called once the mount is made, before any thread starts. Whoever serves `/proc`
    /// must not need it: glibc, std and a backtrace open files in it by path, and would wait for
    /// their own answer. So the daemon moves to a mount namespace where the real one is visible.
    pub(in crate::fuse) fn after(&mut self) -> Result<(), MountError> {
        self.entry = top_of(&self.table("self/mountinfo")?, &self.mount_point)
            .filter(|top| top.file_system == FILE_SYSTEM);
        if self.over_proc {
            self.leave_namespace()?;
        }
        give_up_rights();
        Ok(())
    }

    fn leave_namespace(&mut self) -> Result<(), MountError> {
        let failed = |call: &str, errno: nix::Error| {
            MountError::new(format!("cannot leave the mount over /proc: {call}: {}", errno.desc()))
        };
        let flags = OFlag::O_RDONLY | OFlag::O_CLOEXEC;
        let namespace = openat(self.procfs.as_fd(), "self/ns/mnt", flags, Mode::empty())
            .map_err(|errno| failed("open(ns/mnt)", errno))?;
        unshare(CloneFlags::CLONE_NEWNS).map_err(|errno| failed("unshare", errno))?;
        self.left_namespace = Some(namespace);
        // A slave: what happens here is not seen outside, and what is unmounted outside is not
        // kept in use by this namespace.
        let nothing: Option<&str> = None;
        mount(nothing, "/", nothing, MsFlags::MS_REC | MsFlags::MS_SLAVE, nothing)
            .map_err(|errno| failed("mount(MS_SLAVE)", errno))?;
        umount2(&self.mount_point, MntFlags::MNT_DETACH)
            .map_err(|errno| failed("umount2(MNT_DETACH)", errno))
    }

    /// Returns at once: mount(2) is done when it returns.
    pub(in crate::fuse) fn wait_until_there(&self) -> Result<(), MountError> {
        Ok(())
    }

    /// Ends the mount, wherever it has been moved to; one that is in use is detached. Does nothing
    /// where it is no longer mounted: what is at its place now is not ours.
    pub(in crate::fuse) fn unmount(&self) -> Result<(), MountError> {
        self.in_its_namespace(|| self.unmount_here())
    }

    /// Whether it is still mounted.
    pub(in crate::fuse) fn is_there(&self) -> Result<bool, MountError> {
        self.in_its_namespace(|| Ok(self.current()?.is_some()))
    }

    /// Whether it is still mounted although the kernel has ended its session. Number and device
    /// are free again then, and a mount that was made since may have both: that one answers.
    pub(in crate::fuse) fn is_there_dead(&self) -> Result<bool, MountError> {
        self.in_its_namespace(|| {
            let place = self.current()?;
            let dead = |place: PathBuf| matches!(statfs(&place), Err(nix::Error::ENOTCONN));
            Ok(place.is_some_and(dead))
        })
    }

    /// Does something in the namespace that has the mount. Only a thread that shares its file
    /// system context with none may change namespaces.
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
        if top_of(&table, &place)
            .is_some_and(|top| Some(top.id) != self.entry.as_ref().map(|it| it.id))
        {
            return Err(MountError::new(format!(
                "{}: something else is mounted over it, so it cannot be unmounted; unmount that, \
                 then `mach-procfs umount {0}`",
                place.display()
            )));
        }
        match umount2(&place, MntFlags::UMOUNT_NOFOLLOW) {
            Ok(()) => Ok(()),
            Err(errno) => {
                log::debug!("{}: umount2: {}; detaching", place.display(), errno.desc());
                detach(&place).map_err(|reason| {
                    MountError::new(format!("{}: cannot unmount: {reason}", place.display()))
                })
            }
        }
    }

    /// Where it is mounted now, if it is.
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
            .map_err(|error| MountError::new(format!("/proc/{path}: {}", words(&error))))?;
        Ok(text)
    }
}

/// Whether this process was started with the signal ignored, as by nohup. A blocked signal is
/// delivered to who waits for it even then.
pub(in crate::fuse) fn is_ignored(signal: Signal) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    ignored >> (signal as i32 - 1) & 1 == 1
}

/// All that serving takes: other users' `maps` and links (`ptrace_may_access`); and what only its
/// owner may open beside that, `environ` and the directories of descriptors.
const FOR_SERVING: [Capability; 2] = [Capability::CAP_SYS_PTRACE, Capability::CAP_DAC_READ_SEARCH];

/// What unmounting takes beside it: umount2(2); and setns(2), which wants CAP_SYS_CHROOT too. The
/// mount point may lie in a directory that only its owner can enter.
const FOR_UNMOUNTING: [Capability; 2] = [Capability::CAP_SYS_ADMIN, Capability::CAP_SYS_CHROOT];

/// Gives up all capabilities but those, and uses only [`FOR_SERVING`]. To be called once the mount
/// is made and before any thread starts: capabilities belong to a thread, and its children get
/// them.
///
/// And no program that it executes gets more rights than it has (no_new_privs), where it can
/// unmount by itself; an unprivileged daemon does that through fusermount3, which is set-uid.
fn give_up_rights() {
    let give_up = || -> Result<(), String> {
        let failed = |error: caps::errors::CapsError| words(&error);
        let has = caps::read(None, CapSet::Permitted).map_err(failed)?;
        let keep: CapsHashSet = FOR_SERVING.into_iter().chain(FOR_UNMOUNTING).collect();
        let keep: CapsHashSet = keep.intersection(&has).copied().collect();
        let serve = FOR_SERVING.into_iter().filter(|it| keep.contains(it)).collect();
        if has.contains(&Capability::CAP_SETPCAP) {
            // A kernel that knows fewer capabilities than the crate refuses the rest.
            if let Err(error) = caps::clear(None, CapSet::Bounding) {
                log::debug!("bounding set: {}", words(&error));
            }
        }
        caps::clear(None, CapSet::Ambient).map_err(failed)?;
        caps::clear(None, CapSet::Inheritable).map_err(failed)?;
        caps::set(None, CapSet::Effective, &serve).map_err(failed)?;
        caps::set(None, CapSet::Permitted, &keep).map_err(failed)?;
        if keep.contains(&Capability::CAP_SYS_ADMIN) {
            prctl::set_no_new_privs().map_err(|errno| errno.desc().to_owned())?;
        }
        Ok(())
    };
    // It serves no worse with rights that it does not need.
    if let Err(reason) = give_up() {
        log::warn!("the daemon keeps rights that it does not need: {reason}");
    }
}

/// As long as this lives, the thread and those that it starts use all capabilities they have left.
struct Raised(Option<CapsHashSet>);

impl Raised {
    fn now() -> Self {
        let before = caps::read(None, CapSet::Effective).ok();
        let raised = caps::read(None, CapSet::Permitted)
            .and_then(|all| caps::set(None, CapSet::Effective, &all));
        if let Err(error) = raised {
            log::warn!("capabilities for unmounting: {}", words(&error));
        }
        Raised(before)
    }
}

impl Drop for Raised {
    fn drop(&mut self) {
        if let Some(Err(error)) =
            self.0.take().map(|before| caps::set(None, CapSet::Effective, &before))
        {
            log::warn!("capabilities after unmounting: {}", words(&error));
        }
    }
}

/// Detaches what is mounted on top here, with the set-uid helper where the kernel wants root.
fn detach(path: &Path) -> Result<(), String> {
    match umount2(path, MntFlags::MNT_DETACH | MntFlags::UMOUNT_NOFOLLOW) {
        Ok(()) => Ok(()),
        Err(nix::Error::EPERM) => fusermount(path, true),
        Err(errno) => Err(errno.desc().to_owned()),
    }
}

fn fusermount(path: &Path, lazy: bool) -> Result<(), String> {
    let mut command = Command::new("fusermount3");
    command.arg("-u").args(lazy.then_some("-z")).arg("--").arg(path);
    let output = command.stdin(Stdio::null()).output().map_err(|error| {
        format!("only root may unmount without fusermount3 (package fuse3): {}", words(&error))
    })?;
    if output.status.success() {
        return Ok(());
    }
    Err(String::from_utf8_lossy(&output.stderr).trim().to_owned())
}

/// The `umount` command: ends a mount of ours, also a dead one.
pub(in crate::fuse) fn unmount_path(path: &Path, lazy: bool) -> Result<(), MountError> {
    let path = &resolve(path)?;
    let flags = match mounted_at(path) {
        There::Nothing => {
            let reason = "no mach-procfs is mounted there";
            return Err(MountError::new(format!("{}: {reason}", path.display())));
        }
        There::Alive if !lazy => MntFlags::empty(),
        There::Alive | There::Dead => MntFlags::MNT_DETACH,
    };
    let ended = match umount2(path, flags | MntFlags::UMOUNT_NOFOLLOW) {
        Ok(()) => Ok(()),
        Err(nix::Error::EPERM) => fusermount(path, flags == MntFlags::MNT_DETACH),
        Err(errno) => Err(errno.desc().to_owned()),
    };
    ended.map_err(|reason| {
        let hint = if reason.ends_with("busy") {
            "; with --lazy it is detached now and ends when nobody uses it any more"
        } else {
            ""
        };
        MountError::new(format!("{}: {reason}{hint}", path.display()))
    })
}

/// Why fuser could not mount, and what to do about it.
pub(in crate::fuse) fn explain(path: &Path, error: &std::io::Error) -> MountError {
    let path = path.display();
    let device = File::options().read(true).write(true).open("/dev/fuse");
    let message = match device.map_err(|error| error.kind()) {
        Err(std::io::ErrorKind::NotFound) => format!(
            "{path}: the kernel offers no FUSE (/dev/fuse is missing); as root: modprobe fuse"
        ),
        Err(std::io::ErrorKind::PermissionDenied) => format!(
            "{path}: /dev/fuse is closed to this user; as root: chmod 666 /dev/fuse, or mount as root"
        ),
        _ if error.kind() == std::io::ErrorKind::NotFound => format!(
            "{path}: mounting without being root takes fusermount3; install the package fuse3"
        ),
        _ => format!("{path}: {}", words(error)),
    };
    MountError::new(message)
}
