//! The scoped threads of the standard library. They are no pool.

use std::thread;

use super::{About, OnDrop, OnPanic, Scoped, SubmitterOf, Threads, Waits};

/// A thread for each job, through `std::thread::scope`.
#[derive(Debug)]
pub(crate) struct StdThreads;

impl Scoped for StdThreads {
    const ABOUT: About = About {
        name: "std-threads",
        package: "std",
        what: "no pool: `std::thread::scope`, which starts a thread for each job",
        less: "it starts and ends a thread for each job, and all of them run at once",
        waits: Waits::Method("scope"),
        drop: OnDrop::RunsUnwaited,
        panic: OnPanic::WorkerLost,
        threads: Threads::WhenNeeded,
        submitter: SubmitterOf::Pool,
        in_order: false,
        idle: false,
        handles: true,
    };

    fn start(_: usize) -> Self {
        StdThreads
    }

    fn scope<F>(&self, jobs: impl Iterator<Item = F> + Send)
    where
        F: FnOnce() + Send,
    {
        thread::scope(|scope| {
            for job in jobs {
                scope.spawn(job);
            }
        });
    }
}
