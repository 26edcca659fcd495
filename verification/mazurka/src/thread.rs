//! Threads that the explorer sees, named as in the standard library.
//!
//! There is no `scope`: a thread owns what it uses, or shares it in an [`Arc`].

use std::io;
use std::panic::{catch_unwind, AssertUnwindSafe, Location};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::fault::{self, Action};
use crate::raw;
use crate::sync::{Condvar, Mutex as VisibleMutex};

pub use std::thread::panicking;

/// The identity of a thread, the same in every execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ThreadId(usize);

/// A thread.
#[derive(Clone, Debug)]
pub struct Thread {
    id: ThreadId,
    name: Option<String>,
    parker: Arc<Parker>,
}

/// What a parked thread waits for.
#[derive(Debug)]
struct Parker {
    token: VisibleMutex<bool>,
    given: Condvar,
}

impl Parker {
    #[track_caller]
    fn new() -> Arc<Self> {
        Arc::new(Parker { token: VisibleMutex::internal(false), given: Condvar::internal() })
    }
}

impl Thread {
    /// Returns its identity.
    pub fn id(&self) -> ThreadId {
        self.id
    }

    /// Returns its name, if it was given one.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Lets its current or its next [`park`] return.
    ///
    /// # Panics
    ///
    /// Never: the lock is never poisoned.
    #[track_caller]
    pub fn unpark(&self) {
        if fault::at(&[Action::DropUnpark], None, Location::caller()).is_some() {
            return;
        }
        *self.parker.token.lock().expect("it is never poisoned") = true;
        self.parker.given.notify_one();
    }
}

/// The key of the current thread among its own values.
fn key() -> usize {
    static KEY: u8 = 0;
    std::ptr::from_ref(&KEY) as usize
}

/// Returns the current thread.
///
/// # Panics
///
/// Outside a model.
#[track_caller]
pub fn current() -> Thread {
    let id = raw::current().expect("the current thread was requested outside a model");
    if let Ok(Some(own)) = raw::local(false, key()) {
        if let Some(thread) = own.downcast_ref::<Thread>() {
            return thread.clone();
        }
    }
    let name = (id == 0).then(|| "main".to_owned());
    let thread = Thread { id: ThreadId(id), name, parker: Parker::new() };
    raw::set_local(false, key(), std::rc::Rc::new(thread.clone()));
    thread
}

/// Waits until the current thread is unparked. It does not return for other reasons, except as a fault.
///
/// # Panics
///
/// Outside a model.
#[track_caller]
pub fn park() {
    let site = Location::caller();
    let parker = current().parker;
    let mut token = parker.token.lock().expect("it is never poisoned");
    let early = || fault::at(&[Action::WakeEarly], Some(parker.given.object), site);
    if !*token && early().is_some() {
        return;
    }
    while !*token {
        token = parker.given.wait(token).expect("it is never poisoned");
    }
    *token = false;
}

/// Waits until the current thread is unparked or the timeout passes, which may happen at any
/// moment.
///
/// # Panics
///
/// Outside a model.
#[track_caller]
pub fn park_timeout(timeout: Duration) {
    let parker = current().parker;
    let mut token = parker.token.lock().expect("it is never poisoned");
    if !*token {
        (token, _) = parker.given.wait_timeout(token, timeout).expect("it is never poisoned");
    }
    *token = false;
}

/// Lets other threads go on, if the current thread repeats itself; see
/// [`spins`](crate::Builder::spins). Does nothing otherwise: at every operation, all threads that
/// can continue are explored.
#[track_caller]
pub fn yield_now() {
    raw::yield_now();
}

/// Does what [`yield_now`] does: a sleep orders nothing.
#[track_caller]
pub fn sleep(_: Duration) {
    raw::yield_now();
}

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
        raw::join(self.thread.id.0);
        raw::note_join(self.thread.id.0);
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

    /// Does nothing: [`stack_size`](crate::Builder::stack_size) applies to every thread.
    pub fn stack_size(self, _: usize) -> Self {
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
        start(self.name, main)
    }
}

/// Starts a thread.
#[track_caller]
#[doc(hidden)]
pub fn start<F, T>(name: Option<String>, main: F) -> io::Result<JoinHandle<T>>
where
    F: FnOnce() -> T + 'static,
    T: 'static,
{
    let result = Arc::new(Mutex::new(None));
    let place = Arc::clone(&result);
    let parker = Parker::new();
    let (own_name, own_parker) = (name.clone(), Arc::clone(&parker));
    let main = move || {
        let id = ThreadId(raw::current().expect("a thread of a model"));
        let thread = Thread { id, name: own_name, parker: own_parker };
        raw::set_local(false, key(), std::rc::Rc::new(thread));
        let result = catch_unwind(AssertUnwindSafe(main));
        if let Err(payload) = &result {
            raw::note_panic(payload.as_ref());
        }
        *place.lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
    };
    let number = raw::spawn(name.clone().unwrap_or_default(), main)?;
    raw::note_spawn(number);
    let thread = Thread { id: ThreadId(number), name, parker };
    Ok(JoinHandle { thread, result })
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
