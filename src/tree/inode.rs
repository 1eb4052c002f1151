//! Inode numbers: computed, not stored. Requests name a node by its number alone, so the number
//! holds all that tells a node from others: 22 bits pid, 8 bits row, 34 bits identity; for an item
//! of a process, as a thread is, 20 bits of its number and 14 of the identity.

use super::table::{ROOT, RowId};
use crate::model::{Error, ErrorKind, Identity, Pid, Result};

/// A place in the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Node {
    /// Which row it is a node of.
    pub row: RowId,
    /// Whose it is, for rows that belong to a process. Of the identity only the bits that the
    /// number has room for are known.
    pub process: Option<(Pid, Identity)>,
    /// Which item it is, or belongs to, for rows of which there are many.
    pub item: Option<Item>,
}

/// The low 20 bits of the number of an item: all of a descriptor's; of a thread's or a port's
/// enough to tell it from others of the same process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Item(u32);

impl Item {
    const BITS: u32 = 20;

    /// The item of this number.
    #[must_use]
    pub fn of(number: u64) -> Self {
        Item((number & ((1 << Self::BITS) - 1)) as u32)
    }

    /// Whether this is all of the number.
    #[must_use]
    pub(super) fn is_all_of(self, number: u64) -> bool {
        u64::from(self.0) == number
    }

    /// The number, as far as it is known.
    #[must_use]
    pub fn number(self) -> u32 {
        self.0
    }
}

/// FUSE's number for the root directory of a file system.
const ROOT_NUMBER: u64 = 1;

const ROW_SHIFT: u32 = Identity::BITS;
const PID_SHIFT: u32 = ROW_SHIFT + 8;

/// What is left of an identity beside an item.
const SHORT_IDENTITY: u32 = Identity::BITS - Item::BITS;

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
            item: self.item.filter(|_| row.numbered_items().is_some()),
        }
    }

    /// The node of this row below this one, or below its process.
    #[must_use]
    pub(super) fn child(self, row: RowId) -> Self {
        Node { row, ..self }
    }

    /// Whether it was made for the process of this identity.
    #[must_use]
    pub(super) fn is_of(self, identity: Identity) -> bool {
        let known = if self.item.is_some() { SHORT_IDENTITY } else { Identity::BITS };
        let differing = |(_, own): (Pid, Identity)| own.number() ^ identity.number();
        self.process.is_none_or(|process| differing(process) & ((1 << known) - 1) == 0)
    }

    /// The number of this node; never 0, which FUSE keeps for "none".
    #[must_use]
    pub fn number(self) -> u64 {
        if self == Node::ROOT {
            return ROOT_NUMBER;
        }
        let row = u64::from(self.row.0) << ROW_SHIFT;
        let (pid, identity) = match self.process {
            None => (0, 0),
            Some((pid, identity)) => (u64::from(pid.number()) << PID_SHIFT, identity.number()),
        };
        let low = match self.item {
            None => identity,
            Some(item) => {
                u64::from(item.0) << SHORT_IDENTITY | identity & ((1 << SHORT_IDENTITY) - 1)
            }
        };
        pid | row | low
    }

    /// The node of this number.
    ///
    /// # Errors
    /// `NoSuchName` for a number that no node has.
    pub fn from_number(number: u64) -> Result<Self> {
        if number == ROOT_NUMBER {
            return Ok(Node::ROOT);
        }
        let none = || Error::new(ErrorKind::NoSuchName, "inode number");
        let row = RowId::new((number >> ROW_SHIFT) as u8).filter(|row| *row != ROOT);
        let row = row.ok_or_else(none)?;
        let pid = Pid::new((number >> PID_SHIFT) as u32).ok_or_else(none)?;
        let item = row.numbered_items().map(|_| Item::of(number >> SHORT_IDENTITY));
        let known = if item.is_some() { SHORT_IDENTITY } else { Identity::BITS };
        let identity = Identity::new(number & ((1 << known) - 1));
        let process = row.is_of_a_process().then_some((pid, identity));
        let node = Node { row, process, item };
        if node.number() == number { Ok(node) } else { Err(none()) }
    }
}

#[cfg(test)]
mod tests {
    use super::super::table::ROWS;
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_node_is_its_number(
            row in 0..ROWS.len() as u8, pid in 0..=Pid::MAX, identity: u64, item: u64
        ) {
            let row = RowId::new(row).unwrap();
            let identity = Identity::new(identity);
            let process = row.is_of_a_process().then(|| (Pid::new(pid).unwrap(), identity));
            let item = row.numbered_items().map(|_| Item::of(item));
            let node = Node { row, process, item };
            prop_assert_ne!(node.number(), 0);
            let again = Node::from_number(node.number()).unwrap();
            prop_assert_eq!(again.number(), node.number());
            prop_assert_eq!((again.row, again.item), (row, item));
            prop_assert!(again.is_of(identity));
            prop_assert!(process.is_none() || !again.is_of(Identity::new(identity.number() ^ 1)));
        }

        #[test]
        fn any_number_is_a_node_or_refused(number: u64) {
            if let Ok(node) = Node::from_number(number) {
                prop_assert_eq!(node.number(), number);
            }
        }
    }

    #[test]
    fn zero_is_no_node() {
        assert!(Node::from_number(0).is_err());
        assert_eq!(Node::from_number(1), Ok(Node::ROOT));
    }
}
