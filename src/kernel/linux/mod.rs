//! Linux: the kernel's own procfs, read through a directory descriptor that was opened and
//! verified before anything was mounted over it.

mod ioctl;
mod maps;
mod scan;
mod smaps;
mod status;
mod walk;

use std::io::Write as _;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::sync::OnceLock;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use nix::dir::Dir;
use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, openat, readlinkat};
use nix::sys::stat::{FileStat, Mode, fstat, fstatat};
use nix::sys::statfs::{FsType, PROC_SUPER_MAGIC, fstatfs};
use nix::unistd::{SysconfVar, read, sysconf};

use super::{Detail, Kernel, Owned, System, Walk, names_of};
use crate::model::{
    Code, Credentials, Error, ErrorKind, Identity, Owner, Pid, Process, Result, Standing,
};

/// `PID_FS_MAGIC` (`linux/magic.h`): where pidfds have inode numbers of their own, since 6.9.
const PID_FS_MAGIC: FsType = FsType(0x5049_4446);

/// How often a process may execute another image between two looks before it is given up.
const ATTEMPTS: usize = 3;

/// Where a process's identity comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum IdentitySource {
    /// The inode number of its pidfd, unique since boot.
    PidFd,
    /// Its start time, in ticks since boot: two processes that reuse a pid within a tick share it.
    StartTime,
}

/// The Linux kernel as a source, through its procfs or a tree of files that looks like one.
pub struct LinuxKernel {
    root: OwnedFd,
    identity_source: IdentitySource,
    /// The user namespace of this program; `None` over a fixture, which has none.
    own_user_namespace: Option<u64>,
    page_size: u64,
    ticks_per_second: u64,
    /// Asked for when it is first needed: making `stat` costs the kernel more than a small map.
    boot_time: OnceLock<SystemTime>,
}

impl LinuxKernel {
    /// The procfs that is mounted at `/proc`.
    ///
    /// # Errors
    /// `Failed` where it is none, or one of another pid namespace; `NoSuchName` where it is
    /// missing.
    pub fn new() -> Result<Self> {
        let root = open_directory(Path::new("/proc"))?;
        let kind = fstatfs(root.as_fd()).map_err(|errno| whole(errno, "fstatfs(/proc)"))?;
        if kind.filesystem_type() != PROC_SUPER_MAGIC {
            return Err(Error::new(
                ErrorKind::Failed,
                "/proc is no procfs of the kernel; where a mach-procfs is mounted over it, unmount that first",
            ));
        }
        let own = readlinkat(root.as_fd(), "self")
            .map_err(|errno| whole(errno, "readlinkat(/proc/self)"))?;
        if own.as_encoded_bytes() != std::process::id().to_string().as_bytes() {
            return Err(Error::new(ErrorKind::Failed, "/proc belongs to another pid namespace"));
        }
        let has_pidfs = ioctl::pidfd_open(std::process::id(), 0)
            .and_then(|pidfd| fstatfs(pidfd.as_fd()))
            .is_ok_and(|kind| kind.filesystem_type() == PID_FS_MAGIC);
        let source = if has_pidfs { IdentitySource::PidFd } else { IdentitySource::StartTime };
        let mut kernel = Self::over(root, source);
        kernel.own_user_namespace = Some(0);
        kernel.own_user_namespace = kernel.user_namespace_of(Pid::this());
        if kernel.own_user_namespace.is_none() {
            return Err(Error::new(ErrorKind::Failed, "fstatat(/proc/self/ns/user)"));
        }
        Ok(kernel)
    }

    /// A tree of files that looks like a procfs: `PID/maps`, `PID/smaps`, `PID/stat`,
    /// `PID/status`.
    ///
    /// # Errors
    /// `NoSuchName` where there is no such directory.
    pub fn fixture(root: &Path) -> Result<Self> {
        Ok(Self::over(open_directory(root)?, IdentitySource::StartTime))
    }

    fn over(root: OwnedFd, identity_source: IdentitySource) -> Self {
        LinuxKernel {
            root,
            identity_source,
            own_user_namespace: None,
            page_size: page_size(),
            ticks_per_second: variable(SysconfVar::CLK_TCK, 100).max(1),
            boot_time: OnceLock::new(),
        }
    }

    /// When the machine booted; 1970 where that is not told.
    fn boot_time(&self) -> SystemTime {
        *self.boot_time.get_or_init(|| {
            self.read_whole("stat").ok().and_then(|text| boot_time(&text)).unwrap_or(UNIX_EPOCH)
        })
    }

    /// The whole of a small file below the root.
    ///
    /// # Errors
    /// By the meaning of the errno, without a pid.
    pub fn read_whole(&self, path: &str) -> Result<Vec<u8>> {
        let path = ProcPath::plain(path);
        let file = self.open(&path).map_err(|errno| whole(errno, "openat(procfs)"))?;
        read_to_end(&file).map_err(|errno| whole(errno, "read(procfs)"))
    }

    fn open(&self, path: &ProcPath) -> nix::Result<OwnedFd> {
        openat(
            self.root.as_fd(),
            path.as_bytes(),
            OFlag::O_RDONLY | OFlag::O_CLOEXEC,
            Mode::empty(),
        )
    }

    fn open_of(&self, pid: Pid, name: &str, call: &'static str) -> Result<OwnedFd> {
        self.open(&ProcPath::of(pid, name)).map_err(|errno| failure(errno, call, pid))
    }

    fn stat_of(&self, pid: Pid, name: &str, call: &'static str) -> Result<FileStat> {
        fstatat(self.root.as_fd(), ProcPath::of(pid, name).as_bytes(), AtFlags::AT_SYMLINK_NOFOLLOW)
            .map_err(|errno| failure(errno, call, pid))
    }

    fn read_of(&self, pid: Pid, name: &str, call: &'static str) -> Result<Vec<u8>> {
        read_to_end(&self.open_of(pid, name, call)?).map_err(|errno| failure(errno, call, pid))
    }

    fn status_of(&self, pid: Pid) -> Result<status::Status> {
        let text = self.read_of(pid, "status", "open(status)")?;
        status::parse_status(&text)
            .ok_or_else(|| Error::new(ErrorKind::Failed, "parse(status)").pid(pid))
    }

    fn stat_fields<T>(&self, pid: Pid, take: impl FnOnce(status::Stat<'_>) -> T) -> Result<T> {
        let text = self.read_of(pid, "stat", "open(stat)")?;
        status::parse_stat(&text)
            .map(take)
            .ok_or_else(|| Error::new(ErrorKind::Failed, "parse(stat)").pid(pid))
    }

    /// The user namespace of a process or thread, for who may see more than its name.
    fn user_namespace_of(&self, pid: Pid) -> Option<u64> {
        if self.own_user_namespace.is_none() {
            return Some(0);
        }
        // A link of the kernel's own, which leads into no mount (`proc_ns_get_link`).
        let path = ProcPath::of(pid, "ns/user");
        let stat = fstatat(self.root.as_fd(), path.as_bytes(), AtFlags::empty());
        stat.ok().map(|stat| stat.st_ino)
    }

    fn credentials_from(&self, pid: Pid, status: &status::Status) -> Result<Credentials> {
        Ok(Credentials {
            uid: status.uid,
            gid: status.gid,
            memory_owner: self.stat_of(pid, "maps", "fstatat(maps)")?.st_uid,
            changed_ids: false,
            capabilities: status.capabilities,
            user_namespace: self.user_namespace_of(pid),
        })
    }
}

/// The map of this program itself, which needs neither a source for other processes nor their
/// identity.
///
/// # Errors
/// `Failed` where `/proc` is no procfs, `NoSuchName` where it is missing or of another pid
/// namespace; `Exhausted`.
pub fn own_regions() -> Result<Box<dyn Walk>> {
    let path = "/proc/self/maps";
    let file = nix::fcntl::open(path, OFlag::O_RDONLY | OFlag::O_CLOEXEC, Mode::empty())
        .map_err(|errno| whole(errno, "open(/proc/self/maps)"))?;
    let kind = fstatfs(&file).map_err(|errno| whole(errno, "fstatfs(/proc/self/maps)"))?;
    if kind.filesystem_type() != PROC_SUPER_MAGIC {
        return Err(Error::new(ErrorKind::Failed, "/proc is no procfs of the kernel"));
    }
    Ok(Box::new(walk::TextWalk::living(Pid::this(), file, Detail::Map, page_size())))
}

fn page_size() -> u64 {
    variable(SysconfVar::PAGE_SIZE, 4096)
}

/// A number that the system was built or started with.
fn variable(variable: SysconfVar, fallback: u64) -> u64 {
    sysconf(variable).ok().flatten().and_then(|n| u64::try_from(n).ok()).unwrap_or(fallback)
}

impl Kernel for LinuxKernel {
    fn processes(&self) -> Result<Vec<Pid>> {
        let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        let mut directory = Dir::openat(self.root.as_fd(), ".", flags, Mode::empty())
            .map_err(|errno| whole(errno, "openat(procfs)"))?;
        let mut pids = Vec::new();
        for entry in directory.iter() {
            let entry = entry.map_err(|errno| whole(errno, "getdents(procfs)"))?;
            pids.extend(Pid::from_name(entry.file_name().to_bytes()));
        }
        // The kernel lists them ascending (`next_tgid`); a fixture need not.
        pids.sort_unstable();
        Ok(pids)
    }

    fn identity(&self, pid: Pid) -> Result<Identity> {
        match self.identity_source {
            IdentitySource::PidFd => {
                let pidfd = ioctl::pidfd_open(pid.number(), 0).map_err(|errno| {
                    let error = failure(errno, "pidfd_open", pid);
                    // A thread's number (ENOENT, before 6.17 EINVAL) or 0: no process has it.
                    let no_process = matches!(errno, Errno::EINVAL | Errno::ENOENT);
                    if no_process { error.meaning(ErrorKind::NoSuchProcess) } else { error }
                })?;
                let stat = fstat(&pidfd).map_err(|errno| failure(errno, "fstat(pidfd)", pid))?;
                Ok(Identity::new(stat.st_ino))
            }
            IdentitySource::StartTime => {
                Ok(Identity::new(self.stat_fields(pid, |stat| stat.start)?))
            }
        }
    }

    fn owner(&self, pid: Pid, owned: Owned) -> Result<Owner> {
        let stat = match owned {
            Owned::Process => self.stat_of(pid, "", "fstatat(PID)")?,
            Owned::Memory => self.stat_of(pid, "maps", "fstatat(maps)")?,
        };
        let seconds = u64::try_from(stat.st_mtime).unwrap_or(0);
        let since = UNIX_EPOCH + Duration::from_secs(seconds);
        Ok(Owner { uid: stat.st_uid, gid: stat.st_gid, since })
    }

    fn credentials(&self, pid: Pid) -> Result<Credentials> {
        self.credentials_from(pid, &self.status_of(pid)?)
    }

    fn process(&self, pid: Pid) -> Result<Process> {
        let status = self.status_of(pid)?;
        let (name, ticks) = self.stat_fields(pid, |stat| (stat.name.to_vec(), stat.start))?;
        let milliseconds = ticks.saturating_mul(1000) / self.ticks_per_second;
        Ok(Process {
            pid,
            parent: status.parent,
            name,
            started: self.boot_time() + Duration::from_millis(milliseconds),
            credentials: self.credentials_from(pid, &status)?,
        })
    }

    fn process_of_caller(&self, caller: u32) -> Result<Pid> {
        let nobody = || Error::new(ErrorKind::NoSuchProcess, "process_of_caller");
        let thread = Pid::new(caller).filter(|_| caller != 0).ok_or_else(nobody)?;
        if self.identity_source == IdentitySource::PidFd {
            let process = ioctl::pidfd_open(caller, ioctl::PIDFD_THREAD)
                .and_then(|pidfd| ioctl::process_of(pidfd.as_fd()));
            // Kernels from 6.9 to 6.12 have pidfs without PIDFD_GET_INFO.
            if let Ok(process) = process {
                return Pid::new(process).filter(|_| process != 0).ok_or_else(nobody);
            }
        }
        let status = self.status_of(thread)?;
        Pid::new(status.process).ok_or_else(nobody)
    }

    fn standing(&self, caller: u32) -> Standing {
        let Some(own) = self.own_user_namespace else {
            let all = u64::MAX;
            return Standing { capabilities: all, user_namespace: Some(0), in_own_namespace: true };
        };
        let Some(thread) = Pid::new(caller).filter(|_| caller != 0) else {
            return Standing::default();
        };
        let user_namespace = self.user_namespace_of(thread);
        Standing {
            capabilities: ioctl::effective_capabilities(caller).unwrap_or(0),
            user_namespace,
            in_own_namespace: user_namespace == Some(own),
        }
    }

    fn namespace_maker(&self, pid: Pid, above: u64) -> Option<u32> {
        let mut namespace = self.open(&ProcPath::of(pid, "ns/user")).ok()?;
        // User namespaces nest 32 deep at most (`create_user_ns`).
        for _ in 0..=32 {
            let parent = ioctl::parent_of_namespace(namespace.as_fd()).ok()?;
            if fstat(&parent).ok()?.st_ino == above {
                return ioctl::owner_of_user_namespace(namespace.as_fd()).ok();
            }
            namespace = parent;
        }
        None
    }

    fn regions(&self, pid: Pid, identity: Identity, detail: Detail) -> Result<Box<dyn Walk>> {
        for _ in 0..ATTEMPTS {
            let file = match detail {
                Detail::Map => self.open_of(pid, "maps", "open(maps)")?,
                Detail::Attributes | Detail::Pages => self.open_of(pid, "smaps", "open(smaps)")?,
            };
            // Asked after the open: no identity comes twice, so the pid was this process's all
            // along.
            if self.identity(pid)? != identity {
                return Err(Error::new(ErrorKind::Replaced, "identity").pid(pid));
            }
            let walk = walk::TextWalk::new(pid, file, detail, self.page_size)?;
            // A file without an address space is a zombie's or a kernel thread's; or that of an
            // image which an exec has just replaced, and then the process has another.
            if walk.has_address_space() || self.stat_fields(pid, |stat| stat.size)? == 0 {
                return Ok(Box::new(walk));
            }
        }
        Err(Error::new(ErrorKind::Vanished, "open(maps)").pid(pid))
    }

    fn user_name(&self, uid: u32) -> Option<String> {
        names_of::user(uid)
    }

    fn group_name(&self, gid: u32) -> Option<String> {
        names_of::group(gid)
    }

    fn system(&self) -> System {
        System::Linux
    }

    /// `pidfd_open`, `fstatat` and `getdents` on procfs take no lock of another process.
    fn metadata_may_sleep(&self) -> bool {
        false
    }
}

/// A path below the procfs root, without a heap allocation.
struct ProcPath {
    bytes: [u8; 40],
    length: usize,
}

impl ProcPath {
    fn plain(path: &str) -> Self {
        let mut made = ProcPath { bytes: [0; 40], length: 0 };
        made.push(path);
        made
    }

    /// `PID/name`, or `PID/` for an empty name.
    fn of(pid: Pid, name: &str) -> Self {
        let mut made = ProcPath { bytes: [0; 40], length: 0 };
        let mut rest = &mut made.bytes[..];
        // 40 bytes hold a pid's 7 digits and every name this module has; more would be cut.
        let _ = write!(rest, "{pid}/");
        made.length = 40 - rest.len();
        made.push(name);
        made
    }

    fn push(&mut self, text: &str) {
        let room = &mut self.bytes[self.length..];
        let length = text.len().min(room.len());
        room[..length].copy_from_slice(&text.as_bytes()[..length]);
        self.length += length;
    }

    fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

fn open_directory(path: &Path) -> Result<OwnedFd> {
    let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
    nix::fcntl::open(path, flags, Mode::empty()).map_err(|errno| whole(errno, "open(procfs)"))
}

fn read_to_end(file: &OwnedFd) -> nix::Result<Vec<u8>> {
    let mut text = vec![0; 4096];
    let mut length = 0;
    loop {
        if length == text.len() {
            text.resize(2 * length, 0);
        }
        match read(file, &mut text[length..]) {
            Ok(0) => break,
            Ok(got) => length += got,
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno),
        }
    }
    text.truncate(length);
    Ok(text)
}

/// `btime` of `/proc/stat`: seconds since the epoch at which the machine booted.
fn boot_time(stat: &[u8]) -> Option<SystemTime> {
    let line = stat.split(|byte| *byte == b'\n').find_map(|line| line.strip_prefix(b"btime "))?;
    let (seconds, _) = scan::decimal(line)?;
    UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
}

/// An error about one process, by what the errno means there.
fn failure(errno: Errno, call: &'static str, pid: Pid) -> Error {
    let kind = match errno {
        Errno::ENOENT | Errno::ESRCH | Errno::ENOTDIR => ErrorKind::NoSuchProcess,
        Errno::EACCES | Errno::EPERM => ErrorKind::Denied,
        Errno::EMFILE | Errno::ENFILE | Errno::ENOMEM => ErrorKind::Exhausted,
        _ => ErrorKind::Failed,
    };
    Error::new(kind, call).code(Code::Errno(errno as i32)).pid(pid)
}

/// An error about the procfs as a whole.
fn whole(errno: Errno, call: &'static str) -> Error {
    let error = Error { pid: None, ..failure(errno, call, Pid::this()) };
    match error.kind {
        ErrorKind::NoSuchProcess => error.meaning(ErrorKind::NoSuchName),
        _ => error,
    }
}
