//! Processes to look at. A target is this very test binary run again for the test `process` below,
//! with a script in its environment: it makes mappings, prints where they are, and stops itself, so
//! that its map does not change. A program without a test harness calls [`play`] first of all
//! instead.
#![allow(unsafe_code)]

use std::collections::HashMap;
use std::ffi::CString;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::os::fd::{AsRawFd, IntoRawFd, OwnedFd};
use std::os::unix::net::UnixDatagram;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};

use nix::sys::signal::{Signal, kill, raise};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

use super::program::{MYSELF, by_any_user, test_of};
use super::watchdog::Watchdog;

const SCRIPT: &str = "MACH_PROCFS_TARGET";
const PAGE: usize = 4096;

/// A child process that is killed and reaped when this goes.
pub struct Target {
    child: Child,
    _watchdog: Watchdog,
    said: BufReader<ChildStderr>,
    /// Addresses by the labels that the script gave them.
    pub places: HashMap<String, u64>,
    /// What its steps `open` and `read` found, by the labels that the script gave them.
    pub found: HashMap<String, String>,
}

impl Target {
    /// Starts a target with this script and waits until it has stopped for the first time.
    pub fn stopped(script: &str) -> Self {
        let mut command = Command::new(std::env::current_exe().expect("own path"));
        command.stdin(Stdio::null());
        Self::start(command, script)
    }

    /// The same as another user and group.
    pub fn stopped_as(script: &str, user: Option<u32>) -> Self {
        let Some(user) = user else { return Self::stopped(script) };
        let mut command = Command::new(MYSELF);
        by_any_user(&mut command).uid(user).gid(user);
        Self::start(command, script)
    }

    /// The same executed by another program, such as `setpriv` with its options.
    pub fn stopped_through(program: &[&str], script: &str) -> Self {
        let Some((first, rest)) = program.split_first() else {
            return Self::stopped(script);
        };
        let mut command = Command::new(first);
        by_any_user(&mut command).args(rest).arg(MYSELF);
        Self::start(command, script)
    }

    fn start(mut command: Command, script: &str) -> Self {
        command
            .args(["--ignored", "--exact", &test_of(module_path!(), "process"), "--nocapture"])
            .env(SCRIPT, script)
            .current_dir("/")
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let mut child = without_inherited(&mut command).spawn().expect("the target starts");
        let watchdog = killer("a target", &child);
        let said = BufReader::new(child.stderr.take().expect("its standard error is a pipe"));
        let (places, found) = Default::default();
        let mut target = Target { child, _watchdog: watchdog, said, places, found };
        target.wait_stopped();
        target
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    fn nix_pid(&self) -> Pid {
        Pid::from_raw(self.pid() as i32)
    }

    fn wait_stopped(&mut self) {
        loop {
            let mut line = String::new();
            let got = self.said.read_line(&mut line).expect("the target's lines");
            assert!(got > 0, "the target ended before it stopped");
            let words: Vec<&str> = line.split_whitespace().collect();
            match words[..] {
                ["@stop"] => break,
                ["@at", label, address] => {
                    let address = u64::from_str_radix(address, 16).expect("an address");
                    self.places.insert(label.to_owned(), address);
                }
                ["@found", label, what] => {
                    self.found.insert(label.to_owned(), what.to_owned());
                }
                _ => eprint!("target: {line}"),
            }
        }
        self.confirm_stopped();
    }

    fn confirm_stopped(&self) {
        let status = waitpid(self.nix_pid(), Some(WaitPidFlag::WUNTRACED)).expect("waitpid");
        assert!(matches!(status, WaitStatus::Stopped(..)), "{status:?}");
    }

    /// Lets it go on into `exec PROGRAM`, and stops it where it waits then.
    pub fn next_image(&mut self) {
        // In the middle of an exec there is none.
        let image = |pid| std::fs::read_link(format!("/proc/{pid}/exe")).ok();
        let before = image(self.pid()).expect("its program");
        self.go_on();
        super::until("the other image to wait", || {
            let call = std::fs::read_to_string(format!("/proc/{}/wchan", self.pid())).ok()?;
            (image(self.pid())? != before && call.contains("nanosleep")).then_some(())
        });
        kill(self.nix_pid(), Signal::SIGSTOP).expect("SIGSTOP");
        self.confirm_stopped();
    }

    /// Lets it go on until it stops again.
    pub fn next(&mut self) {
        self.go_on();
        self.wait_stopped();
    }

    /// Lets it go on.
    pub fn go_on(&self) {
        kill(self.nix_pid(), Signal::SIGCONT).expect("SIGCONT");
    }

    /// Lets it go on to its end, and leaves the zombie.
    pub fn go_on_to_the_end(&self) {
        self.go_on();
        let peek = WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT;
        nix::sys::wait::waitid(nix::sys::wait::Id::Pid(self.nix_pid()), peek).expect("waitid");
    }

    /// Kills it but leaves the zombie.
    pub fn kill(&self) {
        kill(self.nix_pid(), Signal::SIGKILL).expect("SIGKILL");
        let peek = WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT;
        nix::sys::wait::waitid(nix::sys::wait::Id::Pid(self.nix_pid()), peek).expect("waitid");
    }

    /// Kills it and takes the zombie away.
    pub fn reap(mut self) {
        self.end();
    }

    fn end(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        self.end();
    }
}

/// Starts a process with the three standard descriptors only. The tests may have inherited others
/// from what started them, and what is open there need not be found by its path: a shell outside of
/// a chroot has another `/dev/null`.
pub fn without_inherited(command: &mut Command) -> &mut Command {
    let close_others = || {
        close_fds::set_fds_cloexec(3, &[]);
        Ok(())
    };
    // SAFETY: it makes system calls only, and changes nothing but flags of the child's descriptors.
    unsafe { command.pre_exec(close_others) }
}

/// Kills a child that lives too long.
pub fn killer(what: &str, child: &Child) -> Watchdog {
    let pid = Pid::from_raw(child.id() as i32);
    Watchdog::new(what, move || {
        let _ = kill(pid, Signal::SIGKILL);
    })
}

/// Any other program as a child, killed and reaped when this goes.
pub struct Started(Child, #[allow(dead_code, reason = "it only lives")] Watchdog);

impl Started {
    /// Starts it and waits until it has its arguments, which an exec sets up last of all.
    pub fn new(command: &mut Command) -> Self {
        command.stdout(Stdio::null());
        let child = without_inherited(command).spawn().expect("the program starts");
        let watchdog = killer("a child", &child);
        let started = Started(child, watchdog);
        super::until("its arguments", || {
            let arguments = std::fs::read(format!("/proc/{}/cmdline", started.pid()));
            (!arguments.expect("its arguments").is_empty()).then_some(())
        });
        started
    }

    pub fn pid(&self) -> u32 {
        self.0.id()
    }

    /// Waits for its end, or for that of the watchdog.
    pub fn wait(&mut self) -> ExitStatus {
        self.0.wait().expect("its status")
    }

    /// Kills it but leaves the zombie.
    pub fn kill(&mut self) {
        self.0.kill().expect("SIGKILL");
        let id = nix::sys::wait::Id::Pid(Pid::from_raw(self.pid() as i32));
        let peek = WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT;
        nix::sys::wait::waitid(id, peek).expect("waitid");
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The target process itself: no test, but the other end of [`Target`].
#[test]
#[ignore = "the body of target processes, started by other tests"]
fn process() {
    play();
}

/// Runs the script if this process was started as a target. Returns whether it was.
pub fn play() -> bool {
    let Ok(script) = std::env::var(SCRIPT) else {
        return false;
    };
    let mut files = HashMap::new();
    for step in script.split(';') {
        let words: Vec<&str> = step.split_whitespace().collect();
        match words[..] {
            ["stop"] => {
                say("@stop");
                raise(Signal::SIGSTOP).expect("SIGSTOP");
            }
            ["regions", count] => regions(count.parse().expect("a count")),
            ["mixed", count, path] => mixed(count.parse().expect("a count"), Path::new(path)),
            ["map", label, how] => tell(label, map(how, None)),
            ["map", label, how, path] => tell(label, map(how, Some(path))),
            ["unmap-all", count] => unmap_regions(count.parse().expect("a count")),
            ["exec", program] => {
                let error = Command::new(program).arg("1000").exec();
                panic!("exec: {error}");
            }
            ["ids", user] => {
                let user: u32 = user.parse().expect("an id");
                nix::unistd::setgroups(&[]).expect("setgroups");
                nix::unistd::setresgid(user.into(), user.into(), user.into()).expect("setresgid");
                nix::unistd::setresuid(user.into(), user.into(), user.into()).expect("setresuid");
            }
            ["undumpable"] => nix::sys::prctl::set_dumpable(false).expect("prctl"),
            ["open", label, path] => {
                files.insert(label.to_owned(), File::open(path));
            }
            ["head", label] => {
                if let Some(Ok(file)) = files.get_mut(label) {
                    file.read_exact(&mut [0; 100]).expect("its head");
                }
            }
            ["read", label] => say(&format!("@found {label} {}", all_of(&mut files, label))),
            ["name", hex] => rename(hex),
            ["thread", hex] => thread(hex),
            ["keep", label, path] => keep(label, File::open(path).expect("the file")),
            ["pipe", label] => keep(label, std::io::pipe().expect("a pipe").0),
            ["listen", label] => keep(label, TcpListener::bind("127.0.0.1:0").expect("a port")),
            ["socket", label] => keep(label, UnixDatagram::unbound().expect("a socket")),
            ["epoll", label] => tell(label, epoll()),
            ["descriptors", count] => descriptors(count.parse().expect("a count")),
            ["churn"] => churn(),
            [] => {}
            _ => panic!("no such step: {step}"),
        }
    }
    true
}

/// What the rest of a file is: how its opening or reading failed, or how long it is and its hash.
fn all_of(files: &mut HashMap<String, std::io::Result<File>>, label: &str) -> String {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let file = match files.get_mut(label).expect("a file that was opened") {
        Ok(file) => file,
        Err(error) => return format!("open:{}", error.raw_os_error().expect("an errno")),
    };
    let mut text = Vec::new();
    if let Err(error) = file.read_to_end(&mut text) {
        return format!("read:{}", error.raw_os_error().expect("an errno"));
    }
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    format!("{}:{:x}", text.len(), hasher.finish())
}

/// A name as the bytes that these hexadecimal digits stand for.
fn name_from(hex: &str) -> CString {
    let digits: Vec<u8> =
        hex.chars().map(|digit| digit.to_digit(16).expect("a digit") as u8).collect();
    let bytes: Vec<u8> = digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect();
    CString::new(bytes).expect("a name")
}

/// Gives the first thread, and so the process, another name.
fn rename(hex: &str) {
    std::fs::write(format!("/proc/{}/comm", std::process::id()), name_from(hex).to_bytes())
        .expect("the name");
}

/// A thread with this name, which waits.
fn thread(hex: &str) {
    let name = name_from(hex);
    let (sender, named) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        nix::sys::prctl::set_name(&name).expect("the name");
        sender.send(nix::unistd::gettid().as_raw()).expect("the main thread waits");
        loop {
            std::thread::park();
        }
    });
    let id = named.recv().expect("the thread's number");
    tell(hex, usize::try_from(id).expect("a number"));
}

/// Leaves it open, and prints its number.
fn keep(label: &str, file: impl Into<OwnedFd>) {
    tell(label, usize::try_from(file.into().into_raw_fd()).expect("a number"));
}

fn epoll() -> usize {
    // SAFETY: it takes a number and touches no memory.
    let number = unsafe { libc::epoll_create1(0) };
    usize::try_from(number).expect("an epoll")
}

fn descriptors(count: usize) {
    for _ in 0..count {
        let _ = File::open("/dev/null").expect("/dev/null").into_raw_fd();
    }
}

fn say(line: &str) {
    let mut stderr = std::io::stderr().lock();
    writeln!(stderr, "{line}").expect("standard error");
}

fn tell(label: &str, address: usize) {
    say(&format!("@at {label} {address:x}"));
}

fn reserve(pages: usize) -> usize {
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
    // SAFETY: a new mapping where the kernel likes; nothing is replaced.
    let at =
        unsafe { libc::mmap(std::ptr::null_mut(), pages * PAGE, libc::PROT_NONE, flags, -1, 0) };
    assert_ne!(at, libc::MAP_FAILED);
    at as usize
}

fn protect(at: usize, pages: usize, protection: i32) {
    // SAFETY: pages that this process has mapped for itself and that hold nothing.
    let done = unsafe { libc::mprotect(at as *mut libc::c_void, pages * PAGE, protection) };
    assert_eq!(done, 0);
}

/// This many regions more, of a page each: neighbours differ in protection and cannot merge.
fn regions(count: usize) {
    let at = reserve(count);
    for number in (0..count).step_by(2) {
        protect(at + number * PAGE, 1, libc::PROT_READ);
    }
    tell("regions", at);
    FIRST.store(at, std::sync::atomic::Ordering::Relaxed);
}

/// This many regions more, of a page each, three of five anonymous and two of this file, such
/// that no neighbours can merge.
pub fn mixed(count: usize, path: &Path) {
    if count == 0 {
        return;
    }
    let file = File::open(path).expect("the file");
    let at = reserve(count);
    for number in 0..count {
        let page = at + number * PAGE;
        match number % 5 {
            0 => protect(page, 1, libc::PROT_READ),
            2 => protect(page, 1, libc::PROT_READ | libc::PROT_WRITE),
            4 => {}
            _ => {
                let flags = libc::MAP_PRIVATE | libc::MAP_FIXED;
                // SAFETY: replaces a page that was reserved above and holds nothing.
                let got = unsafe {
                    libc::mmap(
                        page as *mut libc::c_void,
                        PAGE,
                        libc::PROT_READ,
                        flags,
                        file.as_raw_fd(),
                        0,
                    )
                };
                assert_eq!(got as usize, page);
            }
        }
    }
}

static FIRST: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);

fn unmap_regions(count: usize) {
    let at = FIRST.load(std::sync::atomic::Ordering::Relaxed);
    // SAFETY: exactly what `regions` has mapped.
    assert_eq!(unsafe { libc::munmap(at as *mut libc::c_void, count * PAGE) }, 0);
}

/// Four pages of this kind, between guard pages so that they merge with nothing.
fn map(how: &str, path: Option<&str>) -> usize {
    let at = reserve(6) + PAGE;
    let read_write = libc::PROT_READ | libc::PROT_WRITE;
    let fixed = |protection, flags, file: Option<&File>| {
        let fd = file.map_or(-1, AsRawFd::as_raw_fd);
        // SAFETY: replaces pages that were reserved above and hold nothing.
        let got = unsafe {
            libc::mmap(
                at as *mut libc::c_void,
                4 * PAGE,
                protection,
                flags | libc::MAP_FIXED,
                fd,
                0,
            )
        };
        assert_eq!(got as usize, at);
    };
    let advise = |advice| {
        protect(at, 4, read_write);
        // SAFETY: advice about pages that hold nothing.
        let done = unsafe { libc::madvise(at as *mut libc::c_void, 4 * PAGE, advice) };
        assert_eq!(done, 0);
    };
    let open = || File::open(path.expect("a path")).expect("the file");
    match how {
        "read-only" => {
            protect(at, 4, read_write);
            protect(at, 4, libc::PROT_READ);
        }
        "sequential" => advise(libc::MADV_SEQUENTIAL),
        "random" => advise(libc::MADV_RANDOM),
        "dont-fork" => advise(libc::MADV_DONTFORK),
        "wipe-on-fork" => advise(libc::MADV_WIPEONFORK),
        "locked" => {
            protect(at, 4, read_write);
            // SAFETY: locking pages that hold nothing.
            assert_eq!(unsafe { libc::mlock(at as *const libc::c_void, 4 * PAGE) }, 0);
        }
        "touched" => {
            protect(at, 4, read_write);
            for page in 0..3 {
                // SAFETY: writable pages that hold nothing and to which there is no other
                // reference.
                unsafe { ((at + page * PAGE) as *mut u8).write_volatile(1) };
            }
        }
        "shared" => fixed(read_write, libc::MAP_SHARED | libc::MAP_ANONYMOUS, None),
        "shared-file" => fixed(libc::PROT_READ, libc::MAP_SHARED, Some(&open())),
        "file" => fixed(read_write, libc::MAP_PRIVATE, Some(&open())),
        _ => panic!("no such mapping: {how}"),
    }
    at
}

/// Maps and unmaps without end.
fn churn() -> ! {
    say("@stop");
    raise(Signal::SIGSTOP).expect("SIGSTOP");
    loop {
        regions_quietly(64);
    }
}

fn regions_quietly(count: usize) {
    let at = reserve(count);
    for number in (0..count).step_by(2) {
        protect(at + number * PAGE, 1, libc::PROT_READ);
    }
    // SAFETY: exactly what was reserved above.
    assert_eq!(unsafe { libc::munmap(at as *mut libc::c_void, count * PAGE) }, 0);
}
