//! Counted references whose last drop is a step, and whose leaks fail the model.

use std::borrow::Borrow;
use std::fmt;
use std::mem::ManuallyDrop;
use std::ops::Deref;
use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::sync::Arc as Counted;

use mazurka::raw;

use crate::end::{self, Count};

/// Like [`std::sync::Arc`].
///
/// A change of the count is a step only where it can matter: a drop, if the value has a destructor;
/// every change, if the model asks for the count.
pub struct Arc<T: ?Sized> {
    // `None` only while it is taken apart.
    value: Option<Counted<T>>,
    count: Counted<Count>,
}

fn address<T: ?Sized>(value: &Counted<T>) -> usize {
    Counted::as_ptr(value).cast::<()>() as usize
}

impl<T> Arc<T> {
    /// Creates a reference to a value.
    #[track_caller]
    pub fn new(value: T) -> Arc<T> {
        Arc::from_std(Counted::new(value))
    }

    /// Creates a pinned reference to a value.
    #[track_caller]
    pub fn pin(value: T) -> Pin<Arc<T>> {
        // SAFETY: the value is on the heap, and moved only by `try_unwrap`, as in `std`, which
        // takes the `Arc` and not the `Pin`.
        unsafe { Pin::new_unchecked(Arc::new(value)) }
    }

    /// Returns the value, if this is its only reference.
    ///
    /// # Errors
    ///
    /// The reference, if there are others.
    ///
    /// # Panics
    ///
    /// Never: an only reference can be taken apart.
    #[track_caller]
    pub fn try_unwrap(mut this: Arc<T>) -> Result<T, Arc<T>> {
        if !this.is_unique() {
            return Err(this);
        }
        let value = this.value.take().expect("it is complete");
        end::remove_count(address(&value));
        match Counted::try_unwrap(value) {
            Ok(value) => Ok(value),
            Err(_) => unreachable!("it is the only reference"),
        }
    }

    /// Returns the value, if this is its only reference.
    #[track_caller]
    pub fn into_inner(this: Arc<T>) -> Option<T> {
        Arc::try_unwrap(this).ok()
    }
}

impl<T: ?Sized> Arc<T> {
    /// Converts a reference of the standard library: for values without a size.
    ///
    /// # Panics
    ///
    /// If there are others.
    #[track_caller]
    pub fn from_std(mut value: Counted<T>) -> Self {
        assert!(Counted::get_mut(&mut value).is_some(), "the Arc is not unique");
        let count = end::add_count(address(&value));
        Arc { value: Some(value), count }
    }

    /// Returns the number of references.
    #[track_caller]
    pub fn strong_count(this: &Self) -> usize {
        raw::ask_for_counts();
        raw::read(this.count.object);
        Counted::strong_count(this.value())
    }

    /// Returns access to the value, if this is its only reference.
    #[track_caller]
    pub fn get_mut(this: &mut Self) -> Option<&mut T> {
        if !this.is_unique() {
            return None;
        }
        this.value.as_mut().and_then(Counted::get_mut)
    }

    /// Returns `true` if both refer to the same value.
    pub fn ptr_eq(this: &Self, other: &Self) -> bool {
        Counted::ptr_eq(this.value(), other.value())
    }

    /// Returns the address of the value, and keeps the reference counted.
    ///
    /// # Panics
    ///
    /// Never: it is complete.
    pub fn into_raw(mut this: Self) -> *const T {
        Counted::into_raw(this.value.take().expect("it is complete"))
    }

    /// Returns the address of the value.
    pub fn as_ptr(this: &Self) -> *const T {
        Counted::as_ptr(this.value())
    }

    /// Returns the reference that [`into_raw`](Self::into_raw) kept.
    ///
    /// # Safety
    ///
    /// As for [`std::sync::Arc::from_raw`].
    ///
    /// # Panics
    ///
    /// If no value of this execution is there.
    #[track_caller]
    pub unsafe fn from_raw(ptr: *const T) -> Self {
        let count = end::count(ptr.cast::<()>() as usize);
        let count = count.expect("an Arc of this execution is at the address");
        // SAFETY: the caller promises that the address is from `into_raw`, which is that of
        // `std`.
        let value = unsafe { Counted::from_raw(ptr) };
        Arc { value: Some(value), count }
    }

    /// Adds a reference to the value at an address.
    ///
    /// # Safety
    ///
    /// As for [`std::sync::Arc::increment_strong_count`].
    #[track_caller]
    pub unsafe fn increment_strong_count(ptr: *const T) {
        // SAFETY: the caller promises it. The reference is not dropped.
        let this = ManuallyDrop::new(unsafe { Arc::from_raw(ptr) });
        let _another = ManuallyDrop::new(Arc::clone(&this));
    }

    /// Drops a reference to the value at an address.
    ///
    /// # Safety
    ///
    /// As for [`std::sync::Arc::decrement_strong_count`].
    #[track_caller]
    pub unsafe fn decrement_strong_count(ptr: *const T) {
        // SAFETY: the caller promises it.
        drop(unsafe { Arc::from_raw(ptr) });
    }

    fn value(&self) -> &Counted<T> {
        self.value.as_ref().expect("it is complete")
    }

    /// Asks whether it is the only reference, which is a step.
    #[track_caller]
    fn is_unique(&self) -> bool {
        raw::ask_for_counts();
        raw::read(self.count.object);
        let is_unique = Counted::strong_count(self.value()) == 1;
        if is_unique {
            raw::acquire(self.count.object, Ordering::Acquire);
        }
        is_unique
    }
}

impl<T: ?Sized> Clone for Arc<T> {
    #[track_caller]
    fn clone(&self) -> Arc<T> {
        if raw::counts_are_steps() {
            raw::write(self.count.object);
        }
        Arc { value: self.value.clone(), count: Counted::clone(&self.count) }
    }
}

impl<T: ?Sized> Drop for Arc<T> {
    #[track_caller]
    fn drop(&mut self) {
        let Some(value) = self.value.take() else { return };
        if !raw::is_running() {
            return;
        }
        let matters = std::mem::needs_drop::<T>() || raw::counts_are_steps();
        // A thread that unwinds must not be suspended.
        if matters && !std::thread::panicking() {
            raw::update(self.count.object);
        }
        raw::release(self.count.object, Ordering::Release, true);
        if Counted::strong_count(&value) == 1 {
            raw::acquire(self.count.object, Ordering::Acquire);
            end::remove_count(address(&value));
        }
    }
}

impl<T: ?Sized> Deref for Arc<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.value()
    }
}

impl<T: Default> Default for Arc<T> {
    #[track_caller]
    fn default() -> Arc<T> {
        Arc::new(T::default())
    }
}

impl<T> From<T> for Arc<T> {
    #[track_caller]
    fn from(value: T) -> Self {
        Arc::new(value)
    }
}

impl<T: ?Sized> AsRef<T> for Arc<T> {
    fn as_ref(&self) -> &T {
        self
    }
}

impl<T: ?Sized> Borrow<T> for Arc<T> {
    fn borrow(&self) -> &T {
        self
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for Arc<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for Arc<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&**self, f)
    }
}
