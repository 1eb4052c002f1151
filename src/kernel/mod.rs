//! How one operating system answers: the trait that the tree asks, and who implements it here.

#[cfg(target_os = "linux")]
pub mod linux;
pub mod mach;
mod regions;

use std::sync::Arc;

pub use regions::{Regions, regions};

use crate::model::{Credentials, Identity, Owner, Pid, Process, Region, Result, Standing};
#[cfg(target_os = "linux")]
use crate::model::{Error, ErrorKind};
use mach::recording::Recording;
use mach::xnu_model::XnuModel;

/// How much of a region a walk has to find out. More costs more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Detail {
    /// What a line of `maps` shows: range, protection, sharing, offset, backing.
    Map,
    /// All attributes of the region itself; a submap is one region.
    Attributes,
    /// Attributes and page counts; the walk enters submaps where it may.
    Pages,
}

/// Which node's owner is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Owned {
    /// The process's directory and what anyone may see.
    Process,
    /// The files that show its memory.
    Memory,
}

/// By which system's rule access is decided (`tree::access`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AccessRule {
    /// Linux's `ptrace_may_access` for reading.
    Linux,
    /// XNU's `proc_security_policy`, and no process that has changed its ids.
    Darwin,
}

/// This machine's own kernel.
///
/// # Errors
/// Where its sources cannot be opened: on Linux, no procfs of this pid namespace at `/proc`.
#[cfg(target_os = "linux")]
pub fn host() -> Result<Arc<dyn Kernel>> {
    Ok(Arc::new(linux::LinuxKernel::new()?))
}

/// This machine's own kernel.
///
/// # Errors
/// None: XNU is asked nothing yet that it could refuse.
#[cfg(target_os = "macos")]
pub fn host() -> Result<Arc<dyn Kernel>> {
    Ok(Arc::new(mach::MachKernel::new(Arc::new(mach::raw::Xnu))))
}

/// A walk over the map of this very program, by the shortest way that its system has.
#[cfg(target_os = "linux")]
fn own_regions() -> Result<Box<dyn Walk>> {
    linux::own_regions()
}

/// A walk over the map of this very program, by the shortest way that its system has.
#[cfg(target_os = "macos")]
fn own_regions() -> Result<Box<dyn Walk>> {
    let kernel = host()?;
    kernel.regions(Pid::this(), kernel.identity(Pid::this())?, Detail::Map)
}

/// What this machine's own kernel answers about these processes.
///
/// # Errors
/// On Linux: recordings are of XNU's answers.
#[cfg(target_os = "linux")]
pub fn record(_: &[Pid]) -> Result<Recording> {
    Err(Error::new(ErrorKind::Failed, "only macOS can be recorded; --replay records a recording"))
}

/// What this machine's own kernel answers about these processes.
///
/// # Errors
/// None: what the kernel refuses is recorded as refused.
#[cfg(target_os = "macos")]
pub fn record(pids: &[Pid]) -> Result<Recording> {
    Ok(mach::recording::record(&Arc::new(mach::raw::Xnu), pids))
}

/// A kernel that answers what was recorded. All its processes belong to this user and group.
pub fn replay(recording: Recording, uid: u32, gid: u32) -> Arc<dyn Kernel> {
    let model = XnuModel::replay(recording).owned_by(uid, gid);
    Arc::new(mach::MachKernel::new(Arc::new(model)))
}

/// One operating system's answers about processes.
///
/// The contract that every implementation keeps:
///
/// * A process is named by pid **and** identity wherever data of it is to be shown, so that a
///   reused pid never shows another process.
/// * Errors have their meaning: `NoSuchProcess` for a pid that is free, `Replaced` where another
///   process has it, `Denied` where the kernel refuses the daemon itself, `Exhausted` for lack of
///   memory or descriptors, `Failed` for the rest, with the call and its code kept.
/// * A zombie and a process of the kernel exist, and have no regions.
pub trait Kernel: Send + Sync {
    /// All pids, ascending, zombies and processes of the kernel among them. A process that lives
    /// throughout the call is in the list.
    ///
    /// # Errors
    /// `Exhausted` or `Failed`.
    fn processes(&self) -> Result<Vec<Pid>>;

    /// What tells the process that has this pid now from all others that had or will have it.
    ///
    /// # Errors
    /// `NoSuchProcess`, `Exhausted` or `Failed`.
    fn identity(&self, pid: Pid) -> Result<Identity>;

    /// Who owns the nodes of the process that has this pid now.
    ///
    /// # Errors
    /// `NoSuchProcess`, `Exhausted` or `Failed`.
    fn owner(&self, pid: Pid, owned: Owned) -> Result<Owner>;

    /// What access decisions need to know of the process that has this pid now.
    ///
    /// # Errors
    /// `NoSuchProcess`, `Denied`, `Exhausted` or `Failed`.
    fn credentials(&self, pid: Pid) -> Result<Credentials>;

    /// The process that has this pid now, described.
    ///
    /// # Errors
    /// `NoSuchProcess`, `Denied`, `Exhausted` or `Failed`.
    fn process(&self, pid: Pid) -> Result<Process>;

    /// The process a FUSE request comes from, given the number in the request: on Linux that is
    /// the calling thread's.
    ///
    /// # Errors
    /// `NoSuchProcess` where the number says nothing here, as 0 does.
    fn process_of_caller(&self, caller: u32) -> Result<Pid>;

    /// What the one with this number in a FUSE request may do beyond what its ids allow; nothing
    /// where the number says nothing here. The request must still be waiting for its answer: later
    /// the number may be somebody else's.
    fn standing(&self, _caller: u32) -> Standing {
        Standing::default()
    }

    /// The user who made the user namespace that this process lives in, or that of its ancestors
    /// which lies right below this one. `None` where it does not live below it.
    fn namespace_maker(&self, _pid: Pid, _above: u64) -> Option<u32> {
        None
    }

    /// Whether those who ask are processes of this kernel. Those who read a replay are not.
    fn knows_callers(&self) -> bool {
        true
    }

    /// A walk over the regions of this very process.
    ///
    /// # Errors
    /// `NoSuchProcess`, `Replaced`, `Denied`, `Exhausted` or `Failed`.
    fn regions(&self, pid: Pid, identity: Identity, detail: Detail) -> Result<Box<dyn Walk>>;

    /// By which rule access to this kernel's processes is decided.
    fn access_rule(&self) -> AccessRule;

    /// Whether [`identity`](Self::identity), [`owner`](Self::owner) and
    /// [`processes`](Self::processes) may sleep for long, waiting for another process.
    fn metadata_may_sleep(&self) -> bool;
}

/// A walk over one process's regions, ascending and without overlap: a lending iterator, so that
/// no side needs memory for more than one region.
pub trait Walk: Send {
    /// The next region, or `None` when the walk has seen them all.
    ///
    /// # Errors
    /// `Vanished` when the process ended or became another image before the walk was whole; a
    /// walk never ends early as if it were complete. Else `Denied`, `Exhausted` or `Failed`.
    fn next_region(&mut self) -> Result<Option<&Region>>;

    /// Whether all regions that were handed out are of the right process: to be asked before they
    /// are shown to anybody. Where a walk holds the address space itself there is no doubt; where
    /// the kernel is asked by pid, another process may have taken the pid since the last look.
    ///
    /// # Errors
    /// `Vanished` where they may be another's, and none that were handed out since the last time
    /// may be shown; else `Denied`, `Exhausted` or `Failed`.
    fn confirm(&mut self) -> Result<()> {
        Ok(())
    }

    /// Back to the first region, of the same image of the same process.
    ///
    /// # Errors
    /// `Vanished` when that is gone; else `Denied`, `Exhausted` or `Failed`.
    fn restart(&mut self) -> Result<()>;
}
