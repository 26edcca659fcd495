//! Statics that exist for each execution anew.

pub use crate::thread::AccessError;

use std::fmt;
use std::rc::Rc;
use std::sync::atomic::Ordering;

use mazurka::raw;

use crate::end;

/// A static that is initialised when it is first used. Created by
/// [`lazy_static!`](macro@crate::lazy_static).
pub struct Lazy<T> {
    init: fn() -> T,
}

impl<T: 'static> Lazy<T> {
    #[doc(hidden)]
    pub const fn new(init: fn() -> T) -> Self {
        Lazy { init }
    }

    /// Returns the value, which lives until the main thread of the execution ends.
    ///
    /// # Panics
    ///
    /// If the main thread has ended.
    pub fn get(&'static self) -> &'static T {
        raw::read(end::statics());
        if let Some(value) = self.existing() {
            return value;
        }
        let value = (self.init)();
        raw::update(end::statics());
        // Another thread may have initialised it in between.
        if let Some(value) = self.existing() {
            return value;
        }
        raw::release(end::statics(), Ordering::Release, true);
        raw::set_local(true, self.key(), Rc::new(value));
        self.existing().expect("it was set")
    }

    fn key(&'static self) -> usize {
        std::ptr::from_ref(self) as usize
    }

    fn existing(&'static self) -> Option<&'static T> {
        let value = raw::local(true, self.key());
        let value = value.expect("a lazy static was used after the main thread had ended")?;
        raw::acquire(end::statics(), Ordering::Acquire);
        let value: *const T = value.downcast_ref::<T>().expect("a key has one type");
        // SAFETY: the execution keeps the value until its main thread ends. A model that uses it
        // longer than that is wrong, and loom gives it the same reference.
        Some(unsafe { &*value })
    }
}

impl<T> fmt::Debug for Lazy<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lazy").finish_non_exhaustive()
    }
}
