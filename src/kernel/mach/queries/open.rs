//! Whether a descriptor is open, without the list of all and without a query of its file:
//! `proc_pidfdinfo` for sockets and pipes answers from the descriptor alone.

use super::super::failure;
use super::super::target::number;
use super::descriptors::{INFO, flags};
use crate::kernel::xnu::{Errno, FileInfo, PipeFile, ShortBsdInfo, SocketFile, Typed, XnuCalls};
use crate::model::{Error, ErrorKind, Pid, Result};

/// The flags with which a descriptor was opened. Those of a vnode are unknown without its file
/// system, which would be asked for the attributes (`fill_vnodeinfo`).
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
        // It is open and not a socket.
        Err(Errno::NOTSOCK) => match calls.fd::<PipeFile>(number(pid), descriptor) {
            Ok(pipe) => known(pipe.file),
            Err(_) => Ok(None),
        },
        Err(Errno::BADF) => Err(closed()),
        // A zombie has no descriptors.
        Err(Errno::SRCH) if calls.pid::<ShortBsdInfo>(number(pid), 1).is_ok() => Err(closed()),
        // A recording has the socket and no more.
        Err(Errno::NOTSUP) => Ok(None),
        Err(errno) => Err(failure::of_process(INFO, errno, pid)),
    }
}
