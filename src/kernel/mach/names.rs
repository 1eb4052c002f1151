//! What a region is called: its file's path, or a name in the manner of Linux from its user tag.

use std::io::Write;

use super::calls::RegionPathInfo;
use crate::model::{Backing, BackingKind, Device, Protection, Region, UserTag};

/// The main thread's stack lies above what is left of its 64 MiB beyond `RLIMIT_STACK`, which
/// stays reserved without access. Other threads have a guard of a page or a few.
const LEAST_MAIN_GUARD: u64 = 1 << 20;

/// Names the regions of one walk, which it must see in ascending order.
#[derive(Clone, Debug, Default)]
pub(super) struct Namer {
    /// Behind the top of this program's own main stack, where the walk is over its own map.
    own_stack_top: Option<u64>,
    /// Where the last region ended that can be the guard below a main stack.
    guard_end: Option<u64>,
}

impl Namer {
    /// `own_stack_top` is known for the own process only; elsewhere the guard tells.
    pub(super) fn new(own_stack_top: Option<u64>) -> Self {
        Namer { own_stack_top, guard_end: None }
    }

    /// Before the first region is seen again.
    pub(super) fn restart(&mut self) {
        self.guard_end = None;
    }

    /// Names a region that has no file. Those with one need not be seen: a stack that stands on a
    /// guard begins where the guard ends.
    pub(super) fn name(&mut self, region: &mut Region) {
        let main_stack = self.is_main_stack(region);
        let guard = region.user_tag == UserTag::STACK
            && region.protection == Protection::NONE
            && region.size() >= LEAST_MAIN_GUARD;
        self.guard_end = guard.then_some(region.end);

        let (tag, writable) =
            (region.user_tag, region.protection.contains(Protection::WRITE) && !region.submap);
        let submap = region.submap;
        let backing = &mut region.backing;
        backing.clear();
        if tag == UserTag::NONE {
            return;
        }
        backing.kind = BackingKind::Pseudo;
        let name = &mut backing.name;
        if submap && (tag == UserTag::SHARED_PMAP || tag == UserTag::UNSHARED_PMAP) {
            name.extend_from_slice(b"[dyld_shared_cache]");
        } else if writable && tag.is_heap() {
            name.extend_from_slice(b"[heap]");
        } else if main_stack {
            name.extend_from_slice(b"[stack]");
        } else if let Some(constant) = tag.name() {
            name.extend_from_slice(b"[anon:");
            name.extend_from_slice(constant.as_bytes());
            name.push(b']');
        } else {
            // Writing to a `Vec` cannot fail.
            let _ = write!(name, "[anon:{}]", tag.0);
        }
    }

    fn is_main_stack(&self, region: &Region) -> bool {
        if region.user_tag != UserTag::STACK || !region.protection.contains(Protection::WRITE) {
            return false;
        }
        match self.own_stack_top {
            Some(top) => region.start < top && top <= region.end,
            None => self.guard_end == Some(region.start),
        }
    }
}

/// Whether a vnode is behind the region. A denied stat leaves all numbers 0 but may give the
/// path; a cold name cache gives numbers and no path.
pub(super) fn has_file(info: &RegionPathInfo) -> bool {
    !info.path.is_empty() || info.vnode.dev != 0 || info.vnode.ino != 0 || info.vnode.kind != 0
}

/// `major()` and `minor()` of Darwin's <sys/types.h>.
pub(super) fn device(dev: u32) -> Device {
    Device { major: dev >> 24, minor: dev & 0xff_ffff }
}

/// Names a region that has a file.
pub(super) fn set_file(backing: &mut Backing, info: &RegionPathInfo) {
    let vnode = &info.vnode;
    backing.clear();
    backing.kind = BackingKind::File;
    backing.name.extend_from_slice(&info.path);
    backing.device = device(vnode.dev);
    backing.inode = vnode.ino;
    // A failed stat leaves the link count 0 as well, and says nothing about the file.
    backing.link_count = (vnode.kind != 0).then(|| u32::from(vnode.nlink));
}
