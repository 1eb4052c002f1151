//! Walks over the text of an open `maps` or `smaps`. A walk asks whether the address space still
//! lives, at its beginning and at its end.

use std::ops::Range;
use std::os::fd::OwnedFd;

use nix::errno::Errno;
use nix::unistd::{Whence, lseek, read};

use super::files::failure;
use super::liveness::{address_space_lives, gone_meanwhile};
use super::{maps, smaps};
use crate::kernel::{Detail, Walk};
use crate::model::{BackingKind, Error, ErrorKind, Pid, Region, Result};

/// The kernel gives at most a page a read (`seq_read_iter`), plus room for a line cut in two.
const BUFFER: usize = 8 * 1024;

/// No path that the kernel can print is this long; a line that is longer is no line of it.
const LONGEST_LINE: usize = 1024 * 1024;

/// A walk over `maps` or, for details, `smaps`.
pub(super) struct TextWalk {
    lines: Lines,
    with_details: bool,
    /// False for a zombie or a process of the kernel: such a file is empty, and rightly so.
    has_address_space: bool,
    begun: bool,
    page_size: u64,
    region: Region,
    /// The end of the last region handed out: where an error happened.
    reached: u64,
}

impl TextWalk {
    /// A walk over this open file, which is `smaps` where `detail` asks for more than the map.
    pub(super) fn new(pid: Pid, file: OwnedFd, detail: Detail, page_size: u64) -> Result<Self> {
        let mut walk = Self::living(pid, file, detail, page_size);
        walk.has_address_space = address_space_lives(&walk.lines.file, pid)?;
        Ok(walk)
    }

    /// The same where there is no doubt that the process has an address space.
    pub(super) fn living(pid: Pid, file: OwnedFd, detail: Detail, page_size: u64) -> Self {
        TextWalk {
            lines: Lines { pid, file, buffer: Vec::new(), unread: 0..0, ended: false },
            with_details: detail != Detail::Map,
            has_address_space: true,
            begun: false,
            page_size,
            region: Region::default(),
            reached: 0,
        }
    }

    /// Whether there was an address space to walk when the file was opened.
    pub(super) fn has_address_space(&self) -> bool {
        self.has_address_space
    }

    fn confirm_alive(&self) -> Result<()> {
        if self.has_address_space && !address_space_lives(&self.lines.file, self.lines.pid)? {
            return Err(Error::new(ErrorKind::Vanished, "liveness(maps)")
                .pid(self.lines.pid)
                .address(self.reached));
        }
        Ok(())
    }

    /// Between two reads the kernel lets go of the map, and goes on with the region that covers the
    /// place where it was (`m_start`): one that has grown downwards by then was shown in part.
    fn cut_to_unseen(&mut self) {
        let seen = self.reached.saturating_sub(self.region.start);
        if seen > 0 {
            self.region.start += seen;
            if self.region.backing.kind == BackingKind::File {
                self.region.offset = self.region.offset.saturating_add(seen);
            }
        }
    }

    fn malformed(&self, call: &'static str) -> Error {
        Error::new(ErrorKind::Failed, call).pid(self.lines.pid).address(self.reached)
    }

    fn take_details(&mut self) -> Result<()> {
        while let Some(line) = self.lines.next_line()? {
            let text = &self.lines.buffer[line.clone()];
            if smaps::is_header(text) {
                self.lines.unread.start = line.start;
                break;
            }
            if smaps::take(text, self.page_size, &mut self.region).is_none() {
                return Err(self.malformed("parse(smaps)"));
            }
        }
        Ok(())
    }
}

impl Walk for TextWalk {
    fn next_region(&mut self) -> Result<Option<&Region>> {
        if !self.begun {
            self.confirm_alive()?;
            self.begun = true;
        }
        loop {
            let Some(line) = self.lines.next_line()? else {
                self.confirm_alive()?;
                // Many files stay open long after they were read.
                self.lines.buffer = Vec::new();
                self.lines.unread = 0..0;
                return Ok(None);
            };
            if maps::parse(&self.lines.buffer[line], &mut self.region).is_none() {
                return Err(self.malformed("parse(maps)"));
            }
            if self.with_details {
                self.region.pages.page_size = self.page_size;
                self.take_details()?;
            }
            if self.region.end > self.reached {
                break;
            }
        }
        self.cut_to_unseen();
        self.reached = self.region.end;
        Ok(Some(&self.region))
    }

    fn restart(&mut self) -> Result<()> {
        self.confirm_alive()?;
        self.lines.rewind()?;
        self.begun = false;
        self.reached = 0;
        Ok(())
    }
}

/// The lines of an open file, in one buffer that is used again and again.
struct Lines {
    pid: Pid,
    file: OwnedFd,
    buffer: Vec<u8>,
    unread: Range<usize>,
    ended: bool,
}

impl Lines {
    /// Where in the buffer the next line stands, without its newline.
    fn next_line(&mut self) -> Result<Option<Range<usize>>> {
        let mut searched = 0;
        loop {
            let start = self.unread.start;
            let unread = &self.buffer[self.unread.clone()];
            if let Some(length) = memchr::memchr(b'\n', &unread[searched..]) {
                let end = start + searched + length;
                self.unread.start = end + 1;
                return Ok(Some(start..end));
            }
            if self.ended {
                self.unread.start = self.unread.end;
                return Ok((!unread.is_empty()).then_some(start..self.unread.end));
            }
            searched = unread.len();
            self.fill()?;
        }
    }

    fn fill(&mut self) -> Result<()> {
        self.buffer.copy_within(self.unread.clone(), 0);
        self.unread = 0..self.unread.len();
        if self.buffer.len() - self.unread.end < BUFFER / 2 {
            if self.buffer.len() > LONGEST_LINE {
                return Err(Error::new(ErrorKind::Failed, "parse(line)").pid(self.pid));
            }
            self.buffer.resize((self.buffer.len() * 2).max(BUFFER), 0);
        }
        let got = loop {
            match read(&self.file, &mut self.buffer[self.unread.end..]) {
                Err(Errno::EINTR) => {}
                Err(errno) => return Err(gone_meanwhile(errno, "read(maps)", self.pid)),
                Ok(got) => break got,
            }
        };
        self.unread.end += got;
        self.ended = got == 0;
        Ok(())
    }

    fn rewind(&mut self) -> Result<()> {
        lseek(&self.file, 0, Whence::SeekSet)
            .map_err(|errno| failure(errno, "lseek(maps)", self.pid))?;
        self.unread = 0..0;
        self.ended = false;
        Ok(())
    }
}
