//! The queue between submitters and workers.
//!
//! The pool relies on the contract of [`Queue`] and on nothing else of a queue. So the proof has
//! two halves: the pool is correct over any queue that keeps the contract, and each queue keeps it.
//! There are four queues, each for a reason:
//!
//! * [`two_lock`] is the fastest, and the default.
//! * [`locked`] is the smallest. Whole pools can be proved on it, while those on two locks have too
//!   many interleavings. It is the first half of the proof, and the choice for a program that
//!   should run exactly what is proved.
//! * [`channel`] is a crossbeam channel, which is in wide use: the reference for the other two.
//!   loom cannot look inside it.
//! * [`work_stealing`] adds a deque of each worker's own, for jobs that submit jobs. It gives up the
//!   order of jobs, and stands on the contract of another queue, which is `two_lock` in a pool.
//!
//! A bounded queue counts *slots*. An accepted item takes one, and the claimant of the item gives
//! it back with [`release`](Queue::release). That is later than the pop; or, for an item that is
//! cancelled while it is queued, earlier: its empty shell remains in the queue without a slot. If
//! there are too many shells, a push removes them, so the memory of a bounded queue is bounded. On
//! [`channel`] it is not, since nothing can be removed from the middle of a channel.

use std::ops::{Deref, Range};
use std::task::Waker;
use std::vec;

use crate::sync::{Deadline, Process};

mod any;
#[cfg(feature = "crossbeam-channel")]
pub mod channel;
mod gate;
pub mod locked;
mod numbered;
pub mod pause_policy;
pub mod two_lock;
pub mod work_stealing;
pub mod yield_policy;

pub use any::{AnyQueue, QueueKind};
use gate::{admit, close_copy, leave, register, reject, Gate, Gated};
use numbered::Numbered;

/// The number of items that a buffer keeps memory for while poppers sleep.
const KEPT: usize = 1024;

/// The contract. All operations may be called from any thread at any time.
pub trait Queue<T>: Send + Sync {
    /// The items that a drain takes.
    type Drained: Iterator<Item = (u64, T)>;

    /// Creates an empty, open queue with `capacity` slots, or with any number of them.
    ///
    /// `is_shell` returns `true` for an item whose slot has been released, or is about to be, while
    /// it is queued. A push calls it with a lock of the queue held.
    fn new(capacity: Option<usize>, is_shell: IsShell<T>) -> Self;

    /// Tells the queue that this thread is the popper of this number, which no other thread is. Most
    /// queues need not know. A thread calls it before its first pop.
    fn enter(&self, _popper: usize) {}

    /// Appends an item and returns its number: 0 for the first accepted item, and so on, but on
    /// `work_stealing`. No two items have the same number. `wait` says what it does while no slot is
    /// free.
    ///
    /// # Errors
    ///
    /// The item, and why it was refused. The check and the push are one atomic step: an item is
    /// either accepted, and will be popped or drained, or it is returned. A wait ends with a free
    /// slot, with the closing of the queue, or at the deadline.
    fn push(&self, item: T, wait: Wait) -> Result<u64, Refused<T>>;

    /// Appends items, one after the other and in one step, as long as slots are free; those that were
    /// free before the call are among them. Returns their numbers; the other items stay in `items`.
    /// It does not wait. A slot that is released meanwhile is left for a [`push`](Self::push).
    fn push_all(&self, items: &mut vec::IntoIter<T>) -> Range<u64>;

    /// Counts so many items as refused that were not pushed, since one before them was refused.
    fn reject(&self, number: u64);

    /// Registers a task for the release of a slot, in the place of its ticket, which it gets if it
    /// has none. Returns its earlier waker. The next slot that is released, or the closing of the
    /// queue, wakes every registered task, with no lock held. A task then pushes again.
    ///
    /// # Errors
    ///
    /// The waker, if a slot is free or the queue is closed, so that a push is worth another try.
    fn register(&self, ticket: &mut Option<u64>, waker: Waker) -> Result<Option<Waker>, Waker>;

    /// Ends the wait of a task, and returns its waker unless it was woken.
    fn leave(&self, ticket: u64) -> Option<Waker>;

    /// Takes the oldest item, on `work_stealing` another one, and waits while there is none. Returns
    /// `None` once the queue is closed and empty. Then its buffers are freed, since what outlives the
    /// pool keeps the queue.
    ///
    /// It calls `idle` before it waits or returns `None`, and may call it before it returns an
    /// item, possibly with a lock of the queue held. The caller then does what it has deferred
    /// while there were items. What `idle` returns is run next, with no lock held.
    fn pop<A: AfterUnlock>(&self, idle: impl FnOnce() -> A) -> Option<(u64, T)>;

    /// Releases the slot of an accepted item. The claimant of the item calls this once, and holds no
    /// lock, since this may wake a task. Does nothing if slots are not counted.
    fn release(&self);

    /// Refuses items from now on, and releases waiting pushers and tasks, and poppers that find
    /// nothing. Idempotent.
    fn close(&self);

    /// Refuses items from now on, in a forked child. It does not block, so it does nothing where
    /// another thread holds a lock of the queue. It releases nobody.
    fn close_copy(&self);

    /// Closes the queue and takes the items in it, oldest first; on `work_stealing` those of each
    /// deque come after the others.
    ///
    /// Each item is popped or drained, once. A concurrent pop may still get an item behind one that
    /// is drained, on `channel`; the others drain in one step. They need no memory that grows with
    /// the items: the buffers themselves are handed over.
    fn drain(&self) -> Self::Drained;

    /// Returns counts of one instant.
    fn counts(&self) -> Counts {
        self.counts_in(Process::Own).unwrap_or_default()
    }

    /// Returns counts of one instant. In a forked child it does not block: returns `None` if another
    /// thread holds a lock of the queue.
    fn counts_in(&self, process: Process) -> Option<Counts>;
}

/// A queue whose poppers can be told to look elsewhere for an item.
pub trait Nudge<T>: Queue<T> {
    /// Makes one popper that would otherwise wait return with a nudge. If no popper has returned
    /// with the last nudge yet, this does nothing. So does it if the queue is closed: then every
    /// popper returns that finds no item.
    fn nudge(&self);

    /// As [`pop`](Queue::pop), but returns with a nudge if there is one and no item. Before it waits
    /// it calls `elsewhere`, with no lock held, and returns the item that this has found.
    fn pop_or_nudge(&self, elsewhere: impl FnOnce() -> Option<(u64, T)>) -> Popped<T>;

    /// Takes the oldest item if there is one, and does not wait.
    fn try_pop(&self) -> Option<(u64, T)>;
}

/// What a popper returns with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Popped<T> {
    /// The item with its number.
    Item(u64, T),
    /// A nudge.
    Nudge,
    /// Nothing: the queue is closed and empty.
    Closed,
}

impl<T> Popped<T> {
    /// Returns the item of a queue that nobody nudges.
    #[inline]
    fn item(self) -> Option<(u64, T)> {
        debug_assert!(!matches!(self, Popped::Nudge), "nobody nudges");
        match self {
            Popped::Item(number, item) => Some((number, item)),
            Popped::Nudge | Popped::Closed => None,
        }
    }
}

/// What is left to do once no lock is held.
pub trait AfterUnlock {
    /// Returns `true` if there is nothing to do, so that a lock need not be released for it.
    fn is_nothing(&self) -> bool;

    /// Does it.
    fn run(self);
}

impl AfterUnlock for () {
    fn is_nothing(&self) -> bool {
        true
    }

    fn run(self) {}
}

/// Tells a queue which of its items are shells.
pub type IsShell<T> = fn(&mut T) -> bool;

/// Removes shells, once a buffer of a bounded queue has more items than twice its slots. At least
/// half of the items are shells then. So the work is constant for each item that was pushed.
#[derive(Clone, Copy, Debug)]
struct Sweep<T> {
    most: usize,
    is_shell: IsShell<T>,
}

impl<T> Sweep<T> {
    fn new(capacity: Option<usize>, is_shell: IsShell<T>) -> Self {
        Sweep { most: capacity.map_or(usize::MAX, |slots| slots.saturating_mul(2)), is_shell }
    }

    #[inline]
    fn run(&self, items: &mut Numbered<T>) {
        if items.len() > self.most {
            items.remove(self.is_shell);
        }
    }
}

/// What a push does while no slot is free.
#[derive(Clone, Copy, Debug)]
pub enum Wait {
    /// It returns at once.
    No,
    /// It returns at once, and is not counted as rejected: the caller will push again.
    Probe,
    /// It waits for a slot until the deadline.
    Until(Deadline),
}

/// An item that was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused<T> {
    /// The item, unchanged.
    pub item: T,
    /// The reason.
    pub refusal: Refusal,
}

/// Why an item was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The queue is closed.
    Closed,
    /// No slot is free, and the push does not wait.
    Full,
    /// No slot was free until the deadline.
    TimedOut,
}

/// The counts of a queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Items accepted so far.
    pub accepted: u64,
    /// Items refused so far.
    pub rejected: u64,
    /// Items in the queue, including shells.
    pub queued: u64,
}

/// A value on cache lines of its own, of the usual sizes. One side of a queue writes it all the
/// time, and the other side would miss its neighbours each time.
#[derive(Debug)]
#[repr(align(128))]
struct CachePadded<T>(T);

impl<T> Deref for CachePadded<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}
