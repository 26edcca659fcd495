//! The owner of the pool, and those who may hand in jobs.

use std::fmt;
use std::time::Duration;

use crate::error::{SubmitError, SubmitErrorKind};
use crate::events;
use crate::job::{Job, JobHandle};
use crate::outcome::CancelReason;
use crate::queue::Queue;
use crate::report::{Report, Stats};
use crate::sync::{thread, Arc, Deadline};
use crate::worker::Shared;

/// A fixed number of threads that run jobs in the order in which they were handed in.
///
/// The pool is its one owner's. [`Submitter`]s hand jobs in from elsewhere and do not keep it alive.
///
/// # Shutdown
///
/// Dropping the pool is a shutdown; the methods are for those who want the [`Report`].
///
/// | | running jobs | queued jobs | late submissions | returns |
/// | --- | --- | --- | --- | --- |
/// | drop, [`shutdown`](Self::shutdown) | end | run | refused | when every worker thread is joined |
/// | [`shutdown_now`](Self::shutdown_now) | end | are cancelled | refused | when every worker thread is joined |
/// | [`shutdown_timeout`](Self::shutdown_timeout) | end, or are reported as unfinished | run; at the deadline those left are cancelled | refused | at the deadline at the latest |
///
/// Late means: after the shutdown has begun, running jobs included (a chain of jobs that submit jobs
/// would never drain otherwise). A refused job comes back in the [`SubmitError`].
///
/// Without a deadline, shutdown returns as soon as every job that has started returns. A job that
/// never returns is waited for; a job that waits for a job queued behind it on the only worker never
/// returns. The pool does not keep the process: when `main` returns or calls `exit`, the workers end
/// where they stand, so drop the pool before.
///
/// Dropped or shut down by a job on one of its own workers, the pool cannot wait for itself: it
/// begins the shutdown and lets go. Its workers finish what is queued and end by themselves.
///
/// # Panics of jobs
///
/// A panic in a job is caught: its worker goes on. The payload goes to the job's handle; without
/// one, the [`Report`] keeps the message. Two panics at once (a capture that panics in its
/// destructor while the closure unwinds) abort the process: nobody can catch that.
///
/// ```
/// # if last_call::UNDER_LOOM { return }
/// use last_call::ThreadPool;
///
/// let pool = ThreadPool::new(4);
/// let answer = pool.submit(|| 6 * 7).expect("the pool is running");
/// pool.execute(|| println!("nobody waits for this one")).expect("the pool is running");
/// assert_eq!(answer.join().unwrap(), 42);
/// drop(pool); // runs what is queued and joins the threads
/// ```
pub struct ThreadPool {
    shared: Arc<Shared>,
    /// In the order of their numbers; empty once shutdown has begun.
    threads: Vec<thread::JoinHandle>,
}

impl ThreadPool {
    pub(crate) fn of(shared: Arc<Shared>, threads: Vec<thread::JoinHandle>) -> Self {
        ThreadPool { shared, threads }
    }

    /// Hands in a job that nobody waits for.
    ///
    /// # Errors
    ///
    /// [`SubmitError`] with the closure, if the pool is shutting down. (As the owner is borrowed
    /// here, that cannot happen yet; it does on a [`Submitter`].)
    pub fn execute<F>(&self, job: F) -> Result<(), SubmitError<F>>
    where
        F: FnOnce() + Send + 'static,
    {
        execute(&self.shared, job)
    }

    /// Hands in a job and returns the handle that waits for its outcome.
    ///
    /// # Errors
    ///
    /// [`SubmitError`] with the closure, as for [`execute`](Self::execute).
    pub fn submit<F, T>(&self, job: F) -> Result<JobHandle<T>, SubmitError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        submit(&self.shared, job)
    }

    /// Returns a handle for handing in jobs from other threads and from jobs.
    pub fn submitter(&self) -> Submitter {
        Submitter { shared: Arc::clone(&self.shared) }
    }

    /// Returns what the pool has done so far.
    pub fn stats(&self) -> Stats {
        self.shared.stats()
    }

    /// Runs what is queued, joins the workers and reports.
    ///
    /// On one of the pool's own workers: see [Shutdown](Self#shutdown); what has not ended then
    /// counts as unfinished.
    pub fn shutdown(mut self) -> Report {
        self.end(false, None)
    }

    /// Cancels what is queued, joins the workers and reports. The handles of cancelled jobs are
    /// resolved first.
    ///
    /// On one of the pool's own workers: as for [`shutdown`](Self::shutdown).
    pub fn shutdown_now(mut self) -> Report {
        self.end(true, None)
    }

    /// Runs what is queued until the timeout has passed, then cancels what is left and reports the
    /// jobs that are still running; their threads are left behind and take no further job.
    ///
    /// The timeout is monotonic time; one that the clock cannot hold is none, which makes this
    /// [`shutdown`](Self::shutdown); zero only looks. In time or not, the worker threads are not
    /// joined: a thread-local destructor that blocks cannot hold this up. What can is a cancelled
    /// job's capture whose destructor blocks, since it is dropped here.
    ///
    /// On one of the pool's own workers: as for [`shutdown`](Self::shutdown).
    pub fn shutdown_timeout(mut self, timeout: Duration) -> Report {
        self.end(false, Some(timeout))
    }

    fn end(&mut self, discard: bool, timeout: Option<Duration>) -> Report {
        events::shutdown_begins(if discard { "discard" } else { "drain" });
        let deadline = timeout.map(Deadline::after).filter(|deadline| !deadline.is_never());
        if discard {
            self.shared.discard(CancelReason::Discarded);
        } else {
            self.shared.queue.close();
        }
        let threads = std::mem::take(&mut self.threads);
        let retire = if is_current_among(&threads) {
            false
        } else if let Some(deadline) = deadline {
            self.late(deadline)
        } else {
            join(threads);
            false
        };
        let report = self.shared.report(retire);
        events::shutdown_ends(&report);
        report
    }

    /// Waits for the workers' exit; at the deadline, cancels what is queued and returns `true`.
    fn late(&self, deadline: Deadline) -> bool {
        // Not `all`: once the deadline has passed, the others are only looked at.
        let mut late = false;
        for (worker, record) in self.shared.records.iter().enumerate() {
            events::shutting_down(worker);
            late |= !record.wait_exited(deadline);
        }
        if late {
            self.shared.discard(CancelReason::DeadlinePassed);
        }
        late
    }
}

/// Joins worker threads, which never panic: user code is caught one by one.
pub(crate) fn join(threads: Vec<thread::JoinHandle>) {
    for (worker, thread) in threads.into_iter().enumerate() {
        events::shutting_down(worker);
        let _ = thread.join();
    }
}

fn is_current_among(threads: &[thread::JoinHandle]) -> bool {
    let current = thread::current_id();
    threads.iter().any(|thread| thread.id() == current)
}

impl Drop for ThreadPool {
    fn drop(&mut self) {
        if !self.threads.is_empty() {
            let _ = self.end(false, None);
        }
    }
}

impl fmt::Debug for ThreadPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThreadPool").field("stats", &self.stats()).finish_non_exhaustive()
    }
}

/// Hands jobs in, from any thread and from jobs; clones hand in to the same pool.
///
/// It does not keep the pool alive: after the owner's shutdown has begun, every submission is
/// refused.
///
/// ```
/// # if last_call::UNDER_LOOM { return }
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
    /// Hands in a job that nobody waits for.
    ///
    /// # Errors
    ///
    /// [`SubmitError`] with the closure, if the pool has begun to shut down.
    pub fn execute<F>(&self, job: F) -> Result<(), SubmitError<F>>
    where
        F: FnOnce() + Send + 'static,
    {
        execute(&self.shared, job)
    }

    /// Hands in a job and returns the handle that waits for its outcome.
    ///
    /// # Errors
    ///
    /// [`SubmitError`] with the closure, if the pool has begun to shut down.
    pub fn submit<F, T>(&self, job: F) -> Result<JobHandle<T>, SubmitError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        submit(&self.shared, job)
    }
}

impl fmt::Debug for Submitter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Submitter").finish_non_exhaustive()
    }
}

fn execute<F>(shared: &Shared, job: F) -> Result<(), SubmitError<F>>
where
    F: FnOnce() + Send + 'static,
{
    match shared.queue.push(Job::detached(job)) {
        Ok(_) => Ok(()),
        Err(job) => Err(SubmitError::new(job.into_detached(), SubmitErrorKind::ShutDown)),
    }
}

fn submit<F, T>(shared: &Shared, job: F) -> Result<JobHandle<T>, SubmitError<F>>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    let (job, handle) = Job::with_handle(job);
    match shared.queue.push(job) {
        Ok(number) => Ok(handle.accepted(number)),
        Err(job) => Err(SubmitError::new(job.into_handled::<F, T>(), SubmitErrorKind::ShutDown)),
    }
}
