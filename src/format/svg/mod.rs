//! `PID/task/vmmap.svg`: a picture of the address space, for a browser.
//!
//! Regions are drawn one below the other, with the unmapped ranges between them folded. Of very
//! many regions, small neighbours share a row. So the picture, and the memory to make it, are
//! bounded.

mod draw;
mod piece;
mod text;

use self::piece::{Amounts, Piece, join_runs, join_to};
use super::Document;
use crate::model::{Pid, Process, Region, Result};

/// The most rows of a picture.
const ROWS: usize = 150;

/// The most pieces that are kept while regions still come. The more, the less the picture depends
/// on their order.
const PIECES: usize = 1024;

/// A picture that is being made.
#[must_use]
pub fn vmmap_svg() -> Box<dyn Document> {
    Box::<Picture>::default()
}

#[derive(Default)]
struct Picture {
    pieces: Vec<Piece>,
    regions: u64,
    sums: Amounts,
    /// Name and pid, if the process is known.
    process: Option<(Vec<u8>, Pid)>,
}

impl Document for Picture {
    fn about(&mut self, process: &mut dyn FnMut() -> Result<Process>) -> Result<()> {
        let process = process()?;
        self.process = Some((process.name, process.pid));
        Ok(())
    }

    fn add(&mut self, region: &Region, _: &mut Vec<u8>) {
        if self.pieces.len() == PIECES {
            join_runs(&mut self.pieces);
            join_to(PIECES / 2, &mut self.pieces);
        }
        let piece = Piece::of(region);
        self.sums.add(&piece.amounts);
        self.regions += 1;
        self.pieces.push(piece);
    }

    fn end(&mut self, out: &mut Vec<u8>) {
        if self.pieces.len() > ROWS {
            join_runs(&mut self.pieces);
        }
        join_to(ROWS, &mut self.pieces);
        let process = self.process.as_ref().map(|(name, pid)| (name.as_slice(), *pid));
        draw::draw(process, &self.pieces, self.regions, &self.sums, out);
    }
}
