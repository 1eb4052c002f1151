//! The calls about what is inside a process, and about the machine.

use std::collections::BTreeMap;
use std::ffi::{CStr, c_int};
use std::sync::Arc;

use nix::errno::Errno as LastErrno;
use xnu_model::{
    Call, Fault, FileDetail, Machine, ModelFile, ModelPort, ModelThread, TaskFacts, Vnode, World,
};
use zerocopy::{FromBytes, IntoBytes};

use crate::sys::calls::{OTHERS, OWN, PID, agree, over_model, world};
use crate::sys::stand_ins::array::mach_vm_deallocate;
use crate::sys::stand_ins::mach::{mach_port_get_attributes, task_info, thread_get_state};
use crate::sys::stand_ins::{proc_pidfdinfo, proc_pidpath};
use crate::sys::xnu::sys::Xnu;
use crate::sys::xnu::{
    AuditToken, CPU_TYPE_ARM64, CPU_TYPE_X86_64, Ends, Errno, FdInfo, FileInfo, InternetEnds,
    KernReturn, Mount, OpenFile, PORT_NULL, PathlessFile, PipeFile, PortAttributes, PortKind,
    PortLimit, PortName, PortStatus, ProcessorInfo, ProcessorLoad, RUSAGE_INFO_V5, Rusage, SYSCTLS,
    SecurityToken, SemaphoreFile, SharedMemoryFile, SocketFile, SocketName, SpaceEntry,
    StateFlavor, TaskBasicInfo, TaskFlavor, TaskPort, TaskVmInfo, TcpEnds, Text, ThreadBasicInfo,
    ThreadIdentifier, ThreadPorts, Typed, UnixEnds, VmStatistics, VnodeFile, VnodeInfo, XnuCalls,
    boot,
};

const FILE: FileInfo = FileInfo {
    open_flags: 0x8000_0003,
    status: 6,
    offset: -9 << 40,
    kind: 1,
    guard_flags: 0x8000_0001,
};

fn internet() -> InternetEnds {
    InternetEnds {
        versions: 3,
        local_port: i32::from(0x1234_u16.to_be()),
        foreign_port: i32::from(0xFEDC_u16.to_be()),
        local: std::array::from_fn(|index| 0x10 + index as u8),
        foreign: std::array::from_fn(|index| 0x90 + index as u8),
        ..InternetEnds::default()
    }
}

/// A name with more behind it than its length says.
fn named(name: &[u8]) -> SocketName {
    let mut address = SocketName::from(name);
    address.as_mut_bytes()[2 + name.len()..].fill(b'!');
    address
}

fn socket(ends: Ends) -> SocketFile {
    SocketFile {
        file: FileInfo { kind: 2, ..FILE },
        handle: u64::MAX - 7,
        family: 30,
        kind: 1,
        protocol: 6,
        state: -2,
        options: 0x7ABC,
        unread: u32::MAX - 1,
        unsent: u32::MAX - 2,
        ends: ends.into(),
        ..SocketFile::default()
    }
}

/// One of each kind of file, every number another one.
fn fill(world: &mut World) {
    let info = VnodeInfo {
        dev: 77,
        mode: 0o100_600,
        nlink: 3,
        ino: 1 << 60,
        kind: 1,
        fsid: [7, -8],
        mtime: 9,
        size: 10,
        ..VnodeInfo::default()
    };
    let vnode = world.vnode(Vnode { info, path: b"/tmp/o\xFFpen".to_vec(), ..Vnode::default() });
    let gone = world.vnode(Vnode { recycled: true, ..Vnode::default() });
    let unix = UnixEnds {
        peer: 99,
        path: named(b"/var/run/x"),
        peer_path: named(&[b'p'; 253]),
        ..UnixEnds::default()
    };
    let pipe = PipeFile { file: FILE, handle: 1 << 63, peer: 5, status: -6, ..PipeFile::default() };
    let tcp = TcpEnds { ends: internet(), state: -4, ..TcpEnds::default() };
    let whole = Text::read_from_bytes(&[b'n'; 1024]).unwrap();
    let file = |descriptor, detail| ModelFile { descriptor, detail };
    let files = vec![
        file(9, FileDetail::Pipe(pipe)),
        file(0, FileDetail::Vnode(vnode, FILE)),
        file(3, FileDetail::Socket(socket(Ends::Internet(internet())))),
        file(4, FileDetail::Socket(socket(Ends::Tcp(tcp)))),
        file(5, FileDetail::Socket(socket(Ends::Unix(unix)))),
        file(6, FileDetail::Socket(socket(Ends::Other))),
        file(7, FileDetail::Socket(socket(Ends::Unix(UnixEnds::default())))),
        file(1, FileDetail::Other(OpenFile::KQUEUE)),
        file(2, FileDetail::Vnode(gone, FILE)),
        file(
            8,
            FileDetail::SharedMemory(SharedMemoryFile {
                file: FILE,
                name: whole,
                ..<_>::default()
            }),
        ),
        file(
            10,
            FileDetail::Semaphore(SemaphoreFile {
                file: FILE,
                name: "/s".into(),
                ..<_>::default()
            }),
        ),
    ];
    let status = PortStatus {
        port_sets: 1,
        sequence: 2,
        make_send_count: 3,
        limit: 1024,
        messages: 5,
        send_once_rights: 6,
        send_rights: 1,
        death_request: -1,
        no_senders_request: 0,
        flags: 0x8000_0000,
    };
    let sent = SpaceEntry {
        name: 0x1203,
        types: SpaceEntry::SEND,
        references: 7,
        object: 0xABCD,
        ..SpaceEntry::default()
    };
    let ports = vec![
        ModelPort { status: Some(status), ..ModelPort::receiving(0x1103) },
        ModelPort { entry: sent, status: None },
        ModelPort::new(0x1303, 0),
    ];
    let rusage = Rusage {
        footprint: 1 << 40,
        child_user_time: 2 << 40,
        child_system_time: 3 << 40,
        child_pageins: 4 << 40,
        bytes_read: 5 << 40,
        bytes_written: 6 << 40,
        logical_writes: 7 << 40,
        footprint_peak: 8 << 40,
        flags: u64::MAX,
        ..Rusage::default()
    };
    for pid in [OWN, PID] {
        let process = world.process_mut(pid).unwrap();
        (process.rusage, process.session, process.signing) = (rusage, i32::MAX, 0x8000_0001);
        process.signals = [0x8000_0003, 0x4000_0005];
        process.executable = Ok(vec![b'e'; 4095]);
        process.groups = vec![0x8000_0010, 0x8000_0011];
        process.files = files.clone();
        process.facts = TaskFacts {
            resident_max: 9 << 40,
            internal: 10 << 40,
            external: 11 << 40,
            compressed: 12 << 40,
            suspend_count: 3,
            role: -1,
            audit_uid: 0x8000_0020,
            audit_session: 0x8000_0021,
            ports: ports.clone(),
            threads: BTreeMap::from([(
                77,
                ModelThread {
                    handle: u64::MAX - 4,
                    dispatch_queue: u64::MAX - 5,
                    suspend_count: 6,
                    registers: StateFlavor::of_cpu(CPU_TYPE_ARM64)
                        .iter()
                        .map(|(flavor, words)| (*flavor, (1..=*words as u32).collect()))
                        .collect(),
                },
            )]),
        };
    }
    world.caller.groups = vec![0x8000_0001, 0x8000_0010, 0x8000_0011];
}

fn full_world() -> World {
    let mut world = world();
    fill(&mut world);
    world
}

#[test]
fn every_fact_of_a_pid_arrives() {
    let (model, _stand_ins) = over_model(full_world());
    for pid in [0, OWN, PID, OTHERS, 999] {
        agree(&model, |calls| {
            let mut path = [0xAA; 4096];
            (calls.pid_path(pid, &mut path), path)
        });
        agree(&model, |calls| calls.kinfo_proc(pid));
        for descriptor in -1..11 {
            agree(&model, |calls| calls.fd::<VnodeFile>(pid, descriptor));
            agree(&model, |calls| calls.fd::<PathlessFile>(pid, descriptor));
            agree(&model, |calls| calls.fd::<SocketFile>(pid, descriptor));
            agree(&model, |calls| calls.fd::<PipeFile>(pid, descriptor));
            agree(&model, |calls| calls.fd::<SharedMemoryFile>(pid, descriptor));
            agree(&model, |calls| calls.fd::<SemaphoreFile>(pid, descriptor));
        }
        agree(&model, |calls| calls.resource_usage(pid));
        agree(&model, |calls| calls.session(pid));
        agree(&model, |calls| calls.signing(pid));
    }
    let kinfo = Xnu.kinfo_proc(PID).unwrap().unwrap();
    assert_eq!((kinfo.real_gid, kinfo.saved_gid), (0x8000_0002, 0x8000_0003));
    assert_eq!(
        (kinfo.group_count, kinfo.groups[..4].to_vec()),
        (3, vec![0x8000_0001, 0x8000_0010, 0x8000_0011, 0])
    );
    assert_eq!(Xnu.fd::<VnodeFile>(PID, 2), Err(Errno::NOENT), "being recycled");
    assert_eq!(Xnu.pid_path(PID, &mut [0; 4096]), Ok(4095));
}

/// The kernel gets no size, so a buffer that is too small for the struct is refused before the
/// call.
#[test]
fn what_a_process_has_used_is_whole_or_nothing() {
    let (model, _stand_ins) = over_model(full_world());
    let mut room = [0xEE_u8; size_of::<Rusage>() + 1];
    let short = room.len() - 2;
    assert_eq!(Xnu.rusage(PID, RUSAGE_INFO_V5, &mut room[..short]), Err(Errno::NOMEM));
    assert_eq!(Xnu.rusage(PID, RUSAGE_INFO_V5 + 1, &mut room), Err(Errno::INVAL));
    assert_eq!(model.count(Call::Rusage), 0);
    assert_eq!(Xnu.rusage(PID, RUSAGE_INFO_V5, &mut room), Ok(()));
    assert_eq!(room.last(), Some(&0xEE));
    assert_eq!(Xnu.resource_usage(PID).map(|usage| usage.bytes_written), Ok(6 << 40));
    assert_eq!(Xnu.resource_usage(OTHERS), Err(Errno::PERM));
    assert_eq!(Xnu.session(PID), Ok(i32::MAX));
    assert_eq!(Xnu.session(0), Ok(i32::MAX), "the caller's own");
    assert_eq!(Xnu.session(999), Err(Errno::SRCH));
    assert_eq!(Xnu.signing(OTHERS).map(|it| it.flags), Ok(4), "to anyone");
    assert_eq!(Xnu.code_signing(PID, 0, &mut [0; 3]), Err(Errno::NOMEM));
}

#[test]
fn paths_of_files_by_number_arrive() {
    let (model, _stand_ins) = over_model(full_world());
    for (fsid, ino) in [([7, -8], 1 << 60), ([7, 0], 1 << 60), ([7, -8], 1), ([8, -8], 1 << 60)] {
        for size in [0, 1, 10, 11, 8192, 8193] {
            agree(&model, |calls| {
                let mut room = vec![0xAA; size];
                (calls.path_of(fsid, ino, &mut room), room)
            });
        }
    }
    let mut room = [0; 11];
    assert_eq!(Xnu.path_of([7, -8], 1 << 60, &mut room), Ok(11));
    assert_eq!(&room, b"/tmp/o\xFFpen\0");
}

#[test]
fn open_files_are_listed_in_order_and_cut_at_the_buffers_end() {
    let (_model, _stand_ins) = over_model(full_world());
    assert_eq!(Xnu.pid_list::<OpenFile>(PID, None), Ok(31));
    let mut files = [OpenFile::default(); 12];
    assert_eq!(Xnu.pid_list::<OpenFile>(PID, Some(&mut files)), Ok(11));
    let found: Vec<(i32, u32)> = files[..11].iter().map(|it| (it.descriptor, it.kind)).collect();
    let sockets = (3..8).map(|number| (number, 2));
    let before = [(0, 1), (1, 5), (2, 1)].into_iter().chain(sockets);
    let expected: Vec<(i32, u32)> = before.chain([(8, 3), (9, 6), (10, 4)]).collect();
    assert_eq!(found, expected);
    assert_eq!(files[11..], [OpenFile::default(); 1]);
    let mut two = [OpenFile { descriptor: -1, kind: 99 }; 3];
    assert_eq!(Xnu.pid_list::<OpenFile>(PID, Some(&mut two[..2])), Ok(2));
    assert_eq!((two[1].descriptor, two[2].descriptor), (1, -1));
    for pid in [PID, 999] {
        let answer = Xnu.pid_list::<OpenFile>(pid, Some(&mut []));
        assert_eq!(answer, Err(Errno::NOMEM), "no room is refused before the pid is looked for");
    }
    assert_eq!(Xnu.pid_list::<OpenFile>(OTHERS, None), Err(Errno::PERM));
    assert_eq!(Xnu.pid_list::<OpenFile>(999, Some(&mut two)), Err(Errno::SRCH));
}

#[test]
fn structs_of_descriptors_are_whole_or_nothing() {
    let (_model, stand_ins) = over_model(full_world());
    let mut room = [0u8; 2000];
    let mut ask = |flavor, size: c_int| {
        LastErrno::clear();
        // SAFETY: a buffer of at least `size` bytes.
        let answer = unsafe { proc_pidfdinfo(999, 0, flavor, room.as_mut_ptr().cast(), size) };
        (answer, LastErrno::last_raw())
    };
    for (flavor, size) in
        [(VnodeFile::FLAVOR, 1200), (SocketFile::FLAVOR, 792), (PipeFile::FLAVOR, 184)]
    {
        assert_eq!(ask(flavor, size - 1), (0, Errno::NOMEM.0), "the size before the pid");
        assert_eq!(ask(flavor, size), (0, Errno::SRCH.0));
    }
    assert_eq!(ask(99, 2000), (0, Errno::INVAL.0));
    let path = |size| {
        LastErrno::clear();
        let mut room = [0xEE_u8; 5000];
        // SAFETY: a buffer of at least `size` bytes.
        (unsafe { proc_pidpath(PID, room.as_mut_ptr().cast(), size) }, LastErrno::last_raw())
    };
    assert_eq!(path(1023), (0, Errno::NOMEM.0));
    assert_eq!(path(4097), (0, Errno::OVERFLOW.0));
    assert_eq!(path(4096), (4095, 0));
    stand_ins.answer_short_by(8);
    assert_eq!(Xnu.fd::<VnodeFile>(PID, 0), Err(Errno::IO));
    assert_eq!(Xnu.fd::<SocketFile>(PID, 3), Err(Errno::IO));
    assert_eq!(Xnu.fd::<PipeFile>(PID, 9), Err(Errno::IO));
    assert_eq!(Xnu.kinfo_proc(PID), Err(Errno::IO));
    assert_eq!(Xnu.kinfo_proc(999), Ok(None));
}

#[test]
fn every_fact_of_a_port_arrives() {
    let (model, stand_ins) = over_model(full_world());
    let kinds = [PortKind::Control, PortKind::Read, PortKind::Inspect, PortKind::Name];
    let mut ports: Vec<PortName> =
        kinds.iter().map(|kind| model.port_of_kind(PID, *kind).unwrap()).collect();
    ports.extend([Xnu.own_task(), PORT_NULL, 0x4711]);
    for task in ports {
        agree(&model, |calls| calls.task::<TaskBasicInfo>(task));
        agree(&model, |calls| calls.task::<TaskVmInfo>(task));
        agree(&model, |calls| calls.task::<SecurityToken>(task));
        agree(&model, |calls| calls.task::<AuditToken>(task));
        agree(&model, |calls| calls.role(task));
        agree(&model, |calls| calls.space_info(task));
        for name in [0, 0x1103, 0x1203, 0x1303, 0x9999, u32::MAX] {
            agree(&model, |calls| calls.attributes::<PortLimit>(task, name));
            agree(&model, |calls| calls.attributes::<PortStatus>(task, name));
        }
    }
    let control = Xnu.port_for_pid(PortKind::Control, PID).unwrap();
    assert_eq!(Xnu.space_info(control).map(|entries| entries.len()), Ok(4));
    assert_eq!(Xnu.task::<TaskBasicInfo>(control).map(|info| info.suspend_count), Ok(3));
    assert_eq!(stand_ins.leaks(), (0, 0));
}

#[test]
fn weaker_ports_are_given_in_the_manner_of_their_calls() {
    let (model, stand_ins) = over_model(full_world());
    let calls = Arc::new(Xnu);
    for port in [
        TaskPort::for_pid(&calls, PortKind::Read, PID).unwrap().unwrap(),
        TaskPort::for_pid(&calls, PortKind::Inspect, PID).unwrap().unwrap(),
        TaskPort::for_pid(&calls, PortKind::Name, PID).unwrap().unwrap(),
    ] {
        assert!(Xnu.task::<TaskBasicInfo>(port.name()).is_ok());
    }
    assert_eq!((model.live_ports(), model.count(Call::ReleasePort)), (0, 3));
    assert_eq!(Xnu.port_for_pid(PortKind::Name, OTHERS), Err(KernReturn::FAILURE.into()));
    for pid in [0, OTHERS] {
        assert_eq!(Xnu.port_for_pid(PortKind::Read, pid), Err(Errno::PERM.into()));
        assert_eq!(Xnu.port_for_pid(PortKind::Inspect, pid), Err(Errno::PERM.into()));
    }
    assert_eq!(Xnu.port_for_pid(PortKind::Read, 999), Err(Errno::SRCH.into()));
    stand_ins.before_macos_11();
    for kind in [PortKind::Read, PortKind::Inspect] {
        assert_eq!(Xnu.port_for_pid(kind, PID), Err(Errno::NOSYS.into()));
    }
    assert!(Xnu.port_for_pid(PortKind::Name, PID).is_ok());
}

#[test]
fn threads_arrive_by_port_and_are_given_back() {
    let (model, stand_ins) = over_model(full_world());
    let calls = Arc::new(Xnu);
    let task = TaskPort::for_pid(&calls, PortKind::Control, PID).unwrap().unwrap();
    let threads = ThreadPorts::of(&task).unwrap();
    assert_eq!(threads.names().len(), 2);
    let ids: Vec<u64> = threads
        .names()
        .iter()
        .map(|port| Xnu.thread::<ThreadIdentifier>(*port).unwrap().id)
        .collect();
    assert_eq!(ids, [u64::MAX, 77]);
    for port in threads.names().iter().copied().chain([task.name(), PORT_NULL]) {
        agree(&model, |calls| calls.thread::<ThreadIdentifier>(port));
        agree(&model, |calls| calls.thread::<ThreadBasicInfo>(port));
        for flavor in 0..20 {
            agree(&model, |calls| {
                let mut words = [7; 2000];
                (calls.thread_state(port, StateFlavor(flavor), &mut words), words)
            });
        }
    }
    let second = threads.names()[1];
    assert_eq!(Xnu.thread::<ThreadBasicInfo>(second).map(|info| info.suspend_count), Ok(6));
    let mut words = [0; 68];
    assert_eq!(Xnu.thread_state(second, StateFlavor::ARM_THREAD, &mut words), Ok(68));
    assert!(words.iter().copied().eq(1..=68));
    let few = Xnu.thread_state(second, StateFlavor::ARM_THREAD, &mut words[..67]);
    assert_eq!(few, Err(KernReturn::INVALID_ARGUMENT));
    assert_eq!(model.live_ports(), 3);
    drop(threads);
    assert_eq!((model.live_ports(), stand_ins.leaks()), (1, (0, 0)));
    let mut count = 0;
    // SAFETY: no words to write to, as `count` says.
    let code = unsafe { thread_get_state(second, 6, words.as_mut_ptr(), &raw mut count) };
    assert_eq!(code, KernReturn::INVALID_DEST.0);
    model.world(|world| world.process_mut(PID).unwrap().threads.clear());
    assert!(ThreadPorts::of(&task).unwrap().names().is_empty());
}

#[test]
fn structs_of_ports_need_room() {
    let (_model, stand_ins) = over_model(full_world());
    let task = Xnu.port_for_pid(PortKind::Control, PID).unwrap();
    let mut words = [0; 64];
    let mut info = |flavor, room| {
        let mut count = room;
        // SAFETY: more words than any count here.
        let code = unsafe { task_info(task, flavor, words.as_mut_ptr(), &raw mut count) };
        (code, count)
    };
    assert_eq!(info(TaskBasicInfo::FLAVOR, 11), (4, 11));
    assert_eq!(info(TaskBasicInfo::FLAVOR, 60), (0, 12));
    assert_eq!(info(AuditToken::FLAVOR, 7), (4, 7));
    assert_eq!(info(99, 60), (4, 60));
    let mut attributes = |name, flavor, room| {
        let mut count = room;
        let info = words.as_mut_ptr();
        // SAFETY: more words than any count here.
        let code = unsafe { mach_port_get_attributes(task, name, flavor, info, &raw mut count) };
        (code, count)
    };
    assert_eq!(attributes(0x1103, PortStatus::FLAVOR, 9), (5, 9));
    assert_eq!(attributes(0x1103, PortStatus::FLAVOR, 10), (0, 10));
    assert_eq!(attributes(0, PortLimit::FLAVOR, 1), (0, 0));
    // SAFETY: takes numbers only.
    assert_eq!(unsafe { mach_vm_deallocate(Xnu.own_task(), 0x4711, 1) }, 1);
    assert_eq!(stand_ins.leaks(), (0, 0));
}

fn sysctl(calls: &dyn XnuCalls, name: &CStr, room: usize) -> (Result<usize, Errno>, Vec<u8>) {
    let mut buffer = vec![0xAA; room];
    let answer = calls.sysctl_by_name(name, Some(&mut buffer));
    (answer, if answer.is_ok() { buffer } else { Vec::new() })
}

#[test]
fn the_machine_arrives() {
    let (model, stand_ins) = over_model(full_world());
    for (number, machine) in [Machine::apple_silicon(), Machine::intel()].into_iter().enumerate() {
        model.world(|world| world.machine = machine);
        for name in SYSCTLS.into_iter().chain(boot::ALL) {
            agree(&model, |calls| calls.sysctl_by_name(name, None));
            for room in [0, 4, 1000] {
                agree(&model, |calls| sysctl(calls, name, room));
            }
        }
        let kind = [CPU_TYPE_ARM64, CPU_TYPE_X86_64][number];
        assert!(Xnu.processors::<ProcessorInfo>().unwrap().iter().all(|it| it.cpu_type == kind));
        agree(&model, |calls| calls.host::<VmStatistics>());
        agree(&model, |calls| calls.processors::<ProcessorInfo>());
        agree(&model, |calls| calls.processors::<ProcessorLoad>());
        for number in [0, 1, 999] {
            agree(&model, |calls| calls.processor::<ProcessorInfo>(number));
            agree(&model, |calls| calls.processor::<ProcessorLoad>(number));
        }
        agree(&model, |calls| calls.timebase());
    }
    assert_eq!(Xnu.sysctl_by_name(c"hw.ncpu", None), Ok(4));
    assert_eq!(sysctl(&Xnu, c"hw.ncpu", 3).0, Err(Errno::NOMEM));
    assert_eq!(Xnu.sysctl_by_name(c"no.such.name", None), Err(Errno::NOENT));
    assert_eq!(stand_ins.leaks(), (0, 0));

    // No CPU is no machine, but no division either.
    model.world(|world| world.machine.processors.clear());
    assert_eq!(Xnu.processors::<ProcessorInfo>(), Ok(Vec::new()));
    model.at(Call::ProcessorLoads, 1..=99, Fault::KernReturn(KernReturn(6)));
    assert_eq!(Xnu.processors::<ProcessorLoad>(), Err(KernReturn(6)));
    assert_eq!(stand_ins.leaks(), (0, 0));
}

#[test]
fn mounted_file_systems_arrive_and_are_cut_at_the_buffers_end() {
    let (model, _stand_ins) = over_model(full_world());
    model.world(|world| {
        world.machine.mounts.push(Mount {
            mount_point: b"/Volumes/na\xEFve".into(),
            source: (&[b's'; 1024]).into(),
            kind: (&[b'k'; 16]).into(),
            flags: 0x8000_0001,
            fsid: [-1, 77],
            owner: 0x8000_0002,
            ..Mount::default()
        });
    });
    assert_eq!(Xnu.mounts(None), Ok(5));
    let (mut here, mut there) = (vec![Mount::default(); 7], vec![Mount::default(); 7]);
    assert_eq!(Xnu.mounts(Some(&mut here)), Ok(5));
    assert_eq!(model.mounts(Some(&mut there)), Ok(5));
    assert_eq!(here, there);
    assert_eq!(Xnu.mounts(Some(&mut here[..2])), Ok(2));
    assert_eq!(Xnu.mounts(Some(&mut [])), Ok(0));
    model.at(Call::Mounts, 1..=99, Fault::Errno(Errno::PERM));
    assert_eq!(Xnu.mounts(None), Err(Errno::PERM));
}
