//! A job with a handle: what the queue and the handle share.

use std::any::{type_name, Any};
use std::mem;
use std::task::Waker;

use super::{Claimant, Ending, Erased, Job, Kind, Task};
use crate::outcome::{CancelReason, Outcome};
use crate::panics::{catch, drop_catching, ignore_panic, message};
use crate::sync::{Arc, Condvar, Deadline, Mutex};

/// What a claimant sees of a submission.
pub(crate) trait Claimable: Send + Sync {
    /// Claims the closure and finishes the job. Returns `false` if another claimant had claimed it.
    fn process(&self, claimant: &mut dyn Claimant) -> bool;

    /// Resolves the handle of a job that was dropped unprocessed. Returns `false` if it was not: a
    /// claimant had claimed it.
    fn abandon(&self) -> bool;
}

/// What a handle sees of a submission.
pub(crate) trait Awaitable<T>: Claimable {
    /// Returns `true` if the job has its outcome, whether or not that has been taken.
    fn is_finished(&self) -> bool;

    /// Waits for the outcome and takes it. Returns `None` if the deadline comes first.
    fn take_until(&self, deadline: Deadline) -> Option<Outcome<T>>;

    /// Takes the outcome if there is one.
    fn take(&self) -> Option<Outcome<T>>;

    /// Takes the outcome if there is one, and otherwise keeps the waker, which the outcome wakes.
    fn take_or_register(&self, waker: Waker) -> Option<Outcome<T>>;

    /// Detaches the handle: drops the waker that it left and the outcome that it did not read.
    /// Returns the number of panics that this caused.
    fn detach(&self) -> u64;

    fn as_claimable(&self) -> &dyn Claimable;
}

/// A job with a handle, from the closure to its outcome.
pub(crate) struct Submission<F, T> {
    state: Mutex<State<F, T>>,
    /// The outcome is there.
    resolved: Condvar,
}

/// The state of a submission.
///
/// # States
///
/// | [`Stage`] | handle | meaning | owner of the closure or outcome |
/// | --- | --- | --- | --- |
/// | `Unclaimed` | any | queued | this state |
/// | `Claimed` | any | running, or being cancelled | the claimant |
/// | `Ready` | attached | the outcome has not been read | this state |
/// | `Taken` | attached | the outcome has been read | the caller of the handle |
/// | `Taken` | detached | the outcome will not be read | the thread that detaches or resolves, which drops it |
///
/// # Transitions
///
/// | from | to | by |
/// | --- | --- | --- |
/// | `Unclaimed` | `Claimed` | the first claimant; a submitter whose job is refused |
/// | `Claimed` | `Ready` | the claimant, if the handle is attached |
/// | `Claimed` | `Taken` | the claimant, if the handle is detached |
/// | `Ready` | `Taken` | the handle, when it reads the outcome or is dropped |
/// | attached | detached | the drop of the handle |
struct State<F, T> {
    stage: Stage<F, T>,
    /// The waker of the task that polled the handle last.
    waker: Option<Waker>,
    /// A join may be sleeping. Without one the wake-up, a system call, is left out.
    joining: bool,
    /// The handle has been dropped.
    detached: bool,
}

enum Stage<F, T> {
    Unclaimed(F),
    Claimed,
    Ready(Outcome<T>),
    Taken,
}

impl<F, T> State<F, T> {
    /// Takes the closure unless it has been claimed.
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

    /// Detaches the handle. Returns the waker that it left and the outcome that it did not read.
    fn detach(&mut self) -> (Option<Waker>, Option<Outcome<T>>) {
        debug_assert!(!self.detached, "a handle is dropped once");
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

impl<F, T> Submission<F, T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    pub(crate) fn new(closure: F) -> Arc<Self> {
        Arc::new(Submission::unshared(closure, false))
    }

    /// Returns the half for the queue.
    pub(crate) fn job(self: &Arc<Self>) -> Job {
        Job(Erased::new(self.ticket()))
    }

    /// Returns the half for the queue, which is reported by this name.
    pub(crate) fn named_job(self: &Arc<Self>, name: &'static str) -> Job {
        Job(Erased::new(NamedTicket { ticket: self.ticket(), name }))
    }

    fn ticket(self: &Arc<Self>) -> Ticket {
        Ticket::new(Arc::clone(self) as Arc<dyn Claimable>)
    }

    /// Returns the closure of a submission that the queue refused.
    pub(crate) fn into_closure(self: Arc<Self>) -> F {
        self.claim().expect("a refused job has no claimant")
    }
}

impl<F, T> Submission<F, T> {
    /// Creates a submission that is not shared yet, with a handle or without one.
    #[inline]
    pub(crate) fn unshared(closure: F, detached: bool) -> Self {
        let state =
            State { stage: Stage::Unclaimed(closure), waker: None, joining: false, detached };
        Submission { state: Mutex::new(state), resolved: Condvar::new() }
    }

    /// Takes the closure unless it has been claimed. When this returns the lock is free, as user
    /// code must find it.
    pub(crate) fn claim(&self) -> Option<F> {
        self.state.lock().claim()
    }

    /// Counts the outcome and leaves it for the handle, in one critical section with the look at
    /// whether there is a handle: the outcome goes either to the handle or to the report.
    ///
    /// No thread takes this lock while it holds one that `count` takes.
    #[must_use]
    fn resolve(&self, outcome: Outcome<T>, count: impl FnOnce(&Outcome<T>, bool)) -> FollowUp<T> {
        let mut state = self.state.lock();
        count(&outcome, state.detached);
        debug_assert!(matches!(state.stage, Stage::Claimed), "only the claimant resolves");
        if state.detached {
            state.stage = Stage::Taken;
            return FollowUp::Drop(outcome);
        }
        state.stage = Stage::Ready(outcome);
        if state.joining {
            self.resolved.notify_one();
        }
        state.waker.take().map_or(FollowUp::Nothing, FollowUp::Wake)
    }
}

/// What remains to be done after a job is resolved, without a lock.
enum FollowUp<T> {
    Nothing,
    /// Wakes the task that waits for the handle.
    Wake(Waker),
    /// Drops the outcome, since the handle is detached.
    Drop(Outcome<T>),
}

impl<T> FollowUp<T> {
    /// Returns `true` if [`run`](Self::run) runs user code.
    fn is_user_code(&self) -> bool {
        match self {
            FollowUp::Nothing => false,
            FollowUp::Wake(_) => true,
            FollowUp::Drop(outcome) => mem::needs_drop::<T>() || !outcome.is_completed(),
        }
    }

    /// Returns the number of panics of destructors.
    fn run(self) -> u64 {
        match self {
            FollowUp::Nothing => 0,
            FollowUp::Wake(waker) => {
                ignore_panic(|| waker.wake());
                0
            }
            FollowUp::Drop(outcome) => drop_catching(outcome),
        }
    }
}

/// Runs a claimed closure, or drops it if the claimant may not start it. Returns the outcome, and
/// the message of a panic.
fn run_or_drop<F, T>(closure: F, claimant: &mut dyn Claimant) -> (Outcome<T>, Option<String>)
where
    F: FnOnce() -> T,
{
    let name = type_name::<F>();
    match claimant.begin(name) {
        Ok(()) => match catch(closure) {
            Ok(value) => (Outcome::Completed(value), None),
            Err(payload) => {
                // Here, where no lock is held: it may be user code.
                let text = message(payload.as_ref());
                claimant.report_panic(name, &text);
                (Outcome::Panicked(payload), Some(text))
            }
        },
        Err(reason) => {
            claimant.count_panics(drop_catching(closure));
            (Outcome::Cancelled(reason), None)
        }
    }
}

impl<F, T> Claimable for Submission<F, T>
where
    F: FnOnce() -> T + Send,
    T: Send,
{
    fn process(&self, claimant: &mut dyn Claimant) -> bool {
        let Some(closure) = self.claim() else { return false };
        let (outcome, text) = run_or_drop(closure, claimant);
        let follow_up = self.resolve(outcome, |outcome, detached| {
            claimant.end(match outcome {
                Outcome::Completed(_) => Ending::Completed,
                Outcome::Panicked(_) => Ending::Panicked(text.filter(|_| detached)),
                Outcome::Cancelled(_) => Ending::Cancelled,
            });
        });
        if follow_up.is_user_code() {
            claimant.notify_idle();
        }
        if let FollowUp::Drop(Outcome::Panicked(_)) = follow_up {
            claimant.call_panic_hook(type_name::<F>());
        }
        claimant.count_panics(follow_up.run());
        true
    }

    fn abandon(&self) -> bool {
        let Some(closure) = self.claim() else { return false };
        drop_catching(closure);
        let outcome = Outcome::Cancelled(CancelReason::Discarded);
        self.resolve(outcome, |_, _| ()).run();
        true
    }
}

impl<F, T> Awaitable<T> for Submission<F, T>
where
    F: FnOnce() -> T + Send,
    T: Send,
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

    fn take_or_register(&self, waker: Waker) -> Option<Outcome<T>> {
        let mut state = self.state.lock();
        let outcome = state.take();
        if outcome.is_none() {
            let old = state.waker.replace(waker);
            drop(state);
            // Without the lock, since wakers are user code.
            drop(old);
        }
        outcome
    }

    fn detach(&self) -> u64 {
        // Their destructors are user code, and find the lock free.
        let (waker, outcome) = self.state.lock().detach();
        drop_catching(waker) + drop_catching(outcome)
    }

    fn as_claimable(&self) -> &dyn Claimable {
        self
    }
}

/// The queue's half of a submission. If it is dropped unprocessed it still resolves the handle: a
/// job cannot leave without signing out.
pub(super) struct Ticket(Option<Arc<dyn Claimable>>);

impl Ticket {
    #[inline]
    pub(super) fn new(job: Arc<dyn Claimable>) -> Self {
        Ticket(Some(job))
    }

    pub(super) fn process(&mut self, claimant: &mut dyn Claimant) -> bool {
        // A processed task holds no user data, so it does not matter which thread drops it last.
        self.0.take().is_some_and(|task| task.process(claimant))
    }
}

impl Task for Ticket {
    fn kind(&mut self) -> Kind<'_> {
        Kind::Ticket(self)
    }

    fn as_any(&mut self) -> &mut dyn Any {
        self
    }
}

/// The ticket of a job that has a name.
struct NamedTicket {
    ticket: Ticket,
    name: &'static str,
}

impl Task for NamedTicket {
    fn kind(&mut self) -> Kind<'_> {
        Kind::NamedTicket(self.name, &mut self.ticket)
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
