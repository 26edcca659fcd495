//! What becomes of a job.

use std::any::Any;
use std::{fmt, panic};

/// What a panic carries: most often a `&'static str` or a `String`.
///
/// ```
/// # if last_call::UNDER_MODEL { return }
/// use last_call::{Outcome, Payload, ThreadPool};
///
/// let pool = ThreadPool::new(1);
/// let job = pool.submit(|| panic!("no more paper")).expect("the pool is running");
/// let Outcome::Panicked(payload) = job.join() else { unreachable!("it panics") };
/// let payload: Payload = payload;
/// assert_eq!(payload.downcast_ref(), Some(&"no more paper"));
/// ```
pub type Payload = Box<dyn Any + Send + 'static>;

/// The one final outcome of an accepted job.
///
/// ```
/// # if last_call::UNDER_MODEL { return }
/// use last_call::{Outcome, ThreadPool};
///
/// let pool = ThreadPool::new(1);
/// let sum = pool.submit(|| 1 + 1).expect("the pool is running");
/// match sum.join() {
///     Outcome::Completed(value) => assert_eq!(value, 2),
///     Outcome::Panicked(_) => println!("the job panicked"),
///     Outcome::Cancelled(reason) => println!("the job never ran: {reason}"),
/// }
/// ```
pub enum Outcome<T> {
    /// The job ran to its end and returned this.
    Completed(T),
    /// The job ran and panicked with this payload.
    Panicked(Payload),
    /// The job never ran.
    Cancelled(CancelReason),
}

/// Why a job was cancelled.
///
/// ```
/// # if last_call::UNDER_MODEL { return }
/// use last_call::{CancelReason, Outcome, ThreadPool};
///
/// let pool = ThreadPool::new(1);
/// let (open, gate) = std::sync::mpsc::channel::<()>();
/// pool.execute(move || drop(gate.recv())).expect("the pool is running");
/// let queued = pool.submit(|| "never run").expect("the pool is running");
/// pool.shutdown_trigger().discard();
/// assert!(matches!(queued.join(), Outcome::Cancelled(CancelReason::Discarded)));
/// drop(open);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CancelReason {
    /// The pool was told to discard what had not started.
    Discarded,
    /// The deadline of the shutdown passed before the job could start.
    DeadlinePassed,
    /// Its handle cancelled it.
    Requested,
}

impl<T> Outcome<T> {
    /// Returns the value of a completed job.
    ///
    /// # Panics
    ///
    /// If the job panicked, with the job's payload; if it was cancelled, saying why.
    #[track_caller]
    pub fn unwrap(self) -> T {
        match self {
            Outcome::Completed(value) => value,
            Outcome::Panicked(payload) => panic::resume_unwind(payload),
            Outcome::Cancelled(reason) => panic!("the job was cancelled: {reason}"),
        }
    }

    /// Returns the value of a completed job, or `None`.
    pub fn completed(self) -> Option<T> {
        match self {
            Outcome::Completed(value) => Some(value),
            Outcome::Panicked(_) | Outcome::Cancelled(_) => None,
        }
    }

    /// Whether the job ran to its end.
    pub fn is_completed(&self) -> bool {
        matches!(self, Outcome::Completed(_))
    }

    /// Whether the job panicked.
    pub fn is_panicked(&self) -> bool {
        matches!(self, Outcome::Panicked(_))
    }

    /// Whether the job never ran.
    pub fn is_cancelled(&self) -> bool {
        matches!(self, Outcome::Cancelled(_))
    }
}

impl<T: fmt::Debug> fmt::Debug for Outcome<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Outcome::Completed(value) => f.debug_tuple("Completed").field(value).finish(),
            Outcome::Panicked(payload) => {
                f.debug_tuple("Panicked").field(&message(payload.as_ref())).finish()
            }
            Outcome::Cancelled(reason) => f.debug_tuple("Cancelled").field(reason).finish(),
        }
    }
}

impl fmt::Display for CancelReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            CancelReason::Discarded => "the pool discarded what had not started",
            CancelReason::DeadlinePassed => "the shutdown's deadline passed before it could start",
            CancelReason::Requested => "its handle cancelled it",
        })
    }
}

/// The text of a panic's payload, as the default hook would print it.
pub(crate) fn message(payload: &(dyn Any + Send)) -> String {
    if let Some(text) = payload.downcast_ref::<&'static str>() {
        (*text).to_owned()
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text.clone()
    } else {
        "a payload that is not a string".to_owned()
    }
}
