//! The calls of a replay.

use std::ffi::CStr;
use std::ops::Range;
use std::time::SystemTime;

use zerocopy::IntoBytes;

use super::super::answer::{CpuWords, Fill};
use super::super::{Answer, FileAnswers, Moment, RecordedPort, Reply, ThreadAnswers};
use super::buffers::{any, copy, copy_words, fill};
use super::handed_out::Holder;
use super::places::{last, thread_id};
use super::{Replay, place_of};
use crate::kernel::xnu::{
    BsdInfo, CS_OPS_STATUS, CTL_KERN, Errno, FilePart, IdentifiedInfo, Image, KERN_PROC,
    KERN_PROC_PID, KERN_PROCARGS2, KernReturn, KinfoProc, Mount, OpenFile, PORT_NULL, PidInfo,
    PidList, PortKind, PortName, RUSAGE_INFO_V5, Refusal, RegionPathInfo, SharedCache, SpaceEntry,
    StateFlavor, SubmapInfo, SubmapShortInfo, TASK_CATEGORY_POLICY, ThreadId, Timebase, UniqueInfo,
    XnuCalls, words_of,
};

impl XnuCalls for Replay {
    fn own_pid(&self) -> i32 {
        0
    }

    fn list_pids(&self, pids: Option<&mut [i32]>) -> Result<usize, Errno> {
        let Some(buffer) = pids else { return Ok(self.processes.len()) };
        let pids = self.processes.iter().map(|process| process.pid);
        Ok(fill(pids, buffer.as_mut_bytes())? / size_of::<i32>())
    }

    fn pid_info(
        &self,
        pid: i32,
        flavor: i32,
        arg: u64,
        buffer: Option<&mut [u8]>,
    ) -> Result<usize, Errno> {
        let (process, places) = self.process(pid)?;
        match (flavor, buffer) {
            (OpenFile::FLAVOR, buffer) => {
                let files = Answer::look_up(process.files.as_ref())?;
                match buffer {
                    Some(buffer) => fill(files.iter().map(|row| row.file), buffer),
                    None => Ok(files.len() * size_of::<OpenFile>()),
                }
            }
            (ThreadId::FLAVOR, Some(buffer)) => {
                let threads = Answer::look_up(process.threads.as_ref())?;
                fill(threads.iter().map(|row| row.id), buffer)
            }
            (RegionPathInfo::FLAVOR, Some(buffer)) => {
                let row = places.region(process, arg);
                let end = Errno(process.regions_end.unwrap_or(Errno::NOTSUP.0));
                row.ok_or(end)?.fill(buffer).ok_or(Errno::NOMEM)
            }
            (_, Some(buffer)) if ThreadAnswers::holds(flavor) => {
                let threads = Answer::look_up(process.threads.as_ref())?;
                let thread = places.threads.find(threads, |row| row.id, arg).ok_or(Errno::SRCH)?;
                let answers = thread.answers.as_deref().ok_or(Errno::NOTSUP)?;
                answers.answer(flavor, any, buffer)
            }
            // Recorded in its two parts.
            (IdentifiedInfo::FLAVOR, Some(buffer)) => {
                let parts = buffer.split_at_mut_checked(size_of::<BsdInfo>());
                let (info, unique) = parts.ok_or(Errno::NOMEM)?;
                let info = process.answers.answer(BsdInfo::FLAVOR, any, info)?;
                Ok(info + process.answers.answer(UniqueInfo::FLAVOR, any, unique)?)
            }
            (_, Some(buffer)) => process.answers.answer(flavor, any, buffer),
            (_, None) => Err(Errno::NOTSUP),
        }
    }

    fn pid_fd_info(
        &self,
        pid: i32,
        descriptor: i32,
        flavor: i32,
        buffer: &mut [u8],
    ) -> Result<usize, Errno> {
        let (process, places) = self.process(pid)?;
        let files = Answer::look_up(process.files.as_ref())?;
        let file = places.files.find(files, |row| row.file.descriptor, descriptor);
        let file = file.ok_or(Errno::BADF)?;
        let fits = |(kind, other)| if file.file.kind == kind { Ok(()) } else { Err(other) };
        let none = FileAnswers::default();
        file.answers.as_deref().unwrap_or(&none).answer(flavor, fits, buffer)
    }

    fn rusage(&self, pid: i32, flavor: i32, buffer: &mut [u8]) -> Result<(), Errno> {
        let (process, _) = self.process(pid)?;
        if flavor != RUSAGE_INFO_V5 {
            return Err(Errno::NOTSUP);
        }
        Fill::fill(process.rusage.as_ref(), buffer).map(|_| ())
    }

    fn session(&self, pid: i32) -> Result<i32, Errno> {
        let (process, _) = self.process(pid)?;
        Answer::look_up(process.session.as_ref()).copied()
    }

    fn code_signing(&self, pid: i32, operation: u32, buffer: &mut [u8]) -> Result<(), Errno> {
        let (process, _) = self.process(pid)?;
        if operation != CS_OPS_STATUS {
            return Err(Errno::NOTSUP);
        }
        Fill::fill(process.code_signing.as_ref(), buffer).map(|_| ())
    }

    fn path_of(&self, fsid: [i32; 2], ino: u64, buffer: &mut [u8]) -> Result<usize, Errno> {
        let found = self.paths.binary_search_by_key(&(fsid, ino), |path| (path.fsid, path.ino));
        let found = found.ok().and_then(|at| self.paths.get(at)).map(|found| &found.path);
        let path = &Answer::look_up(found)?.0;
        let room = buffer.get_mut(..=path.len()).ok_or(Errno::NOSPC)?;
        if let Some((end, room)) = room.split_last_mut() {
            room.copy_from_slice(path);
            *end = 0;
        }
        Ok(path.len() + 1)
    }

    fn pid_path(&self, pid: i32, buffer: &mut [u8]) -> Result<usize, Errno> {
        let (process, _) = self.process(pid)?;
        copy(&Answer::look_up(process.executable.as_ref())?.0, Some(buffer))
    }

    fn sysctl(&self, name: &[i32], buffer: Option<&mut [u8]>) -> Result<usize, Errno> {
        match (name, buffer) {
            ([CTL_KERN, KERN_PROCARGS2, pid], buffer) => {
                let (process, _) = self.process(*pid).map_err(|_| Errno::INVAL)?;
                copy(&Answer::look_up(process.arguments.as_ref())?.0, buffer)
            }
            ([CTL_KERN, KERN_PROC, KERN_PROC_PID, pid], buffer) => {
                let Some((process, _)) = self.process(*pid).ok() else { return Ok(0) };
                match (Answer::look_up(process.kinfo.as_ref())?, buffer) {
                    (Some(info), Some(buffer)) => info.fill(buffer).ok_or(Errno::NOMEM),
                    (Some(_), None) => Ok(size_of::<KinfoProc>()),
                    (None, _) => Ok(0),
                }
            }
            (name, buffer) => {
                let found = self.machine.numbered.iter().find(|it| it.name == name);
                copy(&Answer::look_up(found.map(|it| &it.value))?.0, buffer)
            }
        }
    }

    fn sysctl_by_name(&self, name: &CStr, buffer: Option<&mut [u8]>) -> Result<usize, Errno> {
        let name = name.to_str().map_err(|_| Errno::NOENT)?;
        copy(&Answer::look_up(self.machine.sysctls.get(name))?.0, buffer)
    }

    /// Does nothing: there is no kernel to set up.
    fn set_sysctl(&self, _: &CStr, _: &[u8]) -> Result<(), Errno> {
        Ok(())
    }

    fn port_for_pid(&self, kind: PortKind, pid: i32) -> Result<PortName, Refusal> {
        let none = || match kind {
            PortKind::Read | PortKind::Inspect => Refusal::from(Errno::SRCH),
            PortKind::Control | PortKind::Name => Refusal::from(KernReturn::FAILURE),
        };
        let index = self.index(pid).ok_or_else(none)?;
        let process = self.processes.get(index).ok_or_else(none)?;
        match process.task_ports.get(kind) {
            RecordedPort::Given => Ok(self.handed_out.give(Holder::Task(index))?),
            RecordedPort::Null => Ok(PORT_NULL),
            RecordedPort::Errno(errno) => Err(Errno(errno).into()),
            RecordedPort::KernReturn(code) => Err(KernReturn(code).into()),
        }
    }

    /// The process that asks is not in the recording.
    fn own_task(&self) -> PortName {
        PORT_NULL
    }

    fn release_port(&self, port: PortName) -> Result<(), KernReturn> {
        self.handed_out.release(port)
    }

    fn task_info(
        &self,
        task: PortName,
        flavor: u32,
        words: &mut [u32],
    ) -> Result<usize, KernReturn> {
        let (_, process, _) = self.task(task)?;
        process.task.answer(flavor, any, words)
    }

    fn task_policy(
        &self,
        task: PortName,
        flavor: u32,
        words: &mut [u32],
    ) -> Result<usize, KernReturn> {
        let (_, process, _) = self.task(task)?;
        if flavor != TASK_CATEGORY_POLICY {
            return Err(KernReturn::NOT_SUPPORTED);
        }
        copy_words(&[Reply::look_up(process.role.as_ref())?.cast_unsigned()], words)
    }

    fn region_recurse(
        &self,
        task: PortName,
        address: &mut u64,
        size: &mut u64,
        depth: &mut u32,
        words: &mut [u32],
    ) -> Result<usize, KernReturn> {
        const LONG: usize = size_of::<SubmapInfo>() / size_of::<u32>();
        const SHORT: usize = size_of::<SubmapShortInfo>() / size_of::<u32>();
        let (_, process, _) = self.task(task)?;
        let end = KernReturn(process.leaves_end.unwrap_or(KernReturn::NOT_SUPPORTED.0));
        let leaves = &process.leaves;
        let at = leaves.partition_point(|row| last(row.address, row.size) < *address);
        let leaf = leaves.get(at).ok_or(end)?;
        // The recorder did not ask with this depth, so only the submap around the address is known.
        if leaf.depth > *depth {
            return Err(KernReturn::NOT_SUPPORTED);
        }
        match words.len() {
            LONG => words.copy_from_slice(words_of(&mut { leaf.info })),
            SHORT => words.copy_from_slice(words_of(&mut SubmapShortInfo::from(leaf.info))),
            _ => return Err(KernReturn::INVALID_ARGUMENT),
        }
        (*address, *size, *depth) = (leaf.address, leaf.size, leaf.depth);
        Ok(words.len())
    }

    fn threads(&self, task: PortName) -> Result<Vec<PortName>, KernReturn> {
        let (index, process, _) = self.task(task)?;
        let threads = Reply::look_up(process.thread_ports.as_ref())?;
        (0..threads.len()).map(|row| self.handed_out.give(Holder::Thread(index, row))).collect()
    }

    fn thread_port(&self, task: PortName, id: u64) -> Result<Option<PortName>, KernReturn> {
        let (index, process, places) = self.task(task)?;
        let threads = Reply::look_up(process.thread_ports.as_ref())?;
        match places.thread_ports.place(threads, thread_id, id) {
            Some(row) => self.handed_out.give(Holder::Thread(index, row)).map(Some),
            None => Ok(Some(PORT_NULL)),
        }
    }

    fn thread_info(
        &self,
        thread: PortName,
        flavor: u32,
        words: &mut [u32],
    ) -> Result<usize, KernReturn> {
        let answers = self.thread(thread)?.answers.as_deref();
        answers.ok_or(KernReturn::NOT_SUPPORTED)?.answer(flavor, any, words)
    }

    fn thread_state(
        &self,
        thread: PortName,
        flavor: StateFlavor,
        words: &mut [u32],
    ) -> Result<usize, KernReturn> {
        let state = self.thread(thread)?.states.iter().find(|state| state.flavor == flavor);
        copy_words(&Reply::look_up(state.map(|state| &state.words))?.0, words)
    }

    fn space_info(&self, task: PortName) -> Result<Vec<SpaceEntry>, KernReturn> {
        let (_, process, _) = self.task(task)?;
        let rights = Reply::look_up(process.ports.as_ref())?;
        Ok(rights.iter().map(|right| right.entry).collect())
    }

    fn port_attributes(
        &self,
        task: PortName,
        name: PortName,
        flavor: i32,
        words: &mut [u32],
    ) -> Result<usize, KernReturn> {
        let (_, process, places) = self.task(task)?;
        let rights = Reply::look_up(process.ports.as_ref())?;
        let right = places.ports.find(rights, |row| row.entry.name, name);
        // An entry without a type is free.
        let right = right.filter(|right| right.entry.types != 0).ok_or(KernReturn::INVALID_NAME)?;
        if right.entry.types & SpaceEntry::RECEIVE == 0 {
            return Err(KernReturn::INVALID_RIGHT);
        }
        let answers = right.answers.as_deref().ok_or(KernReturn::NOT_SUPPORTED)?;
        answers.answer(flavor, any, words)
    }

    fn host_statistics(&self, flavor: i32, words: &mut [u32]) -> Result<usize, KernReturn> {
        self.machine.host.answer(flavor, any, words)
    }

    fn processor_info(
        &self,
        flavor: i32,
        only: Option<usize>,
    ) -> Result<(usize, Vec<u32>), KernReturn> {
        let mut room = CpuWords { only, words: Vec::new() };
        let each = self.machine.processors.answer(flavor, any, &mut room)?;
        Ok((each, room.words))
    }

    fn timebase(&self) -> Result<Timebase, KernReturn> {
        Reply::look_up(self.machine.timebase.as_ref()).copied()
    }

    fn mounts(&self, mounts: Option<&mut [Mount]>) -> Result<usize, Errno> {
        let recorded = Answer::look_up(self.machine.mounts.as_ref())?;
        let Some(mounts) = mounts else { return Ok(recorded.len()) };
        Ok(mounts.iter_mut().zip(recorded).map(|(to, mount)| *to = mount.get()).count())
    }

    fn now(&self) -> Result<SystemTime, Errno> {
        self.recorded_at.map(Moment::time).ok_or(Errno::NOTSUP)
    }

    fn file_part(&self, path: &[u8], offset: u64, most: usize) -> Result<FilePart, Errno> {
        let found = self.images.binary_search_by(|image| place_of(image).cmp(&(path, offset)));
        let image = found.ok().and_then(|at| self.images.get(at)).ok_or(Errno::NOTSUP)?;
        let mut bytes = image.file.header();
        bytes.truncate(most);
        Ok(FilePart { dev: image.dev, ino: image.ino, bytes })
    }

    /// The memory of a process is not recorded.
    fn cache_range(&self) -> Range<u64> {
        0..0
    }

    fn read_own(&self, _address: u64, _buffer: &mut [u8]) -> Result<usize, KernReturn> {
        Err(KernReturn::NOT_SUPPORTED)
    }

    fn shared_cache(&self) -> Option<SharedCache> {
        self.shared_cache.clone()
    }

    fn own_images(&self, images: &mut Vec<Image>) {
        images.clear();
    }
}
