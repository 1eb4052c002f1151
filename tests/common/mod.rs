//! What the integration tests share: target processes, mounts that always end, golden files.
#![allow(dead_code, missing_docs, unreachable_pub, clippy::unwrap_used, clippy::expect_used)]
#![allow(clippy::panic)]

pub mod golden;
#[cfg(target_os = "linux")]
pub mod mount;
pub mod program;
pub mod regions;
#[cfg(all(target_os = "linux", feature = "mount"))]
pub mod served;
#[cfg(target_os = "linux")]
pub mod target;

use std::time::{Duration, Instant};

use mach_procfs::tree::{On, ROWS};

/// The names that a directory has on Linux, of the rows and in their order; what there are many of
/// stands behind them.
pub fn rows_of(directory: &str) -> Vec<&'static str> {
    ROWS.iter()
        .filter(|row| !row.path.is_empty() && row.items.is_none() && row.on != On::Darwin)
        .filter(|row| row.path.rsplit_once('/').map_or("", |(parent, _)| parent) == directory)
        .map(|row| row.name())
        .collect()
}

/// The threads that the kernel's own procfs lists, ascending.
pub fn threads(pid: u32) -> Vec<u32> {
    let names = std::fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    let names: Vec<_> = names.map(|name| name.unwrap().file_name()).collect();
    let mut threads = pids(names.iter().filter_map(|name| name.to_str()));
    threads.sort_unstable();
    threads
}

/// Those of these names that are pids.
pub fn pids<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<u32> {
    names.into_iter().filter_map(|name| name.parse().ok()).collect()
}

/// Asks until the answer comes. The limit only ends a test that would hang; no test depends on
/// how long anything takes.
pub fn until<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let since = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(since.elapsed() < Duration::from_secs(20), "gave up waiting for {what}");
        std::thread::yield_now();
    }
}

/// Says that a test cannot run here; under CI=true that is a failure.
pub fn skip(why: &str) {
    assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "CI must not skip: {why}");
    eprintln!("SKIPPED: {why}");
}

/// Whether this runs as root, which tests with several users need.
pub fn is_root() -> bool {
    let root = nix::unistd::geteuid().is_root();
    if !root {
        skip("needs root");
    }
    root
}
