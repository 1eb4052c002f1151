//! `scripts/dev/first-mac`: it runs to its end whatever fails, and its archive has nothing private.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::common::until;

const SECRET: &str = "hunter2-is-a-password";

/// A home, a directory for temporary files, and one for commands that stand before the system's.
struct Run {
    directory: tempfile::TempDir,
}

impl Run {
    fn new() -> Self {
        let directory = tempfile::Builder::new().prefix("zaphod's home").tempdir().unwrap();
        for name in ["home", "tmp", "bin"] {
            fs::create_dir(directory.path().join(name)).unwrap();
        }
        Run { directory }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().canonicalize().unwrap().join(name)
    }

    fn command(&self, name: &str, body: &str) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, format!("#!/usr/bin/env bash\n{body}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    fn script(&self, arguments: &[&str]) -> Output {
        self.call(arguments).output().unwrap()
    }

    fn call(&self, arguments: &[&str]) -> Command {
        let path = std::env::var("PATH").unwrap();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/dev/first-mac");
        let mut command = Command::new(script);
        command
            .args(arguments)
            .current_dir(self.path("home"))
            .env("PATH", format!("{}:{path}", self.path("bin").display()))
            .env("HOME", self.path("home"))
            .env("TMPDIR", self.path("tmp"))
            .env("SECRET", SECRET)
            .stdin(Stdio::null());
        command
    }

    /// All answers by their names without numbers, after a run with this program.
    fn answers(&self, program: &Path, arguments: &[&str]) -> BTreeMap<String, String> {
        let program = program.to_str().unwrap();
        let fixed = ["--program", program, "--skip-tests", "--output", "out.tar.gz"];
        let output = self.script(&[&fixed[..], arguments].concat());
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
        let archive = self.path("home/out.tar.gz");
        assert_eq!(output.stdout, format!("{}\n", archive.display()).into_bytes());
        assert!(said.contains("look at it before you send it"), "{said}");
        assert_eq!(fs::read_dir(self.path("tmp")).unwrap().count(), 0, "nothing is left: {said}");
        let unpacked = self.path("unpacked");
        fs::create_dir(&unpacked).unwrap();
        let tar = |arguments: &[&str]| {
            let output = Command::new("tar").args(arguments).arg(&archive).output().unwrap();
            assert!(output.status.success(), "{output:?}");
            String::from_utf8(output.stdout).unwrap()
        };
        tar(&["-C", unpacked.to_str().unwrap(), "-xzf"]);
        let mut answers = BTreeMap::from([("list".to_owned(), tar(&["-tvzf"]))]);
        for entry in fs::read_dir(unpacked.join("answers")).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            let (_, name) = name.split_once('-').unwrap();
            let text = String::from_utf8(fs::read(&path).unwrap()).unwrap();
            answers.insert(name.to_owned(), text);
        }
        answers
    }
}

/// Whether a text has these words, and not only as a part of others.
fn names(text: &str, words: &str) -> bool {
    text.match_indices(words).any(|(at, _)| {
        let is_part = |c: char| c.is_ascii_alphanumeric();
        !text[..at].ends_with(is_part) && !text[at + words.len()..].starts_with(is_part)
    })
}

#[track_caller]
fn assert_private(answers: &BTreeMap<String, String>, secrets: &[&str]) {
    for (name, text) in answers {
        for secret in secrets {
            assert!(!names(text, secret), "{name} has '{secret}':\n{text}");
        }
    }
}

/// The status of a step.
#[track_caller]
fn status<'a>(answers: &'a BTreeMap<String, String>, step: &str) -> &'a str {
    let lines = answers["summary.txt"].lines();
    let line = lines.filter_map(|line| line[3..].strip_prefix(&format!("{step}: "))).next();
    line.unwrap_or_else(|| panic!("no step {step}:\n{}", answers["summary.txt"]))
        .rsplit_once(" (")
        .unwrap()
        .0
}

fn said(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// The program that was built, on this machine as it is.
#[test]
fn all_is_tried_and_nothing_private_is_packed() {
    let run = Run::new();
    let program = Path::new(env!("CARGO_BIN_EXE_mach-procfs"));
    let answers = run.answers(program, &[]);
    assert_eq!(status(&answers, "versions"), "0");
    let version = format!("mach-procfs {}", env!("CARGO_PKG_VERSION"));
    assert!(answers["versions.txt"].contains(&version), "{}", answers["versions.txt"]);
    assert_eq!(status(&answers, "cat-maps"), "0");
    assert!(answers["cat-maps.txt"].contains("/mach-procfs\n"), "{}", answers["cat-maps.txt"]);
    assert_eq!(status(&answers, "cat-of-shell"), "0");
    let of_shell = &answers["cat-of-shell.txt"];
    assert!(of_shell.contains("/bash\n") && of_shell.contains("[rollup]\n"), "{of_shell}");
    let recorded = if cfg!(target_os = "macos") { "0" } else { "1" };
    for step in ["record-itself", "record-shell", "replay-itself"] {
        assert_eq!(status(&answers, step), recorded, "{step}");
    }
    if cfg!(target_os = "linux")
        && answers.contains_key("mount.txt")
        && status(&answers, "mount") == "0"
    {
        for step in ["read-self", "list-root", "list-descriptors", "read-descriptors", "umount"] {
            assert_eq!(status(&answers, step), "0", "{step}");
        }
        assert!(answers["read-shell.txt"].contains("bash"), "{}", answers["read-shell.txt"]);
        assert_ne!(status(&answers, "list-dead"), "0");
        assert_eq!(status(&answers, "mount-again"), "0");
        assert_eq!(status(&answers, "umount-again"), "0");
        let table = said("mount", &[]);
        assert!(!table.contains(run.path("tmp").to_str().unwrap()), "{table}");
    }
    let (user, host) = (said("id", &["-un"]), said("uname", &["-n"]));
    let home = run.path("home");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut secrets =
        vec![SECRET, home.to_str().unwrap(), root.to_str().unwrap(), "zaphod's", &host];
    if user != "root" {
        secrets.push(&user);
    }
    assert_private(&answers, &secrets);
}

/// A program that says all it should not, on a machine whose names are known.
#[test]
fn names_are_replaced_wherever_they_stand() {
    let run = Run::new();
    run.command("bin/id", "[ \"$1\" = -un ] && echo zaphod || exec /usr/bin/id \"$@\"");
    run.command(
        "bin/uname",
        "[ \"$1\" = -n ] && echo heart.of-gold.example || exec /usr/bin/uname \"$@\"",
    );
    let program = run.command(
        "program",
        r#"case "$1 $2" in
            'mount '*) exit 1 ;;
            'ls '*) echo "zaphod zaphod,zaphod_x heart heart.of-gold.example" ;;
            'doctor '*) echo "heartily zaphodish" ;;
            'cat self/maps')
                echo "$HOME/a x=$HOME \"$HOME\" ${HOME}"
                printf '{"hex": "2f7a6170686f642f"}\n' # /zaphod/
                echo "disk on /Volumes/Backup of 1987 (apfs)" '"source": "//arthur@server/share"'
                echo "/home/zaphod/x" >&2 ;;
        esac"#,
    );
    let answers = run.answers(&program, &[]);
    assert_eq!(answers["list.txt"], "USER USER,USER_x HOST HOST\n");
    // Not the names, but words that begin with one.
    assert_eq!(answers["doctor.txt"], "heartily zaphodish\n");
    let maps = &answers["cat-maps.txt"];
    assert!(
        maps.starts_with("HOME/a x=HOME \"HOME\" HOME\n{\"hex\": \"2f555345522f\"}\n"),
        "{maps}"
    );
    assert!(maps.contains("/Volumes/VOLUME") && maps.contains("\"//SHARE\""), "{maps}");
    assert_eq!(answers["cat-maps.err"], "/home/USER/x\n");
    let words = ["zaphod", "heart", "7a6170686f64", "Backup", "arthur", "server", SECRET];
    assert_private(&answers, &words);
}

/// Each of them has its time, and its end is said.
#[test]
fn steps_that_hang_or_fail_do_not_end_the_run() {
    let run = Run::new();
    let program = run.command(
        "program",
        r#"case "$1 $2" in
            'cat self/maps') echo begun; exec sleep 1000 ;;
            'cat self/smaps') trap '' TERM; while :; do sleep 1000; done ;;
            'cat self/stat') kill -SEGV $$ ;;
            'mount '*) exit 1 ;;
            'cat '*) exit 7 ;;
        esac"#,
    );
    let answers = run.answers(&program, &["--limit", "1"]);
    assert_eq!(status(&answers, "cat-maps"), "ended after 1 s");
    assert_eq!(answers["cat-maps.txt"], "begun\n");
    assert_eq!(status(&answers, "cat-smaps"), "ended after 1 s");
    assert_eq!(status(&answers, "cat-stat"), "139");
    assert_eq!(status(&answers, "cat-fds"), "7");
    assert_eq!(status(&answers, "doctor"), "0");
}

#[test]
fn what_it_refuses() {
    let run = Run::new();
    for (arguments, message) in [
        (&["--frob"][..], "no such argument: --frob (see --help)"),
        (&["--program"], "--program takes an argument (see --help)"),
        (&["--program", "/nonexistent"], "/nonexistent is no program"),
        (&["--limit", "0"], "no number of seconds: 0 (see --help)"),
        (&["--limit", "1m"], "no number of seconds: 1m (see --help)"),
        (&["--output", "/nonexistent/x"], "/nonexistent is no directory"),
    ] {
        let output = run.script(arguments);
        assert_eq!(output.status.code(), Some(1));
        let message = format!("scripts/dev/first-mac: {message}\n");
        assert_eq!(String::from_utf8(output.stderr).unwrap(), message);
    }
    let help = run.script(&["--help"]);
    assert!(help.stdout.starts_with(b"usage: scripts/dev/first-mac "), "{help:?}");
}

#[test]
fn a_signal_ends_it_with_what_it_has_started() {
    for (signal, status) in [(Signal::SIGINT, 130), (Signal::SIGTERM, 143)] {
        let run = Run::new();
        let pid = run.path("pid");
        let body = format!(
            "if [ \"$1\" = cat ]; then echo $$ >\"{0}.new\"; mv \"{0}.new\" \"{0}\"; exec sleep 1000; fi",
            pid.display()
        );
        let program = run.command("program", &body);
        let mut script = run
            .call(&["--program", program.to_str().unwrap(), "--skip-tests"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let read = || std::fs::read_to_string(&pid).ok();
        let sleeping: i32 = until("the step", read).trim().parse().unwrap();
        kill(Pid::from_raw(script.id() as i32), signal).unwrap();
        let ended = until("the end", || script.try_wait().unwrap());
        assert_eq!(ended.code(), Some(status));
        assert_eq!(fs::read_dir(run.path("tmp")).unwrap().count(), 0, "nothing is left");
        // It may be left to the first process, which does not reap everywhere.
        until("the end of the step", || {
            let state = said("ps", &["-o", "stat=", "-p", &sleeping.to_string()]);
            (state.is_empty() || state.starts_with('Z')).then_some(())
        });
    }
}
