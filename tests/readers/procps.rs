//! ps, pgrep, pmap, top and free.

use std::process::Command;

use super::alone::is_alone;
use super::asking::{Answer, Asking, is_here};
use super::common::mount::Mount;
use super::common::target::Target;
use super::targets::Stopped;

/// The columns of ps that come from files of the mount; `label` and the namespaces are in others.
const OF_A_PROCESS: [&str; 63] = [
    "pid", "ppid", "pgid", "sid", "tty", "tpgid", "stat", "state", "f", "ni", "pri", "cls",
    "rtprio", "psr", "uid", "user", "ruid", "ruser", "suid", "suser", "fsuid", "fsuser", "gid",
    "group", "rgid", "rgroup", "sgid", "sgroup", "fsgid", "fsgroup", "supgid", "supgrp", "vsz",
    "rss", "size", "sz", "drs", "trs", "nlwp", "min_flt", "maj_flt", "wchan", "esp", "eip",
    "stackp", "pending", "blocked", "ignored", "caught", "pcpu", "pmem", "c", "start", "lstart",
    "etime", "time", "cputimes", "comm", "exe", "args", "cgroup", "luid", "oom",
];

struct Visibility {
    mount: Mount,
    odd: Stopped,
    terminal: Stopped,
    nobodys: Stopped,
    threads: Target,
}

impl Visibility {
    fn new() -> Option<Self> {
        let mount = Mount::new()?;
        Some(Visibility {
            mount,
            odd: Stopped::with_odd_arguments(0),
            terminal: Stopped::at_a_terminal(),
            nobodys: Stopped::with_odd_arguments(super::NOBODY),
            // A name with brackets and a line's end, two threads more, and many open files.
            threads: Target::stopped(
                "name 2920285a0a29;thread 61206229;thread 62;descriptors 300;pipe p;map m touched;stop",
            ),
        })
    }

    fn pids(&self) -> [u32; 4] {
        [self.odd.pid(), self.terminal.pid(), self.nobodys.pid(), self.threads.pid()]
    }

    fn asking(&self, user: u32) -> Asking<'_> {
        Asking { user, ..Asking::about(&self.mount, &self.pids()) }
    }
}

/// Root, and a user who may see less.
const ASKERS: [u32; 2] = [0, super::NOBODY];

#[test]
fn ps_of_processes() {
    if !is_here("ps") || !is_alone("procps::ps_of_processes") {
        return;
    }
    let shown = Visibility::new().unwrap();
    for user in ASKERS {
        let asking = shown.asking(user);
        for field in OF_A_PROCESS {
            asking.same(&format!("ps -ww -o pid,{field} -p $PIDS")).good();
        }
        let answer = asking.same("ps -ww -o user,stat,tty,lstart,comm,args -p $PIDS").good();
        for part in ["two words  --frob=a b", "pts/", "s+ ", ") (Z"] {
            assert!(answer.contains(part), "{part}: {answer}");
        }
        for format in ["u", "v", "j", "l", "s", "X", "-f", "-F", "-l", "-j", "-y -l"] {
            asking.same(&format!("ps -ww {format} -p $PIDS")).good();
        }
        let environment = asking.same("ps eww -p $PIDS").good();
        assert_eq!(environment.contains("MACH_PROCFS_TARGET="), user == 0, "{environment}");
        let threads = asking.same("ps -ww -L -o pid,lwp,nlwp,comm,stat,time,psr -p $PIDS").good();
        assert!(threads.contains("a b)"), "{threads}");
    }
}

/// The lines that say something of these processes, by the pid in a column of theirs.
fn lines_of(answer: &Answer, column: usize, pids: &[u32]) -> Vec<String> {
    let is_of = |line: &&str| {
        let word = line.split_whitespace().nth(column);
        word.and_then(|word| word.parse().ok()).is_some_and(|pid| pids.contains(&pid))
    };
    answer.said.lines().filter(is_of).map(words).collect()
}

/// A line without its layout, which has narrower columns where the highest pid is unknown.
fn words(line: &str) -> String {
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn ps_of_all_processes() {
    if !is_here("ps") || !is_alone("procps::ps_of_all_processes") {
        return;
    }
    let shown = Visibility::new().unwrap();
    let pids = shown.pids();
    for user in ASKERS {
        for script in ["ps aux", "ps auxww", "ps -ef", "ps -eLf", "ps axjf"] {
            let column = 1;
            let part = |answer: Answer| {
                assert_eq!((answer.status, answer.errors.as_str()), (Some(0), ""), "{script}");
                let head = words(answer.said.lines().next().unwrap());
                // All there are: this test, its daemon and the targets; and ps, run anew each time.
                let pid = |line: &str| line.split_whitespace().nth(column)?.parse::<u32>().ok();
                let all = answer.said.lines().filter(|line| !line.contains(script));
                let all: Vec<u32> = all.filter_map(pid).collect();
                (head, lines_of(&answer, column, &pids), all)
            };
            let (_, lines, all) = shown.asking(user).same_of(script, part);
            assert!(lines.len() >= 4, "{script}: {lines:?}");
            let daemon = shown.mount.daemon_pid().as_raw().cast_unsigned();
            assert!(all.contains(&1) && all.contains(&daemon), "{script}: {all:?}");
        }
    }
}

#[test]
fn pgrep_and_its_kin() {
    if !is_here("ps") || !is_alone("procps::pgrep_and_its_kin") {
        return;
    }
    let shown = Visibility::new().unwrap();
    for user in ASKERS {
        let mut asking = shown.asking(user);
        asking.variables.push(("TTY", shown.terminal.tty()));
        let found = asking.same("pgrep -x sh -l").good();
        assert_eq!(found.lines().count(), 3, "{found}");
        let found = asking.same("pgrep -a -f 'two words  --frob'").good();
        assert_eq!(found.lines().count(), 3, "{found}");
        for script in [
            "pgrep -f 'two words'",
            "pgrep -w -x 'a b\\)'",
            "pgrep -U nobody",
            "pgrep -u 65534 -G 65534",
            "pgrep -t $TTY",
            "pgrep -r T",
            "pgrep -n sh",
            "pgrep -o sh",
            "pgrep -c -P 1 sh",
            "pidof sh",
        ] {
            asking.same(script).good();
        }
        asking.same("pwdx $WORDS");
    }
}

#[test]
fn pmap_in_each_of_its_forms() {
    if !is_here("ps") || !is_alone("procps::pmap_in_each_of_its_forms") {
        return;
    }
    let shown = Visibility::new().unwrap();
    for user in ASKERS {
        let asking = shown.asking(user);
        for form in ["", "-x", "-d", "-p", "-q"] {
            let answer = asking.same(&format!("pmap {form} $WORDS"));
            if user == 0 {
                assert!(answer.good().contains("libc.so.6"));
            }
        }
        // The number of processes that share a page changes as processes begin and end; other
        // values do not.
        for form in ["-X", "-XX"] {
            asking.same_of(&format!("pmap {form} $WORDS"), |answer| {
                let words = |line: &str| line.split_whitespace().count();
                let names: Vec<String> = answer
                    .said
                    .lines()
                    .map(|line| line.rsplit(' ').next().unwrap().to_owned())
                    .collect();
                (
                    answer.status,
                    answer.errors,
                    names,
                    answer.said.lines().map(words).collect::<Vec<_>>(),
                )
            });
        }
    }
}

#[test]
fn top_of_processes() {
    if !is_here("ps") || !is_alone("procps::top_of_processes") {
        return;
    }
    let shown = Visibility::new().unwrap();
    for user in ASKERS {
        for script in [
            "top -b -n1 -w 300 -p $PIDS",
            "top -b -n1 -c -w 300 -p $PIDS",
            "top -b -n1 -H -w 300 -p $PIDS",
        ] {
            let lines = shown.asking(user).same_of(script, |answer| {
                assert_eq!((answer.status, answer.errors.as_str()), (Some(0), ""), "{script}");
                // Not the load, the time and the memory of the machine.
                let changes =
                    |line: &str| ["top -", "%Cpu", "MiB "].iter().any(|it| line.starts_with(it));
                let lines = answer.said.lines();
                lines.filter(|line| !changes(line)).map(words).collect::<Vec<_>>()
            });
            assert!(lines[0].contains("4 total") || script.contains("-H"), "{lines:?}");
            assert!(lines.len() >= 7, "{lines:?}");
        }
    }
}

#[test]
fn free_uptime_and_w() {
    if !is_here("ps") || !is_alone("procps::free_uptime_and_w") {
        return;
    }
    let mount = Mount::new().unwrap();
    let asking = Asking::about(&mount, &[]);
    // What is free changes; how much there is does not.
    asking.same_of("free -k -w", |answer| {
        let lines: Vec<String> = answer.good().lines().map(str::to_owned).collect();
        let total =
            |line: &String| line.split_whitespace().take(2).map(str::to_owned).collect::<Vec<_>>();
        (lines[0].clone(), lines[1..].iter().map(total).collect::<Vec<_>>())
    });
    asking.same("uptime -p").good();
    let after_the_time = |answer: Answer| {
        let text = answer.good();
        text.split_once(" up ").expect("the time").1.split_once("load").unwrap().0.to_owned()
    };
    asking.same_of("uptime", after_the_time);
    asking.same_of("w", after_the_time);
}

/// All of them with a mount that the program itself made there.
#[test]
fn over_proc_itself() {
    if !is_here("ps") || !is_alone("procps::over_proc_itself") {
        return;
    }
    let odd = Stopped::with_odd_arguments(0);
    let script = "set -e; ps aux >before; \
        \"$PROGRAM\" mount /proc; ps aux >after; pgrep -f 'two words' >found; \
        pmap $PID >/dev/null; pmap -x $PID >/dev/null; top -b -n1 >/dev/null; \
        free >/dev/null; uptime >/dev/null; w >/dev/null; df / >/dev/null; \
        \"$PROGRAM\" umount /proc; test -e /proc/self/attr";
    let directory = tempfile::tempdir().unwrap();
    let output = Command::new("unshare")
        .args(["--mount", "--propagation", "private", "sh", "-c", script])
        .env("PROGRAM", env!("CARGO_BIN_EXE_mach-procfs"))
        .env("PID", odd.pid().to_string())
        .current_dir(directory.path())
        .output()
        .unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    let read = |name: &str| std::fs::read_to_string(directory.path().join(name)).unwrap();
    let line = |text: String| {
        let line = text.lines().find(|line| line.contains("--frob=a b")).map(words);
        line.unwrap_or_else(|| panic!("{text}"))
    };
    assert_eq!(line(read("before")), line(read("after")));
    assert!(read("found").lines().any(|line| line == odd.pid().to_string()));
}
