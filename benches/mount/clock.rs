//! Measuring: pinned, in turns, by medians or low quantiles.

use std::time::{Duration, Instant};

use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::unistd::Pid;

/// The CPUs that this process may use.
pub fn affinity() -> CpuSet {
    sched_getaffinity(Pid::from_raw(0)).expect("sched_getaffinity")
}

/// The CPUs that this thread, and whatever it starts, may use from now on.
pub fn set_affinity(cpus: &CpuSet) {
    sched_setaffinity(Pid::from_raw(0), cpus).expect("sched_setaffinity");
}

/// One CPU for this thread and whatever it starts. Which other CPU a wake-up goes to decides more
/// than any code does: 2 us here become 40 there.
pub fn pin(cpu: usize) {
    let mut cpus = CpuSet::new();
    cpus.set(cpu).expect("a CPU's number");
    set_affinity(&cpus);
}

/// One thing measured against another.
#[derive(Clone, Copy, Debug)]
pub struct Pair {
    /// Median nanoseconds.
    pub ours: f64,
    /// Median nanoseconds.
    pub theirs: f64,
    /// Median of ours over theirs, pair by pair.
    pub ratio: f64,
}

impl Pair {
    /// One time over another.
    pub fn new(ours: f64, theirs: f64) -> Self {
        Pair { ours, theirs, ratio: ours / theirs }
    }

    /// By the nanoseconds of each pair, ours first.
    pub fn of(pairs: Vec<(f64, f64)>) -> Self {
        Pair {
            ours: median(pairs.iter().map(|pair| pair.0).collect()),
            theirs: median(pairs.iter().map(|pair| pair.1).collect()),
            ratio: median(pairs.iter().map(|pair| pair.0 / pair.1).collect()),
        }
    }
}

/// Does both in turns, for about this long.
pub fn pair(budget: Duration, mut ours: impl FnMut(), mut theirs: impl FnMut()) -> Pair {
    for _ in 0..3 {
        ours();
        theirs();
    }
    let since = Instant::now();
    let mut pairs = Vec::new();
    while since.elapsed() < budget || pairs.len() < 21 {
        // By turns also in who comes first: what one leaves behind falls to the other.
        let pair = if pairs.len() % 2 == 0 {
            let ours = nanoseconds(&mut ours);
            (ours, nanoseconds(&mut theirs))
        } else {
            let theirs = nanoseconds(&mut theirs);
            (nanoseconds(&mut ours), theirs)
        };
        pairs.push(pair);
    }
    Pair::of(pairs)
}

/// Times of tasks that wait for no other process. A neighbour on the host's core makes this CPU a
/// half slower for seconds or longer. Since that only ever adds, each task runs again and again, at
/// several times of the run, and a low quantile counts.
pub struct Turns<const N: usize>([Vec<f64>; N]);

impl<const N: usize> Turns<N> {
    pub fn new() -> Self {
        Turns([const { Vec::new() }; N])
    }

    /// Does them in turns, for about this long.
    pub fn measure(&mut self, budget: Duration, mut works: [&mut dyn FnMut(); N]) {
        let since = Instant::now();
        while since.elapsed() < budget {
            for (work, times) in works.iter_mut().zip(&mut self.0) {
                // Several, since the first one finds the caches as another work left them.
                times.extend((0..5).map(|_| nanoseconds(work)));
            }
        }
    }

    /// Nanoseconds of each when nothing disturbs.
    pub fn undisturbed(&self) -> [f64; N] {
        self.0.each_ref().map(|times| quantile(times.clone(), 0.05))
    }
}

pub fn nanoseconds(work: &mut (impl FnMut() + ?Sized)) -> f64 {
    let since = Instant::now();
    work();
    since.elapsed().as_nanos() as f64
}

pub fn median(values: Vec<f64>) -> f64 {
    quantile(values, 0.5)
}

pub fn quantile(mut values: Vec<f64>, share: f64) -> f64 {
    assert!(!values.is_empty());
    values.sort_by(f64::total_cmp);
    values[((values.len() - 1) as f64 * share).round() as usize]
}
