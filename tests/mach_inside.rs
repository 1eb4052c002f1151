//! The model of XNU against what XNU's source says of files, tasks, name spaces, threads and the
//! machine: who may ask what, with which port, and what is said where it may not be had.

#![allow(missing_docs, clippy::unwrap_used)]

mod mach_common;

use std::collections::BTreeMap;
use std::sync::Arc;

use mach_common::fixtures::{DEMO, arm64, intel};
use mach_common::{PID, world};
use mach_procfs::kernel::mach::calls::{
    CPU_TYPE_ARM64, CPU_TYPE_X86_64, Errno, FileCalls, KernReturn, KinfoProc, MachineCalls, Mount,
    OpenFile, PORT_DEAD, PORT_NULL, PortName, ProcessCalls, SYSCTLS, ShortBsdInfo, SpaceCalls,
    SpaceEntry, StateFlavor, SysctlKind, TaskCalls, TaskPort, ThreadCalls, ThreadPorts, TimeValue,
    XnuCalls,
};
use mach_procfs::kernel::mach::xnu_model::{
    Call, Fault, FileDetail, ModelFile, ModelProcess, PortKind, PortRule, World, XnuModel,
};

const KINDS: [PortKind; 4] = [PortKind::Control, PortKind::Read, PortKind::Inspect, PortKind::Name];

fn by(uid: u32) -> XnuModel {
    let mut world = arm64();
    world.caller.uid = uid;
    world.caller.groups = vec![501, 12, 20, 61, 79, 80];
    XnuModel::new(world)
}

/// What each port's holder is told, strongest first.
fn by_kind<T>(ask: impl Fn(&XnuModel, PortName) -> Result<T, KernReturn>) -> [bool; 4] {
    let model = XnuModel::new(arm64());
    KINDS.map(|kind| {
        let port = model.port_of_kind(DEMO, kind).unwrap();
        match ask(&model, port) {
            Ok(_) => true,
            Err(code) => {
                assert_eq!(code, KernReturn::INVALID_ARGUMENT, "{kind:?}");
                false
            }
        }
    })
}

// ---- By pid ------------------------------------------------------------------------------------

#[test]
fn executables_and_kinfo_are_everybodys_and_files_the_same_users() {
    for (uid, files) in [(0, Ok(41)), (501, Ok(41)), (502, Err(Errno::PERM))] {
        let model = by(uid);
        let mut path = Vec::new();
        assert_eq!(model.executable_path(DEMO, &mut path), Ok(()));
        assert_eq!(path, b"/Users/Shared/demo");
        assert!(model.kinfo_proc(DEMO).unwrap().is_some());
        assert_eq!(model.list_files(DEMO, None), files, "{uid}");
        assert_eq!(model.vnode_file(DEMO, 0).map(|_| 41), files, "{uid}");
        assert_eq!(model.socket_file(DEMO, 6).map(|_| 41), files, "{uid}");
        assert_eq!(model.pipe_file(DEMO, 12).map(|_| 41), files, "{uid}");
    }
}

#[test]
fn descriptors_are_checked_process_first_then_user_then_what_is_open() {
    let model = by(502);
    assert_eq!(model.vnode_file(77, 0), Err(Errno::SRCH));
    assert_eq!(model.vnode_file(501, 0), Err(Errno::SRCH), "a zombie");
    assert_eq!(model.vnode_file(DEMO, 99), Err(Errno::PERM));
    let model = by(501);
    assert_eq!(model.vnode_file(DEMO, 99), Err(Errno::BADF));
    assert_eq!(model.vnode_file(DEMO, 6), Err(Errno::BADF), "a socket");
    assert_eq!(model.socket_file(DEMO, 0), Err(Errno::NOTSOCK));
    assert_eq!(model.socket_file(DEMO, 99), Err(Errno::BADF));
    assert_eq!(model.pipe_file(DEMO, 0), Err(Errno::BADF));
    // One closes between two calls.
    model.change_at(Call::VnodeFile, 3, |world| world.process_mut(DEMO).unwrap().files.clear());
    assert_eq!(model.vnode_file(DEMO, 0), Err(Errno::BADF));
}

#[test]
fn open_files_ascend_and_show_what_has_become_of_them() {
    let mut world = arm64();
    world.process_mut(DEMO).unwrap().files.reverse();
    let model = XnuModel::new(world);
    let mut files = [OpenFile::default(); 64];
    let count = model.list_files(DEMO, Some(&mut files)).unwrap();
    assert!(files[..count].iter().map(|file| file.descriptor).eq(0..21));
    let deleted = model.vnode_file(DEMO, 4).unwrap();
    assert_eq!((deleted.vnode.nlink, deleted.path), (0, b"/private/tmp/deleted".to_vec()));
    let offset = model.vnode_file(DEMO, 3).unwrap().file.offset;
    assert_eq!(offset, 1 << 33);
    assert_eq!(model.list_files(DEMO, Some(&mut [])), Err(Errno::NOMEM));
    assert_eq!(model.list_files(77, Some(&mut [])), Err(Errno::NOMEM), "the size before the pid");
}

#[test]
fn kernel_and_zombie_have_no_executable_but_a_kinfo() {
    let model = XnuModel::new(arm64());
    let mut path = b"kept".to_vec();
    for pid in [0, 501, 77, -1] {
        assert_eq!(model.executable_path(pid, &mut path), Err(Errno::SRCH), "{pid}");
    }
    assert_eq!(path, b"kept");
    model.world(|world| {
        world.process_mut(DEMO).unwrap().executable = Err(Errno::NOENT);
    });
    assert_eq!(model.executable_path(DEMO, &mut path), Err(Errno::NOENT), "deleted");

    assert_eq!(model.kinfo_proc(77), Ok(None), "nobody is a success");
    assert_eq!(model.kinfo_proc(0).unwrap().unwrap().uid, 0);
    let zombie = model.kinfo_proc(501).unwrap().unwrap();
    assert_eq!((zombie.status, zombie.flags & KinfoProc::IN_EXIT), (5, KinfoProc::IN_EXIT));
}

#[test]
fn kinfo_has_the_flags_of_the_process_by_their_other_names() {
    let model = XnuModel::new(arm64());
    let info = model.kinfo_proc(DEMO).unwrap().unwrap();
    assert_eq!(info.flags, KinfoProc::LP64 | KinfoProc::HAS_TERMINAL);
    assert_eq!((info.terminal, info.terminal_group, info.group), (0x1000_0001, 500, 500));
    assert_eq!((info.group_count, &info.groups[..7]), (6, &[501, 12, 20, 61, 79, 80, 0][..]));
    assert_eq!(info.wait_message, [0; 8]);
    model.world(|world| {
        let process = world.process_mut(DEMO).unwrap();
        process.info.flags |= ShortBsdInfo::CHANGED_IDS | ShortBsdInfo::TRANSLATED | 0x2;
        process.info.tdev = u32::MAX;
        process.groups = (0..99).collect();
    });
    let info = model.kinfo_proc(DEMO).unwrap().unwrap();
    let more = KinfoProc::CHANGED_IDS | KinfoProc::TRANSLATED | KinfoProc::TRACED;
    assert_eq!(info.flags & more, more);
    assert_eq!((info.terminal, info.group_count, info.groups[15]), (-1, 16, 14));
}

// ---- Ports of tasks ----------------------------------------------------------------------------

#[test]
fn name_port_wants_two_uids_and_the_others_nearly_everything() {
    let model = by(501);
    let may = |change: &dyn Fn(&mut ModelProcess)| {
        let before = model.world(|world| world.process(DEMO).unwrap().clone());
        model.world(|world| change(world.process_mut(DEMO).unwrap()));
        let release = |port: PortName| model.release_port(port).unwrap();
        let answers = (
            model.task_name_for_pid(DEMO).map(release),
            model.task_inspect_for_pid(DEMO).map(release),
            model.task_read_for_pid(DEMO).map(release),
        );
        model.world(|world| *world.process_mut(DEMO).unwrap() = before);
        answers
    };
    let (no_name, no) = (Err(KernReturn::FAILURE), Err(Errno::PERM));
    assert_eq!(may(&|_| ()), (Ok(()), Ok(()), Ok(())));
    assert_eq!(may(&|it| it.info.uid = 0), (no_name, no, no));
    assert_eq!(may(&|it| it.info.ruid = 0), (no_name, no, no));
    assert_eq!(may(&|it| it.info.svuid = 0), (Ok(()), no, no));
    assert_eq!(may(&|it| it.groups.push(9)), (Ok(()), no, no));
    assert_eq!(may(&|it| it.info.flags |= ShortBsdInfo::CHANGED_IDS), (Ok(()), no, no));
    // System Integrity Protection leaves the name.
    assert_eq!(may(&|it| *it = it.clone().protected()), (Ok(()), no, no));
    model.world(|world| world.caller.uid = 0);
    assert_eq!(may(&|it| it.info.uid = 7), (Ok(()), Ok(()), Ok(())));
    assert_eq!(may(&|it| *it = it.clone().protected()), (Ok(()), no, no));
}

#[test]
fn pid_0_has_a_name_for_root_and_no_other_port() {
    let model = by(0);
    let name = model.task_name_for_pid(0).unwrap();
    assert!(model.task_basic_info(name).is_ok());
    assert_eq!(model.task_read_for_pid(0), Err(Errno::PERM));
    assert_eq!(model.task_inspect_for_pid(0), Err(Errno::PERM));
    assert_eq!(by(501).task_name_for_pid(0), Err(KernReturn::FAILURE));
    for pid in [77, 501] {
        assert_eq!(model.task_read_for_pid(pid), Err(Errno::SRCH));
        assert_eq!(model.task_name_for_pid(pid), Err(KernReturn::FAILURE));
    }
}

#[test]
fn refusals_have_their_errno_and_success_may_give_nothing() {
    let model = Arc::new(by(0));
    for (rule, errno) in [
        (KernReturn::FAILURE, Errno::PERM),
        (KernReturn::PROTECTION_FAILURE, Errno::ACCES),
        (KernReturn::ABORTED, Errno::INTR),
    ] {
        model.world(|world| {
            world.process_mut(DEMO).unwrap().read_port = PortRule::Refuses(rule);
        });
        assert_eq!(model.task_read_for_pid(DEMO), Err(errno));
        assert!(model.task_inspect_for_pid(DEMO).is_ok(), "each has a rule of its own");
    }
    for (rule, name) in [(PortRule::Null, PORT_NULL), (PortRule::Dead, PORT_DEAD)] {
        model.world(|world| {
            let process = world.process_mut(DEMO).unwrap();
            (process.read_port, process.name_port) = (rule, rule);
        });
        assert_eq!(model.task_read_for_pid(DEMO), Ok(name));
        assert!(TaskPort::read_for_pid(&model, DEMO).unwrap().is_none());
        assert!(TaskPort::name_for_pid(&model, DEMO).unwrap().is_none());
    }
}

#[test]
fn each_call_wants_its_kind_of_port() {
    let (all, inspect, read) = ([true; 4], [true, true, true, false], [true, true, false, false]);
    assert_eq!(by_kind(|model, port| model.task_basic_info(port)), all);
    assert_eq!(by_kind(|model, port| model.task_absolute_times(port)), all);
    assert_eq!(by_kind(|model, port| model.task_events(port)), all);
    assert_eq!(by_kind(|model, port| model.task_thread_times(port)), all);
    assert_eq!(by_kind(|model, port| model.task_security_token(port)), all);
    assert_eq!(by_kind(|model, port| model.task_audit_token(port)), all);
    assert_eq!(by_kind(|model, port| model.task_role(port)), inspect);
    assert_eq!(by_kind(|model, port| model.task_threads(port)), inspect);
    assert_eq!(by_kind(|model, port| model.space_info(port)), read);
    assert_eq!(by_kind(|model, port| model.port_limit(port, 0x403)), read);
    assert_eq!(by_kind(|model, port| model.port_status(port, 0x403)), read);
    // A thread's port is of the kind of its task's.
    let of_first = |model: &XnuModel, port, ask: &dyn Fn(PortName) -> Result<(), KernReturn>| {
        ask(*model.task_threads(port)?.first().unwrap())
    };
    let identifier = by_kind(|model, port| {
        of_first(model, port, &|thread| model.thread_identifier(thread).map(drop))
    });
    let basic = by_kind(|model, port| {
        of_first(model, port, &|thread| model.thread_basic_info(thread).map(drop))
    });
    let state = by_kind(|model, port| {
        let words = &mut [0; 68];
        let thread = *model.task_threads(port)?.first().unwrap();
        model.thread_state(thread, StateFlavor::ARM_THREAD, words)
    });
    assert_eq!((identifier, basic, state), (inspect, inspect, read));
}

#[test]
fn a_task_in_its_exit_and_a_dead_name_answer_nothing() {
    let model = Arc::new(by(0));
    let task = TaskPort::for_pid(&model, DEMO).unwrap().unwrap();
    let threads = ThreadPorts::of(&task).unwrap();
    let thread = threads.names()[0];
    let all = || {
        [
            model.task_basic_info(task.name()).err(),
            model.task_role(task.name()).err(),
            model.space_info(task.name()).err(),
            model.port_limit(task.name(), 0x403).err(),
            model.task_threads(task.name()).err(),
            model.thread_identifier(thread).err(),
            model.thread_basic_info(thread).err(),
            model.thread_state(thread, StateFlavor::ARM_THREAD, &mut [0; 99]).err(),
        ]
    };
    assert_eq!(all(), [None; 8]);
    model.forget_rules();
    model.world(|world| world.begin_exit(DEMO));
    assert_eq!(all(), [Some(KernReturn::INVALID_ARGUMENT); 8]);
    model.world(|world| world.become_zombie(DEMO));
    assert_eq!(all(), [Some(KernReturn::INVALID_DEST); 8]);
    // The rights are there to be given back all the same.
    drop((threads, task));
    assert_eq!(model.count(Call::ReleasePort), 4);
}

#[test]
fn facts_of_a_task_fit_together() {
    let model = by(0);
    let port = model.task_name_for_pid(DEMO).unwrap();
    let (info, times) = (model.task_info(DEMO).unwrap(), model.task_absolute_times(port).unwrap());
    assert_eq!((times.total_user, times.threads_system), (info.total_user, info.threads_system));
    // 2,400,000 units of 125 / 3 nanoseconds.
    let living = model.task_thread_times(port).unwrap().user_time;
    assert_eq!(living, TimeValue { seconds: 0, microseconds: 100_000 });
    let basic = model.task_basic_info(port).unwrap();
    assert_eq!(basic.user_time, TimeValue { seconds: 0, microseconds: 25_000 });
    assert_eq!((basic.resident_size, basic.resident_max), (5_324_800, 6_291_456));
    assert_eq!(model.task_security_token(port), Ok([501, 501]));
    let version = model.unique_info(DEMO, false).unwrap().id_version.cast_unsigned();
    let token = model.task_audit_token(port).unwrap();
    assert_eq!(token, [501, 501, 501, 501, 501, 500, 100_004, version]);
    assert_eq!(model.task_events(port).unwrap().context_switches, info.context_switches);
}

// ---- Name spaces -------------------------------------------------------------------------------

#[test]
fn ports_are_asked_by_name_and_only_receivers_know_the_queue() {
    let model = by(0);
    let port = model.task_read_for_pid(DEMO).unwrap();
    let entries = model.space_info(port).unwrap();
    assert_eq!((entries[0].types, entries[0].references), (0, 0), "the first is never used");
    let named = |types| entries.iter().find(|entry| entry.types == types).unwrap().name;
    let receiver = named(SpaceEntry::RECEIVE);
    assert_eq!(model.port_limit(port, receiver), Ok(Some(5)));
    assert_eq!(model.port_status(port, receiver).map(|status| status.limit), Ok(5));
    for types in [SpaceEntry::SEND, SpaceEntry::PORT_SET, SpaceEntry::DEAD_NAME] {
        assert_eq!(model.port_limit(port, named(types)), Err(KernReturn::INVALID_RIGHT));
        assert_eq!(model.port_status(port, named(types)), Err(KernReturn::INVALID_RIGHT));
    }
    for name in [0x603, 0x9999] {
        assert_eq!(model.port_limit(port, name), Err(KernReturn::INVALID_NAME));
        assert_eq!(model.port_status(port, name), Err(KernReturn::INVALID_NAME));
    }
    for name in [PORT_NULL, PORT_DEAD] {
        assert_eq!(model.port_limit(port, name), Ok(None));
        assert_eq!(model.port_status(port, name), Err(KernReturn::INVALID_RIGHT));
    }
}

// ---- Threads -----------------------------------------------------------------------------------

#[test]
fn threads_by_port_are_those_by_id() {
    let model = Arc::new(by(0));
    let task = TaskPort::inspect_for_pid(&model, DEMO).unwrap().unwrap();
    let threads = ThreadPorts::of(&task).unwrap();
    let mut ids = [0; 8];
    let count = model.list_thread_ids(DEMO, &mut ids).unwrap();
    let by_port: Vec<u64> =
        threads.names().iter().map(|port| model.thread_identifier(*port).unwrap().id).collect();
    assert_eq!(by_port, ids[..count]);
    let basic = model.thread_basic_info(threads.names()[0]).unwrap();
    assert_eq!(basic.user_time, TimeValue { seconds: 0, microseconds: 100_000 });
    assert_eq!((basic.cpu_usage, basic.run_state, basic.sleep_time), (60, 1, 0));
    assert_eq!(model.live_ports(), 4);
    drop(threads);
    assert_eq!(model.live_ports(), 1);
    drop(task);
    assert_eq!(model.live_ports(), 0);
}

#[test]
fn a_thread_that_ends_leaves_a_dead_name() {
    let model = Arc::new(by(0));
    let task = TaskPort::for_pid(&model, DEMO).unwrap().unwrap();
    let threads = ThreadPorts::of(&task).unwrap();
    model.world(|world| world.process_mut(DEMO).unwrap().threads.truncate(2));
    let last = threads.names()[2];
    assert_eq!(model.thread_identifier(last), Err(KernReturn::INVALID_DEST));
    assert!(model.thread_identifier(threads.names()[1]).is_ok());
    model.at(Call::ThreadState, 1..=1, Fault::KernReturn(KernReturn::TERMINATED));
    let state = model.thread_state(threads.names()[0], StateFlavor::ARM_THREAD, &mut [0; 68]);
    assert_eq!(state, Err(KernReturn::TERMINATED));
}

#[test]
fn registers_are_those_of_the_machine() {
    for (world, cpu_type) in [(arm64(), CPU_TYPE_ARM64), (intel(), CPU_TYPE_X86_64)] {
        let model = Arc::new(XnuModel::new(world));
        let task = TaskPort::for_pid(&model, DEMO).unwrap().unwrap();
        let threads = ThreadPorts::of(&task).unwrap();
        let sets = StateFlavor::of_cpu(cpu_type);
        for flavor in (0..30).map(StateFlavor) {
            let mut words = [7; StateFlavor::MOST_WORDS];
            let answer = model.thread_state(threads.names()[0], flavor, &mut words);
            match sets.iter().find(|(known, _)| *known == flavor) {
                None => assert_eq!(answer, Err(KernReturn::INVALID_ARGUMENT)),
                Some((_, count)) => {
                    assert_eq!(answer, Ok(*count));
                    assert!(words[*count..].iter().all(|word| *word == 7));
                    let few = &mut words[..count - 1];
                    let answer = model.thread_state(threads.names()[0], flavor, few);
                    assert_eq!(answer, Err(KernReturn::INVALID_ARGUMENT));
                }
            }
        }
        let mut words = [0; 68];
        let count = model.thread_state(threads.names()[1], sets[0].0, &mut words).unwrap();
        let pc = [64, 32][usize::from(cpu_type == CPU_TYPE_X86_64)];
        let pc = u64::from(words[pc]) | u64::from(words[pc + 1]) << 32;
        assert_eq!((pc, count), (0x1_0400_0abc, sets[0].1));
    }
    assert!(StateFlavor::of_cpu(0).is_empty());
}

// ---- The machine -------------------------------------------------------------------------------

#[test]
fn sysctls_have_the_size_of_their_type() {
    for (world, missing) in [(arm64(), Some(c"hw.cpufrequency")), (intel(), None)] {
        let model = XnuModel::new(world);
        for (name, kind) in SYSCTLS {
            let length = model.sysctl_by_name(name, None);
            if Some(name) == missing {
                assert_eq!(length, Err(Errno::NOENT));
                continue;
            }
            let length = length.unwrap();
            let mut value = vec![0xAA; length + 3];
            assert_eq!(model.sysctl_by_name(name, Some(&mut value)), Ok(length));
            let few = &mut vec![0; length - 1];
            assert_eq!(model.sysctl_by_name(name, Some(few)), Err(Errno::NOMEM));
            match kind {
                SysctlKind::Text => assert_eq!(value[length - 1], 0, "{name:?}"),
                SysctlKind::Int => assert_eq!(length, 4, "{name:?}"),
                SysctlKind::Quad => assert_eq!(length, 8, "{name:?}"),
                SysctlKind::Time => assert_eq!(length, 16, "{name:?}"),
                SysctlKind::LoadAverage => assert_eq!(length, 24, "{name:?}"),
                SysctlKind::SwapUsage => assert_eq!(length, 32, "{name:?}"),
            }
        }
        assert_eq!(model.sysctl_by_name(c"\xFF", None), Err(Errno::NOENT));
    }
}

#[test]
fn processors_and_mounts_are_counted() {
    let mut world = intel();
    world.caller.uid = 12345;
    let model = XnuModel::new(world);
    let processors = model.processors().unwrap();
    assert_eq!(processors.len(), model.processor_loads().unwrap().len());
    assert_eq!(processors.iter().filter(|it| it.is_main != 0).count(), 1);
    assert!(model.vm_statistics().unwrap().active > 0);
    let count = model.mounts(None).unwrap();
    let mut mounts = vec![Mount::default(); count + 1];
    assert_eq!(model.mounts(Some(&mut mounts)), Ok(count));
    assert_eq!(
        (mounts[0].mount_point.as_slice(), mounts[0].kind.as_slice()),
        (&b"/"[..], &b"apfs"[..])
    );
    assert_eq!(mounts[count], Mount::default());
    assert_eq!(model.mounts(Some(&mut mounts[..1])), Ok(1));
}

// ---- Anything ----------------------------------------------------------------------------------

#[test]
fn odd_descriptions_are_answered_and_not_panicked_at() {
    let mut world: World = world();
    let gone = mach_procfs::kernel::mach::xnu_model::VnodeId(99);
    let process = world.process_mut(PID).unwrap();
    process.files = [i32::MIN, -1, -1, i32::MAX]
        .map(|descriptor| {
            let detail = FileDetail::Vnode(gone, Default::default());
            ModelFile { descriptor, detail }
        })
        .to_vec();
    process.task_info.total_user = u64::MAX;
    (process.task_info.threads_user, process.task_info.threads_system) = (u64::MAX, 1);
    process.info.status = u32::MAX;
    process.info.pjobc = u32::MAX;
    process.threads = vec![(7, Default::default()); 3];
    world.machine.timebase.denom = 0;
    world.machine.sysctls = BTreeMap::from([("hw.cputype".to_owned(), vec![1])]);
    world.machine.processors.clear();
    let model = XnuModel::new(world);
    let port = model.task_for_pid(PID).unwrap();
    assert_eq!(model.vnode_file(PID, -1), Err(Errno::NOENT));
    assert_eq!(model.task_thread_times(port).unwrap().user_time.seconds, i32::MAX);
    let _ = (model.task_basic_info(port), model.kinfo_proc(PID));
    for thread in model.task_threads(port).unwrap() {
        let state = model.thread_state(thread, StateFlavor::ARM_THREAD, &mut [0; 68]);
        assert_eq!(state, Err(KernReturn::INVALID_ARGUMENT), "no known machine");
    }
    for wrong in [port, model.own_task(), PORT_NULL, PORT_DEAD] {
        let _ = (model.thread_identifier(wrong), model.space_info(wrong));
    }
    assert_eq!(model.processors(), Ok(Vec::new()));
}
