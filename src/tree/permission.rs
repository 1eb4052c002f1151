//! Whether the caller may see a node: the decision of [`access`](super::access), from the kernel's
//! facts.

use super::access::{Asker, Caller};
use super::kind::{Access, Passthrough, Public};
use super::living::replaced;
use super::{Node, Tree};
use crate::kernel::System;
use crate::model::{CallerPrivileges, Credentials, Error, ErrorKind, Pid, Result, Visibility};

impl Tree {
    /// The one who asks for this node. What it may do beyond its ids is found out where an answer
    /// depends on it.
    pub(super) fn asker_for(&self, node: Node, caller: &Caller) -> Asker {
        let privileges = match self.kernel.callers() {
            Some(callers) if self.depends_on_caller(node) => callers.privileges(caller.pid),
            _ => CallerPrivileges::default(),
        };
        Asker { caller: *caller, privileges }
    }

    fn depends_on_caller(&self, node: Node) -> bool {
        let row = node.row.row();
        let is_for_all = match row.own.filter(|_| self.kernel.procfs().is_some()) {
            Some(Passthrough::Target(_, public)) => matches!(public, Public::Whole),
            Some(Passthrough::Caller(_)) => true,
            None => row.is_directory(),
        };
        node.process.is_some() && (row.access == Access::Memory || !is_for_all)
    }

    pub(super) fn check_memory_access(&self, node: Node, asker: &Asker) -> Result<()> {
        let rule = self.kernel.system();
        let Some((pid, identity)) = node.process.filter(|_| !asker.may_see_all(rule)) else {
            return Ok(());
        };
        let (now, target) = self.kernel.credentials(pid)?;
        if now != identity {
            return Err(replaced(pid));
        }
        if asker.may_see_memory(rule, &target)
            || self.has_made_namespace(pid, asker, &target)
            || self.is_own(pid, asker)
        {
            Ok(())
        } else {
            Err(Error::new(ErrorKind::Denied, "access").pid(pid))
        }
    }

    /// Whether the process lives in a user namespace that this user has made, as those of a
    /// rootless container do: its maker may do all there (`cap_capable`).
    fn has_made_namespace(&self, pid: Pid, asker: &Asker, target: &Credentials) -> bool {
        let Some(above) = asker.may_have_made(target) else {
            return false;
        };
        let callers = self.kernel.callers();
        callers.and_then(|it| it.namespace_maker(pid, above)) == Some(asker.caller.uid)
    }

    /// Whether the one who asks is this very process, which Linux shows itself whatever its ids
    /// are (`mm_access`).
    fn is_own(&self, pid: Pid, asker: &Asker) -> bool {
        self.kernel.system() == System::Linux
            && self.process_of_caller(asker.caller.pid).is_ok_and(|own| own == pid)
    }

    /// Whether the one who asks may read this file, list this directory or follow this link.
    pub(super) fn check_access(&self, node: Node, asker: &Asker) -> Result<()> {
        match node.row.row().access {
            Access::Memory => self.check_memory_access(node, asker),
            Access::Anyone => Ok(()),
        }
    }

    /// The process that a request comes from, given the number in the request.
    pub(super) fn process_of_caller(&self, caller: u32) -> Result<Pid> {
        let none = || Error::new(ErrorKind::NoSuchProcess, "process_of_caller");
        self.kernel.callers().ok_or_else(none)?.process_of_caller(caller)
    }

    /// How much of a process the one who asks may know.
    pub(super) fn shown(&self, node: Node, asker: &Asker) -> Result<Visibility> {
        match self.check_memory_access(node, asker) {
            Ok(()) => Ok(Visibility::Full),
            Err(error) if error.kind == ErrorKind::Denied => Ok(Visibility::Public),
            Err(error) => Err(error),
        }
    }
}
