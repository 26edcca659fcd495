//! The interface of an explorer that a model's process installs. It then schedules the threads.
//!
//! Without one, models run under loom. The pool's crate neither names nor needs another explorer;
//! the `verification` package brings its own.

#![allow(clippy::disallowed_types)] // a process has one engine, which is not part of an execution

use std::io;
use std::sync::OnceLock;

/// An explorer of the facade's operations. It identifies objects and threads by numbers that are
/// valid in one execution. Each operation blocks until it is the calling thread's turn, and returns
/// when the operation is done.
pub trait Engine: Send + Sync {
    /// Creates a lock, a condition variable or an atomic.
    fn create(&self) -> usize;

    /// Acquires a lock.
    fn lock(&self, mutex: usize);

    /// Releases a lock.
    fn unlock(&self, mutex: usize);

    /// Releases a lock, sleeps until woken, and acquires the lock again. Returns `true` if it timed
    /// out. With a timeout, that can happen at any moment.
    fn wait(&self, condvar: usize, mutex: usize, has_timeout: bool) -> bool;

    /// Wakes one sleeper.
    fn notify_one(&self, condvar: usize);

    /// Wakes all sleepers.
    fn notify_all(&self, condvar: usize);

    /// Announces that the caller is about to read an atomic.
    fn read(&self, atomic: usize);

    /// Announces that the caller is about to change an atomic. The change commutes with all other
    /// changes of the atomic.
    fn write(&self, atomic: usize);

    /// Starts a thread and returns its number.
    ///
    /// # Errors
    ///
    /// If the engine makes the start fail.
    fn spawn(&self, name: String, main: Box<dyn FnOnce() + Send>) -> io::Result<usize>;

    /// Waits for a thread to end.
    fn join(&self, thread: usize);

    /// Returns the number of the current thread; 0 is the main thread.
    fn current(&self) -> usize;

    /// Returns `true` if a thread that may yield does so.
    fn may_yield(&self) -> bool;
}

static ENGINE: OnceLock<&'static dyn Engine> = OnceLock::new();

/// Makes every model of this process run under an engine.
///
/// # Panics
///
/// If there is one already: a process has one engine.
pub fn install(engine: &'static dyn Engine) {
    assert!(ENGINE.set(engine).is_ok(), "a process has one engine");
}

/// Returns the engine, if one was installed.
#[inline]
pub(super) fn installed() -> Option<&'static dyn Engine> {
    ENGINE.get().copied()
}
