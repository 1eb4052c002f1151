//! Linux: the kernel's own procfs, through a directory descriptor that was opened and verified
//! before any mount covers it.

mod callers;
mod cpus;
mod descriptors;
mod directories;
mod files;
mod identity;
mod ioctl;
mod liveness;
mod maps;
mod own_file;
mod process_info;
mod scan;
mod smaps;
mod stat;
mod status;
mod threads;
mod walk;

use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::sync::OnceLock;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use nix::fcntl::{OFlag, readlinkat};
use nix::sys::stat::Mode;
use nix::sys::statfs::{PROC_SUPER_MAGIC, fstatfs};
use nix::unistd::{SysconfVar, sysconf};

use super::{Callers, Darwin, Detail, Kernel, LinkTo, OwnerKind, Procfs, System, Walk};
use crate::model::{
    Arguments, Cpu, Credentials, Descriptor, Error, ErrorKind, Extent, Identity, Owner, Pid,
    Process, ProcessInfo, Result, Thread, Visibility,
};

use directories::Kept;
use files::{ProcPath, failure, open_directory, whole};
use identity::IdentitySource;

/// How often a process may execute another image between two checks before this gives up.
const ATTEMPTS: usize = 3;

/// The Linux kernel, by its procfs or by a tree of files that looks like one.
pub struct LinuxKernel {
    root: OwnedFd,
    identity_source: IdentitySource,
    kept: Kept,
    /// The user namespace of this program; `None` over a fixture, which has none.
    own_user_namespace: Option<u64>,
    page_size: u64,
    ticks_per_second: u64,
    /// Read when it is first needed: the kernel takes longer for `/proc/stat` than for a small map.
    boot_time: OnceLock<SystemTime>,
}

impl LinuxKernel {
    /// The procfs that is mounted at `/proc`.
    ///
    /// # Errors
    /// `Failed` if it is not a procfs, or one of another pid namespace; `NoSuchName` if it is
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
        let source = IdentitySource::of_this_kernel();
        let mut kernel = Self::over(root, source);
        kernel.own_user_namespace = Some(0);
        kernel.own_user_namespace = kernel.user_namespace_of(Pid::this());
        if kernel.own_user_namespace.is_none() {
            return Err(Error::new(ErrorKind::Failed, "fstatat(/proc/self/ns/user)"));
        }
        Ok(kernel)
    }

    /// A tree of files that looks like a procfs: `PID/maps`, `PID/smaps`, `PID/stat`, `PID/status`.
    ///
    /// # Errors
    /// `NoSuchName` if there is no such directory.
    pub fn fixture(root: &Path) -> Result<Self> {
        Ok(Self::over(open_directory(root)?, IdentitySource::StartTime))
    }

    fn over(root: OwnedFd, identity_source: IdentitySource) -> Self {
        LinuxKernel {
            root,
            identity_source,
            kept: Kept::default(),
            own_user_namespace: None,
            page_size: page_size(),
            ticks_per_second: variable(SysconfVar::CLK_TCK, 100).max(1),
            boot_time: OnceLock::new(),
        }
    }

    /// The time of boot; the epoch if it is unknown.
    fn boot_time(&self) -> SystemTime {
        *self.boot_time.get_or_init(|| {
            self.read_whole("stat").ok().and_then(|text| boot_time(&text)).unwrap_or(UNIX_EPOCH)
        })
    }

    /// Nanoseconds of a time in clock ticks (`nsec_to_clock_t`).
    fn ticks_to_nanoseconds(&self, ticks: u64) -> u64 {
        let nanoseconds = u128::from(ticks) * 1_000_000_000 / u128::from(self.ticks_per_second);
        u64::try_from(nanoseconds).unwrap_or(u64::MAX)
    }

    fn process_from(
        &self,
        pid: Pid,
        status: &status::Status,
        name: Vec<u8>,
        ticks: u64,
    ) -> Result<Process> {
        let booted = self.boot_time();
        let since_boot = Duration::from_nanos(self.ticks_to_nanoseconds(ticks));
        Ok(Process {
            pid,
            parent: status.parent,
            name,
            started: booted.checked_add(since_boot).unwrap_or(booted),
            credentials: self.credentials_from(pid, status)?,
        })
    }

    fn credentials_from(&self, pid: Pid, status: &status::Status) -> Result<Credentials> {
        Ok(Credentials {
            uid: status.uid,
            gid: status.gid,
            memory_owner: match status.is_zombie {
                true => None,
                false => Some(self.stat_of(pid, "maps", "fstatat(maps)")?.st_uid),
            },
            changed_ids: false,
            capabilities: status.capabilities,
            user_namespace: self.user_namespace_of(pid),
        })
    }
}

/// The map of this program itself, without a source for other processes and without their identity.
///
/// # Errors
/// `Failed` if `/proc` is not a procfs, `NoSuchName` if it is missing or of another pid namespace;
/// `ResourceLimit`.
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

/// A number by sysconf(3), such as the page size in bytes or the clock ticks a second.
fn variable(variable: SysconfVar, fallback: u64) -> u64 {
    sysconf(variable).ok().flatten().and_then(|n| u64::try_from(n).ok()).unwrap_or(fallback)
}

impl Kernel for LinuxKernel {
    fn processes(&self) -> Result<Vec<Pid>> {
        let numbers = self.numbers_at(&ProcPath::new(format_args!(".")));
        let numbers = numbers.map_err(|errno| whole(errno, "getdents(procfs)"))?;
        Ok(numbers.into_iter().filter_map(Pid::new).collect())
    }

    fn identity(&self, pid: Pid) -> Result<Identity> {
        self.identity_of(pid)
    }

    fn owner(&self, pid: Pid, owned: OwnerKind) -> Result<(Identity, Owner)> {
        let failed = |errno| failure(errno, "fstatat(PID)", pid);
        let (directory, stat) = self.ask(pid, None, failed, |directory| match owned {
            OwnerKind::Memory => directory.stat_in("maps"),
            // It has the owner of the directory (`task_dump_owner`), and is found while the process
            // lives.
            OwnerKind::Process if self.identity_source == IdentitySource::PidFd => {
                directory.stat_in("task")
            }
            // Such directories are not kept.
            OwnerKind::Process => Ok(directory.stat),
        })?;
        let changed = match owned {
            OwnerKind::Memory => stat.st_mtime,
            OwnerKind::Process => directory.stat.st_mtime,
        };
        let since = UNIX_EPOCH + Duration::from_secs(u64::try_from(changed).unwrap_or(0));
        Ok((directory.identity, Owner { uid: stat.st_uid, gid: stat.st_gid, since }))
    }

    fn credentials(&self, pid: Pid) -> Result<(Identity, Credentials)> {
        let credentials = self.credentials_from(pid, &self.status_of(pid)?)?;
        // No identity comes twice, so all that was found out is of one process.
        Ok((self.identity(pid)?, credentials))
    }

    fn process(&self, pid: Pid) -> Result<Process> {
        let status = self.status_of(pid)?;
        let (name, ticks) = self.stat_fields(pid, |stat| (stat.name.to_vec(), stat.start))?;
        self.process_from(pid, &status, name, ticks)
    }

    fn name(&self, pid: Pid) -> Result<Vec<u8>> {
        self.stat_fields(pid, |stat| stat.name.to_vec())
    }

    fn regions(&self, pid: Pid, identity: Identity, detail: Detail) -> Result<Box<dyn Walk>> {
        let (name, call) = match detail {
            Detail::Map => ("maps", "open(maps)"),
            Detail::Attributes | Detail::Counts | Detail::Pages => ("smaps", "open(smaps)"),
        };
        let path = ProcPath::new(format_args!("{name}"));
        for _ in 0..ATTEMPTS {
            let failed = |errno| failure(errno, call, pid);
            let (_, file) = self.ask(pid, Some(identity), failed, |it| it.open_in(&path))?;
            let walk = walk::TextWalk::new(pid, file, detail, self.page_size)?;
            // A file without an address space is a zombie's or a kernel thread's; or that of an
            // image which an exec has just replaced, and then the process has a new one.
            if walk.has_address_space() || self.stat_fields(pid, |stat| stat.size)? == 0 {
                return Ok(Box::new(walk));
            }
        }
        Err(Error::new(ErrorKind::Vanished, "open(maps)").pid(pid))
    }

    fn process_info(&self, pid: Pid, shown: Visibility, extent: Extent) -> Result<ProcessInfo> {
        let threads = match extent {
            Extent::Brief => threads::Total::default(),
            Extent::Threads | Extent::Whole => threads::total(self, pid)?,
        };
        process_info::process_info(self, pid, shown, threads)
    }

    fn arguments(&self, pid: Pid, shown: Visibility) -> Result<Arguments> {
        process_info::arguments(self, pid, shown)
    }

    fn link(&self, pid: Pid, to: LinkTo) -> Result<Vec<u8>> {
        descriptors::link(self, pid, to)
    }

    fn descriptors(&self, pid: Pid) -> Result<Vec<u32>> {
        descriptors::numbers(self, pid)
    }

    fn descriptor(&self, pid: Pid, number: u32) -> Result<Descriptor> {
        descriptors::descriptor(self, pid, number)
    }

    fn descriptor_target(&self, pid: Pid, number: u32) -> Result<Vec<u8>> {
        descriptors::target(self, pid, number)
    }

    fn descriptor_flags(&self, pid: Pid, number: u32) -> Result<Option<u32>> {
        descriptors::access_mode(self, pid, number).map(Some)
    }

    fn threads(&self, pid: Pid) -> Result<Vec<u64>> {
        threads::ids(self, pid)
    }

    fn has_thread(&self, pid: Pid, id: u64) -> Result<bool> {
        threads::has(self, pid, id)
    }

    fn thread(&self, pid: Pid, id: u64) -> Result<Thread> {
        threads::thread(self, pid, id)
    }

    fn cpus(&self) -> Result<Vec<Cpu>> {
        let text = self.read_whole("stat")?;
        cpus::parse(&text, self.ticks_per_second)
            .ok_or_else(|| Error::new(ErrorKind::Failed, "parse(/proc/stat)"))
    }

    fn system(&self) -> System {
        System::Linux
    }

    fn callers(&self) -> Option<&dyn Callers> {
        Some(self)
    }

    fn procfs(&self) -> Option<&dyn Procfs> {
        Some(self)
    }

    fn darwin(&self) -> Option<&dyn Darwin> {
        None
    }

    /// `pidfd_open`, `fstatat` and `getdents` on procfs take no lock of another process that its
    /// holder may sleep with. A read of `stat`, the source of the identity without pidfs, takes a
    /// reference to the process's memory, and dropping the last one frees all of that memory
    /// (`mmput`).
    fn metadata_may_sleep(&self) -> bool {
        self.identity_source == IdentitySource::StartTime
    }
}

/// The line `btime` of `/proc/stat`: seconds between the epoch and the machine's boot.
fn boot_time(stat: &[u8]) -> Option<SystemTime> {
    let line = stat.split(|byte| *byte == b'\n').find_map(|line| line.strip_prefix(b"btime "))?;
    let (seconds, _) = scan::decimal(line)?;
    UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
}
