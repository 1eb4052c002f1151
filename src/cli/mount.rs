//! `mount` and `umount`: the daemon in the foreground, or re-executed in the background.

use std::io::{self, IsTerminal as _, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixDatagram;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use clap::Args;
use mach_procfs::model::error_words;
use mach_procfs::mount::{self, MountError, Options};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, kill};

use super::log_queue;
use super::messages::{ALWAYS, Plain, is_a_log_file};
use super::source::Source;
use super::{Failure, print_error};

/// How long the background daemon may take to mount. Longer than the helper, so that the daemon
/// itself reports what is wrong.
const READY_WITHIN: Duration = mount::HELPER_WITHIN.saturating_add(Duration::from_secs(10));

/// How long the background daemon may take to unmount when it is asked to end. It waits up to 2 s
/// for the end of the mount helper, and up to 2 s more once it has killed the helper.
const END_WITHIN: Duration = Duration::from_secs(6);

/// Pause between two checks whether it has ended.
const LOOK_AFTER: Duration = Duration::from_millis(10);

/// The line that the daemon writes into the pipe when the mount is served.
const READY: &[u8] = b"ready\n";

#[derive(Debug, Args)]
pub(super) struct MountArguments {
    #[command(flatten)]
    pub(super) source: Source,
    /// Stay in the foreground; end with Ctrl-C
    #[arg(short, long)]
    pub(super) foreground: bool,
    /// Mount options, separated by commas
    #[arg(short, value_name = "OPTION,...", value_delimiter = ',')]
    #[arg(value_hint = clap::ValueHint::Other)]
    pub(super) options: Vec<String>,
    /// Said by the background daemon's parent: report on standard output
    #[arg(long, hide = true)]
    pub(super) report: bool,
    /// Said by the LaunchDaemon: log to this file, and to its successor when it is renamed
    #[arg(long, hide = true, value_name = "FILE", requires = "foreground")]
    pub(super) log: Option<PathBuf>,
    /// Said by scripts/dev/bench: one event loop, as on macOS
    #[arg(long, hide = true, requires = "foreground")]
    pub(super) one_loop: bool,
    /// The directory to mount on
    #[arg(value_name = "MOUNTPOINT", value_hint = clap::ValueHint::DirPath)]
    pub(super) mount_point: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct UmountArguments {
    /// Detach a mount that is in use; it ends with its last use
    #[arg(short, long)]
    lazy: bool,
    /// The directory it is mounted on
    #[arg(value_name = "MOUNTPOINT", value_hint = clap::ValueHint::DirPath)]
    mount_point: PathBuf,
}

pub(super) fn umount(arguments: &UmountArguments) -> Result<(), Failure> {
    mount::unmount(&arguments.mount_point, arguments.lazy).map_err(|error| said(&error))
}

/// The reason, and on a line of its own the command that helps.
fn said(error: &MountError) -> Failure {
    print_error(&error.to_string());
    if let Some(command) = error.command() {
        let line = format!("  {}\n", Plain(command));
        let _ = io::stderr().write_all(line.as_bytes());
    }
    Failure::Said
}

pub(super) fn mount(arguments: &MountArguments, verbose: u8) -> Result<(), Failure> {
    let mut options = parse_options(&arguments.options)?;
    if arguments.one_loop {
        options.loops = 1;
    }
    if arguments.foreground { serve(arguments, &options) } else { start_daemon(arguments, verbose) }
}

/// Whether this is an option of `-o`.
pub(super) fn is_known(word: &str) -> bool {
    parse_options(&[word.to_owned()]).is_ok()
}

pub(super) fn parse_options(words: &[String]) -> Result<Options, Failure> {
    let mut options = Options::for_user(nix::unistd::geteuid().as_raw());
    options.quiet = !io::stderr().is_terminal();
    for word in words {
        match word.split_once('=') {
            None => match word.as_str() {
                "allow_other" => options.allow_other = true,
                "noallow_other" => options.allow_other = false,
                "default_permissions" => options.default_permissions = true,
                // These are always on; the empty one comes from `-o ''`.
                "ro" | "nosuid" | "nodev" | "noexec" | "" => {}
                _ => return Err(unknown(word)),
            },
            Some(("max_open", number)) => options.limits.handles = number_of(number, word)?,
            Some(("max_memory", number)) => {
                options.limits.bytes = number_of(number, word)?.saturating_mul(1 << 20);
            }
            Some(("fsname", name)) if name == options.source => {}
            Some(("fsname", _)) if mount::SOURCE_IS_FIXED => {
                let reason =
                    "here a mount is recognised by its source, which is always mach-procfs";
                return Err(Failure::Because(format!("'{word}': {reason}")));
            }
            Some(("fsname", name)) if !name.is_empty() => name.clone_into(&mut options.source),
            Some(("backend", name)) => return Err(backend(name)),
            Some(_) => return Err(unknown(word)),
        }
    }
    Ok(options)
}

/// A number from 1 on.
fn number_of(number: &str, word: &str) -> Result<usize, Failure> {
    let number: Option<usize> = number.parse().ok().filter(|number| *number > 0);
    number.ok_or_else(|| Failure::Because(format!("'{word}' wants a number from 1 on")))
}

/// macFUSE's choice of its way to the kernel.
fn backend(name: &str) -> Failure {
    let reason = match name {
        "fskit" => {
            "macFUSE's FSKit backend mounts below /Volumes only, does not say which process and \
             user read, and gives no descriptor to serve; it takes the kernel extension"
        }
        _ => "the kernel extension of macFUSE is the only backend, and needs no option",
    };
    Failure::Because(format!("'backend={name}': {reason}"))
}

fn unknown(word: &str) -> Failure {
    Failure::Because(format!(
        "unknown mount option '{word}'; there are allow_other, noallow_other, \
         default_permissions, fsname=NAME, max_open=N, max_memory=MIB, ro, nosuid, nodev, noexec"
    ))
}

/// Runs the daemon itself.
fn serve(arguments: &MountArguments, options: &Options) -> Result<(), Failure> {
    let (tree, _) = arguments.source.tree()?;
    // A panic is caught where it happens. Its message goes to the log, on one line.
    std::panic::set_hook(Box::new(|panic| log::error!("{panic}")));
    let report = arguments.report;
    mount::mount(tree, &arguments.mount_point, options, move || {
        // Not earlier: the mounter requires a process without other threads.
        log_queue::never_wait();
        notify();
        let place = arguments.mount_point.display();
        if report {
            detach_stdio();
            log::info!("mounted on {place}");
        } else {
            let how = if std::io::stderr().is_terminal() { "; Ctrl-C ends it" } else { "" };
            log::info!(target: ALWAYS, "mounted on {place}{how}");
        }
    })
    .map_err(|error| said(&error))
}

/// Notifies systemd that a service of `Type=notify` is ready (sd_notify(3)).
fn notify() {
    let Some(socket) = std::env::var_os("NOTIFY_SOCKET").map(PathBuf::from) else {
        return;
    };
    // A name that begins with @ has no file. systemd no longer names its socket so.
    let said = UnixDatagram::unbound().and_then(|from| from.send_to(b"READY=1\n", socket));
    if let Err(error) = said {
        log::warn!("NOTIFY_SOCKET: {}", error_words(&error));
    }
}

/// Reports to the parent that the mount is served, and leaves its terminal and directory. Standard
/// error is kept if it is a plain file, since the user has directed the log to it.
///
/// Until then Ctrl-C is for the daemon, too, which may have to wait for the mount helper.
fn detach_stdio() {
    // A session of its own, out of reach of the terminal's Ctrl-C and hang-up.
    if let Err(errno) = nix::unistd::setsid() {
        log::warn!("setsid: {}", errno.desc());
    }
    let said = std::io::stdout().write_all(READY).and_then(|()| std::io::stdout().flush());
    if let Err(error) = said {
        log::warn!("no process waits for the mount to be ready: {}", error_words(&error));
    }
    let detach_stdio = || -> std::io::Result<()> {
        std::env::set_current_dir("/")?;
        let nothing = std::fs::File::options().read(true).write(true).open("/dev/null")?;
        nix::unistd::dup2_stdin(&nothing)?;
        nix::unistd::dup2_stdout(&nothing)?;
        if !is_a_log_file() {
            nix::unistd::dup2_stderr(&nothing)?;
        }
        Ok(())
    };
    if let Err(error) = detach_stdio() {
        log::warn!("the daemon keeps its terminal: {}", error_words(&error));
    }
}

/// Re-executes this program as the daemon and waits until it serves the mount.
fn start_daemon(arguments: &MountArguments, verbose: u8) -> Result<(), Failure> {
    let because = |what: &str, error: std::io::Error| {
        Failure::Because(format!("{what}: {}", error_words(&error)))
    };
    // Before anything that needs /proc, which a dead mount may cover.
    mount::check(&arguments.mount_point).map_err(|error| said(&error))?;
    arguments.source.check()?;
    let program = std::env::current_exe().map_err(|error| because("this program", error))?;
    let mut command = Command::new(program);
    // This program may have been called by the name of a mount helper, which takes other arguments.
    command.arg0("mach-procfs").arg("mount").args(["--foreground", "--report"]);
    command.args(std::iter::repeat_n("-v", usize::from(verbose)));
    for option in &arguments.options {
        command.arg("-o").arg(option);
    }
    if let Some(recording) = &arguments.source.replay {
        command.arg("--replay").arg(recording);
    }
    command.arg("--").arg(&arguments.mount_point);
    // The daemon outlives processes that wait on a lock or a pipe which this process inherited.
    close_fds::set_fds_cloexec(3, &[]);
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    let mut daemon = command.spawn().map_err(|error| because("the daemon", error))?;
    if is_ready(&mut daemon).map_err(|error| because("the daemon", error))? {
        return Ok(());
    }
    match daemon.try_wait() {
        // The daemon has printed the reason.
        Ok(Some(_)) => Err(Failure::Said),
        _ => {
            end(&mut daemon);
            Err(Failure::Because(format!(
                "{}: the mount does not answer after {} s; -f -v shows why",
                arguments.mount_point.display(),
                READY_WITHIN.as_secs()
            )))
        }
    }
}

/// Whether the daemon reports in time. False if it has ended instead, or takes too long.
fn is_ready(daemon: &mut Child) -> std::io::Result<bool> {
    let Some(mut pipe) = daemon.stdout.take() else {
        return Ok(false);
    };
    let since = Instant::now();
    let mut said = Vec::new();
    while said.len() < READY.len() {
        let left = READY_WITHIN.saturating_sub(since.elapsed());
        let timeout = PollTimeout::try_from(left).unwrap_or(PollTimeout::ZERO);
        match poll(&mut [PollFd::new(pipe.as_fd(), PollFlags::POLLIN)], timeout) {
            Ok(0) => return Ok(false),
            Err(nix::Error::EINTR) => continue,
            other => other?,
        };
        let mut bytes = [0; READY.len()];
        let got = pipe.read(&mut bytes)?;
        if got == 0 {
            // It has closed the pipe, so its end is near and gives the status.
            daemon.wait()?;
            return Ok(false);
        }
        said.extend_from_slice(&bytes[..got]);
    }
    Ok(said == READY)
}

/// Ends a daemon that did not start: by request, so that it unmounts, else by force.
fn end(daemon: &mut Child) {
    if let Ok(pid) = i32::try_from(daemon.id()) {
        let pid = nix::unistd::Pid::from_raw(pid);
        let _ = kill(pid, Signal::SIGTERM);
        sleep_until(END_WITHIN, || !matches!(daemon.try_wait(), Ok(None)));
    }
    // It may have ended by now. Then there is nothing to kill.
    let _ = daemon.kill();
    let _ = daemon.wait();
}

/// Checks now and then whether something is done, until it is or this time is over.
fn sleep_until(within: Duration, mut is_done: impl FnMut() -> bool) {
    let since = Instant::now();
    while since.elapsed() < within && !is_done() {
        std::thread::sleep(LOOK_AFTER);
    }
}

#[cfg(test)]
mod tests;
