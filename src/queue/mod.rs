//! The queue between submitters and workers: its contract, and which one the pool runs on.
//!
//! The pool relies on [`Queue`] and on nothing else of a queue, so the proof has two halves: the
//! pool is correct over any queue that keeps the contract, and each queue keeps it.
//!
//! * [`locked`]: one mutex and one condition variable, written on the facade, so that loom can
//!   explore it. It is what the models run on, and what runs without default features.
//! * [`channel`]: a crossbeam channel, the default in ordinary builds. loom cannot look inside; it
//!   is held against `locked` by the same generated sequences of operations.

use std::collections::VecDeque;

// Both are there for the evidence; otherwise only the chosen one.
#[cfg(all(not(loom), feature = "crossbeam-channel"))]
pub mod channel;
#[cfg(any(loom, not(feature = "crossbeam-channel"), feature = "__internals"))]
pub mod locked;

#[cfg(all(not(loom), feature = "crossbeam-channel"))]
pub(crate) use channel::Channel as Chosen;
#[cfg(any(loom, not(feature = "crossbeam-channel")))]
pub(crate) use locked::Locked as Chosen;

/// The contract. All operations may be called from any thread at any time.
pub trait Queue<T>: Send + Sync {
    /// Creates an empty, open queue.
    fn new() -> Self;

    /// Appends an item and returns its number: 0 for the first accepted, and so on; never waits.
    ///
    /// # Errors
    ///
    /// The item, if the queue is closed. One atomic step with the check: an item is either accepted
    /// and will be popped or drained, or it is handed back.
    fn push(&self, item: T) -> Result<u64, T>;

    /// Takes the oldest item, waiting while there is none; `None` once closed and empty.
    fn pop(&self) -> Option<(u64, T)>;

    /// Refuses items from now on and lets every popper that finds nothing go. Idempotent.
    fn close(&self);

    /// Closes, and takes what has not been popped, oldest first.
    fn drain(&self) -> VecDeque<(u64, T)>;

    /// Counts, of one instant.
    fn counts(&self) -> Counts;
}

/// How many items a queue has seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Items accepted since the start.
    pub accepted: u64,
    /// Items handed back since the start.
    pub rejected: u64,
    /// Items that wait.
    pub queued: u64,
}
