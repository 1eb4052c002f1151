//! Answers about threads by port.

use super::super::super::calls::{
    KernReturn, PORT_NULL, PortName, StateFlavor, ThreadBasicInfo, ThreadCalls, ThreadIdentifier,
    ThreadInfo,
};
use super::super::super::recording::{RecordedThreadPort, Words};
use super::super::XnuModel;
use super::super::fault::Call;
use super::super::parts::ModelThread;
use super::super::port::{Holder, PortKind};
use super::super::recorded;
use super::super::world::World;
use super::task::from_nanoseconds;
use super::{Asked, Slot};

/// A thread that lives.
enum Found<'a> {
    Described { id: u64, info: &'a ThreadInfo, more: Option<&'a ModelThread> },
    Recorded(&'a RecordedThreadPort),
}

impl World {
    /// What a thread port leads to, if it is of this kind or a stronger one.
    fn thread(&self, port: PortName, least: PortKind) -> Result<Found<'_>, KernReturn> {
        let right = self.ports.get(port).ok_or(KernReturn::INVALID_DEST)?;
        let found = match right.holder {
            Holder::Thread(task, id) => {
                let (_, process) = self.active(task)?;
                let info = process.threads.iter().find(|(thread, _)| *thread == id);
                let (_, info) = info.ok_or(KernReturn::INVALID_DEST)?;
                Found::Described { id, info, more: process.facts.threads.get(&id) }
            }
            Holder::RecordedThread(pid, number) => {
                let Some(Slot::Recorded(process)) = self.slot(pid) else {
                    return Err(KernReturn::INVALID_DEST);
                };
                let threads = recorded::reply(process.thread_ports.as_ref())?;
                Found::Recorded(threads.get(number).ok_or(KernReturn::INVALID_DEST)?)
            }
            Holder::Task(_) | Holder::Recorded(_) => return Err(KernReturn::INVALID_ARGUMENT),
        };
        if right.kind.is_at_least(least) { Ok(found) } else { Err(KernReturn::INVALID_ARGUMENT) }
    }

    /// The words of a set of registers.
    fn registers(&self, found: &Found<'_>, flavor: StateFlavor) -> Result<Vec<u32>, KernReturn> {
        match found {
            Found::Described { more, .. } => {
                let sets = StateFlavor::of_cpu(self.machine.cpu_type());
                let set = sets.iter().find(|(known, _)| *known == flavor);
                let (_, length) = *set.ok_or(KernReturn::INVALID_ARGUMENT)?;
                let described = more.and_then(|more| more.registers.get(&flavor));
                let words = described.into_iter().flatten().copied();
                Ok(words.chain(std::iter::repeat(0)).take(length).collect())
            }
            Found::Recorded(thread) => {
                let state = thread.states.iter().find(|state| state.flavor == flavor);
                let Words(words) = recorded::reply(state.map(|state| &state.words))?;
                Ok(words.clone())
            }
        }
    }
}

impl ThreadCalls for XnuModel {
    fn task_threads(&self, task: PortName) -> Result<Vec<PortName>, KernReturn> {
        let (mut state, _) = self.mach(Call::TaskThreads)?;
        let world = &mut state.world;
        let holders: Vec<Holder> = match world.by_port(task, PortKind::Inspect)? {
            Asked::Task(_, process) => {
                process.threads.iter().map(|(id, _)| Holder::Thread(process.task, *id)).collect()
            }
            Asked::Recorded(process) => {
                let threads = recorded::reply(process.thread_ports.as_ref())?;
                let numbers = 0..threads.len();
                numbers.map(|number| Holder::RecordedThread(process.pid, number)).collect()
            }
        };
        let kind = world.ports.get(task).map_or(PortKind::Control, |right| right.kind);
        Ok(holders.into_iter().map(|holder| world.ports.give(holder, kind)).collect())
    }

    fn thread_port(&self, task: PortName, id: u64) -> Result<Option<PortName>, KernReturn> {
        let (mut state, _) = self.mach(Call::ThreadPort)?;
        let world = &mut state.world;
        let holder = match world.by_port(task, PortKind::Inspect)? {
            Asked::Task(..) => return Ok(None),
            Asked::Recorded(process) => {
                recorded::reply(process.thread_ports.as_ref())?;
                let place = process.thread_port(id);
                place.map(|place| Holder::RecordedThread(process.pid, place))
            }
        };
        let kind = world.ports.get(task).map_or(PortKind::Control, |right| right.kind);
        Ok(Some(holder.map_or(PORT_NULL, |holder| world.ports.give(holder, kind))))
    }

    fn thread_identifier(&self, thread: PortName) -> Result<ThreadIdentifier, KernReturn> {
        let (state, _) = self.mach(Call::ThreadIdentifier)?;
        match state.world.thread(thread, PortKind::Inspect)? {
            Found::Described { id, more, .. } => Ok(ThreadIdentifier {
                id,
                handle: more.map_or(0, |more| more.handle),
                dispatch_queue: more.map_or(0, |more| more.dispatch_queue),
            }),
            Found::Recorded(thread) => thread.identifier.get().copied(),
        }
    }

    fn thread_basic_info(&self, thread: PortName) -> Result<ThreadBasicInfo, KernReturn> {
        let (state, _) = self.mach(Call::ThreadBasicInfo)?;
        match state.world.thread(thread, PortKind::Inspect)? {
            Found::Described { info, more, .. } => Ok(ThreadBasicInfo {
                user_time: from_nanoseconds(info.user_time),
                system_time: from_nanoseconds(info.system_time),
                cpu_usage: info.cpu_usage,
                policy: info.policy,
                run_state: info.run_state,
                flags: info.flags,
                suspend_count: more.map_or(0, |more| more.suspend_count),
                sleep_time: 0,
            }),
            Found::Recorded(thread) => thread.basic_info.get().copied(),
        }
    }

    fn thread_state(
        &self,
        thread: PortName,
        flavor: StateFlavor,
        words: &mut [u32],
    ) -> Result<usize, KernReturn> {
        let (state, _) = self.mach(Call::ThreadState)?;
        let found = state.world.thread(thread, PortKind::Read)?;
        let registers = state.world.registers(&found, flavor)?;
        let room = words.get_mut(..registers.len()).ok_or(KernReturn::INVALID_ARGUMENT)?;
        room.copy_from_slice(&registers);
        Ok(registers.len())
    }
}
