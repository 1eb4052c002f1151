//! Whole paths of the files of one walk, each requested once, by another thread with a deadline.

use std::collections::HashMap;
use std::sync::Arc;

use super::super::paths;
use super::super::queries::{LeftBehind, ask_each};
use super::super::target::Target;
use crate::kernel::xnu::{RegionPathInfo, XnuCalls};

/// The most paths that are kept. Most processes have no incomplete path.
const MOST_KEPT: usize = 256;

/// The results of one walk.
pub(super) struct WholePaths {
    left: Arc<LeftBehind>,
    /// By file system and number; `None` for a file whose rest is unknown.
    found: HashMap<([i32; 2], u64), Option<Vec<u8>>>,
}

impl WholePaths {
    pub(super) fn new(left: Arc<LeftBehind>) -> Self {
        WholePaths { left, found: HashMap::new() }
    }

    /// The results for another walk.
    pub(super) fn fresh(&self) -> Self {
        Self::new(Arc::clone(&self.left))
    }

    /// The path of the region's file: the kernel's answer, or the whole path that ends in it.
    pub(super) fn path<'a, C: XnuCalls>(
        &'a mut self,
        target: &Target<C>,
        info: &'a RegionPathInfo,
    ) -> &'a [u8] {
        let known = info.path.bytes();
        if !paths::may_be_cut(&info.vnode, known) {
            return known;
        }
        self.whole(target, info).unwrap_or(known)
    }

    #[inline(never)]
    fn whole<C: XnuCalls>(&mut self, target: &Target<C>, info: &RegionPathInfo) -> Option<&[u8]> {
        let (vnode, path) = (info.vnode, info.path);
        let file = (vnode.fsid, vnode.ino);
        if self.found.len() >= MOST_KEPT && !self.found.contains_key(&file) {
            self.found.clear();
        }
        let left = &self.left;
        let found = self.found.entry(file).or_insert_with(|| {
            let calls = Arc::clone(&target.calls);
            // There is no file system behind a recording.
            if calls.own_pid() == 0 {
                return paths::whole(calls.as_ref(), &vnode, path.bytes());
            }
            let ask = move |()| paths::whole(calls.as_ref(), &vnode, path.bytes());
            ask_each(left, target.pid, &[()], ask).pop().flatten().flatten()
        });
        found.as_deref()
    }
}
