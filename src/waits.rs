//! Waiting for the pool in an async task: idleness and the end as futures.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::error::WaitError;
use crate::pool::ThreadPool;
use crate::shared::{IdleTask, Shared, TerminationTask};
use crate::submitter::Submitter;
use crate::sync::Arc;
use crate::trigger::Shutdown;

impl ThreadPool {
    /// Returns a future that resolves once nothing is queued or running. See [`Submitter::idle`].
    pub fn idle(&self) -> Idle {
        self.as_submitter().idle()
    }
}

impl Submitter {
    /// Returns a future that resolves at a poll that finds nothing queued or running:
    /// [`wait_idle`](Self::wait_idle) for async tasks.
    ///
    /// The task is woken when that may be so. If jobs are submitted before it is polled, it waits on.
    ///
    /// # Errors
    ///
    /// The future resolves to [`WaitError`] if it is polled on a worker of the pool, or on a thread
    /// that is cancelling a job: by a job, a destructor, or a waker that polls at once.
    ///
    /// ```
    /// # if last_call::UNDER_MODEL { return }
    /// async fn all_done(pool: &last_call::ThreadPool) -> u64 {
    ///     for n in 0..10 {
    ///         pool.execute(move || println!("{n}")).expect("the pool is running");
    ///     }
    ///     pool.idle().await.expect("this is not a job");
    ///     pool.stats().completed
    /// }
    ///
    /// let pool = last_call::ThreadPool::new(2);
    /// assert_eq!(futures_executor::block_on(all_done(&pool)), 10);
    /// ```
    pub fn idle(&self) -> Idle {
        Idle { shared: Arc::clone(self.shared()), task: IdleTask::default() }
    }
}

impl Shutdown {
    /// Returns a future that resolves once the pool has terminated: [`wait`](Self::wait) for async
    /// tasks. It does not begin a shutdown.
    ///
    /// After that, the `shutdown` methods of the owner have nothing to wait for but the end of the
    /// worker threads, with the destructors of their thread-locals. So this awaits a shutdown:
    ///
    /// ```
    /// # if last_call::UNDER_MODEL { return }
    /// async fn shut_down(pool: last_call::ThreadPool) -> last_call::Report {
    ///     let trigger = pool.shutdown_trigger();
    ///     trigger.drain();
    ///     trigger.terminated().await.expect("this is not a job");
    ///     pool.shutdown()
    /// }
    ///
    /// let pool = last_call::ThreadPool::new(2);
    /// pool.execute(|| println!("the last call")).expect("the pool is running");
    /// assert_eq!(futures_executor::block_on(shut_down(pool)).completed, 1);
    /// ```
    ///
    /// # Errors
    ///
    /// The future resolves to [`WaitError`] if it is polled on a worker of the pool, or on a thread
    /// that is cancelling a job: by a job, a destructor, or a waker that polls at once.
    pub fn terminated(&self) -> Terminated {
        Terminated { shared: Arc::clone(self.shared()), task: TerminationTask::default() }
    }
}

/// Resolves once nothing is queued or running; [`ThreadPool::idle`] and [`Submitter::idle`] return
/// it.
///
/// It belongs to no async runtime, and does not keep the pool alive. The task may be woken before
/// that. Dropping it ends the wait, and forgetting it costs each later job a notification. Polled
/// after it has resolved, it waits again.
#[must_use = "futures do nothing unless they are awaited or polled"]
pub struct Idle {
    shared: Arc<Shared>,
    task: IdleTask,
}

impl Idle {
    fn leave(&mut self) {
        self.shared.drop_waker(self.shared.leave_idle(&mut self.task));
    }
}

impl Future for Idle {
    type Output = Result<(), WaitError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<(), WaitError>> {
        // Wakers are user code, so this one is cloned before a lock is taken.
        let waker = context.waker().clone();
        let this = &mut *self;
        let (result, unneeded) = this.shared.poll_idle(&mut this.task, waker);
        this.shared.drop_waker(unneeded);
        if result.is_ready() {
            this.leave();
        }
        result
    }
}

impl Drop for Idle {
    fn drop(&mut self) {
        self.leave();
    }
}

impl fmt::Debug for Idle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Idle").finish_non_exhaustive()
    }
}

/// Resolves once the pool has terminated; [`Shutdown::terminated`] returns it.
///
/// It belongs to no async runtime, and does not keep the pool alive. The task may be woken before
/// that, as when one of the workers ends. Dropping it ends the wait. Polled after it has resolved,
/// it resolves again.
#[must_use = "futures do nothing unless they are awaited or polled"]
pub struct Terminated {
    shared: Arc<Shared>,
    task: TerminationTask,
}

impl Future for Terminated {
    type Output = Result<(), WaitError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<(), WaitError>> {
        let this = &mut *self;
        if this.shared.would_deadlock() {
            this.shared.leave_terminated(&mut this.task);
            return Poll::Ready(Err(WaitError::WOULD_DEADLOCK));
        }
        // Wakers are user code, so this one is cloned before a lock is taken.
        if this.shared.poll_terminated(&mut this.task, context.waker().clone()) {
            Poll::Ready(Ok(()))
        } else {
            Poll::Pending
        }
    }
}

impl Drop for Terminated {
    fn drop(&mut self) {
        self.shared.leave_terminated(&mut self.task);
    }
}

impl fmt::Debug for Terminated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Terminated").finish_non_exhaustive()
    }
}
