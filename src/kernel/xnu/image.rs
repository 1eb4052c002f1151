//! Mach-O files: what dyld has loaded, and parts that were read.

use std::ffi::{CStr, OsStr};
use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};

#[cfg(feature = "cli")]
use serde::{Deserialize, Serialize};

use super::Errno;
#[cfg(feature = "cli")]
use super::json;

/// A Mach-O file that dyld has loaded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "cli", derive(Serialize, Deserialize), serde(deny_unknown_fields))]
pub struct Image {
    /// Its path. The file need not be there: libraries of the shared cache are in the cache only.
    #[cfg_attr(feature = "cli", serde(with = "json::bytes"))]
    pub path: Vec<u8>,
    /// Where its segments are, in no order. Those in the shared cache need not begin or end at a
    /// page.
    pub segments: Vec<Segment>,
}

/// Where a segment of an [`Image`] is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "cli", derive(Serialize, Deserialize), serde(deny_unknown_fields))]
pub struct Segment {
    /// First address.
    #[cfg_attr(feature = "cli", serde(with = "json::hex"))]
    pub start: u64,
    /// Bytes.
    #[cfg_attr(feature = "cli", serde(with = "json::hex"))]
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

impl FilePart {
    /// As [`XnuCalls::file_part`](super::XnuCalls::file_part). No link is followed, and nothing is
    /// waited for that a fifo or a device would wait for.
    ///
    /// # Errors
    /// As of the method.
    pub fn read(path: &[u8], offset: u64, most: usize) -> Result<Self, Errno> {
        let failed = |error: io::Error| error.raw_os_error().map_or(Errno::IO, Errno);
        let file = File::options()
            .read(true)
            .custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY | libc::O_NOFOLLOW)
            .open(OsStr::from_bytes(path))
            .map_err(failed)?;
        let found = file.metadata().map_err(failed)?;
        if !found.is_file() {
            return Err(Errno::INVAL);
        }
        let mut bytes = vec![0; most];
        let got = file.read_at(&mut bytes, offset).map_err(failed)?;
        bytes.truncate(got);
        Ok(FilePart { dev: found.dev() as u32, ino: found.ino(), bytes })
    }
}
