//! Sets of jobs: their outcomes one by one, as the jobs end.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use crate::error::SubmitError;
use crate::handle::JobHandle;
use crate::outcome::{JobError, Outcome};
use crate::panics::drop_catching;
use crate::pool::ThreadPool;
use crate::report::JobId;
use crate::submitter::Submitter;
use crate::sync::{Arc, Condvar, Deadline, Mutex};

/// A set of jobs whose outcomes are returned as the jobs end.
///
/// [`ThreadPool::job_set`] and [`Submitter::job_set`] return an empty one. Dropping the set cancels
/// the jobs that have not started, so with `?` the first error cancels the rest:
///
/// ```
/// # if last_call::UNDER_MODEL { return Ok(()) }
/// use std::error::Error;
///
/// fn sum(pool: &last_call::ThreadPool, numbers: &[&'static str]) -> Result<u64, Box<dyn Error + Send + Sync>> {
///     let mut jobs = pool.job_set();
///     for number in numbers.iter().copied() {
///         jobs.submit(move || number.parse::<u64>())?;
///     }
///     let mut sum = 0;
///     while let Some((_, outcome)) = jobs.join_next() {
///         sum += outcome.into_result()??; // a panic, then an error of the job
///     }
///     Ok(sum)
/// }
///
/// let pool = last_call::ThreadPool::new(2);
/// assert_eq!(sum(&pool, &["1", "2", "39"])?, 42);
/// assert!(sum(&pool, &["1", "two", "39"]).is_err());
/// # Ok::<(), Box<dyn Error + Send + Sync>>(())
/// ```
///
/// As with handles, a job that waits for a job behind it on the only worker waits for ever.
#[must_use = "dropping the set cancels its jobs"]
pub struct JobSet<T> {
    submitter: Submitter,
    /// The number of jobs that were submitted to the set. Their ids need not be in this order.
    submitted: u64,
    /// The jobs whose outcome has not been returned, by their places in the order of submission.
    jobs: BTreeMap<u64, JobHandle<T>>,
    /// Outcomes that were there as the job was submitted.
    ready: VecDeque<Ready<T>>,
    ended: Arc<Ended>,
}

/// The outcome of a job.
struct Ready<T> {
    /// The place of the job in the order of submission.
    place: u64,
    id: JobId,
    outcome: Outcome<T>,
}

impl<T> Ready<T> {
    /// Returns what the caller of the set gets.
    fn told(self) -> (JobId, Outcome<T>) {
        (self.id, self.outcome)
    }
}

/// The jobs of a set that have ended, in that order.
///
/// A handle of the set is polled once, with a waker that writes its place here. So each place comes
/// once, when the job has its outcome.
struct Ended {
    state: Mutex<State>,
    /// A job has ended.
    changed: Condvar,
}

struct State {
    places: VecDeque<u64>,
    /// The owner of the set may be asleep. Without that the wake-up, a system call, is left out.
    waiting: bool,
    /// The waker of the task that polled the set last.
    waker: Option<Waker>,
}

/// The waker of one job.
struct Ends {
    place: u64,
    set: Arc<Ended>,
}

impl Wake for Ends {
    fn wake(self: Arc<Self>) {
        let mut state = self.set.state.lock();
        state.places.push_back(self.place);
        if state.waiting {
            self.set.changed.notify_one();
        }
        let waker = state.waker.take();
        drop(state);
        // Without the lock, since it is user code.
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl Ended {
    /// Waits until a job has ended and returns its place. Returns `None` if the deadline comes first.
    fn next(&self, deadline: Deadline) -> Option<u64> {
        let mut state = self.state.lock();
        let mut late = false;
        loop {
            let place = state.places.pop_front();
            if place.is_some() || late {
                return place;
            }
            state.waiting = true;
            (state, late) = self.changed.wait_until(state, deadline);
            state.waiting = false;
        }
    }

    /// Returns the place of a job that has ended, and otherwise keeps the waker.
    fn next_or_register(&self, waker: Waker) -> Option<u64> {
        let mut state = self.state.lock();
        let place = state.places.pop_front();
        if place.is_none() {
            let old = state.waker.replace(waker);
            drop(state);
            // Without the lock, since wakers are user code.
            drop(old);
        }
        place
    }
}

impl ThreadPool {
    /// Returns an empty set of jobs of this pool.
    pub fn job_set<T>(&self) -> JobSet<T> {
        self.as_submitter().job_set()
    }
}

impl Submitter {
    /// Returns an empty set of jobs of this pool.
    pub fn job_set<T>(&self) -> JobSet<T> {
        let state = State { places: VecDeque::new(), waiting: false, waker: None };
        let ended = Arc::new(Ended { state: Mutex::new(state), changed: Condvar::new() });
        JobSet {
            submitter: self.clone(),
            submitted: 0,
            jobs: BTreeMap::new(),
            ready: VecDeque::new(),
            ended,
        }
    }
}

impl<T: Send + 'static> JobSet<T> {
    /// Submits a job, as [`Submitter::submit`] does, and returns its id.
    ///
    /// # Errors
    ///
    /// [`SubmitError`] with the closure, as there. The set is unchanged.
    #[track_caller]
    pub fn submit<F>(&mut self, job: F) -> Result<JobId, SubmitError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
    {
        let handle = self.submitter.submit(job)?;
        Ok(self.insert(handle))
    }

    /// Submits a job, as [`Submitter::try_submit`] does, and returns its id.
    ///
    /// # Errors
    ///
    /// [`SubmitError`] with the closure, as there. The set is unchanged.
    #[track_caller]
    pub fn try_submit<F>(&mut self, job: F) -> Result<JobId, SubmitError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
    {
        let handle = self.submitter.try_submit(job)?;
        Ok(self.insert(handle))
    }
}

impl<T> JobSet<T> {
    pub(crate) fn insert(&mut self, mut handle: JobHandle<T>) -> JobId {
        let (place, id) = (self.submitted, handle.id());
        self.submitted += 1;
        let waker = Waker::from(Arc::new(Ends { place, set: Arc::clone(&self.ended) }));
        match Pin::new(&mut handle).poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(outcome) => self.ready.push_back(Ready { place, id, outcome }),
            Poll::Pending => drop(self.jobs.insert(place, handle)),
        }
        id
    }

    /// Returns the number of jobs whose outcome has not been returned.
    pub fn len(&self) -> usize {
        self.jobs.len() + self.ready.len()
    }

    /// Returns `true` if the outcome of every job has been returned.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Waits until a job has ended, and returns its id and its outcome. Returns `None` if the set
    /// is empty.
    pub fn join_next(&mut self) -> Option<(JobId, Outcome<T>)> {
        self.next_until(Deadline::never()).map(Ready::told)
    }

    /// Returns the id and the outcome of a job that has ended. Returns `None` if there is none.
    pub fn try_join_next(&mut self) -> Option<(JobId, Outcome<T>)> {
        if let Some(ready) = self.ready.pop_front() {
            return Some(ready.told());
        }
        loop {
            let place = self.ended.state.lock().places.pop_front()?;
            if let Some(ended) = self.take(place) {
                return Some(ended.told());
            }
        }
    }

    /// As [`join_next`](Self::join_next), but waits for at most `timeout`. Returns `None` also if
    /// that has passed.
    ///
    /// A timeout too large to represent means no deadline; zero checks without waiting.
    pub fn join_next_timeout(&mut self, timeout: Duration) -> Option<(JobId, Outcome<T>)> {
        self.next_until(Deadline::after(timeout)).map(Ready::told)
    }

    fn next_until(&mut self, deadline: Deadline) -> Option<Ready<T>> {
        if let Some(ready) = self.ready.pop_front() {
            return Some(ready);
        }
        while !self.jobs.is_empty() {
            let place = self.ended.next(deadline)?;
            if let Some(ended) = self.take(place) {
                return Some(ended);
            }
        }
        None
    }

    /// As [`join_next`](Self::join_next), for an async task, which is woken when a job has ended.
    /// With [`poll_fn`](std::future::poll_fn) it is a future:
    ///
    /// ```
    /// # if last_call::UNDER_MODEL { return }
    /// use std::future::poll_fn;
    ///
    /// async fn sum(jobs: &mut last_call::JobSet<u64>) -> u64 {
    ///     let mut sum = 0;
    ///     while let Some((_, outcome)) = poll_fn(|context| jobs.poll_join_next(context)).await {
    ///         sum += outcome.unwrap();
    ///     }
    ///     sum
    /// }
    /// ```
    pub fn poll_join_next(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<(JobId, Outcome<T>)>> {
        if let Some(ready) = self.ready.pop_front() {
            return Poll::Ready(Some(ready.told()));
        }
        while !self.jobs.is_empty() {
            // Wakers are user code, so this one is cloned before the lock is taken.
            let Some(place) = self.ended.next_or_register(context.waker().clone()) else {
                return Poll::Pending;
            };
            if let Some(ended) = self.take(place) {
                return Poll::Ready(Some(ended.told()));
            }
        }
        Poll::Ready(None)
    }

    /// Takes a job out that has ended. Returns `None` if it was detached as it ended.
    fn take(&mut self, place: u64) -> Option<Ready<T>> {
        let handle = self.jobs.remove(&place)?;
        Some(Ready { place, id: handle.id(), outcome: handle.join() })
    }

    /// Waits until every job has ended, and returns their outcomes in the order of submission.
    pub fn join_all(mut self) -> Vec<Outcome<T>> {
        let mut outcomes = BTreeMap::new();
        while let Some(Ready { place, outcome, .. }) = self.next_until(Deadline::never()) {
            outcomes.insert(place, outcome);
        }
        outcomes.into_values().collect()
    }

    /// Waits until every job has completed, and returns their values in the order of submission; or
    /// until the first job has panicked or was cancelled, and then cancels the rest.
    ///
    /// # Errors
    ///
    /// The [`JobError`] of that job. Jobs that had started then run to their end, detached.
    ///
    /// ```
    /// # if last_call::UNDER_MODEL { return Ok(()) }
    /// let pool = last_call::ThreadPool::new(2);
    /// let mut jobs = pool.job_set();
    /// for n in 1..=3 {
    ///     jobs.submit(move || n * n).expect("the pool is running");
    /// }
    /// assert_eq!(jobs.try_join_all()?, [1, 4, 9]);
    /// # Ok::<(), last_call::JobError>(())
    /// ```
    pub fn try_join_all(mut self) -> Result<Vec<T>, JobError> {
        let mut values = BTreeMap::new();
        while let Some(Ready { place, outcome, .. }) = self.next_until(Deadline::never()) {
            values.insert(place, outcome.into_result()?);
        }
        Ok(values.into_values().collect())
    }

    /// Cancels each job that has not started. The outcomes are still returned.
    pub fn cancel_all(&self) {
        for handle in self.jobs.values() {
            handle.cancel();
        }
    }

    /// Detaches every job: they run, and the set is empty.
    pub fn detach_all(&mut self) {
        self.jobs.clear();
        self.drop_ready();
    }

    /// Drops the outcomes that nobody has read. The panics of their destructors are counted, as
    /// they are with a handle.
    fn drop_ready(&mut self) {
        let panics = self.ready.drain(..).map(drop_catching).sum();
        self.submitter.shared().count_panics(panics);
    }
}

impl<T> Drop for JobSet<T> {
    fn drop(&mut self) {
        self.cancel_all();
        self.drop_ready();
        // Without the lock, since it is user code.
        let waker = self.ended.state.lock().waker.take();
        drop(waker);
    }
}

impl<T> fmt::Debug for JobSet<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobSet").field("len", &self.len()).finish_non_exhaustive()
    }
}
