//! Reading a recording that a stranger wrote.
//!
//! Memory is bounded by the file's size, which is bounded first: every field of a row is required,
//! and a part that may be missing takes no room, so no few bytes become many. What few bytes stand
//! for, a process or the name of a sysctl, is counted while it is parsed, as are the rows of all
//! lists. `serde_json` stops at 128 levels of nesting.

use std::collections::BTreeSet;
use std::fmt;
use std::io::{self, Read};

use serde::Deserialize;

use super::allowance::Allowance;
use super::row::{self, End};
use super::strict::Strict;
use super::{
    Answer, FORMAT, Kept, ProcessAnswers, RecordedProcess, Recording, Reply, VERSION, check,
};
use crate::kernel::xnu::RegionPathInfo;
use crate::model::{Pid, error_words};

/// What is too much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the file.
    pub bytes: u64,
    /// Processes.
    pub processes: usize,
    /// Rows of all lists together, those of the machine and of the images among them.
    pub rows: usize,
}

impl Default for Limits {
    /// 256 MiB, which half a million regions fill; 100,000 processes, more than macOS has pids.
    fn default() -> Self {
        Limits { bytes: 256 << 20, processes: 100_000, rows: 1 << 22 }
    }
}

/// Why a file is no recording.
#[derive(Debug)]
pub enum RecordingError {
    /// It cannot be read.
    Io(io::Error),
    /// It has more than this many bytes.
    TooLarge(u64),
    /// It is no JSON, or not of the form of a recording: the parser's words, with line and column.
    Json(serde_json::Error),
    /// It has another version of the format than this program reads.
    Version(u32),
    /// A value cannot be.
    Invalid {
        /// Where, as in `processes[2].regions[17].size`.
        place: String,
        /// Why.
        problem: &'static str,
    },
}

impl fmt::Display for RecordingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RecordingError::Io(error) => write!(f, "cannot be read: {}", error_words(error)),
            RecordingError::TooLarge(limit) => {
                write!(f, "the recording has more than {limit} bytes")
            }
            RecordingError::Json(error) => write!(f, "not a recording: {error}"),
            RecordingError::Version(version) => write!(
                f,
                "version: the recording is of version {version}, this program reads version {VERSION}: \
                 record it again"
            ),
            RecordingError::Invalid { place, problem } => write!(f, "{place}: {problem}"),
        }
    }
}

impl std::error::Error for RecordingError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            RecordingError::Io(error) => Some(error),
            RecordingError::Json(error) => Some(error),
            RecordingError::TooLarge(_)
            | RecordingError::Version(_)
            | RecordingError::Invalid { .. } => None,
        }
    }
}

/// The two fields that every version of the format has.
#[derive(Deserialize)]
struct Header {
    format: String,
    version: u32,
}

/// Reads a recording and makes sure that it can be replayed.
///
/// # Errors
/// Whatever is wrong with it, with the place.
pub fn read(reader: impl Read, limits: Limits) -> Result<Recording, RecordingError> {
    let mut bytes = Vec::new();
    reader
        .take(limits.bytes.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(RecordingError::Io)?;
    if bytes.len() as u64 > limits.bytes {
        return Err(RecordingError::TooLarge(limits.bytes));
    }
    // All of it once, instead of each text in it.
    let text = std::str::from_utf8(&bytes)
        .map_err(|error| invalid(line_of(&bytes, error.valid_up_to()), "is not UTF-8"))?;
    // First, so that a newer file is called newer and not malformed.
    let header: Header = strictly(text, limits).map_err(RecordingError::Json)?;
    if header.format != FORMAT {
        return Err(invalid("format".to_owned(), "is not that of a recording"));
    }
    if header.version != VERSION {
        return Err(RecordingError::Version(header.version));
    }
    let recording: Recording = strictly(text, limits).map_err(RecordingError::Json)?;
    check_all(&recording)?;
    Ok(recording)
}

fn strictly<'de, T: Deserialize<'de>>(text: &'de str, limits: Limits) -> serde_json::Result<T> {
    let mut json = serde_json::Deserializer::from_str(text);
    let value = T::deserialize(Strict::new(&mut json, &Allowance::new(limits)))?;
    json.end()?;
    Ok(value)
}

/// The line and column of a byte, as the parser counts them.
fn line_of(bytes: &[u8], at: usize) -> String {
    let before = bytes.get(..at).unwrap_or(bytes);
    let line = memchr::memchr_iter(b'\n', before).count() + 1;
    let column = at - memchr::memrchr(b'\n', before).map_or(0, |end| end + 1) + 1;
    format!("line {line} column {column}")
}

fn invalid(place: String, problem: &'static str) -> RecordingError {
    RecordingError::Invalid { place, problem }
}

fn check_all(recording: &Recording) -> Result<(), RecordingError> {
    let mut pids = BTreeSet::new();
    for (index, process) in recording.processes.iter().enumerate() {
        let place = |field: &str| format!("processes[{index}]{field}");
        if !pids.insert(process.pid) {
            return Err(invalid(place(".pid"), "is another process's, too"));
        }
        check_process(process).map_err(|(field, problem)| invalid(place(&field), problem))?;
    }
    for (index, image) in recording.images.iter().enumerate() {
        check::image(image)
            .map_err(|(field, problem)| invalid(format!("images[{index}]{field}"), problem))?;
    }
    for (index, path) in recording.paths.iter().enumerate() {
        check::path(path)
            .map_err(|(field, problem)| invalid(format!("paths[{index}]{field}"), problem))?;
    }
    if let Some(cache) = &recording.shared_cache {
        check::shared_cache(cache, &pids)
            .map_err(|(field, problem)| invalid(format!("shared_cache{field}"), problem))?;
    }
    Ok(())
}

/// A place inside a process, and what is wrong there.
pub(super) type Fault = (String, &'static str);

pub(super) fn fault<T>(place: &str, problem: &'static str) -> Result<T, Fault> {
    Err((place.to_owned(), problem))
}

fn check_process(process: &RecordedProcess) -> Result<(), Fault> {
    let Some(pid) = u32::try_from(process.pid).ok().and_then(Pid::new) else {
        return fault(".pid", "no process has such a pid");
    };
    let ProcessAnswers { short_info, bsd_info, .. } = &process.answers;
    if matches!(short_info, Some(Answer::Ok(info)) if info.get().pid != pid.number()) {
        return fault(".answers.short_info.ok.pid", "is not the process's");
    }
    if matches!(bsd_info, Some(Answer::Ok(info)) if info.get().pid != pid.number()) {
        return fault(".answers.bsd_info.ok.pid", "is not the process's");
    }
    let region = |row: &Kept<RegionPathInfo>| row.get().region;
    let rows = process.regions.iter().map(region).map(|region| (region.address, region.size));
    check_rows(rows)
        .map_err(|(row, field, problem)| (format!(".regions[{row}].region.{field}"), problem))?;
    if process.regions_end.is_none() && !process.regions.is_empty() {
        return fault(".regions_end", "is missing, though there are regions");
    }
    let rows = process.leaves.iter().map(|row| (row.address, row.size));
    check_rows(rows)
        .map_err(|(row, field, problem)| (format!(".leaves[{row}].{field}"), problem))?;
    if process.task_ports.show_leaves() != process.leaves_end.is_some() {
        return fault(".leaves_end", "must be there if a port was given, and else not");
    }
    if process.leaves_end.is_none() && !process.leaves.is_empty() {
        return fault(".leaves", "cannot be had without a port");
    }
    if let Some(Reply::Ok(info)) = &process.task.vm_info
        && !matches!(info.get().page_size, 4096 | 16_384 | 65_536)
    {
        return fault(".task.vm_info.ok.page_size", "is not 4096, 16384 or 65536");
    }
    check::process(process)
}

/// Rows ascend by their ends. Their starts may overlap, as a live kernel's may, which answers one
/// call after the other.
fn check_rows(
    rows: impl Iterator<Item = (u64, u64)>,
) -> Result<(), (usize, &'static str, &'static str)> {
    let mut last = End::At(0);
    for (index, (address, size)) in rows.enumerate() {
        if size == 0 {
            return Err((index, "size", "is 0"));
        }
        if u128::from(address) + u128::from(size) > 1 << 64 {
            return Err((index, "size", "the region ends above 2^64"));
        }
        let End::At(cursor) = last else {
            return Err((index, "address", "follows a region that ends at 2^64"));
        };
        match row::end_after(address, size, cursor) {
            Some(end) => last = end,
            None => {
                return Err((index, "address", "the region ends where the last one did, or below"));
            }
        }
    }
    Ok(())
}
