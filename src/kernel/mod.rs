//! How one operating system answers: the traits that the tree asks, and who implements them here.
//!
//! [`Kernel`] has what both systems report. What only one of them has is a trait of its own, which
//! a kernel of that system hands out: [`Procfs`] of Linux, [`Darwin`] of macOS. The row of a file
//! says which system it is on, so that no other is asked.

mod callers;
mod darwin;
#[cfg(target_os = "linux")]
pub mod linux;
// Elsewhere XNU answers only in recordings, which are the program's.
#[cfg(any(target_os = "macos", feature = "cli"))]
pub mod mach;
mod own_mount;
mod procfs;
mod walk;
#[cfg(any(target_os = "macos", feature = "cli"))]
pub mod xnu;

use std::sync::Arc;

pub use callers::Callers;
pub use darwin::Darwin;
pub use own_mount::{MOUNT_SOURCE, MOUNT_TYPE, is_own_mount};
pub use procfs::{Procfs, ProcfsFile, Redact, Text};
pub use walk::{Detail, Walk};

use crate::model::{
    Arguments, Cpu, Credentials, Descriptor, Error, ErrorKind, Extent, Identity, Owner, Pid,
    Process, ProcessInfo, Result, Thread, Visibility,
};

/// Which node's owner is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OwnerKind {
    /// The process's directory and what anyone may see.
    Process,
    /// The files that show its memory.
    Memory,
}

/// Which system it is: by whose rule access is decided (`tree::access`), and which files there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum System {
    /// Linux: `ptrace_may_access` for reading.
    Linux,
    /// Darwin: XNU's `proc_security_policy`, and no process that has changed its ids.
    Darwin,
}

/// A file that a process uses, to which a link leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LinkTo {
    /// The program that it runs.
    Executable,
    /// Its working directory.
    Current,
    /// The directory that it takes for the root.
    Root,
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
    Ok(Arc::new(mach::MachKernel::new(Arc::new(xnu::Xnu))))
}

/// A walk over the map of this very program, by the shortest way that its system has.
#[cfg(target_os = "linux")]
pub(crate) fn own_regions() -> Result<Box<dyn Walk>> {
    linux::own_regions()
}

/// A walk over the map of this very program, by the shortest way that its system has.
#[cfg(target_os = "macos")]
pub(crate) fn own_regions() -> Result<Box<dyn Walk>> {
    let kernel = host()?;
    kernel.regions(Pid::this(), kernel.identity(Pid::this())?, Detail::Map)
}

/// One operating system's answers about processes.
///
/// The contract that every implementation keeps:
///
/// * A process is named by pid **and** identity wherever data of it is to be shown, so that a
///   reused pid never shows another process.
/// * Errors have their meaning: `NoSuchProcess` for a pid that is free, `Replaced` where another
///   process has it, `Denied` where the kernel refuses the daemon itself, `ResourceLimit` for lack
///   of memory or descriptors, `Failed` for the rest, with the call and its code kept.
/// * A zombie and a process of the kernel exist, and have no regions.
pub trait Kernel: Send + Sync {
    /// All pids, ascending, zombies and processes of the kernel among them. A process that lives
    /// throughout the call is in the list.
    ///
    /// # Errors
    /// `ResourceLimit` or `Failed`.
    fn processes(&self) -> Result<Vec<Pid>>;

    /// The identity of the process that has this pid now: no other process with this pid had or
    /// will have it.
    ///
    /// # Errors
    /// `NoSuchProcess`, `ResourceLimit` or `Failed`.
    fn identity(&self, pid: Pid) -> Result<Identity>;

    /// Who owns the nodes of the process that has this pid now, and its identity.
    ///
    /// # Errors
    /// `NoSuchProcess`, `ResourceLimit` or `Failed`.
    fn owner(&self, pid: Pid, owned: OwnerKind) -> Result<(Identity, Owner)>;

    /// What access decisions need to know of the process that has this pid now, and its identity.
    ///
    /// # Errors
    /// `NoSuchProcess`, `Denied`, `ResourceLimit` or `Failed`.
    fn credentials(&self, pid: Pid) -> Result<(Identity, Credentials)>;

    /// The process that has this pid now, described.
    ///
    /// # Errors
    /// `NoSuchProcess`, `Denied`, `ResourceLimit` or `Failed`.
    fn process(&self, pid: Pid) -> Result<Process>;

    /// The name of the process that has this pid now, as in [`process`](Self::process).
    ///
    /// # Errors
    /// `NoSuchProcess`, `Denied`, `ResourceLimit` or `Failed`.
    fn name(&self, pid: Pid) -> Result<Vec<u8>> {
        self.process(pid).map(|process| process.name)
    }

    /// A walk over the regions of this very process.
    ///
    /// # Errors
    /// `NoSuchProcess`, `Replaced`, `Denied`, `ResourceLimit` or `Failed`.
    fn regions(&self, pid: Pid, identity: Identity, detail: Detail) -> Result<Box<dyn Walk>>;

    /// What the kernel reports of a process besides its map: all of it, or what is public.
    ///
    /// # Errors
    /// `NoSuchProcess`, `Denied`, `ResourceLimit` or `Failed`.
    fn process_info(&self, pid: Pid, shown: Visibility, extent: Extent) -> Result<ProcessInfo>;

    /// What a process was started with; nothing for a zombie or a process of the kernel, and where
    /// it is not public.
    ///
    /// # Errors
    /// `NoSuchProcess`, `Denied`, `ResourceLimit` or `Failed`.
    fn arguments(&self, pid: Pid, shown: Visibility) -> Result<Arguments>;

    /// Where a link of a process leads.
    ///
    /// # Errors
    /// `NoSuchName` where it leads nowhere, as for a zombie; `NoSuchProcess`, `Denied`,
    /// `ResourceLimit` or `Failed`.
    fn link(&self, pid: Pid, to: LinkTo) -> Result<Vec<u8>>;

    /// The numbers of a process's open files, ascending.
    ///
    /// # Errors
    /// `NoSuchProcess`, `Denied`, `ResourceLimit` or `Failed`.
    fn descriptors(&self, pid: Pid) -> Result<Vec<u32>>;

    /// One of them. Where its file does not answer in time, it is described without it.
    ///
    /// # Errors
    /// `NoSuchName` where it is not open; `NoSuchProcess`, `Denied`, `ResourceLimit` or `Failed`.
    fn descriptor(&self, pid: Pid, number: u32) -> Result<Descriptor>;

    /// What one of them is open on, as in [`descriptor`](Self::descriptor).
    ///
    /// # Errors
    /// As [`descriptor`](Self::descriptor).
    fn descriptor_target(&self, pid: Pid, number: u32) -> Result<Vec<u8>> {
        self.descriptor(pid, number).map(|descriptor| descriptor.target)
    }

    /// All of them, but for those that are closed meanwhile.
    ///
    /// # Errors
    /// `NoSuchProcess`, `Denied`, `ResourceLimit` or `Failed`.
    fn open_descriptors(&self, pid: Pid) -> Result<Vec<Descriptor>> {
        let mut open = Vec::new();
        for number in self.descriptors(pid)? {
            match self.descriptor(pid, number) {
                Ok(descriptor) => open.push(descriptor),
                Err(error) if error.kind == ErrorKind::NoSuchName => {}
                Err(error) => return Err(error),
            }
        }
        Ok(open)
    }

    /// The `O_ACCMODE` bits that one of them was opened with, as far as the kernel reports them at
    /// the cost of one descriptor and without asking its file: 3 for neither reading nor writing.
    ///
    /// # Errors
    /// As [`descriptor`](Self::descriptor).
    fn descriptor_flags(&self, pid: Pid, number: u32) -> Result<Option<u32>>;

    /// The ids of a process's threads, ascending.
    ///
    /// # Errors
    /// `NoSuchProcess`, `Denied`, `ResourceLimit` or `Failed`.
    fn threads(&self, pid: Pid) -> Result<Vec<u64>>;

    /// Whether a process has a thread of this id. Costs the same however many threads it has.
    ///
    /// # Errors
    /// Those of [`threads`](Self::threads).
    fn has_thread(&self, pid: Pid, id: u64) -> Result<bool>;

    /// One of them.
    ///
    /// # Errors
    /// `NoSuchName` where it has ended; `NoSuchProcess`, `Denied`, `ResourceLimit` or `Failed`.
    fn thread(&self, pid: Pid, id: u64) -> Result<Thread>;

    /// Its CPUs, by ascending number.
    ///
    /// # Errors
    /// `ResourceLimit` or `Failed`.
    fn cpus(&self) -> Result<Vec<Cpu>>;

    /// One of its CPUs.
    ///
    /// # Errors
    /// `NoSuchName` where there is none of this number; `ResourceLimit` or `Failed`.
    fn cpu(&self, number: u32) -> Result<Cpu> {
        let mut cpus = self.cpus()?.into_iter();
        let found = cpus.find(|cpu| cpu.number == number);
        found.ok_or_else(|| Error::new(ErrorKind::NoSuchName, "cpu"))
    }

    /// Which system's processes these are.
    fn system(&self) -> System;

    /// The processes that ask, where they are this kernel's own. Those that read a replay are not.
    fn callers(&self) -> Option<&dyn Callers>;

    /// What only Linux has.
    fn procfs(&self) -> Option<&dyn Procfs>;

    /// What only Darwin has.
    fn darwin(&self) -> Option<&dyn Darwin>;

    /// Whether the methods for numbers, owners and identities may sleep for long, waiting for
    /// another process: [`processes`](Self::processes), [`identity`](Self::identity),
    /// [`owner`](Self::owner), [`threads`](Self::threads), [`has_thread`](Self::has_thread),
    /// [`descriptors`](Self::descriptors), [`descriptor_flags`](Self::descriptor_flags), and of
    /// [`Procfs`] those that open no file and are not about mapped files, of which the kernel finds
    /// one with the lock of its process's map. All others may.
    fn metadata_may_sleep(&self) -> bool;
}
