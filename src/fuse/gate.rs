//! Calls that may sleep, kept from stopping the mount.
//!
//! A call about another process can wait for that process's locks, or for a file system that
//! does not answer. If all event loops waited so, the whole mount would hang. So an event loop
//! makes such a call itself only while another loop is free; the last free one gives it to a
//! pool of threads. A client that waits for [`LIMIT`] gets EIO, whoever makes the call; one that keeps
//! a directory from others meanwhile gets EINTR after [`BRIEF_LIMIT`]. A thread that hangs is lost
//! until the kernel lets it go, so no process can occupy more than
//! [`CALLS_PER_PROCESS`] of the pool, and no user more than a [`share`].

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use fuser::{Errno, ReplyAttr, ReplyData, ReplyDirectory, ReplyEmpty, ReplyEntry, ReplyOpen};
use parking_lot::{Condvar, Mutex, MutexGuard};

use super::errno::errno;
use super::host::HostRules;
use crate::model::{Error, ErrorKind, Pid, error_words};

mod calls;

use calls::{Call, Calls, Job};

/// How long a client waits for a call at most.
const LIMIT: Duration = Duration::from_secs(5);
/// How long a client waits at most where the kernel sends no other request about the directory
/// before the answer. With [`BRIEF_TICK`] it is less than the 100 ms that others may be held up for.
const BRIEF_LIMIT: Duration = Duration::from_millis(50);
/// A call that takes this long counts as stuck.
const STUCK: Duration = Duration::from_secs(1);
/// How often calls in progress are looked at.
const TICK: Duration = Duration::from_millis(250);
/// As [`TICK`], where some calls have the [`BRIEF_LIMIT`].
const BRIEF_TICK: Duration = Duration::from_millis(25);
/// Calls about one process that may be stuck, or run in the pool, at a time.
const CALLS_PER_PROCESS: usize = 2;
/// Threads of the pool. They are made when needed, and end when they were not for [`IDLE`].
const THREADS: usize = 128;
/// Calls that wait for a thread. More are refused.
const QUEUE: usize = 1024;
/// How long a thread of the pool waits for work.
const IDLE: Duration = Duration::from_secs(5);

/// How many of the pool's threads, or of its places to wait, one user may take: root, who alone
/// has reason to look at the processes of all, much, but not all.
fn share(user: u32, whole: usize) -> usize {
    if user == 0 { whole / 4 * 3 } else { whole / 4 }
}

/// Whom a call is for, which process it is about, and whether it is about a directory.
#[derive(Clone, Copy)]
pub(super) struct About {
    pub(super) user: u32,
    pub(super) pid: Option<Pid>,
    pub(super) is_directory: bool,
}

/// A reply that can be given as an error.
pub(super) trait Refuse: Send + 'static {
    /// Sends the errno.
    fn refuse(self, errno: Errno);
}

macro_rules! refuse {
    ($($reply:ty),*) => {$(
        impl Refuse for $reply {
            fn refuse(self, errno: Errno) {
                self.error(errno);
            }
        }
    )*};
}
refuse!(ReplyAttr, ReplyData, ReplyDirectory, ReplyEmpty, ReplyEntry, ReplyOpen);

/// A reply that is given once: by the call that works on it, or when its time has run out.
pub(super) struct Answer<R> {
    reply: Arc<Mutex<Option<R>>>,
    /// The loop that works on it, where one does.
    asleep: Option<BusyLoop>,
    rules: HostRules,
}

impl<R: Refuse> Answer<R> {
    /// The reply, unless it was given already. To be taken when nothing is left to be done that
    /// may sleep: from here on the loop that works on it counts as free. The client may send its
    /// next request before this thread runs again, and would find no loop free.
    pub(super) fn take(&self) -> Option<R> {
        if let Some(asleep) = &self.asleep {
            asleep.end();
        }
        self.reply.lock().take()
    }

    /// Replies with the errno of this error.
    pub(super) fn refuse(&self, error: &Error) {
        if let Some(reply) = self.take() {
            reply.refuse(errno(error, &self.rules));
        }
    }
}

/// An event loop that may sleep, for as long as it may.
struct BusyLoop {
    inner: Arc<Inner>,
    ended: AtomicBool,
}

impl BusyLoop {
    /// A loop that counts as sleeping from here on, and how many others do.
    fn begin(inner: &Arc<Inner>) -> (Self, usize) {
        let others = inner.sleeping.fetch_add(1, Ordering::Relaxed);
        (BusyLoop { inner: Arc::clone(inner), ended: AtomicBool::new(false) }, others)
    }

    fn end(&self) {
        if !self.ended.swap(true, Ordering::Relaxed) {
            self.inner.sleeping.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

impl Drop for BusyLoop {
    fn drop(&mut self) {
        self.end();
    }
}

/// The view that the watch has of an [`Answer`].
trait Expire: Send + Sync {
    /// Replies with this error, unless the reply was given; tells whether it was not.
    fn expire(&self, error: &Error) -> bool;
}

/// A reply, and the rules by which it is given.
struct Expiring<R>(Arc<Mutex<Option<R>>>, HostRules);

impl<R: Refuse> Expire for Expiring<R> {
    fn expire(&self, error: &Error) -> bool {
        let reply = self.0.lock().take();
        reply.map(|reply| reply.refuse(errno(error, &self.1))).is_some()
    }
}

/// The thread that watches over calls in progress.
#[derive(Default, PartialEq)]
enum Watch {
    /// There has been nothing to watch yet.
    #[default]
    Absent,
    /// It sleeps until there is a call.
    BusyLoop,
    /// It looks every [`TICK`].
    Awake,
}

#[derive(Default)]
struct State {
    calls: Calls,
    threads: usize,
    idle: usize,
    watch: Watch,
    /// Whether there was a call since the last tick.
    active: bool,
}

struct Inner {
    loops: usize,
    rules: HostRules,
    /// Whether the kernel sends requests about one directory one after the other.
    serial: AtomicBool,
    sleeping: AtomicUsize,
    handed_over: Arc<AtomicU64>,
    state: Mutex<State>,
    work_came: Condvar,
    watch: Condvar,
}

/// The gate that calls which may sleep go through.
pub(super) struct Gate(Arc<Inner>);

impl Gate {
    /// A gate for this many event loops, which answers by these rules.
    pub(super) fn new(loops: usize, rules: HostRules) -> Self {
        Gate(Arc::new(Inner {
            loops,
            rules,
            serial: AtomicBool::new(false),
            sleeping: AtomicUsize::new(0),
            handed_over: Arc::default(),
            state: Mutex::default(),
            work_came: Condvar::new(),
            watch: Condvar::new(),
        }))
    }

    /// How many requests were given to the pool so far. It goes on counting.
    pub(super) fn handed_over(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.0.handed_over)
    }

    /// From now on calls about directories have the [`BRIEF_LIMIT`]: the kernel sends requests about
    /// one directory one after the other.
    pub(super) fn directories_are_serial(&self) {
        self.0.serial.store(true, Ordering::Relaxed);
    }

    /// Works on a reply at once, for calls that do not sleep.
    pub(super) fn at_once<R: Refuse>(&self, reply: R, work: impl FnOnce(Answer<R>)) {
        let reply = Arc::new(Mutex::new(Some(reply)));
        let answer = Answer { reply, asleep: None, rules: self.0.rules };
        catch_panic(move || work(answer));
    }

    /// Works on a reply, here or in the pool: there if it would have to wait for a lock first,
    /// or if this is the last loop that is free.
    pub(super) fn run_blocking<R: Refuse>(
        &self,
        about: About,
        reply: R,
        is_free: bool,
        work: impl FnOnce(Answer<R>) + Send + 'static,
    ) {
        let inner = &self.0;
        let rules = inner.rules;
        let reply = Arc::new(Mutex::new(Some(reply)));
        let expiring = Arc::new(Expiring(Arc::clone(&reply), rules));
        let call = Call { about, since: Instant::now(), answer: expiring };
        // Counted first and looked at then, so that two loops cannot both take themselves for not
        // being the last.
        let (asleep, others) = BusyLoop::begin(inner);
        if is_free && others + 1 < inner.loops {
            let answer = Answer { reply, asleep: Some(asleep), rules };
            inner.run(call, move || work(answer));
            return;
        }
        drop(asleep);
        let answer = Answer { reply, asleep: None, rules };
        inner.enqueue(Job { call, work: Box::new(move || work(answer)) });
    }
}

impl Inner {
    /// Runs a call on this thread, watched.
    fn run(self: &Arc<Self>, call: Call, work: impl FnOnce()) {
        let number = {
            let mut state = self.state.lock();
            if state.calls.has_stuck(call.about) {
                drop(state);
                call.answer.expire(&stuck(call.about));
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

    /// Sees to it that somebody watches.
    fn ensure_watchdog(self: &Arc<Self>, state: &mut State) {
        state.active = true;
        match state.watch {
            Watch::Awake => return,
            Watch::BusyLoop => {
                self.watch.notify_one();
            }
            Watch::Absent => {
                let inner = Arc::clone(self);
                if !spawn("watch", move || inner.watch()) {
                    return;
                }
            }
        }
        state.watch = Watch::Awake;
    }

    fn end(self: &Arc<Self>, number: u64) {
        let mut state = self.state.lock();
        let ended = state.calls.end(number);
        // A process or user that was at its limit may have calls waiting.
        if state.calls.ready() > 0 {
            self.wake_or_spawn(&mut state);
        }
        drop(state);
        // With it goes the reply of a call that panicked, which is given as EIO.
        drop(ended);
    }

    fn enqueue(self: &Arc<Self>, job: Job) {
        self.handed_over.fetch_add(1, Ordering::Relaxed);
        let mut state = self.state.lock();
        if !state.calls.may_wait(job.call.about) {
            drop(state);
            job.call.answer.expire(&stuck(job.call.about));
            return;
        }
        state.calls.push(job);
        self.ensure_watchdog(&mut state);
        self.wake_or_spawn(&mut state);
    }

    /// Wakes a thread of the pool, or makes one: as many as there are calls that wait, since each
    /// may hang.
    fn wake_or_spawn(self: &Arc<Self>, state: &mut State) {
        if state.idle > 0 {
            self.work_came.notify_one();
        }
        if state.idle < state.calls.ready() && state.threads < THREADS {
            let inner = Arc::clone(self);
            if spawn("pool", move || inner.work()) {
                state.threads += 1;
            }
        }
    }

    /// A thread of the pool.
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
                    state.idle += 1;
                    let waited = self.work_came.wait_for(&mut state, IDLE);
                    state.idle -= 1;
                    if waited.timed_out() && state.calls.ready() == 0 {
                        state.threads -= 1;
                        return;
                    }
                }
            }
        }
    }

    /// The thread that answers for calls which take too long. It sleeps while there are none.
    fn watch(self: Arc<Self>) {
        // Known since INIT, before the first call.
        let serial = self.serial.load(Ordering::Relaxed);
        let is_brief = |about: About| serial && about.is_directory;
        let mut state = self.state.lock();
        loop {
            if state.active || !state.calls.is_empty() {
                state.active = false;
                self.watch.wait_for(&mut state, if serial { BRIEF_TICK } else { TICK });
            } else {
                state.watch = Watch::BusyLoop;
                self.watch.wait(&mut state);
                continue;
            }
            let limit = |about| if is_brief(about) { BRIEF_LIMIT } else { LIMIT };
            let late = state.calls.late(limit);
            // Not under the lock: an error is logged, and a log that takes no more would stop all.
            MutexGuard::unlocked(&mut state, || {
                for (answer, about) in late {
                    let kind = if is_brief(about) { ErrorKind::Busy } else { ErrorKind::TimedOut };
                    answer.expire(&stuck(about).meaning(kind));
                }
            });
        }
    }
}

fn stuck(about: About) -> Error {
    Error { pid: about.pid, ..Error::new(ErrorKind::TimedOut, "gate") }
}

fn spawn(name: &str, body: impl FnOnce() + Send + 'static) -> bool {
    match std::thread::Builder::new().name(name.to_owned()).spawn(body) {
        Ok(_) => true,
        Err(error) => {
            log::error!("no thread for calls that may sleep: {}", error_words(&error));
            false
        }
    }
}

/// A panic in one request must not end the event loop that runs it: the reply, dropped on the
/// way, is given as EIO by fuser.
fn catch_panic(work: impl FnOnce()) {
    if catch_unwind(AssertUnwindSafe(work)).is_err() {
        log::error!("a request failed by a panic, which is a bug; the client gets EIO");
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::super::host::LINUX;
    use super::*;

    /// A reply that somebody waits for.
    struct Told(Sender<Option<Errno>>);

    impl Refuse for Told {
        fn refuse(self, errno: Errno) {
            let _ = self.0.send(Some(errno));
        }
    }

    fn call(
        gate: &Gate,
        pid: u32,
        work: impl FnOnce() + Send + 'static,
    ) -> Receiver<Option<Errno>> {
        let (sender, told) = channel();
        gate.run_blocking(
            About { user: 0, pid: Pid::new(pid), is_directory: false },
            Told(sender),
            true,
            move |answer| {
                work();
                if let Some(reply) = answer.take() {
                    let _ = reply.0.send(None);
                }
            },
        );
        told
    }

    #[test]
    fn no_call_waits_behind_a_stuck_one() {
        for _ in 0..200 {
            // With one loop all calls go to the pool, where one thread is idle.
            let gate = Gate::new(1, LINUX);
            assert_eq!(call(&gate, 1, || {}).recv(), Ok(None));
            let (release, held) = channel::<()>();
            let stuck = call(&gate, 2, move || {
                let _ = held.recv();
            });
            let quick = call(&gate, 3, || {});
            assert_eq!(quick.recv_timeout(Duration::from_secs(3)), Ok(None));
            drop(release);
            assert_eq!(stuck.recv(), Ok(None));
        }
    }

    #[test]
    fn a_process_has_two_threads_at_most_and_the_others_the_rest() {
        let gate = Gate::new(2, LINUX);
        let (release, held) = channel::<()>();
        let held = Arc::new(Mutex::new(held));
        let hang = || {
            let held = Arc::clone(&held);
            move || {
                let _ = held.lock().recv();
            }
        };
        let (begun, beginnings) = channel();
        // As if another loop were asleep: this one then hands all calls over.
        gate.0.sleeping.store(1, Ordering::Relaxed);
        let stuck: Vec<_> = (0..5)
            .map(|_| {
                let (hang, begun) = (hang(), begun.clone());
                call(&gate, 7, move || {
                    let _ = begun.send(());
                    hang();
                })
            })
            .collect();
        for _ in 0..CALLS_PER_PROCESS {
            assert_eq!(beginnings.recv(), Ok(()));
        }
        for other in 10..20 {
            assert_eq!(call(&gate, other, || {}).recv_timeout(Duration::from_secs(3)), Ok(None));
        }
        assert!(beginnings.try_recv().is_err(), "no third one was begun");
        drop(release);
        for told in stuck {
            assert_eq!(told.recv(), Ok(None));
        }
    }

    #[test]
    fn where_directories_are_serial_a_call_about_one_gives_way_first() {
        assert!(BRIEF_LIMIT + BRIEF_TICK < Duration::from_millis(100));
        for loops in [1, 2] {
            let gate = Gate::new(loops, LINUX);
            gate.directories_are_serial();
            let (release, held) = channel::<()>();
            let held = Arc::new(Mutex::new(held));
            let hang = |pid, is_directory| {
                let held = Arc::clone(&held);
                let (sender, told) = channel();
                let about = About { user: 0, pid: Pid::new(pid), is_directory };
                gate.run_blocking(about, Told(sender), loops == 1, move |answer| {
                    let _ = held.lock().recv();
                    if let Some(reply) = answer.take() {
                        let _ = reply.0.send(None);
                    }
                });
                told
            };
            let file = hang(1, false);
            let directory = hang(2, true);
            assert_eq!(directory.recv(), Ok(Some(Errno::EINTR)));
            assert!(file.try_recv().is_err(), "it has the longer time");
            drop(release);
            assert_eq!(file.recv(), Ok(None));
        }
    }

    #[test]
    fn a_panic_ends_nothing_but_its_call() {
        for loops in [1, 2] {
            let gate = Gate::new(loops, LINUX);
            let told = call(&gate, 1, || std::panic::panic_any("on purpose"));
            assert!(told.recv().is_err(), "the reply was dropped, which fuser makes EIO");
            for _ in 0..20 {
                assert_eq!(call(&gate, 1, || {}).recv(), Ok(None));
            }
        }
    }
}
