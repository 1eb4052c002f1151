//! Python's psutil, as the system's package has it.

use std::path::Path;
use std::process::Command;

use super::alone::is_alone;
use super::asking::Asking;
use super::common::target::Target;
use super::common::{self, mount::Mount};
use super::targets::Stopped;

/// The system's own, whose modules its package manager installs; there may be others on the PATH.
pub const PYTHON: &str = "/usr/bin/python3";

/// Whether it is there; says so where not, which in CI is a failure.
pub fn has_psutil() -> bool {
    let found = Command::new(PYTHON).args(["-c", "import psutil"]).output();
    let found = found.is_ok_and(|output| output.status.success());
    if !found {
        common::skip("psutil is missing; scripts/test installs it");
    }
    found
}

const SCRIPT: &str = include_str!("psutil.py");

struct Visibility {
    mount: Mount,
    targets: (Stopped, Stopped, Stopped, Target),
}

impl Visibility {
    fn new() -> Self {
        let mount = Mount::new().unwrap();
        let file = "/etc/passwd";
        let script = format!(
            "name 2920285a0a29;thread 61206229;descriptors 50;keep f {file};pipe p;socket s;listen l;\
             map m touched;map f file {file};stop"
        );
        let odd = Stopped::with_odd_arguments(0);
        let terminal = Stopped::at_a_terminal();
        let nobodys = Stopped::with_odd_arguments(super::NOBODY);
        Visibility { mount, targets: (odd, terminal, nobodys, Target::stopped(&script)) }
    }

    fn pids(&self) -> [u32; 4] {
        let (odd, terminal, nobodys, target) = &self.targets;
        [odd.pid(), terminal.pid(), nobodys.pid(), target.pid()]
    }

    /// Everything is the same, asked by this user, with `PROCFS_PATH` set to a mount elsewhere, or
    /// with the mount at `/proc`.
    fn assert_same(&self, user: u32, at_proc: bool) -> String {
        let asking = Asking::about(&self.mount, &self.pids());
        // The kernel's procfs stays to be seen there.
        let kernels = tempfile::tempdir().unwrap();
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(kernels.path(), open).unwrap();
        let kernels_path = kernels.path().to_str().unwrap().to_owned();
        let ours = if at_proc {
            "/proc".to_owned()
        } else {
            self.mount.root().to_str().unwrap().to_owned()
        };
        let asking = Asking {
            user,
            keeps: Some(kernels.path()),
            variables: [
                asking.variables,
                vec![("SCRIPT", SCRIPT.to_owned()), ("KERNELS", kernels_path), ("OURS", ours)],
            ]
            .concat(),
            ..asking
        };
        let line = format!("{PYTHON} -c \"$SCRIPT\" $KERNELS $OURS $WORDS");
        let at = if at_proc { self.mount.root() } else { Path::new("/proc") };
        asking.over(at, &line).good()
    }
}

#[test]
fn with_its_path_set_to_the_mount() {
    if !has_psutil() || !is_alone("psutil::with_its_path_set_to_the_mount") {
        return;
    }
    let shown = Visibility::new();
    let said = shown.assert_same(0, false);
    for part in
        ["two words", "/etc/passwd", "AN_ODD_ONE", "pts/", "status = 'stopped'", "status='LISTEN'"]
    {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert!(!said.contains("Denied"), "{said}");
}

#[test]
fn with_the_mount_at_proc() {
    if !has_psutil() || !is_alone("psutil::with_the_mount_at_proc") {
        return;
    }
    let said = Visibility::new().assert_same(0, true);
    assert!(!said.contains("Denied"), "{said}");
}

#[test]
fn by_another_user() {
    if !has_psutil() || !is_alone("psutil::by_another_user") {
        return;
    }
    let shown = Visibility::new();
    for at_proc in [false, true] {
        let said = shown.assert_same(super::NOBODY, at_proc);
        assert!(said.contains("environ = psutil.AccessDenied"), "{said}");
        assert!(said.contains("AN_ODD_ONE"), "its own: {said}");
    }
}
