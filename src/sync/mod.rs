//! The facade: every lock, condition variable and thread of the pool comes from here.
//!
//! An ordinary build takes them from the standard library; a build with `--cfg loom` or
//! `--cfg shuttle` takes them from that checker, records each operation with its call site, and can
//! be told to act wrongly at one of them. The pool's own code is the same in all, and names none.
//!
//! Conventions: `lock()` returns the guard, a poisoned lock is taken over (no invariant of the pool
//! spans user code, so a panic cannot leave one half changed); a wait with a [`Deadline`] says
//! whether it timed out. State that decides anything lives under a [`Mutex`]; [`Counter`] is for
//! statistics and [`Flag`] for a hint.

#[cfg(not(any(loom, shuttle)))]
mod std_backend;
#[cfg(not(any(loom, shuttle)))]
use std_backend as backend;

#[cfg(any(loom, shuttle))]
mod model_backend;
#[cfg(any(loom, shuttle))]
use model_backend as backend;

#[cfg(any(loom, shuttle, feature = "__internals"))]
pub mod fault;
#[cfg(any(loom, shuttle))]
pub mod trace;
#[cfg(any(loom, shuttle))]
pub mod world;

#[cfg(any(loom, shuttle, feature = "__internals"))]
pub use backend::note;
pub use backend::{thread, Condvar, Counter, Deadline, Flag, Mutex, MutexGuard};

/// Shared ownership, counted by the standard library in every build.
///
/// Nothing is decided by a count, so loom need not see it: its own `Arc` would add a scheduling
/// point for each clone and drop, three to four times the executions.
#[allow(clippy::disallowed_types)]
pub use std::sync::Arc;
