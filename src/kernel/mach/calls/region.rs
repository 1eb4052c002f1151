//! Calls about regions that ask the file system for nothing, or for nothing else.

use super::{Errno, RegionInfo, RegionPathInfo};

/// What [`XnuCalls::region_path_info`](super::XnuCalls::region_path_info) answers, in parts. That call
/// and [`file_region`](Self::file_region) ask the file system for the attributes of the region's file
/// (`fill_vnodeinfo`, `vn_stat`), and wait as long as it does not answer. The others do not.
pub trait RegionCalls: Send + Sync + 'static {
    /// `proc_pidinfo(PROC_PIDREGIONINFO = 7)`: the region that contains the address, else the next one
    /// above, whether it has a file or not.
    ///
    /// # Errors
    /// Those of [`XnuCalls::region_path_info`](super::XnuCalls::region_path_info).
    fn region_info(&self, pid: i32, address: u64) -> Result<RegionInfo, Errno>;

    /// `proc_pidinfo(PROC_PIDREGIONPATHINFO2 = 22)`: the region with a file that contains the address,
    /// else the next one with a file. Looks at no page: all counts, the share mode and the object's id
    /// are 0.
    ///
    /// # Errors
    /// Those of [`region_path`](Self::region_path).
    fn file_region(&self, pid: i32, address: u64) -> Result<RegionPathInfo, Errno>;

    /// `proc_pidinfo(PROC_PIDREGIONPATH = 31)`, from macOS 10.15 on: the same region, and of its file
    /// the path as the name cache has it (`vn_getpath`).
    ///
    /// # Errors
    /// [`Errno::INVAL`] where no region with a file follows, and where the file of the next one is
    /// just being recycled; [`Errno::SRCH`], [`Errno::PERM`]; [`Errno::NOTSUP`] of a recording.
    fn region_path(&self, pid: i32, address: u64) -> Result<RegionPath, Errno>;
}

/// `struct proc_regionpath`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RegionPath {
    /// Where the region starts.
    pub address: u64,
    /// Its size.
    pub size: u64,
    /// The file's path, as in [`RegionPathInfo::path`].
    pub path: Vec<u8>,
}
