//! Whether a descriptor is open, without the list of all of them and without asking its file:
//! `proc_pidfdinfo` of sockets and pipes answers from the descriptor alone.

use super::super::failure;
use super::super::target::number;
use super::descriptors::{INFO, flags};
use crate::kernel::xnu::{Errno, FileInfo, PipeFile, ShortBsdInfo, SocketFile, Typed, XnuCalls};
use crate::model::{Error, ErrorKind, Pid, Result};

/// The flags that one of a process's descriptors was opened with. A vnode's are not known without
/// its file system, which would be asked for its attributes (`fill_vnodeinfo`).
pub(in super::super) fn descriptor_flags<C: XnuCalls>(
    calls: &C,
    pid: Pid,
    wanted: u32,
) -> Result<Option<u32>> {
    let closed = || Error::new(ErrorKind::NoSuchName, INFO).pid(pid);
    let descriptor = i32::try_from(wanted).map_err(|_| closed())?;
    let known = |file: FileInfo| Ok(Some(flags(file.open_flags)));
    match calls.fd::<SocketFile>(number(pid), descriptor) {
        Ok(socket) => known(socket.file),
        // Open, and no socket.
        Err(Errno::NOTSOCK) => match calls.fd::<PipeFile>(number(pid), descriptor) {
            Ok(pipe) => known(pipe.file),
            Err(_) => Ok(None),
        },
        Err(Errno::BADF) => Err(closed()),
        // A zombie has no descriptors.
        Err(Errno::SRCH) if calls.pid::<ShortBsdInfo>(number(pid), 1).is_ok() => Err(closed()),
        // A recording holds the socket and nothing more.
        Err(Errno::NOTSUP) => Ok(None),
        Err(errno) => Err(failure::of_process(INFO, errno, pid)),
    }
}
