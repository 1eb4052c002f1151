//! Ports of threads. XNU has no call for the port of one thread (`task_findtid` serves none), so
//! those of all threads of the task are asked for. Of a task with many they are kept for a moment:
//! to read a file of each thread would otherwise cost the square of their number.
//!
//! A port that is kept holds no thread (`convert_thread_to_port_with_flavor` takes no reference for
//! it), and a thread's id is never given to another one, so what is kept cannot show another thread.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::super::failure;
use super::super::lock::lock;
use super::task_port;
use crate::kernel::xnu::{
    KernReturn, PortKind, PortName, ThreadIdentifier, ThreadPorts, Typed, XnuCalls,
};
use crate::model::{Error, ErrorKind, Pid, Result, error_words};

const CALL: &str = "task_threads";

/// How long ports serve requests. They are given back within twice that.
const KEPT: Duration = Duration::from_secs(1);

/// Ports of fewer threads are asked for each time.
const FEW: usize = 32;

/// The threads of the task that was asked about last.
pub(in super::super) struct LastThreads<C: XnuCalls>(Mutex<State<C>>);

impl<C: XnuCalls> Default for LastThreads<C> {
    fn default() -> Self {
        LastThreads(Mutex::new(State { last: None, has_watch: false }))
    }
}

struct State<C: XnuCalls> {
    last: Option<Arc<Threads<C>>>,
    /// Whether a thread of this program gives them back.
    has_watch: bool,
}

/// The threads that a task had at some time.
struct Threads<C: XnuCalls> {
    pid: Pid,
    kind: PortKind,
    since: Instant,
    by_id: HashMap<u64, PortName>,
    /// Holds the ports.
    ports: ThreadPorts<C>,
}

impl<C: XnuCalls> Threads<C> {
    fn list(calls: &Arc<C>, pid: Pid, id: u64, kind: PortKind) -> Result<Self> {
        let task = task_port(calls, pid, kind)?;
        let ports = ThreadPorts::with(&task, id).map_err(|code| match code {
            // The task is ending.
            KernReturn::FAILURE => {
                failure::of_port(CALL, code, pid).meaning(ErrorKind::NoSuchProcess)
            }
            _ => failure::of_port(CALL, code, pid),
        })?;
        let with_id =
            |port: &PortName| Some((calls.thread::<ThreadIdentifier>(*port).ok()?.id, *port));
        let by_id = ports.names().iter().filter_map(with_id).collect();
        // From here on, since to list many may take its time.
        Ok(Threads { pid, kind, since: Instant::now(), by_id, ports })
    }
}

impl<C: XnuCalls> LastThreads<C> {
    /// Does something with a thread's port, which is held as long.
    pub(super) fn with_port<T>(
        self: &Arc<Self>,
        calls: &Arc<C>,
        pid: Pid,
        id: u64,
        kind: PortKind,
        act: impl FnOnce(PortName) -> Result<T>,
    ) -> Result<T> {
        let threads = match self.find(pid, id, kind) {
            Some(threads) => threads,
            None => {
                let threads = Arc::new(Threads::list(calls, pid, id, kind)?);
                if threads.ports.names().len() >= FEW {
                    self.keep(&threads);
                }
                threads
            }
        };
        let port = threads.by_id.get(&id);
        act(*port.ok_or_else(|| Error::new(ErrorKind::NoSuchName, CALL).pid(pid))?)
    }

    fn find(&self, pid: Pid, id: u64, kind: PortKind) -> Option<Arc<Threads<C>>> {
        let state = lock(&self.0);
        let is_wanted = |threads: &&Arc<Threads<C>>| {
            threads.pid == pid
                && threads.kind <= kind
                && threads.since.elapsed() < KEPT
                && threads.by_id.contains_key(&id)
        };
        state.last.as_ref().filter(is_wanted).cloned()
    }

    fn keep(self: &Arc<Self>, threads: &Arc<Threads<C>>) {
        let mut state = lock(&self.0);
        if !state.has_watch {
            let kept = Arc::downgrade(self);
            let watch = move || {
                loop {
                    std::thread::sleep(KEPT);
                    if kept.upgrade().is_none_or(|kept| kept.has_given_back()) {
                        break;
                    }
                }
            };
            if let Err(error) = std::thread::Builder::new().name("ports".to_owned()).spawn(watch) {
                log::error!("no thread to give ports back: {}", error_words(&error));
                return;
            }
            state.has_watch = true;
        }
        let before = state.last.replace(Arc::clone(threads));
        drop(state);
        // Without the lock, since each port is given back by a call.
        drop(before);
    }

    /// Gives back what is too old to serve; whether nothing is left.
    fn has_given_back(&self) -> bool {
        let mut state = lock(&self.0);
        let old = state.last.take_if(|threads| threads.since.elapsed() >= KEPT);
        let has_none = state.last.is_none();
        state.has_watch = !has_none;
        drop(state);
        drop(old);
        has_none
    }
}
