//! The pool with real threads, and its decisions under chosen interleavings.

use std::sync::mpsc::{Receiver, Sender, channel};

use proptest::prelude::*;

use super::calls::CALLS_PER_PROCESS;
use super::watchdog::{BRIEF_LIMIT, BRIEF_TICK};
use super::*;

type Outcome = Result<(), ErrorKind>;

/// An answer that the test waits for. It is given once: dropped unanswered, the channel closes.
struct Reply(Mutex<Option<Sender<Outcome>>>);

impl Reply {
    fn give(&self, outcome: Outcome) {
        if let Some(sender) = self.0.lock().take() {
            let _ = sender.send(outcome);
        }
    }
}

impl Expire for Reply {
    fn expire(&self, error: &Error) {
        self.give(Err(error.kind));
    }
}

fn call_with(
    pool: &Pool,
    info: CallInfo,
    is_free: bool,
    work: impl FnOnce() + Send + 'static,
) -> Receiver<Outcome> {
    let (sender, outcome) = channel();
    let reply = Arc::new(Reply(Mutex::new(Some(sender))));
    let expire = Arc::clone(&reply);
    pool.run_blocking(info, expire, is_free, move |_busy| {
        work();
        reply.give(Ok(()));
    });
    outcome
}

fn about(pid: u32) -> CallInfo {
    CallInfo { user: 0, pid: Pid::new(pid), blocks_others: false }
}

fn call(pool: &Pool, pid: u32, work: impl FnOnce() + Send + 'static) -> Receiver<Outcome> {
    call_with(pool, about(pid), true, work)
}

/// Calls that hang until the sender is dropped.
fn hanging() -> (Sender<()>, impl Fn() -> Box<dyn FnOnce() + Send>) {
    let (release, held) = channel::<()>();
    let held = Arc::new(Mutex::new(held));
    let hang = move || {
        let held = Arc::clone(&held);
        Box::new(move || {
            let _ = held.lock().recv();
        }) as Box<dyn FnOnce() + Send>
    };
    (release, hang)
}

#[test]
fn no_call_waits_behind_a_stuck_one() {
    for _ in 0..200 {
        // With one loop all calls go to workers, of which one is idle.
        let pool = Pool::new(1, || {});
        assert_eq!(call(&pool, 1, || {}).recv(), Ok(Ok(())));
        let (release, hang) = hanging();
        let stuck = call(&pool, 2, hang());
        let quick = call(&pool, 3, || {});
        assert_eq!(quick.recv_timeout(Duration::from_secs(3)), Ok(Ok(())));
        drop(release);
        assert_eq!(stuck.recv(), Ok(Ok(())));
    }
}

#[test]
fn a_process_has_two_workers_at_most_and_the_others_the_rest() {
    let pool = Pool::new(2, || {});
    let (release, hang) = hanging();
    let (begun, beginnings) = channel();
    // As if the other loop were busy: this one then hands all calls over.
    let (_busy, _) = BusyLoop::begin(&pool.0);
    let stuck: Vec<_> = (0..5)
        .map(|_| {
            let (hang, begun) = (hang(), begun.clone());
            call(&pool, 7, move || {
                let _ = begun.send(());
                hang();
            })
        })
        .collect();
    for _ in 0..CALLS_PER_PROCESS {
        assert_eq!(beginnings.recv(), Ok(()));
    }
    for other in 10..20 {
        assert_eq!(call(&pool, other, || {}).recv_timeout(Duration::from_secs(3)), Ok(Ok(())));
    }
    assert!(beginnings.try_recv().is_err(), "no third one was begun");
    assert_eq!(pool.handed_over().load(Ordering::Relaxed), 15);
    drop(release);
    for outcome in stuck {
        assert_eq!(outcome.recv(), Ok(Ok(())));
    }
}

#[test]
fn a_call_that_blocks_others_is_answered_first() {
    assert!(BRIEF_LIMIT + BRIEF_TICK < Duration::from_millis(100));
    // On a worker, and on an event loop, which here is the thread of the call that hangs.
    for loops in [1, 2] {
        let pool = Pool::new(loops, || {});
        pool.watch_closely();
        let (release, hang) = hanging();
        let file = call_with(&pool, about(1), false, hang());
        let info = CallInfo { blocks_others: true, ..about(2) };
        std::thread::scope(|scope| {
            let (sender, outcome) = channel();
            let reply = Arc::new(Reply(Mutex::new(Some(sender))));
            let work = hang();
            let pool = &pool;
            scope.spawn(move || pool.run_blocking(info, reply, true, move |_busy| work()));
            assert_eq!(outcome.recv(), Ok(Err(ErrorKind::Busy)));
            assert!(file.try_recv().is_err(), "it has the longer time");
            drop(release);
        });
        assert_eq!(file.recv(), Ok(Ok(())));
    }
}

#[test]
fn a_panic_ends_nothing_but_its_call() {
    for loops in [1, 2] {
        let pool = Pool::new(loops, || {});
        let outcome = call(&pool, 1, || std::panic::panic_any("on purpose"));
        assert!(outcome.recv().is_err(), "the reply was dropped, which fuser makes EIO");
        for _ in 0..20 {
            assert_eq!(call(&pool, 1, || {}).recv(), Ok(Ok(())));
        }
    }
}

/// What a worker thread does, between two steps that hold the lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Worker {
    /// Its next step looks for a call.
    Awake,
    Running(u64),
    Idle,
    /// Woken by a notification, or when its time was over, and not yet back under the lock.
    Woken {
        timed_out: bool,
    },
    Ended,
}

/// The steps of [`Shared`] that hold the lock, one after the other in any order of the threads.
#[derive(Default)]
struct Steps {
    state: State,
    workers: Vec<Worker>,
    begun: usize,
}

impl Steps {
    fn wake_or_spawn(&mut self) {
        let needed = self.state.needed();
        // A notification wakes one of those that wait, or is lost where none does.
        if let (true, Some(worker)) =
            (needed.wake, self.workers.iter_mut().find(|worker| **worker == Worker::Idle))
        {
            *worker = Worker::Woken { timed_out: false };
        }
        if needed.spawn {
            self.state.workers.threads += 1;
            self.workers.push(Worker::Awake);
        }
    }

    fn enqueue(&mut self, pid: u32) {
        let since = Instant::now();
        let answer = Arc::new(Reply(Mutex::new(None)));
        let call = Call { info: about(pid), since, answer };
        self.state.calls.push(Job { call, work: Box::new(|| {}) });
        self.wake_or_spawn();
    }

    /// One step of this worker. Running calls end only where `ends` says so.
    fn step(&mut self, worker: usize, ends: bool) -> bool {
        let next = match self.workers[worker] {
            Worker::Awake => match self.state.calls.next_job() {
                Some(job) => {
                    self.begun += 1;
                    Worker::Running(self.state.calls.begin(job.call))
                }
                None => {
                    self.state.begin_idle();
                    Worker::Idle
                }
            },
            Worker::Running(number) if ends => {
                self.state.calls.end(number);
                if self.state.calls.ready() > 0 {
                    self.wake_or_spawn();
                }
                Worker::Awake
            }
            Worker::Woken { timed_out } => {
                if self.state.end_idle(timed_out) {
                    Worker::Ended
                } else {
                    Worker::Awake
                }
            }
            Worker::Running(_) | Worker::Idle | Worker::Ended => return false,
        };
        self.workers[worker] = next;
        true
    }

    /// Lets the workers run until each waits, hangs in its call or has ended.
    fn settle(&mut self, ends: bool) {
        while (0..self.workers.len()).any(|worker| self.step(worker, ends)) {}
    }
}

#[test]
fn a_worker_whose_time_is_over_takes_the_call_that_came_meanwhile() {
    let mut threads = Steps::default();
    threads.enqueue(1);
    threads.settle(true);
    assert_eq!(threads.workers, [Worker::Idle]);
    threads.workers[0] = Worker::Woken { timed_out: true };
    threads.enqueue(2);
    threads.settle(false);
    assert!(matches!(threads.workers[..], [Worker::Running(_)]), "{:?}", threads.workers);
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Enqueue { pid: u32 },
    Worker { number: prop::sample::Index, ends: bool },
    TimeOut { number: prop::sample::Index },
}

fn step() -> impl Strategy<Value = Step> {
    let number = any::<prop::sample::Index>;
    prop_oneof![
        3 => (1..6u32).prop_map(|pid| Step::Enqueue { pid }),
        6 => (number(), any::<bool>()).prop_map(|(number, ends)| Step::Worker { number, ends }),
        3 => number().prop_map(|number| Step::TimeOut { number }),
    ]
}

proptest! {
    /// No notification is lost: wherever the threads stand, a call whose process is below its limit
    /// begins, though all calls that run hang.
    #[test]
    fn each_call_gets_a_worker_in_any_order_of_the_steps(
        steps in prop::collection::vec(step(), 0..60)
    ) {
        let mut threads = Steps::default();
        let mut enqueued = [0; 6];
        for step in steps {
            match step {
                Step::Enqueue { pid } => {
                    enqueued[pid as usize] += 1;
                    threads.enqueue(pid);
                }
                Step::Worker { number, ends } if !threads.workers.is_empty() => {
                    let number = number.index(threads.workers.len());
                    threads.step(number, ends);
                }
                Step::TimeOut { number } if !threads.workers.is_empty() => {
                    let number = number.index(threads.workers.len());
                    if threads.workers[number] == Worker::Idle {
                        threads.workers[number] = Worker::Woken { timed_out: true };
                    }
                }
                Step::Worker { .. } | Step::TimeOut { .. } => {}
            }
            let ended = threads.workers.iter().filter(|worker| **worker == Worker::Ended).count();
            prop_assert_eq!(threads.state.workers.threads, threads.workers.len() - ended);
        }
        threads.settle(false);
        prop_assert_eq!(threads.state.calls.ready(), 0, "a call waits, and no worker comes");
        threads.settle(true);
        prop_assert_eq!(threads.begun, enqueued.iter().sum::<usize>());
        prop_assert!(threads.state.calls.is_empty());
    }
}
