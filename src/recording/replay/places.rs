//! The places of a recorded process's rows: each is found without a look at the others, of which a
//! stranger's recording may have millions.

use super::super::{Answer, Kept, RecordedProcess, RecordedThreadPort, Reply, ThreadPortAnswers};
use crate::kernel::xnu::RegionPathInfo;

/// The orders of a process's lists.
#[derive(Debug)]
pub(super) struct Places {
    /// The last address of each region.
    regions: Box<[u64]>,
    pub(super) threads: Order,
    pub(super) files: Order,
    pub(super) ports: Order,
    pub(super) thread_ports: Order,
}

impl Places {
    pub(super) fn of(process: &RecordedProcess) -> Self {
        let last = |row: &Kept<RegionPathInfo>| {
            let region = row.get().region;
            last(region.address, region.size)
        };
        let threads = Answer::look_up(process.threads.as_ref()).map_or(&[][..], Vec::as_slice);
        let files = Answer::look_up(process.files.as_ref()).map_or(&[][..], Vec::as_slice);
        let ports = Reply::look_up(process.ports.as_ref()).map_or(&[][..], Vec::as_slice);
        let by_port = Reply::look_up(process.thread_ports.as_ref()).map_or(&[][..], Vec::as_slice);
        Places {
            regions: process.regions.iter().map(last).collect(),
            threads: Order::of(threads, |row| row.id),
            files: Order::of(files, |row| row.file.descriptor),
            ports: Order::of(ports, |row| row.entry.name),
            thread_ports: Order::of(by_port, thread_id),
        }
    }

    /// The region that answers a call for this address.
    pub(super) fn region<'a>(
        &self,
        process: &'a RecordedProcess,
        address: u64,
    ) -> Option<&'a Kept<RegionPathInfo>> {
        process.regions.get(self.regions.partition_point(|last| *last < address))
    }
}

/// The last address of a row, which is never empty.
pub(super) fn last(address: u64, size: u64) -> u64 {
    address.saturating_add(size.saturating_sub(1))
}

/// The id of a thread by its port; 0, which no thread has, if the kernel did not give it.
pub(super) fn thread_id(row: &RecordedThreadPort) -> u64 {
    match row.answers.as_deref() {
        Some(ThreadPortAnswers { identifier: Some(Reply::Ok(identifier)), .. }) => {
            identifier.get().id
        }
        _ => 0,
    }
}

/// The places of rows by ascending key, equal keys in the order of the list; none if the list
/// itself has that order.
#[derive(Clone, Debug)]
pub(super) struct Order(Option<Vec<u32>>);

impl Order {
    fn of<T, K: Ord>(rows: &[T], key: impl Fn(&T) -> K) -> Self {
        if rows.is_sorted_by_key(&key) {
            return Order(None);
        }
        let key = |place: &u32| rows.get(*place as usize).map(&key);
        let mut places: Vec<u32> = (0..).take(rows.len()).collect();
        places.sort_by_key(key);
        Order(Some(places))
    }

    /// The first row with this key.
    pub(super) fn find<'a, T, K: Ord>(
        &self,
        rows: &'a [T],
        key: impl Fn(&T) -> K,
        wanted: K,
    ) -> Option<&'a T> {
        rows.get(self.place(rows, key, wanted)?)
    }

    /// The place of the first row with this key.
    pub(super) fn place<T, K: Ord>(
        &self,
        rows: &[T],
        key: impl Fn(&T) -> K,
        wanted: K,
    ) -> Option<usize> {
        let place = match &self.0 {
            None => rows.partition_point(|row| key(row) < wanted),
            Some(places) => {
                let is_below =
                    |place: &u32| rows.get(*place as usize).is_some_and(|row| key(row) < wanted);
                *places.get(places.partition_point(is_below))? as usize
            }
        };
        (key(rows.get(place)?) == wanted).then_some(place)
    }
}

#[cfg(test)]
mod tests {
    use super::Order;

    #[test]
    fn the_first_row_of_a_key_is_found_in_any_order() {
        for rows in [vec![], vec![3], vec![1, 2, 2, 9], vec![9, 2, 5, 2, 1, 9]] {
            let order = Order::of(&rows, |row| *row);
            for wanted in 0..11 {
                let expected = rows.iter().position(|row| *row == wanted);
                assert_eq!(order.place(&rows, |row| *row, wanted), expected, "{rows:?} {wanted}");
            }
        }
    }
}
