//! Asking about what is inside a process.

use std::sync::Arc;

use super::super::super::calls::{
    Errno, KernReturn, OpenFile, PortName, RegionPathInfo, SpaceEntry, StateFlavor, TaskPort,
    TaskVmInfo, ThreadPorts, VnodePaths, XnuCalls,
};
use super::super::super::macho::{HEADER_ROOM, MachO};
use super::super::super::{facts, list};
use super::super::part::{
    Bytes, RecordedDetail, RecordedFile, RecordedRight, RecordedState, RecordedTask,
    RecordedThread, RecordedThreadPort, Reply, Words, replied, told,
};
use super::super::{Answer, RecordedImage, RecordedPort};
use super::given;

/// A kernel that tells more files or threads than this does not come to an end.
const MOST: usize = 1 << 20;

pub(super) fn executable<C: XnuCalls>(calls: &C, pid: i32) -> Option<Answer<Bytes>> {
    let mut path = Vec::new();
    told(calls.executable_path(pid, &mut path).map(|()| Bytes(path)))
}

pub(super) fn directories<C: XnuCalls>(calls: &C, pid: i32) -> Option<Box<Answer<VnodePaths>>> {
    let mut paths = VnodePaths::default();
    told(calls.vnode_paths(pid, &mut paths).map(|()| paths)).map(Box::new)
}

pub(super) fn arguments<C: XnuCalls>(calls: &C, pid: i32) -> Option<Answer<Bytes>> {
    told(facts::argument_area(calls, pid).map(Bytes))
}

pub(super) fn threads<C: XnuCalls>(calls: &C, pid: i32) -> Option<Answer<Vec<RecordedThread>>> {
    let ids = list::whole(64, MOST, |ids| calls.list_thread_ids(pid, ids));
    let thread = |id| RecordedThread { id, info: calls.thread_info(pid, id).map(Box::new).into() };
    told(ids.map(|ids| ids.into_iter().map(thread).collect()))
}

pub(super) fn files<C: XnuCalls>(calls: &C, pid: i32) -> Option<Answer<Vec<RecordedFile>>> {
    let files = list::whole(64, MOST, |files| calls.list_files(pid, Some(files)));
    let file = |file| RecordedFile { file, detail: detail(calls, pid, file).map(Box::new) };
    told(files.map(|files| files.into_iter().map(file).collect()))
}

/// The Mach-O files that these regions have code of.
pub(super) fn images<C: XnuCalls>(calls: &C, regions: &[RegionPathInfo]) -> Vec<RecordedImage> {
    const EXECUTE: u32 = 4;
    let has_code =
        |row: &&RegionPathInfo| row.vnode.kind == 1 && row.region.protection & EXECUTE != 0;
    let image = |row: &RegionPathInfo| {
        let offset = row.region.offset;
        let part = calls.file_part(&row.path, offset, HEADER_ROOM).ok()?;
        let file = MachO::parse(&part.bytes)?;
        Some(RecordedImage {
            path: Bytes(row.path.clone()),
            dev: part.dev,
            ino: part.ino,
            offset,
            file,
        })
    };
    regions.iter().filter(has_code).filter_map(image).collect()
}

fn detail<C: XnuCalls>(calls: &C, pid: i32, file: OpenFile) -> Option<Answer<RecordedDetail>> {
    let descriptor = file.descriptor;
    told(match file.kind {
        OpenFile::VNODE => match calls.vnode_file(pid, descriptor) {
            Err(Errno::PERM) => {
                calls.vnode_file_without_path(pid, descriptor).map(RecordedDetail::VnodeWithoutPath)
            }
            answer => answer.map(RecordedDetail::Vnode),
        },
        OpenFile::SOCKET => calls.socket_file(pid, descriptor).map(RecordedDetail::Socket),
        OpenFile::PIPE => calls.pipe_file(pid, descriptor).map(RecordedDetail::Pipe),
        _ => return None,
    })
}

/// What was asked by port.
#[derive(Default)]
pub(super) struct ByPort {
    pub(super) vm_info: Option<TaskVmInfo>,
    pub(super) task: RecordedTask,
    pub(super) ports: Option<Reply<Vec<RecordedRight>>>,
    pub(super) thread_ports: Option<Reply<Vec<RecordedThreadPort>>>,
}

/// What a BSD call for a port answered; nothing where a recording lacks it.
pub(super) fn port_by_errno<C: XnuCalls>(
    port: &Result<Option<TaskPort<C>>, Errno>,
) -> Option<RecordedPort> {
    match port {
        Err(Errno::NOTSUP) => None,
        port => Some(given(port, |Errno(errno)| *errno)),
    }
}

/// Asks the strongest port that is given: the control or the read port, or else a weaker one.
pub(super) fn by_port<C: XnuCalls>(
    calls: &Arc<C>,
    pid: i32,
    strong: Option<TaskPort<C>>,
    cpu_type: i32,
) -> ByPort {
    let inspect = TaskPort::inspect_for_pid(calls, pid);
    let name = TaskPort::name_for_pid(calls, pid);
    let mut found = ByPort::default();
    found.task.inspect_port = port_by_errno(&inspect);
    found.task.name_port = name_port(&name);
    let weaker = [inspect.ok().flatten(), name.ok().flatten()];
    let Some(port) = strong.or_else(|| weaker.into_iter().flatten().next()) else {
        return found;
    };
    found.vm_info = calls.task_vm_info(port.name()).ok();
    facts(calls.as_ref(), port.name(), &mut found.task);
    found.ports = replied(rights(calls.as_ref(), port.name()));
    found.thread_ports = replied(thread_ports(calls.as_ref(), &port, cpu_type));
    found
}

fn name_port<C: XnuCalls>(port: &Result<Option<TaskPort<C>>, KernReturn>) -> Option<RecordedPort> {
    match port {
        Err(KernReturn::NOT_SUPPORTED) => None,
        port => Some(given(port, |KernReturn(code)| *code)),
    }
}

fn facts<C: XnuCalls>(calls: &C, port: PortName, task: &mut RecordedTask) {
    task.basic_info = replied(calls.task_basic_info(port));
    task.absolute_times = replied(calls.task_absolute_times(port));
    task.events = replied(calls.task_events(port));
    task.thread_times = replied(calls.task_thread_times(port));
    task.security_token = replied(calls.task_security_token(port));
    task.audit_token = replied(calls.task_audit_token(port));
    task.role = replied(calls.task_role(port));
}

fn rights<C: XnuCalls>(calls: &C, port: PortName) -> Result<Vec<RecordedRight>, KernReturn> {
    let right = |entry: SpaceEntry| {
        let received = entry.types & SpaceEntry::RECEIVE != 0;
        let status = received.then(|| replied(calls.port_status(port, entry.name))).flatten();
        RecordedRight { entry, status: status.map(Box::new) }
    };
    Ok(calls.space_info(port)?.into_iter().map(right).collect())
}

fn thread_ports<C: XnuCalls>(
    calls: &C,
    task: &TaskPort<C>,
    cpu_type: i32,
) -> Result<Vec<RecordedThreadPort>, KernReturn> {
    let state = |port, flavor| {
        let mut words = vec![0; StateFlavor::MOST_WORDS];
        let filled = calls.thread_state(port, flavor, &mut words);
        let words = filled.map(|count| {
            words.truncate(count);
            Words(words)
        });
        Some(RecordedState { flavor, words: replied(words)? })
    };
    let sets = StateFlavor::of_cpu(cpu_type);
    let thread = |port: &PortName| RecordedThreadPort {
        identifier: calls.thread_identifier(*port).into(),
        basic_info: calls.thread_basic_info(*port).into(),
        states: sets.iter().filter_map(|(flavor, _)| state(*port, *flavor)).collect(),
    };
    Ok(ThreadPorts::of(task)?.names().iter().map(thread).collect())
}
