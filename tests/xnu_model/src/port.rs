//! Names of task and thread ports in the model, with their references counted.

use std::collections::BTreeMap;

use mach_procfs::kernel::xnu::{KernReturn, PortKind, PortName};

use super::process::TaskId;

/// A right that the caller holds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Right {
    pub(super) holder: Holder,
    pub(super) kind: PortKind,
    references: u64,
}

/// The subject of a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Holder {
    Task(TaskId),
    /// Its thread with this id.
    Thread(TaskId, u64),
}

/// `mach_task_self`, whose references are not counted.
pub(super) const OWN_TASK: PortName = 0x203;

/// The caller's name space.
#[derive(Clone, Debug, Default)]
pub(super) struct Ports {
    rights: BTreeMap<PortName, Right>,
    names: BTreeMap<(Holder, PortKind), PortName>,
}

impl Ports {
    /// Adds a reference to the task or thread: the same name as long as one is held.
    pub(super) fn give(&mut self, holder: Holder, kind: PortKind) -> PortName {
        if let Some(name) = self.names.get(&(holder, kind))
            && let Some(right) = self.rights.get_mut(name)
        {
            right.references += 1;
            return *name;
        }
        let last = self.rights.last_key_value().map_or(OWN_TASK, |(name, _)| *name);
        let name = last.wrapping_add(0x100);
        self.rights.insert(name, Right { holder, kind, references: 1 });
        self.names.insert((holder, kind), name);
        name
    }

    pub(super) fn release(&mut self, name: PortName) -> Result<(), KernReturn> {
        let right = self.rights.get_mut(&name).ok_or(KernReturn::INVALID_NAME)?;
        right.references -= 1;
        if right.references == 0
            && let Some(gone) = self.rights.remove(&name)
        {
            self.names.remove(&(gone.holder, gone.kind));
        }
        Ok(())
    }

    pub(super) fn get(&self, name: PortName) -> Option<Right> {
        self.rights.get(&name).copied()
    }

    pub(super) fn references(&self) -> u64 {
        self.rights.values().map(|right| right.references).sum()
    }
}
