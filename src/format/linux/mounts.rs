//! `mounts`, `PID/mountinfo` and `filesystems`.

use std::collections::HashMap;

use super::super::line::{in_octal, put};
use crate::model::{Machine, Mounted};

/// What `mangle` of `fs/proc_namespace.c` escapes.
const ESCAPED: &[u8] = b" \t\n\\#";

/// A line for each mounted file system: source, path, type, options, 0, 0 (`show_vfsmnt`).
pub fn mounts(machine: &Machine, out: &mut Vec<u8>) {
    for Mounted { source, path, kind, flags, .. } in &machine.mounts {
        in_octal(named(source), ESCAPED, out);
        out.push(b' ');
        in_octal(path, ESCAPED, out);
        out.push(b' ');
        in_octal(kind, ESCAPED, out);
        out.push(b' ');
        options(*flags, out);
        out.extend_from_slice(b" 0 0\n");
    }
}

/// A line for each mounted file system: its number, that of the one it is mounted in, device, root,
/// path, options, ` -`, type, source, options of the file system (`show_mountinfo`). Darwin numbers no
/// mounts: they have their places in the kernel's list, which is in the order of mounting. The first
/// is in itself, as is one whose parent is not listed.
pub fn mountinfo(machine: &Machine, out: &mut Vec<u8>) {
    let mut last_at: HashMap<&[u8], usize> = HashMap::new();
    for (number, mounted) in (1..).zip(&machine.mounts) {
        let Mounted { source, path, kind, flags, device } = mounted;
        let parent = ancestors(path).find_map(|path| last_at.get(path)).unwrap_or(&number);
        put(out, format_args!("{number} {parent} {}:{} / ", device.major, device.minor));
        in_octal(path, ESCAPED, out);
        out.push(b' ');
        options(*flags, out);
        out.extend_from_slice(b" - ");
        in_octal(kind, ESCAPED, out);
        out.push(b' ');
        in_octal(named(source), ESCAPED, out);
        out.push(b' ');
        out.extend_from_slice(access(*flags));
        out.push(b'\n');
        last_at.insert(path, number);
    }
}

/// This path and those of the directories above it, up to the root.
fn ancestors(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::successors(Some(path), |path| match memchr::memrchr(b'/', path)? {
        0 if path.len() > 1 => Some(b"/"),
        0 => None,
        slash => Some(&path[..slash]),
    })
}

/// What is mounted, or a word where it has no name.
fn named(source: &[u8]) -> &[u8] {
    if source.is_empty() { b"none" } else { source }
}

fn access(flags: u32) -> &'static [u8] {
    if flags & READ_ONLY == 0 { b"rw" } else { b"ro" }
}

fn options(flags: u32, out: &mut Vec<u8>) {
    out.extend_from_slice(access(flags));
    for (flag, word) in OPTIONS {
        if flags & flag != 0 {
            out.extend_from_slice(word);
        }
    }
}

/// `MNT_RDONLY` of Darwin's `sys/mount.h`; and others, in the order in which Linux prints their
/// words.
const READ_ONLY: u32 = 1;
const OPTIONS: [(u32, &[u8]); 5] = [
    (1 << 1, b",sync"),
    (1 << 3, b",nosuid"),
    (1 << 4, b",nodev"),
    (1 << 2, b",noexec"),
    (1 << 28, b",noatime"),
];

/// The types of the file systems that are mounted, each once, with `nodev` before those that are
/// on no device. Which other types the kernel knows is not told.
pub fn filesystems(machine: &Machine, out: &mut Vec<u8>) {
    for (at, mounted) in machine.mounts.iter().enumerate() {
        if machine.mounts[..at].iter().any(|before| before.kind == mounted.kind) {
            continue;
        }
        if !mounted.source.starts_with(b"/dev/") {
            out.extend_from_slice(b"nodev");
        }
        out.push(b'\t');
        in_octal(&mounted.kind, b"\n", out);
        out.push(b'\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_directories_above_a_path() {
        let above = |path: &'static str| ancestors(path.as_bytes()).collect::<Vec<_>>();
        assert_eq!(above("/a/bc"), [&b"/a/bc"[..], b"/a", b"/"]);
        assert_eq!(above("/"), [b"/"]);
        assert_eq!(above("a/b"), [&b"a/b"[..], b"a"]);
        assert_eq!(above(""), [b""]);
    }
}
