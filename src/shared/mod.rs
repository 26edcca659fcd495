//! The state that the owner of a pool, its submitters, triggers and handles, and its workers share.
//!
//! * [`startup`]: starting the workers of a pool that has a start hook.
//! * [`record`]: what each worker has done and is doing.
//! * [`cancel`]: jobs that are finished without a worker.
//! * [`idle`]: waiting until nothing is queued or running.
//! * [`termination`]: waiting for the end of the pool, and the final report.
//! * [`at_end`]: what else follows the end.

use std::fmt;
use std::task::Waker;

use crate::job::Job;
use crate::outcome::CancelReason;
use crate::panics::drop_catching;
use crate::queue::{AnyQueue, Queue, QueueKind};
use crate::queued_job::QueuedJob;
use crate::report::{Report, Stats, Tally, PANICS_KEPT};
use crate::sync::thread::{current_id, ThreadId};
use crate::sync::{watched, Condvar, Counter, Flag, Guess, Mutex, Process};

mod at_end;
mod cancel;
mod idle;
mod record;
mod startup;
mod termination;

use at_end::AtEnd;
use cancel::{Canceller, Cancelling};
use idle::Idle;
pub(crate) use idle::IdleTask;
#[cfg(all(test, not(all(loom, feature = "__internals"))))]
pub(crate) use idle::IdleWatch;
pub(crate) use record::Record;
use record::Running;
pub(crate) use startup::StartFailure;
use startup::Startup;
use termination::Termination;
pub(crate) use termination::{ReportHook, TerminationTask};

/// The shared state of a pool. It holds neither the owner nor a thread, so it keeps no pool alive.
pub(crate) struct Shared {
    pub(crate) queue: AnyQueue<Job>,
    /// The queue counts slots.
    bounded: bool,
    /// Used if there is a start hook.
    pub(crate) startup: Startup,
    /// The records of the workers, by their numbers.
    pub(crate) records: Box<[Record]>,
    /// The threads of the workers, once all of them have started.
    threads: Mutex<Vec<ThreadId>>,
    /// Shutdown has begun, or is about to begin.
    stopping: Flag,
    cancelling: Mutex<Cancelling>,
    /// No thread is cancelling any more.
    none_cancelling: Condvar,
    pub(crate) idle: Idle,
    /// There is a hook for the final report. Without one the termination state is not used.
    has_report_hook: bool,
    termination: Mutex<Termination>,
    at_end: AtEnd,
    /// Panics of destructors and stop hooks, which change no outcome.
    other_panics: Counter,
    /// The [`Patience`](crate::patience::Patience) of joins.
    pub(crate) joins: Guess,
}

impl Shared {
    pub(crate) fn new(
        workers: usize,
        queue: QueueKind,
        capacity: Option<usize>,
        hook: Option<ReportHook>,
    ) -> Self {
        Shared {
            queue: AnyQueue::of(queue, workers, capacity, Job::is_claimed),
            bounded: capacity.is_some(),
            startup: Startup::new(),
            records: (0..workers).map(|_| Record::new()).collect(),
            threads: Mutex::new(Vec::new()),
            stopping: Flag::new(),
            cancelling: watched!(Cancelling::default(), Cancelling, "the cancels", |cancelling|
                under_way: cancelling.under_way.len(),
                owner: cancelling.owner.is_some(),
                cancelled: cancelling.cancelled,
            ),
            none_cancelling: Condvar::new(),
            idle: Idle::new(),
            has_report_hook: hook.is_some(),
            termination: watched!(
                Termination::new(workers, hook), Termination, "the termination", |termination|
                live: termination.live,
                detached: termination.detached,
                hook: termination.hook.is_some(),
            ),
            at_end: AtEnd::new(workers),
            other_panics: Counter::new(),
            joins: Guess::new(),
        }
    }

    /// Stores which threads the workers are. No job can have been submitted before.
    pub(crate) fn set_threads(&self, threads: Vec<ThreadId>) {
        *self.threads.lock() = threads;
    }

    /// Returns `true` on the thread of a worker of this pool.
    pub(crate) fn is_own_worker(&self) -> bool {
        self.current_worker().is_some()
    }

    /// Returns the number of the worker of this pool that this thread is.
    pub(crate) fn current_worker(&self) -> Option<usize> {
        let current = current_id();
        self.threads.lock().iter().position(|thread| *thread == current)
    }

    /// Returns `true` if shutdown has begun, or is about to begin.
    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.is_raised()
    }

    /// Drops the waker of a task, and counts its panics.
    pub(crate) fn drop_waker(&self, waker: Option<Waker>) {
        self.count_panics(drop_catching(waker));
    }

    /// Begins a drain: the queue accepts no more jobs.
    pub(crate) fn drain(&self) {
        self.stopping.raise();
        self.queue.close();
    }

    /// Begins a discard: closes the queue and cancels the jobs in it.
    pub(crate) fn discard(&self, reason: CancelReason) {
        self.begin_discard(reason).cancel_queued();
    }

    /// Begins a discard, and returns the jobs without handles instead of dropping them.
    pub(crate) fn take_queued(&self) -> Vec<QueuedJob> {
        let mut canceller = self.begin_discard(CancelReason::Discarded);
        canceller.kept = Some(Vec::new());
        canceller.cancel_queued();
        canceller.kept.take().unwrap_or_default()
    }

    fn begin_discard(&self, reason: CancelReason) -> Canceller<'_> {
        self.stopping.raise();
        Canceller::enter(self, reason)
    }

    /// Releases the slot of a claimed job.
    #[inline]
    pub(crate) fn release_slot(&self) {
        // An unbounded queue does not count slots, and this is on the way of every job.
        if self.bounded {
            self.queue.release();
        }
    }

    pub(crate) fn count_panics(&self, number: u64) {
        for _ in 0..number {
            self.other_panics.increment();
        }
    }

    /// Counts jobs. Those that have ended are counted before those accepted, so a snapshot never
    /// has more of the former.
    pub(crate) fn stats(&self) -> Stats {
        let cancelled = self.cancelling.lock().cancelled;
        let mut tally = Tally { cancelled, ..Tally::default() };
        let mut running = 0;
        for record in &*self.records {
            let status = record.status.lock();
            tally += status.tally;
            running += u64::from(status.running.is_some());
        }
        let counts = self.queue.counts();
        debug_assert!(tally.finished() + running <= counts.accepted, "each job was accepted first");
        Stats {
            accepted: counts.accepted,
            completed: tally.completed,
            panicked: tally.panicked,
            cancelled: tally.cancelled,
            rejected: counts.rejected,
            running,
            queued: counts.accepted.saturating_sub(tally.finished() + running),
            workers: self.records.len(),
        }
    }

    /// Adds up the records. With `retire`, no worker starts another job once its record has been
    /// read.
    ///
    /// The queue must be closed, and with `retire` also empty.
    pub(crate) fn report(&self, retire: bool) -> Report {
        self.report_in(Process::Own, retire).unwrap_or_default()
    }

    /// Ends the copy of a pool that a forked child has. It waits for nothing and leaves the jobs as
    /// they are. Returns their report, which is empty if another thread holds a lock that it takes.
    pub(crate) fn end_copy(&self) -> Report {
        self.stopping.raise();
        self.queue.close_copy();
        self.at_end.end_copy();
        self.report_in(Process::ForkedChild, false).unwrap_or_default()
    }

    /// As [`report`](Self::report). In a forked child it does not block: returns `None` if another
    /// thread holds a lock that it takes.
    fn report_in(&self, process: Process, retire: bool) -> Option<Report> {
        let cancelled = self.cancelling.lock_in(process)?.cancelled;
        let mut tally = Tally { cancelled, ..Tally::default() };
        let mut unfinished_jobs = Vec::new();
        let mut panics = Vec::new();
        for record in &*self.records {
            let mut status = record.status.lock_in(process)?;
            status.retired |= retire;
            tally += status.tally;
            unfinished_jobs.extend(status.running.as_ref().map(Running::unfinished));
            panics.extend_from_slice(&status.panics);
        }
        unfinished_jobs.sort_by_key(|job| job.id);
        panics.sort_by_key(|panic| panic.id);
        panics.truncate(PANICS_KEPT);

        let counts = self.queue.counts_in(process)?;
        let not_finished = counts.accepted - tally.finished();
        let unfinished = if retire {
            // A job that is neither finished nor running will not start: it is being cancelled, or
            // a retired worker has taken it off the queue and has not begun it.
            let running = unfinished_jobs.len() as u64;
            tally.cancelled += not_finished - running;
            running
        } else {
            not_finished
        };
        debug_assert_eq!(counts.accepted, tally.finished() + unfinished, "jobs are conserved");
        Some(Report {
            accepted: counts.accepted,
            completed: tally.completed,
            panicked: tally.panicked,
            cancelled: tally.cancelled,
            unfinished,
            rejected: counts.rejected,
            unfinished_jobs,
            panics,
            other_panics: self.other_panics.get(),
        })
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("stats", &self.stats()).finish_non_exhaustive()
    }
}
