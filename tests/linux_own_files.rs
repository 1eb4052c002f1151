//! The kernel's own files through the Linux source: byte for byte, to each what the kernel itself
//! shows them, and never short as if they were whole.
#![cfg(target_os = "linux")]
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

use common::target::Target;
use mach_procfs::kernel::{Kernel, Text, Whose, linux::LinuxKernel};
use mach_procfs::model::{Error, ErrorKind, Pid, Result, Shown};
use nix::sys::wait::{Id, WaitPidFlag, waitid};

const NOBODY: u32 = 65534;

const FILES: [&str; 21] = [
    "stat",
    "statm",
    "status",
    "cmdline",
    "comm",
    "environ",
    "limits",
    "smaps",
    "smaps_rollup",
    "wchan",
    "mounts",
    "mountinfo",
    "maps",
    "cgroup",
    "oom_score",
    "schedstat",
    "auxv",
    "io",
    "personality",
    "stack",
    "syscall",
];

fn kernel() -> LinuxKernel {
    LinuxKernel::new().unwrap()
}

fn opened(whose: Whose, name: &'static str, shown: Shown) -> Result<Box<dyn Text>> {
    kernel().own_file(whose, name, shown).map(Option::unwrap)
}

fn rest(text: &mut dyn Text) -> Result<Vec<u8>> {
    let mut all = Vec::new();
    while text.fill(&mut all, usize::MAX)? {}
    Ok(all)
}

fn ours(whose: Whose, name: &'static str, shown: Shown) -> Result<Vec<u8>> {
    rest(&mut *opened(whose, name, shown)?)
}

fn path(whose: Whose, name: &str) -> String {
    match whose {
        Whose::Machine => format!("/proc/{name}"),
        Whose::Process(pid) => format!("/proc/{pid}/{name}"),
        Whose::Thread(pid, id) => format!("/proc/{pid}/task/{id}/{name}"),
    }
}

/// What the kernel shows this user; nothing where it refuses.
fn theirs(user: u32, whose: Whose, name: &str) -> Option<Vec<u8>> {
    let output = Command::new("cat")
        .arg(path(whose, name))
        .uid(user)
        .gid(user)
        .current_dir("/")
        .output()
        .unwrap();
    output.status.success().then_some(output.stdout)
}

/// Without how many pages are shared: whoever begins or ends with the same libraries changes that.
fn steady(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    let shares = ["Pss", "Shared_", "Private_", "SwapPss"];
    let is_steady = |line: &&str| !shares.iter().any(|key| line.starts_with(key));
    text.split_inclusive('\n').filter(is_steady).collect()
}

fn kind<T>(result: Result<T>) -> ErrorKind {
    match result {
        Ok(_) => panic!("it should have failed"),
        Err(error) => error.kind,
    }
}

/// A process and its first thread.
fn both(pid: u32) -> [Whose; 2] {
    let pid = Pid::new(pid).unwrap();
    [Whose::Process(pid), Whose::Thread(pid, u64::from(pid.number()))]
}

/// Compares all files: with what root is shown, and with what nobody is shown.
fn assert_shown_as_the_kernel_does(what: &str, pid: u32) {
    for whose in both(pid) {
        for name in FILES {
            // Of a thread of the kernel all may change meanwhile.
            common::until("the file to stay as it is", || {
                let before = [0, NOBODY].map(|user| theirs(user, whose, name));
                let all = ours(whose, name, Shown::All);
                let public = ours(whose, name, Shown::Public);
                if [0, NOBODY].map(|user| theirs(user, whose, name)) != before {
                    return None;
                }
                let [roots, nobodys] = before;
                let all = all.ok().map(|text| steady(&text));
                let roots = roots.map(|text| steady(&text));
                assert!(all == roots, "{what}: {whose:?} {name} for root: {all:?}, {roots:?}");
                match (nobodys, public) {
                    (Some(theirs), Ok(ours)) => {
                        let [ours, theirs] = [ours, theirs].map(|it| it.escape_ascii().to_string());
                        assert_eq!(ours, theirs, "{what}: {whose:?} {name} for nobody");
                    }
                    (None, Err(_)) => {}
                    // Empty for everyone; ours asks before it looks.
                    (Some(theirs), Err(error)) if theirs.is_empty() => {
                        assert_eq!(error.kind, ErrorKind::Denied);
                    }
                    (theirs, ours) => {
                        panic!("{what}: {whose:?} {name}: {ours:?}, the kernel {theirs:?}")
                    }
                }
                Some(())
            });
        }
    }
}

#[test]
fn everyone_is_shown_what_the_kernel_shows_them() {
    if !common::is_root() {
        return;
    }
    let mut target = Target::stopped("name 2920285a0a29;thread 292028;map it locked;stop;stop");
    assert_shown_as_the_kernel_does("a stopped process", target.pid());
    target.next();
    let users = Target::stopped_as("stop", Some(NOBODY - 1));
    assert_shown_as_the_kernel_does("another user's", users.pid());
    target.kill();
    assert_shown_as_the_kernel_does("a zombie", target.pid());
    if theirs(0, both(2)[0], "stat").is_some_and(|stat| stat.starts_with(b"2 (kthreadd)")) {
        assert_shown_as_the_kernel_does("a thread of the kernel", 2);
    } else {
        common::skip("no threads of the kernel here");
    }
}

#[test]
fn what_only_who_may_trace_is_shown_is_covered() {
    let target = Target::stopped("stop");
    let whose = both(target.pid())[0];
    let fields = |shown| {
        let text = String::from_utf8(ours(whose, "stat", shown).unwrap()).unwrap();
        let (_, rest) = text.trim_end().rsplit_once(") ").unwrap();
        rest.split(' ').map(str::to_owned).collect::<Vec<_>>()
    };
    let (all, public) = (fields(Shown::All), fields(Shown::Public));
    assert_eq!((all.len(), public.len()), (50, 50));
    let differ = |field: &usize| all[field - 3] != public[field - 3];
    let differing: Vec<usize> = (3..=52).filter(differ).collect();
    for field in [26, 27, 28, 45, 46, 47, 48, 49, 50, 51] {
        assert!(differing.contains(&field), "{field}: {differing:?}");
    }
    for name in ["environ", "smaps", "smaps_rollup", "maps", "io", "mem", "no such file"] {
        assert_eq!(kind(opened(whose, name, Shown::Public)), ErrorKind::Denied, "{name}");
    }
}

#[test]
fn files_of_the_machine() {
    for name in ["version", "filesystems", "self/mounts"] {
        let ours = ours(Whose::Machine, name, Shown::Public).unwrap();
        assert_eq!(ours, std::fs::read(path(Whose::Machine, name)).unwrap(), "{name}");
    }
    // Numbers change; what they are of does not.
    for name in ["uptime", "loadavg", "meminfo", "stat", "cpuinfo"] {
        let words = |text: Vec<u8>| -> Vec<String> {
            let text = String::from_utf8(text).unwrap();
            let lines = text.lines().map(|line| line.split(' ').next().unwrap().to_owned());
            lines.filter(|word| word.parse::<f64>().is_err()).collect()
        };
        let ours = words(ours(Whose::Machine, name, Shown::Public).unwrap());
        assert_eq!(ours, words(std::fs::read(path(Whose::Machine, name)).unwrap()), "{name}");
    }
    assert_eq!(kind(opened(Whose::Machine, "no such", Shown::All)), ErrorKind::NoSuchName);
    // Root alone may read it, and to be root's daemon is no right of the one who asks.
    assert_eq!(kind(opened(Whose::Machine, "kpagecount", Shown::All)), ErrorKind::Denied);
}

#[test]
fn what_is_not_there() {
    let target = Target::stopped("stop");
    let [process, _] = both(target.pid());
    let pid = Pid::new(target.pid()).unwrap();
    let open = |whose, name| kind(opened(whose, name, Shown::All));
    assert_eq!(open(process, "no such"), ErrorKind::NoSuchName);
    let long = "a name that is longer than any that the kernel has in its procfs";
    assert_eq!(open(process, long), ErrorKind::NoSuchName);
    assert_eq!(open(Whose::Thread(pid, 1), "stat"), ErrorKind::NoSuchName);
    assert_eq!(open(Whose::Thread(pid, u64::MAX), "stat"), ErrorKind::NoSuchName);
    target.reap();
    assert_eq!(open(process, "stat"), ErrorKind::NoSuchProcess);
    assert_eq!(open(Whose::Thread(pid, 1), "stat"), ErrorKind::NoSuchProcess);
}

#[test]
fn a_large_file_goes_through_a_small_buffer() {
    let target = Target::stopped("regions 20000;stop");
    let whose = both(target.pid())[0];
    let whole = std::fs::read(path(whose, "smaps")).unwrap();
    assert!(whole.len() > 10_000_000);
    let mut text = opened(whose, "smaps", Shown::All).unwrap();
    for round in 0..2 {
        let mut out = Vec::new();
        let mut all = Vec::new();
        loop {
            let more = text.fill(&mut out, 1000).unwrap();
            assert!(!more || out.len() >= 1000);
            assert!(out.len() <= 128 * 1024 && out.capacity() <= 256 * 1024);
            all.append(&mut out);
            if !more {
                break;
            }
        }
        assert!(steady(&all) == steady(&whole), "round {round}");
        text.restart().unwrap();
    }
}

#[test]
fn read_again_it_is_made_again() {
    let target = Target::stopped("stop");
    for whose in both(target.pid()) {
        for name in FILES {
            for shown in [Shown::All, Shown::Public] {
                let Ok(mut text) = opened(whose, name, shown) else {
                    assert_eq!(shown, Shown::Public, "{name}");
                    continue;
                };
                let first = rest(&mut *text).unwrap();
                assert!(!text.fill(&mut Vec::new(), 1).unwrap(), "the end stays the end");
                text.restart().unwrap();
                assert_eq!(rest(&mut *text).unwrap().len(), first.len(), "{name}");
            }
        }
    }
    let mut uptime = opened(Whose::Machine, "uptime", Shown::All).unwrap();
    rest(&mut *uptime).unwrap();
    uptime.restart().unwrap();
    assert!(!rest(&mut *uptime).unwrap().is_empty());
}

/// A child with so much in its arguments and its environment that it takes several reads.
fn laden() -> Child {
    let long = "x".repeat(120_000);
    let child = Command::new("sh")
        .args(["-c", "read x", &long, &long])
        .env("LONG_1", &long)
        .env("LONG_2", &long)
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    common::until("its environment", || {
        std::fs::read(format!("/proc/{}/environ", child.id()))
            .is_ok_and(|it| !it.is_empty())
            .then_some(())
    });
    child
}

#[test]
fn what_ends_too_early_is_no_short_file() {
    for (name, begun) in [("cmdline", true), ("environ", false), ("environ", true)] {
        for shown in [Shown::All, Shown::Public] {
            let mut child = laden();
            let whose = both(child.id())[0];
            let text = opened(whose, name, shown);
            if name == "environ" && shown == Shown::Public {
                assert_eq!(kind(text), ErrorKind::Denied);
            } else {
                let mut text = text.unwrap();
                let mut out = Vec::new();
                if begun {
                    assert!(text.fill(&mut out, 100_000).unwrap());
                    assert!(out.len() < 200_000);
                }
                child.kill().unwrap();
                let id = Id::Pid(nix::unistd::Pid::from_raw(child.id().cast_signed()));
                waitid(id, WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT).unwrap();
                let whole = rest(&mut *text);
                assert_eq!(kind(whole), ErrorKind::Vanished, "{name} {begun}");
                assert_eq!(kind(text.restart()), ErrorKind::Vanished);
            }
            let _ = child.kill();
            child.wait().unwrap();
        }
    }
}

#[test]
fn a_map_of_an_image_that_is_gone_has_vanished() {
    for name in ["smaps", "maps", "smaps_rollup", "environ"] {
        for (step, begun) in
            [("stop", false), ("stop", true), ("exec sleep", false), ("exec sleep", true)]
        {
            let mut target = Target::stopped(&format!("regions 2000;stop;{step}"));
            let whose = both(target.pid())[0];
            let mut text = opened(whose, name, Shown::All).unwrap();
            let mut out = Vec::new();
            let ended = begun && !text.fill(&mut out, 1).unwrap();
            if ended {
                continue;
            }
            if step == "stop" {
                target.kill()
            } else {
                target.next_image()
            }
            // What the kernel has made at the first read is whole.
            let is_made = name == "smaps_rollup" && begun;
            match rest(&mut *text) {
                Ok(_) => assert!(is_made, "{name} {step} {begun}"),
                Err(Error { kind, .. }) => {
                    assert_eq!(kind, ErrorKind::Vanished, "{name} {step} {begun}");
                }
            }
        }
    }
}

#[test]
fn a_reaped_process_has_vanished() {
    let names = ["stat", "status", "statm", "comm", "limits", "wchan", "cmdline", "smaps"];
    let target = Target::stopped("stop");
    let [whose, _] = both(target.pid());
    let all: Vec<_> = names.map(|name| opened(whose, name, Shown::All).unwrap()).into();
    let public: Vec<_> =
        names[..7].iter().map(|name| opened(whose, name, Shown::Public).unwrap()).collect();
    target.reap();
    for (number, mut text) in all.into_iter().chain(public).enumerate() {
        let name = names[number % names.len()];
        assert_eq!(kind(rest(&mut *text)), ErrorKind::Vanished, "{name}");
    }
}

#[test]
fn an_empty_environment_is_an_empty_file() {
    let mut child = Command::new("sleep").arg("1000").env_clear().spawn().unwrap();
    let whose = both(child.id())[0];
    assert_eq!(ours(whose, "environ", Shown::All).unwrap(), b"");
    assert_eq!(ours(whose, "cmdline", Shown::All).unwrap(), b"sleep\x001000\0");
    child.kill().unwrap();
    child.wait().unwrap();
}

/// The daemon of a user without rights shows what the kernel shows that user, as everything and as
/// what is for everyone.
#[test]
fn through_a_users_daemon() {
    if !common::is_root() {
        return;
    }
    let target = Target::stopped("stop");
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "as_nobody", "--nocapture"])
        .env("TARGET", target.pid().to_string())
        .uid(NOBODY)
        .gid(NOBODY)
        .current_dir("/")
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("the same"));
}

#[test]
#[ignore = "started by the test above, as another user"]
fn as_nobody() {
    let Ok(target) = std::env::var("TARGET") else { return };
    for whose in both(target.parse().unwrap()) {
        for name in FILES {
            let theirs = std::fs::read(path(whose, name)).ok();
            for shown in [Shown::All, Shown::Public] {
                let ours = ours(whose, name, shown);
                if ours.is_err() && theirs.is_none() {
                    assert_eq!(kind(ours), ErrorKind::Denied, "{name}");
                } else {
                    assert_eq!(ours.ok(), theirs, "{name}");
                }
            }
        }
    }
    eprintln!("the same");
}
