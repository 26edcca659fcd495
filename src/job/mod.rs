//! Jobs, and the one way in which each of them ends.
//!
//! A submission has two halves: the job, which goes through the queue to a worker, and the
//! [handle](crate::JobHandle), which stays with the caller.
//!
//! Workers, discards and handles that cancel are [`Claimant`]s, and all of them finish a job in the
//! same steps: claim the closure, ask the claimant whether it may start, run or drop it, count it,
//! and only then resolve the handle. The claim happens once, so exactly one claimant finishes a
//! job.

use std::any::Any;

use crate::outcome::CancelReason;
use crate::panics::{catch, drop_catching, drop_payload, message, Payload};
use crate::sync::Arc;

mod erased;
mod label;
mod storage;
mod submission;

use erased::Erased;
pub(crate) use label::{Label, Mention, Site};
pub(crate) use storage::{storing, Boxed, Code, InPlace, Size, Stored, WithCode};
pub(crate) use submission::{AnySubmission, Awaitable, MakeOffer, Offer, Pending, Submission};
use submission::{NamedTicket, Ticket};

/// A job of any type that the queue holds.
pub(crate) struct Job(Erased);

/// How a job has ended, as far as it is counted.
pub(crate) enum Ending {
    Completed,
    /// With the message, unless the payload goes to a handle.
    Panicked(Option<String>),
    Cancelled,
}

/// A party that claims jobs and finishes them.
pub(crate) trait Claimant {
    /// Begins a claimed job.
    ///
    /// # Errors
    ///
    /// The reason why the job may not start. The job is then cancelled.
    fn begin(&mut self, job: Mention) -> Result<(), CancelReason>;

    /// Tells of the panic of the job, which has begun. No lock is held, since a
    /// subscriber to events is user code.
    fn report_panic(&self, _job: Mention, _message: &str) {}

    /// Drops a job without a handle that may not start, or keeps it.
    fn dispose(&mut self, job: Job, _mention: Mention) {
        self.count_panics(drop_catching(job));
    }

    /// Counts the claimed job, which has ended. Its captures are dropped, and its handle is not
    /// resolved yet.
    fn end(&mut self, ending: Ending);

    /// As [`end`](Self::end), for a job that has completed and has no handle. It may be counted
    /// later.
    fn end_deferred(&mut self) {
        self.end(Ending::Completed);
    }

    /// Calls the hook for the panic of the job, if it has been counted as one that no handle
    /// returns. No lock is held.
    fn call_panic_hook(&mut self, _job: Mention) {}

    /// Notifies idleness waiters of the jobs that have ended. It is called before user code of an
    /// ended job runs, since that code may depend on a waiter.
    fn notify_idle(&mut self) {}

    /// Takes the small, empty box that remains of a job that ran. It may be freed at any time.
    fn defer_free(&mut self, _emptied: Job) {}

    /// Counts panics of destructors.
    fn count_panics(&mut self, number: u64);
}

impl Job {
    /// Creates a job without a handle.
    pub(crate) fn detached<F>(closure: F, label: Label) -> Self
    where
        F: FnOnce() + Send + 'static,
    {
        storing()(closure, Detach(label))
    }

    /// Creates the queue's half of a job that is shared with its handle.
    pub(crate) fn shared(job: Arc<dyn AnySubmission>, label: Label) -> Self {
        let ticket = Ticket::new(job, label.site);
        Job(match label.name {
            None => Erased::new(ticket),
            Some(name) => Erased::new(NamedTicket { ticket, name }),
        })
    }

    /// Claims the job and finishes it. Returns `false` if another claimant had claimed it.
    #[inline]
    pub(crate) fn process(mut self, claimant: &mut impl Claimant) -> bool {
        let task = self.0.as_task();
        let (name, site) = (task.name(), task.site());
        let closure = match task.kind() {
            Kind::Detached(closure) => closure,
            Kind::Ticket(ticket) => return ticket.process(Label { name, site }, claimant),
        };
        let mention = Mention { name: name.unwrap_or_default(), site };
        // This is compiled into the worker's loop once, and not for each closure.
        if claimant.begin(mention).is_err() {
            claimant.dispose(self, mention);
            claimant.end(Ending::Cancelled);
            return true;
        }
        match closure.run() {
            Ok(()) => {
                claimant.end_deferred();
                if self.0.is_box() {
                    claimant.defer_free(self);
                }
            }
            Err(payload) => {
                let text = message(payload.as_ref());
                claimant.report_panic(mention, &text);
                claimant.end(Ending::Panicked(Some(text)));
                claimant.notify_idle();
                claimant.call_panic_hook(mention);
                claimant.count_panics(drop_payload(payload));
            }
        }
        true
    }

    /// Runs a [`detached`](Self::detached) job outside of the pool.
    ///
    /// # Errors
    ///
    /// The payload, if it panics.
    pub(crate) fn run_detached(mut self) -> Result<(), Payload> {
        match self.0.as_task().kind() {
            Kind::Detached(closure) => closure.run(),
            Kind::Ticket(_) => unreachable!("the job has no handle"),
        }
    }

    /// Returns the closure of a [`detached`](Self::detached) job that the queue refused.
    #[allow(clippy::unnecessary_box_returns)] // a large closure stays in its box
    pub(crate) fn into_detached<F>(mut self) -> Box<F>
    where
        F: FnOnce() + Send + 'static,
    {
        fn code<C: Code + 'static>(job: &mut Job) -> Option<Box<C::Closure>> {
            let task = job.0.as_task().as_any().downcast_mut::<Detached<C>>()?;
            task.code.take().map(C::into_box)
        }
        let code = if Size::<F>::IS_LARGE { code::<Boxed<F>> } else { code::<InPlace<F>> };
        code(&mut self).expect("the job was made of this closure")
    }

    /// Returns `true` if the job has been claimed, so that the queue need not keep what remains.
    pub(crate) fn is_claimed(&mut self) -> bool {
        match self.0.as_task().kind() {
            Kind::Detached(_) => false,
            Kind::Ticket(ticket) => ticket.is_claimed(),
        }
    }
}

/// Makes a job without a handle of a closure.
struct Detach(Label);

impl<F> WithCode<'static, F, ()> for Detach {
    type Result = Job;

    fn with(self, code: impl Code<Closure = F, Output = ()> + 'static) -> Job {
        let Label { name, site } = self.0;
        let task = Detached { code: Some(code), site };
        Job(match name {
            None => Erased::new(task),
            Some(name) => Erased::new(Named { task, name }),
        })
    }
}

/// The part of a job that the queue holds.
///
/// A worker calls the methods for each job. Each returns two words at most: the copy of a larger value
/// would wait until it is in memory.
trait Task: Send {
    /// Returns the name by which the job is mentioned. `None` stands for the name of the type of a
    /// closure that is shared with the handle.
    fn name(&self) -> Option<&'static str>;

    /// Returns where the job was submitted.
    fn site(&self) -> Site;

    /// Returns what the task is made of.
    fn kind(&mut self) -> Kind<'_>;

    fn as_any(&mut self) -> &mut dyn Any;

    /// Returns `true` if this is a box.
    #[cfg(feature = "inline-jobs")]
    fn is_box(&self) -> bool {
        false
    }
}

/// What a [`Task`] is made of.
enum Kind<'a> {
    /// The closure of a job without a handle.
    Detached(&'a mut dyn Closure),
    /// The ticket of a job with a handle. The closure is shared with the handle.
    Ticket(&'a mut Ticket),
}

/// A closure of any type that has not run.
trait Closure {
    /// Runs the closure, once.
    fn run(&mut self) -> Result<(), Payload>;
}

/// A job without a handle: the closure until it runs.
struct Detached<C> {
    code: Option<C>,
    site: Site,
}

impl<C: Code<Output = ()>> Closure for Detached<C> {
    fn run(&mut self) -> Result<(), Payload> {
        match self.code.take() {
            Some(code) => catch(|| code.call()),
            None => Ok(()),
        }
    }
}

impl<C: Code<Output = ()> + 'static> Task for Detached<C> {
    fn name(&self) -> Option<&'static str> {
        Some(C::name())
    }

    fn site(&self) -> Site {
        self.site
    }

    fn kind(&mut self) -> Kind<'_> {
        Kind::Detached(self)
    }

    fn as_any(&mut self) -> &mut dyn Any {
        self
    }
}

/// A job without a handle that has a name.
struct Named<C> {
    task: Detached<C>,
    name: &'static str,
}

impl<C: Code<Output = ()> + 'static> Task for Named<C> {
    fn name(&self) -> Option<&'static str> {
        Some(self.name)
    }

    fn site(&self) -> Site {
        self.task.site
    }

    fn kind(&mut self) -> Kind<'_> {
        Kind::Detached(&mut self.task)
    }

    fn as_any(&mut self) -> &mut dyn Any {
        &mut self.task
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
