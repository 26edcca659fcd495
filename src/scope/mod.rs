//! Jobs that borrow: all of them have ended when the scope returns.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use crate::error::{SubmitError, WaitError};
use crate::handle::{Cancellation, Handle};
use crate::job::{
    storing, AnySubmission, Awaitable, Claimant, Code, Job, Label, Pending, Size, Stored,
    Submission, WithCode,
};
use crate::outcome::Outcome;
use crate::panics::catch;
use crate::pool::ThreadPool;
use crate::report::JobId;
use crate::submitter::Submitter;
use crate::sync::{Arc, Beacon, Deadline};

mod erase;
mod latch;

use erase::erase;
use latch::Latch;

impl ThreadPool {
    /// Runs `body`, which may submit jobs that borrow, and waits until they have ended. See
    /// [`Submitter::scope`].
    ///
    /// # Errors
    ///
    /// [`WaitError`], if this is a job of the pool. `body` has not run.
    ///
    /// # Panics
    ///
    /// With the panic of `body`, after the jobs have ended.
    pub fn scope<'env, B, R>(&self, body: B) -> Result<R, WaitError>
    where
        B: for<'scope> FnOnce(&'scope Scope<'scope, 'env>) -> R,
    {
        self.as_submitter().scope(body)
    }
}

impl Submitter {
    /// Runs `body`, which may submit jobs that borrow, and waits until they have ended.
    ///
    /// When this returns, every job of the scope has run or was cancelled, is counted, and has
    /// dropped what it captured. That holds also if a job or `body` panics, and if the pool is shut
    /// down meanwhile. Jobs of a scope are jobs like any other: they have an [`Outcome`], wait in
    /// the same queue, and a shutdown treats them the same. A scope has no threads of its own and
    /// does not run jobs itself.
    ///
    /// The panic of a job that was submitted with [`execute`](Scope::execute) is in the
    /// [`Report`](crate::Report), and this returns as if the job had completed. Where the result
    /// matters, [`submit`](Scope::submit) the job and look at the outcome.
    ///
    /// # Errors
    ///
    /// [`WaitError`], if this is a job of the pool, which would wait for jobs behind itself. `body`
    /// has not run. A job can submit to the scope that it belongs to instead; see [`Scope`].
    ///
    /// # Panics
    ///
    /// With the panic of `body`, after the jobs have ended.
    ///
    /// ```
    /// # if last_call::UNDER_MODEL { return Ok(()) }
    /// let pool = last_call::ThreadPool::new(2);
    /// let mut numbers = [1, 2, 3, 4, 5, 6];
    /// pool.scope(|scope| {
    ///     for half in numbers.chunks_mut(3) {
    ///         scope.execute(|| half.iter_mut().for_each(|n| *n *= *n)).expect("it is running");
    ///     }
    /// })?;
    /// assert_eq!(numbers, [1, 4, 9, 16, 25, 36]);
    /// # Ok::<(), last_call::WaitError>(())
    /// ```
    pub fn scope<'env, B, R>(&self, body: B) -> Result<R, WaitError>
    where
        B: for<'scope> FnOnce(&'scope Scope<'scope, 'env>) -> R,
    {
        if self.shared().is_own_worker() {
            return Err(WaitError::WOULD_DEADLOCK);
        }
        let latch = Arc::new(Latch::new());
        let scope = Scope {
            submitter: self.clone(),
            latch: Arc::clone(&latch),
            lifetime: PhantomData,
            env: PhantomData,
        };
        let result = catch(|| body(&scope));
        // The safety of `erase` rests on this: no path leads around the wait.
        latch.wait();
        result.map_or_else(|panic| resume_unwind(panic), Ok)
    }
}

/// Submits jobs that may borrow from outside of a [`scope`](Submitter::scope), which waits for
/// them.
///
/// The two lifetimes are those of [`std::thread::Scope`]: jobs may borrow what lives for `'env`,
/// and have ended at the end of `'scope`. Jobs can submit more jobs to the same scope:
///
/// ```
/// # if last_call::UNDER_MODEL { return Ok(()) }
/// use std::sync::atomic::{AtomicU64, Ordering};
///
/// use last_call::{Scope, ThreadPool};
///
/// /// Adds the numbers to the total, in jobs of at most four numbers.
/// fn add<'scope>(scope: &'scope Scope<'scope, '_>, numbers: &'scope [u64], total: &'scope AtomicU64) {
///     if numbers.len() <= 4 {
///         total.fetch_add(numbers.iter().sum(), Ordering::Relaxed);
///         return;
///     }
///     let (left, right) = numbers.split_at(numbers.len() / 2);
///     scope.execute(move || add(scope, left, total)).expect("the pool is running");
///     add(scope, right, total);
/// }
///
/// let pool = ThreadPool::new(2);
/// let numbers: Vec<u64> = (1..=100).collect();
/// let total = AtomicU64::new(0);
/// pool.scope(|scope| add(scope, &numbers, &total))?;
/// assert_eq!(total.into_inner(), 5050);
/// # Ok::<(), last_call::WaitError>(())
/// ```
///
/// A job cannot borrow from the body, which may end before it:
///
/// ```compile_fail,E0373
/// let pool = last_call::ThreadPool::new(2);
/// let _ = pool.scope(|scope| {
///     let local = 1;
///     scope.execute(|| println!("{local}"))
/// });
/// ```
pub struct Scope<'scope, 'env: 'scope> {
    submitter: Submitter,
    latch: Arc<Latch>,
    /// Invariant, as in the standard library: a longer or shorter `'scope` would be another scope.
    lifetime: PhantomData<&'scope mut &'scope ()>,
    env: PhantomData<&'env mut &'env ()>,
}

impl<'scope> Scope<'scope, '_> {
    /// Submits a job without a handle, as [`Submitter::execute`] does.
    ///
    /// # Errors
    ///
    /// [`SubmitError`] with the closure, as there.
    #[track_caller]
    pub fn execute<F>(&'scope self, job: F) -> Result<(), SubmitError<F>>
    where
        F: FnOnce() + Send + 'scope,
    {
        self.enqueue(job, Label::here(), true, Some(Deadline::never())).map(drop)
    }

    /// Submits a job without a handle, as [`Submitter::try_execute`] does: it never waits for a
    /// free slot.
    ///
    /// # Errors
    ///
    /// [`SubmitError`] with the closure, as there.
    #[track_caller]
    pub fn try_execute<F>(&'scope self, job: F) -> Result<(), SubmitError<F>>
    where
        F: FnOnce() + Send + 'scope,
    {
        self.enqueue(job, Label::here(), true, None).map(drop)
    }

    /// Submits a job and returns its handle, as [`Submitter::submit`] does.
    ///
    /// # Errors
    ///
    /// [`SubmitError`] with the closure, as there.
    ///
    /// ```
    /// # if last_call::UNDER_MODEL { return Ok(()) }
    /// let pool = last_call::ThreadPool::new(2);
    /// let words = vec!["every", "job", "runs", "or", "is", "reported"];
    /// let longest = pool.scope(|scope| {
    ///     let job = scope.submit(|| words.iter().max_by_key(|word| word.len()));
    ///     job.expect("the pool is running").join().unwrap().copied()
    /// })?;
    /// assert_eq!(longest, Some("reported"));
    /// # Ok::<(), last_call::WaitError>(())
    /// ```
    #[track_caller]
    pub fn submit<F, T>(&'scope self, job: F) -> Result<ScopedJobHandle<'scope, T>, SubmitError<F>>
    where
        F: FnOnce() -> T + Send + 'scope,
        T: Send + 'scope,
    {
        self.enqueue_with_handle(job, Label::here(), Some(Deadline::never()))
    }

    /// Submits a job and returns its handle, as [`Submitter::try_submit`] does: it never waits for
    /// a free slot.
    ///
    /// # Errors
    ///
    /// [`SubmitError`] with the closure, as there.
    #[track_caller]
    pub fn try_submit<F, T>(
        &'scope self,
        job: F,
    ) -> Result<ScopedJobHandle<'scope, T>, SubmitError<F>>
    where
        F: FnOnce() -> T + Send + 'scope,
        T: Send + 'scope,
    {
        self.enqueue_with_handle(job, Label::here(), None)
    }

    fn enqueue_with_handle<F, T>(
        &'scope self,
        job: F,
        label: Label,
        until: Option<Deadline>,
    ) -> Result<ScopedJobHandle<'scope, T>, SubmitError<F>>
    where
        F: FnOnce() -> T + Send + 'scope,
        T: Send + 'scope,
    {
        let (job, id) = self.enqueue(job, label, false, until)?;
        let handle = Handle::new(job, Arc::clone(self.submitter.shared()), id);
        Ok(ScopedJobHandle { handle })
    }

    fn enqueue<F, T>(
        &'scope self,
        job: F,
        label: Label,
        detached: bool,
        until: Option<Deadline>,
    ) -> Result<Accepted<'scope, T>, SubmitError<F>>
    where
        F: FnOnce() -> T + Send + 'scope,
        T: Send + 'scope,
    {
        storing()(job, Enqueue { scope: self, label, detached, until })
    }

    fn enqueue_code<C, F, T>(
        &'scope self,
        code: C,
        label: Label,
        detached: bool,
        until: Option<Deadline>,
    ) -> Result<Accepted<'scope, T>, SubmitError<F>>
    where
        C: Code<Closure = F, Output = T> + 'scope,
        T: Send + 'scope,
    {
        if Size::<T>::IS_LARGE {
            self.enqueue_scoped(Scoped::<C, Box<T>>::new(code, detached, &self.latch), label, until)
        } else {
            self.enqueue_scoped(Scoped::<C, T>::new(code, detached, &self.latch), label, until)
        }
    }

    fn enqueue_scoped<C, V>(
        &'scope self,
        job: Arc<Scoped<C, V>>,
        label: Label,
        until: Option<Deadline>,
    ) -> Result<Accepted<'scope, C::Output>, SubmitError<C::Closure>>
    where
        C: Code + 'scope,
        V: Stored<C::Output> + 'scope,
    {
        self.latch.add();
        let shared = Arc::clone(&job) as Arc<dyn AnySubmission + 'scope>;
        // SAFETY: the job is counted in the latch, and `Submitter::scope` waits for the latch
        // before `'scope` ends.
        #[allow(unsafe_code)]
        let erased = unsafe { erase(shared) };
        match self.submitter.push(Job::shared(erased, label), until) {
            Ok(number) => Ok((job, JobId(number))),
            Err((refused, kind)) => {
                let closure = job.submission.take_closure();
                drop(refused);
                self.latch.release();
                Err(SubmitError::new(closure, kind))
            }
        }
    }
}

/// Enqueues a closure as a job of the scope.
struct Enqueue<'scope, 'env> {
    scope: &'scope Scope<'scope, 'env>,
    label: Label,
    detached: bool,
    until: Option<Deadline>,
}

impl<'scope, F, T> WithCode<'scope, F, T> for Enqueue<'scope, '_>
where
    T: Send + 'scope,
{
    type Result = Result<Accepted<'scope, T>, SubmitError<F>>;

    fn with(self, code: impl Code<Closure = F, Output = T> + 'scope) -> Self::Result {
        self.scope.enqueue_code(code, self.label, self.detached, self.until)
    }
}

impl fmt::Debug for Scope<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope").finish_non_exhaustive()
    }
}

/// An accepted job, and its id.
type Accepted<'scope, T> = (Arc<dyn Awaitable<T> + 'scope>, JobId);

/// A job of a scope: what the queue and the handle share.
///
/// Whoever has claimed it releases the latch, after its end.
struct Scoped<C, V> {
    submission: Submission<C, V>,
    latch: Arc<Latch>,
}

impl<C, V> Scoped<C, V> {
    fn new(code: C, detached: bool, latch: &Arc<Latch>) -> Arc<Self> {
        let submission = Submission::unshared(code, detached);
        Arc::new(Scoped { submission, latch: Arc::clone(latch) })
    }
}

impl<C, V> AnySubmission for Scoped<C, V>
where
    C: Code,
    V: Stored<C::Output>,
{
    fn process(&self, label: Label, claimant: &mut dyn Claimant) -> bool {
        let claimed = self.submission.process(label, claimant);
        if claimed {
            self.latch.release();
        }
        claimed
    }

    fn is_claimed(&self) -> bool {
        self.submission.is_claimed()
    }

    fn abandon(&self) -> bool {
        let claimed = self.submission.abandon();
        if claimed {
            self.latch.release();
        }
        claimed
    }

    fn is_finished(&self) -> bool {
        self.submission.is_finished()
    }

    fn beacon(&self) -> &Beacon {
        self.submission.beacon()
    }

    fn detach(&self) -> u64 {
        self.submission.detach()
    }
}

impl<C, V> Awaitable<C::Output> for Scoped<C, V>
where
    C: Code,
    V: Stored<C::Output>,
{
    fn take(&self, pending: Pending) -> (Option<Outcome<C::Output>>, u64) {
        self.submission.take(pending)
    }

    fn take_boxed(&self, pending: Pending) -> (Option<Outcome<Box<C::Output>>>, u64) {
        self.submission.take_boxed(pending)
    }

    fn as_any_submission(&self) -> &dyn AnySubmission {
        self
    }
}

/// The handle of a job of a [`Scope`]. It does what a [`JobHandle`](crate::JobHandle) does, inside
/// of the scope. Dropping it detaches the job, for which the scope still waits.
#[must_use = "dropping the handle detaches the job; `execute` does without one"]
pub struct ScopedJobHandle<'scope, T> {
    handle: Handle<'scope, T>,
}

impl<T> ScopedJobHandle<'_, T> {
    /// Returns the position of the job in the order of acceptance.
    pub fn id(&self) -> JobId {
        self.handle.id()
    }

    /// Returns `true` if the job has its outcome. The `join` methods then return at once.
    pub fn is_finished(&self) -> bool {
        self.handle.is_finished()
    }

    /// Cancels the job if it has not started, as [`JobHandle::cancel`](crate::JobHandle::cancel)
    /// does.
    pub fn cancel(&self) -> Cancellation {
        self.handle.cancel()
    }

    /// Waits for the outcome. Everything that the job does, including the drop of its captures,
    /// happens before this returns.
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
    pub fn try_join(self) -> Result<Outcome<T>, Self> {
        self.handle.try_join().map_err(|handle| ScopedJobHandle { handle })
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
    pub fn join_timeout(self, timeout: Duration) -> Result<Outcome<T>, Self> {
        self.handle.join_timeout(timeout).map_err(|handle| ScopedJobHandle { handle })
    }
}

/// Resolves to the outcome of the job.
///
/// # Panics
///
/// If it is polled again after that.
impl<T> Future for ScopedJobHandle<'_, T> {
    type Output = Outcome<T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Outcome<T>> {
        self.handle.poll(context)
    }
}

impl<T> fmt::Debug for ScopedJobHandle<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScopedJobHandle").field("id", &self.id()).finish_non_exhaustive()
    }
}

#[cfg(all(test, not(all(loom, feature = "__internals"))))]
mod tests {
    use super::{Awaitable, Latch, Scoped};
    use crate::job::{AnySubmission, InPlace, Job, Label, Pending};
    use crate::sync::Arc;

    /// No queue drops a job while a scope waits for it, but if one did, the scope would end.
    #[test]
    fn a_job_that_is_dropped_unprocessed_is_counted_off_once() {
        let latch = Arc::new(Latch::new());
        let job = Scoped::<_, &str>::new(InPlace(|| "never run"), false, &latch);
        latch.add();
        drop(Job::shared(Arc::clone(&job) as Arc<dyn AnySubmission>, Label::here()));
        assert!(!job.abandon(), "once");
        latch.wait();
        assert!(job.take(Pending::Return).0.expect("it has its outcome").is_cancelled());
    }
}
