//! Walks over the regions of a process.

use crate::model::{Region, Result};

/// How much of a region a walk has to find out. More costs more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Detail {
    /// What a line of `maps` shows: range, protection, sharing, offset, backing.
    Map,
    /// All attributes of the region itself but its page counts; a submap is one region.
    Attributes,
    /// The page counts as well.
    Counts,
    /// As `Counts`; the walk enters submaps where it may.
    Pages,
}

/// A walk over one process's regions, ascending and without overlap: a lending iterator, so that
/// no side needs memory for more than one region.
pub trait Walk: Send {
    /// The next region, or `None` when the walk has seen them all.
    ///
    /// # Errors
    /// `Vanished` when the process ended or became another image before the walk was whole; a
    /// walk never ends early as if it were complete. Else `Denied`, `ResourceLimit` or `Failed`.
    fn next_region(&mut self) -> Result<Option<&Region>>;

    /// The regions that follow are for another request than those before: which files answer must
    /// be found out again.
    fn begin_piece(&mut self) {}

    /// Whether all regions that were handed out are of the right process: to be asked before they
    /// are shown to anybody. Where a walk holds the address space itself there is no doubt; where
    /// the kernel is asked by pid, another process may have taken the pid since the last look.
    ///
    /// # Errors
    /// `Vanished` where they may be another's, and none that were handed out since the last time
    /// may be shown; else `Denied`, `ResourceLimit` or `Failed`.
    fn confirm(&mut self) -> Result<()> {
        Ok(())
    }

    /// Back to the first region, of the same image of the same process.
    ///
    /// # Errors
    /// `Vanished` when that is gone; else `Denied`, `ResourceLimit` or `Failed`.
    fn restart(&mut self) -> Result<()>;
}
