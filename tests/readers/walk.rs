//! Programs that walk the whole tree: none hangs, and none meets an error but at what comes and
//! goes while it looks.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use super::alone::is_alone;
use super::common::mount::Mount;
use super::common::rows_of;
use super::common::target::Target;
use super::targets::Stopped;

struct Walked {
    mount: Mount,
    target: Target,
    _others: [Stopped; 2],
}

impl Walked {
    fn new() -> Self {
        let target = Target::stopped(
            "name 2920285a0a29;thread 61206229;thread 62;descriptors 20;pipe p;socket s;stop",
        );
        let others = [Stopped::with_odd_arguments(super::NOBODY), Stopped::at_a_terminal()];
        Walked { mount: Mount::new().unwrap(), target, _others: others }
    }

    fn run(&self, command: &str) -> (Output, u32) {
        let child = Command::new("sh")
            .args(["-c", &format!("exec {command}")])
            .env("LC_ALL", "C")
            .env("MOUNT", self.mount.root())
            .env("TARGET", self.mount.path(self.target.pid().to_string()))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let pid = child.id();
        (child.wait_with_output().unwrap(), pid)
    }

    /// What it has said, where it complains of nothing but of the descriptors and threads of those
    /// who are at work: itself, the daemon, and this test.
    fn walk(&self, command: &str) -> String {
        let (output, walker) = self.run(command);
        let daemon = self.mount.daemon_pid().as_raw().cast_unsigned();
        let working = [walker, daemon, std::process::id()].map(|pid| format!("/{pid}/"));
        let errors = String::from_utf8_lossy(&output.stderr);
        for line in errors.lines().filter(|line| !line.is_empty()) {
            let comes_and_goes =
                ["/fd/", "/fdinfo/", "/task/"].iter().any(|part| line.contains(part));
            let is_theirs = working.iter().any(|part| line.contains(part));
            assert!(
                comes_and_goes && is_theirs && line.contains("No such file or directory"),
                "{command}: {line}"
            );
        }
        assert!(output.status.success() || !errors.is_empty(), "{command}: {output:?}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// The same of one process, that stands still: without any error.
    fn walk_target(&self, command: &str) -> Vec<u8> {
        let (output, _) = self.run(command);
        assert!(
            output.status.success() && output.stderr.is_empty(),
            "{command}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        output.stdout
    }
}

#[test]
fn the_whole_tree() {
    if !is_alone("walk::the_whole_tree") {
        return;
    }
    let walked = Walked::new();
    let listed = walked.walk("ls -lR $MOUNT");
    assert!(listed.contains("smaps_rollup") && listed.contains("cpuinfo"), "{listed}");
    assert!(!listed.contains("vmmap"), "a listing of threads only: {listed}");
    let found = walked.walk("find $MOUNT -name maps");
    // Of each process, and of each thread.
    let target = walked.mount.path(walked.target.pid().to_string());
    let is_targets = |line: &&str| Path::new(line).starts_with(&target);
    assert_eq!(found.lines().filter(is_targets).count(), 1 + 4, "{found}");
    let files = walked.walk("find $MOUNT -type f");
    assert!(files.lines().count() > 200, "{files}");
    walked.walk("find $MOUNT -type l -printf '%p %l\\n'");
    let sizes = walked.walk("du -a $MOUNT");
    let whole = format!("0\t{}", walked.mount.root().display());
    assert_eq!(sizes.lines().last(), Some(whole.as_str()));
    let read = walked.walk("grep -rc '' $MOUNT");
    assert!(read.contains("/cpuinfo:"), "{read}");
}

#[test]
fn all_that_is_of_one_process() {
    if !is_alone("walk::all_that_is_of_one_process") {
        return;
    }
    let walked = Walked::new();
    let found = walked.walk_target("grep -r --text . $TARGET");
    assert!(String::from_utf8_lossy(&found).contains("/maps:"), "{found:?}");
    walked.walk_target("find $TARGET -type f -exec cat {} +");
    walked.walk_target("find $TARGET -type f -exec sha1sum {} +");
    walked.walk_target("find $TARGET -type f -exec wc {} +");
    walked.walk_target("find $TARGET -type f -exec tac {} +");
    walked.walk_target("diff -r --text --no-dereference $TARGET $TARGET");
    let archive = walked.walk_target("tar cP $TARGET");
    assert!(archive.len() > 10_000);

    // A copy has all files, with what stands in them.
    let place = tempfile::tempdir().unwrap();
    let copy = place.path().join("copy");
    let (output, _) = walked.run(&format!("cp -r $TARGET {}", copy.display()));
    assert!(output.status.success(), "{output:?}");
    let original = walked.mount.path(walked.target.pid().to_string());
    let names = |root: &Path| {
        let mut all = BTreeSet::new();
        collect(root, root, &mut all);
        all
    };
    let all = names(&original);
    assert_eq!(names(&copy), all);
    assert!(all.len() > 80, "{all:?}");
    for name in ["maps", "stat", "cmdline", "environ", "limits", "fdinfo/0"] {
        let text = std::fs::read(copy.join(name)).unwrap();
        assert!(text == std::fs::read(original.join(name)).unwrap(), "{name}");
    }
    assert!(std::fs::read_link(copy.join("exe")).unwrap() == std::env::current_exe().unwrap());
}

/// The names of all that lies below.
pub fn collect(root: &Path, directory: &Path, all: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let entry = entry.unwrap();
        let path = entry.path();
        all.insert(path.strip_prefix(root).unwrap().to_str().unwrap().to_owned());
        if entry.file_type().unwrap().is_dir() {
            collect(root, &path, all);
        }
    }
}

/// The names of all that a process's directory has, those among them that no listing shows.
pub fn collect_all(root: &Path, all: &mut BTreeSet<String>) {
    collect(root, root, all);
    for name in rows_of("PID/task") {
        let path = root.join("task").join(name);
        all.insert(format!("task/{name}"));
        if path.is_dir() {
            collect(root, &path, all);
        }
    }
}
