//! What macOS reports of the machine on request: swap files, counters, the start of the machine.

use crate::common;

use std::path::Path;
use std::sync::Arc;

use mach_procfs::kernel::Kernel;
use mach_procfs::kernel::mach::MachKernel;
use mach_procfs::model::{Error, ErrorKind, Pid};
use mach_procfs::recording::{self, Replay};
use mach_procfs::tree::{Caller, Tree};
use xnu_model::fixtures::arm64;
use xnu_model::{Machine, XnuModel};

const ROOT: Caller = Caller { uid: 0, gid: 0, pid: 0 };

/// The text of a file, shown from this kernel's answers.
fn text(kernel: Arc<dyn Kernel>, path: &str) -> Result<String, Error> {
    let tree = Tree::new(kernel, 0, 0);
    let mut source = tree.open(tree.resolve(Path::new(path), &ROOT)?.node, &ROOT)?;
    let mut text = Vec::new();
    while source.fill(&mut text, 1 << 20)? {}
    Ok(String::from_utf8(text).unwrap())
}

fn model(change: impl FnOnce(&mut Machine)) -> Arc<XnuModel> {
    let mut world = arm64();
    change(&mut world.machine);
    Arc::new(XnuModel::new(world))
}

fn shown(path: &str, change: impl FnOnce(&mut Machine)) -> String {
    text(Arc::new(MachKernel::new(model(change))), path).unwrap()
}

const HEADER: &str = "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n";

#[test]
fn swap_files_are_one_line_if_there_are_any() {
    let none = shown("swaps", |machine| {
        machine.set_swap_usage(0, 0, 16_384);
        machine.sysctls.remove("vm.swapfileprefix");
    });
    assert_eq!(none, HEADER);
    let some = shown("swaps", |machine| machine.set_swap_usage(3 << 30, (1 << 30) + 1024, 16_384));
    let line = "/System/Volumes/VM/swapfile             file\t\t3145728\t\t1048577\t\t-2\n";
    assert_eq!(some, format!("{HEADER}{line}"));
    // Linux leaves out a tab where a number is wide, and a name may be wider than its column.
    let prefix = format!("/a b/{}", "c".repeat(60));
    let wide = shown("swaps", |machine| {
        machine.set_swap_usage(64 << 30, 0, 16_384);
        machine.set_text("vm.swapfileprefix", &prefix);
    });
    let line = format!("{} file\t\t67108864\t0\t\t-2\n", prefix.replace(' ', "\\040"));
    assert_eq!(wide, format!("{HEADER}{line}"));
}

#[test]
fn counters_are_those_that_linux_has_too() {
    let counters = shown("vmstat", |machine| {
        machine.vm_statistics.free = 1000;
        machine.vm_statistics.speculative = 300;
        machine.vm_statistics.swapins = u64::MAX;
        machine.vm_statistics.swapouts = 3;
        machine.vm_statistics.faults = 4;
    });
    let lines = ["nr_free_pages 700", "pswpin 18446744073709551615", "pswpout 3", "pgfault 4"];
    assert_eq!(counters.lines().collect::<Vec<_>>(), lines);
}

#[test]
fn the_start_of_the_machine_has_arguments_and_an_id() {
    assert_eq!(shown("cmdline", |_| {}), "\n", "none as a rule");
    let verbose = |machine: &mut Machine| machine.set_text("kern.bootargs", "-v debug=0x144");
    assert_eq!(shown("cmdline", verbose), "-v debug=0x144\n");
    let id = |machine: &mut Machine| {
        machine.set_text("kern.bootsessionuuid", "0D9E8C7B-6A5F-4E3D-8C2B-1A0F9E8D7C6B");
    };
    assert_eq!(shown("sys/kernel/random/boot_id", id), "0d9e8c7b-6a5f-4e3d-8c2b-1a0f9e8d7c6b\n");
}

#[test]
fn each_random_uuid_is_another_one() {
    let uuids = [(); 2].map(|()| shown("sys/kernel/random/uuid", |_| {}));
    assert_ne!(uuids[0], uuids[1]);
    uuids.iter().for_each(|uuid| common::assert_random_uuid(uuid));
}

#[test]
fn no_process_has_a_pid_at_the_limit() {
    let kernel = MachKernel::new(model(|_| {}));
    let limit = kernel.darwin().unwrap().pid_limit();
    assert!(kernel.processes().unwrap().iter().all(|pid| pid.number() < limit));
    assert_eq!(shown("sys/kernel/pid_max", |_| {}), format!("{limit}\n"));
}

/// A recording that is made to be sent away does not say which machine it is of.
#[test]
fn a_recording_of_less_has_nothing_private_of_the_machine() {
    let private = ["cmdline", "sys/kernel/random/boot_id", "1/net/tcp", "1/net/unix", "1/net/dev"];
    let pids = [Pid::new(1).unwrap()];
    let whole = recording::record(&model(|_| {}), &pids);
    let mut less = whole.clone();
    less.keep_no_more_than(&pids);
    for (recording, is_whole) in [(whole, true), (less, false)] {
        let kernel: Arc<dyn Kernel> = Arc::new(MachKernel::new(Arc::new(Replay::new(recording))));
        for path in private {
            let shown = text(Arc::clone(&kernel), path);
            let failed = shown.as_ref().is_err_and(|error| error.kind == ErrorKind::Failed);
            assert!(shown.is_ok() == is_whole && failed != is_whole, "{path}: {shown:?}");
        }
        for path in ["swaps", "vmstat", "sys/kernel/pid_max", "sys/kernel/random/uuid", "version"] {
            assert!(text(Arc::clone(&kernel), path).is_ok(), "{path}");
        }
    }
}
