//! The parts of a recording that may be missing: what is recorded is replayed, what is missing is
//! said to be, and what cannot be is refused.

use std::path::Path;
use std::sync::Arc;

use mach_procfs::kernel::mach::MachKernel;
use mach_procfs::kernel::xnu::{
    AuditToken, BsdInfo, Errno, KernReturn, OpenFile, PathlessFile, PipeFile, Platform, PortKind,
    PortLimit, PortName, PortStatus, ProcessorInfo, ProcessorLoad, SYSCTLS, SecurityToken,
    ShortBsdInfo, SocketFile, StateFlavor, TaskBasicInfo, TaskInfo, TaskPort, TaskVmInfo,
    ThreadBasicInfo, ThreadId, ThreadIdentifier, ThreadInfo, ThreadPorts, Typed, UniqueInfo,
    VmStatistics, VnodeFile, VnodePaths, XnuCalls, boot,
};
use mach_procfs::kernel::{Detail, Kernel};
use mach_procfs::model::Pid;
use mach_procfs::recording::{Limits, Recording, RecordingError, Replay, Reply, read, record};
use serde_json::Value;
use xnu_model::fixtures::{DEMO, arm64, forked, intel, translated};
use xnu_model::{FileDetail, PortRule, XnuModel};

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

/// Everything that this kernel answers by pid, as text.
fn by_pid<C: XnuCalls>(calls: &C) -> Vec<String> {
    let mut all = Vec::new();
    for pid in PIDS.into_iter().chain([77]) {
        let (mut path, mut arguments) = (vec![0; 4096], vec![0; 8192]);
        let (mut ids, mut files) = ([0; 64], [OpenFile::default(); 64]);
        all.push(format!("{pid} {:?}", calls.pid::<TaskInfo>(pid, 0)));
        all.push(format!("{pid} {:?}", calls.pid::<VnodePaths>(pid, 0)));
        all.push(format!("{pid} {:?}", calls.pid::<UniqueInfo>(pid, 1)));
        all.push(format!("{pid} {:?}", calls.pid::<Platform>(pid, 0)));
        all.push(format!("{pid} {:?}", calls.pid::<ShortBsdInfo>(pid, 1)));
        all.push(format!("{pid} {:?}", calls.pid::<BsdInfo>(pid, 1)));
        let length = calls.pid_path(pid, &mut path);
        all.push(format!("{pid} {:?}", length.map(|length| &path[..length])));
        all.push(format!("{pid} {:?}", calls.kinfo_proc(pid)));
        let length = calls.process_arguments(pid, Some(&mut arguments));
        all.push(format!("{pid} {:?}", length.map(|length| &arguments[..length])));
        let count = calls.pid_list::<ThreadId>(pid, Some(&mut ids));
        all.push(format!("{pid} {count:?} {ids:?}"));
        for id in ids.into_iter().take(count.unwrap_or(0) + 1) {
            all.push(format!("{pid} {id} {:?}", calls.pid::<ThreadInfo>(pid, id)));
        }
        let count = calls.pid_list::<OpenFile>(pid, Some(&mut files));
        all.push(format!("{pid} {count:?} {files:?}"));
        for descriptor in -1..22 {
            all.push(format!("{:?}", calls.fd::<VnodeFile>(pid, descriptor)));
            all.push(format!("{:?}", calls.fd::<PathlessFile>(pid, descriptor)));
            all.push(format!("{:?}", calls.fd::<SocketFile>(pid, descriptor)));
            all.push(format!("{:?}", calls.fd::<PipeFile>(pid, descriptor)));
        }
    }
    all
}

/// Everything that a task port answers.
fn facts<C: XnuCalls>(calls: &C, port: PortName) -> Vec<String> {
    let mut all = vec![
        format!("{:?}", calls.task::<TaskVmInfo>(port)),
        format!("{:?}", calls.task::<TaskBasicInfo>(port)),
        format!("{:?}", calls.task::<SecurityToken>(port)),
        format!("{:?}", calls.task::<AuditToken>(port)),
        format!("{:?}", calls.role(port)),
        format!("{:?}", calls.space_info(port)),
    ];
    for entry in calls.space_info(port).unwrap_or_default() {
        all.push(format!("{:?}", calls.attributes::<PortLimit>(port, entry.name)));
        all.push(format!("{:?}", calls.attributes::<PortStatus>(port, entry.name)));
    }
    all
}

const KINDS: [PortKind; 4] = [PortKind::Control, PortKind::Read, PortKind::Inspect, PortKind::Name];

/// Each kind of port that is given, and everything by the strongest.
fn by_port<C: XnuCalls>(calls: &Arc<C>, cpu_type: i32) -> Vec<String> {
    let mut all = Vec::new();
    for pid in PIDS.into_iter().chain([77]) {
        let ports = KINDS.map(|kind| TaskPort::for_pid(calls, kind, pid));
        all.extend(ports.iter().map(|port| match port {
            Ok(port) => format!("{pid} {}", port.is_some()),
            Err(refusal) => format!("{pid} {refusal:?}"),
        }));
        let Some(port) = ports.into_iter().find_map(|port| port.ok().flatten()) else { continue };
        all.extend(facts(calls.as_ref(), port.name()));
        let threads = match ThreadPorts::of(&port) {
            Ok(threads) => threads,
            Err(code) => {
                all.push(format!("{pid} {code:?}"));
                continue;
            }
        };
        for thread in threads.names() {
            all.push(format!("{:?}", calls.thread::<ThreadIdentifier>(*thread)));
            all.push(format!("{:?}", calls.thread::<ThreadBasicInfo>(*thread)));
            for (flavor, _) in StateFlavor::of_cpu(cpu_type) {
                let mut words = [0; 200];
                let count = calls.thread_state(*thread, *flavor, &mut words);
                all.push(format!("{count:?} {words:?}"));
            }
        }
    }
    all
}

fn of_machine<C: XnuCalls>(calls: &C) -> Vec<String> {
    let mut all = vec![
        format!("{:?}", calls.timebase()),
        format!("{:?}", calls.host::<VmStatistics>()),
        format!("{:?}", calls.processors::<ProcessorInfo>()),
        format!("{:?}", calls.processors::<ProcessorLoad>()),
        format!("{:?}", calls.processor::<ProcessorInfo>(2)),
        format!("{:?}", calls.processor::<ProcessorLoad>(77)),
    ];
    let mut mounts = vec![Default::default(); 9];
    all.push(format!("{:?} {:?} {mounts:?}", calls.mounts(None), calls.mounts(Some(&mut mounts))));
    for name in SYSCTLS.into_iter().chain(boot::ALL) {
        let mut value = [0; 200];
        let length = calls.sysctl_by_name(name, Some(&mut value));
        all.push(format!("{name:?} {length:?} {value:?}"));
    }
    all
}

fn cpu_type<C: XnuCalls>(calls: &C) -> i32 {
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
        let replayed = Arc::new(Replay::new(read_bytes(&shipped(name)).unwrap()));
        let cpu_type = cpu_type(live.as_ref());
        assert_same(&by_pid(live.as_ref()), &by_pid(replayed.as_ref()), name);
        assert_same(&by_port(&live, cpu_type), &by_port(&replayed, cpu_type), name);
        assert_same(&of_machine(live.as_ref()), &of_machine(replayed.as_ref()), name);
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
        assert!(matches!(demo.task.vm_info, Some(Reply::Ok(_))));
        let bytes = written(&recording);
        let replayed = Arc::new(Replay::new(read_bytes(&bytes).unwrap()));
        let cpu_type = cpu_type(live.as_ref());
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
    assert!(String::from_utf8_lossy(&bytes).contains("\"vnode\": {\"errno\": 1}, "));
    let replayed = Arc::new(Replay::new(read_bytes(&bytes).unwrap()));
    assert_eq!(replayed.fd::<VnodeFile>(DEMO, 3), Err(Errno::PERM));
    let known = live.fd::<PathlessFile>(DEMO, 3).unwrap();
    assert_eq!(replayed.fd::<PathlessFile>(DEMO, 3), Ok(known));
    assert!(bytes == written(&record(&replayed, &pids())));
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
    let replayed = Replay::new(read_bytes(&bytes).unwrap());
    let wanted = live.file_part(b"/Users/Shared/demo", 0, 1 << 20);
    assert_eq!(replayed.file_part(b"/Users/Shared/demo", 0, 1 << 20), wanted);
    assert_eq!(replayed.file_part(b"/Users/Shared/demo", 1, 9), Err(Errno::NOTSUP));
    assert_eq!(replayed.file_part(b"/etc/passwd", 0, 9), Err(Errno::NOTSUP));
}

const PARTS: [&str; 11] = [
    "executable",
    "kinfo",
    "answers/task_info",
    "answers/directories",
    "arguments",
    "threads",
    "files",
    "task",
    "role",
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
        for part in parts {
            let (around, name) = part.rsplit_once('/').unwrap_or(("", part));
            let around = format!("{}{around}", if around.is_empty() { "" } else { "/" });
            process.pointer_mut(&around).unwrap().as_object_mut().unwrap().remove(name);
        }
    }
    serde_json::to_vec(&value).unwrap()
}

/// Whether a part is in a text.
fn names(text: &[u8], part: &str) -> bool {
    let name = part.rsplit('/').next().unwrap();
    String::from_utf8_lossy(text).contains(&format!("\"{name}\":"))
}

#[test]
fn a_recording_without_parts_is_read_and_says_that_it_has_none() {
    let recording = read_bytes(&without(&shipped("arm64"), &PARTS, true)).unwrap();
    let old = written(&recording);
    for part in PARTS.into_iter().chain(["machine"]) {
        assert!(!names(&old, part), "{part}");
    }
    let model = Arc::new(Replay::new(recording));
    let no = Errno::NOTSUP;
    assert_eq!(model.pid_path(DEMO, &mut [0; 4096]), Err(no));
    assert_eq!(model.pid::<VnodePaths>(DEMO, 0), Err(no));
    assert_eq!(model.kinfo_proc(DEMO), Err(no));
    assert_eq!(model.kinfo_proc(77), Ok(None), "nobody is nobody all the same");
    assert_eq!(model.pid::<TaskInfo>(DEMO, 0), Err(no));
    assert_eq!(model.pid::<TaskInfo>(77, 0), Err(Errno::SRCH));
    assert_eq!(model.process_arguments(DEMO, None), Err(no));
    assert_eq!(model.pid_list::<ThreadId>(DEMO, Some(&mut [0; 9])), Err(no));
    assert_eq!(model.pid::<ThreadInfo>(DEMO, 4242), Err(no));
    assert_eq!(model.pid_list::<OpenFile>(DEMO, None), Err(no));
    assert_eq!(model.fd::<VnodeFile>(DEMO, 0), Err(no));
    let not = KernReturn::NOT_SUPPORTED;
    let port = TaskPort::for_pid(&model, PortKind::Control, DEMO).unwrap().unwrap();
    assert_eq!(model.task::<TaskBasicInfo>(port.name()), Err(not));
    assert_eq!(model.role(port.name()), Err(not));
    assert_eq!(model.space_info(port.name()), Err(not));
    assert_eq!(model.threads(port.name()), Err(not));
    drop(port);
    assert_eq!(model.timebase(), Err(not));
    assert_eq!(model.host::<VmStatistics>(), Err(not));
    assert_eq!(model.mounts(None), Err(no));
    assert_eq!(model.sysctl_by_name(c"hw.ncpu", None), Err(no));
    // A replay of it is recorded without them, too.
    let again = written(&record(&model, &pids()));
    for part in PARTS.into_iter().chain(["machine"]) {
        assert!(!names(&again, part), "{part}");
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
        let model = Arc::new(Replay::new(recording.clone()));
        let _ = (by_pid(model.as_ref()), by_port(&model, 0), of_machine(model.as_ref()));
        assert!(record(&model, &pids()) == recording, "{part}");
    }
}

#[test]
fn replayed_credentials_are_those_of_whoever_asks() {
    let recording = read_bytes(&shipped("arm64")).unwrap();
    let model = Arc::new(Replay::new(recording).owned_by(1234, 99));
    let info = model.kinfo_proc(DEMO).unwrap().unwrap();
    assert_eq!([info.uid, info.real_uid, info.saved_uid], [1234; 3]);
    assert_eq!((info.real_gid, info.group_count, &info.groups[..2]), (99, 1, &[99, 0][..]));
    let port = TaskPort::for_pid(&model, PortKind::Name, DEMO).unwrap().unwrap();
    assert_eq!(model.task::<SecurityToken>(port.name()), Ok(SecurityToken { ids: [1234, 99] }));
    let token = model.task::<AuditToken>(port.name()).unwrap();
    assert_eq!(token.words, [1234, 1234, 99, 1234, 99, 500, 100_004, 500]);
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
        (problem("com.example.worker", &long), "more than 64 bytes at line "),
        (problem("\"/dev/ttys001\"", &format!("\"{long}\"")), "more than 1024 bytes at line "),
        (
            problem("\"/private/var/run/demo.sock\"", &format!("\"{long}\"")),
            "more than 253 bytes at line ",
        ),
        (problem(state, &words), "more than 1296 words at line "),
        (problem(state, "123"), "not words of eight digits each"),
        (problem(state, "1234567g"), "not words of eight digits each"),
        (
            problem("\"kind\": \"autofs\"", &format!("\"kind\": \"{long}\"")),
            "more than 16 bytes at line ",
        ),
        (problem("\"role\": {", "\"role\": {}, \"x\": {"), "line "),
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
