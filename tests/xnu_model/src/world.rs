//! The state of the model, from which all calls are answered, and its changes.

use std::collections::BTreeMap;
use std::ops::Range;

use mach_procfs::kernel::xnu::{Image, PortName, ShortBsdInfo};

use super::machine::Machine;
use super::map::{Entry, Map, SubmapId};
use super::memory::Memory;
use super::object::{Objects, Vnode, VnodeId};
use super::port::Ports;
pub(super) use super::process::Task;
use super::process::{Caller, ModelProcess, TaskId, TaskState};

/// A kernel's processes, tasks, files and ports.
#[derive(Clone, Debug, Default)]
pub struct World {
    /// The caller.
    pub caller: Caller,
    /// The machine it runs on.
    pub machine: Machine,
    /// The images that dyld has loaded from the shared cache into the calling process.
    pub images: Vec<Image>,
    /// The shared cache in the calling process.
    pub cache_range: Range<u64>,
    /// The memory of that process.
    pub memory: Memory,
    /// In the order of their birth; then zombies in the order of their death.
    pub(super) processes: Vec<ModelProcess>,
    pub(super) tasks: BTreeMap<TaskId, Task>,
    pub(super) submaps: Vec<Map>,
    pub(super) objects: Objects,
    pub(super) vnodes: Vec<Vnode>,
    pub(super) ports: Ports,
    pub(super) skip_aliases: bool,
    next_task: TaskId,
}

/// The beginning and the end of processes.
impl World {
    /// A process is born, with an empty map. The caller chooses the pid: of two processes with one
    /// pid, look-ups find the first.
    pub fn spawn(&mut self, mut process: ModelProcess) {
        process.task = self.new_task(process.page_size);
        self.processes.push(process);
    }

    fn new_task(&mut self, page_size: u32) -> TaskId {
        self.next_task += 1;
        let task = Task { state: TaskState::Active, map: Map::default(), page_size };
        self.tasks.insert(self.next_task, task);
        self.next_task
    }

    /// The process with this pid.
    #[must_use]
    pub fn process(&self, pid: i32) -> Option<&ModelProcess> {
        self.processes.iter().find(|process| process.pid() == pid)
    }

    /// The process with this pid, to be changed.
    pub fn process_mut(&mut self, pid: i32) -> Option<&mut ModelProcess> {
        self.processes.iter_mut().find(|process| process.pid() == pid)
    }

    /// `exit`, up to where the map is empty and the port has lost its object; the process is not
    /// yet a zombie.
    pub fn begin_exit(&mut self, pid: i32) {
        let Some(process) = self.process_mut(pid) else { return };
        process.info.flags |= ShortBsdInfo::IN_EXIT;
        let task = process.task;
        self.end_task(task, TaskState::Inactive);
    }

    /// The rest of `exit`: a zombie, whose task ports are dead names.
    pub fn become_zombie(&mut self, pid: i32) {
        self.begin_exit(pid);
        let Some(process) = self.process_mut(pid) else { return };
        process.info.status = ShortBsdInfo::ZOMBIE;
        let task = process.task;
        self.end_task(task, TaskState::Destroyed);
        if let Some(index) = self.processes.iter().position(|process| process.pid() == pid) {
            let zombie = self.processes.remove(index);
            self.processes.push(zombie);
        }
    }

    /// The parent has waited for it: the pid is free.
    pub fn reap(&mut self, pid: i32) {
        self.become_zombie(pid);
        self.processes.retain(|process| process.pid() != pid);
    }

    /// Another process gets the pid.
    pub fn reuse(&mut self, pid: i32, successor: ModelProcess) {
        self.reap(pid);
        self.spawn(successor);
    }

    /// `execve`: another task with an empty map, another `p_idversion`, the same `p_uniqueid`; the
    /// old task's ports die.
    pub fn exec(&mut self, pid: i32) {
        let Some(page_size) = self.process(pid).map(|process| process.page_size) else { return };
        let new = self.new_task(page_size);
        let Some(process) = self.process_mut(pid) else { return };
        let old = std::mem::replace(&mut process.task, new);
        process.unique.id_version = process.unique.id_version.wrapping_add(1);
        self.end_task(old, TaskState::Destroyed);
    }

    fn end_task(&mut self, task: TaskId, state: TaskState) {
        if let Some(task) = self.tasks.get_mut(&task) {
            task.map = Map::default();
            task.state = state;
        }
    }

    /// Pids as `proc_listpids` returns them: the living, newest first and the kernel last, then the
    /// zombies.
    pub(super) fn pids(&self) -> Vec<i32> {
        let living = self.processes.iter().rev().filter(|process| !process.is_zombie());
        let (kernel, users): (Vec<i32>, Vec<i32>) =
            living.map(ModelProcess::pid).partition(|pid| *pid == 0);
        let zombies =
            self.processes.iter().filter(|process| process.is_zombie()).map(ModelProcess::pid);
        users.into_iter().chain(kernel).chain(zombies).collect()
    }

    /// The number of references to ports that the caller holds.
    #[must_use]
    pub fn live_ports(&self) -> u64 {
        self.ports.references()
    }

    pub(super) fn task_of(&self, process: &ModelProcess) -> Option<&Task> {
        self.tasks.get(&process.task)
    }

    pub(super) fn is_own(name: PortName) -> bool {
        name == super::port::OWN_TASK
    }
}

/// Files and submaps.
impl World {
    /// Adds a file.
    pub fn vnode(&mut self, vnode: Vnode) -> VnodeId {
        self.vnodes.push(vnode);
        VnodeId(self.vnodes.len() - 1)
    }

    /// The file, to be changed: unlinked, renamed, recycled.
    pub fn vnode_mut(&mut self, id: VnodeId) -> Option<&mut Vnode> {
        self.vnodes.get_mut(id.0)
    }

    /// A submap of these entries, to be mapped with [`Mapped::Submap`](super::Mapped::Submap).
    pub fn submap(&mut self, entries: impl IntoIterator<Item = Entry>) -> SubmapId {
        let mut map = Map::default();
        for entry in entries {
            map.insert(entry);
        }
        self.submaps.push(map);
        SubmapId(self.submaps.len() - 1)
    }

    /// The map of a process.
    #[must_use]
    pub fn map(&self, pid: i32) -> Option<&Map> {
        Some(&self.task_of(self.process(pid)?)?.map)
    }

    pub(super) fn map_mut(&mut self, pid: i32) -> Option<&mut Map> {
        let task = self.process(pid)?.task;
        Some(&mut self.tasks.get_mut(&task)?.map)
    }
}
