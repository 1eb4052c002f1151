//! Processes to look at that are no [`Target`](super::common::target::Target): with other
//! arguments, of another user, or at a terminal.

use std::fs::File;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use nix::pty::openpty;
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{Pid, ttyname};

use super::common::target::without_inherited;

/// Spaces, an empty one, other bytes, and such as are no letters.
const ODD: [&str; 6] = ["two words", "", "--frob=a b", "tab\tand\nline", "ü€", "\\ ' \" $(x) %s"];

/// A process that has stopped itself, killed and reaped when this goes.
pub struct Stopped {
    child: Child,
    /// The end of its terminal that is not its own.
    terminal: Option<(OwnedFd, PathBuf)>,
}

impl Stopped {
    /// A shell with odd arguments and a small environment.
    pub fn with_odd_arguments(user: u32) -> Self {
        Self::start(shell("sh").uid(user).gid(user), None)
    }

    /// The same in a session of its own, whose terminal is a new one.
    pub fn at_a_terminal() -> Self {
        let pair = openpty(None, None).unwrap();
        let name = ttyname(&pair.slave).unwrap();
        let mut command = Command::new("setsid");
        command.args(["--ctty", "sh"]).args(shell("sh").get_args()).stdin(File::from(pair.slave));
        let terminal = (pair.master, name);
        Self::start(&mut command, Some(terminal))
    }

    fn start(command: &mut Command, terminal: Option<(OwnedFd, PathBuf)>) -> Self {
        command
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("AN_ODD_ONE", "a b\n=c=\t")
            .current_dir("/")
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let child = without_inherited(command).spawn().unwrap();
        let stopped = Stopped { child, terminal };
        let pid = Pid::from_raw(stopped.pid().cast_signed());
        let status = waitpid(pid, Some(WaitPidFlag::WUNTRACED)).unwrap();
        assert!(matches!(status, WaitStatus::Stopped(..)), "{status:?}");
        stopped
    }

    /// The name of its terminal, as `pts/7`.
    pub fn tty(&self) -> String {
        let (_, path) = self.terminal.as_ref().expect("a terminal");
        path.strip_prefix("/dev").unwrap().to_str().unwrap().to_owned()
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }
}

fn shell(name: &str) -> Command {
    let mut command = Command::new(name);
    command.args(["-c", "kill -STOP $$"]).args(ODD).stdin(Stdio::null());
    command
}

impl Drop for Stopped {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
