//! One line of `maps`, which is also the first of a record of `smaps` (`fs/proc/task_mmu.c`,
//! `show_map_vma`): `start-end perms offset major:minor inode`, spaces, name.

use super::scan::{decimal, hex, short_hex};
use crate::model::{BackingKind, Device, Protection, Region, Sharing};

/// What the kernel appends to the path of a file that has no name any more (`d_path`).
const DELETED: &[u8] = b" (deleted)";

/// Reads one line, without its newline, into `region`. `None` where it is no such line; `region`
/// is then in an unspecified but valid state.
pub(super) fn parse(line: &[u8], region: &mut Region) -> Option<()> {
    region.clear();
    let (start, digits) = hex(line)?;
    let rest = line[digits..].strip_prefix(b"-")?;
    let (end, digits) = hex(rest)?;
    if end <= start {
        return None;
    }
    let rest = spaces(&rest[digits..])?;
    let letters = rest.first_chunk::<4>()?;
    let protection = letter(letters[0], b'r', Protection::READ)?
        .union(letter(letters[1], b'w', Protection::WRITE)?)
        .union(letter(letters[2], b'x', Protection::EXECUTE)?);
    let sharing = match letters[3] {
        b's' => Sharing::Shared,
        b'p' => Sharing::Private,
        _ => return None,
    };
    let (file, name) = file(&rest[4..])?;

    region.start = start;
    region.end = end;
    region.protection = protection;
    region.max_protection = protection;
    region.sharing = sharing;
    region.offset = file.offset;
    let backing = &mut region.backing;
    backing.device = file.device;
    backing.inode = file.inode;
    let is_file =
        backing.inode != 0 || backing.device != Device::default() || name.first() == Some(&b'/');
    if is_file {
        backing.kind = BackingKind::File;
        let path = match name.strip_suffix(DELETED) {
            Some(path) => {
                backing.link_count = Some(0);
                path
            }
            None => name,
        };
        unescape(path, &mut backing.name);
    } else if !name.is_empty() {
        backing.kind = BackingKind::Pseudo;
        unescape(name, &mut backing.name);
    }
    Some(())
}

/// The columns that tell of a file.
#[derive(Default)]
struct File {
    offset: u64,
    device: Device,
    inode: u64,
}

/// Those columns of a region without a file, which most are.
const NO_FILE: &[u8; 17] = b" 00000000 00:00 0";

/// The file's columns, and the name behind them.
#[inline]
fn file(text: &[u8]) -> Option<(File, &[u8])> {
    let name = |rest| if <[u8]>::is_empty(rest) { Some(rest) } else { spaces(rest) };
    if let Some(rest) = text.strip_prefix(NO_FILE)
        && let Some(name) = name(rest)
    {
        return Some((File::default(), name));
    }
    let rest = spaces(text)?;
    let (offset, digits) = hex(rest)?;
    let rest = spaces(&rest[digits..])?;
    let (major, digits) = short_hex(rest)?;
    let rest = rest[digits..].strip_prefix(b":")?;
    let (minor, digits) = short_hex(rest)?;
    let rest = spaces(&rest[digits..])?;
    let (inode, digits) = decimal(rest)?;
    let name = name(&rest[digits..])?;
    Some((File { offset, device: Device { major, minor }, inode }, name))
}

/// The rest behind at least one space. Between columns there is one, before a name there are many.
#[inline]
fn spaces(text: &[u8]) -> Option<&[u8]> {
    let mut rest = text.strip_prefix(b" ")?;
    while let Some(more) = rest.strip_prefix(b"        ") {
        rest = more;
    }
    while let Some(more) = rest.strip_prefix(b" ") {
        rest = more;
    }
    Some(rest)
}

#[inline]
fn letter(found: u8, granted: u8, protection: Protection) -> Option<Protection> {
    match found {
        b'-' => Some(Protection::NONE),
        _ if found == granted => Some(protection),
        _ => None,
    }
}

/// The kernel writes a newline in a name as `\012` and leaves all else as it is, the backslash
/// too (`seq_path` with the escape set "\n").
fn unescape(text: &[u8], name: &mut Vec<u8>) {
    const NEWLINE: &[u8] = b"\\012";
    let mut rest = text;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        name.extend_from_slice(&rest[..at]);
        rest = &rest[at..];
        match rest.strip_prefix(NEWLINE) {
            Some(behind) => {
                name.push(b'\n');
                rest = behind;
            }
            None => {
                name.push(b'\\');
                rest = &rest[1..];
            }
        }
    }
    name.extend_from_slice(rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &[u8]) -> Option<Region> {
        let mut region = Region::default();
        parse(line, &mut region).map(|()| region)
    }

    #[test]
    fn a_file() {
        let region = parsed(b"7f0000001000-7f0000003000 r-xp 00002000 fe:00 7340034                    /usr/bin/a b").unwrap();
        assert_eq!((region.start, region.end), (0x7f00_0000_1000, 0x7f00_0000_3000));
        assert_eq!(region.protection.letters(), *b"r-x");
        assert_eq!(region.sharing, Sharing::Private);
        assert_eq!(region.offset, 0x2000);
        assert_eq!(region.backing.device, Device { major: 0xfe, minor: 0 });
        assert_eq!(region.backing.inode, 7_340_034);
        assert_eq!(region.backing.kind, BackingKind::File);
        assert_eq!(region.backing.name, b"/usr/bin/a b");
        assert_eq!(region.backing.link_count, None);
    }

    #[test]
    fn names_of_every_kind() {
        let name = |text: &[u8]| {
            let line = [b"1000-2000 rw-s 00000000 00:05 9          ", text].concat();
            parsed(&line).unwrap().backing
        };
        assert!(name(b"/dev/zero (deleted)").is_deleted());
        assert_eq!(name(b"/dev/zero (deleted)").name, b"/dev/zero");
        assert_eq!(name(b"/a\\012b").name, b"/a\nb");
        assert_eq!(name(b"/a\\013\\b\\").name, b"/a\\013\\b\\");
        assert_eq!(name(b"/tab\there").name, b"/tab\there");
        assert_eq!(name(b"/\xff\xfe").name, b"/\xff\xfe");
        assert_eq!(name(b"/trailing ").name, b"/trailing ");
        let long = [b"/".as_slice(), &[b'x'; 4094]].concat();
        assert_eq!(name(&long).name, long);
        let heap = parsed(b"1000-2000 rw-p 00000000 00:00 0 [heap]").unwrap().backing;
        assert_eq!((heap.kind, heap.name.as_slice()), (BackingKind::Pseudo, b"[heap]".as_slice()));
        let none = parsed(b"1000-2000 rw-p 00000000 00:00 0 ").unwrap().backing;
        assert_eq!((none.kind, none.name.len()), (BackingKind::Anonymous, 0));
        assert!(parsed(b"1000-2000 rw-p 00000000 00:00 0").is_some());
    }

    #[test]
    fn what_is_no_line_is_refused() {
        let lines: [&[u8]; 14] = [
            b"",
            b"-",
            b"1000",
            b"1000-",
            b"1000-2000",
            b"1000-2000 rwx",
            b"1000-2000 rwxq 0 0:0 0",
            b"1000-2000 zwxp 0 0:0 0",
            b"1000-1000 rwxp 0 0:0 0",
            b"2000-1000 rwxp 0 0:0 0",
            b"1000-2000 rwxp 0 00 0",
            b"1000-2000 rwxp 0 0:0 0x",
            b"1000-2000 rwxp 0 0:0 99999999999999999999",
            b"1000-2000 rwxp 0 100000000:0 0",
        ];
        for line in lines {
            assert_eq!(parsed(line), None, "{}", String::from_utf8_lossy(line));
        }
    }
}
