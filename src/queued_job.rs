//! Queued jobs that a discard hands back.

use std::fmt;
use std::panic::{resume_unwind, Location};

use crate::events;
use crate::job::{Job, Mention};
use crate::pool::ThreadPool;

impl ThreadPool {
    /// Begins a discard, or turns a drain into one, as [`Shutdown::discard`](crate::Shutdown) does,
    /// and returns the queued jobs that have no handles, oldest first, instead of dropping them. No
    /// job that starts is among them.
    ///
    /// They count as cancelled. Jobs with handles, and those of a scope, are cancelled on this thread,
    /// and have their outcomes when this returns. Running jobs go on: [`shutdown`](Self::shutdown) waits for them,
    /// and returns the report. Only one of several discards gets a job, so a signal or a
    /// [`Shutdown`](crate::Shutdown) that came before leaves none.
    ///
    /// ```
    /// # if last_call::UNDER_MODEL { return }
    /// let pool = last_call::ThreadPool::new(1);
    /// let (open, gate) = std::sync::mpsc::channel::<()>();
    /// let (start, started) = std::sync::mpsc::channel();
    /// let first = move || {
    ///     start.send(()).expect("somebody waits for it");
    ///     let _ = gate.recv();
    /// };
    /// pool.execute(first).expect("the pool is running");
    /// pool.execute(|| println!("the second job")).expect("the pool is running");
    /// started.recv().expect("the first job starts");
    ///
    /// let queued = pool.take_queued();
    /// drop(open);
    /// let report = pool.shutdown();
    /// assert_eq!((report.completed, report.cancelled, queued.len()), (1, 1, 1));
    /// for job in queued {
    ///     println!("not run by the pool: the job submitted at {}", job.site());
    ///     job.run(); // here, later, or never
    /// }
    /// ```
    pub fn take_queued(&self) -> Vec<QueuedJob> {
        events::shutdown_begins("discard");
        self.as_submitter().shared().take_queued()
    }
}

/// A job without a handle that was queued as the pool was discarded;
/// [`ThreadPool::take_queued`] returns it. Dropping it drops the closure.
#[must_use = "the job is dropped unrun"]
pub struct QueuedJob {
    job: Job,
    mention: Mention,
}

impl QueuedJob {
    pub(crate) fn new(job: Job, mention: Mention) -> Self {
        QueuedJob { job, mention }
    }

    /// Returns the name of the job: that given with [`Submitter::job`](crate::Submitter::job), or
    /// else the name of the type of the closure.
    pub fn name(&self) -> &'static str {
        self.mention.name
    }

    /// Returns the place in the source where the job was submitted.
    pub fn site(&self) -> &'static Location<'static> {
        self.mention.site
    }

    /// Runs the job on this thread.
    ///
    /// # Panics
    ///
    /// If the job does.
    pub fn run(self) {
        if let Err(payload) = self.job.run_detached() {
            resume_unwind(payload);
        }
    }
}

impl fmt::Debug for QueuedJob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QueuedJob")
            .field("name", &self.name())
            .field("site", &format_args!("{}", self.site()))
            .finish_non_exhaustive()
    }
}
