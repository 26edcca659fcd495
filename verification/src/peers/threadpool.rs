//! The `threadpool` package.

use super::{
    About, Handle, NoHandle, OnDrop, OnPanic, Peer, Refused, Submit, SubmitterOf, Threads, Waits,
};

/// The long-standing pool on a channel of the standard library's.
#[derive(Debug)]
pub(crate) struct Threadpool(threadpool::ThreadPool);

impl Peer for Threadpool {
    const ABOUT: About = About {
        name: "threadpool",
        package: "threadpool",
        what: "a pool on one channel of the standard library's, with counts of what is queued and active",
        less: "drop does not wait, `join` does, without joining the threads; a panic costs a thread, \
               and another is started; no handles, no bound, no report",
        waits: Waits::Method("join"),
        drop: OnDrop::RunsUnwaited,
        panic: OnPanic::WorkerReplaced,
        threads: Threads::AtOnce,
        submitter: SubmitterOf::ThePool,
        in_order: true,
        idle: true,
        handles: false,
    };

    type Submitter = Submitter;

    fn start(workers: usize) -> Self {
        Threadpool(threadpool::ThreadPool::new(workers))
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
        Submitter(self.0.clone())
    }

    fn submit<F, T>(&self, _: F) -> Option<impl Handle<T> + use<F, T>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        None::<NoHandle<T>>
    }

    fn wait_idle(&self) -> bool {
        self.0.join();
        true
    }

    fn finish(self) {
        self.0.join();
    }

    fn panics(&self) -> Option<usize> {
        Some(self.0.panic_count())
    }
}

/// A clone of the pool; while one is left, the threads are.
#[derive(Clone, Debug)]
pub(crate) struct Submitter(threadpool::ThreadPool);

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
