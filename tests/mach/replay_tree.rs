//! Every file of a recorded Mac, as the mount shows it: one golden for each recording. Each row
//! of the table that macOS has is in it, read through the whole Mach path.

use crate::common;

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use common::golden::assert_golden;
use mach_procfs::kernel::Kernel;
use mach_procfs::kernel::mach::MachKernel;
use mach_procfs::kernel::xnu::XnuCalls;
use mach_procfs::model::Result;
use mach_procfs::recording::{self, Limits, Replay};
use mach_procfs::tree::{Access, Caller, Node, NodeType, On, ROWS, Tree};
use serde_json::Value;
use xnu_model::{FileDetail, World, XnuModel, fixtures};

/// Who may see all of it, and is no process of the recorded Mac.
const READER: Caller = Caller { uid: 0, gid: 0, pid: 0 };

/// The process whose files are shown, and what else is: not the other processes.
const SHOWN: &str = "500";

fn tree(name: &str) -> Arc<Tree> {
    let path = format!("{}/tests/recordings/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let file = std::fs::File::open(path).unwrap();
    let recording = recording::read(std::io::BufReader::new(file), Limits::default()).unwrap();
    Tree::new(mach_procfs::recording::replay(recording, 0, 0), 0, 0)
}

fn read(tree: &Arc<Tree>, node: Node, caller: &Caller) -> Result<Vec<u8>> {
    let mut source = tree.open(node, caller)?;
    let mut text = Vec::new();
    while source.fill(&mut text, 1 << 20)? {}
    Ok(text)
}

struct Visibility<'a> {
    tree: &'a Arc<Tree>,
    /// Whether all processes are shown, and pictures, owners and times.
    all: bool,
    text: String,
    rows: BTreeSet<&'static str>,
}

impl Visibility<'_> {
    fn directory(&mut self, node: Node, path: &str) {
        let entries = match self.tree.list(node, &READER) {
            Ok(entries) => entries,
            Err(error) => return self.text.push_str(&format!("== {path}/\n{error}\n")),
        };
        for entry in entries {
            let name = entry.name.as_bytes();
            let path = format!("{path}/{}", entry.name);
            let found = match self.tree.lookup(node, OsStr::from_bytes(&name), &READER) {
                Ok(found) => found,
                Err(error) => {
                    self.text.push_str(&format!("== {path}\n{error}\n"));
                    continue;
                }
            };
            let is_other =
                node == Node::ROOT && path[1..].parse::<u32>().is_ok() && path[1..] != *SHOWN;
            if is_other && !self.all {
                continue;
            }
            if self.all {
                let mut attributes = self.tree.attributes(found.node);
                // What is of no process is as old as the mount.
                if let Ok(attributes) = &mut attributes
                    && !path[1..].starts_with(|first: char| first.is_ascii_digit())
                {
                    attributes.owner.since = SystemTime::UNIX_EPOCH;
                }
                self.text.push_str(&format!("{attributes:?}\n"));
            }
            self.rows.insert(found.node.row.row().path);
            self.node(&path, found.node, found.node_type, found.mode);
        }
    }

    fn node(&mut self, path: &str, node: Node, node_type: NodeType, mode: u16) {
        match node_type {
            NodeType::Directory => self.directory(node, path),
            NodeType::Link => {
                let target = self.tree.read_link(node, &READER);
                let target = target.map(|target| target.escape_ascii().to_string());
                let target = target.unwrap_or_else(|error| error.to_string());
                self.text.push_str(&format!("== {path} {mode:04o} -> {target}\n"));
            }
            NodeType::File => {
                self.text.push_str(&format!("== {path} {mode:04o}\n"));
                match read(self.tree, node, &READER) {
                    // Pictures have goldens of their own.
                    Ok(_) if path.ends_with(".svg") && !self.all => {}
                    Ok(text) if path.ends_with("/uuid") => {
                        self.text.push_str(&format!("{} random bytes\n", text.len()));
                    }
                    Ok(text) => self.lines(&text),
                    Err(error) => self.text.push_str(&format!("{error}\n")),
                }
            }
        }
    }

    fn lines(&mut self, text: &[u8]) {
        for line in text.split_inclusive(|byte| *byte == b'\n') {
            let (line, end) = match line.strip_suffix(b"\n") {
                Some(line) => (line, ""),
                None => (line, " (no newline at the end)"),
            };
            self.text.push_str(&format!("{}{end}\n", line.escape_ascii()));
        }
    }
}

fn whole(tree: &Arc<Tree>, all: bool) -> (String, BTreeSet<&'static str>) {
    let mut shown = Visibility { tree, all, text: String::new(), rows: BTreeSet::new() };
    shown.directory(Node::ROOT, "");
    (shown.text, shown.rows)
}

#[test]
fn every_file_of_the_recordings() {
    for name in ["arm64", "intel"] {
        let (text, rows) = whole(&tree(name), false);
        assert_golden(&format!("tree_{name}.txt"), text.as_bytes());
        // Nothing is left out: all rows but the root's and those of who asks.
        let missing: Vec<&str> = ROWS
            .iter()
            .filter(|row| row.on != On::Linux && !rows.contains(row.path))
            .map(|row| row.path)
            .collect();
        assert_eq!(missing, ["", "self", "curproc"], "{name}");
        assert!(!text.contains("failed unexpectedly"), "{name}");
    }
}

/// All that a kernel shows.
fn all<C: XnuCalls>(calls: &Arc<C>) -> (String, BTreeSet<&'static str>) {
    whole(&Tree::new(Arc::new(MachKernel::new(Arc::clone(calls))), 0, 0), true)
}

/// Compares the trees once more; on a busy machine a file may seem not to answer in time.
fn all_in_time<C: XnuCalls>(calls: &Arc<C>) -> (String, BTreeSet<&'static str>) {
    for _ in 0..20 {
        let shown = all(calls);
        if !shown.0.contains(":[unknown]") {
            return shown;
        }
    }
    panic!("a file never answers");
}

/// A question that is not in the tables of recordings is one that a replay cannot answer.
#[test]
fn every_file_live_and_replayed_has_equal_bytes() {
    let worlds = [
        ("arm64", fixtures::arm64 as fn() -> World),
        ("intel", fixtures::intel),
        ("translated", fixtures::translated),
        ("macos12", fixtures::macos12),
        ("forked", fixtures::forked),
        ("zsh", fixtures::zsh),
    ];
    for (name, world) in worlds {
        let live = Arc::new(XnuModel::new(world()));
        let pids = MachKernel::new(Arc::clone(&live)).processes().unwrap();
        let mut bytes = Vec::new();
        recording::record(&live, &pids).write(&mut bytes).unwrap();
        let recorded = recording::read(bytes.as_slice(), Limits::default()).unwrap();
        let (live, rows) = all_in_time(&live);
        let (replayed, _) = all_in_time(&Arc::new(Replay::new(recorded)));
        assert!(rows.len() > 80 && live.len() > 100_000, "{name}: {}", rows.len());
        let lines = live.lines().zip(replayed.lines());
        let mut file = "";
        for (live, replayed) in lines {
            assert_eq!(live, replayed, "{name}, behind {file}");
            if live.starts_with("== ") {
                file = live;
            }
        }
        assert_eq!(live.len(), replayed.len(), "{name}");
    }
}

/// Where the answers of a table are in a recording's JSON, with `*` for each element.
const PLACES: [(&str, &str); 8] = [
    ("ProcessAnswers", "processes/*/answers"),
    ("ThreadAnswers", "processes/*/threads/ok/*/answers"),
    ("FileAnswers", "processes/*/files/ok/*/answers"),
    ("TaskAnswers", "processes/*/task"),
    ("ThreadPortAnswers", "processes/*/thread_ports/ok/*/answers"),
    ("PortAnswers", "processes/*/ports/ok/*/answers"),
    ("HostAnswers", "machine/host"),
    ("ProcessorAnswers", "machine/processors"),
];

/// Removes a field of all objects at a place; gives how many had it.
fn remove(value: &mut Value, place: &str, field: &str) -> usize {
    let (first, rest) = place.split_once('/').unwrap_or((place, ""));
    match (first, value) {
        ("", Value::Object(fields)) => usize::from(fields.remove(field).is_some()),
        ("*", Value::Array(items)) => items.iter_mut().map(|it| remove(it, rest, field)).sum(),
        (name, value) => value.get_mut(name).map_or(0, |inner| remove(inner, rest, field)),
    }
}

/// To leave a question out of the tables shows in some file. It does not of one: what only finds a
/// port faster than the list of all.
#[test]
fn each_recorded_answer_is_shown() {
    let mut world = fixtures::translated();
    // A file whose path the recorder may not know.
    let files = &world.process(fixtures::DEMO).unwrap().files;
    let vnodes = files.iter().filter_map(|file| match file.detail {
        FileDetail::Vnode(vnode, _) => Some(vnode),
        _ => None,
    });
    let last = vnodes.max().unwrap();
    world.vnode_mut(last).unwrap().path_denied = true;
    let live = Arc::new(XnuModel::new(world));
    let pids = MachKernel::new(Arc::clone(&live)).processes().unwrap();
    let recording = recording::record(&live, &pids);
    let whole = serde_json::to_value(&recording).unwrap();
    let (shown, _) = all_in_time(&live);
    let mut hidden = Vec::new();
    assert_eq!(recording::TABLES.len(), PLACES.len());
    for (table, questions) in recording::TABLES {
        let (_, place) = PLACES.iter().find(|(name, _)| name == table).unwrap();
        for question in *questions {
            let mut without = whole.clone();
            assert!(remove(&mut without, place, question.field) > 0, "{}", question.call);
            let text = without.to_string();
            let recording = recording::read(text.as_bytes(), Limits::default()).unwrap();
            let replay = Arc::new(Replay::new(recording));
            // Once more, where one seems not to answer in time.
            if (0..3).any(|_| all(&replay).0 == shown) {
                hidden.push(question.call);
            }
        }
    }
    assert_eq!(hidden, ["mach_port_get_attributes(MACH_PORT_LIMITS_INFO)"]);
}

/// Another user sees what all users may know of a process, and no more.
#[test]
fn another_user_sees_what_is_for_all() {
    let tree = tree("arm64");
    let other = Caller { uid: 12_345, gid: 12_345, pid: 0 };
    let process = tree.resolve(Path::new(SHOWN), &other).unwrap().node;
    let (mut refused, mut told) = (0, 0);
    for row in ROWS.iter().filter(|row| row.on != On::Linux) {
        let Some(path) = row.path.strip_prefix("PID/") else { continue };
        if row.entries.is_some()
            || row.path.contains("/TID")
            || row.path.contains("/ID")
            || row.path.contains("/N")
        {
            continue;
        }
        let path = Path::new(SHOWN).join(path);
        let found = match tree.resolve(&path, &other) {
            Ok(found) => found.node,
            Err(error) => {
                assert_eq!(error.kind, mach_procfs::model::ErrorKind::Denied, "{}", row.path);
                refused += 1;
                continue;
            }
        };
        let outcome = match tree.attributes(found).unwrap().node_type {
            NodeType::Directory => tree.list(found, &other).map(|_| ()),
            NodeType::Link => tree.read_link(found, &other).map(|_| ()),
            NodeType::File => read(&tree, found, &other).map(|_| ()),
        };
        match (row.access, outcome) {
            (Access::Anyone, Ok(())) => told += 1,
            (Access::Memory, Err(error)) => {
                assert_eq!(error.kind, mach_procfs::model::ErrorKind::Denied, "{}", row.path);
                refused += 1;
            }
            (_, outcome) => panic!("{}: {outcome:?}", row.path),
        }
    }
    assert!(refused > 30 && told > 10, "{refused} refused, {told} told");
    let text = |name: &str| {
        let node = tree.lookup(process, OsStr::new(name), &other).unwrap().node;
        read(&tree, node, &other).unwrap()
    };
    assert_eq!(text("cmdline"), b"", "the arguments are the user's own");
    let status = String::from_utf8(text("status")).unwrap();
    assert!(status.contains("Uid:") && !status.contains("VmSize:\t   "), "{status}");
}
