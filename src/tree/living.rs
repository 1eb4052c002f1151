//! Which process it is: whether that of a node still lives, and which one asks.

use super::kind::Access;
use super::{Node, RowId, Tree};
use crate::kernel::OwnerKind;
use crate::model::{Error, ErrorKind, Identity, Owner, Pid, Result};

impl Tree {
    /// Whether the process with this identity lives, as far as the kernel reports.
    #[must_use]
    pub fn lives(&self, pid: Pid, identity: Identity) -> bool {
        match self.kernel.identity(pid) {
            Ok(now) => now == identity,
            Err(error) => error.kind != ErrorKind::NoSuchProcess,
        }
    }

    /// Whether the processes that ask are known to the kernel; a replay does not know them.
    #[must_use]
    pub fn knows_callers(&self) -> bool {
        self.kernel.callers().is_some()
    }

    /// The identity of the process behind a request, which no other process with its pid had or
    /// will have; an exec keeps it. `None` for a process that is gone.
    ///
    /// # Errors
    /// `Denied`, `ResourceLimit` or `Failed`.
    pub fn caller_identity(&self, caller: u32) -> Result<Option<u64>> {
        let Some(callers) = self.kernel.callers() else { return Ok(None) };
        match callers.caller_identity(caller) {
            Ok(identity) => Ok(Some(identity)),
            Err(error) if error.kind == ErrorKind::NoSuchProcess => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Whether the process of this node is still the one it was made for, where it is of a process.
    pub(super) fn check_alive(&self, node: Node) -> Result<()> {
        let Some((pid, identity)) = node.process else { return Ok(()) };
        if self.kernel.identity(pid)? == identity { Ok(()) } else { Err(replaced(pid)) }
    }

    /// What was found out by the pid of this node's process, if that process had the pid all the
    /// time: no identity comes twice, so it did if it has it afterwards.
    pub(super) fn of_living<T>(
        &self,
        node: Node,
        find_out: impl FnOnce() -> Result<T>,
    ) -> Result<T> {
        let found = find_out();
        self.check_alive(node)?;
        found
    }

    /// The owner of a node whose process lives.
    pub(super) fn owner(&self, node: Node) -> Result<Owner> {
        let Some((pid, identity)) = node.process else { return Ok(self.owner) };
        let (now, owner) = self.kernel.owner(pid, owned_by(node.row))?;
        if now == identity { Ok(owner) } else { Err(replaced(pid)) }
    }
}

pub(super) fn replaced(pid: Pid) -> Error {
    Error::new(ErrorKind::Replaced, "identity").pid(pid)
}

/// Linux gives all of a non-dumpable process to root but the directories that everyone may list
/// (`task_dump_owner`).
pub(super) fn owned_by(row: RowId) -> OwnerKind {
    let row = row.row();
    let is_listed_by_all = row.is_directory() && row.access == Access::Anyone;
    if is_listed_by_all { OwnerKind::Process } else { OwnerKind::Memory }
}
