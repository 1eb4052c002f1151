//! What the integration tests share: target processes, mounts that always end, golden files.
#![allow(dead_code, missing_docs, unreachable_pub, clippy::unwrap_used, clippy::expect_used)]
#![allow(clippy::panic)]

pub mod counted;
pub mod golden;
pub mod mach;
#[cfg(target_os = "linux")]
pub mod mount;
pub mod program;
pub mod regions;
#[cfg(all(target_os = "linux", feature = "mount"))]
pub mod served;
#[cfg(target_os = "linux")]
pub mod target;
pub mod watchdog;

use std::io::Write;
use std::time::{Duration, Instant};

use mach_procfs::tree::{On, ROWS};

/// The names that a directory has on Linux, of the rows and in their order; entries that the kernel
/// enumerates follow them.
pub fn rows_of(directory: &str) -> Vec<&'static str> {
    ROWS.iter()
        .filter(|row| !row.path.is_empty() && row.entries.is_none() && row.on != On::Darwin)
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

/// A line with a UUID of version 4 (RFC 9562): random but for its version and its variant.
pub fn assert_random_uuid(line: &str) {
    let parts: Vec<&str> = line.strip_suffix('\n').expect("a line").split('-').collect();
    assert_eq!(parts.iter().map(|it| it.len()).collect::<Vec<_>>(), [8, 4, 4, 4, 12], "{line}");
    let is_digit = |it: char| matches!(it, '0'..='9' | 'a'..='f');
    assert!(parts.concat().chars().all(is_digit), "{line}");
    assert!(parts[2].starts_with('4') && parts[3].starts_with(['8', '9', 'a', 'b']), "{line}");
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

/// Says that a test, or a part of it, cannot run here and why: on standard error, past libtest,
/// and in the file that scripts/test makes its summary from. With CI=true it is a failure, but for
/// the reasons that MACH_PROCFS_MAY_SKIP lists, one on each line.
pub fn skip(why: &str) {
    let line = format!("SKIPPED {}: {why}\n", test_name());
    let is_ci = std::env::var_os("CI").is_some_and(|ci| ci == "true");
    let allowed = std::env::var("MACH_PROCFS_MAY_SKIP").unwrap_or_default();
    assert!(!is_ci || allowed.lines().any(|line| line == why), "CI must not skip: {why}");
    std::io::stderr().write_all(line.as_bytes()).expect("standard error");
    if let Some(summary) = std::env::var_os("MACH_PROCFS_SKIPPED") {
        let file = std::fs::File::options().append(true).create(true).open(summary);
        file.expect("the list of skipped tests").write_all(line.as_bytes()).expect("a line in it");
    }
}

/// The test that this thread runs, behind the name of its program.
pub fn test_name() -> String {
    let program = std::env::current_exe().unwrap_or_default();
    let program = program.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    // Cargo puts a dash and a hash behind the name.
    let program = program.rsplit_once('-').map_or(program.as_str(), |(name, _)| name).to_owned();
    format!("{program}::{}", std::thread::current().name().unwrap_or("main"))
}

/// Whether this runs as root, which tests with several users need.
pub fn is_root() -> bool {
    let root = nix::unistd::geteuid().is_root();
    if !root {
        skip("needs root");
    }
    root
}

/// Whether a path is the same in every mount namespace. In a plain chroot it is not: the kernel shows a
/// process of another mount namespace with paths that begin outside (`d_path`), so that a reader in a
/// namespace of its own cannot be compared with the daemon.
#[cfg(target_os = "linux")]
pub fn has_no_chroot() -> bool {
    let root = format!("/proc/{}/root", std::process::id());
    let seen = std::process::Command::new("unshare").args(["--mount", "readlink", &root]).output();
    let is_same = seen.is_ok_and(|output| output.stdout == b"/\n");
    if !is_same {
        skip("in a chroot the kernel shows paths of other mount namespaces from outside");
    }
    is_same
}

/// Whether processes may have mounts of their own, which nothing outside sees. Not where the root
/// directory is no mount point, as in a plain chroot: its propagation cannot be changed.
#[cfg(target_os = "linux")]
pub fn has_own_mounts() -> bool {
    let tried = std::process::Command::new("unshare")
        .args(["--mount", "--propagation", "private", "true"])
        .output();
    let may = tried.is_ok_and(|output| output.status.success());
    if !may {
        skip("no private mounts are possible here");
    }
    may
}

/// Whether processes may have a user namespace of their own. In a plain chroot, and where an
/// administrator bars them, they may not (`create_user_ns`); what needs one is left out then.
#[cfg(target_os = "linux")]
pub fn has_user_namespaces() -> bool {
    let tried = std::process::Command::new("unshare").args(["--user", "true"]).output();
    let may = tried.is_ok_and(|output| output.status.success());
    if !may {
        skip("user namespaces are barred here");
    }
    may
}
