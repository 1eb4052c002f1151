//! The lines that follow the first one in a record of `smaps` (`fs/proc/task_mmu.c`,
//! `show_smap`): counts in KiB, and `VmFlags` as two-letter codes.

use super::scan::decimal;
use crate::model::{Behavior, Inheritance, Protection, Region};

/// Whether this line begins the next record: a range's `-` comes before a key's `:` could.
#[inline]
pub(super) fn is_header(line: &[u8]) -> bool {
    // All but two of some twenty keys begin with a letter that is not a digit of an address.
    line.first().is_some_and(u8::is_ascii_hexdigit)
        && line.iter().find(|byte| matches!(byte, b'-' | b':' | b' ')) == Some(&b'-')
}

/// Whether this text begins with the flags, the last line of a record.
#[inline]
pub(super) fn are_flags(text: &[u8]) -> bool {
    text.starts_with(FLAGS)
}

const FLAGS: &[u8] = b"VmFlags:";

/// Parses a line `Key: value` into `region`, and skips keys without use here, as new kernels add
/// some. `page_size`, in bytes, is the unit of the counts.
#[inline]
pub(super) fn take(line: &[u8], page_size: u64, region: &mut Region) -> Option<()> {
    let value = |key: &[u8]| line.strip_prefix(key).map(<[u8]>::trim_ascii_start);
    let pages = |value: &[u8]| {
        decimal(value).map(|(kibibytes, _)| kibibytes.saturating_mul(1024) / page_size)
    };
    let add = |count: &mut u64, more| *count = count.saturating_add(more);
    // Most lines have no use here, and their first byte is enough to see it.
    match line.first()? {
        b'R' => {
            if let Some(resident) = value(b"Rss:") {
                region.pages.resident = pages(resident)?;
            }
        }
        b'S' => {
            if let Some(swapped_out) = value(b"Swap:") {
                region.pages.swapped_out = pages(swapped_out)?;
            } else if let Some(dirtied) = value(b"Shared_Dirty:") {
                add(&mut region.pages.dirtied, pages(dirtied)?);
            }
        }
        b'P' => {
            if let Some(dirtied) = value(b"Private_Dirty:") {
                add(&mut region.pages.dirtied, pages(dirtied)?);
            }
        }
        b'V' => {
            if let Some(codes) = value(FLAGS) {
                flags(codes, region);
            }
        }
        first if first.is_ascii_uppercase() => {}
        _ => return None,
    }
    Some(())
}

/// The codes of `show_smap_vma_flags`. `ms` is VM_MAYSHARE: a shared mapping of a file that was
/// opened read-only has it without `sh`.
fn flags(codes: &[u8], region: &mut Region) {
    let mut inherited = true;
    for code in codes.split(|byte| *byte == b' ') {
        match code {
            b"mr" => region.max_protection = region.max_protection.union(Protection::READ),
            b"mw" => region.max_protection = region.max_protection.union(Protection::WRITE),
            b"me" => region.max_protection = region.max_protection.union(Protection::EXECUTE),
            b"ms" => region.shared = true,
            b"dc" => inherited = false,
            b"sr" => region.behavior = Behavior::SEQUENTIAL,
            b"rr" => region.behavior = Behavior::RANDOM,
            b"lo" => region.user_wired_count = 1,
            _ => {}
        }
    }
    region.inheritance = match (inherited, region.shared) {
        (false, _) => Inheritance::NONE,
        (true, true) => Inheritance::SHARE,
        (true, false) => Inheritance::COPY,
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_distinguished_from_keys() {
        for header in ["1000-2000 r", "AF00-B000 r", "Abcdef-ABCDEFF rw"] {
            assert!(is_header(header.as_bytes()), "{header}");
        }
        for key in ["AnonHugePages:  0 kB", "Rss: 1 kB", "VmFlags: rd -x", "", "x"] {
            assert!(!is_header(key.as_bytes()), "{key}");
        }
    }

    #[test]
    fn counts_are_in_pages() {
        let mut region = Region::default();
        for line in ["Rss:  64 kB", "Swap: 16 kB", "Shared_Dirty: 4 kB", "Private_Dirty: 12 kB"] {
            take(line.as_bytes(), 4096, &mut region).unwrap();
        }
        let pages = region.pages;
        assert_eq!((pages.resident, pages.swapped_out, pages.dirtied), (16, 4, 4));
        assert!(take(b"Rss: many kB", 4096, &mut region).is_none());
        assert!(take(b"no key at all", 4096, &mut region).is_none());
        assert!(take(b"Unheard: of", 4096, &mut region).is_some());
    }

    /// A record has each key once. Text that repeats a key a few thousand times must do no harm.
    #[test]
    fn counts_beyond_all_numbers_stay_at_the_largest() {
        let mut region = Region::default();
        for _ in 0..3 {
            take(b"Private_Dirty: 18446744073709551615 kB", 1, &mut region).unwrap();
        }
        assert_eq!(region.pages.dirtied, u64::MAX);
    }

    #[test]
    fn flags_become_attributes() {
        let with = |codes: &str| {
            let mut region = Region { protection: Protection::READ, ..Region::default() };
            region.max_protection = region.protection;
            take(format!("VmFlags: {codes} ").as_bytes(), 4096, &mut region).unwrap();
            region
        };
        assert_eq!(with("rd mr mw me ac").max_protection.letters(), *b"rwx");
        assert_eq!(with("ex").max_protection.letters(), *b"r--");
        assert_eq!(with("rd mr ms").inheritance, Inheritance::SHARE);
        assert_eq!(with("rd mr ms dc").inheritance, Inheritance::NONE);
        assert_eq!(with("rd wf").inheritance, Inheritance::COPY);
        assert!(with("ms").shared && !with("sh").shared);
        assert_eq!(with("sr").behavior, Behavior::SEQUENTIAL);
        assert_eq!(with("rr").behavior, Behavior::RANDOM);
        assert_eq!(with("lo").user_wired_count, 1);
    }
}
