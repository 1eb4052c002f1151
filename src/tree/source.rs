//! The content of one open file, as it is made: a walk, and the renderer of its row.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::access::Asker;
use super::{Node, Tree};
use crate::format::Renderer;
use crate::kernel::Walk;
use crate::model::Result;

/// How much of a large file is made before other readers get their turn: about what the kernel tells at
/// once. One reader's large file would otherwise keep the CPU for whole time slices of milliseconds,
/// and each of the few requests of somebody's small file would wait for one.
const TURN: usize = 4096;

/// How much is made before the first turn: most files are no larger.
const FIRST: usize = 8 * TURN;

/// A turn that took this long went to somebody who computes, not to readers: whoever yields gives up
/// the rest of a time slice, and gets the CPU back when others have used up theirs.
const LONG: Duration = Duration::from_millis(1);

/// How much is made after a long turn, or each few lines of a large file would cost a time slice.
const AFTER_LONG: usize = 64 * TURN;

/// Makes the content of one open file, region by region.
pub struct Source {
    walk: Box<dyn Walk>,
    render: Renderer,
    /// Who opened which node, to be checked once more when the walk begins: between the two the
    /// process may have become somebody else's.
    opened: Option<(Arc<Tree>, Node, Asker)>,
    /// How much is made yet before others get their turn.
    until_turn: usize,
}

impl Source {
    pub(super) fn new(
        tree: Arc<Tree>,
        node: Node,
        asker: Asker,
        open: (Box<dyn Walk>, Renderer),
    ) -> Self {
        let (walk, render) = open;
        Source { walk, render, opened: Some((tree, node, asker)), until_turn: FIRST }
    }

    /// Appends to `out` until it holds at least `enough` bytes; false when the content has ended.
    ///
    /// # Errors
    /// `Vanished` when the process went away before the content was whole, `Denied` where it
    /// became one that the opener may not see; what was appended before is valid. Else the
    /// walk's own errors.
    pub fn fill(&mut self, out: &mut Vec<u8>, enough: usize) -> Result<bool> {
        if let Some((tree, node, asker)) = &self.opened {
            tree.check_memory_access(*node, asker)?;
            self.opened = None;
        }
        let before = out.len();
        let filled = self.append(out, enough);
        if let Err(error) = self.walk.confirm() {
            // What was appended may be another process's.
            out.truncate(before);
            return Err(error);
        }
        filled
    }

    fn append(&mut self, out: &mut Vec<u8>, enough: usize) -> Result<bool> {
        while out.len() < enough {
            let before = out.len();
            match self.walk.next_region()? {
                Some(region) => (self.render)(region, out),
                None => return Ok(false),
            }
            self.until_turn = self.until_turn.saturating_sub(out.len() - before);
            if self.until_turn == 0 {
                let since = Instant::now();
                std::thread::yield_now();
                self.until_turn = if since.elapsed() < LONG { TURN } else { AFTER_LONG };
            }
        }
        Ok(true)
    }

    /// Back to the beginning: what follows is made afresh.
    ///
    /// # Errors
    /// As [`Walk::restart`].
    pub fn restart(&mut self) -> Result<()> {
        self.until_turn = FIRST;
        self.walk.restart()
    }
}
