//! Recordings: what is written is read back, what is replayed is what was recorded, and what a
//! stranger sends does no harm.

use crate::common::golden::assert_golden;
use crate::common::mach as mach_common;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use mach_common::{over, rest};
use mach_procfs::kernel::mach::MachKernel;
use mach_procfs::kernel::xnu::{PortKind, VnodeInfo, XnuCalls};
use mach_procfs::kernel::{Darwin, Detail, Kernel};
use mach_procfs::model::{Pid, Region, Result};
use mach_procfs::recording::{
    Answer, Limits, ProcessAnswers, RecordedProcess, Recording, RecordingError, Replay, read,
    record,
};
use mach_procfs::tree::{Caller, Tree};
use proptest::prelude::*;
use xnu_model::fixtures::{arm64, forked, intel, macos12, translated, zsh};
use xnu_model::{Call, Entry, Vnode, World, XnuModel};

/// A name, what makes the world that was recorded, and the processes.
type Shipped = (&'static str, fn() -> World, &'static [u32]);

const RECORDINGS: [Shipped; 6] = [
    ("arm64", arm64, &PIDS),
    ("intel", intel, &PIDS),
    ("translated", translated, &PIDS),
    ("macos12", macos12, &PIDS),
    ("forked", forked, &PIDS),
    ("zsh", zsh, &[0, 1, 500]),
];

const PIDS: [u32; 4] = [0, 1, 500, 501];

fn pids(numbers: &[u32]) -> Vec<Pid> {
    numbers.iter().map(|number| Pid::new(*number).unwrap()).collect()
}

fn written(recording: &Recording) -> Vec<u8> {
    let mut bytes = Vec::new();
    recording.write(&mut bytes).unwrap();
    bytes
}

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recordings").join(format!("{name}.json"))
}

fn read_bytes(bytes: &[u8]) -> std::result::Result<Recording, RecordingError> {
    read(bytes, Limits::default())
}

fn problem(bytes: &[u8]) -> String {
    read_bytes(bytes).unwrap_err().to_string()
}

/// Everything that the tree may ask about every process.
fn everything<C: XnuCalls>(kernel: &MachKernel<C>) -> Vec<(Pid, Detail, Result<Vec<Region>>)> {
    let mut all = Vec::new();
    for pid in kernel.processes().unwrap() {
        let _ = (kernel.owner(pid, mach_procfs::kernel::OwnerKind::Memory), kernel.process(pid));
        for detail in [Detail::Map, Detail::Attributes, Detail::Counts, Detail::Pages] {
            let regions = kernel
                .identity(pid)
                .and_then(|identity| kernel.regions(pid, identity, detail))
                .and_then(|mut walk| rest(walk.as_mut()));
            all.push((pid, detail, regions));
        }
    }
    all
}

// ---- The three that are shipped ----------------------------------------------------------------

#[test]
fn shipped_recordings_are_those_of_the_fixtures() {
    for (name, world, numbers) in RECORDINGS {
        let bytes = written(&record(&Arc::new(XnuModel::new(world())), &pids(numbers)));
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(file(name), &bytes).unwrap();
        }
        let shipped = std::fs::read(file(name)).unwrap();
        assert!(shipped == bytes, "tests/recordings/{name}.json; UPDATE_GOLDEN=1 makes it anew");
    }
}

/// A part of one, in which the fuzzer meets every field often.
fn small() -> Recording {
    let whole = record(&Arc::new(XnuModel::new(arm64())), &pids(&PIDS));
    let part = |process: RecordedProcess| RecordedProcess {
        answers: ProcessAnswers { task_info: None, directories: None, ..process.answers },
        regions: process.regions.into_iter().step_by(7).collect(),
        leaves: process.leaves.into_iter().step_by(7).collect(),
        executable: None,
        arguments: None,
        kinfo: None,
        ports: None,
        thread_ports: None,
        threads: None,
        files: None,
        ..process
    };
    Recording::new(whole.processes.into_iter().map(part).collect())
}

#[test]
fn the_fuzzers_own_recording_is_a_part_of_one() {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds/recording");
    let file = seeds.join("small.json");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&file, written(&small())).unwrap();
    }
    assert!(std::fs::read(&file).unwrap() == written(&small()), "UPDATE_GOLDEN=1 makes it anew");
    // The others are those that are shipped.
    for seed in std::fs::read_dir(seeds).unwrap() {
        read_bytes(&std::fs::read(seed.unwrap().path()).unwrap()).unwrap();
    }
}

#[test]
fn replay_shows_what_the_recorded_kernel_shows() {
    for (name, world, _) in RECORDINGS {
        let (_, live) = over(world());
        let recording = read_bytes(&std::fs::read(file(name)).unwrap()).unwrap();
        let replayed = MachKernel::new(Arc::new(Replay::new(recording)));
        let (live, replayed) = (everything(&live), everything(&replayed));
        assert_eq!(live.len(), replayed.len());
        for (live, replayed) in live.iter().zip(&replayed) {
            assert_eq!(live, replayed, "{name}");
        }
    }
}

#[test]
fn recording_a_replay_gives_the_same_file_back() {
    for (name, _, numbers) in RECORDINGS {
        let bytes = std::fs::read(file(name)).unwrap();
        let model = Arc::new(Replay::new(read_bytes(&bytes).unwrap()));
        let again = written(&record(&model, &pids(numbers)));
        assert!(bytes == again, "{name}");
        assert_eq!(model.live_ports(), 0);
    }
}

#[test]
fn replayed_files_look_like_the_golden_ones() {
    let root = Caller { uid: 0, gid: 0, pid: 1 };
    for (name, _, _) in RECORDINGS {
        let recording = read_bytes(&std::fs::read(file(name)).unwrap()).unwrap();
        let kernel = MachKernel::new(Arc::new(Replay::new(recording)));
        let tree = Tree::new(Arc::new(kernel), 0, 0);
        for path in ["500/maps", "500/task/vmmap", "500/task/vmmap_r"] {
            let node = tree.resolve(Path::new(path), &root).unwrap().node;
            let mut text = Vec::new();
            tree.open(node, &root).unwrap().fill(&mut text, usize::MAX).unwrap();
            let row = path.rsplit('/').next().unwrap();
            assert_golden(&format!("mach_{name}_{row}.txt"), &text);
        }
    }
}

#[test]
fn replayed_processes_belong_to_whoever_asks_for_them() {
    let recording = read_bytes(&std::fs::read(file("arm64")).unwrap()).unwrap();
    let kernel = MachKernel::new(Arc::new(Replay::new(recording).owned_by(1234, 99)));
    for pid in pids(&PIDS) {
        let (_, credentials) = kernel.credentials(pid).unwrap();
        assert!(credentials.uid.are_all(1234) && credentials.gid.are_all(99));
        assert!(!credentials.changed_ids);
        let owner = kernel.owner(pid, mach_procfs::kernel::OwnerKind::Memory).unwrap();
        assert_eq!((owner.1.uid, owner.1.gid), (1234, 99));
    }
}

#[test]
fn no_caller_is_a_process_of_a_replay() {
    let recording = read_bytes(&std::fs::read(file("arm64")).unwrap()).unwrap();
    let kernel = MachKernel::new(Arc::new(Replay::new(recording)));
    assert!(kernel.callers().is_none());
}

#[test]
fn recorder_never_asks_about_the_regions_of_pid_0() {
    let model = Arc::new(XnuModel::new(arm64()));
    let recording = record(&model, &pids(&[0]));
    assert_eq!(recording.processes[0].regions_end, None);
    for call in [Call::RegionPathInfo, Call::RegionRecurse] {
        assert_eq!(model.count(call), 0);
    }
}

#[test]
fn what_was_refused_is_replayed_as_refused() {
    let mut world = arm64();
    world.caller.uid = 501;
    let model = Arc::new(XnuModel::new(world));
    let bytes = written(&record(&model, &pids(&[1, 77, 500])));
    let replayed = Arc::new(Replay::new(read_bytes(&bytes).unwrap()));
    assert!(bytes == written(&record(&replayed, &pids(&[1, 77, 500]))));
    assert_eq!(
        replayed.port_for_pid(PortKind::Control, 1),
        model.port_for_pid(PortKind::Control, 1)
    );
    let kernel = MachKernel::new(replayed);
    let launchd = Pid::new(1).unwrap();
    let mut walk = kernel.regions(launchd, kernel.identity(launchd).unwrap(), Detail::Map).unwrap();
    assert_eq!(walk.next_region().unwrap_err().kind, mach_procfs::model::ErrorKind::Denied);
    assert!(kernel.identity(Pid::new(77).unwrap()).is_err());
}

#[test]
fn a_map_that_moved_while_it_was_recorded_can_be_read_and_is_replayed() {
    let mut world = arm64();
    let page = 16_384;
    world.enter(500, Entry::new(0x2000 * page, 4 * page));
    let model = Arc::new(XnuModel::new(world));
    let rows = {
        let recording = record(&model, &pids(&[500]));
        let rows = &recording.processes[0].regions;
        rows.iter().position(|row| row.get().region.address == 0x2000 * page).unwrap() as u64
    };
    // After this row was answered, one grows over its end.
    model.change_at(Call::RegionPathInfo, 2 * rows + 4, move |world| {
        world.enter(500, Entry::new(0x2002 * page, 8 * page));
    });
    let asked = model.count(Call::RegionPathInfo);
    model.change_at(Call::RegionPathInfo, asked + rows + 2, move |world| {
        world.enter(500, Entry::new(0x2002 * page, 8 * page));
    });
    let bytes = written(&record(&model, &pids(&[500])));
    let recording = read_bytes(&bytes).unwrap();
    let starts: Vec<u64> =
        recording.processes[0].regions.iter().map(|row| row.get().region.address).collect();
    assert!(starts.contains(&(0x2002 * page)), "the race was not met");
    let kernel = MachKernel::new(Arc::new(Replay::new(recording)));
    for (_, _, regions) in everything(&kernel) {
        let regions = regions.unwrap();
        assert!(regions.windows(2).all(|pair| pair[0].end <= pair[1].start));
    }
}

#[test]
fn process_that_executes_another_image_meanwhile_is_recorded_again() {
    let model = Arc::new(XnuModel::new(arm64()));
    model.change_at(Call::RegionPathInfo, 3, |world| {
        world.exec(500);
        world.enter(500, Entry::new(0x8000, 0x4000));
    });
    let recording = record(&model, &pids(&[500]));
    assert_eq!(recording.processes[0].regions.len(), 1);
    assert_eq!(model.live_ports(), 0);
}

#[test]
fn process_that_ends_meanwhile_is_no_short_map_in_the_replay() {
    let model = Arc::new(XnuModel::new(arm64()));
    model.change_at(Call::RegionPathInfo, 3, |world| world.begin_exit(500));
    let bytes = written(&record(&model, &pids(&[500])));
    let kernel = MachKernel::new(Arc::new(Replay::new(read_bytes(&bytes).unwrap())));
    for (_, _, regions) in everything(&kernel) {
        assert_eq!(regions.unwrap_err().kind, mach_procfs::model::ErrorKind::Vanished);
    }
}

// ---- Paths -------------------------------------------------------------------------------------

proptest! {
    #[test]
    fn paths_of_any_bytes_survive(path in prop::collection::vec(1..=255u8, 0..1024)) {
        let mut world = arm64();
        let path = &path[..path.len().min(1023)];
        let info = VnodeInfo { ino: 5, kind: 1, ..VnodeInfo::default() };
        let vnode = world.vnode(Vnode { info, path: path.to_vec(), ..Vnode::default() });
        world.map_file(500, Entry::new(0x4000, 0x4000), vnode);
        let bytes = written(&record(&Arc::new(XnuModel::new(world)), &pids(&[500])));
        let recording = read_bytes(&bytes).unwrap();
        let region = recording.processes[0].regions[0].get();
        prop_assert_eq!(region.path.bytes(), path);
    }
}

/// Before a recording held it, the latest start of a process is the latest time that is known.
#[test]
fn the_time_of_a_replay_is_that_of_its_recording() {
    let uptime = |recording: Recording| {
        let machine = MachKernel::new(Arc::new(Replay::new(recording))).machine().unwrap();
        machine.booted + machine.uptime
    };
    let whole = read_bytes(&std::fs::read(file("arm64")).unwrap()).unwrap();
    let moment = whole.recorded_at.unwrap();
    assert_eq!(moment.seconds, 1_700_000_000);
    assert_eq!(uptime(whole.clone()), moment.time());
    let mut older = whole.clone();
    older.recorded_at = None;
    let start = |process: &RecordedProcess| match &process.answers.bsd_info {
        Some(Answer::Ok(info)) => (info.get().start_seconds, info.get().start_microseconds),
        _ => (0, 0),
    };
    let (seconds, microseconds) = older.processes.iter().map(start).max().unwrap();
    let latest = std::time::UNIX_EPOCH
        + std::time::Duration::new(seconds, 0)
        + std::time::Duration::from_micros(microseconds);
    assert!(seconds > 0);
    assert_eq!(uptime(older.clone()), latest);
    // What is not known is not made up.
    let again = record(&Arc::new(Replay::new(older.clone())), &pids(&PIDS));
    assert!(again == older);
}

// ---- Hostile files -----------------------------------------------------------------------------

/// The arm64 recording with one text replaced by another, once.
fn changed(from: &str, to: &str) -> Vec<u8> {
    let text = std::fs::read_to_string(file("arm64")).unwrap();
    assert!(text.contains(from), "{from}");
    text.replacen(from, to, 1).into_bytes()
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    let text = std::fs::read_to_string(file("arm64")).unwrap();
    let second = |field: &str| {
        // The second region of the process that has regions: everything up to its line.
        let at = text.match_indices("\"regions\": [\n").nth(1).unwrap().0;
        let line = text[at..].lines().nth(2).unwrap().to_owned();
        let value = line.split(&format!("\"{field}\": ")).nth(1).unwrap();
        let value = value.split([',', '}']).next().unwrap().to_owned();
        (line, value)
    };
    let with = |field: &str, to: &str| {
        let (line, value) = second(field);
        let old = format!("\"{field}\": {value}");
        changed(&line, &line.replacen(&old, &format!("\"{field}\": {to}"), 1))
    };
    let cases: [(Vec<u8>, &str); 14] = [
        (with("size", "\"0x0\""), "processes[2].regions[1].region.size: is 0"),
        (
            with("size", "\"0xffffffffffffffff\""),
            "processes[2].regions[1].region.size: the region ends above 2^64",
        ),
        (
            with("address", "\"0x10\""),
            "processes[2].regions[1].region.address: the region ends where the last one did, or below",
        ),
        (with("size", "\"0x10000000000000000\""), "a number below 2^64"),
        (with("size", "\"-1\""), "a number below 2^64"),
        (with("size", "7"), "a number below 2^64"),
        (with("protection", "-1"), "line "),
        (with("protection", "99999999999"), "line "),
        (
            changed("\"version\": 2", "\"version\": 1"),
            "version: the recording is of version 1, this program reads version 2: record it again",
        ),
        (changed("mach-procfs recording", "tape"), "format: is not that of a recording"),
        (changed("\"pid\": 501,", "\"pid\": 500,"), "processes[3].pid: is another process's, too"),
        (changed("\"pid\": 501,", "\"pid\": -1,"), "processes[3].pid: no process has such a pid"),
        (
            changed("\"page_size\": 16384", "\"page_size\": 0"),
            "processes[0].task.vm_info.ok.page_size",
        ),
        (changed("\"regions_end\": 22", "\"regions_end\": null"), "processes[1].regions_end"),
    ];
    for (bytes, expected) in cases {
        let said = problem(&bytes);
        assert!(said.contains(expected), "{said}\n  should have said: {expected}");
    }
}

#[test]
fn no_json_no_text_and_nothing_at_all_are_said_with_line_and_column() {
    for bytes in [&b""[..], b"{", b"[]", b"null", b"\xff\xfe", b"{\"format\": 7}", b"{}x"] {
        assert!(problem(bytes).contains("line "), "{}", bytes.escape_ascii());
    }
    let said = problem(b"{\n\"format\": \"\xff\"}");
    assert!(said.contains("line 2 column 12: is not UTF-8"), "{said}");
    let deep = "[".repeat(1_000_000);
    assert!(problem(deep.as_bytes()).contains("line "));
    let unknown = changed("\"version\": 2", "\"version\": 2, \"extra\": []");
    assert!(problem(&unknown).contains("unknown field `extra`"));
}

/// serde would take a struct's values without their names as well.
#[test]
fn a_list_is_no_object() {
    let text = std::fs::read_to_string(file("arm64")).unwrap();
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    // Every object that stands for a struct, one at a time, as the list of its values.
    fn objects(value: &serde_json::Value, path: &str, found: &mut Vec<String>) {
        match value {
            serde_json::Value::Object(map) => {
                // One key is an answer or bytes; the sysctls are a map by name.
                if map.len() > 1 && !path.ends_with("/sysctls") {
                    found.push(path.to_owned());
                }
                for (key, inner) in map {
                    objects(inner, &format!("{path}/{key}"), found);
                }
            }
            serde_json::Value::Array(list) => {
                // Elements of a list are alike.
                for (index, inner) in list.iter().enumerate().take(3) {
                    objects(inner, &format!("{path}/{index}"), found);
                }
            }
            _ => {}
        }
    }
    let mut places = Vec::new();
    objects(&value, "", &mut places);
    assert!(places.len() > 50, "{places:?}");
    for place in places {
        let mut changed = value.clone();
        let object = changed.pointer_mut(&place).unwrap();
        let values = object.as_object().unwrap().values().cloned().collect();
        *object = serde_json::Value::Array(values);
        let bytes = serde_json::to_vec(&changed).unwrap();
        let said = problem(&bytes);
        assert!(
            said.contains("invalid type: sequence") && said.contains("column"),
            "{place}: {said}"
        );
    }
}

#[test]
fn hex_bytes_and_paths_that_cannot_be_are_refused() {
    let shipped = "{\"hex\": \"2f566f6c756d65732f4e46532f6e61ef7665\"}";
    for (to, expected) in [
        ("{\"hex\": \"2f5\"}", "two digits a byte"),
        ("{\"hex\": \"zz\"}", "two digits a byte"),
        ("{\"hex\": \"2f\", \"hex\": \"2f\"}", "another key"),
        ("{\"bytes\": \"2f\"}", "missing field `hex`"),
        ("{}", "missing field `hex`"),
        ("[47]", "a string, or"),
        ("\"/\\u0000\"", "the text contains a NUL"),
    ] {
        let said = problem(&changed(shipped, to));
        assert!(said.contains(expected), "{to}: {said}");
    }
    let long = format!("\"{}\"", "x".repeat(1025));
    assert!(problem(&changed(shipped, &long)).contains("more than 1024 bytes at line "));
}

#[test]
fn too_much_is_refused_before_it_costs_memory() {
    let bytes = std::fs::read(file("arm64")).unwrap();
    let limits =
        |limits: Limits| read(bytes.as_slice(), limits).map(|_| ()).unwrap_err().to_string();
    let few = bytes.len() as u64 - 1;
    let said = limits(Limits { bytes: few, ..Limits::default() });
    assert_eq!(said, format!("the recording has more than {few} bytes"));
    let said = limits(Limits { processes: 3, ..Limits::default() });
    assert!(said.contains("more than 3 processes at line "), "{said}");
    let said = limits(Limits { rows: 10, ..Limits::default() });
    assert!(said.contains("more than 10 rows in all lists at line "), "{said}");
    // A reader without end.
    let endless = std::io::repeat(b' ');
    let small = Limits { bytes: 1 << 20, ..Limits::default() };
    assert!(matches!(read(endless, small), Err(RecordingError::TooLarge(_))));
}

#[test]
fn every_list_is_counted_while_it_is_parsed() {
    let text = std::fs::read_to_string(file("arm64")).unwrap();
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    // Every list of rows, of the machine, the registers and the images too, one at a time; lists
    // of numbers have a fixed length.
    fn lists(value: &serde_json::Value, path: &str, found: &mut Vec<String>) {
        match value {
            serde_json::Value::Object(map) => {
                map.iter().for_each(|(key, inner)| lists(inner, &format!("{path}/{key}"), found));
            }
            serde_json::Value::Array(list) => {
                if list.first().is_some_and(serde_json::Value::is_object) {
                    found.push(path.to_owned());
                }
                for (index, inner) in list.iter().enumerate().take(3) {
                    lists(inner, &format!("{path}/{index}"), found);
                }
            }
            _ => {}
        }
    }
    let mut places = Vec::new();
    lists(&value, "", &mut places);
    for kind in
        ["/processors/info/", "/processors/load/", "/mounts/", "/states", "/segments", "/images"]
    {
        assert!(places.iter().any(|place| format!("{place}/").contains(kind)), "{kind}");
    }
    let few = Limits { rows: 5_000, ..Limits::default() };
    for place in places {
        let mut changed = value.clone();
        let list = changed.pointer_mut(&place).unwrap().as_array_mut().unwrap();
        let row = list[0].clone();
        list.resize(5_001, row);
        let bytes = serde_json::to_vec(&changed).unwrap();
        let said = read(bytes.as_slice(), few).unwrap_err().to_string();
        let most = if place.ends_with("/states") {
            "more than 16 sets of registers"
        } else {
            "more than 5000 rows in all lists"
        };
        assert!(said.contains(&format!("{most} at line 1 column ")), "{said}");
        let column: usize = said.rsplit(' ').next().unwrap().parse().unwrap();
        assert!(column < bytes.len(), "{place}: {said}");
    }
    let mut changed = value.clone();
    let sysctls = changed.pointer_mut("/machine/sysctls").unwrap().as_object_mut().unwrap();
    sysctls.extend((0..1024).map(|it| (format!("a.{it}"), serde_json::json!({"errno": 2}))));
    assert!(problem(&serde_json::to_vec(&changed).unwrap()).contains("more than 1024 names"));
}

#[test]
fn messages_quote_little_of_what_a_stranger_wrote() {
    let long = "x".repeat(1 << 20);
    let text = format!("\"{long}\"");
    let cases = [
        changed("\"version\": 2", &format!("\"version\": 2, {text}: []")),
        changed("\"version\": 2", &format!("\"version\": {text}")),
        changed("\"version\": 2", &format!("\"version\": 2{long}")),
        changed("\"version\": 2", &format!("\"version\": {}", "1".repeat(1 << 20))),
        changed("\"processes\": [", &format!("\"processes\": [{text},")),
        changed("\"processes\": [", &format!("\"processes\": {text}, \"x\": [")),
        changed("\"pid\": 500", &format!("\"pid\": {text}")),
        changed("\"denom\": 3", &format!("\"denom\": 3, {text}: 3")),
        changed("\"timebase\": {", &format!("\"timebase\": {{{text}: 4,")),
        changed("\"timebase\": {", &format!("\"timebase\": {text}, \"x\": {{")),
        changed("\"regions_end\": 22", &format!("\"regions_end\": {text}")),
        changed("\"vm_info\": {", &format!("\"vm_info\": {text}, \"x\": {{")),
        changed("\"size\": \"0x", &format!("\"size\": \"{long}0x")),
        changed("\"comm\": \"", &format!("\"comm\": \"{long}")),
        changed("\"uuid\": \"", &format!("\"uuid\": \"{long}")),
        changed("\"words\": {\"ok\": \"", &format!("\"words\": {{\"ok\": \"{long}")),
        changed("{\"hex\": \"", &format!("{{\"hex\": \"{long}")),
        changed("{\"hex\": \"", &format!("{{{text}: \"")),
    ];
    for bytes in cases {
        let said = problem(&bytes);
        assert!(said.len() < 1000, "{} bytes: {}", said.len(), &said[..200]);
        assert!(!said.contains(&long[..50]), "{said}");
        assert!(said.contains("line ") && said.contains("column "), "{said}");
    }
}

/// Reads; what can be read is asked everything.
fn survive(bytes: &[u8]) {
    if let Ok(recording) = read_bytes(bytes) {
        let model = Arc::new(Replay::new(recording));
        let kernel = MachKernel::new(Arc::clone(&model));
        let _ = everything(&kernel);
        let _ = written(&record(&model, &pids(&PIDS)));
        assert_eq!(model.live_ports(), 0);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn cut_flipped_and_spliced_recordings_never_panic(
        which in 0..RECORDINGS.len(),
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        splice in prop::option::of((
            any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0..400usize,
        )),
        cut in prop::option::weighted(0.2, any::<prop::sample::Index>()),
    ) {
        let mut bytes = std::fs::read(file(RECORDINGS[which].0)).unwrap();
        for (at, to) in flips {
            let at = at.index(bytes.len());
            bytes[at] = to;
        }
        if let Some((from, to, length)) = splice {
            let from = from.index(bytes.len());
            let piece = bytes[from..(from + length).min(bytes.len())].to_vec();
            let to = to.index(bytes.len());
            bytes.splice(to..to, piece);
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        survive(&bytes);
    }

    #[test]
    fn numbers_of_any_value_never_panic(
        which in 0..RECORDINGS.len(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u64>(), 0..64u32), 1..6),
    ) {
        // Every run of digits is a place where a number stands; hexadecimal ones stay so.
        let mut text = std::fs::read_to_string(file(RECORDINGS[which].0)).unwrap();
        for (at, value, shift) in changes {
            let value = value >> shift;
            let places: Vec<usize> = text.match_indices(": ").map(|(at, _)| at + 2).collect();
            let place = places[at.index(places.len())];
            let rest = &text[place..];
            let (length, new) = if let Some(hex) = rest.strip_prefix("\"0x") {
                let digits = hex.find('"').unwrap();
                (digits + 4, format!("\"{value:#x}\""))
            } else {
                (rest.chars().take_while(char::is_ascii_digit).count(), value.to_string())
            };
            if length > 0 {
                text.replace_range(place..place + length, &new);
            }
        }
        survive(text.as_bytes());
    }
}
