//! Calls in progress and calls that wait for a thread. Which one may begin next is found in constant
//! time, however many run and wait: a call whose process or user is at its limit is parked there, and
//! leaves when a call of that process or user ends.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{About, CALLS_PER_PROCESS, Expire, QUEUE, STUCK, THREADS, share};
use crate::model::Pid;

/// A call in progress.
pub(super) struct Call {
    pub(super) about: About,
    pub(super) since: Instant,
    pub(super) answer: Arc<dyn Expire>,
}

/// A call that waits for a thread.
pub(super) struct Job {
    pub(super) call: Call,
    pub(super) work: Box<dyn FnOnce() + Send>,
}

/// The calls of one process or of one user.
#[derive(Default)]
struct Load {
    running: usize,
    waiting: usize,
    /// Those that wait for one of this process or user to end.
    parked: VecDeque<Job>,
}

#[derive(Default)]
pub(super) struct Calls {
    last: u64,
    running: HashMap<u64, Call>,
    /// Those that may begin, as far as is known.
    ready: VecDeque<Job>,
    waiting: usize,
    by_process: HashMap<Pid, Load>,
    by_user: HashMap<u32, Load>,
}

impl Calls {
    /// Whether there is nothing to watch.
    pub(super) fn is_empty(&self) -> bool {
        self.running.is_empty() && self.waiting == 0
    }

    /// How many wait and may begin, as far as is known.
    pub(super) fn ready(&self) -> usize {
        self.ready.len()
    }

    /// Whether a process has so many stuck calls that another one will be stuck as well.
    pub(super) fn has_stuck(&self, about: About) -> bool {
        about.pid.is_some_and(|pid| {
            let is_stuck =
                |call: &&Call| call.about.pid == Some(pid) && call.since.elapsed() >= STUCK;
            !self.has_room_for_process(Some(pid))
                && self.running.values().filter(is_stuck).count() >= CALLS_PER_PROCESS
        })
    }

    /// Whether a call may wait for a thread.
    pub(super) fn may_wait(&self, about: About) -> bool {
        let of_user = self.by_user.get(&about.user).map_or(0, |load| load.waiting);
        self.waiting < QUEUE && of_user < share(about.user, QUEUE) && !self.has_stuck(about)
    }

    /// Lets a call wait for a thread.
    pub(super) fn push(&mut self, job: Job) {
        self.waiting += 1;
        self.by_user.entry(job.call.about.user).or_default().waiting += 1;
        self.ready.push_back(job);
    }

    /// The next call whose process and user are not at their limits.
    pub(super) fn next_job(&mut self) -> Option<Job> {
        while let Some(job) = self.ready.pop_front() {
            let About { user, pid, .. } = job.call.about;
            let room = (self.has_room_for_process(pid), self.has_room_for_user(user));
            match (room, pid) {
                ((true, true), _) => {
                    self.leave(job.call.about);
                    return Some(job);
                }
                // Its place goes on to the next one that is parked for want of it.
                ((false, has_room), Some(pid)) => {
                    self.by_process.entry(pid).or_default().parked.push_back(job);
                    if has_room {
                        unpark(&mut self.by_user, &user, &mut self.ready);
                    }
                }
                _ => {
                    self.by_user.entry(user).or_default().parked.push_back(job);
                    if let Some(pid) = pid {
                        unpark(&mut self.by_process, &pid, &mut self.ready);
                    }
                }
            }
        }
        None
    }

    /// Counts a call as running, under the number that is returned.
    pub(super) fn begin(&mut self, call: Call) -> u64 {
        let About { user, pid, .. } = call.about;
        self.by_user.entry(user).or_default().running += 1;
        if let Some(pid) = pid {
            self.by_process.entry(pid).or_default().running += 1;
        }
        self.last += 1;
        self.running.insert(self.last, call);
        self.last
    }

    /// Forgets a call that has ended.
    pub(super) fn end(&mut self, number: u64) -> Option<Call> {
        let call = self.running.remove(&number)?;
        let About { user, pid, .. } = call.about;
        let end = |load: &mut Load| load.running = load.running.saturating_sub(1);
        change(&mut self.by_user, &user, end);
        unpark(&mut self.by_user, &user, &mut self.ready);
        if let Some(pid) = pid {
            change(&mut self.by_process, &pid, end);
            unpark(&mut self.by_process, &pid, &mut self.ready);
        }
        Some(call)
    }

    /// The answers of the calls that have taken as long as they may. Those that waited wait no longer.
    pub(super) fn late(
        &mut self,
        limit: impl Fn(About) -> Duration,
    ) -> Vec<(Arc<dyn Expire>, About)> {
        let now = Instant::now();
        let is_late = |call: &Call| now.duration_since(call.since) >= limit(call.about);
        let answer = |call: &Call| (Arc::clone(&call.answer), call.about);
        let mut late: Vec<_> =
            self.running.values().filter(|call| is_late(call)).map(answer).collect();
        let running = late.len();
        let parked = self.by_process.values_mut().map(|load| &mut load.parked);
        let parked = parked.chain(self.by_user.values_mut().map(|load| &mut load.parked));
        for queue in parked.chain([&mut self.ready]) {
            queue.retain(|job| {
                let is_late = is_late(&job.call);
                late.extend(is_late.then(|| answer(&job.call)));
                !is_late
            });
        }
        for (_, about) in &late[running..] {
            self.leave(*about);
        }
        late
    }

    /// Counts a call as waiting no longer.
    fn leave(&mut self, about: About) {
        self.waiting = self.waiting.saturating_sub(1);
        change(&mut self.by_user, &about.user, |load| {
            load.waiting = load.waiting.saturating_sub(1);
        });
    }

    fn has_room_for_process(&self, pid: Option<Pid>) -> bool {
        let load = pid.and_then(|pid| self.by_process.get(&pid));
        load.is_none_or(|load| load.running < CALLS_PER_PROCESS)
    }

    fn has_room_for_user(&self, user: u32) -> bool {
        self.by_user.get(&user).is_none_or(|load| load.running < share(user, THREADS))
    }
}

/// Changes a load, and forgets it where nothing is left of it.
fn change<K: Eq + Hash>(loads: &mut HashMap<K, Load>, key: &K, change: impl FnOnce(&mut Load)) {
    if let Some(load) = loads.get_mut(key) {
        change(load);
        if load.running == 0 && load.waiting == 0 && load.parked.is_empty() {
            loads.remove(key);
        }
    }
}

/// Lets the oldest parked call try again.
fn unpark<K: Eq + Hash>(loads: &mut HashMap<K, Load>, key: &K, ready: &mut VecDeque<Job>) {
    change(loads, key, |load| ready.extend(load.parked.pop_front()));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Error;

    struct Silent;

    impl Expire for Silent {
        fn expire(&self, _: &Error) -> bool {
            true
        }
    }

    fn job(user: u32, pid: u32, since: Instant) -> Job {
        let about = About { user, pid: Pid::new(pid).filter(|_| pid != 0), is_directory: false };
        Job { call: Call { about, since, answer: Arc::new(Silent) }, work: Box::new(|| {}) }
    }

    fn push(calls: &mut Calls, user: u32, pid: u32) {
        calls.push(job(user, pid, Instant::now()));
    }

    /// Begins all that may, and tells which process each is about, by its number.
    fn begun(calls: &mut Calls) -> Vec<(u64, u32)> {
        std::iter::from_fn(|| {
            let job = calls.next_job()?;
            let pid = job.call.about.pid.map_or(0, Pid::number);
            Some((calls.begin(job.call), pid))
        })
        .collect()
    }

    fn pids(begun: &[(u64, u32)]) -> Vec<u32> {
        begun.iter().map(|(_, pid)| *pid).collect()
    }

    #[test]
    fn a_process_at_its_limit_waits_and_the_others_go_on() {
        let mut calls = Calls::default();
        for pid in [7, 7, 7, 7, 8, 0, 0, 0] {
            push(&mut calls, 0, pid);
        }
        let first = begun(&mut calls);
        assert_eq!(pids(&first), [7, 7, 8, 0, 0, 0]);
        assert_eq!(calls.ready(), 0);
        calls.end(first[0].0);
        let next = begun(&mut calls);
        assert_eq!(pids(&next), [7]);
        calls.end(first[1].0);
        calls.end(next[0].0);
        assert_eq!(pids(&begun(&mut calls)), [7]);
    }

    #[test]
    fn a_place_that_one_cannot_take_goes_to_the_next() {
        let mut calls = Calls::default();
        let share = share(501, THREADS);
        for pid in 0..share {
            push(&mut calls, 501, 1000 + u32::try_from(pid).unwrap());
        }
        let held = begun(&mut calls);
        assert_eq!(held.len(), share);
        // Of process 7: two that run, one of the user who has no thread left, one of another.
        for user in [0, 0, 501, 502] {
            push(&mut calls, user, 7);
        }
        let of_process = begun(&mut calls);
        assert_eq!(pids(&of_process), [7, 7]);
        calls.end(of_process[0].0);
        // The first that is parked waits for its user now; the second begins.
        let next = calls.next_job().unwrap();
        assert_eq!(next.call.about.user, 502);
        let next = calls.begin(next.call);
        assert!(calls.next_job().is_none());
        for (number, _) in held.iter().chain(&of_process[1..]) {
            calls.end(*number);
        }
        calls.end(next);
        assert_eq!(calls.next_job().unwrap().call.about.user, 501);
        assert!(calls.next_job().is_none() && calls.is_empty());
        assert!(calls.by_process.is_empty() && calls.by_user.is_empty());
    }

    #[test]
    fn what_waits_too_long_is_answered_wherever_it_waits() {
        let mut calls = Calls::default();
        let limit = Duration::from_secs(5);
        let old = Instant::now().checked_sub(limit).unwrap();
        push(&mut calls, 0, 7);
        push(&mut calls, 0, 7);
        let running = begun(&mut calls);
        calls.push(job(0, 7, old));
        assert!(calls.next_job().is_none(), "it is parked");
        calls.push(job(0, 8, old));
        push(&mut calls, 0, 9);
        assert_eq!(calls.late(|_| limit).len(), 2);
        assert!(calls.late(|_| limit).is_empty());
        assert_eq!(pids(&begun(&mut calls)), [9]);
        running.iter().for_each(|(number, _)| drop(calls.end(*number)));
        assert!(calls.next_job().is_none());
    }

    #[test]
    fn a_user_may_let_so_many_wait_and_no_more() {
        let mut calls = Calls::default();
        let about = About { user: 501, pid: None, is_directory: false };
        for _ in 0..share(501, QUEUE) {
            assert!(calls.may_wait(about));
            push(&mut calls, 501, 0);
        }
        assert!(!calls.may_wait(about) && calls.may_wait(About { user: 502, ..about }));
        while calls.next_job().is_some() {}
        assert!(calls.may_wait(about));
    }
}
