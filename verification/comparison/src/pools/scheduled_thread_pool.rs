//! The `scheduled-thread-pool` package.

use std::fmt;
use std::sync::Arc;

use scheduled_thread_pool::ScheduledThreadPool;

use super::{About, OnDrop, OnPanic, Peer, Refused, Submit, SubmitterOf, Threads, Waits};

/// Its pool, with every job due at once.
pub(crate) struct Scheduled(Arc<ScheduledThreadPool>);

impl Peer for Scheduled {
    const ABOUT: About = About {
        name: "scheduled-thread-pool",
        package: "scheduled-thread-pool",
        what: "a pool for jobs that are due at a time, on a heap under one lock; here all are due at once",
        less: "nothing waits, drop neither; its handles only cancel; no bound",
        waits: Waits::Not,
        drop: OnDrop::RunsUnwaited,
        panic: OnPanic::Caught,
        threads: Threads::AtOnce,
        submitter: SubmitterOf::TheAdaptor,
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

/// The pool, shared.
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
