//! All files of a process, read by its owner, by root and by another user: no reader sees more than
//! the kernel shows.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use super::NOBODY;
use super::common::mount::Mount;
use super::common::{self, target::Target};
use super::psutil::{PYTHON, has_psutil};
use super::walk::collect_all;

const SCRIPT: &str = include_str!("everything.py");

/// All files and links of a process, by what becomes of them when this user reads them.
fn read_by(user: u32, mount: &Mount, pid: u32) -> BTreeMap<String, BTreeSet<String>> {
    let root = mount.path(pid.to_string());
    let mut names = BTreeSet::new();
    collect_all(&root, &mut names);
    names.retain(|name| !root.join(name).is_dir() || root.join(name).is_symlink());
    assert!(names.len() > 80, "{names:?}");
    let mut python = Command::new(PYTHON)
        .args(["-c", SCRIPT, "/proc"])
        .arg(mount.root())
        .arg(pid.to_string())
        .uid(user)
        .gid(user)
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    python.stdin.take().unwrap().write_all(names.join("\0").as_bytes()).unwrap();
    let output = python.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let mut read: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for line in String::from_utf8(output.stdout).unwrap().lines() {
        let (word, name) = line.split_once(' ').unwrap();
        read.entry(word.to_owned()).or_default().insert(name.to_owned());
    }
    read
}

/// Files for all users that the kernel's procfs does not have: parts of `stat` and `status`.
const TOLD_TO_ALL: [&str; 4] = ["pgid", "ppid", "tdev", "tpgid"];

#[test]
fn nobody_is_told_more_than_by_the_kernel() {
    if !common::is_root() || !has_psutil() {
        return;
    }
    let Some(mount) = Mount::new() else { return };
    let script = "thread 61;descriptors 5;keep f /etc/passwd;pipe p;stop";
    let roots = Target::stopped(script);
    let own = Target::stopped_as(script, Some(NOBODY));
    let undumpable = Target::stopped_as("thread 61;undumpable;stop", Some(NOBODY));
    for (asker, target) in [
        (NOBODY, &roots),
        (0, &roots),
        (NOBODY, &own),
        (0, &own),
        (NOBODY - 1, &own),
        (NOBODY, &undumpable),
        (0, &undumpable),
    ] {
        let read = read_by(asker, &mount, target.pid());
        let none = BTreeSet::new();
        let of = |word: &str| read.get(word).unwrap_or(&none);
        for word in ["LEAK", "OTHER", "stricter"] {
            // The kernel measures its clock anew for each reader of this one (`clock-delta`).
            let found: Vec<&String> = of(word).iter().filter(|name| *name != "sched").collect();
            assert!(found.is_empty(), "{asker}: {word}: {found:?}");
        }
        let sees_all = asker == 0 || (asker, target.pid()) == (NOBODY, own.pid());
        assert_eq!(of("refused").is_empty(), sees_all, "{asker}: {:?}", of("refused"));
        assert!(of("same").len() > 20, "{asker}: {:?}", of("same"));
        let told: BTreeSet<&str> =
            of("alone").iter().map(String::as_str).filter(|name| !name.contains("cred/")).collect();
        if sees_all {
            assert!(told.contains("task/vmmap") && told.contains("fds"), "{told:?}");
        } else {
            assert_eq!(told, BTreeSet::from(TOLD_TO_ALL), "{asker}");
        }
    }
}
