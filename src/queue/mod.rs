//! The queue between submitters and workers: its contract, and which one a pool runs on.
//!
//! The pool relies on [`Queue`] and on nothing else of a queue, so the proof has two halves: the
//! pool is correct over any queue that keeps the contract, and each queue keeps it. There are three,
//! each for a reason:
//!
//! * [`two_lock`] is the default, since it is the fastest.
//! * [`locked`] is the smallest: whole pools can be proved on it, where those on two locks have too
//!   many interleavings. It is the first half of the proof, and the choice of who wants to run
//!   nothing else.
//! * [`channel`] is a crossbeam channel, which somebody else wrote and many use: the reference that
//!   the others are held against. loom cannot look inside.
//!
//! A bounded queue counts *places*: an accepted item takes one and keeps it until whoever claims the
//! item gives it back with [`vacate`](Queue::vacate). That is later than the pop, or, for an item
//! that is cancelled while it waits, earlier: its empty shell waits on and takes no place.

use std::collections::VecDeque;
use std::ops::Deref;

use crate::sync::{Condvar, Deadline, Mutex, MutexGuard};

#[cfg(feature = "crossbeam-channel")]
pub mod channel;
pub mod locked;
pub mod two_lock;
pub mod yielding;

/// The queue that a pool runs on; see [`Builder::queue`](crate::Builder::queue).
///
/// All keep the same contract: first in, first out, and no job waits while a worker sleeps.
///
/// ```
/// # if last_call::UNDER_MODEL { return Ok(()) }
/// use last_call::{QueueKind, ThreadPool};
///
/// let pool = ThreadPool::builder().queue(QueueKind::Locked).build()?;
/// # Ok::<(), last_call::BuildError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum QueueKind {
    /// One lock for submitters and one for workers: the fastest, and the default.
    ///
    /// A worker that finds nothing yields its core once before it sleeps. Then, if no other worker
    /// sleeps, a job may wait for as long as foreign threads keep that core, some milliseconds. A
    /// yield that took long and brought few jobs is the last for 256 times that a worker finds none.
    #[default]
    TwoLock,
    /// One lock for all: the smallest.
    Locked,
    /// A channel of the crossbeam-channel crate. Feature `crossbeam-channel`.
    #[cfg(feature = "crossbeam-channel")]
    Channel,
}

impl QueueKind {
    /// Every one in this build.
    pub const ALL: &'static [QueueKind] = &[
        QueueKind::TwoLock,
        QueueKind::Locked,
        #[cfg(feature = "crossbeam-channel")]
        QueueKind::Channel,
    ];

    /// Its name in reports: `two-lock`, `locked`, `channel`.
    pub fn name(self) -> &'static str {
        match self {
            QueueKind::TwoLock => "two-lock",
            QueueKind::Locked => "locked",
            #[cfg(feature = "crossbeam-channel")]
            QueueKind::Channel => "channel",
        }
    }

    /// What a builder begins with: the default, or, for the evidence, what the environment says, so
    /// that one build of the tests runs on each queue.
    pub(crate) fn of_new_builders() -> Self {
        #[cfg(feature = "__internals")]
        if let Ok(name) = std::env::var("LAST_CALL_QUEUE") {
            let named = Self::ALL.iter().find(|kind| kind.name() == name);
            return *named.unwrap_or_else(|| panic!("LAST_CALL_QUEUE={name}: no such queue here"));
        }
        Self::default()
    }
}

/// One of the queues.
#[derive(Debug)]
// There is one a pool; a box would be a step more on the way of every job.
#[allow(clippy::large_enum_variant)]
pub enum AnyQueue<T> {
    /// Under two locks.
    TwoLock(two_lock::TwoLock<T>),
    /// Under one.
    Locked(locked::Locked<T>),
    /// A crossbeam channel.
    #[cfg(feature = "crossbeam-channel")]
    Channel(channel::Channel<T>),
}

/// Calls the same method of whichever it is.
macro_rules! delegate {
    ($chosen:expr, $queue:ident => $call:expr) => {
        match $chosen {
            AnyQueue::TwoLock($queue) => $call,
            AnyQueue::Locked($queue) => $call,
            #[cfg(feature = "crossbeam-channel")]
            AnyQueue::Channel($queue) => $call,
        }
    };
}

impl<T: Send> AnyQueue<T> {
    /// Creates an empty, open queue of that kind.
    pub fn of(kind: QueueKind, capacity: Option<usize>) -> Self {
        match kind {
            QueueKind::TwoLock => AnyQueue::TwoLock(Queue::new(capacity)),
            QueueKind::Locked => AnyQueue::Locked(Queue::new(capacity)),
            #[cfg(feature = "crossbeam-channel")]
            QueueKind::Channel => AnyQueue::Channel(Queue::new(capacity)),
        }
    }
}

impl<T: Send> Queue<T> for AnyQueue<T> {
    fn new(capacity: Option<usize>) -> Self {
        AnyQueue::of(QueueKind::default(), capacity)
    }

    #[inline]
    fn push(&self, item: T, wait: Wait) -> Result<u64, Refused<T>> {
        delegate!(self, queue => queue.push(item, wait))
    }

    #[inline]
    fn pop(&self, idle: impl FnOnce()) -> Option<(u64, T)> {
        delegate!(self, queue => queue.pop(idle))
    }

    fn vacate(&self) {
        delegate!(self, queue => queue.vacate());
    }

    fn close(&self) {
        delegate!(self, queue => queue.close());
    }

    fn drain(&self) -> VecDeque<(u64, T)> {
        delegate!(self, queue => queue.drain())
    }

    fn counts(&self) -> Counts {
        delegate!(self, queue => queue.counts())
    }
}

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
    ///
    /// It has called `idle` before it waits or returns `None`, and may have when it returns an item,
    /// maybe with a lock of the queue's held: what the caller has put off while it had work is due.
    fn pop(&self, idle: impl FnOnce()) -> Option<(u64, T)>;

    /// Gives the place of an accepted item back; once for each, by whoever claimed the item. Does
    /// nothing if places are not counted.
    fn vacate(&self);

    /// Refuses items from now on, and lets every popper that finds nothing and every pusher that
    /// waits go. Idempotent.
    fn close(&self);

    /// Closes, and takes what has not been popped, oldest first.
    ///
    /// Each item is popped or drained, once. Nothing more is promised of poppers meanwhile: they may
    /// still get an item behind one that is drained (of `channel`; the others drain in one step).
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
///
/// A place that is given back wakes one pusher. Until that one has the lock, which can take as long as
/// a thousand small jobs, the next wakes another, or nobody: what counts is the number of wake-ups
/// under the lock, and any sleeper may answer one. While somebody sleeps whom nobody has woken, there
/// are at least as many wake-ups under way as places free.
#[derive(Debug)]
struct Gate {
    closed: bool,
    /// The number of the next item, which is the count of those accepted.
    accepted: u64,
    /// Items handed back.
    rejected: u64,
    /// Places that no item holds, as far as the gate knows; `None` is any number.
    free: Option<usize>,
    /// Pushers that sleep until there is a place, less the wake-ups.
    waiting: usize,
    /// Wake-ups that no pusher has woken up by yet.
    wakes: usize,
}

impl Gate {
    fn new(capacity: Option<usize>) -> Self {
        Gate { closed: false, accepted: 0, rejected: 0, free: capacity, waiting: 0, wakes: 0 }
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

    /// A place is free again; wakes a pusher for it.
    fn vacate(&mut self, place: &Condvar) {
        self.free = self.free.map(|free| free + 1);
        if self.waiting > 0 {
            self.waiting -= 1;
            self.wakes += 1;
            place.notify_one();
        }
    }
}

/// A queue's state, of which the gate is a part.
trait Gated {
    fn gate(&mut self) -> &mut Gate;
}

/// The common half of a push: waits as told until an item can be accepted. Then the lock is still
/// held, and the item is to be appended.
///
/// Where places that are given back do not go to the gate at once, `collect` brings them there. If
/// there are none, none can come unnoticed before the lock that it returns is let go.
#[inline]
fn admit<'a, S: Gated>(
    state: &'a Mutex<S>,
    place: &Condvar,
    wait: Wait,
    collect: impl Fn(MutexGuard<'a, S>) -> MutexGuard<'a, S>,
) -> Result<(MutexGuard<'a, S>, u64), Refusal> {
    let mut state = state.lock();
    match state.gate().admit() {
        Ok(number) => Ok((state, number)),
        Err(refusal) => admit_late(state, place, wait, collect, refusal),
    }
}

/// What a push does that was refused at first.
#[cold]
fn admit_late<'a, S: Gated>(
    mut state: MutexGuard<'a, S>,
    place: &Condvar,
    wait: Wait,
    collect: impl Fn(MutexGuard<'a, S>) -> MutexGuard<'a, S>,
    mut refusal: Refusal,
) -> Result<(MutexGuard<'a, S>, u64), Refusal> {
    // Collecting and sleeping take turns, since meanwhile others may take what is free.
    let mut collected = false;
    let mut late = false;
    while refusal == Refusal::Full {
        match wait {
            _ if !collected => state = collect(state),
            Wait::Until(_) if late => {
                refusal = Refusal::TimedOut;
                break;
            }
            Wait::Until(deadline) => (state, late) = sleep(state, place, deadline),
            Wait::No | Wait::NotYet => break,
        }
        collected = !collected;
        match state.gate().admit() {
            Ok(number) => return Ok((state, number)),
            Err(again) => refusal = again,
        }
    }
    if !matches!((wait, refusal), (Wait::NotYet, Refusal::Full)) {
        state.gate().rejected += 1;
    }
    Err(refusal)
}

/// Sleeps until woken for a place, until the queue is closed, or until the deadline, which the flag
/// says.
fn sleep<'a, S: Gated>(
    mut state: MutexGuard<'a, S>,
    place: &Condvar,
    deadline: Deadline,
) -> (MutexGuard<'a, S>, bool) {
    state.gate().waiting += 1;
    loop {
        let late;
        (state, late) = place.wait_until(state, deadline);
        let gate = state.gate();
        if gate.wakes > 0 {
            gate.wakes -= 1;
            return (state, late);
        }
        if late || gate.closed {
            gate.waiting -= 1;
            return (state, late);
        }
        // For no reason.
    }
}

/// What one side writes all the time, on cache lines of its own (of the usual sizes): the other side
/// uses its neighbours, and would miss them each time.
#[derive(Debug)]
#[repr(align(128))]
struct OwnLine<T>(T);

impl<T> Deref for OwnLine<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}
