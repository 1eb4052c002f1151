//! One line of `maps`, which is also the first of a record of `smaps` (`fs/proc/task_mmu.c`,
//! `show_map_vma`): `start-end perms offset major:minor inode`, spaces, name.

use super::scan::{behind_spaces, decimal, hex, hex12, short_hex};
use crate::model::{BackingKind, Device, Protection, Region, Sharing};

/// The kernel's suffix for the path of a file that has no name any more (`d_path`).
const DELETED: &[u8] = b" (deleted)";

/// Parses the first line of `text`, which must end in a newline, into `region`. Returns the line's
/// length with the newline, or `None` if the line is malformed; `region` then has unspecified valid
/// values.
pub(super) fn parse(text: &[u8], region: &mut Region) -> Option<usize> {
    region.clear();
    let (start, end, rest) = range(text)?;
    if end <= start {
        return None;
    }
    let (letters, rest) = rest.split_first_chunk()?;
    let (protection, sharing) = permissions(*letters)?;
    region.start = start;
    region.end = end;
    region.protection = protection;
    region.max_protection = protection;
    region.sharing = sharing;
    let rest = match rest.strip_prefix(NAMELESS) {
        Some(rest) => rest,
        None => file_and_name(rest, region)?,
    };
    Some(text.len() - rest.len())
}

/// The columns after the permissions of a region without file and name, which most regions have.
const NAMELESS: &[u8; 19] = b" 00000000 00:00 0 \n";

/// The two addresses, and the text after the space that follows them.
#[inline]
fn range(text: &[u8]) -> Option<(u64, u64, &[u8])> {
    // Most addresses have twelve digits. With known places the CPU reads both at once. Otherwise it
    // waits for the end of the first before it begins with the second.
    if let Some((columns, rest)) = text.split_first_chunk::<26>()
        && columns[12] == b'-'
        && columns[25] == b' '
        && let Some(start) = hex12(columns.first_chunk()?)
        && let Some(end) = hex12(columns[13..].first_chunk()?)
    {
        return Some((start, end, rest));
    }
    let (start, digits) = hex(text)?;
    let rest = text[digits..].strip_prefix(b"-")?;
    let (end, digits) = hex(rest)?;
    Some((start, end, rest[digits..].strip_prefix(b" ")?))
}

/// `rwxp`: each letter or `-`, the last one `s` or `p`. Without branches, since a region's
/// permissions cannot be predicted from those of the one before.
#[inline]
fn permissions([r, w, x, sharing]: [u8; 4]) -> Option<(Protection, Sharing)> {
    let granted = [r == b'r', w == b'w', x == b'x', sharing == b's'].map(u32::from);
    let denied = [r == b'-', w == b'-', x == b'-', sharing == b'p'].map(u32::from);
    let bits = |flags: [u32; 4]| flags[0] | flags[1] << 1 | flags[2] << 2 | flags[3] << 3;
    let (granted, denied) = (bits(granted), bits(denied));
    let sharing = if granted & 8 != 0 { Sharing::Shared } else { Sharing::Private };
    (granted | denied == 0xf).then_some((Protection::from_bits(granted), sharing))
}

/// Parses the columns of a file, and the name. Returns the text after the line.
#[inline]
fn file_and_name<'a>(text: &'a [u8], region: &mut Region) -> Option<&'a [u8]> {
    let rest = text.strip_prefix(b" ")?;
    let (offset, digits) = hex(rest)?;
    let rest = rest[digits..].strip_prefix(b" ")?;
    let (major, digits) = short_hex(rest)?;
    let rest = rest[digits..].strip_prefix(b":")?;
    let (minor, digits) = short_hex(rest)?;
    let rest = rest[digits..].strip_prefix(b" ")?;
    let (inode, digits) = decimal(rest)?;
    let rest = &rest[digits..];
    if !matches!(rest.first(), Some(b' ' | b'\n')) {
        return None;
    }
    let rest = behind_spaces(rest);
    let mut end = memchr::memchr2(b'\n', b'\\', rest)?;
    let is_escaped = rest[end] == b'\\';
    if is_escaped {
        end += memchr::memchr(b'\n', &rest[end..])?;
    }
    let (mut name, rest) = (&rest[..end], &rest[end + 1..]);

    region.offset = offset;
    let backing = &mut region.backing;
    backing.device = Device { major, minor };
    backing.inode = inode;
    let is_file =
        backing.inode != 0 || backing.device != Device::default() || name.first() == Some(&b'/');
    if is_file {
        backing.kind = BackingKind::File;
        if let Some(path) = name.strip_suffix(DELETED) {
            backing.link_count = Some(0);
            name = path;
        }
    } else if !name.is_empty() {
        backing.kind = BackingKind::Pseudo;
    }
    if is_escaped {
        unescape(name, &mut backing.name);
    } else {
        backing.name.extend_from_slice(name);
    }
    Some(rest)
}

/// The kernel writes a newline in a name as `\012` and leaves all other bytes unchanged, also the
/// backslash (`seq_path` with the escape set "\n").
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
    use proptest::prelude::*;

    /// A line without its newline, with another line after it.
    fn parsed(line: &[u8]) -> Option<Region> {
        let mut region = Region::default();
        let text = [line, b"\n1000-2000 rw-p 00000000 00:00 0 \n"].concat();
        let length = parse(&text, &mut region)?;
        assert_eq!(length, line.len() + 1);
        Some(region)
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

    proptest! {
        #[test]
        fn any_line_as_columns_split_at_spaces(
            line in "[0-7][0-9a-f]{10,12}-7[0-9a-f]{10,12} [r-][w-][x-][ps] (00000000|[0-9a-f]{1,16}) \
                     (00:00|[0-9a-fA-F]{2,3}:[0-9]{2}) (0|[0-9]{1,9})\
                     ( {1,40}([/\\[](\\\\012|[a0-2 \t\\\\]){0,60})?( \\(deleted\\))?)?",
            change in proptest::option::of((any::<prop::sample::Index>(), "[-: /x0\\\\]?")),
        ) {
            let mut line = line;
            if let Some((index, other)) = change {
                let at = index.index(line.len());
                line.replace_range(at..=at, &other);
            }
            prop_assert_eq!(parsed(line.as_bytes()), plain(&line));
        }
    }

    fn plain(line: &str) -> Option<Region> {
        let hex = |digits: &str| {
            let digits = Some(digits).filter(|digits| digits.len() <= 16)?;
            u64::from_str_radix(digits, 16).ok()
        };
        let mut columns = line.splitn(6, ' ');
        let (start, end) = columns.next()?.split_once('-')?;
        let (start, end) = (hex(start)?, hex(end)?);
        let letters = columns.next()?.as_bytes();
        let bits = |at: usize, letter| match *letters.get(at)? {
            b'-' => Some(0),
            found if found == letter => Some(1 << at),
            _ => None,
        };
        let protection = Protection::from_bits(bits(0, b'r')? | bits(1, b'w')? | bits(2, b'x')?);
        let sharing = match &letters[3..] {
            b"p" => Sharing::Private,
            b"s" => Sharing::Shared,
            _ => return None,
        };
        let offset = hex(columns.next()?)?;
        let (major, minor) = columns.next()?.split_once(':')?;
        let [major, minor] = [hex(major)?, hex(minor)?].map(u32::try_from);
        let device = Device { major: major.ok()?, minor: minor.ok()? };
        let inode = columns.next()?.parse().ok()?;
        let name = columns.next().unwrap_or("").trim_start_matches(' ');
        let kind = if inode != 0 || device != Device::default() || name.starts_with('/') {
            BackingKind::File
        } else if name.is_empty() {
            BackingKind::Anonymous
        } else {
            BackingKind::Pseudo
        };
        let path = name.strip_suffix(" (deleted)").filter(|_| kind == BackingKind::File);
        let name = path.unwrap_or(name).replace("\\012", "\n").into_bytes();
        let link_count = path.map(|_| 0);
        let backing = crate::model::Backing { kind, name, device, inode, link_count };
        let max_protection = protection;
        let region = Region {
            start,
            end,
            protection,
            max_protection,
            sharing,
            offset,
            backing,
            ..Region::default()
        };
        (start < end).then_some(region)
    }
}
