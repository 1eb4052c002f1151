//! The values that goldens show: one as there may be, one of which nothing is told, and one of the
//! largest numbers and the strangest names.

use std::time::{Duration, SystemTime};

use mach_procfs::model::{
    Arguments, AuditToken, ChildrenUsage, Cpu, CpuTimes, Credentials, Descriptor, DescriptorKind,
    Device, DiskUsage, Ids, Machine, Memory, MemoryKinds, Mounted, Pid, Port, Process, ProcessInfo,
    Queue, Register, SecurityToken, Signals, State, Thread, Time, Usage,
};

/// What a parser may stumble over: both parentheses, a space, newline, backslash, a byte that is
/// no UTF-8; and longer than Linux's names.
pub(crate) const STRANGE: &[u8] = b"a) R (b\n\\\xff c:d-and-more";

fn at(milliseconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_millis(milliseconds)
}

fn time(nanoseconds: u64) -> Time {
    Time { units: nanoseconds * 3 / 125, nanoseconds }
}

pub(crate) fn full_account() -> ProcessInfo {
    ProcessInfo {
        process: Process {
            pid: Pid::new(501).unwrap(),
            parent: 1,
            name: b"Finder Helper".to_vec(),
            started: at(1_700_000_123_450),
            credentials: Credentials {
                uid: Ids { real: 501, effective: 502, saved: 503 },
                gid: Ids { real: 20, effective: u32::MAX - 1, saved: 80 },
                ..Credentials::default()
            },
        },
        state: State::Sleeping,
        group: 500,
        session: Some(499),
        terminal: Some(Device { major: 16, minor: 3 }),
        terminal_group: Some(700),
        job_control: Some(1),
        nice: Some(-5),
        groups: Some(vec![u32::MAX - 1, 12, 61]),
        wait_channel: Some(b"kqread".to_vec()),
        tracer: Some(1),
        // SIGPIPE and SIGCHLD; SIGINT, SIGUSR1 and Darwin's own SIGINFO.
        signals: Some(Signals { ignored: 1 << 12 | 1 << 19, caught: 1 << 1 | 1 << 29 | 1 << 28 }),
        usage: Some(Usage {
            virtual_size: 0x1_2345_6000,
            resident_size: 0x123_4000,
            total_user: time(61_234_567_891),
            total_system: time(2_000_000_001),
            threads_user: time(60_000_000_000),
            threads_system: time(1_999_999_999),
            threads: 4,
            running: Some(1),
            policy: Some(1),
            priority: Some(31),
            faults: 12_345,
            pageins: 45,
            cow_faults: Some(1),
            messages_sent: Some(2),
            messages_received: Some(3),
            syscalls_mach: Some(4),
            syscalls_unix: Some(5),
            switches: Some(6),
            memory: Some(MemoryKinds {
                resident_peak: 0x234_4000,
                anonymous: 0xf3_4000,
                file: 0x30_0000,
                swapped: 0x1_0000,
            }),
            children: Some(ChildrenUsage {
                user: time(9_876_543_210),
                system: time(1_234_567_890),
                pageins: 7,
            }),
            disk: Some(DiskUsage { bytes_read: 1_000_001, bytes_written: 2_002 }),
        }),
        booted: Some(at(1_700_000_000_000)),
        page_size: 16384,
    }
}

fn bare_account() -> ProcessInfo {
    ProcessInfo {
        process: Process {
            pid: Pid::new(0).unwrap(),
            parent: 0,
            name: Vec::new(),
            started: SystemTime::UNIX_EPOCH,
            credentials: Credentials::default(),
        },
        state: State::Zombie,
        group: 0,
        session: None,
        terminal: None,
        terminal_group: None,
        job_control: None,
        nice: None,
        groups: None,
        wait_channel: None,
        tracer: None,
        signals: None,
        usage: None,
        booted: None,
        page_size: 0,
    }
}

fn extreme_account() -> ProcessInfo {
    let most = Time { units: u64::MAX, nanoseconds: u64::MAX };
    let ids = Ids { real: u32::MAX, effective: u32::MAX, saved: u32::MAX };
    ProcessInfo {
        process: Process {
            pid: Pid::new(Pid::MAX).unwrap(),
            parent: u32::MAX,
            name: STRANGE.to_vec(),
            started: at(1000),
            credentials: Credentials { uid: ids, gid: ids, ..Credentials::default() },
        },
        state: State::Traced,
        group: u32::MAX,
        session: Some(u32::MAX),
        terminal: Some(Device { major: u32::MAX, minor: u32::MAX }),
        terminal_group: Some(u32::MAX),
        job_control: Some(u32::MAX),
        nice: Some(i32::MIN),
        groups: Some(Vec::new()),
        wait_channel: Some(b"new\nline".to_vec()),
        tracer: Some(u32::MAX),
        signals: Some(Signals { ignored: u32::MAX, caught: u32::MAX }),
        usage: Some(Usage {
            virtual_size: u64::MAX,
            resident_size: u64::MAX,
            total_user: most,
            total_system: Time::default(),
            threads_user: Time::default(),
            threads_system: most,
            threads: u32::MAX,
            running: Some(u32::MAX),
            policy: Some(i32::MIN),
            priority: Some(i32::MAX),
            faults: 1,
            pageins: u64::MAX,
            cow_faults: Some(u64::MAX),
            messages_sent: None,
            messages_received: None,
            syscalls_mach: None,
            syscalls_unix: None,
            switches: None,
            memory: Some(MemoryKinds {
                resident_peak: 0,
                anonymous: u64::MAX,
                file: u64::MAX,
                swapped: u64::MAX,
            }),
            children: Some(ChildrenUsage { user: most, system: most, pageins: u64::MAX }),
            disk: Some(DiskUsage { bytes_read: u64::MAX, bytes_written: u64::MAX }),
        }),
        booted: Some(at(2000)),
        page_size: 0,
    }
}

pub(crate) fn accounts() -> Vec<ProcessInfo> {
    let other = ProcessInfo {
        process: Process { name: b"sixteen-bytes-xy".to_vec(), ..full_account().process },
        terminal: Some(Device { major: 136, minor: 300 }),
        usage: Some(Usage { policy: Some(2), ..full_account().usage.unwrap() }),
        ..full_account()
    };
    vec![full_account(), bare_account(), extreme_account(), other]
}

/// Each on another terminal.
pub(crate) fn terminals() -> Vec<ProcessInfo> {
    let numbers = [(16, 3), (0, 0), (136, 300), (4, 1), (4, 63), (4, 64), (5, 1)];
    let on =
        |(major, minor)| ProcessInfo { terminal: Some(Device { major, minor }), ..full_account() };
    std::iter::once(bare_account()).chain(numbers.map(on)).collect()
}

pub(crate) fn arguments() -> Vec<Arguments> {
    vec![
        Arguments {
            arguments: b"/bin/sh\0-c\0echo \"\n\xff\"\0".to_vec(),
            environment: b"HOME=/\0EMPTY=\0".to_vec(),
        },
        Arguments::default(),
        Arguments { arguments: b"overwritten".to_vec(), environment: b"no NUL".to_vec() },
    ]
}

pub(crate) fn descriptors() -> Vec<Vec<Descriptor>> {
    let open = |number, kind, target: &[u8], detail: &[u8]| Descriptor {
        number,
        kind,
        target: target.to_vec(),
        detail: detail.to_vec(),
        ..Descriptor::default()
    };
    let tcp = b"SOCK_STREAM, tcp, AF_INET, 127.0.0.1:80 --> 10.0.0.1:50000";
    vec![
        vec![
            open(0, DescriptorKind::Vnode, b"/dev/ttys003", b""),
            open(1, DescriptorKind::Vnode, b"/new\nline", b""),
            open(2, DescriptorKind::Vnode, b"", b""),
            open(3, DescriptorKind::Socket, b"socket:[7]", tcp),
            open(4, DescriptorKind::Socket, b"socket:[8]", b""),
            // To be read and written without waiting, and appended to.
            Descriptor {
                flags: Some(0x8000_0e0e),
                offset: Some(u64::MAX),
                ..open(9, DescriptorKind::Vnode, b"/log", b"")
            },
            open(5, DescriptorKind::Pipe, b"pipe:[9]", b""),
            open(6, DescriptorKind::SharedMemory, b"/shared", b""),
            open(7, DescriptorKind::Semaphore, b"/semaphore", b""),
            open(8, DescriptorKind::Kqueue, b"anon_inode:[kqueue]", b""),
            open(9, DescriptorKind::FsEvents, b"anon_inode:[fsevents]", b""),
            open(u32::MAX, DescriptorKind::Other, b"anon_inode:[other]", b""),
        ],
        vec![],
    ]
}

pub(crate) fn platforms() -> Vec<Option<u32>> {
    vec![Some(1), None, Some(u32::MAX), Some(8), Some(9)]
}

pub(crate) fn audit_tokens() -> Vec<AuditToken> {
    let token = AuditToken {
        audit_user: 9,
        user: 0,
        group: 1,
        real_user: 2,
        real_group: 3,
        pid: 4,
        session: 0x186a5,
        pid_version: u32::MAX,
    };
    vec![token, AuditToken::default()]
}

pub(crate) fn security_tokens() -> Vec<SecurityToken> {
    vec![SecurityToken { user: 0x1f5, group: u32::MAX }, SecurityToken::default()]
}

pub(crate) fn threads() -> Vec<(ProcessInfo, Thread)> {
    let thread = Thread {
        id: 0x1234,
        name: b"com.apple.main".to_vec(),
        state: State::Running,
        run_state: 1,
        user_time: 1_234_567_890,
        system_time: 999_999,
        cpu_usage: Some(987),
        policy: 1,
        flags: Some(3),
        sleep_time: Some(0),
        priority: 31,
    };
    let extreme = Thread {
        id: u64::MAX,
        name: STRANGE.to_vec(),
        state: State::Waiting,
        run_state: u32::MAX,
        user_time: u64::MAX,
        system_time: u64::MAX,
        cpu_usage: Some(u32::MAX),
        policy: i32::MIN,
        flags: Some(u32::MAX),
        sleep_time: Some(u32::MAX),
        priority: i32::MIN,
    };
    vec![
        (full_account(), thread),
        (full_account(), Thread { policy: 2, flags: Some(2), ..Thread::default() }),
        (bare_account(), Thread::default()),
        (extreme_account(), extreme),
    ]
}

pub(crate) fn registers() -> Vec<Vec<Register>> {
    vec![
        vec![
            Register { name: "x0", value: 0x1_0000_abcd, bytes: 8 },
            Register { name: "cpsr", value: 0x8000_0000, bytes: 4 },
            Register { name: "v31", value: u128::MAX, bytes: 16 },
            Register { name: "fcw", value: 0x37f, bytes: 2 },
        ],
        vec![],
    ]
}

pub(crate) fn ports() -> Vec<Port> {
    let queue = Queue { limit: 5, messages: 1, sequence: 77, send_once_rights: 2 };
    vec![
        Port { name: 0x103, rights: 1 << 16 | 1 << 17, queue: Some(queue) },
        Port { name: 0x203, rights: 0, queue: None },
        Port { name: u32::MAX, rights: u32::MAX, queue: Some(Queue::default()) },
    ]
}

pub(crate) fn cpus() -> Vec<Cpu> {
    let most = CpuTimes { user: u64::MAX, nice: u64::MAX, system: u64::MAX, idle: u64::MAX };
    vec![
        Cpu {
            number: 0,
            kind: 0x0100_000c,
            subtype: 2,
            running: true,
            master: true,
            times: CpuTimes { user: 360_000, nice: 7, system: 6100, idle: 1_000_000 },
        },
        Cpu { number: 1, kind: 7, ..Cpu::default() },
        Cpu { number: u32::MAX, kind: -1, subtype: -1, running: true, master: false, times: most },
    ]
}

pub(crate) fn full_machine() -> Machine {
    let mounted = |source: &[u8], path: &[u8], kind: &[u8], flags, minor| Mounted {
        source: source.to_vec(),
        path: path.to_vec(),
        kind: kind.to_vec(),
        flags,
        device: Device { major: 1, minor },
    };
    let times = |user| CpuTimes { user, nice: 2, system: 3, idle: 123_456 };
    let cpu = |number, running| Cpu { number, running, times: times(100), ..Cpu::default() };
    const MIB: u64 = 1 << 20;
    Machine {
        system: b"Darwin".to_vec(),
        release: b"24.1.0".to_vec(),
        version: b"Darwin Kernel Version 24.1.0: Thu Oct 10 21:05:14 PDT 2024; \
                   root:xnu-11215.41.3~2/RELEASE_ARM64_T8103"
            .to_vec(),
        architecture: b"arm64".to_vec(),
        hostname: b"mac.example".to_vec(),
        booted: at(1_700_000_000_999),
        uptime: Duration::from_millis(123_456_789),
        load: [1234, 995, 5],
        processes: 456,
        last_pid: Some(7890),
        memory: Memory {
            total: 16384 * MIB,
            free: 100 * MIB,
            active: 5000 * MIB,
            inactive: 4900 * MIB,
            wired: 2000 * MIB,
            speculative: 300 * MIB,
            purgeable: 50 * MIB,
            file_backed: 3500 * MIB,
            anonymous: 6500 * MIB,
            compressor: 1500 * MIB,
            swap_total: 2048 * MIB,
            swap_free: 1024 * MIB + 512,
        },
        cpus: vec![cpu(0, true), cpu(1, false), cpu(2, true)],
        cpu_name: b"Apple M1".to_vec(),
        cpu_vendor: b"Apple".to_vec(),
        cpu_frequency: Some(3_204_567_890),
        cache_line: Some(128),
        page_size: 16384,
        mounts: vec![
            mounted(b"/dev/disk3s1s1", b"/", b"apfs", 1 | 1 << 14, 13),
            mounted(b"devfs", b"/dev", b"devfs", 1 << 3 | 1 << 2, 0),
            mounted(b"/dev/disk3s5", b"/System/Volumes/Data", b"apfs", 0, 17),
            mounted(b"map auto home", b"/a\tb\\c#d\ne", b"autofs", u32::MAX, u32::MAX),
            mounted(b"", b"/nameless", b"macfuse", 1 << 4, 3),
        ],
    }
}

pub(crate) fn machines() -> Vec<Machine> {
    let most = Memory {
        total: u64::MAX,
        free: u64::MAX,
        purgeable: u64::MAX,
        file_backed: u64::MAX,
        ..Memory::default()
    };
    vec![
        full_machine(),
        Machine {
            system: Vec::new(),
            release: Vec::new(),
            version: b"two\nlines".to_vec(),
            architecture: Vec::new(),
            hostname: Vec::new(),
            booted: SystemTime::UNIX_EPOCH - Duration::from_secs(1),
            uptime: Duration::ZERO,
            load: [u64::MAX; 3],
            processes: 0,
            last_pid: None,
            memory: most,
            cpus: cpus(),
            cpu_name: b"two\nlines".to_vec(),
            cpu_vendor: Vec::new(),
            cpu_frequency: None,
            cache_line: None,
            page_size: 0,
            mounts: Vec::new(),
        },
    ]
}
