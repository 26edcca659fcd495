//! The pool behind an `Arc`, for pools without a submitter.

use std::sync::Arc;
use std::thread;

/// Waits until no other owner is left and returns the pool. A job that has run may still hold its clone
/// for a moment, and must not be the one that drops the pool.
pub(super) fn into_sole<T>(mut shared: Arc<T>) -> T {
    loop {
        match Arc::try_unwrap(shared) {
            Ok(pool) => return pool,
            Err(still) => shared = still,
        }
        thread::yield_now();
    }
}
