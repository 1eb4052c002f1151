//! The program under test, run to its end.

use std::path::Path;
use std::process::{Command, Output, Stdio};

/// Runs it with these arguments.
pub fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_mach-procfs"))
        .args(arguments)
        .env_remove("RUST_LOG")
        .stdin(Stdio::null())
        .output()
        .expect("the program runs")
}

/// What it has printed.
pub fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// What it has said of errors.
pub fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A copy of a program that can be started at once. Copied by this process, it could not be started
/// (ETXTBSY) as long as a child that another test has just forked holds it open for writing.
pub fn copy(program: impl AsRef<Path>, to: &Path) {
    let copied = Command::new("cp").arg(program.as_ref()).arg(to).status().expect("cp");
    assert!(copied.success(), "cp {} {}", program.as_ref().display(), to.display());
}

/// Runs the test `as_nobody` of the test that runs, as a user without rights, about a process; it
/// must pass, and say this.
#[cfg(target_os = "linux")]
pub fn passes_as_nobody(user: u32, pid: u32, said: &str) {
    use std::os::unix::process::CommandExt;
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "as_nobody", "--nocapture"])
        .env("TARGET", pid.to_string())
        .uid(user)
        .gid(user)
        .current_dir("/")
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains(said));
}
