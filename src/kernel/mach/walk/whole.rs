//! Whole paths of the files of one walk, each asked for once, by a thread of its own with a deadline.

use std::collections::HashMap;
use std::sync::Arc;

use super::super::paths;
use super::super::queries::{LeftBehind, ask_each};
use super::super::target::Target;
use crate::kernel::xnu::{RegionPathInfo, XnuCalls};

/// How many paths are kept. Most processes have none of which the kernel lacks a part.
const MOST_KEPT: usize = 256;

/// What was found out for one walk.
pub(super) struct WholePaths {
    left: Arc<LeftBehind>,
    /// By file system and number; nothing for files of which no more is known.
    found: HashMap<([i32; 2], u64), Option<Vec<u8>>>,
}

impl WholePaths {
    pub(super) fn new(left: Arc<LeftBehind>) -> Self {
        WholePaths { left, found: HashMap::new() }
    }

    /// One for another walk.
    pub(super) fn fresh(&self) -> Self {
        Self::new(Arc::clone(&self.left))
    }

    /// The path of the region's file: the kernel's answer, or what that is the end of.
    pub(super) fn path<'a, C: XnuCalls>(
        &'a mut self,
        target: &Target<C>,
        info: &'a RegionPathInfo,
    ) -> &'a [u8] {
        let (vnode, path) = (info.vnode, info.path);
        if !paths::may_be_cut(&vnode, path.bytes()) {
            return info.path.bytes();
        }
        let file = (vnode.fsid, vnode.ino);
        if self.found.len() >= MOST_KEPT && !self.found.contains_key(&file) {
            self.found.clear();
        }
        let left = &self.left;
        let found = self.found.entry(file).or_insert_with(|| {
            let calls = Arc::clone(&target.calls);
            // No file system is behind a recording.
            if calls.own_pid() == 0 {
                return paths::whole(calls.as_ref(), &vnode, path.bytes());
            }
            let ask = move |()| paths::whole(calls.as_ref(), &vnode, path.bytes());
            ask_each(left, target.pid, &[()], ask).pop().flatten().flatten()
        });
        found.as_deref().unwrap_or(info.path.bytes())
    }
}
