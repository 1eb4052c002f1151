//! Load for a time: `scripts/dev/soak SECONDS` and `scripts/dev/storm SECONDS`; a few seconds as
//! tests.

use crate::common;
#[allow(unsafe_code)]
mod operations;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use common::mount::Mount;
use common::target::Target;
use nix::errno::Errno;
use parking_lot::Mutex;

/// Every request is answered within this, or a client would be stuck (`pool::watchdog::LIMIT`). Only a soak or a
/// storm that was asked for is held to it: of a test no more is expected than that it ends.
fn longest() -> Duration {
    if asked_for().is_some() { Duration::from_secs(5) } else { Duration::MAX }
}

fn duration() -> Duration {
    asked_for().unwrap_or(Duration::from_secs(4))
}

fn asked_for() -> Option<Duration> {
    let seconds = std::env::var("MACH_PROCFS_SECONDS").ok()?;
    Some(Duration::from_secs(seconds.parse().expect("seconds")))
}

/// The daemon's memory when no reader uses it.
struct Rest {
    resident: usize,
    descriptors: usize,
    threads: usize,
}

impl Rest {
    fn of(mount: &Mount) -> Self {
        let (descriptors, threads) = mount.descriptors_and_threads();
        Rest { resident: mount.resident(), descriptors, threads }
    }

    /// Waits until the daemon holds no more than that again, but for memory that malloc keeps, which
    /// is more where there were files as large as `largest`.
    fn regained(&self, mount: &Mount, largest: usize) {
        common::until("the daemon to come to rest", || {
            let (descriptors, threads) = mount.descriptors_and_threads();
            (descriptors <= self.descriptors && threads <= self.threads + 1).then_some(())
        });
        let resident = mount.resident();
        eprintln!("resident: {} KiB before, {resident} after", self.resident);
        assert!(resident < self.resident + 16 * 1024 + 2 * largest / 1024, "{resident} KiB");
        let log = mount.log();
        // A process of another test may hang in the kernel with its map locked, as in an exec from a
        // mount that does not answer.
        let is_stuck =
            |line: &str| asked_for().is_none() && line.contains("does not answer for this process");
        let is_wrong =
            |line: &str| line.contains("panic") || line.contains("ERROR") && !is_stuck(line);
        assert!(!log.lines().any(is_wrong), "{log}");
    }
}

/// Counts of results by name.
#[derive(Default)]
struct Counts(Mutex<BTreeMap<String, u64>>);

impl Counts {
    fn add(&self, name: &str, number: u64) {
        let mut counts = self.0.lock();
        match counts.get_mut(name) {
            Some(count) => *count += number,
            None => drop(counts.insert(name.to_owned(), number)),
        }
    }

    fn print(&self) {
        for (name, count) in self.0.lock().iter() {
            eprintln!("{count:>12} {name}");
        }
    }
}

/// The content of a file; `longest` becomes at least what its slowest request took. A large file may
/// take long as a whole on a busy machine.
fn read(path: &Path, longest: &mut Duration) -> std::io::Result<Vec<u8>> {
    let mut since = Instant::now();
    let mut done = || {
        *longest = since.elapsed().max(*longest);
        since = Instant::now();
    };
    let file = File::open(path);
    done();
    let mut file = file?;
    let (mut text, mut piece) = (Vec::new(), vec![0; 128 * 1024]);
    loop {
        let got = file.read(&mut piece);
        done();
        match got? {
            0 => return Ok(text),
            got => text.extend_from_slice(&piece[..got]),
        }
    }
}

/// Lines of ascending ranges without overlap, the last one whole.
fn is_well_formed(text: &[u8]) -> bool {
    let mut cursor = 0;
    let number = |digits: &str| u64::from_str_radix(digits, 16).ok();
    let ranges_ascend = String::from_utf8_lossy(text).lines().all(|line| {
        let range = line.split(' ').next().and_then(|range| range.split_once('-'));
        let Some((Some(start), Some(end))) = range.map(|(a, b)| (number(a), number(b))) else {
            return false;
        };
        let follows = cursor <= start && start < end;
        cursor = end;
        follows
    });
    ranges_ascend && text.last().is_none_or(|byte| *byte == b'\n')
}

/// Starts short-lived processes at this rate until the end.
fn births(rate: u32, end: Instant, born: &AtomicU64) {
    let begin = Instant::now();
    let mut children = Vec::new();
    let mut number = 0;
    while Instant::now() < end {
        // The rate, not an order of events, is what is waited for.
        let due = begin + Duration::from_secs(1) * number / rate;
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        number += 1;
        let child = Command::new("/bin/true").stdin(Stdio::null()).spawn();
        children.push(child.unwrap());
        born.fetch_add(1, Ordering::Relaxed);
        children.retain_mut(|child| child.try_wait().unwrap().is_none());
    }
    for mut child in children {
        child.wait().unwrap();
    }
}

#[test]
fn soak() {
    let Some(mount) = Mount::new() else { return };
    let still = Target::stopped("regions 2000;stop");
    let expected = std::fs::read(format!("/proc/{}/maps", still.pid())).unwrap();
    let churning: Vec<Target> = (0..3).map(|_| Target::stopped("regions 50;churn")).collect();
    churning.iter().for_each(Target::go_on);
    assert!(std::fs::read(mount.of(still.pid(), "maps")).unwrap() == expected);
    let own: Vec<u32> = churning.iter().chain([&still]).map(Target::pid).collect();
    let rest = Rest::of(&mount);
    let counts = Counts::default();
    let (born, wrong) = (AtomicU64::new(0), AtomicU64::new(0));
    let (largest, slowest) = (AtomicUsize::new(0), Mutex::new(Duration::ZERO));
    let end = Instant::now() + duration();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| births(250, end, &born));
        }
        for _ in 0..8 {
            scope.spawn(|| {
                let mut longest = Duration::ZERO;
                while Instant::now() < end {
                    let names = std::fs::read_dir(mount.root()).unwrap();
                    let names: Vec<_> = names.map(|name| name.unwrap().file_name()).collect();
                    counts.add("listings", 1);
                    let names = names.iter().filter_map(|name| name.to_str());
                    for pid in common::pids(names) {
                        for file in ["maps", "task/vmmap", "task/vmmap_r"] {
                            match read(&mount.of(pid, file), &mut longest) {
                                Ok(text) => {
                                    largest.fetch_max(text.len(), Ordering::Relaxed);
                                    counts.add("files read", 1);
                                    counts.add("bytes read", text.len() as u64);
                                    if !is_well_formed(&text) {
                                        wrong.fetch_add(1, Ordering::Relaxed);
                                        eprintln!("{}", String::from_utf8_lossy(&text));
                                    }
                                }
                                Err(error) => {
                                    let errno = Errno::from_raw(error.raw_os_error().unwrap());
                                    counts.add(&format!("files not read: {errno:?}"), 1);
                                    let is_gone = matches!(
                                        errno,
                                        Errno::ENOENT | Errno::ESRCH | Errno::EACCES
                                    );
                                    // As in `regained`.
                                    let is_stuck = errno == Errno::EIO
                                        && asked_for().is_none()
                                        && !own.contains(&pid);
                                    if !is_gone && !is_stuck {
                                        wrong.fetch_add(1, Ordering::Relaxed);
                                    }
                                }
                            }
                        }
                    }
                    if std::fs::read(mount.of(still.pid(), "maps")).unwrap() != expected {
                        wrong.fetch_add(1, Ordering::Relaxed);
                    }
                }
                let mut slowest = slowest.lock();
                *slowest = longest.max(*slowest);
            });
        }
    });
    counts.add("processes born", born.load(Ordering::Relaxed));
    counts.print();
    eprintln!("{wrong:?} wrong; the slowest request took {:?}", *slowest.lock());
    assert_eq!(wrong.load(Ordering::Relaxed), 0);
    assert!(*slowest.lock() < longest());
    drop(churning);
    rest.regained(&mount, largest.into_inner());
}

#[test]
fn storm() {
    let Some(mount) = Mount::new() else { return };
    let still = Target::stopped("regions 2000;stop");
    let expected = std::fs::read(format!("/proc/{}/maps", still.pid())).unwrap();
    assert!(std::fs::read(mount.of(still.pid(), "maps")).unwrap() == expected);
    let rest = Rest::of(&mount);
    let counts = Counts::default();
    let wrong = Mutex::new(Vec::new());
    let ended = AtomicBool::new(false);
    let end = Instant::now() + duration();
    let seed: u64 = std::env::var("MACH_PROCFS_SEED")
        .map_or_else(|_| u64::from(std::process::id()), |seed| seed.parse().expect("a number"));
    eprintln!("MACH_PROCFS_SEED={seed}");
    std::thread::scope(|scope| {
        scope.spawn(|| {
            births(50, end, &AtomicU64::new(0));
            ended.store(true, Ordering::Relaxed);
        });
        for thread in 0..4 {
            let (mount, counts, expected) = (&mount, &counts, &expected);
            let (wrong, ended, pid) = (&wrong, &ended, still.pid());
            scope.spawn(move || {
                let mut storm = operations::Storm::new(seed + thread, mount.root(), pid, expected);
                while !ended.load(Ordering::Relaxed) {
                    let since = Instant::now();
                    let (name, result) = storm.next();
                    if since.elapsed() >= longest() {
                        wrong.lock().push(format!("{name} took {:?}", since.elapsed()));
                    }
                    match result {
                        Ok(()) => counts.add(&format!("{name}: done"), 1),
                        Err(operations::Outcome::Refused(errno)) => {
                            counts.add(&format!("{name}: {errno:?}"), 1);
                        }
                        Err(operations::Outcome::Wrong(why)) => {
                            wrong.lock().push(format!("{name}: {why}"));
                        }
                    }
                }
            });
        }
    });
    counts.print();
    let all: u64 = counts.0.lock().values().sum();
    let wrong = wrong.into_inner();
    eprintln!("{all} operations, {} wrong", wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(std::fs::read(mount.of(still.pid(), "maps")).unwrap() == expected);
    rest.regained(&mount, expected.len());
}
