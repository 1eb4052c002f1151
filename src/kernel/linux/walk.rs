//! Walks over the text of an open `maps` or `smaps`. A walk checks at its beginning and at its end
//! whether the address space still exists.

use std::ops::Range;
use std::os::fd::OwnedFd;

use nix::errno::Errno;
use nix::unistd::{Whence, lseek, read};

use super::files::failure;
use super::liveness::{address_space_lives, gone_meanwhile};
use super::{maps, smaps};
use crate::kernel::{Detail, Walk};
use crate::model::{BackingKind, Error, ErrorKind, PageCounts, Pid, Region, Result};

/// The kernel gives at most a page a read (`seq_read_iter`), plus room for a line cut in two.
const BUFFER: usize = 8 * 1024;

/// The longest line. The kernel can print no path of this length, so a longer line is malformed.
const LONGEST_LINE: usize = 1024 * 1024;

/// A walk over `maps`, or for details over `smaps`.
pub(super) struct TextWalk {
    lines: Lines,
    detail: Detail,
    /// How far behind its first line a record of `smaps` had its flags last. The kernel pads the
    /// counts before them to one width, so mostly the next record has them there.
    to_flags: usize,
    /// False for a zombie or a process of the kernel, whose file is rightly empty.
    has_address_space: bool,
    begun: bool,
    page_size: u64,
    region: Region,
    /// The end of the last region that was handed out: the place of an error.
    reached: u64,
}

impl TextWalk {
    /// A walk over this open file, which is `smaps` if `detail` asks for more than the map.
    pub(super) fn new(pid: Pid, file: OwnedFd, detail: Detail, page_size: u64) -> Result<Self> {
        let mut walk = Self::living(pid, file, detail, page_size);
        walk.has_address_space = address_space_lives(&walk.lines.file, pid)?;
        Ok(walk)
    }

    /// A walk over the file of a process that has an address space for certain.
    pub(super) fn living(pid: Pid, file: OwnedFd, detail: Detail, page_size: u64) -> Self {
        TextWalk {
            lines: Lines { pid, file, buffer: Vec::new(), unread: 0..0, whole: 0, ended: false },
            detail,
            to_flags: 0,
            has_address_space: true,
            begun: false,
            page_size,
            region: Region::default(),
            reached: 0,
        }
    }

    /// Whether there was an address space to walk at the open.
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

    /// Between two reads the kernel releases the map, and continues with the region that covers its
    /// last place (`m_start`). A region that has grown downwards since was shown in part.
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
        if self.detail == Detail::Attributes {
            let text = self.lines.whole()?;
            let (counts, flags) = text.split_at_checked(self.to_flags).unwrap_or_default();
            if counts.ends_with(b"\n") && smaps::are_flags(flags) {
                self.lines.pass(self.to_flags);
            }
        }
        let mut passed = 0;
        loop {
            let text = self.lines.whole()?;
            let Some(end) = memchr::memchr(b'\n', text) else { return Ok(()) };
            let line = &text[..end];
            if smaps::is_header(line) {
                return Ok(());
            }
            if passed > 0 && smaps::are_flags(line) {
                self.to_flags = passed;
            }
            passed += end + 1;
            if smaps::take(line, self.page_size, &mut self.region).is_none() {
                return Err(self.malformed("parse(smaps)"));
            }
            self.lines.pass(end + 1);
        }
    }
}

impl Walk for TextWalk {
    fn next_region(&mut self) -> Result<Option<&Region>> {
        if !self.begun {
            self.confirm_alive()?;
            self.begun = true;
        }
        loop {
            let text = self.lines.whole()?;
            if text.is_empty() {
                self.confirm_alive()?;
                // Many files stay open long after they were read.
                self.lines.free();
                return Ok(None);
            }
            let Some(length) = maps::parse(text, &mut self.region) else {
                return Err(self.malformed("parse(maps)"));
            };
            self.lines.pass(length);
            match self.detail {
                Detail::Map => {}
                Detail::Attributes => {
                    self.take_details()?;
                    // Some records were read whole on the way to their flags.
                    self.region.pages = PageCounts::default();
                }
                Detail::Counts | Detail::Pages => {
                    self.take_details()?;
                    self.region.pages.page_size = self.page_size;
                }
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
        self.to_flags = 0;
        Ok(())
    }
}

/// The lines of an open file, in one buffer that is reused.
struct Lines {
    pid: Pid,
    file: OwnedFd,
    buffer: Vec<u8>,
    unread: Range<usize>,
    /// The end of the last whole line that is unread, after its newline.
    whole: usize,
    ended: bool,
}

impl Lines {
    /// The unread whole lines in the buffer, each with its newline. At least one; none at the end
    /// of the file.
    #[inline]
    fn whole(&mut self) -> Result<&[u8]> {
        while self.unread.start == self.whole && !self.ended {
            self.fill()?;
        }
        Ok(&self.buffer[self.unread.start..self.whole])
    }

    /// Counts this many bytes of whole lines as read.
    #[inline]
    fn pass(&mut self, length: usize) {
        self.unread.start += length;
    }

    fn fill(&mut self) -> Result<()> {
        self.buffer.copy_within(self.unread.clone(), 0);
        self.unread = 0..self.unread.len();
        self.whole = 0;
        if self.buffer.len() - self.unread.end < BUFFER / 2 {
            if self.buffer.len() > LONGEST_LINE {
                return Err(Error::new(ErrorKind::Failed, "parse(line)").pid(self.pid));
            }
            self.buffer.resize((self.buffer.len() * 2).max(BUFFER), 0);
        }
        let room = &mut self.buffer[self.unread.end..];
        let mut got = loop {
            match read(&self.file, &mut *room) {
                Err(Errno::EINTR) => {}
                Err(errno) => return Err(gone_meanwhile(errno, "read(maps)", self.pid)),
                Ok(got) => break got,
            }
        };
        self.ended = got == 0;
        if self.ended && self.unread.end > 0 {
            // The kernel never writes this: a last line without its newline.
            room[0] = b'\n';
            got = 1;
        }
        if let Some(newline) = memchr::memrchr(b'\n', &room[..got]) {
            self.whole = self.unread.end + newline + 1;
        }
        self.unread.end += got;
        Ok(())
    }

    fn free(&mut self) {
        self.buffer = Vec::new();
        self.unread = 0..0;
        self.whole = 0;
    }

    fn rewind(&mut self) -> Result<()> {
        lseek(&self.file, 0, Whence::SeekSet)
            .map_err(|errno| failure(errno, "lseek(maps)", self.pid))?;
        self.unread = 0..0;
        self.whole = 0;
        self.ended = false;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Behavior;
    use std::io::Write;

    /// Starts and names of all regions of a file with this text.
    fn walked(text: &[u8], detail: Detail) -> Result<Vec<(u64, Vec<u8>)>> {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(text).unwrap();
        nix::unistd::lseek(&file, 0, Whence::SeekSet).unwrap();
        let mut walk = TextWalk::new(Pid::this(), file.into(), detail, 4096)?;
        let mut regions = Vec::new();
        while let Some(region) = walk.next_region()? {
            regions.push((region.start, region.backing.name.clone()));
        }
        Ok(regions)
    }

    #[test]
    fn lines_of_every_length_with_and_without_a_newline_at_the_end() {
        let mut text = Vec::new();
        let mut expected = Vec::new();
        for number in 1..200 {
            let length = if number % 3 == 0 { 0 } else { number * number * number % 20_011 };
            let name = "x".repeat(length as usize);
            let start = number * 0x1000;
            let name = if name.is_empty() { name } else { format!("/{name}") };
            let inode = u64::from(!name.is_empty());
            writeln!(text, "{start:08x}-{:08x} rw-p 00000000 00:00 {inode} {name}", start + 0x1000)
                .unwrap();
            expected.push((start, name.into_bytes()));
        }
        for detail in [Detail::Map, Detail::Attributes, Detail::Counts, Detail::Pages] {
            assert_eq!(walked(&text, detail).unwrap(), expected);
            assert_eq!(walked(text.strip_suffix(b"\n").unwrap(), detail).unwrap(), expected);
        }
    }

    #[test]
    fn pages_are_counted_only_where_that_is_asked_for() {
        let record = |start: u64| {
            let end = start + 0x1000;
            format!("{start:x}-{end:x} rw-p 0 0:0 0\nRss: 4 kB\nVmFlags: rd wr sr\n")
        };
        let text = [record(0x1000), record(0x3000), record(0x5000)].concat();
        let counts = |detail| {
            let mut file = tempfile::tempfile().unwrap();
            file.write_all(text.as_bytes()).unwrap();
            lseek(&file, 0, Whence::SeekSet).unwrap();
            let mut walk = TextWalk::new(Pid::this(), file.into(), detail, 4096).unwrap();
            let mut counts = Vec::new();
            // Twice: a walk jumps where it knows the way.
            for _ in 0..2 {
                walk.restart().unwrap();
                while let Some(region) = walk.next_region().unwrap() {
                    assert_eq!(region.behavior, Behavior::SEQUENTIAL);
                    counts.push((region.pages.resident, region.pages.page_size));
                }
            }
            counts
        };
        assert_eq!(counts(Detail::Attributes), [(0, 0); 6]);
        assert_eq!(counts(Detail::Counts), [(1, 4096); 6]);
    }

    #[test]
    fn what_is_no_text_of_the_kernels_is_an_error() {
        let line = b"1000-2000 rw-p 00000000 00:00 0 \n";
        let endless = vec![b'x'; 3 * LONGEST_LINE];
        for wrong in ["\n".as_bytes(), b"x", b"\n\n1000", b"2000-3000 rw-p 0", &endless] {
            let text = [line, wrong].concat();
            assert_eq!(walked(&text, Detail::Map).unwrap_err().kind, ErrorKind::Failed);
        }
        assert_eq!(walked(b"", Detail::Map).unwrap(), []);
    }
}
