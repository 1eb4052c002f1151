//! Reading of files, which goes to the system that runs the tests.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::Path;

use crate::sys::xnu::sys::Xnu;
use crate::sys::xnu::{Errno, FilePart, XnuCalls};

fn read(path: &Path, offset: u64, most: usize) -> Result<FilePart, Errno> {
    Xnu.file_part(path.as_os_str().as_bytes(), offset, most)
}

#[test]
fn a_part_of_a_regular_file_comes_with_its_identity() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("two words");
    fs::write(&path, b"0123456789").unwrap();
    let found = fs::metadata(&path).unwrap();
    let part = read(&path, 3, 4).unwrap();
    assert_eq!(part.bytes, b"3456");
    assert_eq!((u64::from(part.dev), part.ino), (found.dev() & 0xFFFF_FFFF, found.ino()));
    assert_eq!(read(&path, 8, 100).unwrap().bytes, b"89");
    assert_eq!(read(&path, 10, 1).unwrap().bytes, b"");
    assert!(read(&path, u64::MAX, 1).is_err());
}

/// A fifo without a writer would keep who opens it waiting.
#[test]
fn nothing_else_is_read_and_nothing_is_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("file"), b"x").unwrap();
    symlink(at("file"), at("link")).unwrap();
    nix::unistd::mkfifo(&at("fifo"), nix::sys::stat::Mode::S_IRUSR).unwrap();
    assert_eq!(read(&at("fifo"), 0, 1), Err(Errno::INVAL));
    assert_eq!(read(folder.path(), 0, 1), Err(Errno::INVAL));
    assert_eq!(read(&at("link"), 0, 1), Err(Errno(libc::ELOOP)));
    assert_eq!(read(&at("missing"), 0, 1), Err(Errno::NOENT));
    assert_eq!(Xnu.file_part(b"a\0b", 0, 1).map(|_| ()), Err(Errno::IO), "no path");
}
