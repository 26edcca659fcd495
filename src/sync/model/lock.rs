//! Mutual exclusion under an explorer.

use std::cell::Cell;
use std::panic::Location;
use std::sync::PoisonError;

use super::{unseen, Object};
use crate::sync::engine::installed;
use crate::sync::fault::Action;
use crate::sync::trace::{self, Kind, Op, Operation};
use crate::sync::watch::{Role, Snapshot, Watched};
use crate::sync::Process;

/// Mutual exclusion. Poisoning is ignored, both of this lock and of others: to the standard
/// library, all threads of a model are one.
pub struct Mutex<T> {
    pub(super) inner: Lock<T>,
    object: usize,
    /// Set if the lock has a role and the process has a watcher.
    watched: Option<Watched<T>>,
}

pub(super) enum Lock<T> {
    Loom(loom::sync::Mutex<T>),
    /// Never contended: the owner of the engine's lock has exclusive access to the data.
    Engine(Object, unseen::Mutex<T>),
}

/// Access to the data of a [`Mutex`], until dropped.
pub struct MutexGuard<'a, T> {
    // `None` only between the two halves of a wait.
    pub(super) inner: Option<Guard<'a, T>>,
    pub(super) mutex: &'a Mutex<T>,
    /// Where the lock was acquired, or where its owner went to sleep.
    site: &'static Location<'static>,
    /// Whether the caller has read the data, and how often it has changed it.
    looked: Cell<bool>,
    changes: usize,
}

pub(super) enum Guard<'a, T> {
    Loom(loom::sync::MutexGuard<'a, T>),
    Engine(unseen::MutexGuard<'a, T>),
}

impl<T> std::ops::Deref for Guard<'_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        match self {
            Guard::Loom(guard) => guard,
            Guard::Engine(guard) => guard,
        }
    }
}

impl<T> std::fmt::Debug for Mutex<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mutex").finish_non_exhaustive()
    }
}

impl<T> std::fmt::Debug for MutexGuard<'_, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MutexGuard").finish_non_exhaustive()
    }
}

impl<T: Default> Default for Mutex<T> {
    #[track_caller]
    fn default() -> Self {
        Mutex::new(T::default())
    }
}

impl<T> Mutex<T> {
    /// Creates an unlocked mutex.
    #[track_caller]
    pub fn new(value: T) -> Self {
        let object = trace::register(Kind::Mutex, Location::caller());
        let inner = match installed() {
            Some(engine) => Lock::Engine((engine, engine.create()), unseen::Mutex::new(value)),
            None => Lock::Loom(loom::sync::Mutex::new(value)),
        };
        Mutex { inner, object, watched: None }
    }

    /// Creates an unlocked mutex with a role; `watched!` calls this. `beside` is a lock of the same
    /// protocol.
    #[track_caller]
    pub fn with_role(
        value: T,
        role: &'static Role,
        beside: Option<usize>,
        look: fn(&T) -> Snapshot,
    ) -> Self {
        // Locks are numbered as they are created.
        let watched = Watched::new(trace::objects() + 1, role, beside, look, &value);
        Mutex { watched, ..Mutex::new(value) }
    }

    /// Returns the number of the lock in this execution.
    pub fn number(&self) -> usize {
        self.object
    }

    /// Blocks until the mutex is free and locks it.
    #[track_caller]
    pub fn lock(&self) -> MutexGuard<'_, T> {
        trace::record(Op::Lock, self.object);
        let guard = self.relock(Location::caller());
        trace::record(Op::Locked, self.object);
        guard
    }

    /// Locks the mutex. When a thread tries again is no concern of a model.
    #[track_caller]
    pub fn lock_with_backoff(&self) -> MutexGuard<'_, T> {
        self.lock()
    }

    /// Locks the mutex. A model has no forked child.
    #[track_caller]
    pub fn lock_in(&self, _process: Process) -> Option<MutexGuard<'_, T>> {
        Some(self.lock())
    }

    fn relock(&self, site: &'static Location<'static>) -> MutexGuard<'_, T> {
        let guard = self.acquire();
        MutexGuard { inner: Some(guard), mutex: self, site, looked: Cell::new(false), changes: 0 }
    }

    pub(super) fn acquire(&self) -> Guard<'_, T> {
        let guard = match &self.inner {
            Lock::Loom(lock) => Guard::Loom(lock.lock().unwrap_or_else(PoisonError::into_inner)),
            Lock::Engine((engine, object), _) => {
                engine.lock(*object);
                self.access()
            }
        };
        self.tell_acquired();
        guard
    }

    /// Tells the watcher that the lock was acquired.
    #[inline]
    pub(super) fn tell_acquired(&self) {
        if let Some(watched) = &self.watched {
            watched.acquired();
        }
    }

    /// Tells the watcher that the lock is about to be released.
    #[inline]
    pub(super) fn tell_released(&self, guard: &Guard<'_, T>) {
        if let Some(watched) = &self.watched {
            watched.released(guard);
        }
    }

    /// Returns the data of an engine's lock, which the caller holds.
    pub(super) fn access(&self) -> Guard<'_, T> {
        match &self.inner {
            Lock::Engine(_, data) => {
                Guard::Engine(data.lock().unwrap_or_else(PoisonError::into_inner))
            }
            Lock::Loom(_) => unreachable!("loom's locks have their data"),
        }
    }

    pub(super) fn release(&self, guard: Guard<'_, T>) {
        self.tell_released(&guard);
        drop(guard);
        if let Lock::Engine((engine, object), _) = &self.inner {
            engine.unlock(*object);
        }
    }
}

/// Ends a step of the owner of a lock, which keeps the lock for the next one.
///
/// The watcher is told that the lock was released and acquired again. So it holds each step against
/// its protocol, and not their sum. To explorers it is nothing.
pub fn end_step<T>(guard: &MutexGuard<'_, T>) {
    if let Some(inner) = &guard.inner {
        guard.mutex.tell_released(inner);
        guard.mutex.tell_acquired();
    }
}

impl<T> MutexGuard<'_, T> {
    /// Notes the caller's next change: a fault here shows whether the lock is needed.
    fn before_change(&mut self) {
        let number = self.changes;
        if self.looked.get() {
            trace::opportunity_at(Operation::Change(number), self.site);
            if trace::fault(self.site, |action| action == Action::SplitLock(number)).is_some() {
                self.let_others_in();
            }
        }
        self.changes += 1;
        self.looked.set(true);
    }

    /// Releases the lock and acquires it again. The data may change in between.
    pub(super) fn let_others_in(&mut self) {
        let object = self.mutex.object;
        trace::record_at(Op::Unlock, object, self.site, true);
        self.unlock();
        trace::record_at(Op::Lock, object, self.site, true);
        self.inner = Some(self.mutex.acquire());
        trace::record_at(Op::Locked, object, self.site, true);
    }

    pub(super) fn unlock(&mut self) {
        if let Some(guard) = self.inner.take() {
            self.mutex.release(guard);
        }
    }

    /// Resets the guard after a wait, as if the lock had just been acquired.
    pub(super) fn reset(&mut self, site: &'static Location<'static>) {
        self.site = site;
        self.looked.set(false);
        self.changes = 0;
    }
}

impl<T> std::ops::Deref for MutexGuard<'_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        self.looked.set(true);
        self.inner.as_ref().expect("a guard is whole outside of a wait")
    }
}

impl<T> std::ops::DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.before_change();
        match self.inner.as_mut().expect("a guard is whole outside of a wait") {
            Guard::Loom(guard) => guard,
            Guard::Engine(guard) => guard,
        }
    }
}

impl<T> Drop for MutexGuard<'_, T> {
    fn drop(&mut self) {
        if self.inner.is_some() {
            trace::record(Op::Unlock, self.mutex.object);
            self.unlock();
        }
    }
}
