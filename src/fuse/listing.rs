//! The names of an open directory.

use super::quota::Reservation;
use crate::model::Result;
use crate::tree::{Caller, Entry, Node, Tree};

/// The names of an open directory, read when the reader began at its start. Later reads continue in
/// this list, so no name comes twice, and none that exists all the time is missing.
pub(super) struct Listing {
    entries: Option<Vec<Entry>>,
    reservation: Reservation,
}

impl Listing {
    pub(super) fn new(reservation: Reservation) -> Self {
        Listing { entries: None, reservation }
    }

    /// Whether the names were read and none of them follows this cookie. The list is dropped then.
    pub(super) fn has_ended(&mut self, cookie: u64) -> bool {
        let last = self.entries.as_ref().and_then(|entries| entries.last());
        let has_ended = last.is_some_and(|last| last.cookie <= cookie);
        if has_ended {
            self.entries = None;
            // A smaller reservation always succeeds.
            let _ = self.reservation.resize(0);
        }
        has_ended
    }

    /// The names after this cookie. At the start, 0, the directory is read anew. Where no name
    /// follows, the listing has ended, and the list is dropped.
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
