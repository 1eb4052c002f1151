//! Lists and values that a call writes into a buffer, whose length an earlier call returns. One
//! that has grown meanwhile is read again.

use std::ffi::CStr;

use super::failure;
use crate::kernel::xnu::{Errno, Mount, PROC_PIDPATHINFO_MAXSIZE, XnuCalls};
use crate::model::{Error, ErrorKind, Pid, Result};

/// The call's name in errors.
const LIST: &str = "proc_listallpids";

/// Spare room for processes that start while the list is made, and for bytes of a value that grows.
const SPARE: usize = 64;

/// More bytes than any value of the kernel has that is a number, a struct or a name.
const VALUE: usize = 512;

/// The most entries of a list. macOS has at most 99,999 pids; a kernel with four million, or as
/// many mounts, may never come to an end.
const MOST: usize = 1 << 22;

/// All pids, in ascending order.
pub(super) fn processes<C: XnuCalls>(calls: &C) -> Result<Vec<Pid>> {
    let estimate = calls.list_pids(None).map_err(|errno| failure::of_list(LIST, errno))?;
    let pids = whole(estimate.saturating_add(SPARE), MOST, |pids| calls.list_pids(Some(pids)))
        .map_err(|errno| failure::of_list(LIST, errno))?;
    if pids.len() >= MOST {
        return Err(Error::new(ErrorKind::Failed, LIST));
    }
    let mut processes: Vec<Pid> = pids
        .into_iter()
        .filter_map(|number| u32::try_from(number).ok().and_then(Pid::new))
        .collect();
    // A process that becomes a zombie meanwhile is in the list of the living and in that of
    // zombies.
    processes.sort_unstable();
    processes.dedup();
    Ok(processes)
}

/// Reads a list into a buffer of this length at first, and into longer ones until some room is
/// left, since a list that fills its buffer may have been cut off. Reads at most `most` entries.
pub(crate) fn whole<T: Clone + Default>(
    first: usize,
    most: usize,
    mut ask: impl FnMut(&mut [T]) -> std::result::Result<usize, Errno>,
) -> std::result::Result<Vec<T>, Errno> {
    let mut list = vec![T::default(); first.clamp(32, most)];
    loop {
        let got = ask(&mut list)?;
        if got < list.len() || list.len() == most {
            list.truncate(got);
            return Ok(list);
        }
        let room = (2 * list.len()).min(most);
        list.resize(room, T::default());
    }
}

/// How often a sysctl is read that grows each time.
const ATTEMPTS: usize = 8;

/// The bytes of a sysctl that is one value. Its length is requested only if it is an unusual one.
pub(crate) fn sysctl<C: XnuCalls>(calls: &C, name: &CStr) -> std::result::Result<Vec<u8>, Errno> {
    let mut value = vec![0; VALUE];
    match calls.sysctl_by_name(name, Some(&mut value)) {
        Err(Errno::NOMEM) => sysctl_list(calls, name),
        got => {
            value.truncate(got?);
            Ok(value)
        }
    }
}

/// The bytes of a sysctl that is a list.
pub(crate) fn sysctl_list<C: XnuCalls>(
    calls: &C,
    name: &CStr,
) -> std::result::Result<Vec<u8>, Errno> {
    grown(|buffer| calls.sysctl_by_name(name, buffer))
}

/// The bytes of a sysctl that is a list, by its numbers.
pub(crate) fn sysctl_by_number<C: XnuCalls>(
    calls: &C,
    name: &[i32],
) -> std::result::Result<Vec<u8>, Errno> {
    grown(|buffer| calls.sysctl(name, buffer))
}

/// A value that may have grown since its length was requested.
fn grown(
    ask: impl Fn(Option<&mut [u8]>) -> std::result::Result<usize, Errno>,
) -> std::result::Result<Vec<u8>, Errno> {
    let mut value = Vec::new();
    for _ in 0..ATTEMPTS {
        let room = ask(None)?.saturating_add(SPARE).max(2 * value.len());
        value.resize(room, 0);
        match ask(Some(&mut value)) {
            Err(Errno::NOMEM) => {}
            got => {
                value.truncate(got?);
                return Ok(value);
            }
        }
    }
    Err(Errno::NOMEM)
}

/// The path of a process's executable.
pub(crate) fn executable_path<C: XnuCalls>(
    calls: &C,
    pid: i32,
) -> std::result::Result<Vec<u8>, Errno> {
    let mut path = vec![0; PROC_PIDPATHINFO_MAXSIZE];
    let length = calls.pid_path(pid, &mut path)?;
    path.truncate(length);
    path.truncate(memchr::memchr(0, &path).unwrap_or(length));
    Ok(path)
}

/// The mounted file systems.
pub(crate) fn mounts<C: XnuCalls>(calls: &C) -> std::result::Result<Vec<Mount>, Errno> {
    let expected = calls.mounts(None)?.saturating_add(8);
    whole(expected, MOST, |mounts| calls.mounts(Some(mounts)))
}
