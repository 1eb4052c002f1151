//! `mounts` and `filesystems`.

use super::super::line::in_octal;
use crate::model::{Machine, Mounted};

/// The bytes that `mangle` of `fs/proc_namespace.c` escapes.
const ESCAPED: &[u8] = b" \t\n\\#";

/// A line for each mounted file system: source, path, type, options, 0, 0 (`show_vfsmnt`).
pub fn mounts(machine: &Machine, out: &mut Vec<u8>) {
    for Mounted { source, path, kind, flags, .. } in &machine.mounts {
        in_octal(if source.is_empty() { b"none" } else { source }, ESCAPED, out);
        out.push(b' ');
        in_octal(path, ESCAPED, out);
        out.push(b' ');
        in_octal(kind, ESCAPED, out);
        out.extend_from_slice(if flags & READ_ONLY == 0 { b" rw" } else { b" ro" });
        for (flag, word) in OPTIONS {
            if flags & flag != 0 {
                out.extend_from_slice(word);
            }
        }
        out.extend_from_slice(b" 0 0\n");
    }
}

/// `MNT_RDONLY` of Darwin's `sys/mount.h`, and other flags in the order in which Linux prints their
/// words.
const READ_ONLY: u32 = 1;
const OPTIONS: [(u32, &[u8]); 5] = [
    (1 << 1, b",sync"),
    (1 << 3, b",nosuid"),
    (1 << 4, b",nodev"),
    (1 << 2, b",noexec"),
    (1 << 28, b",noatime"),
];

/// The types of the mounted file systems, each once, with `nodev` before those on no device. Darwin
/// does not report which other types the kernel knows.
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
