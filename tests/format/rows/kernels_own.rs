//! The kernel's own files beside ours of the same values: fields, lines and columns stand where
//! the kernel has them.

use std::time::{Duration, SystemTime};

use mach_procfs::format::linux;
use mach_procfs::model::{
    Cpu, CpuTimes, Credentials, Device, Ids, Machine, Memory, Pid, Process, ProcessInfo, State,
    Time, Usage,
};

use super::values;

fn kernels(path: &str) -> String {
    std::fs::read_to_string(format!("/proc/{path}")).unwrap()
}

fn text<T>(value: &T, render: impl Fn(&T, &mut Vec<u8>)) -> String {
    let mut out = Vec::new();
    render(value, &mut out);
    String::from_utf8(out).unwrap()
}

const BOOTED: SystemTime = SystemTime::UNIX_EPOCH;
const PAGE: u64 = 4096;

/// What the kernel's own `stat` tells, by the numbers that `man 5 proc` gives the fields.
fn process_info(stat: &str) -> ProcessInfo {
    let (pid, rest) = stat.split_once(" (").unwrap();
    let (name, rest) = rest.rsplit_once(") ").unwrap();
    let fields: Vec<&str> = rest.split_whitespace().collect();
    let field = |number: usize| -> i64 { fields[number - 3].parse().unwrap() };
    let positive = |number: usize| field(number).unsigned_abs();
    let ticks = |number: usize| Time::of_nanoseconds(positive(number) * 10_000_000);
    let terminal = positive(7) as u32;
    ProcessInfo {
        process: Process {
            pid: Pid::from_name(pid.as_bytes()).unwrap(),
            parent: positive(4) as u32,
            name: name.as_bytes().to_vec(),
            started: BOOTED + Duration::from_millis(positive(22) * 10),
            credentials: Credentials::default(),
        },
        state: match fields[0] {
            "R" => State::Running,
            "S" => State::Sleeping,
            "T" => State::Stopped,
            other => panic!("{other}"),
        },
        group: positive(5) as u32,
        session: Some(positive(6) as u32),
        terminal: (terminal != 0).then_some(Device {
            major: terminal >> 8 & 0xfff,
            minor: terminal & 0xff | terminal >> 12 & 0xfff00,
        }),
        terminal_group: u32::try_from(field(8)).ok(),
        job_control: None,
        nice: Some(field(19) as i32),
        groups: None,
        wait_channel: (field(35) == 1).then(|| b"x".to_vec()),
        tracer: None,
        signals: None,
        usage: Some(Usage {
            faults: positive(10) + positive(12),
            pageins: positive(12),
            total_user: ticks(14),
            total_system: ticks(15),
            threads: positive(20) as u32,
            virtual_size: positive(23),
            resident_size: positive(24) * PAGE,
            ..Usage::default()
        }),
        booted: Some(BOOTED),
        page_size: PAGE,
    }
}

/// All fields that are not filled from the kernel's are 0, -1 or the largest, so a field that
/// stands in another's place would differ.
#[test]
fn stat_has_each_field_where_the_kernel_has_it() {
    let own = kernels("self/stat");
    let ours = text(&process_info(&own), linux::stat);
    assert_eq!(ours.matches('\n').count(), 1);
    let split = |text: &str| -> Vec<String> {
        let (before, after) = text.trim_end_matches('\n').rsplit_once(") ").unwrap();
        std::iter::once(before).chain(after.split(' ')).map(str::to_owned).collect()
    };
    let (own, ours) = (split(&own), split(&ours));
    // The first holds fields 1 and 2.
    assert_eq!((own.len(), ours.len()), (51, 51));
    for number in (3..=8).chain([10, 12, 14, 15]).chain(18..=25).chain(35..=38) {
        assert_eq!(ours[number - 2], own[number - 2], "field {number}");
    }
    assert_eq!(ours[0], own[0]);
    for number in (26..=34).chain(39..=52).chain([9, 11, 13, 16, 17]) {
        assert_eq!(ours[number - 2], "0", "field {number}");
    }
}

/// The names that stand before a colon, with what stands between them and the value.
fn heads(text: &str) -> Vec<&str> {
    text.lines().filter_map(|line| Some(&line[..=line.find(':')?])).collect()
}

/// Whether the first has some of the second's, in their order.
fn assert_in_order(some: &[&str], all: &[&str]) {
    let mut rest = all.iter();
    for name in some {
        assert!(rest.any(|other| other == name), "{name} is not there, or out of order");
    }
}

#[test]
fn status_has_lines_of_the_kernels_in_its_order() {
    let own = kernels("self/status");
    let mut account = process_info(&kernels("self/stat"));
    let line = |name: &str| own.lines().find(|line| line.starts_with(name)).unwrap();
    let ids = |name: &str| {
        let numbers: Vec<u32> =
            line(name).split_whitespace().skip(1).map(|it| it.parse().unwrap()).collect();
        Ids { real: numbers[0], effective: numbers[1], saved: numbers[2] }
    };
    let number =
        |name: &str| -> u64 { line(name).split_whitespace().nth(1).unwrap().parse().unwrap() };
    account.process.credentials.uid = ids("Uid:");
    account.process.credentials.gid = ids("Gid:");
    let groups = line("Groups:").split_whitespace().skip(1).map(|it| it.parse().unwrap());
    account.groups = Some(groups.collect());
    account.usage = account.usage.map(|usage| Usage {
        virtual_size: number("VmSize:") * 1024,
        resident_size: number("VmRSS:") * 1024,
        ..usage
    });
    let ours = text(&account, linux::status);
    assert_in_order(&heads(&ours), &heads(&own));
    for name in [
        "Name:",
        "Tgid:",
        "Ngid:",
        "Pid:",
        "PPid:",
        "TracerPid:",
        "Uid:",
        "Gid:",
        "Groups:",
        "VmSize:",
        "VmRSS:",
        "VmLck:",
        "VmPin:",
        "SigPnd:",
        "ShdPnd:",
        "CapInh:",
        "CapAmb:",
    ] {
        assert!(ours.lines().any(|ours| ours == line(name)), "{:?} in\n{ours}", line(name));
    }
}

#[test]
fn meminfo_has_lines_of_the_kernels_in_its_order_and_columns() {
    let own = kernels("meminfo");
    let value = |name: &str| -> u64 {
        let line = own.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
    };
    let memory = Memory {
        total: value("MemTotal:"),
        free: value("MemFree:"),
        swap_total: value("SwapTotal:"),
        ..Memory::default()
    };
    let ours = text(&Machine { memory, ..values::full_machine() }, linux::meminfo);
    assert_in_order(&heads(&ours), &heads(&own));
    for name in ["MemTotal:", "MemFree:", "SwapTotal:", "Bounce:"] {
        let line = own.lines().find(|line| line.starts_with(name)).unwrap();
        assert!(ours.lines().any(|ours| ours == line), "{line:?} in\n{ours}");
    }
}

#[test]
fn limits_have_the_kernels_names_units_and_columns() {
    let (own, ours) = (kernels("self/limits"), text(&values::full_account(), linux::limits));
    assert_eq!(own.lines().count(), ours.lines().count());
    for (own, ours) in own.lines().zip(ours.lines()) {
        assert_eq!(own.len(), ours.len());
        // The name, and behind both values the unit.
        assert_eq!((&own[..26], &own[68..]), (&ours[..26], &ours[68..]));
    }
}

#[test]
fn the_roots_files_have_the_kernels_fields() {
    let machine = Machine {
        cpus: vec![Cpu { running: true, times: CpuTimes::default(), ..Cpu::default() }],
        ..values::full_machine()
    };
    let stat = text(&machine, linux::kernel_stat);
    let own = kernels("stat");
    let counted = |text: &str, name: &str| {
        let line = text.lines().find(|line| line.split(' ').next() == Some(name)).unwrap();
        // The name of the first is followed by two spaces.
        line.split(' ').count()
    };
    for name in ["cpu", "cpu0", "ctxt", "btime", "processes", "softirq"] {
        assert_eq!(counted(&stat, name), counted(&own, name), "{name}");
    }
    let names = |text: &str| -> Vec<String> {
        let names = text.lines().map(|line| line.split(' ').next().unwrap().to_owned());
        names.filter(|name| !name.starts_with("cpu") || name == "cpu").collect()
    };
    assert_eq!(names(&stat), names(&own));
    let shape =
        |text: &str| -> String { text.chars().filter(|letter| !letter.is_ascii_digit()).collect() };
    assert_eq!(shape(&text(&machine, linux::loadavg)), shape(&kernels("loadavg")));
    assert_eq!(shape(&text(&machine, linux::uptime)), shape(&kernels("uptime")));
    if cfg!(target_arch = "x86_64") {
        let (own, ours) = (kernels("cpuinfo"), text(&machine, linux::cpuinfo));
        assert_in_order(&heads(&ours), &heads(&own));
    }
}
