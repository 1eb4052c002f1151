//! Files with the text of the kernel's own procfs. The text goes through a small buffer, since
//! `smaps` may have 50 MB.

use std::os::fd::{AsFd, OwnedFd};

use nix::errno::Errno;
use nix::fcntl::AtFlags;
use nix::sys::stat::{Mode, fstat, fstatat};
use nix::unistd::{Whence, lseek, read};

use super::files::{ProcPath, failure, read_to_end, whole};
use super::liveness::{address_space_lives, gone_meanwhile};
use super::{ATTEMPTS, LinuxKernel};
use crate::kernel::{Procfs, ProcfsFile, Redact, Text};
use crate::model::{Error, ErrorKind, Pid, Result};

impl Procfs for LinuxKernel {
    fn has_file(&self, of: Option<Pid>, name: &str) -> bool {
        // The open reports any other error.
        let stat = match of {
            Some(pid) => {
                let path = ProcPath::of(pid, name);
                fstatat(self.root.as_fd(), path.as_bytes(), AtFlags::empty())
            }
            None => fstatat(self.root.as_fd(), name, AtFlags::empty()),
        };
        !matches!(stat, Err(Errno::ENOENT))
    }

    fn open_file(
        &self,
        file: ProcfsFile,
        name: &'static str,
        redact: Option<Redact>,
    ) -> Result<Box<dyn Text>> {
        Ok(Box::new(OwnFile::open(self, file, name, redact)?))
    }

    fn descriptors_size(&self, pid: Pid) -> Result<u64> {
        let size = self.stat_of(pid, "fd", "fstatat(fd)")?.st_size;
        Ok(u64::try_from(size).unwrap_or(0))
    }

    /// As in `proc_task_getattr`; every directory has two more links.
    fn linked_threads(&self, pid: Pid) -> Result<u32> {
        let links = self.stat_of(pid, "task", "fstatat(task)")?.st_nlink;
        Ok(u32::try_from(links).unwrap_or(u32::MAX).saturating_sub(2))
    }
}

/// Bytes of one read: the kernel generates about a page of most files (`seq_read_iter`), and copies
/// any amount of `cmdline` and `environ`.
const LEAST: usize = 4 * 1024;
const MOST: usize = 64 * 1024;

/// An open file of the kernel's own procfs.
pub(super) struct OwnFile {
    file: OwnedFd,
    /// The process, unless the file is the machine's.
    pid: Option<Pid>,
    /// For a small file, the filter that keeps what this reader may see.
    redact: Option<Redact>,
    /// Whether it shows an address space, which existed at the open.
    has_address_space: bool,
    ended: bool,
}

impl OwnFile {
    pub(super) fn open(
        kernel: &LinuxKernel,
        file: ProcfsFile,
        name: &'static str,
        redact: Option<Redact>,
    ) -> Result<Self> {
        let (pid, path) = match file {
            ProcfsFile::Machine => return Self::open_machines(kernel, name),
            ProcfsFile::Process(pid) => (pid, ProcPath::of(pid, name)),
            ProcfsFile::Thread(pid, id) => {
                (pid, ProcPath::new(format_args!("{pid}/task/{id}/{name}")))
            }
            ProcfsFile::Descriptor(pid, number) => {
                (pid, ProcPath::new(format_args!("{pid}/{name}/{number}")))
            }
        };
        let (file, has_address_space) = open_living(kernel, pid, &path, name)?;
        Ok(OwnFile { file, pid: Some(pid), redact, has_address_space, ended: false })
    }

    /// Only what everyone may read: the rights of this program to more are not the caller's.
    fn open_machines(kernel: &LinuxKernel, name: &'static str) -> Result<Self> {
        let path = ProcPath::new(format_args!("{name}"));
        let file = kernel.open(&path).map_err(|errno| whole(errno, "open(own file)"))?;
        let stat = fstat(&file).map_err(|errno| whole(errno, "fstat(own file)"))?;
        if !Mode::from_bits_truncate(stat.st_mode).contains(Mode::S_IROTH) {
            return Err(Error::new(ErrorKind::Denied, "fstat(own file)"));
        }
        Ok(OwnFile { file, pid: None, redact: None, has_address_space: false, ended: false })
    }

    fn confirm_alive(&self) -> Result<()> {
        match self.pid {
            Some(pid) if self.has_address_space && !address_space_lives(&self.file, pid)? => {
                Err(Error::new(ErrorKind::Vanished, "liveness(own file)").pid(pid))
            }
            _ => Ok(()),
        }
    }

    fn read_failed(&self, errno: Errno) -> Error {
        match self.pid {
            Some(pid) => gone_meanwhile(errno, "read(own file)", pid),
            None => whole(errno, "read(own file)"),
        }
    }

    /// Appends the bytes of one read, which may be few.
    fn read_on(&mut self, out: &mut Vec<u8>, wanted: usize) -> Result<()> {
        let before = out.len();
        out.resize(before + wanted.clamp(LEAST, MOST), 0);
        let got = loop {
            match read(&self.file, &mut out[before..]) {
                Err(Errno::EINTR) => {}
                got => break got,
            }
        };
        out.truncate(before + got.unwrap_or(0));
        self.ended = got.map_err(|errno| self.read_failed(errno))? == 0;
        if self.ended { self.confirm_alive() } else { Ok(()) }
    }

    fn append_redacted(&mut self, redact: Redact, out: &mut Vec<u8>) -> Result<()> {
        let text = read_to_end(&self.file).map_err(|errno| self.read_failed(errno))?;
        self.ended = true;
        redact(&text, out).ok_or_else(|| {
            let error = Error::new(ErrorKind::Failed, "parse(own file)");
            Error { pid: self.pid, ..error }
        })
    }
}

/// Opens a file. Returns whether it shows an existing address space.
fn open_living(
    kernel: &LinuxKernel,
    pid: Pid,
    path: &ProcPath,
    name: &str,
) -> Result<(OwnedFd, bool)> {
    let open = || kernel.open(path).map_err(|errno| not_opened(kernel, errno, pid));
    if !matches!(name, "cmdline" | "environ" | "maps" | "numa_maps" | "smaps") {
        // Most other files are generated at their first read (`single_open`) and cannot be cut
        // short.
        return Ok((open()?, false));
    }
    for _ in 0..ATTEMPTS {
        let file = open()?;
        let lives = address_space_lives(&file, pid)?;
        // As in `regions`: an empty file is a zombie's or a kernel thread's, or that of an image
        // which an exec has just replaced.
        if lives || kernel.stat_fields(pid, |stat| stat.size)? == 0 {
            return Ok((file, lives));
        }
    }
    match name {
        // A process may have no arguments and no environment.
        "cmdline" | "environ" => Ok((open()?, false)),
        _ => Err(Error::new(ErrorKind::Vanished, "open(own file)").pid(pid)),
    }
}

fn not_opened(kernel: &LinuxKernel, errno: Errno, pid: Pid) -> Error {
    let error = failure(errno, "open(own file)", pid);
    match errno {
        // `environ` of a process without memory, since 6.17 (`proc_mem_open`), and `mounts` of one
        // that has left its namespace (`mounts_open_common`): mostly zombies.
        Errno::ESRCH | Errno::EINVAL => error.meaning(ErrorKind::Vanished),
        _ => kernel.nameless(error, pid),
    }
}

impl Text for OwnFile {
    fn fill(&mut self, out: &mut Vec<u8>, enough: usize) -> Result<bool> {
        while !self.ended && out.len() < enough {
            match self.redact {
                Some(redact) => self.append_redacted(redact, out)?,
                None => self.read_on(out, enough - out.len())?,
            }
        }
        Ok(!self.ended)
    }

    fn restart(&mut self) -> Result<()> {
        self.confirm_alive()?;
        lseek(&self.file, 0, Whence::SeekSet).map_err(|errno| self.read_failed(errno))?;
        self.ended = false;
        Ok(())
    }
}
