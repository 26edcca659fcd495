//! A job with a handle: what the queue and the handle share.

use std::any::Any;
use std::mem;
use std::task::Waker;

use super::{
    Claimant, Code, Ending, Job, Kind, Label, Mention, Site, Size, Stored, Task, WithCode,
};
use crate::outcome::{CancelReason, Outcome};
use crate::panics::{catch, drop_catching, ignore_panic, message};
use crate::sync::{watched, Arc, Beacon, Condvar, Deadline, Mutex};

/// A submission of any type.
pub(crate) trait AnySubmission: Send + Sync {
    /// Claims the closure and finishes the job. Returns `false` if another claimant had claimed it.
    fn process(&self, label: Label, claimant: &mut dyn Claimant) -> bool;

    /// Returns `true` if the closure has been claimed.
    fn is_claimed(&self) -> bool;

    /// Resolves the handle of a job that was dropped unprocessed. Returns `false` if it was not: a
    /// claimant had claimed it.
    fn abandon(&self) -> bool;

    /// Returns `true` if the job has its outcome, whether or not that has been taken.
    fn is_finished(&self) -> bool;

    /// Returns the beacon that is raised when the outcome is there.
    fn beacon(&self) -> &Beacon;

    /// Detaches the handle: drops the waker that it left and the outcome that it did not read.
    /// Returns the number of panics that this caused.
    fn detach(&self) -> u64;
}

/// What a handle sees of a submission whose result is a `T`.
pub(crate) trait Awaitable<T>: AnySubmission {
    /// Takes the outcome if there is one, and otherwise does what `pending` says. Returns also the
    /// number of panics of destructors of wakers.
    ///
    /// # Panics
    ///
    /// If the outcome has been taken.
    fn take(&self, pending: Pending) -> (Option<Outcome<T>>, u64);

    /// As [`take`](Self::take), for a result that is too large to be moved through the stack.
    fn take_boxed(&self, pending: Pending) -> (Option<Outcome<Box<T>>>, u64);

    fn as_any_submission(&self) -> &dyn AnySubmission;
}

/// A submission that the queue has not accepted, made of an `F` whose result is a `T`.
pub(crate) trait Offer<F, T>: Awaitable<T> {
    /// Takes the closure back.
    #[allow(clippy::unnecessary_box_returns)] // a large closure stays in its box
    fn take_closure(&self) -> Box<F>;

    /// Returns what the handle shares.
    fn into_awaitable(self: Arc<Self>) -> Arc<dyn Awaitable<T>>;
}

/// Makes the job and the offer of a closure, for a submission that the caller completes.
pub(crate) struct MakeOffer(pub(crate) Label);

impl<F, T> WithCode<'static, F, T> for MakeOffer
where
    T: Send + 'static,
{
    type Result = (Job, Arc<dyn Offer<F, T>>);

    fn with(self, code: impl Code<Closure = F, Output = T> + 'static) -> Self::Result {
        let MakeOffer(label) = self;
        if Size::<T>::IS_LARGE {
            let submission = Submission::<_, Box<T>>::new(code);
            (submission.job(label), submission)
        } else {
            let submission = Submission::<_, T>::new(code);
            (submission.job(label), submission)
        }
    }
}

/// What a handle does while there is no outcome.
pub(crate) enum Pending {
    /// It returns at once.
    Return,
    /// It waits for the outcome until the deadline.
    Wait(Deadline),
    /// It leaves this waker in place of an earlier one, and returns. The outcome wakes it.
    Register(Waker),
}

/// A job with a handle, from the closure to its outcome.
pub(crate) struct Submission<C, V> {
    state: Mutex<State<C, V>>,
    /// The outcome is there.
    resolved: Condvar,
    /// Is raised when the outcome is there.
    beacon: Beacon,
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
#[doc = include_str!("stages.md")]
struct State<C, V> {
    stage: Stage<C, V>,
    /// The waker of the task that polled the handle last.
    waker: Option<Waker>,
    /// A join may be sleeping. Without one the wake-up, a system call, is left out.
    joining: bool,
    /// The handle has been dropped.
    detached: bool,
}

enum Stage<C, V> {
    Unclaimed(C),
    Claimed,
    Ready(Outcome<V>),
    Taken,
}

impl<C, V> State<C, V> {
    /// Takes the closure unless it has been claimed.
    fn claim(&mut self) -> Option<C> {
        if !matches!(self.stage, Stage::Unclaimed(_)) {
            return None;
        }
        match mem::replace(&mut self.stage, Stage::Claimed) {
            Stage::Unclaimed(code) => Some(code),
            _ => None,
        }
    }

    /// Detaches the handle. Returns the waker that it left and the outcome that it did not read.
    fn detach(&mut self) -> (Option<Waker>, Option<Outcome<V>>) {
        debug_assert!(!self.detached, "a handle is dropped once");
        self.detached = true;
        (self.waker.take(), self.take_unread())
    }

    /// Takes the outcome if there is one that has not been taken.
    fn take_unread(&mut self) -> Option<Outcome<V>> {
        if !matches!(self.stage, Stage::Ready(_)) {
            return None;
        }
        match mem::replace(&mut self.stage, Stage::Taken) {
            Stage::Ready(outcome) => Some(outcome),
            _ => None,
        }
    }
}

impl<C, V> Submission<C, V>
where
    C: Code,
    V: Stored<C::Output>,
{
    pub(crate) fn new(code: C) -> Arc<Self> {
        Arc::new(Submission::unshared(code, false))
    }

    /// Returns the half for the queue.
    pub(crate) fn job(self: &Arc<Self>, label: Label) -> Job
    where
        C: 'static,
        V: 'static,
    {
        Job::shared(Arc::clone(self) as Arc<dyn AnySubmission>, label)
    }

    /// Returns the closure of a submission that the queue refused.
    #[allow(clippy::unnecessary_box_returns)] // a large closure stays in its box
    pub(crate) fn take_closure(&self) -> Box<C::Closure> {
        self.claim().expect("a refused job has no claimant").into_box()
    }
}

impl<C, V> Submission<C, V> {
    /// Creates a submission that is not shared yet, with a handle or without one.
    #[inline]
    pub(crate) fn unshared(code: C, detached: bool) -> Self {
        let state = State { stage: Stage::Unclaimed(code), waker: None, joining: false, detached };
        Submission {
            state: watched!(state, State<C, V>, "a submission", |state|
                stage: match state.stage {
                    Stage::Unclaimed(_) => 0_usize,
                    Stage::Claimed => 1,
                    Stage::Ready(_) => 2,
                    Stage::Taken => 3,
                },
                waker: state.waker.is_some(),
                joining: state.joining,
                detached: state.detached,
            ),
            resolved: Condvar::new(),
            beacon: Beacon::new(),
        }
    }

    /// Takes the closure unless it has been claimed. When this returns the lock is free, as user
    /// code must find it.
    fn claim(&self) -> Option<C> {
        self.state.lock().claim()
    }

    fn take_stored(&self, pending: Pending) -> (Option<Outcome<V>>, u64) {
        let mut state = self.state.lock();
        if matches!(state.stage, Stage::Taken) {
            drop(state);
            // Before the panic: a waker whose destructor panics too would abort.
            drop_catching(pending);
            panic!("the outcome has been taken; the handle was polled after that");
        }
        let mut outcome = state.take_unread();
        match pending {
            Pending::Return => (outcome, 0),
            Pending::Wait(deadline) => {
                let mut late = false;
                while outcome.is_none() && !late {
                    state.joining = true;
                    (state, late) = self.resolved.wait_until(state, deadline);
                    outcome = state.take_unread();
                }
                (outcome, 0)
            }
            Pending::Register(waker) => {
                let unneeded = match outcome {
                    None => state.waker.replace(waker),
                    Some(_) => Some(waker),
                };
                drop(state);
                // Without the lock, since wakers are user code. A panic must not take the outcome
                // with it.
                (outcome, drop_catching(unneeded))
            }
        }
    }

    /// Counts the outcome and leaves it for the handle, in one critical section with the look at
    /// whether there is a handle: the outcome goes either to the handle or to the report.
    ///
    /// No thread takes this lock while it holds one that `count` takes.
    #[must_use]
    fn resolve(&self, outcome: Outcome<V>, count: impl FnOnce(&Outcome<V>, bool)) -> FollowUp<V> {
        let mut state = self.state.lock();
        count(&outcome, state.detached);
        debug_assert!(matches!(state.stage, Stage::Claimed), "only the claimant resolves");
        if state.detached {
            state.stage = Stage::Taken;
            return FollowUp::Drop(outcome);
        }
        state.stage = Stage::Ready(outcome);
        let (joining, waker) = (state.joining, state.waker.take());
        // A join that is woken, or sees the beacon, would run into the lock.
        drop(state);
        self.beacon.raise();
        if joining {
            self.resolved.notify_one();
        }
        waker.map_or(FollowUp::Nothing, FollowUp::Wake)
    }
}

/// What remains to be done after a job is resolved, without a lock.
enum FollowUp<V> {
    Nothing,
    /// Wakes the task that waits for the handle.
    Wake(Waker),
    /// Drops the outcome, since the handle is detached.
    Drop(Outcome<V>),
}

impl<V> FollowUp<V> {
    /// Returns `true` if [`run`](Self::run) runs user code.
    fn is_user_code(&self) -> bool {
        match self {
            FollowUp::Nothing => false,
            FollowUp::Wake(_) => true,
            FollowUp::Drop(outcome) => mem::needs_drop::<V>() || !outcome.is_completed(),
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
fn run_or_drop<C, V>(
    code: C,
    job: Mention,
    claimant: &mut dyn Claimant,
) -> (Outcome<V>, Option<String>)
where
    C: Code,
    V: Stored<C::Output>,
{
    match claimant.begin(job) {
        Ok(()) => match catch(|| V::from_call(code)) {
            Ok(value) => (Outcome::Completed(value), None),
            Err(payload) => {
                // Here, where no lock is held: it may be user code.
                let text = message(payload.as_ref());
                claimant.report_panic(job, &text);
                (Outcome::Panicked(payload), Some(text))
            }
        },
        Err(reason) => {
            claimant.count_panics(drop_catching(code));
            (Outcome::Cancelled(reason), None)
        }
    }
}

impl<C, V> AnySubmission for Submission<C, V>
where
    C: Code,
    V: Stored<C::Output>,
{
    fn process(&self, label: Label, claimant: &mut dyn Claimant) -> bool {
        let Some(code) = self.claim() else { return false };
        let job = label.mention(C::name());
        let (outcome, text) = run_or_drop::<C, V>(code, job, claimant);
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
            claimant.call_panic_hook(job);
        }
        claimant.count_panics(follow_up.run());
        true
    }

    fn is_claimed(&self) -> bool {
        !matches!(self.state.lock().stage, Stage::Unclaimed(_))
    }

    fn abandon(&self) -> bool {
        let Some(code) = self.claim() else { return false };
        drop_catching(code);
        let outcome = Outcome::Cancelled(CancelReason::Discarded);
        self.resolve(outcome, |_, _| ()).run();
        true
    }

    fn is_finished(&self) -> bool {
        matches!(self.state.lock().stage, Stage::Ready(_) | Stage::Taken)
    }

    fn beacon(&self) -> &Beacon {
        &self.beacon
    }

    fn detach(&self) -> u64 {
        // Their destructors are user code, and find the lock free.
        let (waker, outcome) = self.state.lock().detach();
        drop_catching(waker) + drop_catching(outcome)
    }
}

impl<C, V> Awaitable<C::Output> for Submission<C, V>
where
    C: Code,
    V: Stored<C::Output>,
{
    fn take(&self, pending: Pending) -> (Option<Outcome<C::Output>>, u64) {
        let (outcome, panics) = self.take_stored(pending);
        (outcome.map(|outcome| outcome.map(V::into_value)), panics)
    }

    fn take_boxed(&self, pending: Pending) -> (Option<Outcome<Box<C::Output>>>, u64) {
        let (outcome, panics) = self.take_stored(pending);
        (outcome.map(|outcome| outcome.map(V::into_box)), panics)
    }

    fn as_any_submission(&self) -> &dyn AnySubmission {
        self
    }
}

impl<C, V> Offer<C::Closure, C::Output> for Submission<C, V>
where
    C: Code + 'static,
    V: Stored<C::Output> + 'static,
{
    fn take_closure(&self) -> Box<C::Closure> {
        Submission::take_closure(self)
    }

    fn into_awaitable(self: Arc<Self>) -> Arc<dyn Awaitable<C::Output>> {
        self
    }
}

/// The queue's half of a submission. If it is dropped unprocessed it still resolves the handle: a
/// job cannot leave without signing out.
pub(super) struct Ticket {
    submission: Option<Arc<dyn AnySubmission>>,
    site: Site,
}

impl Ticket {
    #[inline]
    pub(super) fn new(submission: Arc<dyn AnySubmission>, site: Site) -> Self {
        Ticket { submission: Some(submission), site }
    }

    pub(super) fn process(&mut self, label: Label, claimant: &mut dyn Claimant) -> bool {
        // A processed task holds no user data, so it does not matter which thread drops it last.
        self.submission.take().is_some_and(|submission| submission.process(label, claimant))
    }

    pub(super) fn is_claimed(&self) -> bool {
        self.submission.as_ref().map_or(true, |submission| submission.is_claimed())
    }
}

impl Task for Ticket {
    fn name(&self) -> Option<&'static str> {
        None
    }

    fn site(&self) -> Site {
        self.site
    }

    fn kind(&mut self) -> Kind<'_> {
        Kind::Ticket(self)
    }

    fn as_any(&mut self) -> &mut dyn Any {
        self
    }
}

/// The ticket of a job that has a name.
pub(super) struct NamedTicket {
    pub(super) ticket: Ticket,
    pub(super) name: &'static str,
}

impl Task for NamedTicket {
    fn name(&self) -> Option<&'static str> {
        Some(self.name)
    }

    fn site(&self) -> Site {
        self.ticket.site
    }

    fn kind(&mut self) -> Kind<'_> {
        Kind::Ticket(&mut self.ticket)
    }

    fn as_any(&mut self) -> &mut dyn Any {
        self
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if let Some(submission) = self.submission.take() {
            submission.abandon();
        }
    }
}
