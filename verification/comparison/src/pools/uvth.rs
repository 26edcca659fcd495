//! The `uvth` package.

use std::fmt;
use std::sync::Arc;

use uvth::{ThreadPool, ThreadPoolBuilder};

use super::{About, OnDrop, OnPanic, Pool, Refused, Submit, SubmitterOf, Threads, Waits};

/// Its pool, shared and never cloned: dropping any clone ends the workers.
pub(crate) struct Uvth(Arc<ThreadPool>);

impl Pool for Uvth {
    const ABOUT: About = About {
        name: "uvth",
        package: "uvth",
        what: "a small pool on a crossbeam channel",
        less:
            "no way to wait, and drop does not; dropping any clone ends the workers, and later jobs are \
               never run; a panic costs a thread, and another is started; no handles, no bound",
        waits: Waits::Not,
        drop: OnDrop::RunsUnwaited,
        panic: OnPanic::WorkerReplaced,
        threads: Threads::AtOnce,
        submitter: SubmitterOf::Adaptor,
        in_order: true,
        idle: false,
        handles: false,
    };

    type Submitter = Submitter;

    fn start(workers: usize) -> Self {
        Uvth(Arc::new(ThreadPoolBuilder::new().num_threads(workers).build()))
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

    fn finish(self) {
        self.0.terminate();
    }
}

impl fmt::Debug for Uvth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Uvth").finish_non_exhaustive()
    }
}

/// The shared pool.
#[derive(Clone)]
pub(crate) struct Submitter(Arc<ThreadPool>);

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
