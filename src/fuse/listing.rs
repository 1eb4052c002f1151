//! The names of an open directory.

use super::quota::Reservation;
use crate::model::Result;
use crate::tree::{Caller, Entry, Node, Tree};

/// The names of an open directory, as they were when the reader began at its start: later reads
/// continue in the same list, so that none is doubled and none that lives throughout is lost.
pub(super) struct Listing {
    entries: Option<Vec<Entry>>,
    reservation: Reservation,
}

impl Listing {
    pub(super) fn new(reservation: Reservation) -> Self {
        Listing { entries: None, reservation }
    }

    /// Whether no names follow this cookie, of those that were read. The listing is given back then.
    pub(super) fn has_ended(&mut self, cookie: u64) -> bool {
        let last = self.entries.as_ref().and_then(|entries| entries.last());
        let has_ended = last.is_some_and(|last| last.cookie <= cookie);
        if has_ended {
            self.entries = None;
            // To hold less always succeeds.
            let _ = self.reservation.resize(0);
        }
        has_ended
    }

    /// The names behind this cookie; from the start, 0, the directory is read anew. Where there are
    /// none, the listing has ended, and is given back.
    ///
    /// # Errors
    /// As [`Tree::list`]; `ContentQuota`.
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
                self.reservation.resize(entries.capacity() * size_of::<Entry>())?;
                entries
            }
        };
        let first = entries.partition_point(|entry| entry.cookie <= cookie);
        if first == entries.len() {
            self.reservation.resize(0)?;
            return Ok(&[]);
        }
        Ok(&self.entries.insert(entries)[first..])
    }
}
