//! What a row can say: what its nodes are made of, who may see them, and on which systems they are.

use crate::format::{self, Renderer, macfuse};
use crate::kernel::{Darwin, Detail, LinkTo, Redact, System};
use crate::model::{
    Arguments, AuditToken, Cpu, Descriptor, Extent, Machine, Port, ProcessInfo, Register,
    RegisterSet, Result, SecurityToken, Thread,
};

/// Turns what was found out into text, at the end of a vector.
pub type Render<T> = fn(&T, &mut Vec<u8>);

/// What a row's nodes are; for a file, what its renderer needs.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// A directory whose names are the rows that have it as their parent.
    Directory,
    /// A link.
    Link(Link),
    /// Lines for every region.
    Regions(Detail, Renderer),
    /// Lines for every piece of the shared cache of libraries.
    Libraries(Renderer),
    /// All regions together.
    Document(Detail, format::NewDocument),
    /// From what the kernel reports of a process.
    ProcessInfo(Extent, Render<ProcessInfo>),
    /// From its ids, and the names of users and groups.
    Ids(macfuse::Ids),
    /// From what it was started with.
    Arguments(Render<Arguments>),
    /// From one open file.
    Descriptor(Render<Descriptor>),
    /// From what is open in it.
    Descriptors(Render<[Descriptor]>),
    /// From the platform that a program was built for, a `PLATFORM_*` of Mach-O where it is known.
    Platform(Render<Option<u32>>),
    /// From a task's role, a `task_role_t`.
    Role(Render<i32>),
    /// From a task's audit token.
    AuditToken(Render<AuditToken>),
    /// From a task's security token.
    SecurityToken(Render<SecurityToken>),
    /// From how often a task was suspended.
    TaskSuspension(Render<u32>),
    /// From a thread.
    Thread(Render<Thread>),
    /// From a thread, and the process that it belongs to.
    ThreadOf(Extent, fn(&ProcessInfo, &Thread, &mut Vec<u8>)),
    /// From how often a thread was suspended.
    ThreadSuspension(Render<u32>),
    /// From registers of a thread.
    Registers(RegisterSet, Render<[Register]>),
    /// From a port's name in a task.
    Port(Render<Port>),
    /// From a CPU.
    Cpu(Render<Cpu>),
    /// From what Darwin reports of the machine besides [`Machine`], such as its network.
    Darwin(fn(&dyn Darwin, &mut Vec<u8>) -> Result<()>),
    /// From what the kernel reports of the machine.
    Machine(Render<Machine>),
    /// Linux's own text, which no renderer makes. Some kernels are built without it.
    Passthrough,
}

/// Where a link leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// To the directory of the process that asks.
    OwnProcess,
    /// To the directory of the thread that asks.
    OwnThread,
    /// From a process's name to its directory.
    Named,
    /// To this path, from the directory that it stands in.
    To(&'static str),
    /// To the network of a machine whose processes all see the same one.
    Network,
    /// To a file that the process uses.
    Of(LinkTo),
    /// To what a descriptor is open on.
    Descriptor,
    /// To the file that a region maps.
    MappedFile,
}

/// Directory entries that the kernel enumerates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entries {
    /// Processes, by pid.
    Processes,
    /// Processes, by name.
    ProcessNames,
    /// Threads, by number, decimal. On Linux, they are all that a listing of their directory shows.
    Threads,
    /// Threads, by number, hexadecimal.
    MachThreads,
    /// Open files, by number.
    Descriptors,
    /// Regions that map a file, by their addresses.
    MappedFiles,
    /// Ports of a task, by name, hexadecimal.
    Ports,
    /// CPUs, by number.
    Cpus,
}

impl Entries {
    /// Whether a node of one is an item, beside its process or without one.
    pub(super) fn is_numbered(self) -> bool {
        !matches!(self, Entries::Processes | Entries::ProcessNames)
    }
}

/// Who may read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Everyone. A caller that may not see the memory of the process gets what is public: of
    /// Linux's own file what [`Public`] says, else the kernel's answer without what it keeps from
    /// others.
    Anyone,
    /// Who may see the memory of the process.
    Memory,
}

/// Which kernels have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum On {
    /// Both.
    Both,
    /// Linux only; Darwin reports nothing of the kind.
    Linux,
    /// Darwin only; Linux reports nothing of the kind.
    Darwin,
}

impl On {
    pub(super) fn includes(self, system: System) -> bool {
        match self {
            On::Both => true,
            On::Linux => system == System::Linux,
            On::Darwin => system == System::Darwin,
        }
    }
}

/// A file of Linux's own procfs.
#[derive(Clone, Copy, Debug)]
pub enum Passthrough {
    /// Of the same machine, process, thread or descriptor.
    Target(&'static str, Public),
    /// Of the process that asks.
    Caller(&'static str),
}

/// The part of a file of Linux's own procfs that all users may see, by `tgid_base_stuff` of
/// `fs/proc/base.c`. The mode of the kernel's file is not enough: `smaps` has a mode for all users
/// and checks the caller at the open (`proc_mem_open`).
#[derive(Clone, Copy, Debug)]
pub enum Public {
    /// All of it.
    Whole,
    /// What this function leaves.
    Redacted(Redact),
    /// Nothing.
    Nothing,
}
