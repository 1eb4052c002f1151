//! A file of the kernel's own whose process ends, or becomes another image, before it was read is
//! never short as if it were whole.

use crate::common;

use std::process::Command;

use common::target::{Started, Target};
use mach_procfs::format::linux::{public_stat, public_wchan};
use mach_procfs::kernel::{Kernel, Procfs, ProcfsFile, Redact, Text, linux::LinuxKernel};
use mach_procfs::model::{Error, ErrorKind, Pid, Result};

fn opened(pid: u32, name: &'static str, redact: Option<Redact>) -> Result<Box<dyn Text>> {
    let kernel = LinuxKernel::new().unwrap();
    let pid = Pid::new(pid).unwrap();
    kernel.open_file(ProcfsFile::Process(pid, kernel.identity(pid)?), name, redact)
}

fn rest(text: &mut dyn Text) -> Result<Vec<u8>> {
    let mut all = Vec::new();
    while text.fill(&mut all, usize::MAX)? {}
    Ok(all)
}

fn kind<T>(result: Result<T>) -> ErrorKind {
    match result {
        Ok(_) => panic!("it should have failed"),
        Err(error) => error.kind,
    }
}

/// A child with so much in its arguments and its environment that it takes several reads.
fn laden() -> Started {
    let long = "x".repeat(120_000);
    Started::new(
        Command::new("sleep")
            .arg("1000")
            .args(["0", "0"].map(|zero| zero.repeat(60_000)))
            .env("LONG_1", &long)
            .env("LONG_2", &long),
    )
}

#[test]
fn what_ends_too_early_is_no_short_file() {
    for (name, begun) in [("cmdline", true), ("environ", false), ("environ", true)] {
        let mut child = laden();
        let mut text = opened(child.pid(), name, None).unwrap();
        let mut out = Vec::new();
        if begun {
            assert!(text.fill(&mut out, 100_000).unwrap());
            assert!(out.len() < 200_000);
        }
        child.kill();
        let whole = rest(&mut *text);
        assert_eq!(kind(whole), ErrorKind::Vanished, "{name} {begun}");
        assert_eq!(kind(text.restart()), ErrorKind::Vanished);
    }
}

#[test]
fn a_map_of_an_image_that_is_gone_has_vanished() {
    for name in ["smaps", "maps", "smaps_rollup", "environ"] {
        for (step, begun) in
            [("stop", false), ("stop", true), ("exec sleep", false), ("exec sleep", true)]
        {
            let mut target = Target::stopped(&format!("regions 2000;stop;{step}"));
            let mut text = opened(target.pid(), name, None).unwrap();
            let mut out = Vec::new();
            let ended = begun && !text.fill(&mut out, 1).unwrap();
            if ended {
                continue;
            }
            if step == "stop" {
                target.kill()
            } else {
                target.next_image()
            }
            // What the kernel has made at the first read is whole.
            let is_made = name == "smaps_rollup" && begun;
            match rest(&mut *text) {
                Ok(_) => assert!(is_made, "{name} {step} {begun}"),
                Err(Error { kind, .. }) => {
                    assert_eq!(kind, ErrorKind::Vanished, "{name} {step} {begun}");
                }
            }
        }
    }
}

#[test]
fn a_reaped_process_has_vanished() {
    let names = ["stat", "status", "statm", "comm", "limits", "wchan", "cmdline", "smaps"];
    let target = Target::stopped("stop");
    let pid = target.pid();
    let all: Vec<_> = names.map(|name| opened(pid, name, None).unwrap()).into();
    let redacted: [(_, Redact); 2] = [("stat", public_stat), ("wchan", public_wchan)];
    let public = redacted.map(|(name, redact)| opened(pid, name, Some(redact)).unwrap());
    target.reap();
    let names = names.into_iter().chain(redacted.map(|(name, _)| name));
    for (name, mut text) in names.zip(all.into_iter().chain(public)) {
        assert_eq!(kind(rest(&mut *text)), ErrorKind::Vanished, "{name}");
    }
}

#[test]
fn an_empty_environment_is_an_empty_file() {
    let child = Started::new(Command::new("sleep").arg("1000").env_clear());
    let whole = |name| rest(&mut *opened(child.pid(), name, None).unwrap()).unwrap();
    assert_eq!(whole("environ"), b"");
    assert_eq!(whole("cmdline"), b"sleep\x001000\0");
}

/// As the kernel answers ESRCH, or with nothing; a user may not open the `environ` of a zombie, which
/// is root's (`task_dump_owner`).
#[test]
fn a_zombie_has_no_memory_to_show() {
    let target = Target::stopped("stop");
    target.kill();
    for name in ["cmdline", "smaps", "maps", "environ", "smaps_rollup", "mounts"] {
        let ours = opened(target.pid(), name, None).and_then(|mut text| rest(&mut *text));
        match std::fs::read(format!("/proc/{}/{name}", target.pid())) {
            Ok(theirs) => assert_eq!(ours.unwrap(), theirs, "{name}"),
            Err(error) if error.raw_os_error() == Some(libc::EACCES) => {
                assert_eq!(kind(ours), ErrorKind::Denied, "{name}");
            }
            Err(_) => assert_eq!(kind(ours), ErrorKind::Vanished, "{name}"),
        }
    }
}
