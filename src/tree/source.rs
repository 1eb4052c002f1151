//! The content of one open file, as it is generated: from a walk, or from values that are fetched
//! at once, by the renderer of its row.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::access::Asker;
use super::{Node, Tree};
use crate::format::{Document, NewDocument, Renderer};
use crate::kernel::{Text, Walk};
use crate::model::{Error, Result, Visibility};

/// Bytes of a large file that are generated before other readers get their turn: about one answer
/// of the kernel. One reader's large file would otherwise keep the CPU for whole time slices of
/// milliseconds, and each of the few requests for a small file would wait for one.
const TURN: usize = 4096;

/// How much is made before the first turn: most files are no larger.
const FIRST: usize = 8 * TURN;

/// A turn that took this long went to a busy program, not to readers: a thread that yields gives up
/// the rest of a time slice, and gets the CPU back when others have used up theirs.
const LONG: Duration = Duration::from_millis(1);

/// How much is made after a long turn, or each few lines of a large file would cost a time slice.
const AFTER_LONG: usize = 64 * TURN;

/// What a region counts as at least: one that is shown only at the end takes its time, too.
const LEAST: usize = 64;

/// What the content of one open file is made of.
pub(super) enum ContentSource {
    /// Lines for every region.
    Regions(Box<dyn Walk>, Renderer),
    /// All regions together. The second is the sheet begun with, the first makes a new one.
    Document(Box<dyn Walk>, NewDocument, Box<dyn Document>),
    /// The kernel's own text, so much of it as may be shown.
    Own(Box<dyn Text>, Visibility),
    /// What the tree finds out and renders at once.
    AtOnce,
}

/// Makes the content of one open file, as far as it is wanted.
pub struct Source {
    making: ContentSource,
    tree: Arc<Tree>,
    node: Node,
    asker: Asker,
    /// Whether nothing was made yet: then who opened it is checked once more, since the process's
    /// owner may have changed in between.
    fresh: bool,
    /// How much is made yet before others get their turn.
    until_turn: usize,
    /// Whether there are other readers, who share the CPU.
    takes_turns: bool,
}

impl Source {
    pub(super) fn new(tree: Arc<Tree>, node: Node, asker: Asker, making: ContentSource) -> Self {
        Source { making, tree, node, asker, fresh: true, until_turn: FIRST, takes_turns: true }
    }

    /// The same content, for a program that makes it for itself: it keeps the CPU while it does.
    #[must_use]
    pub fn without_turns(self) -> Self {
        Source { takes_turns: false, ..self }
    }

    /// Appends to `out` until it holds at least `enough` bytes; false when the content has ended.
    ///
    /// # Errors
    /// `Vanished` when the process ended before the content was whole, `Denied` where it
    /// became one that the opener may not see; what was appended before is valid. Else the
    /// walk's own errors.
    pub fn fill(&mut self, out: &mut Vec<u8>, enough: usize) -> Result<bool> {
        self.fill_if_alive(out, enough).map_err(Error::of_open_file)
    }

    fn fill_if_alive(&mut self, out: &mut Vec<u8>, enough: usize) -> Result<bool> {
        let is_first = std::mem::take(&mut self.fresh);
        if is_first {
            self.tree.check_access(self.node, &self.asker)?;
        }
        if let ContentSource::Regions(walk, _) | ContentSource::Document(walk, ..) =
            &mut self.making
        {
            walk.begin_piece();
        }
        let before = out.len();
        let filled = self.append(out, enough);
        if let Err(error) = self.confirm(is_first) {
            // What was appended may be another process's.
            out.truncate(before);
            return Err(error);
        }
        filled
    }

    fn append(&mut self, out: &mut Vec<u8>, enough: usize) -> Result<bool> {
        while out.len() < enough {
            let before = out.len();
            let more = match &mut self.making {
                ContentSource::Regions(walk, render) => match walk.next_region()? {
                    Some(region) => {
                        render(region, out);
                        true
                    }
                    None => false,
                },
                ContentSource::Document(walk, _, sheet) => match walk.next_region()? {
                    Some(region) => {
                        sheet.add(region, out);
                        true
                    }
                    None => {
                        sheet.end(out);
                        false
                    }
                },
                ContentSource::Own(text, _) => {
                    text.fill(out, enough.min(before + self.until_turn))?
                }
                ContentSource::AtOnce => {
                    self.tree.render(self.node, &self.asker, out)?;
                    false
                }
            };
            if !more {
                return Ok(false);
            }
            let made = (out.len() - before).max(LEAST);
            self.until_turn = self.until_turn.saturating_sub(made);
            if self.until_turn == 0 {
                self.until_turn = if self.takes_turns { take_turn() } else { AFTER_LONG };
            }
        }
        Ok(true)
    }

    /// Whether what was appended is of the right process, and may be shown.
    fn confirm(&mut self, is_first: bool) -> Result<()> {
        match &mut self.making {
            ContentSource::Regions(walk, _) | ContentSource::Document(walk, ..) => walk.confirm(),
            ContentSource::Own(text, shown) if is_first || !text.is_pinned() => {
                let shown = *shown;
                self.tree.confirm_shown(self.node, &self.asker, shown)
            }
            ContentSource::Own(..) | ContentSource::AtOnce => Ok(()),
        }
    }

    /// Back to the beginning: what follows is made afresh.
    ///
    /// # Errors
    /// As [`Walk::restart`] and [`Text::restart`].
    pub fn restart(&mut self) -> Result<()> {
        self.until_turn = FIRST;
        match &mut self.making {
            ContentSource::Regions(walk, _) => walk.restart(),
            ContentSource::Document(walk, new, sheet) => {
                if let Some((pid, _)) = self.node.process {
                    *sheet = self.tree.begin(*new, self.node, pid)?;
                }
                walk.restart()
            }
            ContentSource::Own(text, _) => text.restart(),
            ContentSource::AtOnce => Ok(()),
        }
        .map_err(Error::of_open_file)
    }
}

/// Lets other readers have the CPU; gives how much is made before the next turn.
fn take_turn() -> usize {
    let since = Instant::now();
    std::thread::yield_now();
    if since.elapsed() < LONG { TURN } else { AFTER_LONG }
}
