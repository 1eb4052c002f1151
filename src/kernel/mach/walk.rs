//! The walk over one process's regions: one kernel call a region.
//!
//! A map may change between two calls. A region may have grown over the end of the last answer, so
//! each is cut to the part that was not seen yet. A map that ends may be one that is being torn
//! down, so the end counts only if the process is the same, and alive, afterwards.

mod ahead;
mod page;
mod source;
mod whole;

use std::sync::Arc;

use self::ahead::FilesAhead;
use self::page::page_size;
use self::source::{Answer, Counts, Refusal, Source};
use self::whole::WholePaths;
use super::failure::NoRegion;
use super::names::Namer;
use super::queries::{self, LeftBehind};
use super::target::Target;
use crate::kernel::xnu::{TaskPort, XnuCalls};
use crate::kernel::{Detail, Walk};
use crate::model::{Code, Error, ErrorKind, Region, Result};

/// The smallest page of any task. A larger step could miss the next region's start.
const LEAST_PAGE: u64 = 4096;

/// The most answers in a row without progress. XNU gives none; a kernel that gives more may never
/// stop.
const MOST_STALE: u32 = 16;

/// A walk over the regions of a living process.
pub(super) struct RegionWalk<C: XnuCalls> {
    target: Target<C>,
    source: Source<C>,
    /// What shows the inside of a submap, if that is wanted and the kernel permits it.
    inner: Option<(Arc<TaskPort<C>>, Counts)>,
    answer: Answer,
    region: Region,
    namer: Namer<C>,
    ahead: FilesAhead,
    /// The address at which each pass begins.
    first: u64,
    paths: WholePaths,
    /// The address of the next call.
    cursor: u64,
    /// The end of the last region that was handed out.
    seen: u64,
    /// The number of answers in a row without progress.
    stale: u32,
    progress: Progress,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Progress {
    /// No region of this pass was handed out.
    Start,
    /// Regions were handed out, of the image in the target.
    Under,
    /// The last region reached the top of the address space.
    Top,
    /// All regions were handed out, and the process lived on.
    Whole,
}

impl<C: XnuCalls> RegionWalk<C> {
    /// A walk that has asked for no region yet.
    pub(super) fn new(
        target: Target<C>,
        detail: Detail,
        namer: Namer<C>,
        left: Arc<LeftBehind>,
    ) -> Self {
        let inner = inner(&target, detail);
        let ahead = FilesAhead::new(&target, Arc::clone(&left));
        let mut region = Region::default();
        let port = inner.as_ref().map(|(port, _)| port.as_ref());
        region.pages.page_size = page_size(&target, port, detail);
        RegionWalk {
            target,
            source: Source::TopLevel,
            inner,
            answer: Answer::default(),
            region,
            namer,
            ahead,
            first: 0,
            paths: WholePaths::new(left),
            cursor: 0,
            seen: 0,
            stale: 0,
            progress: Progress::Start,
        }
    }

    /// A walk over the inside of the last region, a submap, and over all that follows it, if this
    /// walk may look inside submaps. It never shows another image than this walk.
    pub(super) fn inside(&self) -> Option<Self> {
        let (port, counts) = self.inner.as_ref()?;
        let mut region = Region::default();
        region.pages.page_size = self.region.pages.page_size;
        Some(RegionWalk {
            target: self.target.clone(),
            source: Source::Leaves(Arc::clone(port), *counts),
            inner: None,
            answer: Answer::default(),
            region,
            namer: self.namer.fresh(),
            ahead: self.ahead.fresh(&self.target),
            first: self.region.start,
            paths: self.paths.fresh(),
            cursor: self.region.start,
            seen: self.region.start,
            stale: 0,
            progress: Progress::Under,
        })
    }

    /// A walk over the regions at and above this address, from its beginning.
    pub(super) fn begin_at(&mut self, address: u64) {
        self.first = address;
        self.back_to_start();
    }

    /// The last region that was handed out.
    pub(super) fn region(&self) -> &Region {
        &self.region
    }

    /// The calls.
    pub(super) fn calls(&self) -> &C {
        self.target.calls.as_ref()
    }

    fn back_to_start(&mut self) {
        self.namer = self.namer.fresh();
        self.ahead = self.ahead.fresh(&self.target);
        self.paths = self.paths.fresh();
        (self.cursor, self.seen, self.stale) = (self.first, self.first, 0);
        self.progress = Progress::Start;
    }

    fn error(&self, kind: ErrorKind, code: Code) -> Error {
        Error::new(kind, self.source.call()).code(code).pid(self.target.pid).address(self.cursor)
    }

    /// Takes the kernel's answer into the region. False if it has nothing that was not seen yet.
    fn take_answer(&mut self) -> Result<bool> {
        let start = self.answer.start;
        let end = start.saturating_add(self.answer.size);
        if end <= self.seen || end == start {
            self.stale += 1;
            let further = self.cursor.max(end).checked_add(LEAST_PAGE);
            match further {
                Some(further) if self.stale <= MOST_STALE => self.cursor = further,
                _ => return Err(self.error(ErrorKind::Failed, Code::None)),
            }
            return Ok(false);
        }
        self.stale = 0;
        self.region.start = start.max(self.seen);
        self.region.end = end;
        let (target, paths) = (&self.target, &mut self.paths);
        self.source.describe(target, &self.answer, &mut self.region, &mut self.namer, paths);
        (self.cursor, self.seen) = (end, end);
        Ok(true)
    }

    /// An open file shows one image only, even if nothing was read yet.
    // This and the like are kept out of the loop over regions, whose frame they would enlarge.
    #[inline(never)]
    fn check_same(&self, code: Code) -> Result<()> {
        if self.target.is_same()? { Ok(()) } else { Err(self.error(ErrorKind::Vanished, code)) }
    }

    /// Decides after a call without a region whether the walk is complete, or where to ask instead.
    #[inline(never)]
    fn settle(&mut self, refusal: &Refusal) -> Result<()> {
        self.check_same(refusal.code)?;
        match refusal.reason {
            NoRegion::End => self.progress = Progress::Whole,
            reason => return Err(self.error(reason.kind(), refusal.code)),
        }
        Ok(())
    }
}

impl<C: XnuCalls> Walk for RegionWalk<C> {
    fn begin_piece(&mut self) {
        self.ahead.ask_again();
    }

    fn next_region(&mut self) -> Result<Option<&Region>> {
        loop {
            match self.progress {
                Progress::Whole => return Ok(None),
                Progress::Top => {
                    self.settle(&Refusal { reason: NoRegion::End, code: Code::None })?;
                    continue;
                }
                Progress::Start | Progress::Under => {}
            }
            let (target, answer) = (&self.target, &mut self.answer);
            if let Err(refusal) = self.source.ask(target, &mut self.ahead, self.cursor, answer) {
                self.settle(&refusal)?;
                continue;
            }
            if !self.take_answer()? {
                continue;
            }
            if self.progress == Progress::Start {
                // The pid may have been reused between the look-up and this answer.
                self.check_same(Code::None)?;
            }
            self.progress =
                if self.region.end == u64::MAX { Progress::Top } else { Progress::Under };
            return Ok(Some(&self.region));
        }
    }

    fn confirm(&mut self) -> Result<()> {
        if matches!(self.progress, Progress::Start | Progress::Whole) {
            return Ok(());
        }
        self.check_same(Code::None)
    }

    fn restart(&mut self) -> Result<()> {
        self.check_same(Code::None)?;
        self.back_to_start();
        Ok(())
    }
}

/// The port by which submaps are entered, and whether pages are counted there. `None` if no inside
/// is wanted, or the kernel gives no port; `proc_pidinfo` has all except those regions. A read port
/// is enough, and unlike the control port it leaves no trace in the target's statistics and in the
/// system's log.
fn inner<C: XnuCalls>(target: &Target<C>, detail: Detail) -> Option<(Arc<TaskPort<C>>, Counts)> {
    let counts = match detail {
        // Of this program itself, whose port is no question.
        Detail::Map if target.number() == target.calls.own_pid() => Counts::Unwanted,
        Detail::Pages => Counts::Wanted,
        _ => return None,
    };
    match queries::read_port(&target.calls, target.pid) {
        Ok(port) => Some((Arc::new(port), counts)),
        Err(error) => {
            let refusal = queries::explained(&target.calls, target.pid, error);
            log::info!("no look inside submaps: {refusal}");
            None
        }
    }
}

/// The walk of a process without an address space.
pub(super) struct EmptyWalk;

impl Walk for EmptyWalk {
    fn next_region(&mut self) -> Result<Option<&Region>> {
        Ok(None)
    }

    fn restart(&mut self) -> Result<()> {
        Ok(())
    }
}
