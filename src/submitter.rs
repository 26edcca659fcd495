//! Submitting jobs.

use std::fmt;
use std::time::Duration;

use crate::error::{RefusalKind, SubmitError, WaitError};
use crate::events;
use crate::handle::JobHandle;
use crate::job::{storing, Code, Job, Label, Size, Stored, Submission, WithCode};
use crate::options::JobOptions;
use crate::queue::{Queue, Refusal, Refused, Wait};
use crate::report::{JobId, Stats};
use crate::shared::Shared;
use crate::sync::{Arc, Deadline};
use crate::trigger::StopToken;

/// Submits jobs from any thread, also from jobs. Clones submit to the same pool.
///
/// It does not keep the pool alive: once shutdown has begun, every submission is refused.
///
/// ```
/// # if last_call::UNDER_MODEL { return }
/// let pool = last_call::ThreadPool::new(2);
/// let submitter = pool.submitter();
/// let outer = pool.submit(move || submitter.submit(|| "from a job").map_err(|_| "too late"));
/// let inner = outer.expect("the pool is running").join().unwrap().expect("it still is");
/// assert_eq!(inner.join().unwrap(), "from a job");
/// ```
#[derive(Clone)]
pub struct Submitter {
    shared: Arc<Shared>,
}

impl Submitter {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Submitter { shared }
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// Submits a job without a handle. While a bounded queue is full, it waits for a free slot.
    ///
    /// The job returns nothing. In particular it cannot return a `Result`: nobody would read its
    /// error, and a report that counts the job as completed would hide it. Handle the error in the
    /// job, or [`submit`](Self::submit) the job and read the error from the handle.
    ///
    /// ```
    /// # if last_call::UNDER_MODEL { return Ok(()) }
    /// let pool = last_call::ThreadPool::new(1);
    /// let remove = || std::fs::remove_file("no such file");
    /// pool.execute(move || {
    ///     if let Err(error) = remove() {
    ///         println!("the file stays: {error}");
    ///     }
    /// })?;
    /// let removed = pool.submit(remove)?;
    /// assert!(removed.join().into_result()?.is_err());
    /// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`SubmitError`] with the closure, if the pool has begun to shut down, also while this waits;
    /// or if this is one of its own workers and would have to wait.
    #[track_caller]
    pub fn execute<F>(&self, job: F) -> Result<(), SubmitError<F>>
    where
        F: FnOnce() + Send + 'static,
    {
        self.enqueue(Job::detached(job, Label::here()), Some(Deadline::never()))
    }

    /// Submits a job without a handle, if there is a free slot; returns at once.
    ///
    /// # Errors
    ///
    /// [`SubmitError`] with the closure, if the queue is full or the pool has begun to shut down.
    ///
    /// ```
    /// # if last_call::UNDER_MODEL { return Ok(()) }
    /// let pool = last_call::ThreadPool::builder().workers(1).capacity(1).build()?;
    /// let (open, gate) = std::sync::mpsc::channel::<()>();
    /// let mut accepted = 0;
    /// pool.execute(move || drop(gate.recv())).expect("the pool is running");
    /// let error = loop {
    ///     match pool.try_execute(|| ()) {
    ///         Ok(()) => accepted += 1,
    ///         Err(error) => break error,
    ///     }
    /// };
    /// assert!(error.is_full() && accepted <= 1);
    /// drop(open);
    /// # Ok::<(), last_call::BuildError>(())
    /// ```
    #[track_caller]
    pub fn try_execute<F>(&self, job: F) -> Result<(), SubmitError<F>>
    where
        F: FnOnce() + Send + 'static,
    {
        self.enqueue(Job::detached(job, Label::here()), None)
    }

    /// Submits a job without a handle, and waits for a free slot for at most `timeout`.
    ///
    /// A timeout too large to represent means no deadline; zero checks without waiting.
    ///
    /// # Errors
    ///
    /// [`SubmitError`] with the closure, if the queue stayed full; otherwise as for
    /// [`execute`](Self::execute).
    #[track_caller]
    pub fn execute_timeout<F>(&self, job: F, timeout: Duration) -> Result<(), SubmitError<F>>
    where
        F: FnOnce() + Send + 'static,
    {
        self.enqueue(Job::detached(job, Label::here()), Some(Deadline::after(timeout)))
    }

    /// Submits a job and returns its handle. While a bounded queue is full, it waits for a free
    /// slot.
    ///
    /// # Errors
    ///
    /// [`SubmitError`] with the closure, as for [`execute`](Self::execute).
    #[track_caller]
    pub fn submit<F, T>(&self, job: F) -> Result<JobHandle<T>, SubmitError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.enqueue_with_handle(job, Label::here(), Some(Deadline::never()))
    }

    /// Submits a job and returns its handle, if there is a free slot; returns at once.
    ///
    /// # Errors
    ///
    /// [`SubmitError`] with the closure, as for [`try_execute`](Self::try_execute).
    #[track_caller]
    pub fn try_submit<F, T>(&self, job: F) -> Result<JobHandle<T>, SubmitError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.enqueue_with_handle(job, Label::here(), None)
    }

    /// Submits a job and returns its handle, and waits for a free slot for at most `timeout`.
    ///
    /// A timeout too large to represent means no deadline; zero checks without waiting.
    ///
    /// # Errors
    ///
    /// [`SubmitError`] with the closure, as for [`execute_timeout`](Self::execute_timeout).
    #[track_caller]
    pub fn submit_timeout<F, T>(
        &self,
        job: F,
        timeout: Duration,
    ) -> Result<JobHandle<T>, SubmitError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.enqueue_with_handle(job, Label::here(), Some(Deadline::after(timeout)))
    }

    /// Waits until, at one instant between call and return, nothing is queued or running.
    ///
    /// A job that submits another does not look idle in between. If other threads go on submitting,
    /// this returns when it observes such an instant.
    ///
    /// # Errors
    ///
    /// [`WaitError`], if this is a job of the pool, which would wait for itself.
    ///
    /// ```
    /// # if last_call::UNDER_MODEL { return }
    /// let pool = last_call::ThreadPool::new(2);
    /// for n in 0..10 {
    ///     pool.execute(move || println!("{n}")).expect("the pool is running");
    /// }
    /// pool.wait_idle().expect("this is not a job");
    /// assert_eq!(pool.stats().completed, 10);
    /// ```
    pub fn wait_idle(&self) -> Result<(), WaitError> {
        self.wait_idle_until(Deadline::never())
    }

    /// As [`wait_idle`](Self::wait_idle), for at most `timeout`.
    ///
    /// A timeout too large to represent means no deadline; zero checks without waiting.
    ///
    /// # Errors
    ///
    /// [`WaitError`], if the timeout has passed, or if this is a job of the pool.
    pub fn wait_idle_timeout(&self, timeout: Duration) -> Result<(), WaitError> {
        self.wait_idle_until(Deadline::after(timeout))
    }

    fn wait_idle_until(&self, deadline: Deadline) -> Result<(), WaitError> {
        self.shared.wait_idle(deadline)
    }

    /// Returns a token that tells a long job whether the pool is shutting down.
    pub fn stop_token(&self) -> StopToken {
        StopToken::new(Arc::clone(&self.shared))
    }

    /// Returns the counts of the pool so far.
    ///
    /// A call takes one lock for the cancelled jobs, then one for the record of each worker, one
    /// after the other, and then those of the queue: two for
    /// [`QueueKind::TwoLock`](crate::QueueKind), and for `WorkStealing` also those of all deques at
    /// once; one for the others. Each is held for a few reads. Jobs take the same locks, so a worker
    /// that starts or ends a job at that moment waits for as long. Nothing is allocated but, for
    /// `WorkStealing`, a list of the deques.
    pub fn stats(&self) -> Stats {
        self.shared.stats()
    }

    /// Returns the number of workers.
    pub fn workers(&self) -> usize {
        self.shared.records.len()
    }

    /// Returns the number of the worker that this thread is: 0 to [`workers`](Self::workers) − 1,
    /// the number that is in the name of the thread and that hooks get. Returns `None` on any other
    /// thread, and in a start hook.
    ///
    /// It takes a lock and compares this thread with each worker.
    ///
    /// ```
    /// # if last_call::UNDER_MODEL { return }
    /// use std::sync::Mutex;
    ///
    /// let pool = last_call::ThreadPool::new(2);
    /// let done: Vec<_> = (0..pool.workers()).map(|_| Mutex::new(0)).collect();
    /// let scoped = pool.scope(|scope| {
    ///     for _ in 0..100 {
    ///         let job = || *done[pool.current_worker().expect("a worker")].lock().unwrap() += 1;
    ///         scope.execute(job).expect("the pool is running");
    ///     }
    /// });
    /// scoped.expect("this is not a job");
    /// assert_eq!(done.into_iter().map(|done| done.into_inner().unwrap()).sum::<u32>(), 100);
    /// ```
    pub fn current_worker(&self) -> Option<usize> {
        self.shared.current_worker()
    }

    /// Returns the options of one job, which is then submitted with them.
    ///
    /// ```
    /// # if last_call::UNDER_MODEL { return }
    /// let pool = last_call::ThreadPool::new(1);
    /// let job: Box<dyn FnOnce() + Send> = Box::new(|| panic!("no more paper"));
    /// pool.job().name("print").execute(job).expect("the pool is running");
    /// assert_eq!(pool.shutdown().panics[0].name, "print");
    /// ```
    pub fn job(&self) -> JobOptions<'_> {
        JobOptions::new(self)
    }

    /// Enqueues a job without a handle, made of a closure of this type.
    pub(crate) fn enqueue<F>(&self, job: Job, until: Option<Deadline>) -> Result<(), SubmitError<F>>
    where
        F: FnOnce() + Send + 'static,
    {
        match self.push(job, until) {
            Ok(_) => Ok(()),
            Err((job, kind)) => Err(SubmitError::new(job.into_detached(), kind)),
        }
    }

    pub(crate) fn enqueue_with_handle<F, T>(
        &self,
        job: F,
        label: Label,
        until: Option<Deadline>,
    ) -> Result<JobHandle<T>, SubmitError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        storing()(job, Enqueue { submitter: self, label, until })
    }

    fn enqueue_code<C>(
        &self,
        code: C,
        label: Label,
        until: Option<Deadline>,
    ) -> Result<JobHandle<C::Output>, SubmitError<C::Closure>>
    where
        C: Code + 'static,
        C::Output: Send + 'static,
    {
        if Size::<C::Output>::IS_LARGE {
            let submission = Submission::<C, Box<C::Output>>::new(code);
            let number = self.enqueue_submission(&submission, label, until)?;
            Ok(JobHandle::new(submission, Arc::clone(&self.shared), number))
        } else {
            let submission = Submission::<C, C::Output>::new(code);
            let number = self.enqueue_submission(&submission, label, until)?;
            Ok(JobHandle::new(submission, Arc::clone(&self.shared), number))
        }
    }

    fn enqueue_submission<C, V>(
        &self,
        submission: &Arc<Submission<C, V>>,
        label: Label,
        until: Option<Deadline>,
    ) -> Result<JobId, SubmitError<C::Closure>>
    where
        C: Code + 'static,
        V: Stored<C::Output> + 'static,
    {
        match self.push(submission.job(label), until) {
            Ok(number) => Ok(JobId(number)),
            Err((job, kind)) => {
                let closure = submission.take_closure();
                drop(job);
                Err(SubmitError::new(closure, kind))
            }
        }
    }

    /// Pushes a job to the queue, and waits for a free slot until the deadline if there is one.
    #[inline]
    pub(crate) fn push(
        &self,
        job: Job,
        until: Option<Deadline>,
    ) -> Result<u64, (Job, RefusalKind)> {
        // Whether this thread is a worker matters only if it would have to wait.
        let first = if until.is_some() { Wait::Probe } else { Wait::No };
        match self.shared.queue.push(job, first) {
            Ok(number) => Ok(number),
            Err(refused) => self.push_slow(refused, until),
        }
    }

    /// Goes on with a push that was refused at first.
    #[cold]
    fn push_slow(
        &self,
        Refused { item, refusal }: Refused<Job>,
        until: Option<Deadline>,
    ) -> Result<u64, (Job, RefusalKind)> {
        let queue = &self.shared.queue;
        let (result, full) = match (refusal, until) {
            (Refusal::Full, Some(_)) if self.shared.is_own_worker() => {
                (queue.push(item, Wait::No), RefusalKind::WouldDeadlock)
            }
            (Refusal::Full, Some(deadline)) => {
                (queue.push(item, Wait::Until(deadline)), RefusalKind::Full)
            }
            _ => (Err(Refused { item, refusal }), RefusalKind::Full),
        };
        result.map_err(|Refused { item, refusal }| {
            let kind = match refusal {
                Refusal::Closed => RefusalKind::ShutDown,
                Refusal::Full => full,
                Refusal::TimedOut => RefusalKind::Timeout,
            };
            events::job_refused(kind.text());
            (item, kind)
        })
    }
}

/// Enqueues a closure as a job with a handle.
struct Enqueue<'a> {
    submitter: &'a Submitter,
    label: Label,
    until: Option<Deadline>,
}

impl<F, T> WithCode<'static, F, T> for Enqueue<'_>
where
    T: Send + 'static,
{
    type Result = Result<JobHandle<T>, SubmitError<F>>;

    fn with(self, code: impl Code<Closure = F, Output = T> + 'static) -> Self::Result {
        self.submitter.enqueue_code(code, self.label, self.until)
    }
}

impl fmt::Debug for Submitter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Submitter").finish_non_exhaustive()
    }
}
