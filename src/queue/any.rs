//! The choice of a queue.

use std::ops::Range;
use std::task::Waker;
use std::vec;

#[cfg(feature = "crossbeam-channel")]
use super::channel;
use super::{locked, two_lock, work_stealing, AfterUnlock, Counts, IsShell, Queue, Refused, Wait};
use crate::sync::Process;

/// The queue that a pool runs on; see [`Builder::queue`](crate::Builder::queue).
///
/// All keep the same contract: no job waits while a worker sleeps, and jobs start in the order in
/// which they were accepted. [`WorkStealing`](Self::WorkStealing) gives up that order.
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
    /// Before a worker sleeps, it looks on for at most 20 µs, or yields its core once; one worker at
    /// a time does so. That saves the next job a wake-up. While that worker has lost its core to a
    /// thread outside the pool, a single job may wait for it, for a few ms. Where looks bring no
    /// job, or yields take long and bring few, workers do without them for some time: at first for
    /// the next 16 looks and 64 yields, and for twice as many after each further attempt that fails.
    #[default]
    TwoLock,
    /// One lock for all: the smallest.
    Locked,
    /// [`TwoLock`](Self::TwoLock), and beside it a deque of each worker's own, for jobs that jobs
    /// submit: for jobs that divide their work.
    ///
    /// A worker starts the newest job that its own jobs have submitted. If there is none, it starts
    /// the oldest job that was submitted by other threads, or the oldest that jobs of another worker
    /// have submitted. So jobs do not start in the order of submission: the first of many jobs that a
    /// job submits may be the last to start. Of the jobs that a worker takes, every 63rd is an oldest
    /// one, if there is one. So no job waits for ever behind newer ones, but it may wait for long: in
    /// the deque of a worker that is stuck, for some hundred jobs for each job before it.
    ///
    /// What is said of a pause under [`TwoLock`](Self::TwoLock) holds here for all jobs in deques:
    /// while the worker that pauses has lost its core, they may wait for it, for a few ms.
    ///
    /// Ids of jobs do not follow one another; see [`JobId::get`](crate::JobId::get). Batches of
    /// [`submit_all`](crate::Submitter::submit_all) go to the queue for all, also those of jobs. A
    /// bounded pool has no deques, and starts its jobs in order.
    WorkStealing,
    /// A channel of the crossbeam-channel crate. Feature `crossbeam-channel`.
    ///
    /// What remains of a cancelled job stays in the channel until a worker takes it. So the memory
    /// of a bounded queue is not bounded while jobs are cancelled and every worker is stuck.
    #[cfg(feature = "crossbeam-channel")]
    Channel,
}

impl QueueKind {
    /// Every kind in this build.
    pub const ALL: &'static [QueueKind] = &[
        QueueKind::TwoLock,
        QueueKind::Locked,
        QueueKind::WorkStealing,
        #[cfg(feature = "crossbeam-channel")]
        QueueKind::Channel,
    ];

    /// Returns the name of the kind in reports: `two-lock`, `locked`, `work-stealing`, `channel`.
    pub fn name(self) -> &'static str {
        match self {
            QueueKind::TwoLock => "two-lock",
            QueueKind::Locked => "locked",
            QueueKind::WorkStealing => "work-stealing",
            #[cfg(feature = "crossbeam-channel")]
            QueueKind::Channel => "channel",
        }
    }

    /// Returns the kind that a new builder has. This is the default; for the evidence, an
    /// environment variable overrides it, so that one build of the tests runs on each queue.
    pub(crate) fn of_new_builders() -> Self {
        #[cfg(feature = "__internals")]
        if let Ok(name) = std::env::var("LAST_CALL_QUEUE") {
            let named = Self::ALL.iter().find(|kind| kind.name() == name);
            return *named.unwrap_or_else(|| panic!("LAST_CALL_QUEUE={name}: no such queue here"));
        }
        Self::default()
    }
}

/// A queue of any kind.
#[derive(Debug)]
// Each pool has one, and a box would be one more step on the way of every job.
#[allow(clippy::large_enum_variant)]
pub enum AnyQueue<T> {
    /// Two locks.
    TwoLock(two_lock::TwoLock<T>),
    /// One lock.
    Locked(locked::Locked<T>),
    /// Two locks, and deques.
    WorkStealing(work_stealing::WorkStealing<T, two_lock::TwoLock<T>>),
    /// A crossbeam channel.
    #[cfg(feature = "crossbeam-channel")]
    Channel(channel::Channel<T>),
}

/// Calls the same method of the queue of any kind.
macro_rules! delegate {
    ($chosen:expr, $queue:ident => $call:expr) => {
        match $chosen {
            AnyQueue::TwoLock($queue) => $call,
            AnyQueue::Locked($queue) => $call,
            AnyQueue::WorkStealing($queue) => $call,
            #[cfg(feature = "crossbeam-channel")]
            AnyQueue::Channel($queue) => $call,
        }
    };
}

impl<T: Send> AnyQueue<T> {
    /// Creates an empty, open queue of this kind, for so many poppers.
    pub fn of(
        kind: QueueKind,
        poppers: usize,
        capacity: Option<usize>,
        is_shell: IsShell<T>,
    ) -> Self {
        match kind {
            QueueKind::TwoLock => AnyQueue::TwoLock(Queue::new(capacity, is_shell)),
            QueueKind::Locked => AnyQueue::Locked(Queue::new(capacity, is_shell)),
            QueueKind::WorkStealing => {
                let of_poppers = work_stealing::WorkStealing::of_poppers;
                AnyQueue::WorkStealing(of_poppers(poppers, capacity, is_shell))
            }
            #[cfg(feature = "crossbeam-channel")]
            QueueKind::Channel => AnyQueue::Channel(Queue::new(capacity, is_shell)),
        }
    }
}

impl<T: Send> Queue<T> for AnyQueue<T> {
    type Drained = AnyDrained<T>;

    fn new(capacity: Option<usize>, is_shell: IsShell<T>) -> Self {
        AnyQueue::of(QueueKind::default(), 0, capacity, is_shell)
    }

    fn enter(&self, popper: usize) {
        delegate!(self, queue => queue.enter(popper));
    }

    #[inline]
    fn push(&self, item: T, wait: Wait) -> Result<u64, Refused<T>> {
        delegate!(self, queue => queue.push(item, wait))
    }

    fn push_all(&self, items: &mut vec::IntoIter<T>) -> Range<u64> {
        delegate!(self, queue => queue.push_all(items))
    }

    fn reject(&self, number: u64) {
        delegate!(self, queue => queue.reject(number));
    }

    fn register(&self, ticket: &mut Option<u64>, waker: Waker) -> Result<Option<Waker>, Waker> {
        delegate!(self, queue => queue.register(ticket, waker))
    }

    fn leave(&self, ticket: u64) -> Option<Waker> {
        delegate!(self, queue => queue.leave(ticket))
    }

    #[inline]
    fn pop<A: AfterUnlock>(&self, idle: impl FnOnce() -> A) -> Option<(u64, T)> {
        delegate!(self, queue => queue.pop(idle))
    }

    fn release(&self) {
        delegate!(self, queue => queue.release());
    }

    fn close(&self) {
        delegate!(self, queue => queue.close());
    }

    fn close_copy(&self) {
        delegate!(self, queue => queue.close_copy());
    }

    fn drain(&self) -> AnyDrained<T> {
        match self {
            AnyQueue::TwoLock(queue) => AnyDrained::TwoLock(queue.drain()),
            AnyQueue::Locked(queue) => AnyDrained::Locked(queue.drain()),
            AnyQueue::WorkStealing(queue) => AnyDrained::WorkStealing(queue.drain()),
            #[cfg(feature = "crossbeam-channel")]
            AnyQueue::Channel(queue) => AnyDrained::Channel(queue.drain()),
        }
    }

    fn counts_in(&self, process: Process) -> Option<Counts> {
        delegate!(self, queue => queue.counts_in(process))
    }
}

/// The items that a drain has taken from a queue of any kind.
#[derive(Debug)]
pub enum AnyDrained<T: Send> {
    /// Of two locks.
    TwoLock(<two_lock::TwoLock<T> as Queue<T>>::Drained),
    /// Of one lock.
    Locked(<locked::Locked<T> as Queue<T>>::Drained),
    /// Of two locks and deques.
    WorkStealing(<work_stealing::WorkStealing<T, two_lock::TwoLock<T>> as Queue<T>>::Drained),
    /// Of a crossbeam channel.
    #[cfg(feature = "crossbeam-channel")]
    Channel(<channel::Channel<T> as Queue<T>>::Drained),
}

impl<T: Send> Iterator for AnyDrained<T> {
    type Item = (u64, T);

    fn next(&mut self) -> Option<(u64, T)> {
        match self {
            AnyDrained::TwoLock(items) => items.next(),
            AnyDrained::Locked(items) => items.next(),
            AnyDrained::WorkStealing(items) => items.next(),
            #[cfg(feature = "crossbeam-channel")]
            AnyDrained::Channel(items) => items.next(),
        }
    }
}
