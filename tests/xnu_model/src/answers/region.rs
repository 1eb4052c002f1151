//! Answers about regions of a task's own map, with and without their files.

use mach_procfs::kernel::xnu::{Errno, FileRegion, RegionInfo, RegionPath, RegionPathInfo};

use crate::calls::Call;
use crate::map::{Entry, Mapped};
use crate::object::VnodeId;
use crate::process::{ModelProcess, Task};
use crate::world::World;

impl World {
    /// Whether the call asks the file system for the attributes of this vnode (`fill_vnodeinfo`).
    pub(super) fn asks(&self, pid: i32, call: Call, arg: u64, vnode: VnodeId) -> bool {
        let Some(process) = self.process(pid) else { return false };
        match call {
            Call::VnodePaths => self.uses_directory(pid, vnode),
            Call::FileRegion => {
                self.next_file(process, arg).is_ok_and(|(_, _, found)| found == vnode)
            }
            _ => {
                let found = self.next_region(process, arg);
                found.and_then(|(_, entry)| self.file_of(entry)) == Some(vnode)
            }
        }
    }

    /// The entries from the one that contains the address, or the next one, on.
    fn regions_from(&self, process: &ModelProcess, address: u64) -> Option<(&Task, &[Entry])> {
        let task = self.task_of(process)?;
        let first = task.map.first_above(u128::from(address))?;
        Some((task, task.map.entries().get(first..)?))
    }

    /// The entry that contains the address, else the next one.
    pub(super) fn next_region(
        &self,
        process: &ModelProcess,
        address: u64,
    ) -> Option<(&Task, &Entry)> {
        let (task, entries) = self.regions_from(process, address)?;
        Some((task, entries.first()?))
    }

    /// The next entry that has a file. A file that is being recycled ends the search without a
    /// result.
    fn next_file(
        &self,
        process: &ModelProcess,
        address: u64,
    ) -> Result<(&Task, &Entry, VnodeId), Errno> {
        let (task, entries) = self.regions_from(process, address).ok_or(Errno::INVAL)?;
        let with_file = |entry| Some((entry, self.file_of(entry)?));
        let (entry, vnode) = entries.iter().find_map(with_file).ok_or(Errno::INVAL)?;
        let is_recycled = self.vnodes.get(vnode.0).is_none_or(|vnode| vnode.recycled);
        if is_recycled { Err(Errno::INVAL) } else { Ok((task, entry, vnode)) }
    }

    /// The file of an entry's bytes.
    fn file_of(&self, entry: &Entry) -> Option<VnodeId> {
        let Mapped::Object(object) = entry.mapped else { return None };
        self.objects.vnode(object)
    }

    /// Flavor 22, which looks at no page and at no object.
    pub(super) fn file_region(
        &self,
        process: &ModelProcess,
        address: u64,
    ) -> Result<FileRegion, Errno> {
        let (task, entry, _) = self.next_file(process, address)?;
        let RegionPathInfo { region, vnode, path } = self.region_of(task, entry);
        let region = RegionInfo {
            pages_resident: 0,
            pages_shared_now_private: 0,
            pages_swapped_out: 0,
            pages_dirtied: 0,
            ref_count: 0,
            shadow_depth: 0,
            share_mode: 0,
            private_pages_resident: 0,
            shared_pages_resident: 0,
            object_id: 0,
            ..region
        };
        Ok(FileRegion { region, vnode, path })
    }

    /// Flavor 31: the path is that of the name cache.
    pub(super) fn region_path(
        &self,
        process: &ModelProcess,
        address: u64,
    ) -> Result<RegionPath, Errno> {
        let (task, entry, _) = self.next_file(process, address)?;
        let RegionPathInfo { region, path, .. } = self.region_of(task, entry);
        Ok(RegionPath { address: region.address, size: region.size, path })
    }
}
