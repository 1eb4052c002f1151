//! dyld's shared cache, by the headers that are mapped in this program as in every other (dyld's
//! `include/mach-o/dyld_cache_format.h`): the places of the libraries, and the protection of their
//! pages.
//!
//! The bytes are taken for hostile. Only consistent values are used, each list has a limit, and no
//! bytes make this loop, overflow, or keep more than [`MOST_MEMORY`].

#[cfg(feature = "cli")]
use serde::{Deserialize, Serialize};

#[cfg(feature = "cli")]
use super::json;
use super::macho::{long, segments, word};
use super::{IMAGE_SEGMENTS, Image, Segment};

/// The most bytes that are kept of a cache: one of four thousand libraries has less than half of
/// this.
pub const MOST_MEMORY: usize = 4 << 20;

/// The most rows of a list. A cache has some 3,000 libraries, 70 files, and 10 mappings in each
/// file.
const MOST_IMAGES: u32 = 16_384;
const MOST_FILES: u32 = 1_024;
const MOST_MAPPINGS: u32 = 64;

/// The longest path that dyld loads, in bytes (`PATH_MAX`).
const LONGEST_PATH: usize = 1_024;

/// The bytes that are read of each header: what dyld-1378 has in it, and some more.
const HEADER: usize = 1_024;

/// The bytes that are read at first of a library's load commands, and the rest where there is more.
const FIRST_COMMANDS: usize = 4 << 10;
const MOST_COMMANDS: usize = 64 << 10;

/// Fills the buffer with the bytes at an address; false if not all of them can be read.
pub(super) type Read<'a> = &'a dyn Fn(u64, &mut [u8]) -> bool;

/// dyld's shared cache, as it is mapped in a process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "cli", derive(Serialize, Deserialize), serde(deny_unknown_fields))]
pub struct SharedCache {
    /// The process in which it was read.
    pub pid: i32,
    /// The address of its header.
    #[cfg_attr(feature = "cli", serde(with = "json::hex"))]
    pub address: u64,
    /// The mappings of all its files, in no order.
    pub mappings: Vec<CacheMapping>,
    /// The libraries, each with the segments that belong to it alone.
    pub images: Vec<Image>,
}

/// The fields of `struct dyld_cache_mapping_and_slide_info` that are used here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "cli", derive(Serialize, Deserialize), serde(deny_unknown_fields))]
pub struct CacheMapping {
    /// Its first address.
    #[cfg_attr(feature = "cli", serde(with = "json::hex"))]
    pub address: u64,
    /// Bytes.
    #[cfg_attr(feature = "cli", serde(with = "json::hex"))]
    pub size: u64,
    /// `initProt`: `VM_PROT_*` with which it is mapped at first.
    pub protection: u32,
}

impl SharedCache {
    /// Reads the cache that is mapped at this address of the process; `None` if there is no cache,
    /// or none of a known format.
    #[must_use]
    pub fn read(pid: i32, address: u64, read: Read<'_>) -> Option<Self> {
        let main = Header::read(address, read)?;
        // The first mapping begins with the header, so its address in the table gives the slide.
        let unslid = main.long(SHARED_REGION_START)?;
        let slide = address.checked_sub(unslid)?;
        let mut mappings = main.mappings(slide, read)?;
        for file in main.files(read)? {
            let header = Header::read(address.checked_add(file)?, read)?;
            mappings.extend(header.mappings(slide, read)?);
        }
        let images = main.images(slide, read)?;
        Some(SharedCache { pid, address, mappings, images })
    }
}

// Offsets in `struct dyld_cache_header`.
const MAPPINGS: usize = 16;
const OLD_IMAGES: usize = 24;
const SHARED_REGION_START: usize = 224;
const FILES: usize = 392;
const IMAGES: usize = 448;
const CACHE_SUB_TYPE: u32 = 456;

/// The header of one of the cache's files.
struct Header {
    start: u64,
    bytes: Vec<u8>,
}

impl Header {
    fn read(start: u64, read: Read<'_>) -> Option<Self> {
        let mut bytes = vec![0; HEADER];
        (read(start, &mut bytes) && bytes.starts_with(b"dyld_v1 "))
            .then_some(Header { start, bytes })
    }

    fn word(&self, at: usize) -> Option<u32> {
        word(&self.bytes, at)
    }

    fn long(&self, at: usize) -> Option<u64> {
        long(&self.bytes, at)
    }

    /// The address of the table whose offset is in this field of the header, and its number of
    /// rows. The headers and their tables are in the file's first mapping, so an offset in the file
    /// is one from the header.
    fn table(&self, at: usize, most: u32) -> Option<(u64, u32)> {
        let (offset, count) = (self.word(at)?, self.word(at + 4)?);
        (count <= most).then_some((self.start.checked_add(offset.into())?, count))
    }

    /// The fields of the header end where the mappings begin. dyld itself distinguishes its
    /// versions in this way (`DyldSharedCache.cpp`).
    fn has(&self, field: u32) -> bool {
        self.word(MAPPINGS).is_some_and(|size| size > field)
    }

    fn mappings(&self, slide: u64, read: Read<'_>) -> Option<Vec<CacheMapping>> {
        let (start, count) = self.table(MAPPINGS, MOST_MAPPINGS)?;
        rows(start, count, 32, read)?
            .chunks_exact(32)
            .map(|row| {
                let address = long(row, 0)?.checked_add(slide)?;
                Some(CacheMapping { address, size: long(row, 8)?, protection: word(row, 28)? })
            })
            .collect()
    }

    /// The addresses of the headers of the cache's other files, relative to the first one.
    fn files(&self, read: Read<'_>) -> Option<Vec<u64>> {
        if !self.has(FILES as u32) {
            return Some(Vec::new());
        }
        let size = if self.has(CACHE_SUB_TYPE) { 56 } else { 24 };
        let (start, count) = self.table(FILES, MOST_FILES)?;
        let files = rows(start, count, size, read)?;
        files.chunks_exact(size).map(|row| long(row, 16)).collect()
    }

    fn images(&self, slide: u64, read: Read<'_>) -> Option<Vec<Image>> {
        let at = if self.has(IMAGES as u32) { IMAGES } else { OLD_IMAGES };
        let (start, count) = self.table(at, MOST_IMAGES)?;
        let table = rows(start, count, 32, read)?;
        let mut memory = 0;
        let mut images = Vec::new();
        let mut commands = Vec::new();
        for row in table.chunks_exact(32) {
            let header = long(row, 0)?.checked_add(slide)?;
            let path = text(self.start.checked_add(word(row, 24)?.into())?, read)?;
            read_commands(header, &mut commands, read)?;
            let own =
                segments(&commands)?.filter(|it| IMAGE_SEGMENTS.iter().any(|name| it.is(name)));
            let slid = own
                .map(|it| Some(Segment { start: it.address.checked_add(slide)?, size: it.size }));
            let found: Vec<Segment> = slid.collect::<Option<_>>()?;
            memory += path.len() + size_of_val(found.as_slice()) + size_of::<Image>();
            if memory > MOST_MEMORY / 2 {
                return None;
            }
            images.push(Image { path, segments: found });
        }
        Some(images)
    }
}

/// The rows of a table.
fn rows(start: u64, count: u32, size: usize, read: Read<'_>) -> Option<Vec<u8>> {
    let mut bytes = vec![0; count as usize * size];
    read(start, &mut bytes).then_some(bytes)
}

/// A path that ends in NUL. It may be at the end of the mapped memory, so no step crosses a page.
fn text(start: u64, read: Read<'_>) -> Option<Vec<u8>> {
    const STEP: usize = 128;
    let mut path = Vec::new();
    while path.len() < LONGEST_PATH {
        let from = path.len();
        let address = start.checked_add(from as u64)?;
        path.resize(from + STEP - (address % STEP as u64) as usize, 0);
        if !read(address, &mut path[from..]) {
            return None;
        }
        if let Some(length) = memchr::memchr(0, &path) {
            path.truncate(length);
            return Some(path);
        }
    }
    None
}

/// A Mach-O header with its load commands.
fn read_commands(header: u64, bytes: &mut Vec<u8>, read: Read<'_>) -> Option<()> {
    const LENGTH: usize = 20;
    bytes.resize(FIRST_COMMANDS, 0);
    if !read(header, bytes) {
        return None;
    }
    let length = 32 + word(bytes, LENGTH)? as usize;
    if length > MOST_COMMANDS {
        return None;
    }
    if length > bytes.len() {
        bytes.resize(length, 0);
        if !read(header, bytes) {
            return None;
        }
    }
    Some(())
}
