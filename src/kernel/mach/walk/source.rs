//! The two calls that return regions, each answer as a [`Region`].

use std::sync::Arc;

use super::super::failure::NoRegion;
use super::super::names::{self, Namer};
use super::super::target::Target;
use super::ahead::FilesAhead;
use super::whole::WholePaths;
use crate::kernel::xnu::{
    Errno, RegionInfo, RegionPath, RegionPathInfo, SubmapInfo, TaskPort, Typed, VnodeInfo, XnuCalls,
};
use crate::model::{
    Behavior, Code, Inheritance, PageCounts, Protection, Region, ShareMode, Sharing, UserTag,
};

/// A depth greater than maps nest (once), so that every submap is entered.
const ANY_DEPTH: u32 = 1024;

/// The source of the regions.
pub(super) enum Source<C: XnuCalls> {
    /// `proc_pidinfo`, which needs no right to the task and returns a submap as one region.
    TopLevel,
    /// `mach_vm_region_recurse`, which enters submaps.
    Leaves(Arc<TaskPort<C>>, Counts),
}

/// Whether the kernel looks at each page of a region.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Counts {
    /// It counts them.
    Wanted,
    /// It does not: the shared cache has some 300,000.
    Unwanted,
}

/// The result of a call without a region.
pub(super) struct Refusal {
    pub(super) reason: NoRegion,
    pub(super) code: Code,
}

/// The answer of one call, kept between calls to reuse its memory.
#[derive(Default)]
pub(super) struct Answer {
    /// The start of the region by the kernel, possibly below the requested address.
    pub(super) start: u64,
    /// The size of the region by the kernel, in bytes.
    pub(super) size: u64,
    top_level: RegionPathInfo,
    leaf: SubmapInfo,
    depth: u32,
}

impl<C: XnuCalls> Source<C> {
    /// The call's name, in errors.
    pub(super) fn call(&self) -> &'static str {
        match self {
            Source::TopLevel => "proc_pidinfo(PROC_PIDREGIONPATHINFO)",
            Source::Leaves(..) => "mach_vm_region_recurse",
        }
    }

    /// Reads the region that has the address, else the next one.
    pub(super) fn ask(
        &self,
        target: &Target<C>,
        ahead: &mut FilesAhead,
        address: u64,
        answer: &mut Answer,
    ) -> Result<(), Refusal> {
        match self {
            Source::TopLevel => {
                let info = &mut answer.top_level;
                let found = match ahead.silent(target, address) {
                    None => target.calls.pid_into(target.number(), address, info),
                    Some(file) => ask_around(target, address, file, info),
                };
                found.map_err(|errno| Refusal {
                    reason: NoRegion::from_errno(errno),
                    code: Code::Errno(errno.0),
                })?;
                (answer.start, answer.size) = (info.region.address, info.region.size);
            }
            Source::Leaves(port, counts) => {
                let (mut start, mut size, mut depth) = (address, 0, ANY_DEPTH);
                let (calls, info) = (&target.calls, &mut answer.leaf);
                let (task, at) = (port.name(), &mut start);
                let result = match counts {
                    Counts::Wanted => calls.region(task, at, &mut size, &mut depth, info),
                    Counts::Unwanted => calls.region_short(task, at, &mut size, &mut depth, info),
                };
                result.map_err(|code| Refusal {
                    reason: NoRegion::from_kern_return(code),
                    code: Code::KernReturn(code.0),
                })?;
                (answer.start, answer.size, answer.depth) = (start, size, depth);
            }
        }
        Ok(())
    }

    /// Describes the region of the answer, whose range is set already.
    pub(super) fn describe(
        &self,
        target: &Target<C>,
        answer: &Answer,
        region: &mut Region,
        namer: &mut Namer<C>,
        paths: &mut WholePaths,
    ) {
        match self {
            Source::TopLevel => describe_top_level(&answer.top_level.region, region),
            Source::Leaves(..) => describe_leaf(&answer.leaf, answer.depth, region),
        }
        region.sharing = sharing(region.inheritance, region.submap);
        // The range may have been cut at its head, where a region has grown below the cursor.
        region.offset = region.offset.wrapping_add(region.start.saturating_sub(answer.start));
        match self {
            Source::TopLevel if names::has_file(&answer.top_level) => {
                let info = &answer.top_level;
                namer.name_file(region, info, paths.path(target, info));
            }
            Source::TopLevel => namer.name(region, &answer.top_level.region),
            // The walk that enters the submap names what is inside.
            Source::Leaves(..) => {}
        }
    }
}

/// Reads the region that has the address, else the next one, if a region whose file does not answer
/// begins there. That region is shown with the path in the name cache, and without the values that
/// only the file system has, as if the file system refused them.
#[inline(never)]
fn ask_around<C: XnuCalls>(
    target: &Target<C>,
    address: u64,
    file: u64,
    info: &mut RegionPathInfo,
) -> Result<(), Errno> {
    let (calls, pid) = (&target.calls, target.number());
    let region = calls.pid::<RegionInfo>(pid, address)?;
    if region.address < file {
        return calls.pid_into(pid, address, info);
    }
    let found = calls.pid::<RegionPath>(pid, region.address).ok();
    let found = found.filter(|found| found.address == region.address);
    info.path = found.map(|found| found.path).unwrap_or_default();
    info.vnode = VnodeInfo::default();
    info.region = region;
    Ok(())
}

/// Only `MAP_SHARED` memory of `mmap` has the inheritance SHARE. The share mode says how many
/// regions refer to an object now. The shared region is inherited by sharing, and yet every write
/// to it is copied.
fn sharing(inheritance: Inheritance, submap: bool) -> Sharing {
    if inheritance == Inheritance::SHARE && !submap { Sharing::Shared } else { Sharing::Private }
}

fn describe_top_level(info: &RegionInfo, region: &mut Region) {
    region.protection = Protection::from_bits(info.protection);
    region.max_protection = Protection::from_bits(info.max_protection);
    region.inheritance = Inheritance(info.inheritance);
    region.share_mode = u8::try_from(info.share_mode).map_or(ShareMode::UNKNOWN, ShareMode);
    region.shared = info.flags & RegionInfo::SHARED != 0;
    region.user_tag = UserTag(info.user_tag);
    region.behavior = Behavior(info.behavior);
    region.user_wired_count = u16::try_from(info.user_wired_count).unwrap_or(u16::MAX);
    region.submap = info.flags & RegionInfo::SUBMAP != 0;
    region.depth = 0;
    region.offset = info.offset;
    region.object_id = u64::from(info.object_id);
    region.pages = PageCounts {
        resident: u64::from(info.pages_resident),
        swapped_out: u64::from(info.pages_swapped_out),
        dirtied: u64::from(info.pages_dirtied),
        shared_now_private: u64::from(info.pages_shared_now_private),
        reusable: 0,
        page_size: region.pages.page_size,
    };
}

fn describe_leaf(info: &SubmapInfo, depth: u32, region: &mut Region) {
    region.protection = Protection::from_bits(info.protection.cast_unsigned());
    region.max_protection = Protection::from_bits(info.max_protection.cast_unsigned());
    region.inheritance = Inheritance(info.inheritance);
    region.share_mode = ShareMode(info.share_mode);
    // This call does not return the entry's own shared bit.
    region.shared = false;
    region.user_tag = UserTag(info.user_tag);
    region.behavior = Behavior(info.behavior.cast_unsigned());
    region.user_wired_count = info.user_wired_count;
    region.submap = info.is_submap != 0;
    region.depth = depth;
    region.offset = info.offset;
    region.object_id = info.object_id_full;
    region.pages = PageCounts {
        resident: u64::from(info.pages_resident),
        swapped_out: u64::from(info.pages_swapped_out),
        dirtied: u64::from(info.pages_dirtied),
        shared_now_private: u64::from(info.pages_shared_now_private),
        reusable: u64::from(info.pages_reusable),
        page_size: region.pages.page_size,
    };
}
