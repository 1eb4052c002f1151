//! Address maps of the model: entries, submaps with windows, and XNU's look-ups in them.

use super::object::ObjectId;

/// A submap, by its number in the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SubmapId(pub usize);

/// The target of a map entry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mapped {
    /// No object: memory that was never touched, or a reservation.
    #[default]
    Nothing,
    /// A memory object.
    Object(ObjectId),
    /// The part of a submap from the entry's offset on.
    Submap {
        /// The submap.
        map: SubmapId,
        /// Whether the page tables are shared too (`use_pmap`).
        nested: bool,
    },
}

/// A `vm_map_entry`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// First address.
    pub start: u64,
    /// Bytes. The end is at most 2^64; addresses above do not exist.
    pub size: u64,
    /// `VM_PROT_*`.
    pub protection: u32,
    /// `VM_PROT_*`.
    pub max_protection: u32,
    /// `VM_INHERIT_*`.
    pub inheritance: u32,
    /// `VM_BEHAVIOR_*`.
    pub behavior: u32,
    /// Wirings by user code.
    pub user_wired_count: u32,
    /// `VM_MEMORY_*`.
    pub user_tag: u32,
    /// Offset in the object or submap.
    pub offset: u64,
    /// `is_shared`.
    pub shared: bool,
    /// A write must copy first.
    pub needs_copy: bool,
    /// A superpage.
    pub superpage: bool,
    /// The target.
    pub mapped: Mapped,
}

impl Default for Entry {
    fn default() -> Self {
        Entry {
            start: 0,
            size: 0,
            protection: 3,
            max_protection: 7,
            inheritance: 1,
            behavior: 0,
            user_wired_count: 0,
            user_tag: 0,
            offset: 0,
            shared: false,
            needs_copy: false,
            superpage: false,
            mapped: Mapped::Nothing,
        }
    }
}

impl Entry {
    /// An entry without object, readable and writable, to be changed as needed.
    #[must_use]
    pub fn new(start: u64, size: u64) -> Self {
        Entry { start, size, ..Entry::default() }
    }

    /// The address after it, at most 2^64.
    #[must_use]
    pub fn end(&self) -> u128 {
        (u128::from(self.start) + u128::from(self.size)).min(1 << 64)
    }

    /// The part of it in `[from, to)`; the offset follows the start.
    fn part(&self, from: u128, to: u128) -> Option<Entry> {
        let (from, to) = (from.max(u128::from(self.start)), to.min(self.end()));
        let start = u64::try_from(from).ok()?;
        let size = u64::try_from(to.checked_sub(from)?).ok()?;
        let offset = self.offset.wrapping_add(start - self.start);
        (size > 0).then(|| Entry { start, size, offset, ..self.clone() })
    }
}

/// A `vm_map`: entries in ascending order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Map {
    entries: Vec<Entry>,
}

impl Map {
    /// The entries in ascending order.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Enters an entry in place of all that was there. XNU has no entry of size 0, so that does
    /// nothing.
    pub fn insert(&mut self, entry: Entry) {
        if entry.size == 0 {
            return;
        }
        let (start, end) = (u128::from(entry.start), entry.end());
        if self.first_above(start).is_some_and(|index| {
            self.entries.get(index).is_some_and(|next| u128::from(next.start) < end)
        }) {
            self.remove(start, end);
        }
        let index = self.entries.partition_point(|other| other.start < entry.start);
        self.entries.insert(index, entry);
    }

    /// Unmaps `[from, to)`, and cuts entries at its edges.
    pub fn remove(&mut self, from: u128, to: u128) {
        self.change(from, to, |_| None);
    }

    /// Replaces each entry, or part of one, in `[from, to)`.
    pub fn change(&mut self, from: u128, to: u128, change: impl Fn(Entry) -> Option<Entry>) {
        let old = std::mem::take(&mut self.entries);
        for entry in old {
            if entry.end() <= from || u128::from(entry.start) >= to {
                self.entries.push(entry);
                continue;
            }
            self.entries.extend(entry.part(0, from));
            self.entries.extend(entry.part(from, to).and_then(&change));
            self.entries.extend(entry.part(to, 1 << 64));
        }
    }

    /// The index of the first entry that ends above the address.
    pub(super) fn first_above(&self, address: u128) -> Option<usize> {
        let index = self.entries.partition_point(|entry| entry.end() <= address);
        (index < self.entries.len()).then_some(index)
    }

    /// The entry that contains the address, or else the next one: `vm_map_region`.
    pub(super) fn containing_or_next(&self, address: u64) -> Option<&Entry> {
        self.entries.get(self.first_above(u128::from(address))?)
    }
}

/// An entry found by [`find`], in the task's coordinates.
pub(super) struct Leaf<'a> {
    pub(super) start: u128,
    pub(super) end: u128,
    pub(super) depth: u32,
    pub(super) entry: &'a Entry,
    /// Whether the way led through a submap entry that copies on write.
    pub(super) copied: bool,
}

/// User maps nest once. A description that nests without end is cut off here.
const DEEPEST: u32 = 4;

/// `vm_map_region_recurse_64`: the entry that contains the address or the next one, with submaps
/// entered down to the given depth.
pub(super) fn find<'a>(
    map: &'a Map,
    submaps: &'a [Map],
    address: u64,
    depth: u32,
) -> Option<Leaf<'a>> {
    let window = Window { level: 0, low: 0, high: 1 << 64, delta: 0, copied: false };
    look(map, submaps, window, i128::from(address), depth.min(DEEPEST))
}

/// The visible part of a map, in the task's coordinates.
#[derive(Clone, Copy)]
struct Window {
    level: u32,
    low: i128,
    high: i128,
    /// Address in this map less address in the task.
    delta: i128,
    copied: bool,
}

fn look<'a>(
    map: &'a Map,
    submaps: &'a [Map],
    window: Window,
    address: i128,
    depth: u32,
) -> Option<Leaf<'a>> {
    let from = address.max(window.low);
    let first = map.first_above(u128::try_from(from + window.delta).unwrap_or(0))?;
    for entry in map.entries.get(first..)? {
        let start = i128::from(entry.start) - window.delta;
        let end = i128::from(entry.start) + i128::from(entry.size) - window.delta;
        if start >= window.high {
            return None;
        }
        if end <= from {
            continue;
        }
        let (start, end) = (start.max(window.low), end.min(window.high));
        match entry.mapped {
            Mapped::Submap { map: submap, .. } if window.level < depth => {
                let inner = Window {
                    level: window.level + 1,
                    low: start,
                    high: end,
                    delta: window.delta + i128::from(entry.offset) - i128::from(entry.start),
                    copied: window.copied || entry.needs_copy,
                };
                // Nothing is in this window: continue with the next entry.
                if let Some(submap) = submaps.get(submap.0)
                    && let Some(leaf) = look(submap, submaps, inner, from.max(start), depth)
                {
                    return Some(leaf);
                }
            }
            _ => {
                return Some(Leaf {
                    start: u128::try_from(start).ok()?,
                    end: u128::try_from(end).ok()?.min(1 << 64),
                    depth: window.level,
                    entry,
                    copied: window.copied,
                });
            }
        }
    }
    None
}
