//! Node ids. Most are computed from the node. Items of processes do not fit into 64 bits: they get
//! a number when they are looked up, and lose it when the kernel forgets them.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use parking_lot::Mutex;

use crate::model::{Error, ErrorKind, Identity, Pid, Result};
use crate::tree::{Item, Node, RowId, Tree};

/// The ids of all nodes that the kernel may name.
pub(super) struct NodeIds {
    tree: Arc<Tree>,
    /// The most items with a number at a time. The kernel may forget late or, when it unmounts, not
    /// at all.
    most: usize,
    numbered: Mutex<Numbered>,
}

#[derive(Default)]
struct Numbered {
    /// Counts up, so that a forgotten id never leads to another node.
    last: u64,
    by_id: BTreeMap<u64, Known>,
    by_item: HashMap<Key, u64>,
}

struct Known {
    item: Key,
    /// How many look-ups with this id the kernel has not forgotten yet.
    lookups: u64,
}

/// A node in fewer bytes.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    identity: u64,
    item: Item,
    pid: Option<Pid>,
    row: RowId,
}

impl Key {
    fn of(node: Node) -> Self {
        let Node { row, process, item } = node;
        let identity = process.map_or(0, |(_, identity)| identity.number());
        let item = item.unwrap_or(Item::Number(0));
        Key { identity, item, pid: process.map(|(pid, _)| pid), row }
    }

    fn process(self) -> Option<(Pid, Identity)> {
        self.pid.map(|pid| (pid, Identity::new(self.identity)))
    }

    fn node(self) -> Node {
        Node { row: self.row, process: self.process(), item: Some(self.item) }
    }
}

impl Numbered {
    fn retain(&mut self, mut keep: impl FnMut(u64, Key) -> bool) {
        let Numbered { by_id, by_item, .. } = self;
        by_id.retain(|id, known| {
            let is_kept = keep(*id, known.item);
            if !is_kept {
                by_item.remove(&known.item);
            }
            is_kept
        });
        self.give_back();
    }

    /// Gives memory back after many were known at a time.
    fn give_back(&mut self) {
        let by_item = &mut self.by_item;
        if by_item.capacity() > 1024 && by_item.len() < by_item.capacity() / 8 {
            by_item.shrink_to(2 * by_item.len());
        }
    }
}

impl NodeIds {
    pub(super) fn new(tree: Arc<Tree>, most: usize) -> Self {
        NodeIds { tree, most, numbered: Mutex::default() }
    }

    /// The node of this id.
    ///
    /// # Errors
    /// `Replaced` for an id that was given up, `NoSuchName` for one that never was a node's.
    pub(super) fn node(&self, id: u64) -> Result<Node> {
        Node::from_id(id).or_else(|error| {
            let numbered = self.numbered.lock();
            match numbered.by_id.get(&id) {
                Some(known) => Ok(known.item.node()),
                None if Node::is_uncomputed(id) => Err(Error::new(ErrorKind::Replaced, "node id")),
                None => Err(error),
            }
        })
    }

    /// The id of a node for a reply to LOOKUP, after which the kernel may name the node.
    pub(super) fn looked_up(&self, node: Node) -> u64 {
        node.id().unwrap_or_else(|| {
            let mut numbered = self.numbered.lock();
            let Numbered { last, by_id, by_item } = &mut *numbered;
            let item = Key::of(node);
            let id = *by_item.entry(item).or_insert_with(|| {
                *last += 1;
                Node::uncomputed(*last)
            });
            by_id.entry(id).or_insert(Known { item, lookups: 0 }).lookups += 1;
            id
        })
    }

    /// The kernel forgets this many look-ups of this id.
    pub(super) fn forget(&self, id: u64, lookups: u64) {
        let mut numbered = self.numbered.lock();
        let Some(known) = numbered.by_id.get_mut(&id) else { return };
        known.lookups = known.lookups.saturating_sub(lookups);
        if known.lookups == 0 {
            let item = known.item;
            numbered.by_id.remove(&id);
            numbered.by_item.remove(&item);
            numbered.give_back();
        }
    }

    /// Makes room for one more item where there is none. Items of dead processes leave first, then
    /// the oldest quarter. Asks the kernel about processes.
    pub(super) fn make_room(&self) {
        let processes: HashSet<(Pid, Identity)> = {
            let numbered = self.numbered.lock();
            if numbered.by_id.len() < self.most {
                return;
            }
            numbered.by_id.values().filter_map(|known| known.item.process()).collect()
        };
        let living: HashSet<(Pid, Identity)> = processes
            .into_iter()
            .filter(|(pid, identity)| self.tree.lives(*pid, *identity))
            .collect();
        let mut numbered = self.numbered.lock();
        numbered.retain(|_, item| item.process().is_none_or(|process| living.contains(&process)));
        let room = self.most - self.most / 4;
        if numbered.by_id.len() > room {
            let too_many = numbered.by_id.len() - room;
            if let Some(first) = numbered.by_id.keys().nth(too_many).copied() {
                numbered.retain(|id, _| id >= first);
            }
        }
    }
}
