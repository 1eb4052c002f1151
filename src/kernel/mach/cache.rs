//! The libraries in dyld's shared cache: their addresses, and how their pages are mapped.
//!
//! The cache may come from a recording, so it is used only if it is consistent.

use std::ops::Range;

use super::own::Claims;
use crate::kernel::xnu::{CacheMapping, MOST_MEMORY, Segment, SharedCache};
use crate::model::Protection;

/// An index of a [`SharedCache`].
#[derive(Debug, Default)]
pub struct Cache {
    /// The pid of the process in which the cache was read.
    pub pid: i32,
    /// From the start of the first mapping to the end of the last one.
    pub range: Range<u64>,
    claims: Claims,
    /// In ascending order.
    mappings: Vec<Mapping>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Mapping {
    range: Range<u64>,
    protection: Protection,
}

impl Mapping {
    fn of(mapping: &CacheMapping) -> Option<Self> {
        let end = mapping.address.checked_add(mapping.size)?;
        let protection = Protection::from_bits(mapping.protection);
        Some(Mapping { range: mapping.address..end, protection })
    }
}

/// A piece of the cache that belongs to one library, or to none, with one protection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece<'a> {
    /// The address after its last byte.
    pub end: u64,
    /// The library's install path.
    pub path: Option<&'a [u8]>,
    /// The initial protection of its pages; unknown between mappings.
    pub protection: Option<Protection>,
}

impl Cache {
    /// `None` if mappings overlap, the first does not begin with the header, a library reaches out
    /// of the cache, or the index would keep more than [`MOST_MEMORY`].
    #[must_use]
    pub fn of(cache: SharedCache) -> Option<Self> {
        let SharedCache { pid, address, mappings, images } = cache;
        let mappings: Option<Vec<_>> = mappings.iter().map(Mapping::of).collect();
        let mut mappings = mappings?;
        mappings.retain(|mapping| !mapping.range.is_empty());
        mappings.sort_unstable_by_key(|mapping| mapping.range.start);
        let range = address..mappings.last()?.range.end;
        let is_first = mappings.first().is_some_and(|mapping| mapping.range.start == address);
        let apart = mappings.windows(2).all(|two| two[0].range.end <= two[1].range.start);
        let inside = |it: &Segment| {
            range.start <= it.start
                && it.start.checked_add(it.size).is_some_and(|end| end <= range.end)
        };
        if !is_first || !apart || !images.iter().flat_map(|it| &it.segments).all(inside) {
            return None;
        }
        let cache = Cache { pid, range, claims: Claims::of(images), mappings };
        (cache.memory() <= MOST_MEMORY).then_some(cache)
    }

    /// The piece at this address, up to the start of another library or protection.
    #[must_use]
    pub fn at(&self, address: u64) -> Piece<'_> {
        let mut piece = self.part_at(address);
        while piece.end < u64::MAX {
            let next = self.part_at(piece.end);
            if (next.path, next.protection) != (piece.path, piece.protection) {
                break;
            }
            piece.end = next.end;
        }
        piece
    }

    /// Like [`at`](Self::at), up to the end of a mapping or segment.
    fn part_at(&self, address: u64) -> Piece<'_> {
        let (end, path) = self.claims.at(address);
        let next = self.mappings.partition_point(|mapping| mapping.range.end <= address);
        let (edge, protection) = match self.mappings.get(next) {
            Some(mapping) if mapping.range.contains(&address) => {
                (mapping.range.end, Some(mapping.protection))
            }
            Some(mapping) => (mapping.range.start, None),
            None => (u64::MAX, None),
        };
        Piece { end: end.min(edge), path, protection }
    }

    /// The bytes that the index keeps, approximately.
    #[must_use]
    pub fn memory(&self) -> usize {
        self.claims.memory() + self.mappings.len() * size_of::<Mapping>()
    }
}
