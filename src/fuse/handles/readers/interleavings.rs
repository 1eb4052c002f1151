//! Steps of several requests on a table of handles and the quota, in any order, against plain
//! lists. What `Handles` does under one lock is one step here.

use proptest::prelude::*;
use proptest::sample::Index;

use super::*;
use crate::fuse::handles::table::{Handle, Table};
use crate::fuse::quota::{Limits, Quota, Reservation};
use crate::tree::{Item, Node};

/// What stands for a content: the reader that it was generated for, and its number.
struct Held {
    reader: Reader,
    number: usize,
    _room: Reservation,
}

/// A request between its first step, which finds what the reader has, and the last, which is its
/// end.
enum Request {
    /// The reader had nothing: a new one was made without the lock.
    Begun { handle: u64, reader: Reader, new: Held },
    /// It reads from this.
    Reads { what: Shared<Held> },
}

/// What the table must hold: the handles, and of each its reader's content.
#[derive(Default)]
struct Oracle {
    handles: Vec<OracleHandle>,
}

struct OracleHandle {
    number: u64,
    id: u64,
    readers: Vec<OracleReader>,
}

struct OracleReader {
    reader: Reader,
    content: usize,
    is_closed: bool,
}

impl Oracle {
    fn handle(&mut self, number: u64) -> Option<&mut OracleHandle> {
        self.handles.iter_mut().find(|handle| handle.number == number)
    }

    /// The content of this reader, where the table must find one.
    fn find(&mut self, number: u64, reader: Reader, afresh: bool) -> Option<usize> {
        let found = self.handle(number)?.readers.iter().find(|it| it.reader == reader)?;
        (!(afresh && found.is_closed)).then_some(found.content)
    }

    fn contents(&self) -> impl Iterator<Item = usize> {
        self.handles.iter().flat_map(|handle| handle.readers.iter().map(|it| it.content))
    }
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Open { id: u64 },
    Find { handle: Index, caller: usize, afresh: bool },
    Finish(Index),
    CloseDescriptor { handle: Index, pid: u32 },
    Close(Index),
    DropDead { process: usize },
    DropClosed,
    EndListing { handle: Index, pid: u32 },
}

/// Two users share a pid one after the other, and a process has changed its ids.
const CALLERS: [(u32, u64, u32); 5] =
    [(10, 1, 501), (10, 2, 502), (11, 3, 501), (11, 3, 0), (12, 4, 502)];

fn reader(caller: usize) -> Reader {
    let (pid, identity, uid) = CALLERS[caller];
    Reader { pid, identity: Some(identity), uid, gid: uid }
}

fn step() -> impl Strategy<Value = Step> {
    let index = any::<Index>;
    let (caller, pid) = (|| 0..CALLERS.len(), || 10..13u32);
    prop_oneof![
        3 => (2..4u64).prop_map(|id| Step::Open { id }),
        8 => (index(), caller(), any::<bool>())
            .prop_map(|(handle, caller, afresh)| Step::Find { handle, caller, afresh }),
        8 => index().prop_map(Step::Finish),
        3 => (index(), pid()).prop_map(|(handle, pid)| Step::CloseDescriptor { handle, pid }),
        2 => index().prop_map(Step::Close),
        1 => caller().prop_map(|process| Step::DropDead { process }),
        1 => Just(Step::DropClosed),
        1 => (index(), pid()).prop_map(|(handle, pid)| Step::EndListing { handle, pid }),
    ]
}

proptest! {
    /// No reader gets what another one has; a request keeps what it reads from, whatever is closed
    /// meanwhile; the quota counts what is held, and nothing else.
    #[test]
    fn readers_keep_apart_and_the_quota_is_exact(steps in prop::collection::vec(step(), 0..80)) {
        let quota = Quota::new(Limits { handles: 12, ..Limits::default() });
        let (mut table, mut oracle) = (Table::<Held>::default(), Oracle::default());
        let mut requests: Vec<Request> = Vec::new();
        let (mut last, mut contents) = (0, 0);
        for step in steps {
            let pick = |index: Index| oracle.handles.get(index.index(oracle.handles.len().max(1)));
            let number = |index: Index| pick(index).map_or(0, |handle| handle.number);
            match step {
                Step::Open { id } => {
                    last += 1;
                    let node = Node { item: Some(Item::Number(last)), ..Node::ROOT };
                    let handle = Handle { id, node, readers: Readers::new(), _cost: None };
                    table.insert(last, handle);
                    oracle.handles.push(OracleHandle { number: last, id, readers: Vec::new() });
                }
                Step::Find { handle, caller, afresh } => {
                    let (handle, reader) = (number(handle), reader(caller));
                    let found = table.get(handle).map(|it| it.readers.find(reader, afresh));
                    let expected = oracle.find(handle, reader, afresh);
                    match found {
                        Ok(Some(what)) => {
                            prop_assert_eq!(Some(what.lock().number), expected);
                            prop_assert_eq!(what.lock().reader, reader);
                            requests.push(Request::Reads { what });
                        }
                        Ok(None) => {
                            prop_assert_eq!(None, expected);
                            if let Ok(_room) = quota.reserve_handle(CALLERS[caller].2) {
                                contents += 1;
                                let new = Held { reader, number: contents, _room };
                                requests.push(Request::Begun { handle, reader, new });
                            }
                        }
                        Err(_) => prop_assert!(oracle.handle(handle).is_none()),
                    }
                }
                Step::Finish(which) if !requests.is_empty() => {
                    match requests.swap_remove(which.index(requests.len())) {
                        Request::Reads { what } => drop(what),
                        Request::Begun { handle, reader, new } => {
                            let number = new.number;
                            let expected = oracle.find(handle, reader, true);
                            let Ok(open) = table.get(handle) else {
                                prop_assert!(oracle.handle(handle).is_none());
                                continue;
                            };
                            let (what, _) = open.readers.keep(reader, new);
                            prop_assert_eq!(what.lock().number, expected.unwrap_or(number));
                            prop_assert_eq!(what.lock().reader, reader);
                            requests.push(Request::Reads { what });
                            if let (None, Some(known)) = (expected, oracle.handle(handle)) {
                                known.readers.retain(|it| it.reader.pid != reader.pid);
                                let kept =
                                    OracleReader { reader, content: number, is_closed: false };
                                known.readers.push(kept);
                            }
                        }
                    }
                }
                Step::Finish(_) => {}
                Step::CloseDescriptor { handle, pid } => {
                    let handle = number(handle);
                    if let (Ok(open), Some(known)) = (table.get(handle), oracle.handle(handle)) {
                        open.readers.close(pid);
                        for reader in known.readers.iter_mut().filter(|it| it.reader.pid == pid) {
                            reader.is_closed = true;
                        }
                    }
                }
                Step::Close(handle) => {
                    let handle = number(handle);
                    let known = oracle.handle(handle).is_some();
                    prop_assert_eq!(table.remove(handle).is_some(), known);
                    oracle.handles.retain(|it| it.number != handle);
                }
                Step::DropDead { process } => {
                    let dead = reader(process).process();
                    let mut taken = Vec::new();
                    let is_dead = |it| it == dead;
                    table.readers_mut().for_each(|readers| readers.take_dead(is_dead, &mut taken));
                    for handle in &mut oracle.handles {
                        handle.readers.retain(|it| it.reader.process() != dead);
                    }
                }
                Step::DropClosed => {
                    let mut taken = Vec::new();
                    table.readers_mut().for_each(|readers| readers.take_closed(&mut taken));
                    let in_use: Vec<usize> = requests.iter().filter_map(Request::reads).collect();
                    for handle in &mut oracle.handles {
                        handle.readers.retain(|it| !it.is_closed || in_use.contains(&it.content));
                    }
                }
                Step::EndListing { handle, pid } => {
                    let handle = number(handle);
                    if let (Ok(open), Some(known)) = (table.get(handle), oracle.handle(handle)) {
                        drop(open.readers.remove(pid));
                        known.readers.retain(|it| it.reader.pid != pid);
                    }
                }
            }
            // By node: the handle that was opened last.
            for id in 2..4 {
                let last = oracle.handles.iter().rfind(|handle| handle.id == id);
                let found = table.last_on(id).map(|(number, node)| (number, node.item));
                prop_assert_eq!(found, last.map(|it| (it.number, Some(Item::Number(it.number)))));
            }
            // What the table holds, and what requests hold besides.
            let mut held: Vec<usize> = oracle.contents().collect();
            held.extend(requests.iter().map(Request::content));
            held.sort_unstable();
            held.dedup();
            prop_assert_eq!(quota.handles_in_use(), held.len());
        }
        drop((table, requests));
        prop_assert_eq!(quota.handles_in_use(), 0);
    }
}

impl Request {
    fn reads(&self) -> Option<usize> {
        match self {
            Request::Reads { what } => Some(what.lock().number),
            Request::Begun { .. } => None,
        }
    }

    fn content(&self) -> usize {
        match self {
            Request::Reads { what } => what.lock().number,
            Request::Begun { new, .. } => new.number,
        }
    }
}
