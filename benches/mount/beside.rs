//! What is measured while others read, pinned and not.

use std::hint::black_box;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::clock::{self, Pair};
use crate::common::mount::Mount;
use crate::report::Report;
use crate::through::{BUDGET, READ, Scene, kernels, read, read_both};

/// How often the small reads are measured alone and beside a large one, in turns.
const TURNS: u32 = 4;

/// The time of a small read while another reader reads the largest file again and again, over its
/// time alone.
pub fn small_reads(scene: &Scene, report: &mut Report) {
    let (mut alone, mut beside) = (Vec::new(), Vec::new());
    for _ in 0..TURNS {
        alone.extend(times(scene, 2 * BUDGET / TURNS));
        beside.extend(beside_a_large_read(scene, 2 * BUDGET / TURNS));
    }
    for (which, share, goal) in [("99th percentile", 0.99, Some(4.0)), ("median", 0.5, None)] {
        let of = |times: &[f64]| clock::quantile(times.to_vec(), share);
        let name = format!("small read beside a large one over alone, {which}");
        report.ratio(name, Pair::new(of(&beside), of(&alone)), goal);
    }
}

/// The times of small reads, one a millisecond.
fn times(scene: &Scene, budget: Duration) -> Vec<f64> {
    let small = scene.mount.of(scene.subjects[0].pid, "maps");
    let mut buffer = vec![0; READ];
    let since = Instant::now();
    let mut times = Vec::new();
    while since.elapsed() < budget {
        times.push(clock::nanoseconds(&mut || {
            black_box(read(&small, &mut buffer));
        }));
        std::thread::sleep(Duration::from_millis(1));
    }
    times
}

fn beside_a_large_read(scene: &Scene, budget: Duration) -> Vec<f64> {
    let large = scene.mount.of(scene.largest().pid, "maps");
    let ended = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut buffer = vec![0; READ];
            while !ended.load(Ordering::Relaxed) {
                black_box(read(&large, &mut buffer));
            }
        });
        let times = times(scene, budget);
        ended.store(true, Ordering::Relaxed);
        times
    })
}

/// Without pinning. Figures without goals, since the scheduler's placement decides.
pub fn unpinned(scene: &Scene, report: &mut Report) {
    let mount = Mount::new().expect("a mount");
    for subject in &scene.subjects {
        let pair =
            read_both(BUDGET / 2, &mount.of(subject.pid, "maps"), &kernels(subject.pid, "maps"));
        report.ratio(format!("not pinned: maps, {} regions", subject.regions), pair, None);
    }
    let times = beside_a_large_read(scene, 2 * BUDGET);
    let name = "not pinned: small read beside a large one, 99th percentile";
    report.figure(name, clock::quantile(times, 0.99) / 1e6, "ms", None);
    let subject = &scene.subjects[1];
    for clients in [1, 4] {
        for (whose, path) in [
            ("ours", mount.of(subject.pid, "maps")),
            ("the kernel's", kernels(subject.pid, "maps")),
        ] {
            let rate = reads_per_second(&path, clients);
            let name = format!("not pinned: reads a second, {clients} clients, {whose}");
            report.figure(name, rate.round(), "/s", None);
        }
    }
}

fn reads_per_second(path: &Path, clients: usize) -> f64 {
    let reads = AtomicU64::new(0);
    let since = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..clients {
            scope.spawn(|| {
                let mut buffer = vec![0; READ];
                while since.elapsed() < BUDGET / 2 {
                    black_box(read(path, &mut buffer));
                    reads.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    reads.load(Ordering::Relaxed) as f64 / since.elapsed().as_secs_f64()
}
