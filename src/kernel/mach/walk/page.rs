//! How large the pages are that the kernel counts.

use super::super::calls::{PortName, TaskPort, XnuCalls};
use super::super::target::Target;
use super::source::Source;
use crate::kernel::Detail;

/// The smallest page of any task.
const LEAST: u64 = 4096;

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
    let calls = &target.calls;
    let own = of(calls.as_ref(), calls.own_task());
    if own == Some(LEAST) {
        return LEAST;
    }
    let its = match source {
        Source::Leaves(port) => of(calls.as_ref(), port.name()),
        Source::TopLevel => {
            let pid = target.number();
            // A recording has the control port only; there no access server is waited for.
            let is_replay = calls.own_pid() == 0;
            let port = if is_replay {
                TaskPort::for_pid(calls, pid)
            } else {
                TaskPort::name_for_pid(calls, pid)
            };
            port.ok().flatten().and_then(|port| of(calls.as_ref(), port.name()))
        }
    };
    // In a replay there is no program of this kernel that asks.
    its.map_or(0, |its| own.map_or(its, |own| own.min(its)))
}

fn of<C: XnuCalls>(calls: &C, task: PortName) -> Option<u64> {
    let info = calls.task_vm_info(task).ok()?;
    u64::try_from(info.page_size).ok().filter(|size| *size >= LEAST && size.is_power_of_two())
}
