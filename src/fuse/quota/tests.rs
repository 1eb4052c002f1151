use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::*;

fn kind<T>(result: Result<T>) -> ErrorKind {
    result.map(drop).unwrap_err().kind
}

#[test]
fn a_user_has_a_share_and_root_the_rest() {
    let quota = Quota::new(Limits { handles: 10, bytes: 100, ..Limits::default() });
    let mut one: Vec<Reservation> = (0..4).map(|_| quota.reserve_handle(1).unwrap()).collect();
    assert_eq!(kind(quota.reserve_handle(1)), ErrorKind::HandleQuota);
    let two: Vec<Reservation> = (0..4).map(|_| quota.reserve_handle(2).unwrap()).collect();
    let mut root = quota.reserve_handle(0).unwrap();
    let another = quota.reserve_handle(0).unwrap();
    assert_eq!(kind(quota.reserve_handle(0)), ErrorKind::HandleQuota);

    one[0].resize(30).unwrap();
    one[1].resize(10).unwrap();
    assert_eq!(kind(one[2].resize(1)), ErrorKind::ContentQuota);
    assert_eq!(kind(one[0].resize(31)), ErrorKind::ContentQuota);
    one[0].resize(29).unwrap();
    one[2].resize(1).unwrap();
    root.resize(60).unwrap();
    assert_eq!(kind(root.resize(61)), ErrorKind::ContentQuota);
    one.remove(0);
    root.resize(89).unwrap();

    drop((one, two, root, another));
    let used = quota.used.lock();
    assert_eq!((used.all.handles, used.all.bytes, used.users.len()), (0, 0, 0));
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Reserve { user: u32 },
    Resize { which: Index, bytes: usize },
    Drop(Index),
}

fn step() -> impl Strategy<Value = Step> {
    let index = any::<Index>;
    prop_oneof![
        4 => select(vec![0, 1, 2, 3]).prop_map(|user| Step::Reserve { user }),
        6 => (index(), 0..70usize).prop_map(|(which, bytes)| Step::Resize { which, bytes }),
        3 => index().prop_map(Step::Drop),
    ]
}

proptest! {
    /// Each step holds the lock once, so any interleaving of users is a sequence of steps. What each
    /// may have is counted anew from the reservations that there are.
    #[test]
    fn users_get_what_is_left_in_any_order(steps in prop::collection::vec(step(), 0..80)) {
        let limits = Limits { handles: 10, bytes: 100, ..Limits::default() };
        let quota = Quota::new(limits);
        let mut held: Vec<Reservation> = Vec::new();
        for step in steps {
            match step {
                Step::Reserve { user } => {
                    let mine = held.iter().filter(|it| it.user == user).count();
                    let fits = held.len() < 10 && (user == 0 || mine < 4);
                    let reserved = quota.reserve_handle(user);
                    prop_assert_eq!(reserved.is_ok(), fits);
                    held.extend(reserved);
                }
                Step::Resize { which, bytes } if !held.is_empty() => {
                    let which = which.index(held.len());
                    let (user, before) = (held[which].user, held[which].bytes);
                    let sum = |of: &dyn Fn(&Reservation) -> bool| {
                        held.iter().filter(|it| of(it)).map(|it| it.bytes).sum::<usize>() + bytes
                    };
                    let (all, mine) = (sum(&|_| true), sum(&|it| it.user == user));
                    let fits = all - before <= 100 && (user == 0 || mine - before <= 40);
                    let resized = held[which].resize(bytes);
                    prop_assert_eq!(resized.is_ok(), fits || bytes <= before);
                    let expected = if resized.is_ok() { bytes } else { before };
                    prop_assert_eq!(held[which].bytes, expected);
                }
                Step::Drop(which) if !held.is_empty() => {
                    drop(held.swap_remove(which.index(held.len())));
                }
                Step::Resize { .. } | Step::Drop(_) => {}
            }
            let used = quota.used.lock();
            let bytes = held.iter().map(|it| it.bytes).sum::<usize>();
            prop_assert_eq!((used.all.handles, used.all.bytes), (held.len(), bytes));
        }
        drop(held);
        let used = quota.used.lock();
        prop_assert_eq!((used.all.handles, used.all.bytes, used.users.len()), (0, 0, 0));
    }
}
