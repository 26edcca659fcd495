//! Locks with readers.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::Ordering;
use std::sync::{LockResult, PoisonError, TryLockError, TryLockResult};

use crate::raw::{self, Object};

/// A lock with many readers or one writer. Never poisoned. A reader waits only for a writer that
/// holds the lock: that a waiting writer may keep readers out is not explored.
///
/// ```
/// use mazurka::sync::RwLock;
///
/// mazurka::model(|| {
///     let lock = RwLock::new(1);
///     *lock.write().unwrap() += 1;
///     let (one, other) = (lock.read().unwrap(), lock.read().unwrap());
///     assert_eq!(*one + *other, 4);
/// });
/// ```
pub struct RwLock<T: ?Sized> {
    object: Object,
    // Never contended: access is decided by the lock of the object.
    data: std::sync::RwLock<T>,
}

/// Access of a reader, until dropped.
#[must_use = "the lock is released when the guard is dropped"]
pub struct RwLockReadGuard<'a, T: ?Sized> {
    data: Option<std::sync::RwLockReadGuard<'a, T>>,
    object: Object,
}

/// Access of the writer, until dropped.
#[must_use = "the lock is released when the guard is dropped"]
pub struct RwLockWriteGuard<'a, T: ?Sized> {
    data: Option<std::sync::RwLockWriteGuard<'a, T>>,
    object: Object,
}

impl<T> RwLock<T> {
    /// Creates a free lock.
    #[track_caller]
    pub fn new(value: T) -> Self {
        RwLock { object: Object::new(), data: std::sync::RwLock::new(value) }
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

impl<T: ?Sized> RwLock<T> {
    /// Blocks until no thread writes, and locks for reading.
    ///
    /// # Errors
    ///
    /// Never: the return type mirrors the standard library.
    #[track_caller]
    pub fn read(&self) -> LockResult<RwLockReadGuard<'_, T>> {
        raw::lock_shared(self.object);
        Ok(self.reader())
    }

    /// Locks for reading if no thread writes.
    ///
    /// # Errors
    ///
    /// [`TryLockError::WouldBlock`] if one does.
    #[track_caller]
    pub fn try_read(&self) -> TryLockResult<RwLockReadGuard<'_, T>> {
        if raw::try_lock_shared(self.object) {
            Ok(self.reader())
        } else {
            Err(TryLockError::WouldBlock)
        }
    }

    /// Blocks until no thread reads or writes, and locks for writing.
    ///
    /// # Errors
    ///
    /// Never: the return type mirrors the standard library.
    #[track_caller]
    pub fn write(&self) -> LockResult<RwLockWriteGuard<'_, T>> {
        raw::lock(self.object);
        Ok(self.writer())
    }

    /// Locks for writing if no thread reads or writes.
    ///
    /// # Errors
    ///
    /// [`TryLockError::WouldBlock`] if one does.
    #[track_caller]
    pub fn try_write(&self) -> TryLockResult<RwLockWriteGuard<'_, T>> {
        if raw::try_lock(self.object) {
            Ok(self.writer())
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

    fn reader(&self) -> RwLockReadGuard<'_, T> {
        raw::acquire(self.object, Ordering::Acquire);
        let data = self.data.read().unwrap_or_else(PoisonError::into_inner);
        RwLockReadGuard { data: Some(data), object: self.object }
    }

    fn writer(&self) -> RwLockWriteGuard<'_, T> {
        raw::acquire(self.object, Ordering::Acquire);
        let data = self.data.write().unwrap_or_else(PoisonError::into_inner);
        RwLockWriteGuard { data: Some(data), object: self.object }
    }
}

impl<T: ?Sized> Deref for RwLockReadGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.data.as_ref().expect("a guard has its data until it is dropped")
    }
}

impl<T: ?Sized> Deref for RwLockWriteGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.data.as_ref().expect("a guard has its data until it is dropped")
    }
}

impl<T: ?Sized> DerefMut for RwLockWriteGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        raw::touched();
        self.data.as_mut().expect("a guard has its data until it is dropped")
    }
}

impl<T: ?Sized> Drop for RwLockReadGuard<'_, T> {
    fn drop(&mut self) {
        drop(self.data.take());
        raw::release(self.object, Ordering::Release, true);
        raw::unlock(self.object);
    }
}

impl<T: ?Sized> Drop for RwLockWriteGuard<'_, T> {
    fn drop(&mut self) {
        drop(self.data.take());
        raw::release(self.object, Ordering::Release, true);
        raw::unlock(self.object);
    }
}

impl<T: Default> Default for RwLock<T> {
    #[track_caller]
    fn default() -> Self {
        RwLock::new(T::default())
    }
}

impl<T> From<T> for RwLock<T> {
    #[track_caller]
    fn from(value: T) -> Self {
        RwLock::new(value)
    }
}

impl<T: ?Sized> fmt::Debug for RwLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RwLock").finish_non_exhaustive()
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLockReadGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLockWriteGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}
