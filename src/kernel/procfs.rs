//! Linux's own procfs, of which the tree shows files as they are.

use crate::model::{AddressRange, Identity, Pid, Result};

/// Whose file of Linux's own procfs is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProcfsFile {
    /// The machine's.
    Machine,
    /// A process's.
    Process(Pid, Identity),
    /// A thread's of a process.
    Thread(Pid, Identity, u64),
    /// A descriptor's of a process: in the directory of this name.
    Descriptor(Pid, Identity, u64),
}

/// Appends the part of a file's text that all users may see; `None` for text that the kernel does
/// not write.
pub type Redact = fn(&[u8], &mut Vec<u8>) -> Option<()>;

/// What only Linux has: a procfs of its own.
pub trait Procfs: Send + Sync {
    /// Whether this kernel has a file of this name, in the root or in the directory of this process.
    fn has_file(&self, of: Option<Pid>, name: &str) -> bool;

    /// Keeps at most this many directories of processes open from now on, so that the next question
    /// about one of them costs less: for a program that answers many. Only the first call counts.
    fn keep_open(&self, directories: usize);

    /// Opens a file to show its text as it is; with `redact`, what that leaves of it. A file of the
    /// machine is one that everyone may read.
    ///
    /// # Errors
    /// `NoSuchName`, `NoSuchProcess`, `Replaced`, `Denied`, `ResourceLimit` or `Failed`; `Vanished`
    /// for a zombie that has no such file.
    fn open_file(
        &self,
        file: ProcfsFile,
        name: &'static str,
        redact: Option<Redact>,
    ) -> Result<Box<dyn Text>>;

    /// The size of the directory of a process's open files, which `stat` shows to everyone: how
    /// many they are, since Linux 6.2; before that 0.
    ///
    /// # Errors
    /// `NoSuchProcess`, `ResourceLimit` or `Failed`.
    fn descriptors_size(&self, pid: Pid) -> Result<u64>;

    /// How many threads the kernel counts in the links of their directory, which `stat` shows to
    /// everyone.
    ///
    /// # Errors
    /// `NoSuchProcess`, `ResourceLimit` or `Failed`.
    fn linked_threads(&self, pid: Pid) -> Result<u32>;

    /// The path of the file that the region with exactly these addresses maps.
    ///
    /// # Errors
    /// `NoSuchName` where there is no such region, or it maps no file; `NoSuchProcess`, `Replaced`,
    /// `Denied`, `ResourceLimit` or `Failed`.
    fn mapped_file(&self, pid: Pid, identity: Identity, range: AddressRange) -> Result<Vec<u8>>;

    /// The permission bits of the kernel's link to that file.
    ///
    /// # Errors
    /// As [`mapped_file`](Self::mapped_file).
    fn mapped_file_mode(&self, pid: Pid, identity: Identity, range: AddressRange) -> Result<u16>;
}

/// The text of an open file, generated lazily.
pub trait Text: Send {
    /// Appends to `out` until it holds at least `enough` bytes; false when the text has ended.
    ///
    /// # Errors
    /// `Vanished` when the process went away before the text was whole; else `Denied`,
    /// `ResourceLimit` or `Failed`.
    fn fill(&mut self, out: &mut Vec<u8>, enough: usize) -> Result<bool>;

    /// Whether it is of an address space that the open has pinned. The kernel checks who may read
    /// such a text at the open only.
    fn is_pinned(&self) -> bool;

    /// Back to the beginning: what follows is made afresh.
    ///
    /// # Errors
    /// As [`fill`](Self::fill).
    fn restart(&mut self) -> Result<()>;
}
