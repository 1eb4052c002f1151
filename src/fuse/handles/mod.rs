//! Open files and directories, by the handle that the kernel passes back.

mod readers;
mod table;

use std::collections::HashSet;
use std::sync::Arc;

use parking_lot::Mutex;

use self::readers::{Process, Reader, Readers, Shared};
use self::table::{Handle, Table};
use super::content::{Bytes, Content};
use super::listing::Listing;
use super::quota::{Limits, Quota, Reservation};
use crate::model::{ErrorKind, Result};
use crate::tree::{Caller, Node, Tree};

/// All open handles.
pub(super) struct Handles {
    tree: Arc<Tree>,
    /// Whether one handle serves all processes that open a node, so that each reader has a content
    /// of its own.
    are_shared: bool,
    quota: Arc<Quota>,
    open: Mutex<Open>,
}

#[derive(Default)]
pub(super) struct Open {
    last: u64,
    files: Table<Content>,
    directories: Table<Listing>,
}

/// What each reader of a handle has for itself: the content of a file, or the listing of a directory.
pub(super) trait PerReader: Sized {
    /// The open handles of this kind.
    fn table(open: &mut Open) -> &mut Table<Self>;

    /// Whether it begins when the node is opened, because only a user who may read a file may open it.
    const BEGINS_AT_OPEN: bool;

    /// One for this caller, of which nothing is generated yet.
    fn begin(tree: &Arc<Tree>, node: Node, caller: &Caller, room: Reservation) -> Result<Self>;
}

impl PerReader for Content {
    const BEGINS_AT_OPEN: bool = true;

    fn table(open: &mut Open) -> &mut Table<Self> {
        &mut open.files
    }

    fn begin(tree: &Arc<Tree>, node: Node, caller: &Caller, room: Reservation) -> Result<Self> {
        Ok(Content::new(tree.open(node, caller)?, room))
    }
}

impl PerReader for Listing {
    const BEGINS_AT_OPEN: bool = false;

    fn table(open: &mut Open) -> &mut Table<Self> {
        &mut open.directories
    }

    fn begin(_: &Arc<Tree>, _: Node, _: &Caller, room: Reservation) -> Result<Self> {
        Ok(Listing::new(room))
    }
}

impl Open {
    fn handle<T: PerReader>(&mut self, number: u64) -> Result<&mut Handle<T>> {
        T::table(self).get(number)
    }
}

// What is taken away is dropped without the lock: closing files is a call to the kernel.
impl Handles {
    pub(super) fn new(tree: Arc<Tree>, are_shared: bool, limits: Limits) -> Self {
        let quota = Quota::new(limits);
        Handles { tree, are_shared, quota, open: Mutex::default() }
    }

    fn reader(&self, caller: &Caller) -> Result<Reader> {
        if self.are_shared { Reader::of(caller, &self.tree) } else { Ok(Reader::ANY) }
    }

    /// Tries again where there is too little room: first without what dead readers have left, then
    /// without what closed files have left.
    ///
    /// # Errors
    /// As the attempt; `HandleQuota` or `ContentQuota` where this has not made enough room.
    pub(super) fn with_room<T>(&self, mut attempt: impl FnMut() -> Result<T>) -> Result<T> {
        let lacks_room = |kind| matches!(kind, ErrorKind::HandleQuota | ErrorKind::ContentQuota);
        for make_room in [Self::drop_dead, Self::drop_closed] {
            match attempt() {
                Err(error) if self.are_shared && lacks_room(error.kind) => make_room(self),
                result => return result,
            }
        }
        attempt()
    }

    /// A new handle, with what its first reader needs. Each reader of a shared directory begins when
    /// it reads, so that opening one does not ask the kernel which process does.
    ///
    /// # Errors
    /// `HandleQuota`; for a file, as [`Tree::open`].
    pub(super) fn open<T: PerReader>(&self, id: u64, node: Node, caller: &Caller) -> Result<u64> {
        let room = || self.quota.reserve_handle(caller.uid);
        let _cost = if self.are_shared { Some(room()?) } else { None };
        let mut readers = Readers::new();
        if T::BEGINS_AT_OPEN || !self.are_shared {
            let reader = self.reader(caller)?;
            readers.keep(reader, T::begin(&self.tree, node, caller, room()?)?);
        }
        let mut open = self.open.lock();
        open.last += 1;
        let number = open.last;
        T::table(&mut open).insert(number, Handle { id, node, readers, _cost });
        Ok(number)
    }

    /// Closes a handle, and drops all that was generated for it.
    pub(super) fn close<T: PerReader>(&self, handle: u64) {
        let closed = T::table(&mut self.open.lock()).remove(handle);
        drop(closed);
    }

    /// A handle of a file that is open on this node id, if there is one.
    pub(super) fn file_on(&self, id: u64) -> Option<u64> {
        self.open.lock().files.last_on(id).map(|(number, _)| number)
    }

    /// The node that is open under this id, also where the id itself was given up.
    pub(super) fn node_on(&self, id: u64) -> Option<Node> {
        let open = self.open.lock();
        let last = open.files.last_on(id).or_else(|| open.directories.last_on(id));
        last.map(|(_, node)| node)
    }

    /// The node that a handle is open on.
    ///
    /// # Errors
    /// `BadHandle`.
    pub(super) fn node<T: PerReader>(&self, handle: u64) -> Result<Node> {
        self.open.lock().handle::<T>(handle).map(|handle| handle.node)
    }

    /// Whether no request reads the content of this handle now. A shared handle, which has a content
    /// for each reader, counts as free: the reader is not known yet.
    pub(super) fn is_free(&self, handle: u64) -> bool {
        let mut open = self.open.lock();
        let file = open.files.get(handle).ok();
        let content = file.and_then(|file| file.readers.find(Reader::ANY, false));
        content.is_none_or(|content| content.try_lock().is_some())
    }

    /// What a read delivers without a question to the kernel and without a wait for another request.
    /// On a shared handle that is only the end of what this pid has read with these ids. Bytes are
    /// for the process that they were generated for, which the kernel has to confirm.
    pub(super) fn made(
        &self,
        handle: u64,
        caller: &Caller,
        offset: u64,
        size: usize,
    ) -> Option<Bytes> {
        let content = self.unconfirmed::<Content>(handle, caller)?;
        let mut content = content.try_lock()?;
        let is_made =
            if self.are_shared { content.ends_at(offset) } else { content.is_made(offset, size) };
        if is_made { content.read(offset, size).ok() } else { None }
    }

    /// Whether no names follow this cookie in what this pid has listed with these ids, as far as is
    /// known without a wait. The listing is dropped then.
    pub(super) fn has_ended(&self, handle: u64, caller: &Caller, cookie: u64) -> bool {
        let listing = self.unconfirmed::<Listing>(handle, caller);
        let has_ended = listing
            .is_some_and(|listing| listing.try_lock().is_some_and(|mut it| it.has_ended(cookie)));
        if has_ended {
            self.end_listing(handle, caller);
        }
        has_ended
    }

    /// What this caller has behind a handle, if it is still the process that has read from it, which
    /// the kernel was not asked.
    fn unconfirmed<T: PerReader>(&self, handle: u64, caller: &Caller) -> Option<Shared<T>> {
        let mut open = self.open.lock();
        let readers = &open.handle::<T>(handle).ok()?.readers;
        if self.are_shared {
            readers.find_unconfirmed(caller)
        } else {
            readers.find(Reader::ANY, false)
        }
    }

    /// What this reader has behind a handle. `afresh`: a new one where the reader has closed the file
    /// since. The rights of a reader of a shared handle are checked each time.
    ///
    /// # Errors
    /// `BadHandle`; on a shared handle as [`Tree::check_readable`]; where the reader has nothing yet,
    /// `HandleQuota` and, for a file, as [`Tree::open`].
    pub(super) fn of_reader<T: PerReader>(
        &self,
        handle: u64,
        caller: &Caller,
        afresh: bool,
    ) -> Result<Shared<T>> {
        let reader = self.reader(caller)?;
        let (node, found) = {
            let mut open = self.open.lock();
            let handle = open.handle::<T>(handle)?;
            (handle.node, handle.readers.find(reader, afresh))
        };
        if self.are_shared {
            self.tree.check_readable(node, caller)?;
        }
        if let Some(found) = found {
            return Ok(found);
        }
        let new = T::begin(&self.tree, node, caller, self.quota.reserve_handle(caller.uid)?)?;
        let (kept, superseded, are_many) = {
            let mut open = self.open.lock();
            let readers = &mut open.handle::<T>(handle)?.readers;
            let (kept, superseded) = readers.keep(reader, new);
            (kept, superseded, readers.are_many())
        };
        drop(superseded);
        // A replay does not know whether readers live: there they leave only where room is needed.
        if are_many && self.tree.knows_callers() {
            self.drop_dead_of::<T>(handle);
        }
        Ok(kept)
    }

    /// A process has closed a descriptor of this file. Other descriptors, of this process or of
    /// others, may still be open.
    pub(super) fn close_descriptor(&self, handle: u64, pid: u32) {
        if let Ok(file) = self.open.lock().handle::<Content>(handle) {
            file.readers.close(pid);
        }
    }

    /// A reader has seen the end of a listing: drops it. A reader that starts again makes a new one.
    pub(super) fn end_listing(&self, handle: u64, caller: &Caller) {
        if self.are_shared {
            let mut open = self.open.lock();
            let directory = open.handle::<Listing>(handle).ok();
            let ended = directory.and_then(|directory| directory.readers.remove(caller.pid));
            drop(open);
            drop(ended);
        }
    }

    /// Drops what dead readers of one handle have left.
    fn drop_dead_of<T: PerReader>(&self, handle: u64) {
        let processes: HashSet<Process> = match self.open.lock().handle::<T>(handle) {
            Ok(handle) => handle.readers.processes().collect(),
            Err(_) => return,
        };
        let dead = self.dead_among(processes);
        let mut taken = Vec::new();
        if let Ok(handle) = self.open.lock().handle::<T>(handle) {
            handle.readers.take_dead(|process| dead.contains(&process), &mut taken);
        }
    }

    /// Drops what dead readers have left.
    fn drop_dead(&self) {
        let processes: HashSet<Process> = {
            let open = self.open.lock();
            let files = open.files.readers().flat_map(Readers::processes);
            files.chain(open.directories.readers().flat_map(Readers::processes)).collect()
        };
        let dead = self.dead_among(processes);
        let is_dead = |process| dead.contains(&process);
        let (mut contents, mut listings) = (Vec::new(), Vec::new());
        let mut open = self.open.lock();
        open.files.readers_mut().for_each(|readers| readers.take_dead(is_dead, &mut contents));
        open.directories
            .readers_mut()
            .for_each(|readers| readers.take_dead(is_dead, &mut listings));
        drop(open);
    }

    /// The dead ones of these processes, and those that the kernel cannot be asked about.
    fn dead_among(&self, mut processes: HashSet<Process>) -> HashSet<Process> {
        processes.retain(|(pid, process)| {
            process.is_none() || self.tree.caller_identity(*pid).is_ok_and(|now| now != *process)
        });
        processes
    }

    /// Drops what closed files have left.
    fn drop_closed(&self) {
        let mut taken = Vec::new();
        let mut open = self.open.lock();
        open.files.readers_mut().for_each(|readers| readers.take_closed(&mut taken));
        drop(open);
    }
}
