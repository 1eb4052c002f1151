//! Answers about threads by port.

use super::super::super::calls::{
    KernReturn, PortName, StateFlavor, ThreadBasicInfo, ThreadCalls, ThreadIdentifier, ThreadInfo,
};
use super::super::XnuModel;
use super::super::fault::Call;
use super::super::parts::ModelThread;
use super::super::port::{Holder, PortKind};
use super::super::world::World;
use super::Asked;
use super::task::from_nanoseconds;

/// A thread that lives.
struct Found<'a> {
    id: u64,
    info: &'a ThreadInfo,
    more: Option<&'a ModelThread>,
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
                Found { id, info, more: process.facts.threads.get(&id) }
            }
            Holder::Task(_) | Holder::Recorded(_) => return Err(KernReturn::INVALID_ARGUMENT),
        };
        if right.kind.is_at_least(least) { Ok(found) } else { Err(KernReturn::INVALID_ARGUMENT) }
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
            Asked::Recorded(_) => return Err(KernReturn::NOT_SUPPORTED),
        };
        let kind = world.ports.get(task).map_or(PortKind::Control, |right| right.kind);
        Ok(holders.into_iter().map(|holder| world.ports.give(holder, kind)).collect())
    }

    fn thread_identifier(&self, thread: PortName) -> Result<ThreadIdentifier, KernReturn> {
        let (state, _) = self.mach(Call::ThreadIdentifier)?;
        let found = state.world.thread(thread, PortKind::Inspect)?;
        Ok(ThreadIdentifier {
            id: found.id,
            handle: found.more.map_or(0, |more| more.handle),
            dispatch_queue: found.more.map_or(0, |more| more.dispatch_queue),
        })
    }

    fn thread_basic_info(&self, thread: PortName) -> Result<ThreadBasicInfo, KernReturn> {
        let (state, _) = self.mach(Call::ThreadBasicInfo)?;
        let Found { info, more, .. } = state.world.thread(thread, PortKind::Inspect)?;
        Ok(ThreadBasicInfo {
            user_time: from_nanoseconds(info.user_time),
            system_time: from_nanoseconds(info.system_time),
            cpu_usage: info.cpu_usage,
            policy: info.policy,
            run_state: info.run_state,
            flags: info.flags,
            suspend_count: more.map_or(0, |more| more.suspend_count),
            sleep_time: 0,
        })
    }

    fn thread_state(
        &self,
        thread: PortName,
        flavor: StateFlavor,
        words: &mut [u32],
    ) -> Result<usize, KernReturn> {
        let (state, _) = self.mach(Call::ThreadState)?;
        let found = state.world.thread(thread, PortKind::Read)?;
        let sets = StateFlavor::of_cpu(state.world.machine.cpu_type());
        let set = sets.iter().find(|(known, _)| *known == flavor);
        let (_, length) = *set.ok_or(KernReturn::INVALID_ARGUMENT)?;
        let room = words.get_mut(..length).ok_or(KernReturn::INVALID_ARGUMENT)?;
        room.fill(0);
        let registers = found.more.and_then(|more| more.registers.get(&flavor));
        for (to, word) in room.iter_mut().zip(registers.into_iter().flatten()) {
            *to = *word;
        }
        Ok(length)
    }
}
