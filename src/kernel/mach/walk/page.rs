//! How large the pages are that the kernel counts.

use super::super::queries;
use super::super::target::Target;
use super::source::Source;
use crate::kernel::Detail;
use crate::kernel::xnu::{PortKind, PortName, ShortBsdInfo, TaskPort, TaskVmInfo, Typed, XnuCalls};

/// The smallest page of any task, and the one of a translated program.
const LEAST: u64 = 4096;

/// That of any other on Apple silicon.
const USUAL: u64 = 16_384;

/// Bytes of a page in the counts that a walk gets, 0 where that is not known or counts are not
/// wanted: of the pages of the process and of this program the smaller ones
/// (`vm_self_region_page_shift`).
pub(super) fn page_size<C: XnuCalls>(
    target: &Target<C>,
    source: &Source<C>,
    detail: Detail,
) -> u64 {
    if detail == Detail::Map {
        return 0;
    }
    let calls = target.calls.as_ref();
    let Some(own) = of(calls, calls.own_task()).or_else(|| of_machine(calls)) else {
        // In a replay there is no program of this kernel that asks, and maybe no machine.
        return of_task(target, source).unwrap_or(0);
    };
    if own == LEAST {
        return LEAST;
    }
    of_task(target, source).unwrap_or_else(|| if_not_told(target)).min(own)
}

/// The page of the process's task, as any port of it tells.
fn of_task<C: XnuCalls>(target: &Target<C>, source: &Source<C>) -> Option<u64> {
    let (calls, pid) = (&target.calls, target.number());
    if let Source::Leaves(port, _) = source {
        return of(calls.as_ref(), port.name());
    }
    let of_port = |port: Option<TaskPort<C>>| port.and_then(|it| of(calls.as_ref(), it.name()));
    let by_name = TaskPort::for_pid(calls, PortKind::Name, pid).ok().flatten();
    // A recording may have another port only; there no access server is waited for.
    let is_replay = calls.own_pid() == 0;
    of_port(by_name).or_else(|| {
        is_replay
            .then(|| of_port(TaskPort::for_pid(calls, PortKind::Control, pid).ok().flatten()))
            .flatten()
    })
}

/// The kernel counts in pages of this size, whether it gives a port or not.
fn if_not_told<C: XnuCalls>(target: &Target<C>) -> u64 {
    let info = target.calls.pid::<ShortBsdInfo>(target.number(), 1);
    let translated = info.is_ok_and(|info| info.flags & ShortBsdInfo::TRANSLATED != 0);
    if translated { LEAST } else { USUAL }
}

/// That of the machine's own programs, one of which has recorded what is replayed.
fn of_machine<C: XnuCalls>(calls: &C) -> Option<u64> {
    queries::page_size(calls).ok().filter(|size| is_page(*size))
}

fn of<C: XnuCalls>(calls: &C, task: PortName) -> Option<u64> {
    let info = calls.task::<TaskVmInfo>(task).ok()?;
    u64::try_from(info.page_size).ok().filter(|size| is_page(*size))
}

fn is_page(size: u64) -> bool {
    size >= LEAST && size.is_power_of_two()
}
