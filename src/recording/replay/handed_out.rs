//! Names of ports that a replay has given and that were not yet released.

use parking_lot::Mutex;

use crate::kernel::xnu::{KernReturn, PortName};

/// The subject of a port: a process by its place, and a thread by its row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holder {
    Task(usize),
    Thread(usize, usize),
}

/// `KERN_RESOURCE_SHORTAGE`.
const RESOURCE_SHORTAGE: KernReturn = KernReturn(6);

/// The first name, and the distance to the next one, like a kernel's.
const FIRST: PortName = 0x303;
const STEP: PortName = 0x100;

#[derive(Debug, Default)]
pub(super) struct HandedOut(Mutex<Names>);

#[derive(Debug, Default)]
struct Names {
    /// Subjects by name; `None` for a name that is free.
    holders: Vec<Option<Holder>>,
    free: Vec<usize>,
}

impl HandedOut {
    /// Hands out a new name.
    pub(super) fn give(&self, holder: Holder) -> Result<PortName, KernReturn> {
        let mut names = self.0.lock();
        let at = names.free.pop().unwrap_or(names.holders.len());
        let name = u32::try_from(at).ok().and_then(|at| at.checked_mul(STEP)?.checked_add(FIRST));
        let name = name.ok_or(RESOURCE_SHORTAGE)?;
        match names.holders.get_mut(at) {
            Some(free) => *free = Some(holder),
            None => names.holders.push(Some(holder)),
        }
        Ok(name)
    }

    pub(super) fn get(&self, name: PortName) -> Option<Holder> {
        self.0.lock().holders.get(place(name)?).copied().flatten()
    }

    pub(super) fn release(&self, name: PortName) -> Result<(), KernReturn> {
        let mut names = self.0.lock();
        let place = place(name).ok_or(KernReturn::INVALID_NAME)?;
        let holder = names.holders.get_mut(place).and_then(Option::take);
        holder.ok_or(KernReturn::INVALID_NAME)?;
        names.free.push(place);
        Ok(())
    }

    pub(super) fn count(&self) -> usize {
        let names = self.0.lock();
        names.holders.len() - names.free.len()
    }
}

fn place(name: PortName) -> Option<usize> {
    let from_first = name.checked_sub(FIRST)?;
    from_first.is_multiple_of(STEP).then(|| usize::try_from(from_first / STEP).ok()).flatten()
}
