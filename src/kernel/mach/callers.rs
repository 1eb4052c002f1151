//! Who asks.

use super::target::{SHORT, UNIQUE, number};
use super::{MachKernel, failure};
use crate::kernel::Callers;
use crate::kernel::xnu::{ShortBsdInfo, Typed, UniqueInfo, XnuCalls};
use crate::model::{CallerPrivileges, Error, ErrorKind, Pid, Result};

impl<C: XnuCalls> Callers for MachKernel<C> {
    fn process_of_caller(&self, caller: u32) -> Result<Pid> {
        let no_such_process = Error::new(ErrorKind::NoSuchProcess, "process_of_caller");
        if caller == 0 {
            return Err(no_such_process);
        }
        let pid = Pid::new(caller).ok_or(no_such_process)?;
        match self.calls.pid::<ShortBsdInfo>(number(pid), 1) {
            Ok(_) => Ok(pid),
            Err(errno) => Err(failure::of_process(SHORT, errno, pid)),
        }
    }

    /// `p_uniqueid`.
    fn caller_identity(&self, caller: u32) -> Result<u64> {
        let none = || Error::new(ErrorKind::NoSuchProcess, "caller_identity");
        let pid = Pid::new(caller).ok_or_else(none)?;
        match self.calls.pid::<UniqueInfo>(number(pid), 1) {
            Ok(unique) => Ok(unique.unique_id),
            Err(errno) => Err(failure::of_process(UNIQUE, errno, pid)),
        }
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
