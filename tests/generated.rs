//! The man page and the completions: all that there is stands in them, and their readers accept
//! them without a warning.
#![cfg(target_os = "linux")]
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::io::Write as _;
use std::process::{Command, Stdio};

fn generate(what: &str) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_mach-procfs")).args(["generate", what]).output();
    let output = output.unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// Standard output and error of a command that reads this, or None where there is no such command.
fn read_by(command: &[&str], text: &str) -> Option<(String, String)> {
    let child = Command::new(command[0])
        .args(&command[1..])
        .env("LC_ALL", "C.UTF-8")
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
    for row in mach_procfs::tree::files() {
        assert!(page.contains(row.path), "{}", row.path);
        assert!(page.contains(row.doc.split(':').next().unwrap()), "{}", row.doc);
    }
    for option in ["--replay", "--verbose", "--version"] {
        assert!(page.contains(option), "{option}");
    }
    for hidden in ["generate", "--report"] {
        assert!(!page.contains(hidden), "{hidden}");
    }
}

#[test]
fn the_man_page_renders_without_warnings() {
    let page = generate("man");
    assert!(page.is_ascii());
    let mut rendered = 0;
    for reader in [
        &["groff", "-man", "-ww", "-Tutf8", "-P-cbou"][..],
        &["man", "--warnings", "-E", "UTF-8", "-l", "-"],
        &["mandoc", "-W", "warning", "-T", "utf8"],
    ] {
        let Some((text, warnings)) = read_by(reader, &page) else { continue };
        assert_eq!(warnings, "", "{reader:?}");
        assert!(text.contains("PID/task/vmmap_r"), "{text}");
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
        assert!(!text.contains("generate"), "hidden commands are not offered by {shell}");
        for command in commands() {
            assert!(text.contains(command), "{shell}: {command}");
        }
        if let Some((_, errors)) = read_by(&[shell, "-n"], &text) {
            assert_eq!(errors, "", "{shell}");
        }
    }
}

#[test]
fn bash_completes_a_command() {
    let script = generate("bash")
        + "\nCOMP_WORDS=(mach-procfs do) COMP_CWORD=1\n\
           _mach__procfs mach-procfs do mach-procfs\necho \"${COMPREPLY[*]}\"\n";
    let said = read_by(&["bash", "--norc"], &script).expect("bash").0;
    assert_eq!(said, if cfg!(feature = "mount") { "doctor\n" } else { "\n" });
}
