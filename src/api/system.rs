//! The running system as a source of processes and their regions.

use std::fmt;
use std::sync::Arc;

use super::{Error, Regions, own_regions};
use crate::kernel::{self, Detail, Kernel};
use crate::model::Pid;

/// The running system.
///
/// Opened once and used for many questions: it keeps what they have in common, on Linux the opened
/// `/proc`, on macOS what it has read of program files. A clone shares all of it.
///
/// ```
/// use mach_procfs::{Error, ErrorKind, Regions, System};
///
/// let system = System::open()?;
/// for pid in system.processes()? {
///     // The first error ends the count, and is its result.
///     let count = |regions: Regions| regions.map(|region| region.map(|_| 1)).sum();
///     let count: Result<u32, Error> = system.regions(pid).and_then(count);
///     match count {
///         Ok(count) => println!("{pid}: {count} regions"),
///         Err(error) if error.kind() == ErrorKind::NoSuchProcess => {} // has ended since
///         Err(error) => println!("{pid}: {error}"),
///     }
/// }
/// # Ok::<(), mach_procfs::Error>(())
/// ```
#[derive(Clone)]
pub struct System {
    kernel: Arc<dyn Kernel>,
}

impl System {
    /// Opens the system's source: on Linux the procfs at `/proc`, on macOS nothing.
    ///
    /// # Errors
    /// On Linux [`Failed`](crate::ErrorKind::Failed) where `/proc` is missing, is no procfs of the
    /// kernel (`PROC_SUPER_MAGIC`) or belongs to another pid namespace, and
    /// [`ResourceLimit`](crate::ErrorKind::ResourceLimit). Never fails on macOS.
    pub fn open() -> Result<Self, Error> {
        let kernel = kernel::host().map_err(Error::new)?;
        Ok(System { kernel })
    }

    /// The pids of all processes, in ascending order. Zombies and processes of the kernel are among
    /// them, and processes that this program may not look into.
    ///
    /// A process that lives throughout the call is in the list.
    ///
    /// # Errors
    /// [`ResourceLimit`](crate::ErrorKind::ResourceLimit) or [`Failed`](crate::ErrorKind::Failed).
    pub fn processes(&self) -> Result<Vec<Pid>, Error> {
        self.kernel.processes().map_err(Error::new)
    }

    /// The regions of a process. A zombie and a process of the kernel have none.
    ///
    /// The process must be one that this program may see. Linux: by the rule for `/proc/PID/maps`,
    /// `ptrace_may_access` with `PTRACE_MODE_READ` (`fs/proc/task_mmu.c`). macOS: a process of the
    /// same effective user, or any for root (`proc_security_policy` in XNU's
    /// `bsd/kern/proc_info.c`). The dyld shared cache of another process is a few regions without
    /// paths there. For the calling process the result is that of [`own_regions`].
    ///
    /// # Errors
    /// [`NoSuchProcess`](crate::ErrorKind::NoSuchProcess),
    /// [`PermissionDenied`](crate::ErrorKind::PermissionDenied),
    /// [`Vanished`](crate::ErrorKind::Vanished),
    /// [`ResourceLimit`](crate::ErrorKind::ResourceLimit) or [`Failed`](crate::ErrorKind::Failed).
    pub fn regions(&self, pid: Pid) -> Result<Regions, Error> {
        if pid == Pid::this() {
            return own_regions();
        }
        self.walk(pid, Detail::Map)
    }

    /// The regions of a process, each with [counts of its pages](crate::Region::pages).
    ///
    /// Linux visits each mapped page for them, which takes many times as long as
    /// [`regions`](Self::regions) (`smap_gather_stats` in `fs/proc/task_mmu.c`). macOS counts pages
    /// for `regions` as well. There the regions inside submaps are reported where the kernel gives
    /// this program a port to read the task (`task_read_for_pid`), which it may refuse even to
    /// root; otherwise a submap is one region. A region inside has the submap's name, such as
    /// `[dyld_shared_cache]`, and no path: only [`own_regions`] has the libraries there.
    ///
    /// # Errors
    /// As [`regions`](Self::regions).
    pub fn regions_with_pages(&self, pid: Pid) -> Result<Regions, Error> {
        self.walk(pid, Detail::Pages)
    }

    fn walk(&self, pid: Pid, detail: Detail) -> Result<Regions, Error> {
        let identity = self.kernel.identity(pid);
        let walk = identity.and_then(|identity| self.kernel.regions(pid, identity, detail));
        let has_pages = detail == Detail::Pages;
        walk.map(|walk| Regions::by_pid(walk, has_pages)).map_err(Error::new)
    }
}

impl fmt::Debug for System {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("System").finish_non_exhaustive()
    }
}
