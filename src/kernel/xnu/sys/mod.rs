//! [`XnuCalls`] answered by the kernel of the Mach this runs on: each method one foreign call over
//! the caller's buffer.
//!
//! Nothing is decided here. A call's own way of failing becomes an `Err`, and the count that it
//! gives the `Ok`.

#![allow(unsafe_code)]

mod functions;
mod images;
mod results;

use std::ffi::{CStr, c_uint};
use std::ops::Range;
use std::ptr;

use nix::errno::Errno as LastErrno;

use self::functions::{self as c, ForPid, Host, OutOfLine, own_task};
use self::results::{bsd, counted, libproc, mach, parts};
use super::{
    Errno, FilePart, Image, KernReturn, MNT_NOWAIT, Mount, PORT_NULL, PortKind, PortName,
    RUSAGE_INFO_V5, Refusal, Rusage, SpaceEntry, SpaceInfo, StateFlavor, Timebase, XnuCalls,
};

/// The kernel that runs this program.
#[derive(Clone, Copy, Debug, Default)]
pub struct Xnu;

impl XnuCalls for Xnu {
    fn own_pid(&self) -> i32 {
        // SAFETY: takes nothing and cannot fail.
        unsafe { c::getpid() }
    }

    fn list_pids(&self, pids: Option<&mut [i32]>) -> Result<usize, Errno> {
        let (buffer, size) = parts(pids);
        // SAFETY: `buffer` is null, where nothing is written, or the caller's slice, borrowed for
        // this whole call; the kernel writes at most `size` bytes of whole `i32`.
        libproc(|| unsafe { c::proc_listallpids(buffer.cast(), size) })
    }

    fn pid_info(
        &self,
        pid: i32,
        flavor: i32,
        arg: u64,
        buffer: Option<&mut [u8]>,
    ) -> Result<usize, Errno> {
        let (buffer, size) = parts(buffer);
        // SAFETY: as for `list_pids`.
        libproc(|| unsafe { c::proc_pidinfo(pid, flavor, arg, buffer.cast(), size) })
    }

    fn pid_fd_info(
        &self,
        pid: i32,
        descriptor: i32,
        flavor: i32,
        buffer: &mut [u8],
    ) -> Result<usize, Errno> {
        let (buffer, size) = parts(Some(buffer));
        // SAFETY: as for `list_pids`.
        libproc(|| unsafe { c::proc_pidfdinfo(pid, descriptor, flavor, buffer.cast(), size) })
    }

    fn rusage(&self, pid: i32, flavor: i32, buffer: &mut [u8]) -> Result<(), Errno> {
        // The kernel is passed no size, so only the flavor whose size is known here is allowed.
        if flavor != RUSAGE_INFO_V5 {
            return Err(Errno::INVAL);
        }
        let room = buffer.get_mut(..size_of::<Rusage>()).ok_or(Errno::NOMEM)?;
        // SAFETY: `room` is of the caller's slice, borrowed for this whole call, and as large as the
        // struct that the kernel writes for this flavor.
        bsd(unsafe { c::proc_pid_rusage(pid, flavor, room.as_mut_ptr().cast()) })
    }

    fn session(&self, pid: i32) -> Result<i32, Errno> {
        // SAFETY: takes a number.
        let session = unsafe { c::getsid(pid) };
        bsd(session)?;
        Ok(session)
    }

    fn code_signing(&self, pid: i32, operation: u32, buffer: &mut [u8]) -> Result<(), Errno> {
        // SAFETY: the buffer is the caller's slice, borrowed for this whole call, of which the
        // kernel writes at most its length.
        bsd(unsafe { c::csops(pid, operation, buffer.as_mut_ptr().cast(), buffer.len()) })
    }

    fn path_of(&self, fsid: [i32; 2], ino: u64, buffer: &mut [u8]) -> Result<usize, Errno> {
        let mut fsid = fsid;
        let room = buffer.as_mut_ptr().cast();
        // SAFETY: as for `code_signing`; `fsid` is two words, which are only read.
        let length = unsafe { c::fsgetpath(room, buffer.len(), &raw mut fsid, ino) };
        usize::try_from(length).map_err(|_| Errno(LastErrno::last_raw()))
    }

    fn pid_path(&self, pid: i32, buffer: &mut [u8]) -> Result<usize, Errno> {
        let (buffer, size) = parts(Some(buffer));
        // SAFETY: as for `list_pids`.
        libproc(|| unsafe { c::proc_pidpath(pid, buffer.cast(), size.cast_unsigned()) })
    }

    fn sysctl(&self, name: &[i32], buffer: Option<&mut [u8]>) -> Result<usize, Errno> {
        let (count, name) = (name.len() as c_uint, name.as_ptr().cast_mut());
        let mut length = buffer.as_ref().map_or(0, |buffer| buffer.len());
        let (old, _) = parts(buffer);
        // SAFETY: `name` has `count` numbers, which are only read. `old` is null, where only
        // `length` is written, or the caller's slice, borrowed for this whole call, of which the
        // kernel writes at most `length` bytes. Nothing is to be set.
        bsd(unsafe { c::sysctl(name, count, old.cast(), &raw mut length, ptr::null_mut(), 0) })?;
        Ok(length)
    }

    fn sysctl_by_name(&self, name: &CStr, buffer: Option<&mut [u8]>) -> Result<usize, Errno> {
        let mut length = buffer.as_ref().map_or(0, |buffer| buffer.len());
        let (old, _) = parts(buffer);
        // SAFETY: the name ends in NUL; the others as for `sysctl`.
        bsd(unsafe {
            c::sysctlbyname(name.as_ptr(), old.cast(), &raw mut length, ptr::null_mut(), 0)
        })?;
        Ok(length)
    }

    fn set_sysctl(&self, name: &CStr, value: &[u8]) -> Result<(), Errno> {
        let new = value.as_ptr().cast_mut().cast();
        let nothing = ptr::null_mut();
        // SAFETY: the name ends in NUL; nothing is asked for; `new` is the caller's slice, which
        // the kernel only reads.
        bsd(unsafe { c::sysctlbyname(name.as_ptr(), nothing, ptr::null_mut(), new, value.len()) })
    }

    fn port_for_pid(&self, kind: PortKind, pid: i32) -> Result<PortName, Refusal> {
        let mut port = PORT_NULL;
        let mut ask = |call: ForPid| {
            // SAFETY: takes numbers and `port`, which is writable. The right that comes with it is
            // the caller's to release.
            unsafe { call(own_task(), pid, &raw mut port) }
        };
        match kind {
            PortKind::Control => mach(ask(c::task_for_pid))?,
            PortKind::Name => mach(ask(c::task_name_for_pid))?,
            // `sys/proc.h`, where they are private; in libSystem since macOS 11.
            PortKind::Read | PortKind::Inspect => {
                let name = if kind == PortKind::Read {
                    c"task_read_for_pid"
                } else {
                    c"task_inspect_for_pid"
                };
                // SAFETY: both are of this type, as the header has them.
                let call = unsafe { c::for_pid_by_name(name) }.ok_or(Errno::NOSYS)?;
                bsd(ask(call))?;
            }
        }
        Ok(port)
    }

    fn own_task(&self) -> PortName {
        own_task()
    }

    fn release_port(&self, port: PortName) -> Result<(), KernReturn> {
        // SAFETY: takes numbers only; a name that names nothing is answered with an error.
        mach(unsafe { c::mach_port_deallocate(own_task(), port) })
    }

    fn task_info(
        &self,
        task: PortName,
        flavor: u32,
        words: &mut [u32],
    ) -> Result<usize, KernReturn> {
        // SAFETY: `counted` passes the caller's slice, borrowed for this whole call, and its words,
        // of which the kernel writes no more.
        counted(words, |info, count| unsafe { c::task_info(task, flavor, info, count) })
    }

    fn task_policy(
        &self,
        task: PortName,
        flavor: u32,
        words: &mut [u32],
    ) -> Result<usize, KernReturn> {
        let mut get_default = 0;
        // SAFETY: as for `task_info`; `get_default` is a word to read and write.
        counted(words, |info, count| unsafe {
            c::task_policy_get(task, flavor, info, count, &raw mut get_default)
        })
    }

    fn region_recurse(
        &self,
        task: PortName,
        address: &mut u64,
        size: &mut u64,
        depth: &mut u32,
        words: &mut [u32],
    ) -> Result<usize, KernReturn> {
        // SAFETY: as for `task_info`; the others are numbers of the right sizes to read and write.
        counted(words, |info, count| unsafe {
            c::mach_vm_region_recurse(task, address, size, depth, info, count)
        })
    }

    fn threads(&self, task: PortName) -> Result<Vec<PortName>, KernReturn> {
        let (mut threads, mut count) = (ptr::null_mut(), 0);
        // SAFETY: both are writable. The rights that come are the caller's to release.
        mach(unsafe { c::task_threads(task, &raw mut threads, &raw mut count) })?;
        // SAFETY: the call has given an array of so many names, which is this caller's now.
        let threads = unsafe { OutOfLine::new(threads, count) };
        Ok(threads.values().to_vec())
    }

    fn thread_info(
        &self,
        thread: PortName,
        flavor: u32,
        words: &mut [u32],
    ) -> Result<usize, KernReturn> {
        // SAFETY: as for `task_info`.
        counted(words, |info, count| unsafe { c::thread_info(thread, flavor, info, count) })
    }

    fn thread_state(
        &self,
        thread: PortName,
        flavor: StateFlavor,
        words: &mut [u32],
    ) -> Result<usize, KernReturn> {
        // SAFETY: as for `task_info`.
        counted(words, |state, count| unsafe {
            c::thread_get_state(thread, flavor.0, state.cast(), count)
        })
    }

    fn space_info(&self, task: PortName) -> Result<Vec<SpaceEntry>, KernReturn> {
        let mut info = SpaceInfo::default();
        let (mut table, mut count) = (ptr::null_mut(), 0);
        let (mut tree, mut tree_count) = (ptr::null_mut(), 0);
        // SAFETY: all five are writable and of the types that the call fills.
        mach(unsafe {
            c::mach_port_space_info(
                task,
                &raw mut info,
                &raw mut table,
                &raw mut count,
                &raw mut tree,
                &raw mut tree_count,
            )
        })?;
        // SAFETY: the call has given an array of so many structs, which are this caller's now. The
        // other array has been empty since XNU has no such trees (`mach_debug.c`).
        let table = unsafe { OutOfLine::new(table, count) };
        Ok(table.values().to_vec())
    }

    fn port_attributes(
        &self,
        task: PortName,
        name: PortName,
        flavor: i32,
        words: &mut [u32],
    ) -> Result<usize, KernReturn> {
        // SAFETY: as for `task_info`.
        counted(words, |info, count| unsafe {
            c::mach_port_get_attributes(task, name, flavor, info, count)
        })
    }

    fn host_statistics(&self, flavor: i32, words: &mut [u32]) -> Result<usize, KernReturn> {
        let host = Host::new();
        // SAFETY: as for `task_info`.
        counted(words, |info, count| unsafe {
            c::host_statistics64(host.name(), flavor, info, count)
        })
    }

    fn processor_info(
        &self,
        flavor: i32,
        only: Option<usize>,
    ) -> Result<(usize, Vec<u32>), KernReturn> {
        let host = Host::new();
        let (mut processors, mut words, mut count) = (0, ptr::null_mut(), 0);
        // SAFETY: all three are writable and of the types that the call fills.
        mach(unsafe {
            c::host_processor_info(
                host.name(),
                flavor,
                &raw mut processors,
                &raw mut words,
                &raw mut count,
            )
        })?;
        // SAFETY: the call has given an array of so many words, which is this caller's now.
        let words = unsafe { OutOfLine::new(words.cast::<u32>(), count) };
        let each = words.values().len().checked_div(processors as usize).unwrap_or(0);
        let wanted = match only {
            Some(number) => words.values().chunks_exact(each.max(1)).nth(number),
            None => Some(words.values()),
        };
        Ok((each, wanted.unwrap_or_default().to_vec()))
    }

    fn timebase(&self) -> Result<Timebase, KernReturn> {
        let mut info = Timebase::default();
        // SAFETY: `info` is writable and of the type that the call fills.
        mach(unsafe { c::mach_timebase_info(&raw mut info) })?;
        Ok(info)
    }

    fn mounts(&self, mounts: Option<&mut [Mount]>) -> Result<usize, Errno> {
        let room = mounts.as_ref().map_or(usize::MAX, |mounts| mounts.len());
        let (buffer, size) = parts(mounts);
        // SAFETY: as for `list_pids`, with whole structs, of which any bytes are a value.
        let count = unsafe { c::getfsstat(buffer, size, MNT_NOWAIT) };
        bsd(count)?;
        Ok(room.min(count.max(0).cast_unsigned() as usize))
    }

    fn file_part(&self, path: &[u8], offset: u64, most: usize) -> Result<FilePart, Errno> {
        FilePart::read(path, offset, most)
    }

    fn own_images(&self, images: &mut Vec<Image>) {
        images::in_shared_cache(images);
    }

    fn cache_range(&self) -> Range<u64> {
        let Range { start, end } = images::shared_cache();
        start as u64..end as u64
    }

    fn read_own(&self, address: u64, buffer: &mut [u8]) -> Result<usize, KernReturn> {
        let (size, mut copied) = (buffer.len() as u64, 0);
        let to = buffer.as_mut_ptr().expose_provenance() as u64;
        // SAFETY: the kernel reads at `address`, and answers with an error where that cannot be; it
        // writes no more than `size` bytes to the caller's slice, borrowed for this whole call.
        mach(unsafe { c::mach_vm_read_overwrite(own_task(), address, size, to, &raw mut copied) })?;
        Ok(buffer.len().min(copied as usize))
    }
}
