//! Locks, condition variables and atomics that the explorer sees, with the names of the standard
//! library's.

pub use std::sync::{Arc, LockResult, PoisonError};

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::time::Duration;

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
pub struct Mutex<T> {
    object: Object,
    // Never waited for: the thread that has the object's lock is alone with it.
    data: std::sync::Mutex<T>,
}

/// Access to what a [`Mutex`] protects, until dropped.
pub struct MutexGuard<'a, T> {
    // None only while a condition variable has it.
    data: Option<std::sync::MutexGuard<'a, T>>,
    mutex: &'a Mutex<T>,
}

impl<T> Mutex<T> {
    /// Creates an unlocked mutex.
    pub fn new(value: T) -> Self {
        Mutex { object: Object::new(), data: std::sync::Mutex::new(value) }
    }

    /// Blocks until the mutex is free and locks it.
    ///
    /// # Errors
    ///
    /// None: the type is the standard library's.
    #[track_caller]
    pub fn lock(&self) -> LockResult<MutexGuard<'_, T>> {
        raw::lock(self.object);
        Ok(MutexGuard { data: Some(self.access()), mutex: self })
    }

    /// Returns what it protects.
    ///
    /// # Errors
    ///
    /// None: the type is the standard library's.
    pub fn into_inner(self) -> LockResult<T> {
        Ok(self.data.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    fn access(&self) -> std::sync::MutexGuard<'_, T> {
        self.data.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.data.as_ref().expect("a guard is whole outside of a wait")
    }
}

impl<T> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.data.as_mut().expect("a guard is whole outside of a wait")
    }
}

impl<T> Drop for MutexGuard<'_, T> {
    fn drop(&mut self) {
        if self.data.take().is_some() {
            raw::unlock(self.mutex.object);
        }
    }
}

impl<T> fmt::Debug for Mutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mutex").finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for MutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MutexGuard").finish_non_exhaustive()
    }
}

/// A condition variable. Whom `notify_one` wakes, and whether waits end spuriously, is up to the
/// [`Builder`](crate::Builder).
#[derive(Debug)]
pub struct Condvar {
    object: Object,
}

/// Whether a wait has timed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitTimeoutResult(bool);

impl WaitTimeoutResult {
    /// Returns `true` if the timeout has passed.
    pub fn timed_out(&self) -> bool {
        self.0
    }
}

impl Default for Condvar {
    fn default() -> Self {
        Condvar::new()
    }
}

impl Condvar {
    /// Creates a condition variable on which nobody waits.
    pub fn new() -> Self {
        Condvar { object: Object::new() }
    }

    /// Releases the lock, sleeps until notified, and locks again.
    ///
    /// # Errors
    ///
    /// None: the type is the standard library's.
    #[track_caller]
    pub fn wait<'a, T>(&self, guard: MutexGuard<'a, T>) -> LockResult<MutexGuard<'a, T>> {
        Ok(self.sleep(guard, false).0)
    }

    /// As [`wait`](Self::wait), but the timeout may pass at any moment; its length is of no matter.
    ///
    /// # Errors
    ///
    /// None: the type is the standard library's.
    #[track_caller]
    pub fn wait_timeout<'a, T>(
        &self,
        guard: MutexGuard<'a, T>,
        _timeout: Duration,
    ) -> LockResult<(MutexGuard<'a, T>, WaitTimeoutResult)> {
        let (guard, timed_out) = self.sleep(guard, true);
        Ok((guard, WaitTimeoutResult(timed_out)))
    }

    #[track_caller]
    fn sleep<'a, T>(
        &self,
        mut guard: MutexGuard<'a, T>,
        has_timeout: bool,
    ) -> (MutexGuard<'a, T>, bool) {
        let mutex = guard.mutex;
        drop(guard.data.take());
        let timed_out = raw::wait(self.object, mutex.object, has_timeout);
        guard.data = Some(mutex.access());
        (guard, timed_out)
    }

    /// Wakes one sleeper, if there is one.
    #[track_caller]
    pub fn notify_one(&self) {
        raw::notify_one(self.object);
    }

    /// Wakes all sleepers.
    #[track_caller]
    pub fn notify_all(&self) {
        raw::notify_all(self.object);
    }
}

/// Atomics. All are sequentially consistent, whatever ordering is asked for: what a weaker one would
/// allow beyond that is not explored.
pub mod atomic {
    pub use std::sync::atomic::Ordering;

    use std::fmt;
    use std::sync::atomic as unseen;

    use crate::raw::{self, Object};

    macro_rules! atomic {
        ($name:ident, $type:ty $(, $method:ident)*) => {
            #[doc = concat!("As [`std::sync::atomic::", stringify!($name), "`].")]
            pub struct $name {
                object: Object,
                value: unseen::$name,
            }

            impl $name {
                /// Creates one.
                pub fn new(value: $type) -> Self {
                    $name { object: Object::new(), value: unseen::$name::new(value) }
                }

                /// Returns the value.
                #[track_caller]
                pub fn load(&self, _: Ordering) -> $type {
                    raw::read(self.object);
                    self.value.load(Ordering::SeqCst)
                }

                /// Sets the value.
                #[track_caller]
                pub fn store(&self, value: $type, _: Ordering) {
                    raw::update(self.object);
                    self.value.store(value, Ordering::SeqCst);
                }

                /// Sets the value and returns the one before.
                #[track_caller]
                pub fn swap(&self, value: $type, _: Ordering) -> $type {
                    raw::update(self.object);
                    self.value.swap(value, Ordering::SeqCst)
                }

                /// Sets the value if it is `current`; returns the one before.
                ///
                /// # Errors
                ///
                /// The value, if it is another.
                #[track_caller]
                pub fn compare_exchange(
                    &self,
                    current: $type,
                    new: $type,
                    _: Ordering,
                    _: Ordering,
                ) -> Result<$type, $type> {
                    raw::update(self.object);
                    self.value.compare_exchange(current, new, Ordering::SeqCst, Ordering::SeqCst)
                }

                $(
                    #[doc = concat!("As the standard library's `", stringify!($method), "`; returns the value before.")]
                    #[track_caller]
                    pub fn $method(&self, value: $type, _: Ordering) -> $type {
                        raw::update(self.object);
                        self.value.$method(value, Ordering::SeqCst)
                    }
                )*
            }

            impl fmt::Debug for $name {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.debug_struct(stringify!($name)).finish_non_exhaustive()
                }
            }
        };
    }

    atomic!(AtomicBool, bool, fetch_and, fetch_or, fetch_xor);
    atomic!(
        AtomicU32, u32, fetch_add, fetch_sub, fetch_and, fetch_or, fetch_xor, fetch_max, fetch_min
    );
    atomic!(
        AtomicU64, u64, fetch_add, fetch_sub, fetch_and, fetch_or, fetch_xor, fetch_max, fetch_min
    );
    atomic!(
        AtomicUsize,
        usize,
        fetch_add,
        fetch_sub,
        fetch_and,
        fetch_or,
        fetch_xor,
        fetch_max,
        fetch_min
    );
    atomic!(
        AtomicI64, i64, fetch_add, fetch_sub, fetch_and, fetch_or, fetch_xor, fetch_max, fetch_min
    );
    atomic!(
        AtomicIsize,
        isize,
        fetch_add,
        fetch_sub,
        fetch_and,
        fetch_or,
        fetch_xor,
        fetch_max,
        fetch_min
    );
}
