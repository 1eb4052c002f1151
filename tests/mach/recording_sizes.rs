//! Recordings as large as a stranger may make them: what they cost in memory, in messages and in
//! calls.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{BufWriter, Read, Seek, Write};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use crate::common::counted::Counted;
use crate::common::program::in_own_process;
use mach_procfs::kernel::mach::MachKernel;
use mach_procfs::kernel::{Darwin, Kernel};
use mach_procfs::model::Pid;
use mach_procfs::recording::{Limits, Replay, read};
use mach_procfs::tree::{Caller, Node, NodeType, Tree};

const HEAD: &str = "{\"format\": \"mach-procfs recording\", \"version\": 2, ";

/// A process of which nothing is known, in the fewest bytes.
fn process(pid: u32, parts: &str) -> String {
    with_ports(pid, "null", parts)
}

/// Such a process, with this answer to each wish for a port but that for the name.
fn with_ports(pid: u32, port: &str, parts: &str) -> String {
    let end = if port == "given" { "1" } else { "null" };
    format!(
        "{{\"pid\":{pid},\"regions\":[],\"regions_end\":22,\"task_ports\":{{\
         \"control\":\"null\",\"read\":\"{port}\",\"inspect\":\"{port}\",\"name\":\"null\"}},\
         \"leaves\":[],\"leaves_end\":{end}{parts}}}"
    )
}

/// Writes a text around rows, until there are so many bytes; gives how many rows there are.
fn fill(file: &Path, head: &str, row: impl Fn(u32) -> String, tail: &str, bytes: usize) -> u32 {
    let mut out = BufWriter::new(File::create(file).unwrap());
    out.write_all(head.as_bytes()).unwrap();
    let (mut written, mut rows) = (head.len(), 0);
    while written < bytes {
        let row = row(rows);
        let comma = if rows == 0 { "" } else { "," };
        write!(out, "{comma}{row}").unwrap();
        written += row.len() + 1;
        rows += 1;
    }
    out.write_all(tail.as_bytes()).unwrap();
    out.flush().unwrap();
    rows
}

/// The status, what is said, and the peak of memory in bytes of `cat --replay` of this file.
#[allow(unsafe_code)]
#[allow(clippy::zombie_processes, reason = "wait4 waits for it")]
fn replay(file: &Path) -> (i32, String, u64) {
    let mut said = tempfile::tempfile().unwrap();
    let child = Command::new(env!("CARGO_BIN_EXE_mach-procfs"))
        .args(["cat", "--replay"])
        .arg(file)
        .arg("uptime")
        .env_remove("RUST_LOG")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(said.try_clone().unwrap())
        .spawn()
        .unwrap();
    let pid = child.id() as libc::pid_t;
    let mut status = 0;
    // SAFETY: a struct of numbers, which the call fills.
    let mut used: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: the child is this function's, which waits for it once, with room for both answers.
    assert_eq!(unsafe { libc::wait4(pid, &raw mut status, 0, &raw mut used) }, pid);
    assert!(libc::WIFEXITED(status), "{status:#x}");
    let mut text = String::new();
    said.rewind().unwrap();
    said.read_to_string(&mut text).unwrap();
    (libc::WEXITSTATUS(status), text, used.ru_maxrss as u64 * 1024)
}

/// What is large, its beginning, a row and its end.
type Shape = (&'static str, String, Box<dyn Fn(u32) -> String>, String);

fn rows_of_a_machine(part: &'static str, row: &'static str) -> Shape {
    let head = format!("{HEAD}\"processes\": [], \"machine\": {{{part}: {{\"ok\": [");
    let end = "]}}}".to_owned() + if part.contains('{') { "}" } else { "" };
    (part, head, Box::new(|_| row.to_owned()), end)
}

fn rows_of_a_process(part: &'static str, row: impl Fn(u32) -> String + 'static) -> Shape {
    let whole = process(7, &format!(",\"{part}\":{{\"ok\":[@]}}"));
    let (head, tail) = whole.split_once('@').unwrap();
    let head = format!("{HEAD}\"processes\": [{head}");
    (part, head, Box::new(row), format!("{tail}]}}"))
}

fn file(row: u32, answers: &str) -> String {
    let descriptor = i32::MAX - row as i32;
    format!("{{\"file\":{{\"descriptor\":{descriptor},\"kind\":1}}{answers}}}")
}

const SOCKET: &str = ",\"answers\":{\"socket\":{\"ok\":{\"file\":{\"open_flags\":0,\"status\":0,\
                      \"offset\":0,\"kind\":0,\"guard_flags\":0},\"handle\":\"0x0\",\"type\":0,\
                      \"protocol\":0,\"family\":0,\"options\":0,\"state\":0,\"unread\":0,\
                      \"unsent\":0,\"ends\":\"other\"}}}";

fn right(row: u32, answers: &str) -> String {
    let name = !row;
    format!("{{\"entry\":{{\"name\":{name},\"types\":0,\"references\":0,\"object\":0}}{answers}}}")
}

/// Of every list the rows that take the most memory for their bytes.
fn shapes() -> Vec<Shape> {
    let mount = "{\"mount_point\":\"\",\"source\":\"\",\"kind\":\"\",\"flags\":0,\"fsid\":[0,0],\"owner\":0}";
    let image = "{\"path\":\"@\",\"dev\":0,\"ino\":\"0x0\",\"offset\":\"0x0\",\
                 \"file\":{\"cpu_type\":0,\"segments\":[]}}";
    vec![
        rows_of_a_machine(
            "\"processors\": {\"load\"",
            "{\"user\":0,\"system\":0,\"idle\":0,\"nice\":0}",
        ),
        rows_of_a_machine(
            "\"processors\": {\"info\"",
            "{\"cpu_type\":0,\"cpu_subtype\":0,\"running\":0,\"slot\":0,\"is_main\":0}",
        ),
        rows_of_a_machine("\"mounts\"", mount),
        rows_of_a_process("threads", |id| {
            format!("{{\"id\":{},\"answers\":{{\"thread_info\":{{\"errno\":3}}}}}}", !id)
        }),
        rows_of_a_process("files", |row| file(row, "")),
        rows_of_a_process("files", |row| file(row, ",\"answers\":{\"pipe\":{\"errno\":3}}")),
        rows_of_a_process("files", |row| file(row, SOCKET)),
        rows_of_a_process("ports", |row| {
            right(row, ",\"answers\":{\"limits\":{\"ok\":{\"messages\":1}}}")
        }),
        rows_of_a_process("thread_ports", |_| "{\"states\":[]}".to_owned()),
        rows_of_a_process("thread_ports", |_| {
            "{\"answers\":{\"identifier\":{\"kern_return\":4}},\"states\":[]}".to_owned()
        }),
        rows_of_a_process("thread_ports", |_| {
            "{\"states\":[{\"flavor\":6,\"words\":{\"ok\":\"\"}}]}".to_owned()
        }),
        (
            "images",
            format!("{HEAD}\"processes\": [], \"images\": ["),
            Box::new(|row| image.replace('@', &row.to_string())),
            "]}".to_owned(),
        ),
        (
            "processes",
            format!("{HEAD}\"processes\": ["),
            Box::new(|pid| process(pid, "")),
            "]}".to_owned(),
        ),
        (
            "names of sysctls",
            format!("{HEAD}\"processes\": [], \"machine\": {{\"sysctls\": {{"),
            Box::new(|name| format!("\"{name}\":{{\"errno\":2}}")),
            "}}}".to_owned(),
        ),
        (
            "a string",
            format!("{HEAD}\"processes\": [], \"images\": [{{\"path\": \""),
            Box::new(|_| "\\u0001\u{200b}xxxxxxxxxxxxxxxxxxxxxxxx".to_owned()),
            "\"}]}".to_owned(),
        ),
        (
            "bytes",
            format!("{HEAD}\"processes\": [], \"images\": [{{\"path\": {{\"hex\": \""),
            Box::new(|_| "0123456789abcdef0123456789abcdef".to_owned()),
            "\"}}]}".to_owned(),
        ),
        (
            "a name that is not known",
            format!("{HEAD}\"processes\": [], \""),
            Box::new(|_| "\\u0001xxxxxxxxxxxxxxxxxxxxxxxxx".to_owned()),
            "\": 1}".to_owned(),
        ),
        (
            "a text for a number",
            "{\"format\": \"mach-procfs recording\", \"version\": \"".to_owned(),
            Box::new(|_| "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx".to_owned()),
            "\"}".to_owned(),
        ),
    ]
}

/// Three times the size and 64 MB, whatever the file is full of.
#[test]
fn memory_is_bounded_by_the_size() {
    const SIZE: usize = 24 << 20;
    // The kernel counts to the child's peak what its parent has when it starts it.
    if !in_own_process(module_path!(), "memory_is_bounded_by_the_size") {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    for (what, head, row, tail) in shapes() {
        let file = directory.path().join("large.json");
        fill(&file, &head, row, &tail, SIZE);
        let size = std::fs::metadata(&file).unwrap().len();
        let (status, said, peak) = replay(&file);
        println!("{what}: {size} bytes, peak {peak}; status {status}: {said}");
        assert!(peak <= 3 * size + (64 << 20), "{what}: {peak} bytes of memory for {size}");
        assert!(said.len() < 1000, "{what}: {} bytes are said", said.len());
    }
}

/// Each write to this socket is a message of its own.
#[test]
fn a_message_is_one_line_in_one_write() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("x.json");
    let key = "\u{7f}k".repeat(1 << 20);
    std::fs::write(&file, format!("{HEAD}\"processes\": [], \"{key}\": 1}}")).unwrap();
    let (ours, theirs) = UnixDatagram::pair().unwrap();
    let status = Command::new(env!("CARGO_BIN_EXE_mach-procfs"))
        .args(["ls", "--replay"])
        .arg(&file)
        .env_remove("RUST_LOG")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(OwnedFd::from(theirs))
        .status()
        .unwrap();
    assert_eq!(status.code(), Some(1));
    ours.set_nonblocking(true).unwrap();
    let mut bytes = vec![0; 1 << 20];
    let got = ours.recv(&mut bytes).unwrap();
    let said = String::from_utf8_lossy(&bytes[..got]).into_owned();
    assert!(
        said.starts_with("mach-procfs: ")
            && said.ends_with(&format!("column {}\n", HEAD.len() + key.len() + 19)),
        "{said}"
    );
    assert!(said.contains("unknown field `") && said.len() < 500, "{said}");
    // The other end is closed: there is no second message.
    let end = ours.recv(&mut bytes);
    assert!(!end.as_ref().is_ok_and(|got| *got > 0), "{end:?}");
}

const READER: Caller = Caller { uid: 0, gid: 0, pid: 0 };

fn replayed(text: &str) -> Arc<Replay> {
    Arc::new(Replay::new(read(text.as_bytes(), Limits::default()).unwrap()))
}

/// Looks at and reads all that is below a directory; gives how many names there are.
fn walk(tree: &Arc<Tree>, node: Node) -> usize {
    let entries = tree.list(node, &READER).unwrap();
    let mut names = 0;
    for entry in &entries {
        let found = tree.lookup(node, OsStr::from_bytes(&entry.name.as_bytes()), &READER).unwrap();
        assert_eq!(tree.attributes(found.node).unwrap().node, found.node);
        names += 1;
        match found.node_type {
            NodeType::Directory => names += walk(tree, found.node),
            NodeType::File => {
                let mut source = tree.open(found.node, &READER).unwrap();
                let mut text = Vec::new();
                while source.fill(&mut text, 1 << 16).unwrap() {}
                assert!(!text.is_empty());
            }
            NodeType::Link => {}
        }
    }
    names
}

/// To list the directory takes the list of all; nothing else does.
#[test]
fn a_walk_of_all_cpus_is_linear() {
    let calls = |count: usize| {
        let row = "{\"cpu_type\":7,\"cpu_subtype\":0,\"running\":1,\"slot\":0,\"is_main\":0}";
        let load = "{\"user\":1,\"system\":0,\"idle\":0,\"nice\":0}";
        let list = |row: &str| vec![row; count].join(",");
        let (rows, loads) = (list(row), list(load));
        let machine = format!("{{\"info\":{{\"ok\":[{rows}]}},\"load\":{{\"ok\":[{loads}]}}}}");
        let text = format!("{HEAD}\"machine\": {{\"processors\": {machine}}}, \"processes\": []}}");
        let calls = Counted::new(&replayed(&text));
        let tree = Tree::new(Arc::new(MachKernel::new(Arc::clone(&calls))), 0, 0);
        let cpus = tree.resolve(Path::new("system/hardware/cpus"), &READER).unwrap().node;
        assert_eq!(walk(&tree, cpus), 2 * count);
        assert_eq!(calls.count("all processors"), 2, "all CPUs are asked for more than once");
        calls.count("one processor")
    };
    let (few, many) = (calls(1000), calls(50_000));
    assert!(many <= 50 * few && few <= 20 * 1000, "{few} calls for 1,000, {many} for 50,000");
}

/// In a replay a thread, a file and a port are found without looking at the others.
#[test]
fn a_thread_of_many_is_asked_for_alone() {
    let calls = |count: u64| {
        let ids = || (1..=count).rev();
        let list = |row: &dyn Fn(u64) -> String| ids().map(row).collect::<Vec<_>>().join(",");
        let info = "{\"user_time\":0,\"system_time\":0,\"cpu_usage\":0,\"policy\":1,\
                    \"run_state\":3,\"flags\":0,\"sleep_time\":0,\"current_priority\":31,\
                    \"priority\":31,\"max_priority\":63,\"name\":\"\"}";
        let threads = list(&|id| {
            format!("{{\"id\":{id},\"answers\":{{\"thread_info\":{{\"ok\":{info}}}}}}}")
        });
        let basic = "{\"user_time\":{\"seconds\":0,\"microseconds\":0},\
                     \"system_time\":{\"seconds\":0,\"microseconds\":0},\"cpu_usage\":0,\
                     \"policy\":1,\"run_state\":3,\"flags\":0,\"suspend_count\":5,\"sleep_time\":0}";
        let ports = list(&|id| {
            format!(
                "{{\"answers\":{{\"identifier\":{{\"ok\":{{\"id\":{id},\"handle\":\"0x0\",\
                 \"dispatch_queue\":\"0x0\"}}}},\"basic_info\":{{\"ok\":{basic}}}}},\"states\":[]}}"
            )
        });
        let parts =
            format!(",\"threads\":{{\"ok\":[{threads}]}},\"thread_ports\":{{\"ok\":[{ports}]}}");
        let process = with_ports(7, "given", &parts);
        let replay = replayed(&format!("{HEAD}\"processes\": [{process}]}}"));
        let calls = Counted::new(&replay);
        let kernel = MachKernel::new(Arc::clone(&calls));
        let pid = Pid::new(7).unwrap();
        for id in ids() {
            assert_eq!(kernel.thread(pid, id).unwrap().id, id);
            assert_eq!(kernel.suspend_count(pid, id).unwrap(), 5);
        }
        assert!(kernel.suspend_count(pid, count + 1).is_err());
        assert_eq!(replay.live_ports(), 0);
        assert_eq!(calls.count("threads"), 0, "the ports of all threads are asked for");
        calls.count_all()
    };
    let (few, many) = (calls(1000), calls(20_000));
    assert!(many <= 20 * few && few <= 20 * 1000, "{few} calls for 1,000, {many} for 20,000");
}
