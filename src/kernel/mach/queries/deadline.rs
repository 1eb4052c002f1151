//! Questions about files, with a deadline. XNU asks the file system for the attributes of a vnode that
//! a process has open, has mapped or works in. That may take for ever, as of a server that is gone; and
//! for as long as a request on this very vnode waits for our own answer, where the file is one of our
//! mount. So such questions are asked on a thread of their own, which is left behind when the time is
//! over.

use std::collections::HashMap;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::super::lock::lock;
use crate::model::{Pid, error_words};

/// Long for a file that answers, and short for a person who waits.
const LIMIT: Duration = Duration::from_millis(100);

/// Threads that may be left behind with questions about one process.
const PER_PROCESS: usize = 4;

/// Threads that may be left behind at all.
const IN_ALL: usize = 64;

/// The threads that were left behind and still wait.
#[derive(Debug)]
pub(in super::super) struct LeftBehind {
    /// How long the answer about one file may take.
    limit: Duration,
    by_pid: Mutex<HashMap<Pid, usize>>,
}

impl Default for LeftBehind {
    fn default() -> Self {
        LeftBehind { limit: LIMIT, by_pid: Mutex::default() }
    }
}

impl LeftBehind {
    fn has_room(&self, pid: Pid) -> bool {
        let by_pid = lock(&self.by_pid);
        let of_process = by_pid.get(&pid).copied().unwrap_or_default();
        of_process < PER_PROCESS && by_pid.values().sum::<usize>() < IN_ALL
    }
}

/// A thread that asks.
#[derive(Default)]
struct Asking {
    is_left: bool,
    has_ended: bool,
}

/// Asks about each of these files of a process, in turn. `None` for those whose answer did not come in
/// time, and for all where too many threads wait already.
pub(in super::super) fn ask_each<F: Copy + Send + 'static, T: Send + 'static>(
    left: &Arc<LeftBehind>,
    pid: Pid,
    files: &[F],
    ask: impl Fn(F) -> T + Clone + Send + 'static,
) -> Vec<Option<T>> {
    let mut answers = Vec::with_capacity(files.len());
    while answers.len() < files.len() && left.has_room(pid) {
        let rest = files[answers.len()..].to_vec();
        let (sender, receiver) = channel();
        let asking = Arc::new(Mutex::new(Asking::default()));
        let thread = std::thread::Builder::new().name("file".to_owned()).spawn({
            let (left, asking, ask) = (Arc::clone(left), Arc::clone(&asking), ask.clone());
            move || {
                // It ends when nothing is waited for any more.
                let _ = sender.send(None);
                let _ = rest.into_iter().try_for_each(|file| sender.send(Some(ask(file))));
                let mut by_pid = lock(&left.by_pid);
                let mut asking = lock(&asking);
                asking.has_ended = true;
                if asking.is_left
                    && let Some(count) = by_pid.get_mut(&pid)
                {
                    *count -= 1;
                    if *count == 0 {
                        by_pid.remove(&pid);
                    }
                }
            }
        });
        if let Err(error) = thread {
            log::error!("no thread to ask about files: {}", error_words(&error));
            break;
        }
        // The time runs from the question on, not while the thread waits for a processor.
        let _ = receiver.recv();
        loop {
            match receiver.recv_timeout(left.limit) {
                Ok(answer) => answers.push(answer),
                Err(RecvTimeoutError::Timeout) => {
                    answers.push(None);
                    let mut by_pid = lock(&left.by_pid);
                    let mut asking = lock(&asking);
                    if !asking.has_ended {
                        asking.is_left = true;
                        *by_pid.entry(pid).or_default() += 1;
                    }
                    break;
                }
                // All were answered; or a panic, which is as good as no answer.
                Err(RecvTimeoutError::Disconnected) if answers.len() < files.len() => {
                    answers.push(None);
                    break;
                }
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
    }
    answers.resize_with(files.len(), || None);
    answers
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::Receiver;

    use super::*;

    /// A thread that is not blocked answers within this on a busy machine, too.
    fn patient() -> Arc<LeftBehind> {
        Arc::new(LeftBehind { limit: Duration::from_millis(700), ..LeftBehind::default() })
    }

    /// Answers with the number, but waits at odd ones until the sender is dropped.
    fn asking(held: Receiver<()>) -> impl Fn(i32) -> i32 + Clone + Send + 'static {
        let held = Arc::new(Mutex::new(held));
        move |descriptor| {
            if descriptor % 2 == 1 {
                let _ = lock(&held).recv();
            }
            descriptor
        }
    }

    #[test]
    fn who_does_not_answer_costs_only_its_own_answer() {
        let left = patient();
        let pid = Pid::this();
        let (release, held) = channel();
        let ask = asking(held);
        let answers = ask_each(&left, pid, &[0, 1, 2, 3, 4], ask.clone());
        assert_eq!(answers, [Some(0), None, Some(2), None, Some(4)]);
        assert_eq!(lock(&left.by_pid).get(&pid), Some(&2));
        drop(release);
        while !lock(&left.by_pid).is_empty() {
            std::thread::yield_now();
        }
        assert_eq!(ask_each(&left, pid, &[1, 3], ask), [Some(1), Some(3)]);
    }

    #[test]
    fn threads_left_behind_are_bounded() {
        let left = patient();
        let (release, held) = channel();
        let ask = asking(held);
        let odd: Vec<i32> = (0..10).map(|number| 2 * number + 1).collect();
        assert!(ask_each(&left, Pid::this(), &odd, ask.clone()).iter().all(Option::is_none));
        assert_eq!(lock(&left.by_pid).get(&Pid::this()), Some(&PER_PROCESS));
        assert_eq!(ask_each(&left, Pid::this(), &[2], ask.clone()), [None]);
        let other = Pid::new(0).unwrap();
        assert_eq!(ask_each(&left, other, &[2], ask), [Some(2)]);
        drop(release);
        while !lock(&left.by_pid).is_empty() {
            std::thread::yield_now();
        }
    }

    #[test]
    fn a_panic_is_no_answer() {
        let left = patient();
        let ask = |descriptor| {
            if descriptor == 1 {
                std::panic::resume_unwind(Box::new("asked for"));
            }
            descriptor
        };
        assert_eq!(ask_each(&left, Pid::this(), &[0, 1, 2], ask), [Some(0), None, Some(2)]);
    }
}
