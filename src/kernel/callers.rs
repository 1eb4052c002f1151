//! Who asks: what the kernel knows of the process behind a request.

use crate::model::{CallerPrivileges, Pid, Result};

/// The processes that send requests, by the number that a FUSE request carries: on Linux the id of
/// the calling thread, on macOS the pid.
///
/// A request must still be waiting for its answer: later, its number may be another process's.
pub trait Callers: Send + Sync {
    /// The process that a request comes from.
    ///
    /// # Errors
    /// `NoSuchProcess` where the number says nothing here, as 0 does.
    fn process_of_caller(&self, caller: u32) -> Result<Pid>;

    /// What tells the process that a request comes from, from all others that had or will have its
    /// pid. Unlike [`Kernel::identity`](super::Kernel::identity) on Darwin, it is kept by exec.
    ///
    /// # Errors
    /// `NoSuchProcess` where the number says nothing here; `ResourceLimit` or `Failed`.
    fn caller_identity(&self, caller: u32) -> Result<u64>;

    /// What the caller may do beyond what its ids allow; nothing where the number says nothing
    /// here.
    fn privileges(&self, caller: u32) -> CallerPrivileges;

    /// The user who made the user namespace that this process lives in, or that of its ancestors
    /// which lies right below this one. `None` where it does not live below it.
    fn namespace_maker(&self, pid: Pid, above: u64) -> Option<u32>;
}
