//! The model's answers, call by call; here those of the walk.

mod files;
mod machine;
mod process;
mod region;
mod space;
mod task;
mod thread;

use parking_lot::MutexGuard;

use super::super::calls::{
    BsdInfo, Errno, Image, KernReturn, PORT_DEAD, PORT_NULL, PortName, REGION_INFO_SKIP_ALIASES,
    RegionInfo, RegionPathInfo, ShortBsdInfo, SubmapInfo, TaskInfo, TaskVmInfo, ThreadInfo,
    Timebase, UniqueInfo, VnodeInfo, VnodePaths, XnuCalls,
};
use super::arguments::Told;
use super::fault::Call;
use super::map;
use super::object::VnodeId;
use super::port::{Holder, OWN_TASK, PortKind};
use super::process::{ModelProcess, PortRule, Slot, Task, TaskId, TaskState};
use super::recorded;
use super::region::size_of;
use super::rows::Rows;
use super::world::World;
use super::{State, XnuModel};

impl XnuModel {
    /// Enters a BSD call, with an injected errno in the place of the answer.
    fn bsd(&self, call: Call) -> Result<(MutexGuard<'_, State>, bool), Errno> {
        let (state, injected) = self.enter(call);
        injected.errno.map_or(Ok((state, injected.empty)), Err)
    }

    /// Enters a Mach call, with an injected code in the place of the answer.
    fn mach(&self, call: Call) -> Result<(MutexGuard<'_, State>, bool), KernReturn> {
        let (state, injected) = self.enter(call);
        injected.code.map_or(Ok((state, injected.empty)), Err)
    }
}

impl World {
    /// A process that passes the checks of this flavor.
    fn admit(&self, pid: i32, flavor: i32, size: usize) -> Result<&Slot, Errno> {
        self.check(pid, flavor, 0, size)?;
        self.slot(pid).ok_or(Errno::SRCH)
    }

    /// Whether this vnode is the working directory or the root of this process.
    fn uses_directory(&self, pid: i32, vnode: VnodeId) -> bool {
        let (Some(process), Some(vnode)) = (self.process(pid), self.vnodes.get(vnode.0)) else {
            return false;
        };
        let is_it = |info: &VnodeInfo| (info.dev, info.ino) == (vnode.info.dev, vnode.info.ino);
        is_it(&process.paths.current) || is_it(&process.paths.root)
    }

    /// What a rule makes of the wish for a task's port.
    fn give(&mut self, task: TaskId, rule: PortRule) -> Result<PortName, KernReturn> {
        match rule {
            PortRule::Gives(kind) => Ok(self.ports.give(Holder::Task(task), kind)),
            PortRule::Refuses(code) => Err(code),
            PortRule::Null => Ok(PORT_NULL),
            PortRule::Dead => Ok(PORT_DEAD),
        }
    }

    /// What a task port leads to, if it is of this kind or a stronger one.
    fn by_port(&self, port: PortName, least: PortKind) -> Result<Asked<'_>, KernReturn> {
        if World::is_own(port) {
            let process = self.process(self.caller.pid).ok_or(KernReturn::INVALID_ARGUMENT)?;
            let task = self.task_of(process).ok_or(KernReturn::INVALID_ARGUMENT)?;
            return Ok(Asked::Task(task, process));
        }
        let right = self.ports.get(port).ok_or(KernReturn::INVALID_DEST)?;
        let asked = match right.holder {
            Holder::Task(id) => self.active(id).map(|(task, process)| Asked::Task(task, process)),
            Holder::Recorded(pid) => match self.slot(pid) {
                Some(Slot::Recorded(process)) => Ok(Asked::Recorded(process)),
                _ => Err(KernReturn::INVALID_DEST),
            },
            Holder::Thread(..) | Holder::RecordedThread(..) => Err(KernReturn::INVALID_ARGUMENT),
        }?;
        if right.kind.is_at_least(least) { Ok(asked) } else { Err(KernReturn::INVALID_ARGUMENT) }
    }

    /// A task that runs, and whose it is.
    fn active(&self, id: TaskId) -> Result<(&Task, &ModelProcess), KernReturn> {
        let task = match self.tasks.get(&id) {
            Some(task) if task.state == TaskState::Active => task,
            Some(task) if task.state == TaskState::Inactive => {
                return Err(KernReturn::INVALID_ARGUMENT);
            }
            _ => return Err(KernReturn::INVALID_DEST),
        };
        let owner = self.processes.iter().find_map(|slot| match slot {
            Slot::Described(process) if process.task == id => Some(process.as_ref()),
            _ => None,
        });
        owner.map(|process| (task, process)).ok_or(KernReturn::INVALID_DEST)
    }
}

/// Whose task a call by port is about.
enum Asked<'a> {
    Task(&'a Task, &'a ModelProcess),
    Recorded(&'a Rows),
}

/// A recorded process belongs to whoever replays it, who may see it then.
fn hand_over(owner: Option<(u32, u32)>, info: &mut ShortBsdInfo) {
    if let Some((uid, gid)) = owner {
        (info.uid, info.ruid, info.svuid) = (uid, uid, uid);
        (info.gid, info.rgid, info.svgid) = (gid, gid, gid);
        info.flags &= !ShortBsdInfo::CHANGED_IDS;
    }
}

fn hand_over_bsd(owner: Option<(u32, u32)>, info: &mut BsdInfo) {
    if let Some((uid, gid)) = owner {
        (info.uid, info.ruid, info.svuid) = (uid, uid, uid);
        (info.gid, info.rgid, info.svgid) = (gid, gid, gid);
        info.flags &= !ShortBsdInfo::CHANGED_IDS;
    }
}

impl XnuCalls for XnuModel {
    fn own_pid(&self) -> i32 {
        self.state.lock().world.caller.pid
    }

    fn list_all_pids(&self, pids: Option<&mut [i32]>) -> Result<usize, Errno> {
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

    fn short_bsd_info(&self, pid: i32, zombies: bool) -> Result<ShortBsdInfo, Errno> {
        let (state, _) = self.bsd(Call::ShortBsdInfo)?;
        state.world.check(pid, 13, u64::from(zombies), 64)?;
        match state.world.slot(pid) {
            Some(Slot::Described(process)) => Ok(process.short()),
            Some(Slot::Recorded(process)) => {
                let mut info = process.short_info.get()?;
                hand_over(state.owner, &mut info);
                Ok(info)
            }
            None => Err(Errno::SRCH),
        }
    }

    fn bsd_info(&self, pid: i32, zombies: bool) -> Result<BsdInfo, Errno> {
        let (state, _) = self.bsd(Call::BsdInfo)?;
        state.world.check(pid, 3, u64::from(zombies), 136)?;
        match state.world.slot(pid) {
            Some(Slot::Described(process)) => Ok(process.info.clone()),
            Some(Slot::Recorded(process)) => {
                let mut info = process.bsd_info.get()?;
                hand_over_bsd(state.owner, &mut info);
                Ok(info)
            }
            None => Err(Errno::SRCH),
        }
    }

    fn task_info(&self, pid: i32) -> Result<TaskInfo, Errno> {
        let (state, _) = self.bsd(Call::TaskInfo)?;
        match state.world.admit(pid, 4, 96)? {
            Slot::Described(process) => Ok(process.task_info.clone()),
            Slot::Recorded(process) => recorded::part(process.task_info.as_deref()).cloned(),
        }
    }

    fn unique_info(&self, pid: i32, zombies: bool) -> Result<UniqueInfo, Errno> {
        let (state, _) = self.bsd(Call::UniqueInfo)?;
        state.world.check(pid, 17, u64::from(zombies), 56)?;
        match state.world.slot(pid) {
            Some(Slot::Described(process)) => Ok(process.unique.clone()),
            Some(Slot::Recorded(process)) => process.unique_info.get(),
            None => Err(Errno::SRCH),
        }
    }

    fn region_path_info(
        &self,
        pid: i32,
        address: u64,
        info: &mut RegionPathInfo,
    ) -> Result<(), Errno> {
        let (mut state, empty) = self.bsd(Call::RegionPathInfo)?;
        self.wait_for_vnodes(&mut state, |world, vnode| {
            world.next_region(pid, address).and_then(|(_, entry)| world.file_of(entry))
                == Some(vnode)
        });
        let world = &state.world;
        world.check(pid, 8, address, 1272)?;
        if empty {
            info.region = RegionInfo { address, ..RegionInfo::default() };
            info.vnode = Default::default();
            info.path.clear();
            return Ok(());
        }
        world.region(pid, address, info)
    }

    fn vnode_paths(&self, pid: i32, paths: &mut VnodePaths) -> Result<(), Errno> {
        let (mut state, _) = self.bsd(Call::VnodePaths)?;
        self.wait_for_vnodes(&mut state, |world, vnode| world.uses_directory(pid, vnode));
        paths.clone_from(match state.world.admit(pid, 9, 2352)? {
            Slot::Described(process) if process.paths_denied => return Err(Errno::PERM),
            Slot::Described(process) => &process.paths,
            Slot::Recorded(process) => recorded::part(process.directories.as_deref())?,
        });
        Ok(())
    }

    fn list_thread_ids(&self, pid: i32, threads: &mut [u64]) -> Result<usize, Errno> {
        let (state, _) = self.bsd(Call::ListThreadIds)?;
        let ids: Vec<u64> = match state.world.admit(pid, 28, threads.len().saturating_mul(8))? {
            Slot::Described(process) => process.threads.iter().map(|(id, _)| *id).collect(),
            Slot::Recorded(process) => {
                recorded::part(process.threads.as_ref())?.iter().map(|thread| thread.id).collect()
            }
        };
        Ok(threads.iter_mut().zip(ids).map(|(to, id)| *to = id).count())
    }

    fn thread_info(&self, pid: i32, thread: u64) -> Result<ThreadInfo, Errno> {
        let (state, _) = self.bsd(Call::ThreadInfo)?;
        match state.world.admit(pid, 15, 112)? {
            Slot::Described(process) => {
                let found = process.threads.iter().find(|(id, _)| *id == thread);
                found.map(|(_, info)| info.clone()).ok_or(Errno::SRCH)
            }
            Slot::Recorded(process) => {
                recorded::part(process.threads.as_ref())?;
                let found = process.thread(thread).ok_or(Errno::SRCH)?;
                found.info.get().map(|info| *info)
            }
        }
    }

    fn process_arguments(&self, pid: i32, buffer: Option<&mut [u8]>) -> Result<usize, Errno> {
        let (state, _) = self.bsd(Call::ProcessArguments)?;
        let caller = &state.world.caller;
        if buffer.as_ref().is_some_and(|buffer| !Told::takes(buffer.len())) {
            return Err(Errno::INVAL);
        }
        match state.world.slot(pid) {
            Some(Slot::Described(process)) if !process.is_zombie() && pid != 0 => {
                let restricted = process.restricted && caller.pid != pid;
                let told = process.arguments.told(restricted);
                let Some(buffer) = buffer else {
                    if restricted {
                        caller.may_see(process).map_err(|_| Errno::INVAL)?;
                    }
                    return Ok(told.length());
                };
                caller.may_see(process).map_err(|_| Errno::INVAL)?;
                Ok(told.fill(buffer, process.page_size as usize))
            }
            Some(Slot::Recorded(process)) => {
                let told = Told::recorded(&recorded::part(process.arguments.as_ref())?.0);
                let page =
                    process.vm_info.as_ref().and_then(|it| usize::try_from(it.page_size).ok());
                Ok(match buffer {
                    Some(buffer) => told.fill(buffer, page.unwrap_or(16_384)),
                    None => told.length(),
                })
            }
            _ => Err(Errno::INVAL),
        }
    }

    fn task_for_pid(&self, pid: i32) -> Result<PortName, KernReturn> {
        let (mut state, _) = self.mach(Call::TaskForPid)?;
        let world = &mut state.world;
        if pid == 0 {
            return Err(KernReturn::FAILURE);
        }
        let (task, rule) = match world.slot(pid) {
            Some(Slot::Described(process)) if world.caller.may_control(process) => {
                (process.task, process.port)
            }
            Some(Slot::Recorded(process)) => {
                let port = process.task_port;
                return recorded::port(world, pid, port, PortKind::Control).map_err(KernReturn);
            }
            _ => return Err(KernReturn::FAILURE),
        };
        world.give(task, rule)
    }

    fn own_task(&self) -> PortName {
        OWN_TASK
    }

    fn release_port(&self, port: PortName) -> Result<(), KernReturn> {
        let (mut state, _) = self.mach(Call::ReleasePort)?;
        state.world.ports.release(port)
    }

    fn region_recurse(
        &self,
        task: PortName,
        address: &mut u64,
        size: &mut u64,
        depth: &mut u32,
        info: &mut SubmapInfo,
    ) -> Result<(), KernReturn> {
        let (state, empty) = self.mach(Call::RegionRecurse)?;
        recurse(&state.world, empty, task, [address, size], depth, info)
    }

    fn region_recurse_short(
        &self,
        task: PortName,
        address: &mut u64,
        size: &mut u64,
        depth: &mut u32,
        info: &mut SubmapInfo,
    ) -> Result<(), KernReturn> {
        let (state, empty) = self.mach(Call::RegionRecurseShort)?;
        recurse(&state.world, empty, task, [address, size], depth, info)?;
        *info = SubmapInfo {
            pages_resident: 0,
            pages_shared_now_private: 0,
            pages_swapped_out: 0,
            pages_dirtied: 0,
            pages_reusable: 0,
            object_id_full: 0,
            ..info.clone()
        };
        Ok(())
    }

    fn task_vm_info(&self, task: PortName) -> Result<TaskVmInfo, KernReturn> {
        let (state, _) = self.mach(Call::TaskVmInfo)?;
        let world = &state.world;
        let task = match world.by_port(task, PortKind::Name)? {
            Asked::Task(task, _) => task,
            Asked::Recorded(process) => {
                return process.vm_info.clone().ok_or(KernReturn::INVALID_ARGUMENT);
            }
        };
        let entries = task.map.entries();
        Ok(TaskVmInfo {
            virtual_size: entries.iter().fold(0, |sum: u64, it| sum.saturating_add(it.size)),
            region_count: i32::try_from(entries.len()).unwrap_or(i32::MAX),
            page_size: i32::try_from(task.page_size).unwrap_or(i32::MAX),
            resident_size: 0,
            min_address: entries.first().map_or(0, |entry| entry.start),
            max_address: 0x7fff_fe00_0000,
        })
    }

    fn timebase(&self) -> Result<Timebase, KernReturn> {
        let (state, _) = self.mach(Call::Timebase)?;
        match &state.world.recorded_machine {
            Some(machine) => recorded::reply(machine.timebase.as_ref()).copied(),
            None => Ok(state.world.machine.timebase),
        }
    }

    fn set_region_info_flags(&self, flags: u32) -> Result<(), Errno> {
        let (mut state, _) = self.bsd(Call::SetRegionInfoFlags)?;
        state.world.skip_aliases = flags & REGION_INFO_SKIP_ALIASES != 0;
        Ok(())
    }

    fn own_stack_top(&self) -> Result<u64, Errno> {
        let (state, _) = self.bsd(Call::OwnStackTop)?;
        state.world.caller.stack_top.ok_or(Errno::NOENT)
    }

    fn own_images(&self, images: &mut Vec<Image>) {
        let (state, _) = self.enter(Call::OwnImages);
        images.clone_from(&state.world.images);
    }
}

/// `mach_vm_region_recurse`: in and out, the range and the depth; on an error nothing is changed.
fn recurse(
    world: &World,
    empty: bool,
    task: PortName,
    [address, size]: [&mut u64; 2],
    depth: &mut u32,
    info: &mut SubmapInfo,
) -> Result<(), KernReturn> {
    match world.by_port(task, PortKind::Read)? {
        Asked::Task(..) if empty => (*size, *depth, *info) = (0, 0, SubmapInfo::default()),
        Asked::Task(task, _) => {
            let page = u64::from(task.page_size.max(1).next_power_of_two());
            let leaf = map::find(&task.map, &world.submaps, *address & !(page - 1), *depth)
                .ok_or(KernReturn::INVALID_ADDRESS)?;
            world.fill_leaf(task, &leaf, info);
            *address = u64::try_from(leaf.start).unwrap_or(u64::MAX);
            *size = size_of(leaf.start, leaf.end);
            *depth = leaf.depth;
        }
        Asked::Recorded(process) => {
            let leaf = recorded::leaf(process, *address, *depth)?;
            (*address, *size, *depth) = (leaf.address, leaf.size, leaf.depth);
            *info = leaf.info;
        }
    }
    Ok(())
}

/// For tests of what a right of another kind does.
impl XnuModel {
    /// A right of this kind to the task of a described process, whatever the rules say: as
    /// `task_name_for_pid` and its like would give it. `None` where there is none.
    pub fn port_of_kind(&self, pid: i32, kind: PortKind) -> Option<PortName> {
        let mut state = self.state.lock();
        let task = state.world.process(pid)?.task;
        Some(state.world.ports.give(Holder::Task(task), kind))
    }
}
