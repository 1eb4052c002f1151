//! What is measured through mounts, against the kernel's own files.

use std::fs::File;
use std::hint::black_box;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use tempfile::TempDir;

use crate::clock::{self, Pair};
use crate::common::mount::Mount;
use crate::common::target::Target;
use crate::report::Report;

/// How long one row is measured for.
pub const BUDGET: Duration = Duration::from_millis(1500);

/// What `cat` and FUSE read at once.
pub const READ: usize = 128 * 1024;

/// The longest line of names of two kinds gives 78 bytes a line, as large real programs have.
const PATH_LENGTH: usize = 47;

/// A process, and how many regions it has.
pub struct Subject {
    pub pid: u32,
    pub regions: usize,
    _process: Process,
}

enum Process {
    Sleep(Child),
    Target { _target: Target },
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Process::Sleep(child) = self {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Processes of each size, a mount, and the file that the processes map.
pub struct Scene {
    pub subjects: Vec<Subject>,
    pub mount: Mount,
    directory: TempDir,
}

impl Scene {
    pub fn new() -> Option<Self> {
        // A thousand open files here and in the daemon.
        let (_, most) = getrlimit(Resource::RLIMIT_NOFILE).expect("getrlimit");
        setrlimit(Resource::RLIMIT_NOFILE, most, most).expect("setrlimit");
        let directory = tempfile::tempdir().expect("a directory");
        let file = mapped_file(directory.path());
        let mut subjects = vec![sleep()];
        for regions in [1_001, 10_001, 65_001] {
            subjects.push(target(regions, &file));
        }
        Some(Scene { subjects, mount: Mount::new()?, directory })
    }

    /// The file that target processes map.
    pub fn file(&self) -> PathBuf {
        mapped_file(self.directory.path())
    }

    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    pub fn largest(&self) -> &Subject {
        self.subjects.last().expect("subjects")
    }
}

/// A file of one page whose path has [`PATH_LENGTH`] bytes.
fn mapped_file(directory: &Path) -> PathBuf {
    let used = directory.as_os_str().as_bytes().len() + 1;
    let path = directory.join("x".repeat(PATH_LENGTH.saturating_sub(used).max(1)));
    if !path.exists() {
        std::fs::write(&path, [0; 4096]).expect("a file");
    }
    path
}

pub fn kernels(pid: u32, file: &str) -> PathBuf {
    format!("/proc/{pid}/{file}").into()
}

fn count(pid: u32) -> usize {
    let text = std::fs::read(kernels(pid, "maps")).expect("maps");
    text.iter().filter(|byte| **byte == b'\n').count()
}

fn sleep() -> Subject {
    let child = Command::new("sleep").arg("3600").stdin(Stdio::null()).spawn().expect("sleep");
    let pid = child.id();
    // Its image is complete when it sleeps.
    crate::common::until("sleep's sleep", || {
        let state = std::fs::read_to_string(format!("/proc/{pid}/wchan")).ok()?;
        (state.contains("nanosleep") && count(pid) > 10).then_some(())
    });
    Subject { pid, regions: count(pid), _process: Process::Sleep(child) }
}

fn target(regions: usize, file: &Path) -> Subject {
    let bare = count(Target::stopped("stop").pid());
    let script = format!("mixed {} {};stop", regions - bare, file.display());
    let target = Target::stopped(&script);
    let pid = target.pid();
    Subject { pid, regions: count(pid), _process: Process::Target { _target: target } }
}

/// Opens, reads to the end, closes.
pub fn read(path: &Path, buffer: &mut [u8]) -> usize {
    let mut file = File::open(path).expect("open");
    let mut length = 0;
    loop {
        match file.read(buffer).expect("read") {
            0 => return length,
            got => length += got,
        }
    }
}

pub fn read_both(budget: Duration, ours: &Path, theirs: &Path) -> Pair {
    let (mut one, mut two) = (vec![0; READ], vec![0; READ]);
    clock::pair(
        budget,
        || {
            black_box(read(ours, &mut one));
        },
        || {
            black_box(read(theirs, &mut two));
        },
    )
}

fn run_both(ours: &Path, theirs: &Path, command: &[&str]) -> Pair {
    let run = |path: &Path| {
        let status = Command::new(command[0])
            .args(&command[1..])
            .arg(path)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .status();
        assert!(status.expect(command[0]).success());
    };
    clock::pair(BUDGET, || run(ours), || run(theirs))
}

pub fn against_the_kernel(scene: &Scene, report: &mut Report) {
    let mount = &scene.mount;
    let mut growth = Vec::new();
    let goals = [3.4, 1.25, 1.25, 1.25];
    let before = processor_time(mount.daemon_pid().as_raw());
    for (subject, goal) in scene.subjects.iter().zip(goals) {
        let pair = read_both(BUDGET, &mount.of(subject.pid, "maps"), &kernels(subject.pid, "maps"));
        report.ratio(format!("maps, {} regions", subject.regions), pair, Some(goal));
        let regions = subject.regions as f64;
        growth.push((pair.ours / regions, pair.theirs / regions));
    }
    report.figure(
        "the daemon's CPU time for these rows",
        processor_time(mount.daemon_pid().as_raw()) - before,
        "s",
        None,
    );
    for subject in &scene.subjects {
        let (ours, theirs) = (mount.of(subject.pid, "maps"), kernels(subject.pid, "maps"));
        let pair = run_both(&ours, &theirs, &["cat"]);
        report.ratio(format!("cat, {} regions", subject.regions), pair, Some(1.3));
    }
    let largest = scene.largest();
    let (ours, theirs) = (mount.of(largest.pid, "maps"), kernels(largest.pid, "maps"));
    let pair = run_both(&ours, &theirs, &["head", "-1"]);
    report.ratio(format!("head -1, {} regions", largest.regions), pair, Some(1.3));
    let (small, large) = (growth[1], growth[3]);
    let grown = (large.0 / small.0) / (large.1 / small.1);
    report.figure("growth from 1,001 to 65,001 over the kernel's", grown, "x", Some(1.25));
    for subject in &scene.subjects[1..3] {
        let (ours, theirs) = (mount.of(subject.pid, "task/vmmap"), kernels(subject.pid, "smaps"));
        let pair = read_both(BUDGET, &ours, &theirs);
        report.ratio(
            format!("task/vmmap against smaps, {} regions", subject.regions),
            pair,
            Some(1.3),
        );
    }
}

/// Seconds of CPU that all threads of a process have used.
fn processor_time(pid: i32) -> f64 {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).expect("threads");
    let times = tasks.flatten().filter_map(|task| {
        let text = std::fs::read_to_string(task.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse::<f64>().ok()
    });
    times.sum::<f64>() / 1e9
}

/// How many requests a warm open, read and close make, from the log of a daemon of its own.
pub fn requests(scene: &Scene, report: &mut Report) {
    let log = scene.directory().join("log");
    let sink = File::create(&log).expect("a log");
    let mount = Mount::by(|daemon| {
        daemon.env("RUST_LOG", "fuser=debug").stderr(sink);
    })
    .expect("a mount");
    // The size of the reads, at most one read's bytes.
    let path = mount.of(scene.subjects[0].pid, "maps");
    let mut buffer = vec![0; READ];
    let mut once = || {
        let before = lines(&log);
        read(&path, &mut buffer);
        // The kernel does not wait for the answer to the release.
        crate::common::until("the release", || {
            lines(&log)[before.len()..].iter().any(|line| line.contains("RELEASE")).then_some(())
        });
        lines(&log).split_off(before.len())
    };
    once();
    let made = once();
    for line in &made {
        eprintln!("    {line}");
    }
    report.figure("requests for open, read, close", made.len() as f64, "", Some(5.0));
}

fn lines(log: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(log).expect("the log");
    text.lines().filter(|line| line.contains("FUSE(")).map(str::to_owned).collect()
}

/// Megabytes of memory that a process has in use.
fn resident(pid: i32) -> f64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("status");
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("VmRSS");
    line.trim().trim_end_matches(" kB").parse::<f64>().expect("kB") * 1024.0 / 1e6
}

pub fn memory(scene: &Scene, report: &mut Report) {
    let mount = Mount::new().expect("a mount");
    let pid = mount.daemon_pid().as_raw();
    report.figure("memory, idle", resident(pid), "MB", Some(5.0));
    let path = mount.of(scene.subjects[1].pid, "maps");
    let unread: Vec<File> = (0..1000).map(|_| File::open(&path).expect("open")).collect();
    report.figure("memory, 1,000 unread opens", resident(pid), "MB", Some(8.0));
    drop(unread);
    drop(mount);
    let mount = Mount::new().expect("a mount");
    let pid = mount.daemon_pid().as_raw();
    let path = mount.of(scene.largest().pid, "maps");
    let mut buffer = vec![0; READ];
    let mut text = 0;
    let read: Vec<File> = (0..10)
        .map(|_| {
            let mut file = File::open(&path).expect("open");
            while let Ok(got @ 1..) = file.read(&mut buffer) {
                text += got;
            }
            file
        })
        .collect();
    let text = text as f64 / 1e6;
    let over = (resident(pid) - 5.0) / text;
    report.figure("memory, 10 read opens, less 5 MB, over their text", over, "x", Some(1.2));
    drop(read);
}
