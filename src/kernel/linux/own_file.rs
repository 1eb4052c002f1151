//! Files with the text of the kernel's own procfs. The text goes through a small buffer, since
//! `smaps` may have 50 MB.

use std::os::fd::{AsFd, OwnedFd};

use nix::errno::Errno;
use nix::fcntl::{AtFlags, readlinkat};
use nix::sys::stat::{Mode, fstat, fstatat};
use nix::unistd::{Whence, lseek, read};

use super::directories::Directory;
use super::files::{ProcPath, failure, read_to_end, whole};
use super::identity::IdentitySource;
use super::liveness::{address_space_lives, gone_meanwhile, has_text};
use super::{ATTEMPTS, LinuxKernel};
use crate::kernel::{Procfs, ProcfsFile, Redact, Text};
use crate::model::{AddressRange, Error, ErrorKind, Identity, Pid, Result};

impl Procfs for LinuxKernel {
    fn has_file(&self, of: Option<Pid>, name: &str) -> bool {
        // The open reports any other error.
        let stat = match of {
            Some(pid) if self.ask_kept(pid, |it| it.stat_in(name)).is_some() => return true,
            Some(pid) => {
                let path = ProcPath::of(pid, name);
                fstatat(self.root.as_fd(), path.as_bytes(), AtFlags::empty())
            }
            None => fstatat(self.root.as_fd(), name, AtFlags::empty()),
        };
        !matches!(stat, Err(Errno::ENOENT))
    }

    fn keep_open(&self, directories: usize) {
        // Without pidfds the identity is not looked for in the directory.
        if self.identity_source == IdentitySource::PidFd {
            self.kept.at_most(directories);
        }
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

    fn mapped_file(&self, pid: Pid, identity: Identity, range: AddressRange) -> Result<Vec<u8>> {
        let path = ProcPath::new(format_args!("map_files/{range}"));
        let failed = |errno| self.nameless(failure(errno, "readlinkat(map_files)", pid), pid);
        let read = |directory: &Directory| readlinkat(directory.as_fd(), path.as_bytes());
        let (_, target) = self.ask(pid, Some(identity), failed, read)?;
        Ok(target.into_encoded_bytes())
    }

    fn mapped_file_mode(&self, pid: Pid, identity: Identity, range: AddressRange) -> Result<u16> {
        let name = format!("map_files/{range}");
        let failed = |errno| self.nameless(failure(errno, "fstatat(map_files)", pid), pid);
        let (_, stat) = self.ask(pid, Some(identity), failed, |it| it.stat_in(&name))?;
        Ok((stat.st_mode & 0o777) as u16)
    }
}

/// Bytes of one read: the kernel gives at most about a page of records (`seq_read_iter`), and most
/// other files are shorter than one.
const PAGE: usize = 4 * 1024;

/// The most bytes of one read of a long text that is given whole.
const MOST: usize = 64 * 1024;

/// The open of one, in errors.
const OPEN: &str = "open(own file)";

/// An open file of the kernel's own procfs.
pub(super) struct OwnFile {
    file: OwnedFd,
    /// The process, unless the file is the machine's.
    pid: Option<Pid>,
    /// For a small file, the filter that keeps what this reader may see.
    redact: Option<Redact>,
    /// Whether it shows an address space that existed at the open, or for `cmdline` at the first
    /// read.
    has_address_space: bool,
    given: Given,
    /// Whether something was read.
    begun: bool,
    ended: bool,
}

/// What the kernel gives at a read. How the end of the text looks depends on it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Given {
    /// Some of many records. No bytes are the end.
    Records,
    /// As much as there is room for, of a text that is made at once (`single_open`) or copied
    /// (`environ_read`). Fewer bytes are the end.
    AllThatFits,
    /// The same of the arguments, in the memory that the process has then
    /// (`proc_pid_cmdline_read`). So nothing is checked at the open.
    Arguments,
}

impl Given {
    fn of(name: &str) -> Self {
        match name {
            "cmdline" => Given::Arguments,
            "auxv" | "cgroup" | "comm" | "environ" | "fdinfo" | "io" | "limits" | "loginuid"
            | "oom_score" | "oom_score_adj" | "personality" | "sched" | "schedstat"
            | "sessionid" | "smaps_rollup" | "stat" | "statm" | "status" | "wchan" => {
                Given::AllThatFits
            }
            // So nothing is cut short of a file that is not known.
            _ => Given::Records,
        }
    }
}

impl OwnFile {
    pub(super) fn open(
        kernel: &LinuxKernel,
        file: ProcfsFile,
        name: &'static str,
        redact: Option<Redact>,
    ) -> Result<Self> {
        let (pid, identity, path) = match file {
            ProcfsFile::Machine => return Self::open_machines(kernel, name),
            ProcfsFile::Process(pid, identity) => {
                (pid, identity, ProcPath::new(format_args!("{name}")))
            }
            ProcfsFile::Thread(pid, identity, id) => {
                (pid, identity, ProcPath::new(format_args!("task/{id}/{name}")))
            }
            ProcfsFile::Descriptor(pid, identity, number) => {
                (pid, identity, ProcPath::new(format_args!("{name}/{number}")))
            }
        };
        let (file, has_address_space) = open_living(kernel, pid, identity, &path, name)?;
        Ok(OwnFile {
            file,
            pid: Some(pid),
            redact,
            has_address_space,
            given: Given::of(name),
            begun: false,
            ended: false,
        })
    }

    /// Only what everyone may read: the rights of this program to more are not the caller's.
    fn open_machines(kernel: &LinuxKernel, name: &'static str) -> Result<Self> {
        let path = ProcPath::new(format_args!("{name}"));
        let file = kernel.open(&path).map_err(|errno| whole(errno, "open(own file)"))?;
        let stat = fstat(&file).map_err(|errno| whole(errno, "fstat(own file)"))?;
        if !Mode::from_bits_truncate(stat.st_mode).contains(Mode::S_IROTH) {
            return Err(Error::new(ErrorKind::Denied, "fstat(own file)"));
        }
        Ok(OwnFile {
            file,
            pid: None,
            redact: None,
            has_address_space: false,
            given: Given::Records,
            begun: false,
            ended: false,
        })
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
        let room = match self.given {
            Given::AllThatFits | Given::Arguments if self.begun => wanted.clamp(PAGE, MOST),
            _ => PAGE,
        };
        out.resize(before + room, 0);
        let got = loop {
            match read(&self.file, &mut out[before..]) {
                Err(Errno::EINTR) => {}
                got => break got,
            }
        };
        self.begun = true;
        out.truncate(before + got.unwrap_or(0));
        let got = got.map_err(|errno| self.read_failed(errno))?;
        self.has_address_space |= self.given == Given::Arguments && got > 0;
        // A read that gave something has held the address space meanwhile.
        let is_whole = self.given != Given::Records && 0 < got && got < room;
        self.ended = got == 0 || is_whole;
        if got == 0 { self.confirm_alive() } else { Ok(()) }
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
    identity: Identity,
    path: &ProcPath,
    name: &str,
) -> Result<(OwnedFd, bool)> {
    let open = || {
        let failed = |errno| {
            let error = failure(errno, OPEN, pid);
            match errno {
                // `environ` of a process without memory, since 6.17 (`proc_mem_open`), and `mounts`
                // of one that has left its namespace (`mounts_open_common`): mostly zombies.
                Errno::ESRCH | Errno::EINVAL => error.meaning(ErrorKind::Vanished),
                _ => kernel.nameless(error, pid),
            }
        };
        let opened = kernel.ask(pid, Some(identity), failed, |it| it.open_in(path));
        opened.map(|(_, file)| file)
    };
    if !matches!(name, "environ" | "maps" | "numa_maps" | "smaps") {
        // Other files are generated at their first read and cannot be cut short.
        return Ok((open()?, false));
    }
    for _ in 0..ATTEMPTS {
        let file = open()?;
        // Only `maps` has the ioctl.
        let is_map = name == "maps";
        let lives = if is_map { address_space_lives(&file, pid) } else { has_text(&file, pid) }?;
        // As in `regions`: an empty file is a zombie's or a kernel thread's, or that of an image
        // which an exec has just replaced.
        if lives || kernel.stat_fields(pid, |stat| stat.size)? == 0 {
            return Ok((file, lives));
        }
    }
    match name {
        // A process may have no environment.
        "environ" => Ok((open()?, false)),
        _ => Err(Error::new(ErrorKind::Vanished, OPEN).pid(pid)),
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

    fn is_pinned(&self) -> bool {
        self.has_address_space && self.given != Given::Arguments
    }

    fn restart(&mut self) -> Result<()> {
        self.confirm_alive()?;
        lseek(&self.file, 0, Whence::SeekSet).map_err(|errno| self.read_failed(errno))?;
        (self.begun, self.ended) = (false, false);
        Ok(())
    }
}
