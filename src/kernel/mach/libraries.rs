//! The libraries in a process's shared cache, without a task port.
//!
//! To the kernel dyld's shared cache is one submap, in which hundreds of libraries are packed. All
//! processes of one root directory, processor type and page size map the same cache at the same
//! address (`vm_shared_region.c`). So does this program, which reads the places of the libraries
//! from its own copy ([`Cache`]). Queries that need no port detect the exceptions, for which the
//! process's rows stay as `maps` has them.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use super::cache::Cache;
use super::names::{Images, Namer, shared_region};
use super::queries::{self, LeftBehind};
use super::target::Target;
use super::walk::RegionWalk;
use crate::kernel::xnu::{Platform, Rusage, TaskVmInfo, Text, Typed, XnuCalls};
use crate::kernel::{Detail, Walk};
use crate::model::{BackingKind, PageCounts, Pid, Region, Result, UserTag};

/// The most signed ranges of a cache, which has some ten; a process may map more memory over it.
const MOST_SIGNED: usize = 1_024;

/// The cache of this program, and what recognises it in other processes.
pub(super) struct OwnCache<C: XnuCalls> {
    calls: Arc<C>,
    images: Arc<Images<C>>,
    left: Arc<LeftBehind>,
    /// Read at the first query.
    cache: OnceLock<Option<Arc<Cache>>>,
}

/// Facts about a cache from its rows.
#[derive(Debug, PartialEq, Eq)]
struct Rows {
    /// From the first row to the last, without a hole.
    range: Range<u64>,
    /// Ranges that the kernel has mapped over the cache for the process, with its pointers signed:
    /// without a tag (`vm_shared_region_auth_remap`). Adjacent ranges are joined.
    signed: Vec<Range<u64>>,
}

impl<C: XnuCalls> OwnCache<C> {
    pub(super) fn new(calls: &Arc<C>, images: &Arc<Images<C>>, left: &Arc<LeftBehind>) -> Self {
        OwnCache {
            calls: Arc::clone(calls),
            images: Arc::clone(images),
            left: Arc::clone(left),
            cache: OnceLock::new(),
        }
    }

    fn walk(&self, target: Target<C>) -> RegionWalk<C> {
        let namer = Namer::new(Arc::clone(&self.images), None);
        RegionWalk::new(target, Detail::Map, namer, Arc::clone(&self.left))
    }

    /// This program's cache, and the shared region that has it.
    fn cache(&self) -> Option<(Arc<Cache>, Range<u64>)> {
        let cache = self.cache.get_or_init(|| {
            let cache = self.calls.shared_cache().and_then(Cache::of);
            match &cache {
                Some(cache) => log::debug!("the shared cache's index: {} bytes", cache.memory()),
                None => log::debug!("no shared cache that can be read"),
            }
            cache.map(Arc::new)
        });
        let cache = Arc::clone(cache.as_ref()?);
        let region = shared_region(cache.range.start)?;
        Some((cache, region))
    }

    /// The cache and the shared region, if this process has them too.
    fn of(&self, target: &Target<C>) -> Option<(Arc<Cache>, Range<u64>)> {
        let (cache, region) = self.cache()?;
        if target.number() == cache.pid {
            return Some((cache, region));
        }
        let own = Pid::new(cache.pid.cast_unsigned())?;
        let same = self.is_usual(target)
            && self.page_size(target.pid)? == self.page_size(own)?
            && self.root(target.pid)? == self.root(own)?
            && {
                let ours = self.rows(Target::now(&self.calls, own).ok()?, &region)?;
                // Without signed ranges, as on Intel, another version of the cache looks equal.
                !ours.signed.is_empty()
                    && ours.range.start <= cache.range.start
                    && cache.range.end <= ours.range.end
                    && self.rows(target.clone(), &region)? == ours
            };
        same.then_some((cache, region))
    }

    /// Whether it is a 64-bit process of this machine's native kind that has the shared region.
    fn is_usual(&self, target: &Target<C>) -> bool {
        let (calls, pid) = (self.calls.as_ref(), target.number());
        let usage = || calls.resource_usage(pid);
        let platform = || calls.pid::<Platform>(pid, 0);
        target.is_64_bit()
            && !target.is_translated()
            && usage().is_ok_and(|usage| usage.flags & Rusage::RESLID == 0)
            && platform().is_ok_and(|platform| platform.number != Platform::DRIVER_KIT)
    }

    fn page_size(&self, pid: Pid) -> Option<i32> {
        let port = queries::name_port(&self.calls, pid).ok()?;
        self.calls.task::<TaskVmInfo>(port.name()).ok().map(|info| info.page_size)
    }

    fn root(&self, pid: Pid) -> Option<(u32, u64, Text<1024>)> {
        queries::root(&self.calls, &self.left, pid)
    }

    /// The facts from the rows of this process inside the shared region; `None` if there are no
    /// rows, or too many.
    fn rows(&self, target: Target<C>, region: &Range<u64>) -> Option<Rows> {
        let mut walk = self.walk(target);
        walk.begin_at(region.start);
        let mut rows: Option<Rows> = None;
        while let Some(row) = walk.next_region().ok()? {
            if !row.backing.is_shared_cache() {
                break;
            }
            let range = row.start..row.end;
            let found =
                rows.get_or_insert(Rows { range: range.start..range.start, signed: Vec::new() });
            if found.range.end != range.start {
                return None;
            }
            found.range.end = range.end;
            if row.user_tag != UserTag::NONE || row.submap {
                continue;
            }
            match found.signed.last_mut() {
                Some(last) if last.end == range.start => last.end = range.end,
                _ => found.signed.push(range),
            }
            if found.signed.len() > MOST_SIGNED {
                return None;
            }
        }
        rows
    }
}

/// A walk over a process's rows inside the shared cache.
pub(super) struct LibraryWalk<C: XnuCalls> {
    rows: RegionWalk<C>,
    target: Target<C>,
    own: Arc<OwnCache<C>>,
    pass: Pass,
    /// The part that is left of the row of `rows`.
    left: Range<u64>,
    /// The part that was handed out last.
    piece: Region,
}

enum Pass {
    /// No row was read yet.
    Fresh,
    /// This cache divides the rows, up to the end of the shared region.
    Divided(Arc<Cache>, u64),
    /// The rows are shown undivided.
    Whole,
    /// The last row was shown.
    Over,
}

impl<C: XnuCalls> LibraryWalk<C> {
    pub(super) fn new(target: Target<C>, own: Arc<OwnCache<C>>) -> Self {
        let rows = own.walk(target.clone());
        LibraryWalk { rows, target, own, pass: Pass::Fresh, left: 0..0, piece: Region::default() }
    }

    /// Reads the next row inside the cache into `left`.
    fn next_row(&mut self) -> Result<bool> {
        while let Some(row) = self.rows.next_region()? {
            if row.backing.is_shared_cache() {
                self.piece.clone_from(row);
                self.left = row.start..row.end;
                return Ok(true);
            }
            if matches!(self.pass, Pass::Divided(_, end) if row.start >= end) {
                break;
            }
        }
        self.pass = Pass::Over;
        Ok(false)
    }
}

impl<C: XnuCalls> Walk for LibraryWalk<C> {
    fn begin_piece(&mut self) {
        self.rows.begin_piece();
    }

    fn next_region(&mut self) -> Result<Option<&Region>> {
        if matches!(self.pass, Pass::Over) {
            return Ok(None);
        }
        if matches!(self.pass, Pass::Fresh) {
            self.pass = match self.own.of(&self.target) {
                Some((cache, region)) => {
                    self.rows.begin_at(region.start);
                    Pass::Divided(cache, region.end)
                }
                None => {
                    self.rows.begin_at(0);
                    Pass::Whole
                }
            };
        }
        if self.left.is_empty() && !self.next_row()? {
            return Ok(None);
        }
        let (row, piece) = (self.rows.region(), &mut self.piece);
        let Pass::Divided(cache, _) = &self.pass else {
            self.left = 0..0;
            return Ok(Some(row));
        };
        let found = cache.at(self.left.start);
        (piece.start, piece.end) = (self.left.start, found.end.min(self.left.end));
        self.left.start = piece.end;
        (piece.offset, piece.pages, piece.submap) = (0, PageCounts::default(), false);
        piece.protection = row.protection;
        // The submap's own protection is lower than those of the mappings in it.
        if row.submap
            && let Some(protection) = found.protection
        {
            piece.protection = protection;
        }
        match found.path {
            Some(path) => {
                piece.backing.clear();
                piece.backing.kind = BackingKind::File;
                piece.backing.name.extend_from_slice(path);
            }
            None => piece.backing.clone_from(&row.backing),
        }
        Ok(Some(&self.piece))
    }

    fn confirm(&mut self) -> Result<()> {
        self.rows.confirm()
    }

    fn restart(&mut self) -> Result<()> {
        self.rows.restart()?;
        (self.pass, self.left) = (Pass::Fresh, 0..0);
        Ok(())
    }
}
