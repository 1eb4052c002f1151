//! Open files and directories, by the handle that the kernel passes back.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use parking_lot::Mutex;

use super::budget::{Budget, Charge, Limits};
use super::content::Content;
use super::listing::Listing;
use super::readers::{Reader, Readers, Shared};
use crate::model::{Error, ErrorKind, Result};
use crate::tree::{Caller, Node, Tree};

/// All open handles.
pub(super) struct Handles {
    tree: Arc<Tree>,
    /// Whether one handle serves all who open a node, so that each reader has a content of its own.
    are_shared: bool,
    budget: Arc<Budget>,
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    last: u64,
    files: HashMap<u64, Handle<Content>>,
    directories: HashMap<u64, Handle<Listing>>,
    /// The handles that are open on a node id.
    on: HashMap<u64, Vec<u64>>,
}

impl Open {
    /// The number of a new handle on this node id.
    fn add(&mut self, id: u64) -> u64 {
        self.last += 1;
        self.on.entry(id).or_default().push(self.last);
        self.last
    }

    /// Forgets that this handle is open on this node id.
    fn remove(&mut self, id: u64, handle: u64) {
        if let Some(handles) = self.on.get_mut(&id) {
            handles.retain(|other| *other != handle);
            if handles.is_empty() {
                self.on.remove(&id);
            }
        }
        give_back(&mut self.on);
    }
}

struct Handle<T> {
    id: u64,
    node: Node,
    readers: Readers<T>,
    /// What the handle itself costs, where it costs more than its readers.
    _charge: Option<Charge>,
}

/// What was taken away: dropped without the lock, since closing files is a call to the kernel.
#[derive(Default)]
struct Taken {
    contents: Vec<Shared<Content>>,
    listings: Vec<Shared<Listing>>,
}

impl Handles {
    pub(super) fn new(tree: Arc<Tree>, are_shared: bool, limits: Limits) -> Self {
        let budget = Budget::new(limits);
        Handles { tree, are_shared, budget, open: Mutex::default() }
    }

    fn reader(&self, caller: &Caller) -> Result<Reader> {
        if self.are_shared { Reader::of(caller, &self.tree) } else { Ok(Reader::ANY) }
    }

    /// Tries again where there is too little room: without what readers have left that do not live,
    /// then without what closed files have left.
    ///
    /// # Errors
    /// As the attempt; `TooManyOpen` or `NoRoom` where there is no room all the same.
    pub(super) fn with_room<T>(&self, mut attempt: impl FnMut() -> Result<T>) -> Result<T> {
        for make_room in [Self::drop_dead, Self::drop_closed] {
            match attempt() {
                Err(error)
                    if self.are_shared
                        && matches!(error.kind, ErrorKind::TooManyOpen | ErrorKind::NoRoom) =>
                {
                    make_room(self);
                }
                result => return result,
            }
        }
        attempt()
    }

    /// Room for what one more reader keeps open.
    fn room(&self, caller: &Caller) -> Result<Charge> {
        self.budget.handle(caller.uid)
    }

    /// The content of a file for this caller, of which nothing is made yet.
    ///
    /// # Errors
    /// `TooManyOpen`; as [`Tree::open`].
    fn content(&self, node: Node, caller: &Caller) -> Result<Content> {
        let room = self.room(caller)?;
        Ok(Content::new(self.tree.open(node, caller)?, room))
    }

    fn charge(&self, caller: &Caller) -> Result<Option<Charge>> {
        if self.are_shared { self.room(caller).map(Some) } else { Ok(None) }
    }

    /// A new handle of a file, for the one who opens it.
    ///
    /// # Errors
    /// `TooManyOpen`; as [`Tree::open`].
    pub(super) fn open_file(&self, id: u64, node: Node, caller: &Caller) -> Result<u64> {
        let reader = self.reader(caller)?;
        let charge = self.charge(caller)?;
        let readers = Readers::new(reader, self.content(node, caller)?);
        let mut open = self.open.lock();
        let handle = open.add(id);
        open.files.insert(handle, Handle { id, node, readers, _charge: charge });
        Ok(handle)
    }

    /// A handle of a file that is open on this node id, if there is one.
    pub(super) fn file_on(&self, id: u64) -> Option<u64> {
        let open = self.open.lock();
        let handle = *open.on.get(&id)?.last()?;
        open.files.contains_key(&handle).then_some(handle)
    }

    /// The node that is open under this id, also where the id itself was given up.
    pub(super) fn node_on(&self, id: u64) -> Option<Node> {
        let open = self.open.lock();
        let handle = open.on.get(&id).and_then(|handles| handles.last())?;
        let file = open.files.get(handle).map(|file| file.node);
        file.or_else(|| open.directories.get(handle).map(|directory| directory.node))
    }

    /// The node that this file is open on.
    ///
    /// # Errors
    /// `BadHandle`.
    pub(super) fn node_of_file(&self, handle: u64) -> Result<Node> {
        self.open.lock().files.get(&handle).map(|file| file.node).ok_or_else(no_handle)
    }

    /// The node that this directory is open on.
    ///
    /// # Errors
    /// `BadHandle`.
    pub(super) fn node_of_directory(&self, handle: u64) -> Result<Node> {
        let open = self.open.lock();
        open.directories.get(&handle).map(|directory| directory.node).ok_or_else(no_handle)
    }

    /// Whether no request reads the content of this handle now. One that is shared has a content for
    /// each reader: that is not known before the reader is.
    pub(super) fn is_free(&self, handle: u64) -> bool {
        let open = self.open.lock();
        let file = open.files.get(&handle);
        let content = file.and_then(|file| file.readers.find(Reader::ANY, false));
        content.is_none_or(|content| content.try_lock().is_some())
    }

    /// The content that this reader has behind this handle. `afresh`: another one where the reader
    /// has closed the file since. Who reads a shared handle is checked each time.
    ///
    /// # Errors
    /// `BadHandle`; where the reader has none yet, `TooManyOpen` and as [`Tree::open`]; on a shared
    /// handle as [`Tree::check_readable`].
    pub(super) fn content_of(
        &self,
        handle: u64,
        caller: &Caller,
        afresh: bool,
    ) -> Result<Shared<Content>> {
        let reader = self.reader(caller)?;
        let (node, found) = {
            let open = self.open.lock();
            let file = open.files.get(&handle).ok_or_else(no_handle)?;
            (file.node, file.readers.find(reader, afresh))
        };
        if self.are_shared {
            self.tree.check_readable(node, caller)?;
        }
        if let Some(content) = found {
            return Ok(content);
        }
        let content = self.content(node, caller)?;
        let (kept, superseded, are_many) = {
            let mut open = self.open.lock();
            let file = open.files.get_mut(&handle).ok_or_else(no_handle)?;
            let (kept, superseded) = file.readers.keep(reader, content);
            (kept, superseded, file.readers.are_many())
        };
        drop(superseded);
        if are_many && self.tree.knows_callers() {
            self.drop_dead_of(|open| open.files.get_mut(&handle), |taken| &mut taken.contents);
        }
        Ok(kept)
    }

    /// A process has closed a descriptor of this file, which others of it or of other processes may
    /// still have open.
    pub(super) fn close_descriptor(&self, handle: u64, pid: u32) {
        if let Some(file) = self.open.lock().files.get_mut(&handle) {
            file.readers.close(pid);
        }
    }

    /// Forgets a file and all that was made for it.
    pub(super) fn close_file(&self, handle: u64) {
        let closed = {
            let mut open = self.open.lock();
            let closed = open.files.remove(&handle);
            if let Some(file) = &closed {
                open.remove(file.id, handle);
            }
            give_back(&mut open.files);
            closed
        };
        drop(closed);
    }

    /// A new handle of a directory.
    ///
    /// # Errors
    /// `TooManyOpen`.
    pub(super) fn open_directory(&self, id: u64, node: Node, caller: &Caller) -> Result<u64> {
        let reader = self.reader(caller)?;
        let charge = self.charge(caller)?;
        let readers = Readers::new(reader, Listing::new(self.room(caller)?));
        let mut open = self.open.lock();
        let handle = open.add(id);
        open.directories.insert(handle, Handle { id, node, readers, _charge: charge });
        Ok(handle)
    }

    /// The listing that this reader has behind this handle. Who reads a shared handle is checked each
    /// time.
    ///
    /// # Errors
    /// `BadHandle`; `TooManyOpen` for a reader that has none yet; on a shared handle as
    /// [`Tree::check_readable`].
    pub(super) fn listing_of(&self, handle: u64, caller: &Caller) -> Result<Shared<Listing>> {
        let reader = self.reader(caller)?;
        let (node, found) = {
            let open = self.open.lock();
            let directory = open.directories.get(&handle).ok_or_else(no_handle)?;
            (directory.node, directory.readers.find(reader, false))
        };
        if self.are_shared {
            self.tree.check_readable(node, caller)?;
        }
        if let Some(listing) = found {
            return Ok(listing);
        }
        let listing = Listing::new(self.room(caller)?);
        let (kept, superseded, are_many) = {
            let mut open = self.open.lock();
            let directory = open.directories.get_mut(&handle).ok_or_else(no_handle)?;
            let (kept, superseded) = directory.readers.keep(reader, listing);
            (kept, superseded, directory.readers.are_many())
        };
        drop(superseded);
        if are_many && self.tree.knows_callers() {
            self.drop_dead_of(
                |open| open.directories.get_mut(&handle),
                |taken| &mut taken.listings,
            );
        }
        Ok(kept)
    }

    /// A reader has seen the end of a listing: another one begins at the start, and makes its own.
    pub(super) fn end_listing(&self, handle: u64, caller: &Caller) {
        if !self.are_shared {
            return;
        }
        let ended = {
            let mut open = self.open.lock();
            let directory = open.directories.get_mut(&handle);
            directory.and_then(|directory| directory.readers.remove(caller.pid))
        };
        drop(ended);
    }

    /// Forgets a directory and its listings.
    pub(super) fn close_directory(&self, handle: u64) {
        let closed = {
            let mut open = self.open.lock();
            let closed = open.directories.remove(&handle);
            if let Some(directory) = &closed {
                open.remove(directory.id, handle);
            }
            give_back(&mut open.directories);
            closed
        };
        drop(closed);
    }

    /// Gives back what readers of one handle have left that do not live.
    fn drop_dead_of<T>(
        &self,
        find: impl Fn(&mut Open) -> Option<&mut Handle<T>>,
        list: impl Fn(&mut Taken) -> &mut Vec<Shared<T>>,
    ) {
        let processes: HashSet<_> = match find(&mut self.open.lock()) {
            Some(handle) => handle.readers.processes().collect(),
            None => return,
        };
        let dead = self.dead_among(processes);
        let mut taken = Taken::default();
        if let Some(handle) = find(&mut self.open.lock()) {
            handle.readers.take_dead(|process| dead.contains(&process), list(&mut taken));
        }
    }

    /// Gives back what readers have left that do not live.
    fn drop_dead(&self) {
        let processes: HashSet<_> = {
            let open = self.open.lock();
            let files = open.files.values().flat_map(|file| file.readers.processes());
            let listed = open.directories.values().flat_map(|it| it.readers.processes());
            files.chain(listed).collect()
        };
        let dead = self.dead_among(processes);
        let mut taken = Taken::default();
        let mut open = self.open.lock();
        for file in open.files.values_mut() {
            file.readers.take_dead(|process| dead.contains(&process), &mut taken.contents);
        }
        for directory in open.directories.values_mut() {
            directory.readers.take_dead(|process| dead.contains(&process), &mut taken.listings);
        }
        drop(open);
    }

    /// Those of these processes that do not live; all that cannot be asked for.
    fn dead_among(
        &self,
        mut processes: HashSet<(u32, Option<u64>)>,
    ) -> HashSet<(u32, Option<u64>)> {
        processes.retain(|(pid, process)| {
            process.is_none() || self.tree.caller_identity(*pid).is_ok_and(|now| now != *process)
        });
        processes
    }

    /// Gives back what closed files have left.
    fn drop_closed(&self) {
        let mut taken = Taken::default();
        let mut open = self.open.lock();
        for file in open.files.values_mut() {
            file.readers.take_closed(&mut taken.contents);
        }
        drop(open);
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
