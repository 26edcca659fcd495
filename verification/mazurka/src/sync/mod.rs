//! Locks, condition variables, atomics and channels that the explorer sees, named as in the
//! standard library.
//!
//! A lock is never poisoned: its results are always `Ok`. The constructors are not `const`, since an
//! object belongs to one execution. The counts of an [`Arc`] are not explored.

mod barrier;
mod condvar;
mod mutex;
mod once;
mod rwlock;

pub mod atomic;
pub mod mpsc;

pub use std::sync::{Arc, LockResult, PoisonError, TryLockError, TryLockResult, Weak};

pub use barrier::{Barrier, BarrierWaitResult};
pub use condvar::{Condvar, WaitTimeoutResult};
pub use mutex::{Mutex, MutexGuard};
pub use once::{LazyLock, Once, OnceLock};
pub use rwlock::{RwLock, RwLockReadGuard, RwLockWriteGuard};
