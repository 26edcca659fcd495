//! Threads that the explorer sees, named as in the standard library.

use std::io;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::{Arc, Mutex, PoisonError};

use crate::raw;

/// The identity of a thread, the same in every execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ThreadId(usize);

/// A thread.
#[derive(Clone, Copy, Debug)]
pub struct Thread(ThreadId);

impl Thread {
    /// Returns its identity.
    pub fn id(&self) -> ThreadId {
        self.0
    }
}

/// Returns the current thread.
///
/// # Panics
///
/// Outside a model.
pub fn current() -> Thread {
    Thread(ThreadId(raw::current().expect("the current thread was requested outside a model")))
}

/// Does nothing: at every operation, all threads that can continue are explored.
pub fn yield_now() {}

/// A handle for joining a thread.
#[derive(Debug)]
pub struct JoinHandle<T> {
    thread: Thread,
    // Never contended: it is taken after the thread has ended.
    result: Arc<Mutex<Option<std::thread::Result<T>>>>,
}

impl<T> JoinHandle<T> {
    /// Waits for the thread to end and returns its result.
    ///
    /// # Errors
    ///
    /// The payload, if the thread panicked.
    ///
    /// # Panics
    ///
    /// Never: a thread that has ended has stored its result.
    #[track_caller]
    pub fn join(self) -> std::thread::Result<T> {
        raw::join(self.thread.0 .0);
        let result = self.result.lock().unwrap_or_else(PoisonError::into_inner).take();
        result.expect("a thread that has ended has stored its result")
    }

    /// Returns the thread.
    pub fn thread(&self) -> &Thread {
        &self.thread
    }
}

/// Settings for a new thread.
#[derive(Debug, Default)]
#[must_use = "it starts no thread until `spawn` is called"]
pub struct Builder {
    name: Option<String>,
}

impl Builder {
    /// Creates a builder for a thread without a name.
    pub fn new() -> Self {
        Builder::default()
    }

    /// Sets the thread's name.
    pub fn name(mut self, name: String) -> Self {
        self.name = Some(name);
        self
    }

    /// Starts the thread.
    ///
    /// # Errors
    ///
    /// If the explorer makes the start fail; see
    /// [`failing_spawns`](crate::Builder::failing_spawns).
    #[track_caller]
    pub fn spawn<F, T>(self, main: F) -> io::Result<JoinHandle<T>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let result = Arc::new(Mutex::new(None));
        let place = Arc::clone(&result);
        let main = move || {
            let result = catch_unwind(AssertUnwindSafe(main));
            *place.lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
        };
        let name = self.name.unwrap_or_else(|| "a thread".to_owned());
        let thread = Thread(ThreadId(raw::spawn(name, main)?));
        Ok(JoinHandle { thread, result })
    }
}

/// Starts a thread. As in the standard library, [`JoinHandle::join`] returns the payload if the
/// thread panics.
///
/// # Panics
///
/// If it cannot be started; see [`Builder::spawn`].
#[track_caller]
pub fn spawn<F, T>(main: F) -> JoinHandle<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    Builder::new().spawn(main).expect("the thread starts")
}
