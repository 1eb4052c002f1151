//! The name of a region: its file's path, or by its user tag a name like Linux's.

mod images;
mod program;

use std::io::Write;
use std::ops::Range;
use std::sync::Arc;

pub(super) use self::images::Images;
use self::program::Program;
use crate::kernel::xnu::{RegionInfo, RegionPathInfo, VnodeInfo, XnuCalls};
use crate::model::{Backing, BackingKind, Device, Protection, Region, UserTag};

/// The least size of the reserved region below a main stack. The main thread's stack is above the
/// part of its 64 MiB that exceeds `RLIMIT_STACK`, which stays reserved without access. Other
/// threads have a guard of a page or a few.
///
/// The kernel passes the stack's place to dyld in a string after the environment, `main_stack=…`.
/// Queries of a process's arguments find that string empty, since libpthread wipes it at the start
/// (`pthread.c:parse_main_stack_params`).
const LEAST_MAIN_GUARD: u64 = 1 << 20;

/// The shared region's range, by the kernel's architecture (`osfmk/mach/shared_region.h`).
const SHARED_REGIONS: [Range<u64>; 2] =
    [0x1_8000_0000..0x3_0000_0000, 0x7ff8_0000_0000..0x7fff_fe00_0000];

/// The range of Intel's commpages, above all that a process may map.
const COMMPAGES: Range<u64> = 0x7fff_ffe0_0000..0x8000_0000_0000;

/// The shared region that has this address.
pub(super) fn shared_region(address: u64) -> Option<Range<u64>> {
    SHARED_REGIONS.into_iter().find(|range| range.contains(&address))
}

/// Names the regions of one walk, which must pass them in ascending order.
pub(super) struct Namer<C: XnuCalls> {
    images: Arc<Images<C>>,
    /// The end of this program's own main stack, in a walk over its own map.
    own_stack_top: Option<u64>,
    /// The end of the last region that can be the guard below a main stack.
    guard_end: Option<u64>,
    /// The shared region, from its first row on.
    cache: Option<Range<u64>>,
    /// The program or library whose rows come next.
    program: Option<Program>,
}

impl<C: XnuCalls> Namer<C> {
    /// `own_stack_top` is known for the own process only. In others the guard decides.
    pub(super) fn new(images: Arc<Images<C>>, own_stack_top: Option<u64>) -> Self {
        Namer { images, own_stack_top, guard_end: None, cache: None, program: None }
    }

    /// The names for another walk over the same process, from its beginning.
    pub(super) fn fresh(&self) -> Self {
        Self::new(Arc::clone(&self.images), self.own_stack_top)
    }

    /// Names a region that has a file with this path.
    pub(super) fn name_file(&mut self, region: &mut Region, info: &RegionPathInfo, path: &[u8]) {
        show_file(&mut region.backing, &info.vnode, path);
        let goes_on = self.program.as_mut().is_some_and(|it| it.goes_on(region, info));
        if !goes_on && let Some(program) = Program::begin(region, info, path) {
            self.program = Some(program);
        }
    }

    /// Names a region without a file. Regions with a file do not matter for the stack, which begins
    /// at the end of its guard.
    pub(super) fn name(&mut self, region: &mut Region, info: &RegionInfo) {
        let guard_end = self.guard_end.take();
        let is_stack = region.user_tag == UserTag::STACK;
        if is_stack && region.protection == Protection::NONE && region.size() >= LEAST_MAIN_GUARD {
            self.guard_end = Some(region.end);
        }
        region.backing.clear();
        let tag = region.user_tag;
        let writable = region.protection.contains(Protection::WRITE) && !region.submap;
        if self.is_shared_cache(region) {
            return pseudo(region, |name| name.extend_from_slice(Backing::SHARED_CACHE));
        }
        if tag == UserTag::NONE {
            if COMMPAGES.contains(&region.start) {
                pseudo(region, |name| name.extend_from_slice(Backing::COMMPAGE));
            } else if let Some(program) = &mut self.program
                && !region.submap
            {
                program.claim(region, info, &self.images);
            }
            return;
        }
        let main_stack = is_stack && writable && self.is_main_stack(region, guard_end);
        pseudo(region, |name| {
            if writable && tag.is_heap() {
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
        });
    }

    /// By address: the parts of the shared region that the process has written to, and those that
    /// were signed for it, are entries of their own, with or without a tag.
    fn is_shared_cache(&mut self, region: &Region) -> bool {
        let tagged = matches!(region.user_tag, UserTag::SHARED_PMAP | UserTag::UNSHARED_PMAP);
        if region.submap && tagged {
            let cache = self.cache.get_or_insert_with(|| {
                let known = shared_region(region.start);
                region.start..known.map_or(region.end, |range| range.end)
            });
            cache.end = cache.end.max(region.end);
        }
        self.cache.as_ref().is_some_and(|it| it.start <= region.start && region.end <= it.end)
    }

    fn is_main_stack(&self, region: &Region, guard_end: Option<u64>) -> bool {
        match self.own_stack_top {
            Some(top) => region.start < top && top <= region.end,
            None => guard_end == Some(region.start),
        }
    }
}

fn pseudo(region: &mut Region, write: impl FnOnce(&mut Vec<u8>)) {
    region.backing.kind = BackingKind::Pseudo;
    write(&mut region.backing.name);
}

/// Whether a vnode is behind the region. A denied stat leaves all numbers 0 but may give the path;
/// a cold name cache gives numbers and no path.
pub(super) fn has_file(info: &RegionPathInfo) -> bool {
    !info.path.is_empty() || info.vnode.dev != 0 || info.vnode.ino != 0 || info.vnode.kind != 0
}

/// `major()` and `minor()` of Darwin's <sys/types.h>.
pub(super) fn device(dev: u32) -> Device {
    Device { major: dev >> 24, minor: dev & 0xff_ffff }
}

/// Names a region by its file.
fn show_file(backing: &mut Backing, vnode: &VnodeInfo, path: &[u8]) {
    backing.clear();
    backing.kind = BackingKind::File;
    backing.name.extend_from_slice(path);
    backing.device = device(vnode.dev);
    backing.inode = vnode.ino;
    // A failed stat leaves the link count 0 as well, which does not mean that the file was deleted.
    backing.link_count = (vnode.kind != 0).then(|| u32::from(vnode.nlink));
}
