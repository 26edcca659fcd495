//! Locks, atomics and channels, as loom has them.

mod arc;
mod notify;

pub mod atomic;

pub use mazurka::sync::{
    mpsc, Barrier, BarrierWaitResult, Condvar, LockResult, Mutex, MutexGuard, PoisonError, RwLock,
    RwLockReadGuard, RwLockWriteGuard, TryLockError, TryLockResult, WaitTimeoutResult,
};

pub use arc::Arc;
pub use notify::Notify;
