//! The shared region of the model, and the pieces of it that become a task's own.

use super::map::{Entry, Mapped, SubmapId};
use super::mapping::{COPY, SHARE};
use super::object::PIECE;
use super::world::World;

/// The sizes of the pieces that leave the shared region.
#[derive(Clone, Copy)]
struct Granule {
    /// `pmap_shared_region_size_min`: the bytes that become the task's own at a write.
    chunk: u64,
    /// `pmap_adjust_unnest_parameters`: the bytes that lose their shared page tables.
    unnest: u64,
}

// `VM_PROT_*`.
const READ: u32 = 1;
const WRITE: u32 = 2;
const EXECUTE: u32 = 4;

/// The tag of an entry of the shared region once it has page tables of its own:
/// `VM_MEMORY_UNSHARED_PMAP` in place of `VM_MEMORY_SHARED_PMAP`.
fn unnested_tag(entry: &Entry) -> u32 {
    if entry.user_tag == 32 { 35 } else { entry.user_tag }
}

impl World {
    /// The shared region: `size` bytes of the submap from `offset` on.
    pub fn shared_region(&mut self, pid: i32, start: u64, size: u64, map: SubmapId, offset: u64) {
        let entry = Entry {
            protection: 1,
            max_protection: 1,
            inheritance: SHARE,
            user_tag: 32,
            offset,
            needs_copy: true,
            mapped: Mapped::Submap { map, nested: true },
            ..Entry::new(start, size)
        };
        self.enter(pid, entry);
    }

    /// `vm_shared_region_auth_remap` (arm64e kernels): the parts of the shared region that have
    /// these addresses and whose pointers are signed are mapped into the task's own map, by a pager
    /// that signs them with the task's key and names no file.
    pub fn remap_signed(&mut self, pid: i32, addresses: impl IntoIterator<Item = u64>) {
        for at in addresses {
            let Some(entry) = self.entry_at(pid, at) else { continue };
            let Mapped::Submap { map, .. } = entry.mapped else { continue };
            let Some(part) = self.leaf_at(&entry, map, at) else { continue };
            self.unnest(pid, &entry, part.start, part.end());
            let pager = self.paged_object(None, false);
            let mapped = Mapped::Object(self.copy_of(pager, 0));
            self.enter(pid, Entry { mapped, offset: 0, needs_copy: true, user_tag: 0, ..part });
        }
    }

    /// A write inside the shared region (`vm_map_lookup_and_lock_object`): in the part of the
    /// submap that has the address, the chunk around it becomes an entry of the task, with a copy
    /// of the part's object. It keeps the tag that the submap got when it lost its shared page
    /// tables.
    pub(super) fn write_shared_region(
        &mut self,
        pid: i32,
        entry: &Entry,
        submap: SubmapId,
        at: u64,
    ) {
        let Some(leaf) = self.leaf_at(entry, submap, at) else { return };
        let Mapped::Object(object) = leaf.mapped else { return };
        let granule = self.granule(pid);
        let chunk = at / granule.chunk * granule.chunk;
        let from = leaf.start.max(chunk);
        let to = leaf.end().min(u128::from(chunk) + u128::from(granule.chunk));
        let Ok(size) = u64::try_from(to - u128::from(from)) else { return };
        self.unnest(pid, entry, from, to);
        // Unless `vm_protect` has changed the submap's protection, the part's is added to it.
        let mut protection = entry.protection;
        if protection == READ {
            protection |= leaf.protection;
        }
        if protection & WRITE != 0 {
            protection &= !EXECUTE;
        }
        let inheritance = if entry.inheritance == SHARE { COPY } else { entry.inheritance };
        let copy = self.copy_of(object, 0);
        let written = Entry {
            start: from,
            size,
            offset: leaf.offset.wrapping_add(from - leaf.start),
            protection,
            max_protection: entry.max_protection | leaf.max_protection,
            inheritance,
            user_tag: unnested_tag(entry),
            needs_copy: true,
            mapped: Mapped::Object(copy),
            ..entry.clone()
        };
        self.enter(pid, written);
        self.write(pid, at, PIECE);
    }

    /// The part of the submap that has this address of the task, in the task's addresses and cut to
    /// the entry's window.
    fn leaf_at(&self, entry: &Entry, submap: SubmapId, at: u64) -> Option<Entry> {
        let inside = at.wrapping_sub(entry.start).wrapping_add(entry.offset);
        let leaf = self.submaps.get(submap.0)?.containing_or_next(inside)?;
        if leaf.start > inside {
            return None;
        }
        let shift = i128::from(entry.start) - i128::from(entry.offset);
        let first = (i128::from(leaf.start) + shift).max(i128::from(entry.start));
        let last = (i128::from(leaf.start) + i128::from(leaf.size) + shift)
            .min(i128::from(entry.start) + i128::from(entry.size));
        let (start, size) = (u64::try_from(first).ok()?, u64::try_from(last - first).ok()?);
        let cut = u64::try_from(first - shift - i128::from(leaf.start)).ok()?;
        Some(Entry { start, size, offset: leaf.offset.wrapping_add(cut), ..leaf.clone() })
    }

    /// `vm_map_clip_unnest` at both ends of a range that is to be cut out of the shared region.
    fn unnest(&mut self, pid: i32, entry: &Entry, from: u64, to: u128) {
        let Mapped::Submap { map: submap, .. } = entry.mapped else { return };
        let unnest = u128::from(self.granule(pid).unnest);
        let from = u128::from(from) / unnest * unnest;
        let to = to.div_ceil(unnest) * unnest;
        let cut = |part: Entry| match part.mapped {
            Mapped::Submap { map, .. } if map == submap => Some(Entry {
                mapped: Mapped::Submap { map, nested: false },
                user_tag: unnested_tag(&part),
                ..part
            }),
            _ => Some(part),
        };
        if let Some(map) = self.map_mut(pid) {
            map.change(from, to, cut);
        }
    }

    /// By the machine's page tables: the last level but one of arm64's, which is 32 MiB for 16 KiB
    /// pages. On Intel that is 2 MiB, but the region is nested a level higher.
    fn granule(&self, pid: i32) -> Granule {
        let page_size = self.process(pid).map_or(0, |process| process.page_size);
        match (self.machine.is_intel(), page_size) {
            (true, _) => Granule { chunk: 2 << 20, unnest: 1 << 30 },
            (false, 4096) => Granule { chunk: 2 << 20, unnest: 2 << 20 },
            (false, _) => Granule { chunk: 32 << 20, unnest: 32 << 20 },
        }
    }
}
