//! Regions for programs that use this crate as a library.

use super::{Detail, Walk, host, own_regions};
use crate::model::{Pid, Region, Result};

/// The regions of one process, ascending. Made by [`regions`].
///
/// An item is an error only as the last one: `Vanished` when the process ended, or became another
/// program, before the map was whole; else `Denied`, `ResourceLimit` or `Failed`.
pub struct Regions {
    walk: Box<dyn Walk>,
    own: bool,
    ended: bool,
}

/// What a process has mapped: address ranges, protections, mapped file names.
///
/// One's own process ([`Pid::this`]) needs no privilege on any system. On macOS its map names the
/// images inside the dyld shared cache, too. Another process must be one that the kernel lets this
/// program see: on Linux as for `/proc/PID/maps`, on macOS one of the same effective user, or any
/// for root.
///
/// ```
/// use mach_procfs::model::Pid;
///
/// let here = "a text in the program itself".as_ptr().addr() as u64;
/// let mut regions = mach_procfs::regions(Pid::this())?;
/// let found = regions.find_map(|region| {
///     let region = region.ok()?;
///     (region.start <= here && here < region.end).then_some(region)
/// });
/// assert!(found.is_some_and(|region| !region.backing.name.is_empty()));
/// # Ok::<(), mach_procfs::model::Error>(())
/// ```
///
/// # Errors
/// `NoSuchProcess` for a pid that is free, `Denied` for a process that may not be seen,
/// `ResourceLimit` or `Failed` where the kernel cannot be asked.
pub fn regions(pid: Pid) -> Result<Regions> {
    let own = pid == Pid::this();
    let walk = if own {
        own_regions()?
    } else {
        let kernel = host()?;
        kernel.regions(pid, kernel.identity(pid)?, Detail::Map)?
    };
    Ok(Regions { walk, own, ended: false })
}

impl Iterator for Regions {
    type Item = Result<Region>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let next = self.walk.next_region().map(Option::<&Region>::cloned);
        let next = match next {
            // By pid, the region could be another process's by now; one's own cannot.
            Ok(Some(region)) if !self.own => self.walk.confirm().map(|()| Some(region)),
            other => other,
        };
        self.ended = !matches!(next, Ok(Some(_)));
        next.transpose()
    }
}
