//! The kernel's own files through the Linux source: byte for byte, and to each what the kernel
//! itself shows them.

use crate::common;

use std::os::unix::process::CommandExt;
use std::process::Command;

use common::target::Target;
use mach_procfs::kernel::{Kernel, Procfs, ProcfsFile, Text, linux::LinuxKernel};
use mach_procfs::model::{Error, ErrorKind, Pid, Result, Visibility};
use mach_procfs::tree::{On, Passthrough, Public, ROWS};

const NOBODY: u32 = 65534;

const FILES: [&str; 25] = [
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
    "oom_score_adj",
    "loginuid",
    "sessionid",
    "sched",
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

fn opened(whose: ProcfsFile, name: &'static str, shown: Visibility) -> Result<Box<dyn Text>> {
    let is_machines = matches!(whose, ProcfsFile::Machine);
    let redact = match (shown, public(name)) {
        (Visibility::Public, Some(Public::Redacted(redact))) => Some(redact),
        (Visibility::Public, None | Some(Public::Nothing)) if !is_machines => {
            return Err(Error::new(ErrorKind::Denied, "row"));
        }
        _ => None,
    };
    kernel().open_file(whose, name, redact)
}

/// How much of a file of this name its row shows to everyone; a row for processes and one for threads
/// say the same.
fn public(name: &str) -> Option<Public> {
    let rows = ROWS.iter().filter(|row| row.path.starts_with("PID/") && row.on != On::Darwin);
    let mut found = rows.filter_map(|row| match row.own {
        Some(Passthrough::Target(own, public)) if own == name => Some(public),
        _ => None,
    });
    let first = found.next()?;
    let kind = |public: &Public| std::mem::discriminant(public);
    assert!(found.all(|other| kind(&other) == kind(&first)), "{name}");
    Some(first)
}

fn rest(text: &mut dyn Text) -> Result<Vec<u8>> {
    let mut all = Vec::new();
    while text.fill(&mut all, usize::MAX)? {}
    Ok(all)
}

fn ours(whose: ProcfsFile, name: &'static str, shown: Visibility) -> Result<Vec<u8>> {
    rest(&mut *opened(whose, name, shown)?)
}

fn path(whose: ProcfsFile, name: &str) -> String {
    match whose {
        ProcfsFile::Machine => format!("/proc/{name}"),
        ProcfsFile::Process(pid, _) => format!("/proc/{pid}/{name}"),
        ProcfsFile::Thread(pid, _, id) => format!("/proc/{pid}/task/{id}/{name}"),
        ProcfsFile::Descriptor(pid, _, number) => format!("/proc/{pid}/{name}/{number}"),
    }
}

/// What the kernel shows this user; nothing where it refuses.
fn theirs(user: u32, whose: ProcfsFile, name: &str) -> Option<Vec<u8>> {
    let output = Command::new("cat")
        .arg(path(whose, name))
        .uid(user)
        .gid(user)
        .current_dir("/")
        .output()
        .unwrap();
    output.status.success().then_some(output.stdout)
}

/// Without what others change: how many pages are shared with those who begin or end with the same
/// libraries, and how many signals wait for all processes of the user; and without what differs at each
/// read, how long it takes to read the clock.
fn steady(text: &[u8]) -> String {
    let text = text.escape_ascii().to_string();
    let others = ["Pss", "Shared_", "Private_", "SwapPss", "SigQ", "clock-delta"];
    let is_steady = |line: &&str| !others.iter().any(|key| line.starts_with(key));
    text.split_inclusive("\\n").filter(is_steady).collect()
}

fn kind<T>(result: Result<T>) -> ErrorKind {
    match result {
        Ok(_) => panic!("it should have failed"),
        Err(error) => error.kind,
    }
}

/// A process and its first thread.
fn both(pid: u32) -> [ProcfsFile; 2] {
    let pid = Pid::new(pid).unwrap();
    let identity = kernel().identity(pid).unwrap();
    let first = u64::from(pid.number());
    [ProcfsFile::Process(pid, identity), ProcfsFile::Thread(pid, identity, first)]
}

/// Compares all files: with what root sees, and with what the user `nobody` sees.
fn assert_shown_as_the_kernel_does(what: &str, pid: u32) {
    for whose in both(pid) {
        for name in FILES {
            // Of a thread of the kernel all may change meanwhile.
            common::until("the file to stay as it is", || {
                let before = [0, NOBODY].map(|user| theirs(user, whose, name));
                let all = ours(whose, name, Visibility::Full);
                let others = ours(whose, name, Visibility::Public);
                if [0, NOBODY].map(|user| theirs(user, whose, name)) != before {
                    return None;
                }
                let [roots, nobodys] = before;
                let all = all.ok().map(|text| steady(&text));
                let roots = roots.map(|text| steady(&text));
                assert!(all == roots, "{what}: {whose:?} {name} for root: {all:?}, {roots:?}");
                // Of what no row serves, this program decides nothing.
                if public(name).is_none() {
                    return Some(());
                }
                match (nobodys, others) {
                    (Some(theirs), Ok(ours)) => {
                        let [ours, theirs] = [ours, theirs].map(|text| steady(&text));
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
    if std::fs::read("/proc/2/stat").is_ok_and(|stat| stat.starts_with(b"2 (kthreadd)")) {
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
    let (all, public) = (fields(Visibility::Full), fields(Visibility::Public));
    assert_eq!((all.len(), public.len()), (50, 50));
    let differ = |field: &usize| all[field - 3] != public[field - 3];
    let differing: Vec<usize> = (3..=52).filter(differ).collect();
    for field in [26, 27, 28, 45, 46, 47, 48, 49, 50, 51] {
        assert!(differing.contains(&field), "{field}: {differing:?}");
    }
    for name in ["environ", "smaps", "smaps_rollup", "maps", "io", "mem", "no such file"] {
        assert_eq!(kind(opened(whose, name, Visibility::Public)), ErrorKind::Denied, "{name}");
    }
}

#[test]
fn files_of_the_machine() {
    for name in [
        "version",
        "filesystems",
        "self/mounts",
        "sys/kernel/ostype",
        "sys/kernel/osrelease",
        "sys/kernel/hostname",
        "sys/kernel/version",
        "sys/kernel/pid_max",
        "sys/kernel/random/boot_id",
        "sys/kernel/random/poolsize",
        "sys/kernel/threads-max",
        "cgroups",
        "cmdline",
        "config.gz",
        "crypto",
        "devices",
        "partitions",
        "swaps",
    ] {
        common::until("the same text", || {
            let ours = ours(ProcfsFile::Machine, name, Visibility::Public).unwrap();
            (ours == std::fs::read(path(ProcfsFile::Machine, name)).unwrap()).then_some(())
        });
    }
    // Numbers change; what they are of does not.
    for name in ["uptime", "loadavg", "meminfo", "stat", "cpuinfo", "vmstat"] {
        let words = |text: Vec<u8>| -> Vec<String> {
            let text = String::from_utf8(text).unwrap();
            let lines = text.lines().map(|line| line.split(' ').next().unwrap().to_owned());
            lines.filter(|word| word.parse::<f64>().is_err()).collect()
        };
        let ours = words(ours(ProcfsFile::Machine, name, Visibility::Public).unwrap());
        assert_eq!(ours, words(std::fs::read(path(ProcfsFile::Machine, name)).unwrap()), "{name}");
    }
    assert_eq!(
        kind(opened(ProcfsFile::Machine, "no such", Visibility::Full)),
        ErrorKind::NoSuchName
    );
    // Root alone may read it, and to be root's daemon is no right of the one who asks.
    assert_eq!(
        kind(opened(ProcfsFile::Machine, "vmallocinfo", Visibility::Full)),
        ErrorKind::Denied
    );
}

#[test]
fn what_is_not_there() {
    let target = Target::stopped("stop");
    let [process, _] = both(target.pid());
    let pid = Pid::new(target.pid()).unwrap();
    let identity = kernel().identity(pid).unwrap();
    let thread = |id| ProcfsFile::Thread(pid, identity, id);
    let open = |whose, name| kind(opened(whose, name, Visibility::Full));
    assert_eq!(open(process, "no such"), ErrorKind::NoSuchName);
    let long = "a name that is longer than any that the kernel has in its procfs";
    assert_eq!(open(process, long), ErrorKind::NoSuchName);
    assert_eq!(open(thread(1), "stat"), ErrorKind::NoSuchName);
    assert_eq!(open(thread(u64::MAX), "stat"), ErrorKind::NoSuchName);
    target.reap();
    assert_eq!(open(process, "stat"), ErrorKind::NoSuchProcess);
    assert_eq!(open(thread(1), "stat"), ErrorKind::NoSuchProcess);
}

#[test]
fn a_large_file_goes_through_a_small_buffer() {
    let target = Target::stopped("regions 20000;stop");
    let whose = both(target.pid())[0];
    let whole = std::fs::read(path(whose, "smaps")).unwrap();
    assert!(whole.len() > 10_000_000);
    let mut text = opened(whose, "smaps", Visibility::Full).unwrap();
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
        // Only root may read the stack in the kernel.
        for name in FILES.into_iter().filter(|name| *name != "stack") {
            for shown in [Visibility::Full, Visibility::Public] {
                let Ok(mut text) = opened(whose, name, shown) else {
                    assert_eq!(shown, Visibility::Public, "{name}");
                    continue;
                };
                let mut last = rest(&mut *text).unwrap();
                assert!(!text.fill(&mut Vec::new(), 1).unwrap(), "the end stays the end");
                // Others may mount something meanwhile.
                common::until("the same text again", || {
                    text.restart().unwrap();
                    let again = rest(&mut *text).unwrap();
                    let is_same = again.len() == last.len();
                    last = again;
                    is_same.then_some(())
                });
            }
        }
    }
    let mut uptime = opened(ProcfsFile::Machine, "uptime", Visibility::Full).unwrap();
    rest(&mut *uptime).unwrap();
    uptime.restart().unwrap();
    assert!(!rest(&mut *uptime).unwrap().is_empty());
}

/// The daemon of a user without rights shows what the kernel shows that user, as everything and as
/// what is for everyone.
#[test]
fn through_a_users_daemon() {
    if !common::is_root() {
        return;
    }
    let target = Target::stopped("stop");
    common::program::passes_as_nobody(module_path!(), NOBODY, target.pid(), "the same");
}

#[test]
#[ignore = "started by the test above, as another user"]
fn as_nobody() {
    let Ok(target) = std::env::var("TARGET") else { return };
    for whose in both(target.parse().unwrap()) {
        for name in FILES.into_iter().filter(|name| public(name).is_some()) {
            common::until("the file to stay as it is", || {
                let theirs = || std::fs::read(path(whose, name)).ok().map(|text| steady(&text));
                let before = theirs();
                let ours =
                    [Visibility::Full, Visibility::Public].map(|shown| ours(whose, name, shown));
                if theirs() != before {
                    return None;
                }
                for ours in ours {
                    if ours.is_err() && before.is_none() {
                        assert_eq!(kind(ours), ErrorKind::Denied, "{name}");
                    } else {
                        assert_eq!(ours.ok().map(|text| steady(&text)), before, "{name}");
                    }
                }
                Some(())
            });
        }
    }
    eprintln!("the same");
}
