//! The two halves of a submission: the job, which goes through the queue to a worker, and the
//! handle, which stays with the caller.
//!
//! Whoever takes a job to its end — a worker, a discarding shutdown, a handle that cancels — does so
//! from a [`Seat`], in one function: claim the closure, ask the seat whether it may start, run it or
//! drop it, count, and only then tell the handle. The claim decides between them, once.

use std::any::{type_name, Any};
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::mem;
use std::panic::{self, AssertUnwindSafe, RefUnwindSafe, UnwindSafe};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use crate::outcome::{message, CancelReason, Outcome, Payload};
use crate::report::JobId;
use crate::sync::{Arc, Condvar, Deadline, Mutex};

/// A job of any type, not yet claimed.
pub(crate) struct Job(Erased);

/// How a job ended, as far as counting goes.
pub(crate) enum End {
    Completed,
    /// With the message, if there is no handle that the payload can go to.
    Panicked(Option<String>),
    Cancelled,
}

/// Where somebody sits who takes jobs to their end.
pub(crate) trait Seat {
    /// A job of that name has been claimed.
    ///
    /// # Errors
    ///
    /// Why it may not start; it is then cancelled.
    fn begin(&mut self, name: &'static str) -> Result<(), CancelReason>;

    /// The claimed job has ended, its captures are dropped, and nobody knows yet.
    fn end(&mut self, end: End);

    /// The claimed job has completed, and nobody waits for it: it need not be counted at once.
    fn end_quietly(&mut self) {
        self.end(End::Completed);
    }

    /// User code comes next, of a job that has ended, and it may wait for what the end brought about:
    /// nobody is to be told of it later.
    fn tell(&mut self) {}

    /// What is left of a job that ran is a box, small and empty, that may be freed any time.
    fn discard_later(&mut self, _emptied: Job) {}

    /// That many destructors have panicked.
    fn stray_panics(&mut self, number: u64);
}

/// Those who count, as seen from a handle.
pub(crate) trait Accounts: Send + Sync {
    /// Takes a job to its end by cancelling it, if nobody has claimed it; `false` if somebody has.
    fn cancel(&self, job: &dyn HandledTask, reason: CancelReason) -> bool;

    /// That many destructors have panicked.
    fn stray_panics(&self, number: u64);
}

impl Job {
    /// A job without a handle.
    pub(crate) fn detached<F>(closure: F) -> Self
    where
        F: FnOnce() + Send + 'static,
    {
        Job(Erased::new(Detached(Some(closure))))
    }

    /// Takes the job to its end; `false` if it had been claimed, and nothing is left to do.
    #[inline]
    pub(crate) fn process(mut self, seat: &mut impl Seat) -> bool {
        let task = self.0.as_task();
        let Some(name) = task.name() else {
            return task.ticket().is_some_and(|ticket| ticket.process(seat));
        };
        // Here and not in the task, so that it is compiled into the worker's loop and not for each
        // closure.
        if seat.begin(name).is_err() {
            seat.stray_panics(drop_guarded(self));
            seat.end(End::Cancelled);
            return true;
        }
        match task.run() {
            Ok(()) => {
                seat.end_quietly();
                if self.0.is_small_box() {
                    seat.discard_later(self);
                }
            }
            Err(payload) => {
                seat.end(End::Panicked(Some(message(payload.as_ref()))));
                seat.tell();
                seat.stray_panics(drop_payload(payload));
            }
        }
        true
    }

    /// Gives the closure of a [`detached`](Self::detached) job back, which the queue refused.
    pub(crate) fn into_detached<F: 'static>(mut self) -> F {
        let task = self.0.as_task().as_any().downcast_mut::<Detached<F>>();
        task.and_then(|task| task.0.take()).expect("the job was made of this closure")
    }
}

/// What the queue holds of a job, of any type.
trait Task: Send {
    /// The type name of the closure; `None` if the job has a handle, which knows it.
    fn name(&self) -> Option<&'static str>;
    /// Runs the closure of a job without a handle.
    fn run(&mut self) -> Result<(), Payload>;
    /// The ticket of a job with one.
    fn ticket(&mut self) -> Option<&mut Ticket>;
    fn as_any(&mut self) -> &mut dyn Any;
    /// Whether it is a box of a size that may be kept for a while.
    #[cfg(feature = "inline-jobs")]
    fn is_small_box(&self) -> bool {
        false
    }
}

/// A task without its type: in place if it is small, in a box otherwise.
///
/// A box that one core allocates and another frees costs more than all the rest of a small job's way.
#[cfg(feature = "inline-jobs")]
struct Erased(stack_dst::Value<dyn Task, stack_dst::buffers::ConstArrayBuf<usize, SLOT>>);

/// The size of a place, in words: the task's and one more.
#[cfg(feature = "inline-jobs")]
const SLOT: usize = 6;

#[cfg(feature = "inline-jobs")]
impl Erased {
    #[allow(unused_qualifications)] // in the prelude, but not of the least Rust version
    fn new<K: Task + 'static>(task: K) -> Self {
        // The crate would panic on an alignment that it cannot give, and a large task is not to be
        // moved through its frames on the stack.
        let aligned = mem::align_of::<K>() <= mem::align_of::<usize>();
        if aligned && mem::size_of::<K>() <= (SLOT - 1) * mem::size_of::<usize>() {
            Erased::in_place(task)
        } else {
            let task: Box<dyn Task> = Box::new(task);
            Erased::in_place(task)
        }
    }

    /// Of a task that fits. A function of its own: without optimisation, [`new`](Self::new) would
    /// keep room for the moves in its frame also where it makes a box.
    #[inline]
    fn in_place(task: impl Task + 'static) -> Self {
        match stack_dst::Value::new_stable(task, |task| task as _) {
            Ok(value) => Erased(value),
            Err(_) => unreachable!("it fits"),
        }
    }

    #[inline]
    fn as_task(&mut self) -> &mut dyn Task {
        &mut *self.0
    }

    fn is_small_box(&self) -> bool {
        self.0.is_small_box()
    }
}

#[cfg(feature = "inline-jobs")]
impl Task for Box<dyn Task> {
    fn is_small_box(&self) -> bool {
        is_small(&**self)
    }

    fn name(&self) -> Option<&'static str> {
        (**self).name()
    }

    fn run(&mut self) -> Result<(), Payload> {
        (**self).run()
    }

    fn ticket(&mut self) -> Option<&mut Ticket> {
        (**self).ticket()
    }

    fn as_any(&mut self) -> &mut dyn Any {
        (**self).as_any()
    }
}

/// A task without its type, in a box.
#[cfg(not(feature = "inline-jobs"))]
struct Erased(Box<dyn Task>);

#[cfg(not(feature = "inline-jobs"))]
impl Erased {
    fn new(task: impl Task + 'static) -> Self {
        Erased(Box::new(task))
    }

    #[inline]
    fn as_task(&mut self) -> &mut dyn Task {
        &mut *self.0
    }

    fn is_small_box(&self) -> bool {
        is_small(&*self.0)
    }
}

/// Whether the memory of an emptied task is little enough to be kept for a while.
#[allow(unused_qualifications)] // in the prelude, but not of the least Rust version
fn is_small(task: &dyn Task) -> bool {
    mem::size_of_val(task) <= 1024
}

/// Runs user code. The one place that catches panics.
///
/// Unwind safety is asserted: what the closure may have left half changed is dropped with it or
/// belongs to the user, who gets the payload.
pub(crate) fn guarded<R>(user_code: impl FnOnce() -> R) -> Result<R, Payload> {
    panic::catch_unwind(AssertUnwindSafe(user_code))
}

/// Runs user code whose panic is of no consequence.
pub(crate) fn unharmed(user_code: impl FnOnce()) {
    let _ = guarded(user_code).map_err(drop_payload);
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

/// Runs a claimed closure, or drops it if the seat refuses.
fn settle<F, T>(closure: F, seat: &mut dyn Seat) -> Outcome<T>
where
    F: FnOnce() -> T,
{
    match seat.begin(type_name::<F>()) {
        Ok(()) => match guarded(closure) {
            Ok(value) => Outcome::Completed(value),
            Err(payload) => Outcome::Panicked(payload),
        },
        Err(reason) => {
            seat.stray_panics(drop_guarded(closure));
            Outcome::Cancelled(reason)
        }
    }
}

/// A job without a handle: the closure until it is run.
struct Detached<F>(Option<F>);

impl<F: FnOnce() + Send + 'static> Task for Detached<F> {
    fn name(&self) -> Option<&'static str> {
        Some(type_name::<F>())
    }

    fn run(&mut self) -> Result<(), Payload> {
        match self.0.take() {
            Some(closure) => guarded(closure),
            None => Ok(()),
        }
    }

    fn ticket(&mut self) -> Option<&mut Ticket> {
        None
    }

    fn as_any(&mut self) -> &mut dyn Any {
        self
    }
}

/// The queue's share of a job with a handle. Dropped without having been processed, it still resolves
/// the handle: a job cannot leave without signing out.
pub(crate) struct Ticket(Option<Arc<dyn HandledTask>>);

impl Ticket {
    fn process(&mut self, seat: &mut dyn Seat) -> bool {
        // Nothing of the user's is left in the task when this drops it: whose drop is the last is of
        // no consequence.
        self.0.take().is_some_and(|task| task.process(seat))
    }
}

impl Task for Ticket {
    fn name(&self) -> Option<&'static str> {
        None
    }

    fn run(&mut self) -> Result<(), Payload> {
        Ok(())
    }

    fn ticket(&mut self) -> Option<&mut Ticket> {
        Some(self)
    }

    fn as_any(&mut self) -> &mut dyn Any {
        self
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if let Some(task) = self.0.take() {
            task.abandon();
        }
    }
}

/// What stands behind a job with a handle, as the queue sees it.
pub(crate) trait HandledTask: Send + Sync {
    /// Claims the closure and takes it to its end; `false` if somebody has claimed it before.
    fn process(&self, seat: &mut dyn Seat) -> bool;
    /// Resolves the handle of a job that was dropped.
    fn abandon(&self);
}

/// What stands behind a job with a handle, as the handle sees it.
trait Awaited<T>: HandledTask {
    /// Whether there is an outcome, or was one that has been taken.
    fn is_finished(&self) -> bool;
    /// Waits for the outcome and takes it; `None` if the deadline came first.
    fn take_until(&self, deadline: Deadline) -> Option<Outcome<T>>;
    /// Takes the outcome if there is one.
    fn take(&self) -> Option<Outcome<T>>;
    /// Takes the outcome if there is one, and otherwise leaves the waker to be woken by it.
    fn take_or_leave(&self, waker: Waker) -> Option<Outcome<T>>;
    /// The handle is being dropped: drops what it has left or has not read; returns the number of
    /// panics that this caused.
    fn detach(&self) -> u64;
    fn as_task(&self) -> &dyn HandledTask;
}

/// A job with a handle, from the closure to its outcome.
pub(crate) struct Handled<F, T> {
    state: Mutex<State<F, T>>,
    resolved: Condvar,
}

struct State<F, T> {
    stage: Stage<F, T>,
    /// Of the task that polled the handle last.
    waker: Option<Waker>,
    /// Whether a join may be sleeping; a wake-up is a system call, and most jobs end unobserved.
    joining: bool,
    /// Whether the handle was dropped before there was an outcome: then nobody reads it.
    detached: bool,
}

/// `Unclaimed → Claimed → Ready → Taken`, never backwards.
enum Stage<F, T> {
    Unclaimed(F),
    Claimed,
    Ready(Outcome<T>),
    Taken,
}

impl<F, T> State<F, T> {
    /// Who gets the closure decides what becomes of it.
    fn claim(&mut self) -> Option<F> {
        match mem::replace(&mut self.stage, Stage::Claimed) {
            Stage::Unclaimed(closure) => Some(closure),
            other => {
                self.stage = other;
                None
            }
        }
    }

    /// Takes the outcome if there is one.
    fn take(&mut self) -> Option<Outcome<T>> {
        let is_taken = matches!(self.stage, Stage::Taken);
        assert!(!is_taken, "the outcome has been taken; the handle was polled after that");
        self.take_unread()
    }

    /// From now on nobody reads the outcome; gives back what the handle has left, and what it has not
    /// read.
    fn detach(&mut self) -> (Option<Waker>, Option<Outcome<T>>) {
        self.detached = true;
        (self.waker.take(), self.take_unread())
    }

    /// Takes the outcome if there is one that has not been taken.
    fn take_unread(&mut self) -> Option<Outcome<T>> {
        match mem::replace(&mut self.stage, Stage::Taken) {
            Stage::Ready(outcome) => Some(outcome),
            other => {
                self.stage = other;
                None
            }
        }
    }
}

impl<F, T> Handled<F, T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    /// A job that shares everything with its handle.
    pub(crate) fn new(closure: F) -> Arc<Self> {
        let state = State {
            stage: Stage::Unclaimed(closure),
            waker: None,
            joining: false,
            detached: false,
        };
        Arc::new(Handled { state: Mutex::new(state), resolved: Condvar::new() })
    }

    /// The half for the queue.
    pub(crate) fn job(self: &Arc<Self>) -> Job {
        Job(Erased::new(Ticket(Some(Arc::clone(self) as Arc<dyn HandledTask>))))
    }

    /// The half for the caller.
    pub(crate) fn handle(
        self: Arc<Self>,
        number: u64,
        accounts: Arc<dyn Accounts>,
    ) -> JobHandle<T> {
        JobHandle { task: Some(self), accounts, id: JobId(number), outcome: PhantomData }
    }

    /// Gives the closure back, which the queue refused.
    pub(crate) fn into_closure(self: Arc<Self>) -> F {
        self.claim().expect("a refused job is claimed by nobody")
    }
}

impl<F, T> Handled<F, T> {
    /// A function of its own: user code must find the lock free.
    fn claim(&self) -> Option<F> {
        self.state.lock().claim()
    }

    /// Counts the outcome, and leaves it for the handle. In one critical section with the look at
    /// whether there is a handle: the outcome goes either to it or to the report. Locks that `count`
    /// takes are never held by anybody who takes this one.
    #[must_use]
    fn resolve(&self, outcome: Outcome<T>, count: impl FnOnce(&Outcome<T>, bool)) -> Resolved<T> {
        let mut state = self.state.lock();
        count(&outcome, state.detached);
        if state.detached {
            state.stage = Stage::Taken;
            return Resolved::Detached(outcome);
        }
        state.stage = Stage::Ready(outcome);
        if state.joining {
            self.resolved.notify_one();
        }
        state.waker.take().map_or(Resolved::Quiet, Resolved::Awaited)
    }
}

/// What is left to do for the thread that has resolved a job.
enum Resolved<T> {
    /// Nothing.
    Quiet,
    /// To wake the task that waits for the handle.
    Awaited(Waker),
    /// To drop the outcome, since there is no handle.
    Detached(Outcome<T>),
}

impl<T> Resolved<T> {
    /// Whether finishing runs user code.
    fn is_user_code(&self) -> bool {
        match self {
            Resolved::Quiet => false,
            Resolved::Awaited(_) => true,
            Resolved::Detached(outcome) => mem::needs_drop::<T>() || !outcome.is_completed(),
        }
    }

    /// Does it, not under a lock; returns the number of panics of destructors.
    fn finish(self) -> u64 {
        match self {
            Resolved::Quiet => 0,
            Resolved::Awaited(waker) => {
                unharmed(|| waker.wake());
                0
            }
            Resolved::Detached(outcome) => drop_guarded(outcome),
        }
    }
}

impl<F, T> HandledTask for Handled<F, T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    fn process(&self, seat: &mut dyn Seat) -> bool {
        let Some(closure) = self.claim() else { return false };
        let outcome = settle(closure, seat);
        let resolved = self.resolve(outcome, |outcome, detached| {
            seat.end(match outcome {
                Outcome::Completed(_) => End::Completed,
                Outcome::Panicked(payload) => {
                    End::Panicked(detached.then(|| message(payload.as_ref())))
                }
                Outcome::Cancelled(_) => End::Cancelled,
            });
        });
        if resolved.is_user_code() {
            seat.tell();
        }
        seat.stray_panics(resolved.finish());
        true
    }

    fn abandon(&self) {
        if let Some(closure) = self.claim() {
            drop_guarded(closure);
            let outcome = Outcome::Cancelled(CancelReason::Discarded);
            self.resolve(outcome, |_, _| ()).finish();
        }
    }
}

impl<F, T> Awaited<T> for Handled<F, T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    fn is_finished(&self) -> bool {
        matches!(self.state.lock().stage, Stage::Ready(_) | Stage::Taken)
    }

    fn take_until(&self, deadline: Deadline) -> Option<Outcome<T>> {
        let mut state = self.state.lock();
        let mut late = false;
        loop {
            let outcome = state.take();
            if outcome.is_some() || late {
                return outcome;
            }
            state.joining = true;
            (state, late) = self.resolved.wait_until(state, deadline);
        }
    }

    fn take(&self) -> Option<Outcome<T>> {
        self.state.lock().take()
    }

    fn take_or_leave(&self, waker: Waker) -> Option<Outcome<T>> {
        let mut state = self.state.lock();
        let outcome = state.take();
        if outcome.is_none() {
            let old = state.waker.replace(waker);
            drop(state);
            // After the lock: wakers are user code.
            drop(old);
        }
        outcome
    }

    fn detach(&self) -> u64 {
        // Their destructors are user code, and find the lock free.
        let (waker, outcome) = self.state.lock().detach();
        drop_guarded(waker) + drop_guarded(outcome)
    }

    fn as_task(&self) -> &dyn HandledTask {
        self
    }
}

/// The caller's half of a submitted job: waits for its outcome, or cancels it.
///
/// It always resolves, since every accepted job has an outcome: nothing hangs on a handle but a job
/// that does not return, or a job that waits for one queued behind it on the only worker. Dropping
/// the handle detaches: the job runs all the same, and its result is dropped.
///
/// ```
/// # if last_call::UNDER_MODEL { return }
/// let pool = last_call::ThreadPool::new(2);
/// let parsed = pool.submit(|| "42".parse::<u32>()).expect("the pool is running");
/// assert_eq!(parsed.join().unwrap(), Ok(42));
/// ```
///
/// It is also a [`Future`], of any executor's: the worker wakes the task.
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
    // None once the outcome has been returned by a `join` method: then there is nothing to detach.
    task: Option<Arc<dyn Awaited<T>>>,
    accounts: Arc<dyn Accounts>,
    id: JobId,
    /// Sent and shared as the lock with the outcome in it would be.
    outcome: PhantomData<Mutex<Outcome<T>>>,
}

// A handle holds no value of the job's, and no invariant of its own is broken by a panic: what is
// shared is behind locks, and user code is not run under them.
impl<T> Unpin for JobHandle<T> {}
impl<T> UnwindSafe for JobHandle<T> {}
impl<T> RefUnwindSafe for JobHandle<T> {}

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
///     // It ran, or runs, and has its outcome as if nobody had asked.
///     _ => assert_eq!(job.join().unwrap(), 42),
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Cancellation {
    /// The job had not started and now never will: its closure is dropped, its place in the queue is
    /// free, its outcome is Cancelled.
    Cancelled,
    /// Too late: somebody has claimed the job, to run it or to cancel it.
    Started,
    /// Too late: the job has its outcome.
    Finished,
}

impl<T> JobHandle<T> {
    /// Returns the job's place in the order of acceptance.
    pub fn id(&self) -> JobId {
        self.id
    }

    /// Whether the job has its outcome; the `join` methods then return at once.
    pub fn is_finished(&self) -> bool {
        self.task().is_finished()
    }

    /// Cancels the job if it has not started. The closure and its captures are dropped here.
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
        if self.accounts.cancel(self.task().as_task(), CancelReason::Requested) {
            Cancellation::Cancelled
        } else if self.is_finished() {
            Cancellation::Finished
        } else {
            Cancellation::Started
        }
    }

    /// Waits for the outcome. Everything that the job did, the drop of its captures included,
    /// happened before.
    ///
    /// # Panics
    ///
    /// If the handle has been polled to its end as a future.
    pub fn join(self) -> Outcome<T> {
        let outcome = self.task().take_until(Deadline::never());
        self.joined(outcome).expect("a wait without a deadline ends with the outcome")
    }

    /// Returns the outcome if there is one already.
    ///
    /// # Errors
    ///
    /// The handle, while the job is queued or running.
    ///
    /// # Panics
    ///
    /// If the handle has been polled to its end as a future.
    pub fn try_join(self) -> Result<Outcome<T>, JobHandle<T>> {
        let outcome = self.task().take();
        self.joined(outcome)
    }

    /// Waits for the outcome, but at most that long.
    ///
    /// A timeout that the clock cannot hold is none; zero is [`try_join`](Self::try_join).
    ///
    /// # Errors
    ///
    /// The handle, if the job is still queued or running then.
    ///
    /// # Panics
    ///
    /// If the handle has been polled to its end as a future.
    pub fn join_timeout(self, timeout: Duration) -> Result<Outcome<T>, JobHandle<T>> {
        let outcome = self.task().take_until(Deadline::after(timeout));
        self.joined(outcome)
    }

    /// Returns the outcome, or else the handle. With the outcome gone, its drop needs no lock.
    fn joined(mut self, outcome: Option<Outcome<T>>) -> Result<Outcome<T>, JobHandle<T>> {
        let Some(outcome) = outcome else { return Err(self) };
        self.task = None;
        Ok(outcome)
    }

    fn task(&self) -> &dyn Awaited<T> {
        self.task.as_deref().expect("a handle has its job until it returns the outcome")
    }
}

/// Resolves to the job's outcome.
///
/// # Panics
///
/// When polled again after that.
impl<T> Future for JobHandle<T> {
    type Output = Outcome<T>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Outcome<T>> {
        // Wakers are user code: this one is cloned before the lock.
        let outcome = self.task().take_or_leave(context.waker().clone());
        outcome.map_or(Poll::Pending, Poll::Ready)
    }
}

impl<T> Drop for JobHandle<T> {
    fn drop(&mut self) {
        let number = self.task.as_deref().map_or(0, Awaited::detach);
        if number > 0 {
            self.accounts.stray_panics(number);
        }
    }
}

impl<T> fmt::Debug for JobHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobHandle").field("id", &self.id).finish_non_exhaustive()
    }
}

#[cfg(all(test, feature = "inline-jobs", target_pointer_width = "64"))]
mod tests {
    use super::Job;

    #[test]
    fn a_queued_job_is_48_bytes() {
        assert_eq!(size_of::<Job>(), 48);
    }
}
