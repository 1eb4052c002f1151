//! What each reader of a handle has for itself.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::model::Result;
use crate::tree::{Caller, Tree};

/// What a reader has for itself. An event loop that finds it locked leaves the work to the pool.
pub(super) type Shared<T> = Arc<Mutex<T>>;

/// A process that reads, with the ids that it reads with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reader {
    pid: u32,
    /// Tells it from others that had or will have its pid.
    process: Option<u64>,
    uid: u32,
    gid: u32,
}

impl Reader {
    /// Any reader of a handle that one process has opened.
    pub(super) const ANY: Reader = Reader { pid: 0, process: None, uid: 0, gid: 0 };

    /// The one who asks, while it waits for its answer. Those that the kernel does not know, as in a
    /// replay, are told apart by pid and ids.
    ///
    /// # Errors
    /// As [`Tree::caller_identity`].
    pub(super) fn of(caller: &Caller, tree: &Tree) -> Result<Self> {
        let Caller { pid, uid, gid } = *caller;
        let process = if tree.knows_callers() { tree.caller_identity(pid)? } else { None };
        Ok(Reader { pid, process, uid, gid })
    }

    /// The process, where it can be asked for later.
    pub(super) fn process(self) -> (u32, Option<u64>) {
        (self.pid, self.process)
    }
}

/// The readers of one handle: of each process the last one.
pub(super) struct Readers<T> {
    by_pid: HashMap<u32, Kept<T>>,
    /// With so many it is to be found out which of them live.
    look_at: usize,
}

struct Kept<T> {
    reader: Reader,
    what: Shared<T>,
    /// Whether the process has closed a descriptor of the handle since.
    is_closed: bool,
}

/// Fewer readers of a handle than this may be dead without being looked for.
const FEW: usize = 16;

impl<T> Readers<T> {
    pub(super) fn new() -> Self {
        Readers { by_pid: HashMap::new(), look_at: FEW }
    }

    /// What this reader has. `afresh`: where the process has closed the file since, it has nothing.
    pub(super) fn find(&self, reader: Reader, afresh: bool) -> Option<Shared<T>> {
        let kept = self.by_pid.get(&reader.pid).filter(|kept| kept.reader == reader)?;
        (!(afresh && kept.is_closed)).then(|| Arc::clone(&kept.what))
    }

    /// What this caller has, unless another process with its pid and ids has left it: to know that
    /// the kernel would have to be asked.
    pub(super) fn find_unconfirmed(&self, caller: &Caller) -> Option<Shared<T>> {
        let Caller { pid, uid, gid } = *caller;
        let kept = self.by_pid.get(&pid)?;
        ((kept.reader.uid, kept.reader.gid) == (uid, gid)).then(|| Arc::clone(&kept.what))
    }

    /// Gives this to a reader, unless another request of it has given it something meanwhile. Returns
    /// what the reader has, and what that supersedes.
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

    /// Whether there are so many that it is worth looking for dead ones. It is not again before there
    /// are twice as many as live.
    pub(super) fn are_many(&self) -> bool {
        self.by_pid.len() >= self.look_at
    }

    /// The processes.
    pub(super) fn processes(&self) -> impl Iterator<Item = (u32, Option<u64>)> {
        self.by_pid.values().map(|kept| kept.reader.process())
    }

    /// Takes away what belongs to processes that are not among the living.
    pub(super) fn take_dead(
        &mut self,
        is_dead: impl Fn((u32, Option<u64>)) -> bool,
        taken: &mut Vec<Shared<T>>,
    ) {
        self.take(|kept| is_dead(kept.reader.process()), taken);
        self.look_at = FEW.max(2 * self.by_pid.len());
    }

    /// Takes away what closed files have left, but for what is in use.
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
