//! A row of the picture: a region, or neighbours that are drawn as one.

use crate::model::{BackingKind, Protection, Region, ShareMode, Sharing};

/// Sizes in bytes.
#[derive(Clone, Copy, Default)]
pub(super) struct Amounts {
    pub(super) mapped: u64,
    pub(super) resident: u64,
    pub(super) dirtied: u64,
    pub(super) swapped: u64,
    /// Bytes that the kernel does not count: they may be in memory or not.
    pub(super) uncounted: u64,
}

impl Amounts {
    fn of(region: &Region) -> Self {
        let pages = &region.pages;
        let mapped = region.size();
        Amounts {
            mapped,
            // A page can reach beyond the region's end.
            resident: pages.bytes(pages.resident).min(mapped),
            dirtied: pages.bytes(pages.dirtied).min(mapped),
            swapped: pages.bytes(pages.swapped_out).min(mapped),
            uncounted: if is_counted(region) { 0 } else { mapped },
        }
    }

    /// Whether any of it was counted.
    pub(super) fn are_counted(&self) -> bool {
        self.uncounted < self.mapped
    }

    pub(super) fn add(&mut self, more: &Amounts) {
        self.mapped = self.mapped.saturating_add(more.mapped);
        self.resident = self.resident.saturating_add(more.resident);
        self.dirtied = self.dirtied.saturating_add(more.dirtied);
        self.swapped = self.swapped.saturating_add(more.swapped);
        self.uncounted = self.uncounted.saturating_add(more.uncounted);
    }
}

/// Whether the kernel counted its pages. Darwin counts neither in submaps, such as the commpage,
/// nor in the memory of a device, which has an object and is empty. Counts may not have been asked
/// for.
fn is_counted(region: &Region) -> bool {
    let is_device = region.share_mode == ShareMode::EMPTY && region.object_id != 0;
    region.pages.page_size != 0 && !region.submap && !region.backing.is_commpage() && !is_device
}

/// The meaning of a colour, by the protection.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    None,
    Read,
    Write,
    Execute,
    WriteAndExecute,
}

impl Access {
    pub(super) const ALL: [Access; 5] =
        [Access::None, Access::Read, Access::Write, Access::Execute, Access::WriteAndExecute];

    fn of(protection: Protection) -> Self {
        let may = |what| protection.contains(what);
        match (may(Protection::WRITE), may(Protection::EXECUTE)) {
            (true, true) => Access::WriteAndExecute,
            (true, false) => Access::Write,
            (false, true) => Access::Execute,
            (false, false) if may(Protection::READ) => Access::Read,
            (false, false) => Access::None,
        }
    }
}

/// What a region is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Anonymous,
    File,
    Heap,
    Stack,
    SharedCache,
    Commpage,
    Named,
}

impl Kind {
    pub(super) const ALL: [Kind; 7] = [
        Kind::File,
        Kind::Heap,
        Kind::Stack,
        Kind::SharedCache,
        Kind::Named,
        Kind::Anonymous,
        Kind::Commpage,
    ];

    fn of(region: &Region) -> Self {
        let name = region.backing.name.as_slice();
        match region.backing.kind {
            BackingKind::File => Kind::File,
            _ if region.backing.is_shared_cache() => Kind::SharedCache,
            _ if region.backing.is_commpage() => Kind::Commpage,
            _ if region.user_tag.is_heap() || name == b"[heap]" => Kind::Heap,
            _ if name.starts_with(b"[stack") || name == b"[anon:STACK]" => Kind::Stack,
            BackingKind::Pseudo => Kind::Named,
            BackingKind::Anonymous => Kind::Anonymous,
        }
    }
}

/// Bytes of one colour.
#[derive(Clone, Copy, Default)]
pub(super) struct Shares {
    pub(super) mapped: u64,
    pub(super) resident: u64,
    pub(super) uncounted: u64,
}

/// One row.
pub(super) struct Piece {
    pub(super) start: u64,
    pub(super) end: u64,
    /// The number of regions in it.
    pub(super) regions: u64,
    pub(super) amounts: Amounts,
    /// Amounts by colour, in the order of [`Access::ALL`].
    pub(super) by_access: [Shares; Access::ALL.len()],
    /// The letters that all its regions have.
    pub(super) letters: Option<[u8; 4]>,
    /// The kind and name of its largest region.
    pub(super) kind: Kind,
    pub(super) name: Vec<u8>,
    /// Whether some of its regions have other names.
    pub(super) names_differ: bool,
    largest: u64,
}

impl Piece {
    pub(super) fn of(region: &Region) -> Self {
        let amounts = Amounts::of(region);
        let access = Access::of(region.protection);
        let shares = Shares {
            mapped: amounts.mapped,
            resident: amounts.resident,
            uncounted: amounts.uncounted,
        };
        let by_access = Access::ALL.map(|it| if it == access { shares } else { Shares::default() });
        let [r, w, x] = region.protection.letters();
        let shared = region.sharing == Sharing::Shared;
        Piece {
            start: region.start,
            end: region.end,
            regions: 1,
            amounts,
            by_access,
            letters: Some([r, w, x, if shared { b's' } else { b'p' }]),
            kind: Kind::of(region),
            name: name(region),
            names_differ: false,
            largest: amounts.mapped,
        }
    }

    /// The cost of joining it with the next: the bytes between both ends, unmapped ones too. Parts
    /// of one file cost less.
    fn cost(&self, next: &Piece) -> u64 {
        let span = next.end.saturating_sub(self.start);
        if self.is_like(next) { span >> 6 } else { span }
    }

    fn is_like(&self, next: &Piece) -> bool {
        self.kind == next.kind && self.name == next.name
    }

    fn join(&mut self, next: Piece) {
        self.end = self.end.max(next.end);
        self.regions += next.regions;
        self.amounts.add(&next.amounts);
        for (sum, more) in self.by_access.iter_mut().zip(next.by_access) {
            sum.mapped = sum.mapped.saturating_add(more.mapped);
            sum.resident = sum.resident.saturating_add(more.resident);
            sum.uncounted = sum.uncounted.saturating_add(more.uncounted);
        }
        self.letters = self.letters.filter(|_| self.letters == next.letters);
        self.names_differ |= next.names_differ || self.name != next.name;
        if next.largest > self.largest {
            self.largest = next.largest;
            self.kind = next.kind;
            self.name = next.name;
        }
    }
}

/// Joins neighbours, the cheapest first, until at most this many are left.
pub(super) fn join_to(most: usize, pieces: &mut Vec<Piece>) {
    while pieces.len() > most.max(1) {
        let mut by_cost: Vec<(u64, usize)> =
            pieces.windows(2).map(|pair| pair[0].cost(&pair[1])).zip(0..).collect();
        by_cost.sort_unstable();
        // Not all in one pass: a joined piece may be cheaper to join again than others are.
        let mut quota = (pieces.len() - most).min(pieces.len() / 8 + 1);
        let mut is_taken = vec![false; pieces.len()];
        let mut is_second = vec![false; pieces.len()];
        for (_, first) in by_cost {
            if quota > 0 && !is_taken[first] && !is_taken[first + 1] {
                is_taken[first] = true;
                is_taken[first + 1] = true;
                is_second[first + 1] = true;
                quota -= 1;
            }
        }
        for (piece, is_second) in std::mem::take(pieces).into_iter().zip(is_second) {
            match pieces.last_mut() {
                Some(last) if is_second => last.join(piece),
                _ => pieces.push(piece),
            }
        }
    }
}

/// Joins neighbours of one name and kind in long runs, since a row for each would take room and say
/// nothing.
pub(super) fn join_runs(pieces: &mut Vec<Piece>) {
    /// The least number of regions in a run.
    const RUN: u64 = 16;
    /// A region of this size is drawn alone.
    const LARGE: u64 = 64 << 20;
    /// And a region at this distance from the next.
    const FAR: u64 = 1 << 20;
    let continues = |a: &Piece, b: &Piece| {
        a.is_like(b) && a.largest.max(b.largest) < LARGE && b.start.saturating_sub(a.end) < FAR
    };
    let is_long = |run: &[Piece]| run.iter().map(|piece| piece.regions).sum::<u64>() >= RUN;
    let runs: Vec<(usize, bool)> =
        pieces.chunk_by(continues).map(|run| (run.len(), is_long(run))).collect();
    let mut old = std::mem::take(pieces).into_iter();
    for (length, is_long) in runs {
        let run = old.by_ref().take(length);
        if is_long {
            pieces.extend(run.reduce(|mut first, next| {
                first.join(next);
                first
            }));
        } else {
            pieces.extend(run);
        }
    }
}

/// The longest name that is kept.
const LONGEST_NAME: usize = 256;

/// The name, without its middle if it is long.
fn name(region: &Region) -> Vec<u8> {
    let name = region.backing.name.as_slice();
    let mut kept = if name.len() <= LONGEST_NAME {
        name.to_vec()
    } else {
        let half = LONGEST_NAME / 2;
        [&name[..half], "…".as_bytes(), &name[name.len() - half..]].concat()
    };
    if region.backing.is_deleted() {
        kept.extend_from_slice(b" (deleted)");
    }
    kept
}
