//! The walk over this program's own map, with the libraries in dyld's shared cache.
//!
//! To the kernel the cache is one submap with a few large regions, each with the packed text or
//! data of hundreds of libraries; the files behind them are the cache's. Only dyld knows the places
//! of the libraries, and reports to each process its own. So the rows of the process's own map come
//! from the [walk](RegionWalk) for any process. The regions inside a submap replace the submap's
//! row. They, and all other rows of the cache, such as pages that were written to, are cut where
//! dyld's images begin and end, each piece with the path of its image. Parts of no image, such as
//! the link-edit data that all share, keep the name of the whole. The pieces of a region cover
//! exactly the region.
//!
//! Segments of the cache are packed without regard to pages (dyld's `cache_builder`), so a piece
//! may begin or end within a page, as rows of Apple's own `vmmap` do. Its offset in the file is
//! unknown and shown as 0, and so are device and inode: the library need not exist as a file.

mod claims;

use std::ops::Range;

pub(super) use self::claims::Claims;
use super::walk::RegionWalk;
use crate::kernel::Walk;
use crate::kernel::xnu::XnuCalls;
use crate::model::{BackingKind, ErrorKind, PageCounts, Region, Result};

/// A walk over the regions of the process that runs this.
pub(super) struct OwnWalk<C: XnuCalls> {
    rows: RegionWalk<C>,
    /// The walk inside the submap of `rows`.
    leaves: Option<RegionWalk<C>>,
    /// The part that is left of the region of `leaves`.
    left: Range<u64>,
    /// The part that was handed out last.
    piece: Region,
    /// The images, from the first submap of each pass on.
    claims: Option<Claims>,
}

/// The region to hand out.
enum Next {
    /// The region of `rows`.
    Row,
    Piece,
    Nothing,
}

impl<C: XnuCalls> OwnWalk<C> {
    /// The walk with submaps entered. `rows` must be a walk over this program's own process, at its
    /// beginning, that does not enter submaps itself.
    pub(super) fn new(rows: RegionWalk<C>) -> Self {
        OwnWalk { rows, leaves: None, left: 0..0, piece: Region::default(), claims: None }
    }

    fn advance(&mut self) -> Result<Next> {
        loop {
            if !self.left.is_empty() {
                self.cut_piece();
                return Ok(Next::Piece);
            }
            if self.leaves.is_some() {
                self.next_leaf()?;
                continue;
            }
            match self.rows.next_region()? {
                None => return Ok(Next::Nothing),
                Some(row) if row.submap => {}
                Some(row) if row.backing.is_shared_cache() => {
                    self.left = row.start..row.end;
                    self.piece.clone_from(row);
                    (self.piece.offset, self.piece.pages) = (0, PageCounts::default());
                    continue;
                }
                Some(_) => return Ok(Next::Row),
            }
            self.leaves = Some(self.rows.inside_own());
            match self.next_leaf() {
                // The submap cannot be entered, so it is shown from outside, like another
                // process's.
                Err(error) if matches!(error.kind, ErrorKind::Denied | ErrorKind::Failed) => {
                    self.leaves = None;
                    return Ok(Next::Row);
                }
                other => other?,
            }
        }
    }

    /// Reads the next region inside the submap, or leaves the submap.
    fn next_leaf(&mut self) -> Result<()> {
        let Some(leaves) = &mut self.leaves else { return Ok(()) };
        let row = self.rows.region();
        // The regions after the submap come from `rows`: not worth a call.
        let whole = leaves.region().end >= row.end;
        let found = if whole { None } else { leaves.next_region()? };
        let Some(leaf) = found.filter(|leaf| leaf.start < row.end) else {
            self.leaves = None;
            return Ok(());
        };
        self.left = leaf.start..leaf.end.min(row.end);
        let backing = std::mem::take(&mut self.piece.backing);
        self.piece.clone_from(leaf);
        self.piece.backing = backing;
        // The submap's letter, since writes there are copied. Offset and pages of the parts are
        // unknown.
        self.piece.sharing = row.sharing;
        (self.piece.offset, self.piece.pages) = (0, PageCounts::default());
        Ok(())
    }

    /// Cuts off the first part of the rest, up to the start of another image.
    fn cut_piece(&mut self) {
        let calls = self.rows.calls();
        let claims = self.claims.get_or_insert_with(|| {
            let mut images = Vec::new();
            calls.own_images(&mut images);
            Claims::of(images)
        });
        let (end, path) = claims.at(self.left.start);
        let piece = &mut self.piece;
        (piece.start, piece.end) = (self.left.start, end.min(self.left.end));
        self.left.start = piece.end;
        match path {
            Some(path) => {
                piece.backing.clear();
                piece.backing.kind = BackingKind::File;
                piece.backing.name.extend_from_slice(path);
            }
            None => piece.backing.clone_from(&self.rows.region().backing),
        }
    }
}

impl<C: XnuCalls> Walk for OwnWalk<C> {
    fn next_region(&mut self) -> Result<Option<&Region>> {
        Ok(match self.advance()? {
            Next::Row => Some(self.rows.region()),
            Next::Piece => Some(&self.piece),
            Next::Nothing => None,
        })
    }

    fn confirm(&mut self) -> Result<()> {
        self.rows.confirm()
    }

    fn restart(&mut self) -> Result<()> {
        self.rows.restart()?;
        (self.leaves, self.left, self.claims) = (None, 0..0, None);
        Ok(())
    }
}
