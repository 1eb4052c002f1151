//! The walk over this program's own map, with the libraries in dyld's shared cache.
//!
//! To the kernel the cache is one submap with a few large regions, each with the packed text or
//! data of hundreds of libraries; the files behind them are the cache's. Only dyld knows the places
//! of the libraries, and reports to each process its own. So the rows of the process's own map are
//! those of the [walk](InsideWalk) that enters submaps. The regions inside, and all other rows of
//! the cache, such as pages that were written to, are cut where dyld's images begin and end, each
//! piece with the path of its image. Parts of no image, such as the link-edit data that all share,
//! keep the name of the whole. The pieces of a region cover exactly the region.
//!
//! Segments of the cache are packed without regard to pages (dyld's `cache_builder`), so a piece
//! may begin or end within a page, as rows of Apple's own `vmmap` do. Its offset in the file is
//! unknown and shown as 0, and so are device and inode: the library need not exist as a file.

mod claims;

use std::ops::Range;

pub(super) use self::claims::Claims;
use super::inside::InsideWalk;
use crate::kernel::Walk;
use crate::kernel::xnu::XnuCalls;
use crate::model::{BackingKind, PageCounts, Region, Result};

/// A walk over the regions of the process that runs this.
pub(super) struct OwnWalk<C: XnuCalls> {
    rows: InsideWalk<C>,
    /// The part that is left of the region of `rows`.
    left: Range<u64>,
    /// The part that was handed out last.
    piece: Region,
    /// The images, from the first row of the cache on in each pass.
    claims: Option<Claims>,
}

impl<C: XnuCalls> OwnWalk<C> {
    /// The walk over these rows, divided. They must be those of this program's own process, at
    /// their beginning.
    pub(super) fn new(rows: InsideWalk<C>) -> Self {
        OwnWalk { rows, left: 0..0, piece: Region::default(), claims: None }
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

/// Whether the row is to be divided: a region inside a submap, or a part of the cache that is the
/// process's own. A submap that could not be entered is shown from outside, like another process's.
fn is_of_cache(row: &Region) -> bool {
    !row.submap && (row.depth > 0 || row.backing.is_shared_cache())
}

impl<C: XnuCalls> Walk for OwnWalk<C> {
    fn next_region(&mut self) -> Result<Option<&Region>> {
        if self.left.is_empty() {
            if self.rows.next_region()?.is_none() {
                return Ok(None);
            }
            if !is_of_cache(self.rows.region()) {
                return Ok(Some(self.rows.region()));
            }
            let row = self.rows.region();
            self.left = row.start..row.end;
            self.piece.clone_from(row);
            // Offset and pages of the parts are unknown.
            (self.piece.offset, self.piece.pages) = (0, PageCounts::default());
        }
        self.cut_piece();
        Ok(Some(&self.piece))
    }

    fn confirm(&mut self) -> Result<()> {
        self.rows.confirm()
    }

    fn restart(&mut self) -> Result<()> {
        self.rows.restart()?;
        (self.left, self.claims) = (0..0, None);
        Ok(())
    }
}
