//! Attributes of the tree's nodes in FUSE's terms, and how long the kernel may cache them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use fuser::{FileAttr, FileType, INodeNo};

use crate::tree::{Attributes, NodeType};

/// Attributes are never cached: each `stat` asks whether the process still lives.
pub(super) const ATTRIBUTE_TTL: Duration = Duration::ZERO;

/// The block size, which stdio and copying tools take for the best size of a read.
pub(super) const BLOCK_SIZE: u32 = 128 * 1024;

/// The longest name that a directory of this file system can have.
pub(super) const NAME_MAX: u32 = 255;

pub(super) fn file_type(node_type: NodeType) -> FileType {
    match node_type {
        NodeType::Directory => FileType::Directory,
        NodeType::Link => FileType::Symlink,
        NodeType::File => FileType::RegularFile,
    }
}

/// The reply to LOOKUP for a name that is missing: the node id 0.
pub(super) fn missing() -> FileAttr {
    FileAttr {
        ino: INodeNo(0),
        size: 0,
        blocks: 0,
        atime: UNIX_EPOCH,
        mtime: UNIX_EPOCH,
        ctime: UNIX_EPOCH,
        crtime: UNIX_EPOCH,
        kind: FileType::RegularFile,
        perm: 0,
        nlink: 0,
        uid: 0,
        gid: 0,
        rdev: 0,
        blksize: BLOCK_SIZE,
        flags: 0,
    }
}

/// `number`: in a reply to LOOKUP the node id, by which the kernel names the node from then on;
/// else the inode number, which programs see.
pub(super) fn file_attr(attributes: &Attributes, number: u64, size: u64) -> FileAttr {
    let since: SystemTime = attributes.owner.since;
    FileAttr {
        ino: INodeNo(number),
        size,
        blocks: 0,
        atime: since,
        mtime: since,
        ctime: since,
        // Shown by Finder and by `stat -f %SB`, on macOS only.
        crtime: since,
        kind: file_type(attributes.node_type),
        perm: attributes.mode,
        nlink: attributes.links,
        uid: attributes.owner.uid,
        gid: attributes.owner.gid,
        rdev: 0,
        blksize: BLOCK_SIZE,
        flags: 0,
    }
}
