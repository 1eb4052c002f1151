//! What `scripts/fuzz` begins with: recordings are of the format that the recorder writes now, and
//! headers of a shared cache are read.

#![allow(missing_docs, clippy::unwrap_used)]

mod mach_common;

use std::path::Path;
use std::sync::Arc;

use mach_common::{PID, pid, world};
use mach_procfs::kernel::mach::cache::Cache;
use mach_procfs::kernel::xnu::{FileInfo, Image, OpenFile, Segment, SpaceEntry, ThreadInfo};
use mach_procfs::model::Pid;
use mach_procfs::recording::{Limits, read, record};
use xnu_model::{
    ArgumentArea, CacheForm, Entry, FileDetail, ModelFile, ModelPort, ModelProcess, SyntheticCache,
    Vnode, World, XnuModel,
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

/// The bytes that a cache of two small files begins with.
fn headers(form: CacheForm) -> Vec<u8> {
    const BASE: u64 = 0x1_8000_0000;
    let image = |path: &str, start: u64| {
        let segment = |start| Segment { start: BASE + start, size: 0x800 };
        Image { path: path.into(), segments: vec![segment(start), segment(start + 0x6800)] }
    };
    let at = |from: u64, to: u64, protection| (BASE + from..BASE + to, protection);
    let cache = SyntheticCache {
        form,
        slide: 0,
        files: vec![vec![at(0, 0x4000, 5), at(0x8000, 0xc000, 3)], vec![at(0x4000, 0x8000, 5)]],
        images: vec![image("/usr/lib/a", 0x1000), image("/usr/lib/b", 0x5000)],
    };
    let mut bytes = vec![0; 0x5200];
    cache.memory().read(BASE, &mut bytes).unwrap();
    let read = |address: u64, buffer: &mut [u8]| cache.memory().read(address, buffer).is_ok();
    let read = Cache::read(BASE, &read).unwrap();
    assert_eq!(read.at(BASE + 0x5000).path, Some(&b"/usr/lib/b"[..]));
    bytes
}

#[test]
fn seeds_of_the_shared_cache_are_headers_that_are_read() {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds/shared_cache");
    let forms = [("macos12", CacheForm::MacOs12), ("macos13", CacheForm::MacOs13)];
    for (name, form) in forms {
        let seed = seeds.join(name);
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::create_dir_all(&seeds).unwrap();
            std::fs::write(&seed, headers(form)).unwrap();
        }
        let is_new = std::fs::read(&seed).unwrap() == headers(form);
        assert!(is_new, "UPDATE_GOLDEN=1 makes {} anew", seed.display());
    }
    assert_eq!(std::fs::read_dir(seeds).unwrap().count(), forms.len());
}
