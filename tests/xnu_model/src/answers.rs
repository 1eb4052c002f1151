//! The model's answers, call by call. This file counts each call and finds its subject by the
//! flavor.

mod file;
mod machine;
mod process;
mod region;
mod space;
mod task;
mod thread;
mod write;

use std::ffi::CStr;
use std::ops::Range;
use std::time::SystemTime;

use mach_procfs::kernel::xnu::{
    CTL_KERN, Errno, FilePart, Image, KernReturn, Mount, PortKind, PortName,
    REGION_INFO_SKIP_ALIASES, Refusal, SpaceEntry, StateFlavor, Timebase, XnuCalls,
};
use parking_lot::MutexGuard;

use self::write::put;
use super::calls::{Asked, Call};
use super::port::OWN_TASK;
use super::{State, XnuModel};

impl XnuModel {
    /// Enters a BSD call. Returns an injected errno in place of the answer, or whether a region is
    /// to be empty.
    fn bsd(&self, call: Call) -> Result<(MutexGuard<'_, State>, bool), Errno> {
        let (state, injected) = self.enter(call);
        injected.errno.map_or(Ok((state, injected.empty)), Err)
    }

    /// Enters a Mach call. Returns an injected code in place of the answer, or whether a region is
    /// to be empty.
    fn mach(&self, call: Call) -> Result<(MutexGuard<'_, State>, bool), KernReturn> {
        let (state, injected) = self.enter(call);
        injected.code.map_or(Ok((state, injected.empty)), Err)
    }
}

impl XnuCalls for XnuModel {
    fn own_pid(&self) -> i32 {
        self.state.lock().world.caller.pid
    }

    fn list_pids(&self, pids: Option<&mut [i32]>) -> Result<usize, Errno> {
        let (state, _) = self.bsd(Call::ListAllPids)?;
        let all = state.world.pids();
        // `nprocs + 20`, which is also the most that is filled in.
        let estimate = all.len() + 20;
        let Some(buffer) = pids else { return Ok(estimate) };
        if buffer.is_empty() {
            return Err(Errno::NOMEM);
        }
        let filled = buffer.iter_mut().take(estimate).zip(all).map(|(to, pid)| *to = pid);
        Ok(filled.count())
    }

    fn pid_info(
        &self,
        pid: i32,
        flavor: i32,
        arg: u64,
        buffer: Option<&mut [u8]>,
    ) -> Result<usize, Errno> {
        let known = Asked::Pid(flavor).known();
        let entered = known.map(|(call, _)| self.bsd(call)).transpose()?;
        if pid == 0 && process::is_of_regions(flavor) {
            return Err(Errno::PERM);
        }
        let (Some((call, size)), Some((mut state, empty))) = (known, entered) else {
            return Err(Errno::INVAL);
        };
        let is_estimate = call == Call::ListFiles && buffer.is_none();
        if !is_estimate && buffer.as_ref().map_or(0, |buffer| buffer.len()) < size {
            return Err(Errno::NOMEM);
        }
        if matches!(call, Call::VnodePaths | Call::RegionPathInfo | Call::FileRegion) {
            self.wait_for_vnodes(&mut state, |world, vnode| world.asks(pid, call, arg, vnode));
        }
        let world = &state.world;
        let process = world.admit(pid, call, arg)?;
        match buffer {
            None => Ok((process.files.len() + 20) * size),
            Some(buffer) if empty && call == Call::RegionPathInfo => {
                put(&process::empty_region(arg), buffer)
            }
            Some(buffer) => world.about_process(process, call, arg, buffer),
        }
    }

    fn pid_fd_info(
        &self,
        pid: i32,
        descriptor: i32,
        flavor: i32,
        buffer: &mut [u8],
    ) -> Result<usize, Errno> {
        let (call, size) = Asked::Descriptor(flavor).known().ok_or(Errno::INVAL)?;
        let (mut state, _) = self.bsd(call)?;
        if buffer.len() < size {
            return Err(Errno::NOMEM);
        }
        if matches!(call, Call::VnodeFile | Call::VnodeFileWithoutPath) {
            self.wait_for_vnodes(&mut state, |world, vnode| world.has_open(pid, descriptor, vnode));
        }
        state.world.about_descriptor(pid, descriptor, call, buffer)
    }

    fn rusage(&self, pid: i32, flavor: i32, buffer: &mut [u8]) -> Result<(), Errno> {
        let (state, _) = self.bsd(Call::Rusage)?;
        state.world.rusage(pid, flavor, buffer)
    }

    fn session(&self, pid: i32) -> Result<i32, Errno> {
        let (state, _) = self.bsd(Call::Session)?;
        state.world.session(pid)
    }

    fn code_signing(&self, pid: i32, operation: u32, buffer: &mut [u8]) -> Result<(), Errno> {
        let (state, _) = self.bsd(Call::CodeSigning)?;
        state.world.code_signing(pid, operation, buffer)
    }

    fn path_of(&self, fsid: [i32; 2], ino: u64, buffer: &mut [u8]) -> Result<usize, Errno> {
        let (mut state, _) = self.bsd(Call::PathOf)?;
        self.wait_for_vnodes(&mut state, |world, vnode| world.has_number(fsid, ino, vnode));
        state.world.path_of(fsid, ino, buffer)
    }

    fn pid_path(&self, pid: i32, buffer: &mut [u8]) -> Result<usize, Errno> {
        let (state, _) = self.bsd(Call::ExecutablePath)?;
        state.world.executable_path(pid, buffer)
    }

    fn sysctl(&self, name: &[i32], buffer: Option<&mut [u8]>) -> Result<usize, Errno> {
        if name.first() != Some(&CTL_KERN) {
            let (state, _) = self.bsd(Call::NumberedSysctl)?;
            let value = state.world.machine.numbered.get(name).ok_or(Errno::NOENT)?;
            return buffer.map_or(Ok(value.len()), |buffer| put(value.as_slice(), buffer));
        }
        let (call, pid) = Call::of_sysctl(name).ok_or(Errno::NOENT)?;
        let (state, _) = self.bsd(call)?;
        if call == Call::ProcessArguments {
            return state.world.process_arguments(pid, buffer);
        }
        match state.world.kinfo_proc(pid) {
            None => Ok(0),
            Some(info) => buffer.map_or(Ok(size_of_val(&info)), |buffer| put(&info, buffer)),
        }
    }

    fn sysctl_by_name(&self, name: &CStr, buffer: Option<&mut [u8]>) -> Result<usize, Errno> {
        let is_stack = name == c"kern.usrstack64";
        let (state, _) = self.bsd(if is_stack { Call::OwnStackTop } else { Call::SysctlByName })?;
        let world = &state.world;
        let stack = world.caller.stack_top.map(|top| top.to_ne_bytes().to_vec());
        let value = if is_stack { stack.as_ref() } else { world.machine.sysctl(name) };
        let value = value.ok_or(Errno::NOENT)?;
        buffer.map_or(Ok(value.len()), |buffer| put(value.as_slice(), buffer))
    }

    fn set_sysctl(&self, name: &CStr, value: &[u8]) -> Result<(), Errno> {
        if name != c"vm.self_region_info_flags" {
            let state = self.state.lock();
            let known = state.world.machine.sysctl(name).is_some();
            return Err(if known { Errno::PERM } else { Errno::NOENT });
        }
        let (mut state, _) = self.bsd(Call::SetRegionInfoFlags)?;
        let flags = u32::from_ne_bytes(value.try_into().map_err(|_| Errno::INVAL)?);
        state.world.skip_aliases = flags & REGION_INFO_SKIP_ALIASES != 0;
        Ok(())
    }

    fn port_for_pid(&self, kind: PortKind, pid: i32) -> Result<PortName, Refusal> {
        let (mut state, injected) = self.enter(Call::of_port(kind));
        match (kind, injected.errno, injected.code) {
            (PortKind::Read | PortKind::Inspect, Some(errno), _) => return Err(errno.into()),
            (PortKind::Control | PortKind::Name, _, Some(code)) => return Err(code.into()),
            _ => {}
        }
        state.world.port_for_pid(kind, pid)
    }

    fn own_task(&self) -> PortName {
        OWN_TASK
    }

    fn release_port(&self, port: PortName) -> Result<(), KernReturn> {
        let (mut state, _) = self.mach(Call::ReleasePort)?;
        state.world.ports.release(port)
    }

    fn task_info(
        &self,
        task: PortName,
        flavor: u32,
        words: &mut [u32],
    ) -> Result<usize, KernReturn> {
        let (call, _) = Asked::Task(flavor).known().ok_or(KernReturn::INVALID_ARGUMENT)?;
        let (state, _) = self.mach(call)?;
        state.world.about_task(task, call, words)
    }

    fn task_policy(
        &self,
        task: PortName,
        flavor: u32,
        words: &mut [u32],
    ) -> Result<usize, KernReturn> {
        let (call, _) = Asked::Policy(flavor).known().ok_or(KernReturn::INVALID_ARGUMENT)?;
        let (state, _) = self.mach(call)?;
        state.world.role(task, words)
    }

    fn region_recurse(
        &self,
        task: PortName,
        address: &mut u64,
        size: &mut u64,
        depth: &mut u32,
        words: &mut [u32],
    ) -> Result<usize, KernReturn> {
        let (state, empty) = self.mach(Call::of_region(words.len()))?;
        state.world.recurse(empty, task, [address, size], depth, words)
    }

    fn threads(&self, task: PortName) -> Result<Vec<PortName>, KernReturn> {
        let (mut state, _) = self.mach(Call::TaskThreads)?;
        state.world.threads(task)
    }

    fn thread_info(
        &self,
        thread: PortName,
        flavor: u32,
        words: &mut [u32],
    ) -> Result<usize, KernReturn> {
        let (call, _) = Asked::Thread(flavor).known().ok_or(KernReturn::INVALID_ARGUMENT)?;
        let (state, _) = self.mach(call)?;
        state.world.about_thread(thread, call, words)
    }

    fn thread_state(
        &self,
        thread: PortName,
        flavor: StateFlavor,
        words: &mut [u32],
    ) -> Result<usize, KernReturn> {
        let (state, _) = self.mach(Call::ThreadState)?;
        state.world.registers(thread, flavor, words)
    }

    fn space_info(&self, task: PortName) -> Result<Vec<SpaceEntry>, KernReturn> {
        let (state, _) = self.mach(Call::SpaceInfo)?;
        state.world.space(task)
    }

    fn port_attributes(
        &self,
        task: PortName,
        name: PortName,
        flavor: i32,
        words: &mut [u32],
    ) -> Result<usize, KernReturn> {
        let (call, _) = Asked::Port(flavor).known().ok_or(KernReturn::INVALID_ARGUMENT)?;
        let (state, _) = self.mach(call)?;
        state.world.about_port(task, name, call, words)
    }

    fn host_statistics(&self, flavor: i32, words: &mut [u32]) -> Result<usize, KernReturn> {
        let (call, _) = Asked::Host(flavor).known().ok_or(KernReturn::INVALID_ARGUMENT)?;
        let (state, _) = self.mach(call)?;
        state.world.machine.statistics(words)
    }

    fn processor_info(
        &self,
        flavor: i32,
        only: Option<usize>,
    ) -> Result<(usize, Vec<u32>), KernReturn> {
        let asked = only.map_or(Asked::Processors(flavor), |_| Asked::Processor(flavor));
        let (call, _) = asked.known().ok_or(KernReturn::INVALID_ARGUMENT)?;
        let (state, _) = self.mach(call)?;
        state.world.machine.about_processors(call, only)
    }

    fn timebase(&self) -> Result<Timebase, KernReturn> {
        let (state, _) = self.mach(Call::Timebase)?;
        Ok(state.world.machine.timebase)
    }

    fn mounts(&self, mounts: Option<&mut [Mount]>) -> Result<usize, Errno> {
        let (state, _) = self.bsd(Call::Mounts)?;
        let all = &state.world.machine.mounts;
        let Some(mounts) = mounts else { return Ok(all.len()) };
        Ok(mounts.iter_mut().zip(all).map(|(to, mount)| *to = *mount).count())
    }

    fn now(&self) -> Result<SystemTime, Errno> {
        Ok(self.state.lock().world.machine.now)
    }

    fn file_part(&self, path: &[u8], offset: u64, most: usize) -> Result<FilePart, Errno> {
        let (state, _) = self.bsd(Call::FilePart)?;
        state.world.file_part(path, offset, most)
    }

    fn own_images(&self, images: &mut Vec<Image>) {
        let (state, _) = self.enter(Call::OwnImages);
        images.clone_from(&state.world.images);
    }

    fn cache_range(&self) -> Range<u64> {
        let (state, _) = self.enter(Call::CacheRange);
        state.world.cache_range.clone()
    }

    fn read_own(&self, address: u64, buffer: &mut [u8]) -> Result<usize, KernReturn> {
        let (state, _) = self.mach(Call::ReadOwn)?;
        state.world.memory.read(address, buffer)?;
        Ok(buffer.len())
    }
}

/// For tests of rights of another kind.
impl XnuModel {
    /// A right of this kind to the task of a process, as `task_name_for_pid` and the like return
    /// it, without their checks. `None` if there is none.
    pub fn port_of_kind(&self, pid: i32, kind: PortKind) -> Option<PortName> {
        self.state.lock().world.any_port(pid, kind)
    }
}
