//! The owner of the pool, and those who may hand in jobs or end it.

use std::fmt;
use std::time::Duration;

use crate::error::{SubmitError, SubmitErrorKind, WaitError};
use crate::events;
use crate::job::{Handled, Job, JobHandle};
use crate::outcome::CancelReason;
use crate::queue::{Queue, Refusal, Refused, Wait};
use crate::report::{Report, Stats};
use crate::sync::{thread, Arc, Deadline};
use crate::worker::Shared;

/// A fixed number of threads that run jobs in the order in which they were handed in.
///
/// The pool is its one owner's. [`Submitter`]s hand jobs in from elsewhere, [`Shutdown`] triggers end
/// it from elsewhere; neither keeps it alive.
///
/// # Shutdown
///
/// Dropping the pool is a shutdown; the methods are for those who want the [`Report`].
///
/// | | running jobs | queued jobs | late submissions | returns |
/// | --- | --- | --- | --- | --- |
/// | drop, [`shutdown`](Self::shutdown) | end | run | refused | when every worker thread is joined |
/// | [`shutdown_now`](Self::shutdown_now) | end | are cancelled | refused | when every worker thread is joined |
/// | [`shutdown_timeout`](Self::shutdown_timeout) | end, or are reported as unfinished | run; at the deadline those left are cancelled | refused | when all have ended; at the deadline at the latest, with what is said of it below |
/// | [`Shutdown::drain`] | end | run | refused | at once |
/// | [`Shutdown::discard`] | end | are cancelled | refused | when they are cancelled |
///
/// Late means: after the shutdown has begun, from running jobs too (a chain of jobs that submit jobs
/// would never drain otherwise). A refused job comes back in the [`SubmitError`]. The stronger of two
/// shutdowns wins: a discard takes over from a drain that somebody already waits for.
///
/// Without a deadline, shutdown returns as soon as every job that has started returns. A job that
/// never returns is waited for; a job that waits for a job queued behind it on the only worker never
/// returns. A long job can ask its [`StopToken`] whether it should come to an end. The pool does not
/// keep the process: when `main` returns or calls `exit`, the workers end where they stand, so drop
/// the pool before.
///
/// Dropped or shut down by a job on one of its own workers, the pool cannot wait for itself: it
/// begins the shutdown and *lets go*. Its workers finish what is queued and end by themselves; the
/// final report goes to the hook [`on_terminated`](crate::Builder::on_terminated). It is the same when
/// a job is cancelled, on any thread, and the destructor of what it has captured ends the pool: that
/// job has not ended either, and others may wait for its handle.
///
/// A deadline is for jobs. Two pieces of user code run on the thread that shuts down, and it waits
/// for them, whatever the deadline: the destructors of what cancelled jobs have captured, and
/// `on_terminated`, if every worker has ended by then.
///
/// # Each call in each state
///
/// Calls that hand in:
///
/// | | running | draining or discarding | terminated |
/// | --- | --- | --- | --- |
/// | `execute`, `submit` | accept; while a bounded queue is full, wait, or, on a worker of the pool, return [`would_deadlock`](SubmitError::would_deadlock) | [`is_shut_down`](SubmitError::is_shut_down), those too that were waiting | `is_shut_down` |
/// | `try_execute`, `try_submit` | accept, or [`is_full`](SubmitError::is_full) | `is_shut_down` | `is_shut_down` |
/// | `execute_timeout`, `submit_timeout` | as `submit`, or [`is_timeout`](SubmitError::is_timeout) | `is_shut_down` | `is_shut_down` |
///
/// Calls that end the pool; those on `ThreadPool` let go on a worker, whatever the state:
///
/// | | running | draining | discarding | terminated |
/// | --- | --- | --- | --- | --- |
/// | drop, [`shutdown`](Self::shutdown) | begin a drain, wait for its end | wait for its end | wait for its end | return |
/// | [`shutdown_now`](Self::shutdown_now) | begins a discard, waits for its end | makes a discard of it, waits for its end | waits for its end | returns |
/// | [`shutdown_timeout`](Self::shutdown_timeout) | begins a drain, waits; at the deadline discards | waits; at the deadline discards | waits, until the deadline | returns |
/// | [`Shutdown::drain`] | begins a drain | changes nothing | changes nothing | changes nothing |
/// | [`Shutdown::discard`] | begins a discard | makes a discard of it | changes nothing | changes nothing |
/// | a signal, after `Shutdown::on_signals` | the first begins a drain | the second makes a discard of it | changes nothing | changes nothing |
///
/// Calls that wait for the pool. Each returns
/// [`would_deadlock`](crate::WaitError::would_deadlock) at once on a worker, and in a destructor of a
/// job that is being cancelled; those with a timeout may return
/// [`is_timeout`](crate::WaitError::is_timeout):
///
/// | | running | draining or discarding | terminated |
/// | --- | --- | --- | --- |
/// | `wait_idle`, `wait_idle_timeout` | wait until nothing is queued or running | the same | return |
/// | [`Shutdown::wait`], [`wait_timeout`](Shutdown::wait_timeout) | wait for a shutdown and its end | wait for its end | return |
///
/// Calls on a job's handle, on any thread. What they say depends on the job; of a pool that has
/// terminated, every job has its outcome:
///
/// | | queued | running | with its outcome |
/// | --- | --- | --- | --- |
/// | [`join`](JobHandle::join), `.await` | wait | wait | return it |
/// | [`try_join`](JobHandle::try_join) | gives the handle back | gives the handle back | returns it |
/// | [`join_timeout`](JobHandle::join_timeout) | waits, then gives the handle back | waits, then gives the handle back | returns it |
/// | [`is_finished`](JobHandle::is_finished) | `false` | `false` | `true` |
/// | [`cancel`](JobHandle::cancel) | [`Cancelled`](crate::Cancellation::Cancelled) | [`Started`](crate::Cancellation::Started) | [`Finished`](crate::Cancellation::Finished) |
///
/// Calls that only look: [`StopToken::is_stopping`] is `false` while the pool runs, then `true`;
/// `stats` counts in every state, and what it says of a terminated pool changes no more (but for
/// `rejected`).
///
/// # Panics of jobs
///
/// A panic in a job is caught: its worker goes on. The payload goes to the job's handle; without
/// one, the [`Report`] keeps the message. Panics in the destructors of captures, results and payloads
/// are caught and counted. Two panics at once (a capture that panics in its destructor while the
/// closure unwinds) and a panicking destructor of a thread-local abort the process: nobody can catch
/// those. Nor can anybody catch a panic in a program built with `panic = "abort"`: there the first
/// one of a job ends the process.
///
/// ```
/// # if last_call::UNDER_MODEL { return }
/// use last_call::ThreadPool;
///
/// let pool = ThreadPool::new(4);
/// let answer = pool.submit(|| 6 * 7).expect("the pool is running");
/// pool.execute(|| println!("nobody waits for this one")).expect("the pool is running");
/// assert_eq!(answer.join().unwrap(), 42);
/// drop(pool); // runs what is queued and joins the threads
/// ```
pub struct ThreadPool {
    submitter: Submitter,
    /// In the order of their numbers; empty once shutdown has begun.
    threads: Vec<thread::JoinHandle>,
}

/// How a shutdown treats what is queued.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Drain,
    Discard,
}

impl ThreadPool {
    pub(crate) fn of(shared: Arc<Shared>, threads: Vec<thread::JoinHandle>) -> Self {
        shared.started(threads.iter().map(thread::JoinHandle::id).collect());
        ThreadPool { submitter: Submitter { shared }, threads }
    }

    fn shared(&self) -> &Arc<Shared> {
        &self.submitter.shared
    }

    /// Returns a handle for handing in jobs from other threads and from jobs.
    pub fn submitter(&self) -> Submitter {
        self.submitter.clone()
    }

    /// Returns a trigger that ends the pool from any thread.
    pub fn shutdown_trigger(&self) -> Shutdown {
        Shutdown { shared: Arc::clone(self.shared()) }
    }

    /// Returns a token that says whether the pool is shutting down, for long jobs.
    pub fn stop_token(&self) -> StopToken {
        self.submitter.stop_token()
    }

    /// Hands in a job that nobody waits for. See [`Submitter::execute`].
    ///
    /// # Errors
    ///
    /// [`SubmitError`] with the closure: the pool was told to shut down by a trigger, or the queue is
    /// full and this is one of its workers.
    pub fn execute<F>(&self, job: F) -> Result<(), SubmitError<F>>
    where
        F: FnOnce() + Send + 'static,
    {
        self.submitter.execute(job)
    }

    /// Hands in a job that nobody waits for, if there is a place. See [`Submitter::try_execute`].
    ///
    /// # Errors
    ///
    /// [`SubmitError`] with the closure: the queue is full, or the pool was told to shut down.
    pub fn try_execute<F>(&self, job: F) -> Result<(), SubmitError<F>>
    where
        F: FnOnce() + Send + 'static,
    {
        self.submitter.try_execute(job)
    }

    /// Hands in a job that nobody waits for, waiting at most that long for a place. See
    /// [`Submitter::execute_timeout`].
    ///
    /// # Errors
    ///
    /// [`SubmitError`] with the closure: the queue was full until then, the pool was told to shut
    /// down, or this is one of its workers and would have waited.
    pub fn execute_timeout<F>(&self, job: F, timeout: Duration) -> Result<(), SubmitError<F>>
    where
        F: FnOnce() + Send + 'static,
    {
        self.submitter.execute_timeout(job, timeout)
    }

    /// Hands in a job and returns the handle that waits for its outcome. See [`Submitter::submit`].
    ///
    /// # Errors
    ///
    /// [`SubmitError`] with the closure, as for [`execute`](Self::execute).
    pub fn submit<F, T>(&self, job: F) -> Result<JobHandle<T>, SubmitError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.submitter.submit(job)
    }

    /// Hands in a job and returns its handle, if there is a place. See [`Submitter::try_submit`].
    ///
    /// # Errors
    ///
    /// [`SubmitError`] with the closure, as for [`try_execute`](Self::try_execute).
    pub fn try_submit<F, T>(&self, job: F) -> Result<JobHandle<T>, SubmitError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.submitter.try_submit(job)
    }

    /// Hands in a job and returns its handle, waiting at most that long for a place. See
    /// [`Submitter::submit_timeout`].
    ///
    /// # Errors
    ///
    /// [`SubmitError`] with the closure, as for [`execute_timeout`](Self::execute_timeout).
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

    /// Waits until nothing is queued or running. See [`Submitter::wait_idle`].
    ///
    /// # Errors
    ///
    /// [`WaitError`], if this is a job of the pool's own.
    pub fn wait_idle(&self) -> Result<(), WaitError> {
        self.submitter.wait_idle()
    }

    /// Waits until nothing is queued or running, but at most that long. See
    /// [`Submitter::wait_idle_timeout`].
    ///
    /// # Errors
    ///
    /// [`WaitError`], if the timeout has passed, or if this is a job of the pool's own.
    pub fn wait_idle_timeout(&self, timeout: Duration) -> Result<(), WaitError> {
        self.submitter.wait_idle_timeout(timeout)
    }

    /// Returns what the pool has done so far. See [`Submitter::stats`] for what it costs.
    pub fn stats(&self) -> Stats {
        self.submitter.stats()
    }

    /// Runs what is queued, joins the workers and reports.
    ///
    /// Where the pool lets go, see [Shutdown](Self#shutdown), what has not ended then counts as
    /// unfinished.
    pub fn shutdown(mut self) -> Report {
        self.end(Mode::Drain, Deadline::never())
    }

    /// Cancels what is queued, joins the workers and reports. The handles of cancelled jobs are
    /// resolved first.
    ///
    /// Where the pool lets go: as for [`shutdown`](Self::shutdown).
    pub fn shutdown_now(mut self) -> Report {
        self.end(Mode::Discard, Deadline::never())
    }

    /// Runs what is queued until the timeout has passed, then cancels what is left and reports the
    /// jobs that are still running; their threads are left behind and take no further job.
    ///
    /// The timeout is monotonic time; one that the clock cannot hold is none, which makes this
    /// [`shutdown`](Self::shutdown); zero only looks. In time or not, the worker threads are not
    /// joined: a thread-local destructor that blocks cannot hold this up. What can is user code that
    /// runs here: the destructors of what cancelled jobs have captured, and, if every worker has
    /// ended, the hook [`on_terminated`](crate::Builder::on_terminated).
    ///
    /// Where the pool lets go: as for [`shutdown`](Self::shutdown), at once.
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

    fn end(&mut self, mode: Mode, deadline: Deadline) -> Report {
        let shared = Arc::clone(self.shared());
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
            shared.let_go();
            report
        } else if shared.let_go_if_cancelling() {
            shared.report(false)
        } else if deadline.is_never() {
            join(threads);
            shared.wait_cancelled(Deadline::never());
            let report = shared.report(false);
            shared.deliver(&report);
            report
        } else {
            if !shared.wait_terminated(deadline) {
                shared.discard(CancelReason::DeadlinePassed);
            }
            let report = shared.report(true);
            shared.let_go();
            report
        };
        events::shutdown_ends(&report);
        report
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
            let _ = self.end(Mode::Drain, Deadline::never());
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
    /// Hands in a job that nobody waits for. While a bounded queue is full, it waits for a place.
    ///
    /// # Errors
    ///
    /// [`SubmitError`] with the closure, if the pool has begun to shut down (while this waited, too);
    /// or if this is one of the pool's own workers and would have had to wait.
    pub fn execute<F>(&self, job: F) -> Result<(), SubmitError<F>>
    where
        F: FnOnce() + Send + 'static,
    {
        self.hand_in(job, Some(Deadline::never()))
    }

    /// Hands in a job that nobody waits for, if there is a place; returns at once.
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
    pub fn try_execute<F>(&self, job: F) -> Result<(), SubmitError<F>>
    where
        F: FnOnce() + Send + 'static,
    {
        self.hand_in(job, None)
    }

    /// Hands in a job that nobody waits for, waiting at most that long for a place.
    ///
    /// A timeout that the clock cannot hold is none.
    ///
    /// # Errors
    ///
    /// [`SubmitError`] with the closure, if the queue was full until then; otherwise as for
    /// [`execute`](Self::execute).
    pub fn execute_timeout<F>(&self, job: F, timeout: Duration) -> Result<(), SubmitError<F>>
    where
        F: FnOnce() + Send + 'static,
    {
        self.hand_in(job, Some(Deadline::after(timeout)))
    }

    /// Hands in a job and returns the handle that waits for its outcome. While a bounded queue is
    /// full, it waits for a place.
    ///
    /// # Errors
    ///
    /// [`SubmitError`] with the closure, as for [`execute`](Self::execute).
    pub fn submit<F, T>(&self, job: F) -> Result<JobHandle<T>, SubmitError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.hand_in_with_handle(job, Some(Deadline::never()))
    }

    /// Hands in a job and returns its handle, if there is a place; returns at once.
    ///
    /// # Errors
    ///
    /// [`SubmitError`] with the closure, as for [`try_execute`](Self::try_execute).
    pub fn try_submit<F, T>(&self, job: F) -> Result<JobHandle<T>, SubmitError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.hand_in_with_handle(job, None)
    }

    /// Hands in a job and returns its handle, waiting at most that long for a place.
    ///
    /// A timeout that the clock cannot hold is none.
    ///
    /// # Errors
    ///
    /// [`SubmitError`] with the closure, as for [`execute_timeout`](Self::execute_timeout).
    pub fn submit_timeout<F, T>(
        &self,
        job: F,
        timeout: Duration,
    ) -> Result<JobHandle<T>, SubmitError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.hand_in_with_handle(job, Some(Deadline::after(timeout)))
    }

    /// Waits until, at one instant between call and return, nothing was queued or running.
    ///
    /// A job that submits jobs does not look idle in between. Others may go on submitting: then this
    /// returns once there was such an instant when somebody looked.
    ///
    /// # Errors
    ///
    /// [`WaitError`], if this is a job of the pool's own, which would wait for itself.
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

    /// As [`wait_idle`](Self::wait_idle), but at most that long; zero only looks.
    ///
    /// A timeout that the clock cannot hold is none.
    ///
    /// # Errors
    ///
    /// [`WaitError`], if the timeout has passed, or if this is a job of the pool's own.
    pub fn wait_idle_timeout(&self, timeout: Duration) -> Result<(), WaitError> {
        self.wait_idle_until(Deadline::after(timeout))
    }

    fn wait_idle_until(&self, deadline: Deadline) -> Result<(), WaitError> {
        self.shared.wait_idle(deadline)
    }

    /// Returns a token that says whether the pool is shutting down, for long jobs.
    pub fn stop_token(&self) -> StopToken {
        StopToken { shared: Arc::clone(&self.shared) }
    }

    /// Returns what the pool has done so far.
    ///
    /// A poll costs a lock for what was cancelled, one for the record of each worker, one after the
    /// other, and at last those of the queue: two of [`QueueKind::TwoLock`](crate::QueueKind), one of
    /// the others. Each is held for a few reads, and is one that a job takes on its way too: a worker
    /// that starts or ends a job at that moment waits for so long. Nothing is allocated.
    pub fn stats(&self) -> Stats {
        self.shared.stats()
    }

    fn hand_in<F>(&self, job: F, until: Option<Deadline>) -> Result<(), SubmitError<F>>
    where
        F: FnOnce() + Send + 'static,
    {
        match self.push(Job::detached(job), until) {
            Ok(_) => Ok(()),
            Err((job, kind)) => Err(SubmitError::new(job.into_detached(), kind)),
        }
    }

    fn hand_in_with_handle<F, T>(
        &self,
        job: F,
        until: Option<Deadline>,
    ) -> Result<JobHandle<T>, SubmitError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let task = Handled::new(job);
        match self.push(task.job(), until) {
            Ok(number) => Ok(task.handle(number, Arc::clone(&self.shared) as _)),
            Err((job, kind)) => {
                let closure = task.into_closure();
                drop(job);
                Err(SubmitError::new(closure, kind))
            }
        }
    }

    /// Hands a job to the queue; waits for a place until then, if at all.
    #[inline]
    fn push(&self, job: Job, until: Option<Deadline>) -> Result<u64, (Job, SubmitErrorKind)> {
        // Whose thread this is matters, and is looked up, only when it would have to wait.
        let first = if until.is_some() { Wait::NotYet } else { Wait::No };
        match self.shared.queue.push(job, first) {
            Ok(number) => Ok(number),
            Err(refused) => self.push_again(refused, until),
        }
    }

    /// What a submission does that was refused at first.
    #[cold]
    fn push_again(
        &self,
        Refused { item, refusal }: Refused<Job>,
        until: Option<Deadline>,
    ) -> Result<u64, (Job, SubmitErrorKind)> {
        let queue = &self.shared.queue;
        let (result, full) = match (refusal, until) {
            (Refusal::Full, Some(_)) if self.shared.is_own_worker() => {
                (queue.push(item, Wait::No), SubmitErrorKind::WouldDeadlock)
            }
            (Refusal::Full, Some(deadline)) => {
                (queue.push(item, Wait::Until(deadline)), SubmitErrorKind::Full)
            }
            _ => (Err(Refused { item, refusal }), SubmitErrorKind::Full),
        };
        result.map_err(|Refused { item, refusal }| match refusal {
            Refusal::Closed => (item, SubmitErrorKind::ShutDown),
            Refusal::Full => (item, full),
            Refusal::TimedOut => (item, SubmitErrorKind::Timeout),
        })
    }
}

impl fmt::Debug for Submitter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Submitter").finish_non_exhaustive()
    }
}

/// Ends the pool from any thread, from jobs too, any number of times; the stronger mode wins.
///
/// It does not keep the pool alive, and does not replace its owner, who still joins the threads and
/// gets the [`Report`].
///
/// ```
/// # if last_call::UNDER_MODEL { return }
/// let pool = last_call::ThreadPool::new(2);
/// let trigger = pool.shutdown_trigger();
/// std::thread::spawn(move || trigger.drain()).join().expect("it does not panic");
/// assert!(pool.execute(|| ()).unwrap_err().is_shut_down());
/// assert_eq!(pool.shutdown().accepted, 0);
/// ```
#[derive(Clone)]
pub struct Shutdown {
    shared: Arc<Shared>,
}

impl Shutdown {
    /// Begins a drain: no job is accepted any more, what is queued runs. Returns at once.
    pub fn drain(&self) {
        self.shared.drain();
    }

    /// Begins a discard, or makes one of a drain: no job is accepted any more, what is queued is
    /// cancelled, here, and its handles are resolved when this returns.
    pub fn discard(&self) {
        self.shared.discard(CancelReason::Discarded);
    }

    /// Waits until the pool has terminated: every worker has taken its last job to its end, and its
    /// stop hook has run; and every job that another thread was cancelling has its outcome. (It does
    /// not begin a shutdown.)
    ///
    /// # Errors
    ///
    /// [`WaitError`], if this is a job of the pool's own, or a destructor of one that is being
    /// cancelled.
    pub fn wait(&self) -> Result<(), WaitError> {
        self.wait_until(Deadline::never())
    }

    /// As [`wait`](Self::wait), but at most that long; zero only looks.
    ///
    /// A timeout that the clock cannot hold is none.
    ///
    /// # Errors
    ///
    /// [`WaitError`], if the timeout has passed; otherwise as for [`wait`](Self::wait).
    pub fn wait_timeout(&self, timeout: Duration) -> Result<(), WaitError> {
        self.wait_until(Deadline::after(timeout))
    }

    fn wait_until(&self, deadline: Deadline) -> Result<(), WaitError> {
        if self.shared.is_waited_for() {
            return Err(WaitError::WOULD_DEADLOCK);
        }
        if self.shared.wait_terminated(deadline) {
            Ok(())
        } else {
            Err(WaitError::TIMEOUT)
        }
    }
}

impl fmt::Debug for Shutdown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shutdown").finish_non_exhaustive()
    }
}

/// Tells a long job that it should come to an end. Cheap to clone and to ask.
///
/// ```
/// # if last_call::UNDER_MODEL { return }
/// let pool = last_call::ThreadPool::new(1);
/// let token = pool.stop_token();
/// let steps = pool.submit(move || (0..).take_while(|_| !token.is_stopping()).count());
/// pool.shutdown_trigger().drain();
/// println!("stopped after {} steps", steps.expect("it was running").join().unwrap());
/// ```
#[derive(Clone)]
pub struct StopToken {
    shared: Arc<Shared>,
}

impl StopToken {
    /// Whether the pool is shutting down, or has. Never `true` and later `false`.
    pub fn is_stopping(&self) -> bool {
        self.shared.stopping.is_raised()
    }
}

impl fmt::Debug for StopToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StopToken").field("is_stopping", &self.is_stopping()).finish()
    }
}
