//! Answers about a recorded process: those of the walk, and how those of the other parts are found.

use super::super::calls::{
    Errno, KernReturn, PORT_NULL, PortName, RegionInfo, RegionPathInfo, SubmapInfo,
};
use super::super::recording::{Answer, RecordedLeaf, RecordedPort, RecordedProcess, Reply};
use super::port::{Holder, PortKind};
use super::region::size_of;
use super::world::World;

/// The first row that ends above the address: what was answered there when it was recorded.
fn row_at<T>(rows: &[T], address: u64, range: impl Fn(&T) -> (u64, u64)) -> Option<&T> {
    rows.get(rows.partition_point(|row| {
        let (start, size) = range(row);
        u128::from(start) + u128::from(size) <= u128::from(address)
    }))
}

fn top_level(process: &RecordedProcess, address: u64) -> Option<&RegionPathInfo> {
    row_at(&process.regions, address, |row| (row.region.address, row.region.size))
}

/// Flavor 8.
pub(super) fn region(
    process: &RecordedProcess,
    address: u64,
    info: &mut RegionPathInfo,
) -> Result<(), Errno> {
    let Some(row) = top_level(process, address) else {
        return Err(Errno(process.regions_end.unwrap_or(Errno::INVAL.0)));
    };
    info.region = row.region.clone();
    info.vnode = row.vnode.clone();
    info.path.clear();
    info.path.extend_from_slice(&row.path);
    Ok(())
}

/// A part that a recording may lack.
pub(super) fn part<T>(part: Option<&Answer<T>>) -> Result<&T, Errno> {
    match part {
        Some(Answer::Ok(value)) => Ok(value),
        Some(Answer::Errno(errno)) => Err(Errno(*errno)),
        None => Err(Errno::NOTSUP),
    }
}

/// The same of a Mach call.
pub(super) fn reply<T>(part: Option<&Reply<T>>) -> Result<&T, KernReturn> {
    part.map_or(Err(KernReturn::NOT_SUPPORTED), Reply::get)
}

/// `task_for_pid` and its like: a port of this kind, or the code that it was refused with.
pub(super) fn port(
    world: &mut World,
    pid: i32,
    port: RecordedPort,
    kind: PortKind,
) -> Result<PortName, i32> {
    match port {
        RecordedPort::Given => Ok(world.ports.give(Holder::Recorded(pid), kind)),
        RecordedPort::Null => Ok(PORT_NULL),
        RecordedPort::Refused(code) => Err(code),
        RecordedPort::NotAsked => Err(KernReturn::FAILURE.0),
    }
}

/// `mach_vm_region_recurse`: start, size, depth and the rest.
pub(super) fn leaf(
    process: &RecordedProcess,
    address: u64,
    depth: u32,
) -> Result<RecordedLeaf, KernReturn> {
    let page = process.vm_info.as_ref().and_then(|info| u64::try_from(info.page_size).ok());
    let address = address & !(page.filter(|page| page.is_power_of_two()).unwrap_or(4096) - 1);
    let Some(leaf) = row_at(&process.leaves, address, |row| (row.address, row.size)) else {
        // By a weaker port nothing is known.
        return Err(KernReturn(process.leaves_end.unwrap_or(KernReturn::NOT_SUPPORTED.0)));
    };
    if leaf.depth <= depth {
        return Ok(leaf.clone());
    }
    // Deeper than may be entered: the submap it lies in, as far as flavor 8 tells of it.
    let submap = top_level(process, leaf.address.max(address))
        .filter(|row| row.region.flags & RegionInfo::SUBMAP != 0)
        .ok_or(KernReturn::INVALID_ADDRESS)?;
    Ok(submap_row(&submap.region))
}

fn submap_row(region: &RegionInfo) -> RecordedLeaf {
    /// Without nested page tables, which flavor 8 does not tell.
    const SM_PRIVATE: u8 = 2;
    let info = SubmapInfo {
        protection: region.protection.cast_signed(),
        max_protection: region.max_protection.cast_signed(),
        inheritance: region.inheritance,
        offset: region.offset,
        user_tag: region.user_tag,
        share_mode: SM_PRIVATE,
        is_submap: 1,
        behavior: region.behavior.cast_signed(),
        user_wired_count: u16::try_from(region.user_wired_count).unwrap_or(u16::MAX),
        ..SubmapInfo::default()
    };
    let end = u128::from(region.address) + u128::from(region.size);
    let size = size_of(u128::from(region.address), end.min(1 << 64));
    RecordedLeaf { address: region.address, size, depth: 0, info }
}
