//! Who asks.

use super::MachKernel;
use super::target::ask;
use crate::kernel::Callers;
use crate::kernel::xnu::{ShortBsdInfo, UniqueInfo, XnuCalls};
use crate::model::{CallerPrivileges, Error, ErrorKind, Pid, Result};

impl<C: XnuCalls> Callers for MachKernel<C> {
    fn process_of_caller(&self, caller: u32) -> Result<Pid> {
        let no_such_process = Error::new(ErrorKind::NoSuchProcess, "process_of_caller");
        if caller == 0 {
            return Err(no_such_process);
        }
        let pid = Pid::new(caller).ok_or(no_such_process)?;
        ask::<_, ShortBsdInfo>(self.calls.as_ref(), pid).map(|_| pid)
    }

    /// `p_uniqueid`.
    fn caller_identity(&self, caller: u32) -> Result<u64> {
        let none = || Error::new(ErrorKind::NoSuchProcess, "caller_identity");
        let pid = Pid::new(caller).ok_or_else(none)?;
        ask::<_, UniqueInfo>(self.calls.as_ref(), pid).map(|unique| unique.unique_id)
    }

    /// Darwin has no capabilities: the ids of a request say all.
    fn privileges(&self, _caller: u32) -> CallerPrivileges {
        CallerPrivileges::default()
    }

    /// Darwin has no user namespaces.
    fn namespace_maker(&self, _pid: Pid, _above: u64) -> Option<u32> {
        None
    }
}
