//! Panics that a scenario provokes, told apart from those that convict.

use std::sync::{Mutex, PoisonError};

use last_call::sync::thread::{current_id, ThreadId};

static QUIET: Mutex<Vec<ThreadId>> = Mutex::new(Vec::new());

/// Runs code whose panics on this thread are not failures of the scenario.
pub(crate) fn without_hook<R>(code: impl FnOnce() -> R) -> R {
    QUIET.lock().unwrap_or_else(PoisonError::into_inner).push(current_id());
    let result = code();
    QUIET.lock().unwrap_or_else(PoisonError::into_inner).retain(|id| *id != current_id());
    result
}

/// Whether a panic on this thread, now, is provoked.
#[cfg(loom)]
pub(crate) fn is_quiet() -> bool {
    QUIET.lock().unwrap_or_else(PoisonError::into_inner).contains(&current_id())
}

/// To be called at the start of an execution: thread identities are used again.
#[cfg(loom)]
pub(crate) fn begin_execution() {
    QUIET.lock().unwrap_or_else(PoisonError::into_inner).clear();
}
