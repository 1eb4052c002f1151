//! The state of the model: all that the calls are answered from, and how it changes.

use std::collections::{BTreeMap, HashMap};

use super::super::calls::{Errno, Image, PortName, ShortBsdInfo};
use super::super::recording::{Moment, RecordedImage, RecordedMachine, RecordedProcess};
use super::machine::Machine;
use super::map::{Entry, Map, SubmapId};
use super::object::{Objects, Vnode, VnodeId};
use super::port::Ports;
pub(super) use super::process::Task;
use super::process::{Caller, ModelProcess, Slot, TaskId, TaskState};
use super::rows::Rows;

/// A kernel's processes, tasks, files and ports.
#[derive(Clone, Debug, Default)]
pub struct World {
    /// Who asks.
    pub caller: Caller,
    /// The machine it runs on.
    pub machine: Machine,
    /// What dyld has loaded from the shared cache into the process that asks.
    pub images: Vec<Image>,
    /// In the order of their birth; zombies in the order of their death, behind.
    pub(super) processes: Vec<Slot>,
    pub(super) tasks: BTreeMap<TaskId, Task>,
    pub(super) submaps: Vec<Map>,
    pub(super) objects: Objects,
    pub(super) vnodes: Vec<Vnode>,
    pub(super) ports: Ports,
    /// What was recorded of the Mach-O files that are mapped, by path and offset.
    pub(super) recorded_images: HashMap<(Vec<u8>, u64), RecordedImage>,
    /// The machine where it is not described but recorded.
    /// Where the recorded processes stand, unless another has gone since.
    recorded_places: HashMap<i32, usize>,
    pub(super) recorded_machine: Option<RecordedMachine>,
    /// When it was recorded.
    pub(super) recorded_at: Option<Moment>,
    pub(super) skip_aliases: bool,
    next_task: TaskId,
}

/// Processes: their beginning and end.
impl World {
    /// A process is born, with an empty map. Pids are the caller's business: where one is in use
    /// already the first process is the one that is found.
    pub fn spawn(&mut self, mut process: ModelProcess) {
        process.task = self.new_task(process.page_size);
        self.processes.push(Slot::Described(Box::new(process)));
    }

    /// A recorded process is there.
    pub(super) fn add_recorded(&mut self, process: RecordedProcess) {
        self.recorded_places.insert(process.pid, self.processes.len());
        self.processes.push(Slot::Recorded(Box::new(Rows::new(process))));
    }

    fn new_task(&mut self, page_size: u32) -> TaskId {
        self.next_task += 1;
        let task = Task { state: TaskState::Active, map: Map::default(), page_size };
        self.tasks.insert(self.next_task, task);
        self.next_task
    }

    /// The described process with this pid.
    #[must_use]
    pub fn process(&self, pid: i32) -> Option<&ModelProcess> {
        match self.slot(pid)? {
            Slot::Described(process) => Some(process),
            Slot::Recorded(_) => None,
        }
    }

    /// The same, to be changed.
    pub fn process_mut(&mut self, pid: i32) -> Option<&mut ModelProcess> {
        match self.processes.iter_mut().find(|slot| slot.pid() == pid)? {
            Slot::Described(process) => Some(process),
            Slot::Recorded(_) => None,
        }
    }

    pub(super) fn slot(&self, pid: i32) -> Option<&Slot> {
        let place = self.recorded_places.get(&pid);
        let recorded = place.and_then(|place| self.processes.get(*place));
        recorded
            .filter(|slot| slot.pid() == pid)
            .or_else(|| self.processes.iter().find(|slot| slot.pid() == pid))
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
        if let Some(index) = self.processes.iter().position(|slot| slot.pid() == pid) {
            let zombie = self.processes.remove(index);
            self.processes.push(zombie);
        }
    }

    /// The parent has waited for it: the pid is free.
    pub fn reap(&mut self, pid: i32) {
        self.become_zombie(pid);
        self.processes.retain(|slot| slot.pid() != pid);
    }

    /// The pid is another process's.
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

    /// Pids as `proc_listpids` has them: the living, newest first and the kernel last, then the
    /// zombies.
    pub(super) fn pids(&self) -> Vec<i32> {
        let living = self.processes.iter().rev().filter(|slot| !slot.is_zombie());
        let (kernel, users): (Vec<i32>, Vec<i32>) =
            living.map(Slot::pid).partition(|pid| *pid == 0);
        let zombies = self.processes.iter().filter(|slot| slot.is_zombie()).map(Slot::pid);
        users.into_iter().chain(kernel).chain(zombies).collect()
    }

    /// How many references to ports the caller holds.
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

/// Flavor, size of its struct in bytes, and whether anybody may ask about anybody.
const FLAVORS: [(i32, usize, bool); 17] = [
    (1, 8, false),
    (2, 232, false),
    (3, 136, false),
    (4, 96, false),
    (5, 112, false),
    (6, 8, false),
    (7, 96, false),
    (8, 1272, false),
    (9, 2352, false),
    (11, 1024, true),
    (13, 64, true),
    (15, 112, false),
    (17, 56, true),
    (18, 192, false),
    (22, 1272, false),
    (28, 8, false),
    (31, 1040, false),
];

/// The checks of `proc_pidinfo` before it does its work.
impl World {
    /// Whether this call gets as far as its work, with the checks in the kernel's own order. For
    /// a recorded process the uid rule is left out: the answer was given when it was recorded.
    ///
    /// # Errors
    /// As the kernel.
    pub fn check(&self, pid: i32, flavor: i32, arg: u64, size: usize) -> Result<(), Errno> {
        if pid == 0 && matches!(flavor, 7 | 8 | 22 | 23 | 31) {
            return Err(Errno::PERM);
        }
        let (_, least, anybody) =
            FLAVORS.iter().find(|(number, _, _)| *number == flavor).copied().ok_or(Errno::INVAL)?;
        if size < least {
            return Err(Errno::NOMEM);
        }
        if flavor == 11 && size > 4096 {
            return Err(Errno::OVERFLOW);
        }
        let slot = self.slot(pid).ok_or(Errno::SRCH)?;
        let zombies = matches!(flavor, 3 | 13 | 17 | 18) && arg != 0;
        if slot.is_zombie() && !zombies {
            return Err(Errno::SRCH);
        }
        if anybody { Ok(()) } else { self.may_see(slot) }
    }

    /// The living process with this pid, where the caller may look at its open files: the checks
    /// of `proc_pidfdinfo`, which come behind that of the size.
    pub(super) fn owner_of_files(&self, pid: i32) -> Result<&Slot, Errno> {
        let slot = self.slot(pid).filter(|slot| !slot.is_zombie()).ok_or(Errno::SRCH)?;
        self.may_see(slot)?;
        Ok(slot)
    }

    fn may_see(&self, slot: &Slot) -> Result<(), Errno> {
        match slot {
            Slot::Described(process) => self.caller.may_see(process),
            Slot::Recorded(_) => Ok(()),
        }
    }
}

/// Files and submaps.
impl World {
    /// A file is there.
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

    /// The map of a described process.
    #[must_use]
    pub fn map(&self, pid: i32) -> Option<&Map> {
        Some(&self.task_of(self.process(pid)?)?.map)
    }

    pub(super) fn map_mut(&mut self, pid: i32) -> Option<&mut Map> {
        let task = self.process(pid)?.task;
        Some(&mut self.tasks.get_mut(&task)?.map)
    }
}
