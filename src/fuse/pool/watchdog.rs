//! The thread that answers calls which take too long: workers and event loops stuck in the kernel.
//!
//! A client that waits for [`LIMIT`] gets a `TimedOut`, which is EIO. A call that blocks others
//! gets a `Busy`, which is EINTR, after [`BRIEF_LIMIT`]. The thread that runs the call stays in the
//! kernel.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use parking_lot::MutexGuard;

use super::{CallInfo, Shared, State, spawn};
use crate::model::ErrorKind;

/// The longest time that a client waits for a call.
pub(super) const LIMIT: Duration = Duration::from_secs(5);
/// The longest time for a call that blocks others. With [`BRIEF_TICK`] it is less than the 100 ms
/// for which others may be held up.
pub(super) const BRIEF_LIMIT: Duration = Duration::from_millis(50);
/// How often the watchdog looks at calls in progress.
const TICK: Duration = Duration::from_millis(250);
/// How often it looks where some calls block others.
pub(super) const BRIEF_TICK: Duration = Duration::from_millis(25);

/// The state of the watchdog's thread.
#[derive(Default)]
pub(super) struct Watchdog {
    thread: Thread,
    /// Whether a call began since the last tick.
    active: bool,
}

#[derive(Default)]
enum Thread {
    /// No call has begun yet.
    #[default]
    Absent,
    /// It waits until a call begins.
    Asleep,
    /// It looks at the calls at each tick.
    Awake,
}

fn limit(info: CallInfo) -> Duration {
    if info.blocks_others { BRIEF_LIMIT } else { LIMIT }
}

impl Shared {
    /// Starts or wakes the watchdog's thread for a call that begins.
    pub(super) fn ensure_watchdog(self: &Arc<Self>, state: &mut State) {
        state.watchdog.active = true;
        match state.watchdog.thread {
            Thread::Awake => return,
            Thread::Asleep => {
                self.watchdog_wakes.notify_one();
            }
            Thread::Absent => {
                let shared = Arc::clone(self);
                if !spawn("watchdog", move || shared.watch()) {
                    return;
                }
            }
        }
        state.watchdog.thread = Thread::Awake;
    }

    /// The body of the watchdog's thread.
    fn watch(self: Arc<Self>) {
        // Set before the first call, which starts this thread.
        let closely = self.watches_closely.load(Ordering::Relaxed);
        let tick = if closely { BRIEF_TICK } else { TICK };
        let mut state = self.state.lock();
        loop {
            if state.watchdog.active || !state.calls.is_empty() {
                state.watchdog.active = false;
                self.watchdog_wakes.wait_for(&mut state, tick);
            } else {
                state.watchdog.thread = Thread::Asleep;
                self.watchdog_wakes.wait(&mut state);
                continue;
            }
            let late = state.calls.late(Instant::now(), limit);
            if state.calls.ready() > 0 {
                self.wake_or_spawn(&mut state);
            }
            // Without the lock: an error is logged, and a log that blocks would block all calls.
            MutexGuard::unlocked(&mut state, || {
                if !late.is_empty() {
                    (self.when_late)();
                }
                for (answer, info) in late {
                    let kind =
                        if info.blocks_others { ErrorKind::Busy } else { ErrorKind::TimedOut };
                    answer.expire(&info.timed_out().meaning(kind));
                }
            });
        }
    }
}
