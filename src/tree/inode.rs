//! Inode numbers: computed, not stored. Requests name a node by its number alone, so the number
//! holds all that tells a node from others: 22 bits pid, 8 bits row, 34 bits identity.

use super::table::{ROOT, RowId};
use crate::model::{Error, ErrorKind, Identity, Pid, Result};

/// A place in the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Node {
    /// Which row it is a node of.
    pub row: RowId,
    /// Whose it is, for rows that belong to a process.
    pub process: Option<(Pid, Identity)>,
}

/// FUSE's number for the root directory of a file system.
const ROOT_NUMBER: u64 = 1;

const ROW_SHIFT: u32 = Identity::BITS;
const PID_SHIFT: u32 = ROW_SHIFT + 8;

impl Node {
    /// The root directory.
    pub const ROOT: Node = Node { row: ROOT, process: None };

    /// The directory it stands in; the root stands in itself.
    #[must_use]
    pub fn parent(self) -> Self {
        let row = self.row.row().parent;
        Node { row, process: self.process.filter(|_| row.is_of_a_process()) }
    }

    /// The number of this node; never 0, which FUSE keeps for "none".
    #[must_use]
    pub fn number(self) -> u64 {
        if self == Node::ROOT {
            return ROOT_NUMBER;
        }
        let row = u64::from(self.row.0) << ROW_SHIFT;
        match self.process {
            None => row,
            Some((pid, identity)) => u64::from(pid.number()) << PID_SHIFT | row | identity.number(),
        }
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
        let identity = Identity::new(number);
        let process = row.is_of_a_process().then_some((pid, identity));
        let node = Node { row, process };
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
        fn a_node_is_its_number(row in 0..ROWS.len() as u8, pid in 0..=Pid::MAX, identity: u64) {
            let row = RowId::new(row).unwrap();
            let process = row
                .is_of_a_process()
                .then(|| (Pid::new(pid).unwrap(), Identity::new(identity)));
            let node = Node { row, process };
            prop_assert_ne!(node.number(), 0);
            prop_assert_eq!(Node::from_number(node.number()), Ok(node));
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
