//! The regions of a process, one after the other.

use std::fmt;
use std::iter::FusedIterator;

use super::{Error, Region};
use crate::kernel::{self, Walk};
use crate::model;

/// An iterator over the regions of a process, in ascending order and without overlap.
///
/// It asks the system as far as it is used, so the map may change between two items. It never ends
/// early as if it were complete: where the process ends or executes another program meanwhile, the
/// last item is an error of the kind [`Vanished`](crate::ErrorKind::Vanished). An error is always
/// the last item.
///
/// Made by [`System::regions`](crate::System::regions),
/// [`System::regions_with_pages`](crate::System::regions_with_pages) and [`own_regions`].
pub struct Regions {
    walk: Box<dyn Walk>,
    /// Whether the walk has to confirm that the pid still belongs to the process.
    by_pid: bool,
    has_pages: bool,
    ended: bool,
}

/// The regions of the process that calls.
///
/// Needs no privilege, and on Linux opens `/proc/self/maps` only. On macOS the libraries inside the
/// dyld shared cache have their paths, which the kernel does not know: dyld reports them to each
/// process about itself.
///
/// ```
/// let text = "a text in the program itself";
/// let address = text.as_ptr().addr() as u64;
/// let mut regions = mach_procfs::own_regions()?;
/// let region = regions.find_map(|region| region.ok().filter(|it| it.contains(address)));
/// assert!(region.is_some_and(|region| region.is_readable() && region.path().is_some()));
/// # Ok::<(), mach_procfs::Error>(())
/// ```
///
/// # Errors
/// [`ResourceLimit`](crate::ErrorKind::ResourceLimit), and on Linux
/// [`Failed`](crate::ErrorKind::Failed) where `/proc` is no procfs of the kernel.
pub fn own_regions() -> Result<Regions, Error> {
    kernel::own_regions().map(Regions::of_this_process).map_err(Error::new)
}

impl Regions {
    /// A walk over the map of this process, whose pid no other process can get.
    pub(super) fn of_this_process(walk: Box<dyn Walk>) -> Self {
        Regions { walk, by_pid: false, has_pages: false, ended: false }
    }

    /// A walk over the map of any process.
    pub(super) fn by_pid(walk: Box<dyn Walk>, has_pages: bool) -> Self {
        Regions { walk, by_pid: true, has_pages, ended: false }
    }

    fn advance(&mut self) -> Result<Option<Region>, model::Error> {
        let has_pages = self.has_pages;
        let region = self.walk.next_region()?.map(|region| Region::new(region, has_pages));
        if self.by_pid && region.is_some() {
            self.walk.confirm()?;
        }
        Ok(region)
    }
}

impl Iterator for Regions {
    type Item = Result<Region, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let next = self.advance();
        self.ended = !matches!(next, Ok(Some(_)));
        next.map_err(Error::new).transpose()
    }
}

impl FusedIterator for Regions {}

impl fmt::Debug for Regions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Regions").field("ended", &self.ended).finish_non_exhaustive()
    }
}
