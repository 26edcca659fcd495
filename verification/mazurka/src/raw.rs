//! Operations by the number of their object, for whoever has a facade of their own over the locks,
//! condition variables and threads of their program. Everything in [`sync`](crate::sync) and
//! [`thread`](crate::thread) is made of them.
//!
//! ```
//! use mazurka::raw::{self, Object};
//!
//! mazurka::model(|| {
//!     let lock = Object::new();
//!     raw::lock(lock);
//!     raw::unlock(lock);
//! });
//! ```

use std::io;
use std::panic::Location;

use crate::event::{wait as choice, Kind};
use crate::execution;

/// A lock, a condition variable or an atomic of the current execution: whatever it is used as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Object(u32);

impl Object {
    /// Creates one.
    ///
    /// # Panics
    ///
    /// Outside of a model, as every operation.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        let index = execution::with(execution::Execution::create_object);
        Object(index.expect("an object of mazurka's is created outside of a model"))
    }

    /// Returns its number in the current execution.
    pub fn number(self) -> u32 {
        self.0
    }

    /// Returns the object of that number, which [`number`](Self::number) gave in this execution.
    pub fn of_number(number: u32) -> Self {
        Object(number)
    }
}

/// Whether a model runs on this operating system thread.
pub fn is_running() -> bool {
    execution::with(|_| ()).is_some()
}

/// Acquires a lock, when it is free.
#[track_caller]
pub fn lock(mutex: Object) {
    execution::perform(Kind::Lock, mutex.0, 0, 0, Location::caller());
}

/// Releases a lock. Not a step of its own: what it orders is known to the next who locks.
///
/// # Panics
///
/// If the current thread does not have it.
pub fn unlock(mutex: Object) {
    let owned = execution::with(|execution| {
        let owned = execution.owns(mutex.0);
        execution.release(mutex.0);
        owned
    });
    assert!(owned != Some(false), "a lock is released by a thread that does not have it");
}

/// Releases a lock and sleeps, in one step, and acquires the lock again: when notified, or
/// spuriously, or, if it has a timeout, when that has passed, which it may have at any moment. Returns
/// `true` if the timeout has passed, maybe as it was notified.
#[track_caller]
pub fn wait(condvar: Object, mutex: Object, has_timeout: bool) -> bool {
    let site = Location::caller();
    let ended = execution::perform(Kind::Wait, condvar.0, mutex.0, has_timeout.into(), site);
    ended == choice::TIMED_OUT || ended == choice::NOTIFIED_LATE
}

/// Wakes one sleeper, if there is one.
#[track_caller]
pub fn notify_one(condvar: Object) {
    execution::perform(Kind::NotifyOne, condvar.0, 0, 0, Location::caller());
}

/// Wakes all sleepers.
#[track_caller]
pub fn notify_all(condvar: Object) {
    execution::perform(Kind::NotifyAll, condvar.0, 0, 0, Location::caller());
}

/// Comes before the caller reads an atomic.
#[track_caller]
pub fn read(atomic: Object) {
    execution::perform(Kind::Read, atomic.0, 0, 0, Location::caller());
}

/// Comes before the caller changes an atomic in a way whose result it drops and that gives the same
/// in every order with other such changes: an addition, say.
#[track_caller]
pub fn write(atomic: Object) {
    execution::perform(Kind::Write, atomic.0, 0, 0, Location::caller());
}

/// Comes before the caller changes an atomic in any other way.
#[track_caller]
pub fn update(atomic: Object) {
    execution::perform(Kind::Update, atomic.0, 0, 0, Location::caller());
}

/// Starts a thread of that name; returns its number, which is the same in every execution.
///
/// # Errors
///
/// If [`failing_spawns`](crate::Builder::failing_spawns) lets it fail.
///
/// # Panics
///
/// Outside of a model, as every operation.
#[track_caller]
pub fn spawn(name: String, main: impl FnOnce() + 'static) -> io::Result<usize> {
    let site = Location::caller();
    if execution::with(|execution| execution.spawn_is_visible()) == Some(true)
        && execution::perform(Kind::Spawn, 0, 0, 0, site) == 1
    {
        return Err(io::Error::new(io::ErrorKind::WouldBlock, "the explorer lets no thread start"));
    }
    let started = execution::with(|execution| execution.spawn(name, Box::new(main)));
    match started.expect("a thread of mazurka's is started outside of a model") {
        Ok(thread) => Ok(thread),
        Err(limit) => execution::fail(execution::Failure::Limit(limit)),
    }
}

/// Waits for the end of the thread of that number.
#[track_caller]
pub fn join(thread: usize) {
    execution::join(thread, Location::caller());
}

/// Ends the current execution as failed, and never returns: nothing is unwound. For a panic hook, so
/// that no destructor of the model runs in a state that it was not written for.
///
/// # Panics
///
/// Outside of a model.
pub fn fail(message: String) -> ! {
    execution::fail(execution::Failure::Panic(message))
}

/// Returns the number of the current thread; 0 is the main thread. `None` outside of a model.
pub fn current() -> Option<usize> {
    execution::with(|execution| execution.current())
}

/// Returns a number below `n`; the exploration tries each.
///
/// ```
/// let report = mazurka::Builder::new().explore(|| assert!(mazurka::choose(3) < 3));
/// assert_eq!(report.unwrap().executions, 3);
/// ```
///
/// # Panics
///
/// If `n` is 0 or greater than 16.
#[track_caller]
pub fn choose(n: usize) -> usize {
    assert!((1..=16).contains(&n), "`n` is {n}; 1 to 16 is accepted");
    let extent = u8::try_from(n).expect("it is small");
    execution::perform(Kind::Choose, 0, 0, extent, Location::caller()).into()
}
