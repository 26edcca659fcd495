//! Jobs that are finished without a worker: by a discard, or by a handle that cancels.

use std::mem;
use std::task::Waker;

use super::Shared;
use crate::job::{AnySubmission, Claimant, Ending, Job, Label, Mention};
use crate::outcome::CancelReason;
use crate::panics::drop_catching;
use crate::queue::Queue;
use crate::queued_job::QueuedJob;
use crate::sync::thread::{current_id, ThreadId};
use crate::sync::Deadline;
use crate::wakers::{Wakers, Woken};

/// Cancelling calls, and what they have cancelled.
///
#[doc = include_str!("cancel.md")]
#[derive(Debug, Default)]
pub(super) struct Cancelling {
    /// The thread of each call under way; a thread is there twice if a destructor that it runs
    /// cancels as well. While there is a call, claimed jobs may be uncounted.
    pub(super) under_way: Vec<ThreadId>,
    /// The thread of a call in which a destructor shut the pool down. The owner detaches when that
    /// call ends.
    pub(super) owner: Option<ThreadId>,
    /// The number of jobs cancelled.
    pub(super) cancelled: u64,
    /// The number of idleness waiters, which are notified of each cancelled job.
    pub(super) idle_waiters: usize,
    /// The tasks that wait until no call is under way.
    pub(super) wakers: Wakers,
}

impl Shared {
    /// Claims the job and cancels it. Returns `false` if another claimant had claimed it.
    pub(crate) fn cancel(&self, job: &dyn AnySubmission, reason: CancelReason) -> bool {
        // A canceller mentions no job, so any label does.
        job.process(Label::here(), &mut Canceller::enter(self, reason))
    }

    /// Waits until no thread is between claiming a job to cancel it and resolving its handle.
    /// Returns `false` if the deadline comes first. A thread that is cancelling must not call this.
    pub(crate) fn wait_cancelled(&self, deadline: Deadline) -> bool {
        let mut cancelling = self.cancelling.lock();
        let mut late = false;
        while !cancelling.under_way.is_empty() && !late {
            (cancelling, late) = self.none_cancelling.wait_until(cancelling, deadline);
        }
        cancelling.under_way.is_empty()
    }

    /// Registers a task for the moment when no thread is cancelling, and returns its earlier waker.
    ///
    /// # Errors
    ///
    /// The waker, if no thread is cancelling.
    pub(super) fn register_unless_cancelled(
        &self,
        ticket: &mut Option<u64>,
        waker: Waker,
    ) -> Result<Option<Waker>, Waker> {
        let mut cancelling = self.cancelling.lock();
        if cancelling.under_way.is_empty() {
            return Err(waker);
        }
        Ok(cancelling.wakers.register(ticket, waker))
    }

    /// Returns `true` if a wait for the pool would deadlock on this thread: it is a worker, or is
    /// cancelling a job, and that job cannot end before the wait returns.
    pub(crate) fn would_deadlock(&self) -> bool {
        self.is_own_worker() || self.cancelling.lock().under_way.contains(&current_id())
    }

    /// If this thread is cancelling a job, lets the owner detach when the cancel has ended, and
    /// returns `true`: a destructor of that job shuts the pool down, and the job cannot end before
    /// the shutdown returns.
    pub(crate) fn detach_if_cancelling(&self) -> bool {
        let current = current_id();
        let mut cancelling = self.cancelling.lock();
        let is_cancelling = cancelling.under_way.contains(&current);
        if is_cancelling {
            cancelling.owner = Some(current);
        }
        is_cancelling
    }
}

/// A claimant that cancels every job that it claims.
pub(super) struct Canceller<'a> {
    shared: &'a Shared,
    reason: CancelReason,
    /// Idleness waiters that are to be woken without a lock.
    woken: Woken,
    /// The jobs without handles, if they are kept.
    pub(super) kept: Option<Vec<QueuedJob>>,
}

impl<'a> Canceller<'a> {
    /// Registers the call, before its first claim: a report that is made in between must know of
    /// it.
    pub(super) fn enter(shared: &'a Shared, reason: CancelReason) -> Self {
        shared.cancelling.lock().under_way.push(current_id());
        Canceller { shared, reason, woken: Woken::default(), kept: None }
    }

    /// Closes the queue and cancels the jobs in it.
    pub(super) fn cancel_queued(&mut self) {
        for (_, job) in self.shared.queue.drain() {
            job.process(self);
        }
    }
}

impl Claimant for Canceller<'_> {
    fn begin(&mut self, _job: Mention) -> Result<(), CancelReason> {
        self.shared.release_slot();
        Err(self.reason)
    }

    fn end(&mut self, _ending: Ending) {
        let mut cancelling = self.shared.cancelling.lock();
        cancelling.cancelled += 1;
        let has_waiters = cancelling.idle_waiters > 0;
        drop(cancelling);
        if has_waiters {
            // The caller may hold the lock of the job, so their tasks are woken later.
            self.woken.append(self.shared.idle.notify());
        }
    }

    fn dispose(&mut self, job: Job, mention: Mention) {
        match &mut self.kept {
            Some(kept) => kept.push(QueuedJob::new(job, mention)),
            None => self.count_panics(drop_catching(job)),
        }
    }

    fn notify_idle(&mut self) {
        mem::take(&mut self.woken).wake();
    }

    fn count_panics(&mut self, number: u64) {
        self.shared.count_panics(number);
    }
}

impl Drop for Canceller<'_> {
    fn drop(&mut self) {
        self.notify_idle();
        let current = current_id();
        let mut cancelling = self.shared.cancelling.lock();
        if let Some(index) = cancelling.under_way.iter().position(|thread| *thread == current) {
            cancelling.under_way.swap_remove(index);
        }
        self.shared.none_cancelling.notify_all();
        let is_last = cancelling.under_way.is_empty();
        let tasks = if is_last { cancelling.wakers.take_all() } else { Woken::default() };
        if cancelling.owner == Some(current) && !cancelling.under_way.contains(&current) {
            cancelling.owner = None;
            drop(cancelling);
            self.shared.detach();
        } else {
            drop(cancelling);
        }
        tasks.wake();
    }
}
