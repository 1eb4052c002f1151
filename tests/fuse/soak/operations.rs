//! Valid and invalid operations, chosen by a generator that a seed starts.

use std::ffi::{CString, OsStr};
use std::fs::File;
use std::io::{PipeReader, PipeWriter, Read};
use std::os::fd::{AsRawFd, FromRawFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use nix::errno::Errno;

/// What came of an operation that was not done.
pub(crate) enum Outcome {
    /// It was refused, as it may be.
    Refused(Errno),
    /// It should not have been done, or gave wrong bytes, or failed for no good reason.
    Wrong(String),
}

type Result<T> = std::result::Result<T, Outcome>;

pub(crate) struct Storm<'a> {
    state: u64,
    root: &'a Path,
    pid: u32,
    expected: &'a [u8],
    open: Vec<(File, bool)>,
    directory: File,
    /// Where bytes are copied to that do not come by way of a buffer.
    scratch: File,
    pipe: (PipeReader, PipeWriter),
}

/// Whether a result of a C function is -1, and for what errno. These say that something broke in
/// the daemon, or that it holds what it should not.
fn check(done: i64) -> Result<i64> {
    if done != -1 {
        return Ok(done);
    }
    match Errno::last() {
        errno @ (Errno::EIO
        | Errno::ENOTCONN
        | Errno::ECONNABORTED
        | Errno::ENFILE
        | Errno::ENOMEM) => Err(Outcome::Wrong(format!("{errno:?}"))),
        errno => Err(Outcome::Refused(errno)),
    }
}

/// For what must never be done on this file system.
fn never(done: i64) -> Result<()> {
    check(done)?;
    Err(Outcome::Wrong("it was done".to_owned()))
}

const OFFSETS: [i64; 9] = [0, 1, 4095, 4096, 131_072, 1 << 31, (1 << 32) + 1, i64::MAX, -1];

impl<'a> Storm<'a> {
    pub(crate) fn new(seed: u64, root: &'a Path, pid: u32, expected: &'a [u8]) -> Self {
        let state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        Storm {
            state,
            root,
            pid,
            expected,
            open: Vec::new(),
            directory: File::open(root).unwrap(),
            scratch: tempfile::tempfile().unwrap(),
            pipe: std::io::pipe().unwrap(),
        }
    }

    /// xorshift64*.
    fn random(&mut self) -> u64 {
        self.state ^= self.state >> 12;
        self.state ^= self.state << 25;
        self.state ^= self.state >> 27;
        self.state.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.random() >> 33) as usize % limit
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    fn offset(&mut self) -> i64 {
        match self.below(3) {
            0 => self.of(&OFFSETS),
            1 => self.below(300_000) as i64,
            _ => self.random().cast_signed(),
        }
    }

    fn path(&mut self) -> PathBuf {
        let process = match self.below(6) {
            0 => "self".to_owned(),
            1 => self.below(1 << 22).to_string(),
            2 => "nope".to_owned(),
            _ => self.pid.to_string(),
        };
        let long = "x".repeat(self.below(300));
        let files = ["maps", "task/vmmap", "task/vmmap_r", "task", "", ".", "..", "nope", "maps/x"];
        let file = match self.below(12) {
            0 => long,
            1 => {
                let bytes = self
                    .random()
                    .to_ne_bytes()
                    .map(|byte| if byte == 0 || byte == b'/' { b'x' } else { byte });
                return self.root.join(OsStr::from_bytes(&bytes));
            }
            2 => return self.root.join("."),
            _ => self.of(&files).to_owned(),
        };
        self.root.join(process).join(file)
    }

    fn c_path(&mut self) -> CString {
        CString::new(self.path().as_os_str().as_bytes()).unwrap()
    }

    /// A descriptor that is open, and whether it is of the file whose bytes are known.
    fn descriptor(&mut self) -> Option<(i32, bool)> {
        if self.open.is_empty() {
            return None;
        }
        let index = self.below(self.open.len());
        let (file, known) = &self.open[index];
        Some((file.as_raw_fd(), *known))
    }

    /// One more operation, by name.
    pub(crate) fn next(&mut self) -> (&'static str, Result<()>) {
        if self.open.len() > 40 || (self.open.len() > 4 && self.below(6) == 0) {
            let index = self.below(self.open.len());
            self.open.swap_remove(index);
            return ("close", Ok(()));
        }
        match self.below(16) {
            0..3 => ("open", self.open()),
            3 => ("open by handle", self.open_by_handle()),
            4..7 => self.on_path(),
            7..9 => self.copy(),
            _ => self.on_descriptor(),
        }
    }

    fn open(&mut self) -> Result<()> {
        let mut flags = self.of(&[
            libc::O_RDONLY,
            libc::O_RDONLY,
            libc::O_RDONLY,
            libc::O_WRONLY,
            libc::O_RDWR,
            3,
        ]);
        let more = [
            libc::O_CREAT,
            libc::O_TRUNC,
            libc::O_EXCL,
            libc::O_APPEND,
            libc::O_DIRECTORY,
            libc::O_NOFOLLOW,
            libc::O_PATH,
            libc::O_DIRECT,
            libc::O_NOATIME,
            libc::O_NONBLOCK,
            libc::O_SYNC,
            libc::O_TMPFILE,
        ];
        if self.below(2) == 0 {
            flags |= self.of(&more) | self.of(&more);
        }
        let known = self.root.join(format!("{}/maps", self.pid));
        let path = if self.below(2) == 0 { known.clone() } else { self.path() };
        let name = CString::new(path.as_os_str().as_bytes()).unwrap();
        // SAFETY: a string that ends in NUL and two integers.
        let fd =
            check(i64::from(unsafe { libc::open(name.as_ptr(), flags | libc::O_CLOEXEC, 0o600) }))?;
        // SAFETY: the kernel has just made it for us.
        let file = unsafe { File::from_raw_fd(fd as i32) };
        let is_path = flags & libc::O_PATH != 0;
        if flags & libc::O_ACCMODE != libc::O_RDONLY && !is_path {
            return Err(Outcome::Wrong(format!("{} opened with {flags:#x}", path.display())));
        }
        self.open.push((file, path == known && !is_path));
        Ok(())
    }

    /// Opens a file by a handle of it, which may be a wrong one.
    fn open_by_handle(&mut self) -> Result<()> {
        let known = self.root.join(format!("{}/maps", self.pid));
        let path = if self.below(2) == 0 { known.clone() } else { self.path() };
        let name = CString::new(path.as_os_str().as_bytes()).unwrap();
        // Two numbers, how many bytes follow them and of what type, and room for those.
        let mut handle = [0u32; 2 + libc::MAX_HANDLE_SZ as usize / 4];
        handle[0] = libc::MAX_HANDLE_SZ as u32;
        let room = handle.as_mut_ptr().cast();
        let mut mount = 0;
        // SAFETY: a string that ends in NUL, a handle that tells its room, and an integer.
        let made = unsafe {
            libc::name_to_handle_at(libc::AT_FDCWD, name.as_ptr(), room, &raw mut mount, 0)
        };
        check(i64::from(made))?;
        let is_wrong = self.below(3) == 0;
        if is_wrong {
            let words = handle[0] as usize / 4;
            handle[2 + self.below(words)] ^= 1 << self.below(32);
        }
        let room = handle.as_mut_ptr().cast();
        let flags = libc::O_RDONLY | libc::O_CLOEXEC;
        // SAFETY: a descriptor, the handle as the kernel made it or with another bit, and flags.
        let fd = unsafe { libc::open_by_handle_at(self.directory.as_raw_fd(), room, flags) };
        let fd = check(i64::from(fd))?;
        // SAFETY: the kernel has just made it for us.
        let file = unsafe { File::from_raw_fd(fd as i32) };
        self.open.push((file, path == known && !is_wrong));
        Ok(())
    }

    /// Lets the kernel copy from a file of the mount, or to it.
    fn copy(&mut self) -> (&'static str, Result<()>) {
        let Some((fd, known)) = self.descriptor() else {
            return ("open", self.open());
        };
        // Less than a pipe holds, so that it never has to wait.
        let size = self.of(&[0, 1, 7, 4096, 65_536]);
        let offset = self.offset();
        let (mut from, mut to) = (offset, 0);
        self.scratch.set_len(0).unwrap();
        let (scratch, pipe) = (self.scratch.as_raw_fd(), self.pipe.1.as_raw_fd());
        let none = std::ptr::null_mut();
        let operation = self.below(5);
        // SAFETY: open descriptors, offsets that live as long as the calls, and integers.
        unsafe {
            match operation {
                0 => ("sendfile", {
                    libc::lseek(scratch, 0, libc::SEEK_SET);
                    let done = check(libc::sendfile(scratch, fd, &raw mut from, size) as i64);
                    done.and_then(|got| self.has_scratch(known, offset, got))
                }),
                1 => ("copy_file_range", {
                    let (from, to) = (&raw mut from, &raw mut to);
                    let done = check(libc::copy_file_range(fd, from, scratch, to, size, 0) as i64);
                    done.and_then(|got| self.has_scratch(known, offset, got))
                }),
                2 => ("copy_file_range to it", {
                    self.scratch.set_len(4096).unwrap();
                    let (from, to) = (&raw mut to, &raw mut from);
                    never(libc::copy_file_range(scratch, from, fd, to, size.max(1), 0) as i64)
                }),
                3 => ("sendfile to it", {
                    self.scratch.set_len(4096).unwrap();
                    never(libc::sendfile(fd, scratch, &raw mut to, size.max(1)) as i64)
                }),
                _ => ("splice", {
                    let flags = libc::SPLICE_F_NONBLOCK;
                    let from = &raw mut from;
                    let done = check(libc::splice(fd, from, pipe, none, size, flags) as i64);
                    done.and_then(|got| {
                        let mut bytes = vec![0; got as usize];
                        self.pipe.0.read_exact(&mut bytes).unwrap();
                        self.begins_as_expected(known, offset, &bytes)
                    })
                }),
            }
        }
    }

    fn has_scratch(&self, known: bool, offset: i64, length: i64) -> Result<()> {
        let mut bytes = vec![0; length as usize];
        self.scratch.read_exact_at(&mut bytes, 0).unwrap();
        self.begins_as_expected(known, offset, &bytes)
    }

    /// What the kernel copies may end early, even before it began: but for O_DIRECT it goes by the
    /// file's size, which is mostly 0.
    fn begins_as_expected(&self, known: bool, offset: i64, got: &[u8]) -> Result<()> {
        self.as_expected(known, offset, got.len(), got)
    }

    fn on_path(&mut self) -> (&'static str, Result<()>) {
        let path = self.c_path();
        let other = self.c_path();
        let (path, other) = (path.as_ptr(), other.as_ptr());
        let mut buffer = vec![0u8; 4096];
        let room = buffer.as_mut_ptr();
        let size = self.of(&[0, 1, 255, 4096]);
        let attribute = c"user.x".as_ptr();
        // SAFETY: strings that end in NUL, and a buffer of 4096 bytes that holds more than any of
        // these calls writes.
        unsafe {
            match self.below(18) {
                0 => ("stat", check(i64::from(libc::lstat(path, room.cast()))).map(drop)),
                1 => {
                    let mode =
                        self.of(&[libc::F_OK, libc::R_OK, libc::X_OK, libc::R_OK | libc::X_OK]);
                    ("access", check(i64::from(libc::access(path, mode))).map(drop))
                }
                2 => ("access for writing", never(i64::from(libc::access(path, libc::W_OK)))),
                3 => ("readlink", check(libc::readlink(path, room.cast(), size) as i64).map(drop)),
                4 => ("getxattr", never(libc::getxattr(path, attribute, room.cast(), size) as i64)),
                5 => {
                    ("listxattr", check(libc::listxattr(path, room.cast(), size) as i64).map(drop))
                }
                6 => (
                    "setxattr",
                    never(i64::from(libc::setxattr(path, attribute, room.cast(), 1, 0))),
                ),
                7 => ("removexattr", never(i64::from(libc::removexattr(path, attribute)))),
                8 => ("rename", never(i64::from(libc::rename(path, other)))),
                9 => ("link", never(i64::from(libc::link(path, other)))),
                10 => ("symlink", never(i64::from(libc::symlink(c"maps".as_ptr(), path)))),
                11 => ("unlink", never(i64::from(libc::unlink(path)))),
                12 => ("mkdir", never(i64::from(libc::mkdir(path, 0o700)))),
                13 => ("rmdir", never(i64::from(libc::rmdir(path)))),
                14 => ("mknod", never(i64::from(libc::mknod(path, libc::S_IFIFO | 0o600, 0)))),
                15 => ("truncate", never(i64::from(libc::truncate(path, 0)))),
                16 => ("chmod or chown", {
                    let done =
                        if size == 0 { libc::chmod(path, 0o777) } else { libc::lchown(path, 1, 1) };
                    never(i64::from(done))
                }),
                _ => (
                    "utimensat",
                    never(i64::from(libc::utimensat(libc::AT_FDCWD, path, std::ptr::null(), 0))),
                ),
            }
        }
    }

    fn on_descriptor(&mut self) -> (&'static str, Result<()>) {
        let Some((fd, known)) = self.descriptor() else {
            return ("open", self.open());
        };
        let offset = self.offset();
        let size = self.of(&[0, 1, 7, 4096, 131_072, 1 << 20]);
        let mut buffer = vec![0u8; size.max(4096)];
        let room = buffer.as_mut_ptr();
        let operation = self.below(20);
        // SAFETY: an open descriptor, integers, and a buffer of at least `size` and 4096 bytes.
        unsafe {
            match operation {
                0..=6 => ("pread", {
                    let got = check(libc::pread(fd, room.cast(), size, offset) as i64);
                    got.and_then(|got| {
                        self.as_expected(known, offset, size, &buffer[..got as usize])
                    })
                }),
                7 => ("lseek", {
                    let whence =
                        self.of(&[libc::SEEK_SET, libc::SEEK_CUR, libc::SEEK_END, 3, 4, 9]);
                    let at = check(libc::lseek(fd, offset, whence));
                    // A `stat` by somebody else in between makes the kernel take 0 for the length.
                    let length = self.expected.len() as i64;
                    at.and_then(|at| match (known, whence) {
                        (true, libc::SEEK_END)
                            if at != length.wrapping_add(offset) && at != offset =>
                        {
                            Err(Outcome::Wrong(format!(
                                "the end is at {at}, not {offset} behind it"
                            )))
                        }
                        _ => Ok(()),
                    })
                }),
                8 => ("getdents", {
                    let done = libc::syscall(libc::SYS_getdents64, fd, room, buffer.len());
                    check(done).map(drop)
                }),
                9 => ("fstat", check(i64::from(libc::fstat(fd, room.cast()))).map(drop)),
                10 => (
                    "write",
                    never(libc::pwrite(fd, room.cast(), size.max(1), offset.max(0)) as i64),
                ),
                11 => ("ftruncate", never(i64::from(libc::ftruncate(fd, offset.max(0))))),
                12 => ("fallocate", never(i64::from(libc::fallocate(fd, 0, 0, 4096)))),
                13 => ("ioctl", {
                    let request = self.random() & 0xffff_ffff;
                    never(i64::from(libc::ioctl(fd, request, room)))
                }),
                14 => ("mmap", {
                    let how = self.of(&[libc::MAP_PRIVATE, libc::MAP_SHARED]);
                    let protection =
                        self.of(&[libc::PROT_READ, libc::PROT_READ | libc::PROT_WRITE]);
                    let at = libc::mmap(std::ptr::null_mut(), 4096, protection, how, fd, 0);
                    if at != libc::MAP_FAILED {
                        libc::munmap(at, 4096);
                    }
                    check(at as i64).map(drop)
                }),
                15 => ("fsync", check(i64::from(libc::fsync(fd))).map(drop)),
                16 => ("flock", {
                    let how = self.of(&[libc::LOCK_SH, libc::LOCK_EX, libc::LOCK_UN]);
                    check(i64::from(libc::flock(fd, how | libc::LOCK_NB))).map(drop)
                }),
                17 => ("fstatfs", check(i64::from(libc::fstatfs(fd, room.cast()))).map(drop)),
                18 => ("posix_fadvise", {
                    libc::posix_fadvise(fd, offset, 4096, self.below(8) as i32);
                    Ok(())
                }),
                _ => ("poll", {
                    let mut poll = libc::pollfd { fd, events: libc::POLLIN, revents: 0 };
                    check(i64::from(libc::poll(&raw mut poll, 1, 0))).map(drop)
                }),
            }
        }
    }

    fn as_expected(&self, known: bool, offset: i64, size: usize, got: &[u8]) -> Result<()> {
        if !known {
            return Ok(());
        }
        let from = usize::try_from(offset).unwrap_or(usize::MAX).min(self.expected.len());
        let to = from.saturating_add(size).min(self.expected.len());
        if got == &self.expected[from..to] {
            Ok(())
        } else {
            Err(Outcome::Wrong(format!("wrong bytes at {offset}, {} of {size}", got.len())))
        }
    }
}
