//! The usage of a process: flavor 4 of `proc_pidinfo`, `proc_pid_rusage`, and `task_info` by its
//! name port.

use std::sync::Arc;

use super::super::failure;
use super::super::target::number;
use super::name_port;
use crate::kernel::xnu::{Errno, ShortBsdInfo, TaskInfo, TaskVmInfo, Timebase, Typed, XnuCalls};
use crate::model::{ChildrenUsage, DiskUsage, Extent, MemoryKinds, Pid, Result, Time, Usage};

/// Flavor 4, in errors.
const TASK: &str = "proc_pidinfo(PROC_PIDTASKINFO)";

/// `None` for a zombie, which has no task any more.
pub(super) fn usage<C: XnuCalls>(
    calls: &Arc<C>,
    pid: Pid,
    status: u32,
    extent: Extent,
) -> Result<Option<Usage>> {
    match calls.pid::<TaskInfo>(number(pid), 0) {
        Ok(info) => {
            let timebase = timebase(calls.as_ref())?;
            let used = usage_from(&info, timebase);
            if extent < Extent::Whole {
                return Ok(Some(used));
            }
            let (children, disk) = by_rusage(calls.as_ref(), pid, timebase).unzip();
            Ok(Some(Usage { memory: memory(calls, pid), children, disk, ..used }))
        }
        Err(Errno::SRCH) if status == ShortBsdInfo::ZOMBIE => Ok(None),
        Err(Errno::PERM) => Ok(None),
        Err(errno) => Err(failure::of_process(TASK, errno, pid)),
    }
}

fn timebase<C: XnuCalls>(calls: &C) -> Result<Timebase> {
    calls.timebase().map_err(|code| failure::of_mach("mach_timebase_info", code))
}

fn usage_from(info: &TaskInfo, timebase: Timebase) -> Usage {
    let time = |units| time(units, timebase);
    // They stop at `i32::MAX` and are never negative.
    let count = |counter: i32| u64::try_from(counter).unwrap_or(0);
    Usage {
        virtual_size: info.virtual_size,
        resident_size: info.resident_size,
        total_user: time(info.total_user),
        total_system: time(info.total_system),
        threads_user: time(info.threads_user),
        threads_system: time(info.threads_system),
        threads: u32::try_from(info.threads).unwrap_or(0),
        running: u32::try_from(info.running).ok(),
        policy: Some(info.policy),
        priority: Some(info.priority),
        faults: count(info.faults),
        pageins: count(info.pageins),
        cow_faults: Some(count(info.cow_faults)),
        messages_sent: Some(count(info.messages_sent)),
        messages_received: Some(count(info.messages_received)),
        syscalls_mach: Some(count(info.syscalls_mach)),
        syscalls_unix: Some(count(info.syscalls_unix)),
        switches: Some(count(info.context_switches)),
        ..Usage::default()
    }
}

fn time(units: u64, timebase: Timebase) -> Time {
    Time { units, nanoseconds: units_to_nanoseconds(units, timebase) }
}

fn units_to_nanoseconds(units: u64, timebase: Timebase) -> u64 {
    let scaled = u128::from(units) * u128::from(timebase.numer);
    let scaled = scaled.checked_div(u128::from(timebase.denom)).unwrap_or(0);
    u64::try_from(scaled).unwrap_or(u64::MAX)
}

/// `None` if the kernel withholds it from this program, or an older recording lacks it.
fn by_rusage<C: XnuCalls>(
    calls: &C,
    pid: Pid,
    timebase: Timebase,
) -> Option<(ChildrenUsage, DiskUsage)> {
    let info = calls.resource_usage(number(pid)).ok()?;
    let children = ChildrenUsage {
        user: time(info.child_user_time, timebase),
        system: time(info.child_system_time, timebase),
        pageins: info.child_pageins,
    };
    Some((children, DiskUsage { bytes_read: info.bytes_read, bytes_written: info.bytes_written }))
}

/// By the weakest port: the kernel asks no server for it, and it may only look.
fn memory<C: XnuCalls>(calls: &Arc<C>, pid: Pid) -> Option<MemoryKinds> {
    let port = name_port(calls, pid).ok()?;
    let info = calls.task::<TaskVmInfo>(port.name()).ok()?;
    // Balances of the kernel's ledgers, which may be below 0 for a moment.
    let amount = |balance: u64| if balance.cast_signed() < 0 { 0 } else { balance };
    Some(MemoryKinds {
        resident_peak: amount(info.resident_peak),
        anonymous: amount(info.internal),
        file: amount(info.external),
        swapped: amount(info.compressed),
    })
}
