//! The recordings that `scripts/fuzz` begins with are of the format that the recorder writes now.

#![allow(missing_docs, clippy::unwrap_used)]

mod mach_common;

use std::path::Path;
use std::sync::Arc;

use mach_common::{PID, pid, world};
use mach_procfs::kernel::xnu::{FileInfo, OpenFile, SpaceEntry, ThreadInfo};
use mach_procfs::model::Pid;
use mach_procfs::recording::{Limits, read, record};
use xnu_model::{
    ArgumentArea, Entry, FileDetail, ModelFile, ModelPort, ModelProcess, Vnode, World, XnuModel,
};

/// A little of everything, so that a change of any byte matters.
fn small() -> World {
    let mut world = world();
    let vnode = world.vnode(Vnode { path: b"/bin/x".to_vec(), ..Vnode::default() });
    for page in 0..3 {
        world.enter(PID, Entry::new(0x1_0000_0000 + page * 0x10_0000, 0x4000));
    }
    let process = world.process_mut(PID).unwrap();
    process.threads = vec![(1000, ThreadInfo { name: "main".into(), ..ThreadInfo::default() })];
    process.arguments = ArgumentArea::new(b"/bin/x", &[b"x"], &[b"A=1"], &[b"pfz=0xffff"]);
    process.files = vec![
        ModelFile { descriptor: 0, detail: FileDetail::Vnode(vnode, FileInfo::default()) },
        ModelFile { descriptor: 3, detail: FileDetail::Other(OpenFile::KQUEUE) },
    ];
    process.facts.ports = vec![ModelPort::new(0x103, SpaceEntry::SEND)];
    world.spawn(ModelProcess::new(501, "zombie"));
    world.begin_exit(501);
    world
}

fn written_small() -> Vec<u8> {
    let pids = [Pid::new(0).unwrap(), pid(), Pid::new(501).unwrap()];
    let mut bytes = Vec::new();
    record(&Arc::new(XnuModel::new(small())), &pids).write(&mut bytes).unwrap();
    bytes
}

/// The others are links to the recordings that are shipped, which `tests/recording.rs` checks.
#[test]
fn seeds_are_of_the_format_that_is_written_now() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let seeds = root.join("fuzz/seeds/recording");
    let own = seeds.join("small.json");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&own, written_small()).unwrap();
    }
    let mut links = 0;
    for seed in std::fs::read_dir(seeds).unwrap() {
        let seed = seed.unwrap().path();
        let bytes = std::fs::read(&seed).unwrap();
        let recording = read(bytes.as_slice(), Limits::default()).unwrap();
        assert!(recording.recorded_at.is_some(), "{}", seed.display());
        if seed == own {
            assert!(bytes == written_small(), "UPDATE_GOLDEN=1 makes {} anew", seed.display());
        } else {
            let shipped = root.join("tests/recordings").join(seed.file_name().unwrap());
            assert_eq!(seed.canonicalize().unwrap(), shipped.canonicalize().unwrap());
            links += 1;
        }
    }
    assert!(links >= 3, "{links}");
}
