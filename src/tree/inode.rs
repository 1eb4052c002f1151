//! Nodes and their numbers.
//!
//! A node has two. FUSE requests name it by the *node id*, of 64 bits, which identifies the node:
//! 22 bits pid, 8 bits row, 34 bits identity of the process. Items of a process, as its threads
//! are, do not fit; who serves requests numbers those ([`Node::uncomputed`]). Programs see the
//! *inode number*, of 32 bits, which is the same in `stat` and in listings, where the identity is
//! not known.

use super::table::{ROOT, ROWS, RowId};
use crate::model::{AddressRange, Error, ErrorKind, Identity, Pid, Result};

/// One of the entries that the kernel enumerates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Item {
    /// A thread, descriptor, port or CPU of this number.
    Number(u64),
    /// A region with these addresses.
    Range(AddressRange),
}

/// The smallest page of any system has this many bits.
const PAGE_SHIFT: u32 = 12;

impl Item {
    /// Where it stands among the others of its directory, none of which stands in the same place.
    pub(super) fn place(self) -> u64 {
        match self {
            Item::Number(number) => number,
            Item::Range(range) => range.start >> PAGE_SHIFT,
        }
    }
}

/// A place in the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Node {
    /// Which row it is a node of.
    pub row: RowId,
    /// Whose it is, for rows that belong to a process.
    pub process: Option<(Pid, Identity)>,
    /// The item that it is, or belongs to, for rows of which there are many.
    pub item: Option<Item>,
}

/// FUSE's number for the root directory of a file system.
const ROOT_NUMBER: u64 = 1;

const ROW_SHIFT: u32 = Identity::BITS;
const PID_SHIFT: u32 = ROW_SHIFT + 8;

/// In the place of a row: a number that is not computed.
const NO_ROW: u64 = {
    assert!(ROWS.len() < 256);
    255
};

/// Bits of an inode number that identify a process, or an item.
const SHOWN_BITS: u32 = 22;

impl Node {
    /// The root directory.
    pub const ROOT: Node = Node { row: ROOT, process: None, item: None };

    /// The directory it stands in; the root stands in itself.
    #[must_use]
    pub fn parent(self) -> Self {
        let row = self.row.row().parent;
        Node {
            row,
            process: self.process.filter(|_| row.is_of_a_process()),
            item: self.item.filter(|_| row.numbered_entries().is_some()),
        }
    }

    /// The node of this row below this one, or below its process.
    #[must_use]
    pub(super) fn child(self, row: RowId) -> Self {
        Node { row, ..self }
    }

    /// The number of its item, where that has one.
    pub(super) fn number(self) -> Option<u64> {
        match self.item? {
            Item::Number(number) => Some(number),
            Item::Range(_) => None,
        }
    }

    /// The node id, never 0, which FUSE keeps for "none"; `None` for an item of a process.
    #[must_use]
    pub fn id(self) -> Option<u64> {
        if self == Node::ROOT {
            return Some(ROOT_NUMBER);
        }
        let row = u64::from(self.row.0) << ROW_SHIFT;
        let (pid, low) = match (self.process, self.item) {
            (None, None) => (0, 0),
            (Some((pid, identity)), None) => (u64::from(pid.number()), identity.number()),
            (None, Some(Item::Number(item))) if item >> Identity::BITS == 0 => (0, item),
            (_, Some(_)) => return None,
        };
        Some(pid << PID_SHIFT | row | low)
    }

    /// The node of this id.
    ///
    /// # Errors
    /// `NoSuchName` for a number that is no computed node id.
    pub fn from_id(id: u64) -> Result<Self> {
        if id == ROOT_NUMBER {
            return Ok(Node::ROOT);
        }
        let none = || Error::new(ErrorKind::NoSuchName, "node id");
        let row = RowId::new((id >> ROW_SHIFT) as u8).filter(|row| *row != ROOT);
        let row = row.ok_or_else(none)?;
        let pid = Pid::new((id >> PID_SHIFT) as u32).ok_or_else(none)?;
        let low = Identity::new(id);
        let process = row.is_of_a_process().then_some((pid, low));
        let item = row.numbered_entries().map(|_| Item::Number(low.number()));
        let node = Node { row, process, item };
        if node.id() == Some(id) { Ok(node) } else { Err(none()) }
    }

    /// The node id number `count` of those that no node's [`id`](Self::id) is.
    #[must_use]
    pub fn uncomputed(count: u64) -> u64 {
        let low = count & ((1 << ROW_SHIFT) - 1);
        (count >> ROW_SHIFT) << PID_SHIFT | NO_ROW << ROW_SHIFT | low
    }

    /// Whether [`uncomputed`](Self::uncomputed) gives this number.
    #[must_use]
    pub fn is_uncomputed(id: u64) -> bool {
        id >> ROW_SHIFT & 0xff == NO_ROW
    }

    /// The inode number, never 0. It is exact for a node without an item; items of one process
    /// whose places differ in their low 22 bits only have different ones. Nodes on one path always
    /// do: they are of different rows.
    #[must_use]
    pub fn inode(self) -> u32 {
        const MASK: u64 = (1 << SHOWN_BITS) - 1;
        /// 2^64 divided by the golden ratio: spreads what it multiplies over the high bits.
        const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;
        let spread = |number: u64| number.wrapping_mul(SPREAD) >> (64 - SHOWN_BITS);
        let pid = self.process.map_or(0, |(pid, _)| u64::from(pid.number()));
        let (which, tag) = match self.item {
            None => (pid, 1),
            Some(item) => {
                let place = item.place();
                ((place ^ spread(place >> SHOWN_BITS)).wrapping_add(spread(pid)), 2)
            }
        };
        // 32 bits: 22, 8 and 2.
        ((which & MASK) as u32) << 10 | u32::from(self.row.0) << 2 | tag
    }
}

#[cfg(test)]
mod tests {
    use super::super::kind::Entries;
    use super::super::table::ROWS;
    use super::*;
    use proptest::prelude::*;

    fn item_of(row: RowId, number: u64, end: u64) -> Option<Item> {
        row.numbered_entries().map(|entries| match entries {
            Entries::MappedFiles => Item::Range(AddressRange { start: number, end }),
            _ => Item::Number(number),
        })
    }

    proptest! {
        #[test]
        fn a_node_is_its_id(
            row in 0..ROWS.len() as u8, pid in 0..=Pid::MAX, identity: u64, number: u64, end: u64
        ) {
            let row = RowId::new(row).unwrap();
            let identity = Identity::new(identity);
            let process = row.is_of_a_process().then(|| (Pid::new(pid).unwrap(), identity));
            let item = item_of(row, number, end);
            let node = Node { row, process, item };
            match node.id() {
                Some(id) => {
                    prop_assert_ne!(id, 0);
                    prop_assert_eq!(Node::from_id(id), Ok(node));
                }
                None => prop_assert!(item.is_some()),
            }
        }

        #[test]
        fn any_number_is_a_node_or_refused(number: u64) {
            if let Ok(node) = Node::from_id(number) {
                prop_assert_eq!(node.id(), Some(number));
            }
        }

        #[test]
        fn what_is_not_computed_is_no_node_and_comes_once(count in 0..1u64 << 56, other in 0..1u64 << 56) {
            let id = Node::uncomputed(count);
            prop_assert!(Node::from_id(id).is_err() && Node::is_uncomputed(id));
            prop_assert_eq!(count == other, Node::uncomputed(count) == Node::uncomputed(other));
        }

        #[test]
        fn inodes_are_never_0_know_no_identity_and_differ_along_a_path(
            row in 0..ROWS.len() as u8, pid in 0..=Pid::MAX, identity: u64, number: u64, end: u64
        ) {
            let row = RowId::new(row).unwrap();
            let of = |identity| Node {
                row,
                process: row.is_of_a_process().then(|| (Pid::new(pid).unwrap(), Identity::new(identity))),
                item: item_of(row, number, end),
            };
            prop_assert_ne!(of(identity).inode(), 0);
            prop_assert_eq!(of(identity).inode(), of(0).inode());
            let mut path = vec![of(identity)];
            while let Some(node) = path.last().filter(|node| **node != Node::ROOT) {
                path.push(node.parent());
            }
            let inodes: std::collections::HashSet<u32> = path.iter().map(|node| node.inode()).collect();
            prop_assert_eq!(inodes.len(), path.len());
        }
    }

    #[test]
    fn zero_is_no_node() {
        assert!(Node::from_id(0).is_err());
        assert_eq!(Node::from_id(1), Ok(Node::ROOT));
        assert_eq!(Node::ROOT.inode(), 1);
    }
}
