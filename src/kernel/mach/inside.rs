//! The walk in which the regions inside a submap replace the submap's row.
//!
//! All other rows come from the [walk](RegionWalk) over the top level, whose call has the files of
//! regions. The call for the inside of submaps has none. A region there has the name of its submap:
//! the kernel knows the file of the shared cache at most, and the kernel's own commpage has none.

use super::walk::RegionWalk;
use crate::kernel::Walk;
use crate::kernel::xnu::XnuCalls;
use crate::model::{ErrorKind, Region, Result};

/// A walk over the regions of a process, with the submaps entered that may be.
pub(super) struct InsideWalk<C: XnuCalls> {
    rows: RegionWalk<C>,
    /// The walk inside the submap of `rows`, if the last region is inside of it.
    leaves: Option<RegionWalk<C>>,
    /// The last region of `leaves`.
    leaf: Region,
}

impl<C: XnuCalls> InsideWalk<C> {
    /// The walk over these rows. They must be at their beginning.
    pub(super) fn new(rows: RegionWalk<C>) -> Self {
        InsideWalk { rows, leaves: None, leaf: Region::default() }
    }

    /// The calls.
    pub(super) fn calls(&self) -> &C {
        self.rows.calls()
    }

    /// The last region that was handed out.
    pub(super) fn region(&self) -> &Region {
        if self.leaves.is_some() { &self.leaf } else { self.rows.region() }
    }

    /// Goes to the next region. False if there is none.
    fn advance(&mut self) -> Result<bool> {
        loop {
            if self.next_leaf()? {
                return Ok(true);
            }
            match self.rows.next_region()? {
                None => return Ok(false),
                Some(row) if !row.submap => return Ok(true),
                Some(_) => self.leaves = self.rows.inside(),
            }
            if self.leaves.is_none() {
                return Ok(true);
            }
            match self.next_leaf() {
                Ok(true) => return Ok(true),
                Ok(false) => {}
                // The submap cannot be entered, so it is shown from outside.
                Err(error) if matches!(error.kind, ErrorKind::Denied | ErrorKind::Failed) => {
                    self.leaves = None;
                    return Ok(true);
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Reads the next region inside the submap. False if there is none: the submap is left.
    fn next_leaf(&mut self) -> Result<bool> {
        let Some(leaves) = &mut self.leaves else { return Ok(false) };
        let row = self.rows.region();
        // The regions after the submap come from `rows`: not worth a call.
        let whole = leaves.region().end >= row.end;
        let found = if whole { None } else { leaves.next_region()? };
        let Some(found) = found.filter(|leaf| leaf.start < row.end) else {
            self.leaves = None;
            return Ok(false);
        };
        self.leaf.clone_from(found);
        self.leaf.end = found.end.min(row.end);
        // The submap's letter, since writes there are copied.
        self.leaf.sharing = row.sharing;
        self.leaf.backing.clone_from(&row.backing);
        Ok(true)
    }
}

impl<C: XnuCalls> Walk for InsideWalk<C> {
    fn begin_piece(&mut self) {
        self.rows.begin_piece();
    }

    fn next_region(&mut self) -> Result<Option<&Region>> {
        Ok(if self.advance()? { Some(self.region()) } else { None })
    }

    fn confirm(&mut self) -> Result<()> {
        self.rows.confirm()
    }

    fn restart(&mut self) -> Result<()> {
        self.rows.restart()?;
        self.leaves = None;
        Ok(())
    }
}
