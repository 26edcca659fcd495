//! The `scheduled-thread-pool` package.

use std::fmt;
use std::sync::Arc;

use scheduled_thread_pool::ScheduledThreadPool;

use super::{About, OnDrop, OnPanic, Pool, Refused, Submit, SubmitterOf, Threads, Waits};

/// Its pool, with every job due at once.
pub(crate) struct Scheduled(Arc<ScheduledThreadPool>);

impl Pool for Scheduled {
    const ABOUT: About = About {
        name: "scheduled-thread-pool",
        package: "scheduled-thread-pool",
        what: "a pool for scheduled jobs, on a heap under one lock; here every job is due at once",
        less: "no way to wait, and drop does not; its handles only cancel; no bound",
        waits: Waits::Not,
        drop: OnDrop::RunsUnwaited,
        panic: OnPanic::Caught,
        threads: Threads::AtOnce,
        submitter: SubmitterOf::Adaptor,
        in_order: false,
        idle: false,
        handles: false,
    };

    type Submitter = Submitter;

    fn start(workers: usize) -> Self {
        let pool = ScheduledThreadPool::builder().num_threads(workers).build();
        Scheduled(Arc::new(pool))
    }

    #[inline]
    fn execute<F>(&self, job: F) -> Result<(), Refused>
    where
        F: FnOnce() + Send + 'static,
    {
        self.0.execute(job);
        Ok(())
    }

    fn submitter(&self) -> Submitter {
        Submitter(Arc::clone(&self.0))
    }

    fn finish(self) {}
}

impl fmt::Debug for Scheduled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scheduled").finish_non_exhaustive()
    }
}

/// The shared pool.
#[derive(Clone)]
pub(crate) struct Submitter(Arc<ScheduledThreadPool>);

impl Submit for Submitter {
    #[inline]
    fn execute<F>(&self, job: F) -> Result<(), Refused>
    where
        F: FnOnce() + Send + 'static,
    {
        self.0.execute(job);
        Ok(())
    }
}

impl fmt::Debug for Submitter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Submitter").finish_non_exhaustive()
    }
}
