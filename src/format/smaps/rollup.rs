//! `PID/smaps_rollup`: the sums of `smaps`.

use super::amounts::{Amounts, Record};
use crate::format::{Document, maps};
use crate::model::{Backing, BackingKind, Region};

/// One record for all regions; nothing for a process without regions.
#[must_use]
pub fn smaps_rollup() -> Box<dyn Document> {
    Box::<Rollup>::default()
}

#[derive(Default)]
struct Rollup {
    range: Option<(u64, u64)>,
    sums: Amounts,
}

impl Document for Rollup {
    fn add(&mut self, region: &Region, _: &mut Vec<u8>) {
        let start = self.range.map_or(region.start, |(start, _)| start);
        self.range = Some((start, region.end));
        self.sums.add(&Amounts::of(region));
    }

    fn end(&mut self, out: &mut Vec<u8>) {
        let Some((start, end)) = self.range else { return };
        let name = b"[rollup]".to_vec();
        let backing = Backing { kind: BackingKind::Pseudo, name, ..Backing::default() };
        maps(&Region { start, end, backing, ..Region::default() }, out);
        self.sums.show(Record::Rollup, out);
    }
}
