//! An explorer that the process of a model installs. It then decides which thread runs.
//!
//! Without one, models run under loom. This crate names no other explorer and needs none; the
//! `verification` package has its own.

#![allow(clippy::disallowed_types)] // a process has one engine, which is not part of an execution

use std::io;
use std::sync::OnceLock;

/// An explorer of the operations of the facade. It numbers objects and threads; a number is valid
/// in one execution. Each operation returns when it is done and the calling thread may run.
pub trait Engine: Send + Sync {
    /// Creates a lock, a condition variable or an atomic.
    fn create(&self) -> usize;

    /// Acquires a lock.
    fn lock(&self, mutex: usize);

    /// Releases a lock.
    fn unlock(&self, mutex: usize);

    /// Releases a lock, sleeps until woken, and acquires the lock again. Returns `true` if it has
    /// timed out; with a timeout that may happen at any moment.
    fn wait(&self, condvar: usize, mutex: usize, has_timeout: bool) -> bool;

    /// Wakes one sleeper.
    fn notify_one(&self, condvar: usize);

    /// Wakes all sleepers.
    fn notify_all(&self, condvar: usize);

    /// Is called before an atomic is read.
    fn read(&self, atomic: usize);

    /// Is called before an atomic is changed. All changes of it commute.
    fn write(&self, atomic: usize);

    /// Starts a thread and returns it.
    ///
    /// # Errors
    ///
    /// An error that the engine injects.
    fn spawn(&self, name: String, main: Box<dyn FnOnce() + Send>) -> io::Result<usize>;

    /// Waits for the end of a thread.
    fn join(&self, thread: usize);

    /// Returns the current thread. The main thread is 0.
    fn current(&self) -> usize;

    /// Returns `true` if a thread that may pause before it sleeps should do so.
    fn may_pause(&self) -> bool;
}

static ENGINE: OnceLock<&'static dyn Engine> = OnceLock::new();

/// Installs the engine that every model of this process runs under.
///
/// # Panics
///
/// If one is installed already.
pub fn install(engine: &'static dyn Engine) {
    assert!(ENGINE.set(engine).is_ok(), "a process has one engine");
}

/// Returns the installed engine, if there is one.
#[inline]
pub(super) fn installed() -> Option<&'static dyn Engine> {
    ENGINE.get().copied()
}
