//! Runs calls that may block, so that a slow kernel does not stop the mount.
//!
//! A call about another process can wait for that process's locks, or for a file system that does
//! not answer. If all event loops waited so, the whole mount would hang. So an event loop runs such
//! a call itself only while another loop is free. The last free loop gives the call to a worker
//! thread. The [`watchdog`] answers calls that take too long. A worker that hangs is lost until the
//! kernel releases it, so [`calls`] bounds the workers of each process and of each user.
//!
//! The pool knows nothing of FUSE: it runs closures, and gives errors to an [`Expire`].

mod calls;
#[cfg(test)]
mod tests;
mod watchdog;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use self::calls::{Call, Calls, Job, THREADS};
use self::watchdog::Watchdog;
use crate::model::{Error, ErrorKind, Pid, error_words};

/// How long a worker waits for a call before it ends.
const IDLE: Duration = Duration::from_secs(5);

/// What the pool has to know of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CallInfo {
    /// The user who waits for the answer.
    pub(super) user: u32,
    /// The process that the kernel is asked about.
    pub(super) pid: Option<Pid>,
    /// Whether other requests wait until this one is answered. Then it is answered sooner.
    pub(super) blocks_others: bool,
}

impl CallInfo {
    /// The error for a call that the kernel does not answer in time.
    fn timed_out(self) -> Error {
        Error { pid: self.pid, ..Error::new(ErrorKind::TimedOut, "pool") }
    }
}

/// A call that can be answered with an error while it still runs or waits.
pub(super) trait Expire: Send + Sync {
    /// Answers with this error, unless the call was answered before.
    fn expire(&self, error: &Error);
}

/// Worker threads, and what the event loops know of each other.
pub(super) struct Pool(Arc<Shared>);

struct Shared {
    loops: usize,
    /// Event loops that run a call which may block.
    busy_loops: AtomicUsize,
    handed_over: Arc<AtomicU64>,
    state: Mutex<State>,
    work_came: Condvar,
    watchdog_wakes: Condvar,
    watches_closely: AtomicBool,
    when_late: Box<dyn Fn() + Send + Sync>,
}

#[derive(Default)]
struct State {
    calls: Calls,
    workers: Workers,
    watchdog: Watchdog,
}

/// Counts of worker threads.
#[derive(Default)]
struct Workers {
    threads: usize,
    idle: usize,
}

/// What has to be done for calls that may begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Needed {
    wake: bool,
    spawn: bool,
}

impl State {
    /// As many workers are needed as there are calls that may begin, since each call may hang.
    fn needed(&self) -> Needed {
        let Workers { threads, idle } = self.workers;
        Needed { wake: idle > 0, spawn: idle < self.calls.ready() && threads < THREADS }
    }

    /// A worker has found no call, and waits for one.
    fn begin_idle(&mut self) {
        self.workers.idle += 1;
    }

    /// A worker waits no longer. Returns whether it has to end, because it waited in vain.
    fn end_idle(&mut self, timed_out: bool) -> bool {
        self.workers.idle -= 1;
        let ends = timed_out && self.calls.ready() == 0;
        if ends {
            self.workers.threads -= 1;
        }
        ends
    }
}

/// An event loop while it runs a call that may block.
pub(super) struct BusyLoop {
    shared: Arc<Shared>,
    ended: AtomicBool,
}

impl BusyLoop {
    /// Counts a loop as busy. Returns also how many others are.
    fn begin(shared: &Arc<Shared>) -> (Self, usize) {
        let others = shared.busy_loops.fetch_add(1, Ordering::Relaxed);
        (BusyLoop { shared: Arc::clone(shared), ended: AtomicBool::new(false) }, others)
    }

    /// The loop counts as free again.
    pub(super) fn end(&self) {
        if !self.ended.swap(true, Ordering::Relaxed) {
            self.shared.busy_loops.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

impl Drop for BusyLoop {
    fn drop(&mut self) {
        self.end();
    }
}

impl Pool {
    /// A pool for this many event loops, which has no thread yet. `when_late` runs at
    /// each tick of the watchdog at which a call is late.
    pub(super) fn new(loops: usize, when_late: impl Fn() + Send + Sync + 'static) -> Self {
        Pool(Arc::new(Shared {
            loops,
            busy_loops: AtomicUsize::new(0),
            handed_over: Arc::default(),
            state: Mutex::default(),
            work_came: Condvar::new(),
            watchdog_wakes: Condvar::new(),
            watches_closely: AtomicBool::new(false),
            when_late: Box::new(when_late),
        }))
    }

    /// How many calls were given to workers so far. The number goes on counting.
    pub(super) fn handed_over(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.0.handed_over)
    }

    /// Makes the watchdog look at calls more often. Needed where calls block others; to be called
    /// before the first call.
    pub(super) fn watch_closely(&self) {
        self.0.watches_closely.store(true, Ordering::Relaxed);
    }

    /// Runs a call on this thread or on a worker. It is a worker where `is_free` is false, because
    /// the call would have to wait for a lock, or where this is the last free event loop. The call
    /// gets the loop that runs it.
    ///
    /// A call that cannot run is answered with an error, and dropped.
    pub(super) fn run_blocking(
        &self,
        info: CallInfo,
        answer: Arc<dyn Expire>,
        is_free: bool,
        work: impl FnOnce(Option<BusyLoop>) + Send + 'static,
    ) {
        let shared = &self.0;
        let call = Call { info, since: Instant::now(), answer };
        // Counted first and compared then, so that two loops cannot both find the other one free.
        let (busy, others) = BusyLoop::begin(shared);
        if is_free && others + 1 < shared.loops {
            shared.run(call, move || work(Some(busy)));
            return;
        }
        drop(busy);
        shared.enqueue(Job { call, work: Box::new(move || work(None)) });
    }
}

impl Shared {
    /// Runs a call on this thread, watched.
    fn run(self: &Arc<Self>, call: Call, work: impl FnOnce()) {
        let number = {
            let mut state = self.state.lock();
            if state.calls.has_stuck(call.info, call.since) {
                drop(state);
                call.answer.expire(&call.info.timed_out());
                return;
            }
            self.begin(&mut state, call)
        };
        catch_panic(work);
        self.end(number);
    }

    fn begin(self: &Arc<Self>, state: &mut State, call: Call) -> u64 {
        let number = state.calls.begin(call);
        self.ensure_watchdog(state);
        number
    }

    fn end(self: &Arc<Self>, number: u64) {
        let mut state = self.state.lock();
        let ended = state.calls.end(number);
        // A process or user that was at its limit may have calls waiting.
        if state.calls.ready() > 0 {
            self.wake_or_spawn(&mut state);
        }
        drop(state);
        // This drops the reply of a call that panicked.
        drop(ended);
    }

    fn enqueue(self: &Arc<Self>, job: Job) {
        self.handed_over.fetch_add(1, Ordering::Relaxed);
        let mut state = self.state.lock();
        if !state.calls.may_wait(job.call.info, job.call.since) {
            drop(state);
            job.call.answer.expire(&job.call.info.timed_out());
            return;
        }
        state.calls.push(job);
        self.ensure_watchdog(&mut state);
        self.wake_or_spawn(&mut state);
    }

    fn wake_or_spawn(self: &Arc<Self>, state: &mut State) {
        let needed = state.needed();
        if needed.wake {
            self.work_came.notify_one();
        }
        if needed.spawn {
            let shared = Arc::clone(self);
            if spawn("pool", move || shared.work()) {
                state.workers.threads += 1;
            }
        }
    }

    /// The body of a worker thread.
    fn work(self: Arc<Self>) {
        let mut state = self.state.lock();
        loop {
            match state.calls.next_job() {
                Some(job) => {
                    let number = self.begin(&mut state, job.call);
                    drop(state);
                    catch_panic(job.work);
                    self.end(number);
                    state = self.state.lock();
                }
                None => {
                    state.begin_idle();
                    let waited = self.work_came.wait_for(&mut state, IDLE);
                    if state.end_idle(waited.timed_out()) {
                        return;
                    }
                }
            }
        }
    }
}

fn spawn(name: &str, body: impl FnOnce() + Send + 'static) -> bool {
    match std::thread::Builder::new().name(name.to_owned()).spawn(body) {
        Ok(_) => true,
        Err(error) => {
            log::error!("no thread for calls that may block: {}", error_words(&error));
            false
        }
    }
}

/// Runs a request so that a panic ends neither the event loop nor the worker. The reply, dropped on
/// the way, becomes EIO in fuser.
pub(super) fn catch_panic(work: impl FnOnce()) {
    if catch_unwind(AssertUnwindSafe(work)).is_err() {
        log::error!("a request failed by a panic, which is a bug; the client gets EIO");
    }
}
