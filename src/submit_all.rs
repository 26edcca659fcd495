//! Submitting many jobs at once.

use std::{error, fmt, iter};

use crate::error::{RefusalKind, SubmitError};
use crate::events;
use crate::handle::JobHandle;
use crate::job::{storing, Job, Label, MakeOffer, Offer};
use crate::pool::ThreadPool;
use crate::queue::Queue;
use crate::report::JobId;
use crate::submitter::Submitter;
use crate::sync::{Arc, Deadline};

impl ThreadPool {
    /// Submits jobs without handles, all at once. See [`Submitter::execute_all`].
    ///
    /// # Errors
    ///
    /// [`SubmitAllError`] with the closures that were refused.
    #[track_caller]
    pub fn execute_all<I, F>(&self, jobs: I) -> Result<(), SubmitAllError<F, usize>>
    where
        I: IntoIterator<Item = F>,
        F: FnOnce() + Send + 'static,
    {
        self.as_submitter().execute_all(jobs)
    }

    /// Submits jobs, all at once, and returns their handles. See [`Submitter::submit_all`].
    ///
    /// # Errors
    ///
    /// [`SubmitAllError`] with the closures that were refused.
    #[track_caller]
    #[allow(clippy::type_complexity)] // in full, for those who read the signature
    pub fn submit_all<I, F, T>(
        &self,
        jobs: I,
    ) -> Result<Vec<JobHandle<T>>, SubmitAllError<F, Vec<JobHandle<T>>>>
    where
        I: IntoIterator<Item = F>,
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.as_submitter().submit_all(jobs)
    }
}

impl Submitter {
    /// Submits jobs without handles: [`execute`](Self::execute) for many jobs. See
    /// [`submit_all`](Self::submit_all).
    ///
    /// # Errors
    ///
    /// [`SubmitAllError`] with the closures that were refused, and the number of jobs before them,
    /// which were accepted.
    ///
    /// ```
    /// # if last_call::UNDER_MODEL { return }
    /// let pool = last_call::ThreadPool::new(2);
    /// let lines = ["one", "two", "three"];
    /// pool.execute_all(lines.map(|line| move || println!("{line}"))).expect("the pool is running");
    /// assert_eq!(pool.shutdown().completed, 3);
    /// ```
    #[track_caller]
    pub fn execute_all<I, F>(&self, jobs: I) -> Result<(), SubmitAllError<F, usize>>
    where
        I: IntoIterator<Item = F>,
        F: FnOnce() + Send + 'static,
    {
        let label = Label::here();
        let jobs: Vec<_> = jobs.into_iter().map(|job| Job::detached(job, label)).collect();
        let mut accepted = 0;
        self.enqueue_all(jobs, |_| accepted += 1).map_err(|(jobs, kind)| {
            let closures = jobs.into_iter().map(Job::into_detached);
            SubmitAllError::new(accepted, closures, kind)
        })
    }

    /// Submits jobs and returns their handles: [`submit`](Self::submit) for many jobs, of which those
    /// that find slots are enqueued under one lock.
    ///
    /// First it takes all jobs from the iterator. Those that find a slot at once are accepted in one
    /// step: their ids follow one another, no other job comes between them, and for each of them a
    /// sleeping worker is woken, if there is one. While a bounded queue is full, this waits for the
    /// next slot; then other jobs may come in between. [`map`](Self::map) takes jobs as there is room.
    ///
    /// What this adds to a loop of [`submit`](Self::submit) is that nothing comes in between. It is
    /// not faster: in a loop, workers begin while the caller submits.
    ///
    /// # Errors
    ///
    /// [`SubmitAllError`] with the closures that were refused, and the handles of the jobs before
    /// them, which were accepted: if the pool has begun to shut down, also while this waits; or if
    /// this is one of its own workers and would have to wait.
    ///
    /// ```
    /// # if last_call::UNDER_MODEL { return Ok(()) }
    /// let pool = last_call::ThreadPool::new(2);
    /// let handles = pool.submit_all((1..=5).map(|n| move || n * n))?;
    /// let squares: Vec<_> = handles.into_iter().map(|handle| handle.join().unwrap()).collect();
    /// assert_eq!(squares, [1, 4, 9, 16, 25]);
    /// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
    /// ```
    #[track_caller]
    #[allow(clippy::type_complexity)] // in full, for those who read the signature
    pub fn submit_all<I, F, T>(
        &self,
        jobs: I,
    ) -> Result<Vec<JobHandle<T>>, SubmitAllError<F, Vec<JobHandle<T>>>>
    where
        I: IntoIterator<Item = F>,
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let label = Label::here();
        let offers = jobs.into_iter().map(|job| storing()(job, MakeOffer(label)));
        let (jobs, offers): (Vec<_>, Vec<_>) = offers.unzip();
        let mut handles = Vec::with_capacity(offers.len());
        let mut offers = offers.into_iter();
        let result = self.enqueue_all(jobs, |id| {
            let handle = |offer: Arc<dyn Offer<F, T>>| {
                JobHandle::new(offer.into_awaitable(), Arc::clone(self.shared()), id)
            };
            handles.extend(offers.next().map(handle));
        });
        match result {
            Ok(()) => Ok(handles),
            Err((jobs, kind)) => {
                let error =
                    SubmitAllError::new(handles, offers.map(|offer| offer.take_closure()), kind);
                drop(jobs);
                Err(error)
            }
        }
    }

    /// Enqueues jobs, and calls `accepted` with the id of each, in order. While a bounded queue is
    /// full, it waits.
    ///
    /// # Errors
    ///
    /// The jobs that were refused, and why the first of them was.
    fn enqueue_all(
        &self,
        jobs: Vec<Job>,
        mut accepted: impl FnMut(JobId),
    ) -> Result<(), (Vec<Job>, RefusalKind)> {
        let queue = &self.shared().queue;
        let mut jobs = jobs.into_iter();
        loop {
            queue.push_all(&mut jobs).map(JobId).for_each(&mut accepted);
            let Some(job) = jobs.next() else { return Ok(()) };
            match self.push(job, Some(Deadline::never())) {
                Ok(number) => accepted(JobId(number)),
                Err((job, kind)) => {
                    // A slot that becomes free now does not help those behind.
                    queue.reject(jobs.len() as u64);
                    jobs.as_slice().iter().for_each(|_| events::job_refused(kind.text()));
                    return Err((iter::once(job).chain(jobs).collect(), kind));
                }
            }
        }
    }
}

/// Some of the jobs that were submitted at once were refused. They have not run and never will.
///
/// [`Submitter::submit_all`] and [`execute_all`](Submitter::execute_all) return it. The jobs before
/// them were accepted.
///
/// ```
/// # if last_call::UNDER_MODEL { return }
/// let pool = last_call::ThreadPool::new(1);
/// pool.shutdown_trigger().drain();
/// let error = pool.execute_all([|| println!("one"), || println!("two")]).unwrap_err();
/// assert_eq!((error.accepted, error.refused.len()), (0, 2));
/// for refused in error.refused {
///     refused.into_job()(); // here, later, or never
/// }
/// ```
#[non_exhaustive]
pub struct SubmitAllError<F, A> {
    /// The handles of the accepted jobs, or their number if they have none.
    pub accepted: A,
    /// The refused jobs, in order, each with the reason.
    pub refused: Vec<SubmitError<F>>,
    kind: RefusalKind,
}

impl<F, A> SubmitAllError<F, A> {
    fn new(accepted: A, refused: impl Iterator<Item = Box<F>>, kind: RefusalKind) -> Self {
        let refused = refused.map(|closure| SubmitError::new(closure, kind)).collect();
        SubmitAllError { accepted, refused, kind }
    }

    /// Returns the kind of the reason, which is the same for all jobs.
    pub fn kind(&self) -> RefusalKind {
        self.kind
    }
}

impl<F, A> fmt::Debug for SubmitAllError<F, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SubmitAllError")
            .field("refused", &self.refused.len())
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

impl<F, A> fmt::Display for SubmitAllError<F, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "refused jobs: {}; {}", self.refused.len(), self.kind.text())
    }
}

impl<F, A> error::Error for SubmitAllError<F, A> {}
