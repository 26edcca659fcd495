//! Operations by the number of their object, for programs that have their own facade over locks,
//! condition variables and threads. [`sync`](crate::sync) and [`thread`](crate::thread) are built
//! on them.
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
use crate::execution::Execution;
use crate::report::FailureKind;
use crate::run;

/// A lock, a condition variable or an atomic of the current execution, depending on its use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Object(u32);

impl Object {
    /// Creates an object.
    ///
    /// # Panics
    ///
    /// Outside a model, like every operation.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        let index = run::with(Execution::create_object);
        Object(index.expect("an object was created outside a model"))
    }

    /// Returns its number in the current execution.
    pub fn number(self) -> u32 {
        self.0
    }

    /// Returns the object with a number that [`number`](Self::number) returned in this execution.
    pub fn of_number(number: u32) -> Self {
        Object(number)
    }
}

/// Returns `true` if a model is running on this operating system thread.
pub fn is_running() -> bool {
    run::with(|_| ()).is_some()
}

/// Acquires a lock once it is free.
#[track_caller]
pub fn lock(mutex: Object) {
    run::perform(Kind::Lock, mutex.0, 0, 0, Location::caller());
}

/// Releases a lock. This is not a step of its own: the next owner of the lock learns what happened
/// before.
///
/// # Panics
///
/// If the current thread does not hold the lock.
pub fn unlock(mutex: Object) {
    let owned = run::with(|execution| {
        let owned = execution.owns(mutex.0);
        execution.release(mutex.0);
        owned
    });
    assert!(owned != Some(false), "a lock is released by a thread that does not hold it");
}

/// Releases a lock and sleeps, in one step, and then acquires the lock again. The sleep ends by a
/// notification, by a spurious wake-up, or by the timeout if there is one, which may pass at any
/// moment. Returns `true` if the timeout has passed, perhaps while the thread was being notified.
#[track_caller]
pub fn wait(condvar: Object, mutex: Object, has_timeout: bool) -> bool {
    let site = Location::caller();
    let ended = run::perform(Kind::Wait, condvar.0, mutex.0, has_timeout.into(), site);
    ended == choice::TIMED_OUT || ended == choice::NOTIFIED_LATE
}

/// Wakes one sleeper, if there is one.
#[track_caller]
pub fn notify_one(condvar: Object) {
    run::perform(Kind::NotifyOne, condvar.0, 0, 0, Location::caller());
}

/// Wakes all sleepers.
#[track_caller]
pub fn notify_all(condvar: Object) {
    run::perform(Kind::NotifyAll, condvar.0, 0, 0, Location::caller());
}

/// Announces that the caller is about to read an atomic.
#[track_caller]
pub fn read(atomic: Object) {
    run::perform(Kind::Read, atomic.0, 0, 0, Location::caller());
}

/// Announces that the caller is about to change an atomic. The change commutes with other such
/// changes and its result is not used: for example an addition.
#[track_caller]
pub fn write(atomic: Object) {
    run::perform(Kind::Write, atomic.0, 0, 0, Location::caller());
}

/// Announces that the caller is about to change an atomic in some other way.
#[track_caller]
pub fn update(atomic: Object) {
    run::perform(Kind::Update, atomic.0, 0, 0, Location::caller());
}

/// Starts a named thread. Returns its number, which is the same in every execution.
///
/// # Errors
///
/// If the explorer makes the start fail; see [`failing_spawns`](crate::Builder::failing_spawns).
///
/// # Panics
///
/// Outside a model, like every operation.
#[track_caller]
pub fn spawn(name: String, main: impl FnOnce() + 'static) -> io::Result<usize> {
    let site = Location::caller();
    if run::with(|execution| execution.spawn_is_visible()) == Some(true)
        && run::perform(Kind::Spawn, 0, 0, 0, site) == 1
    {
        return Err(io::Error::new(
            io::ErrorKind::WouldBlock,
            "the explorer makes this start fail",
        ));
    }
    let started = run::with(|execution| execution.spawn(name, Box::new(main)));
    match started.expect("a thread was started outside a model") {
        Ok(thread) => Ok(thread),
        Err(limit) => run::fail(FailureKind::Limit, limit),
    }
}

/// Waits for the thread with this number to end.
#[track_caller]
pub fn join(thread: usize) {
    run::join(thread, Location::caller());
}

/// Ends the current execution as failed. Never returns, and unwinds nothing. For a panic hook, so
/// that no destructor of the model runs in a state for which it was not written.
///
/// # Panics
///
/// Outside a model.
pub fn fail(message: String) -> ! {
    run::fail(FailureKind::Panic, message)
}

/// Returns the number of the current thread; 0 is the main thread. `None` outside a model.
pub fn current() -> Option<usize> {
    run::with(|execution| execution.current())
}

/// Returns a number below `n`. The exploration tries each.
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
    run::perform(Kind::Choose, 0, 0, extent, Location::caller()).into()
}
