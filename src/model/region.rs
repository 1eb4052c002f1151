//! A region: one address range with uniform attributes.

use super::UserTag;

/// Access that a region grants or may be given: bits 1 read, 2 write, 4 execute, as `VM_PROT_*`
/// and `PROT_*` agree. Other bits are dropped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Protection(u8);

impl Protection {
    /// No access.
    pub const NONE: Self = Protection(0);
    /// Read.
    pub const READ: Self = Protection(1);
    /// Write.
    pub const WRITE: Self = Protection(2);
    /// Execute.
    pub const EXECUTE: Self = Protection(4);

    /// The protection of these bits.
    #[must_use]
    pub const fn from_bits(bits: u32) -> Self {
        Protection((bits & 7) as u8)
    }

    /// The bits: 1 read, 2 write, 4 execute.
    #[must_use]
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// Both together.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Protection(self.0 | other.0)
    }

    /// Whether all of `other` is granted.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// The three letters, `-` for what is not granted: `r-x`.
    #[must_use]
    pub const fn letters(self) -> [u8; 3] {
        const LETTERS: [[u8; 3]; 8] =
            [*b"---", *b"r--", *b"-w-", *b"rw-", *b"--x", *b"r-x", *b"-wx", *b"rwx"];
        LETTERS[(self.0 & 7) as usize]
    }
}

/// The fourth letter of a `maps` line. A value of its own beside [`Inheritance`]: Linux has `s`
/// regions that a child does not inherit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Sharing {
    /// `p`: writes stay in this address space.
    #[default]
    Private,
    /// `s`: writes are seen by others who map the same object.
    Shared,
}

/// What a child gets at fork: `VM_INHERIT_*` 0 SHARE, 1 COPY, 2 NONE, 3 DONATE_COPY. Any number
/// can be held, since a kernel may send one that is not in the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Inheritance(pub u32);

impl Inheritance {
    /// The child shares the region.
    pub const SHARE: Self = Inheritance(0);
    /// The child gets a copy.
    pub const COPY: Self = Inheritance(1);
    /// The child does not get the region.
    pub const NONE: Self = Inheritance(2);
    /// The child gets the region and the parent loses it.
    pub const DONATE_COPY: Self = Inheritance(3);
}

impl Default for Inheritance {
    fn default() -> Self {
        Inheritance::COPY
    }
}

/// The expected order of access: `VM_BEHAVIOR_*` 0 DEFAULT, 1 RANDOM, 2 SEQUENTIAL, 3 RSEQNTL,
/// 4 WILLNEED, 5 DONTNEED. Any number can be held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Behavior(pub u32);

impl Behavior {
    /// Nothing is expected.
    pub const DEFAULT: Self = Behavior(0);
    /// Access in random order.
    pub const RANDOM: Self = Behavior(1);
    /// Access in ascending order.
    pub const SEQUENTIAL: Self = Behavior(2);
}

/// How the region's memory object is shared (`SM_*`). Linux has no such thing and says
/// [`ShareMode::UNKNOWN`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ShareMode(pub u8);

impl ShareMode {
    /// Unknown.
    pub const UNKNOWN: Self = ShareMode(0);
    /// Copy on write.
    pub const COW: Self = ShareMode(1);
    /// Only this region refers to the object.
    pub const PRIVATE: Self = ShareMode(2);
    /// There is no object yet.
    pub const EMPTY: Self = ShareMode(3);
    /// Several regions refer to the object.
    pub const SHARED: Self = ShareMode(4);
    /// Shared on purpose, never to be copied on write.
    pub const TRUESHARED: Self = ShareMode(5);
    /// All references to the object come from this address space.
    pub const PRIVATE_ALIASED: Self = ShareMode(6);
    /// Some references to the object come from this address space more than once.
    pub const SHARED_ALIASED: Self = ShareMode(7);
    /// A superpage.
    pub const LARGE_PAGE: Self = ShareMode(8);
}

/// Counts of pages of the target's own page size.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PageCounts {
    /// In memory.
    pub resident: u64,
    /// In the compressor or in swap.
    pub swapped_out: u64,
    /// Resident and written to.
    pub dirtied: u64,
    /// Resident, once shared and now private (Darwin).
    pub shared_now_private: u64,
    /// Resident, clean and marked reusable (Darwin).
    pub reusable: u64,
    /// Bytes of such a page, 0 where that is not known.
    pub page_size: u64,
}

impl PageCounts {
    /// So many of these pages in bytes; 0 where their size is not known.
    #[must_use]
    pub fn bytes(&self, pages: u64) -> u64 {
        pages.saturating_mul(self.page_size)
    }
}

/// The number of a device in its two parts, which Linux and macOS encode differently.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Device {
    /// Major number.
    pub major: u32,
    /// Minor number.
    pub minor: u32,
}

/// What kind of thing a region's bytes come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum BackingKind {
    /// No file and no name.
    #[default]
    Anonymous,
    /// A file: the name is its path, empty where the kernel does not know it.
    File,
    /// No file, but a name in the manner of Linux, such as `[heap]`.
    Pseudo,
}

/// What a region's bytes come from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Backing {
    /// The kind.
    pub kind: BackingKind,
    /// Path or pseudo-name, as bytes: a path need not be UTF-8, and may hold a newline.
    pub name: Vec<u8>,
    /// The file's device, 0:0 without a file.
    pub device: Device,
    /// The file's inode number, 0 without a file.
    pub inode: u64,
    /// How many names the file still has, where that is known. 0 marks a deleted file.
    pub link_count: Option<u32>,
}

impl Backing {
    /// The name of dyld's shared cache, whose bytes come from files and have no path here.
    pub const SHARED_CACHE: &'static [u8] = b"[dyld_shared_cache]";

    /// The name of the pages that the kernel shows every process of Intel's.
    pub const COMMPAGE: &'static [u8] = b"[commpage]";

    /// Whether this is a part of dyld's shared cache that no one file is named for.
    #[must_use]
    pub fn is_shared_cache(&self) -> bool {
        self.kind == BackingKind::Pseudo && self.name == Self::SHARED_CACHE
    }

    /// Whether this is a page of the kernel's.
    #[must_use]
    pub fn is_commpage(&self) -> bool {
        self.kind == BackingKind::Pseudo && self.name == Self::COMMPAGE
    }

    /// Whether this is a file that has no name any more.
    #[must_use]
    pub fn is_deleted(&self) -> bool {
        self.kind == BackingKind::File && self.link_count == Some(0)
    }

    /// Back to anonymous; the name's memory is kept for the next one.
    pub fn clear(&mut self) {
        self.name.clear();
        self.kind = BackingKind::Anonymous;
        self.device = Device::default();
        self.inode = 0;
        self.link_count = None;
    }
}

/// One address range with uniform attributes, as the kernel reports it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Region {
    /// First address.
    pub start: u64,
    /// First address behind it; `u64::MAX` for a region that reaches the very top.
    pub end: u64,
    /// Access granted now.
    pub protection: Protection,
    /// Access that may be granted.
    pub max_protection: Protection,
    /// The letter `s` or `p`.
    pub sharing: Sharing,
    /// What a child gets.
    pub inheritance: Inheritance,
    /// How the memory object is shared.
    pub share_mode: ShareMode,
    /// Darwin: the map entry's own shared bit. Linux: a shared mapping.
    pub shared: bool,
    /// The label that the allocating code gave (`VM_MEMORY_*`), 0 for none.
    pub user_tag: UserTag,
    /// Expected order of access.
    pub behavior: Behavior,
    /// How often user code has wired (locked) it.
    pub user_wired_count: u16,
    /// Whether this row stands for a whole submap.
    pub submap: bool,
    /// Nesting depth of the map it was found in: 0 is the task's own.
    pub depth: u32,
    /// Offset in the memory object, in bytes; for a file that was not written to, in the file.
    pub offset: u64,
    /// The memory object: equal for two regions that share it, 0 for none.
    pub object_id: u64,
    /// Page counts, as far as they were asked for.
    pub pages: PageCounts,
    /// Where its bytes come from.
    pub backing: Backing,
}

impl Region {
    /// Size in bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.end.saturating_sub(self.start)
    }

    /// Everything back to its default; the name's memory is kept for the next region.
    pub fn clear(&mut self) {
        let mut backing = std::mem::take(&mut self.backing);
        backing.clear();
        *self = Region { backing, ..Region::default() };
    }
}
