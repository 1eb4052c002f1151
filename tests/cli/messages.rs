//! What a daemon says: messages on a terminal, lines with a time in a log file.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};

use mach_procfs::mount::quote;
use tempfile::TempDir;

use super::common::mount::{Place, can_mount, is_mounted, program, unmount};
use super::common::program::{err, is_installed, out, run};
use super::common::target::killer;
use super::common::watchdog::Watchdog;
use super::common::{skip, until};

/// A daemon's mount point, and its process, which is asked to end.
struct Daemon {
    process: Child,
    _watchdog: Watchdog,
    directory: TempDir,
}

impl Daemon {
    /// Runs a command that ends with the mount point; None where nothing can be mounted.
    fn start(set_up: impl FnOnce(&str) -> Command) -> Option<Self> {
        if !can_mount() {
            return None;
        }
        let directory = tempfile::Builder::new().prefix("mach-procfs-").tempdir().unwrap();
        let process = set_up(directory.path().to_str().unwrap()).spawn().unwrap();
        let watchdog = killer("a daemon", &process);
        Some(Daemon { process, _watchdog: watchdog, directory })
    }

    fn place(&self) -> String {
        self.directory.path().display().to_string()
    }

    fn end(&mut self) {
        until("the mount", || is_mounted(self.directory.path()).then_some(()));
        unmount(self.directory.path());
        let status = until("the daemon's end", || self.process.try_wait().unwrap());
        assert!(status.success(), "{status}");
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = run(&["umount", "--lazy", &self.place()]);
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn foreground(arguments: &[&str], place: &str) -> Command {
    let mut command = program();
    command.args(["mount", "-f"]).args(arguments).arg(place).stdin(Stdio::null());
    command
}

#[test]
fn a_mount_in_the_foreground_says_one_line_when_it_serves() {
    let piped = |place: &str| {
        let mut command = foreground(&[], place);
        command.stderr(Stdio::piped()).stdout(Stdio::piped());
        command
    };
    let Some(mut daemon) = Daemon::start(piped) else { return };
    let mut said = BufReader::new(daemon.process.stderr.take().unwrap());
    let mut line = String::new();
    said.read_line(&mut line).unwrap();
    assert_eq!(line, format!("mach-procfs: mounted on {}\n", daemon.place()));
    daemon.end();
    line.clear();
    assert_eq!(said.read_line(&mut line).unwrap(), 0, "{line}");
    let mut printed = String::new();
    std::io::Read::read_to_string(&mut daemon.process.stdout.take().unwrap(), &mut printed)
        .unwrap();
    assert_eq!(printed, "");
}

#[test]
fn a_mount_in_the_background_says_nothing() {
    let Some(place) = Place::new() else { return };
    let mounted = place.run("mount", &[]);
    let ended = place.unmount();
    assert!(mounted.status.success(), "{mounted:?}");
    assert!(mounted.stdout.is_empty() && mounted.stderr.is_empty(), "{}", err(&mounted));
    assert!(ended.stdout.is_empty() && ended.stderr.is_empty(), "{}", err(&ended));
}

#[test]
fn on_a_terminal_it_says_how_it_ends() {
    if !is_installed("script") {
        return skip("script is not installed");
    }
    let on_a_terminal = |place: &str| {
        let mut command = Command::new("script");
        let program = quote(env!("CARGO_BIN_EXE_mach-procfs").as_ref());
        // The shell of `script` would get the signal, too. Where the tests run in the background, it is
        // ignored, and would be by the daemon.
        let daemon = format!("exec env --default-signal=INT {program} mount -f {place}");
        command.args(["-q", "-e", "-c", &daemon, "/dev/null"]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        command
    };
    let Some(mut daemon) = Daemon::start(on_a_terminal) else { return };
    let mut said = BufReader::new(daemon.process.stdout.take().unwrap());
    let mut line = String::new();
    said.read_line(&mut line).unwrap();
    let expected = format!("mach-procfs: mounted on {}; Ctrl-C ends it", daemon.place());
    assert_eq!(line.trim_end(), expected);
    let mut keys = daemon.process.stdin.take().unwrap();
    keys.write_all(b"\x03").unwrap();
    let status = until("the daemon's end", || daemon.process.try_wait().unwrap());
    assert!(status.success(), "{status}");
    assert!(!is_mounted(daemon.directory.path()));
}

#[test]
fn warnings_are_messages_and_a_log_file_has_times() {
    let log = tempfile::tempdir().unwrap();
    let log = log.path().join("log");
    let warning = "NOTIFY_SOCKET: No such file or directory";
    let into = |place: &str, stderr: Stdio| {
        let mut command = foreground(&["-v"], place);
        command.env("NOTIFY_SOCKET", "/nonexistent/socket").stderr(stderr);
        command
    };
    let Some(mut daemon) = Daemon::start(|place| into(place, Stdio::piped())) else { return };
    let mut said = BufReader::new(daemon.process.stderr.take().unwrap());
    let mut text = String::new();
    while !text.contains("mounted on") {
        assert!(said.read_line(&mut text).unwrap() > 0, "{text}");
    }
    daemon.end();
    std::io::Read::read_to_string(&mut said, &mut text).unwrap();
    let expected = [
        format!("mach-procfs: warning: {warning}"),
        format!("mach-procfs: mounted on {}", daemon.place()),
    ];
    for line in expected {
        assert!(text.lines().any(|it| it == line), "{line} in {text}");
    }
    assert!(text.lines().all(|line| line.starts_with("mach-procfs: ")), "{text}");

    let file = File::create(&log).unwrap();
    let mut daemon = Daemon::start(|place| into(place, file.into())).unwrap();
    until("its first lines", || {
        std::fs::read_to_string(&log).unwrap().contains("mounted on").then_some(())
    });
    daemon.end();
    let text = std::fs::read_to_string(&log).unwrap();
    assert!(text.contains(&format!("Z WARN  mach_procfs::cli::mount] {warning}\n")), "{text}");
    assert!(text.lines().all(|line| line.starts_with("[20")), "{text}");
}

/// What newsyslog does on macOS, first without making a new log, then with it.
#[test]
fn a_log_file_that_is_renamed_has_a_successor() {
    use std::os::unix::fs::PermissionsExt as _;
    let directory = tempfile::tempdir().unwrap();
    let (log, old) = (directory.path().join("log"), directory.path().join("log.0"));
    std::fs::write(&log, "as it was\n").unwrap();
    let into_log = |place: &str| {
        let mut command = program();
        command.current_dir(directory.path()).args(["mount", "-f", "-vv", "--log", "log", place]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        command
    };
    let Some(mut daemon) = Daemon::start(into_log) else { return };
    let read = |file: &std::path::Path| std::fs::read_to_string(file).unwrap_or_default();
    let place = daemon.directory.path().to_owned();
    let logs = |name: &str| {
        until("a line of the log", || {
            std::fs::symlink_metadata(place.join(name)).unwrap_err();
            read(&log).contains(name).then_some(())
        });
    };
    until("its first lines", || read(&log).contains("mounted on").then_some(()));
    logs("no-1");
    assert!(read(&log).starts_with("as it was\n["), "{}", read(&log));

    std::fs::rename(&log, &old).unwrap();
    logs("no-2");
    assert_eq!(std::fs::metadata(&log).unwrap().permissions().mode() & 0o037, 0);
    // The file at once, for a name that is not there yet.
    let new = directory.path().join("new");
    std::fs::write(&new, "").unwrap();
    std::fs::rename(&log, directory.path().join("log.1")).unwrap();
    std::fs::rename(&new, &log).unwrap();
    logs("no-3");
    assert!(!read(&old).contains("no-2") && !read(&old).contains("no-3"));
    let second = read(&directory.path().join("log.1"));
    assert!(second.contains("no-2") && !second.contains("no-3"), "{second}");
    daemon.end();
    let mut said = String::new();
    let mut stderr = daemon.process.stderr.take().unwrap();
    std::io::Read::read_to_string(&mut stderr, &mut said).unwrap();
    assert_eq!(said, "");
}

#[test]
fn a_log_file_that_cannot_be_opened_is_an_error() {
    let directory = tempfile::tempdir().unwrap();
    let log = directory.path().join("missing/log");
    let log = log.to_str().unwrap();
    let failed = run(&["mount", "-f", "--log", log, directory.path().to_str().unwrap()]);
    assert_eq!(failed.status.code(), Some(1));
    assert_eq!(err(&failed), format!("mach-procfs: {log}: No such file or directory\n"));
    let background = run(&["mount", "--log", log, directory.path().to_str().unwrap()]);
    assert_eq!(background.status.code(), Some(2), "{}", err(&background));
}

/// As in `mount -f 2>&1 | less`, where the first page stays for long.
#[test]
fn a_log_that_takes_no_more_stops_no_request() {
    let piped = |place: &str| {
        let mut command = foreground(&["-vv"], place);
        command.stderr(Stdio::piped()).stdout(Stdio::null());
        command
    };
    let Some(mut daemon) = Daemon::start(piped) else { return };
    let place = daemon.directory.path().to_owned();
    until("the mount", || std::fs::metadata(place.join("self/maps")).ok());
    // Each is a line: many times as much as a pipe and the queue hold.
    for number in 0..20_000 {
        let error = std::fs::symlink_metadata(place.join(format!("no-{number}"))).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::NotFound);
    }
    assert!(!std::fs::read(place.join("self/maps")).unwrap().is_empty());
    let mut said = BufReader::new(daemon.process.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains(" lines of the log were lost") {
        line.clear();
        assert!(said.read_line(&mut line).unwrap() > 0, "it says that lines are missing");
    }
    drop(said);
    daemon.end();
}

#[test]
fn the_log_goes_to_standard_error_only() {
    let quiet = run(&["cat", "nope"]);
    let loud = run(&["-vv", "cat", "nope"]);
    assert!(loud.stdout.is_empty(), "{}", out(&loud));
    assert!(loud.stderr.len() > quiet.stderr.len());
    let is_debug = |line: &str| line.starts_with("mach-procfs: debug: mach_procfs::cli: nope: ");
    assert!(err(&loud).lines().any(is_debug), "{}", err(&loud));
}
