//! The program under test, and this test program itself, run to their end.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use super::watchdog::Watchdog;

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
/// [`write_script`] is for scripts.
pub fn copy(program: impl AsRef<Path>, to: &Path) {
    let copied = Command::new("cp").arg(program.as_ref()).arg(to).status().expect("cp");
    assert!(copied.success(), "cp {} {}", program.as_ref().display(), to.display());
}

/// Makes this script, which can be started at once, like a [`copy`].
pub fn write_script(to: &Path, text: &str) {
    let make = "cat >\"$0\" && chmod 755 \"$0\"";
    let mut shell = Command::new("sh");
    shell.args(["-c", make]).arg(to).stdin(Stdio::piped());
    let mut shell = shell.spawn().expect("sh");
    let input = shell.stdin.take().expect("its standard input is a pipe");
    (&input).write_all(text.as_bytes()).expect("the script");
    drop(input);
    assert!(shell.wait().expect("sh").success(), "{}", to.display());
}

/// Whether a program of the system is here.
pub fn is_installed(program: &str) -> bool {
    Command::new(program).arg("--version").stdin(Stdio::null()).output().is_ok()
}

/// Runs a command, with all that it starts, to its end or to that of the watchdog.
pub trait ToEnd {
    /// Its status and its output. Its standard input is empty unless it was set.
    fn to_end(&mut self) -> Output;
}

impl ToEnd for Command {
    fn to_end(&mut self) -> Output {
        use nix::sys::signal::{Signal, killpg};
        use std::os::unix::process::CommandExt;
        let child = self.stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0).spawn();
        let child = child.unwrap_or_else(|error| panic!("{self:?}: {error}"));
        let group = nix::unistd::Pid::from_raw(child.id() as i32);
        let _watchdog = Watchdog::new(format!("{self:?}"), move || {
            let _ = killpg(group, Signal::SIGKILL);
        });
        child.wait_with_output().expect("its output")
    }
}

/// A command that runs the program which is its next argument in pid and mount namespaces of its own:
/// no process is there but those that it starts, and its end ends them all, mounts too. The limit
/// only ends a program that hangs.
#[cfg(target_os = "linux")]
pub fn in_namespaces(limit: std::time::Duration) -> Command {
    let mut command = Command::new("timeout");
    command
        .args(["--signal=KILL", &limit.as_secs().to_string()])
        .args(["unshare", "--mount", "--propagation", "private"])
        .args(["--pid", "--fork", "--kill-child", "--mount-proc"]);
    command
}

/// The name by which libtest knows a test of the module with this `module_path!()`.
pub fn test_of(module: &str, test: &str) -> String {
    // The first name is that of the program.
    match module.split_once("::") {
        Some((_, inside)) => format!("{inside}::{test}"),
        None => test.to_owned(),
    }
}

/// Whether this process runs this test of the module alone. Where it does not, runs it in a process
/// of its own, and returns when it has passed there. All tests of a program run in threads of one
/// process, so a test needs this that takes all descriptors, or looks at all children or at memory.
pub fn in_own_process(module: &str, test: &str) -> bool {
    const ALONE: &str = "MACH_PROCFS_OWN_PROCESS";
    let name = test_of(module, test);
    if std::env::var_os(ALONE).is_some_and(|alone| alone == *name) {
        return true;
    }
    let output = Command::new(std::env::current_exe().expect("own path"))
        .args(["--exact", &name, "--nocapture"])
        .env(ALONE, &name)
        .stdin(Stdio::null())
        .to_end();
    eprint!("{}", err(&output));
    // A name that no test has would pass as well.
    assert!(output.status.success() && out(&output).contains(" 1 passed"), "{name}: {output:?}");
    false
}

/// This test program for [`by_any_user`]: the child's standard input, executed.
#[cfg(target_os = "linux")]
pub const MYSELF: &str = "/proc/self/fd/0";

/// Sets a command that executes [`MYSELF`], at once or through other programs, up for that. Other
/// users may not be able to reach this program by its path, since cargo may build below a directory
/// that only its owner can enter; an open file they can execute.
#[cfg(target_os = "linux")]
pub fn by_any_user(command: &mut Command) -> &mut Command {
    use std::os::unix::fs::PermissionsExt;
    let path = std::env::current_exe().expect("own path");
    let file = std::fs::File::open(&path).expect("this program");
    let mut mode = file.metadata().expect("its mode").permissions();
    if mode.mode() & 0o055 != 0o055 {
        // Built under a strict umask.
        mode.set_mode(mode.mode() | 0o055);
        std::fs::set_permissions(&path, mode).expect("chmod of this program");
    }
    command.stdin(file)
}

/// Runs the test `as_nobody` of this module, as a user without rights, about a process; it must pass,
/// and say this.
#[cfg(target_os = "linux")]
pub fn passes_as_nobody(module: &str, user: u32, pid: u32, said: &str) {
    use std::os::unix::process::CommandExt;
    let output = by_any_user(&mut Command::new(MYSELF))
        .args(["--ignored", "--exact", &test_of(module, "as_nobody"), "--nocapture"])
        .env("TARGET", pid.to_string())
        .uid(user)
        .gid(user)
        .current_dir("/")
        .to_end();
    assert!(output.status.success(), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains(said), "{output:?}");
}
