//! Faults, by call and number.

use std::ops::RangeInclusive;

use mach_procfs::kernel::xnu::{Errno, KernReturn};

use super::calls::Call;
use super::world::World;

/// A change to the world, made just before a call is answered.
pub type Change = Box<dyn FnMut(&mut World) + Send>;

/// The effect of a fault.
pub enum Fault {
    /// The world changes, then the call is answered from its new state.
    Change(Change),
    /// The BSD call fails.
    Errno(Errno),
    /// The Mach call fails.
    KernReturn(KernReturn),
    /// The region call succeeds with a region of no bytes at the requested address.
    EmptyRegion,
    /// The call does not return until [`XnuModel::release`](super::XnuModel::release).
    Hang,
    /// The caller panics, as by a bug of its own.
    Panic,
}

/// A fault and its calls.
pub(super) struct Rule {
    pub(super) call: Call,
    /// Counted from 1, for each kind of call.
    pub(super) numbers: RangeInclusive<u64>,
    pub(super) fault: Fault,
}

/// The outcome of the rules for a call.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Injected {
    pub(super) errno: Option<Errno>,
    pub(super) code: Option<KernReturn>,
    pub(super) empty: bool,
    pub(super) hang: bool,
    pub(super) panic: bool,
}
