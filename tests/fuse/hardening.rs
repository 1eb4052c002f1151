//! What rights the daemon keeps, and what its log shows of names.

use crate::common;

use std::fs::{File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use common::mount::{Mount, Place, mounted_types, program};
use nix::sys::signal::{Signal, kill};

/// `CAP_DAC_READ_SEARCH`, `CAP_SYS_CHROOT`, `CAP_SYS_PTRACE`, `CAP_SYS_ADMIN`.
const KEPT: u64 = 1 << 2 | 1 << 18 | 1 << 19 | 1 << 21;
/// `CAP_DAC_READ_SEARCH` and `CAP_SYS_PTRACE`.
const USED: u64 = 1 << 2 | 1 << 19;

fn field(status: &str, name: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix(name)).expect(name);
    u64::from_str_radix(line.trim(), 16).unwrap()
}

#[test]
fn roots_daemon_uses_two_capabilities_and_gains_none() {
    if !common::is_root() {
        return;
    }
    let Some(mut mount) = Mount::new() else { return };
    // All kinds of threads there are.
    assert!(std::fs::read(mount.path("self/task/vmmap")).unwrap().len() > 100);
    let mine = std::fs::read_to_string("/proc/self/status").unwrap();
    let tasks = std::fs::read_dir(format!("/proc/{}/task", mount.daemon_pid())).unwrap();
    let mut threads = 0;
    for task in tasks {
        let status = std::fs::read_to_string(task.unwrap().path().join("status")).unwrap();
        assert_eq!(field(&status, "CapEff:"), USED & field(&mine, "CapEff:"), "{status}");
        assert_eq!(field(&status, "CapPrm:"), KEPT & field(&mine, "CapPrm:"), "{status}");
        for none in ["CapInh:", "CapBnd:", "CapAmb:"] {
            assert_eq!(field(&status, none), 0, "{status}");
        }
        assert_eq!(field(&status, "NoNewPrivs:"), 1, "{status}");
        threads += 1;
    }
    assert!(threads >= 4, "{threads}");
    // With a mount that is in use, too.
    let held = File::open(mount.path("self/maps")).unwrap();
    assert_eq!(mount.signal(Signal::SIGTERM).code(), Some(0));
    assert!(mounted_types(mount.root()).is_empty());
    drop(held);
}

#[test]
fn it_unmounts_where_only_the_owner_can_go() {
    if !common::is_root() {
        return;
    }
    let Some(place) = Place::new() else { return };
    let inside = place.path().join("mount");
    std::fs::create_dir(&inside).unwrap();
    std::os::unix::fs::chown(place.path(), Some(65534), Some(65534)).unwrap();
    std::fs::set_permissions(place.path(), Permissions::from_mode(0o700)).unwrap();
    let mounted = place.run_on(&inside, "mount", &[]);
    assert!(mounted.status.success(), "{mounted:?}");
    assert_eq!(mounted_types(&inside), ["fuse.mach-procfs"]);
    let [daemon] = place.daemons()[..] else { panic!("{:?}", place.daemons()) };
    kill(daemon, Signal::SIGTERM).unwrap();
    place.wait_until_no_daemon();
    assert!(mounted_types(&inside).is_empty());
}

#[test]
fn it_may_open_as_many_files_as_the_system_lets_it() {
    let Some(mount) = Mount::new() else { return };
    let limits = mount.daemons("limits");
    let line = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
    let words: Vec<&str> = line.split_whitespace().collect();
    assert_eq!(words[3], words[4], "{line}");
}

#[test]
fn names_cannot_forge_lines_of_the_log_or_command_the_terminal() {
    let directory = tempfile::tempdir().unwrap();
    let name = "x\n[1970 ERROR mach] all is lost\x1b[2J\u{202e}";
    let path = directory.path().join(name);
    let check = |text: &str| {
        // A command that helps stands on a line of its own.
        let text = match text.split_once('\n') {
            Some((line, command)) if command.starts_with("  mkdir -p $'") => {
                assert!(command.ends_with("\\342\\200\\256'\n"), "{command:?}");
                line
            }
            _ => text,
        };
        assert_eq!(text.lines().count(), 1, "{text:?}");
        assert!(text.contains(r"x\n[1970 ERROR mach] all is lost\u{1b}[2J\u{202e}"), "{text:?}");
        assert!(!text.contains('\x1b') && !text.contains('\u{202e}'), "{text:?}");
    };
    for arguments in [["umount"].as_slice(), &["cat"], &["ls"], &["mount", "-f"]] {
        let output = program().args(arguments).arg(&path).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        check(&String::from_utf8(output.stderr).unwrap());
    }
    let output = program().args(["-vv", "cat"]).arg(Path::new(name)).output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(text.lines().count(), 2, "{text}");
    text.lines().for_each(check);
}
