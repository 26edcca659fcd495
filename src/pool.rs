//! The pool: its owner, which joins the worker threads.

use std::fmt;
use std::time::Duration;

use crate::error::{SubmitError, WaitError};
use crate::events;
use crate::handle::JobHandle;
use crate::options::JobOptions;
use crate::outcome::CancelReason;
use crate::report::{Report, Stats};
use crate::shared::Shared;
use crate::submitter::Submitter;
use crate::sync::{thread, Arc, Deadline, Process};
use crate::trigger::{Shutdown, StopToken};

/// A fixed number of threads that run jobs, in the order of submission unless the
/// [queue](crate::Builder::queue) has another.
///
/// A pool has one owner. [`Submitter`]s submit jobs from elsewhere, and [`Shutdown`] triggers end
/// the pool from elsewhere; neither keeps it alive.
///
/// # Shutdown
///
/// Dropping the pool shuts it down. The methods also return the [`Report`].
///
/// | | running jobs | queued jobs | late submissions | returns |
/// | --- | --- | --- | --- | --- |
/// | drop, [`shutdown`](Self::shutdown) | end | run | refused | when every worker thread is joined |
/// | [`shutdown_now`](Self::shutdown_now) | end | are cancelled | refused | when every worker thread is joined |
/// | [`shutdown_timeout`](Self::shutdown_timeout) | end, or are reported as unfinished | run; at the deadline the rest are cancelled | refused | when all have ended, at the latest at the deadline; see below |
/// | [`Shutdown::drain`] | end | run | refused | at once |
/// | [`Shutdown::discard`] | end | are cancelled | refused | when they are cancelled |
/// | [`take_queued`](Self::take_queued) | end | come back; those with handles are cancelled | refused | when they are cancelled |
///
/// A submission is late once shutdown has begun, even from a running job: a chain of jobs that
/// submit jobs would never drain otherwise. A refused job comes back in the [`SubmitError`]. The
/// stronger of two shutdowns wins: a discard takes over from a drain that is under way.
///
/// Without a deadline, shutdown returns as soon as every job that has started returns. It waits for
/// a job that never returns, and a job never returns if it waits for another that is queued behind
/// it on the only worker. A long job can ask its [`StopToken`] whether it should end. The pool does
/// not keep the process alive: when `main` returns or calls `exit`, the workers stop where they
/// are, so drop the pool before.
///
/// If a job on one of its own workers drops the pool or shuts it down, the pool cannot wait for
/// itself: it begins the shutdown and *detaches*. Its workers finish the queue and end by
/// themselves, and the final report goes to the hook
/// [`on_terminated`](crate::Builder::on_terminated). The pool also detaches if a job is cancelled,
/// on any thread, and a destructor of its captures ends the pool: that job has not ended yet, and
/// other threads may wait for its handle.
///
/// A deadline applies to jobs. Other user code runs on the thread that shuts down, and it waits for
/// that regardless of the deadline: the destructors of what cancelled jobs have captured, the wakers
/// of tasks that wait for the pool and, if every worker has ended by then, `on_terminated` and the
/// destructor of a closure that listens to signals.
///
/// # Stacks
///
/// A closure of more than 256 bytes is written into a box when it is submitted, stays there and is
/// called there. So on the stack of a worker it takes no room, also if it is larger than that
/// stack. A result of more than 256 bytes is kept in a box too; the closure returns it on the stack
/// of the worker, and `join` on that of the caller. In a build without optimisation, a few copies
/// of a large closure or result take stack for a moment: of the closure where it is submitted, of
/// the result where it is joined. With 1 MiB of each, a thread that makes the closure and submits
/// it was seen to need 6 MiB of stack, one that joins 2 MiB, one that calls `try_join` or polls
/// 4 MiB, and the worker 1 MiB. Submit a closure that owns a `Box` or a `Vec`, or return one, where
/// that is too much.
///
/// # Fork
///
/// A child that is made by `fork` has a copy of the pool but none of its worker threads. There,
/// drop and the methods that shut down return at once and do not panic. They refuse later
/// submissions. They run, cancel and drop no job, so handles of queued jobs do not resolve. Their
/// report counts each job that has not ended as unfinished.
///
/// At the time of the `fork` another thread may hold an internal lock, a worker that falls asleep for
/// example. The copy of that lock is never released. The end of the pool does not wait for it: if the
/// report needs the lock, the report is empty, and a late submission may not be refused. Other calls
/// may block at the lock.
///
/// Until the end, the child accepts jobs that never run, so waits for their handles, for idleness and
/// for a free slot do not return. If a job forks, the child has one worker, this one: when the job
/// returns, it runs the jobs that are queued. So fork before the pool is built, let the child only
/// `exec`, or let it exit without a return to the pool.
///
/// # Each call in each state
///
#[doc = include_str!("states.md")]
///
/// # Panics of jobs
///
/// A panic in a job is caught, and its worker goes on. The payload goes to the handle of the job;
/// without a handle, the [`Report`] keeps the message. Panics in the destructors of captures,
/// results and payloads are caught and counted. Two panics at once (a capture whose destructor
/// panics while the closure unwinds) and a panicking destructor of a thread-local abort the
/// process: they cannot be caught. In a program built with `panic = "abort"` no panic can be
/// caught, and the first one of a job ends the process.
///
/// # What is not there, and why
///
/// | not there | since | instead |
/// | --- | --- | --- |
/// | threads that come and go with the load | a job would wait for a thread to start, and a start can fail when the job is already accepted | [`available_parallelism`](std::thread::available_parallelism) workers; more for jobs that block; a second pool for those that block long |
/// | priorities | jobs start in the order of submission, and a job of low priority might never start | a pool for each priority |
/// | delayed and repeated jobs | they need a clock that runs while nothing is queued, and what a drain does with a job that is due tomorrow is a matter of taste | a thread or a timer of the program that submits them when they are due |
/// | work that helps while it waits | a thread that waits for one job would run another first, with all that it holds (locks, a stack) and for as long as that takes | in a job, submit and end: to the [`scope`](Self::scope) of the job, or with a [`Submitter`]. Outside, wait |
/// | killing a running job | a thread that is stopped anywhere leaves its locks locked | a [`StopToken`], and [`shutdown_timeout`](Self::shutdown_timeout), which leaves the job behind |
///
/// ```
/// # if last_call::UNDER_MODEL { return }
/// use last_call::ThreadPool;
///
/// let pool = ThreadPool::new(4);
/// let answer = pool.submit(|| 6 * 7).expect("the pool is running");
/// pool.execute(|| println!("this job has no handle")).expect("the pool is running");
/// assert_eq!(answer.join().unwrap(), 42);
/// drop(pool); // runs what is queued and joins the threads
/// ```
pub struct ThreadPool {
    submitter: Submitter,
    /// The worker threads by their numbers; empty once the owner has begun to shut down.
    threads: Vec<thread::JoinHandle>,
}

/// How a shutdown treats queued jobs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Drain,
    Discard,
}

impl ThreadPool {
    /// Creates the owner of a pool whose workers have all started.
    pub(crate) fn new_owner(shared: Arc<Shared>, threads: Vec<thread::JoinHandle>) -> Self {
        shared.set_threads(threads.iter().map(thread::JoinHandle::id).collect());
        ThreadPool { submitter: Submitter::new(shared), threads }
    }

    fn shared(&self) -> &Arc<Shared> {
        self.submitter.shared()
    }

    pub(crate) fn as_submitter(&self) -> &Submitter {
        &self.submitter
    }

    /// Returns a submitter, which submits jobs from other threads and from jobs.
    pub fn submitter(&self) -> Submitter {
        self.submitter.clone()
    }

    /// Returns a trigger that ends the pool from any thread.
    pub fn shutdown_trigger(&self) -> Shutdown {
        Shutdown::new(Arc::clone(self.shared()))
    }

    /// Returns a token that tells a long job whether the pool is shutting down.
    pub fn stop_token(&self) -> StopToken {
        self.submitter.stop_token()
    }

    /// Submits a job without a handle. See [`Submitter::execute`], which also says why the job
    /// cannot return a `Result`.
    ///
    /// # Errors
    ///
    /// [`SubmitError`] with the closure, if a trigger has begun to shut the pool down, or if the
    /// queue is full and this is one of its workers.
    #[track_caller]
    pub fn execute<F>(&self, job: F) -> Result<(), SubmitError<F>>
    where
        F: FnOnce() + Send + 'static,
    {
        self.submitter.execute(job)
    }

    /// Submits a job without a handle, if there is a free slot. See [`Submitter::try_execute`].
    ///
    /// # Errors
    ///
    /// [`SubmitError`] with the closure, if the queue is full or a trigger has begun to shut the
    /// pool down.
    #[track_caller]
    pub fn try_execute<F>(&self, job: F) -> Result<(), SubmitError<F>>
    where
        F: FnOnce() + Send + 'static,
    {
        self.submitter.try_execute(job)
    }

    /// Submits a job without a handle, and waits for a free slot for at most `timeout`. See
    /// [`Submitter::execute_timeout`].
    ///
    /// # Errors
    ///
    /// [`SubmitError`] with the closure, if the queue stayed full, if a trigger has begun to shut
    /// the pool down, or if this is one of its workers and would have waited.
    #[track_caller]
    pub fn execute_timeout<F>(&self, job: F, timeout: Duration) -> Result<(), SubmitError<F>>
    where
        F: FnOnce() + Send + 'static,
    {
        self.submitter.execute_timeout(job, timeout)
    }

    /// Submits a job and returns its handle. See [`Submitter::submit`].
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
        self.submitter.submit(job)
    }

    /// Submits a job and returns its handle, if there is a free slot. See
    /// [`Submitter::try_submit`].
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
        self.submitter.try_submit(job)
    }

    /// Submits a job and returns its handle, and waits for a free slot for at most `timeout`. See
    /// [`Submitter::submit_timeout`].
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
        self.submitter.submit_timeout(job, timeout)
    }

    /// Returns the options of one job, for example its name. See [`Submitter::job`].
    pub fn job(&self) -> JobOptions<'_> {
        self.submitter.job()
    }

    /// Waits until nothing is queued or running. See [`Submitter::wait_idle`].
    ///
    /// # Errors
    ///
    /// [`WaitError`], if this is a job of the pool.
    pub fn wait_idle(&self) -> Result<(), WaitError> {
        self.submitter.wait_idle()
    }

    /// Waits for at most `timeout` until nothing is queued or running. See
    /// [`Submitter::wait_idle_timeout`].
    ///
    /// # Errors
    ///
    /// [`WaitError`], if the timeout has passed, or if this is a job of the pool.
    pub fn wait_idle_timeout(&self, timeout: Duration) -> Result<(), WaitError> {
        self.submitter.wait_idle_timeout(timeout)
    }

    /// Returns the number of workers.
    pub fn workers(&self) -> usize {
        self.submitter.workers()
    }

    /// Returns the number of the worker that this thread is, or `None` on any other thread. See
    /// [`Submitter::current_worker`].
    pub fn current_worker(&self) -> Option<usize> {
        self.submitter.current_worker()
    }

    /// Returns the counts of the pool so far. See [`Submitter::stats`] for what it costs.
    pub fn stats(&self) -> Stats {
        self.submitter.stats()
    }

    /// Runs the queued jobs, joins the workers and returns the report.
    ///
    /// If the pool [detaches](Self#shutdown), the jobs that have not ended by then count as
    /// unfinished.
    pub fn shutdown(mut self) -> Report {
        self.end(Mode::Drain, Deadline::never())
    }

    /// Cancels the queued jobs, joins the workers and returns the report. The handles of cancelled
    /// jobs are resolved first.
    ///
    /// If the pool detaches, see [`shutdown`](Self::shutdown).
    pub fn shutdown_now(mut self) -> Report {
        self.end(Mode::Discard, Deadline::never())
    }

    /// Runs the queued jobs for at most `timeout`, then cancels those that are left and reports the
    /// jobs that are still running. Their threads are left behind and take no further job.
    ///
    /// The timeout is measured on the monotonic clock. A timeout too large to represent means no
    /// deadline, so this becomes [`shutdown`](Self::shutdown); zero checks without waiting. The
    /// worker threads are not joined, whether or not they end in time, so the destructor of a
    /// thread-local cannot delay this call. User code that runs on this thread can: the destructors
    /// of what cancelled jobs have captured and, if every worker has ended, the hook
    /// [`on_terminated`](crate::Builder::on_terminated).
    ///
    /// If the pool detaches, this returns at once; see [`shutdown`](Self::shutdown).
    ///
    /// ```
    /// # if last_call::UNDER_MODEL { return }
    /// use std::time::Duration;
    ///
    /// let pool = last_call::ThreadPool::new(1);
    /// let (open, gate) = std::sync::mpsc::channel::<()>();
    /// pool.execute(move || drop(gate.recv())).expect("the pool is running");
    /// let behind = pool.submit(|| "too late").expect("the pool is running");
    ///
    /// let report = pool.shutdown_timeout(Duration::from_millis(10));
    /// for job in &report.unfinished_jobs {
    ///     println!("still running after {:?}: job {}", job.elapsed, job.id);
    /// }
    /// assert!(behind.join().is_cancelled());
    /// assert_eq!(report.completed, 0);
    /// drop(open);
    /// ```
    pub fn shutdown_timeout(mut self, timeout: Duration) -> Report {
        self.end(Mode::Drain, Deadline::after(timeout))
    }

    /// Returns `true` in a forked child.
    fn is_copy(&self) -> bool {
        self.threads.iter().any(|thread| thread.process() == Process::ForkedChild)
    }

    fn end(&mut self, mode: Mode, deadline: Deadline) -> Report {
        let shared = Arc::clone(self.shared());
        if self.is_copy() {
            // Without events: a subscriber to them may need a lock that a thread of the parent held.
            for thread in std::mem::take(&mut self.threads) {
                let _ = thread.join();
            }
            return shared.end_copy();
        }
        match mode {
            Mode::Drain => {
                events::shutdown_begins("drain");
                shared.drain();
            }
            Mode::Discard => {
                events::shutdown_begins("discard");
                shared.discard(CancelReason::Discarded);
            }
        }
        let threads = std::mem::take(&mut self.threads);
        let report = if is_current_among(&threads) {
            let report = shared.report(false);
            shared.detach();
            report
        } else if shared.detach_if_cancelling() {
            shared.report(false)
        } else if deadline.is_never() {
            join(threads);
            shared.wait_cancelled(Deadline::never());
            let report = shared.report(false);
            shared.deliver(&report);
            shared.end();
            report
        } else {
            if !shared.wait_terminated(deadline) {
                shared.discard(CancelReason::DeadlinePassed);
            }
            let report = shared.report(true);
            shared.detach();
            report
        };
        events::shutdown_ends(&report);
        report
    }
}

/// Joins worker threads. They never panic, since each call of user code is caught; and their join
/// never panics, also in a forked process.
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
            let _ = self.end(Mode::Drain, Deadline::never());
        }
    }
}

impl fmt::Debug for ThreadPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThreadPool").field("stats", &self.stats()).finish_non_exhaustive()
    }
}
