//! Files of threads that need the thread's port: what they cost where there are many threads.

use crate::common;
use crate::common::mach as mach_common;

use std::sync::Arc;
use std::time::{Duration, Instant};

use mach_common::{PID, over, pid, world};
use mach_procfs::kernel::mach::MachKernel;
use mach_procfs::kernel::xnu::ThreadInfo;
use mach_procfs::kernel::{Darwin, Kernel};
use mach_procfs::model::{ErrorKind, RegisterSet};
use xnu_model::{Call, ModelProcess, World, XnuModel};

const SETS: [RegisterSet; 4] =
    [RegisterSet::Thread, RegisterSet::Float, RegisterSet::Exception, RegisterSet::Debug];

fn set_threads(world: &mut World, ids: impl Iterator<Item = u64>) {
    let threads = ids.map(|id| (id, ThreadInfo::default())).collect();
    world.process_mut(PID).unwrap().threads = threads;
}

fn with_threads(count: u64) -> (Arc<XnuModel>, MachKernel<XnuModel>) {
    let mut world = world();
    world.machine.sysctls.clone_from(&xnu_model::fixtures::arm64().machine.sysctls);
    set_threads(&mut world, 1000..1000 + count);
    over(world)
}

/// Ports are kept for a second: runs this again where it took longer, as on a busy machine.
fn within_a_second<T>(mut run: impl FnMut() -> T, check: impl FnOnce(T)) {
    check(common::until("a run within a second", || {
        let began = Instant::now();
        let result = run();
        (began.elapsed() < Duration::from_secs(1)).then_some(result)
    }));
}

fn kind<T>(result: mach_procfs::model::Result<T>) -> Option<ErrorKind> {
    result.err().map(|error| error.kind)
}

/// All files of all threads, as `cat task/threads/*/*/*` reads them.
#[test]
fn files_of_n_threads_cost_no_more_than_n_times_a_constant() {
    const THREADS: u64 = 3000;
    let (model, kernel) = with_threads(THREADS);
    let began = Instant::now();
    for id in kernel.threads(pid()).unwrap() {
        assert_eq!(kernel.suspend_count(pid(), id).unwrap(), 0);
        for set in SETS {
            assert!(!kernel.registers(pid(), id, set).unwrap().is_empty());
        }
    }
    // They are listed twice a second at most: registers need a stronger port than the count does.
    let lists = 2 * (began.elapsed().as_secs() + 1);
    assert!(model.count(Call::TaskThreads) <= lists, "{lists}");
    assert!(model.count(Call::ThreadIdentifier) <= lists * THREADS);
    assert_eq!(model.count(Call::ThreadState), 4 * THREADS);
}

#[test]
fn ports_are_given_back_when_they_have_served_and_with_the_kernel() {
    let (model, kernel) = with_threads(100);
    kernel.suspend_count(pid(), 1000).unwrap();
    common::until("the ports to be given back", || (model.live_ports() == 0).then_some(()));
    let keep = || {
        let (model, kernel) = with_threads(100);
        kernel.suspend_count(pid(), 1000).unwrap();
        let kept = model.live_ports();
        drop(kernel);
        (kept, model.live_ports())
    };
    within_a_second(keep, |ports| assert_eq!(ports, (100, 0)));
    // Few are not kept at all.
    let (model, kernel) = with_threads(10);
    kernel.suspend_count(pid(), 1000).unwrap();
    assert_eq!((model.live_ports(), model.count(Call::TaskThreads)), (0, 1));
}

#[test]
fn threads_that_end_and_begin_meanwhile_are_known() {
    let (model, kernel) = with_threads(100);
    kernel.suspend_count(pid(), 1000).unwrap();
    model.world(|world| set_threads(world, 1050..1200));
    assert_eq!(kind(kernel.suspend_count(pid(), 1000)), Some(ErrorKind::NoSuchName));
    assert_eq!(
        kind(kernel.registers(pid(), 1001, RegisterSet::Thread)),
        Some(ErrorKind::NoSuchName)
    );
    assert_eq!(kernel.suspend_count(pid(), 1199).unwrap(), 0);
    // Of another process with this pid.
    model.world(|world| {
        world.reap(PID);
        world.spawn(ModelProcess::new(500, "next"));
        set_threads(world, 5000..5100);
    });
    assert_eq!(kind(kernel.suspend_count(pid(), 1199)), Some(ErrorKind::NoSuchName));
    assert_eq!(kernel.suspend_count(pid(), 5000).unwrap(), 0);
}

/// A port to look by is not taken for one to read by.
#[test]
fn a_weaker_port_that_is_kept_reads_no_registers() {
    let ask = || {
        let (model, kernel) = with_threads(100);
        kernel.suspend_count(pid(), 1000).unwrap();
        assert!(!kernel.registers(pid(), 1000, RegisterSet::Thread).unwrap().is_empty());
        // The stronger one looks, too.
        kernel.suspend_count(pid(), 1000).unwrap();
        model.count(Call::TaskThreads)
    };
    within_a_second(ask, |lists| assert_eq!(lists, 2));
}
