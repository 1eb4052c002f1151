//! Writes a recording: JSON with one row a line, so that two recordings can be compared.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};

use super::Recording;

/// Depth down to which the JSON is broken into lines: the document, its processes, one process, and
/// its parts. Rows are not broken.
const BROKEN: usize = 4;

/// Lists inside an answer are broken into lines, too.
const BROKEN_LIST: usize = 5;

impl Recording {
    /// Writes a recording. Equal recordings give equal bytes.
    ///
    /// # Errors
    /// The errors of the writer.
    pub fn write(&self, writer: impl Write) -> io::Result<()> {
        let mut writer = io::BufWriter::new(writer);
        self.serialize(&mut Serializer::with_formatter(&mut writer, Lines::default()))?;
        writer.write_all(b"\n")?;
        writer.flush()
    }
}

#[derive(Default)]
struct Lines {
    depth: usize,
    filled: bool,
}

impl Lines {
    fn begin<W: ?Sized + Write>(&mut self, writer: &mut W, bracket: &[u8]) -> io::Result<()> {
        self.depth += 1;
        self.filled = false;
        writer.write_all(bracket)
    }

    fn next<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        first: bool,
        broken: usize,
    ) -> io::Result<()> {
        self.filled = true;
        if !first {
            writer.write_all(if self.depth > broken { b", " } else { b"," })?;
        }
        if self.depth > broken { Ok(()) } else { self.new_line(writer) }
    }

    fn end<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        bracket: &[u8],
        broken: usize,
    ) -> io::Result<()> {
        let broken = self.filled && self.depth <= broken;
        self.depth -= 1;
        self.filled = true;
        if broken {
            self.new_line(writer)?;
        }
        writer.write_all(bracket)
    }

    fn new_line<W: ?Sized + Write>(&self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b"\n")?;
        (0..self.depth).try_for_each(|_| writer.write_all(b" "))
    }
}

impl Formatter for Lines {
    fn begin_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.begin(writer, b"[")
    }

    fn end_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.end(writer, b"]", BROKEN_LIST)
    }

    fn begin_array_value<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        self.next(writer, first, BROKEN_LIST)
    }

    fn begin_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.begin(writer, b"{")
    }

    fn end_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.end(writer, b"}", BROKEN)
    }

    fn begin_object_key<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        self.next(writer, first, BROKEN)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b": ")
    }
}
