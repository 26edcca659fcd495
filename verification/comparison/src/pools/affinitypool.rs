//! The `affinitypool` package.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use affinitypool::Threadpool;

use super::handle::Task;
use super::shared::into_sole;
use super::{About, Handle, OnDrop, OnPanic, Pool, Refused, Submit, SubmitterOf, Threads, Waits};

/// Its pool, without binding workers to cores.
pub(crate) struct Affinitypool(Arc<Threadpool>);

impl Pool for Affinitypool {
    const ABOUT: About = About {
        name: "affinitypool",
        package: "affinitypool",
        what: "a work-stealing pool of blocking jobs for async code; each job is a future",
        less: "a dropped future cancels its job, so a detached job must leak its future, and that memory \
               is not freed; no bound, no wait but drop",
        waits: Waits::Drop,
        drop: OnDrop::RunsAndJoins,
        panic: OnPanic::Caught,
        threads: Threads::AtOnce,
        submitter: SubmitterOf::Adaptor,
        in_order: false,
        idle: false,
        handles: true,
    };

    type Submitter = Submitter;

    fn start(workers: usize) -> Self {
        Affinitypool(Arc::new(Threadpool::new(workers)))
    }

    #[inline]
    fn execute<F>(&self, job: F) -> Result<(), Refused>
    where
        F: FnOnce() + Send + 'static,
    {
        std::mem::forget(self.0.spawn(job));
        Ok(())
    }

    fn submitter(&self) -> Submitter {
        Submitter(Arc::clone(&self.0))
    }

    #[inline]
    fn submit<F, T>(&self, job: F) -> Option<impl Handle<T> + use<F, T>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        // Its future borrows the pool by type, and must be boxed to outlive it.
        let future = Box::pin(self.0.spawn(job)) as Pin<Box<dyn Future<Output = T> + Send>>;
        Some(Task(future))
    }

    #[inline]
    fn submit_borrowing<F, T>(&self, job: F) -> Option<impl Handle<T>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        Some(Task(self.0.spawn(job)))
    }

    fn finish(self) {
        drop(into_sole(self.0));
    }
}

impl fmt::Debug for Affinitypool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Affinitypool").field("threads", &self.0.num_threads()).finish()
    }
}

/// The shared pool.
#[derive(Clone)]
pub(crate) struct Submitter(Arc<Threadpool>);

impl Submit for Submitter {
    #[inline]
    fn execute<F>(&self, job: F) -> Result<(), Refused>
    where
        F: FnOnce() + Send + 'static,
    {
        std::mem::forget(self.0.spawn(job));
        Ok(())
    }
}

impl fmt::Debug for Submitter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Submitter").finish_non_exhaustive()
    }
}
