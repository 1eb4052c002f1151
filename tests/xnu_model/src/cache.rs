//! A dyld shared cache with made-up headers, as every process has it mapped.

use std::ops::Range;

use mach_procfs::kernel::xnu::{IMAGE_SEGMENTS, Image};

use super::memory::Memory;

/// The form of the headers, by the system that has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CacheForm {
    /// macOS 11: one file, and a table of images in its original place.
    MacOs11,
    /// macOS 12: other files by entries of 24 bytes.
    MacOs12,
    /// macOS 13 to 26: other files by entries of 56 bytes.
    MacOs13,
}

/// The content of the cache. Addresses are those before the slide.
#[derive(Clone, Debug)]
pub struct SyntheticCache {
    /// The form of its headers.
    pub form: CacheForm,
    /// The slide.
    pub slide: u64,
    /// For each file, the main one first, its mappings with their `initProt`. A file's header is at
    /// the beginning of its first mapping.
    pub files: Vec<Vec<(Range<u64>, u32)>>,
    /// The images, each with its header at its first segment. The segments have the names of
    /// [`IMAGE_SEGMENTS`], in that order.
    pub images: Vec<Image>,
}

/// Bytes that grow as they are written to.
struct Bytes(Vec<u8>);

impl Bytes {
    fn put(&mut self, at: usize, bytes: &[u8]) {
        let end = at + bytes.len();
        if self.0.len() < end {
            self.0.resize(end, 0);
        }
        self.0[at..end].copy_from_slice(bytes);
    }

    fn word(&mut self, at: usize, value: usize) {
        self.put(at, &(value as u32).to_le_bytes());
    }

    fn long(&mut self, at: usize, value: u64) {
        self.put(at, &value.to_le_bytes());
    }
}

impl CacheForm {
    /// The size of the header, after which its mappings follow.
    fn header(self) -> usize {
        match self {
            CacheForm::MacOs11 => 320,
            CacheForm::MacOs12 => 456,
            CacheForm::MacOs13 => 560,
        }
    }
}

impl SyntheticCache {
    /// The address at which it is mapped.
    #[must_use]
    pub fn range(&self) -> Range<u64> {
        let ranges = || self.files.iter().flatten().map(|(range, _)| range);
        let start = ranges().map(|range| range.start).min().unwrap_or(0);
        let end = ranges().map(|range| range.end).max().unwrap_or(0);
        start + self.slide..end + self.slide
    }

    /// Its headers, and zeros in all the rest.
    #[must_use]
    pub fn memory(&self) -> Memory {
        let mut memory = Memory::default();
        for (range, _) in self.files.iter().flatten() {
            memory.map(range.start + self.slide..range.end + self.slide);
        }
        for (number, file) in self.files.iter().enumerate() {
            let Some((first, _)) = file.first() else { continue };
            memory.put(first.start + self.slide, &self.header(number, file));
        }
        for image in &self.images {
            if let Some(first) = image.segments.first() {
                memory.put(first.start + self.slide, &mach_header(image));
            }
        }
        memory
    }

    fn start(&self) -> u64 {
        self.files.first().and_then(|file| file.first()).map_or(0, |(range, _)| range.start)
    }

    fn header(&self, number: usize, file: &[(Range<u64>, u32)]) -> Vec<u8> {
        let mut bytes = Bytes(Vec::new());
        bytes.put(0, b"dyld_v1  arm64e\0");
        let mut at = self.form.header();
        bytes.word(16, at);
        bytes.word(20, file.len());
        for (range, protection) in file {
            bytes.long(at, range.start);
            bytes.long(at + 8, range.end - range.start);
            bytes.word(at + 24, 7);
            bytes.word(at + 28, *protection as usize);
            at += 32;
        }
        if number > 0 {
            return bytes.0;
        }
        bytes.long(224, self.start());
        if self.form != CacheForm::MacOs11 {
            bytes.word(392, at);
            bytes.word(396, self.files.len() - 1);
            for other in &self.files[1..] {
                let offset = other.first().map_or(0, |(range, _)| range.start - self.start());
                bytes.long(at + 16, offset);
                at += if self.form == CacheForm::MacOs12 { 24 } else { 56 };
                bytes.put(at, &[]);
            }
        }
        let table = if self.form == CacheForm::MacOs11 { 24 } else { 448 };
        bytes.word(table, at);
        bytes.word(table + 4, self.images.len());
        let mut path = at + 32 * self.images.len();
        for image in &self.images {
            bytes.long(at, image.segments.first().map_or(0, |segment| segment.start));
            bytes.word(at + 24, path);
            bytes.put(path, &image.path);
            path += image.path.len() + 1;
            bytes.put(path - 1, &[0]);
            at += 32;
        }
        bytes.0
    }
}

/// A Mach-O header with these segments, and with the link-edit data that all images share.
fn mach_header(image: &Image) -> Vec<u8> {
    const HEADER: usize = 32;
    const COMMAND: usize = 72;
    let mut bytes = Bytes(Vec::new());
    let count = image.segments.len();
    bytes.word(0, 0xfeed_facf);
    bytes.word(16, count + 1);
    bytes.word(20, (count + 1) * COMMAND);
    let own = image.segments.iter().zip(IMAGE_SEGMENTS).map(|(it, name)| (name.to_bytes(), it));
    let shared = image.segments.first().map(|it| (&b"__LINKEDIT"[..], it));
    for (number, (name, segment)) in own.chain(shared).enumerate() {
        let at = HEADER + number * COMMAND;
        bytes.word(at, 0x19);
        bytes.word(at + 4, COMMAND);
        bytes.put(at + 8, name);
        bytes.long(at + 24, segment.start);
        bytes.long(at + 32, segment.size);
        bytes.put(at + COMMAND, &[]);
    }
    bytes.0
}
