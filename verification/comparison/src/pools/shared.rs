//! A submitter for pools that have none: the pool behind an `Arc`.

use std::sync::Arc;
use std::thread;

/// The pool itself, once nobody else holds it: a job that has run may not have let go of it yet, and
/// must not be the one that drops it.
pub(super) fn sole<T>(mut shared: Arc<T>) -> T {
    loop {
        match Arc::try_unwrap(shared) {
            Ok(pool) => return pool,
            Err(still) => shared = still,
        }
        thread::yield_now();
    }
}
