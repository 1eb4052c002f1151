//! Steps of event loops, workers and the watchdog on [`Calls`], in any order, against a plain list.

use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::tests::job;
use super::*;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Waiting,
    Running,
    Over,
}

/// All calls that there ever were, in the order of their arrival.
#[derive(Default)]
struct Oracle {
    calls: Vec<(CallInfo, Instant, Stage)>,
    /// The places in that list, by the addresses of the answers.
    places: HashMap<*const (), usize>,
    /// The answers, so that none gets the address of another.
    answers: Vec<Arc<dyn Expire>>,
    running_of_process: HashMap<Pid, usize>,
    running_of_user: HashMap<u32, usize>,
}

impl Oracle {
    fn add(&mut self, call: &Call) {
        self.places.insert(Arc::as_ptr(&call.answer).cast(), self.calls.len());
        self.answers.push(Arc::clone(&call.answer));
        self.calls.push((call.info, call.since, Stage::Waiting));
    }

    fn place(&self, answer: &Arc<dyn Expire>) -> usize {
        self.places[&Arc::as_ptr(answer).cast()]
    }

    fn advance(&mut self, place: usize, to: Stage) {
        let (info, _, stage) = &mut self.calls[place];
        let counts = [
            info.pid.map(|pid| self.running_of_process.entry(pid).or_default()),
            Some(self.running_of_user.entry(info.user).or_default()),
        ];
        for count in counts.into_iter().flatten() {
            *count -= usize::from(*stage == Stage::Running);
            *count += usize::from(to == Stage::Running);
        }
        *stage = to;
    }

    /// Whether the process and the user of a call are below their limits.
    fn has_room(&self, info: CallInfo) -> bool {
        let of_process = info.pid.and_then(|pid| self.running_of_process.get(&pid));
        let of_user = self.running_of_user.get(&info.user).copied().unwrap_or(0);
        of_process.is_none_or(|count| *count < CALLS_PER_PROCESS)
            && of_user < share(info.user, THREADS)
    }

    fn waiting(&self) -> impl Iterator<Item = CallInfo> {
        self.calls.iter().filter(|(_, _, stage)| *stage == Stage::Waiting).map(|(info, _, _)| *info)
    }

    /// The calls that run or wait and have the age.
    fn late(&self, now: Instant, age: Duration) -> Vec<usize> {
        let is_late = |place: &usize| {
            let (_, since, stage) = self.calls[*place];
            stage != Stage::Over && now.duration_since(since) >= age
        };
        (0..self.calls.len()).filter(is_late).collect()
    }
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Push {
        user: u32,
        pid: u32,
        times: usize,
    },
    /// Workers begin so many calls, or as many as may begin.
    Begin {
        most: usize,
    },
    End(Index),
    /// The watchdog looks for calls of this age.
    Expire {
        seconds: u64,
    },
    Wait {
        seconds: u64,
    },
}

fn step() -> impl Strategy<Value = Step> {
    // With 40 calls a user other than root gets to its share.
    let push = (select(vec![0, 501, 502]), 0..5u32, select(vec![1, 2, 40]));
    prop_oneof![
        8 => push.prop_map(|(user, pid, times)| Step::Push { user, pid, times }),
        6 => select(vec![1, usize::MAX]).prop_map(|most| Step::Begin { most }),
        8 => any::<Index>().prop_map(Step::End),
        1 => (0..4u64).prop_map(|seconds| Step::Expire { seconds }),
        2 => (0..3u64).prop_map(|seconds| Step::Wait { seconds }),
    ]
}

proptest! {
    /// No call is lost or begun twice, no bound is exceeded, and no call that may begin stays behind.
    #[test]
    fn calls_agree_with_a_plain_list(steps in prop::collection::vec(step(), 0..80)) {
        let (mut calls, mut oracle) = (Calls::default(), Oracle::default());
        let mut running: Vec<(u64, usize)> = Vec::new();
        let mut now = Instant::now();
        for step in steps {
            match step {
                Step::Push { user, pid, times } => {
                    for _ in 0..times {
                        let job = job(user, pid, now);
                        oracle.add(&job.call);
                        calls.push(job);
                    }
                }
                Step::Begin { most } => {
                    let mut begun = 0;
                    while begun < most && let Some(job) = calls.next_job() {
                        let place = oracle.place(&job.call.answer);
                        prop_assert_eq!(oracle.calls[place].2, Stage::Waiting);
                        prop_assert!(oracle.has_room(job.call.info));
                        oracle.advance(place, Stage::Running);
                        running.push((calls.begin(job.call), place));
                        begun += 1;
                    }
                    if begun < most {
                        prop_assert!(!oracle.waiting().any(|info| oracle.has_room(info)));
                        prop_assert_eq!(calls.ready(), 0);
                    }
                }
                Step::End(which) if !running.is_empty() => {
                    let (number, place) = running.swap_remove(which.index(running.len()));
                    prop_assert!(calls.end(number).is_some());
                    prop_assert!(calls.end(number).is_none());
                    oracle.advance(place, Stage::Over);
                }
                Step::End(_) => {}
                Step::Expire { seconds } => {
                    let age = Duration::from_secs(seconds);
                    let late = calls.late(now, |_| age);
                    let mut late: Vec<_> = late.iter().map(|(it, _)| oracle.place(it)).collect();
                    late.sort_unstable();
                    prop_assert_eq!(&late, &oracle.late(now, age));
                    for place in late {
                        if oracle.calls[place].2 == Stage::Waiting {
                            oracle.advance(place, Stage::Over);
                        }
                    }
                }
                Step::Wait { seconds } => now += Duration::from_secs(seconds),
            }
            prop_assert_eq!(calls.waiting, oracle.waiting().count());
            prop_assert_eq!(calls.running.len(), running.len());
        }
        // What is left can end in the order in which it may begin, and leaves nothing behind.
        loop {
            while let Some(job) = calls.next_job() {
                let place = oracle.place(&job.call.answer);
                oracle.advance(place, Stage::Running);
                running.push((calls.begin(job.call), place));
            }
            let Some((number, place)) = running.pop() else { break };
            calls.end(number);
            oracle.advance(place, Stage::Over);
        }
        prop_assert_eq!(oracle.waiting().count(), 0);
        prop_assert!(calls.is_empty() && calls.by_process.is_empty() && calls.by_user.is_empty());
    }
}
