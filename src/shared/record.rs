//! The record of each worker: what it has done and is doing.

use std::task::Waker;

use crate::job::{Ending, Mention};
use crate::moment::Moment;
use crate::report::{JobId, JobPanic, Tally, UnfinishedJob, PANICS_KEPT};
use crate::sync::{watched, Condvar, Deadline, Mutex};
use crate::wakers::Wakers;

/// The record of one worker.
///
/// Only the worker writes to it, except for `retired` and `idle_waiters`. So each record has cache
/// lines of its own.
#[derive(Debug)]
#[repr(align(128))]
pub(crate) struct Record {
    pub(super) status: Mutex<Status>,
    /// The worker has exited.
    exit: Condvar,
}

#[derive(Debug)]
pub(super) struct Status {
    /// The worker takes no more jobs, and its stop hook has run.
    exited: bool,
    /// A deadline has passed: the worker starts no more jobs.
    pub(super) retired: bool,
    /// The job that has begun and is not counted yet.
    pub(super) running: Option<Running>,
    pub(super) tally: Tally,
    /// The first panics of jobs without a handle.
    pub(super) panics: Vec<JobPanic>,
    /// The number of idleness waiters, which this worker notifies when a job has ended.
    pub(super) idle_waiters: usize,
    /// The tasks that wait for the exit of this worker.
    exit_wakers: Wakers,
}

#[derive(Debug)]
pub(super) struct Running {
    id: JobId,
    mention: Mention,
    since: Moment,
}

impl Running {
    pub(super) fn unfinished(&self) -> UnfinishedJob {
        let Mention { name, site } = self.mention;
        UnfinishedJob { id: self.id, name, site, elapsed: self.since.elapsed() }
    }
}

impl Record {
    pub(super) fn new() -> Self {
        let status = Status {
            exited: false,
            retired: false,
            running: None,
            tally: Tally::default(),
            panics: Vec::new(),
            idle_waiters: 0,
            exit_wakers: Wakers::new(),
        };
        Record {
            status: watched!(status, Status, "a record", |status|
                finished: status.tally.finished(),
            ),
            exit: Condvar::new(),
        }
    }

    /// Begins a job, and counts the one before as completed if it `ended` uncounted. Returns
    /// `false` if a deadline has passed: then the job may not start.
    ///
    /// The count does not notify idleness waiters, since with this job the pool is not idle.
    #[inline]
    pub(crate) fn begin(&self, ended: bool, id: JobId, mention: Mention) -> bool {
        let since = Moment::now();
        let mut status = self.status.lock();
        status.tally.completed += u64::from(ended);
        debug_assert_eq!(status.running.is_some(), ended, "one job at a time");
        let may_start = !status.retired;
        status.running = may_start.then_some(Running { id, mention, since });
        may_start
    }

    /// Counts a job that has ended. Returns `true` if there are idleness waiters.
    pub(crate) fn end(&self, ending: Ending) -> bool {
        let mut status = self.status.lock();
        let running = status.running.take();
        match ending {
            Ending::Completed => status.tally.completed += 1,
            Ending::Cancelled => status.tally.cancelled += 1,
            Ending::Panicked(message) => {
                status.tally.panicked += 1;
                if let (Some(Running { id, mention, .. }), Some(message)) = (running, message) {
                    if status.panics.len() < PANICS_KEPT {
                        let Mention { name, site } = mention;
                        status.panics.push(JobPanic { id, name, site, message });
                    }
                }
            }
        }
        status.idle_waiters > 0
    }

    /// Stores that the worker has exited.
    pub(crate) fn exit(&self) {
        let mut status = self.status.lock();
        debug_assert!(!status.exited, "a worker exits once");
        status.exited = true;
        self.exit.notify_all();
        let tasks = status.exit_wakers.take_all();
        drop(status);
        tasks.wake();
    }

    /// Registers a task for the exit of the worker, and returns its earlier waker.
    ///
    /// # Errors
    ///
    /// The waker, if the worker has exited.
    pub(super) fn register_unless_exited(
        &self,
        ticket: &mut Option<u64>,
        waker: Waker,
    ) -> Result<Option<Waker>, Waker> {
        let mut status = self.status.lock();
        if status.exited {
            return Err(waker);
        }
        Ok(status.exit_wakers.register(ticket, waker))
    }

    /// Removes a task that waits for the exit, and returns its waker.
    pub(super) fn unregister(&self, ticket: u64) -> Option<Waker> {
        self.status.lock().exit_wakers.remove(ticket)
    }

    /// Waits until the worker takes no more jobs and its stop hook has run. Returns `false` if the
    /// deadline comes first.
    pub(super) fn wait_exited(&self, deadline: Deadline) -> bool {
        let mut status = self.status.lock();
        let mut late = false;
        while !status.exited && !late {
            (status, late) = self.exit.wait_until(status, deadline);
        }
        status.exited
    }
}
