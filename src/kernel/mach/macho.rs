//! Where the segments of a Mach-O file are, by its header and load commands
//! (`EXTERNAL_HEADERS/mach-o/loader.h`).
//!
//! The bytes are a stranger's: every program that a user may start is one. Nothing is believed but
//! what fits, and there is no way to make this loop, overflow or read outside of them.

use serde::{Deserialize, Serialize};

use super::calls::CPU_TYPE_ARM64;
use super::json;

/// As many bytes are read of a file: the commands about segments are the first, and take 72 bytes
/// each, and 80 for each of their sections.
pub const HEADER_ROOM: usize = 32 << 10;

/// A file with more segments is not one that dyld loads.
const MOST_SEGMENTS: usize = 256;

/// `struct mach_header_64`.
const HEADER: usize = 32;

/// `struct segment_command_64`, without its sections.
const SEGMENT: usize = 72;

/// `MH_MAGIC_64`, little-endian.
const MAGIC: u32 = 0xfeed_facf;

/// `LC_SEGMENT_64`.
const LC_SEGMENT_64: u32 = 0x19;

/// A 64-bit Mach-O file, or the one of a universal file that begins at an offset.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MachO {
    /// `CPU_TYPE_*`.
    pub cpu_type: i32,
    /// In the order of its load commands.
    pub segments: Vec<MachOSegment>,
}

/// A `segment_command_64`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MachOSegment {
    /// Where it wants to be mapped.
    #[serde(with = "json::hex")]
    pub address: u64,
    /// Bytes of memory.
    #[serde(with = "json::hex")]
    pub size: u64,
    /// Where it is in the file, from its Mach-O header on.
    #[serde(with = "json::hex")]
    pub file_offset: u64,
    /// Bytes in the file; the rest of the memory is zeros.
    #[serde(with = "json::hex")]
    pub file_size: u64,
    /// `VM_PROT_*` that it is mapped with at first.
    pub protection: u32,
}

impl MachO {
    /// From the bytes that the file begins with; `None` where they are no such file's.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        if word(bytes, 0)? != MAGIC {
            return None;
        }
        let cpu_type = word(bytes, 4)?.cast_signed();
        let commands = word(bytes, 16)?;
        let length = usize::try_from(word(bytes, 20)?).ok()?;
        let rest = bytes.get(HEADER..)?;
        let mut rest = rest.get(..length).unwrap_or(rest);
        let mut segments = Vec::new();
        for _ in 0..commands {
            // What was not read any more has no segments, or the file is not whole.
            let (Some(command), Some(size)) = (word(rest, 0), word(rest, 4)) else { break };
            let size = usize::try_from(size).ok().filter(|size| *size >= 8)?;
            let Some(body) = rest.get(..size) else { break };
            if command == LC_SEGMENT_64 {
                segments.push(segment(body)?);
            }
            if segments.len() > MOST_SEGMENTS {
                return None;
            }
            rest = rest.get(size..)?;
        }
        (!segments.is_empty()).then_some(MachO { cpu_type, segments })
    }

    /// Where in the file the memory of this range is from, counted from the Mach-O header, if the
    /// header is mapped at `base`; `None` where the range is not all of the file. What may be
    /// written to is of no segment that may not.
    #[must_use]
    pub fn file_offset(&self, base: u64, start: u64, end: u64, writable: bool) -> Option<u64> {
        const WRITE: u32 = 2;
        let is_header = |it: &&MachOSegment| it.file_offset == 0 && it.file_size >= HEADER as u64;
        let header = self.segments.iter().find(is_header)?;
        let slide = base.wrapping_sub(header.address);
        self.segments.iter().find_map(|segment| {
            let at = segment.address.wrapping_add(slide);
            let end_of_file = at.checked_add(self.whole_pages(segment.file_size)?)?;
            let is_inside = at <= start && start < end && end <= end_of_file;
            let may_write = !writable || segment.protection & WRITE != 0;
            (is_inside && may_write).then(|| segment.file_offset.checked_add(start - at)).flatten()
        })
    }

    /// The last page of a segment is mapped whole.
    fn whole_pages(&self, size: u64) -> Option<u64> {
        size.checked_next_multiple_of(if self.cpu_type == CPU_TYPE_ARM64 { 16_384 } else { 4096 })
    }
}

/// None that is more of the file than of memory, or ends behind 2^64.
fn segment(body: &[u8]) -> Option<MachOSegment> {
    body.get(..SEGMENT)?;
    let segment = MachOSegment {
        address: long(body, 24)?,
        size: long(body, 32)?,
        file_offset: long(body, 40)?,
        file_size: long(body, 48)?,
        protection: word(body, 60)?,
    };
    let fits = segment.file_size <= segment.size
        && segment.address.checked_add(segment.size).is_some()
        && segment.file_offset.checked_add(segment.file_size).is_some();
    fits.then_some(segment)
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn long(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}
