//! An explorer that a model's process plugs in: it then decides whose turn it is.
//!
//! Without one, models run under loom. The pool's crate names no other explorer and needs none; the
//! `verification` package brings its own.

#![allow(clippy::disallowed_types)] // a process has one engine: it is no state of an execution

use std::io;
use std::sync::OnceLock;

/// An explorer of the facade's operations. Objects and threads are its numbers for them, valid in
/// one execution; each operation returns when it is the calling thread's turn and it is done.
pub trait Engine: Send + Sync {
    /// Creates a lock, a condition variable or an atomic.
    fn create(&self) -> usize;

    /// Acquires a lock.
    fn lock(&self, mutex: usize);

    /// Releases a lock.
    fn unlock(&self, mutex: usize);

    /// Releases a lock, sleeps until woken, and acquires it again; returns `true` if it has timed
    /// out, which it may at any moment if it has a timeout.
    fn wait(&self, condvar: usize, mutex: usize, has_timeout: bool) -> bool;

    /// Wakes one sleeper.
    fn notify_one(&self, condvar: usize);

    /// Wakes all sleepers.
    fn notify_all(&self, condvar: usize);

    /// The caller is about to read an atomic.
    fn read(&self, atomic: usize);

    /// The caller is about to change an atomic, in a way that commutes with all other changes of it.
    fn write(&self, atomic: usize);

    /// Starts a thread and returns it.
    ///
    /// # Errors
    ///
    /// If the engine lets it fail.
    fn spawn(&self, name: String, main: Box<dyn FnOnce() + Send>) -> io::Result<usize>;

    /// Waits for the end of a thread.
    fn join(&self, thread: usize);

    /// Returns the current thread; 0 is the main thread.
    fn current(&self) -> usize;

    /// Returns `true` if a thread that may yield does.
    fn may_yield(&self) -> bool;
}

static ENGINE: OnceLock<&'static dyn Engine> = OnceLock::new();

/// Makes every model of this process run under that engine.
///
/// # Panics
///
/// If there is one already: a process has one engine.
pub fn install(engine: &'static dyn Engine) {
    assert!(ENGINE.set(engine).is_ok(), "a process has one engine");
}

/// The engine, if one was installed.
#[inline]
pub(super) fn installed() -> Option<&'static dyn Engine> {
    ENGINE.get().copied()
}
