//! What is measured without a mount.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use mach_procfs::format::{self, Renderer};
use mach_procfs::kernel::linux::LinuxKernel;
use mach_procfs::kernel::mach::MachKernel;
use mach_procfs::kernel::mach::calls::{RegionPathInfo, XnuCalls};
use mach_procfs::kernel::mach::xnu_model::{Call, Entry, ModelProcess, Vnode, World, XnuModel};
use mach_procfs::kernel::{Detail, Kernel};
use mach_procfs::model::{Pid, Region};

use crate::clock;
use crate::common::target;
use crate::report::Report;
use crate::through::{Scene, kernels, read};

const BUDGET: Duration = Duration::from_millis(400);

pub fn render(scene: &Scene, report: &mut Report) {
    let subject = &scene.subjects[1];
    let pid = Pid::new(subject.pid).expect("a pid");
    let regions: Vec<Region> = mach_procfs::regions(pid)
        .expect("regions")
        .map(|region| region.expect("a region"))
        .collect();
    let formats: [(&str, Renderer, Option<f64>); 3] = [
        ("maps", format::maps, Some(20.0)),
        ("vmmap", format::vmmap, Some(20.0)),
        ("vmmap_r", format::vmmap_r, None),
    ];
    let mut out = Vec::new();
    for (name, render, goal) in formats {
        let time = clock::alone(BUDGET, || {
            out.clear();
            for region in &regions {
                render(black_box(region), &mut out);
            }
            black_box(&out);
        });
        report.figure(format!("render a line of {name}"), time / regions.len() as f64, "ns", goal);
    }

    // The kernel's text as a plain file: no time of the kernel's but that of copying it.
    let subject = &scene.subjects[2];
    let directory = scene.directory().join(subject.pid.to_string());
    std::fs::create_dir(&directory).expect("a directory");
    for file in ["maps", "stat"] {
        let text = std::fs::read(kernels(subject.pid, file)).expect("text");
        std::fs::write(directory.join(file), text).expect("a copy");
    }
    let kernel = LinuxKernel::fixture(scene.directory()).expect("a fixture");
    let pid = Pid::new(subject.pid).expect("a pid");
    let identity = kernel.identity(pid).expect("an identity");
    let mut walk = kernel.regions(pid, identity, Detail::Map).expect("a walk");
    let text = directory.join("maps");
    // As the walk reads: 8 KiB at a time.
    let mut buffer = [0; 8 * 1024];
    let pair = clock::pair(
        BUDGET,
        || {
            out.clear();
            walk.restart().expect("restart");
            while let Some(region) = walk.next_region().expect("a region") {
                format::maps(region, &mut out);
            }
            black_box(&out);
        },
        || {
            black_box(read(&text, &mut buffer));
        },
    );
    let time = (pair.ours - pair.theirs) / subject.regions as f64;
    report.figure("parse and render a line of maps", time, "ns", Some(50.0));
}

/// A process of this many regions, two of five with a file.
fn world(regions: u64) -> World {
    let mut world = World::default();
    world.spawn(ModelProcess::new(500, "target").owned_by(0, 0));
    let file = world.vnode(Vnode { path: vec![b'x'; 47], ..Vnode::default() });
    for number in 0..regions {
        let entry = Entry::new(0x1_0000_0000 + number * 0x8000, 0x4000);
        if matches!(number % 5, 1 | 3) {
            world.map_file(500, entry, file);
        } else {
            world.enter(500, Entry { user_tag: 1, ..entry });
        }
    }
    world
}

pub fn mach_walk(report: &mut Report) {
    let pid = Pid::new(500).expect("a pid");
    for regions in [10, 1_000, 100_000, 1_000_000] {
        let model = Arc::new(XnuModel::new(world(regions)));
        let kernel = MachKernel::new(Arc::clone(&model));
        let identity = kernel.identity(pid).expect("an identity");
        let mut out = Vec::new();
        let mut calls = 0;
        let pair = clock::pair(
            BUDGET,
            || {
                out.clear();
                let before = model.count(Call::RegionPathInfo);
                let mut walk = kernel.regions(pid, identity, Detail::Map).expect("a walk");
                while let Some(region) = walk.next_region().expect("a region") {
                    format::maps(region, &mut out);
                }
                calls = model.count(Call::RegionPathInfo) - before;
                black_box(&out);
            },
            || {
                let mut info = RegionPathInfo::default();
                let mut address = 0;
                while model.region_path_info(500, address, &mut info).is_ok() {
                    address = info.region.address + info.region.size;
                }
                black_box(&info);
            },
        );
        let beside = (pair.ours - pair.theirs).max(0.0) / regions as f64;
        let goal = (regions >= 1000).then_some(150.0);
        let name = format!("Mach walk over {regions} regions, beside the calls");
        report.figure(name, beside, "ns", goal);
        let more = calls as f64 - regions as f64;
        report.figure(
            format!("Mach walk over {regions} regions, calls - regions"),
            more,
            "",
            Some(1.0),
        );
    }
}

/// One's own map as values, against other crates.
pub fn own_map(scene: &Scene, report: &mut Report) {
    for regions in [0, 1_000, 63_000] {
        target::mixed(regions, &scene.file());
        let ours = || {
            let regions = mach_procfs::regions(Pid::this()).expect("regions");
            let all: Vec<Region> = regions.map(|region| region.expect("a region")).collect();
            black_box(all);
        };
        let count = mach_procfs::regions(Pid::this()).expect("regions").count();
        let budget = 2 * BUDGET;
        let pair = clock::pair(budget, ours, || {
            let own = procfs::process::Process::myself().expect("myself");
            black_box(own.maps().expect("maps"));
        });
        report.ratio(format!("own map, {count} regions, against procfs"), pair, Some(1.0));
        let pair = clock::pair(budget, ours, || {
            let own = std::process::id().try_into().expect("a pid");
            black_box(proc_maps::get_process_maps(own).expect("maps"));
        });
        report.ratio(format!("own map, {count} regions, against proc-maps"), pair, Some(1.0));
    }
}
