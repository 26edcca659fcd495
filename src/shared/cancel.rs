//! Jobs that are finished without a worker: by a discard, or by a handle that cancels.

use super::Shared;
use crate::job::{AnySubmission, Claimant, Ending, Label, Mention};
use crate::outcome::CancelReason;
use crate::sync::thread::{current_id, ThreadId};
use crate::sync::Deadline;

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
}

impl<'a> Canceller<'a> {
    /// Registers the call, before its first claim: a report that is made in between must know of
    /// it.
    pub(super) fn enter(shared: &'a Shared, reason: CancelReason) -> Self {
        shared.cancelling.lock().under_way.push(current_id());
        Canceller { shared, reason }
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
            self.shared.idle.notify();
        }
    }

    fn count_panics(&mut self, number: u64) {
        self.shared.count_panics(number);
    }
}

impl Drop for Canceller<'_> {
    fn drop(&mut self) {
        let current = current_id();
        let mut cancelling = self.shared.cancelling.lock();
        if let Some(index) = cancelling.under_way.iter().position(|thread| *thread == current) {
            cancelling.under_way.swap_remove(index);
        }
        self.shared.none_cancelling.notify_all();
        if cancelling.owner == Some(current) && !cancelling.under_way.contains(&current) {
            cancelling.owner = None;
            drop(cancelling);
            self.shared.detach();
        }
    }
}
