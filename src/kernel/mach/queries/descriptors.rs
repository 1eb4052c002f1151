//! Open files of a process: `proc_pidinfo(PROC_PIDLISTFDS)` and `proc_pidfdinfo`.

use std::sync::Arc;

use super::super::names::device;
use super::super::target::number;
use super::super::{failure, paths};
use super::deadline::{LeftBehind, ask_each};
use super::links::with_deleted;
use super::socket_ends::ends;
use super::whole_list;
use crate::kernel::xnu::{
    Errno, FileInfo, OpenFile, PathlessFile, PipeFile, SemaphoreFile, SharedMemoryFile,
    ShortBsdInfo, SocketFile, Typed, VnodeFile, XnuCalls,
};
use crate::model::{Descriptor, DescriptorKind, Device, Error, ErrorKind, Pid, Result};

const LIST: &str = "proc_pidinfo(PROC_PIDLISTFDS)";
pub(super) const INFO: &str = "proc_pidfdinfo";

/// The numbers of a process's open files, in ascending order; a zombie has none.
pub(in super::super) fn descriptors<C: XnuCalls>(calls: &C, pid: Pid) -> Result<Vec<u32>> {
    Ok(open_files(calls, pid)?.into_iter().map(|file| file.descriptor.cast_unsigned()).collect())
}

fn open_files<C: XnuCalls>(calls: &C, pid: Pid) -> Result<Vec<OpenFile>> {
    let estimate = calls.pid_list::<OpenFile>(number(pid), None).unwrap_or(0);
    match whole_list(estimate, |buffer| calls.pid_list::<OpenFile>(number(pid), Some(buffer))) {
        Ok(mut files) => {
            files.retain(|file| file.descriptor >= 0);
            files.sort_unstable_by_key(|file| file.descriptor);
            files.dedup_by_key(|file| file.descriptor);
            Ok(files)
        }
        Err(Errno::SRCH) if calls.pid::<ShortBsdInfo>(number(pid), 1).is_ok() => Ok(Vec::new()),
        Err(errno) => Err(failure::of_process(LIST, errno, pid)),
    }
}

/// One open file. Most are of three kinds, each with a call of its own that refuses the others. The
/// kind of another one is in the list of all. The query about its file comes last, with a deadline.
pub(in super::super) fn descriptor<C: XnuCalls + 'static>(
    calls: &Arc<C>,
    left: &Arc<LeftBehind>,
    pid: Pid,
    wanted: u32,
) -> Result<Descriptor> {
    let descriptor = i32::try_from(wanted).map_err(|_| closed(pid))?;
    let answer = match socket(calls.as_ref(), pid, descriptor) {
        // It is closed: for another kind of file the errno is ENOTSOCK.
        Err(Errno::BADF) => return Err(closed(pid)),
        Err(_) => pipe(calls.as_ref(), pid, descriptor),
        socket => socket,
    };
    let answer = match answer {
        Ok(answer) => Ok(answer),
        Err(_) => vnodes(calls, left, pid, &[descriptor]).next().unwrap_or(Err(Errno::BADF)),
    };
    let errno = match answer {
        Ok(answer) => return Ok(Descriptor { number: wanted, ..answer }),
        Err(errno) => errno,
    };
    let files = open_files(calls.as_ref(), pid)?;
    let file = find(&files, descriptor).ok_or_else(|| closed(pid))?;
    match (file.kind, errno) {
        (OpenFile::VNODE, Errno::PERM | Errno::SRCH) => Err(failure::of_process(INFO, errno, pid)),
        // The descriptor is still open, so this is the file's own failure.
        (OpenFile::VNODE, _) => Ok(without_answer(pid, file, errno)),
        _ => describe(calls, left, pid, &[file])?.pop().ok_or_else(|| closed(pid)),
    }
}

/// The file with this number in an ascending list.
fn find(files: &[OpenFile], descriptor: i32) -> Option<OpenFile> {
    let place = files.binary_search_by_key(&descriptor, |file| file.descriptor);
    place.ok().map(|place| files[place])
}

fn closed(pid: Pid) -> Error {
    Error::new(ErrorKind::NoSuchName, INFO).pid(pid)
}

/// All open files, described, except those that are closed meanwhile.
pub(in super::super) fn open_descriptors<C: XnuCalls + 'static>(
    calls: &Arc<C>,
    left: &Arc<LeftBehind>,
    pid: Pid,
) -> Result<Vec<Descriptor>> {
    let files = open_files(calls.as_ref(), pid)?;
    describe(calls, left, pid, &files)
}

/// The answers about these vnodes, each within its deadline: they may be of a file system that
/// hangs, or of our own mount.
fn vnodes<C: XnuCalls + 'static>(
    calls: &Arc<C>,
    left: &Arc<LeftBehind>,
    pid: Pid,
    descriptors: &[i32],
) -> impl Iterator<Item = Told> {
    let asked = Arc::clone(calls);
    let ask = move |descriptor| vnode(asked.as_ref(), pid, descriptor);
    let answers = ask_each(left, pid, descriptors, ask);
    answers.into_iter().map(move |answer| {
        answer.unwrap_or_else(|| {
            log::debug!("{INFO} of pid {pid}: a vnode did not answer in time");
            Ok(unknown(OpenFile::VNODE))
        })
    })
}

/// The files that are open under these descriptors, without those that are closed by now.
fn describe<C: XnuCalls + 'static>(
    calls: &Arc<C>,
    left: &Arc<LeftBehind>,
    pid: Pid,
    files: &[OpenFile],
) -> Result<Vec<Descriptor>> {
    let of_vnodes = files.iter().filter(|file| file.kind == OpenFile::VNODE);
    let of_vnodes: Vec<i32> = of_vnodes.map(|file| file.descriptor).collect();
    let mut vnodes = vnodes(calls, left, pid, &of_vnodes);
    let mut still_open = None;
    let mut described = Vec::with_capacity(files.len());
    for file in files {
        let number = file.descriptor.cast_unsigned();
        let answer = match file.kind {
            OpenFile::VNODE => vnodes.next().unwrap_or(Err(Errno::BADF)),
            OpenFile::SOCKET => socket(calls.as_ref(), pid, file.descriptor),
            OpenFile::PIPE => pipe(calls.as_ref(), pid, file.descriptor),
            OpenFile::SHARED_MEMORY => shared_memory(calls.as_ref(), pid, file.descriptor),
            OpenFile::SEMAPHORE => semaphore(calls.as_ref(), pid, file.descriptor),
            _ => Ok(nameless(file.kind)),
        };
        match answer {
            Ok(answer) => described.push(Descriptor { number, ..answer }),
            Err(errno @ (Errno::PERM | Errno::SRCH)) => {
                return Err(failure::of_process(INFO, errno, pid));
            }
            Err(errno) => {
                // It was closed, or is a file of another kind, since it was listed. Else it is the
                // file's own failure.
                let open = match still_open.take() {
                    Some(open) => open,
                    None => open_files(calls.as_ref(), pid)?,
                };
                if find(&open, file.descriptor) == Some(*file) {
                    described.push(without_answer(pid, *file, errno));
                }
                still_open = Some(open);
            }
        }
    }
    Ok(described)
}

type Told = std::result::Result<Descriptor, Errno>;

fn vnode<C: XnuCalls>(calls: &C, pid: Pid, descriptor: i32) -> Told {
    let found = match calls.fd::<VnodeFile>(number(pid), descriptor) {
        // The kernel reports a file in a protected folder, but not its path.
        Err(Errno::PERM) => {
            let PathlessFile { file, vnode } = calls.fd(number(pid), descriptor)?;
            VnodeFile { file, vnode, ..VnodeFile::default() }
        }
        found => found?,
    };
    let vnode = &found.vnode;
    let whole = paths::whole(calls, vnode, found.path.bytes());
    let path = whole.as_deref().unwrap_or(found.path.bytes());
    let target = if path.is_empty() {
        let Device { major, minor } = device(vnode.dev);
        format!("vnode:[{major:02x}:{minor:02x} {}]", vnode.ino).into_bytes()
    } else {
        with_deleted(path, vnode)
    };
    Ok(Descriptor { target, ..opened(DescriptorKind::Vnode, &found.file) })
}

/// A file that failed to answer: a revoked terminal (EBADF as well), or one on a dead server.
fn without_answer(pid: Pid, file: OpenFile, errno: Errno) -> Descriptor {
    let number = file.descriptor.cast_unsigned();
    log::debug!("{INFO} of pid {pid}, descriptor {number}: errno {}", errno.0);
    Descriptor { number, ..unknown(file.kind) }
}

/// An open file of which only the kind is known.
fn unknown(kind: u32) -> Descriptor {
    let (kind, name) = match kind {
        OpenFile::VNODE => (DescriptorKind::Vnode, "vnode"),
        OpenFile::SOCKET => (DescriptorKind::Socket, "socket"),
        OpenFile::PIPE => (DescriptorKind::Pipe, "pipe"),
        OpenFile::SHARED_MEMORY => (DescriptorKind::SharedMemory, SHARED_MEMORY),
        OpenFile::SEMAPHORE => (DescriptorKind::Semaphore, SEMAPHORE),
        _ => return nameless(kind),
    };
    let target = format!("{name}:[unknown]").into_bytes();
    Descriptor { kind, target, ..Descriptor::default() }
}

fn socket<C: XnuCalls>(calls: &C, pid: Pid, descriptor: i32) -> Told {
    let found = calls.fd::<SocketFile>(number(pid), descriptor)?;
    let target = format!("socket:[{}]", found.handle).into_bytes();
    let detail = ends(&found);
    Ok(Descriptor { target, detail, ..opened(DescriptorKind::Socket, &found.file) })
}

/// The two ends of a pipe have a number each in XNU and a common one in Linux. The smaller one is
/// shown, so that a reader who looks for the other end finds it.
fn pipe<C: XnuCalls>(calls: &C, pid: Pid, descriptor: i32) -> Told {
    let found = calls.fd::<PipeFile>(number(pid), descriptor)?;
    let peer = if found.peer == 0 { found.handle } else { found.peer };
    let target = format!("pipe:[{}]", found.handle.min(peer)).into_bytes();
    Ok(Descriptor { target, ..opened(DescriptorKind::Pipe, &found.file) })
}

/// What `fd/N` shows of shared memory and of a semaphore, with the name.
const SHARED_MEMORY: &str = "pshm";
const SEMAPHORE: &str = "psem";

fn shared_memory<C: XnuCalls>(calls: &C, pid: Pid, descriptor: i32) -> Told {
    let SharedMemoryFile { file, name, .. } = calls.fd(number(pid), descriptor)?;
    let target = named(SHARED_MEMORY, name.bytes());
    Ok(Descriptor { target, ..opened(DescriptorKind::SharedMemory, &file) })
}

fn semaphore<C: XnuCalls>(calls: &C, pid: Pid, descriptor: i32) -> Told {
    let SemaphoreFile { file, name, .. } = calls.fd(number(pid), descriptor)?;
    let target = named(SEMAPHORE, name.bytes());
    Ok(Descriptor { target, ..opened(DescriptorKind::Semaphore, &file) })
}

fn named(kind: &str, name: &[u8]) -> Vec<u8> {
    [kind.as_bytes(), b":[", name, b"]"].concat()
}

/// A file of which only the kind is reported.
fn nameless(kind: u32) -> Descriptor {
    let (kind, name) = match kind {
        OpenFile::KQUEUE => (DescriptorKind::Kqueue, "kqueue"),
        OpenFile::FSEVENTS => (DescriptorKind::FsEvents, "fsevents"),
        OpenFile::NETPOLICY => (DescriptorKind::Other, "netpolicy"),
        OpenFile::CHANNEL => (DescriptorKind::Other, "channel"),
        OpenFile::NEXUS => (DescriptorKind::Other, "nexus"),
        _ => (DescriptorKind::Other, "unknown"),
    };
    let target = format!("anon_inode:[{name}]").into_bytes();
    Descriptor { kind, target, ..Descriptor::default() }
}

fn opened(kind: DescriptorKind, file: &FileInfo) -> Descriptor {
    Descriptor {
        kind,
        flags: Some(flags(file.open_flags)),
        offset: u64::try_from(file.offset).ok(),
        ..Descriptor::default()
    }
}

/// `FFLAGS` undone: 1 to read and 2 to write become `O_RDONLY` 0, `O_WRONLY` 1 and `O_RDWR` 2.
pub(super) fn flags(kept: u32) -> u32 {
    kept & !3 | (kept & 3).saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_those_of_open() {
        assert_eq!([flags(1), flags(2), flags(3), flags(0)], [0, 1, 2, 0]);
        assert_eq!(flags(0x1003), 0x1002);
    }
}
