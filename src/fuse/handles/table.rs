//! The open handles of one kind, by their numbers and by the node ids that they are open on.

use std::collections::HashMap;

use super::readers::Readers;
use crate::fuse::quota::Reservation;
use crate::model::{Error, ErrorKind, Result};
use crate::tree::Node;

/// One open handle.
pub(super) struct Handle<T> {
    pub(super) id: u64,
    pub(super) node: Node,
    pub(super) readers: Readers<T>,
    /// What the handle itself costs, where it costs more than its readers.
    pub(super) _cost: Option<Reservation>,
}

/// The open handles of one kind.
pub(in crate::fuse) struct Table<T> {
    handles: HashMap<u64, Handle<T>>,
    /// The handles that are open on a node id, in the order of their opening.
    on: HashMap<u64, Vec<u64>>,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Table { handles: HashMap::new(), on: HashMap::new() }
    }
}

impl<T> Table<T> {
    /// Keeps a handle under this number.
    pub(super) fn insert(&mut self, number: u64, handle: Handle<T>) {
        self.on.entry(handle.id).or_default().push(number);
        self.handles.insert(number, handle);
    }

    /// Takes a handle away.
    pub(super) fn remove(&mut self, number: u64) -> Option<Handle<T>> {
        let handle = self.handles.remove(&number)?;
        if let Some(numbers) = self.on.get_mut(&handle.id) {
            numbers.retain(|other| *other != number);
            if numbers.is_empty() {
                self.on.remove(&handle.id);
            }
        }
        give_back(&mut self.handles);
        give_back(&mut self.on);
        Some(handle)
    }

    /// The handle with this number.
    ///
    /// # Errors
    /// `BadHandle`.
    pub(super) fn get(&mut self, number: u64) -> Result<&mut Handle<T>> {
        let no_handle = || Error::new(ErrorKind::BadHandle, "handle");
        self.handles.get_mut(&number).ok_or_else(no_handle)
    }

    /// The handle that was opened last of those on this node id, and the node.
    pub(super) fn last_on(&self, id: u64) -> Option<(u64, Node)> {
        let number = *self.on.get(&id)?.last()?;
        self.handles.get(&number).map(|handle| (number, handle.node))
    }

    /// The readers of all handles.
    pub(super) fn readers(&self) -> impl Iterator<Item = &Readers<T>> {
        self.handles.values().map(|handle| &handle.readers)
    }

    /// The readers of all handles, to change them.
    pub(super) fn readers_mut(&mut self) -> impl Iterator<Item = &mut Readers<T>> {
        self.handles.values_mut().map(|handle| &mut handle.readers)
    }
}

/// Gives memory back after many handles were open at a time.
fn give_back<T>(handles: &mut HashMap<u64, T>) {
    if handles.capacity() > 1024 && handles.len() < handles.capacity() / 8 {
        handles.shrink_to(2 * handles.len());
    }
}
