//! The `rayon` package.

use std::sync::Arc;

use rayon::iter::{IntoParallelIterator as _, ParallelIterator as _};

use super::{About, OnDrop, OnPanic, Pool, Refused, Scoped, Submit, SubmitterOf, Threads, Waits};

/// Rayon's pool.
#[derive(Debug)]
pub(crate) struct Rayon(Arc<rayon::ThreadPool>);

impl Pool for Rayon {
    const ABOUT: About = About {
        name: "rayon",
        package: "rayon",
        what:
            "a work-stealing pool for parallel computation; here through `spawn`, `scope` and, to map, \
             a parallel iterator",
        less:
            "drop does not wait; a panic in a spawned job aborts the process unless a handler is \
               set; jobs submitted by jobs run newest first; no handles for spawned jobs, no bound",
        waits: Waits::Not,
        drop: OnDrop::RunsUnwaited,
        panic: OnPanic::Aborts,
        threads: Threads::AtOnce,
        submitter: SubmitterOf::Adaptor,
        in_order: false,
        idle: false,
        handles: false,
    };

    type Submitter = Submitter;

    fn start(workers: usize) -> Self {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(workers).build();
        Rayon(Arc::new(pool.expect("threads can be started")))
    }

    #[inline]
    fn execute<F>(&self, job: F) -> Result<(), Refused>
    where
        F: FnOnce() + Send + 'static,
    {
        self.0.spawn(job);
        Ok(())
    }

    fn submitter(&self) -> Submitter {
        Submitter(Arc::clone(&self.0))
    }

    /// A parallel iterator over all items, without a bound; its results are collected first.
    fn map<I, F, T>(&self, items: I, _: usize, function: F) -> Option<impl Iterator<Item = T>>
    where
        I: Iterator<Item: Send + 'static>,
        F: Fn(I::Item) -> T + Send + Sync + 'static,
        T: Send + 'static,
    {
        let items: Vec<_> = items.collect();
        let results = || items.into_par_iter().map(function).collect::<Vec<_>>();
        Some(self.0.install(results).into_iter())
    }

    fn finish(self) {}

    fn try_start(workers: usize) -> Result<Self, String> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(workers).build();
        pool.map(|pool| Rayon(Arc::new(pool))).map_err(|error| error.to_string())
    }

    fn start_with_panic_handler<F>(workers: usize, on_panic: F) -> Option<Self>
    where
        F: Fn() + Send + Sync + 'static,
    {
        let handler = move |payload| {
            // A panic in the handler ends the process, as documented. The drop of a payload may panic.
            std::mem::forget::<Box<dyn std::any::Any + Send>>(payload);
            on_panic();
        };
        let builder = rayon::ThreadPoolBuilder::new().num_threads(workers).panic_handler(handler);
        Some(Rayon(Arc::new(builder.build().expect("threads can be started"))))
    }
}

/// The shared pool. On a worker, `spawn` uses the queue of that worker.
#[derive(Clone, Debug)]
pub(crate) struct Submitter(Arc<rayon::ThreadPool>);

impl Submit for Submitter {
    #[inline]
    fn execute<F>(&self, job: F) -> Result<(), Refused>
    where
        F: FnOnce() + Send + 'static,
    {
        self.0.spawn(job);
        Ok(())
    }
}

/// Rayon's `scope`. Its body moves to a worker, which submits the jobs to its own queue.
impl Scoped for Rayon {
    const ABOUT: About = <Self as Pool>::ABOUT;

    fn start(workers: usize) -> Self {
        Pool::start(workers)
    }

    fn scope<F>(&self, jobs: impl Iterator<Item = F> + Send)
    where
        F: FnOnce() + Send,
    {
        self.0.scope(|scope| {
            for job in jobs {
                scope.spawn(|_| job());
            }
        });
    }
}

/// Rayon's `in_place_scope`. The caller submits the jobs.
#[derive(Debug)]
pub(crate) struct InPlace(Rayon);

impl Scoped for InPlace {
    const ABOUT: About = About {
        name: "rayon-in-place",
        what: "rayon's pool, with `in_place_scope` instead of `scope`",
        ..<Rayon as Pool>::ABOUT
    };

    fn start(workers: usize) -> Self {
        InPlace(Pool::start(workers))
    }

    fn scope<F>(&self, jobs: impl Iterator<Item = F> + Send)
    where
        F: FnOnce() + Send,
    {
        self.0 .0.in_place_scope(|scope| {
            for job in jobs {
                scope.spawn(|_| job());
            }
        });
    }
}
