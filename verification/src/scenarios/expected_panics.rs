//! Panics that a scenario provokes, as opposed to those that convict.

use std::sync::{Mutex, PoisonError};

use last_call::sync::thread::{current_id, ThreadId};

static QUIET: Mutex<Vec<ThreadId>> = Mutex::new(Vec::new());

/// Runs `code`. Its panics on this thread are not failures of the scenario.
pub(crate) fn without_hook<R>(code: impl FnOnce() -> R) -> R {
    QUIET.lock().unwrap_or_else(PoisonError::into_inner).push(current_id());
    let result = code();
    QUIET.lock().unwrap_or_else(PoisonError::into_inner).retain(|id| *id != current_id());
    result
}

/// Returns `true` if a panic on the current thread is expected now.
#[cfg(loom)]
pub(crate) fn is_quiet() -> bool {
    QUIET.lock().unwrap_or_else(PoisonError::into_inner).contains(&current_id())
}

/// Resets the record. Must be called at the start of each execution, since thread ids are reused.
#[cfg(loom)]
pub(crate) fn begin_execution() {
    QUIET.lock().unwrap_or_else(PoisonError::into_inner).clear();
}
