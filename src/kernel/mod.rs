//! How one operating system answers: the trait that the tree asks, and who implements it here.

#[cfg(target_os = "linux")]
pub mod linux;
// Elsewhere XNU answers only in recordings, which are the program's.
#[cfg(any(target_os = "macos", feature = "cli"))]
pub mod mach;
mod users;
#[cfg(any(target_os = "macos", feature = "cli"))]
pub mod xnu;

use std::sync::Arc;

use crate::model::{
    Arguments, CallerPrivileges, Cpu, Credentials, Descriptor, Error, ErrorKind, Extent, Identity,
    Machine, Owner, Pid, Port, PortRefusal, Process, ProcessInfo, Region, Register, RegisterSet,
    Result, TaskFact, Thread, Visibility,
};

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

/// Whose file of Linux's own procfs is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProcfsFile {
    /// The machine's.
    Machine,
    /// A process's.
    Process(Pid),
    /// A thread's.
    Thread(Pid, u64),
    /// A descriptor's: in the directory of this name.
    Descriptor(Pid, u64),
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
///   process has it, `Denied` where the kernel refuses the daemon itself, `ResourceLimit` for lack of
///   memory or descriptors, `Failed` for the rest, with the call and its code kept.
/// * A zombie and a process of the kernel exist, and have no regions.
pub trait Kernel: Send + Sync {
    /// All pids, ascending, zombies and processes of the kernel among them. A process that lives
    /// throughout the call is in the list.
    ///
    /// # Errors
    /// `ResourceLimit` or `Failed`.
    fn processes(&self) -> Result<Vec<Pid>>;

    /// What tells the process that has this pid now from all others that had or will have it.
    ///
    /// # Errors
    /// `NoSuchProcess`, `ResourceLimit` or `Failed`.
    fn identity(&self, pid: Pid) -> Result<Identity>;

    /// Who owns the nodes of the process that has this pid now.
    ///
    /// # Errors
    /// `NoSuchProcess`, `ResourceLimit` or `Failed`.
    fn owner(&self, pid: Pid, owned: OwnerKind) -> Result<Owner>;

    /// What access decisions need to know of the process that has this pid now.
    ///
    /// # Errors
    /// `NoSuchProcess`, `Denied`, `ResourceLimit` or `Failed`.
    fn credentials(&self, pid: Pid) -> Result<Credentials>;

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

    /// The process a FUSE request comes from, given the number in the request: on Linux that is
    /// the calling thread's.
    ///
    /// # Errors
    /// `NoSuchProcess` where the number says nothing here, as 0 does.
    fn process_of_caller(&self, caller: u32) -> Result<Pid>;

    /// What tells the process that a FUSE request comes from, given the number in the request, from
    /// all others that had or will have its pid. Unlike [`identity`](Self::identity) on Darwin, it is
    /// kept by exec.
    ///
    /// # Errors
    /// `NoSuchProcess` where the number says nothing here; `ResourceLimit` or `Failed`.
    fn caller_identity(&self, caller: u32) -> Result<u64> {
        let pid = self.process_of_caller(caller)?;
        self.identity(pid).map(Identity::number)
    }

    /// What the one with this number in a FUSE request may do beyond what its ids allow; nothing
    /// where the number says nothing here. The request must still be waiting for its answer: later
    /// the number may be somebody else's.
    fn standing(&self, _caller: u32) -> CallerPrivileges {
        CallerPrivileges::default()
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
    /// `NoSuchProcess`, `Replaced`, `Denied`, `ResourceLimit` or `Failed`.
    fn regions(&self, pid: Pid, identity: Identity, detail: Detail) -> Result<Box<dyn Walk>>;

    /// A walk over what this very process has of the system's shared cache of libraries, divided
    /// among them where it is known which is where.
    ///
    /// # Errors
    /// As [`regions`](Self::regions).
    fn libraries(&self, _pid: Pid, _identity: Identity) -> Result<Box<dyn Walk>> {
        Err(not_served("libraries"))
    }

    /// What is told of a process besides its map: to one who may see all of it, or to anyone.
    ///
    /// # Errors
    /// `NoSuchProcess`, `Denied`, `ResourceLimit` or `Failed`.
    fn process_info(&self, _pid: Pid, _shown: Visibility, _extent: Extent) -> Result<ProcessInfo> {
        Err(not_served("process_info"))
    }

    /// What a process was started with; nothing for a zombie or a process of the kernel, and where
    /// the kernel does not tell it to anyone.
    ///
    /// # Errors
    /// `NoSuchProcess`, `Denied`, `ResourceLimit` or `Failed`.
    fn arguments(&self, _pid: Pid, _shown: Visibility) -> Result<Arguments> {
        Err(not_served("arguments"))
    }

    /// Where a link of a process leads.
    ///
    /// # Errors
    /// `NoSuchName` where it leads nowhere, as for a zombie; `NoSuchProcess`, `Denied`,
    /// `ResourceLimit` or `Failed`.
    fn link(&self, _pid: Pid, _to: LinkTo) -> Result<Vec<u8>> {
        Err(not_served("link"))
    }

    /// The numbers of a process's open files, ascending.
    ///
    /// # Errors
    /// `NoSuchProcess`, `Denied`, `ResourceLimit` or `Failed`.
    fn descriptors(&self, _pid: Pid) -> Result<Vec<u32>> {
        Err(not_served("descriptors"))
    }

    /// What `stat` shows to everyone as the size of the directory of them: how many they are, on
    /// Linux since 6.2, else 0.
    ///
    /// # Errors
    /// `NoSuchProcess`, `ResourceLimit` or `Failed`.
    fn descriptors_size(&self, _pid: Pid) -> Result<u64> {
        Ok(0)
    }

    /// One of them. Where its file does not answer in time, it is described without it.
    ///
    /// # Errors
    /// `NoSuchName` where it is not open; `NoSuchProcess`, `Denied`, `ResourceLimit` or `Failed`.
    fn descriptor(&self, _pid: Pid, _number: u32) -> Result<Descriptor> {
        Err(not_served("descriptor"))
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
    fn descriptor_flags(&self, _pid: Pid, _number: u32) -> Result<Option<u32>> {
        Err(not_served("descriptor_flags"))
    }

    /// The ids of a process's threads, ascending.
    ///
    /// # Errors
    /// `NoSuchProcess`, `Denied`, `ResourceLimit` or `Failed`.
    fn threads(&self, _pid: Pid) -> Result<Vec<u64>> {
        Err(not_served("threads"))
    }

    /// How many threads `stat` shows in the links of the directory of them, where it does: Linux
    /// counts them there.
    ///
    /// # Errors
    /// `NoSuchProcess`, `ResourceLimit` or `Failed`.
    fn linked_threads(&self, _pid: Pid) -> Result<u32> {
        Ok(0)
    }

    /// Whether a process has a thread of this id. Costs the same however many threads it has.
    ///
    /// # Errors
    /// As [`threads`](Self::threads).
    fn has_thread(&self, _pid: Pid, _id: u64) -> Result<bool> {
        Err(not_served("has_thread"))
    }

    /// One of them.
    ///
    /// # Errors
    /// `NoSuchName` where it has ended; `NoSuchProcess`, `Denied`, `ResourceLimit` or `Failed`.
    fn thread(&self, _pid: Pid, _id: u64) -> Result<Thread> {
        Err(not_served("thread"))
    }

    /// How often a thread was suspended and not resumed.
    ///
    /// # Errors
    /// As [`thread`](Self::thread).
    fn suspend_count(&self, _pid: Pid, _thread: u64) -> Result<u32> {
        Err(not_served("suspend_count"))
    }

    /// The registers of a thread.
    ///
    /// # Errors
    /// As [`thread`](Self::thread).
    fn registers(&self, _pid: Pid, _id: u64, _set: RegisterSet) -> Result<Vec<Register>> {
        Err(not_served("registers"))
    }

    /// The names of a task's ports, ascending.
    ///
    /// # Errors
    /// `NoSuchProcess`, `Denied`, `ResourceLimit` or `Failed`.
    fn ports(&self, _pid: Pid) -> Result<Vec<u32>> {
        Err(not_served("ports"))
    }

    /// Whether a task has a port of this name. Costs the same however many ports it has.
    ///
    /// # Errors
    /// As [`ports`](Self::ports).
    fn has_port(&self, _pid: Pid, _name: u32) -> Result<bool> {
        Err(not_served("has_port"))
    }

    /// One of them.
    ///
    /// # Errors
    /// `NoSuchName` where the name is free; `NoSuchProcess`, `Denied`, `ResourceLimit` or `Failed`.
    fn port(&self, _pid: Pid, _name: u32) -> Result<Port> {
        Err(not_served("port"))
    }

    /// Why the kernel gives this program no port to read a process's task by; `None` where it gives
    /// one, and where tasks have no ports.
    ///
    /// # Errors
    /// `NoSuchProcess`, `ResourceLimit` or `Failed`.
    fn port_refusal(&self, _pid: Pid) -> Result<Option<PortRefusal>> {
        Ok(None)
    }

    /// A few numbers about a task; none where it has no such numbers.
    ///
    /// # Errors
    /// `NoSuchProcess`, `Denied`, `ResourceLimit` or `Failed`.
    fn task_fact(&self, _pid: Pid, _fact: TaskFact) -> Result<Vec<u32>> {
        Err(not_served("task_fact"))
    }

    /// The name of a user, where the system that is asked is the one that has it.
    fn user_name(&self, _uid: u32) -> Option<String> {
        None
    }

    /// The name of a group, likewise.
    fn group_name(&self, _gid: u32) -> Option<String> {
        None
    }

    /// The machine as a whole.
    ///
    /// # Errors
    /// `ResourceLimit` or `Failed`.
    fn machine(&self) -> Result<Machine> {
        Err(not_served("machine"))
    }

    /// Its CPUs, by ascending number.
    ///
    /// # Errors
    /// `ResourceLimit` or `Failed`.
    fn cpus(&self) -> Result<Vec<Cpu>> {
        Err(not_served("cpus"))
    }

    /// One of its CPUs.
    ///
    /// # Errors
    /// `NoSuchName` where there is none of this number; `ResourceLimit` or `Failed`.
    fn cpu(&self, number: u32) -> Result<Cpu> {
        let mut cpus = self.cpus()?.into_iter();
        let found = cpus.find(|cpu| cpu.number == number);
        found.ok_or_else(|| Error::new(ErrorKind::NoSuchName, "cpu"))
    }

    /// Whether this kernel has a file of this name in the directory of each process, or at least of
    /// this one.
    fn has_own_file(&self, _: Pid, _name: &'static str) -> bool {
        false
    }

    /// A file of Linux's own procfs, where this kernel has one: its text is shown as it is, but for
    /// what is not for everyone.
    ///
    /// # Errors
    /// `NoSuchName`, `NoSuchProcess`, `Denied`, `ResourceLimit` or `Failed`.
    fn own_file(
        &self,
        _: ProcfsFile,
        _name: &'static str,
        _: Visibility,
    ) -> Result<Option<Box<dyn Text>>> {
        Ok(None)
    }

    /// Which system's processes these are.
    fn system(&self) -> System;

    /// Whether the methods for numbers, owners and identities may sleep for long, waiting for another
    /// process: [`processes`](Self::processes), [`identity`](Self::identity),
    /// [`owner`](Self::owner), [`threads`](Self::threads), [`has_thread`](Self::has_thread),
    /// [`linked_threads`](Self::linked_threads), [`descriptors`](Self::descriptors),
    /// [`descriptors_size`](Self::descriptors_size), [`descriptor_flags`](Self::descriptor_flags)
    /// and [`has_own_file`](Self::has_own_file). All others may.
    fn metadata_may_sleep(&self) -> bool;
}

fn not_served(call: &'static str) -> Error {
    Error::new(ErrorKind::Failed, call)
}

/// Text of an open file, as far as it is read.
pub trait Text: Send {
    /// Appends to `out` until it holds at least `enough` bytes; false when the text has ended.
    ///
    /// # Errors
    /// `Vanished` when the process went away before the text was whole; else `Denied`, `ResourceLimit`
    /// or `Failed`.
    fn fill(&mut self, out: &mut Vec<u8>, enough: usize) -> Result<bool>;

    /// Back to the beginning: what follows is made afresh.
    ///
    /// # Errors
    /// As [`fill`](Self::fill).
    fn restart(&mut self) -> Result<()>;
}

/// A walk over one process's regions, ascending and without overlap: a lending iterator, so that
/// no side needs memory for more than one region.
pub trait Walk: Send {
    /// The next region, or `None` when the walk has seen them all.
    ///
    /// # Errors
    /// `Vanished` when the process ended or became another image before the walk was whole; a
    /// walk never ends early as if it were complete. Else `Denied`, `ResourceLimit` or `Failed`.
    fn next_region(&mut self) -> Result<Option<&Region>>;

    /// The regions that follow are for another request than those before: which files answer must be
    /// found out again.
    fn begin_piece(&mut self) {}

    /// Whether all regions that were handed out are of the right process: to be asked before they
    /// are shown to anybody. Where a walk holds the address space itself there is no doubt; where
    /// the kernel is asked by pid, another process may have taken the pid since the last look.
    ///
    /// # Errors
    /// `Vanished` where they may be another's, and none that were handed out since the last time
    /// may be shown; else `Denied`, `ResourceLimit` or `Failed`.
    fn confirm(&mut self) -> Result<()> {
        Ok(())
    }

    /// Back to the first region, of the same image of the same process.
    ///
    /// # Errors
    /// `Vanished` when that is gone; else `Denied`, `ResourceLimit` or `Failed`.
    fn restart(&mut self) -> Result<()>;
}
