//! Threads that the explorer sees, with the names of the standard library's.

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
/// Outside of a model.
pub fn current() -> Thread {
    Thread(ThreadId(raw::current().expect("the current thread is asked for outside of a model")))
}

/// Does nothing: at every operation all threads that can go on are explored.
pub fn yield_now() {}

/// The owner of a thread, who may wait for its end.
#[derive(Debug)]
pub struct JoinHandle<T> {
    thread: Thread,
    // Never waited for: it is taken after the thread's end.
    result: Arc<Mutex<Option<std::thread::Result<T>>>>,
}

impl<T> JoinHandle<T> {
    /// Waits for the thread's end and returns what it returned.
    ///
    /// # Errors
    ///
    /// The payload of its panic.
    ///
    /// # Panics
    ///
    /// Never: a thread that has ended has left its result.
    #[track_caller]
    pub fn join(self) -> std::thread::Result<T> {
        raw::join(self.thread.0 .0);
        let result = self.result.lock().unwrap_or_else(PoisonError::into_inner).take();
        result.expect("a thread that has ended has left its result")
    }

    /// Returns the thread.
    pub fn thread(&self) -> &Thread {
        &self.thread
    }
}

/// How a thread is started.
#[derive(Debug, Default)]
#[must_use = "it starts no thread until `spawn` is called"]
pub struct Builder {
    name: Option<String>,
}

impl Builder {
    /// A builder of a thread without a name.
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
    /// If [`failing_spawns`](crate::Builder::failing_spawns) lets it fail.
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

/// Starts a thread. As with the standard library, its panic is what [`JoinHandle::join`] returns.
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
