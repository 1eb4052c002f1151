//! Mounts on directories of their own, that end with the test, also when it fails.

use std::ffi::{OsStr, OsString};
use std::io::Read;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};

use super::program::{ToEnd, err, is_installed};
use super::watchdog::Watchdog;
use mach_procfs::model::from_octal;
use nix::mount::{MntFlags, umount2};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

/// The program under test.
pub fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mach-procfs"));
    command.env_remove("RUST_LOG");
    command
}

/// A daemon in the foreground, and its mount.
pub struct Mount {
    daemon: Option<Child>,
    /// The daemon's pid as long as it is not reaped, else 0.
    pid: Arc<AtomicI32>,
    directory: TempDir,
    log: TempDir,
    _watchdog: Watchdog,
}

impl Mount {
    /// Mounts, or says why that cannot be tested here.
    pub fn new() -> Option<Self> {
        Self::with(&[])
    }

    /// The same with arguments before the mount point.
    pub fn with(arguments: &[&str]) -> Option<Self> {
        Self::by(|daemon| {
            daemon.args(arguments);
        })
    }

    /// The same with a daemon that is set up by this before it starts.
    pub fn by(set_up: impl FnOnce(&mut Command)) -> Option<Self> {
        if !can_mount() {
            return None;
        }
        let directory = mount_point();
        let log = tempfile::tempdir().expect("tempdir");
        let pid = Arc::new(AtomicI32::new(0));
        let watchdog = Watchdog::new(format!("a mount on {}", directory.path().display()), {
            let (pid, place) = (Arc::clone(&pid), directory.path().to_owned());
            move || {
                let pid = pid.load(Ordering::Relaxed);
                if pid > 0 {
                    let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
                }
                detach_all(&place);
            }
        });
        let mut mount = Mount { daemon: None, pid, directory, log, _watchdog: watchdog };
        mount.launch(set_up);
        Some(mount)
    }

    /// Starts a daemon and waits until it reports that the mount is served.
    pub fn start(&mut self, arguments: &[&str]) {
        self.launch(|daemon| {
            daemon.args(arguments);
        });
    }

    fn launch(&mut self, set_up: impl FnOnce(&mut Command)) {
        let mut command = program();
        command.args(["mount", "--foreground", "--report"]).stderr(self.log_file());
        set_up(&mut command);
        let mut daemon = command
            .arg(self.directory.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the daemon starts");
        self.pid.store(daemon.id() as i32, Ordering::Relaxed);
        let mut said = String::new();
        let mut pipe = daemon.stdout.take().expect("its standard output is a pipe");
        pipe.read_to_string(&mut said).expect("its report");
        self.daemon = Some(daemon);
        assert_eq!(said, "ready\n");
    }

    fn log_file(&self) -> std::fs::File {
        let path = self.log.path().join("log");
        std::fs::File::options().append(true).create(true).open(path).expect("the log")
    }

    /// What the daemons have logged so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.log.path().join("log")).expect("the log")
    }

    /// The text of this file of the kernel's own procfs about the daemon.
    pub fn daemons(&self, file: &str) -> String {
        let path = format!("/proc/{}/{file}", self.daemon_pid());
        std::fs::read_to_string(path).expect("a file of the daemon")
    }

    /// How much memory of the daemon is resident, in KiB.
    pub fn resident(&self) -> usize {
        let status = self.daemons("status");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("VmRSS");
        line.trim().trim_end_matches(" kB").parse().expect("a number")
    }

    /// How many descriptors the daemon has, and how many threads.
    pub fn descriptors_and_threads(&self) -> (usize, usize) {
        let list = |directory: &str| {
            let path = format!("/proc/{}/{directory}", self.daemon_pid());
            std::fs::read_dir(path).expect("a directory of the daemon").flatten()
        };
        // Directories of processes stay open for the next request, up to a number.
        let is_kept = |descriptor: &std::fs::DirEntry| {
            let target = std::fs::read_link(descriptor.path()).unwrap_or_default();
            let pid = target.to_str().and_then(|target| target.strip_prefix("/proc/"));
            let pid = pid.map(|pid| pid.strip_suffix(" (deleted)").unwrap_or(pid));
            pid.is_some_and(|pid| pid.bytes().all(|byte| byte.is_ascii_digit()))
        };
        // fuser starts its loops when the mount is reported ready or a little later.
        super::until("the second event loop", || {
            let tasks = std::fs::read_dir(format!("/proc/{}/task", self.daemon_pid())).ok()?;
            let name = |task: std::fs::DirEntry| std::fs::read(task.path().join("comm")).ok();
            tasks.flatten().filter_map(name).any(|name| name == b"fuser-1\n").then_some(())
        });
        (list("fd").filter(|it| !is_kept(it)).count(), list("task").count())
    }

    /// A path below the mount point.
    pub fn path(&self, path: impl AsRef<Path>) -> PathBuf {
        self.directory.path().join(path)
    }

    /// A process's file.
    pub fn of(&self, pid: u32, file: &str) -> PathBuf {
        self.path(pid.to_string()).join(file)
    }

    pub fn root(&self) -> &Path {
        self.directory.path()
    }

    pub fn daemon_pid(&self) -> Pid {
        Pid::from_raw(self.daemon.as_ref().expect("a daemon").id() as i32)
    }

    /// Waits until the daemon has ended and returns its status.
    pub fn wait(&mut self) -> std::process::ExitStatus {
        let daemon = self.daemon.as_mut().expect("a daemon");
        let status = super::until("the daemon's end", || daemon.try_wait().expect("wait"));
        self.pid.store(0, Ordering::Relaxed);
        self.daemon = None;
        status
    }

    /// Sends the daemon a signal and waits for its end.
    pub fn signal(&mut self, signal: Signal) -> std::process::ExitStatus {
        kill(self.daemon_pid(), signal).expect("kill");
        self.wait()
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        if let Some(mut daemon) = self.daemon.take() {
            let _ = kill(Pid::from_raw(daemon.id() as i32), Signal::SIGTERM);
            let since = std::time::Instant::now();
            while daemon.try_wait().is_ok_and(|ended| ended.is_none())
                && since.elapsed() < std::time::Duration::from_secs(10)
            {
                std::thread::yield_now();
            }
            let _ = daemon.kill();
            let _ = daemon.wait();
        }
        if std::thread::panicking() {
            eprintln!("log of the daemon:\n{}", self.log());
        }
        // Whatever a test left there, the directory must be free of mounts before it is removed.
        detach_all(self.directory.path());
    }
}

/// A directory for daemons in the background. They and their mounts on it, or on directories below
/// it, end with the test.
pub struct Place {
    directory: TempDir,
    _watchdog: Watchdog,
}

impl Place {
    /// A new one, where mounts can be tested.
    pub fn new() -> Option<Self> {
        if !can_mount() {
            return None;
        }
        let directory = mount_point();
        let watchdog = Watchdog::new(format!("mounts on {}", directory.path().display()), {
            let place = directory.path().to_owned();
            move || end_all(&place)
        });
        Some(Place { directory, _watchdog: watchdog })
    }

    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Runs a command of the program on this directory to its end.
    pub fn run(&self, command: &str, arguments: &[&str]) -> Output {
        self.run_on(self.path(), command, arguments)
    }

    /// The same on a directory below.
    pub fn run_on(&self, directory: &Path, command: &str, arguments: &[&str]) -> Output {
        let mut program = program();
        program.arg(command).args(arguments).arg(directory).stdin(Stdio::null()).to_end()
    }

    /// Ends the mount by `umount`.
    pub fn unmount(&self) -> Output {
        unmount(self.path())
    }

    /// The daemons that serve this directory, or one below.
    pub fn daemons(&self) -> Vec<Pid> {
        daemons_on(self.path())
    }

    pub fn wait_until_no_daemon(&self) {
        super::until("the daemon's end", || self.daemons().is_empty().then_some(()));
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        end_all(self.path());
    }
}

/// Ends a mount that this test does not use, by `umount`. It is in use for a moment when a program
/// such as lsof looks at all mounts, or a child that another test forks has not begun its program.
pub fn unmount(place: &Path) -> Output {
    super::until("the unmount", || {
        let output = program().arg("umount").arg(place).stdin(Stdio::null()).to_end();
        let is_busy = err(&output).contains(" umount --lazy ");
        assert!(output.status.success() || is_busy, "{output:?}");
        output.status.success().then_some(output)
    })
}

/// The processes that name this directory, or one below, in their arguments.
fn daemons_on(place: &Path) -> Vec<Pid> {
    let entries = std::fs::read_dir("/proc").expect("/proc");
    let pids = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    pids.filter(|pid: &i32| {
        let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let mut words = line.split(|byte| *byte == 0);
        words.any(|word| Path::new(OsStr::from_bytes(word)).starts_with(place))
    })
    .map(Pid::from_raw)
    .collect()
}

fn end_all(place: &Path) {
    for pid in daemons_on(place) {
        let _ = kill(pid, Signal::SIGKILL);
    }
    detach_all(place);
}

/// Whether mounts can be tested here: as root with `/dev/fuse`, as another user also with the
/// helper that mounts for users.
pub fn can_mount() -> bool {
    if std::fs::File::options().read(true).write(true).open("/dev/fuse").is_err() {
        super::skip("/dev/fuse cannot be opened");
        return false;
    }
    let is_root = nix::unistd::geteuid().is_root();
    if !is_root && !is_installed("fusermount3") {
        super::skip("fusermount3 is missing");
        return false;
    }
    true
}

/// Whether root can mount here, and have mounts that nothing outside sees.
pub fn can_mount_apart() -> bool {
    super::is_root() && can_mount() && super::has_own_mounts()
}

/// An empty directory to mount on, which everyone may pass: other users look through the mount.
pub fn mount_point() -> TempDir {
    let directory = tempfile::Builder::new().prefix("mach-procfs-").tempdir().expect("tempdir");
    let open = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(directory.path(), open).expect("chmod");
    directory
}

/// Ends all mounts at this path or below it, in use or not; those of a user by the helper that made
/// them.
pub fn detach_all(path: &Path) {
    let by_helper = |place: &Path| {
        let mut helper = Command::new("fusermount3");
        helper.args(["-u", "-z", "-q", "--"]).arg(place).stdin(Stdio::null());
        helper.status().is_ok_and(|status| status.success())
    };
    let detach = |place: &Path| umount2(place, MntFlags::MNT_DETACH).is_ok() || by_helper(place);
    while let Some(place) = mount_points(path).last()
        && detach(place)
    {}
}

/// Where something is mounted at this path or below it, in the order of the mounts.
fn mount_points(path: &Path) -> Vec<PathBuf> {
    let table = std::fs::read_to_string("/proc/thread-self/mountinfo").expect("the mount table");
    let places = table.lines().filter_map(|line| line.split(' ').nth(4));
    let places = places.map(|it| PathBuf::from(OsString::from_vec(from_octal(it.as_bytes()))));
    places.filter(|place| place.starts_with(path)).collect()
}

/// The mounts at this path, by the type of their file system, the top one last.
pub fn mounted_types(path: &Path) -> Vec<String> {
    let table = std::fs::read_to_string("/proc/thread-self/mountinfo").expect("the mount table");
    let at = path.to_str().expect("a plain path");
    table
        .lines()
        .filter(|line| line.split(' ').nth(4) == Some(at))
        .map(|line| line.split(" - ").nth(1).expect("a type").split(' ').next().unwrap().to_owned())
        .collect()
}

pub fn is_mounted(path: &Path) -> bool {
    !mounted_types(path).is_empty()
}
