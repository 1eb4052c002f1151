//! The command line: `cat`, `ls`, `--help`, statuses and messages.
#![cfg(target_os = "linux")]
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::io::Read;
use std::process::{Command, Stdio};

use common::program::{err, out, run};
use common::target::Target;
use common::{rows_of, threads};

#[test]
fn cat_prints_what_the_kernel_prints() {
    let target = Target::stopped("regions 3000;stop");
    let pid = target.pid();
    let output = run(&["cat", &format!("{pid}/maps"), &format!("/{pid}/task/vmmap")]);
    assert!(output.status.success() && output.stderr.is_empty(), "{}", err(&output));
    let maps = std::fs::read(format!("/proc/{pid}/maps")).unwrap();
    assert!(output.stdout.starts_with(&maps));
    assert!(out(&output)[maps.len()..].lines().all(|line| line.ends_with(" sub=0")));
}

#[test]
fn cat_of_self_is_of_the_program_itself() {
    let output = run(&["cat", "self/maps"]);
    assert!(output.status.success());
    assert!(out(&output).contains("/mach-procfs\n"));
}

#[test]
fn cat_names_what_fails_and_prints_the_others() {
    let target = Target::stopped("stop");
    let maps = format!("{}/maps", target.pid());
    let output = run(&["cat", "nope", &maps, "self", "4194303/maps", "self/maps/x"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(output.stdout, std::fs::read(format!("/proc/{maps}")).unwrap());
    let lines: Vec<String> = err(&output).lines().map(str::to_owned).collect();
    assert_eq!(
        lines,
        [
            "mach-procfs: nope: no such file or process",
            "mach-procfs: self: is a directory",
            "mach-procfs: 4194303/maps: no such process",
            "mach-procfs: self/maps/x: not a directory",
        ]
    );
}

#[test]
fn a_closed_pipe_is_no_error() {
    let target = Target::stopped("regions 20000;stop");
    let mut child = Command::new(env!("CARGO_BIN_EXE_mach-procfs"))
        .args(["cat", &format!("{}/maps", target.pid())])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = [0; 10];
    child.stdout.as_mut().unwrap().read_exact(&mut first).unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{}", err(&output));
}

#[test]
fn output_that_cannot_be_written_is_an_error() {
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_mach-procfs"))
        .args(["cat", "self/maps"])
        .stdout(full)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(err(&output).starts_with("mach-procfs: standard output: No space left"));
}

#[test]
fn ls_lists_names() {
    let target = Target::stopped("stop");
    let pid = target.pid().to_string();
    let root = run(&["ls"]);
    assert!(root.status.success());
    let text = out(&root);
    let names: Vec<&str> = text.lines().collect();
    assert_eq!(names[0], "self");
    assert!(names.contains(&pid.as_str()));
    let lines = |rows: &[&str]| -> String { rows.iter().map(|row| format!("{row}\n")).collect() };
    let mut task = lines(&rows_of("PID/task"));
    task.extend(threads(target.pid()).iter().map(|thread| format!("{thread}\n")));
    assert_eq!(out(&run(&["ls", &format!("{pid}/task")])), task);
    assert_eq!(out(&run(&["ls", &format!("{pid}/maps")])), format!("{pid}/maps\n"));
    assert_eq!(
        out(&run(&["ls", &pid, &format!("{pid}/task")])),
        format!("{pid}:\n{}\n{pid}/task:\n{task}", lines(&rows_of("PID")))
    );
    let long = out(&run(&["ls", "-l", &pid]));
    let user = nix::unistd::User::from_uid(nix::unistd::geteuid()).unwrap().unwrap().name;
    let line = |name: &str| long.lines().find(|line| line.ends_with(&format!(" {name}"))).unwrap();
    assert!(line("task").starts_with("dr-xr-xr-x  7 "), "{long}");
    assert!(line("fd").starts_with(&format!("dr-x------  2 {user} ")), "{long}");
    assert!(line("maps").starts_with(&format!("-r--------  1 {user} ")), "{long}");
    assert!(line("stat").starts_with(&format!("-r--r--r--  1 {user} ")), "{long}");
    assert!(long.lines().any(|line| line.contains(" exe -> /")), "{long}");
    let own = out(&run(&["ls", "-l"]));
    assert!(own.lines().next().unwrap().contains(" self -> "), "{own}");
    let failed = run(&["ls", "nope", &pid]);
    assert_eq!(failed.status.code(), Some(1));
    assert!(out(&failed).contains(&lines(&rows_of("PID"))));
}

#[test]
fn help_has_an_example_for_each_command() {
    let help = run(&["--help"]);
    assert!(help.status.success() && help.stderr.is_empty());
    assert!(out(&help).contains("mach-procfs cat self/maps"));
    let mut commands = vec!["cat", "ls"];
    if cfg!(feature = "mount") {
        commands.extend(["mount", "umount"]);
    }
    for command in commands {
        let help = run(&[command, "--help"]);
        assert!(help.status.success());
        let text = out(&help);
        assert!(
            text.contains("Example") && text.contains(&format!("  mach-procfs {command}")),
            "{text}"
        );
    }
    assert_eq!(out(&run(&["--version"])), format!("mach-procfs {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn nonsense_is_a_usage_error() {
    for arguments in [&[][..], &["frob"], &["cat"], &["ls", "--frob"], &["cat", "-x", "self/maps"]]
    {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(output.stdout.is_empty() && !output.stderr.is_empty(), "{arguments:?}");
    }
}

#[test]
fn the_log_goes_to_standard_error_only() {
    let quiet = run(&["cat", "nope"]);
    let loud = run(&["-vv", "cat", "nope"]);
    assert!(loud.stdout.is_empty());
    assert!(loud.stderr.len() > quiet.stderr.len());
    assert!(err(&loud).contains("DEBUG"));
}
