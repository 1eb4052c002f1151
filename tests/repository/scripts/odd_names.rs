//! A home and a clone with a space, an apostrophe and an umlaut in their names: the scripts work there,
//! and shells can read the commands that they print.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::{Command, Stdio};

use super::machine::{Machine, Outcome, real};

const HOMES: [&str; 3] = ["a b", "müller", "it's | & \\1"];
const CLONE: &str = "müller's clone";

/// A machine with a clone of that name, this home, and an empty directory for temporary files.
fn machine(home: &str) -> Machine {
    let machine = Machine::complete("debian");
    for tool in ["ln", "readlink"] {
        symlink(real(tool), machine.path("bin").join(tool)).unwrap();
    }
    for name in [home, "it's temporary", "dest"] {
        fs::create_dir(machine.path(name)).unwrap();
    }
    let (repo, clone) = (machine.path("repo"), machine.path(CLONE));
    assert!(Command::new("cp").arg("-R").args([repo, clone]).status().unwrap().success());
    // What root installs goes there.
    machine.fake(
        "bin/su",
        r#"[ "$1" = -c ] && [ $# = 2 ] || exit 92
        DESTDIR=$here/dest FAKE_UID=0 exec bash -c "$2""#,
    );
    machine
}

fn script(machine: &Machine, home: &str, name: &str, arguments: &[&str]) -> Outcome {
    let (home, temporary) = (machine.path(home), machine.path("it's temporary"));
    let environment = [("HOME", home.to_str().unwrap()), ("TMPDIR", temporary.to_str().unwrap())];
    let script = machine.path(CLONE).join(name);
    let outcome = machine.script_with(CLONE, script, arguments, &environment);
    assert_eq!(fs::read_dir(temporary).unwrap().count(), 0, "{}", outcome.stderr);
    outcome
}

/// Runs the printed commands, which are the lines that begin with two spaces, and then one more.
/// Returns what that one prints, and what the fakes were asked.
fn run_hints(machine: &Machine, home: &str, shell: &str, text: &str, last: &str) -> [String; 2] {
    let hints: String = text
        .lines()
        .filter_map(|line| line.strip_prefix("  "))
        .map(|it| format!("{it}\n"))
        .collect();
    machine.file("log", "");
    let output = Command::new(real(shell))
        .args(["-e", "-c", &format!("{{\n{hints}}} >/dev/null\n{last}")])
        .current_dir("/")
        .env_clear()
        .env("PATH", machine.path("bin"))
        .env("HOME", machine.path(home))
        .env("MACH_PROCFS_MACHINE", machine.path("machine"))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(output.status.success(), "{shell}: {hints}{}", String::from_utf8_lossy(&output.stderr));
    [String::from_utf8(output.stdout).unwrap(), fs::read_to_string(machine.path("log")).unwrap()]
}

#[test]
fn it_is_installed_there_and_its_hints_can_be_run() {
    for home in HOMES {
        for shell in ["bash", "sh"] {
            let machine = machine(home);
            let outcome = script(&machine, home, "scripts/install", &[]);
            let said = outcome.succeeded().did(&["cargo build --release"]).stdout.clone();
            let program = machine.path(home).join(".local/bin/mach-procfs");
            assert!(program.exists(), "{said}");
            let last = "command -v mach-procfs";
            let [found, log] = run_hints(&machine, home, shell, &said, last);
            assert_eq!(found, format!("{}\n", program.display()));
            let place = machine.path(home).join("proc");
            let log: Vec<&str> = log.lines().collect();
            assert_eq!(
                log,
                [&format!("mach-procfs mount {}", place.display()), "mach-procfs doctor"]
            );
            assert!(machine.path("dest/usr/local/bin/mach-procfs").exists(), "{said}");
            script(&machine, home, "scripts/install", &["--uninstall"]).succeeded();
            assert!(!machine.path(home).join(".local").exists());
        }
    }
}

#[test]
fn the_hints_of_a_run_can_be_run() {
    for home in HOMES {
        for shell in ["bash", "sh"] {
            let machine = machine(home);
            let said = script(&machine, home, "scripts/run", &[]).succeeded().stdout.clone();
            let last = "command -v mach-procfs";
            let [found, log] = run_hints(&machine, home, shell, &said, last);
            let program = machine.path(CLONE).join("target/release/mach-procfs");
            assert_eq!(found, format!("{}\n", program.display()));
            let place = machine.path(home).join("proc");
            assert_eq!(log, format!("mach-procfs umount {}\n", place.display()));
        }
    }
}

#[test]
fn a_path_of_two_lines_is_refused() {
    let machine = machine("home\nof two");
    let outcome = script(&machine, "home\nof two", "scripts/install", &[]);
    outcome.did(&[]).failed("scripts/install: a path has more than one line");
}
