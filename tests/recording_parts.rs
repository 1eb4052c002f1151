//! The parts of a recording that may be missing: what is recorded is replayed, what is missing is
//! said to be, and what cannot be is refused.

#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

mod mach_common;

use std::path::Path;
use std::sync::Arc;

use mach_common::fixtures::{DEMO, arm64, forked, intel, translated};
use mach_procfs::kernel::mach::MachKernel;
use mach_procfs::kernel::mach::calls::{
    Errno, FileCalls, KernReturn, MachineCalls, OpenFile, PortName, ProcessCalls, SYSCTLS,
    SpaceCalls, StateFlavor, TaskCalls, TaskPort, ThreadCalls, ThreadPorts, VnodePaths, XnuCalls,
};
use mach_procfs::kernel::mach::recording::{
    Answer, Limits, Recording, RecordingError, read, record,
};
use mach_procfs::kernel::mach::xnu_model::{FileDetail, PortRule, XnuModel};
use mach_procfs::kernel::{Detail, Kernel};
use mach_procfs::model::Pid;
use serde_json::Value;

const PIDS: [i32; 4] = [0, 1, DEMO, 501];

fn pids() -> Vec<Pid> {
    PIDS.iter().map(|pid| Pid::new(pid.cast_unsigned()).unwrap()).collect()
}

fn written(recording: &Recording) -> Vec<u8> {
    let mut bytes = Vec::new();
    recording.write(&mut bytes).unwrap();
    bytes
}

fn read_bytes(bytes: &[u8]) -> Result<Recording, RecordingError> {
    read(bytes, Limits::default())
}

fn shipped(name: &str) -> Vec<u8> {
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    std::fs::read(top.join("tests/recordings").join(format!("{name}.json"))).unwrap()
}

/// Everything that this kernel tells by pid, as text.
fn by_pid(calls: &XnuModel) -> Vec<String> {
    let mut all = Vec::new();
    for pid in PIDS.into_iter().chain([77]) {
        let (mut path, mut paths) = (Vec::new(), VnodePaths::default());
        let (mut ids, mut files) = ([0; 64], [OpenFile::default(); 64]);
        let mut arguments = vec![0; 8192];
        all.push(format!("{pid} {:?}", calls.task_info(pid)));
        all.push(format!("{pid} {:?} {path:?}", calls.executable_path(pid, &mut path)));
        all.push(format!("{pid} {:?} {paths:?}", calls.vnode_paths(pid, &mut paths)));
        all.push(format!("{pid} {:?}", calls.kinfo_proc(pid)));
        let length = calls.process_arguments(pid, Some(&mut arguments));
        all.push(format!("{pid} {length:?} {:?}", &arguments[..length.unwrap_or(0)]));
        let tail = calls.process_arguments(pid, Some(&mut arguments[..9]));
        all.push(format!("{pid} {tail:?} {:?}", &arguments[..9]));
        let count = calls.list_thread_ids(pid, &mut ids);
        all.push(format!("{pid} {count:?} {ids:?}"));
        for id in ids.into_iter().take(count.unwrap_or(0) + 1) {
            all.push(format!("{pid} {id} {:?}", calls.thread_info(pid, id)));
        }
        let count = calls.list_files(pid, Some(&mut files));
        all.push(format!("{pid} {count:?} {:?} {files:?}", calls.list_files(pid, None)));
        for descriptor in -1..22 {
            all.push(format!("{:?}", calls.vnode_file(pid, descriptor)));
            all.push(format!("{:?}", calls.socket_file(pid, descriptor)));
            all.push(format!("{:?}", calls.pipe_file(pid, descriptor)));
        }
    }
    all
}

/// Everything that a task port tells.
fn facts(calls: &XnuModel, port: PortName) -> Vec<String> {
    let mut all = vec![
        format!("{:?}", calls.task_vm_info(port)),
        format!("{:?}", calls.task_basic_info(port)),
        format!("{:?}", calls.task_absolute_times(port)),
        format!("{:?}", calls.task_events(port)),
        format!("{:?}", calls.task_thread_times(port)),
        format!("{:?}", calls.task_security_token(port)),
        format!("{:?}", calls.task_audit_token(port)),
        format!("{:?}", calls.task_role(port)),
        format!("{:?}", calls.space_info(port)),
    ];
    for entry in calls.space_info(port).unwrap_or_default() {
        all.push(format!("{:?}", calls.port_limit(port, entry.name)));
        all.push(format!("{:?}", calls.port_status(port, entry.name)));
    }
    all
}

/// Everything by port, of each kind of port that is given.
fn by_port(calls: &Arc<XnuModel>, cpu_type: i32) -> Vec<String> {
    let mut all = Vec::new();
    for pid in PIDS.into_iter().skip(1).chain([77]) {
        let ports = [
            TaskPort::for_pid(calls, pid).map_err(|code| code.0),
            TaskPort::read_for_pid(calls, pid).map_err(|errno| errno.0),
            TaskPort::inspect_for_pid(calls, pid).map_err(|errno| errno.0),
            TaskPort::name_for_pid(calls, pid).map_err(|code| code.0),
        ];
        for port in ports {
            let port = match port {
                Ok(Some(port)) => port,
                other => {
                    all.push(format!("{pid} {:?}", other.map(|_| ())));
                    continue;
                }
            };
            all.extend(facts(calls, port.name()));
            let threads = match ThreadPorts::of(&port) {
                Ok(threads) => threads,
                Err(code) => {
                    all.push(format!("{pid} {code:?}"));
                    continue;
                }
            };
            for thread in threads.names() {
                all.push(format!("{:?}", calls.thread_identifier(*thread)));
                all.push(format!("{:?}", calls.thread_basic_info(*thread)));
                for (flavor, _) in StateFlavor::of_cpu(cpu_type) {
                    let mut words = [0; 200];
                    let count = calls.thread_state(*thread, *flavor, &mut words);
                    all.push(format!("{count:?} {words:?}"));
                }
            }
        }
    }
    assert_eq!(calls.live_ports(), 0);
    all
}

fn of_machine(calls: &XnuModel) -> Vec<String> {
    let mut all = vec![
        format!("{:?}", calls.timebase()),
        format!("{:?}", calls.vm_statistics()),
        format!("{:?}", calls.processors()),
        format!("{:?}", calls.processor_loads()),
    ];
    let mut mounts = vec![Default::default(); 9];
    all.push(format!("{:?} {:?} {mounts:?}", calls.mounts(None), calls.mounts(Some(&mut mounts))));
    for (name, _) in SYSCTLS {
        let mut value = [0; 200];
        let length = calls.sysctl_by_name(name, Some(&mut value));
        all.push(format!("{name:?} {length:?} {value:?}"));
    }
    all
}

fn cpu_type(calls: &XnuModel) -> i32 {
    let mut value = [0; 4];
    calls.sysctl_by_name(c"hw.cputype", Some(&mut value)).unwrap();
    i32::from_ne_bytes(value)
}

fn assert_same(live: &[String], replayed: &[String], name: &str) {
    assert_eq!(live.len(), replayed.len(), "{name}");
    for (live, replayed) in live.iter().zip(replayed) {
        assert_eq!(live, replayed, "{name}");
    }
}

#[test]
fn replay_answers_every_call_as_the_recorded_kernel_did() {
    for (name, world) in [("arm64", arm64()), ("intel", intel()), ("translated", translated())] {
        let live = Arc::new(XnuModel::new(world));
        let replayed = Arc::new(XnuModel::replay(read_bytes(&shipped(name)).unwrap()));
        let cpu_type = cpu_type(&live);
        assert_same(&by_pid(&live), &by_pid(&replayed), name);
        assert_same(&by_port(&live, cpu_type), &by_port(&replayed, cpu_type), name);
        assert_same(&of_machine(&live), &of_machine(&replayed), name);
    }
}

/// Where only a weaker port was given, it is the one that was asked.
#[test]
fn the_strongest_port_that_is_given_is_asked() {
    let refused = PortRule::Refuses(KernReturn::FAILURE);
    for weaker in 0..3 {
        let mut world = arm64();
        let process = world.process_mut(DEMO).unwrap();
        process.port = refused;
        if weaker > 0 {
            process.read_port = refused;
        }
        if weaker > 1 {
            process.inspect_port = refused;
        }
        let live = Arc::new(XnuModel::new(world));
        let recording = record(&live, &pids());
        let demo = &recording.processes[2];
        assert_eq!(demo.leaves_end, (weaker == 0).then_some(1), "a read port shows the leaves");
        assert!(demo.vm_info.is_some());
        let bytes = written(&recording);
        let replayed = Arc::new(XnuModel::replay(read_bytes(&bytes).unwrap()));
        let cpu_type = cpu_type(&live);
        assert_same(&by_port(&live, cpu_type), &by_port(&replayed, cpu_type), "weaker");
        assert!(bytes == written(&record(&replayed, &pids())), "{weaker}");
    }
}

/// A file whose path the recorder may not know is recorded without it, and replayed so.
#[test]
fn a_denied_path_is_replayed_as_denied() {
    let mut world = arm64();
    let file = match world.process(DEMO).unwrap().files[3].detail {
        FileDetail::Vnode(vnode, _) => vnode,
        ref other => panic!("{other:?}"),
    };
    world.vnode_mut(file).unwrap().path_denied = true;
    let live = Arc::new(XnuModel::new(world));
    let bytes = written(&record(&live, &pids()));
    assert!(String::from_utf8_lossy(&bytes).contains("\"vnode_without_path\": {"));
    let replayed = Arc::new(XnuModel::replay(read_bytes(&bytes).unwrap()));
    assert_eq!(replayed.vnode_file(DEMO, 3), Err(Errno::PERM));
    let known = live.vnode_file_without_path(DEMO, 3).unwrap();
    assert_eq!(replayed.vnode_file_without_path(DEMO, 3), Ok(known));
    assert!(bytes == written(&record(&replayed, &pids())));
    let text = String::from_utf8(bytes).unwrap();
    let from = text.find("vnode_without_path").unwrap();
    let path = from + text[from..].find("\"path\": \"\"").unwrap();
    let wrong = format!("{}\"path\": \"/x\"{}", &text[..path], &text[path + 10..]);
    let said = read_bytes(wrong.as_bytes()).unwrap_err().to_string();
    assert!(said.contains("vnode_without_path.path: is not empty"), "{said}");
}

/// What a file's load commands say is recorded once, however many processes have it mapped.
#[test]
fn load_commands_are_recorded_and_replayed() {
    let live = Arc::new(XnuModel::new(forked()));
    let recording = record(&live, &pids());
    let images: Vec<_> =
        recording.images.iter().map(|it| String::from_utf8_lossy(&it.path.0)).collect();
    assert_eq!(images, ["/Users/Shared/demo", "/Users/Shared/libdemo.dylib"]);
    let bytes = written(&recording);
    let replayed = XnuModel::replay(read_bytes(&bytes).unwrap());
    let part = |model: &XnuModel| model.file_part(b"/Users/Shared/demo", 0, 1 << 20);
    assert_eq!(part(&replayed), part(&live));
    assert_eq!(replayed.file_part(b"/Users/Shared/demo", 1, 9), Err(Errno::NOTSUP));
    assert_eq!(replayed.file_part(b"/etc/passwd", 0, 9), Err(Errno::NOTSUP));
}

const PARTS: [&str; 10] = [
    "executable",
    "kinfo",
    "task_info",
    "directories",
    "arguments",
    "threads",
    "files",
    "task",
    "ports",
    "thread_ports",
];

/// The recording with these parts of each process taken out, and the machine.
fn without(bytes: &[u8], parts: &[&str], machine: bool) -> Vec<u8> {
    let mut value: Value = serde_json::from_slice(bytes).unwrap();
    let recording = value.as_object_mut().unwrap();
    if machine {
        recording.remove("machine").unwrap();
    }
    for process in recording["processes"].as_array_mut().unwrap() {
        let process = process.as_object_mut().unwrap();
        for part in parts {
            process.remove(*part);
        }
    }
    serde_json::to_vec(&value).unwrap()
}

/// As every recording was before there were such parts.
#[test]
fn a_recording_without_parts_is_read_and_says_that_it_has_none() {
    let recording = read_bytes(&without(&shipped("arm64"), &PARTS, true)).unwrap();
    let old = written(&recording);
    for part in PARTS.into_iter().chain(["machine"]) {
        assert!(!String::from_utf8_lossy(&old).contains(&format!("\"{part}\":")), "{part}");
    }
    let model = Arc::new(XnuModel::replay(recording));
    let (mut path, mut paths) = (Vec::new(), VnodePaths::default());
    let no = Errno::NOTSUP;
    assert_eq!(model.executable_path(DEMO, &mut path), Err(no));
    assert_eq!(model.vnode_paths(DEMO, &mut paths), Err(no));
    assert_eq!(model.kinfo_proc(DEMO), Err(no));
    assert_eq!(model.kinfo_proc(77), Ok(None), "nobody is nobody all the same");
    assert_eq!(model.task_info(DEMO), Err(no));
    assert_eq!(model.task_info(501), Err(Errno::SRCH), "nor is a zombie anybody");
    assert_eq!(model.process_arguments(DEMO, None), Err(no));
    assert_eq!(model.list_thread_ids(DEMO, &mut [0; 9]), Err(no));
    assert_eq!(model.thread_info(DEMO, 4242), Err(no));
    assert_eq!(model.list_files(DEMO, None), Err(no));
    assert_eq!(model.vnode_file(DEMO, 0), Err(no));
    assert_eq!(model.task_read_for_pid(DEMO), Err(no));
    let not = KernReturn::NOT_SUPPORTED;
    assert_eq!(model.task_name_for_pid(DEMO), Err(not));
    let port = TaskPort::for_pid(&model, DEMO).unwrap().unwrap();
    assert_eq!(model.task_basic_info(port.name()), Err(not));
    assert_eq!(model.task_role(port.name()), Err(not));
    assert_eq!(model.space_info(port.name()), Err(not));
    assert_eq!(model.task_threads(port.name()), Err(not));
    drop(port);
    assert_eq!(model.timebase(), Err(not));
    assert_eq!(model.vm_statistics(), Err(not));
    assert_eq!(model.mounts(None), Err(no));
    assert_eq!(model.sysctl_by_name(c"hw.ncpu", None), Err(no));
    // A replay of it is recorded without them, too, but for what a zombie always says.
    let mut again = record(&model, &pids());
    let zombie = again.processes.pop().unwrap();
    assert_eq!(zombie.executable, Some(Answer::Errno(Errno::SRCH.0)));
    let again = String::from_utf8(written(&again)).unwrap();
    for part in PARTS.into_iter().chain(["machine"]) {
        assert!(!again.contains(&format!("\"{part}\":")), "{part}");
    }
    // And the walk is what it was.
    let kernel = MachKernel::new(Arc::clone(&model));
    let pid = Pid::new(500).unwrap();
    let mut walk = kernel.regions(pid, kernel.identity(pid).unwrap(), Detail::Pages).unwrap();
    assert!(walk.next_region().unwrap().is_some());
}

/// Who does not want to show one takes it out.
#[test]
fn each_part_may_be_missing_by_itself() {
    let all = shipped("intel");
    for part in PARTS {
        let recording = read_bytes(&without(&all, &[part], false)).unwrap();
        let model = Arc::new(XnuModel::replay(recording.clone()));
        let _ = (by_pid(&model), by_port(&model, 0), of_machine(&model));
        let again = record(&model, &pids());
        // What a zombie says is known without its part, and so is what a name port says.
        assert!(again.processes[2] == recording.processes[2], "{part}");
        let twice = record(&Arc::new(XnuModel::replay(again.clone())), &pids());
        assert!(again == twice, "{part}");
    }
}

#[test]
fn replayed_credentials_are_those_of_whoever_asks() {
    let recording = read_bytes(&shipped("arm64")).unwrap();
    let model = Arc::new(XnuModel::replay(recording).owned_by(1234, 99));
    let info = model.kinfo_proc(DEMO).unwrap().unwrap();
    assert_eq!([info.uid, info.real_uid, info.saved_uid], [1234; 3]);
    assert_eq!((info.real_gid, info.group_count, &info.groups[..2]), (99, 1, &[99, 0][..]));
    let port = TaskPort::name_for_pid(&model, DEMO).unwrap().unwrap();
    assert_eq!(model.task_security_token(port.name()), Ok([1234, 99]));
    let token = model.task_audit_token(port.name()).unwrap();
    assert_eq!(token, [1234, 1234, 99, 1234, 99, 500, 100_004, 500]);
}

#[test]
fn what_cannot_be_is_refused_with_its_place() {
    let text = String::from_utf8(shipped("arm64")).unwrap();
    let problem = |from: &str, to: &str| {
        assert!(text.contains(from), "{from}");
        let bytes = text.replacen(from, to, 1).into_bytes();
        read_bytes(&bytes).unwrap_err().to_string()
    };
    let long = "x".repeat(5000);
    let words = "0".repeat(8 * 1297);
    let state = text.split("\"words\": {\"ok\": \"").nth(1).unwrap().split('"').next().unwrap();
    let cases = [
        (
            problem("\"ok\": \"/sbin/launchd\"", &format!("\"ok\": \"{long}\"")),
            "processes[1].executable: is too long",
        ),
        (
            problem("\"ok\": \"/sbin/launchd\"", "\"ok\": \"/sbin\\u0000\""),
            "processes[1].executable: contains a NUL",
        ),
        (
            problem("com.example.worker", &long),
            "processes[2].threads.ok[1].info.ok.name: is too long",
        ),
        (
            problem("\"/dev/ttys001\"", &format!("\"{long}\"")),
            "processes[2].files.ok[0].detail.ok.vnode.path: is too long",
        ),
        (
            problem("\"/private/var/run/demo.sock\"", &format!("\"{long}\"")),
            "processes[2].files.ok[9].detail.ok.socket.ends.unix.peer_path: is too long",
        ),
        (problem(state, &words), "more than 1296 words at line "),
        (problem(state, "123"), "not words of eight digits each"),
        (problem(state, "1234567g"), "not words of eight digits each"),
        (
            problem("\"kind\": \"autofs\"", &format!("\"kind\": \"{long}\"")),
            "machine.mounts.ok[3].kind: is too long",
        ),
        (problem("\"role\": {\"kern_return\": 4}", "\"role\": {}"), "line "),
        (problem("\"role\":", "\"rolle\":"), "unknown field `rolle`"),
        (problem("\"timebase\":", "\"time\":"), "unknown field `time`"),
        (problem("\"denom\": 3", "\"denom\": -3"), "line "),
    ];
    for (said, expected) in cases {
        assert!(said.contains(expected), "{said}\n  should have said: {expected}");
    }
    let many = Limits { rows: 60, ..Limits::default() };
    let refused = read(text.as_bytes(), many).unwrap_err().to_string();
    assert!(refused.contains("more than 60 rows"), "{refused}");
}
