//! What each reader of a handle has for itself.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::model::Result;
use crate::tree::{Caller, Tree};

#[cfg(test)]
mod interleavings;

/// What a reader has for itself. An event loop that finds it locked hands the request to the pool.
pub(super) type Shared<T> = Arc<Mutex<T>>;

/// A process by pid, with what tells it from others that had or will have its pid, where that is
/// known.
pub(super) type Process = (u32, Option<u64>);

/// A process that reads, with the ids that it reads with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reader {
    pid: u32,
    identity: Option<u64>,
    uid: u32,
    gid: u32,
}

impl Reader {
    /// Any reader of a handle that is not shared.
    pub(super) const ANY: Reader = Reader { pid: 0, identity: None, uid: 0, gid: 0 };

    /// The process that waits for the answer to this request. In a replay, whose kernel does not know
    /// it, readers differ by pid and ids only.
    ///
    /// # Errors
    /// As [`Tree::caller_identity`].
    pub(super) fn of(caller: &Caller, tree: &Tree) -> Result<Self> {
        let Caller { pid, uid, gid } = *caller;
        let identity = if tree.knows_callers() { tree.caller_identity(pid)? } else { None };
        Ok(Reader { pid, identity, uid, gid })
    }

    fn process(self) -> Process {
        (self.pid, self.identity)
    }
}

/// The readers of one handle: the last one of each pid.
pub(super) struct Readers<T> {
    by_pid: HashMap<u32, Kept<T>>,
    /// How many readers are worth a search for dead ones.
    many: usize,
}

struct Kept<T> {
    reader: Reader,
    what: Shared<T>,
    /// Whether the process has closed a descriptor of the handle since.
    is_closed: bool,
}

/// A handle with fewer readers than this is never searched for dead ones.
const FEW: usize = 16;

impl<T> Readers<T> {
    pub(super) fn new() -> Self {
        Readers { by_pid: HashMap::new(), many: FEW }
    }

    /// What this reader has. `afresh`: nothing, where the process has closed the file since.
    pub(super) fn find(&self, reader: Reader, afresh: bool) -> Option<Shared<T>> {
        let kept = self.by_pid.get(&reader.pid).filter(|kept| kept.reader == reader)?;
        (!(afresh && kept.is_closed)).then(|| Arc::clone(&kept.what))
    }

    /// What this caller has, or what another process with its pid and ids has left: only the kernel
    /// could tell.
    pub(super) fn find_unconfirmed(&self, caller: &Caller) -> Option<Shared<T>> {
        let Caller { pid, uid, gid } = *caller;
        let kept = self.by_pid.get(&pid)?;
        ((kept.reader.uid, kept.reader.gid) == (uid, gid)).then(|| Arc::clone(&kept.what))
    }

    /// Gives this to a reader, unless another request of the reader has done so meanwhile. Returns
    /// what the reader has now, and what is left over, to be dropped without the lock.
    pub(super) fn keep(&mut self, reader: Reader, what: T) -> (Shared<T>, Option<Shared<T>>) {
        let what = Arc::new(Mutex::new(what));
        if let Some(before) = self.find(reader, true) {
            return (before, Some(what));
        }
        let kept = Kept { reader, what: Arc::clone(&what), is_closed: false };
        (what, self.by_pid.insert(reader.pid, kept).map(|before| before.what))
    }

    /// Takes away what this process has.
    pub(super) fn remove(&mut self, pid: u32) -> Option<Shared<T>> {
        self.by_pid.remove(&pid).map(|kept| kept.what)
    }

    /// A process has closed a descriptor of the handle.
    pub(super) fn close(&mut self, pid: u32) {
        if let Some(kept) = self.by_pid.get_mut(&pid) {
            kept.is_closed = true;
        }
    }

    /// Whether there are so many that it is worth a search for dead ones. After one it is not before
    /// there are twice as many as were found alive.
    pub(super) fn are_many(&self) -> bool {
        self.by_pid.len() >= self.many
    }

    /// The processes that read.
    pub(super) fn processes(&self) -> impl Iterator<Item = Process> {
        self.by_pid.values().map(|kept| kept.reader.process())
    }

    /// Takes away what dead processes have left.
    pub(super) fn take_dead(
        &mut self,
        is_dead: impl Fn(Process) -> bool,
        taken: &mut Vec<Shared<T>>,
    ) {
        self.take(|kept| is_dead(kept.reader.process()), taken);
        self.many = FEW.max(2 * self.by_pid.len());
    }

    /// Takes away what closed files have left, unless a request uses it now.
    pub(super) fn take_closed(&mut self, taken: &mut Vec<Shared<T>>) {
        self.take(|kept| kept.is_closed && Arc::strong_count(&kept.what) == 1, taken);
    }

    fn take(&mut self, is_taken: impl Fn(&Kept<T>) -> bool, taken: &mut Vec<Shared<T>>) {
        self.by_pid.retain(|_, kept| {
            let is_taken = is_taken(kept);
            if is_taken {
                taken.push(Arc::clone(&kept.what));
            }
            !is_taken
        });
        if self.by_pid.capacity() > 4 * self.by_pid.len().max(FEW) {
            self.by_pid.shrink_to(2 * self.by_pid.len());
        }
    }
}
