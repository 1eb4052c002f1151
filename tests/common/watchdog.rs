//! An end for every test. A guard (of a process, a mount, a served tree) holds a watchdog for as
//! long as it lives: past the limit the watchdog ends what the guard stands for, so that the test
//! that waits for it gets an error and fails. Where the test does not end even then, the watchdog
//! ends everything that this process guards, and the process.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Far more than any test needs on a slow machine; nothing but a test that hangs depends on it.
pub const LIMIT: Duration = Duration::from_secs(300);

/// How long a test has to fail once what it waits for was ended.
pub const GRACE: Duration = Duration::from_secs(30);

/// How to end what is guarded.
pub type End = Arc<dyn Fn() + Send + Sync>;

/// How to end what is guarded now, by the number of its watchdog.
static GUARDED: Mutex<BTreeMap<u64, End>> = Mutex::new(BTreeMap::new());

/// See the module. Dismissed when it is dropped.
#[must_use]
pub struct Watchdog {
    number: u64,
    /// Dropped, it wakes the thread that waits.
    _alive: Sender<()>,
}

impl Watchdog {
    /// Calls `end` when the limit is over, and with it names `what` and the test.
    pub fn new(what: impl Into<String>, end: impl Fn() + Send + Sync + 'static) -> Self {
        Self::within(limit(), what.into(), Arc::new(end))
    }

    /// The same with another limit.
    pub fn within(limit: Duration, what: String, end: End) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        guarded().insert(number, Arc::clone(&end));
        let (alive, dismissed) = channel::<()>();
        let test = super::test_name();
        std::thread::spawn(move || {
            if dismissed.recv_timeout(limit) != Err(RecvTimeoutError::Timeout) {
                return;
            }
            say(&format!("{test}: {what} is ended after {} s", limit.as_secs()));
            end();
            if dismissed.recv_timeout(GRACE) == Err(RecvTimeoutError::Timeout) {
                say(&format!("{test}: it still waits; all tests of this program are given up"));
                let all: Vec<End> = guarded().values().cloned().collect();
                all.iter().for_each(|end| end());
                std::process::exit(101);
            }
        });
        Watchdog { number, _alive: alive }
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        guarded().remove(&self.number);
    }
}

/// A soak runs for as long as it is asked to.
fn limit() -> Duration {
    let asked = std::env::var("MACH_PROCFS_SECONDS").ok().and_then(|it| it.parse().ok());
    LIMIT + Duration::from_secs(asked.unwrap_or(0))
}

fn guarded() -> std::sync::MutexGuard<'static, BTreeMap<u64, End>> {
    GUARDED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Past libtest, which keeps what a test prints to itself.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "watchdog: {line}");
}
