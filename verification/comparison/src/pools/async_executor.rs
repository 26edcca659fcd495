//! The `async-executor` package. It has no threads; the adaptor starts them as its documentation does.

use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::Arc;
use std::thread;

use async_executor::{Executor, Task};
use futures_lite::future::block_on;
use tokio::sync::watch;

use super::handle::wait_for;
use super::{About, Handle, OnDrop, OnPanic, Pool, Refused, Submit, SubmitterOf, Threads, Waits};

/// An executor, and the threads that run it until it is dropped.
#[derive(Debug)]
pub(crate) struct AsyncExecutor {
    executor: Arc<Executor<'static>>,
    stop: Option<watch::Sender<()>>,
    threads: Vec<thread::JoinHandle<()>>,
}

impl Pool for AsyncExecutor {
    const ABOUT: About = About {
        name: "async-executor",
        package: "async-executor",
        what:
            "a work-stealing executor of futures, on threads of the adaptor; each job is a future",
        less: "it drops queued jobs at its end; no threads and no shutdown of its own; no bound",
        waits: Waits::Not,
        drop: OnDrop::DiscardsAndJoins,
        panic: OnPanic::Caught,
        threads: Threads::AtOnce,
        submitter: SubmitterOf::Adaptor,
        in_order: false,
        idle: false,
        handles: true,
    };

    type Submitter = Submitter;

    fn start(workers: usize) -> Self {
        let executor = Arc::new(Executor::new());
        let (stop, stopped) = watch::channel(());
        let threads = (0..workers)
            .map(|_| {
                let (executor, stopped) = (Arc::clone(&executor), stopped.clone());
                thread::spawn(move || run(&executor, stopped))
            })
            .collect();
        AsyncExecutor { executor, stop: Some(stop), threads }
    }

    #[inline]
    fn execute<F>(&self, job: F) -> Result<(), Refused>
    where
        F: FnOnce() + Send + 'static,
    {
        self.executor.spawn(async move { job() }).detach();
        Ok(())
    }

    fn submitter(&self) -> Submitter {
        Submitter(Arc::clone(&self.executor))
    }

    #[inline]
    fn submit<F, T>(&self, job: F) -> Option<impl Handle<T> + use<F, T>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        Some(self.executor.spawn(async move { job() }))
    }

    fn finish(self) {
        drop(self);
    }
}

/// Runs jobs until the sender is dropped. Catches panics of jobs.
fn run(executor: &Executor<'_>, mut stopped: watch::Receiver<()>) {
    let mut runs_until_stopped = || block_on(executor.run(stopped.changed())).is_err();
    while !catch_unwind(AssertUnwindSafe(&mut runs_until_stopped)).unwrap_or(false) {}
}

impl Drop for AsyncExecutor {
    fn drop(&mut self) {
        drop(self.stop.take());
        for thread in self.threads.drain(..) {
            thread.join().expect("it catches panics of jobs");
        }
    }
}

/// The shared executor.
#[derive(Clone, Debug)]
pub(crate) struct Submitter(Arc<Executor<'static>>);

impl Submit for Submitter {
    #[inline]
    fn execute<F>(&self, job: F) -> Result<(), Refused>
    where
        F: FnOnce() + Send + 'static,
    {
        self.0.spawn(async move { job() }).detach();
        Ok(())
    }
}

/// Also the handle of the `executors` package, whose tasks are of the same type.
impl<T: Send> Handle<T> for Task<T> {
    fn wait(self) -> Option<T> {
        wait_for(self)
    }
}
