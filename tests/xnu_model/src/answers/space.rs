//! Answers about the ports that a task has.

use super::super::super::calls::{KernReturn, PortName, PortStatus, SpaceCalls, SpaceEntry};
use super::super::XnuModel;
use super::super::fault::Call;
use super::super::port::PortKind;
use super::super::recorded;
use super::super::world::World;
use super::Asked;

/// The table's first entry, which is never used, has a name all the same.
const FIRST: SpaceEntry = SpaceEntry { name: 0xFF, types: 0, references: 0, object: 0 };

/// `MACH_PORT_VALID`.
fn is_valid(name: PortName) -> bool {
    name != 0 && name != u32::MAX
}

impl World {
    /// The state of a port that the task receives from (`ipc_port_translate_receive`).
    fn received(&self, task: PortName, name: PortName) -> Result<PortStatus, KernReturn> {
        match self.by_port(task, PortKind::Read)? {
            Asked::Task(_, process) => {
                let right = process.facts.ports.iter().find(|port| port.entry.name == name);
                let right = right.filter(|port| port.entry.types != 0);
                right.ok_or(KernReturn::INVALID_NAME)?.status.ok_or(KernReturn::INVALID_RIGHT)
            }
            Asked::Recorded(process) => {
                recorded::reply(process.ports.as_ref())?;
                let right = process.right(name).filter(|right| right.entry.types != 0);
                let right = right.ok_or(KernReturn::INVALID_NAME)?;
                if right.entry.types & SpaceEntry::RECEIVE == 0 {
                    return Err(KernReturn::INVALID_RIGHT);
                }
                recorded::reply(right.status.as_deref()).copied()
            }
        }
    }
}

impl SpaceCalls for XnuModel {
    fn space_info(&self, task: PortName) -> Result<Vec<SpaceEntry>, KernReturn> {
        let (state, _) = self.mach(Call::SpaceInfo)?;
        match state.world.by_port(task, PortKind::Read)? {
            Asked::Task(_, process) => {
                let entries = process.facts.ports.iter().map(|port| port.entry);
                Ok([FIRST].into_iter().chain(entries).collect())
            }
            Asked::Recorded(process) => {
                let rights = recorded::reply(process.ports.as_ref())?;
                Ok(rights.iter().map(|right| right.entry).collect())
            }
        }
    }

    fn port_limit(&self, task: PortName, name: PortName) -> Result<Option<u32>, KernReturn> {
        let (state, _) = self.mach(Call::PortLimit)?;
        match state.world.received(task, name) {
            Err(KernReturn::INVALID_NAME) if !is_valid(name) => Ok(None),
            status => Ok(Some(status?.limit)),
        }
    }

    fn port_status(&self, task: PortName, name: PortName) -> Result<PortStatus, KernReturn> {
        let (state, _) = self.mach(Call::PortStatus)?;
        match state.world.received(task, name) {
            Err(KernReturn::INVALID_NAME) if !is_valid(name) => Err(KernReturn::INVALID_RIGHT),
            status => status,
        }
    }
}
