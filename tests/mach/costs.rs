//! What a question costs: one about one thread, descriptor, mapped file or port asks for that one,
//! however many there are. Counted are files that are opened of a fixture, and calls to the model
//! of XNU.

use crate::common;
use crate::common::mach as mach_common;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mach_common::{PID, over, pid, world};
use mach_procfs::kernel::Kernel;
use mach_procfs::kernel::linux::LinuxKernel;
use mach_procfs::kernel::mach::MachKernel;
use mach_procfs::kernel::xnu::{FileInfo, SpaceEntry, ThreadInfo, VnodeInfo};
use mach_procfs::model::{ErrorKind, Extent, Pid};
use mach_procfs::tree::{Caller, Kind, Node, On, ROWS, Tree};
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify, WatchDescriptor};
use tempfile::TempDir;
use xnu_model::fixtures::{DEMO, arm64};
use xnu_model::{Call, Fault, FileDetail, ModelFile, ModelPort, Vnode, World, XnuModel};

const ROOT: Caller = Caller { uid: 0, gid: 0, pid: 0 };

/// A directory that looks like a procfs, and which of its files were opened.
struct Fixture {
    root: TempDir,
    opened: Inotify,
    watched: BTreeMap<WatchDescriptor, PathBuf>,
}

impl Fixture {
    /// Process 7, with so many threads.
    fn new(threads: u32) -> Self {
        let root = tempfile::tempdir().unwrap();
        let opened = Inotify::init(InitFlags::IN_NONBLOCK | InitFlags::IN_CLOEXEC).unwrap();
        let mut fixture = Fixture { root, opened, watched: BTreeMap::new() };
        fixture.directory("");
        fixture.write("stat", "cpu  1 1 1 1\ncpu0 1 2 3 4\nbtime 1000\n");
        fixture.process(7);
        fixture.directory("7/task");
        for id in 7..7 + threads {
            fixture.process_in("7/task", id);
        }
        fixture.opened();
        fixture
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    fn directory(&mut self, name: &str) {
        let path = self.path(name);
        std::fs::create_dir_all(&path).unwrap();
        let watch = self.opened.add_watch(&path, AddWatchFlags::IN_OPEN).unwrap();
        self.watched.insert(watch, name.into());
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    fn process(&mut self, pid: u32) {
        self.process_in("", pid);
    }

    fn process_in(&mut self, directory: &str, pid: u32) {
        let directory = Path::new(directory).join(pid.to_string());
        let directory = directory.to_str().unwrap();
        self.directory(directory);
        let fields = "S 1 2 3 34816 5 0 10 0 2 0 300 400 0 0 20 0 1 0 4242 8192 1";
        let stat = format!("{pid} (x{pid}) {fields}{}\n", " 0".repeat(28));
        self.write(&format!("{directory}/stat"), &stat);
        let ids = "Uid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\nGroups:\t4 5 \nCapPrm:\t0\n";
        let switches = "voluntary_ctxt_switches:\t6\nnonvoluntary_ctxt_switches:\t8\n";
        let status = format!("Name:\tx\nTgid:\t{pid}\nPPid:\t1\n{ids}VmRSS:\t4 kB\n{switches}");
        self.write(&format!("{directory}/status"), &status);
        self.write(&format!("{directory}/maps"), "");
    }

    /// The files and directories that were opened since the last time, each as often as it was.
    fn opened(&self) -> Vec<String> {
        let mut paths = Vec::new();
        while let Ok(events) = self.opened.read_events() {
            for event in events {
                let name = event.name.unwrap_or_default();
                paths.push(self.watched[&event.wd].join(name).to_str().unwrap().to_owned());
            }
        }
        paths
    }

    fn tree(&self) -> Arc<Tree> {
        Tree::new(Arc::new(LinuxKernel::fixture(self.root.path()).unwrap()), 0, 0)
    }
}

/// The identity of a fixture's process is in its `stat`.
fn but_identity(mut opened: Vec<String>) -> Vec<String> {
    opened.retain(|path| path != "7/stat");
    opened
}

#[test]
fn a_look_up_of_a_thread_opens_nothing() {
    let fixture = Fixture::new(50);
    let tree = fixture.tree();
    let task = tree.resolve(Path::new("7/task"), &ROOT).unwrap().node;
    let threads = tree.resolve(Path::new("7/task/threads"), &ROOT).unwrap().node;
    fixture.opened();
    for (directory, name) in [(task, "30"), (threads, "1e")] {
        let thread = tree.lookup(directory, OsStr::new(name), &ROOT).unwrap();
        tree.attributes(thread.node).unwrap();
        assert_eq!(but_identity(fixture.opened()), Vec::<String>::new());
        let missing = tree.lookup(directory, OsStr::new("90"), &ROOT).unwrap_err();
        assert_eq!(missing.kind, ErrorKind::NoSuchName);
        assert_eq!(but_identity(fixture.opened()), Vec::<String>::new());
    }
    assert_eq!(tree.list(task, &ROOT).unwrap().len(), tree.list(task, &ROOT).unwrap().len());
    assert!(fixture.opened().contains(&"7/task".to_owned()), "it is counted");
}

#[test]
fn attributes_of_a_descriptor_open_nothing() {
    let mut fixture = Fixture::new(1);
    fixture.directory("7/fd");
    fixture.directory("7/fdinfo");
    std::os::unix::fs::symlink("/x", fixture.path("7/fd/3")).unwrap();
    fixture.opened();
    let tree = fixture.tree();
    for directory in ["7/fd", "7/fdinfo"] {
        let directory = tree.resolve(Path::new(directory), &ROOT).unwrap().node;
        fixture.opened();
        let found = tree.lookup(directory, OsStr::new("3"), &ROOT).unwrap();
        tree.attributes(found.node).unwrap();
        let missing = tree.lookup(directory, OsStr::new("4"), &ROOT).unwrap_err();
        assert_eq!(missing.kind, ErrorKind::NoSuchName);
        assert_eq!(but_identity(fixture.opened()), Vec::<String>::new());
    }
}

/// How many calls XNU's model counts meanwhile, of all and of this one.
fn calls(model: &XnuModel, call: Call, work: impl FnOnce()) -> (u64, u64) {
    let before = (model.count_all(), model.count(call));
    work();
    (model.count_all() - before.0, model.count(call) - before.1)
}

/// What looking up this many entries of a directory costs in calls, of all and of this one.
fn look_ups(count: u32, world: World, directory: &str, call: Call) -> (u64, u64) {
    let (model, kernel) = over(world);
    let tree = Tree::new(Arc::new(kernel), 0, 0);
    let node = tree.resolve(Path::new(directory), &ROOT).unwrap().node;
    let entries = tree.list(node, &ROOT).unwrap();
    assert_eq!(entries.len(), count as usize, "{directory}");
    calls(&model, call, || {
        for entry in entries {
            let name = entry.name.as_bytes();
            let found = tree.lookup(node, OsStr::from_bytes(&name), &ROOT).unwrap();
            tree.attributes(found.node).unwrap();
        }
    })
}

fn with_descriptors(count: u32) -> World {
    let mut world = world();
    let info = VnodeInfo { dev: 1, ino: 77, nlink: 1, kind: 1, ..VnodeInfo::default() };
    let vnode = world.vnode(Vnode { info, path: b"/x".to_vec(), ..Vnode::default() });
    let process = world.process_mut(PID).unwrap();
    process.files = (0..count.cast_signed())
        .map(|descriptor| ModelFile {
            descriptor,
            detail: FileDetail::Vnode(vnode, FileInfo::default()),
        })
        .collect();
    world
}

fn with_threads(count: u32) -> World {
    let mut world = world();
    let ids = 1000..1000 + u64::from(count);
    world.process_mut(PID).unwrap().threads = ids.map(|id| (id, ThreadInfo::default())).collect();
    world
}

fn with_ports(count: u32) -> World {
    let mut world = world();
    let port = |number: u32| ModelPort::new(number << 8 | 3, SpaceEntry::SEND);
    world.process_mut(PID).unwrap().facts.ports = (1..=count).map(port).collect();
    world
}

#[test]
fn look_ups_on_macos_ask_for_the_one() {
    type Made = fn(u32) -> World;
    let cases: [(&str, Made, Call); 4] = [
        ("500/task/threads", with_threads, Call::ListThreadIds),
        ("500/task/ports", with_ports, Call::SpaceInfo),
        ("500/fd", with_descriptors, Call::ListFiles),
        ("500/fdinfo", with_descriptors, Call::ListFiles),
    ];
    for (directory, made, list) in cases {
        let (few, _) = look_ups(10, made(10), directory, list);
        let (many, lists) = look_ups(1000, made(1000), directory, list);
        assert_eq!(lists, 0, "{directory}");
        assert_eq!(many, few * 100, "{directory}");
        assert!(few <= 10 * 12, "{directory}: {few} calls");
    }
}

#[test]
fn descriptors_on_macos_are_listed_once() {
    let (model, kernel) = over(with_descriptors(1000));
    let list = |work: &dyn Fn(&MachKernel<XnuModel>)| {
        let (all, lists) = calls(&model, Call::ListFiles, || work(&kernel));
        (all, lists)
    };
    let (all, lists) = list(&|kernel| {
        assert_eq!(kernel.open_descriptors(pid()).unwrap().len(), 1000);
    });
    assert!(lists <= 2 && all <= 1000 + 8, "{lists} lists, {all} calls");
    let (_, lists) = list(&|kernel| {
        assert_eq!(kernel.descriptor(pid(), 999).unwrap().target, b"/x");
    });
    assert_eq!(lists, 0);
}

/// A listing reads the map once; a link of it asks for itself only.
#[test]
fn a_look_up_of_a_mapped_file_lists_nothing() {
    let mut fixture = Fixture::new(0);
    fixture.directory("7/map_files");
    let mut maps = String::new();
    for start in (0x1000..0x65000).step_by(0x1000) {
        let end = start + 0x1000;
        maps += &format!("{start:x}-{end:x} r--p 00000000 fe:00 9 /x\n");
        let link = fixture.path(&format!("7/map_files/{start:x}-{end:x}"));
        std::os::unix::fs::symlink("/x", link).unwrap();
    }
    fixture.write("7/maps", &maps);
    let tree = fixture.tree();
    let directory = tree.resolve(Path::new("7/map_files"), &ROOT).unwrap().node;
    fixture.opened();
    let entries = tree.list(directory, &ROOT).unwrap();
    assert_eq!(entries.len(), 100);
    assert_eq!(but_identity(fixture.opened()), ["7/maps"]);
    for entry in entries {
        let name = entry.name.as_bytes();
        let link = tree.lookup(directory, OsStr::from_bytes(&name), &ROOT).unwrap().node;
        tree.attributes(link).unwrap();
        assert_eq!(tree.read_link(link, &ROOT).unwrap(), b"/x");
    }
    assert_eq!(but_identity(fixture.opened()), Vec::<String>::new());
}

/// A vnode's own file system is not asked: it may be ours, and wait for this very answer.
#[test]
fn attributes_of_a_descriptor_on_macos_ask_no_file() {
    let (model, kernel) = over(with_descriptors(1));
    let (_, asked) = calls(&model, Call::VnodeFile, || {
        assert_eq!(kernel.descriptor_flags(pid(), 0), Ok(None));
    });
    assert_eq!(asked, 0);
    let closed = kernel.descriptor_flags(pid(), 5).unwrap_err();
    assert_eq!(closed.kind, ErrorKind::NoSuchName);
    let gone = kernel.descriptor_flags(Pid::new(77).unwrap(), 0).unwrap_err();
    assert_eq!(gone.kind, ErrorKind::NoSuchProcess);
}

/// What `ls -l byname` asks for costs every process the same, however many there are.
#[test]
fn names_are_found_out_once_for_a_listing() {
    let costs = |processes: u32| {
        let mut fixture = Fixture::new(0);
        for pid in 8..7 + processes {
            fixture.process(pid);
        }
        let tree = fixture.tree();
        let by_name = tree.resolve(Path::new("byname"), &ROOT).unwrap().node;
        fixture.opened();
        let entries = tree.list(by_name, &ROOT).unwrap();
        assert_eq!(entries.len(), processes as usize);
        for entry in entries {
            let name = entry.name.as_bytes();
            let found = tree.lookup(by_name, OsStr::from_bytes(&name), &ROOT).unwrap();
            tree.attributes(found.node).unwrap();
            let target = tree.read_link(found.node, &ROOT).unwrap();
            let pid = String::from_utf8(name[1..].to_vec()).unwrap();
            assert_eq!(target, format!("../{pid}").into_bytes());
        }
        fixture.opened().iter().filter(|path| path.ends_with("/stat")).count()
    };
    let (few, many) = (costs(10), costs(200));
    // A scan that is older than a second is made again.
    assert!(many <= 20 * few + 3 * 200, "{few} files for 10 processes, {many} for 200");
}

/// A process is found by a name that it has taken since the last scan, and not by one that it had.
#[test]
fn a_name_is_that_of_now() {
    let fixture = Fixture::new(0);
    let tree = fixture.tree();
    let by_name = tree.resolve(Path::new("byname"), &ROOT).unwrap().node;
    let find = |name: &str| tree.lookup(by_name, OsStr::new(name), &ROOT).map(|it| it.node.process);
    assert!(find("x7").is_ok());
    let stat = std::fs::read_to_string(fixture.path("7/stat")).unwrap();
    fixture.write("7/stat", &stat.replace("(x7)", "(y/7)"));
    assert_eq!(find("x7").unwrap_err().kind, ErrorKind::NoSuchName);
    assert_eq!(find("y:7").unwrap().unwrap().0.number(), 7);
    fixture.write("7/stat", &stat);
    assert!(find("x7").is_ok());
}

/// However many ask for a name that no process has, one thread at a time asks all processes.
#[test]
fn names_are_found_out_by_one_at_a_time() {
    let (model, kernel) = over(world());
    let tree = Tree::new(Arc::new(kernel), 0, 0);
    let by_name = tree.resolve(Path::new("byname"), &ROOT).unwrap().node;
    model.at(Call::BsdInfo, 1..=u64::MAX, Fault::Hang);
    std::thread::scope(|scope| {
        let _released = Released(&model);
        let asking: Vec<_> = (0..4)
            .map(|_| {
                let (send, thread) = std::sync::mpsc::channel();
                let tree = &tree;
                let look = scope.spawn(move || {
                    send.send(nix::unistd::gettid()).unwrap();
                    tree.lookup(by_name, OsStr::new("nope"), &ROOT).unwrap_err().kind
                });
                (look, thread.recv().unwrap())
            })
            .collect();
        for (_, thread) in &asking {
            common::until("all of them wait", || {
                let stat =
                    std::fs::read_to_string(format!("/proc/self/task/{thread}/stat")).ok()?;
                stat.rsplit_once(')')?.1.starts_with(" S").then_some(())
            });
        }
        model.wait_until_hanging(1);
        assert_eq!(model.count(Call::BsdInfo), 1);
        model.release();
        for (look, _) in asking {
            assert_eq!(look.join().unwrap(), ErrorKind::NoSuchName);
        }
    });
}

struct Released<'a>(&'a XnuModel);

impl Drop for Released<'_> {
    fn drop(&mut self) {
        self.0.release();
    }
}

/// Looks at a node, and into it, as another user; then at all below it.
fn look(fixture: &Fixture, tree: &Tree, node: Node, seen: &mut BTreeSet<&'static str>) {
    let user = Caller { uid: 1000, ..ROOT };
    let names = tree.list(node, &ROOT).unwrap_or_default();
    let unlisted = ROWS.iter().filter(|row| row.parent == node.row && row.entries.is_none());
    let names = names.iter().map(|entry| entry.name.as_bytes().into_owned());
    let names: Vec<_> = names.chain(unlisted.map(|row| row.name().into())).collect();
    fixture.opened();
    // What fails has been asked all the same.
    let _ = tree.attributes(node);
    let _ = tree.check_readable(node, &user);
    let _ = tree.list(node, &user);
    let _ = tree.read_link(node, &user);
    for name in &names {
        let _ = tree.lookup(node, OsStr::from_bytes(name), &user);
    }
    let files: Vec<_> = but_identity(fixture.opened())
        .into_iter()
        .filter(|path| !fixture.path(path).is_dir())
        .collect();
    assert!(files.is_empty() || node.row.metadata_reads_files(), "{node:?}: {files:?}");
    seen.extend((!files.is_empty()).then_some(node.row.row().path));
    for name in &names {
        if let Ok(found) = tree.lookup(node, OsStr::from_bytes(name), &ROOT)
            && found.node != node
        {
            look(fixture, tree, found.node, seen);
        }
    }
}

/// Where metadata requests read files of processes, which may sleep, the tree says so.
#[test]
fn metadata_requests_that_read_files_are_known() {
    let mut fixture = Fixture::new(1);
    fixture.directory("7/fd");
    fixture.directory("7/fdinfo");
    fixture.write("7/fdinfo/3", "pos:\t0\nflags:\t0\n");
    std::os::unix::fs::symlink("/x", fixture.path("7/fd/3")).unwrap();
    let mut seen = BTreeSet::new();
    let tree = fixture.tree();
    look(&fixture, &tree, Node::ROOT, &mut seen);
    // What it reads is taken for an identity here.
    let by_name = tree.resolve(Path::new("byname"), &ROOT).unwrap().node;
    assert!(by_name.row.metadata_reads_files());
    for path in ["system/hardware/cpus", "PID/fd", "PID/fd/N", "PID/exe", "PID/maps"] {
        assert!(seen.contains(path), "{path}: {seen:?}");
    }
    for path in ["", "PID", "PID/task", "PID/task/TID", "PID/stat", "byname/NAME"] {
        assert!(!seen.contains(path), "{path}");
    }
}

/// What a file of one value costs does not grow with the number of threads, but where it is theirs.
#[test]
fn files_of_a_process_open_no_files_of_its_threads() {
    let fixture = Fixture::new(40);
    std::fs::write(fixture.path("7/wchan"), "0").unwrap();
    let tree = fixture.tree();
    let mut sums = Vec::new();
    for row in ROWS.iter().filter(|row| row.entries.is_none() && row.on != On::Darwin) {
        let path = row.path.replace("PID", "7");
        if !matches!(row.kind, Kind::ProcessInfo(..) | Kind::Ids(_))
            || path.contains("TID")
            || row.own.is_some()
        {
            continue;
        }
        let node = tree.resolve(Path::new(&path), &ROOT).unwrap().node;
        fixture.opened();
        let mut text = Vec::new();
        tree.open(node, &ROOT).unwrap().fill(&mut text, usize::MAX).unwrap();
        let opened = fixture.opened();
        assert!(!text.is_empty(), "{path}");
        if opened.iter().any(|path| path.starts_with("7/task/")) {
            sums.push(row.path);
            assert!(
                matches!(row.kind, Kind::ProcessInfo(Extent::Threads, _)),
                "{path}: {opened:?}"
            );
        } else {
            assert!(opened.len() <= 8, "{path}: {opened:?}");
        }
    }
    assert_eq!(sums.len(), 7, "{sums:?}");
}

/// The calls that only `stat`, `status` and `io` need, of the process and of its threads.
#[test]
fn files_of_one_value_ask_for_no_more_than_it() {
    let mut asking = BTreeSet::new();
    for row in ROWS.iter().filter(|row| row.entries.is_none() && row.on != On::Linux) {
        if !matches!(row.kind, Kind::ProcessInfo(..) | Kind::Ids(_) | Kind::ThreadOf(..)) {
            continue;
        }
        let (model, kernel) = over(arm64());
        let tree = Tree::new(Arc::new(kernel), 0, 0);
        let process = row.path.replace("PID", &DEMO.to_string());
        let threads = tree.resolve(Path::new(&format!("{DEMO}/task")), &ROOT).unwrap().node;
        let threads = tree.list(threads, &ROOT).unwrap();
        let names = || threads.iter().map(|entry| entry.name.as_bytes().into_owned());
        let thread = names().find(|name| name[0].is_ascii_digit()).unwrap();
        let path = process.replace("TID", std::str::from_utf8(&thread).unwrap());
        let node = tree.resolve(Path::new(&path), &ROOT).unwrap().node;
        let mut text = Vec::new();
        tree.open(node, &ROOT).unwrap().fill(&mut text, usize::MAX).unwrap();
        let extra = [Call::Rusage, Call::Session, Call::TaskNameForPid, Call::TaskVmInfo];
        if extra.iter().any(|call| model.count(*call) > 0) {
            asking.insert(row.path);
        }
    }
    let expected = ["PID/io", "PID/stat", "PID/status", "PID/task/TID/stat", "PID/task/TID/status"];
    assert_eq!(asking, expected.into_iter().collect());
}
