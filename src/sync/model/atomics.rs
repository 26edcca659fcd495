//! Counters and flags under an explorer.

use std::panic::Location;
use std::time::Duration;

use super::{unseen, Object};
use crate::sync::engine::installed;
use crate::sync::fault::Action;
use crate::sync::trace::{self, Kind, Op, Operation};
use crate::sync::Look;

/// Tells a thread that looks on that it need not look any longer. A look decides nothing and takes no
/// time: the thread takes the lock next, as it would without the look, and other threads may run
/// before. So there is nothing to explore.
#[derive(Debug, Default)]
pub struct Beacon(());

impl Beacon {
    /// Creates a beacon.
    pub fn new() -> Self {
        Beacon(())
    }

    /// Does nothing.
    #[allow(clippy::unused_self)] // as of the other backend
    pub fn raise(&self) {}

    /// Does nothing.
    #[allow(clippy::unused_self)] // as of the other backend
    pub fn lower(&self) {}

    /// Sees nothing, at once.
    #[allow(clippy::unused_self)] // as of the other backend
    pub fn look(&self, _length: Duration) -> Look {
        Look { seen: false, took: Duration::ZERO }
    }

    /// Returns `true`: a look would add nothing.
    #[allow(clippy::unused_self)] // as of the other backend
    pub fn is_raised(&self) -> bool {
        true
    }
}

/// A number that decides nothing but whether a thread looks on before it takes a lock.
#[derive(Debug, Default)]
pub struct Guess(());

impl Guess {
    /// Creates a guess.
    pub fn new() -> Self {
        Guess(())
    }

    /// Returns 0.
    #[allow(clippy::unused_self)] // as of the other backend
    pub fn get(&self) -> u64 {
        0
    }

    /// Does nothing.
    #[allow(clippy::unused_self)] // as of the other backend
    pub fn set(&self, _number: u64) {}
}

/// A statistic. No decision may depend on it.
pub struct Counter {
    inner: Number,
    object: usize,
}

enum Number {
    Loom(loom::sync::atomic::AtomicU64),
    Engine(Object, unseen::AtomicU64),
}

impl std::fmt::Debug for Counter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Counter").finish_non_exhaustive()
    }
}

impl Default for Counter {
    #[track_caller]
    fn default() -> Self {
        Counter::new()
    }
}

impl Counter {
    /// Creates a counter at zero.
    #[track_caller]
    pub fn new() -> Self {
        let object = trace::register(Kind::Counter, Location::caller());
        let inner = match installed() {
            Some(engine) => Number::Engine((engine, engine.create()), unseen::AtomicU64::new(0)),
            None => Number::Loom(loom::sync::atomic::AtomicU64::new(0)),
        };
        Counter { inner, object }
    }

    /// Adds one.
    #[track_caller]
    pub fn increment(&self) {
        trace::opportunity(Operation::Count);
        let wrongly = |action| action == Action::DropCount;
        if trace::record_unless_fault(Op::Count, self.object, wrongly).is_some() {
            return;
        }
        match &self.inner {
            Number::Loom(number) => {
                number.fetch_add(1, std::sync::atomic::Ordering::Release);
            }
            Number::Engine((engine, object), number) => {
                engine.write(*object);
                number.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            }
        }
    }

    /// Returns the count.
    ///
    /// Under loom this is a read-modify-write, since loom does not explore every outcome of a plain
    /// load.
    #[track_caller]
    pub fn get(&self) -> u64 {
        trace::record(Op::Count, self.object);
        match &self.inner {
            Number::Loom(number) => number.fetch_add(0, std::sync::atomic::Ordering::Acquire),
            Number::Engine((engine, object), number) => {
                engine.read(*object);
                number.load(std::sync::atomic::Ordering::SeqCst)
            }
        }
    }
}

/// A hint that is raised once. No decision of the pool may depend on it.
pub struct Flag {
    inner: Hint,
    object: usize,
}

enum Hint {
    Loom(loom::sync::atomic::AtomicBool),
    Engine(Object, unseen::AtomicBool),
}

impl std::fmt::Debug for Flag {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Flag").finish_non_exhaustive()
    }
}

impl Default for Flag {
    #[track_caller]
    fn default() -> Self {
        Flag::new()
    }
}

impl Flag {
    /// Creates a flag that is not raised.
    #[track_caller]
    pub fn new() -> Self {
        let object = trace::register(Kind::Flag, Location::caller());
        let inner = match installed() {
            Some(engine) => Hint::Engine((engine, engine.create()), unseen::AtomicBool::new(false)),
            None => Hint::Loom(loom::sync::atomic::AtomicBool::new(false)),
        };
        Flag { inner, object }
    }

    /// Raises the flag.
    #[track_caller]
    pub fn raise(&self) {
        trace::opportunity(Operation::Raise);
        let wrongly = |action| action == Action::DropRaise;
        if trace::record_unless_fault(Op::Raise, self.object, wrongly).is_some() {
            return;
        }
        match &self.inner {
            // Not a store. Next to a read-modify-write that writes back what it read, loom allows
            // that one to overtake the store, which would lower the flag again.
            Hint::Loom(flag) => {
                flag.fetch_or(true, std::sync::atomic::Ordering::AcqRel);
            }
            Hint::Engine((engine, object), flag) => {
                engine.write(*object);
                flag.store(true, std::sync::atomic::Ordering::SeqCst);
            }
        }
    }

    /// Returns `true` if the flag is raised. Under loom this is a read-modify-write, like
    /// [`Counter::get`].
    #[track_caller]
    pub fn is_raised(&self) -> bool {
        trace::record(Op::Look, self.object);
        match &self.inner {
            Hint::Loom(flag) => flag.fetch_or(false, std::sync::atomic::Ordering::AcqRel),
            Hint::Engine((engine, object), flag) => {
                engine.read(*object);
                flag.load(std::sync::atomic::Ordering::SeqCst)
            }
        }
    }
}
