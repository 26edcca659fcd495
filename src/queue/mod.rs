//! The queue between submitters and workers: its contract, and which one the pool runs on.
//!
//! The pool relies on [`Queue`] and on nothing else of a queue, so the proof has two halves: the
//! pool is correct over any queue that keeps the contract, and each queue keeps it.
//!
//! * [`locked`]: one mutex and its condition variables, written on the facade, so that loom and
//!   shuttle can see it. It is what the models run on, and what runs without default features.
//! * [`channel`]: a crossbeam channel, the default in ordinary builds. loom cannot look inside; it
//!   is held against `locked` by the same generated sequences of operations.
//!
//! A bounded queue counts *places*: an accepted item takes one and keeps it until whoever claims the
//! item gives it back with [`vacate`](Queue::vacate). That is later than the pop, or, for an item
//! that is cancelled while it waits, earlier: its empty shell waits on and takes no place.

use std::collections::VecDeque;

use crate::sync::{Condvar, Deadline, Mutex, MutexGuard};

// Both are there for the evidence; otherwise only the chosen one.
#[cfg(all(not(any(loom, shuttle)), feature = "crossbeam-channel"))]
pub mod channel;
#[cfg(any(loom, shuttle, not(feature = "crossbeam-channel"), feature = "__internals"))]
pub mod locked;

#[cfg(all(not(any(loom, shuttle)), feature = "crossbeam-channel"))]
pub(crate) use channel::Channel as Chosen;
#[cfg(any(loom, shuttle, not(feature = "crossbeam-channel")))]
pub(crate) use locked::Locked as Chosen;

/// The contract. All operations may be called from any thread at any time.
pub trait Queue<T>: Send + Sync {
    /// Creates an empty, open queue of that many places; of any number with `None`.
    fn new(capacity: Option<usize>) -> Self;

    /// Appends an item and returns its number: 0 for the first accepted, and so on. While every
    /// place is taken, it waits as it is told.
    ///
    /// # Errors
    ///
    /// The item, and why it was refused. One atomic step with the check: an item is either accepted
    /// and will be popped or drained, or it is handed back. A wait ends with a place, with the
    /// closing of the queue, or at the deadline.
    fn push(&self, item: T, wait: Wait) -> Result<u64, Refused<T>>;

    /// Takes the oldest item, waiting while there is none; `None` once closed and empty.
    fn pop(&self) -> Option<(u64, T)>;

    /// Gives the place of an accepted item back; once for each, by whoever claimed the item.
    fn vacate(&self);

    /// Refuses items from now on, and lets every popper that finds nothing and every pusher that
    /// waits go. Idempotent.
    fn close(&self);

    /// Closes, and takes what has not been popped, oldest first.
    ///
    /// Each item is popped or drained, once. Nothing more is promised of poppers meanwhile: they may
    /// still get an item behind one that is drained (of `channel`; `locked` drains in one step).
    fn drain(&self) -> VecDeque<(u64, T)>;

    /// Counts, of one instant.
    fn counts(&self) -> Counts;
}

/// What a push does while every place is taken.
#[derive(Clone, Copy, Debug)]
pub enum Wait {
    /// It returns at once.
    No,
    /// It returns at once, and is not counted as rejected: it will come again.
    NotYet,
    /// It waits for a place until then.
    Until(Deadline),
}

/// An item that was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused<T> {
    /// The item, unchanged.
    pub item: T,
    /// Why.
    pub refusal: Refusal,
}

/// Why an item was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The queue is closed.
    Closed,
    /// Every place is taken, and the push did not wait.
    Full,
    /// Every place was taken until the deadline.
    TimedOut,
}

/// How many items a queue has seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Items accepted since the start.
    pub accepted: u64,
    /// Items handed back since the start.
    pub rejected: u64,
    /// Items that wait to be popped, those included whose place has been given back.
    pub queued: u64,
}

/// What decides whether an item is accepted; part of what each queue keeps under its lock.
#[derive(Debug)]
struct Gate {
    closed: bool,
    /// The number of the next item, which is the count of those accepted.
    accepted: u64,
    /// Items handed back.
    rejected: u64,
    /// Places that no item holds; `None` is any number.
    free: Option<usize>,
    /// Pushers that sleep until there is a place.
    waiting: usize,
}

impl Gate {
    fn new(capacity: Option<usize>) -> Self {
        Gate { closed: false, accepted: 0, rejected: 0, free: capacity, waiting: 0 }
    }

    /// Accepts an item and numbers it, or says why not, now.
    fn admit(&mut self) -> Result<u64, Refusal> {
        if self.closed {
            return Err(Refusal::Closed);
        }
        if let Some(free) = &mut self.free {
            *free = free.checked_sub(1).ok_or(Refusal::Full)?;
        }
        self.accepted += 1;
        Ok(self.accepted - 1)
    }
}

/// A queue's state, of which the gate is a part.
trait Gated {
    fn gate(&mut self) -> &mut Gate;
}

/// The common half of a push: waits as told until an item can be accepted. Then the lock is still
/// held, and the item is to be appended.
#[inline]
fn admit<'a, S: Gated>(
    state: &'a Mutex<S>,
    place: &Condvar,
    wait: Wait,
) -> Result<(MutexGuard<'a, S>, u64), Refusal> {
    let mut state = state.lock();
    match state.gate().admit() {
        Ok(number) => Ok((state, number)),
        Err(refusal) => admit_late(state, place, wait, refusal),
    }
}

/// What a push does that was refused at first.
#[cold]
fn admit_late<'a, S: Gated>(
    mut state: MutexGuard<'a, S>,
    place: &Condvar,
    wait: Wait,
    mut refusal: Refusal,
) -> Result<(MutexGuard<'a, S>, u64), Refusal> {
    if let Wait::Until(deadline) = wait {
        let mut late = false;
        while refusal == Refusal::Full {
            if late {
                refusal = Refusal::TimedOut;
                break;
            }
            state.gate().waiting += 1;
            (state, late) = place.wait_until(state, deadline);
            state.gate().waiting -= 1;
            match state.gate().admit() {
                Ok(number) => return Ok((state, number)),
                Err(again) => refusal = again,
            }
        }
    }
    if !matches!((wait, refusal), (Wait::NotYet, Refusal::Full)) {
        state.gate().rejected += 1;
    }
    Err(refusal)
}

/// The common half of giving a place back.
#[inline]
fn vacate<S: Gated>(state: &Mutex<S>, place: &Condvar, capacity: Option<usize>) {
    // An unbounded queue has nothing to count, and this is on the way of every job.
    if capacity.is_none() {
        return;
    }
    let mut state = state.lock();
    let gate = state.gate();
    gate.free = gate.free.map(|free| free + 1);
    if gate.waiting > 0 {
        place.notify_one();
    }
}
