//! The handle of a submitted job.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::ops::Deref;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use crate::job::{Awaitable, Pending, Size};
use crate::outcome::{CancelReason, Outcome};
use crate::patience::Patience;
use crate::report::JobId;
use crate::shared::Shared;
use crate::sync::{Arc, Deadline, Mutex};

/// The caller's half of a submitted job: waits for its outcome, or cancels it.
///
/// It always resolves, since every accepted job has an outcome. A wait for a handle lasts for ever
/// only if a job does not return, or waits for another job that is queued behind it on the only
/// worker. Dropping the handle detaches the job: it still runs, and its result is dropped.
///
/// ```
/// # if last_call::UNDER_MODEL { return }
/// let pool = last_call::ThreadPool::new(2);
/// let parsed = pool.submit(|| "42".parse::<u32>()).expect("the pool is running");
/// assert_eq!(parsed.join().unwrap(), Ok(42));
/// ```
///
/// It is also a [`Future`] for any executor: the worker wakes the task.
///
/// ```
/// # if last_call::UNDER_MODEL { return }
/// use std::future::Future;
/// use std::pin::pin;
/// use std::sync::Arc;
/// use std::task::{Context, Poll, Wake};
/// use std::thread::{self, Thread};
///
/// /// The smallest executor: one future, on this thread.
/// fn block_on<F: Future>(future: F) -> F::Output {
///     struct Unpark(Thread);
///     impl Wake for Unpark {
///         fn wake(self: Arc<Self>) {
///             self.0.unpark();
///         }
///     }
///     let waker = Arc::new(Unpark(thread::current())).into();
///     let mut future = pin!(future);
///     loop {
///         match future.as_mut().poll(&mut Context::from_waker(&waker)) {
///             Poll::Ready(output) => return output,
///             Poll::Pending => thread::park(),
///         }
///     }
/// }
///
/// let pool = last_call::ThreadPool::new(2);
/// let sum = block_on(async {
///     let parts = [3, 4].map(|n| pool.submit(move || n * n).expect("the pool is running"));
///     let mut sum = 0;
///     for part in parts {
///         sum += part.await.unwrap();
///     }
///     sum
/// });
/// assert_eq!(sum, 25);
/// ```
#[must_use = "dropping the handle detaches the job; `execute` does without one"]
pub struct JobHandle<T> {
    handle: Handle<'static, T>,
}

/// What [`JobHandle::cancel`] found.
///
/// ```
/// # if last_call::UNDER_MODEL { return }
/// use last_call::{Cancellation, ThreadPool};
///
/// let pool = ThreadPool::new(1);
/// let job = pool.submit(|| 6 * 7).expect("the pool is running");
/// match job.cancel() {
///     Cancellation::Cancelled => assert!(job.join().is_cancelled()),
///     // It ran, or is running, and has its outcome as if the handle had not tried.
///     _ => assert_eq!(job.join().unwrap(), 42),
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Cancellation {
    /// The job had not started and never will. Its closure is dropped, its slot in the queue is
    /// free, and its outcome is Cancelled.
    Cancelled,
    /// Too late: the job is running, or is being cancelled already.
    Started,
    /// Too late: the job has its outcome.
    Finished,
}

impl<T> JobHandle<T> {
    pub(crate) fn new(submission: Arc<dyn Awaitable<T>>, shared: Arc<Shared>, id: JobId) -> Self {
        JobHandle { handle: Handle::new(submission, shared, id) }
    }

    /// Returns the id of the job: its position in the order of acceptance, but on
    /// [`QueueKind::WorkStealing`](crate::QueueKind::WorkStealing).
    pub fn id(&self) -> JobId {
        self.handle.id()
    }

    /// Returns `true` if the job has its outcome. The `join` methods then return at once.
    pub fn is_finished(&self) -> bool {
        self.handle.is_finished()
    }

    /// Cancels the job if it has not started. The closure and its captures are dropped on this
    /// thread. A few hundred bytes at most stay in the queue: until a worker comes to them or, in a
    /// queue with a [`capacity`](crate::Builder::capacity), until it has too many of them.
    ///
    /// ```
    /// # if last_call::UNDER_MODEL { return }
    /// use last_call::{Cancellation, ThreadPool};
    ///
    /// let pool = ThreadPool::new(1);
    /// let (open, gate) = std::sync::mpsc::channel::<()>();
    /// pool.execute(move || drop(gate.recv())).expect("the pool is running");
    /// let queued = pool.submit(|| "never run").expect("the pool is running");
    /// assert_eq!(queued.cancel(), Cancellation::Cancelled);
    /// assert!(queued.join().is_cancelled());
    /// drop(open);
    /// ```
    pub fn cancel(&self) -> Cancellation {
        self.handle.cancel()
    }

    /// Waits for the outcome. Everything that the job does, including the drop of its captures,
    /// happens before this returns.
    ///
    /// Before it sleeps, it looks on for at most 20 µs while that has paid on this pool.
    ///
    /// # Panics
    ///
    /// If the handle has already returned the outcome as a future.
    pub fn join(self) -> Outcome<T> {
        self.handle.join()
    }

    /// Returns the outcome if the job has one.
    ///
    /// # Errors
    ///
    /// The handle, if the job is queued or running.
    ///
    /// # Panics
    ///
    /// If the handle has already returned the outcome as a future.
    pub fn try_join(self) -> Result<Outcome<T>, JobHandle<T>> {
        self.handle.try_join().map_err(|handle| JobHandle { handle })
    }

    /// Waits for the outcome for at most `timeout`.
    ///
    /// A timeout too large to represent means no deadline; zero checks without waiting, as
    /// [`try_join`](Self::try_join) does.
    ///
    /// # Errors
    ///
    /// The handle, if the job is still queued or running after `timeout`.
    ///
    /// # Panics
    ///
    /// If the handle has already returned the outcome as a future.
    pub fn join_timeout(self, timeout: Duration) -> Result<Outcome<T>, JobHandle<T>> {
        self.handle.join_timeout(timeout).map_err(|handle| JobHandle { handle })
    }

    /// Returns the handle in a wrapper that cancels the job when it is dropped, where a handle
    /// alone detaches it.
    ///
    /// ```
    /// # if last_call::UNDER_MODEL { return }
    /// let pool = last_call::ThreadPool::new(1);
    /// let (open, gate) = std::sync::mpsc::channel::<()>();
    /// pool.execute(move || drop(gate.recv())).expect("the pool is running");
    /// let queued = pool.submit(|| "never run").expect("the pool is running").cancel_on_drop();
    /// drop(queued); // as when a request is given up
    /// drop(open);
    /// assert_eq!(pool.shutdown().cancelled, 1);
    /// ```
    pub fn cancel_on_drop(self) -> CancelOnDrop<T> {
        CancelOnDrop { handle: Some(self) }
    }
}

/// Resolves to the outcome of the job.
///
/// # Panics
///
/// If it is polled again after that.
impl<T> Future for JobHandle<T> {
    type Output = Outcome<T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Outcome<T>> {
        self.handle.poll(context)
    }
}

impl<T> fmt::Debug for JobHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobHandle").field("id", &self.id()).finish_non_exhaustive()
    }
}

/// A [`JobHandle`] that cancels its job when it is dropped, if the job has not started by then.
/// [`JobHandle::cancel_on_drop`] returns it.
///
/// The drop is a [`cancel`](JobHandle::cancel): the closure is dropped on this thread. A job that
/// has started runs to its end.
#[must_use = "dropping it cancels the job"]
pub struct CancelOnDrop<T> {
    /// `None` once it has been taken out.
    handle: Option<JobHandle<T>>,
}

impl<T> CancelOnDrop<T> {
    /// Waits for the outcome, as [`JobHandle::join`] does.
    ///
    /// # Panics
    ///
    /// If the handle has already returned the outcome as a future.
    pub fn join(self) -> Outcome<T> {
        self.into_handle().join()
    }

    /// Returns the handle, whose drop detaches the job.
    pub fn into_handle(mut self) -> JobHandle<T> {
        let Some(handle) = self.handle.take() else { unreachable!("it is taken once") };
        handle
    }
}

impl<T> Deref for CancelOnDrop<T> {
    type Target = JobHandle<T>;

    fn deref(&self) -> &JobHandle<T> {
        self.handle.as_ref().expect("it is there until it is taken out")
    }
}

/// Resolves to the outcome of the job.
///
/// # Panics
///
/// If it is polled again after that.
impl<T> Future for CancelOnDrop<T> {
    type Output = Outcome<T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Outcome<T>> {
        let handle = self.handle.as_mut().expect("it is there until it is taken out");
        Pin::new(handle).poll(context)
    }
}

impl<T> Drop for CancelOnDrop<T> {
    fn drop(&mut self) {
        if let Some(handle) = &self.handle {
            handle.cancel();
        }
    }
}

impl<T> fmt::Debug for CancelOnDrop<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CancelOnDrop").field("id", &self.id()).finish_non_exhaustive()
    }
}

/// A handle of a job that may borrow for `'a`.
pub(crate) struct Handle<'a, T> {
    /// `None` once a `join` method has returned the outcome: then there is nothing to detach.
    submission: Option<Arc<dyn Awaitable<T> + 'a>>,
    shared: Arc<Shared>,
    id: JobId,
    /// Makes the handle `Send` and `Sync` where a lock around the outcome is.
    outcome: PhantomData<Mutex<Outcome<T>>>,
}

// A handle holds no user data, and a panic breaks none of its invariants: what it shares is behind
// locks, and no user code runs under them.
impl<T> Unpin for Handle<'_, T> {}
impl<T> UnwindSafe for Handle<'_, T> {}
impl<T> RefUnwindSafe for Handle<'_, T> {}

impl<'a, T> Handle<'a, T> {
    pub(crate) fn new(
        submission: Arc<dyn Awaitable<T> + 'a>,
        shared: Arc<Shared>,
        id: JobId,
    ) -> Self {
        Handle { submission: Some(submission), shared, id, outcome: PhantomData }
    }

    pub(crate) fn id(&self) -> JobId {
        self.id
    }

    pub(crate) fn is_finished(&self) -> bool {
        self.submission().is_finished()
    }

    pub(crate) fn cancel(&self) -> Cancellation {
        if self.shared.cancel(self.submission().as_any_submission(), CancelReason::Requested) {
            Cancellation::Cancelled
        } else if self.is_finished() {
            Cancellation::Finished
        } else {
            Cancellation::Started
        }
    }

    pub(crate) fn join(self) -> Outcome<T> {
        self.look();
        // Each function that passes a large result on needs stack for a copy of it.
        let join = if Size::<T>::IS_LARGE { Self::join_large } else { Self::join_small };
        join(self)
    }

    pub(crate) fn try_join(self) -> Result<Outcome<T>, Self> {
        self.join_or_return(Pending::Return)
    }

    pub(crate) fn join_timeout(self, timeout: Duration) -> Result<Outcome<T>, Self> {
        self.join_or_return(Pending::Wait(Deadline::after(timeout)))
    }

    pub(crate) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Outcome<T>> {
        // Wakers are user code, so this one is cloned before the lock is taken.
        let pending = Pending::Register(context.waker().clone());
        if Size::<T>::IS_LARGE {
            let (outcome, panics) = self.submission().take_boxed(pending);
            self.shared.count_panics(panics);
            outcome.map_or(Poll::Pending, |outcome| Poll::Ready(outcome.map(|value| *value)))
        } else {
            let (outcome, panics) = self.submission().take(pending);
            self.shared.count_panics(panics);
            outcome.map_or(Poll::Pending, Poll::Ready)
        }
    }

    fn join_small(mut self) -> Outcome<T> {
        let outcome = waited(|pending| self.submission().take(pending));
        self.submission = None;
        outcome
    }

    fn join_large(mut self) -> Outcome<T> {
        let outcome = waited(|pending| self.submission().take_boxed(pending));
        self.submission = None;
        outcome.map(|value| *value)
    }

    /// Returns the outcome if there is one, and otherwise, after what `pending` says, the handle.
    fn join_or_return(mut self, pending: Pending) -> Result<Outcome<T>, Self> {
        if Size::<T>::IS_LARGE {
            let Some(outcome) = self.submission().take_boxed(pending).0 else { return Err(self) };
            self.submission = None;
            Ok(outcome.map(|value| *value))
        } else {
            let Some(outcome) = self.submission().take(pending).0 else { return Err(self) };
            self.submission = None;
            Ok(outcome)
        }
    }

    /// Looks on for the outcome for a moment, if that has paid.
    fn look(&self) {
        let beacon = self.submission().beacon();
        if beacon.is_raised() {
            return;
        }
        let joins = &self.shared.joins;
        let before = joins.get();
        let mut patience = Patience::from_bits(before);
        if patience.should_look() {
            patience.observe(beacon.look(Patience::LOOK));
        }
        // A write would take the cache line away from workers.
        if patience.to_bits() != before {
            joins.set(patience.to_bits());
        }
    }

    fn submission(&self) -> &(dyn Awaitable<T> + 'a) {
        self.submission.as_deref().expect("a handle has its job until it returns the outcome")
    }
}

/// Waits for the outcome without a deadline.
fn waited<V>(take: impl FnOnce(Pending) -> (Option<Outcome<V>>, u64)) -> Outcome<V> {
    let (outcome, _) = take(Pending::Wait(Deadline::never()));
    outcome.expect("a wait without a deadline ends with the outcome")
}

impl<T> Drop for Handle<'_, T> {
    fn drop(&mut self) {
        if let Some(submission) = &self.submission {
            self.shared.count_panics(submission.detach());
        }
    }
}
