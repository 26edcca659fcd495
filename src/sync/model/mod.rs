//! The facade on top of an explorer. It records its operations in [`trace`](super::trace).

#![allow(clippy::disallowed_types)] // the facade is where they belong

mod atomics;
mod condvar;
mod lock;
pub mod thread;
mod thread_number;

pub use atomics::{Beacon, Counter, Flag, Guess};
pub use condvar::{Condvar, Deadline};
pub use lock::{end_step, Mutex, MutexGuard};
pub use thread_number::ThreadNumber;

use super::engine::Engine;
use super::trace::{self, Op};

/// Invisible to explorers: for data that one of their locks already protects, and for atomics whose
/// accesses are announced to them.
mod unseen {
    pub(super) use std::sync::atomic::{AtomicBool, AtomicU64};
    pub(super) use std::sync::{Mutex, MutexGuard};
}

/// The engine that created an object, and the object's number there.
type Object = (&'static dyn Engine, usize);

/// Writes a remark into the record of the execution.
#[track_caller]
pub fn note(text: &'static str) {
    trace::record(Op::Note(text), 0);
}
