use super::*;
use crate::model::Error;

struct Silent;

impl Expire for Silent {
    fn expire(&self, _: &Error) {}
}

pub(super) fn job(user: u32, pid: u32, since: Instant) -> Job {
    let info = CallInfo { user, pid: Pid::new(pid).filter(|_| pid != 0), blocks_others: false };
    Job { call: Call { info, since, answer: Arc::new(Silent) }, work: Box::new(|| {}) }
}

fn push(calls: &mut Calls, user: u32, pid: u32) {
    calls.push(job(user, pid, Instant::now()));
}

/// Begins all calls that may begin. Returns the number and the pid of each.
fn begun(calls: &mut Calls) -> Vec<(u64, u32)> {
    std::iter::from_fn(|| {
        let job = calls.next_job()?;
        let pid = job.call.info.pid.map_or(0, Pid::number);
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
    assert_eq!(next.call.info.user, 502);
    let next = calls.begin(next.call);
    assert!(calls.next_job().is_none());
    for (number, _) in held.iter().chain(&of_process[1..]) {
        calls.end(*number);
    }
    calls.end(next);
    assert_eq!(calls.next_job().unwrap().call.info.user, 501);
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
    assert_eq!(calls.late(Instant::now(), |_| limit).len(), 2);
    assert!(calls.late(Instant::now(), |_| limit).is_empty());
    assert_eq!(pids(&begun(&mut calls)), [9]);
    running.iter().for_each(|(number, _)| drop(calls.end(*number)));
    assert!(calls.next_job().is_none());
}

#[test]
fn a_user_may_let_so_many_wait_and_no_more() {
    let mut calls = Calls::default();
    let now = Instant::now();
    let info = CallInfo { user: 501, pid: None, blocks_others: false };
    for _ in 0..share(501, QUEUE) {
        assert!(calls.may_wait(info, now));
        push(&mut calls, 501, 0);
    }
    assert!(!calls.may_wait(info, now) && calls.may_wait(CallInfo { user: 502, ..info }, now));
    while calls.next_job().is_some() {}
    assert!(calls.may_wait(info, now));
}

#[test]
fn a_parked_call_takes_the_place_of_one_that_was_ready_and_expired() {
    let limit = Duration::from_secs(5);
    let now = Instant::now();
    let old = now.checked_sub(limit).unwrap();
    // At the limit of a process, and at that of a user.
    for (user, pid, most) in [(0, 7, CALLS_PER_PROCESS), (501, 0, share(501, THREADS))] {
        let mut calls = Calls::default();
        (0..most).for_each(|_| calls.push(job(user, pid, now)));
        let running = begun(&mut calls);
        assert_eq!(running.len(), most);
        (0..most).for_each(|_| calls.push(job(user, pid, old)));
        calls.push(job(user, pid, now));
        assert!(calls.next_job().is_none(), "all are parked");
        // The old ones become ready, and no worker comes for them in time.
        running.iter().for_each(|(number, _)| drop(calls.end(*number)));
        assert_eq!(calls.ready(), most);
        assert_eq!(calls.late(now, |_| limit).len(), most);
        let last = begun(&mut calls);
        assert_eq!(pids(&last), [pid]);
        calls.end(last[0].0);
        assert!(calls.is_empty() && calls.by_process.is_empty() && calls.by_user.is_empty());
    }
}
