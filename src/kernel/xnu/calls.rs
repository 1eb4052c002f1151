//! One method per entry point of the kernel and of the libraries beside it.

use std::ffi::CStr;
use std::ops::Range;
use std::time::SystemTime;

use super::{
    Errno, FilePart, Image, KernReturn, Mount, PortKind, PortName, Refusal, SharedCache,
    SpaceEntry, StateFlavor, Timebase,
};

/// The calls of macOS about processes and the machine, as its headers have them: process ids are
/// `pid_t`; addresses, sizes and offsets are bytes; buffers are filled from their start.
///
/// All calls by port fail in these ways: a port that is too weak, one whose task or thread has
/// ended, an unknown flavor and too few words are [`KernReturn::INVALID_ARGUMENT`]; a dead name is
/// [`KernReturn::INVALID_DEST`].
pub trait XnuCalls: Send + Sync + 'static {
    /// `getpid`. Never 0 on a live kernel; 0 if this program is not a process of the kernel that
    /// answers, as in a replay.
    fn own_pid(&self) -> i32;

    /// `proc_listallpids`: fills the buffer with pids and returns their number; without a buffer,
    /// an estimate of it. The newest comes first, pid 0 is among them, zombies come last. A result
    /// that fills the buffer may have been cut off without an error.
    ///
    /// # Errors
    /// [`Errno::NOMEM`] for an empty buffer or a kernel without memory.
    fn list_pids(&self, pids: Option<&mut [i32]>) -> Result<usize, Errno>;

    /// `proc_pidinfo`: fills the buffer by this flavor and returns the number of bytes. Without a
    /// buffer some flavors return the number of bytes that are available.
    ///
    /// The kernel checks in this order: pid 0 with a region flavor, [`Errno::PERM`] (even for root,
    /// and it may file a crash report against the caller); an unknown flavor, [`Errno::INVAL`]; a
    /// buffer smaller than the struct, [`Errno::NOMEM`]; no such process, or a zombie that was not
    /// asked for, [`Errno::SRCH`]; the uid rule, [`Errno::PERM`] unless the caller's effective uid
    /// is the target's or 0 (flavors 13 and 17 are exempt). Every call may block: `proc_find` waits
    /// while the target is in `execve`'s switch-over.
    ///
    /// # Errors
    /// The errors above, and those of the flavor ([`PidInfo`](super::PidInfo),
    /// [`PidList`](super::PidList)).
    fn pid_info(
        &self,
        pid: i32,
        flavor: i32,
        arg: u64,
        buffer: Option<&mut [u8]>,
    ) -> Result<usize, Errno>;

    /// `proc_pidfdinfo`: fills the buffer by this flavor and returns the number of bytes.
    ///
    /// The kernel checks in this order (`proc_info.c:proc_pidfdinfo`): the size of the buffer,
    /// [`Errno::NOMEM`]; no such process, or a zombie, [`Errno::SRCH`]; the uid rule,
    /// [`Errno::PERM`]; a descriptor that is not open, or is another kind of file, [`Errno::BADF`]
    /// (for sockets the second is [`Errno::NOTSOCK`]). The descriptor may be closed, and be another
    /// file's, at any moment.
    ///
    /// # Errors
    /// The errors above, and those of the flavor ([`FdInfo`](super::FdInfo)).
    fn pid_fd_info(
        &self,
        pid: i32,
        descriptor: i32,
        flavor: i32,
        buffer: &mut [u8],
    ) -> Result<usize, Errno>;

    /// `proc_pid_rusage`: fills the buffer with the struct of this flavor. For a zombie it has the
    /// usage at its end.
    ///
    /// # Errors
    /// In this order: [`Errno::SRCH`] for no such process; the uid rule of
    /// [`pid_info`](Self::pid_info), [`Errno::PERM`]; an unknown flavor, [`Errno::INVAL`].
    /// [`Errno::NOMEM`], before the kernel is asked, for a buffer that is smaller than the struct.
    fn rusage(&self, pid: i32, flavor: i32, buffer: &mut [u8]) -> Result<(), Errno>;

    /// `getsid`: the session of any process, for any caller. For pid 0 it is the caller's own.
    ///
    /// # Errors
    /// [`Errno::SRCH`] for no such process and for a zombie.
    fn session(&self, pid: i32) -> Result<i32, Errno>;

    /// `csops`: fills the buffer by this operation ([`CS_OPS_STATUS`](super::CS_OPS_STATUS)). Pid 0
    /// is the caller.
    ///
    /// # Errors
    /// [`Errno::SRCH`] for no such process and for a zombie; the errors of a policy
    /// (`mac_proc_check_get_cs_info`).
    fn code_signing(&self, pid: i32, operation: u32, buffer: &mut [u8]) -> Result<(), Errno>;

    /// `fsgetpath`: the path of a file, by its file system and its number there, into a buffer of
    /// at most 8,192 bytes. Returns the path's length with the NUL at its end. The kernel has the
    /// file system look the file up (`VFS_VGET`) and, where the name cache lacks a part of the
    /// path, its parents, so the call may wait for it.
    ///
    /// # Errors
    /// [`Errno::NOTSUP`] for no such file system, and one that does not find files by number;
    /// [`Errno::NOENT`] or another errno of it where the file is not there any more;
    /// [`Errno::PERM`] where the caller may not know the path (`mac_vnode_check_fsgetpath`);
    /// [`Errno::NOSPC`] for a buffer that is too small.
    fn path_of(&self, fsid: [i32; 2], ino: u64, buffer: &mut [u8]) -> Result<usize, Errno>;

    /// `proc_pidpath`, which is `proc_pidinfo(PROC_PIDPATHINFO = 11)`: the executable's path, for
    /// any process and any caller, into a buffer of at most 4,096 bytes. Returns its length.
    ///
    /// The kernel builds the path of the file and looks the path up again
    /// (`proc_info.c:proc_pidpathinfo_internal`), so the call may wait for a file system.
    ///
    /// # Errors
    /// [`Errno::SRCH`] for no such process, a zombie, and the kernel, which has no executable;
    /// [`Errno::NOENT`] or another errno of the lookup where the executable was deleted.
    fn pid_path(&self, pid: i32, buffer: &mut [u8]) -> Result<usize, Errno>;

    /// `sysctl` by numbers: fills the buffer with the value and returns its length; without a
    /// buffer, the length that is available.
    ///
    /// # Errors
    /// Those of [`KERN_PROCARGS2`](super::KERN_PROCARGS2) and
    /// [`KERN_PROC_PID`](super::KERN_PROC_PID).
    fn sysctl(&self, name: &[i32], buffer: Option<&mut [u8]>) -> Result<usize, Errno>;

    /// `sysctlbyname`: fills the buffer with the value and returns its length; without a buffer,
    /// the length that is available. Values are in the machine's byte order;
    /// [`SYSCTLS`](super::SYSCTLS) lists their types. The length of a string includes its NUL.
    ///
    /// # Errors
    /// [`Errno::NOENT`] for a name that this kernel does not know, [`Errno::NOMEM`] for a buffer
    /// that is too small, whose contents are then undefined.
    fn sysctl_by_name(&self, name: &CStr, buffer: Option<&mut [u8]>) -> Result<usize, Errno>;

    /// `sysctlbyname` with a new value, as for
    /// [`REGION_INFO_SKIP_ALIASES`](super::REGION_INFO_SKIP_ALIASES).
    ///
    /// # Errors
    /// [`Errno::NOENT`] for a name that this kernel does not know.
    fn set_sysctl(&self, name: &CStr, value: &[u8]) -> Result<(), Errno>;

    /// The call of this [`PortKind`]: a send right to the task's port, one reference more at each
    /// call, to be released once with [`release_port`](Self::release_port)
    /// ([`TaskPort`](super::TaskPort) does it). May return [`PORT_NULL`](super::PORT_NULL) or
    /// [`PORT_DEAD`](super::PORT_DEAD) with success, if the process has no task yet or is losing
    /// it. May wait for an upcall to the task-access server, except for a name port.
    ///
    /// # Errors
    /// Those of the [`PortKind`].
    fn port_for_pid(&self, kind: PortKind, pid: i32) -> Result<PortName, Refusal>;

    /// `mach_task_self`: this program's own task. Not a new reference, so never to be released.
    fn own_task(&self) -> PortName;

    /// `mach_port_deallocate`: releases one reference.
    ///
    /// # Errors
    /// [`KernReturn::INVALID_NAME`] for a name that names nothing.
    fn release_port(&self, port: PortName) -> Result<(), KernReturn>;

    /// `task_info`: fills the words by this flavor ([`TaskFlavor`](super::TaskFlavor)) and returns
    /// their number. A name port is enough.
    ///
    /// # Errors
    /// Those of calls by port.
    fn task_info(
        &self,
        task: PortName,
        flavor: u32,
        words: &mut [u32],
    ) -> Result<usize, KernReturn>;

    /// `task_policy_get`, never the default: fills the words by this flavor
    /// ([`TASK_CATEGORY_POLICY`](super::TASK_CATEGORY_POLICY)) and returns their number. An inspect
    /// port is enough, a name port is not.
    ///
    /// # Errors
    /// Those of calls by port.
    fn task_policy(
        &self,
        task: PortName,
        flavor: u32,
        words: &mut [u32],
    ) -> Result<usize, KernReturn>;

    /// `mach_vm_region_recurse`: fills the words and returns their number. The kernel chooses the
    /// layout by the number of words: 12 ([`SubmapShortInfo`](super::SubmapShortInfo), for which it
    /// looks at no page), or 16, 17 or 19 of a [`SubmapInfo`](super::SubmapInfo).
    ///
    /// In: the address, and the depth that may be entered. Out: the region's start (rounded down),
    /// its size, and its depth. Inside a submap the addresses are the task's, cut to the part that
    /// the task maps. An error changes nothing.
    ///
    /// # Errors
    /// [`KernReturn::INVALID_ADDRESS`] if no region follows, which a task in its exit may return,
    /// too; [`KernReturn::INVALID_ARGUMENT`], [`KernReturn::INVALID_DEST`] and
    /// [`KernReturn::SERVER_DIED`] if the task is gone or the port only names or inspects it.
    fn region_recurse(
        &self,
        task: PortName,
        address: &mut u64,
        size: &mut u64,
        depth: &mut u32,
        words: &mut [u32],
    ) -> Result<usize, KernReturn>;

    /// `task_threads`: a send right to each thread's port, of the same kind as the task's, which
    /// must be an inspect port or better. Each is one reference, to be released once
    /// ([`ThreadPorts`](super::ThreadPorts) does it). Threads that are just ending may have
    /// [`PORT_NULL`](super::PORT_NULL) or [`PORT_DEAD`](super::PORT_DEAD).
    ///
    /// # Errors
    /// Those of calls by port; [`KernReturn::FAILURE`] for a task that is ending just now.
    fn threads(&self, task: PortName) -> Result<Vec<PortName>, KernReturn>;

    /// A right to the thread with this id, without the rights to all others: only a replay has it.
    /// [`PORT_NULL`](super::PORT_NULL) if there is no such thread.
    ///
    /// # Errors
    /// Those of [`threads`](Self::threads).
    fn thread_port(&self, _task: PortName, _id: u64) -> Result<Option<PortName>, KernReturn> {
        Ok(None)
    }

    /// `thread_info`: fills the words by this flavor ([`ThreadFlavor`](super::ThreadFlavor)) and
    /// returns their number. An inspect port is enough.
    ///
    /// # Errors
    /// Those of calls by port.
    fn thread_info(
        &self,
        thread: PortName,
        flavor: u32,
        words: &mut [u32],
    ) -> Result<usize, KernReturn>;

    /// `thread_get_state`: fills the words with registers and returns their number. Needs a read
    /// port. The flavors are the machine's ([`StateFlavor::of_cpu`]), and the threads of a
    /// translated process are the machine's as well.
    ///
    /// # Errors
    /// Those of calls by port, also for a flavor that this machine or this thread does not have;
    /// [`KernReturn::TERMINATED`] for a thread that ended just now, [`KernReturn::ABORTED`] where
    /// the wait was interrupted.
    fn thread_state(
        &self,
        thread: PortName,
        flavor: StateFlavor,
        words: &mut [u32],
    ) -> Result<usize, KernReturn>;

    /// `mach_port_space_info`, by a control or read port: the task's whole table of names, in its
    /// order. It includes free entries and the first entry, which is never used; these have no
    /// type. `mach_port_names`, which lists less, needs a control port.
    ///
    /// # Errors
    /// Those of calls by port; [`KernReturn::INVALID_TASK`] for a space that is being torn down,
    /// `KERN_RESOURCE_SHORTAGE` if the kernel has no memory.
    fn space_info(&self, task: PortName) -> Result<Vec<SpaceEntry>, KernReturn>;

    /// `mach_port_get_attributes`, by a control or read port, for the port with this name in the
    /// task's space: fills the words by this flavor ([`PortAttributes`](super::PortAttributes)) and
    /// returns their number.
    ///
    /// # Errors
    /// Those of calls by port; [`KernReturn::INVALID_TASK`] for a space that is being torn down,
    /// [`KernReturn::INVALID_NAME`] for a name that names nothing, [`KernReturn::INVALID_RIGHT`]
    /// where the task does not receive from the port (`ipc_object.c:ipc_object_translate`),
    /// [`KernReturn::FAILURE`] for too few words.
    fn port_attributes(
        &self,
        task: PortName,
        name: PortName,
        flavor: i32,
        words: &mut [u32],
    ) -> Result<usize, KernReturn>;

    /// `host_statistics64`: fills the words by this flavor ([`HostInfo`](super::HostInfo)) and
    /// returns their number.
    ///
    /// # Errors
    /// [`KernReturn::FAILURE`] for too few words.
    fn host_statistics(&self, flavor: i32, words: &mut [u32]) -> Result<usize, KernReturn>;

    /// `host_processor_info`: the number of words for each CPU by this flavor
    /// ([`ProcessorFlavor`](super::ProcessorFlavor)), and the words of all CPUs in their order, or
    /// of `only` one. The kernel always returns all; a replay does not copy thousands of others.
    ///
    /// # Errors
    /// `KERN_RESOURCE_SHORTAGE` if the kernel has no memory.
    fn processor_info(
        &self,
        flavor: i32,
        only: Option<usize>,
    ) -> Result<(usize, Vec<u32>), KernReturn>;

    /// `mach_timebase_info`: the ratio of nanoseconds to absolute-time units.
    ///
    /// # Errors
    /// None is documented.
    fn timebase(&self) -> Result<Timebase, KernReturn>;

    /// `getfsstat(MNT_NOWAIT)`: fills the buffer with the mounted file systems and returns their
    /// number; without a buffer, the number that is mounted. A result that fills the buffer may have
    /// been cut off without an error. The kernel asks no file system, so a dead one does no harm.
    ///
    /// # Errors
    /// The errors of a policy.
    fn mounts(&self, mounts: Option<&mut [Mount]>) -> Result<usize, Errno>;

    /// The time of day; in a replay that of the recording.
    ///
    /// # Errors
    /// [`Errno::NOTSUP`] if the recording lacks it.
    fn now(&self) -> Result<SystemTime, Errno> {
        Ok(SystemTime::now())
    }

    /// At most this many bytes of a regular file from this offset on: `open`, `fstat` and `pread`.
    /// May block for as long as the file system does.
    ///
    /// # Errors
    /// The errors of the three calls; [`Errno::INVAL`] for a file that is not regular.
    fn file_part(&self, path: &[u8], offset: u64, most: usize) -> Result<FilePart, Errno>;

    /// Replaces the vector's content with the images of this program in dyld's shared cache, in no
    /// order. Only dyld knows them: to the kernel the cache is a few large regions.
    ///
    /// Segments that several images share are left out. An image may come twice, and one that is
    /// being loaded may be missing. The list is empty without a shared cache.
    fn own_images(&self, images: &mut Vec<Image>);

    /// `_dyld_get_shared_cache_range`: the range of dyld's shared cache in this program, which
    /// begins with the cache's header; empty without a cache.
    fn cache_range(&self) -> Range<u64>;

    /// `mach_vm_read_overwrite` of this program's own task: fills the buffer with the bytes at this
    /// address, and returns their number.
    ///
    /// # Errors
    /// [`KernReturn::INVALID_ADDRESS`] where not all of them are mapped,
    /// [`KernReturn::PROTECTION_FAILURE`] where not all of them may be read.
    fn read_own(&self, address: u64, buffer: &mut [u8]) -> Result<usize, KernReturn>;

    /// dyld's shared cache, if there is one: read with the two calls before, or a recording's.
    fn shared_cache(&self) -> Option<SharedCache> {
        let range = self.cache_range();
        let read = |address, buffer: &mut [u8]| self.read_own(address, buffer) == Ok(buffer.len());
        let cache = || SharedCache::read(self.own_pid(), range.start, &read);
        (!range.is_empty()).then(cache).flatten()
    }
}
