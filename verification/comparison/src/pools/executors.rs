//! The `executors` package, with two of its pools.

use executors::crossbeam_channel_pool::ThreadPool as ChannelPool;
use executors::crossbeam_workstealing_pool::{pool_with_auto_parker, ThreadPool as StealingPool};
use executors::parker::DynParker;
use executors::{Executor, FuturesExecutor as _};

use super::{About, Handle, OnDrop, OnPanic, Pool, Refused, Submit, SubmitterOf, Threads, Waits};

/// Its pool on a crossbeam channel.
#[derive(Debug)]
pub(crate) struct Channel(ChannelPool);

impl Pool for Channel {
    const ABOUT: About = About {
        name: "executors-channel",
        package: "executors",
        what: "a pool on one crossbeam channel",
        less:
            "shutdown waits for five seconds at most and does not join the threads; a late job is \
               dropped with a log line; a panic costs a thread, and another is started; no bound",
        waits: Waits::Method("shutdown, for up to five seconds"),
        drop: OnDrop::RunsAndWaits,
        panic: OnPanic::WorkerReplaced,
        threads: Threads::AtOnce,
        submitter: SubmitterOf::Pool,
        in_order: true,
        idle: false,
        handles: true,
    };

    type Submitter = ChannelPool;

    fn start(workers: usize) -> Self {
        Channel(ChannelPool::new(workers))
    }

    #[inline]
    fn execute<F>(&self, job: F) -> Result<(), Refused>
    where
        F: FnOnce() + Send + 'static,
    {
        Executor::execute(&self.0, job);
        Ok(())
    }

    fn submitter(&self) -> ChannelPool {
        self.0.clone()
    }

    #[inline]
    fn submit<F, T>(&self, job: F) -> Option<impl Handle<T> + use<F, T>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        Some(self.0.spawn(async move { job() }))
    }

    fn finish(self) {
        self.0.shutdown().expect("it shuts down within its five seconds");
    }

    /// A shutdown on a worker would wait for that worker; this is the documented way.
    fn drop_in_job(self) {
        self.0.shutdown_async();
    }
}

impl Submit for ChannelPool {
    #[inline]
    fn execute<F>(&self, job: F) -> Result<(), Refused>
    where
        F: FnOnce() + Send + 'static,
    {
        Executor::execute(self, job);
        Ok(())
    }
}

/// Its work-stealing pool.
#[derive(Debug)]
pub(crate) struct Stealing(StealingPool<DynParker>);

impl Pool for Stealing {
    const ABOUT: About = About {
        name: "executors-stealing",
        package: "executors",
        what: "a work-stealing pool; a job submits to the queue of its worker",
        less: "shutdown drops queued jobs; without a shutdown, drop makes the workers panic; a late job is \
               dropped with a log line; a panic costs a thread, and another is started; no bound",
        waits: Waits::Not,
        drop: OnDrop::DiscardsUnwaited,
        panic: OnPanic::WorkerReplaced,
        threads: Threads::AtOnce,
        submitter: SubmitterOf::Pool,
        in_order: false,
        idle: false,
        handles: true,
    };

    type Submitter = StealingPool<DynParker>;

    fn start(workers: usize) -> Self {
        Stealing(pool_with_auto_parker(workers))
    }

    #[inline]
    fn execute<F>(&self, job: F) -> Result<(), Refused>
    where
        F: FnOnce() + Send + 'static,
    {
        Executor::execute(&self.0, job);
        Ok(())
    }

    fn submitter(&self) -> Self::Submitter {
        self.0.clone()
    }

    #[inline]
    fn submit<F, T>(&self, job: F) -> Option<impl Handle<T> + use<F, T>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        Some(self.0.spawn(async move { job() }))
    }

    fn finish(self) {
        self.0.shutdown().expect("it shuts down within its five seconds");
    }

    /// A shutdown on a worker would wait for that worker; this is the documented way.
    fn drop_in_job(self) {
        self.0.shutdown_async();
    }
}

impl Submit for StealingPool<DynParker> {
    #[inline]
    fn execute<F>(&self, job: F) -> Result<(), Refused>
    where
        F: FnOnce() + Send + 'static,
    {
        Executor::execute(self, job);
        Ok(())
    }
}
