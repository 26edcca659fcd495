//! Waiting until nothing is queued or running.
//!
//! A waiter reads how many jobs have ended, and then how many have been accepted. Equal readings
//! mean that at the second one the pool was idle. Otherwise the waiter sleeps until the epoch
//! changes.
//!
//! | party | step | so that |
//! | --- | --- | --- |
//! | waiter | reads the epoch, before everything else | a notification after that is not missed |
//! | waiter | registers in each record, and with the cancellers | jobs that end from then on notify |
//! | claimant | counts a job, sees waiters, moves the epoch | waiters read again |
//!
//! A worker that has another job at hand counts without notifying: the pool is not idle.
//!
#![doc = include_str!("idle.md")]

use super::Shared;
use crate::error::WaitError;
use crate::queue::Queue;
use crate::sync::thread::current_id;
use crate::sync::{watched, Condvar, Deadline, Mutex};

/// Notifies idleness waiters of jobs that have ended.
#[derive(Debug)]
pub(crate) struct Idle {
    /// The number of notifications.
    pub(crate) epoch: Mutex<u64>,
    /// The epoch has changed.
    changed: Condvar,
}

impl Idle {
    pub(super) fn new() -> Self {
        Idle {
            epoch: watched!(0, u64, "the epoch", |epoch|
                epoch: *epoch,
            ),
            changed: Condvar::new(),
        }
    }

    /// Wakes every waiter, which then reads the counts again.
    pub(crate) fn notify(&self) {
        let mut epoch = self.epoch.lock();
        *epoch += 1;
        self.changed.notify_all();
    }
}

impl Shared {
    /// Waits until, at one instant, nothing is queued or running.
    ///
    /// # Errors
    ///
    /// The deadline came first, or a job on this thread cannot end before this returns.
    pub(crate) fn wait_idle(&self, deadline: Deadline) -> Result<(), WaitError> {
        // Before the first reading: every job that ends after it moves the epoch again.
        let mut epoch = *self.idle.epoch.lock();
        let (watch, mut finished) = IdleWatch::begin(self).ok_or(WaitError::WOULD_DEADLOCK)?;
        let mut late = false;
        loop {
            // Finished before accepted: each is monotone and the second at least the first, so
            // equal readings mean that at the second one nothing was unfinished.
            if finished == self.queue.counts().accepted {
                return Ok(());
            }
            if late {
                return Err(WaitError::TIMEOUT);
            }
            let mut now = self.idle.epoch.lock();
            while *now == epoch && !late {
                (now, late) = self.idle.changed.wait_until(now, deadline);
            }
            epoch = *now;
            drop(now);
            finished = watch.finished();
        }
    }
}

/// A registered idleness waiter. Until it is dropped, every claimant that has ended jobs notifies.
pub(crate) struct IdleWatch<'a>(&'a Shared);

impl<'a> IdleWatch<'a> {
    /// Registers a waiter, and returns the number of jobs that have [`finished`](Self::finished).
    /// Returns `None` if a job on this thread cannot end before the wait.
    pub(crate) fn begin(shared: &'a Shared) -> Option<(Self, u64)> {
        if shared.is_own_worker() {
            return None;
        }
        let mut cancelling = shared.cancelling.lock();
        if cancelling.under_way.contains(&current_id()) {
            return None;
        }
        cancelling.idle_waiters += 1;
        let mut finished = cancelling.cancelled;
        drop(cancelling);
        for record in &*shared.records {
            let mut status = record.status.lock();
            status.idle_waiters += 1;
            finished += status.tally.finished();
        }
        Some((IdleWatch(shared), finished))
    }

    /// Returns the number of jobs that have ended. A job that ends after its record was read moves
    /// the epoch.
    pub(crate) fn finished(&self) -> u64 {
        let cancelled = self.0.cancelling.lock().cancelled;
        let records = self.0.records.iter();
        cancelled + records.map(|record| record.status.lock().tally.finished()).sum::<u64>()
    }
}

impl Drop for IdleWatch<'_> {
    fn drop(&mut self) {
        self.0.cancelling.lock().idle_waiters -= 1;
        for record in &*self.0.records {
            record.status.lock().idle_waiters -= 1;
        }
    }
}
