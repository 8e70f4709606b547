//! Locks that outlive a panic of whoever held them (usually: poisoning, ignored).

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Lock `mutex`. For what is never left half changed: a panic while it was locked leaves it in order.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
