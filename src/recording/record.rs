//! Asks a kernel for the content of a recording.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::questions::{
    ByDescriptor, ByName, ByPid, ByTask, ByThread, ByThreadPort, OfCpus, OfHost,
};
use super::{
    Answer, Bytes, FileAnswers, HostAnswers, Kept, Moment, NumberedSysctl, PortAnswers,
    ProcessAnswers, ProcessorAnswers, RecordedFile, RecordedImage, RecordedLeaf, RecordedMachine,
    RecordedPath, RecordedPort, RecordedPorts, RecordedProcess, RecordedRight, RecordedState,
    RecordedThread, RecordedThreadPort, Recording, Reply, TaskAnswers, ThreadAnswers,
    ThreadPortAnswers, Value, Words, part, row,
};
use crate::kernel::mach::{argument_area, list, paths};
use crate::kernel::xnu::macho::{HEADER_ROOM, MachO};
use crate::kernel::xnu::{
    Errno, KernReturn, OpenFile, PortKind, PortName, RegionPathInfo, SYSCTLS, SpaceEntry,
    StateFlavor, TaskPort, ThreadId, ThreadPorts, Typed, UniqueInfo, VnodeFile, VnodeInfo,
    XnuCalls, boot, routing, sockets,
};
use crate::model::Pid;

/// A kernel that gives more regions for a process than this never comes to an end.
const MOST_ROWS: usize = 4_000_000;

/// A kernel that gives more files or threads than this never comes to an end.
const MOST_ITEMS: usize = 1 << 20;

/// How often a process is recorded again that executes another image meanwhile.
const ATTEMPTS: usize = 3;

/// Asks the kernel all questions about these processes and its machine. A refusal is recorded as
/// one. The shared cache of this program is recorded, too, if it has one: the rows of other
/// processes are compared with those of this program.
#[must_use]
pub fn record<C: XnuCalls>(calls: &Arc<C>, pids: &[Pid]) -> Recording {
    let shared_cache = calls.shared_cache();
    let own = shared_cache.as_ref().and_then(|it| Pid::new(it.pid.cast_unsigned()));
    let mut pids: Vec<Pid> = pids.iter().copied().chain(own).collect();
    pids.sort_unstable();
    pids.dedup();
    let machine = machine(calls.as_ref());
    let cpu_type = machine.cpu_type();
    let ask = |pid: Pid| process(calls, pid.number().cast_signed(), cpu_type);
    let mut recording = Recording::new(pids.into_iter().map(ask).collect());
    recording.recorded_at = calls.now().ok().map(Moment::from);
    recording.machine = (machine != RecordedMachine::default()).then_some(machine);
    let processes = recording.processes.iter();
    let images = processes.flat_map(|it| images(calls.as_ref(), &it.regions));
    recording.images = images.collect();
    recording.images.sort_by_cached_key(place);
    recording.images.dedup_by_key(|it| place(it));
    recording.paths = paths_of(calls.as_ref(), &recording.processes);
    recording.shared_cache = shared_cache;
    recording
}

fn place(image: &RecordedImage) -> (Vec<u8>, u32, u64, u64) {
    (image.path.0.clone(), image.dev, image.ino, image.offset)
}

fn process<C: XnuCalls>(calls: &Arc<C>, pid: i32, cpu_type: i32) -> RecordedProcess {
    let mut last = None;
    for _ in 0..ATTEMPTS {
        let before = calls.pid(pid, 1).map(|info: UniqueInfo| Kept::from(&info));
        let process = process_once(calls, pid, cpu_type);
        if process.answers.unique_info == Answer::of(before) {
            return process;
        }
        last = Some(process);
    }
    last.unwrap_or_else(|| process_once(calls, pid, cpu_type))
}

fn process_once<C: XnuCalls>(calls: &Arc<C>, pid: i32, cpu_type: i32) -> RecordedProcess {
    let asked = calls.as_ref();
    let mut process = RecordedProcess::new(pid);
    // The kernel may file a crash report against a process that asks about the regions of pid 0.
    if pid != 0 {
        process.regions_end = Some(regions(asked, pid, &mut process.regions));
    }
    by_ports(calls, &mut process, cpu_type);
    process.executable = Answer::of(list::executable_path(asked, pid).map(Bytes));
    process.arguments = Answer::of(argument_area(asked, pid).map(Bytes));
    process.threads = Answer::of(threads(asked, pid));
    process.files = Answer::of(files(asked, pid));
    process.rusage = Answer::of(asked.resource_usage(pid).map(|info| Kept::from(&info)));
    if pid != 0 {
        process.session = Answer::of(asked.session(pid));
        process.code_signing = Answer::of(asked.signing(pid).map(|info| Kept::from(&info)));
    }
    process.kinfo = Answer::of(asked.kinfo_proc(pid).map(|info| info.as_ref().map(Kept::from)));
    // Last, so that a process that was in its exit shows it.
    process.answers = ProcessAnswers::ask(asked, &ByPid(pid));
    process
}

fn regions<C: XnuCalls>(calls: &C, pid: i32, rows: &mut Vec<Kept<RegionPathInfo>>) -> i32 {
    let (mut cursor, mut info) = (0, RegionPathInfo::default());
    while rows.len() < MOST_ROWS {
        if let Err(Errno(errno)) = calls.pid_into(pid, cursor, &mut info) {
            return errno;
        }
        let Some(next) = row::end_after(info.region.address, info.region.size, cursor) else {
            return 0;
        };
        rows.push(Kept::from(&info));
        match next {
            row::End::At(next) => cursor = next,
            row::End::Top => return Errno::INVAL.0,
        }
    }
    0
}

/// Asks for each kind of port, and then by the strongest that was given.
fn by_ports<C: XnuCalls>(calls: &Arc<C>, process: &mut RecordedProcess, cpu_type: i32) {
    let mut strongest = None;
    let mut ask = |kind| {
        let is_own = process.pid != 0 && process.pid == calls.own_pid();
        let port = if is_own && kind == PortKind::Control {
            Ok(Some(TaskPort::own(calls)))
        } else {
            TaskPort::for_pid(calls, kind, process.pid)
        };
        let answer = match &port {
            Ok(Some(_)) => RecordedPort::Given,
            Ok(None) => RecordedPort::Null,
            Err(refusal) => (*refusal).into(),
        };
        strongest = strongest.take().or(port.ok().flatten());
        answer
    };
    process.task_ports = RecordedPorts {
        control: ask(PortKind::Control),
        read: ask(PortKind::Read),
        inspect: ask(PortKind::Inspect),
        name: ask(PortKind::Name),
    };
    let Some(port) = strongest else { return };
    let asked = calls.as_ref();
    if process.task_ports.show_leaves() {
        process.leaves_end = Some(leaves(asked, port.name(), &mut process.leaves));
    }
    process.task = TaskAnswers::ask(asked, &ByTask(port.name()));
    process.role = Reply::of(asked.role(port.name()));
    process.ports = Reply::of(rights(asked, port.name()));
    process.thread_ports = Reply::of(thread_ports(asked, &port, cpu_type));
}

fn leaves<C: XnuCalls>(calls: &C, task: PortName, rows: &mut Vec<RecordedLeaf>) -> i32 {
    let mut cursor = 0;
    while rows.len() < MOST_ROWS {
        let mut leaf = RecordedLeaf { address: cursor, depth: 1024, ..RecordedLeaf::default() };
        let RecordedLeaf { address, size, depth, info } = &mut leaf;
        if let Err(KernReturn(code)) = calls.region(task, address, size, depth, info) {
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

fn rights<C: XnuCalls>(calls: &C, task: PortName) -> Result<Vec<RecordedRight>, KernReturn> {
    let right = |entry: SpaceEntry| {
        let answers = part::some(PortAnswers::ask(calls, &ByName(task, entry)));
        RecordedRight { entry, answers }
    };
    Ok(calls.space_info(task)?.into_iter().map(right).collect())
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
        Some(RecordedState { flavor, words: Reply::of(words)? })
    };
    let sets = StateFlavor::of_cpu(cpu_type);
    let thread = |port: &PortName| RecordedThreadPort {
        answers: part::some(ThreadPortAnswers::ask(calls, &ByThreadPort(*port))),
        states: sets.iter().filter_map(|(flavor, _)| state(*port, *flavor)).collect(),
    };
    Ok(ThreadPorts::of(task)?.names().iter().map(thread).collect())
}

fn threads<C: XnuCalls>(calls: &C, pid: i32) -> Result<Vec<RecordedThread>, Errno> {
    let ids = list::whole(64, MOST_ITEMS, |ids| calls.pid_list::<ThreadId>(pid, Some(ids)))?;
    let thread = |id| {
        let answers = part::some(ThreadAnswers::ask(calls, &ByThread(pid, id)));
        RecordedThread { id, answers }
    };
    Ok(ids.into_iter().map(thread).collect())
}

fn files<C: XnuCalls>(calls: &C, pid: i32) -> Result<Vec<RecordedFile>, Errno> {
    let files = list::whole(64, MOST_ITEMS, |files| calls.pid_list::<OpenFile>(pid, Some(files)))?;
    let file = |file| {
        let answers = part::some(FileAnswers::ask(calls, &ByDescriptor(pid, file)));
        RecordedFile { file, answers }
    };
    Ok(files.into_iter().map(file).collect())
}

/// The Mach-O files whose code these regions map.
fn images<C: XnuCalls>(calls: &C, regions: &[Kept<RegionPathInfo>]) -> Vec<RecordedImage> {
    const EXECUTE: u32 = 4;
    let image = |row: &Kept<RegionPathInfo>| {
        let RegionPathInfo { region, vnode, path } = row.get();
        if vnode.kind != 1 || region.protection & EXECUTE == 0 {
            return None;
        }
        let part = calls.file_part(path.bytes(), region.offset, HEADER_ROOM).ok()?;
        let file = MachO::parse(&part.bytes)?;
        let path = Bytes(path.bytes().to_vec());
        Some(RecordedImage { path, dev: part.dev, ino: part.ino, offset: region.offset, file })
    };
    regions.iter().filter_map(image).collect()
}

/// The whole paths of files and directories whose path in the answers may lack its beginning.
fn paths_of<C: XnuCalls>(calls: &C, processes: &[RecordedProcess]) -> Vec<RecordedPath> {
    let mut cut = BTreeMap::new();
    let mut look = |vnode: VnodeInfo, path: &[u8]| {
        if paths::may_be_cut(&vnode, path) {
            cut.insert((vnode.fsid, vnode.ino), vnode);
        }
    };
    for process in processes {
        for RegionPathInfo { vnode, path, .. } in process.regions.iter().map(Kept::get) {
            look(vnode, path.bytes());
        }
        if let Some(Answer::Ok(directories)) = &process.answers.directories {
            let found = directories.get();
            look(found.current, found.current_path.bytes());
            look(found.root, found.root_path.bytes());
        }
        let Some(Answer::Ok(files)) = &process.files else { continue };
        for answers in files.iter().filter_map(|file| file.answers.as_deref()) {
            if let Some(Answer::Ok(found)) = &answers.vnode {
                let VnodeFile { vnode, path, .. } = found.get();
                look(vnode, path.bytes());
            } else if let Some(Answer::Ok(found)) = &answers.vnode_without_path {
                look(found.get().vnode, b"");
            }
        }
    }
    let ask = |((fsid, ino), vnode): (_, VnodeInfo)| {
        let path = Answer::of(paths::ask(calls, &vnode).map(Bytes))?;
        Some(RecordedPath { fsid, ino, path })
    };
    cut.into_iter().filter_map(ask).collect()
}

/// The answers about the machine.
fn machine<C: XnuCalls>(calls: &C) -> RecordedMachine {
    let sysctl = |name: &&std::ffi::CStr| {
        let value = Answer::of(list::sysctl(calls, name).map(Value))?;
        Some((name.to_str().ok()?.to_owned(), value))
    };
    let numbered = |name: &[i32; 6]| {
        let value = Answer::of(list::sysctl_by_number(calls, name).map(Value))?;
        Some(NumberedSysctl { name: name.to_vec(), value })
    };
    let kept = |mounts: Vec<_>| mounts.iter().map(Kept::from).collect();
    let names = SYSCTLS.iter().chain(&boot::ALL).chain(&sockets::ALL);
    RecordedMachine {
        sysctls: names.filter_map(sysctl).collect(),
        numbered: routing::ALL.iter().filter_map(numbered).collect(),
        timebase: Reply::of(calls.timebase()),
        host: HostAnswers::ask(calls, &OfHost),
        processors: ProcessorAnswers::ask(calls, &OfCpus),
        mounts: Answer::of(list::mounts(calls).map(kept)),
    }
}
