//! The tree over a fixture that looks like a procfs, without a mount and without real processes.

use crate::common;

use std::ffi::OsStr;
use std::path::Path;
use std::sync::Arc;

use common::rows_of;
use mach_procfs::kernel::linux::LinuxKernel;
use mach_procfs::model::{Error, ErrorKind};
use mach_procfs::tree::{Caller, Kind, Node, NodeType, ROWS, Row, Tree};
use tempfile::TempDir;

const ROOT: Caller = Caller { uid: 0, gid: 0, pid: 1 };

struct Fixture {
    root: TempDir,
    tree: Arc<Tree>,
}

impl Fixture {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let kernel = LinuxKernel::fixture(root.path()).unwrap();
        Fixture { root, tree: Tree::new(Arc::new(kernel), 0, 0) }
    }

    /// A process that started at this tick. Its files belong to the user who runs the test.
    fn process(&self, pid: u32, uid: u32, ticks: u32, maps: &str) {
        let directory = self.root.path().join(pid.to_string());
        std::fs::create_dir_all(&directory).unwrap();
        let write = |name: &str, text: &str| std::fs::write(directory.join(name), text).unwrap();
        write("maps", maps);
        write("smaps", maps);
        // These two are the only ones that not every kernel has, and this one has.
        write("io", "");
        write("cgroup", "");
        write("stat", &format!("{pid} (x) S 1{} {ticks} 0\n", " 0".repeat(17)));
        let ids = format!("{uid}\t{uid}\t{uid}\t{uid}");
        write(
            "status",
            &format!("Name:\tx\nTgid:\t{pid}\nPPid:\t1\nUid:\t{ids}\nGid:\t{ids}\nCapPrm:\t0\n"),
        );
    }

    fn node(&self, path: &str) -> Node {
        self.tree.resolve(Path::new(path), &ROOT).unwrap().node
    }

    fn read(&self, path: &str) -> Result<String, Error> {
        let mut source = self.tree.open(self.node(path), &ROOT)?;
        let mut text = Vec::new();
        source.fill(&mut text, usize::MAX)?;
        Ok(String::from_utf8(text).unwrap())
    }
}

const LINE: &str = "1000-2000 r-xp 0 0:0 0 \n";

fn kind<T>(result: Result<T, Error>) -> ErrorKind {
    match result {
        Ok(_) => panic!("it should have failed"),
        Err(error) => error.kind,
    }
}

#[test]
fn names_and_types() {
    let fixture = Fixture::new();
    fixture.process(7, 0, 1, LINE);
    let types = |path: &str| fixture.tree.resolve(Path::new(path), &ROOT).unwrap().node_type;
    assert_eq!(types("/"), NodeType::Directory);
    assert_eq!(types("7"), NodeType::Directory);
    assert_eq!(types("7/task"), NodeType::Directory);
    for file in ["7/maps", "7/task/vmmap", "7/task/vmmap_r", "/7/./task/../maps"] {
        assert_eq!(types(file), NodeType::File, "{file}");
    }
    let root = fixture.tree.lookup(Node::ROOT, OsStr::new("self"), &ROOT).unwrap();
    assert_eq!(root.node_type, NodeType::Link);
}

#[test]
fn names_that_are_none() {
    let fixture = Fixture::new();
    fixture.process(7, 0, 1, LINE);
    let look = |path: &str| kind(fixture.tree.resolve(Path::new(path), &ROOT));
    for name in ["07", "+7", "7 ", "", "nope", "maps", "4194304", "99999999999999999999", "7/nope"]
    {
        if !name.is_empty() {
            assert_eq!(look(name), ErrorKind::NoSuchName, "{name}");
        }
    }
    assert_eq!(kind(fixture.tree.lookup(Node::ROOT, OsStr::new(""), &ROOT)), ErrorKind::NoSuchName);
    assert_eq!(look("8"), ErrorKind::NoSuchProcess);
    assert_eq!(look("8/maps"), ErrorKind::NoSuchProcess);
    assert_eq!(look("7/maps/x"), ErrorKind::NotDirectory);
    assert_eq!(kind(fixture.tree.open(fixture.node("7"), &ROOT)), ErrorKind::IsDirectory);
    assert_eq!(kind(fixture.tree.list(fixture.node("7/maps"), &ROOT)), ErrorKind::NotDirectory);
    assert_eq!(kind(fixture.tree.read_link(fixture.node("7"), &ROOT)), ErrorKind::NotLink);
}

#[test]
fn listings_ascend_and_lead_to_nodes() {
    let fixture = Fixture::new();
    for pid in [300, 7, 4_194_303] {
        fixture.process(pid, 0, 1, LINE);
    }
    // What this kernel was built without is not listed.
    let missing = ["devices", "diskstats", "swaps", "modules", "config.gz"];
    for name in ["cmdline", "vmstat", "cgroups", "crypto", "interrupts", "locks", "partitions"] {
        std::fs::write(fixture.root.path().join(name), "").unwrap();
    }
    std::fs::write(fixture.root.path().join("softirqs"), "").unwrap();
    let entries = fixture.tree.list(Node::ROOT, &ROOT).unwrap();
    let names: Vec<String> = entries.iter().map(|entry| entry.name.to_string()).collect();
    let mut expected = rows_of("");
    expected.retain(|name| !missing.contains(name));
    expected.extend(["7", "300", "4194303"]);
    assert_eq!(names, expected);
    assert!(entries.windows(2).all(|pair| pair[0].cookie < pair[1].cookie));
    let inside = fixture.tree.list(fixture.node("300"), &ROOT).unwrap();
    for entry in &inside {
        let found =
            fixture.tree.lookup(fixture.node("300"), OsStr::new(&entry.name.to_string()), &ROOT);
        let found = found.unwrap();
        assert_eq!(found.node.inode(), entry.inode);
        assert_eq!(found.node_type, entry.node_type);
        assert_eq!(found.node.parent(), fixture.node("300"));
    }
    let names: Vec<String> = inside.iter().map(|entry| entry.name.to_string()).collect();
    let is_elsewhere =
        |row: &&Row| row.path.starts_with("PID/") && matches!(row.kind, Kind::Passthrough);
    let missing = ROWS.iter().filter(is_elsewhere).map(Row::name);
    let missing: Vec<&str> = missing.filter(|name| !["io", "cgroup"].contains(name)).collect();
    let mut expected = rows_of("PID");
    expected.retain(|name| !missing.contains(name));
    assert_eq!(names, expected);
}

/// As of a kernel that was started without IPv6.
#[test]
fn files_that_this_kernel_has_not_are_not_there() {
    let fixture = Fixture::new();
    fixture.process(7, 0, 1, LINE);
    let directory = fixture.root.path().join("7/net");
    std::fs::create_dir(&directory).unwrap();
    for name in ["tcp", "dev"] {
        std::fs::write(directory.join(name), format!("{name}\n")).unwrap();
    }
    let listed = || {
        let entries = fixture.tree.list(fixture.node("7/net"), &ROOT).unwrap();
        entries.iter().map(|entry| entry.name.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(listed(), ["dev", "tcp"]);
    assert_eq!(fixture.read("7/net/tcp").unwrap(), "tcp\n");
    let missing = fixture.tree.resolve(Path::new("7/net/tcp6"), &ROOT);
    assert_eq!(kind(missing), ErrorKind::NoSuchName);
    let node = fixture.node("7/net/tcp");
    std::fs::remove_file(directory.join("tcp")).unwrap();
    assert_eq!(kind(fixture.tree.attributes(node)), ErrorKind::NoSuchName);
    assert_eq!(listed(), ["dev"]);
}

#[test]
fn a_node_of_a_dead_process_never_shows_its_successor() {
    let fixture = Fixture::new();
    fixture.process(7, 0, 1000, LINE);
    let nodes: Vec<Node> =
        ["7", "7/task", "7/maps", "7/task/vmmap"].iter().map(|path| fixture.node(path)).collect();
    fixture.process(7, 0, 1001, LINE);
    for node in &nodes {
        assert_eq!(kind(fixture.tree.attributes(*node)), ErrorKind::Replaced);
        assert_eq!(kind(fixture.tree.check_readable(*node, &ROOT)), ErrorKind::Replaced);
    }
    assert_eq!(kind(fixture.tree.lookup(nodes[0], OsStr::new("maps"), &ROOT)), ErrorKind::Replaced);
    assert_eq!(kind(fixture.tree.list(nodes[0], &ROOT)), ErrorKind::Replaced);
    assert_eq!(kind(fixture.tree.open(nodes[2], &ROOT)), ErrorKind::Replaced);
    assert_ne!(fixture.node("7"), nodes[0], "the path shows the new process");
    std::fs::remove_dir_all(fixture.root.path().join("7")).unwrap();
    for node in &nodes {
        assert_eq!(kind(fixture.tree.attributes(*node)), ErrorKind::NoSuchProcess);
    }
    assert_eq!(
        kind(fixture.tree.lookup(nodes[0], OsStr::new("maps"), &ROOT)),
        ErrorKind::NoSuchProcess
    );
}

#[test]
fn access_is_decided_by_the_ids() {
    use std::os::unix::fs::MetadataExt;
    let fixture = Fixture::new();
    // The files belong to the user who runs this, so only a process of that user can be seen by
    // anyone but root: the owner of `maps` distinguishes dumpable processes from others.
    let me = std::fs::metadata(fixture.root.path()).unwrap().uid();
    let user = if me == 0 { 1000 } else { me };
    fixture.process(7, user, 1, LINE);
    if me == 0 {
        std::os::unix::fs::chown(fixture.root.path().join("7/maps"), Some(user), None).unwrap();
    }
    let open = |uid: u32, gid: u32| {
        fixture.tree.open(fixture.node("7/maps"), &Caller { uid, gid, pid: 1 }).map(drop)
    };
    assert!(open(0, 0).is_ok());
    assert!(open(user, user).is_ok());
    assert_eq!(kind(open(user, user + 1)), ErrorKind::Denied);
    assert_eq!(kind(open(user + 1, user)), ErrorKind::Denied);
    let other = Caller { uid: user + 1, gid: user, pid: 1 };
    assert_eq!(
        kind(fixture.tree.check_readable(fixture.node("7/maps"), &other)),
        ErrorKind::Denied
    );
    assert!(fixture.tree.check_readable(fixture.node("7"), &other).is_ok());
    if me == 0 {
        std::os::unix::fs::chown(fixture.root.path().join("7/maps"), Some(0), None).unwrap();
        assert_eq!(kind(open(user, user)), ErrorKind::Denied, "not dumpable");
    }
}

#[test]
fn a_process_that_became_somebody_elses_since_the_open_is_not_shown() {
    use std::os::unix::fs::chown;
    let fixture = Fixture::new();
    let me = nix::unistd::geteuid().as_raw();
    let user = if me == 0 { 1000 } else { me };
    fixture.process(7, user, 1, LINE);
    if me == 0 {
        chown(fixture.root.path().join("7/maps"), Some(user), None).unwrap();
    }
    let caller = Caller { uid: user, gid: user, pid: 1 };
    let mut source = fixture.tree.open(fixture.node("7/maps"), &caller).unwrap();
    fixture.process(7, user + 1, 1, LINE);
    let mut text = Vec::new();
    assert_eq!(kind(source.fill(&mut text, 1)), ErrorKind::Denied);
    assert!(text.is_empty());
}

#[test]
fn smaps_records_become_vmmap_lines() {
    let fixture = Fixture::new();
    fixture.process(7, 0, 1, LINE);
    let smaps = "\
AB000-AF000 r--s 00000000 fe:01 9 /x\n\
Size:                 16 kB\n\
Rss:                  12 kB\n\
Shared_Dirty:          4 kB\n\
Private_Dirty:         4 kB\n\
Swap:                  4 kB\n\
VmFlags: rd mr me ms sr lo \n\
b0000-b1000 rw-p 00000000 00:00 0 [heap]\n\
AnonHugePages:         0 kB\n\
VmFlags: rd wr mr mw me ac dc\n\
ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]\n\
VmFlags: ex \n";
    std::fs::write(fixture.root.path().join("7/smaps"), smaps).unwrap();
    assert_eq!(
        fixture.read("7/task/vmmap").unwrap(),
        "000ab000-000af000       16K r--/r-x       SHARE shared SEQUENTIAL uwir=1 sub=0\n\
         000b0000-000b1000        4K rw-/rwx        NONE      -    DEFAULT uwir=0 sub=0\n\
         ffffffffff600000-ffffffffff601000        4K --x/--x        COPY      -    DEFAULT uwir=0 sub=0\n"
    );
    let page = nix::unistd::sysconf(nix::unistd::SysconfVar::PAGE_SIZE).unwrap().unwrap();
    if page == 4096 {
        assert_eq!(
            fixture.read("7/task/vmmap_r").unwrap(),
            "000ab000-000af000       16K r--/r-x      3      1      2 unknown\n\
             000b0000-000b1000        4K rw-/rwx      0      0      0 heap\n\
             ffffffffff600000-ffffffffff601000        4K --x/--x      0      0      0 vsyscall\n"
        );
    }
}
