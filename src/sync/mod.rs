//! The facade: every lock, condition variable and thread of the pool comes from here.
//!
//! An ordinary build takes them from the standard library. A build with `--cfg loom` (and the feature
//! `__internals`) takes them from an explorer: from the engine that the process has installed,
//! or from loom. It records each operation with its call site, and can be told to act wrongly at one
//! of them. The pool's own code is the same in all, and names none.
//!
//! Conventions: `lock()` returns the guard, a poisoned lock is taken over (no invariant of the pool
//! spans user code, so a panic cannot leave one half changed); a wait with a [`Deadline`] says
//! whether it timed out. State that decides anything lives under a [`Mutex`]; [`Counter`] is for
//! statistics and [`Flag`] for a hint.

#[cfg(not(all(loom, feature = "__internals")))]
mod std_backend;
#[cfg(not(all(loom, feature = "__internals")))]
use std_backend as backend;

#[cfg(all(loom, feature = "__internals"))]
mod model_backend;
#[cfg(all(loom, feature = "__internals"))]
use model_backend as backend;

#[cfg(all(loom, feature = "__internals"))]
pub mod engine;
#[cfg(feature = "__internals")]
pub mod fault;
#[cfg(all(loom, feature = "__internals"))]
pub mod trace;

#[cfg(feature = "__internals")]
pub use backend::note;
pub use backend::{thread, Condvar, Counter, Deadline, Flag, Mutex, MutexGuard};

/// Shared ownership, counted by the standard library in every build.
///
/// Nothing is decided by a count, so no explorer need see it: loom's own `Arc` would add a
/// scheduling point for each clone and drop, three to four times the executions.
#[allow(clippy::disallowed_types)]
pub use std::sync::Arc;
