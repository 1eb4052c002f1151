//! The command line: `cat`, `ls`, `--help`, statuses and messages.
#![cfg(target_os = "linux")]
#![allow(missing_docs, unreachable_pub, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../common/mod.rs"]
mod common;

mod completions;
mod generated;
mod ls;
#[cfg(feature = "mount")]
mod messages;
mod odd_recordings;
mod paths;
mod pipes;
mod replay;
#[cfg(not(feature = "mount"))]
mod without_fuse;

use std::process::Command;

use common::program::{err, out, run};
use common::target::Target;

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

/// Only a daemon has other readers, who wait for the CPU: `cat` is ended by the first yield here.
#[test]
#[allow(unsafe_code)]
fn cat_never_yields_the_cpu() {
    use std::os::unix::process::CommandExt;
    let target = Target::stopped("regions 3000;stop");
    let statement = |code: u32, jt, jf, k| libc::sock_filter { code: code as u16, jt, jf, k };
    let filter = [
        // The number of the call is the first word of `struct seccomp_data`.
        statement(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0, 0),
        statement(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, 0, 1, libc::SYS_sched_yield as u32),
        statement(libc::BPF_RET | libc::BPF_K, 0, 0, libc::SECCOMP_RET_KILL_PROCESS),
        statement(libc::BPF_RET | libc::BPF_K, 0, 0, libc::SECCOMP_RET_ALLOW),
    ];
    for file in ["maps", "task/vmmap", "task/vmmap.json"] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mach-procfs"));
        command.args(["cat", &format!("{}/{file}", target.pid())]).env_remove("RUST_LOG");
        let forbid = move || {
            let mut filter = filter;
            let program =
                libc::sock_fprog { len: filter.len() as u16, filter: filter.as_mut_ptr() };
            // SAFETY: both calls are async-signal-safe; the program and its filter live here.
            let done = unsafe {
                libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
                    && libc::prctl(
                        libc::PR_SET_SECCOMP,
                        libc::SECCOMP_MODE_FILTER,
                        &raw const program,
                    ) == 0
            };
            if done { Ok(()) } else { Err(std::io::Error::last_os_error()) }
        };
        // SAFETY: as above, and nothing else is done.
        unsafe { command.pre_exec(forbid) };
        let output = command.output().unwrap();
        assert!(output.status.success(), "{file}: {:?} {}", output.status, err(&output));
        assert!(output.stdout.len() > 100_000, "{file}");
    }
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
fn output_that_cannot_be_written_is_an_error() {
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_mach-procfs"))
        .args(["cat", "self/maps"])
        .stdout(full)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(err(&output), "mach-procfs: standard output: No space left on device\n");
}

#[test]
fn help_has_an_example_for_each_command() {
    let help = run(&["--help"]);
    assert!(help.status.success() && help.stderr.is_empty());
    assert!(out(&help).contains("mach-procfs cat self/maps"));
    assert!(out(&help).contains("Status: 0 where all was done, 1 where"));
    let mut commands = vec!["cat", "ls", "record", "generate"];
    if cfg!(feature = "mount") {
        commands.extend(["mount", "umount", "doctor"]);
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
fn messages_have_no_error_numbers() {
    let directory = tempfile::tempdir().unwrap();
    let here = directory.path().to_str().unwrap();
    let missing = &format!("{here}/missing");
    let mut cases = vec![
        (vec!["cat", "--replay", missing, "1/maps"], "missing: No such file or directory"),
        (vec!["ls", "--replay", here], ": cannot be read: Is a directory"),
        (vec!["record", "--replay", "/etc/passwd/x", "1"], "/etc/passwd/x: Not a directory"),
    ];
    if cfg!(feature = "mount") {
        cases.extend([
            (vec!["mount", missing], "missing: there is no such directory"),
            (vec!["mount", "-f", "/etc/passwd/x"], "/etc/passwd/x: Not a directory"),
            (vec!["mount", "--replay", missing, here], "missing: No such file or directory"),
            (vec!["umount", missing], "missing: No such file or directory"),
        ]);
    }
    for (arguments, reason) in cases {
        let output = run(&arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        let said = err(&output);
        assert!(said.starts_with("mach-procfs: ") && said.contains(reason), "{said}");
        // A command to run stands on a line of its own.
        assert!(said.lines().skip(1).all(|line| line.starts_with("  ")), "{said}");
        assert!(!said.contains("os error"), "{said}");
    }
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
