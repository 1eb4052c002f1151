//! The bytes of a region, or of all regions, that are in memory, split by private and shared.

use super::amount;
use crate::model::{BackingKind, Region, ShareMode, Sharing};

/// The record that shows the amounts. That of all regions also splits `Pss` by its source.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Record {
    Region,
    Rollup,
}

/// Amounts in bytes, by the keys of the record.
#[derive(Clone, Copy, Default)]
pub(super) struct Amounts {
    shared_clean: u64,
    shared_dirty: u64,
    private_clean: u64,
    private_dirty: u64,
    /// The private bytes once more, by their source.
    private_anonymous: u64,
    private_of_file: u64,
    private_of_shared_memory: u64,
    anonymous: u64,
    reusable: u64,
    swapped: u64,
    private_swapped: u64,
    locked: u64,
}

impl Amounts {
    /// The amounts of one region.
    pub(super) fn of(region: &Region) -> Self {
        let pages = &region.pages;
        let bytes = |count| pages.bytes(count);
        let private = private_pages(region);
        let shared = pages.resident - private;
        // The process has written to every page that it alone has of a copy-on-write object.
        let dirty = pages.dirtied.min(pages.resident);
        let private_dirty = dirty.min(private);
        let shared_dirty = dirty - private_dirty;
        let backing = &region.backing;
        let of_file = backing.kind == BackingKind::File || backing.is_shared_cache();
        let (anonymous, shared_memory) = match (of_file, region.sharing) {
            // A write to a private mapping of a file makes an anonymous copy.
            (true, Sharing::Private) => (private_dirty, 0),
            (true, Sharing::Shared) => (0, 0),
            (false, Sharing::Private) => (pages.resident, 0),
            (false, Sharing::Shared) => (0, private),
        };
        let private_anonymous = anonymous.min(private);
        Amounts {
            shared_clean: bytes(shared - shared_dirty),
            shared_dirty: bytes(shared_dirty),
            private_clean: bytes(private - private_dirty),
            private_dirty: bytes(private_dirty),
            private_anonymous: bytes(private_anonymous),
            private_of_file: bytes(private - private_anonymous - shared_memory),
            private_of_shared_memory: bytes(shared_memory),
            anonymous: bytes(anonymous),
            reusable: bytes(pages.reusable),
            swapped: bytes(pages.swapped_out),
            private_swapped: bytes(if is_private(region) { pages.swapped_out } else { 0 }),
            locked: bytes(if region.user_wired_count > 0 { private } else { 0 }),
        }
    }

    /// Adds the amounts of another region.
    pub(super) fn add(&mut self, more: &Amounts) {
        let add = |sum: &mut u64, more| *sum = sum.saturating_add(more);
        add(&mut self.shared_clean, more.shared_clean);
        add(&mut self.shared_dirty, more.shared_dirty);
        add(&mut self.private_clean, more.private_clean);
        add(&mut self.private_dirty, more.private_dirty);
        add(&mut self.private_anonymous, more.private_anonymous);
        add(&mut self.private_of_file, more.private_of_file);
        add(&mut self.private_of_shared_memory, more.private_of_shared_memory);
        add(&mut self.anonymous, more.anonymous);
        add(&mut self.reusable, more.reusable);
        add(&mut self.swapped, more.swapped);
        add(&mut self.private_swapped, more.private_swapped);
        add(&mut self.locked, more.locked);
    }

    /// The lines of `__show_smap`. `Pss` counts private pages only, since XNU does not report how
    /// many processes share a page.
    pub(super) fn show(&self, record: Record, out: &mut Vec<u8>) {
        let private = self.private_clean.saturating_add(self.private_dirty);
        let shared = self.shared_clean.saturating_add(self.shared_dirty);
        amount(b"Rss:            ", private.saturating_add(shared), out);
        amount(b"Pss:            ", private, out);
        amount(b"Pss_Dirty:      ", self.private_dirty, out);
        if record == Record::Rollup {
            amount(b"Pss_Anon:       ", self.private_anonymous, out);
            amount(b"Pss_File:       ", self.private_of_file, out);
            amount(b"Pss_Shmem:      ", self.private_of_shared_memory, out);
        }
        amount(b"Shared_Clean:   ", self.shared_clean, out);
        amount(b"Shared_Dirty:   ", self.shared_dirty, out);
        amount(b"Private_Clean:  ", self.private_clean, out);
        amount(b"Private_Dirty:  ", self.private_dirty, out);
        amount(b"Referenced:     ", 0, out);
        amount(b"Anonymous:      ", self.anonymous, out);
        amount(b"KSM:            ", 0, out);
        amount(b"LazyFree:       ", self.reusable, out);
        amount(b"AnonHugePages:  ", 0, out);
        amount(b"ShmemPmdMapped: ", 0, out);
        amount(b"FilePmdMapped:  ", 0, out);
        amount(b"Shared_Hugetlb: ", 0, out);
        amount(b"Private_Hugetlb:", 0, out);
        amount(b"Swap:           ", self.swapped, out);
        amount(b"SwapPss:        ", self.private_swapped, out);
        amount(b"Locked:         ", self.locked, out);
    }
}

/// The number of resident pages that no other process has.
fn private_pages(region: &Region) -> u64 {
    let pages = &region.pages;
    if region.share_mode == ShareMode::COW {
        pages.shared_now_private.min(pages.resident)
    } else if is_private(region) {
        pages.resident
    } else {
        0
    }
}

/// Whether no other process has any page of the region, by its share mode, else by its letter.
fn is_private(region: &Region) -> bool {
    match region.share_mode {
        ShareMode::PRIVATE
        | ShareMode::EMPTY
        | ShareMode::PRIVATE_ALIASED
        | ShareMode::LARGE_PAGE => true,
        ShareMode::UNKNOWN => region.sharing == Sharing::Private,
        _ => false,
    }
}
