//! `scripts/install` on macOS: macFUSE that is missing, who may replace the LaunchDaemon's program, and
//! how it is stopped and started.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use super::machine::{Machine, Outcome, real};

const LABEL: &str = "io.github.mach-procfs";
const PLIST: &str = "/Library/LaunchDaemons/io.github.mach-procfs.plist";
const CASK: &str = "  brew install --cask macfuse\n";

fn machine(macfuse: bool) -> Machine {
    let machine = Machine::complete("macos");
    if !macfuse {
        fs::remove_dir(machine.path("machine/Library/Filesystems/macfuse.fs")).unwrap();
    }
    for tool in ["ln", "readlink"] {
        symlink(real(tool), machine.path("bin").join(tool)).unwrap();
    }
    fs::create_dir(machine.path("dest")).unwrap();
    machine
}

fn for_all(machine: &Machine) -> Outcome {
    let dest = machine.path("dest");
    let environment = [("DESTDIR", dest.to_str().unwrap())];
    machine.script_with("home", "../repo/scripts/install".into(), &[], &environment)
}

#[test]
fn a_mac_without_macfuse_gets_the_program_and_a_note() {
    let missing = "`mount` needs macFUSE, which is missing;";
    for macfuse in [false, true] {
        let machine = machine(macfuse);
        let all = for_all(&machine);
        all.succeeded().did(&["cargo build --release"]);
        assert!(machine.path("dest/usr/local/bin/mach-procfs").exists());
        let mine = machine.script("scripts/install", &[]);
        mine.succeeded().did(&["cargo build --release"]);
        assert!(machine.path("home/.local/bin/mach-procfs").exists());
        for said in [&all.stdout, &mine.stdout] {
            assert_eq!(said.contains(missing), !macfuse, "{said}");
            assert_eq!(said.contains(CASK), !macfuse, "{said}");
        }
    }
}

/// With DESTDIR launchd does not know the service.
#[test]
fn a_mac_gets_a_hint_at_the_restart() {
    let machine = machine(true);
    let said = for_all(&machine).succeeded().stdout.clone();
    let start = format!("  sudo launchctl bootstrap system {PLIST}\n");
    for part in ["apfs.util -t", &start, "Reduced Security", "doctor"] {
        assert!(said.contains(part), "{said}");
    }
    fs::create_dir(machine.path("machine/proc")).unwrap();
    let said = for_all(&machine).succeeded().stdout.clone();
    assert!(!said.contains("apfs.util") && said.contains(&start), "{said}");
}

// --- who may replace the program ----------------------------------------------------------------

/// A dry run for real, in which directories belong to this user.
fn dry_run(machine: Machine, owner: u32) -> Outcome {
    let machine = machine.root();
    fs::remove_file(machine.path("bin/ls")).unwrap();
    let real = real("ls").display().to_string();
    machine.fake(
        "bin/ls",
        &format!(
            r#"[ "$1" = -ldn ] || exec {real} "$@"
            read -r mode links _ rest < <({real} "$@")
            case $2 in *.toml) owner=0 ;; *) owner={owner} ;; esac
            echo "$mode $links $owner $rest""#
        ),
    );
    // A prefix of its own, in which nothing is installed on the machine that this test runs on.
    let prefix = machine.path("prefix");
    machine.script("scripts/install", &["--dry-run", "--prefix", prefix.to_str().unwrap()])
}

fn with_directories(mode: u32, name: &str) -> Machine {
    let machine = machine(true);
    let top = machine.path("machine");
    fs::create_dir_all(top.join("Library/PrivilegedHelperTools")).unwrap();
    for safe in ["", "Library", "Library/PrivilegedHelperTools"] {
        fs::set_permissions(top.join(safe), fs::Permissions::from_mode(0o755)).unwrap();
    }
    fs::set_permissions(top.join(name), fs::Permissions::from_mode(mode)).unwrap();
    machine
}

#[test]
fn only_root_may_replace_what_runs_as_root() {
    let names = ["Library/PrivilegedHelperTools", "Library", ""];
    for name in names {
        for mode in [0o775, 0o757, 0o777] {
            let machine = with_directories(mode, name);
            let shown = machine.path("machine").join(name);
            let shown = shown.to_str().unwrap().trim_end_matches('/').to_owned();
            dry_run(machine, 0).did(&[]).failed(&format!(
                "scripts/install: users other than root can write to {shown}/, and {LABEL} runs as \
                 root from there"
            ));
        }
        for mode in [0o755, 0o1777, 0o700] {
            dry_run(with_directories(mode, name), 0).succeeded();
        }
    }
    let machine = with_directories(0o755, "");
    let shown = machine.path("machine/Library/PrivilegedHelperTools");
    dry_run(machine, 501).did(&[]).failed(&format!(
        "scripts/install: users other than root can write to {}/, and {LABEL} runs as root from there",
        shown.display()
    ));
    // Where it is missing root makes it.
    let machine = with_directories(0o755, "");
    fs::remove_dir(machine.path("machine/Library/PrivilegedHelperTools")).unwrap();
    dry_run(machine, 0).succeeded();
}

// --- stopping and starting ----------------------------------------------------------------------

/// launchd: still has the service for so many questions after it was asked to end it, and refuses to
/// start one for so many times with this status.
fn launchd(ends_after: u32, refuses: u32, status: i32) -> Machine {
    let machine = machine(true);
    machine.file("there", &ends_after.to_string());
    machine.file("refuses", &refuses.to_string());
    machine.fake("bin/sleep", r#"echo "sleep $1" >>"$here/log""#);
    machine.fake(
        "bin/launchctl",
        &format!(
            r#"less() {{ left=$(cat "$here/$1"); [ "$left" -gt 0 ] && echo $((left - 1)) >"$here/$1"; }}
            case $1 in
                print) less there; exit ;;
                bootout) echo "$*" >>"$here/log"; exit 3 ;;
            esac
            echo "$*" >>"$here/log"
            if less refuses; then exit {status}; fi"#
        ),
    );
    let script = "me=scripts/install root=${0%/*}\n\
                  . \"$root/scripts/lib.sh\"; . \"$root/scripts/files.sh\"\n\
                  . \"$root/scripts/macos.sh\"; \"$1\"\n";
    machine.file("repo/start", &format!("set -euo pipefail\n{script}"));
    machine
}

fn daemon(machine: &Machine, task: &str) -> Outcome {
    let start = machine.path("repo/start");
    machine.script_from("home", Path::new(&start).to_owned(), &[task])
}

#[test]
fn the_daemon_is_started_when_launchd_has_ended_the_one_before() {
    let bootout = format!("bootout system/{LABEL}");
    let bootstrap = format!("bootstrap system {PLIST}");
    daemon(&launchd(0, 0, 5), "start_daemon").succeeded().did(&[&bootout, &bootstrap]);
    daemon(&launchd(2, 0, 5), "start_daemon")
        .succeeded()
        .did(&[&bootout, "sleep 1", "sleep 1", &bootstrap]);
    for status in [5, 37] {
        daemon(&launchd(0, 1, status), "start_daemon")
            .succeeded()
            .did(&[&bootout, &bootstrap, "sleep 1", &bootstrap]);
    }
    daemon(&launchd(1, 0, 5), "stop_daemon").succeeded().did(&[&bootout, "sleep 1"]);
}

/// A bootstrap of a service that launchd has is an error.
#[test]
fn a_daemon_that_was_started_is_started_again_by_kickstart() {
    let machine = launchd(0, 0, 5);
    fs::create_dir(machine.path("machine/proc")).unwrap();
    let kickstart = format!("  sudo launchctl kickstart system/{LABEL}\n");
    let bootstrap = format!("  sudo launchctl bootstrap system {PLIST}\n");
    let hint = |is_known: bool| {
        machine.file("there", if is_known { "1" } else { "0" });
        let said = daemon(&machine, "next_on_macos").succeeded().stdout.clone();
        let (right, wrong) =
            if is_known { (&kickstart, &bootstrap) } else { (&bootstrap, &kickstart) };
        assert!(said.ends_with(right) && !said.contains(wrong), "{said}");
    };
    hint(true);
    hint(false);
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/macos.md");
    assert!(fs::read_to_string(page).unwrap().contains(kickstart.trim()));
}

#[test]
fn launchd_is_not_waited_for_without_end() {
    let failed = daemon(&launchd(1000, 0, 5), "start_daemon");
    failed.failed(&format!("scripts/install: launchd has not ended {LABEL} within 30 s"));
    assert_eq!(failed.log.iter().filter(|it| *it == "sleep 1").count(), 29);
    for (status, tries) in [(5, 10), (37, 10), (125, 1)] {
        let failed = daemon(&launchd(0, 1000, status), "start_daemon");
        failed.failed(&format!(
            "scripts/install: failed: launchctl bootstrap system {PLIST} (status {status})"
        ));
        let tried = failed.log.iter().filter(|it| it.starts_with("bootstrap")).count();
        assert_eq!(tried, tries, "{status}");
    }
}
