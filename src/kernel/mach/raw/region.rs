//! Calls about regions and their files.

use super::{Xnu, copy_path, pid_info, region_with_path};
use crate::kernel::mach::calls::{Errno, RegionCalls, RegionInfo, RegionPath, RegionPathInfo};
use crate::kernel::mach::ffi;

impl RegionCalls for Xnu {
    fn region_info(&self, pid: i32, address: u64) -> Result<RegionInfo, Errno> {
        pid_info::<ffi::proc_regioninfo>(pid, ffi::PROC_PIDREGIONINFO, address)
            .map(|found| RegionInfo::from(&found))
    }

    fn file_region(&self, pid: i32, address: u64) -> Result<RegionPathInfo, Errno> {
        let mut info = RegionPathInfo::default();
        region_with_path(pid, ffi::PROC_PIDREGIONPATHINFO2, address, &mut info)?;
        Ok(info)
    }

    fn region_path(&self, pid: i32, address: u64) -> Result<RegionPath, Errno> {
        let found: ffi::proc_regionpath = pid_info(pid, ffi::PROC_PIDREGIONPATH, address)?;
        let mut path = Vec::new();
        copy_path(&found.prpo_path, &mut path);
        Ok(RegionPath { address: found.prpo_addr, size: found.prpo_regionlength, path })
    }
}
