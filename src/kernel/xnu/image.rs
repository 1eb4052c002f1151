//! Mach-O files: what dyld has loaded, and parts that were read.

use std::ffi::CStr;

/// A Mach-O file that dyld has loaded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Image {
    /// Its path. The file need not be there: libraries of the shared cache are in the cache only.
    pub path: Vec<u8>,
    /// Where its segments are, in no order. Those in the shared cache need not begin or end at a
    /// page.
    pub segments: Vec<Segment>,
}

/// Where a segment of an [`Image`] is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Segment {
    /// First address.
    pub start: u64,
    /// Bytes.
    pub size: u64,
}

/// The segments of an image in the shared cache that are its own, as dyld's cache builder names
/// them (dyld's `cache_builder/CacheDylib.cpp`). `__LINKEDIT` is none: the images of a cache file
/// share one. `__OBJC_RO` and `__OBJC_RW` are what the builder has gathered from all images, and
/// libobjc's by its load commands.
pub const IMAGE_SEGMENTS: [&CStr; 13] = [
    c"__TEXT",
    c"__DATA",
    c"__DATA_CONST",
    c"__DATA_DIRTY",
    c"__AUTH",
    c"__AUTH_CONST",
    c"__AUTH_DIRTY",
    c"__OBJC_RO",
    c"__OBJC_RW",
    c"__OBJC_CONST",
    c"__TPRO_CONST",
    c"__AUTH_TPRO_CONST",
    c"__UNICODE",
];

/// What [`XnuCalls::file_part`](super::XnuCalls::file_part) has read, and of which file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FilePart {
    /// `st_dev`.
    pub dev: u32,
    /// `st_ino`.
    pub ino: u64,
    /// The bytes, fewer than were asked for at the end of the file.
    pub bytes: Vec<u8>,
}
