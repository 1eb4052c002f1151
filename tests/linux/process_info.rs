//! What the Linux source tells of processes and threads, against the kernel's own files.

use crate::common;

use std::os::fd::AsFd;
use std::process::{Command, Stdio};

use common::target::{Started, Target};
use mach_procfs::kernel::{Kernel, linux::LinuxKernel};
use mach_procfs::model::{Device, ErrorKind, Extent, Pid, State, Usage, Visibility};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, waitpid};

fn kernel() -> LinuxKernel {
    LinuxKernel::new().unwrap()
}

fn pid(number: u32) -> Pid {
    Pid::new(number).unwrap()
}

fn own(path: &str) -> String {
    String::from_utf8_lossy(&std::fs::read(format!("/proc/{path}")).unwrap()).into_owned()
}

/// The fields of a `stat` by their numbers, from the third on.
struct Fields(Vec<String>);

impl Fields {
    fn of(path: &str) -> Self {
        let text = own(&format!("{path}/stat"));
        let (_, rest) = text.rsplit_once(") ").unwrap();
        Fields(rest.split_whitespace().map(str::to_owned).collect())
    }

    fn number(&self, field: usize) -> i64 {
        self.0[field - 3].parse().unwrap()
    }

    fn nanoseconds(&self, field: usize) -> u64 {
        let hertz = nix::unistd::sysconf(nix::unistd::SysconfVar::CLK_TCK).unwrap().unwrap();
        u64::try_from(self.number(field)).unwrap() * (1_000_000_000 / u64::try_from(hertz).unwrap())
    }
}

/// The first number of a line of `status`.
fn status(path: &str, key: &str) -> u64 {
    let text = own(&format!("{path}/status"));
    let line = text.lines().find_map(|line| line.strip_prefix(key)).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}

fn tasks(pid: u32) -> Vec<u64> {
    let directory = std::fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    let name = |entry: std::io::Result<std::fs::DirEntry>| entry.unwrap().file_name();
    let mut ids: Vec<u64> =
        directory.map(|entry| name(entry).to_str().unwrap().parse().unwrap()).collect();
    ids.sort_unstable();
    ids
}

/// Stops a program once it has this name.
fn stopped(command: &mut Command, name: &str) -> Started {
    let started = Started::new(command);
    let comm = || own(&format!("{}/comm", started.pid()));
    common::until("its name", || (comm().trim() == name).then_some(()));
    let pid = nix::unistd::Pid::from_raw(started.pid().cast_signed());
    kill(pid, Signal::SIGSTOP).unwrap();
    waitpid(pid, Some(WaitPidFlag::WUNTRACED)).unwrap();
    started
}

/// `) (`, `a b`, a newline, bytes that are no UTF-8, and a slash.
const ODD: [(&str, &[u8]); 5] = [
    ("292028", b") ("),
    ("612062", b"a b"),
    ("610a62", b"a\nb"),
    ("fffe", b"\xff\xfe"),
    ("2f", b"/"),
];

fn odd_threads() -> String {
    ODD.map(|(hex, _)| format!("thread {hex};")).concat()
}

#[test]
fn an_account_is_what_stat_and_status_say() {
    let target = Target::stopped(&format!("name 2929285a;{}regions 500;stop", odd_threads()));
    let path = target.pid().to_string();
    let account =
        kernel().process_info(pid(target.pid()), Visibility::Full, Extent::Whole).unwrap();
    let fields = Fields::of(&path);
    assert_eq!(account.process.name, b"))(Z");
    assert_eq!(account.process, kernel().process(pid(target.pid())).unwrap());
    assert_eq!((account.state, fields.0[0].as_str()), (State::Stopped, "T"));
    assert_eq!(i64::from(account.group), fields.number(5));
    assert_eq!(account.session.map(i64::from), Some(fields.number(6)));
    assert_eq!(account.nice.map(i64::from), Some(fields.number(19)));
    assert_eq!(account.job_control, None);
    let groups = own(&format!("{path}/status"));
    let groups = groups.lines().find_map(|line| line.strip_prefix("Groups:")).unwrap();
    let groups: Vec<u32> = groups.split_whitespace().map(|group| group.parse().unwrap()).collect();
    assert_eq!(account.groups, Some(groups));
    let channel = own(&format!("{path}/wchan"));
    let channel = (channel != "0").then(|| channel.into_bytes());
    assert_eq!(account.wait_channel, channel);

    let ids = tasks(target.pid());
    assert!(ids.len() > ODD.len(), "{ids:?}");
    let of_task = |id: &u64| format!("{path}/task/{id}");
    let sum = |field| ids.iter().map(|id| Fields::of(&of_task(id)).nanoseconds(field)).sum::<u64>();
    let switches = |id: &u64| {
        let of = of_task(id);
        status(&of, "voluntary_ctxt_switches:") + status(&of, "nonvoluntary_ctxt_switches:")
    };
    let usage = account.usage.unwrap();
    let pages = status(&path, "VmRSS:") * 1024;
    assert_eq!(usage.virtual_size, u64::try_from(fields.number(23)).unwrap());
    assert_eq!(usage.virtual_size, status(&path, "VmSize:") * 1024);
    assert_eq!(usage.resident_size, pages);
    assert_eq!(usage.total_user.nanoseconds, fields.nanoseconds(14));
    assert_eq!(usage.total_system.nanoseconds, fields.nanoseconds(15));
    assert_eq!(usage.total_user.units, usage.total_user.nanoseconds);
    assert_eq!(usage.threads_user.nanoseconds, sum(14));
    assert_eq!(usage.threads_system.nanoseconds, sum(15));
    assert_eq!(usage.threads as usize, ids.len());
    assert_eq!(usage.running, Some(0));
    assert_eq!(usage.policy, Some(1));
    assert_eq!(usage.priority.map(i64::from), Some(fields.number(18)));
    assert_eq!(usage.pageins, u64::try_from(fields.number(12)).unwrap());
    assert_eq!(usage.faults, u64::try_from(fields.number(10) + fields.number(12)).unwrap());
    assert_eq!(usage.switches, Some(ids.iter().map(switches).sum()));
    assert_eq!((usage.cow_faults, usage.syscalls_unix, usage.syscalls_mach), (None, None, None));
    assert_eq!((usage.messages_sent, usage.messages_received), (None, None));
}

#[test]
fn everyone_may_know_all_of_it_but_where_it_waits() {
    let target = Target::stopped("stop");
    let all = kernel().process_info(pid(target.pid()), Visibility::Full, Extent::Whole).unwrap();
    let public =
        kernel().process_info(pid(target.pid()), Visibility::Public, Extent::Whole).unwrap();
    assert_eq!(public.wait_channel, None);
    assert_eq!(public, mach_procfs::model::ProcessInfo { wait_channel: None, ..all });
}

#[test]
fn threads_with_odd_names() {
    let target = Target::stopped(&format!("{}stop", odd_threads()));
    let kernel = kernel();
    let ids = kernel.threads(pid(target.pid())).unwrap();
    assert_eq!(ids, tasks(target.pid()));
    for (hex, name) in ODD {
        let id = target.places[hex];
        assert!(ids.contains(&id));
        let thread = kernel.thread(pid(target.pid()), id).unwrap();
        assert_eq!((thread.id, thread.name.as_slice()), (id, name));
    }
    for id in ids {
        let thread = kernel.thread(pid(target.pid()), id).unwrap();
        let path = format!("{}/task/{id}", target.pid());
        let fields = Fields::of(&path);
        assert_eq!((thread.state, thread.run_state), (State::Stopped, 2));
        assert_eq!(thread.user_time, fields.nanoseconds(14));
        assert_eq!(thread.system_time, fields.nanoseconds(15));
        assert_eq!((i64::from(thread.priority), thread.policy), (fields.number(18), 1));
        assert_eq!(thread.flags, None);
        assert_eq!((thread.sleep_time, thread.cpu_usage), (None, None));
    }
}

#[test]
fn the_one_who_asks_runs() {
    let account = kernel().process_info(Pid::this(), Visibility::Full, Extent::Whole).unwrap();
    assert!(account.usage.unwrap().running >= Some(1));
    let id = u64::try_from(nix::unistd::gettid().as_raw()).unwrap();
    let thread = kernel().thread(Pid::this(), id).unwrap();
    assert_eq!((thread.state, thread.run_state), (State::Running, 1));
}

#[test]
fn what_has_ended_has_no_name_and_what_is_gone_is_no_process() {
    let kernel = kernel();
    let target = Target::stopped("stop");
    let number = pid(target.pid());
    let kind = |id| kernel.thread(number, id).unwrap_err().kind;
    let other = u64::from(std::process::id());
    assert_eq!(kind(other), ErrorKind::NoSuchName, "a thread of another process");
    assert_eq!(kind(u64::MAX), ErrorKind::NoSuchName);
    target.reap();
    assert_eq!(kind(u64::from(number.number())), ErrorKind::NoSuchProcess);
    let gone = |error: mach_procfs::model::Error| assert_eq!(error.kind, ErrorKind::NoSuchProcess);
    gone(kernel.process_info(number, Visibility::Full, Extent::Whole).unwrap_err());
    gone(kernel.arguments(number, Visibility::Full).unwrap_err());
    gone(kernel.threads(number).unwrap_err());
}

#[test]
fn a_zombie_has_used_what_it_has_used() {
    let target = Target::stopped("stop");
    target.kill();
    let account =
        kernel().process_info(pid(target.pid()), Visibility::Full, Extent::Whole).unwrap();
    let fields = Fields::of(&target.pid().to_string());
    assert_eq!(account.state, State::Zombie);
    let usage = account.usage.unwrap();
    assert_eq!((usage.virtual_size, usage.resident_size), (0, 0));
    assert_eq!(usage.total_system.nanoseconds, fields.nanoseconds(15));
    assert_eq!(account.wait_channel, None);
    let arguments = kernel().arguments(pid(target.pid()), Visibility::Full).unwrap();
    assert!(arguments.arguments.is_empty() && arguments.environment.is_empty());
    let ids = kernel().threads(pid(target.pid())).unwrap();
    assert_eq!(ids, tasks(target.pid()));
    assert_eq!(kernel().thread(pid(target.pid()), ids[0]).unwrap().run_state, 5);
}

#[test]
fn a_thread_of_the_kernel_is_a_process_without_memory() {
    // kthreadd, where this is no container.
    let Ok(fields) = std::panic::catch_unwind(|| Fields::of("2")) else {
        return common::skip("no threads of the kernel here");
    };
    if fields.number(9) & 0x20_0000 == 0 {
        return common::skip("no threads of the kernel here");
    }
    let account = kernel().process_info(pid(2), Visibility::Full, Extent::Whole).unwrap();
    let usage = account.usage.unwrap();
    assert_eq!((account.group, account.session, account.process.parent), (0, Some(0), 0));
    assert_eq!((usage.virtual_size, usage.threads), (0, 1));
    assert_eq!((account.terminal, account.terminal_group), (None, None));
    let arguments = kernel().arguments(pid(2), Visibility::Full).unwrap();
    assert!(arguments.arguments.is_empty() && arguments.environment.is_empty());
}

#[test]
fn arguments_and_environment_as_they_stand_in_memory() {
    let mut command = Command::new("sleep");
    command.arg("1000").env_clear().env("A", "1").env("ODD", " =\n)");
    let target = stopped(&mut command, "sleep");
    let number = pid(target.pid());
    let all = kernel().arguments(number, Visibility::Full).unwrap();
    assert_eq!(all.arguments, b"sleep\x001000\0");
    assert_eq!(all.environment, std::fs::read(format!("/proc/{number}/environ")).unwrap());
    assert!(all.environment.starts_with(b"A=1\0ODD= =\n)\0"));
    let public = kernel().arguments(number, Visibility::Public).unwrap();
    assert_eq!((public.arguments, public.environment), (all.arguments, Vec::new()));
}

#[test]
fn a_terminal_and_its_foreground() {
    let terminal = nix::pty::openpty(None, None).unwrap();
    let input: Stdio = terminal.slave.try_clone().unwrap().into();
    let target =
        stopped(Command::new("setsid").args(["--ctty", "sleep", "1000"]).stdin(input), "sleep");
    let account =
        kernel().process_info(pid(target.pid()), Visibility::Public, Extent::Whole).unwrap();
    let device = nix::sys::stat::fstat(terminal.slave.as_fd()).unwrap().st_rdev;
    let major = u32::try_from(nix::sys::stat::major(device)).unwrap();
    let minor = u32::try_from(nix::sys::stat::minor(device)).unwrap();
    assert_eq!(account.terminal, Some(Device { major, minor }));
    let id = target.pid();
    assert_eq!((account.group, account.session, account.terminal_group), (id, Some(id), Some(id)));
}

#[test]
fn nice_values_and_policies() {
    if !common::is_root() {
        return;
    }
    let usage = |command: &[&str]| -> (Usage, Option<i32>, i32) {
        let mut started = Command::new(command[0]);
        let target = stopped(started.args(&command[1..]).args(["sleep", "1000"]), "sleep");
        let number = pid(target.pid());
        let account = kernel().process_info(number, Visibility::Public, Extent::Whole).unwrap();
        let fields = Fields::of(&number.to_string());
        let usage = account.usage.unwrap();
        assert_eq!(account.nice.map(i64::from), Some(fields.number(19)), "{command:?}");
        assert_eq!(usage.priority.map(i64::from), Some(fields.number(18)), "{command:?}");
        let thread = kernel().thread(number, u64::from(number.number())).unwrap();
        (usage, account.nice, thread.policy)
    };
    let (usual, nice, thread) = usage(&["env"]);
    assert_eq!((usual.policy, thread), (Some(1), 1));
    assert_ne!(usage(&["nice", "-n", "-5"]).1, nice);
    for (option, priority, policy, threads) in [
        ("-f", "10", Some(4), 4),
        ("-r", "20", Some(2), 2),
        ("-b", "0", None, 0),
        ("-i", "0", None, 0),
    ] {
        let (usage, _, thread) = usage(&["chrt", option, priority]);
        assert_eq!((usage.policy, thread), (policy, threads), "chrt {option}");
    }
}

#[test]
fn cpus_are_those_of_stat() {
    let lines = || -> Vec<Vec<u64>> {
        let text = own("stat");
        let lines = text.lines().filter_map(|line| line.strip_prefix("cpu"));
        let numbers = |line: &str| line.split(' ').map(|word| word.parse().unwrap()).collect();
        lines.filter(|line| !line.starts_with(' ')).map(numbers).collect()
    };
    let before = lines();
    let cpus = kernel().cpus().unwrap();
    let after = lines();
    assert_eq!(cpus.len(), before.len());
    for (cpu, (before, after)) in cpus.iter().zip(before.iter().zip(&after)) {
        assert_eq!(u64::from(cpu.number), before[0]);
        assert!(cpu.running && cpu.master == (cpu.number == 0));
        let kind = if cfg!(target_arch = "x86_64") { 0x0100_0007 } else { 0x0100_000c };
        assert_eq!((cpu.kind, cpu.subtype), (kind, 0));
        // Hundredths of a second are what the kernel counts in, on both.
        for (at, time) in [cpu.times.user, cpu.times.nice, cpu.times.system].into_iter().enumerate()
        {
            assert!(before[at + 1] <= time && time <= after[at + 1], "{cpu:?}");
        }
        assert!(cpu.times.idle >= before[4].min(after[4]), "{cpu:?}");
    }
}
