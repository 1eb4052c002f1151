//! Parts of the program without a mount, one by one: `scripts/dev/bench --pure`. Work is counted in
//! items, so that divan's items a second are lines, regions or names.
#![allow(missing_docs, unsafe_code, unreachable_pub, clippy::unwrap_used, clippy::expect_used)]

#[path = "both/mod.rs"]
mod both;

use std::hint::black_box;
use std::sync::Arc;

use divan::Bencher;
use divan::counter::ItemsCount;
use mach_procfs::format::{self, Renderer};
use mach_procfs::kernel::mach::MachKernel;
use mach_procfs::model::{Backing, BackingKind, Device, Protection, Region};
use mach_procfs::tree::{Caller, Node, Tree};
use xnu_model::{Call, ModelProcess, World, XnuModel};

fn main() {
    divan::main();
}

const LINES: usize = 1000;

/// Three regions in five anonymous, two of a file with a path of 47 bytes: 78 bytes a line.
fn regions() -> Vec<Region> {
    let file = |number: u64| Backing {
        kind: BackingKind::File,
        name: vec![b'x'; 47],
        device: Device { major: 0xfe, minor: 0 },
        inode: 7_340_034 + number,
        link_count: None,
    };
    (0..LINES as u64)
        .map(|number| Region {
            start: 0x7f12_3456_7000 + number * 0x2000,
            end: 0x7f12_3456_8000 + number * 0x2000,
            protection: Protection::READ.union(Protection::EXECUTE),
            max_protection: Protection::from_bits(7),
            offset: number * 0x1000,
            backing: if matches!(number % 5, 1 | 3) { file(number) } else { Backing::default() },
            ..Region::default()
        })
        .collect()
}

// ---- Rendering ---------------------------------------------------------------------------------

#[divan::bench(args = ["maps", "vmmap", "vmmap_r", "smaps"])]
fn render(bencher: Bencher<'_, '_>, name: &str) {
    let render: Renderer = match name {
        "maps" => format::maps,
        "vmmap" => format::vmmap,
        "smaps" => format::smaps,
        _ => format::vmmap_r,
    };
    every_line(bencher, render);
}

#[divan::bench(args = ["vmmap.json", "vmmap.svg"])]
fn render_sheet(bencher: Bencher<'_, '_>, name: &str) {
    let new = if name == "vmmap.json" { format::vmmap_json } else { format::vmmap_svg };
    let regions = regions();
    let mut out = Vec::with_capacity(LINES * 1000);
    bencher.counter(ItemsCount::new(LINES)).bench_local(|| {
        out.clear();
        let mut sheet = new();
        for region in &regions {
            sheet.add(black_box(region), &mut out);
        }
        sheet.end(&mut out);
        black_box(out.len())
    });
}

#[divan::bench]
fn render_maps_with_write(bencher: Bencher<'_, '_>) {
    every_line(bencher, both::maps_with_write);
}

#[divan::bench]
fn render_maps_with_snprintf(bencher: Bencher<'_, '_>) {
    every_line(bencher, |region, out| {
        let mut line = [0u8; 256];
        let letters = region.protection.letters();
        let backing = &region.backing;
        // SAFETY: the format's arguments are of its types, in its order; each `%.*s` has a length
        // and a pointer to as many bytes; the buffer's size is given.
        let length = unsafe {
            libc::snprintf(
                line.as_mut_ptr().cast(),
                line.len(),
                c"%08lx-%08lx %.*sp %08lx %02x:%02x %lu %*s%.*s\n".as_ptr(),
                region.start,
                region.end,
                3,
                letters.as_ptr(),
                region.offset,
                backing.device.major,
                backing.device.minor,
                backing.inode,
                20,
                c"".as_ptr(),
                backing.name.len() as libc::c_int,
                backing.name.as_ptr(),
            )
        };
        out.extend_from_slice(&line[..usize::try_from(length).unwrap()]);
    });
}

fn every_line(bencher: Bencher<'_, '_>, render: impl Fn(&Region, &mut Vec<u8>) + Sync) {
    let regions = regions();
    let mut out = Vec::with_capacity(LINES * 200);
    bencher.counter(ItemsCount::new(LINES)).bench_local(|| {
        out.clear();
        for region in &regions {
            render(black_box(region), &mut out);
        }
        black_box(out.len())
    });
}

// ---- The walk over Linux's text, from a plain file -----------------------------------------------

#[cfg(target_os = "linux")]
mod text {
    use super::*;
    use mach_procfs::kernel::linux::LinuxKernel;
    use mach_procfs::kernel::{Detail, Kernel, Walk};
    use mach_procfs::model::Pid;

    const PID: u32 = 42;

    /// A process directory with this process's `smaps` and a `maps` of [`LINES`] lines.
    fn fixture() -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        let process = directory.path().join(PID.to_string());
        std::fs::create_dir(&process).unwrap();
        std::fs::copy("/proc/self/stat", process.join("stat")).unwrap();
        std::fs::copy("/proc/self/smaps", process.join("smaps")).unwrap();
        std::fs::write(process.join("maps"), maps()).unwrap();
        directory
    }

    fn maps() -> Vec<u8> {
        let mut text = Vec::new();
        for region in regions() {
            format::maps(&region, &mut text);
        }
        text
    }

    fn walk(detail: Detail) -> (tempfile::TempDir, Box<dyn Walk>) {
        let directory = fixture();
        let kernel = LinuxKernel::fixture(directory.path()).unwrap();
        let pid = Pid::new(PID).unwrap();
        let walk = kernel.regions(pid, kernel.identity(pid).unwrap(), detail).unwrap();
        (directory, walk)
    }

    fn all(walk: &mut dyn Walk, mut each: impl FnMut(&Region)) -> usize {
        let mut count = 0;
        walk.restart().unwrap();
        while let Some(region) = walk.next_region().unwrap() {
            each(region);
            count += 1;
        }
        count
    }

    #[divan::bench]
    fn parse_maps(bencher: Bencher<'_, '_>) {
        let (_directory, mut walk) = walk(Detail::Map);
        bencher.counter(ItemsCount::new(LINES)).bench_local(|| all(walk.as_mut(), |_| {}));
    }

    #[divan::bench]
    fn parse_and_render_maps(bencher: Bencher<'_, '_>) {
        let (_directory, mut walk) = walk(Detail::Map);
        let mut out = Vec::with_capacity(LINES * 200);
        bencher.counter(ItemsCount::new(LINES)).bench_local(|| {
            out.clear();
            all(walk.as_mut(), |region| format::maps(region, &mut out))
        });
    }

    #[divan::bench]
    fn parse_smaps(bencher: Bencher<'_, '_>) {
        let (_directory, mut walk) = walk(Detail::Attributes);
        let count = all(walk.as_mut(), |_| {});
        bencher.counter(ItemsCount::new(count)).bench_local(|| all(walk.as_mut(), |_| {}));
    }

    #[divan::bench]
    fn parse_maps_with_procfs(bencher: Bencher<'_, '_>) {
        use procfs::FromRead;
        let text = maps();
        bencher
            .counter(ItemsCount::new(LINES))
            .bench_local(|| procfs::process::MemoryMaps::from_read(text.as_slice()).unwrap());
    }
}

// ---- The Mach walk over the model ----------------------------------------------------------------

const SIZES: [u64; 6] = [10, 100, 1_000, 10_000, 100_000, 1_000_000];

/// With the model's own time, which `mach_calls` measures.
#[divan::bench(args = SIZES, sample_size = 1, max_time = 1)]
fn mach_walk(bencher: Bencher<'_, '_>, regions: u64) {
    let model = both::model(regions);
    let mut out = Vec::new();
    let mut walk = both::mach_walk(&model, &mut out);
    let before = (model.count(Call::RegionPathInfo), model.count_all());
    walk();
    let regions_asked = model.count(Call::RegionPathInfo) - before.0;
    let others = model.count_all() - before.1 - regions_asked;
    assert_eq!((regions_asked, others), (regions + 1, 3), "one call a region and one for the end");
    bencher.counter(ItemsCount::new(regions)).bench_local(walk);
}

#[divan::bench(args = SIZES, sample_size = 1, max_time = 1)]
fn mach_calls(bencher: Bencher<'_, '_>, regions: u64) {
    let model = both::model(regions);
    bencher.counter(ItemsCount::new(regions)).bench_local(|| both::mach_calls(&model));
}

/// The lines of such a walk, copied one by one, to compare with.
#[divan::bench(args = SIZES, sample_size = 1, max_time = 1)]
fn mach_lines_copied(bencher: Bencher<'_, '_>, regions: u64) {
    let (mut text, mut copied) = (Vec::new(), Vec::new());
    both::mach_walk(&both::model(regions), &mut text)();
    bencher.counter(ItemsCount::new(regions)).bench_local(both::copy_of_lines(&text, &mut copied));
}

// ---- Nodes and listings --------------------------------------------------------------------------

#[divan::bench]
fn node_ids(bencher: Bencher<'_, '_>) {
    let mut world = World::default();
    world.spawn(ModelProcess::new(500, "target").owned_by(0, 0));
    let tree = Tree::new(Arc::new(MachKernel::new(Arc::new(XnuModel::new(world)))), 0, 0);
    let node = tree.lookup(Node::ROOT, "500".as_ref(), &ROOT).unwrap().node;
    bencher
        .counter(ItemsCount::new(1usize))
        .bench_local(|| Node::from_id(black_box(node).id().unwrap()).unwrap());
}

const ROOT: Caller = Caller { uid: 0, gid: 0, pid: 0 };
const PROCESSES: u32 = 50_000;

#[divan::bench(sample_size = 1, max_time = 1)]
fn list_processes_of_the_model(bencher: Bencher<'_, '_>) {
    let mut world = World::default();
    for pid in 1..=PROCESSES {
        world.spawn(ModelProcess::new(pid, "one of many").owned_by(0, 0));
    }
    let tree = Tree::new(Arc::new(MachKernel::new(Arc::new(XnuModel::new(world)))), 0, 0);
    assert!(tree.list(Node::ROOT, &ROOT).unwrap().len() >= PROCESSES as usize);
    bencher
        .counter(ItemsCount::new(PROCESSES))
        .bench_local(|| tree.list(Node::ROOT, &ROOT).unwrap());
}

#[cfg(target_os = "linux")]
#[divan::bench(sample_size = 1, max_time = 1)]
fn list_processes_of_a_directory(bencher: Bencher<'_, '_>) {
    use mach_procfs::kernel::linux::LinuxKernel;
    let directory = tempfile::tempdir().unwrap();
    for pid in 1..=PROCESSES {
        std::fs::create_dir(directory.path().join(pid.to_string())).unwrap();
    }
    let kernel = LinuxKernel::fixture(directory.path()).unwrap();
    let tree = Tree::new(Arc::new(kernel), 0, 0);
    bencher
        .counter(ItemsCount::new(PROCESSES))
        .bench_local(|| tree.list(Node::ROOT, &ROOT).unwrap());
}
