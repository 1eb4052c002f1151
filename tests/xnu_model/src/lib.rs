//! An in-memory XNU that answers [`XnuCalls`](mach_procfs::kernel::xnu::XnuCalls) as the kernel
//! would, from a description.
//!
//! It runs the Mach code without a Mac, and lets tests script faults ([`Fault`]). It follows XNU's
//! source (xnu-11417), is written from the kernel's side, and shares no code with the walk, so that
//! neither can hide the other's mistake. It sleeps only when it is asked to or a vnode is locked,
//! and panics only when it is asked to, whatever the arguments are.

mod answers;
mod arguments;
mod cache;
mod calls;
mod fault;
pub mod fixtures;
mod machine;
mod map;
mod mapping;
mod memory;
pub mod network;
mod object;
mod parts;
mod port;
mod process;
mod region;
mod shared_region;
mod world;

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use parking_lot::{Condvar, Mutex, MutexGuard};

pub use self::arguments::ArgumentArea;
pub use self::cache::{CacheForm, SyntheticCache};
pub use self::calls::Call;
pub use self::fault::{Change, Fault};
use self::fault::{Injected, Rule};
pub use self::machine::{Machine, size_of_sysctl};
pub use self::map::{Entry, Map, Mapped, SubmapId};
pub use self::memory::Memory;
pub use self::object::{ObjectId, Pager, Vnode, VnodeId};
pub use self::parts::{FileDetail, ModelFile, ModelPort, ModelThread, TaskFacts};
pub use self::process::{Caller, ModelProcess, PortRule};
pub use self::world::World;

/// The model.
#[derive(Default)]
pub struct XnuModel {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    world: World,
    rules: Vec<Rule>,
    counts: BTreeMap<Call, u64>,
    hanging: usize,
    released: bool,
    /// Locked vnodes, each with the number of its locks.
    locked: BTreeMap<VnodeId, usize>,
}

impl XnuModel {
    /// A kernel with this world.
    #[must_use]
    pub fn new(world: World) -> Self {
        XnuModel { state: Mutex::new(State { world, ..State::default() }), changed: Condvar::new() }
    }

    /// Looks at the world or changes it, between two calls.
    pub fn world<T>(&self, look: impl FnOnce(&mut World) -> T) -> T {
        look(&mut self.state.lock().world)
    }

    /// Injects a fault at the calls with these numbers, counted from 1 for each kind of call.
    pub fn at(&self, call: Call, numbers: RangeInclusive<u64>, fault: Fault) {
        self.state.lock().rules.push(Rule { call, numbers, fault });
    }

    /// Changes the world at one call.
    pub fn change_at(
        &self,
        call: Call,
        number: u64,
        change: impl FnMut(&mut World) + Send + 'static,
    ) {
        self.at(call, number..=number, Fault::Change(Box::new(change)));
    }

    /// Removes all faults at future calls.
    pub fn forget_rules(&self) {
        self.state.lock().rules.clear();
    }

    /// The number of times that this call was made.
    pub fn count(&self, call: Call) -> u64 {
        self.state.lock().counts.get(&call).copied().unwrap_or(0)
    }

    /// The number of times that each call was made.
    pub fn counts(&self) -> BTreeMap<Call, u64> {
        self.state.lock().counts.clone()
    }

    /// The number of calls in all.
    pub fn count_all(&self) -> u64 {
        self.state.lock().counts.values().sum()
    }

    /// The number of references to ports that the caller holds.
    pub fn live_ports(&self) -> u64 {
        self.state.lock().world.live_ports()
    }

    /// Waits until this many calls hang.
    pub fn wait_until_hanging(&self, calls: usize) {
        let mut state = self.state.lock();
        while state.hanging < calls {
            self.changed.wait(&mut state);
        }
    }

    /// Releases all hanging calls, present and future ones.
    pub fn release(&self) {
        self.state.lock().released = true;
        self.changed.notify_all();
    }

    /// The file system of this vnode serves a request about it and holds its lock: a call for its
    /// attributes waits until [`unlock_vnode`](Self::unlock_vnode).
    pub fn lock_vnode(&self, vnode: VnodeId) {
        *self.state.lock().locked.entry(vnode).or_default() += 1;
    }

    /// The request is answered, which releases the lock.
    pub fn unlock_vnode(&self, vnode: VnodeId) {
        let mut state = self.state.lock();
        if let Some(count) = state.locked.get_mut(&vnode) {
            *count -= 1;
            if *count == 0 {
                state.locked.remove(&vnode);
            }
        }
        self.changed.notify_all();
    }

    /// `vn_stat`, before it is answered: waits while the vnode of the call is locked.
    fn wait_for_vnodes(
        &self,
        state: &mut MutexGuard<'_, State>,
        is_about: impl Fn(&World, VnodeId) -> bool,
    ) {
        let waits = |state: &State| {
            let mut locked = state.locked.keys();
            !state.released && locked.any(|vnode| is_about(&state.world, *vnode))
        };
        if waits(state) {
            state.hanging += 1;
            self.changed.notify_all();
            while waits(state) {
                self.changed.wait(state);
            }
            state.hanging -= 1;
        }
    }

    /// Counts a call, and lets its faults happen.
    fn enter(&self, call: Call) -> (MutexGuard<'_, State>, Injected) {
        let mut state = self.state.lock();
        let number = {
            let count = state.counts.entry(call).or_default();
            *count += 1;
            *count
        };
        let mut injected = Injected::default();
        let mut rules = std::mem::take(&mut state.rules);
        for rule in &mut rules {
            if rule.call != call || !rule.numbers.contains(&number) {
                continue;
            }
            match &mut rule.fault {
                Fault::Change(change) => change(&mut state.world),
                Fault::Errno(errno) => injected.errno = Some(*errno),
                Fault::KernReturn(code) => injected.code = Some(*code),
                Fault::EmptyRegion => injected.empty = true,
                Fault::Hang => injected.hang = true,
                Fault::Panic => injected.panic = true,
            }
        }
        state.rules = rules;
        if injected.panic {
            drop(state);
            std::panic::resume_unwind(Box::new("a panic that was asked for"));
        }
        if injected.hang && !state.released {
            state.hanging += 1;
            self.changed.notify_all();
            while !state.released {
                self.changed.wait(&mut state);
            }
            state.hanging -= 1;
        }
        (state, injected)
    }
}
