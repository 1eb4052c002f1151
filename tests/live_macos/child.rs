//! Another process with mappings that are known: this test program once more, which makes them,
//! prints where they are, and waits until its input ends.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::ptr;
use std::sync::atomic::{AtomicU32, Ordering};

use mach_procfs::model::Pid;
use tempfile::TempDir;

/// Regions of one page each, more than any 16-bit counter holds.
pub(crate) const MANY: usize = 70_000;

/// Where the child is to put its files; without it, it is no child.
const DIRECTORY: &str = "MACH_PROCFS_TEST_CHILD";

/// `VM_MAKE_TAG(240)`, as the file descriptor of anonymous memory: a tag of its own keeps the
/// kernel from merging it with what lies beside it.
const TAG: libc::c_int = 240 << 24;

/// This machine's page size, which the child's native code has too.
pub(crate) fn page() -> u64 {
    // SAFETY: takes a number and reads a constant of the system.
    u64::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).unwrap()
}

/// A range that the child has mapped.
#[derive(Clone, Debug)]
pub(crate) struct Mapped {
    name: String,
    pub(crate) start: u64,
    pub(crate) end: u64,
}

/// The child, killed when dropped.
pub(crate) struct MappedChild {
    process: Child,
    mapped: Vec<Mapped>,
    directory: TempDir,
}

impl MappedChild {
    /// Starts it and waits for its mappings.
    pub(crate) fn start() -> Self {
        Self::with_variable("MACH_PROCFS_TEST_VARIABLE", "")
    }

    /// As [`start`](Self::start), with a variable in its environment.
    pub(crate) fn with_variable(name: &str, value: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "child::is_the_child", "--ignored", "--nocapture"])
            .env(DIRECTORY, directory.path())
            .env(name, value)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut mapped = Vec::new();
        for line in BufReader::new(process.stdout.take().unwrap()).lines().map(Result::unwrap) {
            match line.split(' ').collect::<Vec<_>>()[..] {
                ["mapped", name, start, size] => {
                    let start = start.parse().unwrap();
                    let end = start + size.parse::<u64>().unwrap();
                    mapped.push(Mapped { name: name.to_owned(), start, end });
                }
                ["ready"] => return MappedChild { process, mapped, directory },
                _ => {}
            }
        }
        panic!("the child ended early: {:?}", process.wait());
    }

    pub(crate) fn pid(&self) -> Pid {
        Pid::new(self.process.id()).unwrap()
    }

    pub(crate) fn mapped(&self, name: &str) -> Mapped {
        self.mapped.iter().find(|mapped| mapped.name == name).unwrap().clone()
    }

    /// The file it has mapped, by the path that the kernel knows.
    pub(crate) fn file(&self) -> PathBuf {
        self.directory.path().canonicalize().unwrap().join(FILE)
    }

    /// Returns when it has ended, and before anybody has asked how.
    pub(crate) fn kill_and_leave_zombie(&mut self) {
        self.process.kill().unwrap();
        // SAFETY: zeros are a value of this struct of numbers and pointers.
        let mut info: libc::siginfo_t = unsafe { std::mem::zeroed() };
        // SAFETY: `info` is writable, and the process is a child of this one.
        let answer = unsafe {
            libc::waitid(
                libc::P_PID,
                self.process.id(),
                &raw mut info,
                libc::WEXITED | libc::WNOWAIT,
            )
        };
        assert_eq!(answer, 0, "{}", io::Error::last_os_error());
    }

    pub(crate) fn reap(&mut self) {
        self.process.wait().unwrap();
    }
}

impl Drop for MappedChild {
    fn drop(&mut self) {
        // Both fail only where it has been reaped already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Not zero, so that it is in the file.
static DATA: AtomicU32 = AtomicU32::new(1);

/// Addresses, which dyld has to slide.
static LINKED: [&str; 2] = ["one", "another"];

/// With a space, which a path may have.
const FILE: &str = "mapped file";

/// What the child does; for who runs the ignored tests by hand, nothing.
#[test]
#[ignore = "started by the other tests, as their child"]
fn is_the_child() {
    let Some(directory) = std::env::var_os(DIRECTORY) else { return };
    let directory = Path::new(&directory);
    let page = usize::try_from(page()).unwrap();
    let file = file_of(&directory.join(FILE), 3 * page);
    let deleted = directory.join("deleted");
    let deleted_file = file_of(&deleted, page);

    let read_write = libc::PROT_READ | libc::PROT_WRITE;
    let mut out = io::stdout().lock();
    // The test runner has begun a line.
    writeln!(out).unwrap();
    let mut tell = |name: &str, start: *mut u8, size: usize| {
        writeln!(out, "mapped {name} {} {size}", start.addr()).unwrap();
    };

    let start = map(2 * page, libc::PROT_READ, libc::MAP_PRIVATE, file.as_raw_fd(), page);
    tell("file", start, 2 * page);
    let start = map(page, libc::PROT_READ, libc::MAP_PRIVATE, deleted_file.as_raw_fd(), 0);
    tell("deleted", start, page);
    fs::remove_file(&deleted).unwrap();
    let start = map(2 * page, read_write, libc::MAP_SHARED | libc::MAP_ANON, TAG, 0);
    tell("shared", start, 2 * page);
    let start = map(3 * page, read_write, libc::MAP_PRIVATE | libc::MAP_ANON, TAG, 0);
    forbid(start.wrapping_add(page), page);
    tell("guard", start, 3 * page);
    let start = map(MANY * page, libc::PROT_READ, libc::MAP_PRIVATE | libc::MAP_ANON, TAG, 0);
    for index in (1..MANY).step_by(2) {
        forbid(start.wrapping_add(index * page), page);
    }
    tell("many", start, MANY * page);

    // Of this program: data that was written to, and the constants that dyld has linked.
    DATA.store(2, Ordering::Relaxed);
    tell("data", DATA.as_ptr().cast(), size_of::<u32>());
    tell("constants", (&raw const LINKED).cast_mut().cast(), size_of_val(&LINKED));

    writeln!(out, "ready").unwrap();
    out.flush().unwrap();
    io::stdin().read_to_end(&mut Vec::new()).unwrap();
}

fn file_of(path: &Path, size: usize) -> File {
    fs::write(path, vec![b'x'; size]).unwrap();
    File::open(path).unwrap()
}

fn map(size: usize, protection: i32, flags: i32, fd: i32, offset: usize) -> *mut u8 {
    // SAFETY: asks for memory at an address of the kernel's choice, so none that is in use.
    let start = unsafe {
        libc::mmap(ptr::null_mut(), size, protection, flags, fd, i64::try_from(offset).unwrap())
    };
    assert_ne!(start, libc::MAP_FAILED, "{}", io::Error::last_os_error());
    start.cast()
}

fn forbid(start: *mut u8, size: usize) {
    // SAFETY: pages that `map` returned and that no code reads or writes.
    let answer = unsafe { libc::mprotect(start.cast(), size, libc::PROT_NONE) };
    assert_eq!(answer, 0, "{}", io::Error::last_os_error());
}
