//! Memory objects of the model: shadow chains, pages, and what backs them.

use std::collections::{BTreeMap, BTreeSet};

use mach_procfs::kernel::xnu::{Errno, VnodeInfo};

/// A memory object, by its number in the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectId(pub usize);

/// A file, by its number in the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VnodeId(pub usize);

/// A file with the values of the name cache and of `vn_stat`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Vnode {
    /// Numbers of the file; all 0 where the stat is denied.
    pub info: VnodeInfo,
    /// Its path, or the part of it that the name cache has.
    pub path: Vec<u8>,
    /// The path that its file system finds, if the name cache has less.
    pub whole_path: Option<Vec<u8>>,
    /// Whether it is being recycled, so that no region can refer to it.
    pub recycled: bool,
    /// Whether the caller may not know its path (`mac_vnode_check_fsgetpath`): it is in a protected
    /// folder, and the caller has no Full Disk Access. Calls about regions do not check this.
    pub path_denied: bool,
    /// The error of reading it by its path.
    pub unreadable: Option<Errno>,
    /// Its first bytes; at offsets those of the parts of a universal file.
    pub contents: BTreeMap<u64, Vec<u8>>,
}

/// The pager of an object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pager {
    /// No pager: anonymous memory.
    #[default]
    Internal,
    /// A file.
    Vnode(VnodeId),
    /// Another pager, which names no file: encrypted or slid pages.
    Other,
    /// Device memory, physically contiguous.
    Device,
}

/// One 4 KiB piece of an object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Page {
    pub(super) swapped: bool,
    pub(super) dirty: bool,
    pub(super) reusable: bool,
}

/// A `vm_object`.
#[derive(Clone, Debug, Default)]
pub(super) struct Object {
    pub(super) pager: Pager,
    pub(super) true_share: bool,
    /// The object that it copies on write, and the offset there.
    pub(super) shadow: Option<(ObjectId, u64)>,
    /// Map entries, objects that shadow it, and the file's own reference.
    pub(super) refs: u32,
    /// Pages by number of the 4 KiB piece.
    pub(super) pages: BTreeMap<u64, Page>,
}

/// The unit in which pages are kept: every page size is a multiple.
pub(super) const PIECE: u64 = 4096;

/// The longest shadow chain: a description that ties a chain into a ring ends here.
const LONGEST_CHAIN: usize = 64;

/// All objects of a world.
#[derive(Clone, Debug, Default)]
pub(super) struct Objects {
    all: Vec<Object>,
}

/// The result of a look at all pages of a range (`vm_map_region_walk`).
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Seen {
    pub(super) resident: u32,
    pub(super) shared_now_private: u32,
    pub(super) swapped_out: u32,
    pub(super) dirtied: u32,
    pub(super) reusable: u32,
    pub(super) depth: u16,
    pub(super) external: bool,
    pub(super) refs: u32,
}

impl Objects {
    pub(super) fn add(&mut self, object: Object) -> ObjectId {
        if let Some((shadow, _)) = object.shadow {
            self.refer(shadow);
        }
        self.all.push(object);
        ObjectId(self.all.len() - 1)
    }

    pub(super) fn get(&self, id: ObjectId) -> Option<&Object> {
        self.all.get(id.0)
    }

    pub(super) fn get_mut(&mut self, id: ObjectId) -> Option<&mut Object> {
        self.all.get_mut(id.0)
    }

    pub(super) fn refer(&mut self, id: ObjectId) {
        if let Some(object) = self.all.get_mut(id.0) {
            object.refs = object.refs.saturating_add(1);
        }
    }

    /// The object that the file's own mappings share, made at its first mapping. It has the
    /// reference of the file itself.
    pub(super) fn of_file(&mut self, vnode: VnodeId) -> ObjectId {
        let pager = Pager::Vnode(vnode);
        match self.all.iter().position(|object| object.pager == pager) {
            Some(index) => ObjectId(index),
            None => self.add(Object { pager, refs: 1, ..Object::default() }),
        }
    }

    /// The chain from this object down, each with its offset for `offset` in the top one.
    fn chain(&self, top: ObjectId, offset: u64) -> Vec<(&Object, u64)> {
        let mut chain = Vec::new();
        let mut next = Some((top, offset));
        while let Some((id, offset)) = next
            && let Some(object) = self.all.get(id.0)
            && chain.len() < LONGEST_CHAIN
        {
            chain.push((object, offset));
            next = object.shadow.map(|(shadow, by)| (shadow, offset.wrapping_add(by)));
        }
        chain
    }

    /// Whether the object is in the chain from `top` down.
    pub(super) fn reaches(&self, top: ObjectId, object: ObjectId) -> bool {
        let mut next = Some(top);
        for _ in 0..LONGEST_CHAIN {
            match next {
                Some(id) if id == object => return true,
                Some(id) => next = self.get(id).and_then(|it| it.shadow).map(|(id, _)| id),
                None => return false,
            }
        }
        false
    }

    /// The file at the bottom of the chain. Pagers of other kinds name none.
    pub(super) fn vnode(&self, top: ObjectId) -> Option<VnodeId> {
        match self.chain(top, 0).last()?.0.pager {
            Pager::Vnode(vnode) => Some(vnode),
            Pager::Internal | Pager::Other | Pager::Device => None,
        }
    }

    /// Looks up each page of a range, from the top object down, in pages of this size.
    pub(super) fn look(&self, top: ObjectId, offset: u64, size: u64, page_size: u64) -> Seen {
        let chain = self.chain(top, offset);
        let page_size = page_size.max(PIECE);
        let pages = size.div_ceil(page_size);
        let mut found = BTreeSet::new();
        let mut seen = Seen::default();
        let mut most_refs = 0;
        for (depth, (object, offset)) in chain.iter().enumerate() {
            seen.depth = u16::try_from(depth).unwrap_or(u16::MAX);
            seen.external |= object.pager != Pager::Internal;
            most_refs = most_refs.max(object.refs);
            let first = offset / PIECE;
            let last = offset.saturating_add(size).div_ceil(PIECE);
            for (piece, page) in object.pages.range(first..last.max(first)) {
                if !found.insert((piece - first) / (page_size / PIECE)) {
                    continue;
                }
                if page.swapped {
                    seen.swapped_out = seen.swapped_out.saturating_add(1);
                    continue;
                }
                seen.resident = seen.resident.saturating_add(1);
                seen.dirtied += u32::from(page.dirty);
                seen.reusable += u32::from(page.reusable && !page.dirty);
                if object.shadow.is_some() && most_refs == 1 {
                    seen.shared_now_private += 1;
                }
            }
            if found.len() as u64 >= pages {
                break;
            }
        }
        let depth = usize::from(seen.depth);
        let below: u32 =
            chain.iter().skip(1).take(depth).fold(0, |sum, (it, _)| sum.saturating_add(it.refs));
        let top_refs = chain.first().map_or(0, |(object, _)| object.refs);
        seen.refs = top_refs.saturating_add(below).saturating_sub(u32::from(seen.depth));
        seen
    }
}
