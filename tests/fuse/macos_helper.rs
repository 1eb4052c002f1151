//! The macOS mounter against helpers that cannot mount, on Linux and on a Mac without macFUSE. Those
//! that mount are in tests/fuse/macos_mounter, for which the kernel's own FUSE is needed.

use std::fs;
use std::path::Path;
use std::time::Duration;

use mach_procfs::model::Mounted;
use mach_procfs::mount::macos::{Mac, Volumes};
use mach_procfs::mount::{MountError, Options};
use mach_procfs::tree::Tree;
use nix::errno::Errno;
use nix::sys::wait::waitpid;

use crate::common::program::{in_own_process, write_script};

/// A system on which nothing is mounted.
#[derive(Clone)]
struct Nothing;

impl Volumes for Nothing {
    fn mounted(&self) -> Result<Vec<Mounted>, String> {
        Ok(Vec::new())
    }

    fn unmount(&self, path: &Path, _: bool) -> Result<(), Errno> {
        panic!("{} is unmounted, on which nothing is mounted", path.display());
    }
}

/// Mounts by a helper that is this shell script.
fn mount(top: &Path, script: &str, within: Duration) -> MountError {
    let helper = top.join("helper");
    write_script(&helper, &format!("#!/usr/bin/env bash\n{script}\n"));
    let [osxfuse, fuse_t] = ["osxfuse", "fuse-t"].map(|name| top.join(name));
    let helper = if script.is_empty() { top.join("missing") } else { helper };
    let mac = Mac { volumes: Nothing, helper, osxfuse, fuse_t, within };
    let tree = Tree::new(mach_procfs::kernel::host().unwrap(), 0, 0);
    let place = top.join("a place");
    let error = mac.mount(tree, &place, &Options::for_user(501), || panic!("it is not mounted"));
    assert_eq!(waitpid(None, None), Err(Errno::ECHILD), "no child is left");
    error.unwrap_err()
}

#[test]
fn helpers_that_cannot_mount() {
    // All children of the process are looked for.
    if !in_own_process(module_path!(), "helpers_that_cannot_mount") {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let top = directory.path().canonicalize().unwrap();
    fs::create_dir(top.join("a place")).unwrap();
    let long = Duration::from_secs(60);
    let given = "printf '%s\\n' \"$@\" >\"${0%/*}/given\"; echo 'not available (1)' >&2; exit 64";
    for (script, within, words) in [
        (given, long, &["status 64", "not available (1)", "System Settings"][..]),
        ("kill -KILL $$", long, &["SIGKILL"]),
        ("printf x >&$_FUSE_COMMFD", long, &["no descriptor"]),
        ("exec sleep 1000", Duration::from_millis(300), &["within 0.3 s", "System Settings"]),
        ("", long, &["macFUSE is not installed"]),
    ] {
        let said = mount(&top, script, within).to_string();
        for word in words {
            assert!(said.contains(word), "'{word}' in: {said}");
        }
        assert!(!said.contains('\n'), "{said}");
    }
    let given = fs::read_to_string(top.join("given")).unwrap();
    let [option, list, quiet, place] = given.lines().collect::<Vec<_>>()[..] else {
        panic!("{given}")
    };
    assert_eq!([option, quiet], ["-o", "-q"]);
    assert_eq!(place, top.join("a place").to_str().unwrap());
    assert!(list.starts_with("fsname=mach-procfs,volname=mach-procfs,"), "{list}");
}
