//! A lock for what no model has.

use std::sync::PoisonError;

/// A lock of the standard library in every build: explorers do not see it. So it is only for state
/// of which no model makes use: that of signals.
#[allow(clippy::disallowed_types)]
#[derive(Debug)]
pub struct ProcessLock<T>(std::sync::Mutex<T>);

#[allow(clippy::disallowed_types)]
impl<T> ProcessLock<T> {
    /// Creates an unlocked lock.
    pub const fn new(value: T) -> Self {
        ProcessLock(std::sync::Mutex::new(value))
    }

    /// Locks, and blocks until it is free. A poisoned lock is taken over.
    pub fn lock(&self) -> std::sync::MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
