//! Threads by port, and their registers.

use std::sync::Arc;

use mach_procfs::kernel::xnu::{
    CPU_TYPE_ARM64, CPU_TYPE_X86_64, StateFlavor, TaskPort, ThreadBasicInfo, ThreadId,
    ThreadIdentifier, ThreadPorts, TimeValue,
};
use xnu_model::fixtures::{DEMO, intel};
use xnu_model::{Call, Fault};

use super::*;

#[test]
fn threads_by_port_are_those_by_id() {
    let model = Arc::new(by(0));
    let task = TaskPort::for_pid(&model, PortKind::Inspect, DEMO).unwrap().unwrap();
    let threads = ThreadPorts::of(&task).unwrap();
    let mut ids = [0; 8];
    let count = model.pid_list::<ThreadId>(DEMO, Some(&mut ids)).unwrap();
    let id = |port: &PortName| model.thread::<ThreadIdentifier>(*port).unwrap().id;
    assert!(threads.names().iter().map(id).eq(ids[..count].iter().copied()));
    let basic = model.thread::<ThreadBasicInfo>(threads.names()[0]).unwrap();
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
    let task = TaskPort::for_pid(&model, PortKind::Control, DEMO).unwrap().unwrap();
    let threads = ThreadPorts::of(&task).unwrap();
    model.world(|world| world.process_mut(DEMO).unwrap().threads.truncate(2));
    let last = threads.names()[2];
    assert_eq!(model.thread::<ThreadIdentifier>(last), Err(KernReturn::INVALID_DEST));
    assert!(model.thread::<ThreadIdentifier>(threads.names()[1]).is_ok());
    model.at(Call::ThreadState, 1..=1, Fault::KernReturn(KernReturn::TERMINATED));
    let state = model.thread_state(threads.names()[0], StateFlavor::ARM_THREAD, &mut [0; 68]);
    assert_eq!(state, Err(KernReturn::TERMINATED));
}

#[test]
fn registers_are_those_of_the_machine() {
    for (world, cpu_type) in [(arm64(), CPU_TYPE_ARM64), (intel(), CPU_TYPE_X86_64)] {
        let model = Arc::new(XnuModel::new(world));
        let task = TaskPort::for_pid(&model, PortKind::Control, DEMO).unwrap().unwrap();
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
