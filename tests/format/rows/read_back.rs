//! What the `procfs` crate reads in files of Linux's grammar is what they were made from.

use std::path::Path;
use std::time::{Duration, SystemTime};

use mach_procfs::format::linux;
use mach_procfs::model::{
    ChildrenUsage, Cpu, CpuTimes, Credentials, Device, DiskUsage, Ids, Machine, Memory,
    MemoryKinds, Mounted, Pid, Process, ProcessInfo, Signals, State, Thread, Time, Usage,
};
use procfs::process::{Io, LimitValue, Limits, MountInfos, Stat, StatM, Status};
use procfs::{
    CpuInfo, FromBufRead, FromBufReadSI, FromRead, KernelStats, LoadAverage, Meminfo, MountEntry,
    Uptime,
};
use proptest::prelude::*;

use super::values;

fn text<T: ?Sized>(value: &T, render: impl Fn(&T, &mut Vec<u8>)) -> Vec<u8> {
    let mut out = Vec::new();
    render(value, &mut out);
    out
}

/// As far as the crate's own types reach, which are those of Linux's fields.
fn any_id() -> impl Strategy<Value = u32> {
    0..=i32::MAX as u32
}

fn any_ids() -> impl Strategy<Value = Ids> {
    any::<(u32, u32, u32)>().prop_map(|(real, effective, saved)| Ids { real, effective, saved })
}

fn any_state() -> impl Strategy<Value = State> {
    prop_oneof![
        Just(State::Running),
        Just(State::Sleeping),
        Just(State::Waiting),
        Just(State::Stopped),
        Just(State::Traced),
        Just(State::Zombie),
        Just(State::Dead),
        Just(State::Idle),
    ]
}

/// Any bytes but NUL, which no kernel's name has.
fn any_name() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        proptest::collection::vec(1u8..=255, 0..40),
        Just(values::STRANGE.to_vec()),
        Just(Vec::new()),
    ]
}

fn any_usage() -> impl Strategy<Value = Usage> {
    let numbers = any::<[u64; 4]>();
    let kinds = any::<Option<[u64; 4]>>();
    // Times that fit into the signed ticks of a reader.
    let children = any::<Option<[u32; 3]>>();
    let disk = any::<Option<[u64; 2]>>();
    let rest = (kinds, children, disk);
    (numbers, any::<[u64; 2]>(), any::<u32>(), any::<Option<u64>>(), rest).prop_map(
        |(numbers, [user, system], threads, switches, (kinds, children, disk))| {
            let [virtual_size, resident_size, faults, pageins] = numbers;
            let time = |it: u32| Time::of_nanoseconds(u64::from(it) * 1_000_000);
            Usage {
                virtual_size,
                resident_size,
                total_user: Time::of_nanoseconds(user),
                total_system: Time::of_nanoseconds(system),
                threads,
                faults,
                pageins,
                switches,
                memory: kinds.map(|[resident_peak, anonymous, file, swapped]| MemoryKinds {
                    resident_peak,
                    anonymous,
                    file,
                    swapped,
                }),
                children: children.map(|[user, system, pageins]| ChildrenUsage {
                    user: time(user),
                    system: time(system),
                    pageins: pageins.into(),
                }),
                disk: disk
                    .map(|[bytes_read, bytes_written]| DiskUsage { bytes_read, bytes_written }),
                ..Usage::default()
            }
        },
    )
}

fn any_process() -> impl Strategy<Value = Process> {
    (0..=Pid::MAX, any_id(), any_name(), 0..1u64 << 32, any_ids(), any_ids()).prop_map(
        |(pid, parent, name, started, uid, gid)| Process {
            pid: Pid::new(pid).unwrap(),
            parent,
            name,
            started: SystemTime::UNIX_EPOCH + Duration::from_millis(started),
            credentials: Credentials { uid, gid, ..Credentials::default() },
        },
    )
}

prop_compose! {
    fn any_account()(
        process in any_process(),
        state in any_state(),
        group in any_id(),
        session in proptest::option::of(any_id()),
        // Twelve bits and twenty, as many as Linux's numbers of devices have.
        terminal in proptest::option::of((0u32..1 << 12, 0u32..1 << 20)),
        terminal_group in proptest::option::of(any_id()),
        nice in proptest::option::of(-20..=20),
        groups in proptest::option::of(proptest::collection::vec(any::<u32>(), 0..5)),
        waits in any::<bool>(),
        tracer in proptest::option::of(any_id()),
        signals in any::<Option<[u32; 2]>>(),
        usage in proptest::option::of(any_usage()),
        booted in proptest::option::of(0..1u64 << 32),
        page_size in prop_oneof![Just(4096), Just(16384)],
    ) -> ProcessInfo {
        ProcessInfo {
            process,
            state,
            group,
            session,
            terminal: terminal.map(|(major, minor)| Device { major, minor }),
            terminal_group,
            job_control: None,
            nice,
            groups,
            wait_channel: waits.then(|| b"select".to_vec()),
            tracer,
            signals: signals.map(|[ignored, caught]| Signals { ignored, caught }),
            usage,
            booted: booted.map(|it| SystemTime::UNIX_EPOCH + Duration::from_millis(it)),
            page_size,
        }
    }
}

/// The letter that Linux's documentation has for it.
fn letter(state: State) -> char {
    match state {
        State::Running => 'R',
        State::Sleeping => 'S',
        State::Waiting => 'D',
        State::Stopped => 'T',
        State::Traced => 't',
        State::Zombie => 'Z',
        State::Dead => 'X',
        State::Idle => 'I',
    }
}

/// What both files of a process and of a thread of it have.
fn assert_common(account: &ProcessInfo, stat: &Stat) {
    let usage = account.usage.unwrap_or_default();
    assert_eq!(stat.ppid, account.process.parent as i32);
    assert_eq!(stat.pgrp, account.group as i32);
    assert_eq!(stat.session, account.session.unwrap_or(0) as i32);
    let Device { major, minor } = account.terminal.unwrap_or_default();
    // The crate's own `tty_nr` reads a sign into large numbers.
    let number = stat.tty_nr as u32;
    assert_eq!((number >> 8 & 0xfff, number & 0xff | number >> 12 & 0xfff00), (major, minor));
    assert_eq!(stat.tpgid, account.terminal_group.map_or(-1, |group| group as i32));
    assert!(stat.flags().unwrap().is_empty());
    let nice = account.nice.unwrap_or(0);
    assert_eq!((stat.priority, stat.nice), (20 + i64::from(nice), i64::from(nice)));
    let children = usage.children.unwrap_or_default();
    let ticks = |time: Time| (time.nanoseconds / 10_000_000) as i64;
    assert_eq!((stat.cutime, stat.cstime), (ticks(children.user), ticks(children.system)));
    assert_eq!((stat.cminflt, stat.cmajflt), (0, children.pageins));
    let signals = account.signals.unwrap_or_default();
    // SIGHUP has the lowest bit in either numbering.
    assert_eq!(
        (stat.sigignore & 1, stat.sigcatch & 1),
        (u64::from(signals.ignored & 1), u64::from(signals.caught & 1))
    );
    assert_eq!(stat.num_threads, i64::from(usage.threads));
    assert_eq!(stat.itrealvalue, 0);
    let since = account.booted.and_then(|it| account.process.started.duration_since(it).ok());
    assert_eq!(stat.starttime, since.map_or(0, |since| since.as_millis() as u64 / 10));
    assert_eq!(stat.vsize, usage.virtual_size);
    assert_eq!(stat.rss, usage.resident_size / account.page_size);
    assert_eq!(stat.rsslim, u64::MAX);
    assert_eq!(stat.wchan, u64::from(account.wait_channel.is_some()));
    assert_eq!((stat.startcode, stat.endcode, stat.startstack), (0, 0, 0));
    assert_eq!((stat.kstkesp, stat.kstkeip, stat.exit_code), (0, 0, Some(0)));
    assert_eq!((stat.processor, stat.rt_priority, stat.policy), (Some(0), Some(0), Some(0)));
}

/// The longest name, as the crate shows it: 15 bytes, without half a character at their end where all
/// before it is UTF-8.
fn short(name: &[u8]) -> String {
    let cut = &name[..name.len().min(15)];
    let first = cut.utf8_chunks().next();
    let half = first.filter(|first| cut.len() == 15 && is_half(first.invalid()));
    match half {
        Some(first) if first.valid().len() + first.invalid().len() == 15 => {
            first.valid().to_owned()
        }
        _ => String::from_utf8_lossy(cut).into_owned(),
    }
}

/// Whether these bytes begin a character and further ones would end it.
fn is_half(bytes: &[u8]) -> bool {
    let ends = [0x80, 0x90, 0xa0]
        .into_iter()
        .flat_map(|next| [&[next][..], &[next, 0x80], &[next, 0x80, 0x80]].map(<[u8]>::to_vec));
    !bytes.is_empty()
        && ends.into_iter().any(|end| std::str::from_utf8(&[bytes, &end].concat()).is_ok())
}

proptest! {
    #[test]
    fn stat_of_any_process(account in any_account()) {
        let stat = Stat::from_read(text(&account, linux::stat).as_slice()).unwrap();
        prop_assert_eq!(stat.pid, account.process.pid.number() as i32);
        prop_assert_eq!(&stat.comm, &short(&account.process.name));
        prop_assert_eq!(stat.state, letter(account.state));
        let usage = account.usage.unwrap_or_default();
        prop_assert_eq!(stat.minflt, usage.faults.saturating_sub(usage.pageins));
        prop_assert_eq!(stat.majflt, usage.pageins);
        prop_assert_eq!(stat.utime, usage.total_user.nanoseconds / 10_000_000);
        prop_assert_eq!(stat.stime, usage.total_system.nanoseconds / 10_000_000);
        prop_assert_eq!(stat.exit_signal, Some(17));
        assert_common(&account, &stat);
    }

    #[test]
    fn stat_of_any_thread(
        account in any_account(),
        id in any_id(),
        name in any_name(),
        state in any_state(),
        [user_time, system_time] in any::<[u64; 2]>(),
    ) {
        let thread = Thread {
            id: u64::from(id), name, state, user_time, system_time, ..Thread::default()
        };
        let stat = text(&thread, |thread, out| linux::thread_stat(&account, thread, out));
        let stat = Stat::from_read(stat.as_slice()).unwrap();
        prop_assert_eq!(stat.pid, id as i32);
        let name = if thread.name.is_empty() { &account.process.name } else { &thread.name };
        prop_assert_eq!(&stat.comm, &short(name));
        prop_assert_eq!(stat.state, letter(state));
        prop_assert_eq!((stat.utime, stat.stime), (user_time / 10_000_000, system_time / 10_000_000));
        prop_assert_eq!(stat.exit_signal, Some(-1));
        assert_common(&account, &stat);
    }

    #[test]
    fn status_of_any_process(account in any_account(), name in "[ -9;-\\[\\]-~]{1,15}") {
        // The crate reads UTF-8 only, and a name up to its first colon.
        let process = Process { name: name.clone().into_bytes(), ..account.process };
        let account = ProcessInfo { process, ..account };
        let status = Status::from_read(text(&account, linux::status).as_slice()).unwrap();
        prop_assert_eq!(&status.name, name.trim());
        prop_assert_eq!(status.state.chars().next(), Some(letter(account.state)));
        prop_assert_eq!(status.pid, account.process.pid.number() as i32);
        prop_assert_eq!((status.tgid, status.ppid), (status.pid, account.process.parent as i32));
        let Credentials { uid, gid, .. } = account.process.credentials;
        prop_assert_eq!((status.ruid, status.euid, status.suid), (uid.real, uid.effective, uid.saved));
        prop_assert_eq!((status.rgid, status.egid, status.sgid), (gid.real, gid.effective, gid.saved));
        prop_assert_eq!((status.fuid, status.fgid), (uid.effective, gid.effective));
        prop_assert_eq!(status.groups, account.groups.unwrap_or_default());
        let usage = account.usage.unwrap_or_default();
        let lives = !matches!(account.state, State::Zombie | State::Dead);
        let told = account.usage.filter(|_| lives);
        prop_assert_eq!(status.vmsize, told.map(|usage| usage.virtual_size / 1024));
        prop_assert_eq!(status.vmrss, told.map(|usage| usage.resident_size / 1024));
        let kinds = told.map(|usage| usage.memory.unwrap_or_default());
        let kib = |of: fn(&MemoryKinds) -> u64| kinds.map(|kinds| of(&kinds) / 1024);
        let peak = kib(|kinds| kinds.resident_peak);
        prop_assert_eq!(status.vmhwm, peak.max(status.vmrss));
        prop_assert_eq!(status.rssanon, kib(|kinds| kinds.anonymous));
        prop_assert_eq!(status.rssfile, kib(|kinds| kinds.file));
        prop_assert_eq!(status.vmswap, kib(|kinds| kinds.swapped));
        prop_assert_eq!(status.tracerpid, account.tracer.unwrap_or(0) as i32);
        let signals = account.signals.unwrap_or_default();
        // SIGHUP and SIGUSR2, by Darwin's numbers and Linux's.
        for (darwin, linux) in [(1, 1), (31, 12)] {
            let has = |set: u32| set >> (darwin - 1) & 1 != 0;
            prop_assert_eq!(status.sigign >> (linux - 1) & 1 != 0, has(signals.ignored));
            prop_assert_eq!(status.sigcgt >> (linux - 1) & 1 != 0, has(signals.caught));
        }
        prop_assert_eq!(status.threads, u64::from(usage.threads));
        prop_assert_eq!(status.voluntary_ctxt_switches, Some(usage.switches.unwrap_or(0)));
    }

    #[test]
    fn io_of_any_process(account in any_account()) {
        let io = Io::from_read(text(&account, linux::io).as_slice()).unwrap();
        let disk = account.usage.and_then(|usage| usage.disk).unwrap_or_default();
        prop_assert_eq!((io.read_bytes, io.write_bytes), (disk.bytes_read, disk.bytes_written));
        let none = (io.rchar, io.wchar, io.syscr, io.syscw, io.cancelled_write_bytes);
        prop_assert_eq!(none, (0, 0, 0, 0, 0));
    }

    /// Neither a newline in a name nor a backslash makes or hides a line.
    #[test]
    fn status_has_the_same_lines_whatever_the_name_is(
        account in any_account(), name in any_name()
    ) {
        let names = |account: &ProcessInfo| -> Vec<Vec<u8>> {
            text(account, linux::status)
                .split(|byte| *byte == b'\n')
                .map(|line| line.split(|byte| *byte == b':').next().unwrap().to_vec())
                .collect()
        };
        let plain = Process { name: b"plain".to_vec(), ..account.process.clone() };
        let plain = ProcessInfo { process: plain, ..account.clone() };
        let process = Process { name, ..account.process.clone() };
        let strange = ProcessInfo { process, ..account };
        prop_assert_eq!(names(&plain), names(&strange));
    }

    #[test]
    fn statm_of_any_process(account in any_account()) {
        let statm = StatM::from_read(text(&account, linux::statm).as_slice()).unwrap();
        let usage = account.usage.unwrap_or_default();
        prop_assert_eq!(statm.size, usage.virtual_size / account.page_size);
        prop_assert_eq!(statm.resident, usage.resident_size / account.page_size);
        prop_assert_eq!((statm.shared, statm.text, statm.lib, statm.data, statm.dt), (0, 0, 0, 0, 0));
    }

    #[test]
    fn meminfo_of_any_machine(
        [total, free, active, inactive, wired, purgeable] in any::<[u64; 6]>(),
        [file_backed, anonymous, compressor, swap_total, swap_free] in any::<[u64; 5]>(),
    ) {
        let memory = Memory {
            total, free, active, inactive, wired, speculative: 0, purgeable, file_backed,
            anonymous, compressor, swap_total, swap_free,
        };
        let machine = Machine { memory, ..values::full_machine() };
        let info = Meminfo::from_read(text(&machine, linux::meminfo).as_slice()).unwrap();
        let kib = |bytes: u64| bytes / 1024 * 1024;
        prop_assert_eq!((info.mem_total, info.mem_free), (kib(total), kib(free)));
        prop_assert!(info.mem_available.unwrap() <= info.mem_total);
        prop_assert_eq!((info.active, info.inactive), (kib(active), kib(inactive)));
        prop_assert_eq!((info.cached, info.anon_pages), (kib(file_backed), Some(kib(anonymous))));
        prop_assert_eq!((info.swap_total, info.swap_free), (kib(swap_total), kib(swap_free)));
        prop_assert_eq!((info.unevictable, info.z_swap), (Some(kib(wired)), Some(kib(compressor))));
    }

    #[test]
    fn the_rest_of_any_machine(
        load in any::<[u32; 3]>(),
        processes: u32,
        last_pid: Option<u32>,
        up in 0u64..1 << 40,
        booted: u32,
        times in proptest::collection::vec(any::<[u32; 4]>(), 1..5),
        (name, hertz, line) in ("[ -9;-~]{0,20}", any::<Option<u64>>(), any::<Option<u64>>()),
    ) {
        let cpus: Vec<Cpu> = times.iter().zip(0..).map(|(times, number)| {
            let [user, nice, system, idle] = times.map(u64::from);
            let times = CpuTimes { user, nice, system, idle };
            Cpu { number, running: true, times, ..Cpu::default() }
        }).collect();
        let machine = Machine {
            load: load.map(u64::from),
            processes,
            last_pid,
            uptime: Duration::from_millis(up),
            booted: SystemTime::UNIX_EPOCH + Duration::from_secs(u64::from(booted)),
            cpus,
            cpu_name: name.clone().into_bytes(),
            cpu_frequency: hertz,
            cache_line: line,
            ..values::full_machine()
        };
        let average = LoadAverage::from_read(text(&machine, linux::loadavg).as_slice()).unwrap();
        prop_assert!((f64::from(average.one) - f64::from(load[0]) / 1000.0).abs() <= 0.006_f64.max(f64::from(load[0]) * 1e-6));
        prop_assert_eq!((average.cur, average.max), (0, processes));
        prop_assert_eq!(average.latest_pid, last_pid.unwrap_or(0));

        let uptime = Uptime::from_read(text(&machine, linux::uptime).as_slice()).unwrap();
        prop_assert!((uptime.uptime - (up / 10) as f64 / 100.0).abs() < 0.005);
        let idle: u64 = machine.cpus.iter().map(|cpu| cpu.times.idle).sum();
        prop_assert!((uptime.idle - idle as f64 / 100.0).abs() < 0.005);

        let info = procfs::current_system_info();
        let stat = text(&machine, linux::kernel_stat);
        let stat = <KernelStats as FromBufReadSI>::from_buf_read(stat.as_slice(), info).unwrap();
        prop_assert_eq!(stat.btime, u64::from(booted));
        prop_assert_eq!(stat.cpu_time.len(), machine.cpus.len());
        prop_assert_eq!(stat.total.idle, idle);
        for (read, cpu) in stat.cpu_time.iter().zip(&machine.cpus) {
            prop_assert_eq!((read.user, read.nice), (cpu.times.user, cpu.times.nice));
            prop_assert_eq!((read.system, read.idle), (cpu.times.system, cpu.times.idle));
        }

        let cpus = text(&machine, linux::cpuinfo);
        let cpus = <CpuInfo as FromBufRead>::from_buf_read(cpus.as_slice()).unwrap();
        prop_assert_eq!(cpus.num_cores(), machine.cpus.len());
        let expected = (!name.is_empty()).then(|| name.trim());
        prop_assert_eq!(cpus.model_name(0), expected);
        prop_assert_eq!(cpus.get_field(0, "cpu MHz").is_some(), hertz.is_some());
    }

    #[test]
    fn any_mounts(path in "[ -~\t\n]{1,20}", source in "[ -~\t\n]{1,20}", flags: u32) {
        let mounted = Mounted {
            source: source.clone().into_bytes(),
            path: path.clone().into_bytes(),
            kind: b"apfs".to_vec(),
            flags,
            device: Device::default(),
        };
        let machine = Machine { mounts: vec![mounted; 2], ..values::full_machine() };
        let mounts = text(&machine, linux::mounts);
        let mounts = Vec::<MountEntry>::from_buf_read(mounts.as_slice()).unwrap();
        prop_assert_eq!(mounts.len(), 2);
        // The crate leaves spaces as they are escaped.
        let unescaped = |text: &str| text.replace("\\040", " ");
        prop_assert_eq!(unescaped(&mounts[0].fs_file), path);
        prop_assert_eq!(unescaped(&mounts[0].fs_spec), source);
        prop_assert_eq!(mounts[0].fs_mntops.contains_key("ro"), flags & 1 != 0);
        prop_assert_eq!(mounts[0].fs_mntops.contains_key("noexec"), flags & 4 != 0);
    }

    #[test]
    fn mountinfo_of_any_mounts(
        mounts in proptest::collection::vec(("(/[a-c ]{1,2}){1,4}", any::<(u32, u32, u32)>()), 0..20)
    ) {
        let root = ("/".to_owned(), (1, 1, 13));
        let mounts: Vec<_> = std::iter::once(root).chain(mounts).collect();
        let mounted = |(path, (flags, major, minor)): &(String, (u32, u32, u32))| Mounted {
            source: b"/dev/disk1".to_vec(),
            path: path.clone().into_bytes(),
            kind: b"apfs".to_vec(),
            flags: *flags,
            device: Device { major: *major, minor: *minor },
        };
        let machine =
            Machine { mounts: mounts.iter().map(mounted).collect(), ..values::full_machine() };
        let infos = text(&machine, linux::mountinfo);
        let infos = MountInfos::from_buf_read(infos.as_slice()).unwrap().0;
        prop_assert_eq!(infos.len(), mounts.len());
        for (at, (info, (path, (flags, major, minor)))) in infos.iter().zip(&mounts).enumerate() {
            let here = info.mount_point.to_str().unwrap().replace("\\040", " ");
            prop_assert_eq!(&here, path);
            prop_assert_eq!(&info.majmin, &format!("{major}:{minor}"));
            prop_assert_eq!(info.mount_options.contains_key("ro"), flags & 1 != 0);
            prop_assert_eq!(info.super_options.contains_key("rw"), flags & 1 == 0);
            // The deepest of those before that hold its path, and of those the last.
            let holds = |other: &str| Path::new(path).starts_with(other);
            let before = mounts[..at].iter().enumerate().filter(|(_, (other, _))| holds(other));
            let parent = before.max_by_key(|(at, (other, _))| (other.len(), *at));
            let parent = parent.map_or(info.mnt_id, |(at, _)| infos[at].mnt_id);
            prop_assert_eq!(info.pid, parent);
        }
    }
}

#[test]
fn nothing_is_limited() {
    let limits = text(&values::full_account(), linux::limits);
    let limits = Limits::from_read(limits.as_slice()).unwrap();
    for limit in [limits.max_open_files, limits.max_nice_priority, limits.max_realtime_timeout] {
        assert!(matches!(limit.soft_limit, LimitValue::Unlimited));
        assert!(matches!(limit.hard_limit, LimitValue::Unlimited));
    }
}
