//! Sets of signals, in Linux's numbers.

use crate::model::{ProcessInfo, Signals};

/// Linux's number (`asm-generic/signal.h`) of each of Darwin's signals (`sys/signal.h`), from 1 on;
/// 0 for SIGEMT and SIGINFO, which Linux does not have.
const NUMBERS: [u8; 31] = [
    1, 2, 3, 4, 5, 6, 0, 8, 9, 7, 11, 31, 13, 14, 15, 23, 19, 20, 18, 17, 21, 22, 29, 24, 25, 26,
    27, 28, 0, 10, 12,
];

/// The signals that a process ignores and those that it catches, the first in the lowest bit.
pub(super) fn signals(account: &ProcessInfo) -> [u32; 2] {
    let Signals { ignored, caught } = account.signals.unwrap_or_default();
    [ignored, caught].map(|set| {
        let known = (0..).zip(NUMBERS).filter(|(bit, number)| *number > 0 && set >> bit & 1 != 0);
        known.fold(0, |all, (_, number)| all | 1 << (number - 1))
    })
}

#[cfg(test)]
mod tests {
    use super::NUMBERS;

    #[test]
    fn no_two_signals_have_one_number() {
        let mut known: Vec<u8> = NUMBERS.into_iter().filter(|number| *number > 0).collect();
        known.sort_unstable();
        known.dedup();
        assert_eq!(known.len(), 29);
        // Only Linux has SIGSTKFLT and SIGPWR.
        assert!(known.iter().all(|number| *number <= 31 && ![16, 30].contains(number)));
    }
}
