//! Condition variables and deadlines under an explorer.

use std::panic::Location;
use std::sync::PoisonError;
use std::time::Duration;

use super::lock::{Guard, Lock, MutexGuard};
use super::Object;
use crate::sync::engine::installed;
use crate::sync::fault::Action;
use crate::sync::trace::{self, Kind, Op, Operation};

/// A condition variable. An engine chooses which sleeper it wakes and whether waits end spuriously.
/// loom wakes the sleeper that has waited longest, and never spuriously.
pub struct Condvar {
    inner: Signal,
    object: usize,
}

enum Signal {
    Loom(loom::sync::Condvar),
    Engine(Object),
}

impl std::fmt::Debug for Condvar {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Condvar").finish_non_exhaustive()
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
        let object = trace::register(Kind::Condvar, Location::caller());
        let inner = match installed() {
            Some(engine) => Signal::Engine((engine, engine.create())),
            None => Signal::Loom(loom::sync::Condvar::new()),
        };
        Condvar { inner, object }
    }

    /// Releases the lock, sleeps until notified, and locks again.
    #[track_caller]
    pub fn wait<'a, T>(&self, guard: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
        trace::opportunity(Operation::Wait);
        self.sleep(guard)
    }

    #[track_caller]
    fn sleep<'a, T>(&self, mut guard: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
        let site = Location::caller();
        let early = |action| matches!(action, Action::WakeEarly | Action::SplitWait);
        match trace::fault(site, early) {
            Some(Action::WakeEarly) => return self.relock(guard, Op::Woken, true),
            Some(_) => guard.let_others_in(),
            None if trace::surplus(self.object) => return self.relock(guard, Op::Woken, true),
            None => {}
        }
        trace::record(Op::Wait, self.object);
        self.block(&mut guard, false);
        guard.reset(site);
        trace::record(Op::Woken, self.object);
        guard
    }

    /// Sleeps. Returns `true` if the wait timed out.
    fn block<T>(&self, guard: &mut MutexGuard<'_, T>, has_timeout: bool) -> bool {
        let mutex = guard.mutex;
        let inner = guard.inner.take().expect("a guard is whole outside of a wait");
        mutex.tell_released(&inner);
        let timed_out = match (&self.inner, &mutex.inner, inner) {
            (Signal::Loom(condvar), _, Guard::Loom(inner)) => {
                let inner = condvar.wait(inner).unwrap_or_else(PoisonError::into_inner);
                guard.inner = Some(Guard::Loom(inner));
                false
            }
            (Signal::Engine((engine, condvar)), Lock::Engine((_, mutex), _), inner) => {
                drop(inner);
                let timed_out = engine.wait(*condvar, *mutex, has_timeout);
                guard.inner = Some(guard.mutex.access());
                timed_out
            }
            _ => unreachable!("a process has one engine"),
        };
        mutex.tell_acquired();
        timed_out
    }

    /// A spurious wake-up: releases the lock, lets others run or not, and locks again.
    #[track_caller]
    fn relock<'a, T>(
        &self,
        mut guard: MutexGuard<'a, T>,
        end: Op,
        wrongly: bool,
    ) -> MutexGuard<'a, T> {
        let site = Location::caller();
        trace::record_at(Op::Wait, self.object, site, wrongly);
        // No yield: loom runs a thread that has yielded only when no other can continue.
        guard.unlock();
        guard.inner = Some(guard.mutex.acquire());
        guard.reset(site);
        trace::record(end, self.object);
        guard
    }

    /// Like [`wait`](Self::wait), but the deadline fires, and others may or may not run before
    /// that.
    ///
    /// An engine chooses the moment. loom has no clock and no such choice, so the lock is released
    /// and acquired again. Then loom explores every amount of progress that the others can make
    /// before the deadline.
    #[track_caller]
    pub fn wait_until<'a, T>(
        &self,
        mut guard: MutexGuard<'a, T>,
        deadline: Deadline,
    ) -> (MutexGuard<'a, T>, bool) {
        let fires = match deadline.0 {
            Fires::AnyTime if matches!(self.inner, Signal::Loom(_)) => true,
            Fires::AnyTime => {
                trace::record(Op::Wait, self.object);
                let timed_out = self.block(&mut guard, true);
                guard.reset(Location::caller());
                trace::record(if timed_out { Op::TimedOut } else { Op::Woken }, self.object);
                return (guard, timed_out);
            }
            Fires::Never => false,
            Fires::TooLate => {
                trace::opportunity(Operation::WaitUntil);
                let wrongly = |action| action == Action::FireDeadline;
                trace::fault(Location::caller(), wrongly).is_some()
            }
        };
        if fires {
            (self.relock(guard, Op::TimedOut, false), true)
        } else {
            trace::opportunity(Operation::Wait);
            (self.sleep(guard), false)
        }
    }

    fn wake_one(&self) {
        match &self.inner {
            Signal::Loom(condvar) => condvar.notify_one(),
            Signal::Engine((engine, condvar)) => engine.notify_one(*condvar),
        }
    }

    fn wake_all(&self) {
        match &self.inner {
            Signal::Loom(condvar) => condvar.notify_all(),
            Signal::Engine((engine, condvar)) => engine.notify_all(*condvar),
        }
    }

    /// Wakes one waiting thread, if there is one.
    #[track_caller]
    pub fn notify_one(&self) {
        trace::opportunity(Operation::NotifyOne);
        let wrongly = |action| {
            use Action::{DropNotifyOne, NotifyAllForOne, NotifyOneAgain};
            matches!(action, DropNotifyOne | NotifyAllForOne | NotifyOneAgain)
        };
        match trace::record_unless_fault(Op::NotifyOne, self.object, wrongly) {
            None => self.wake_one(),
            Some(Action::NotifyAllForOne) => self.wake_all(),
            Some(Action::NotifyOneAgain) => {
                self.wake_one();
                self.wake_one();
                trace::leave_surplus(self.object);
            }
            Some(_) => {}
        }
    }

    /// Wakes every waiting thread.
    #[track_caller]
    pub fn notify_all(&self) {
        trace::opportunity(Operation::NotifyAll);
        let wrongly = |action| {
            use Action::{DropNotifyAll, NotifyAllAgain, NotifyOneForAll};
            matches!(action, DropNotifyAll | NotifyOneForAll | NotifyAllAgain)
        };
        match trace::record_unless_fault(Op::NotifyAll, self.object, wrongly) {
            None => self.wake_all(),
            Some(Action::NotifyOneForAll) => self.wake_one(),
            Some(Action::NotifyAllAgain) => {
                self.wake_all();
                trace::leave_surplus(self.object);
            }
            Some(_) => {}
        }
    }
}

/// The time until which a wait may last, or none. A model has no time: see [`Condvar::wait_until`].
#[derive(Clone, Copy, Debug)]
pub struct Deadline(Fires);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fires {
    /// At any moment.
    AnyTime,
    /// There is one, but the sleeper is woken before it.
    TooLate,
    /// There is none.
    Never,
}

impl Deadline {
    /// Returns a deadline that may fire at any moment. With a timeout of at least an hour, it fires
    /// only when nothing else can happen. A timeout too large to represent means no deadline.
    pub fn after(timeout: Duration) -> Self {
        const LONG: Duration = Duration::from_secs(3600);
        Deadline(match timeout {
            Duration::MAX => Fires::Never,
            timeout if timeout >= LONG => Fires::TooLate,
            _ => Fires::AnyTime,
        })
    }

    /// No deadline.
    pub fn never() -> Self {
        Deadline(Fires::Never)
    }

    /// Returns `true` if there is no deadline.
    pub fn is_never(self) -> bool {
        self.0 == Fires::Never
    }
}
