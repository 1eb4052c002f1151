//! The names of an open directory.

use super::budget::Charge;
use crate::model::Result;
use crate::tree::{Caller, Entry, Node, Tree};

/// The names of an open directory, as they were when the reader began at its start: later reads
/// continue in the same list, so that none is doubled and none that lives throughout is lost.
pub(super) struct Listing {
    entries: Option<Vec<Entry>>,
    charge: Charge,
}

impl Listing {
    pub(super) fn new(charge: Charge) -> Self {
        Listing { entries: None, charge }
    }

    /// The names behind this cookie; from the start, 0, the directory is read anew. Where there are
    /// none, the listing has ended, and is given back.
    ///
    /// # Errors
    /// As [`Tree::list`]; `NoRoom`.
    pub(super) fn after(
        &mut self,
        cookie: u64,
        tree: &Tree,
        node: Node,
        caller: &Caller,
    ) -> Result<&[Entry]> {
        let entries = match self.entries.take().filter(|_| cookie != 0) {
            Some(entries) => entries,
            None => {
                let mut entries = tree.list(node, caller)?;
                entries.shrink_to_fit();
                self.charge.hold(entries.capacity() * size_of::<Entry>())?;
                entries
            }
        };
        let first = entries.partition_point(|entry| entry.cookie <= cookie);
        if first == entries.len() {
            self.charge.hold(0)?;
            return Ok(&[]);
        }
        Ok(&self.entries.insert(entries)[first..])
    }
}
