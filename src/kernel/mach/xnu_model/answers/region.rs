//! Answers about regions of a task's own map, with and without their files.

use super::super::super::calls::{Errno, RegionCalls, RegionInfo, RegionPath, RegionPathInfo};
use super::super::XnuModel;
use super::super::fault::Call;
use super::super::map::{Entry, Mapped};
use super::super::object::VnodeId;
use super::super::process::{Slot, Task};
use super::super::recorded;
use super::super::region::size_of;
use super::super::world::World;

impl World {
    /// The entries of a described process from the one on that contains the address, else from the
    /// next one on.
    fn regions_from(&self, pid: i32, address: u64) -> Option<(&Task, &[Entry])> {
        let Some(Slot::Described(process)) = self.slot(pid) else { return None };
        let task = self.task_of(process)?;
        let first = task.map.first_above(u128::from(address))?;
        Some((task, task.map.entries().get(first..)?))
    }

    /// The entry that contains the address, else the next one.
    pub(super) fn next_region(&self, pid: i32, address: u64) -> Option<(&Task, &Entry)> {
        let (task, entries) = self.regions_from(pid, address)?;
        Some((task, entries.first()?))
    }

    /// The next one that has a file. One whose file is being recycled ends the search, and is not
    /// found.
    fn next_file(&self, pid: i32, address: u64) -> Result<(&Task, &Entry, VnodeId), Errno> {
        let (task, entries) = self.regions_from(pid, address).ok_or(Errno::INVAL)?;
        let with_file = |entry| Some((entry, self.file_of(entry)?));
        let (entry, vnode) = entries.iter().find_map(with_file).ok_or(Errno::INVAL)?;
        let is_recycled = self.vnodes.get(vnode.0).is_none_or(|vnode| vnode.recycled);
        if is_recycled { Err(Errno::INVAL) } else { Ok((task, entry, vnode)) }
    }

    /// The file that the bytes of an entry come from.
    pub(super) fn file_of(&self, entry: &Entry) -> Option<VnodeId> {
        let Mapped::Object(object) = entry.mapped else { return None };
        self.objects.vnode(object)
    }

    /// The answer of flavor 8.
    pub(super) fn region(
        &self,
        pid: i32,
        address: u64,
        info: &mut RegionPathInfo,
    ) -> Result<(), Errno> {
        match self.slot(pid) {
            Some(Slot::Described(_)) => {
                let (task, entry) = self.next_region(pid, address).ok_or(Errno::INVAL)?;
                self.fill_region(task, entry, info);
                Ok(())
            }
            Some(Slot::Recorded(process)) => recorded::region(process, address, info),
            None => Err(Errno::SRCH),
        }
    }
}

impl RegionCalls for XnuModel {
    fn region_info(&self, pid: i32, address: u64) -> Result<RegionInfo, Errno> {
        let (state, _) = self.bsd(Call::RegionInfo)?;
        state.world.check(pid, 7, address, 96)?;
        let mut info = RegionPathInfo::default();
        state.world.region(pid, address, &mut info)?;
        Ok(info.region)
    }

    fn file_region(&self, pid: i32, address: u64) -> Result<RegionPathInfo, Errno> {
        let (mut state, _) = self.bsd(Call::FileRegion)?;
        self.wait_for_vnodes(&mut state, |world, vnode| {
            world.next_file(pid, address).is_ok_and(|(_, _, it)| it == vnode)
        });
        let world = &state.world;
        if let Slot::Recorded(_) = world.admit(pid, 22, 1272)? {
            return Err(Errno::NOTSUP);
        }
        let (task, entry, _) = world.next_file(pid, address)?;
        let mut info = RegionPathInfo::default();
        world.fill_region(task, entry, &mut info);
        // It looks at no page and at no object.
        info.region = RegionInfo {
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
            ..info.region
        };
        Ok(info)
    }

    fn region_path(&self, pid: i32, address: u64) -> Result<RegionPath, Errno> {
        let (state, _) = self.bsd(Call::RegionPath)?;
        let world = &state.world;
        if let Slot::Recorded(_) = world.admit(pid, 31, 1040)? {
            return Err(Errno::NOTSUP);
        }
        let (_, entry, vnode) = world.next_file(pid, address)?;
        let path = world.vnodes.get(vnode.0).map(|vnode| vnode.visible_path().to_vec());
        Ok(RegionPath {
            address: entry.start,
            size: size_of(u128::from(entry.start), entry.end()),
            path: path.unwrap_or_default(),
        })
    }
}
