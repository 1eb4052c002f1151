//! The segments of a Mach-O file, by its header and load commands
//! (`EXTERNAL_HEADERS/mach-o/loader.h`).
//!
//! The bytes are hostile: any user may start any program. Only consistent values are used, and no
//! bytes make this loop, overflow or read outside of them.

use std::ffi::CStr;

#[cfg(feature = "cli")]
use serde::{Deserialize, Serialize};

use super::CPU_TYPE_ARM64;
#[cfg(feature = "cli")]
use super::json;

/// The bytes that are read of a file. The commands about segments come first, and take 72 bytes
/// each, and 80 for each of their sections.
pub const HEADER_ROOM: usize = 32 << 10;

/// The most segments of a file that dyld loads.
const MOST_SEGMENTS: usize = 256;

/// `struct mach_header_64`.
const HEADER: usize = 32;

/// `struct segment_command_64`, without its sections.
const SEGMENT: usize = 72;

/// `MH_MAGIC_64`, little-endian.
const MAGIC: u32 = 0xfeed_facf;

/// `LC_SEGMENT_64`.
const LC_SEGMENT_64: u32 = 0x19;

/// A 64-bit Mach-O file, or that part of a universal file which begins at an offset.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "cli", derive(Serialize, Deserialize), serde(deny_unknown_fields))]
pub struct MachO {
    /// `CPU_TYPE_*`.
    pub cpu_type: i32,
    /// Its segments, in the order of its load commands.
    pub segments: Vec<MachOSegment>,
}

/// A `segment_command_64`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "cli", derive(Serialize, Deserialize), serde(deny_unknown_fields))]
pub struct MachOSegment {
    /// The address at which it wants to be mapped.
    #[cfg_attr(feature = "cli", serde(with = "json::hex"))]
    pub address: u64,
    /// Its size in memory, in bytes.
    #[cfg_attr(feature = "cli", serde(with = "json::hex"))]
    pub size: u64,
    /// Its offset in the file, from the Mach-O header on.
    #[cfg_attr(feature = "cli", serde(with = "json::hex"))]
    pub file_offset: u64,
    /// Its size in the file, in bytes; the rest of the memory is zeros.
    #[cfg_attr(feature = "cli", serde(with = "json::hex"))]
    pub file_size: u64,
    /// `VM_PROT_*` with which it is mapped at first.
    pub protection: u32,
}

impl MachO {
    /// Parses the bytes at the beginning of a file; `None` if it is not such a file.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let segments: Vec<_> = bodies(bytes)?.into_iter().map(segment).collect::<Option<_>>()?;
        let cpu_type = word(bytes, 4)?.cast_signed();
        (!segments.is_empty()).then_some(MachO { cpu_type, segments })
    }

    /// Builds the header and load commands of a file with these segments.
    #[must_use]
    pub fn header(&self) -> Vec<u8> {
        let count = u32::try_from(self.segments.len()).unwrap_or(u32::MAX);
        let mut bytes = Vec::with_capacity(HEADER + SEGMENT * self.segments.len());
        let mut put = |words: &[u32]| bytes.extend(words.iter().flat_map(|it| it.to_le_bytes()));
        // Any subtype, `MH_EXECUTE`, the number and the bytes of the commands.
        let length = count.saturating_mul(SEGMENT as u32);
        put(&[MAGIC, self.cpu_type.cast_unsigned(), 0, 2, count, length, 0, 0]);
        for MachOSegment { address, size, file_offset, file_size, protection } in &self.segments {
            put(&[LC_SEGMENT_64, SEGMENT as u32, 0, 0, 0, 0]);
            for long in [address, size, file_offset, file_size] {
                put(&[*long as u32, (*long >> 32) as u32]);
            }
            put(&[7, *protection, 0, 0]);
        }
        bytes
    }

    /// The offset in the file, from the Mach-O header on, of the memory in this range, if the
    /// header is mapped at `base`. `None` if a part of the range is not the file's. Writable memory
    /// never belongs to a read-only segment.
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

/// The bodies of the commands about segments, as far as the bytes go.
fn bodies(bytes: &[u8]) -> Option<Vec<&[u8]>> {
    if word(bytes, 0)? != MAGIC {
        return None;
    }
    let commands = word(bytes, 16)?;
    let length = usize::try_from(word(bytes, 20)?).ok()?;
    let rest = bytes.get(HEADER..)?;
    let mut rest = rest.get(..length).unwrap_or(rest);
    let mut bodies = Vec::new();
    for _ in 0..commands {
        // The rest was not read and has no segments, or the file is not whole.
        let (Some(command), Some(size)) = (word(rest, 0), word(rest, 4)) else { break };
        let size = usize::try_from(size).ok().filter(|size| *size >= 8)?;
        let Some(body) = rest.get(..size) else { break };
        if command == LC_SEGMENT_64 {
            bodies.push(body);
        }
        if bodies.len() > MOST_SEGMENTS {
            return None;
        }
        rest = rest.get(size..)?;
    }
    Some(bodies)
}

/// Parses a segment and its name from its load command.
pub(super) struct Named<'a> {
    name: &'a [u8],
    pub(super) address: u64,
    pub(super) size: u64,
}

impl Named<'_> {
    pub(super) fn is(&self, name: &CStr) -> bool {
        let length = memchr::memchr(0, self.name).unwrap_or(self.name.len());
        &self.name[..length] == name.to_bytes()
    }
}

/// The segments of a Mach-O header in memory, without their offsets in the file.
pub(super) fn segments<'a>(bytes: &'a [u8]) -> Option<impl Iterator<Item = Named<'a>>> {
    let named = |body: &'a [u8]| {
        Some(Named { name: body.get(8..24)?, address: long(body, 24)?, size: long(body, 32)? })
    };
    let named: Vec<_> = bodies(bytes)?.into_iter().map(named).collect::<Option<_>>()?;
    Some(named.into_iter())
}

/// `None` if it is larger in the file than in memory, or ends above 2^64.
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

/// The little-endian word at this place, if it is inside of the bytes.
pub(super) fn word(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// The little-endian word of 64 bits at this place, if it is inside of the bytes.
pub(super) fn long(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn segment_of(address: u64, size: u64, file_offset: u64, file_size: u64) -> MachOSegment {
        MachOSegment { address, size, file_offset, file_size, protection: 3 }
    }

    fn file(cpu_type: i32, segments: Vec<MachOSegment>) -> MachO {
        MachO { cpu_type, segments }
    }

    /// A small program: a page zero, text, data with zeros after it, link-edit data.
    fn small() -> MachO {
        file(
            CPU_TYPE_ARM64,
            vec![
                segment_of(0, 1 << 32, 0, 0),
                MachOSegment { protection: 5, ..segment_of(1 << 32, 0x8000, 0, 0x8000) },
                segment_of(0x1_0000_8000, 0x8000, 0x8000, 0x1234),
                MachOSegment { protection: 1, ..segment_of(0x1_0001_0000, 0x4000, 0xc000, 0x22) },
            ],
        )
    }

    #[test]
    fn segments_are_read_and_slid() {
        assert_eq!(MachO::parse(&small().header()), Some(small()));
        let (file, base) = (small(), 0x1_0460_0000);
        let at = |from: u64, to: u64| file.file_offset(base, base + from, base + to, false);
        assert_eq!(at(0, 0x8000), Some(0));
        assert_eq!(at(0x4000, 0x8000), Some(0x4000));
        // The last page is the file's as a whole, the zeros after it are not.
        assert_eq!(at(0x8000, 0xc000), Some(0x8000));
        assert_eq!(at(0xc000, 0x1_0000), None);
        assert_eq!(at(0x8000, 0x1_0000), None);
        assert_eq!(at(0x4000, 0xc000), None, "of two segments");
        assert_eq!(at(0x1_0000, 0x1_4000), Some(0xc000));
        assert_eq!(at(0x1_4000, 0x1_8000), None);
        assert_eq!((at(5, 5), at(6, 5)), (None, None), "no bytes");
        assert_eq!(file.file_offset(base, base, base + 1, true), None, "text is not written to");
        // Pages of Intel's programs are small.
        let intel = MachO { cpu_type: 0x0100_0007, ..small() };
        assert_eq!(intel.file_offset(base, base + 0x8000, base + 0xa000, true), Some(0x8000));
        assert_eq!(intel.file_offset(base, base + 0x8000, base + 0xb000, true), None);
    }

    #[test]
    fn what_does_not_fit_is_no_file() {
        for wrong in [
            segment_of(u64::MAX, 2, 0, 1),
            segment_of(0, 10, u64::MAX, 2),
            segment_of(0, 10, 0, 11),
        ] {
            assert_eq!(MachO::parse(&file(1, vec![small().segments[1], wrong]).header()), None);
        }
        assert_eq!(MachO::parse(&file(1, Vec::new()).header()), None);
        let many = file(1, vec![segment_of(1, 1, 1, 1); MOST_SEGMENTS + 1]);
        assert_eq!(MachO::parse(&many.header()), None);
        let whole = small().header();
        assert_eq!(MachO::parse(&whole[..31]), None);
        // A file that was not read to its end has the segments that were read.
        let half = MachO::parse(&whole[..HEADER + 2 * SEGMENT + 7]).map(|it| it.segments.len());
        assert_eq!(half, Some(2));
        // A command of no bytes would never end.
        let mut endless = whole;
        endless[HEADER + 4..HEADER + 8].fill(0);
        assert_eq!(MachO::parse(&endless), None);
    }

    proptest! {
        #[test]
        fn hostile_bytes_do_no_harm(
            changes in prop::collection::vec((0..400usize, any::<u64>()), 0..12),
            cut in 0..400usize,
            noise in prop::collection::vec(any::<u8>(), 0..200),
            base: u64, start: u64, size: u64, writable: bool,
        ) {
            let mut bytes = small().header();
            bytes.extend(&noise);
            for (at, value) in changes {
                let at = at % (bytes.len() - 8);
                bytes[at..at + 8].copy_from_slice(&value.to_le_bytes());
            }
            bytes.truncate(bytes.len().saturating_sub(cut));
            for bytes in [&bytes, &noise] {
                if let Some(file) = MachO::parse(bytes) {
                    prop_assert!(file.segments.len() <= bytes.len() / SEGMENT);
                    let end = start.saturating_add(size);
                    if let Some(at) = file.file_offset(base, start, end, writable) {
                        // Inside a segment, whose last page counts as a whole.
                        let inside = file.segments.iter().any(|it| {
                            let last = u128::from(it.file_offset) + u128::from(it.file_size);
                            let end = u128::from(at) + u128::from(end - start);
                            it.file_offset <= at && end < last + 16_384
                        });
                        prop_assert!(inside);
                    }
                }
            }
        }
    }
}
