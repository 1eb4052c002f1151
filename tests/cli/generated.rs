//! The man page and the completions: all that there is stands in them, and their readers accept
//! them without a warning.

use crate::common;

use std::io::Write as _;
use std::process::{Command, Stdio};

fn generate(what: &str) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_mach-procfs")).args(["generate", what]).output();
    let output = output.unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// Standard output and error of a command that reads this in this locale, or None where there is no
/// such command.
fn read_by(command: &[&str], locale: &str, text: &str) -> Option<(String, String)> {
    let child = Command::new(command[0])
        .args(&command[1..])
        .env("LC_ALL", locale)
        .env("MANWIDTH", "100")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = match child {
        Ok(child) => child,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return None,
        Err(error) => panic!("{command:?}: {error}"),
    };
    let mut pipe = child.stdin.take().unwrap();
    let text = text.to_owned();
    let writer = std::thread::spawn(move || pipe.write_all(text.as_bytes()));
    let output = child.wait_with_output().unwrap();
    // A reader that stops early has said why.
    let _ = writer.join().unwrap();
    assert!(output.status.success(), "{command:?}: {output:?}");
    let string = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Some((string(&output.stdout), string(&output.stderr)))
}

const COMMANDS: [&str; 3] = ["cat", "ls", "record"];
const MOUNTING: [&str; 3] = ["mount", "umount", "doctor"];

fn commands() -> impl Iterator<Item = &'static str> {
    let mounting = if cfg!(feature = "mount") { &MOUNTING[..] } else { &[] };
    COMMANDS.iter().chain(mounting).copied()
}

#[test]
fn the_man_page_has_every_command_option_and_file() {
    let page = generate("man").replace("\\*(Aq", "'").replace('\\', "");
    for command in commands() {
        assert!(page.contains(&format!("COMMAND {}\"", command.to_uppercase())), "{command}");
        assert!(page.contains(&format!("  mach-procfs {command}")), "an example of {command}");
    }
    for (path, doc) in mach_procfs::tree::documented() {
        assert_eq!(page.matches(&format!("fB{path}fR\n{doc}\n")).count(), 1, "{path}: {doc}");
        assert_eq!(page.matches(&format!("fB{path}fR\n")).count(), 1, "{path}");
    }
    for row in mach_procfs::tree::files() {
        assert!(page.contains(&format!("fB{}fR\n", row.path)), "{}", row.path);
    }
    let line_of = |path: &str| page.split(&format!("fB{path}fR\n")).nth(1).unwrap().lines().next();
    assert!(line_of("thread-self").unwrap().ends_with("(Linux)"));
    assert!(line_of("PID/jobc").unwrap().ends_with("(macOS)"));
    assert!(!line_of("PID/maps").unwrap().ends_with(')'));
    for option in ["--replay", "--verbose", "--version"] {
        assert!(page.contains(option), "{option}");
    }
    for hidden in ["generate", "--report", "--one-loop", "--log"] {
        assert!(!page.contains(hidden), "{hidden}");
    }
}

#[test]
fn the_man_page_renders_without_warnings() {
    let page = generate("man");
    assert!(page.is_ascii());
    let mut rendered = 0;
    for (locale, reader) in [
        ("C.UTF-8", &["groff", "-man", "-ww", "-Tutf8", "-P-cbou"][..]),
        ("C", &["groff", "-man", "-ww", "-Tascii", "-P-cbou"]),
        ("C.UTF-8", &["man", "--warnings", "-E", "UTF-8", "-l", "-"]),
        ("C", &["man", "--warnings", "-l", "-"]),
        ("C", &["mandoc", "-W", "warning", "-T", "ascii"]),
    ] {
        let Some((text, warnings)) = read_by(reader, locale, &page) else { continue };
        assert_eq!(warnings, "", "{reader:?}");
        // mandoc prints a bold letter twice, with a backspace between.
        let struck: Vec<&str> = text.split('\u{8}').collect();
        let (last, over) = struck.split_last().unwrap();
        let mut text: String = over.iter().map(|part| &part[..part.len() - 1]).collect();
        text.push_str(last);
        assert!(text.contains("PID/task/vmmap_r"), "{text}");
        assert!(text.trim_start().starts_with("MACH-PROCFS(1)"), "{text}");
        assert!(locale != "C" || text.is_ascii(), "{text}");
        rendered += 1;
    }
    if rendered == 0 {
        common::skip("neither groff nor man nor mandoc is here");
    }
}

#[test]
fn completions_are_read_by_their_shells() {
    for shell in ["bash", "zsh", "fish"] {
        let text = generate(shell);
        for hidden in ["generate", "--report", "-l report", "one-loop", "--log", "-l log"] {
            assert!(!text.contains(hidden), "{shell} offers {hidden}, which is hidden");
        }
        for command in commands() {
            assert!(text.contains(command), "{shell}: {command}");
        }
        match read_by(&[shell, "-n"], "C.UTF-8", &text) {
            Some((_, errors)) => assert_eq!(errors, "", "{shell}"),
            None => common::skip(&format!("{shell} is not installed")),
        }
    }
}

/// What the scripts install is written where they expect it, in the words of `generate` for one.
#[test]
fn all_are_written_below_a_directory() {
    let directory = tempfile::tempdir().unwrap();
    let program = || Command::new(env!("CARGO_BIN_EXE_mach-procfs"));
    let made = directory.path().join("a b/prefix");
    let output = program().args(["generate", "all"]).arg(&made).output().unwrap();
    assert!(output.status.success() && output.stdout.is_empty(), "{output:?}");
    let list =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/src/cli/installed.txt"));
    let list = list.unwrap();
    let mut listed: Vec<(&str, &str)> = Vec::new();
    for line in list.lines().filter(|line| !line.starts_with('#')) {
        let [path, _, what] = line.split(' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
        listed.push((path, what));
    }
    assert_eq!(listed.remove(0), ("bin/mach-procfs", "program"));
    assert_eq!(listed.len(), 4);
    for (path, what) in &listed {
        let text = std::fs::read_to_string(made.join(path)).unwrap();
        assert!(text == generate(what), "{path}");
    }
    let found = Command::new("find").arg(&made).args(["-type", "f"]).output().unwrap();
    assert_eq!(String::from_utf8(found.stdout).unwrap().lines().count(), listed.len());

    std::fs::write(directory.path().join("file"), "").unwrap();
    for (arguments, status, message) in [
        (&["generate", "all"][..], 2, "required arguments were not provided"),
        (&["generate", "man", "there"], 1, "only `generate all` writes into a directory"),
        (&["generate", "all", "file"], 1, "file/share/man/man1/mach-procfs.1: Not a directory"),
    ] {
        let output = program().args(arguments).current_dir(directory.path()).output().unwrap();
        assert_eq!(output.status.code(), Some(status), "{output:?}");
        assert!(String::from_utf8(output.stderr).unwrap().contains(message), "{message}");
    }
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 2);
}
