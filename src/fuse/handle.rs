//! Open files and directories, by the handle that the kernel passes back.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use parking_lot::Mutex;

use super::content::{Bytes, Content};
use super::listing::Listing;
use super::quota::{Limits, Quota, Reservation};
use super::readers::{Reader, Readers, Shared};
use crate::model::{Error, ErrorKind, Result};
use crate::tree::{Caller, Node, Tree};

/// All open handles.
pub(super) struct Handles {
    tree: Arc<Tree>,
    /// Whether one handle serves all who open a node, so that each reader has a content of its own.
    are_shared: bool,
    quota: Arc<Quota>,
    open: Mutex<Open>,
}

#[derive(Default)]
pub(super) struct Open {
    last: u64,
    files: HashMap<u64, Handle<Content>>,
    directories: HashMap<u64, Handle<Listing>>,
    /// The handles that are open on a node id.
    on: HashMap<u64, Vec<u64>>,
}

pub(super) struct Handle<T> {
    id: u64,
    node: Node,
    readers: Readers<T>,
    /// What the handle itself costs, where it costs more than its readers.
    _charge: Option<Reservation>,
}

/// What a reader has behind a handle: the content of a file, or the listing of a directory.
pub(super) trait Behind: Sized {
    /// The handles of this kind.
    fn handles(open: &mut Open) -> &mut HashMap<u64, Handle<Self>>;

    /// Whether it is begun when the node is opened: who may not read a file may not open it either.
    const BEGINS_AT_OPEN: bool;

    /// One for this caller, of which nothing is made yet.
    fn begin(tree: &Arc<Tree>, node: Node, caller: &Caller, room: Reservation) -> Result<Self>;
}

impl Behind for Content {
    const BEGINS_AT_OPEN: bool = true;

    fn handles(open: &mut Open) -> &mut HashMap<u64, Handle<Self>> {
        &mut open.files
    }

    fn begin(tree: &Arc<Tree>, node: Node, caller: &Caller, room: Reservation) -> Result<Self> {
        Ok(Content::new(tree.open(node, caller)?, room))
    }
}

impl Behind for Listing {
    const BEGINS_AT_OPEN: bool = false;

    fn handles(open: &mut Open) -> &mut HashMap<u64, Handle<Self>> {
        &mut open.directories
    }

    fn begin(_: &Arc<Tree>, _: Node, _: &Caller, room: Reservation) -> Result<Self> {
        Ok(Listing::new(room))
    }
}

impl Open {
    /// A new handle, whose number it returns.
    fn add<T: Behind>(&mut self, handle: Handle<T>) -> u64 {
        self.last += 1;
        let number = self.last;
        self.on.entry(handle.id).or_default().push(number);
        T::handles(self).insert(number, handle);
        number
    }

    fn remove<T: Behind>(&mut self, number: u64) -> Option<Handle<T>> {
        let handle = T::handles(self).remove(&number)?;
        if let Some(numbers) = self.on.get_mut(&handle.id) {
            numbers.retain(|other| *other != number);
            if numbers.is_empty() {
                self.on.remove(&handle.id);
            }
        }
        give_back(T::handles(self));
        give_back(&mut self.on);
        Some(handle)
    }

    fn handle<T: Behind>(&mut self, number: u64) -> Result<&mut Handle<T>> {
        let no_handle = || Error::new(ErrorKind::BadHandle, "handle");
        T::handles(self).get_mut(&number).ok_or_else(no_handle)
    }
}

/// A process, as it can be asked for later.
type Process = (u32, Option<u64>);

// What is taken away is always dropped without the lock: closing files is a call to the kernel.
impl Handles {
    pub(super) fn new(tree: Arc<Tree>, are_shared: bool, limits: Limits) -> Self {
        let quota = Quota::new(limits);
        Handles { tree, are_shared, quota, open: Mutex::default() }
    }

    fn reader(&self, caller: &Caller) -> Result<Reader> {
        if self.are_shared { Reader::of(caller, &self.tree) } else { Ok(Reader::ANY) }
    }

    /// Tries again where there is too little room: without what readers have left that do not live,
    /// then without what closed files have left.
    ///
    /// # Errors
    /// As the attempt; `HandleQuota` or `ContentQuota` where there is no room all the same.
    pub(super) fn with_room<T>(&self, mut attempt: impl FnMut() -> Result<T>) -> Result<T> {
        for make_room in [Self::drop_dead, Self::drop_closed] {
            match attempt() {
                Err(error)
                    if self.are_shared
                        && matches!(
                            error.kind,
                            ErrorKind::HandleQuota | ErrorKind::ContentQuota
                        ) =>
                {
                    make_room(self);
                }
                result => return result,
            }
        }
        attempt()
    }

    /// A new handle, with what the one who opens it reads from; but each reader of a directory that
    /// is shared begins by reading it, so that the kernel is not asked who opens it.
    ///
    /// # Errors
    /// `HandleQuota`; for a file, as [`Tree::open`].
    pub(super) fn open<T: Behind>(&self, id: u64, node: Node, caller: &Caller) -> Result<u64> {
        let room = || self.quota.reserve_handle(caller.uid);
        let _charge = if self.are_shared { Some(room()?) } else { None };
        let mut readers = Readers::new();
        if T::BEGINS_AT_OPEN || !self.are_shared {
            let reader = self.reader(caller)?;
            readers.keep(reader, T::begin(&self.tree, node, caller, room()?)?);
        }
        Ok(self.open.lock().add(Handle { id, node, readers, _charge }))
    }

    /// Forgets a handle and all that was made for it.
    pub(super) fn close<T: Behind>(&self, handle: u64) {
        let closed = self.open.lock().remove::<T>(handle);
        drop(closed);
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
        let handle = open.on.get(&id)?.last()?;
        let file = open.files.get(handle).map(|file| file.node);
        file.or_else(|| open.directories.get(handle).map(|directory| directory.node))
    }

    /// The node that a handle is open on.
    ///
    /// # Errors
    /// `BadHandle`.
    pub(super) fn node<T: Behind>(&self, handle: u64) -> Result<Node> {
        self.open.lock().handle::<T>(handle).map(|handle| handle.node)
    }

    /// Whether no request reads the content of this handle now. One that is shared has a content for
    /// each reader: that is not known before the reader is.
    pub(super) fn is_free(&self, handle: u64) -> bool {
        let open = self.open.lock();
        let file = open.files.get(&handle);
        let content = file.and_then(|file| file.readers.find(Reader::ANY, false));
        content.is_none_or(|content| content.try_lock().is_some())
    }

    /// What a read delivers for which the kernel is asked nothing, and no other request waited for.
    /// Where a handle is shared that is the end of what this pid has read with these ids, and no
    /// bytes: they are for the process that they were made for.
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
    /// known without waiting. The listing is given back then.
    pub(super) fn has_ended(&self, handle: u64, caller: &Caller, cookie: u64) -> bool {
        let listing = self.unconfirmed::<Listing>(handle, caller);
        let has_ended = listing
            .is_some_and(|listing| listing.try_lock().is_some_and(|mut it| it.has_ended(cookie)));
        if has_ended {
            self.end_listing(handle, caller);
        }
        has_ended
    }

    /// What this caller has behind a handle, if it is still the process that has read from it.
    fn unconfirmed<T: Behind>(&self, handle: u64, caller: &Caller) -> Option<Shared<T>> {
        let mut open = self.open.lock();
        let readers = &open.handle::<T>(handle).ok()?.readers;
        if self.are_shared {
            readers.find_unconfirmed(caller)
        } else {
            readers.find(Reader::ANY, false)
        }
    }

    /// What this reader has behind a handle. `afresh`: another one where the reader has closed the
    /// file since. Who reads a shared handle is checked each time.
    ///
    /// # Errors
    /// `BadHandle`; on a shared handle as [`Tree::check_readable`]; where the reader has nothing yet,
    /// `HandleQuota` and, for a file, as [`Tree::open`].
    pub(super) fn of_reader<T: Behind>(
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
        // In a replay no reader can be asked for: they leave only where there is no room.
        if are_many && self.tree.knows_callers() {
            self.drop_dead_of::<T>(handle);
        }
        Ok(kept)
    }

    /// A process has closed a descriptor of this file, which others of it or of other processes may
    /// still have open.
    pub(super) fn close_descriptor(&self, handle: u64, pid: u32) {
        if let Ok(file) = self.open.lock().handle::<Content>(handle) {
            file.readers.close(pid);
        }
    }

    /// A reader has seen the end of a listing: another one begins at the start, and makes its own.
    pub(super) fn end_listing(&self, handle: u64, caller: &Caller) {
        if self.are_shared {
            let mut open = self.open.lock();
            let directory = open.handle::<Listing>(handle).ok();
            let ended = directory.and_then(|directory| directory.readers.remove(caller.pid));
            drop(open);
            drop(ended);
        }
    }

    /// Gives back what readers of one handle have left that do not live.
    fn drop_dead_of<T: Behind>(&self, handle: u64) {
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

    /// Gives back what readers have left that do not live.
    fn drop_dead(&self) {
        let processes: HashSet<Process> = {
            let open = self.open.lock();
            let files = open.files.values().flat_map(|file| file.readers.processes());
            let listed = open.directories.values().flat_map(|it| it.readers.processes());
            files.chain(listed).collect()
        };
        let dead = self.dead_among(processes);
        let is_dead = |process| dead.contains(&process);
        let (mut contents, mut listings) = (Vec::new(), Vec::new());
        let mut open = self.open.lock();
        for file in open.files.values_mut() {
            file.readers.take_dead(is_dead, &mut contents);
        }
        for directory in open.directories.values_mut() {
            directory.readers.take_dead(is_dead, &mut listings);
        }
        drop(open);
    }

    /// Those of these processes that do not live; and all that cannot be asked for.
    fn dead_among(&self, mut processes: HashSet<Process>) -> HashSet<Process> {
        processes.retain(|(pid, process)| {
            process.is_none() || self.tree.caller_identity(*pid).is_ok_and(|now| now != *process)
        });
        processes
    }

    /// Gives back what closed files have left.
    fn drop_closed(&self) {
        let mut taken = Vec::new();
        let mut open = self.open.lock();
        for file in open.files.values_mut() {
            file.readers.take_closed(&mut taken);
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
