//! Cells whose accesses are checked: two that are not ordered are a data race, if one of them is a
//! write.
//!
//! The order is happens-before of the memory model: it follows the orderings of the atomics. So a
//! relaxed store where a release is needed is found, although every explored execution is
//! sequentially consistent.

use std::fmt;

use crate::raw::Data;

/// Like [`std::cell::UnsafeCell`], with an access that begins and ends.
///
/// ```
/// use mazurka::cell::UnsafeCell;
///
/// mazurka::model(|| {
///     let cell = UnsafeCell::new(1);
///     let address = cell.with_mut(|value| value as usize);
///     assert_eq!(cell.with(|value| value as usize), address);
/// });
/// ```
#[derive(Default)]
pub struct UnsafeCell<T: ?Sized> {
    accesses: Data,
    value: std::cell::UnsafeCell<T>,
}

impl<T> UnsafeCell<T> {
    /// Creates a cell.
    pub fn new(value: T) -> Self {
        UnsafeCell { accesses: Data::new(), value: std::cell::UnsafeCell::new(value) }
    }

    /// Returns the value.
    pub fn into_inner(self) -> T {
        self.value.into_inner()
    }
}

impl<T: ?Sized> UnsafeCell<T> {
    /// Calls a closure that may read.
    ///
    /// If the access races with another one, the execution fails.
    #[track_caller]
    pub fn with<R>(&self, read: impl FnOnce(*const T) -> R) -> R {
        let access = self.get();
        access.with(read)
    }

    /// Calls a closure that may read and write.
    ///
    /// If the access races with another one, the execution fails.
    #[track_caller]
    pub fn with_mut<R>(&self, write: impl FnOnce(*mut T) -> R) -> R {
        let access = self.get_mut();
        access.with(write)
    }

    /// Begins an access that may read. It ends when the pointer is dropped.
    ///
    /// If the access races with another one, the execution fails.
    #[track_caller]
    pub fn get(&self) -> ConstPtr<'_, T> {
        self.accesses.begin(false);
        ConstPtr(self)
    }

    /// Begins an access that may read and write. It ends when the pointer is dropped.
    ///
    /// If the access races with another one, the execution fails.
    #[track_caller]
    pub fn get_mut(&self) -> MutPtr<'_, T> {
        self.accesses.begin(true);
        MutPtr(self)
    }
}

/// A pointer for reading, during one access.
pub struct ConstPtr<'a, T: ?Sized>(&'a UnsafeCell<T>);

/// A pointer for reading and writing, during one access.
pub struct MutPtr<'a, T: ?Sized>(&'a UnsafeCell<T>);

impl<T: ?Sized> ConstPtr<'_, T> {
    /// Calls a closure with the pointer.
    pub fn with<R>(&self, read: impl FnOnce(*const T) -> R) -> R {
        read(self.0.value.get().cast_const())
    }
}

impl<T: ?Sized> MutPtr<'_, T> {
    /// Calls a closure with the pointer.
    pub fn with<R>(&self, write: impl FnOnce(*mut T) -> R) -> R {
        write(self.0.value.get())
    }
}

impl<T: ?Sized> Drop for ConstPtr<'_, T> {
    fn drop(&mut self) {
        self.0.accesses.end(false);
    }
}

impl<T: ?Sized> Drop for MutPtr<'_, T> {
    fn drop(&mut self) {
        self.0.accesses.end(true);
    }
}

impl<T> From<T> for UnsafeCell<T> {
    fn from(value: T) -> Self {
        UnsafeCell::new(value)
    }
}

macro_rules! debug {
    ($($name:ident $(<$life:lifetime>)?),*) => {
        $(
            impl<T: ?Sized> fmt::Debug for $name<$($life,)? T> {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.debug_struct(stringify!($name)).finish_non_exhaustive()
                }
            }
        )*
    };
}

debug!(UnsafeCell, ConstPtr<'_>, MutPtr<'_>);
