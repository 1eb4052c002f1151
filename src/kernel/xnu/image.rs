//! Mach-O files: those that dyld has loaded, and parts that were read.

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
    /// Its path. The file need not exist: libraries of the shared cache are in the cache only.
    #[cfg_attr(feature = "cli", serde(with = "json::bytes"))]
    pub path: Vec<u8>,
    /// Its segments, in no order. Those in the shared cache need not begin or end at a page.
    pub segments: Vec<Segment>,
}

/// The place of a segment of an [`Image`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "cli", derive(Serialize, Deserialize), serde(deny_unknown_fields))]
pub struct Segment {
    /// Its first address.
    #[cfg_attr(feature = "cli", serde(with = "json::hex"))]
    pub start: u64,
    /// Bytes.
    #[cfg_attr(feature = "cli", serde(with = "json::hex"))]
    pub size: u64,
}

/// The names of segments in the shared cache that belong to one image, as dyld's cache builder uses
/// them (`cache_builder/CacheDylib.cpp`). `__LINKEDIT` does not: the images of a cache file share
/// one. The builder gathers `__OBJC_RO` and `__OBJC_RW` from all images; by the load commands they
/// are libobjc's.
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

/// The answer of [`XnuCalls::file_part`](super::XnuCalls::file_part), and the identity of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FilePart {
    /// `st_dev`.
    pub dev: u32,
    /// `st_ino`.
    pub ino: u64,
    /// The bytes, fewer than requested at the end of the file.
    pub bytes: Vec<u8>,
}

impl FilePart {
    /// Reads a part of a file for [`XnuCalls::file_part`](super::XnuCalls::file_part). Follows no
    /// link, and does not wait for a fifo or a device.
    ///
    /// # Errors
    /// The errors of [`XnuCalls::file_part`](super::XnuCalls::file_part).
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
