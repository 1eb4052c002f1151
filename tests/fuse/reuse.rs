//! A pid that is used again never shows its new process under what was got of the old one.

use crate::common;

use std::fs::File;
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::fs::{DirEntryExt, FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use common::mount::Mount;
use common::program::test_of;
use common::served::five_regions;
use common::target::Target;
use mach_procfs::kernel::mach::MachKernel;
use mach_procfs::tree::{Caller, Tree};
use nix::dir::Dir;
use nix::errno::Errno;
use nix::fcntl::{OFlag, openat};
use nix::sys::stat::Mode;
use xnu_model::{Call, Entry, ModelProcess, World, XnuModel};

const ROUNDS: usize = 40;

/// Runs an ignored test of this file as process 1 of a pid namespace of its own, where no other process
/// takes the pid that is wanted. Returns its standard error.
fn in_a_pid_namespace(test: &str) -> Option<String> {
    if !common::mount::can_mount_apart() {
        return None;
    }
    let output = Command::new("unshare")
        .args(["--pid", "--fork", "--mount", "--mount-proc", "--kill-child"])
        .arg(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", &test_of(module_path!(), test), "--nocapture"])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{output:?}");
    eprint!("{said}");
    Some(said)
}

#[test]
fn a_reused_pid_shows_its_new_process_under_fresh_paths_only() {
    let Some(said) = in_a_pid_namespace("reuses_in_a_namespace") else { return };
    assert!(said.contains(&format!("{ROUNDS} reuses")), "{said}");
}

#[test]
fn threads_whose_numbers_differ_by_2_to_the_20_show_their_own_data() {
    let Some(said) = in_a_pid_namespace("threads_in_a_namespace") else { return };
    assert!(said.contains("far apart") || said.contains("SKIPPED"), "{said}");
}

/// Starts a target that gets this pid. The daemon's threads, and those of targets, take numbers as
/// well, so it may take several attempts.
fn with_pid(pid: u32, script: &str) -> Target {
    common::until("the pid to come round", || {
        std::fs::write("/proc/sys/kernel/ns_last_pid", (pid - 1).to_string()).unwrap();
        let target = Target::stopped(script);
        (target.pid() == pid).then_some(target)
    })
}

/// One of the errnos by which a node says that its process is gone.
fn gone<T>(result: nix::Result<T>, what: &str) {
    match result {
        Ok(_) => panic!("{what} leads to the new process"),
        Err(errno) => {
            assert!(
                matches!(errno, Errno::ESTALE | Errno::ENOENT | Errno::ESRCH),
                "{what}: {errno}"
            );
        }
    }
}

fn io<T>(result: std::io::Result<T>) -> nix::Result<T> {
    result.map_err(|error| Errno::from_raw(error.raw_os_error().unwrap()))
}

#[test]
#[ignore = "started by the test above, in a pid namespace"]
fn reuses_in_a_namespace() {
    if std::process::id() != 1 {
        return;
    }
    let mount = Mount::new().unwrap();
    for round in 0..ROUNDS {
        let old = Target::stopped("regions 3000;stop");
        let pid = old.pid();
        let directory = File::open(mount.path(pid.to_string())).unwrap();
        let task = File::open(mount.of(pid, "task")).unwrap();
        let unread = File::open(mount.of(pid, "maps")).unwrap();
        let begun = File::open(mount.of(pid, "maps")).unwrap();
        let mut head = vec![0; 1000];
        begun.read_exact_at(&mut head, 0).unwrap();
        let path_only = File::options()
            .read(true)
            .custom_flags(libc::O_PATH)
            .open(mount.of(pid, "maps"))
            .unwrap();
        let mut listing = Dir::openat(&directory, ".", OFlag::O_RDONLY, Mode::empty()).unwrap();
        let mut inside = Command::new("sh")
            .args(["-c", "read -r _; cat maps task/vmmap; ls; cat ./self/maps"])
            .current_dir(mount.path(pid.to_string()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // All names are known to the kernel now.
        let inode = std::fs::metadata(mount.of(pid, "maps")).unwrap().ino();
        old.reap();
        let new = with_pid(pid, "regions 10;stop");

        let fresh = std::fs::read(mount.of(pid, "maps")).unwrap();
        assert!(fresh == std::fs::read(format!("/proc/{pid}/maps")).unwrap(), "round {round}");
        // What programs see of a node does not know whose it is; what the kernel sees does.
        assert_eq!(std::fs::metadata(mount.of(pid, "maps")).unwrap().ino(), inode);

        gone(io(directory.metadata()), "fstat of its directory");
        gone(io(task.metadata()), "fstat of a directory below");
        gone(io(path_only.metadata()), "fstat of a path");
        gone(openat(directory.as_fd(), "maps", OFlag::O_RDONLY, Mode::empty()), "openat");
        gone(openat(task.as_fd(), "vmmap", OFlag::O_RDONLY, Mode::empty()), "openat below");
        gone(Dir::openat(directory.as_fd(), ".", OFlag::O_RDONLY, Mode::empty()), "opendir");
        let link = format!("/proc/self/fd/{}", path_only.as_raw_fd());
        gone(io(std::fs::read(link)), "a path opened later");
        let names: Vec<_> = listing.iter().map_while(Result::ok).collect();
        assert!(names.len() <= 2, "a listing begun before: {names:?}");
        let mut text = vec![0; 1 << 20];
        gone(io(unread.read_at(&mut text, 0)), "an unread file");
        gone(io(begun.read_at(&mut text, 0)), "a file that was begun");
        let mut again = vec![0; 1000];
        begun.read_exact_at(&mut again, 0).unwrap();
        assert!(again == head, "what was read stays");
        drop(inside.stdin.take());
        let seen = inside.wait_with_output().unwrap();
        assert!(seen.stdout.is_empty(), "a working directory: {seen:?}");
        new.reap();
    }
    eprintln!("{ROUNDS} reuses");
}

#[test]
#[ignore = "started by the test above, in a pid namespace"]
fn threads_in_a_namespace() {
    if std::process::id() != 1 {
        return;
    }
    const APART: u64 = 1 << 20;
    // Of this namespace since Linux 6.14, before of the machine.
    let most = std::fs::read_to_string("/proc/sys/kernel/pid_max").unwrap();
    if most.trim().parse::<u64>().unwrap() < 2 * APART {
        common::skip("pid_max is too small for threads that far apart");
        return;
    }
    let mount = Mount::new().unwrap();
    // Names of threads in hexadecimal: "one" and "two".
    let mut target = Target::stopped("thread 6f6e65;stop;thread 74776f;stop");
    let first = target.places["6f6e65"];
    std::fs::write("/proc/sys/kernel/ns_last_pid", (first + APART - 1).to_string()).unwrap();
    target.next();
    let second = target.places["74776f"];
    assert_eq!(second, first + APART);
    let of = |thread: u64, file: &str| mount.of(target.pid(), &format!("task/{thread}/{file}"));
    // Both are known before either is read.
    let inode = |thread| std::fs::metadata(of(thread, "comm")).unwrap().ino();
    assert_ne!(inode(first), inode(second));
    for _ in 0..2 {
        for (thread, name) in [(first, "one\n"), (second, "two\n")] {
            assert_eq!(std::fs::read_to_string(of(thread, "comm")).unwrap(), name);
            let stat = std::fs::read_to_string(of(thread, "stat")).unwrap();
            assert!(stat.starts_with(&format!("{thread} ")), "{stat}");
        }
    }
    target.reap();
    eprintln!("far apart");
}

/// What 32-bit programs without large-file support can take, and macFUSE's entries of directories.
#[test]
fn all_inode_numbers_are_of_32_bits_and_the_same_in_stat_and_in_listings() {
    let Some(mount) = Mount::new() else { return };
    let target = Target::stopped("thread 6f6e65;keep file /etc/passwd;pipe pipe;stop");
    let mut seen = Vec::new();
    for directory in [String::new(), target.pid().to_string()] {
        let path = mount.path(&directory);
        let own = std::fs::metadata(&path).unwrap().ino();
        check_numbers(&path, &[own], !directory.is_empty(), &mut seen);
    }
    let thread = target.places["6f6e65"];
    let steady = ["maps", "fd/0", "ucred/uid", &format!("task/{thread}/stat")];
    let steady = steady.map(|file| mount.of(target.pid(), file));
    for path in steady.iter().chain(&[mount.path("self"), mount.path("meminfo")]) {
        assert!(seen.contains(path), "{} is not listed", path.display());
    }
}

fn check_numbers(directory: &Path, above: &[u64], goes_down: bool, seen: &mut Vec<PathBuf>) {
    let mut here = std::collections::HashSet::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let entry = entry.unwrap();
        let path = entry.path();
        let inode = entry.ino();
        assert!(inode != 0 && u32::try_from(inode).is_ok(), "{}", path.display());
        assert!(!above.contains(&inode), "{}", path.display());
        assert!(here.insert(inode), "{} has the number of another name", path.display());
        // Other processes come and go.
        let Ok(metadata) = std::fs::symlink_metadata(&path) else { continue };
        assert_eq!(metadata.ino(), inode, "{}", path.display());
        if goes_down && metadata.is_dir() {
            check_numbers(&path, &[above, &[inode]].concat(), true, seen);
        }
        seen.push(path);
    }
}

const ROOT: Caller = Caller { uid: 0, gid: 0, pid: 1 };

/// What can become of the process, at any moment.
type End = fn(&mut World);

const ENDS: [(&str, End); 5] = [
    ("begins to exit", |world| world.begin_exit(500)),
    ("is a zombie", |world| world.become_zombie(500)),
    ("is gone", |world| world.reap(500)),
    ("executes", |world| {
        world.exec(500);
        successors_map(world);
    }),
    ("is another", |world| {
        let mut successor = ModelProcess::new(500, "successor");
        successor.unique.unique_id = 9000;
        successor.unique.id_version = 9000;
        world.reuse(500, successor);
        successors_map(world);
    }),
];

fn successors_map(world: &mut World) {
    for number in 0..5 {
        world.enter(500, Entry::new(0x9_0000_0000 + number * 0x10_0000, 0x4000));
    }
}

const CALLS: [Call; 9] = [
    Call::ListAllPids,
    Call::ShortBsdInfo,
    Call::BsdInfo,
    Call::UniqueInfo,
    Call::IdentifiedInfo,
    Call::RegionPathInfo,
    Call::TaskForPid,
    Call::ReleasePort,
    Call::RegionRecurse,
];

/// At every call that looking up, opening and reading makes, each of these happens to the process.
#[test]
fn at_no_call_to_xnu_can_a_process_be_taken_for_another() {
    let mut cases = 0;
    for file in ["maps", "task/vmmap", "task/vmmap_r"] {
        // How many calls of each kind there are when nothing happens.
        let (model, tree) = over_one_process();
        let whole = read(&tree, file, 100).1;
        let counts = CALLS.map(|call| model.count(call));
        assert!(counts.iter().sum::<u64>() >= 10, "{counts:?}");
        for (call, count) in CALLS.into_iter().zip(counts) {
            for number in 1..=count {
                for (what, end) in ENDS {
                    let (model, tree) = over_one_process();
                    model.change_at(call, number, end);
                    let (failed, text) = read(&tree, file, 100);
                    let cell = format!("{file}: {what} at {call:?} {number}: {failed:?}");
                    let text = String::from_utf8(text).unwrap();
                    let old = text.lines().filter(|line| line.starts_with('1')).count();
                    let new = text.lines().filter(|line| line.starts_with('9')).count();
                    assert!(old == 0 || new == 0, "{cell}: both\n{text}");
                    match failed {
                        // A zombie's file is empty, and rightly so.
                        None if text.is_empty() => assert_ne!(what, "executes", "{cell}"),
                        None => assert_eq!(old.max(new), 5, "{cell}: short\n{text}"),
                        Some(_) => assert!(whole.starts_with(text.as_bytes()), "{cell}\n{text}"),
                    }
                    assert_eq!(model.live_ports(), 0, "{cell}");
                    cases += 1;
                }
            }
        }
    }
    eprintln!("{cases} cases");
    assert!(cases >= 150, "{cases}");
}

fn over_one_process() -> (Arc<XnuModel>, Arc<Tree>) {
    let mut world = World::default();
    world.spawn(ModelProcess::new(500, "target"));
    five_regions(&mut world, 500);
    let model = Arc::new(XnuModel::new(world));
    let tree = Tree::new(Arc::new(MachKernel::new(Arc::clone(&model))), 0, 0);
    (model, tree)
}

/// Looks a file up, opens it, and reads it in pieces.
fn read(
    tree: &Arc<Tree>,
    file: &str,
    piece: usize,
) -> (Option<mach_procfs::model::Error>, Vec<u8>) {
    let mut text = Vec::new();
    let path = format!("500/{file}");
    let opened =
        tree.resolve(Path::new(&path), &ROOT).and_then(|found| tree.open(found.node, &ROOT));
    let mut source = match opened {
        Ok(source) => source,
        Err(error) => return (Some(error), text),
    };
    loop {
        let enough = text.len() + piece;
        match source.fill(&mut text, enough) {
            Ok(true) => {}
            Ok(false) => return (None, text),
            Err(error) => return (Some(error), text),
        }
    }
}
