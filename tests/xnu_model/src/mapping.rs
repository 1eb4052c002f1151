//! Creates and changes maps of the model: `mmap`, `fork`, page faults.

use super::map::{Entry, Mapped};
use super::object::{Object, ObjectId, PIECE, Page, Pager, VnodeId};
use super::world::World;

/// `ANON_CHUNK_SIZE`: anonymous memory is entered in pieces of at most this many bytes.
const CHUNK: u64 = 128 << 20;

// `VM_INHERIT_*`.
pub(super) const SHARE: u32 = 0;
pub(super) const COPY: u32 = 1;

/// Mapping and unmapping.
impl World {
    /// Enters an entry unchanged, in place of all that was there.
    pub fn enter(&mut self, pid: i32, entry: Entry) {
        if let Mapped::Object(object) = entry.mapped {
            self.objects.refer(object);
        }
        if let Some(map) = self.map_mut(pid) {
            map.insert(entry);
        }
    }

    /// Anonymous memory like this entry, cut into chunks unless it may never be accessed.
    pub fn map_anonymous(&mut self, pid: i32, entry: Entry) {
        let chunk = if entry.max_protection == 0 { u64::MAX } else { CHUNK };
        let mut entry = Entry { mapped: Mapped::Nothing, ..entry };
        while entry.size > chunk {
            self.enter(pid, Entry { size: chunk, ..entry.clone() });
            let Some(next) = entry.start.checked_add(chunk) else { return };
            (entry.start, entry.size) = (next, entry.size - chunk);
        }
        self.enter(pid, entry);
    }

    /// A file mapping like this entry: `MAP_SHARED` where its inheritance is SHARE, else
    /// `MAP_PRIVATE`, which maps a copy object that shadows the file's.
    pub fn map_file(&mut self, pid: i32, entry: Entry, vnode: VnodeId) {
        let file = self.objects.of_file(vnode);
        let shared = entry.inheritance == 0;
        let object = if shared { file } else { self.copy_of(file, 0) };
        let mapped = Mapped::Object(object);
        self.enter(pid, Entry { mapped, needs_copy: !shared, ..entry });
    }

    /// `vm_map_with_linking` (macOS 13 and later): dyld has the kernel map parts of a Mach-O file,
    /// like these entries, over the file's mappings, to apply their fixups. One pager brings the
    /// pages of all of them, it names no file, and offsets in it are those in the file.
    pub fn map_with_linking(&mut self, pid: i32, parts: impl IntoIterator<Item = Entry>) {
        let pager = self.paged_object(None, false);
        for part in parts {
            let (mapped, max_protection) =
                (Mapped::Object(self.copy_of(pager, 0)), part.protection);
            self.enter(
                pid,
                Entry {
                    mapped,
                    max_protection,
                    needs_copy: true,
                    user_tag: 0,
                    inheritance: COPY,
                    ..part
                },
            );
        }
    }

    /// `vm_map_apple_protected`: a part of a file's mapping is mapped over, as it is protected, by a
    /// pager that decrypts it. Offsets in the pager begin at 0, and it names no file.
    pub fn encrypt(&mut self, pid: i32, start: u64, size: u64) {
        let Some(entry) = self.entry_at(pid, start) else { return };
        let pager = self.paged_object(None, false);
        let mapped = Mapped::Object(self.copy_of(pager, 0));
        self.enter(pid, Entry { start, size, offset: 0, needs_copy: true, mapped, ..entry });
    }

    /// `vm_map_fork`: the parent's mappings, inherited as each entry says. An object that both have
    /// from now on is copied at the next write of either.
    pub fn fork(&mut self, parent: i32, child: i32) {
        let Some(entries) = self.map(parent).map(|map| map.entries().to_vec()) else { return };
        for entry in entries {
            match (entry.inheritance, entry.mapped) {
                (SHARE, _) | (COPY, Mapped::Nothing | Mapped::Submap { .. }) => {
                    self.enter(child, entry);
                }
                (COPY, Mapped::Object(_)) => {
                    let copied = Entry { needs_copy: true, ..entry };
                    self.enter(child, copied.clone());
                    if let Some(map) = self.map_mut(parent) {
                        map.insert(copied);
                    }
                }
                _ => {}
            }
        }
    }

    pub(super) fn copy_of(&mut self, shadow: ObjectId, by: u64) -> ObjectId {
        self.objects.add(Object { shadow: Some((shadow, by)), ..Object::default() })
    }

    /// An anonymous object, to be mapped several times or to be put into a submap. It counts its
    /// mappings as they are entered; `true_share` marks it as shared on purpose.
    pub fn anonymous_object(&mut self, true_share: bool) -> ObjectId {
        self.objects.add(Object { true_share, ..Object::default() })
    }

    /// The object of a file, or of another pager where there is none.
    pub fn paged_object(&mut self, vnode: Option<VnodeId>, device: bool) -> ObjectId {
        match vnode {
            Some(vnode) => self.objects.of_file(vnode),
            None => {
                let pager = if device { Pager::Device } else { Pager::Other };
                self.objects.add(Object { pager, refs: 1, ..Object::default() })
            }
        }
    }

    /// `munmap` of `[from, to)`.
    pub fn unmap(&mut self, pid: i32, from: u64, to: u64) {
        if let Some(map) = self.map_mut(pid) {
            map.remove(u128::from(from), u128::from(to));
        }
    }

    /// `mprotect` of `[from, to)`, which splits entries at its edges.
    pub fn protect(&mut self, pid: i32, from: u64, to: u64, protection: u32) {
        if let Some(map) = self.map_mut(pid) {
            let (from, to) = (u128::from(from), u128::from(to));
            map.change(from, to, |entry| Some(Entry { protection, ..entry }));
        }
    }
}

/// Page faults.
impl World {
    /// Reads `[from, from + size)`: the pages of the object at the bottom are in memory.
    pub fn read(&mut self, pid: i32, from: u64, size: u64) {
        let Some(entry) = self.entry_at(pid, from) else { return };
        let Mapped::Object(mut id) = entry.mapped else { return };
        let mut offset = entry.offset.wrapping_add(from.saturating_sub(entry.start));
        for _ in 0..64 {
            let Some((shadow, by)) = self.objects.get(id).and_then(|object| object.shadow) else {
                break;
            };
            (id, offset) = (shadow, offset.wrapping_add(by));
        }
        self.fill(id, offset, size, Page::default());
    }

    /// Writes `[from, from + size)`: memory without object gets one, a mapping that copies gets a
    /// shadow of its own, whose offsets begin at 0.
    pub fn write(&mut self, pid: i32, from: u64, size: u64) {
        let Some(mut entry) = self.entry_at(pid, from) else { return };
        let object = match entry.mapped {
            Mapped::Submap { map, .. } => return self.write_shared_region(pid, &entry, map, from),
            Mapped::Nothing => self.objects.add(Object { refs: 1, ..Object::default() }),
            Mapped::Object(old) if entry.needs_copy => {
                let copy = self.copy_of(old, entry.offset);
                // The entry's reference to the old object is the new one's now.
                if let Some(old) = self.objects.get_mut(old) {
                    old.refs = old.refs.saturating_sub(1);
                }
                if let Some(copy) = self.objects.get_mut(copy) {
                    copy.refs = 1;
                }
                copy
            }
            Mapped::Object(object) => object,
        };
        if entry.mapped == Mapped::Nothing || entry.needs_copy {
            (entry.mapped, entry.offset, entry.needs_copy) = (Mapped::Object(object), 0, false);
        }
        let offset = entry.offset.wrapping_add(from.saturating_sub(entry.start));
        if let Some(map) = self.map_mut(pid) {
            map.insert(entry);
        }
        self.fill(object, offset, size, Page { dirty: true, ..Page::default() });
    }

    /// The compressor takes `[from, from + size)` of the top object.
    pub fn swap_out(&mut self, pid: i32, from: u64, size: u64) {
        let Some(entry) = self.entry_at(pid, from) else { return };
        let Mapped::Object(object) = entry.mapped else { return };
        let offset = entry.offset.wrapping_add(from.saturating_sub(entry.start));
        self.fill(object, offset, size, Page { swapped: true, ..Page::default() });
    }

    pub(super) fn entry_at(&self, pid: i32, address: u64) -> Option<Entry> {
        let entry = self.map(pid)?.containing_or_next(address)?;
        (entry.start <= address).then(|| entry.clone())
    }

    /// At most 16,384 pieces, since more would be a mistake in the description.
    fn fill(&mut self, object: ObjectId, offset: u64, size: u64, page: Page) {
        if let Some(object) = self.objects.get_mut(object) {
            let first = offset / PIECE;
            let last = offset.saturating_add(size).div_ceil(PIECE).min(first + 16_384);
            object.pages.extend((first..last).map(|piece| (piece, page)));
        }
    }
}

/// The entries of every process of an architecture.
impl World {
    /// arm64: two permanent reservations, the commpage's and the GPU's.
    pub fn reserve_arm64(&mut self, pid: i32) {
        for (start, end) in [(0xf_c000_0000, 0x10_0000_0000), (0x10_0000_0000, 0x70_0000_0000)] {
            let reserved =
                Entry { protection: 0, max_protection: 0, ..Entry::new(start, end - start) };
            self.enter(pid, reserved);
        }
    }

    /// Intel: two pages above the nominal end of the address space, each a submap of its own.
    pub fn commpage_intel(&mut self, pid: i32) {
        for (start, protection) in [(0x7fff_ffe0_0000, 1), (0x7fff_ffe4_7000, 5)] {
            let object = self.anonymous_object(false);
            self.objects.refer(object);
            self.objects.refer(object);
            let page = Entry {
                protection,
                max_protection: protection,
                inheritance: 0,
                mapped: Mapped::Object(object),
                ..Entry::new(0, PIECE)
            };
            let map = self.submap([page]);
            let mapped = Mapped::Submap { map, nested: false };
            let entry = Entry {
                protection,
                max_protection: protection,
                inheritance: 0,
                mapped,
                ..Entry::new(start, PIECE)
            };
            self.enter(pid, entry);
        }
    }
}
