//! Submitting a job in an async task, which waits for a slot without a thread.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::error::{RefusalKind, SubmitError};
use crate::events;
use crate::handle::JobHandle;
use crate::job::{storing, Job, Label, MakeOffer, Offer};
use crate::panics::drop_catching;
use crate::pool::ThreadPool;
use crate::queue::{Queue, Refusal, Refused, Wait};
use crate::report::JobId;
use crate::submitter::Submitter;
use crate::sync::Arc;

impl ThreadPool {
    /// Returns a future that submits a job. See [`Submitter::submit_async`].
    #[track_caller]
    pub fn submit_async<F, T>(&self, job: F) -> SubmitAsync<F, T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.as_submitter().submit_async(job)
    }
}

impl Submitter {
    /// Returns a future that submits a job and resolves to its handle: [`submit`](Self::submit) for
    /// async tasks. While a bounded queue is full, the task waits for a free slot.
    ///
    /// Nothing is submitted before the first poll. Dropping the future before it resolves takes the
    /// job back: its closure is dropped, and the wait for a slot ends. A handle that it has resolved
    /// to may be dropped, which detaches the job.
    ///
    /// A slot that becomes free wakes every waiting task, first the one that began to wait first, and
    /// one of the threads that wait in [`submit`](Self::submit). Whoever comes first gets it, be it a
    /// new submission, and the others wait on. So no order among tasks and threads is promised, and
    /// none of them can hold another back, not even a future that is forgotten or not polled. The
    /// price is a wake-up of each waiting task for each slot: where thousands may wait, let a
    /// semaphore of the runtime admit a few of them at a time.
    ///
    /// # Errors
    ///
    /// The future resolves to [`SubmitError`] with the closure, if the pool has begun to shut down,
    /// also while it waits; or if it is polled on a worker of the pool and would have to wait.
    ///
    /// ```
    /// # if last_call::UNDER_MODEL { return Ok(()) }
    /// use last_call::{SubmitError, ThreadPool};
    ///
    /// /// Has at most as many lines in memory as the queue has slots.
    /// async fn lengths(pool: &ThreadPool, lines: Vec<String>) -> Option<usize> {
    ///     let mut lengths = Vec::new();
    ///     for line in lines {
    ///         lengths.push(pool.submit_async(move || line.len()).await.ok()?);
    ///     }
    ///     let mut sum = 0;
    ///     for length in lengths {
    ///         sum += length.await.completed()?;
    ///     }
    ///     Some(sum)
    /// }
    ///
    /// let pool = ThreadPool::builder().workers(2).capacity(1).build()?;
    /// let lines = ["one", "two", "three"].map(String::from).into();
    /// assert_eq!(futures_executor::block_on(lengths(&pool, lines)), Some(11));
    /// # Ok::<(), last_call::BuildError>(())
    /// ```
    #[track_caller]
    pub fn submit_async<F, T>(&self, job: F) -> SubmitAsync<F, T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        SubmitAsync::new(self.clone(), job, Label::here())
    }
}

/// Resolves to the handle of a job once that has a slot in the queue; [`Submitter::submit_async`]
/// returns it.
///
/// It belongs to no async runtime, and does not keep the pool alive. Dropping it takes the job back.
/// Forgetting it leaks the job, which never runs, and holds nobody back.
///
/// # Panics
///
/// If it is polled again after it has resolved.
#[must_use = "futures do nothing unless they are awaited or polled"]
pub struct SubmitAsync<F, T> {
    submitter: Submitter,
    /// `None` once it has resolved.
    offer: Option<(Job, Arc<dyn Offer<F, T>>)>,
    /// Its place among the tasks that wait for a slot.
    ticket: Option<u64>,
}

impl<F, T> SubmitAsync<F, T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    pub(crate) fn new(submitter: Submitter, job: F, label: Label) -> Self {
        SubmitAsync { submitter, offer: Some(storing()(job, MakeOffer(label))), ticket: None }
    }
}

impl<F, T> SubmitAsync<F, T> {
    /// Ends the wait for a slot.
    fn leave(&mut self) {
        if let Some(ticket) = self.ticket.take() {
            let shared = self.submitter.shared();
            shared.drop_waker(shared.queue.leave(ticket));
        }
    }
}

impl<F, T> Future for SubmitAsync<F, T> {
    type Output = Result<JobHandle<T>, SubmitError<F>>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        // Before there is a clone of the waker: one whose destructor panics too would abort.
        assert!(this.offer.is_some(), "the future was polled after its end");
        // Wakers are user code, so this one is cloned before a lock is taken, and before the job is
        // taken: the clone may panic.
        let mut waker = context.waker().clone();
        let shared = Arc::clone(this.submitter.shared());
        let (mut job, offer) = this.offer.take().expect("it is there until the future resolves");
        let mut wait = Wait::Probe;
        let result = loop {
            match shared.queue.push(job, wait) {
                Ok(number) => {
                    let handle =
                        JobHandle::new(offer.into_awaitable(), Arc::clone(&shared), JobId(number));
                    break Ok(handle);
                }
                Err(Refused { item, refusal: Refusal::Full }) if matches!(wait, Wait::Probe) => {
                    job = item;
                }
                Err(Refused { item, refusal }) => {
                    let closed = refusal == Refusal::Closed;
                    let kind =
                        if closed { RefusalKind::ShutDown } else { RefusalKind::WouldDeadlock };
                    events::job_refused(kind.text());
                    let closure = offer.take_closure();
                    drop(item);
                    break Err(SubmitError::new(closure, kind));
                }
            }
            if shared.is_own_worker() {
                wait = Wait::No;
                continue;
            }
            match shared.queue.register(&mut this.ticket, waker) {
                Ok(earlier) => {
                    this.offer = Some((job, offer));
                    shared.drop_waker(earlier);
                    return Poll::Pending;
                }
                Err(unneeded) => waker = unneeded,
            }
        };
        shared.drop_waker(Some(waker));
        this.leave();
        Poll::Ready(result)
    }
}

impl<F, T> Unpin for SubmitAsync<F, T> {}

impl<F, T> Drop for SubmitAsync<F, T> {
    fn drop(&mut self) {
        self.leave();
        if let Some((job, offer)) = self.offer.take() {
            self.submitter.shared().count_panics(drop_catching(offer.take_closure()));
            drop(job);
        }
    }
}

impl<F, T> fmt::Debug for SubmitAsync<F, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SubmitAsync")
            .field("has_resolved", &self.offer.is_none())
            .finish_non_exhaustive()
    }
}
