//! The `rusty_pool` package.

use rusty_pool::{Builder, JoinHandle, ThreadPool};

use super::{About, Handle, OnDrop, OnPanic, Pool, Refused, Submit, SubmitterOf, Threads, Waits};

/// A pool of core workers only.
pub(crate) struct RustyPool(ThreadPool);

impl Pool for RustyPool {
    const ABOUT: About = About {
        name: "rusty_pool",
        package: "rusty_pool",
        what: "a pool on a crossbeam channel that starts a thread for each of its first jobs",
        less:
            "drop does not wait; `shutdown_join` does, without joining the threads, and can return \
               before the last jobs have begun; a panic costs a thread, and another is \
               started; the first jobs start threads",
        waits: Waits::Method("shutdown_join"),
        drop: OnDrop::RunsUnwaited,
        panic: OnPanic::WorkerReplaced,
        threads: Threads::WhenNeeded,
        submitter: SubmitterOf::Pool,
        in_order: true,
        idle: true,
        handles: true,
    };

    type Submitter = Submitter;

    fn start(workers: usize) -> Self {
        RustyPool(Builder::new().core_size(workers).max_size(workers).build())
    }

    #[inline]
    fn execute<F>(&self, job: F) -> Result<(), Refused>
    where
        F: FnOnce() + Send + 'static,
    {
        self.0.try_execute(job).map_err(|_| Refused)
    }

    fn submitter(&self) -> Submitter {
        Submitter(self.0.clone())
    }

    #[inline]
    fn submit<F, T>(&self, job: F) -> Option<impl Handle<T> + use<F, T>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.0.try_evaluate(job).ok()
    }

    fn wait_idle(&self) -> bool {
        self.0.join();
        true
    }

    fn finish(self) {
        self.0.shutdown_join();
    }
}

impl std::fmt::Debug for RustyPool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("RustyPool").field(&self.0.get_name()).finish()
    }
}

/// A clone of the pool. The threads live as long as a clone does.
#[derive(Clone)]
pub(crate) struct Submitter(ThreadPool);

impl Submit for Submitter {
    #[inline]
    fn execute<F>(&self, job: F) -> Result<(), Refused>
    where
        F: FnOnce() + Send + 'static,
    {
        self.0.try_execute(job).map_err(|_| Refused)
    }
}

impl std::fmt::Debug for Submitter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Submitter").field(&self.0.get_name()).finish()
    }
}

impl<T: Send> Handle<T> for JoinHandle<T> {
    fn wait(self) -> Option<T> {
        self.try_await_complete().ok()
    }
}
