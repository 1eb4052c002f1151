//! Attributes of the tree's nodes in FUSE's terms, and how long the kernel may cache them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use fuser::{FileAttr, FileType, INodeNo};

use super::host::HostRules;
use crate::model::{Error, ErrorKind, Result};
use crate::tree::{Access, Attributes, Caller, Entries, Kind, Link, Node, NodeType, Row, Tree};

/// Attributes are never cached: each `stat` asks whether the process still lives, and those in a reply
/// to LOOKUP have the node id in the place of the inode number.
pub(super) const ATTRIBUTE_TTL: Duration = Duration::ZERO;

/// The block size, which stdio and copying tools take for the best size of a read.
pub(super) const BLOCK_SIZE: u32 = 128 * 1024;

/// The longest name that a directory of this file system can have.
pub(super) const NAME_MAX: u32 = 255;

/// How long the kernel may remember a name that was looked up in this directory. Names that some
/// users may not look up are looked up each time.
pub(super) fn name_ttl(parent: Node, found: Option<&Attributes>, rules: HostRules) -> Duration {
    let is_for_all = parent.row.row().access == Access::Anyone;
    match found.map(|found| found.node.row.row()) {
        Some(row) if is_link_of_descriptor(row) => rules.brief_ttl,
        _ if !is_for_all => Duration::ZERO,
        None | Some(Row { entries: None, .. }) => rules.name_ttl,
        Some(Row { entries: Some(Entries::Threads), .. }) => rules.brief_ttl,
        // A process that ended must not be found, not even by an open with O_PATH, which sends no
        // request for a name that is remembered.
        Some(_) => Duration::ZERO,
    }
}

/// Whether this error means that there never will be such a name as long as the directory is there,
/// and the kernel may remember that.
pub(super) fn is_lastingly_missing(error: &Error, parent: Node, rules: HostRules) -> bool {
    let is_for_all = parent.row.row().access == Access::Anyone;
    let is_missing = error.kind == ErrorKind::NoSuchName;
    is_missing && is_for_all && parent.row.has_constant_names() && rules.remembers_missing
}

/// Whether the kernel may remember the name although some users may not look it up. There may be
/// many, and programs ask about each several times.
fn is_link_of_descriptor(row: &Row) -> bool {
    matches!(row.kind, Kind::Link(Link::Descriptor))
}

/// The attributes of a node for a caller who may not have looked it up.
pub(super) fn looked_up(tree: &Tree, node: Node, caller: &Caller) -> Result<Attributes> {
    if is_link_of_descriptor(node.row.row()) {
        tree.check_readable(node, caller)?;
    }
    tree.attributes(node)
}

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Owner;

    /// 1970 as the time of birth, which only macOS shows, looks broken there.
    #[test]
    fn all_times_are_the_start_of_the_process() {
        let since = UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        let attributes = Attributes {
            node: Node::ROOT,
            node_type: NodeType::Directory,
            mode: 0o555,
            links: 2,
            size: 0,
            owner: Owner { uid: 0, gid: 0, since },
        };
        let attr = file_attr(&attributes, 1, 0);
        assert_eq!([attr.atime, attr.mtime, attr.ctime, attr.crtime], [since; 4]);
    }
}
