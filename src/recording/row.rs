//! Where a row ends, and that each ends above the last.

/// The end of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// Where the next row is asked for.
    At(u64),
    /// At 2^64: there is no next one.
    Top,
}

/// The end of a row that ends above `cursor` and at 2^64 at most. The row may start below the
/// cursor: a region that has grown downwards, or was merged with the one before, meanwhile.
pub(super) fn end_after(address: u64, size: u64, cursor: u64) -> Option<End> {
    if size == 0 {
        return None;
    }
    match address.checked_add(size) {
        Some(end) => (end > cursor).then_some(End::At(end)),
        None => (u128::from(address) + u128::from(size) == 1 << 64).then_some(End::Top),
    }
}
