//! Answers about threads by port.

use mach_procfs::kernel::xnu::{
    KernReturn, PortKind, PortName, StateFlavor, ThreadBasicInfo, ThreadIdentifier, ThreadInfo,
};

use super::task::from_nanoseconds;
use super::write::put_words;
use crate::calls::Call;
use crate::parts::ModelThread;
use crate::port::Holder;
use crate::world::World;

/// A living thread: its id and its values.
struct Found<'a> {
    id: u64,
    info: &'a ThreadInfo,
    more: Option<&'a ModelThread>,
}

impl World {
    /// The thread of a port, if the port is of this kind or a stronger one.
    fn thread(&self, port: PortName, least: PortKind) -> Result<Found<'_>, KernReturn> {
        let right = self.ports.get(port).ok_or(KernReturn::INVALID_DEST)?;
        let Holder::Thread(task, id) = right.holder else {
            return Err(KernReturn::INVALID_ARGUMENT);
        };
        let (_, process) = self.active(task)?;
        let found = process.threads.iter().find(|(thread, _)| *thread == id);
        let (_, info) = found.ok_or(KernReturn::INVALID_DEST)?;
        if right.kind > least {
            return Err(KernReturn::INVALID_ARGUMENT);
        }
        Ok(Found { id, info, more: process.facts.threads.get(&id) })
    }

    /// `task_threads`: ports of the kind of the task's port.
    pub(super) fn threads(&mut self, task: PortName) -> Result<Vec<PortName>, KernReturn> {
        let (_, process) = self.by_port(task, PortKind::Inspect)?;
        let holders: Vec<Holder> =
            process.threads.iter().map(|(id, _)| Holder::Thread(process.task, *id)).collect();
        let kind = self.ports.get(task).map_or(PortKind::Control, |right| right.kind);
        Ok(holders.into_iter().map(|holder| self.ports.give(holder, kind)).collect())
    }

    /// Flavors of `thread_info`.
    pub(super) fn about_thread(
        &self,
        thread: PortName,
        call: Call,
        words: &mut [u32],
    ) -> Result<usize, KernReturn> {
        let Found { id, info, more } = self.thread(thread, PortKind::Inspect)?;
        let written = match call {
            Call::ThreadIdentifier => {
                let handle = more.map_or(0, |more| more.handle);
                let dispatch_queue = more.map_or(0, |more| more.dispatch_queue);
                put_words(&ThreadIdentifier { id, handle, dispatch_queue }, words)
            }
            Call::ThreadBasicInfo => {
                let basic = ThreadBasicInfo {
                    user_time: from_nanoseconds(info.user_time),
                    system_time: from_nanoseconds(info.system_time),
                    cpu_usage: info.cpu_usage,
                    policy: info.policy,
                    run_state: info.run_state,
                    flags: info.flags,
                    suspend_count: more.map_or(0, |more| more.suspend_count),
                    sleep_time: 0,
                };
                put_words(&basic, words)
            }
            _ => None,
        };
        written.ok_or(KernReturn::INVALID_ARGUMENT)
    }

    /// `thread_get_state`: the words of a set of registers of this machine.
    pub(super) fn registers(
        &self,
        thread: PortName,
        flavor: StateFlavor,
        words: &mut [u32],
    ) -> Result<usize, KernReturn> {
        let found = self.thread(thread, PortKind::Read)?;
        let sets = StateFlavor::of_cpu(self.machine.cpu_type());
        let set = sets.iter().find(|(known, _)| *known == flavor);
        let (_, length) = *set.ok_or(KernReturn::INVALID_ARGUMENT)?;
        let room = words.get_mut(..length).ok_or(KernReturn::INVALID_ARGUMENT)?;
        let described = found.more.and_then(|more| more.registers.get(&flavor));
        let registers = described.into_iter().flatten().copied().chain(std::iter::repeat(0));
        room.iter_mut().zip(registers).for_each(|(to, word)| *to = word);
        Ok(length)
    }
}
