//! The end of a process, and its exec.

use std::sync::Arc;

use mach_procfs::kernel::xnu::{
    PortLimit, ShortBsdInfo, StateFlavor, TaskBasicInfo, TaskPort, ThreadBasicInfo,
    ThreadIdentifier, ThreadPorts, UniqueInfo,
};
use xnu_model::fixtures::DEMO;
use xnu_model::{Call, Fault};

use super::*;

#[test]
fn row_12_exit_over_time() {
    let model = XnuModel::new(with_submap());
    let port = port(&model);
    let both = || {
        (
            region(&model, 0).map(|_| ()),
            recurse(&model, port, 0, 0).map(|_| ()),
            model.pid::<ShortBsdInfo>(PID, 1).map(|it| it.flags & ShortBsdInfo::IN_EXIT != 0),
        )
    };
    assert_eq!(both(), (Ok(()), Ok(()), Ok(false)));
    // A call that holds the map already may say 1 instead.
    model.at(Call::RegionRecurse, 2..=2, Fault::KernReturn(KernReturn::INVALID_ADDRESS));
    model.world(|world| world.begin_exit(PID));
    assert_eq!(both(), (Err(Errno::INVAL), Err(KernReturn::INVALID_ADDRESS), Ok(true)));
    assert_eq!(both(), (Err(Errno::INVAL), Err(KernReturn::INVALID_ARGUMENT), Ok(true)));
    model.world(|world| world.become_zombie(PID));
    assert_eq!(both(), (Err(Errno::SRCH), Err(KernReturn::INVALID_DEST), Ok(true)));
    model.world(|world| world.reap(PID));
    assert_eq!(both(), (Err(Errno::SRCH), Err(KernReturn::INVALID_DEST), Err(Errno::SRCH)));
}

#[test]
fn row_12_exec_changes_the_version_and_the_map_and_kills_the_old_port() {
    let model = XnuModel::new(with_submap());
    let port = port(&model);
    let before = model.pid::<UniqueInfo>(PID, 0).unwrap();
    model.world(|world| {
        world.exec(PID);
        world.enter(PID, Entry::new(0x99 * PAGE, PAGE));
    });
    let after = model.pid::<UniqueInfo>(PID, 0).unwrap();
    assert_eq!(after.unique_id, before.unique_id);
    assert_ne!(after.id_version, before.id_version);
    assert_eq!(recurse(&model, port, 0, 0).unwrap_err(), KernReturn::INVALID_DEST);
    assert_eq!(region(&model, 0).unwrap().region.address, 0x99 * PAGE);
    // The right is a dead name now, and is released like any other.
    assert_eq!(model.release_port(port), Ok(()));
    assert_eq!(model.release_port(port), Err(KernReturn::INVALID_NAME));
}

#[test]
fn a_task_in_its_exit_and_a_dead_name_answer_nothing() {
    let model = Arc::new(by(0));
    let task = TaskPort::for_pid(&model, PortKind::Control, DEMO).unwrap().unwrap();
    let threads = ThreadPorts::of(&task).unwrap();
    let thread = threads.names()[0];
    let all = || {
        [
            model.task::<TaskBasicInfo>(task.name()).err(),
            model.role(task.name()).err(),
            model.space_info(task.name()).err(),
            model.attributes::<PortLimit>(task.name(), 0x403).err(),
            model.threads(task.name()).err(),
            model.thread::<ThreadIdentifier>(thread).err(),
            model.thread::<ThreadBasicInfo>(thread).err(),
            model.thread_state(thread, StateFlavor::ARM_THREAD, &mut [0; 99]).err(),
        ]
    };
    assert_eq!(all(), [None; 8]);
    model.forget_rules();
    model.world(|world| world.begin_exit(DEMO));
    assert_eq!(all(), [Some(KernReturn::INVALID_ARGUMENT); 8]);
    model.world(|world| world.become_zombie(DEMO));
    assert_eq!(all(), [Some(KernReturn::INVALID_DEST); 8]);
    // The rights still have to be released.
    drop((threads, task));
    assert_eq!(model.count(Call::ReleasePort), 4);
}
