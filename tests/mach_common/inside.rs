//! What the made-up processes have inside: arguments, threads, files, ports. Nobody's real data.

use std::collections::BTreeMap;

use mach_procfs::kernel::mach::calls::{
    CPU_TYPE_ARM64, FileInfo, InternetEnds, OpenFile, PipeFile, PortStatus, SocketEnds, SocketFile,
    SpaceEntry, StateFlavor, TaskInfo, ThreadInfo, UnixEnds, VnodeInfo, VnodePaths,
};
use mach_procfs::kernel::mach::xnu_model::{
    ArgumentArea, FileDetail, ModelFile, ModelPort, ModelThread, TaskFacts, Vnode, VnodeId, World,
};

/// The terminal of the demo.
const TERMINAL: u32 = 0x1000_0001;

const FILE: FileInfo = FileInfo { open_flags: 3, status: 0, offset: 0, kind: 1, guard_flags: 0 };

/// Fills the process with this pid, on a machine with this type of CPU.
pub(crate) fn fill(world: &mut World, pid: i32, cpu_type: i32) {
    let files = files(world);
    let process = world.process_mut(pid).unwrap();
    // With a terminal, in its foreground.
    process.info.flags |= 0x80;
    (process.info.tdev, process.info.tpgid, process.info.pjobc) = (TERMINAL, process.info.pgid, 1);
    process.info.nfiles = 32;
    process.groups = vec![12, 20, 61, 79, 80];
    process.executable = Ok(b"/Users/Shared/demo".to_vec());
    process.arguments = arguments();
    process.paths = VnodePaths {
        current: directory(1_152_921_500_312_000_003),
        current_path: b"/Users/Shared/two words".to_vec(),
        ..VnodePaths::default()
    };
    process.task_info = TaskInfo {
        virtual_size: 420_906_795_008,
        resident_size: 5_324_800,
        total_user: 3_000_000,
        total_system: 1_500_000,
        threads_user: 2_400_000,
        threads_system: 1_200_000,
        policy: 1,
        faults: 2_301,
        pageins: 12,
        cow_faults: 203,
        messages_sent: 145,
        messages_received: 99,
        syscalls_mach: 310,
        syscalls_unix: 4_567,
        context_switches: 321,
        threads: 3,
        running: 1,
        priority: 31,
    };
    process.threads = vec![
        (4_242, thread(1, 60, b"")),
        (4_243, thread(3, 0, b"com.example.worker")),
        (4_260, thread(3, 0, b"na\xC3\xAFve \x01\xFF")),
    ];
    process.files = files;
    let handles = [(4_242, 0x2_0000_1000), (4_243, 0x1_6b60_c000), (4_260, 0x1_6b69_4000)];
    process.facts = TaskFacts {
        resident_max: 6_291_456,
        suspend_count: 0,
        role: 0,
        audit_uid: 501,
        audit_session: 100_004,
        ports: ports(),
        threads: handles.into_iter().map(|(id, at)| (id, inside(cpu_type, at))).collect(),
    };
}

fn directory(ino: u64) -> VnodeInfo {
    VnodeInfo {
        dev: 0x0100_000f,
        mode: 0o40_755,
        nlink: 3,
        ino,
        kind: 2,
        fsid: [0x0100_000f, 26],
        ..VnodeInfo::default()
    }
}

fn arguments() -> ArgumentArea {
    ArgumentArea::new(
        b"/Users/Shared/demo",
        &[b"demo", b"--greet", b"two words"],
        &[b"HOME=/Users/demo", b"LANG=en_US.UTF-8", b"EMPTY=", b"PATH=/usr/bin:/bin"],
        // libplatform has wiped the first, which was `pfz=0xffffffff0`, libpthread the last two
        // values.
        &[&[0; 15], b"stack_guard=0x1f", b"ptr_munge=\0\0\0", b"main_stack=\0\0\0"],
    )
}

fn thread(run_state: i32, cpu_usage: i32, name: &[u8]) -> ThreadInfo {
    ThreadInfo {
        user_time: 100_000_000,
        system_time: 50_000_000,
        cpu_usage,
        policy: 1,
        run_state,
        flags: 0,
        sleep_time: 0,
        current_priority: 31,
        priority: 31,
        max_priority: 63,
        name: name.to_vec(),
    }
}

/// Registers with numbers that tell where they came from.
fn inside(cpu_type: i32, handle: u64) -> ModelThread {
    let half = |number: u64, high: bool| (if high { number >> 32 } else { number }) as u32;
    let general = |number: u32| {
        // 64 bits each: a stack below the handle, code in the executable, and counters.
        let value = match (cpu_type == CPU_TYPE_ARM64, number / 2) {
            (true, 31) | (false, 7) => handle - 0x400,
            (true, 32) | (false, 16) => 0x1_0400_0abc,
            (true, 33) => 0x6000_1000,
            (false, 17) => 0x246,
            (_, register) => 0x1_0000 + u64::from(register),
        };
        half(value, number % 2 == 1)
    };
    let mut registers = BTreeMap::new();
    for (place, (flavor, words)) in StateFlavor::of_cpu(cpu_type).iter().enumerate() {
        let words = 0..*words as u32;
        let set: Vec<u32> = match place {
            0 => words.map(general).collect(),
            1 => words.map(|number| 0x3ff0_0000 + number).collect(),
            2 => vec![0x1_0400, 1, 0x5600_0080, 0],
            _ => continue,
        };
        registers.insert(*flavor, set);
    }
    ModelThread { handle, dispatch_queue: handle + 0xa0, suspend_count: 0, registers }
}

fn files(world: &mut World) -> Vec<ModelFile> {
    let mut vnode = |path: &[u8], kind, mode, nlink| {
        let dev: u32 = if kind == 4 { 0x3f16_be5e } else { 0x0100_000f };
        let ino = 1_152_921_500_312_100_000 + path.len() as u64;
        let fsid = [dev.cast_signed(), 26];
        let info = VnodeInfo { dev, mode, nlink, ino, kind, fsid, ..VnodeInfo::default() };
        world.vnode(Vnode { info, path: path.to_vec(), ..Vnode::default() })
    };
    let terminal = vnode(b"/dev/ttys001", 4, 0o20_620, 1);
    let text = vnode(b"/Users/Shared/two words/notes\nof a day.txt", 1, 0o100_644, 1);
    let gone = vnode(b"/private/tmp/deleted", 1, 0o100_600, 0);
    let folder = vnode(b"/Users/Shared", 2, 0o41_777, 7);
    let opened = |vnode: VnodeId, open_flags, status, offset| {
        FileDetail::Vnode(vnode, FileInfo { open_flags, status, offset, ..FILE })
    };
    let details = [
        opened(terminal, 3, 1, 512),
        opened(terminal, 3, 1, 512),
        opened(terminal, 3, 1, 512),
        opened(text, 0x1 | 0x8, 2, 1 << 33),
        opened(gone, 3, 6, 0),
        opened(folder, 1, 2, 0),
        FileDetail::Socket(tcp(4)),
        FileDetail::Socket(tcp(1)),
        FileDetail::Socket(udp()),
        FileDetail::Socket(local(0x1111, 0x2222, b"", b"/private/var/run/demo.sock")),
        FileDetail::Socket(local(0x2222, 0x1111, b"/private/var/run/demo.sock", b"")),
        FileDetail::Socket(system()),
        FileDetail::Pipe(pipe(0x3333, 0x4444, 1)),
        FileDetail::Pipe(pipe(0x4444, 0x3333, 2)),
        FileDetail::Other(OpenFile::KQUEUE),
        FileDetail::Other(OpenFile::SHARED_MEMORY),
        FileDetail::Other(OpenFile::SEMAPHORE),
        FileDetail::Other(OpenFile::FSEVENTS),
        FileDetail::Other(OpenFile::NETPOLICY),
        FileDetail::Other(OpenFile::CHANNEL),
        FileDetail::Other(OpenFile::NEXUS),
    ];
    (0..).zip(details).map(|(descriptor, detail)| ModelFile { descriptor, detail }).collect()
}

fn socket(handle: u64, family: i32, kind: i32, protocol: i32, ends: SocketEnds) -> SocketFile {
    let file = FileInfo { kind: 2, ..FILE };
    SocketFile { file, handle, family, kind, protocol, ends, ..SocketFile::default() }
}

/// An IPv4 connection, or an IPv6 socket that listens for either.
fn tcp(state: i32) -> SocketFile {
    let address = |bytes: [u8; 4]| {
        let mut address = [0; 16];
        address[12..].copy_from_slice(&bytes);
        address
    };
    let (family, ends) = if state == 1 {
        (30, InternetEnds { versions: 3, local_port: 8080, ..InternetEnds::default() })
    } else {
        let ends = InternetEnds {
            versions: 1,
            local_port: 8080,
            foreign_port: 54_321,
            local: address([127, 0, 0, 1]),
            foreign: address([127, 0, 0, 1]),
        };
        (2, ends)
    };
    let (connected, listens) = if state == 4 { (2, 0) } else { (0, 2) };
    SocketFile {
        state: 0x80 | connected,
        options: listens,
        unread: if state == 4 { 17 } else { 0 },
        ..socket(
            0x5550 + u64::from(state.cast_unsigned()),
            family,
            1,
            6,
            SocketEnds::Tcp { ends, state },
        )
    }
}

fn udp() -> SocketFile {
    let mut local = [0; 16];
    (local[0], local[1], local[15]) = (0xfe, 0x80, 1);
    let ends = InternetEnds { versions: 2, local_port: 5353, local, ..InternetEnds::default() };
    socket(0x6666, 30, 2, 17, SocketEnds::Internet(ends))
}

fn local(handle: u64, peer: u64, path: &[u8], peer_path: &[u8]) -> SocketFile {
    let ends = UnixEnds { peer, path: path.to_vec(), peer_path: peer_path.to_vec() };
    SocketFile { state: 2, ..socket(handle, 1, 1, 0, SocketEnds::Unix(ends)) }
}

/// A control socket of the kernel: `PF_SYSTEM`, `SYSPROTO_CONTROL`.
fn system() -> SocketFile {
    socket(0x7777, 32, 2, 2, SocketEnds::Other)
}

fn pipe(handle: u64, peer: u64, open_flags: u32) -> PipeFile {
    PipeFile { file: FileInfo { kind: 6, open_flags, ..FILE }, handle, peer, status: 0 }
}

fn ports() -> Vec<ModelPort> {
    let own = SpaceEntry::SEND | SpaceEntry::RECEIVE;
    let status = PortStatus {
        make_send_count: 2,
        sequence: 7,
        limit: 5,
        messages: 1,
        send_rights: 1,
        no_senders_request: 1,
        ..PortStatus::default()
    };
    vec![
        ModelPort::new(0x103, SpaceEntry::SEND),
        ModelPort::new(0x203, SpaceEntry::SEND),
        ModelPort { status: Some(status), ..ModelPort::new(0x307, own) },
        ModelPort::receiving(0x403),
        ModelPort::new(0x503, SpaceEntry::PORT_SET),
        ModelPort { entry: SpaceEntry { name: 0x603, ..SpaceEntry::default() }, status: None },
        ModelPort::new(0x707, SpaceEntry::SEND_ONCE),
        ModelPort::new(0x80b, SpaceEntry::DEAD_NAME),
        ModelPort::new(0x903, SpaceEntry::SEND | SpaceEntry::DEAD_NAME_REQUEST),
    ]
}
