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

use std::mem;
use std::task::{Poll, Waker};

use super::Shared;
use crate::error::WaitError;
use crate::queue::Queue;
use crate::sync::thread::current_id;
use crate::sync::{watched, Condvar, Deadline, Mutex};
use crate::wakers::{Wakers, Woken};

/// Notifies idleness waiters of jobs that have ended.
#[derive(Debug)]
pub(crate) struct Idle {
    pub(crate) epoch: Mutex<Epoch>,
    /// The epoch has changed.
    changed: Condvar,
}

#[derive(Debug)]
pub(crate) struct Epoch {
    /// The number of notifications.
    pub(crate) number: u64,
    /// The tasks that wait for the next one.
    wakers: Wakers,
}

impl Idle {
    pub(super) fn new() -> Self {
        let epoch = Epoch { number: 0, wakers: Wakers::new() };
        Idle {
            epoch: watched!(epoch, Epoch, "the epoch", |epoch|
                epoch: epoch.number,
            ),
            changed: Condvar::new(),
        }
    }

    /// Wakes every waiter, which then reads the counts again. Returns the tasks among them, which
    /// the caller wakes once it holds no lock.
    pub(crate) fn notify(&self) -> Woken {
        let mut epoch = self.epoch.lock();
        epoch.number += 1;
        self.changed.notify_all();
        epoch.wakers.take_all()
    }

    /// Registers a task for the next notification, and returns its earlier waker.
    fn register(&self, ticket: &mut Option<u64>, waker: Waker) -> Option<Waker> {
        self.epoch.lock().wakers.register(ticket, waker)
    }

    /// Removes a task, and returns its waker.
    pub(crate) fn unregister(&self, ticket: u64) -> Option<Waker> {
        self.epoch.lock().wakers.remove(ticket)
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
        let mut epoch = self.idle.epoch.lock().number;
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
            while now.number == epoch && !late {
                (now, late) = self.idle.changed.wait_until(now, deadline);
            }
            epoch = now.number;
            drop(now);
            finished = watch.finished();
        }
    }
}

/// An idleness waiter that is polled.
#[derive(Debug, Default)]
pub(crate) struct IdleTask {
    /// Its place among the waiting tasks.
    pub(crate) ticket: Option<u64>,
    /// It is registered as a waiter: there is a suspended [`IdleWatch`].
    pub(crate) is_watching: bool,
}

impl Shared {
    /// As [`wait_idle`](Self::wait_idle), for a task that is polled. Returns also the waker that is
    /// not needed.
    pub(crate) fn poll_idle(
        &self,
        task: &mut IdleTask,
        waker: Waker,
    ) -> (Poll<Result<(), WaitError>>, Option<Waker>) {
        // Before the first reading: every job that ends after it wakes the task.
        let earlier = self.idle.register(&mut task.ticket, waker);
        let watched = if !task.is_watching {
            IdleWatch::begin(self)
        } else if self.would_deadlock() {
            None
        } else {
            let watch = IdleWatch::resume(self);
            let finished = watch.finished();
            Some((watch, finished))
        };
        let Some((watch, finished)) = watched else {
            return (Poll::Ready(Err(WaitError::WOULD_DEADLOCK)), earlier);
        };
        // In this order, as in `wait_idle`.
        let is_idle = finished == self.queue.counts().accepted;
        watch.suspend();
        task.is_watching = true;
        (if is_idle { Poll::Ready(Ok(())) } else { Poll::Pending }, earlier)
    }

    /// Ends the wait of a task, and returns its waker.
    pub(crate) fn leave_idle(&self, task: &mut IdleTask) -> Option<Waker> {
        if mem::take(&mut task.is_watching) {
            drop(IdleWatch::resume(self));
        }
        self.idle.unregister(task.ticket.take()?)
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

    /// Keeps the waiter registered, until it is [`resume`](Self::resume)d and dropped.
    fn suspend(self) {
        mem::forget(self);
    }

    /// Resumes a waiter that was suspended.
    pub(crate) fn resume(shared: &'a Shared) -> Self {
        IdleWatch(shared)
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
