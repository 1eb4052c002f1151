//! What is measured without a mount.

use std::hint::black_box;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use mach_procfs::format::{self, Renderer};
use mach_procfs::kernel::linux::LinuxKernel;
use mach_procfs::kernel::{Detail, Kernel, Walk};
use mach_procfs::model::{Pid, Region};
use xnu_model::{Call, XnuModel};

use crate::both;
use crate::clock::{self, Pair, Turns};
use crate::common::target;
use crate::report::Report;
use crate::through::{Scene, kernels, read};

const BUDGET: Duration = Duration::from_millis(800);

/// How long one part of [`Turns`] is.
const TURNS: Duration = Duration::from_secs(2);

/// Renderers, the most that they may take over the last one, which is there to compare with.
const FORMATS: [(&str, Renderer, Option<f64>); 4] = [
    ("a line of maps", format::maps, Some(0.15)),
    ("a line of vmmap", format::vmmap, Some(0.15)),
    ("a line of vmmap_r", format::vmmap_r, None),
    ("a line of maps by write!", both::maps_with_write, None),
];

/// The most that parsing and rendering a line may take over writing it.
const PARSED: f64 = 0.4;

/// What a line of a Mach region may take beside two copies of it.
const BESIDE_COPIES: f64 = 20.0;

fn regions_of(pid: Pid) -> Vec<Region> {
    let kernel = LinuxKernel::new().expect("a kernel");
    let identity = kernel.identity(pid).expect("an identity");
    let mut walk = kernel.regions(pid, identity, Detail::Map).expect("a walk");
    let mut regions = Vec::new();
    while let Some(region) = walk.next_region().expect("a region") {
        regions.push(region.clone());
    }
    regions
}

/// Lines rendered, and parsed and rendered.
pub struct Lines {
    regions: Vec<Region>,
    /// The kernel's text as a plain file: no time of the kernel's but that of copying it.
    text: PathBuf,
    lines_of_text: usize,
    walk: Box<dyn Walk>,
    turns: Turns<6>,
}

impl Lines {
    pub fn new(scene: &Scene) -> Self {
        let pid = Pid::new(scene.subjects[1].pid).expect("a pid");
        let regions = regions_of(pid);
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
        Lines {
            regions,
            text: directory.join("maps"),
            lines_of_text: subject.regions,
            walk: kernel.regions(pid, identity, Detail::Map).expect("a walk"),
            turns: Turns::new(),
        }
    }

    pub fn measure(&mut self) {
        let Lines { regions, text, walk, turns, .. } = self;
        let [mut maps, mut vmmap, mut vmmap_r, mut with_write] = FORMATS.map(|(_, render, _)| {
            let (regions, mut out) = (&*regions, Vec::new());
            move || {
                out.clear();
                for region in regions {
                    render(black_box(region), &mut out);
                }
                black_box(&out);
            }
        });
        let mut out = Vec::new();
        let mut parse_and_render = || {
            out.clear();
            walk.restart().expect("restart");
            while let Some(region) = walk.next_region().expect("a region") {
                format::maps(region, &mut out);
            }
            black_box(&out);
        };
        // As the walk reads: 8 KiB at a time.
        let mut buffer = [0; 8 * 1024];
        let mut copy = || {
            black_box(read(text, &mut buffer));
        };
        turns.measure(
            TURNS,
            [
                &mut maps,
                &mut vmmap,
                &mut vmmap_r,
                &mut with_write,
                &mut parse_and_render,
                &mut copy,
            ],
        );
    }

    pub fn tell(&self, report: &mut Report) {
        let [rendered @ .., parsed, copied] = self.turns.undisturbed();
        let rendered = rendered.map(|time| time / self.regions.len() as f64);
        let written = rendered[3];
        for ((name, _, goal), time) in FORMATS.into_iter().zip(rendered).take(3) {
            let name = format!("render {name} over maps by write!");
            report.ratio(name, Pair::new(time, written), goal);
        }
        let time = (parsed - copied) / self.lines_of_text as f64;
        let name = "parse and render a line of maps over write!";
        report.ratio(name, Pair::new(time, written), Some(PARSED));
    }
}

/// Walks of the Mach source over the model.
pub struct MachWalks(Vec<(u64, Arc<XnuModel>, Turns<3>)>);

impl MachWalks {
    pub fn new() -> Self {
        let sizes = [10, 1_000, 100_000, 1_000_000];
        MachWalks(sizes.map(|size| (size, both::model(size), Turns::new())).into())
    }

    pub fn measure(&mut self) {
        let (mut out, mut copied) = (Vec::new(), Vec::new());
        for (_, model, turns) in &mut self.0 {
            both::mach_walk(model, &mut out)();
            let text = out.clone();
            let mut walk = both::mach_walk(model, &mut out);
            let mut copy = both::copy_of_lines(&text, &mut copied);
            turns.measure(TURNS / 2, [&mut walk, &mut || both::mach_calls(model), &mut copy]);
        }
    }

    pub fn tell(&self, report: &mut Report) {
        let mut out = Vec::new();
        for (regions, model, turns) in &self.0 {
            let mut walk = both::mach_walk(model, &mut out);
            let before = model.count(Call::RegionPathInfo);
            walk();
            let calls = model.count(Call::RegionPathInfo) - before;
            let of_line = |time: f64| time.max(0.0) / *regions as f64;
            let [whole, calling, copying] = turns.undisturbed();
            let line = of_line(whole - calling);
            let allowed = 2.0 * of_line(copying) + BESIDE_COPIES;
            let goal = (*regions >= 1000).then_some(1.0);
            let name = format!("Mach line of {regions} over 2 copies and 20 ns");
            report.ratio(name, Pair::new(line, allowed), goal);
            let more = calls as f64 - *regions as f64;
            let name = format!("Mach walk over {regions} regions, calls - regions");
            report.figure(name, more, "", Some(1.0));
        }
    }
}

/// One's own map as values, against other crates.
pub fn own_map(scene: &Scene, report: &mut Report) {
    for regions in [0, 1_000, 63_000] {
        target::mixed(regions, &scene.file());
        let ours = || {
            let regions = mach_procfs::own_regions().expect("regions");
            let all: Vec<mach_procfs::Region> =
                regions.map(|region| region.expect("a region")).collect();
            black_box(all);
        };
        let count = mach_procfs::own_regions().expect("regions").count();
        let pair = clock::pair(BUDGET, ours, || {
            let own = procfs::process::Process::myself().expect("myself");
            black_box(own.maps().expect("maps"));
        });
        report.ratio(format!("own map, {count} regions, against procfs"), pair, Some(1.0));
        let pair = clock::pair(BUDGET, ours, || {
            let own = std::process::id().try_into().expect("a pid");
            black_box(proc_maps::get_process_maps(own).expect("maps"));
        });
        report.ratio(format!("own map, {count} regions, against proc-maps"), pair, Some(1.0));
    }
}
