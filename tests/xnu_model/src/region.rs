//! The model's answers about one map entry: `fill_procregioninfo` and `vm_map_region_recurse_64`.

use mach_procfs::kernel::xnu::{RegionInfo, RegionPathInfo, SubmapInfo, Text, VnodeInfo};

use super::map::{Entry, Leaf, Mapped, SubmapId};
use super::object::{Object, ObjectId, Pager, Seen};
use super::world::{Task, World};

const SM_COW: u8 = 1;
const SM_PRIVATE: u8 = 2;
const SM_EMPTY: u8 = 3;
const SM_SHARED: u8 = 4;
const SM_TRUESHARED: u8 = 5;
const SM_PRIVATE_ALIASED: u8 = 6;
const SM_SHARED_ALIASED: u8 = 7;
const SM_LARGE_PAGE: u8 = 8;

/// How an entry's object is shared, and the pages that were found in it.
struct Extended {
    share_mode: u8,
    refs: u32,
    seen: Seen,
}

impl World {
    /// A hashed kernel address: unequal for unequal objects, and meaningless.
    fn hash(kind: u64, index: usize) -> u64 {
        (index as u64 * 2 + kind + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }

    fn object_id(entry: &Entry) -> u64 {
        match entry.mapped {
            Mapped::Nothing => 0,
            Mapped::Object(ObjectId(index)) => Self::hash(0, index),
            Mapped::Submap { map, .. } => Self::hash(1, map.0),
        }
    }

    /// Counts are in pages of the caller or the target, whichever is smaller.
    fn effective_page(&self, task: &Task) -> u64 {
        u64::from(self.caller.page_size.min(task.page_size))
    }

    /// The number of map entries, of any task, that refer to the submap.
    fn submap_refs(&self, id: SubmapId) -> u32 {
        let entries = self.tasks.values().flat_map(|task| task.map.entries());
        let refs =
            entries.filter(|it| matches!(it.mapped, Mapped::Submap { map, .. } if map == id));
        u32::try_from(refs.count()).unwrap_or(u32::MAX)
    }

    fn extended(&self, task: &Task, entry: &Entry) -> Extended {
        let empty = Extended { share_mode: SM_EMPTY, refs: 0, seen: Seen::default() };
        let Mapped::Object(id) = entry.mapped else { return empty };
        let Some(object) = self.objects.get(id) else { return empty };
        if object.pager == Pager::Device {
            return empty;
        }
        let page = self.effective_page(task);
        if entry.superpage {
            let resident = u32::try_from(entry.size / page.max(1)).unwrap_or(u32::MAX);
            let seen = Seen { resident, ..Seen::default() };
            return Extended { share_mode: SM_LARGE_PAGE, refs: 1, seen };
        }
        let seen = self.objects.look(id, entry.offset, entry.size, page);
        let share_mode = self.share_mode(task, entry, id, object, &seen);
        Extended { share_mode, refs: seen.refs, seen }
    }

    fn share_mode(
        &self,
        task: &Task,
        entry: &Entry,
        id: ObjectId,
        object: &Object,
        seen: &Seen,
    ) -> u8 {
        if seen.depth > 0 || entry.needs_copy {
            return SM_COW;
        }
        if seen.refs == 1 {
            return SM_PRIVATE;
        }
        if object.true_share {
            return SM_TRUESHARED;
        }
        // A file with one mapping: the vnode's own reference and this one.
        if seen.external && seen.refs == 2 {
            return SM_PRIVATE;
        }
        if self.skip_aliases {
            return SM_SHARED;
        }
        let aliases = task
            .map
            .entries()
            .iter()
            .filter(|it| matches!(it.mapped, Mapped::Object(top) if self.objects.reaches(top, id)))
            .count();
        match u32::try_from(aliases).unwrap_or(u32::MAX) {
            aliases if aliases == seen.refs => SM_PRIVATE_ALIASED,
            aliases if aliases > 1 => SM_SHARED_ALIASED,
            _ => SM_SHARED,
        }
    }

    /// `vm_map_region_top_walk`: resident pages of the whole object, private and shared ones.
    fn top_counts(&self, entry: &Entry) -> (u32, u32) {
        let Mapped::Object(id) = entry.mapped else { return (0, 0) };
        let Some(object) = self.objects.get(id) else { return (0, 0) };
        let page = u64::from(self.caller.page_size).max(super::object::PIECE);
        let pieces = object.pages.values().filter(|page| !page.swapped).count() as u64;
        let resident = (pieces * super::object::PIECE).div_ceil(page).min(entry.size / page);
        let resident = u32::try_from(resident).unwrap_or(u32::MAX);
        let named = object.pager != Pager::Internal;
        let private = object.shadow.is_some()
            || (!entry.needs_copy && (object.refs == 1 || object.refs == 2 && named));
        if private { (resident, 0) } else { (0, resident) }
    }

    /// The answer of `PROC_PIDREGIONPATHINFO` for an entry of the task's own map.
    pub(super) fn region_of(&self, task: &Task, entry: &Entry) -> RegionPathInfo {
        let extended = self.extended(task, entry);
        let submap = matches!(entry.mapped, Mapped::Submap { .. });
        let (private_pages_resident, shared_pages_resident) = self.top_counts(entry);
        let mut flags = 0;
        if submap {
            flags |= RegionInfo::SUBMAP;
        } else if entry.shared {
            flags |= RegionInfo::SHARED;
        }
        let region = RegionInfo {
            protection: entry.protection & 0xf,
            max_protection: entry.max_protection & 0xf,
            inheritance: entry.inheritance,
            flags,
            offset: entry.offset,
            behavior: entry.behavior,
            user_wired_count: entry.user_wired_count.min(65_535),
            user_tag: entry.user_tag,
            pages_resident: extended.seen.resident,
            pages_shared_now_private: extended.seen.shared_now_private,
            pages_swapped_out: extended.seen.swapped_out,
            pages_dirtied: extended.seen.dirtied,
            ref_count: extended.refs,
            shadow_depth: u32::from(extended.seen.depth),
            share_mode: u32::from(extended.share_mode),
            private_pages_resident,
            shared_pages_resident,
            object_id: if submap { 0 } else { Self::object_id(entry) as u32 },
            address: entry.start,
            size: size_of(u128::from(entry.start), entry.end()),
            ..RegionInfo::default()
        };
        let (mut file, mut path) = (VnodeInfo::default(), Text::default());
        if let Mapped::Object(id) = entry.mapped
            && let Some(vnode) = self.objects.vnode(id).and_then(|id| self.vnodes.get(id.0))
            && !vnode.recycled
        {
            (file, path) = (vnode.info, vnode.path[..].into());
        }
        RegionPathInfo { region, vnode: file, path }
    }

    /// The answer of the recursive call.
    pub(super) fn leaf_of(&self, task: &Task, leaf: &Leaf<'_>) -> SubmapInfo {
        let entry = leaf.entry;
        let extended = self.extended(task, entry);
        let object_id_full = Self::object_id(entry);
        let (is_submap, refs, mut share_mode) = match entry.mapped {
            Mapped::Submap { map, nested } => {
                (1, self.submap_refs(map), if nested { SM_TRUESHARED } else { SM_PRIVATE })
            }
            Mapped::Nothing | Mapped::Object(_) => (0, extended.refs, extended.share_mode),
        };
        if leaf.copied {
            share_mode = SM_COW;
        }
        SubmapInfo {
            protection: (entry.protection & 0xf).cast_signed(),
            max_protection: (entry.max_protection & 0xf).cast_signed(),
            inheritance: entry.inheritance,
            offset: entry.offset,
            user_tag: entry.user_tag,
            pages_resident: extended.seen.resident,
            pages_shared_now_private: extended.seen.shared_now_private,
            pages_swapped_out: extended.seen.swapped_out,
            pages_dirtied: extended.seen.dirtied,
            ref_count: refs,
            shadow_depth: extended.seen.depth,
            external_pager: u8::from(extended.seen.external),
            share_mode,
            is_submap,
            behavior: entry.behavior.cast_signed(),
            object_id: object_id_full as u32,
            user_wired_count: u16::try_from(entry.user_wired_count).unwrap_or(u16::MAX),
            pages_reusable: extended.seen.reusable,
            object_id_full,
            ..SubmapInfo::default()
        }
    }
}

/// A region that is the whole 64-bit space has more bytes than a `u64` can count.
pub(super) fn size_of(start: u128, end: u128) -> u64 {
    u64::try_from(end.saturating_sub(start)).unwrap_or(u64::MAX)
}
