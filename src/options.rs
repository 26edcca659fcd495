//! The options of one job.

use std::fmt;
use std::time::Duration;

use crate::error::SubmitError;
use crate::handle::JobHandle;
use crate::job::{Job, Label};
use crate::submit_async::SubmitAsync;
use crate::submitter::Submitter;
use crate::sync::Deadline;

/// The options of one job; [`Submitter::job`] and [`ThreadPool::job`](crate::ThreadPool::job)
/// return it. Its last method submits the job, as the method of the [`Submitter`] with the same
/// name does.
///
/// ```
/// # if last_call::UNDER_MODEL { return Ok(()) }
/// use std::time::Duration;
///
/// let pool = last_call::ThreadPool::new(1);
/// let (open, gate) = std::sync::mpsc::channel::<()>();
/// pool.job().name("resize").execute(move || drop(gate.recv()))?;
/// let title = pool.job().name("title").submit(|| "Last call")?;
///
/// let report = pool.shutdown_timeout(Duration::from_millis(10));
/// for job in &report.unfinished_jobs {
///     assert_eq!(job.name, "resize");
/// }
/// assert!(title.join().is_cancelled());
/// drop(open);
/// # Ok::<(), last_call::JobRefused>(())
/// ```
#[derive(Clone, Copy)]
#[must_use = "the options do nothing until a job is submitted with them"]
pub struct JobOptions<'a> {
    submitter: &'a Submitter,
    name: Option<&'static str>,
}

impl<'a> JobOptions<'a> {
    pub(crate) fn new(submitter: &'a Submitter) -> Self {
        JobOptions { submitter, name: None }
    }

    /// Sets the name by which reports and events mention the job. The default is the type name of
    /// its closure, which says in which function it was written, except for a boxed closure.
    pub fn name(mut self, name: &'static str) -> Self {
        self.name = Some(name);
        self
    }

    #[track_caller]
    fn label(&self) -> Label {
        Label { name: self.name, ..Label::here() }
    }

    /// As [`Submitter::execute`].
    ///
    /// # Errors
    ///
    /// As there.
    #[track_caller]
    pub fn execute<F>(self, job: F) -> Result<(), SubmitError<F>>
    where
        F: FnOnce() + Send + 'static,
    {
        self.submitter.enqueue(Job::detached(job, self.label()), Some(Deadline::never()))
    }

    /// As [`Submitter::try_execute`].
    ///
    /// # Errors
    ///
    /// As there.
    #[track_caller]
    pub fn try_execute<F>(self, job: F) -> Result<(), SubmitError<F>>
    where
        F: FnOnce() + Send + 'static,
    {
        self.submitter.enqueue(Job::detached(job, self.label()), None)
    }

    /// As [`Submitter::execute_timeout`].
    ///
    /// # Errors
    ///
    /// As there.
    #[track_caller]
    pub fn execute_timeout<F>(self, job: F, timeout: Duration) -> Result<(), SubmitError<F>>
    where
        F: FnOnce() + Send + 'static,
    {
        self.submitter.enqueue(Job::detached(job, self.label()), Some(Deadline::after(timeout)))
    }

    /// As [`Submitter::submit`].
    ///
    /// # Errors
    ///
    /// As there.
    #[track_caller]
    pub fn submit<F, T>(self, job: F) -> Result<JobHandle<T>, SubmitError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.submitter.enqueue_with_handle(job, self.label(), Some(Deadline::never()))
    }

    /// As [`Submitter::try_submit`].
    ///
    /// # Errors
    ///
    /// As there.
    #[track_caller]
    pub fn try_submit<F, T>(self, job: F) -> Result<JobHandle<T>, SubmitError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.submitter.enqueue_with_handle(job, self.label(), None)
    }

    /// As [`Submitter::submit_timeout`].
    ///
    /// # Errors
    ///
    /// As there.
    #[track_caller]
    pub fn submit_timeout<F, T>(
        self,
        job: F,
        timeout: Duration,
    ) -> Result<JobHandle<T>, SubmitError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.submitter.enqueue_with_handle(job, self.label(), Some(Deadline::after(timeout)))
    }
}

impl JobOptions<'_> {
    /// As [`Submitter::submit_async`].
    #[track_caller]
    pub fn submit_async<F, T>(self, job: F) -> SubmitAsync<F, T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        SubmitAsync::new(self.submitter.clone(), job, self.label())
    }
}

impl fmt::Debug for JobOptions<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobOptions").field("name", &self.name).finish_non_exhaustive()
    }
}
