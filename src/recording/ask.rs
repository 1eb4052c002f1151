//! Asking a kernel for what a recording holds.

mod inside;
mod machine;

use std::sync::Arc;

use self::inside::ByPort;
use super::super::calls::{Errno, KernReturn, RegionPathInfo, TaskPort, UniqueInfo, XnuCalls};
use super::part::told;
use super::{
    Answer, Moment, RecordedImage, RecordedLeaf, RecordedMachine, RecordedPort, RecordedProcess,
    RecordedTask, Recording, row,
};
use crate::model::Pid;

/// No process has more regions than this; a kernel that tells more does not come to an end.
const MOST_ROWS: usize = 4_000_000;

/// Asks the kernel all about these processes, and about its machine. What it refuses is recorded as refused.
#[must_use]
pub fn record<C: XnuCalls>(calls: &Arc<C>, pids: &[Pid]) -> Recording {
    let mut pids = pids.to_vec();
    pids.sort_unstable();
    pids.dedup();
    let machine = machine::ask(calls.as_ref());
    let cpu_type = machine.cpu_type();
    let ask = |pid| record_process(calls, pid, cpu_type);
    let mut recording = Recording::new(pids.into_iter().map(ask).collect());
    recording.recorded_at = calls.now().ok().map(Moment::from);
    recording.machine = (machine != RecordedMachine::default()).then_some(machine);
    let processes = recording.processes.iter();
    let images = processes.flat_map(|it| inside::images(calls.as_ref(), &it.regions));
    recording.images = images.collect();
    let place = |it: &RecordedImage| (it.path.0.clone(), it.dev, it.ino, it.offset);
    recording.images.sort_by_cached_key(place);
    recording.images.dedup_by_key(|it| place(it));
    recording
}

/// How often a process is recorded that executes another image meanwhile.
const ATTEMPTS: usize = 3;

fn record_process<C: XnuCalls>(calls: &Arc<C>, pid: Pid, cpu_type: i32) -> RecordedProcess {
    let number = pid.number().cast_signed();
    let mut last = None;
    for _ in 0..ATTEMPTS {
        let before: Answer<UniqueInfo> = calls.unique_info(number, true).into();
        let process = record_once(calls, number, cpu_type);
        if process.unique_info == before {
            return process;
        }
        last = Some(process);
    }
    last.unwrap_or_else(|| record_once(calls, number, cpu_type))
}

fn record_once<C: XnuCalls>(calls: &Arc<C>, pid: i32, cpu_type: i32) -> RecordedProcess {
    let mut regions = Vec::new();
    let mut leaves = Vec::new();
    let (mut regions_end, mut leaves_end) = (None, None);
    let mut task_port = RecordedPort::NotAsked;
    let mut by_port = ByPort::default();
    // The kernel may file a crash report against who asks about the regions of pid 0.
    if pid != 0 {
        regions_end = Some(record_regions(calls.as_ref(), pid, &mut regions));
        let control = if pid == calls.own_pid() {
            Ok(Some(TaskPort::own(calls)))
        } else {
            TaskPort::for_pid(calls, pid)
        };
        task_port = given(&control, |KernReturn(code)| *code);
        let read = TaskPort::read_for_pid(calls, pid);
        let read_port = inside::port_by_errno(&read);
        // Either is enough to look into submaps.
        let strong = control.ok().flatten().or(read.ok().flatten());
        if let Some(port) = &strong {
            leaves_end = Some(record_leaves(calls.as_ref(), port, &mut leaves));
        }
        by_port = inside::by_port(calls, pid, strong, cpu_type);
        by_port.task.read_port = read_port;
    }
    let asked = calls.as_ref();
    let executable = inside::executable(asked, pid);
    let directories = inside::directories(asked, pid);
    let arguments = inside::arguments(asked, pid);
    let (threads, files) = (inside::threads(asked, pid), inside::files(asked, pid));
    // Last, so that a process that was in its exit says so.
    RecordedProcess {
        pid,
        task_info: told(calls.task_info(pid)).map(Box::new),
        kinfo: told(calls.kinfo_proc(pid)).map(Box::new),
        short_info: calls.short_bsd_info(pid, true).into(),
        bsd_info: calls.bsd_info(pid, true).into(),
        unique_info: calls.unique_info(pid, true).into(),
        regions,
        regions_end,
        task_port,
        vm_info: by_port.vm_info,
        leaves,
        leaves_end,
        executable,
        directories,
        arguments,
        threads,
        files,
        task: (by_port.task != RecordedTask::default()).then(|| Box::new(by_port.task)),
        ports: by_port.ports,
        thread_ports: by_port.thread_ports,
    }
}

/// Whether there was a port, or with what it was refused.
fn given<C: XnuCalls, E>(
    port: &Result<Option<TaskPort<C>>, E>,
    code: impl Fn(&E) -> i32,
) -> RecordedPort {
    match port {
        Ok(Some(_)) => RecordedPort::Given,
        Ok(None) => RecordedPort::Null,
        Err(error) => RecordedPort::Refused(code(error)),
    }
}

fn record_regions<C: XnuCalls>(calls: &C, pid: i32, rows: &mut Vec<RegionPathInfo>) -> i32 {
    let mut cursor = 0;
    while rows.len() < MOST_ROWS {
        let mut info = RegionPathInfo::default();
        if let Err(Errno(errno)) = calls.region_path_info(pid, cursor, &mut info) {
            return errno;
        }
        let Some(next) = row::end_after(info.region.address, info.region.size, cursor) else {
            return 0;
        };
        rows.push(info);
        match next {
            row::End::At(next) => cursor = next,
            row::End::Top => return Errno::INVAL.0,
        }
    }
    0
}

fn record_leaves<C: XnuCalls>(calls: &C, port: &TaskPort<C>, rows: &mut Vec<RecordedLeaf>) -> i32 {
    let mut cursor = 0;
    while rows.len() < MOST_ROWS {
        let mut leaf = RecordedLeaf { address: cursor, depth: 1024, ..RecordedLeaf::default() };
        let RecordedLeaf { address, size, depth, info } = &mut leaf;
        let answer = calls.region_recurse(port.name(), address, size, depth, info);
        if let Err(KernReturn(code)) = answer {
            return code;
        }
        let Some(next) = row::end_after(leaf.address, leaf.size, cursor) else { return 0 };
        rows.push(leaf);
        match next {
            row::End::At(next) => cursor = next,
            row::End::Top => return KernReturn::INVALID_ADDRESS.0,
        }
    }
    0
}
