//! The end of a row, and the check that each ends above the last.

/// The end of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The address for the next call.
    At(u64),
    /// The row ends at 2^64: there is no next one.
    Top,
}

/// The end of a row, if it is above `cursor` and at most 2^64. The row may start below the cursor:
/// a region that has grown downwards meanwhile, or was merged with the one before.
pub(super) fn end_after(address: u64, size: u64, cursor: u64) -> Option<End> {
    if size == 0 {
        return None;
    }
    match address.checked_add(size) {
        Some(end) => (end > cursor).then_some(End::At(end)),
        None => (u128::from(address) + u128::from(size) == 1 << 64).then_some(End::Top),
    }
}
