//! The two halves of a submission: the job, which goes through the queue to a worker, and the
//! handle, which stays with the caller.
//!
//! A job ends in two steps, so that whoever runs or cancels it can count before anyone is told:
//! [`Job::run`] or [`Job::cancel`] consumes the closure with its captures and gives a [`Spent`];
//! [`Spent::publish`] resolves the handle. A job that is dropped instead still resolves its handle:
//! the receipt in it reports Cancelled.

use std::any::{type_name, Any};
use std::panic::{self, AssertUnwindSafe};
use std::time::Duration;
use std::{fmt, mem};

use crate::outcome::{message, CancelReason, Outcome, Payload};
use crate::report::JobId;
use crate::sync::{Arc, Condvar, Deadline, Mutex};

/// A job of any type, not yet started.
pub(crate) struct Job(Box<dyn Task>);

/// A job whose closure is consumed, and whose handle does not know yet.
#[must_use = "the handle waits"]
pub(crate) struct Spent(Box<dyn Task>);

/// How a job ended, as far as counting goes.
pub(crate) enum End {
    Completed,
    /// With the message, if there is no handle that the payload can go to.
    Panicked(Option<String>),
    Cancelled,
}

/// What stands behind a [`Job`]: first run or cancelled, then published.
trait Task: Send {
    fn name(&self) -> &'static str;
    /// Runs the closure; the second value counts panics of destructors.
    fn run(&mut self) -> (End, u64);
    /// Drops the closure; returns the number of panics of destructors.
    fn cancel(&mut self, reason: CancelReason) -> u64;
    /// Tells the handle; returns the number of panics of destructors.
    fn publish(self: Box<Self>) -> u64;
    fn into_any(self: Box<Self>) -> Box<dyn Any>;
}

impl Job {
    /// A job without a handle.
    pub(crate) fn detached<F>(closure: F) -> Self
    where
        F: FnOnce() + Send + 'static,
    {
        Job(Box::new(Detached { closure: Some(closure) }))
    }

    /// A job and its handle, which gets its id from [`JobHandle::accepted`].
    pub(crate) fn with_handle<F, T>(closure: F) -> (Self, JobHandle<T>)
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let slot = Arc::new(Slot { state: Mutex::new(State::Pending), resolved: Condvar::new() });
        let receipt = Receipt { slot: Some(Arc::clone(&slot)), outcome: None };
        let job = Job(Box::new(Handled { closure: Some(closure), receipt }));
        (job, JobHandle { slot: Some(slot), id: JobId(0) })
    }

    /// The type name of the closure.
    pub(crate) fn name(&self) -> &'static str {
        self.0.name()
    }

    /// Runs the closure on this thread, catching its panic. The count is of destructors' panics.
    pub(crate) fn run(mut self) -> (Spent, End, u64) {
        let (end, stray_panics) = self.0.run();
        (Spent(self.0), end, stray_panics)
    }

    /// Drops the closure unrun. The count is of destructors' panics.
    pub(crate) fn cancel(mut self, reason: CancelReason) -> (Spent, u64) {
        let stray_panics = self.0.cancel(reason);
        (Spent(self.0), stray_panics)
    }

    /// Gives the closure of a [`detached`](Self::detached) job back, which the queue refused.
    pub(crate) fn into_detached<F: 'static>(self) -> F {
        let task = self.0.into_any().downcast::<Detached<F>>();
        task.ok().and_then(|task| task.closure).expect("the job was made of this closure")
    }

    /// Gives the closure of a job [`with_handle`](Self::with_handle) back, which the queue refused.
    pub(crate) fn into_handled<F: 'static, T: 'static>(self) -> F {
        let task = self.0.into_any().downcast::<Handled<F, T>>();
        task.ok().and_then(|task| task.closure).expect("the job was made of this closure")
    }
}

impl Spent {
    /// Resolves the handle and wakes who waits on it; returns the number of destructors' panics.
    pub(crate) fn publish(self) -> u64 {
        self.0.publish()
    }
}

/// Runs user code. The one place that catches panics.
///
/// Unwind safety is asserted: what the closure may have left half changed is dropped with it or
/// belongs to the user, who gets the payload.
pub(crate) fn guarded<R>(user_code: impl FnOnce() -> R) -> Result<R, Payload> {
    panic::catch_unwind(AssertUnwindSafe(user_code))
}

/// Drops user data; returns the number of panics that this caused.
pub(crate) fn drop_guarded<T>(data: T) -> u64 {
    guarded(|| drop(data)).err().map_or(0, |payload| 1 + drop_payload(payload))
}

/// Drops a panic's payload, whose own drop may panic with another payload, and so on: after a few
/// rounds the last one is leaked. Returns the number of panics.
pub(crate) fn drop_payload(mut payload: Payload) -> u64 {
    const ROUNDS: u64 = 4;
    for round in 0..ROUNDS {
        match guarded(|| drop(payload)) {
            Ok(()) => return round,
            Err(next) => payload = next,
        }
    }
    mem::forget(payload);
    ROUNDS
}

/// A job without a handle. The closure is there until it is run or cancelled.
struct Detached<F> {
    closure: Option<F>,
}

impl<F: FnOnce() + Send + 'static> Task for Detached<F> {
    fn name(&self) -> &'static str {
        type_name::<F>()
    }

    fn run(&mut self) -> (End, u64) {
        let closure = self.closure.take().expect("a job runs once");
        match guarded(closure) {
            Ok(()) => (End::Completed, 0),
            Err(payload) => {
                let message = message(payload.as_ref());
                (End::Panicked(Some(message)), drop_payload(payload))
            }
        }
    }

    fn cancel(&mut self, _reason: CancelReason) -> u64 {
        drop_guarded(self.closure.take())
    }

    fn publish(self: Box<Self>) -> u64 {
        0
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}

/// A job with a handle. The closure is there until it is run or cancelled.
struct Handled<F, T> {
    closure: Option<F>,
    receipt: Receipt<T>,
}

impl<F, T> Task for Handled<F, T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    fn name(&self) -> &'static str {
        type_name::<F>()
    }

    fn run(&mut self) -> (End, u64) {
        let closure = self.closure.take().expect("a job runs once");
        let (end, outcome) = match guarded(closure) {
            Ok(value) => (End::Completed, Outcome::Completed(value)),
            Err(payload) => (End::Panicked(None), Outcome::Panicked(payload)),
        };
        self.receipt.outcome = Some(outcome);
        (end, 0)
    }

    fn cancel(&mut self, reason: CancelReason) -> u64 {
        self.receipt.outcome = Some(Outcome::Cancelled(reason));
        drop_guarded(self.closure.take())
    }

    fn publish(mut self: Box<Self>) -> u64 {
        self.receipt.resolve()
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}

/// The worker's end of a [`Slot`]: whatever happens to it, the slot is resolved.
struct Receipt<T> {
    slot: Option<Arc<Slot<T>>>,
    /// What is to be published; nothing yet means Cancelled.
    outcome: Option<Outcome<T>>,
}

impl<T> Receipt<T> {
    fn resolve(&mut self) -> u64 {
        let Some(slot) = self.slot.take() else { return 0 };
        let outcome = self.outcome.take();
        let mut state = slot.state.lock();
        *state = State::Ready(outcome.unwrap_or(Outcome::Cancelled(CancelReason::Discarded)));
        slot.resolved.notify_all();
        drop(state);
        // If the handle is gone, this drops the result.
        drop_guarded(slot)
    }
}

impl<T> Drop for Receipt<T> {
    fn drop(&mut self) {
        self.resolve();
    }
}

/// Where an outcome passes from the worker to the handle.
struct Slot<T> {
    state: Mutex<State<T>>,
    resolved: Condvar,
}

/// `Pending → Ready → Taken`, never backwards.
enum State<T> {
    Pending,
    Ready(Outcome<T>),
    Taken,
}

impl<T> State<T> {
    fn take(&mut self) -> Option<Outcome<T>> {
        match mem::replace(self, State::Taken) {
            State::Ready(outcome) => Some(outcome),
            State::Pending => {
                *self = State::Pending;
                None
            }
            State::Taken => unreachable!("taking the outcome consumes the handle"),
        }
    }
}

/// The caller's half of a submitted job: waits for its outcome.
///
/// It always resolves, since every accepted job has an outcome: nothing hangs on a handle but a job
/// that does not return, or a job that waits for one queued behind it on the only worker. Dropping
/// the handle detaches: the job runs all the same, and its result is dropped.
///
/// ```
/// # if last_call::UNDER_LOOM { return }
/// let pool = last_call::ThreadPool::new(2);
/// let parsed = pool.submit(|| "42".parse::<u32>()).expect("the pool is running");
/// assert_eq!(parsed.join().unwrap(), Ok(42));
/// ```
#[must_use = "dropping the handle detaches the job; `execute` does without one"]
pub struct JobHandle<T> {
    // None only while being dropped.
    slot: Option<Arc<Slot<T>>>,
    id: JobId,
}

impl<T> JobHandle<T> {
    pub(crate) fn accepted(mut self, number: u64) -> Self {
        self.id = JobId(number);
        self
    }

    /// Returns the job's place in the order of acceptance.
    pub fn id(&self) -> JobId {
        self.id
    }

    /// Whether the job has its outcome; the `join` methods then return at once.
    pub fn is_finished(&self) -> bool {
        !matches!(*self.slot().state.lock(), State::Pending)
    }

    /// Waits for the outcome. Everything that the job did, the drop of its captures included,
    /// happened before.
    pub fn join(self) -> Outcome<T> {
        let slot = self.slot();
        let mut state = slot.state.lock();
        loop {
            if let Some(outcome) = state.take() {
                return outcome;
            }
            state = slot.resolved.wait(state);
        }
    }

    /// Returns the outcome if there is one already.
    ///
    /// # Errors
    ///
    /// The handle, while the job is queued or running.
    pub fn try_join(self) -> Result<Outcome<T>, JobHandle<T>> {
        let outcome = self.slot().state.lock().take();
        outcome.ok_or(self)
    }

    /// Waits for the outcome, but at most that long.
    ///
    /// A timeout that the clock cannot hold is none; zero is [`try_join`](Self::try_join).
    ///
    /// # Errors
    ///
    /// The handle, if the job is still queued or running then.
    pub fn join_timeout(self, timeout: Duration) -> Result<Outcome<T>, JobHandle<T>> {
        let deadline = Deadline::after(timeout);
        let slot = self.slot();
        let mut state = slot.state.lock();
        let mut too_late = false;
        loop {
            if let Some(outcome) = state.take() {
                return Ok(outcome);
            }
            if too_late {
                drop(state);
                return Err(self);
            }
            (state, too_late) = slot.resolved.wait_until(state, deadline);
        }
    }

    fn slot(&self) -> &Slot<T> {
        self.slot.as_ref().expect("a handle has its slot until it is dropped")
    }
}

impl<T> Drop for JobHandle<T> {
    fn drop(&mut self) {
        // If the job has ended, this drops its result.
        drop_guarded(self.slot.take());
    }
}

impl<T> fmt::Debug for JobHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobHandle").field("id", &self.id).finish_non_exhaustive()
    }
}
