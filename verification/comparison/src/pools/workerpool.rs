//! The `workerpool` package.

use std::fmt;

use workerpool::thunk::{Thunk, ThunkWorker};

use super::{About, OnDrop, OnPanic, Pool, Refused, Submit, SubmitterOf, Threads, Waits};

/// Its pool, with workers that run closures.
pub(crate) struct Workerpool(workerpool::Pool<ThunkWorker<()>>);

impl Pool for Workerpool {
    const ABOUT: About = About {
        name: "workerpool",
        package: "workerpool",
        what: "a pool of workers with state; a worker without state runs closures",
        less:
            "drop does not wait, `join` does, without joining the threads; a panic costs a thread, \
               and another is started; results go to a channel, not to a handle",
        waits: Waits::Method("join"),
        drop: OnDrop::RunsUnwaited,
        panic: OnPanic::WorkerReplaced,
        threads: Threads::AtOnce,
        submitter: SubmitterOf::Pool,
        in_order: true,
        idle: true,
        handles: false,
    };

    type Submitter = Submitter;

    fn start(workers: usize) -> Self {
        Workerpool(workerpool::Pool::new(workers))
    }

    #[inline]
    fn execute<F>(&self, job: F) -> Result<(), Refused>
    where
        F: FnOnce() + Send + 'static,
    {
        self.0.execute(Thunk::of(job));
        Ok(())
    }

    fn submitter(&self) -> Submitter {
        Submitter(self.0.clone())
    }

    fn wait_idle(&self) -> bool {
        self.0.join();
        true
    }

    fn finish(self) {
        self.0.join();
    }

    fn panic_count(&self) -> Option<usize> {
        Some(self.0.panic_count())
    }
}

impl fmt::Debug for Workerpool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Workerpool").finish_non_exhaustive()
    }
}

/// A clone of the pool. The threads live as long as a clone does.
#[derive(Clone)]
pub(crate) struct Submitter(workerpool::Pool<ThunkWorker<()>>);

impl Submit for Submitter {
    #[inline]
    fn execute<F>(&self, job: F) -> Result<(), Refused>
    where
        F: FnOnce() + Send + 'static,
    {
        self.0.execute(Thunk::of(job));
        Ok(())
    }
}

impl fmt::Debug for Submitter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Submitter").finish_non_exhaustive()
    }
}
