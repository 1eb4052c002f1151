//! The calls of XNU that each file costs, from the LOOKUP of its path to its RELEASE, over the
//! model. The golden file `calls.txt` has them by name, so that a change of them is seen.
//!
//! The daemon is root and a process of the model, so that walks look ahead for files that do not
//! answer. The reader is root, or the user of the process that the file is of.

use crate::common;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fmt::Write;
use std::sync::Arc;

use common::counted::Counted;
use common::golden::assert_golden;
use mach_procfs::kernel::mach::MachKernel;
use mach_procfs::model::ErrorKind;
use mach_procfs::tree::{Caller, Entries, Node, NodeType, On, ROWS, Row, Tree};
use xnu_model::fixtures::{DEMO, arm64};
use xnu_model::{Call, Entry, ModelProcess, Vnode, World, XnuModel};

/// The daemon's process and the reader's.
const DAEMON: u32 = 60;
const READER: u32 = 61;

const ROOT: Caller = Caller { uid: 0, gid: 0, pid: READER };
const USER: Caller = Caller { uid: 501, gid: 501, pid: READER };

/// What `cat` reads at a time.
const PIECE: usize = 128 * 1024;

/// A daemon over this world.
struct Daemon {
    model: Arc<XnuModel>,
    counted: Arc<Counted<XnuModel>>,
    tree: Arc<Tree>,
    before: BTreeMap<Call, u64>,
}

/// What one request asks of the kernel.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Cost {
    /// How often each call was made.
    counts: BTreeMap<Call, u64>,
    /// Each call with its arguments.
    questions: Vec<String>,
}

impl Cost {
    fn sum(&self) -> u64 {
        self.counts.values().sum()
    }
}

impl Daemon {
    fn new(mut world: World) -> Self {
        for pid in [DAEMON, READER] {
            world.spawn(ModelProcess::new(pid, "beside").owned_by(0, 0));
        }
        world.caller.pid = DAEMON.cast_signed();
        let model = Arc::new(XnuModel::new(world));
        let counted = Counted::with_questions(&model);
        let tree = Tree::new(Arc::new(MachKernel::new(Arc::clone(&counted))), 0, 0);
        let before = model.counts();
        counted.questions();
        Daemon { model, counted, tree, before }
    }

    /// What was asked since the last time.
    fn cost(&mut self) -> Cost {
        let now = self.model.counts();
        let since = |(call, count): (&Call, &u64)| {
            let count = count - self.before.get(call).copied().unwrap_or(0);
            (count > 0).then_some((*call, count))
        };
        let counts = now.iter().filter_map(since).collect();
        self.before = now;
        Cost { counts, questions: self.counted.questions() }
    }
}

/// A request, as the adapter puts it to the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Request {
    Lookup,
    Getattr,
    Readlink,
    Opendir,
    Readdir,
    Open,
    Read,
}

/// What the last component of a path costs by request, and what the whole path costs without
/// GETATTR, which only `stat` and the like send.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Costs {
    requests: BTreeMap<Request, Cost>,
    sum: u64,
}

/// The names in the path of a row, and at which row each is.
fn path_of(row: &'static Row) -> Vec<String> {
    let mut path = Vec::new();
    let mut at = row;
    while !at.path.is_empty() {
        path.push(match at.entries {
            None => at.name().to_owned(),
            Some(Entries::Processes) => DEMO.to_string(),
            Some(Entries::ProcessNames) => "demo".to_owned(),
            Some(Entries::Threads) => "4242".to_owned(),
            Some(Entries::MachThreads) => format!("{:x}", 4242),
            // A file, a port with a queue, and the first CPU.
            Some(Entries::Descriptors) => "3".to_owned(),
            Some(Entries::Ports) => "307".to_owned(),
            Some(Entries::Cpus) => "0".to_owned(),
            Some(Entries::MappedFiles) => unreachable!("on Linux only"),
        });
        at = at.parent.row();
    }
    path.reverse();
    path
}

/// Looks up each name of a path, asks for the attributes of the last one, and reads it as a
/// program would. `None` where a file seems not to answer in time, as on a busy machine.
fn measure(world: World, path: &[String], caller: &Caller) -> Option<Costs> {
    let mut daemon = Daemon::new(world);
    let tree = Arc::clone(&daemon.tree);
    let mut costs = Costs::default();
    let mut note = |daemon: &mut Daemon, request| {
        let cost = daemon.cost();
        costs.sum += if request == Request::Getattr { 0 } else { cost.sum() };
        costs.requests.insert(request, cost);
    };
    let mut node = Node::ROOT;
    for name in path {
        node = tree.lookup(node, OsStr::new(name), caller).unwrap().node;
        note(&mut daemon, Request::Lookup);
    }
    let node_type = tree.attributes(node).unwrap().node_type;
    note(&mut daemon, Request::Getattr);
    let mut text = Vec::new();
    match node_type {
        NodeType::Directory => {
            tree.check_readable(node, caller).unwrap();
            note(&mut daemon, Request::Opendir);
            tree.list(node, caller).unwrap();
            note(&mut daemon, Request::Readdir);
        }
        NodeType::Link => {
            match tree.read_link(node, caller) {
                Err(error) if error.kind == ErrorKind::TimedOut => return None,
                target => text = target.unwrap(),
            }
            note(&mut daemon, Request::Readlink);
        }
        NodeType::File => {
            let mut source = tree.open(node, caller).unwrap();
            note(&mut daemon, Request::Open);
            while source.fill(&mut text, PIECE).unwrap() {
                assert!(text.len() < PIECE, "one READ");
            }
            drop(source);
            note(&mut daemon, Request::Read);
        }
    }
    let late = text.windows(9).any(|part| part == b"[unknown]");
    // A walk asks for a region without its file where the file does not answer.
    (!late && daemon.model.count(Call::RegionInfo) == 0).then_some(costs)
}

fn costs(world: impl Fn() -> World, path: &[String], caller: &Caller) -> Costs {
    (0..20).find_map(|_| measure(world(), path, caller)).expect("a file never answers")
}

fn rows() -> impl Iterator<Item = &'static Row> {
    ROWS.iter().filter(|row| row.on != On::Linux)
}

// ---- No question twice -------------------------------------------------------------------------

/// A look at the process: its identity, or its credentials for a reader who is not root. A request
/// looks before and after what it asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Look {
    Identity,
    Credentials,
}

fn look(question: &str) -> Option<Look> {
    match question {
        "pid_info 500 17 1" | "pid_info 500 18 1" => Some(Look::Identity),
        "pid_info 500 13 1" => Some(Look::Credentials),
        _ => None,
    }
}

/// How often one request looks at the process at most: before what it asks, after it, and an OPEN
/// of a map where the walk begins, in between; the picture's heading names the process. One look
/// has the identity and the credentials.
const MOST_LOOKS: [(Look, usize); 2] = [(Look::Identity, 4), (Look::Credentials, 2)];

/// What asks no kernel; and the release of a port, which is a call for each port.
const NO_QUESTIONS: [&str; 4] = ["own_pid", "own_task", "now", "release_port"];

#[test]
fn no_request_asks_a_question_twice() {
    for row in rows() {
        for caller in [ROOT, USER] {
            let costs = costs(arm64, &path_of(row), &caller);
            for (request, cost) in costs.requests {
                let mut looks = BTreeMap::<Look, usize>::new();
                let mut asked = BTreeSet::new();
                for question in &cost.questions {
                    let method = question.split(' ').next().unwrap();
                    match look(question) {
                        Some(look) => *looks.entry(look).or_default() += 1,
                        None if NO_QUESTIONS.contains(&method) => {}
                        None => {
                            let is_new = asked.insert(question);
                            assert!(is_new, "{} {request:?}: {question}", row.path);
                        }
                    }
                }
                for (look, most) in MOST_LOOKS {
                    let count = looks.get(&look).copied().unwrap_or(0);
                    let place = format!("{} {request:?} uid {}", row.path, caller.uid);
                    assert!(count <= most, "{place}: {count} times {look:?}");
                    assert!(look == Look::Identity || caller != ROOT || count == 0, "{place}");
                }
            }
        }
    }
}

// ---- A map -------------------------------------------------------------------------------------

/// A map of so many regions, so many of which have a file, which is one of so many files.
fn map(regions: u64, with_file: u64, files: u64) -> World {
    let mut world = World::default();
    world.spawn(ModelProcess::new(500, "target"));
    let vnodes: Vec<_> = (0..files)
        .map(|number| {
            let path = format!("/Users/Shared/{number}").into_bytes();
            world.vnode(Vnode { path, ..Vnode::default() })
        })
        .collect();
    for number in 0..regions {
        let entry = Entry::new(0x1_0000_0000 + number * 0x8000, 0x4000);
        // Not all at the beginning.
        if (number + 1) * with_file / regions > number * with_file / regions {
            let turn = number * with_file / regions;
            let vnode = vnodes[usize::try_from(turn % files).unwrap()];
            world.map_file(DEMO, Entry { protection: 1, ..entry }, vnode);
        } else {
            world.enter(DEMO, entry);
        }
    }
    world
}

/// Of `maps`, from the LOOKUP of the pid to RELEASE, beside the calls for regions and files.
fn constant(caller: &Caller) -> u64 {
    let path = ["500", "maps"].map(str::to_owned);
    let mut constants = BTreeSet::new();
    for (regions, with_file, files) in
        [(1, 0, 0), (100, 0, 0), (1_000, 0, 0), (1_000, 300, 1), (1_000, 300, 40), (50, 50, 50)]
    {
        let costs = costs(|| map(regions, with_file, files), &path, caller);
        let read = &costs.requests[&Request::Read].counts;
        let count = |call| read.get(&call).copied().unwrap_or(0);
        assert_eq!(count(Call::RegionPathInfo), regions + 1, "one for each, and one for the end");
        assert_eq!(count(Call::RegionPath), with_file + 1, "where the next file is");
        assert_eq!(count(Call::FileRegion), files, "whether a file answers");
        constants.insert(costs.sum - regions - with_file - files);
    }
    assert_eq!(constants.len(), 1, "{constants:?}");
    constants.pop_first().unwrap()
}

// ---- The table ---------------------------------------------------------------------------------

fn names(cost: &Cost) -> String {
    let name = |(call, count): (&Call, &u64)| match count {
        1 => format!("{call:?}"),
        _ => format!("{call:?} {count}"),
    };
    let names: Vec<String> = cost.counts.iter().map(name).collect();
    if names.is_empty() { "-".to_owned() } else { names.join(", ") }
}

/// The requests of a row, one a line; twice where the user's differs from root's.
fn block(root: &Costs, user: &Costs) -> String {
    let mut block = String::new();
    for (request, cost) in &root.requests {
        let request = format!("{request:?}").to_uppercase();
        writeln!(block, "    {request:8} {}", names(cost)).unwrap();
    }
    for (request, cost) in &user.requests {
        if root.requests[request].counts != cost.counts {
            let request = format!("{request:?}").to_uppercase();
            writeln!(block, "    {request:8} of its user: {}", names(cost)).unwrap();
        }
    }
    block
}

const HEAD: &str = "\
Calls of XNU by request, over the model: UPDATE_GOLDEN=1 cargo test --test mach calls
Behind each path: all calls from the LOOKUP of its first name to RELEASE, for root and for the user
of the process. LOOKUP is of the last name. GETATTR counts only where a program asks for it.
";

#[test]
fn calls_of_each_file() {
    let mut blocks: Vec<(String, String)> = Vec::new();
    for row in rows() {
        let [root, user] = [ROOT, USER].map(|caller| costs(arm64, &path_of(row), &caller));
        let path = if row.path.is_empty() { "/" } else { row.path };
        let line = format!("{path} {} {}\n", root.sum, user.sum);
        let block = block(&root, &user);
        match blocks.iter_mut().find(|(_, same)| *same == block) {
            Some((rows, _)) => rows.push_str(&line),
            None => blocks.push((line, block)),
        }
    }
    let mut text = HEAD.to_owned();
    let (root, user) = (constant(&ROOT), constant(&USER));
    write!(
        text,
        "\n`maps` of n regions, f of them with a file, of d files in all:\n\
         n + f + d + {root} for root, n + f + d + {user} for the user of the process\n",
    )
    .unwrap();
    for (rows, block) in blocks {
        write!(text, "\n{rows}{block}").unwrap();
    }
    assert_golden("calls.txt", text.as_bytes());
}
