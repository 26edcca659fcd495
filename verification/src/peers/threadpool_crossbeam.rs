//! The `threadpool-crossbeam-channel` package.

use super::{
    About, Handle, NoHandle, OnDrop, OnPanic, Peer, Refused, Submit, SubmitterOf, Threads, Waits,
};

/// Its fork on a crossbeam channel.
#[derive(Debug)]
pub(crate) struct ThreadpoolCrossbeam(threadpool_crossbeam_channel::ThreadPool);

impl Peer for ThreadpoolCrossbeam {
    const ABOUT: About = About {
        name: "threadpool-crossbeam",
        package: "threadpool-crossbeam-channel",
        what: "the fork of threadpool that receives from a crossbeam channel",
        less:
            "drop does not wait, `join` does, without joining the threads; a panic costs a thread, \
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
        ThreadpoolCrossbeam(threadpool_crossbeam_channel::ThreadPool::new(workers))
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
pub(crate) struct Submitter(threadpool_crossbeam_channel::ThreadPool);

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
