//! Locks, condition variables and atomics that the explorer sees, named as in the standard library.

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
    // Never contended: the thread that holds the object's lock has exclusive access.
    data: std::sync::Mutex<T>,
}

/// Access to what a [`Mutex`] protects, until dropped.
pub struct MutexGuard<'a, T> {
    // `None` only during a wait on a condition variable.
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
    /// Never: the return type mirrors the standard library.
    #[track_caller]
    pub fn lock(&self) -> LockResult<MutexGuard<'_, T>> {
        raw::lock(self.object);
        Ok(MutexGuard { data: Some(self.access()), mutex: self })
    }

    /// Returns the protected data.
    ///
    /// # Errors
    ///
    /// Never: the return type mirrors the standard library.
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
        self.data.as_ref().expect("a guard is complete outside a wait")
    }
}

impl<T> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.data.as_mut().expect("a guard is complete outside a wait")
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

/// A condition variable. The [`Builder`](crate::Builder) decides which thread `notify_one` wakes
/// and whether there are spurious wake-ups.
#[derive(Debug)]
pub struct Condvar {
    object: Object,
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
    fn default() -> Self {
        Condvar::new()
    }
}

impl Condvar {
    /// Creates a condition variable without waiting threads.
    pub fn new() -> Self {
        Condvar { object: Object::new() }
    }

    /// Releases the lock, sleeps until notified, and locks again.
    ///
    /// # Errors
    ///
    /// Never: the return type mirrors the standard library.
    #[track_caller]
    pub fn wait<'a, T>(&self, guard: MutexGuard<'a, T>) -> LockResult<MutexGuard<'a, T>> {
        Ok(self.sleep(guard, false).0)
    }

    /// Like [`wait`](Self::wait), but the timeout may pass at any moment; its length does not
    /// matter.
    ///
    /// # Errors
    ///
    /// Never: the return type mirrors the standard library.
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

/// Atomics. All are sequentially consistent, whatever ordering is requested. Further behaviours
/// that a weaker ordering allows are not explored.
pub mod atomic {
    pub use std::sync::atomic::Ordering;

    use std::fmt;
    use std::sync::atomic as unseen;

    use crate::raw::{self, Object};

    macro_rules! atomic {
        ($name:ident, $type:ty $(, $method:ident)*) => {
            #[doc = concat!("Like [`std::sync::atomic::", stringify!($name), "`].")]
            pub struct $name {
                object: Object,
                value: unseen::$name,
            }

            impl $name {
                /// Creates an atomic.
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

                /// Sets the value and returns the previous one.
                #[track_caller]
                pub fn swap(&self, value: $type, _: Ordering) -> $type {
                    raw::update(self.object);
                    self.value.swap(value, Ordering::SeqCst)
                }

                /// Sets the value if it is `current`. Returns the previous value.
                ///
                /// # Errors
                ///
                /// The value, if it is not `current`.
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
                    #[doc = concat!("Like `", stringify!($method), "` in the standard library; returns the previous value.")]
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
