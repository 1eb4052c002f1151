//! Files ahead of a walk that do not answer.
//!
//! A call for a region with its file waits for the file system, which XNU asks for the file's
//! attributes. It waits for ever if the server is dead, and for our own answer if the file is on
//! our mount and a request about it is being served. So the walk looks ahead by a call that asks no
//! file system, and has another thread ask about each file once, with a deadline, before it asks
//! itself.
//!
//! A file that has answered may not answer later. So it is asked again for each piece of content,
//! while the kernel already holds the lock of the file that is read: if two readers each map the
//! file that the other reads, one is asked while the other's lock is held.

use std::collections::HashSet;
use std::sync::Arc;

use super::super::queries::{LeftBehind, ask_each};
use super::super::target::Target;
use crate::kernel::xnu::{FileRegion, RegionPath, Typed, XnuCalls};

/// The most paths that are kept. Most processes map fewer files.
const MOST_KEPT: usize = 256;

/// The state of the files ahead of one walk.
pub(super) struct FilesAhead {
    left: Arc<LeftBehind>,
    next: Next,
    /// The paths of files that have answered.
    answered: HashSet<Vec<u8>>,
}

/// The next region that has a file.
#[allow(clippy::large_enum_variant, reason = "there is one for a walk")]
enum Next {
    Unknown,
    /// There is none, it cannot be known, or no file can be silent.
    None,
    Region {
        found: Box<RegionPath>,
        /// Whether its file answers, if it was asked for this piece.
        answers: Option<bool>,
    },
}

impl FilesAhead {
    /// The state in which nothing is known about the files of this process.
    pub(super) fn new<C: XnuCalls>(target: &Target<C>, left: Arc<LeftBehind>) -> Self {
        let own = target.calls.own_pid();
        // A process that looks at itself serves no request, and a recording has no files.
        let next = if own == 0 || own == target.number() { Next::None } else { Next::Unknown };
        FilesAhead { left, next, answered: HashSet::new() }
    }

    /// The state for another walk over this process.
    pub(super) fn fresh<C: XnuCalls>(&self, target: &Target<C>) -> Self {
        Self::new(target, Arc::clone(&self.left))
    }

    /// Files that have answered are asked again. The place of the next file stays known, since the
    /// kernel looks at all regions before it to find it.
    pub(super) fn ask_again(&mut self) {
        self.answered.clear();
        if let Next::Region { answers, .. } = &mut self.next {
            *answers = None;
        }
    }

    /// The start of the region with a file that the answer for this address may be about, if that
    /// file does not answer.
    // Inlined, since most regions end here.
    #[inline]
    pub(super) fn silent<C: XnuCalls>(&mut self, target: &Target<C>, address: u64) -> Option<u64> {
        match &self.next {
            Next::None => None,
            Next::Region { found, answers: Some(true) } if address < end(found) => None,
            _ => self.find_silent(target, address),
        }
    }

    #[inline(never)]
    fn find_silent<C: XnuCalls>(&mut self, target: &Target<C>, address: u64) -> Option<u64> {
        let is_known = match &self.next {
            Next::Unknown => false,
            Next::None => true,
            Next::Region { found, .. } => address < end(found),
        };
        if !is_known {
            let found = target.calls.pid::<RegionPath>(target.number(), address);
            self.next = match found {
                Ok(found) if address < end(&found) => {
                    Next::Region { found: Box::new(found), answers: None }
                }
                _ => Next::None,
            };
        }
        let Next::Region { found, answers } = &mut self.next else { return None };
        let start = found.address;
        let answers = *answers.get_or_insert_with(|| {
            self.answered.contains(found.path.bytes()) || {
                let calls = Arc::clone(&target.calls);
                let pid = target.number();
                let ask = move |start| calls.pid::<FileRegion>(pid, start).map(|_| ());
                let answers = ask_each(&self.left, target.pid, &[start], ask)[..] != [None];
                if !answers {
                    log::debug!("pid {pid}, address {start:#x}: a mapped file does not answer");
                } else if !found.path.is_empty() {
                    if self.answered.len() >= MOST_KEPT {
                        self.answered.clear();
                    }
                    self.answered.insert(found.path.bytes().to_vec());
                }
                answers
            }
        });
        (!answers).then_some(start)
    }
}

fn end(region: &RegionPath) -> u64 {
    region.address.saturating_add(region.size)
}
