//! Parts of a process of the model: open files, ports, and threads by their ports.

use std::collections::BTreeMap;

use mach_procfs::kernel::xnu::{
    FileInfo, OpenFile, PipeFile, PortName, PortStatus, SemaphoreFile, SharedMemoryFile,
    SocketFile, SpaceEntry, StateFlavor,
};

use super::object::VnodeId;

/// An open file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelFile {
    /// Its descriptor.
    pub descriptor: i32,
    /// How it was opened, and the object.
    pub detail: FileDetail,
}

/// The object under a descriptor.
#[allow(clippy::large_enum_variant, reason = "a process has few of them")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileDetail {
    /// A file of the world, with how it was opened.
    Vnode(VnodeId, FileInfo),
    /// A socket.
    Socket(SocketFile),
    /// A pipe.
    Pipe(PipeFile),
    /// POSIX shared memory.
    SharedMemory(SharedMemoryFile),
    /// A POSIX semaphore.
    Semaphore(SemaphoreFile),
    /// Another kind, of which the kernel reports only this number.
    Other(u32),
}

impl FileDetail {
    pub(super) fn kind(&self) -> u32 {
        match self {
            FileDetail::Vnode(..) => OpenFile::VNODE,
            FileDetail::Socket(_) => OpenFile::SOCKET,
            FileDetail::Pipe(_) => OpenFile::PIPE,
            FileDetail::SharedMemory(_) => OpenFile::SHARED_MEMORY,
            FileDetail::Semaphore(_) => OpenFile::SEMAPHORE,
            FileDetail::Other(kind) => *kind,
        }
    }
}

/// A right in a task's name space.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ModelPort {
    /// Name, type and references.
    pub entry: SpaceEntry,
    /// The port, if this is the right to receive from it.
    pub status: Option<PortStatus>,
}

impl ModelPort {
    /// A right of these types, one reference.
    #[must_use]
    pub fn new(name: PortName, types: u32) -> Self {
        let entry = SpaceEntry {
            name,
            types,
            references: 1,
            object: name.rotate_left(16),
            ..SpaceEntry::default()
        };
        ModelPort { entry, status: None }
    }

    /// A right to receive from a port with the usual limit of messages, and none at present.
    #[must_use]
    pub fn receiving(name: PortName) -> Self {
        /// `MACH_PORT_QLIMIT_DEFAULT`.
        const USUAL: u32 = 5;
        let status = PortStatus { limit: USUAL, ..PortStatus::default() };
        ModelPort { status: Some(status), ..ModelPort::new(name, SpaceEntry::RECEIVE) }
    }
}

/// Values of a thread by its port, besides flavor 15.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModelThread {
    /// `pthread_self`.
    pub handle: u64,
    /// The address at which libdispatch keeps the address of its queue.
    pub dispatch_queue: u64,
    /// How often it is suspended.
    pub suspend_count: i32,
    /// Its registers. Sets of the machine that are not here are zeros.
    pub registers: BTreeMap<StateFlavor, Vec<u32>>,
}

/// Values of a task by its port, besides flavor 4. All are 0 and empty by default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TaskFacts {
    /// The most bytes that were in memory.
    pub resident_max: u64,
    /// Anonymous bytes in memory.
    pub internal: u64,
    /// Bytes of files in memory.
    pub external: u64,
    /// Bytes in the compressor or in swap.
    pub compressed: u64,
    /// How often it is suspended.
    pub suspend_count: i32,
    /// Its role.
    pub role: i32,
    /// The audit user, who logged in.
    pub audit_uid: u32,
    /// The audit session.
    pub audit_session: u32,
    /// Its rights, in the order of its table.
    pub ports: Vec<ModelPort>,
    /// Values of its [`threads`](super::ModelProcess::threads) besides flavor 15, by id.
    pub threads: BTreeMap<u64, ModelThread>,
}
