//! The `tokio` package: the threads for blocking jobs of a runtime.

use tokio::runtime::{Builder, Handle as RuntimeHandle, Runtime};
use tokio::task::JoinHandle;

use super::{About, Handle, OnDrop, OnPanic, Pool, Refused, Submit, SubmitterOf, Threads, Waits};

/// `spawn_blocking` on a runtime that does nothing else.
#[derive(Debug)]
pub(crate) struct SpawnBlocking(Runtime);

impl Pool for SpawnBlocking {
    const ABOUT: About = About {
        name: "tokio-blocking",
        package: "tokio",
        what: "`spawn_blocking` of a runtime that does nothing else",
        less: "drop drops queued jobs; no wait but for each job; the first jobs start threads; no bound",
        waits: Waits::Not,
        drop: OnDrop::DiscardsAndJoins,
        panic: OnPanic::Caught,
        threads: Threads::WhenNeeded,
        submitter: SubmitterOf::Pool,
        in_order: true,
        idle: false,
        handles: true,
    };

    type Submitter = RuntimeHandle;

    fn start(workers: usize) -> Self {
        let runtime = Builder::new_current_thread().max_blocking_threads(workers).build();
        SpawnBlocking(runtime.expect("a runtime can be built"))
    }

    #[inline]
    fn execute<F>(&self, job: F) -> Result<(), Refused>
    where
        F: FnOnce() + Send + 'static,
    {
        drop(self.0.spawn_blocking(job));
        Ok(())
    }

    fn submitter(&self) -> RuntimeHandle {
        self.0.handle().clone()
    }

    #[inline]
    fn submit<F, T>(&self, job: F) -> Option<impl Handle<T> + use<F, T>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        Some(self.0.spawn_blocking(job))
    }

    fn finish(self) {
        drop(self.0);
    }

    /// A drop would wait for the job that drops; this is the documented way.
    fn drop_in_job(self) {
        self.0.shutdown_background();
    }
}

impl Submit for RuntimeHandle {
    #[inline]
    fn execute<F>(&self, job: F) -> Result<(), Refused>
    where
        F: FnOnce() + Send + 'static,
    {
        drop(self.spawn_blocking(job));
        Ok(())
    }
}

impl<T: Send> Handle<T> for JoinHandle<T> {
    fn wait(self) -> Option<T> {
        futures_lite::future::block_on(self).ok()
    }
}
