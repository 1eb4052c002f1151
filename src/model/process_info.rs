//! Process information besides the memory map.

use std::time::SystemTime;

use super::{Device, Process};

/// How much of a process the caller may see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Visibility {
    /// What anyone may know. The rest has the values that mean 'none'.
    Public,
    /// Everything: the asker may see its memory.
    Full,
}

/// How much of an [`ProcessInfo`] is wanted. What is not may have the values that mean 'none'.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Extent {
    /// What costs the same however many threads there are.
    Brief,
    /// With the sums over the threads that live, for which Linux is asked about each.
    Threads,
    /// With its session, the machine's start, the kinds of memory and the disks that it has used,
    /// and its children's times, for each of which XNU has a call of its own.
    Whole,
}

/// What a process does, by the letters of Linux's `stat`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum State {
    /// `R`: it runs, or could.
    Running,
    /// `S`: it waits for something, and a signal ends the wait.
    #[default]
    Sleeping,
    /// `D`: it waits, and no signal ends that.
    Waiting,
    /// `T`: stopped by a signal.
    Stopped,
    /// `t`: stopped by a tracer.
    Traced,
    /// `Z`: ended, and its parent has not asked how.
    Zombie,
    /// `X`: ending.
    Dead,
    /// `I`: an idle process of the kernel, or one that is being made.
    Idle,
}

/// Process information besides the memory map and the process's text. `None` if this kernel has no
/// source for it, or withholds it from this caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcessInfo {
    /// Who it is.
    pub process: Process,
    /// What it does.
    pub state: State,
    /// The number of its process group.
    pub group: u32,
    /// The number of its session.
    pub session: Option<u32>,
    /// Its controlling terminal.
    pub terminal: Option<Device>,
    /// The process group in the foreground of that terminal.
    pub terminal_group: Option<u32>,
    /// Darwin's `pg_jobc`: processes of its group that job control counts.
    pub job_control: Option<u32>,
    /// Nice value, -20 to 20.
    pub nice: Option<i32>,
    /// The groups that it belongs to beside its group ids.
    pub groups: Option<Vec<u32>>,
    /// Where in the kernel it waits.
    pub wait_channel: Option<Vec<u8>>,
    /// The process that traces it.
    pub tracer: Option<u32>,
    /// What it does with signals.
    pub signals: Option<Signals>,
    /// What it has used.
    pub usage: Option<Usage>,
    /// The machine's start, from which Linux's grammar counts a process's start.
    pub booted: Option<SystemTime>,
    /// Bytes of a page, as programs that read sizes in pages take them to have.
    pub page_size: u64,
}

/// Signals by Darwin's numbers, the first in the lowest bit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Signals {
    /// Those that a process ignores, also because that is their default.
    pub ignored: u32,
    /// Those for which it has a handler.
    pub caught: u32,
}

/// What a process has used since it began. Counters that a kernel does not keep are `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Bytes of address space.
    pub virtual_size: u64,
    /// Bytes in memory.
    pub resident_size: u64,
    /// User time of all threads, ended ones too.
    pub total_user: Time,
    /// System time of all threads, ended ones too.
    pub total_system: Time,
    /// User time of the threads that live.
    pub threads_user: Time,
    /// System time of the threads that live.
    pub threads_system: Time,
    /// How many threads live.
    pub threads: u32,
    /// How many of them run.
    pub running: Option<u32>,
    /// Scheduling policy: Mach's `POLICY_TIMESHARE` (1), `POLICY_RR` (2) and `POLICY_FIFO` (4).
    pub policy: Option<i32>,
    /// Scheduling priority, in the kernel's own scale.
    pub priority: Option<i32>,
    /// Page faults.
    pub faults: u64,
    /// Page faults that had to wait for a page from a disk.
    pub pageins: u64,
    /// Faults that copied a page.
    pub cow_faults: Option<u64>,
    /// Mach messages sent.
    pub messages_sent: Option<u64>,
    /// Mach messages received.
    pub messages_received: Option<u64>,
    /// Mach calls made.
    pub syscalls_mach: Option<u64>,
    /// System calls made.
    pub syscalls_unix: Option<u64>,
    /// Context switches.
    pub switches: Option<u64>,
    /// What its bytes in memory are of.
    pub memory: Option<MemoryKinds>,
    /// What its children have used.
    pub children: Option<ChildrenUsage>,
    /// Bytes to and from disks.
    pub disk: Option<DiskUsage>,
}

impl Usage {
    /// User time of threads that have ended, in nanoseconds.
    #[must_use]
    pub fn ended_user(&self) -> u64 {
        self.total_user.nanoseconds.saturating_sub(self.threads_user.nanoseconds)
    }

    /// System time of threads that have ended, in nanoseconds.
    #[must_use]
    pub fn ended_system(&self) -> u64 {
        self.total_system.nanoseconds.saturating_sub(self.threads_system.nanoseconds)
    }
}

/// Bytes of a process by what they are of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MemoryKinds {
    /// The most that was in memory at a time.
    pub resident_peak: u64,
    /// Anonymous, in memory.
    pub anonymous: u64,
    /// Of files, in memory.
    pub file: u64,
    /// Anonymous, in the compressor or in swap.
    pub swapped: u64,
}

/// What the children of a process have used that have ended and were waited for, and theirs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChildrenUsage {
    /// User time.
    pub user: Time,
    /// System time.
    pub system: Time,
    /// Page faults that had to wait for a page from a disk.
    pub pageins: u64,
}

/// What a process has read from disks and written to them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DiskUsage {
    /// Bytes read.
    pub bytes_read: u64,
    /// Bytes written.
    pub bytes_written: u64,
}

/// A time in a kernel's own unit, and what that is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Time {
    /// As the kernel counts. Darwin: absolute-time units; Linux: nanoseconds.
    pub units: u64,
    /// The same in nanoseconds.
    pub nanoseconds: u64,
}

impl Time {
    /// A time that the kernel counts in nanoseconds.
    #[must_use]
    pub fn of_nanoseconds(nanoseconds: u64) -> Self {
        Time { units: nanoseconds, nanoseconds }
    }
}

/// What a process was started with, as it stands in its memory now: it may have written over it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Arguments {
    /// The arguments, each with a NUL behind it as far as the process left them so.
    pub arguments: Vec<u8>,
    /// The environment, a NUL after each variable; empty if the kernel withholds it.
    pub environment: Vec<u8>,
}

/// An open file of a process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Descriptor {
    /// Its number.
    pub number: u32,
    /// What it is open on.
    pub kind: DescriptorKind,
    /// What a link to it shows: a path, or as Linux has it `socket:[N]`, `pipe:[N]`,
    /// `anon_inode:[kqueue]`.
    pub target: Vec<u8>,
    /// `O_ACCMODE` bits and other flags of `open`, in the kernel's own numbers.
    pub flags: Option<u32>,
    /// The offset of the next read or write, in bytes.
    pub offset: Option<u64>,
    /// What a socket is connected to, in words; empty for all else.
    pub detail: Vec<u8>,
}

/// What a descriptor is open on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum DescriptorKind {
    /// A file, directory or device.
    #[default]
    Vnode,
    /// A socket.
    Socket,
    /// A pipe.
    Pipe,
    /// POSIX shared memory.
    SharedMemory,
    /// A POSIX semaphore.
    Semaphore,
    /// A kqueue.
    Kqueue,
    /// Events of a file system.
    FsEvents,
    /// Anything else.
    Other,
}
