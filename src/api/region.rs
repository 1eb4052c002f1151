//! One region, as programs see it.

use std::ffi::OsStr;
use std::fmt;
use std::ops::Range;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::format;
use crate::model::{self, BackingKind, Device, Protection, Sharing};

/// A range of addresses with the same access and the same origin of its bytes.
///
/// Shown with `{}` it is a line of Linux's `/proc/PID/maps`, without the newline, on macOS, too. In
/// that line a newline in a name is `\012`, and what is not UTF-8 is U+FFFD.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Region {
    /// What is not shown here is left out, so that two regions are equal which look so.
    region: model::Region,
    has_pages: bool,
}

/// Counts of the pages of a region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct PageCounts {
    /// Bytes of one page that is counted. On macOS it is the smaller one of the page sizes of the
    /// process and of this program (`vm_self_region_page_shift` in XNU's `osfmk/vm/vm_map.c`).
    pub page_size: u64,
    /// Pages in memory.
    pub resident: u64,
    /// Pages in swap space, on macOS also in the compressor.
    pub swapped_out: u64,
    /// Pages in memory that were written to.
    pub dirtied: u64,
}

impl Region {
    pub(super) fn new(region: &model::Region, has_pages: bool) -> Self {
        let mut backing = region.backing.clone();
        backing.link_count = backing.is_deleted().then_some(0);
        let pages = match has_pages {
            true => model::PageCounts { shared_now_private: 0, reusable: 0, ..region.pages },
            false => model::PageCounts::default(),
        };
        let region = model::Region {
            start: region.start,
            end: region.end,
            protection: region.protection,
            sharing: region.sharing,
            offset: region.offset,
            pages,
            backing,
            ..model::Region::default()
        };
        Region { region, has_pages }
    }

    /// The first address.
    #[must_use]
    pub fn start(&self) -> u64 {
        self.region.start
    }

    /// The first address behind the region. [`u64::MAX`] for one that reaches the top of the
    /// address space.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.region.end
    }

    /// The addresses.
    #[must_use]
    pub fn range(&self) -> Range<u64> {
        self.region.start..self.region.end
    }

    /// The size in bytes.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.region.size()
    }

    /// Whether the size is 0. The system reports no such region.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether the address lies in the region.
    #[must_use]
    pub fn contains(&self, address: u64) -> bool {
        self.range().contains(&address)
    }

    /// Whether the process may read it.
    #[must_use]
    pub fn is_readable(&self) -> bool {
        self.region.protection.contains(Protection::READ)
    }

    /// Whether the process may write to it.
    #[must_use]
    pub fn is_writable(&self) -> bool {
        self.region.protection.contains(Protection::WRITE)
    }

    /// Whether the process may execute code in it.
    #[must_use]
    pub fn is_executable(&self) -> bool {
        self.region.protection.contains(Protection::EXECUTE)
    }

    /// Whether other processes that map the same memory see what is written to it (`MAP_SHARED`).
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.region.sharing == Sharing::Shared
    }

    /// Whether its bytes come from a file.
    #[must_use]
    pub fn is_file(&self) -> bool {
        self.region.backing.kind == BackingKind::File
    }

    /// Whether its bytes come from a file that has no name any more. [`path`](Self::path) is then
    /// its last one.
    #[must_use]
    pub fn is_deleted(&self) -> bool {
        self.region.backing.is_deleted()
    }

    /// The path of the mapped file. `None` where there is no file, or the system reports no path
    /// for it. By now another file may have the path, and in the mount namespace of another process
    /// the path may lead to another file.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        self.name().filter(|_| self.is_file()).map(Path::new).filter(|path| path.is_absolute())
    }

    /// What the last column of `maps` shows: the path of the mapped file, or a name such as
    /// `[heap]`, `[stack]` or, on macOS, `[anon:IOKIT]`. It need not be UTF-8.
    #[must_use]
    pub fn name(&self) -> Option<&OsStr> {
        let name = &self.region.backing.name;
        (!name.is_empty()).then_some(OsStr::from_bytes(name))
    }

    /// Where in the mapped file its first byte is, in bytes. 0 where there is no file, and for
    /// parts of the dyld shared cache.
    #[must_use]
    pub fn offset(&self) -> u64 {
        if self.is_file() { self.region.offset } else { 0 }
    }

    /// The device of the mapped file. `None` where there is no file, and for parts of the dyld
    /// shared cache.
    #[must_use]
    pub fn device(&self) -> Option<Device> {
        self.inode().map(|_| self.region.backing.device)
    }

    /// The inode number of the mapped file on its [`device`](Self::device). `None` where that is.
    #[must_use]
    pub fn inode(&self) -> Option<u64> {
        let backing = &self.region.backing;
        let is_known = backing.inode != 0 || backing.device != Device::default();
        is_known.then_some(backing.inode)
    }

    /// Counts of its pages. `None` unless they were asked for, by
    /// [`System::regions_with_pages`](crate::System::regions_with_pages).
    #[must_use]
    pub fn pages(&self) -> Option<PageCounts> {
        let counts = &self.region.pages;
        self.has_pages.then_some(PageCounts {
            page_size: counts.page_size,
            resident: counts.resident,
            swapped_out: counts.swapped_out,
            dirtied: counts.dirtied,
        })
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut line = Vec::new();
        format::maps(&self.region, &mut line);
        line.pop();
        f.pad(&String::from_utf8_lossy(&line))
    }
}

/// A map with an entry for each accessor: `start`, `end`, `is_readable` and so on to `pages`, but
/// `range`, `len`, `is_empty` and `path`. A `name` that is not UTF-8 is a sequence of bytes.
#[cfg(feature = "serde")]
impl serde::Serialize for Region {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;

        let mut fields = serializer.serialize_struct("Region", 13)?;
        fields.serialize_field("start", &self.start())?;
        fields.serialize_field("end", &self.end())?;
        fields.serialize_field("is_readable", &self.is_readable())?;
        fields.serialize_field("is_writable", &self.is_writable())?;
        fields.serialize_field("is_executable", &self.is_executable())?;
        fields.serialize_field("is_shared", &self.is_shared())?;
        fields.serialize_field("is_file", &self.is_file())?;
        fields.serialize_field("is_deleted", &self.is_deleted())?;
        let name = self.name().map(OsStr::as_bytes);
        match name.map(|name| std::str::from_utf8(name).ok()) {
            Some(None) => fields.serialize_field("name", &name)?,
            text => fields.serialize_field("name", &text)?,
        }
        fields.serialize_field("offset", &self.offset())?;
        fields.serialize_field("device", &self.device())?;
        fields.serialize_field("inode", &self.inode())?;
        fields.serialize_field("pages", &self.pages())?;
        fields.end()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::Backing;

    fn file(name: &[u8]) -> model::Region {
        let device = Device { major: 0xfe, minor: 1 };
        let kind = BackingKind::File;
        model::Region {
            start: 0x1000,
            end: 0x4000,
            protection: Protection::READ.union(Protection::EXECUTE),
            sharing: Sharing::Shared,
            offset: 0x2000,
            backing: Backing { kind, name: name.to_vec(), device, inode: 9, link_count: Some(3) },
            ..model::Region::default()
        }
    }

    #[test]
    fn accessors_of_a_file() {
        let region = Region::new(&file(b"/lib/a"), false);
        assert_eq!((region.range(), region.len()), (0x1000..0x4000, 0x3000));
        assert!(region.contains(0x1000) && region.contains(0x3fff) && !region.contains(0x4000));
        assert!(region.is_readable() && !region.is_writable() && region.is_executable());
        assert!(region.is_shared() && region.is_file() && !region.is_deleted());
        assert_eq!((region.path(), region.offset()), (Some(Path::new("/lib/a")), 0x2000));
        assert_eq!(region.device(), Some(Device { major: 0xfe, minor: 1 }));
        assert_eq!((region.inode(), region.pages()), (Some(9), None));
        // Names of pseudo-files of Linux, such as `anon_inode:[perf_event]`, are no paths.
        let region = Region::new(&file(b"anon_inode:x"), false);
        assert!(region.path().is_none() && region.name().is_some());
    }

    #[test]
    fn accessors_without_a_file() {
        let (kind, name) = (BackingKind::Pseudo, b"[heap]".to_vec());
        let backing = Backing { kind, name, ..Backing::default() };
        let region = Region::new(&model::Region { backing, ..file(b"") }, false);
        assert_eq!((region.name(), region.path()), (Some(OsStr::new("[heap]")), None));
        assert_eq!((region.offset(), region.device(), region.inode()), (0, None, None));
        let backing = Backing::default();
        let region = Region::new(&model::Region { backing, ..file(b"") }, false);
        assert!(!region.is_file() && region.name().is_none());
    }

    #[test]
    fn two_that_look_alike_are_equal() {
        let mut other = file(b"/a");
        let region = Region::new(&other, false);
        (other.pages.resident, other.object_id, other.backing.link_count) = (7, 8, Some(1));
        assert_eq!(Region::new(&other, false), region);
        let counted = Region::new(&other, true);
        assert_ne!(counted, region);
        other.pages.reusable = 1;
        assert_eq!(Region::new(&other, true), counted);
        other.backing.link_count = Some(0);
        assert_ne!(Region::new(&other, false), region);
    }

    #[test]
    fn the_text_is_a_line_of_maps() {
        let mut region = file(b"/a\nb\xff");
        region.backing.link_count = Some(0);
        let text = Region::new(&region, false).to_string();
        let columns = "00001000-00004000 r-xs 00002000 fe:01 9";
        assert_eq!(text, format!("{columns:<73}/a\\012b\u{fffd} (deleted)"));
    }

    #[test]
    fn values_of_serde_are_those_of_the_accessors() {
        let mut region = file(b"/lib/a");
        (region.pages.resident, region.pages.page_size) = (2, 4096);
        let expected = json!({
            "start": 0x1000, "end": 0x4000, "is_readable": true, "is_writable": false,
            "is_executable": true, "is_shared": true, "is_file": true, "is_deleted": false,
            "name": "/lib/a", "offset": 0x2000, "device": { "major": 0xfe, "minor": 1 }, "inode": 9,
            "pages": { "page_size": 4096, "resident": 2, "swapped_out": 0, "dirtied": 0 },
        });
        assert_eq!(serde_json::to_value(Region::new(&region, true)).unwrap(), expected);
        region.backing = Backing { name: b"\xff".to_vec(), ..Backing::default() };
        let value = serde_json::to_value(Region::new(&region, false)).unwrap();
        assert_eq!((&value["name"], &value["inode"]), (&json!([255]), &json!(null)));
        assert_eq!(value["pages"], json!(null));
    }
}
