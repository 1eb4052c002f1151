//! Calls in progress and calls that wait for a worker, with the bounds for each process and user.
//!
//! The call that may begin next is found in constant time, however many run and wait: a call whose
//! process or user is at its limit is parked there, and leaves when a call of that process or user
//! ends.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{CallInfo, Expire};
use crate::model::Pid;

#[cfg(test)]
mod interleavings;
#[cfg(test)]
mod tests;

/// Calls about one process that may be stuck, or run on workers, at a time.
pub(super) const CALLS_PER_PROCESS: usize = 2;
/// The most worker threads.
pub(super) const THREADS: usize = 128;
/// The most calls that wait for a worker. Further calls are refused.
const QUEUE: usize = 1024;
/// A call that takes this long counts as stuck.
const STUCK: Duration = Duration::from_secs(1);

/// How many of all workers, or of all places in the queue, one user may take. Root alone has reason
/// to look at the processes of all users, so it gets much, but not all.
fn share(user: u32, whole: usize) -> usize {
    if user == 0 { whole / 4 * 3 } else { whole / 4 }
}

/// A call, from its arrival to its end.
pub(super) struct Call {
    pub(super) info: CallInfo,
    pub(super) since: Instant,
    pub(super) answer: Arc<dyn Expire>,
}

/// A call that waits for a worker.
pub(super) struct Job {
    pub(super) call: Call,
    pub(super) work: Box<dyn FnOnce() + Send>,
}

/// The calls of one process or of one user.
#[derive(Default)]
struct Load {
    running: usize,
    waiting: usize,
    /// Calls that wait until another one of this process or user ends.
    parked: VecDeque<Job>,
}

/// The calls that run and the calls that wait.
#[derive(Default)]
pub(super) struct Calls {
    last: u64,
    running: HashMap<u64, Call>,
    /// Waiting calls that are not known to be at a limit.
    ready: VecDeque<Job>,
    waiting: usize,
    by_process: HashMap<Pid, Load>,
    by_user: HashMap<u32, Load>,
}

impl Calls {
    /// Whether no call runs or waits.
    pub(super) fn is_empty(&self) -> bool {
        self.running.is_empty() && self.waiting == 0
    }

    /// How many waiting calls are not known to be at a limit.
    pub(super) fn ready(&self) -> usize {
        self.ready.len()
    }

    /// Whether a process has so many stuck calls that another one will be stuck as well.
    pub(super) fn has_stuck(&self, info: CallInfo, now: Instant) -> bool {
        info.pid.is_some_and(|pid| {
            let is_stuck = |call: &&Call| {
                call.info.pid == Some(pid) && now.duration_since(call.since) >= STUCK
            };
            !self.has_room_for_process(Some(pid))
                && self.running.values().filter(is_stuck).count() >= CALLS_PER_PROCESS
        })
    }

    /// Whether the queue has a place for this call.
    pub(super) fn may_wait(&self, info: CallInfo, now: Instant) -> bool {
        let of_user = self.by_user.get(&info.user).map_or(0, |load| load.waiting);
        self.waiting < QUEUE && of_user < share(info.user, QUEUE) && !self.has_stuck(info, now)
    }

    /// Puts a call into the queue.
    pub(super) fn push(&mut self, job: Job) {
        self.waiting += 1;
        self.by_user.entry(job.call.info.user).or_default().waiting += 1;
        self.ready.push_back(job);
    }

    /// Takes the next call whose process and user are below their limits from the queue.
    pub(super) fn next_job(&mut self) -> Option<Job> {
        while let Some(job) = self.ready.pop_front() {
            let CallInfo { user, pid, .. } = job.call.info;
            let room = (self.has_room_for_process(pid), self.has_room_for_user(user));
            match (room, pid) {
                ((true, true), _) => {
                    self.leave(job.call.info);
                    return Some(job);
                }
                // The place that it cannot take goes to the next parked call.
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
        let CallInfo { user, pid, .. } = call.info;
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
        let CallInfo { user, pid, .. } = call.info;
        let end = |load: &mut Load| load.running = load.running.saturating_sub(1);
        change(&mut self.by_user, &user, end);
        unpark(&mut self.by_user, &user, &mut self.ready);
        if let Some(pid) = pid {
            change(&mut self.by_process, &pid, end);
            unpark(&mut self.by_process, &pid, &mut self.ready);
        }
        Some(call)
    }

    /// The calls that have taken as long as they may. Waiting ones leave the queue; running ones are
    /// returned again each time until they end.
    pub(super) fn late(
        &mut self,
        now: Instant,
        limit: impl Fn(CallInfo) -> Duration,
    ) -> Vec<(Arc<dyn Expire>, CallInfo)> {
        let is_late = |call: &Call| now.duration_since(call.since) >= limit(call.info);
        let answer = |call: &Call| (Arc::clone(&call.answer), call.info);
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
        for (_, info) in &late[running..] {
            self.leave(*info);
            // A call that was ready held a place, which goes to the next parked one.
            unpark(&mut self.by_user, &info.user, &mut self.ready);
            if let Some(pid) = info.pid {
                unpark(&mut self.by_process, &pid, &mut self.ready);
            }
        }
        late
    }

    /// Counts a call as waiting no longer.
    fn leave(&mut self, info: CallInfo) {
        self.waiting = self.waiting.saturating_sub(1);
        change(&mut self.by_user, &info.user, |load| {
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

/// Changes a load, and removes it when it is empty.
fn change<K: Eq + Hash>(loads: &mut HashMap<K, Load>, key: &K, change: impl FnOnce(&mut Load)) {
    if let Some(load) = loads.get_mut(key) {
        change(load);
        if load.running == 0 && load.waiting == 0 && load.parked.is_empty() {
            loads.remove(key);
        }
    }
}

/// Makes the oldest parked call ready.
fn unpark<K: Eq + Hash>(loads: &mut HashMap<K, Load>, key: &K, ready: &mut VecDeque<Job>) {
    change(loads, key, |load| ready.extend(load.parked.pop_front()));
}
