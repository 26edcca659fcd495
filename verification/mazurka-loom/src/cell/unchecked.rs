//! The stand-in for `UnsafeCell`.

use std::fmt;
use std::sync::Arc;

use mazurka::raw::Data;

/// Like [`std::cell::UnsafeCell`], with an access that begins and ends.
pub struct UnsafeCell<T: ?Sized> {
    accesses: Arc<Data>,
    data: std::cell::UnsafeCell<T>,
}

/// A pointer for reading. The access ends when it is dropped.
pub struct ConstPtr<T: ?Sized> {
    _access: Access,
    ptr: *const T,
}

/// A pointer for reading and writing. The access ends when it is dropped.
pub struct MutPtr<T: ?Sized> {
    _access: Access,
    ptr: *mut T,
}

struct Access {
    data: Arc<Data>,
    writes: bool,
}

impl Access {
    #[track_caller]
    fn begin(data: &Arc<Data>, writes: bool) -> Self {
        data.begin(writes);
        Access { data: Arc::clone(data), writes }
    }
}

impl Drop for Access {
    fn drop(&mut self) {
        self.data.end(self.writes);
    }
}

impl<T> UnsafeCell<T> {
    /// Creates a cell.
    #[track_caller]
    pub fn new(data: T) -> UnsafeCell<T> {
        UnsafeCell { accesses: Arc::new(Data::new()), data: std::cell::UnsafeCell::new(data) }
    }

    /// Returns the value.
    pub fn into_inner(self) -> T {
        self.data.into_inner()
    }
}

impl<T: ?Sized> UnsafeCell<T> {
    /// Calls a closure that may read.
    ///
    /// If the access races with another one, the execution fails.
    #[track_caller]
    pub fn with<F, R>(&self, f: F) -> R
    where
        F: FnOnce(*const T) -> R,
    {
        self.get().with(f)
    }

    /// Calls a closure that may read and write.
    ///
    /// If the access races with another one, the execution fails.
    #[track_caller]
    pub fn with_mut<F, R>(&self, f: F) -> R
    where
        F: FnOnce(*mut T) -> R,
    {
        self.get_mut().with(f)
    }

    /// Begins an access that may read.
    ///
    /// If the access races with another one, the execution fails.
    #[track_caller]
    pub fn get(&self) -> ConstPtr<T> {
        let access = Access::begin(&self.accesses, false);
        ConstPtr { _access: access, ptr: self.data.get().cast_const() }
    }

    /// Begins an access that may read and write.
    ///
    /// If the access races with another one, the execution fails.
    #[track_caller]
    pub fn get_mut(&self) -> MutPtr<T> {
        MutPtr { _access: Access::begin(&self.accesses, true), ptr: self.data.get() }
    }
}

impl<T: ?Sized> ConstPtr<T> {
    /// Returns the value.
    ///
    /// # Safety
    ///
    /// The cell still exists, and nobody writes it.
    pub unsafe fn deref(&self) -> &T {
        // SAFETY: the caller promises it.
        unsafe { &*self.ptr }
    }

    /// Calls a closure with the pointer.
    pub fn with<F, R>(&self, f: F) -> R
    where
        F: FnOnce(*const T) -> R,
    {
        f(self.ptr)
    }
}

impl<T: ?Sized> MutPtr<T> {
    /// Returns the value.
    ///
    /// # Safety
    ///
    /// The cell still exists, and nobody else reads or writes it.
    #[allow(clippy::mut_from_ref)] // as in loom
    pub unsafe fn deref(&self) -> &mut T {
        // SAFETY: the caller promises it.
        unsafe { &mut *self.ptr }
    }

    /// Calls a closure with the pointer.
    pub fn with<F, R>(&self, f: F) -> R
    where
        F: FnOnce(*mut T) -> R,
    {
        f(self.ptr)
    }
}

impl<T: Default> Default for UnsafeCell<T> {
    #[track_caller]
    fn default() -> UnsafeCell<T> {
        UnsafeCell::new(T::default())
    }
}

impl<T> From<T> for UnsafeCell<T> {
    #[track_caller]
    fn from(value: T) -> UnsafeCell<T> {
        UnsafeCell::new(value)
    }
}

macro_rules! debug {
    ($($name:ident),*) => {
        $(
            impl<T: ?Sized> fmt::Debug for $name<T> {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.debug_struct(stringify!($name)).finish_non_exhaustive()
                }
            }
        )*
    };
}

debug!(UnsafeCell, ConstPtr, MutPtr);
