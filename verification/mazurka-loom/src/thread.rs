//! Threads, as loom has them.

pub use mazurka::thread::{current, panicking, park, yield_now, JoinHandle, Thread, ThreadId};

use std::panic::{catch_unwind, AssertUnwindSafe};
use std::rc::Rc;
use std::{fmt, io};

use mazurka::raw;

/// Starts a thread. A panic in it fails the model.
///
/// # Panics
///
/// If there are too many threads.
#[track_caller]
pub fn spawn<F, T>(f: F) -> JoinHandle<T>
where
    F: FnOnce() -> T + 'static,
    T: 'static,
{
    start(None, f).expect("no start fails")
}

#[track_caller]
fn start<F, T>(name: Option<String>, f: F) -> io::Result<JoinHandle<T>>
where
    F: FnOnce() -> T + 'static,
    T: 'static,
{
    mazurka::thread::start(name, move || match catch_unwind(AssertUnwindSafe(f)) {
        Ok(value) => value,
        Err(payload) => {
            let message = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
            let message = message.or_else(|| payload.downcast_ref::<String>().cloned());
            // Its destructor belongs to the model.
            std::mem::forget(payload);
            raw::fail(message.unwrap_or_else(|| "a thread panicked".to_owned()))
        }
    })
}

/// Settings for a new thread.
#[derive(Debug, Default)]
pub struct Builder {
    name: Option<String>,
}

impl Builder {
    /// Creates a builder for a thread without a name.
    pub fn new() -> Builder {
        Builder::default()
    }

    /// Sets the thread's name.
    #[must_use]
    pub fn name(mut self, name: String) -> Builder {
        self.name = Some(name);
        self
    }

    /// Does nothing.
    #[must_use]
    pub fn stack_size(self, _: usize) -> Builder {
        self
    }

    /// Starts the thread.
    ///
    /// # Errors
    ///
    /// Never: the return type mirrors the standard library.
    #[track_caller]
    pub fn spawn<F, T>(self, f: F) -> io::Result<JoinHandle<T>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        start(self.name, f)
    }
}

/// A value for each thread. Created by [`thread_local!`](crate::thread_local).
pub struct LocalKey<T> {
    init: fn() -> T,
}

/// The value of a thread is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccessError;

impl fmt::Display for AccessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the value of the thread is gone")
    }
}

impl std::error::Error for AccessError {}

impl<T: 'static> LocalKey<T> {
    #[doc(hidden)]
    pub const fn new(init: fn() -> T) -> Self {
        LocalKey { init }
    }

    /// Calls a closure with the value of the current thread.
    ///
    /// # Panics
    ///
    /// If the value is gone.
    pub fn with<F, R>(&'static self, f: F) -> R
    where
        F: FnOnce(&T) -> R,
    {
        self.try_with(f).expect("the value of the thread exists")
    }

    /// Calls a closure with the value of the current thread.
    ///
    /// # Errors
    ///
    /// If the value is gone.
    ///
    /// # Panics
    ///
    /// Outside a model.
    pub fn try_with<F, R>(&'static self, f: F) -> Result<R, AccessError>
    where
        F: FnOnce(&T) -> R,
    {
        let key = std::ptr::from_ref(self) as usize;
        let existing = raw::local(false, key).map_err(|_| AccessError)?;
        let value = existing.unwrap_or_else(|| {
            let value = Rc::new((self.init)());
            raw::set_local(false, key, Rc::<T>::clone(&value));
            value
        });
        Ok(f(value.downcast_ref().expect("a key has one type")))
    }
}

impl<T> fmt::Debug for LocalKey<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalKey").finish_non_exhaustive()
    }
}
