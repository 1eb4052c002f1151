//! Locks of the standard library, of which the library needs no more than this.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks the mutex. One whose holder has panicked is locked as any other: what it protects is whole
/// after each step.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
