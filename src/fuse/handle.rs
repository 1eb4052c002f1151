//! Open files and directories, by the handle that the kernel passes back.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;

use super::content::Content;
use crate::model::{Error, ErrorKind, Result};
use crate::tree::{Caller, Entry, Node, Tree};

/// What a reader shares with nobody, behind a lock that an event loop never waits for.
pub(super) type Shared<T> = Arc<Mutex<T>>;

/// All open handles.
pub(super) struct Handles {
    /// macOS opens a node once for all its readers, so each has a content of its own there.
    per_reader: bool,
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    last: u64,
    files: HashMap<u64, HashMap<u32, Shared<Content>>>,
    directories: HashMap<u64, HashMap<u32, Shared<Listing>>>,
}

impl Handles {
    pub(super) fn new(per_reader: bool) -> Self {
        Handles { per_reader, open: Mutex::default() }
    }

    /// Whether one handle serves several readers, so that each read is to be checked.
    pub(super) fn are_shared(&self) -> bool {
        self.per_reader
    }

    fn reader(&self, caller: &Caller) -> u32 {
        if self.per_reader { caller.pid } else { 0 }
    }

    /// A new handle of a file, with the content for the one who opened it.
    pub(super) fn open_file(&self, caller: &Caller, content: Content) -> u64 {
        let mut open = self.open.lock();
        open.last += 1;
        let handle = open.last;
        let contents = HashMap::from([(self.reader(caller), Arc::new(Mutex::new(content)))]);
        open.files.insert(handle, contents);
        handle
    }

    /// The content that this reader has behind this handle, made by `open` where it is a reader
    /// that the handle has not seen.
    ///
    /// # Errors
    /// `BadHandle`, and those of `open`.
    pub(super) fn content(
        &self,
        handle: u64,
        caller: &Caller,
        open: impl FnOnce() -> Result<Content>,
    ) -> Result<Shared<Content>> {
        let reader = self.reader(caller);
        let none = || Error::new(ErrorKind::BadHandle, "handle");
        let known =
            self.open.lock().files.get(&handle).ok_or_else(none)?.get(&reader).map(Arc::clone);
        if let Some(content) = known {
            return Ok(content);
        }
        // Not under the lock: opening asks the kernel, which may sleep.
        let made = Arc::new(Mutex::new(open()?));
        let mut open = self.open.lock();
        let contents = open.files.get_mut(&handle).ok_or_else(none)?;
        Ok(Arc::clone(contents.entry(reader).or_insert(made)))
    }

    /// Forgets a file and all that was made for it.
    pub(super) fn close_file(&self, handle: u64) {
        // Dropped behind the lock: closing files is a call to the kernel.
        let closed = self.open.lock().files.remove(&handle);
        drop(closed);
    }

    /// A new handle of a directory.
    pub(super) fn open_directory(&self) -> u64 {
        let mut open = self.open.lock();
        open.last += 1;
        let handle = open.last;
        open.directories.insert(handle, HashMap::new());
        handle
    }

    /// The listing that this reader has behind this handle.
    ///
    /// # Errors
    /// `BadHandle`.
    pub(super) fn listing(&self, handle: u64, caller: &Caller) -> Result<Shared<Listing>> {
        let reader = self.reader(caller);
        let mut open = self.open.lock();
        let listings = open
            .directories
            .get_mut(&handle)
            .ok_or_else(|| Error::new(ErrorKind::BadHandle, "handle"))?;
        Ok(Arc::clone(listings.entry(reader).or_default()))
    }

    /// Forgets a directory and its listings.
    pub(super) fn close_directory(&self, handle: u64) {
        self.open.lock().directories.remove(&handle);
    }
}

/// The names of an open directory, as they were when the reader began at its start: later reads
/// continue in the same list, so that none is doubled and none that lives throughout is lost.
#[derive(Default)]
pub(super) struct Listing {
    entries: Option<Vec<Entry>>,
}

impl Listing {
    /// The names behind this cookie; from the start, 0, the directory is read anew.
    ///
    /// # Errors
    /// As [`Tree::list`].
    pub(super) fn after(&mut self, cookie: u64, tree: &Tree, node: Node) -> Result<&[Entry]> {
        let entries = match self.entries.take().filter(|_| cookie != 0) {
            Some(entries) => entries,
            None => tree.list(node)?,
        };
        let entries = self.entries.insert(entries);
        let first = entries.partition_point(|entry| entry.cookie <= cookie);
        Ok(&entries[first..])
    }
}
