//! The size of the pages that the kernel counts.

use super::super::queries;
use super::super::target::Target;
use crate::kernel::Detail;
use crate::kernel::xnu::{PortKind, PortName, TaskPort, TaskVmInfo, Typed, XnuCalls};

/// The smallest page of any task, and the page of a translated program, in bytes.
const LEAST: u64 = 4096;

/// The page of other programs on Apple silicon, in bytes.
const USUAL: u64 = 16_384;

/// Bytes of a page in a walk's counts, 0 if they are unknown or no counts are wanted: the smaller
/// one of the process's page and this program's (`vm_self_region_page_shift`). `port` is a port to
/// the process, if the walk has one.
pub(super) fn page_size<C: XnuCalls>(
    target: &Target<C>,
    port: Option<&TaskPort<C>>,
    detail: Detail,
) -> u64 {
    if matches!(detail, Detail::Map | Detail::Attributes) {
        return 0;
    }
    let calls = target.calls.as_ref();
    let Some(own) = of(calls, calls.own_task()).or_else(|| of_machine(calls)) else {
        // In a replay no program of this kernel asks, and there may be no machine.
        return of_task(target, port).unwrap_or(0);
    };
    if own == LEAST || target.number() == calls.own_pid() {
        return own;
    }
    of_task(target, port).unwrap_or_else(|| page_without_port(target)).min(own)
}

/// The page of the process's task, which any port to it reports.
fn of_task<C: XnuCalls>(target: &Target<C>, port: Option<&TaskPort<C>>) -> Option<u64> {
    let (calls, pid) = (&target.calls, target.number());
    if let Some(port) = port {
        return of(calls.as_ref(), port.name());
    }
    let of_port = |port: Option<TaskPort<C>>| port.and_then(|it| of(calls.as_ref(), it.name()));
    let by_name = TaskPort::for_pid(calls, PortKind::Name, pid).ok().flatten();
    // A recording may have another port only. A replay asks no access server for it.
    let is_replay = calls.own_pid() == 0;
    of_port(by_name).or_else(|| {
        is_replay
            .then(|| of_port(TaskPort::for_pid(calls, PortKind::Control, pid).ok().flatten()))
            .flatten()
    })
}

/// The kernel counts in pages of this size, whether it gives a port or not.
fn page_without_port<C: XnuCalls>(target: &Target<C>) -> u64 {
    if target.is_translated() { LEAST } else { USUAL }
}

/// The page of the machine's own programs, one of which made the recording.
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
