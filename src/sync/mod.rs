//! The facade: every lock, condition variable and thread of the pool comes from here.
//!
//! An ordinary build takes them from the standard library. A build with `--cfg loom` and the
//! feature `__internals` takes them from an explorer: from the engine that the process has
//! installed, or from loom. It records each operation with its call site, and can inject a fault at
//! a call site. The code of the pool is the same in all builds, and names no explorer.
//!
//! Conventions: `lock()` returns the guard and takes over a poisoned lock (no invariant of the pool
//! spans user code, so a panic leaves none half changed). A wait with a [`Deadline`] says whether
//! it timed out. State on which a decision depends is under a [`Mutex`]; [`Counter`] is for
//! statistics, [`Flag`] for hints, and [`Beacon`] and [`Guess`] for how long a thread looks on before
//! it takes a lock.

#[cfg(not(all(loom, feature = "__internals")))]
mod std_backend;
#[cfg(not(all(loom, feature = "__internals")))]
use std_backend as backend;

#[cfg(all(loom, feature = "__internals"))]
mod model;
#[cfg(all(loom, feature = "__internals"))]
use model as backend;

#[cfg(all(loom, feature = "__internals"))]
pub mod engine;
mod exclusive;
#[cfg(feature = "__internals")]
pub mod fault;
mod process_lock;
#[cfg(all(loom, feature = "__internals"))]
pub mod trace;
#[cfg(all(loom, feature = "__internals"))]
pub mod watch;

#[cfg(feature = "__internals")]
pub use backend::note;
pub use backend::{
    end_step, thread, Beacon, Condvar, Counter, Deadline, Flag, Guess, Mutex, MutexGuard,
    ThreadNumber,
};
pub use exclusive::Exclusive;
pub use process_lock::ProcessLock;

/// Creates a mutex with a role in a protocol. In a model, a watcher is told the counters whenever the
/// lock is released. In an ordinary build this is `Mutex::new`.
///
/// `watched!(value: Type, "role" beside other, |data| name: counter, …)`
#[cfg(all(loom, feature = "__internals"))]
macro_rules! watched {
    ($value:expr, $type:ty, $role:literal $(beside $other:expr)?,
     |$data:ident| $($name:ident: $counter:expr),+ $(,)?) => {{
        use $crate::sync::watch::Count as _;
        static ROLE: $crate::sync::watch::Role = $crate::sync::watch::Role {
            name: $role,
            counters: &[$(stringify!($name)),+],
        };
        let beside = None$(.or(Some($other.number())))?;
        let look = |$data: &$type| $crate::sync::watch::Snapshot::of([$($counter.count()),+]);
        $crate::sync::Mutex::with_role($value, &ROLE, beside, look)
    }};
}
#[cfg(not(all(loom, feature = "__internals")))]
macro_rules! watched {
    ($value:expr, $($rest:tt)*) => {
        $crate::sync::Mutex::new($value)
    };
}
pub(crate) use watched;

/// The process that uses a pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Process {
    /// The process that has the threads of the pool.
    Own,
    /// A child that was made by `fork`: it has a copy of the pool, and none of the threads but the one
    /// that has forked.
    ForkedChild,
}

impl Process {
    /// Returns which one this is for what the process of this number has.
    pub fn of(number: u32) -> Self {
        if number == std::process::id() {
            Process::Own
        } else {
            Process::ForkedChild
        }
    }
}

/// What a thread has learnt by looking at a [`Beacon`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// The beacon was raised.
    pub seen: bool,
    /// How long that took.
    pub took: std::time::Duration,
}

/// Shared ownership, counted by the standard library in every build.
///
/// No decision depends on a count, so explorers need not see it. The `Arc` of loom would add a
/// scheduling point for each clone and drop, and with it three to four times the executions.
#[allow(clippy::disallowed_types)]
pub use std::sync::Arc;
