//! Open files and directories, by the handle that the kernel passes back.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;

use super::budget::{Budget, Charge, Limits};
use super::content::Content;
use crate::model::{Error, ErrorKind, Result};
use crate::tree::{Caller, Entry, Node, Tree};

/// What a reader has for itself. An event loop that finds it locked leaves the work to the pool.
pub(super) type Shared<T> = Arc<Mutex<T>>;

/// All open handles.
pub(super) struct Handles {
    /// macOS opens a node once for all its readers, so each has a content of its own there.
    per_reader: bool,
    budget: Arc<Budget>,
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    last: u64,
    files: HashMap<u64, OpenFile>,
    directories: HashMap<u64, HashMap<u32, Shared<Listing>>>,
}

struct OpenFile {
    node: u64,
    contents: HashMap<u32, Shared<Content>>,
}

impl Handles {
    pub(super) fn new(per_reader: bool, limits: Limits) -> Self {
        Handles { per_reader, budget: Budget::new(limits), open: Mutex::default() }
    }

    /// Room for what one more reader keeps open.
    ///
    /// # Errors
    /// `TooManyOpen`.
    pub(super) fn room(&self, caller: &Caller) -> Result<Charge> {
        self.budget.handle(caller.uid)
    }

    /// Whether one handle serves several readers, so that each read is to be checked.
    pub(super) fn are_shared(&self) -> bool {
        self.per_reader
    }

    fn reader(&self, caller: &Caller) -> u32 {
        if self.per_reader { caller.pid } else { 0 }
    }

    /// A new handle of a file, with the content for the one who opened it.
    pub(super) fn open_file(&self, node: Node, caller: &Caller, content: Content) -> u64 {
        let mut open = self.open.lock();
        open.last += 1;
        let handle = open.last;
        let contents = HashMap::from([(self.reader(caller), Arc::new(Mutex::new(content)))]);
        open.files.insert(handle, OpenFile { node: node.number(), contents });
        handle
    }

    /// A handle that is open on this node, if there is one.
    pub(super) fn open_on(&self, node: u64) -> Option<u64> {
        let open = self.open.lock();
        open.files.iter().find(|(_, file)| file.node == node).map(|(handle, _)| *handle)
    }

    /// The content that this reader has behind this handle, `None` for a reader that the handle
    /// has not seen yet.
    ///
    /// # Errors
    /// `BadHandle`.
    pub(super) fn content(&self, handle: u64, caller: &Caller) -> Result<Option<Shared<Content>>> {
        let open = self.open.lock();
        let file = open.files.get(&handle).ok_or_else(no_handle)?;
        Ok(file.contents.get(&self.reader(caller)).cloned())
    }

    /// Gives a reader that the handle has not seen a content of its own, and returns the one that
    /// it has from now on.
    ///
    /// # Errors
    /// `BadHandle`.
    pub(super) fn add_reader(
        &self,
        handle: u64,
        caller: &Caller,
        content: Content,
    ) -> Result<Shared<Content>> {
        let mut open = self.open.lock();
        let file = open.files.get_mut(&handle).ok_or_else(no_handle)?;
        let content = || Arc::new(Mutex::new(content));
        Ok(Arc::clone(file.contents.entry(self.reader(caller)).or_insert_with(content)))
    }

    /// Forgets a file and all that was made for it.
    pub(super) fn close_file(&self, handle: u64) {
        // Dropped behind the lock: closing files is a call to the kernel.
        let closed = {
            let mut open = self.open.lock();
            let closed = open.files.remove(&handle);
            give_back(&mut open.files);
            closed
        };
        drop(closed);
    }

    /// A new handle of a directory.
    ///
    /// # Errors
    /// `TooManyOpen`.
    pub(super) fn open_directory(&self, caller: &Caller) -> Result<u64> {
        let listing = Listing::new(self.room(caller)?);
        let mut open = self.open.lock();
        open.last += 1;
        let handle = open.last;
        let listings = HashMap::from([(self.reader(caller), Arc::new(Mutex::new(listing)))]);
        open.directories.insert(handle, listings);
        Ok(handle)
    }

    /// The listing that this reader has behind this handle.
    ///
    /// # Errors
    /// `BadHandle`; `TooManyOpen` for a reader that the handle has not seen yet.
    pub(super) fn listing(&self, handle: u64, caller: &Caller) -> Result<Shared<Listing>> {
        let reader = self.reader(caller);
        let mut open = self.open.lock();
        let listings = open.directories.get_mut(&handle).ok_or_else(no_handle)?;
        if let Some(listing) = listings.get(&reader) {
            return Ok(Arc::clone(listing));
        }
        let listing = Arc::new(Mutex::new(Listing::new(self.room(caller)?)));
        listings.insert(reader, Arc::clone(&listing));
        Ok(listing)
    }

    /// Forgets a directory and its listings.
    pub(super) fn close_directory(&self, handle: u64) {
        let mut open = self.open.lock();
        open.directories.remove(&handle);
        give_back(&mut open.directories);
    }
}

/// Gives memory back after many were open at a time.
fn give_back<T>(handles: &mut HashMap<u64, T>) {
    if handles.capacity() > 1024 && handles.len() < handles.capacity() / 8 {
        handles.shrink_to(2 * handles.len());
    }
}

fn no_handle() -> Error {
    Error::new(ErrorKind::BadHandle, "handle")
}

/// The names of an open directory, as they were when the reader began at its start: later reads
/// continue in the same list, so that none is doubled and none that lives throughout is lost.
pub(super) struct Listing {
    entries: Option<Vec<Entry>>,
    charge: Charge,
}

impl Listing {
    fn new(charge: Charge) -> Self {
        Listing { entries: None, charge }
    }

    /// The names behind this cookie; from the start, 0, the directory is read anew.
    ///
    /// # Errors
    /// As [`Tree::list`]; `NoRoom`.
    pub(super) fn after(
        &mut self,
        cookie: u64,
        tree: &Tree,
        node: Node,
        caller: &Caller,
    ) -> Result<&[Entry]> {
        let entries = match self.entries.take().filter(|_| cookie != 0) {
            Some(entries) => entries,
            None => {
                let mut entries = tree.list(node, caller)?;
                entries.shrink_to_fit();
                self.charge.hold(entries.capacity() * size_of::<Entry>())?;
                entries
            }
        };
        let entries = self.entries.insert(entries);
        let first = entries.partition_point(|entry| entry.cookie <= cookie);
        Ok(&entries[first..])
    }
}
