//! Condition variables.

use std::panic::Location;
use std::sync::LockResult;
use std::time::Duration;

use super::mutex::MutexGuard;
use crate::fault::{self, Action};
use crate::raw::{self, Object};

/// A condition variable. The [`Builder`](crate::Builder) decides which thread `notify_one` wakes
/// and whether there are spurious wake-ups.
#[derive(Debug)]
pub struct Condvar {
    pub(crate) object: Object,
    /// Whether a fault may change an operation.
    may_fail: bool,
}

/// The result of a wait with a timeout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitTimeoutResult(bool);

impl WaitTimeoutResult {
    /// Returns `true` if the timeout has passed.
    pub fn timed_out(&self) -> bool {
        self.0
    }
}

impl Default for Condvar {
    #[track_caller]
    fn default() -> Self {
        Condvar::new()
    }
}

impl Condvar {
    /// Creates a condition variable without waiting threads.
    #[track_caller]
    pub fn new() -> Self {
        Condvar { object: Object::new(), may_fail: true }
    }

    /// Creates a condition variable inside another type, whose operations no fault changes.
    #[doc(hidden)]
    #[track_caller]
    pub fn internal() -> Self {
        Condvar { object: Object::new(), may_fail: false }
    }

    /// Releases the lock, sleeps until notified, and locks again.
    ///
    /// # Errors
    ///
    /// Never: the return type mirrors the standard library.
    #[track_caller]
    pub fn wait<'a, T: ?Sized>(&self, guard: MutexGuard<'a, T>) -> LockResult<MutexGuard<'a, T>> {
        Ok(self.sleep_unless_fault(guard, false).0)
    }

    /// Waits as long as the condition is `true`.
    ///
    /// # Errors
    ///
    /// Never: the return type mirrors the standard library.
    #[track_caller]
    pub fn wait_while<'a, T: ?Sized>(
        &self,
        mut guard: MutexGuard<'a, T>,
        mut condition: impl FnMut(&mut T) -> bool,
    ) -> LockResult<MutexGuard<'a, T>> {
        while condition(&mut guard) {
            guard = self.sleep_unless_fault(guard, false).0;
        }
        Ok(guard)
    }

    /// Like [`wait`](Self::wait), but the timeout may pass at any moment; its length does not
    /// matter.
    ///
    /// # Errors
    ///
    /// Never: the return type mirrors the standard library.
    #[track_caller]
    pub fn wait_timeout<'a, T: ?Sized>(
        &self,
        guard: MutexGuard<'a, T>,
        _timeout: Duration,
    ) -> LockResult<(MutexGuard<'a, T>, WaitTimeoutResult)> {
        let (guard, timed_out) = self.sleep_unless_fault(guard, true);
        Ok((guard, WaitTimeoutResult(timed_out)))
    }

    /// Waits as long as the condition is `true` and the timeout has not passed.
    ///
    /// # Errors
    ///
    /// Never: the return type mirrors the standard library.
    #[track_caller]
    pub fn wait_timeout_while<'a, T: ?Sized>(
        &self,
        mut guard: MutexGuard<'a, T>,
        _timeout: Duration,
        mut condition: impl FnMut(&mut T) -> bool,
    ) -> LockResult<(MutexGuard<'a, T>, WaitTimeoutResult)> {
        let mut timed_out = false;
        while condition(&mut guard) {
            if timed_out {
                return Ok((guard, WaitTimeoutResult(true)));
            }
            (guard, timed_out) = self.sleep_unless_fault(guard, true);
        }
        Ok((guard, WaitTimeoutResult(false)))
    }

    /// Sleeps as a fault lets it, if there is one. With a timeout, a wait that misses its notification
    /// would only time out.
    #[track_caller]
    fn sleep_unless_fault<'a, T: ?Sized>(
        &self,
        mut guard: MutexGuard<'a, T>,
        has_timeout: bool,
    ) -> (MutexGuard<'a, T>, bool) {
        let can = [Action::WakeEarly, Action::SplitWait];
        match self.fault(if has_timeout { &can[..1] } else { &can }) {
            None => self.sleep(guard, has_timeout),
            Some(Action::WakeEarly) => {
                guard.let_others_in(Location::caller());
                (guard, false)
            }
            Some(_) => {
                guard.let_others_in(Location::caller());
                self.sleep(guard, has_timeout)
            }
        }
    }

    #[track_caller]
    fn sleep<'a, T: ?Sized>(
        &self,
        mut guard: MutexGuard<'a, T>,
        has_timeout: bool,
    ) -> (MutexGuard<'a, T>, bool) {
        let mutex = guard.mutex;
        drop(guard.data.take());
        mutex.leave();
        let timed_out = raw::wait(self.object, mutex.object, has_timeout);
        guard.begin();
        (guard, timed_out)
    }

    /// Wakes one sleeper, if there is one.
    #[track_caller]
    pub fn notify_one(&self) {
        match self.fault(&[Action::DropNotifyOne, Action::NotifyAllForOne]) {
            None => self.wake_one(),
            Some(Action::NotifyAllForOne) => self.wake_all(),
            Some(_) => {}
        }
    }

    /// Wakes all sleepers.
    #[track_caller]
    pub fn notify_all(&self) {
        match self.fault(&[Action::DropNotifyAll, Action::NotifyOneForAll]) {
            None => self.wake_all(),
            Some(Action::NotifyOneForAll) => self.wake_one(),
            Some(_) => {}
        }
    }

    #[track_caller]
    fn fault(&self, can: &[Action]) -> Option<Action> {
        if !self.may_fail {
            return None;
        }
        fault::at(can, Some(self.object), Location::caller())
    }

    #[track_caller]
    fn wake_one(&self) {
        raw::notify_one(self.object);
    }

    #[track_caller]
    fn wake_all(&self) {
        raw::notify_all(self.object);
    }
}
