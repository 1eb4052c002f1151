//! Calls a helper: starts it as a child.

use std::ffi::{CString, OsStr, OsString};
use std::io;
use std::os::fd::{AsRawFd as _, BorrowedFd};
use std::os::unix::ffi::OsStringExt as _;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Duration;

use nix::fcntl::OFlag;
use nix::spawn::{PosixSpawnAttr, PosixSpawnFileActions, PosixSpawnFlags, posix_spawnp};
use nix::sys::signal::SigSet;
use nix::sys::stat::Mode;
use nix::unistd::Pid;

/// How to call a helper.
#[derive(Debug)]
pub(in crate::mount) struct Call {
    /// With a slash, or to be searched on the PATH.
    pub(in crate::mount) program: PathBuf,
    pub(in crate::mount) arguments: Vec<OsString>,
    /// Variables beside this process's own environment and `_FUSE_COMMFD`.
    pub(in crate::mount) environment: Vec<(&'static str, OsString)>,
    /// How long the call may take in all.
    pub(in crate::mount) within: Duration,
}

/// Starts a helper with its socket and its standard error, and nothing else of ours: no blocked
/// signals, and in a process group of its own, which Ctrl-C does not reach.
pub(super) fn spawn(call: &Call, socket: &UnixStream, stderr: BorrowedFd<'_>) -> io::Result<Pid> {
    let mut attributes = PosixSpawnAttr::init()?;
    attributes.set_flags(
        PosixSpawnFlags::POSIX_SPAWN_SETSIGMASK | PosixSpawnFlags::POSIX_SPAWN_SETPGROUP,
    )?;
    attributes.set_sigmask(&SigSet::empty())?;
    attributes.set_pgroup(Pid::from_raw(0))?;
    // A different number than here: a dup2 to the same one does not clear FD_CLOEXEC everywhere.
    let number = if socket.as_raw_fd() == 3 { 4 } else { 3 };
    let mut files = PosixSpawnFileActions::init()?;
    files.add_dup2(stderr.as_raw_fd(), 2)?;
    files.add_open(0, "/dev/null", OFlag::O_RDONLY, Mode::empty())?;
    files.add_open(1, "/dev/null", OFlag::O_WRONLY, Mode::empty())?;
    files.add_dup2(socket.as_raw_fd(), number)?;

    let text = |text: OsString| CString::new(text.into_vec()).map_err(io::Error::other);
    let program = text(call.program.clone().into())?;
    let mut arguments = vec![program.clone()];
    for argument in &call.arguments {
        arguments.push(text(argument.clone())?);
    }
    let number = ("_FUSE_COMMFD", OsString::from(number.to_string()));
    let ours: Vec<_> = call.environment.iter().chain([&number]).collect();
    let inherited = std::env::vars_os()
        .filter(|(name, _)| ours.iter().all(|(own, _)| name.as_os_str() != OsStr::new(own)));
    let added = ours.iter().map(|(name, value)| (OsString::from(name), value.clone()));
    let mut environment = Vec::new();
    for (mut variable, value) in inherited.chain(added) {
        variable.push("=");
        variable.push(value);
        environment.push(text(variable)?);
    }
    Ok(posix_spawnp(&program, &files, &attributes, &arguments, &environment)?)
}
