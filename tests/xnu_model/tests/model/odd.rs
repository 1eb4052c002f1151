//! Any call may be made, with any arguments.

use std::collections::BTreeMap;

use mach_procfs::kernel::xnu::{
    PORT_DEAD, PORT_NULL, ProcessorInfo, StateFlavor, TaskBasicInfo, ThreadIdentifier, TimeValue,
    VnodeFile,
};
use xnu_model::fixtures::DEMO;
use xnu_model::{FileDetail, Mapped, ModelFile, SubmapId};

use super::*;

#[test]
fn odd_maps_are_answered_and_not_panicked_at() {
    let mut world = world();
    for (start, size) in [(u64::MAX, u64::MAX), (0, u64::MAX), (5, 0), (u64::MAX - 1, 1)] {
        world.enter(PID, Entry { offset: u64::MAX, ..Entry::new(start, size) });
        world.write(PID, start, size);
        world.read(PID, start, size);
    }
    // A submap that contains itself, and numbers that name nothing.
    let map = SubmapId(0);
    let own = Entry { mapped: Mapped::Submap { map, nested: true }, ..Entry::new(0, 1 << 40) };
    world.submap([own.clone()]);
    world.enter(PID, own);
    let map = SubmapId(9_999);
    let mapped = Mapped::Submap { map, nested: true };
    world.enter(PID, Entry { mapped, ..Entry::new(1 << 50, 1 << 40) });
    world.process_mut(PID).unwrap().page_size = 3;
    world.exec(77);
    world.reap(77);
    let model = XnuModel::new(world);
    let port = port(&model);
    for address in [0, 1, 1 << 40, 1 << 50, u64::MAX] {
        for depth in [0, 1, u32::MAX] {
            let _ = recurse(&model, port, address, depth);
        }
        let _ = region(&model, address);
    }
}

#[test]
fn odd_processes_are_answered_and_not_panicked_at() {
    let mut world = world();
    let gone = VnodeId(99);
    let process = world.process_mut(PID).unwrap();
    process.files = [i32::MIN, -1, -1, i32::MAX]
        .map(|descriptor| {
            let detail = FileDetail::Vnode(gone, Default::default());
            ModelFile { descriptor, detail }
        })
        .to_vec();
    process.task_info.total_user = u64::MAX;
    process.task_info.threads_system = u64::MAX;
    process.info.status = u32::MAX;
    process.info.pjobc = u32::MAX;
    process.threads = vec![(7, Default::default()); 3];
    world.machine.timebase.denom = 0;
    world.machine.sysctls = BTreeMap::from([("hw.cputype".to_owned(), vec![1])]);
    world.machine.processors.clear();
    let model = XnuModel::new(world);
    let port = model.port_for_pid(PortKind::Control, PID).unwrap();
    assert_eq!(model.fd::<VnodeFile>(PID, -1), Err(Errno::NOENT));
    let basic = model.task::<TaskBasicInfo>(port).unwrap();
    assert_eq!((basic.user_time.seconds, basic.system_time), (i32::MAX, TimeValue::default()));
    assert!(model.kinfo_proc(PID).is_ok());
    for thread in model.threads(port).unwrap() {
        let state = model.thread_state(thread, StateFlavor::ARM_THREAD, &mut [0; 68]);
        assert_eq!(state, Err(KernReturn::INVALID_ARGUMENT), "no known machine");
    }
    for wrong in [port, model.own_task(), PORT_NULL, PORT_DEAD] {
        let _ = (model.thread::<ThreadIdentifier>(wrong), model.space_info(wrong));
    }
    assert_eq!(model.processors::<ProcessorInfo>(), Ok(Vec::new()));
}

/// Every entry point, with every flavor that it has and some that it lacks, and every size around
/// that of an answer.
#[test]
fn any_question_is_answered() {
    let model = XnuModel::new(arm64());
    let tasks: Vec<PortName> = [PortKind::Control, PortKind::Name]
        .map(|kind| model.port_of_kind(DEMO, kind).unwrap())
        .into();
    let threads = model.threads(tasks[0]).unwrap();
    let ports = tasks.into_iter().chain(threads).chain([model.own_task(), PORT_NULL, PORT_DEAD]);
    let ports: Vec<PortName> = ports.collect();
    let (mut bytes, mut words) = (vec![0; 2400], vec![0; 140]);
    for flavor in (-1..34).chain([i32::MIN, i32::MAX]) {
        for room in [0, 1, 7, 8, 63, 64, 135, 175, 647, 1271, 1272, 2400] {
            for pid in [i32::MIN, 0, DEMO, 501] {
                for arg in [0, 1, u64::MAX] {
                    let _ = model.pid_info(pid, flavor, arg, Some(&mut bytes[..room]));
                    let _ = model.pid_info(pid, flavor, arg, None);
                }
                let _ = model.pid_fd_info(pid, flavor, 2, &mut bytes[..room]);
                let _ = model.pid_fd_info(pid, 3, flavor, &mut bytes[..room]);
                let _ = model.pid_path(pid, &mut bytes[..room]);
                let _ = model.sysctl(&[1, 49, pid], Some(&mut bytes[..room]));
                let _ = model.sysctl(&[1, 14, flavor, pid], Some(&mut bytes[..room]));
            }
        }
        for room in [0, 1, 11, 12, 15, 16, 18, 19, 35, 42, 140] {
            for port in &ports {
                let words = &mut words[..room];
                let _ = model.task_info(*port, flavor.cast_unsigned(), words);
                let _ = model.task_policy(*port, flavor.cast_unsigned(), words);
                let _ = model.thread_info(*port, flavor.cast_unsigned(), words);
                let _ = model.thread_state(*port, StateFlavor(flavor), words);
                let _ = model.port_attributes(*port, 0x403, flavor, words);
                let _ = model.port_attributes(*port, *port, flavor, words);
                for address in [0, 1 << 32, u64::MAX] {
                    let (mut at, mut size, mut depth) = (address, 0, flavor.cast_unsigned());
                    let _ = model.region_recurse(*port, &mut at, &mut size, &mut depth, words);
                }
            }
            let _ = model.host_statistics(flavor, &mut words[..room]);
            let _ = model.processor_info(flavor, Some(room));
        }
    }
    for name in [c"", c"\xFF", c"kern.usrstack64", c"hw.ncpu"] {
        let _ = model.sysctl_by_name(name, Some(&mut []));
        let _ = model.set_sysctl(name, &[]);
    }
    assert_eq!(model.release_port(PORT_DEAD), Err(KernReturn::INVALID_NAME));
}
