//! Answers about a process by its pid.

use mach_procfs::kernel::xnu::{
    CS_OPS_STATUS, Errno, IdentifiedInfo, KinfoProc, RUSAGE_INFO_V5, RegionInfo, RegionPathInfo,
    ShortBsdInfo, VnodeInfo,
};

use super::write::{put, put_all};
use crate::arguments::CopiedOut;
use crate::calls::Call;
use crate::object::VnodeId;
use crate::process::ModelProcess;
use crate::world::World;

/// Whether the flavor is about regions, which the kernel does not answer for itself.
pub(super) fn is_of_regions(flavor: i32) -> bool {
    matches!(flavor, 7 | 8 | 22 | 23 | 31)
}

/// The region that [`Fault::EmptyRegion`](crate::Fault::EmptyRegion) makes.
pub(super) fn empty_region(address: u64) -> RegionPathInfo {
    let region = RegionInfo { address, ..RegionInfo::default() };
    RegionPathInfo { region, ..RegionPathInfo::default() }
}

impl World {
    /// The process of a call, after the checks of `proc_pidinfo` that follow those of flavor and
    /// size, in the kernel's order.
    pub(super) fn admit(&self, pid: i32, call: Call, arg: u64) -> Result<&ModelProcess, Errno> {
        let process = self.process(pid).ok_or(Errno::SRCH)?;
        let finds_zombies = match call {
            Call::BsdInfo | Call::ShortBsdInfo | Call::UniqueInfo | Call::IdentifiedInfo => {
                arg != 0
            }
            _ => call == Call::Platform,
        };
        if process.is_zombie() && !finds_zombies {
            return Err(Errno::SRCH);
        }
        let is_for_all = matches!(
            call,
            Call::ExecutablePath | Call::Platform | Call::ShortBsdInfo | Call::UniqueInfo
        );
        if !is_for_all {
            self.caller.may_see(process)?;
        }
        Ok(process)
    }

    /// Whether this vnode is the working directory or the root of this process.
    pub(super) fn uses_directory(&self, pid: i32, vnode: VnodeId) -> bool {
        let (Some(process), Some(vnode)) = (self.process(pid), self.vnodes.get(vnode.0)) else {
            return false;
        };
        let is_it = |info: &VnodeInfo| (info.dev, info.ino) == (vnode.info.dev, vnode.info.ino);
        is_it(&process.paths.current) || is_it(&process.paths.root)
    }

    /// Flavors of `proc_pidinfo`.
    pub(super) fn about_process(
        &self,
        process: &ModelProcess,
        call: Call,
        arg: u64,
        buffer: &mut [u8],
    ) -> Result<usize, Errno> {
        match call {
            Call::ShortBsdInfo => put(&process.short(), buffer),
            Call::BsdInfo => put(&process.info, buffer),
            Call::TaskInfo => put(&process.task_info, buffer),
            Call::UniqueInfo => put(&process.unique, buffer),
            Call::IdentifiedInfo => {
                let ModelProcess { info, unique, .. } = *process;
                put(&IdentifiedInfo { info, unique }, buffer)
            }
            Call::Platform => put(&process.platform, buffer),
            Call::RegionPathInfo => {
                let (task, entry) = self.next_region(process, arg).ok_or(Errno::INVAL)?;
                put(&self.region_of(task, entry), buffer)
            }
            Call::RegionInfo => {
                let (task, entry) = self.next_region(process, arg).ok_or(Errno::INVAL)?;
                put(&self.region_of(task, entry).region, buffer)
            }
            Call::FileRegion => put(&self.file_region(process, arg)?, buffer),
            Call::RegionPath => put(&self.region_path(process, arg)?, buffer),
            Call::VnodePaths if process.paths_denied => Err(Errno::PERM),
            Call::VnodePaths => put(&process.paths, buffer),
            Call::ListThreadIds => Ok(put_all(process.threads.iter().map(|(id, _)| *id), buffer)),
            Call::ThreadInfo => {
                let found = process.threads.iter().find(|(id, _)| *id == arg);
                found.map_or(Err(Errno::SRCH), |(_, info)| put(info, buffer))
            }
            Call::ListFiles => Ok(put_all(process.open_files(), buffer)),
            _ => Err(Errno::INVAL),
        }
    }

    /// `proc_pid_rusage`: for zombies, too. The size of the buffer is not checked.
    pub(super) fn rusage(&self, pid: i32, flavor: i32, buffer: &mut [u8]) -> Result<(), Errno> {
        let process = self.process(pid).ok_or(Errno::SRCH)?;
        self.caller.may_see(process)?;
        if flavor != RUSAGE_INFO_V5 {
            return Err(Errno::INVAL);
        }
        put(&process.rusage, buffer).map(|_| ())
    }

    /// `getsid`.
    pub(super) fn session(&self, pid: i32) -> Result<i32, Errno> {
        self.living_or_caller(pid).map(|process| process.session)
    }

    /// `csops`, with the one operation that is open to all callers.
    pub(super) fn code_signing(
        &self,
        pid: i32,
        operation: u32,
        buffer: &mut [u8],
    ) -> Result<(), Errno> {
        let process = self.living_or_caller(pid)?;
        if operation != CS_OPS_STATUS {
            return Err(Errno::INVAL);
        }
        put(&process.signing, buffer).map(|_| ())
    }

    /// 0 means the calling process.
    fn living_or_caller(&self, pid: i32) -> Result<&ModelProcess, Errno> {
        let pid = if pid == 0 { self.caller.pid } else { pid };
        self.process(pid).filter(|process| !process.is_zombie()).ok_or(Errno::SRCH)
    }

    /// `proc_pidpath`: libproc passes on the size of its buffer.
    pub(super) fn executable_path(&self, pid: i32, buffer: &mut [u8]) -> Result<usize, Errno> {
        match buffer.len() {
            0..1024 => return Err(Errno::NOMEM),
            1024..=4096 => {}
            _ => return Err(Errno::OVERFLOW),
        }
        let process = self.admit(pid, Call::ExecutablePath, 0)?;
        // The kernel has no executable.
        if pid == 0 {
            return Err(Errno::SRCH);
        }
        let path = process.executable.as_ref().map_err(|errno| *errno)?;
        let length = put(path.get(..buffer.len() - 1).unwrap_or(path), buffer)?;
        if let Some(end) = buffer.get_mut(length) {
            *end = 0;
        }
        Ok(length)
    }

    /// `sysctl_procargsx`.
    pub(super) fn process_arguments(
        &self,
        pid: i32,
        buffer: Option<&mut [u8]>,
    ) -> Result<usize, Errno> {
        if buffer.as_ref().is_some_and(|buffer| !CopiedOut::takes(buffer.len())) {
            return Err(Errno::INVAL);
        }
        let process = self.process(pid).filter(|process| !process.is_zombie() && pid != 0);
        let process = process.ok_or(Errno::INVAL)?;
        let may_see = self.caller.may_see(process).map_err(|_| Errno::INVAL);
        let restricted = process.is_restricted() && self.caller.pid != pid;
        let copied = process.arguments.copied_out(restricted);
        match buffer {
            // The length is known for other processes, except restricted ones.
            None if restricted => may_see.map(|()| copied.length()),
            None => Ok(copied.length()),
            Some(buffer) => may_see.map(|()| copied.fill(buffer, process.page_size as usize)),
        }
    }

    /// `fill_user64_proc`.
    pub(super) fn kinfo_proc(&self, pid: i32) -> Option<KinfoProc> {
        let process = self.process(pid)?;
        let info = &process.info;
        // `PROC_FLAG_*`, each with its name here.
        let flags = [
            (0x1, KinfoProc::SYSTEM),
            (0x2, KinfoProc::TRACED),
            (ShortBsdInfo::IN_EXIT, KinfoProc::IN_EXIT),
            (0x8, KinfoProc::PARENT_WAITS),
            (ShortBsdInfo::LP64, KinfoProc::LP64),
            (0x80, KinfoProc::HAS_TERMINAL),
            (ShortBsdInfo::CHANGED_IDS, KinfoProc::CHANGED_IDS),
            (0x4000, KinfoProc::EXECUTED),
            (ShortBsdInfo::TRANSLATED, KinfoProc::TRANSLATED),
        ];
        let known = flags.iter().filter(|(flag, _)| info.flags & flag != 0);
        let mut groups = [0; 16];
        let all = [info.gid].into_iter().chain(process.groups.iter().copied());
        let count = groups.iter_mut().zip(all).map(|(to, group)| *to = group).count();
        Some(KinfoProc {
            flags: known.fold(0, |all, (_, flag)| all | flag),
            status: i8::try_from(info.status).unwrap_or(i8::MAX),
            ignored: process.signals[0],
            caught: process.signals[1],
            job_control: i16::try_from(info.pjobc).unwrap_or(i16::MAX),
            terminal: info.tdev.cast_signed(),
            group: info.pgid.cast_signed(),
            terminal_group: info.tpgid.cast_signed(),
            uid: info.uid,
            real_uid: info.ruid,
            saved_uid: info.svuid,
            real_gid: info.rgid,
            saved_gid: info.svgid,
            group_count: i16::try_from(count).unwrap_or(i16::MAX),
            groups,
            ..KinfoProc::default()
        })
    }
}
