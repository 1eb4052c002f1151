//! Answers about the ports of a task.

use mach_procfs::kernel::xnu::{
    KernReturn, PORT_DEAD, PORT_NULL, PortKind, PortLimit, PortName, PortStatus, SpaceEntry,
};

use super::write::put_words;
use crate::calls::Call;
use crate::process::ModelProcess;
use crate::world::World;

/// `MACH_PORT_VALID`.
fn is_valid(name: PortName) -> bool {
    name != PORT_NULL && name != PORT_DEAD
}

/// The state of a port that the task receives from (`ipc_port_translate_receive`).
fn received(process: &ModelProcess, name: PortName) -> Result<PortStatus, KernReturn> {
    let right = process.facts.ports.iter().find(|port| port.entry.name == name);
    let right = right.filter(|port| port.entry.types != 0);
    right.ok_or(KernReturn::INVALID_NAME)?.status.ok_or(KernReturn::INVALID_RIGHT)
}

impl World {
    /// `mach_port_space_info`.
    pub(super) fn space(&self, task: PortName) -> Result<Vec<SpaceEntry>, KernReturn> {
        let (_, process) = self.by_port(task, PortKind::Read)?;
        // The table's first entry, which is never used, has a name as well.
        let first = SpaceEntry { name: 0xFF, ..SpaceEntry::default() };
        let entries = process.facts.ports.iter().map(|port| port.entry);
        Ok([first].into_iter().chain(entries).collect())
    }

    /// Flavors of `mach_port_get_attributes`.
    pub(super) fn about_port(
        &self,
        task: PortName,
        name: PortName,
        call: Call,
        words: &mut [u32],
    ) -> Result<usize, KernReturn> {
        let (_, process) = self.by_port(task, PortKind::Read)?;
        let status = received(process, name);
        let written = match call {
            // There must be room even for no answer.
            Call::PortLimit if words.is_empty() => None,
            Call::PortLimit if !is_valid(name) => Some(0),
            Call::PortLimit => put_words(&PortLimit { messages: status?.limit }, words),
            Call::PortStatus if words.len() * 4 < size_of::<PortStatus>() => None,
            Call::PortStatus if !is_valid(name) => return Err(KernReturn::INVALID_RIGHT),
            Call::PortStatus => put_words(&status?, words),
            _ => return Err(KernReturn::INVALID_ARGUMENT),
        };
        written.ok_or(KernReturn::FAILURE)
    }
}
