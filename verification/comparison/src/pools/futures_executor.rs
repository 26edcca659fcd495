//! The `futures-executor` package.

use futures_executor::ThreadPool;
use futures_util::future::RemoteHandle;
use futures_util::task::SpawnExt as _;

use super::handle::wait_for;
use super::{About, Handle, OnDrop, OnPanic, Pool, Refused, Submit, SubmitterOf, Threads, Waits};

/// Its pool, with each job as a future that is ready at once.
#[derive(Debug)]
pub(crate) struct FuturesExecutor(ThreadPool);

impl Pool for FuturesExecutor {
    const ABOUT: About = About {
        name: "futures-executor",
        package: "futures-executor",
        what: "a pool for futures on one channel of the standard library; each job is a future",
        less: "no way to wait, and drop does not; a panic ends a worker for good; no bound",
        waits: Waits::Not,
        drop: OnDrop::RunsUnwaited,
        panic: OnPanic::WorkerLost,
        threads: Threads::AtOnce,
        submitter: SubmitterOf::Pool,
        in_order: true,
        idle: false,
        handles: true,
    };

    type Submitter = ThreadPool;

    fn start(workers: usize) -> Self {
        let pool = ThreadPool::builder().pool_size(workers).create();
        FuturesExecutor(pool.expect("threads can be started"))
    }

    #[inline]
    fn execute<F>(&self, job: F) -> Result<(), Refused>
    where
        F: FnOnce() + Send + 'static,
    {
        self.0.spawn_ok(async move { job() });
        Ok(())
    }

    fn submitter(&self) -> ThreadPool {
        self.0.clone()
    }

    #[inline]
    fn submit<F, T>(&self, job: F) -> Option<impl Handle<T> + use<F, T>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.0.spawn_with_handle(async move { job() }).ok()
    }

    fn finish(self) {
        drop(self.0);
    }

    fn try_start(workers: usize) -> Result<Self, String> {
        let pool = ThreadPool::builder().pool_size(workers).create();
        pool.map(FuturesExecutor).map_err(|error| error.to_string())
    }
}

impl Submit for ThreadPool {
    #[inline]
    fn execute<F>(&self, job: F) -> Result<(), Refused>
    where
        F: FnOnce() + Send + 'static,
    {
        self.spawn_ok(async move { job() });
        Ok(())
    }
}

impl<T: Send + 'static> Handle<T> for RemoteHandle<T> {
    fn wait(self) -> Option<T> {
        wait_for(self)
    }
}
