//! The walk over a `maps` and the renderer of its lines, which programs that use the library read,
//! against the kernel's own text. Through the tree Linux's own text is shown.

use crate::common::target::Target;

use std::path::Path;

use mach_procfs::format;
use mach_procfs::kernel::{Detail, Kernel, linux::LinuxKernel};
use mach_procfs::model::{ErrorKind, Pid, Result};

/// What the walk and the renderer make of a process's `maps`.
pub fn rendered(kernel: &LinuxKernel, pid: u32) -> Result<Vec<u8>> {
    let pid = Pid::new(pid).unwrap();
    let mut walk = kernel.regions(pid, kernel.identity(pid)?, Detail::Map)?;
    let mut text = Vec::new();
    while let Some(region) = walk.next_region()? {
        format::maps(region, &mut text);
    }
    Ok(text)
}

fn kernels(pid: u32) -> std::io::Result<Vec<u8>> {
    std::fs::read(format!("/proc/{pid}/maps"))
}

#[test]
fn as_many_lines_as_there_are() {
    let kernel = LinuxKernel::new().unwrap();
    for regions in [1, 1_000, 20_000] {
        let target = Target::stopped(&format!("regions {regions};stop"));
        let ours = rendered(&kernel, target.pid()).unwrap();
        assert!(ours == kernels(target.pid()).unwrap(), "with {regions} regions");
    }
}

/// Those whose map changes meanwhile are left out; at least one does not change.
#[test]
fn every_process_of_the_machine() {
    let kernel = LinuxKernel::new().unwrap();
    let target = Target::stopped("regions 10;stop");
    let mut compared = Vec::new();
    for pid in kernel.processes().unwrap().into_iter().map(Pid::number) {
        let Ok(before) = kernels(pid) else { continue };
        let ours = rendered(&kernel, pid);
        if kernels(pid).is_ok_and(|after| after == before) {
            let ours = ours.unwrap();
            assert!(ours == before, "{pid}: {}", String::from_utf8_lossy(&ours));
            compared.push(pid);
        }
    }
    assert!(compared.contains(&target.pid()), "{compared:?}");
}

/// A directory that looks like a procfs, with process 7 and this text as its `maps`.
fn fixture(maps: &str) -> (tempfile::TempDir, LinuxKernel) {
    let root = tempfile::tempdir().unwrap();
    let directory = root.path().join("7");
    std::fs::create_dir(&directory).unwrap();
    let write = |name: &str, text: &str| std::fs::write(directory.join(name), text).unwrap();
    write("maps", maps);
    write("stat", &format!("7 (x) S 1{} 1 0\n", " 0".repeat(17)));
    let kernel = LinuxKernel::fixture(Path::new(root.path())).unwrap();
    (root, kernel)
}

const LINE: &str = "1000-2000 r-xp 0 0:0 0 \n";

#[test]
fn text_that_the_kernel_cannot_have_written_is_an_error_and_no_end() {
    let (_root, kernel) = fixture(&format!("{LINE}garbage\n{LINE}"));
    let error = rendered(&kernel, 7).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Failed);
    assert_eq!(error.pid.map(Pid::number), Some(7));
    assert_eq!(error.address, Some(0x2000), "where the last good line ended");
    assert_eq!(error.call, "parse(maps)");
    let (_root, kernel) = fixture("");
    assert_eq!(rendered(&kernel, 7).unwrap(), b"");
    let (_root, kernel) = fixture(&"x".repeat(3 << 20));
    assert_eq!(rendered(&kernel, 7).unwrap_err().kind, ErrorKind::Failed);
}

#[test]
fn a_region_that_grew_over_what_was_shown_is_cut_to_the_rest() {
    let (_root, kernel) =
        fixture("1000-3000 r-xp 0 0:0 0 \n1000-2000 r-xp 0 0:0 0 \n2000-5000 r--p 7000 1:2 9 /x\n");
    let text = String::from_utf8(rendered(&kernel, 7).unwrap()).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines[0].starts_with("00001000-00003000 r-xp"), "{lines:?}");
    assert!(lines[1].starts_with("00003000-00005000 r--p 00008000 01:02 9 "), "{lines:?}");
}
