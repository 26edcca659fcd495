//! Mutual exclusion.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::panic::Location;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{LockResult, PoisonError, TryLockError, TryLockResult};

use crate::fault::{self, Action};
use crate::raw::{self, Object};

/// Mutual exclusion. Never poisoned.
///
/// ```
/// use mazurka::sync::Mutex;
///
/// mazurka::model(|| {
///     let mutex = Mutex::new(1);
///     *mutex.lock().unwrap() += 1;
///     assert_eq!(*mutex.lock().unwrap(), 2);
/// });
/// ```
pub struct Mutex<T: ?Sized> {
    pub(super) object: Object,
    /// Whether a fault may change an operation.
    may_fail: bool,
    // Never contended: the thread that holds the object's lock has exclusive access.
    data: std::sync::Mutex<T>,
}

/// Access to what a [`Mutex`] protects, until dropped.
#[must_use = "the mutex is unlocked when the guard is dropped"]
pub struct MutexGuard<'a, T: ?Sized> {
    // `None` only during a wait on a condition variable.
    pub(super) data: Option<std::sync::MutexGuard<'a, T>>,
    pub(super) mutex: &'a Mutex<T>,
    hold: Hold,
}

/// What a thread has done since it acquired a lock.
#[derive(Debug)]
struct Hold {
    /// The call that acquired it.
    site: &'static Location<'static>,
    /// Whether the thread has looked at the data.
    looked: AtomicBool,
    /// The number of accesses that may have changed the data.
    changes: usize,
}

impl Hold {
    #[track_caller]
    fn new() -> Self {
        Hold { site: Location::caller(), looked: AtomicBool::new(false), changes: 0 }
    }
}

/// A fault lets others in before one of this many changes. A loop makes any number of them.
const MOST_SPLITS: usize = 8;

impl<T> Mutex<T> {
    /// Creates an unlocked mutex.
    #[track_caller]
    pub fn new(value: T) -> Self {
        Mutex { object: Object::new(), may_fail: true, data: std::sync::Mutex::new(value) }
    }

    /// Creates a mutex inside another type, whose operations no fault changes.
    #[doc(hidden)]
    #[track_caller]
    pub fn internal(value: T) -> Self {
        Mutex { may_fail: false, ..Mutex::new(value) }
    }

    /// Returns the protected data.
    ///
    /// # Errors
    ///
    /// Never: the return type mirrors the standard library.
    pub fn into_inner(self) -> LockResult<T> {
        Ok(self.data.into_inner().unwrap_or_else(PoisonError::into_inner))
    }
}

impl<T: ?Sized> Mutex<T> {
    /// Blocks until the mutex is free and locks it.
    ///
    /// # Errors
    ///
    /// Never: the return type mirrors the standard library.
    #[track_caller]
    pub fn lock(&self) -> LockResult<MutexGuard<'_, T>> {
        raw::lock(self.object);
        Ok(self.guard())
    }

    /// Locks the mutex if it is free.
    ///
    /// # Errors
    ///
    /// [`TryLockError::WouldBlock`] if it is not.
    #[track_caller]
    pub fn try_lock(&self) -> TryLockResult<MutexGuard<'_, T>> {
        if raw::try_lock(self.object) {
            Ok(self.guard())
        } else {
            Err(TryLockError::WouldBlock)
        }
    }

    /// Returns access to the protected data, which nobody else can have.
    ///
    /// # Errors
    ///
    /// Never: the return type mirrors the standard library.
    pub fn get_mut(&mut self) -> LockResult<&mut T> {
        Ok(self.data.get_mut().unwrap_or_else(PoisonError::into_inner))
    }

    /// Returns `false`: it is never poisoned.
    pub fn is_poisoned(&self) -> bool {
        false
    }

    /// Does nothing: it is never poisoned.
    pub fn clear_poison(&self) {}

    #[track_caller]
    fn guard(&self) -> MutexGuard<'_, T> {
        MutexGuard { data: Some(self.access()), mutex: self, hold: Hold::new() }
    }

    /// Returns access for the thread that has acquired the object's lock.
    pub(super) fn access(&self) -> std::sync::MutexGuard<'_, T> {
        raw::acquire(self.object, Ordering::Acquire);
        self.data.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the access before the object's lock is released.
    pub(super) fn leave(&self) {
        raw::release(self.object, Ordering::Release, true);
    }
}

impl<T: ?Sized> MutexGuard<'_, T> {
    /// Releases the lock, and acquires it again, for a call at that site.
    pub(super) fn let_others_in(&mut self, site: &'static Location<'static>) {
        drop(self.data.take());
        self.mutex.leave();
        raw::unlock_at(self.mutex.object, site);
        raw::lock_at(self.mutex.object, site);
        self.data = Some(self.mutex.access());
    }

    /// Begins anew after a wait, which has acquired the lock again.
    #[track_caller]
    pub(super) fn begin(&mut self) {
        self.data = Some(self.mutex.access());
        self.hold = Hold::new();
    }

    /// Lets others in before a change, if a fault says so. If the thread has not looked at the data, this
    /// makes no difference.
    fn split_by_fault(&mut self) {
        let number = self.hold.changes;
        self.hold.changes += 1;
        let may_fail = self.mutex.may_fail && number < MOST_SPLITS;
        if !may_fail || !*self.hold.looked.get_mut() {
            return;
        }
        let (site, object) = (self.hold.site, self.mutex.object);
        if fault::at(&[Action::SplitLock(number)], Some(object), site).is_some() {
            self.let_others_in(site);
        }
    }
}

impl<T: ?Sized> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.hold.looked.store(true, Ordering::Relaxed);
        self.data.as_ref().expect("a guard is complete outside a wait")
    }
}

impl<T: ?Sized> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        raw::touched();
        self.split_by_fault();
        *self.hold.looked.get_mut() = true;
        self.data.as_mut().expect("a guard is complete outside a wait")
    }
}

impl<T: ?Sized> Drop for MutexGuard<'_, T> {
    fn drop(&mut self) {
        if self.data.take().is_some() {
            self.mutex.leave();
            raw::unlock(self.mutex.object);
        }
    }
}

impl<T: Default> Default for Mutex<T> {
    #[track_caller]
    fn default() -> Self {
        Mutex::new(T::default())
    }
}

impl<T> From<T> for Mutex<T> {
    #[track_caller]
    fn from(value: T) -> Self {
        Mutex::new(value)
    }
}

impl<T: ?Sized> fmt::Debug for Mutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mutex").finish_non_exhaustive()
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for MutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for MutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&**self, f)
    }
}
