//! The files that a process uses, to which links lead.

use super::super::target::number;
use super::super::{failure, list};
use crate::kernel::LinkTo;
use crate::kernel::xnu::{Errno, Typed, VnodeInfo, VnodePaths, XnuCalls};
use crate::model::{Error, ErrorKind, Pid, Result};

/// Where a link of a process leads.
pub(in super::super) fn link<C: XnuCalls>(calls: &C, pid: Pid, to: LinkTo) -> Result<Vec<u8>> {
    if to == LinkTo::Executable {
        let call = "proc_pidpath";
        return match list::executable_path(calls, number(pid)) {
            Ok(path) => Ok(path),
            // A zombie and the kernel have none; a deleted one is not found (ENOENT).
            Err(Errno::SRCH | Errno::NOENT) => Err(nowhere(call, pid)),
            Err(errno) => Err(failure::of_process(call, errno, pid)),
        };
    }
    let mut paths = VnodePaths::default();
    let call = "proc_pidinfo(PROC_PIDVNODEPATHINFO)";
    match calls.pid_into(number(pid), 0, &mut paths) {
        Ok(()) if to == LinkTo::Current => Some(paths.current_path)
            .filter(|path| !path.is_empty())
            .map(|path| with_deleted(path.bytes(), &paths.current))
            .ok_or_else(|| nowhere(call, pid)),
        // A process that has not changed its root directory has the machine's.
        Ok(()) if paths.root_path.is_empty() => Ok(b"/".to_vec()),
        Ok(()) => Ok(with_deleted(paths.root_path.bytes(), &paths.root)),
        Err(Errno::SRCH) => Err(nowhere(call, pid)),
        Err(errno) => Err(failure::of_process(call, errno, pid)),
    }
}

/// The path as a link shows it: of a file that has no name any more, with a word behind it. A failed
/// stat leaves all numbers 0, and says nothing about the file.
pub(super) fn with_deleted(path: &[u8], vnode: &VnodeInfo) -> Vec<u8> {
    let mut path = path.to_vec();
    if vnode.nlink == 0 && vnode.kind != 0 {
        path.extend_from_slice(b" (deleted)");
    }
    path
}

fn nowhere(call: &'static str, pid: Pid) -> Error {
    Error::new(ErrorKind::NoSuchName, call).pid(pid)
}
