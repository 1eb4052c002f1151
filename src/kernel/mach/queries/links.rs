//! The targets of a process's links.

use std::borrow::Cow;
use std::sync::Arc;

use super::super::target::number;
use super::super::{failure, list, paths};
use super::deadline::{LeftBehind, ask_each};
use crate::kernel::LinkTo;
use crate::kernel::xnu::{Errno, Text, Typed, VnodeInfo, VnodePaths, XnuCalls};
use crate::model::{Error, ErrorKind, Pid, Result};

const EXECUTABLE: &str = "proc_pidpath";
const DIRECTORIES: &str = "proc_pidinfo(PROC_PIDVNODEPATHINFO)";

/// The target of a process's link. The file system may be asked, and may not answer in time.
pub(in super::super) fn link<C: XnuCalls>(
    calls: &Arc<C>,
    left: &Arc<LeftBehind>,
    pid: Pid,
    to: LinkTo,
) -> Result<Vec<u8>> {
    let asked = Arc::clone(calls);
    let ask = move |to| target(asked.as_ref(), pid, to);
    let answer = ask_each(left, pid, &[to], ask).pop().flatten();
    answer.unwrap_or_else(|| {
        let call = if to == LinkTo::Executable { EXECUTABLE } else { DIRECTORIES };
        Err(Error::new(ErrorKind::TimedOut, call).pid(pid))
    })
}

/// Device, inode and path of the root directory of a process, 0 and empty if it is the machine's;
/// `None` if it is not available.
pub(in super::super) fn root<C: XnuCalls>(
    calls: &Arc<C>,
    left: &Arc<LeftBehind>,
    pid: Pid,
) -> Option<(u32, u64, Text<1024>)> {
    let asked = Arc::clone(calls);
    let ask = move |()| asked.pid::<VnodePaths>(number(pid), 0).ok();
    let paths = ask_each(left, pid, &[()], ask).pop().flatten().flatten()?;
    Some((paths.root.dev, paths.root.ino, paths.root_path))
}

fn target<C: XnuCalls>(calls: &C, pid: Pid, to: LinkTo) -> Result<Vec<u8>> {
    if to == LinkTo::Executable {
        let call = EXECUTABLE;
        return match list::executable_path(calls, number(pid)) {
            Ok(path) => Ok(path),
            // A zombie and the kernel have none; a deleted one is not found (ENOENT).
            Err(Errno::SRCH | Errno::NOENT) => Err(nowhere(call, pid)),
            Err(errno) => Err(failure::of_process(call, errno, pid)),
        };
    }
    let mut found = VnodePaths::default();
    let call = DIRECTORIES;
    match calls.pid_into(number(pid), 0, &mut found) {
        Ok(()) if to == LinkTo::Current => {
            let path = whole(calls, &found.current, found.current_path.bytes());
            if path.is_empty() {
                return Err(nowhere(call, pid));
            }
            Ok(with_deleted(&path, &found.current))
        }
        Ok(()) => {
            let path = whole(calls, &found.root, found.root_path.bytes());
            // A process that has not changed its root directory has the machine's.
            let path = if path.is_empty() { b"/" } else { &path[..] };
            Ok(with_deleted(path, &found.root))
        }
        Err(Errno::SRCH) => Err(nowhere(call, pid)),
        Err(errno) => Err(failure::of_process(call, errno, pid)),
    }
}

/// The directory's path, whole if it can be found.
fn whole<'a, C: XnuCalls>(calls: &C, vnode: &VnodeInfo, path: &'a [u8]) -> Cow<'a, [u8]> {
    paths::whole(calls, vnode, path).map_or(Cow::Borrowed(path), Cow::Owned)
}

/// The path as a link shows it, marked if the file has no name any more. A failed stat leaves all
/// numbers 0, which does not mean that the file was deleted.
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
