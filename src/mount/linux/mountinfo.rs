//! The kernel's table of mounts (`PID/mountinfo`, proc(5)).

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

use crate::kernel::is_own_mount;
use crate::model::from_octal;

/// One mount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mount {
    /// The mount's number, unique among the mounts of the moment.
    pub(super) id: u64,
    /// `major:minor` of the file system, unique among the file systems of the moment.
    pub(super) device: Vec<u8>,
    pub(super) mount_point: PathBuf,
    pub(super) file_system: Vec<u8>,
    pub(super) source: Vec<u8>,
    /// The user who mounted it, which file systems of FUSE report.
    pub(super) owner: Option<u32>,
}

impl Mount {
    pub(super) fn is_ours(&self) -> bool {
        is_own_mount(&self.source, &self.file_system)
    }
}

/// All mounts in the order of the table: of two at the same place the later one is on top.
pub(super) fn parse(table: &[u8]) -> Vec<Mount> {
    table.split(|byte| *byte == b'\n').filter_map(parse_line).collect()
}

/// Parses `id parent major:minor root mount-point options optional… - type source options`.
fn parse_line(line: &[u8]) -> Option<Mount> {
    let mut words = line.split(|byte| *byte == b' ');
    let id = std::str::from_utf8(words.next()?).ok()?.parse().ok()?;
    let device = words.nth(1)?.to_vec();
    let mount_point = PathBuf::from(OsString::from_vec(from_octal(words.nth(1)?)));
    let mut words = words.skip_while(|word| *word != b"-");
    let file_system = words.nth(1)?.to_vec();
    let source = from_octal(words.next().unwrap_or_default());
    let options = words.next().unwrap_or_default();
    let owner = options.split(|byte| *byte == b',').find_map(|word| word.strip_prefix(b"user_id="));
    let owner = owner.and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok());
    Some(Mount { id, device, mount_point, file_system, source, owner })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_with_and_without_optional_fields() {
        let table = b"\
22 1 0:21 / /proc rw,relatime shared:5 - proc proc rw\n\
90 22 0:77 / /tmp/a\\040b\\134c ro,nosuid - fuse.mach-procfs mach-procfs ro,user_id=1000,group_id=0\n\
malformed\n";
        let mounts = parse(table);
        assert_eq!(mounts.len(), 2);
        assert_eq!(mounts[0].file_system, b"proc");
        assert_eq!((mounts[0].is_ours(), mounts[1].is_ours()), (false, true));
        assert_eq!(mounts[1].mount_point, PathBuf::from("/tmp/a b\\c"));
        assert_eq!(mounts[1].file_system, b"fuse.mach-procfs");
        assert_eq!(mounts[1].source, b"mach-procfs");
        assert_eq!((mounts[0].owner, mounts[1].owner), (None, Some(1000)));
        assert_eq!((mounts[1].id, mounts[1].device.as_slice()), (90, b"0:77".as_slice()));
    }
}
