//! Any bytes as a recording; one that is accepted is replayed, and the replay recorded.
#![no_main]

mod mutator;
mod walks;

use std::sync::Arc;

use libfuzzer_sys::{fuzz_mutator, fuzz_target};
use mach_procfs::format::{maps, vmmap, vmmap_r};
use mach_procfs::kernel::mach::MachKernel;
use mach_procfs::kernel::{Detail, Kernel as _, OwnerKind};
use mach_procfs::model::Pid;
use mach_procfs::recording::{Limits, Recording, Replay, read, record};

fuzz_target!(|bytes: &[u8]| {
    match read(bytes, Limits::default()) {
        Ok(recording) => replay(recording),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    mutator::mutate(data, size, max_size, seed)
});

fn replay(recording: Recording) {
    assert_reads_back(&recording);
    let mut recorded: Vec<i32> = recording.processes.iter().map(|process| process.pid).collect();
    recorded.sort_unstable();

    let calls = Arc::new(Replay::new(recording));
    let kernel = MachKernel::new(Arc::clone(&calls));
    let pids = kernel.processes().expect("a list");
    assert!(pids.iter().map(|pid| pid.number().cast_signed()).eq(recorded), "{pids:?}");
    for pid in &pids {
        walk(&kernel, *pid);
    }

    let again = record(&calls, &pids);
    assert_eq!(calls.live_ports(), 0);
    assert_reads_back(&again);
    // What a stranger wrote need not be what a recorder would have written; this is.
    let calls = Arc::new(Replay::new(again.clone()));
    assert_eq!(record(&calls, &pids), again);
}

/// All that is asked about one process, and each file of it.
fn walk(kernel: &MachKernel<Replay>, pid: Pid) {
    let _ = (kernel.process(pid), kernel.credentials(pid));
    let _ = (kernel.owner(pid, OwnerKind::Process), kernel.owner(pid, OwnerKind::Memory));
    let Ok(identity) = kernel.identity(pid) else { return };
    for detail in [Detail::Map, Detail::Attributes, Detail::Counts, Detail::Pages] {
        let Ok(mut walk) = kernel.regions(pid, identity, detail) else { continue };
        let (regions, _) = walks::regions(walk.as_mut());
        assert!(regions.windows(2).all(|pair| pair[0].end <= pair[1].start), "{regions:?}");
        for renderer in [maps, vmmap, vmmap_r] {
            let _ = walks::rendered(renderer, &regions);
        }
    }
}

fn assert_reads_back(recording: &Recording) {
    let mut bytes = Vec::new();
    recording.write(&mut bytes).expect("memory can be written to");
    let again = read(bytes.as_slice(), Limits::default()).expect("what was written is read");
    assert_eq!(&again, recording);
}
