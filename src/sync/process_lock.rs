//! A lock for what no model has.

use std::sync::{PoisonError, TryLockError};

use super::Process;

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

    /// Locks as [`lock`](Self::lock) does, but in a forked child it does not block. Returns `None`
    /// there if another thread holds the lock: one of the parent, which is not in the child, never
    /// releases it.
    pub fn lock_in(&self, process: Process) -> Option<std::sync::MutexGuard<'_, T>> {
        lock_in(&self.0, process)
    }
}

#[allow(clippy::disallowed_types)]
pub(super) fn lock_in<T>(
    mutex: &std::sync::Mutex<T>,
    process: Process,
) -> Option<std::sync::MutexGuard<'_, T>> {
    match process {
        Process::Own => Some(mutex.lock().unwrap_or_else(PoisonError::into_inner)),
        Process::ForkedChild => try_lock(mutex),
    }
}

/// Locks if no thread holds the lock. A poisoned lock is taken over.
#[allow(clippy::disallowed_types)]
#[inline]
pub(super) fn try_lock<T>(mutex: &std::sync::Mutex<T>) -> Option<std::sync::MutexGuard<'_, T>> {
    match mutex.try_lock() {
        Ok(guard) => Some(guard),
        Err(TryLockError::Poisoned(error)) => Some(error.into_inner()),
        Err(TryLockError::WouldBlock) => None,
    }
}
