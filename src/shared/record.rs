//! The record of each worker: what it has done and is doing.

use std::mem;

use crate::job::Ending;
use crate::moment::Moment;
use crate::report::{JobId, JobPanic, Tally, UnfinishedJob, PANICS_KEPT};
use crate::sync::{watched, Condvar, Deadline, Mutex};

/// The record of one worker.
///
/// Only the worker writes to it, except for `retired` and `idle_waiters`. So each record has cache
/// lines of its own.
#[derive(Debug)]
#[repr(align(128))]
pub(crate) struct Record {
    pub(super) status: Mutex<Status>,
    /// The phase has changed.
    changed: Condvar,
}

#[derive(Debug)]
pub(super) struct Status {
    phase: Phase,
    /// The message of a start hook that panicked.
    start_failure: Option<String>,
    /// A deadline has passed: the worker starts no more jobs.
    pub(super) retired: bool,
    /// The job that has begun and is not counted yet.
    pub(super) running: Option<Running>,
    pub(super) tally: Tally,
    /// The first panics of jobs without a handle.
    pub(super) panics: Vec<JobPanic>,
    /// The number of idleness waiters, which this worker notifies when a job has ended.
    pub(super) idle_waiters: usize,
}

/// The phase of a worker. It only grows.
///
/// | from | to | when |
/// | --- | --- | --- |
/// | `Starting` | `Started` | the start hook has returned; without a hook this step is left out |
/// | `Starting` | `Exited` | the start hook has panicked, or there is none |
/// | `Started` | `Exited` | the queue is closed and empty, and the stop hook has run |
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    Starting,
    Started,
    Exited,
}

#[derive(Debug)]
pub(super) struct Running {
    id: JobId,
    name: &'static str,
    since: Moment,
}

impl Running {
    pub(super) fn unfinished(&self) -> UnfinishedJob {
        UnfinishedJob { id: self.id, name: self.name, elapsed: self.since.elapsed() }
    }
}

impl Record {
    pub(super) fn new() -> Self {
        let status = Status {
            phase: Phase::Starting,
            start_failure: None,
            retired: false,
            running: None,
            tally: Tally::default(),
            panics: Vec::new(),
            idle_waiters: 0,
        };
        Record {
            status: watched!(status, Status, "a record", |status|
                finished: status.tally.finished(),
            ),
            changed: Condvar::new(),
        }
    }

    /// Begins a job, and counts the one before as completed if it `ended` uncounted. Returns
    /// `false` if a deadline has passed: then the job may not start.
    ///
    /// The count does not notify idleness waiters, since with this job the pool is not idle.
    #[inline]
    pub(crate) fn begin(&self, ended: bool, id: JobId, name: &'static str) -> bool {
        let since = Moment::now();
        let mut status = self.status.lock();
        status.tally.completed += u64::from(ended);
        debug_assert_eq!(status.running.is_some(), ended, "one job at a time");
        let may_start = !status.retired;
        status.running = may_start.then_some(Running { id, name, since });
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
                if let (Some(Running { id, name, .. }), Some(message)) = (running, message) {
                    if status.panics.len() < PANICS_KEPT {
                        status.panics.push(JobPanic { id, name, message });
                    }
                }
            }
        }
        status.idle_waiters > 0
    }

    pub(crate) fn enter(&self, phase: Phase) {
        let mut status = self.status.lock();
        let before = mem::replace(&mut status.phase, phase);
        debug_assert!(before < phase, "a phase only grows");
        self.changed.notify_all();
    }

    /// Stores that the start hook has panicked.
    pub(crate) fn fail_start(&self, message: String) {
        self.status.lock().start_failure = Some(message);
    }

    /// Waits until the start hook has run.
    ///
    /// # Errors
    ///
    /// The message, if it panicked.
    pub(crate) fn wait_started(&self) -> Result<(), String> {
        let mut status = self.status.lock();
        while status.phase < Phase::Started {
            status = self.changed.wait(status);
        }
        status.start_failure.take().map_or(Ok(()), Err)
    }

    /// Waits until the worker takes no more jobs and its stop hook has run. Returns `false` if the
    /// deadline comes first.
    pub(super) fn wait_exited(&self, deadline: Deadline) -> bool {
        let mut status = self.status.lock();
        let mut late = false;
        while status.phase < Phase::Exited && !late {
            (status, late) = self.changed.wait_until(status, deadline);
        }
        status.phase == Phase::Exited
    }
}
