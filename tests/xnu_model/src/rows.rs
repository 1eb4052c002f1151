//! A recorded process with its rows in order: one is found without looking at the others, of
//! which a stranger's recording may have hundreds of thousands.

use std::ops::Deref;

use super::super::calls::PortName;
use super::super::recording::{
    Answer, RecordedFile, RecordedProcess, RecordedRight, RecordedThread, RecordedThreadPort, Reply,
};

/// The process, and where its rows stand.
#[derive(Clone, Debug)]
pub(super) struct Rows {
    process: RecordedProcess,
    threads: Order,
    files: Order,
    ports: Order,
    thread_ports: Order,
}

impl Deref for Rows {
    type Target = RecordedProcess;

    fn deref(&self) -> &RecordedProcess {
        &self.process
    }
}

impl Rows {
    pub(super) fn new(process: RecordedProcess) -> Self {
        let threads = Order::of(answered(process.threads.as_ref()), |row| row.id);
        let files = Order::of(answered(process.files.as_ref()), |row| row.file.descriptor);
        let ports = Order::of(replied(process.ports.as_ref()), |row| row.entry.name);
        let thread_ports = Order::of(replied(process.thread_ports.as_ref()), thread_id);
        Rows { process, threads, files, ports, thread_ports }
    }

    pub(super) fn thread(&self, id: u64) -> Option<&RecordedThread> {
        let rows = answered(self.process.threads.as_ref());
        rows.get(self.threads.find(rows, |row| row.id, id)?)
    }

    pub(super) fn file(&self, descriptor: i32) -> Option<&RecordedFile> {
        let rows = answered(self.process.files.as_ref());
        rows.get(self.files.find(rows, |row| row.file.descriptor, descriptor)?)
    }

    pub(super) fn right(&self, name: PortName) -> Option<&RecordedRight> {
        let rows = replied(self.process.ports.as_ref());
        rows.get(self.ports.find(rows, |row| row.entry.name, name)?)
    }

    /// Where the port of this thread stands in its list.
    pub(super) fn thread_port(&self, id: u64) -> Option<usize> {
        let rows = replied(self.process.thread_ports.as_ref());
        self.thread_ports.find(rows, thread_id, id)
    }
}

/// 0, which no thread has, where the kernel did not tell.
fn thread_id(row: &RecordedThreadPort) -> u64 {
    row.identifier.get().map_or(0, |identifier| identifier.id)
}

fn answered<T>(part: Option<&Answer<Vec<T>>>) -> &[T] {
    match part {
        Some(Answer::Ok(rows)) => rows,
        _ => &[],
    }
}

fn replied<T>(part: Option<&Reply<Vec<T>>>) -> &[T] {
    match part {
        Some(Reply::Ok(rows)) => rows,
        _ => &[],
    }
}

/// The places of rows by ascending key, those of one key in the order of the list; none where the
/// list is in that order itself.
#[derive(Clone, Debug)]
struct Order(Option<Vec<u32>>);

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

    /// The place of the first row with this key.
    fn find<T, K: Ord>(&self, rows: &[T], key: impl Fn(&T) -> K, wanted: K) -> Option<usize> {
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
                assert_eq!(order.find(&rows, |row| *row, wanted), expected, "{rows:?} {wanted}");
            }
        }
    }
}
