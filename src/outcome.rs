//! The outcome of a job.

use std::{fmt, panic};

use crate::panics::{message, Payload};

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
    /// The job returned this value.
    Completed(T),
    /// The job panicked with this payload.
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
    /// The pool discarded its queued jobs.
    Discarded,
    /// The deadline of the shutdown passed before the job started.
    DeadlinePassed,
    /// The handle of the job cancelled it.
    Requested,
}

impl<T> Outcome<T> {
    /// Returns the value of a completed job.
    ///
    /// # Panics
    ///
    /// If the job panicked, with its payload; if it was cancelled, with the reason.
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

    /// Returns `true` if the job completed.
    pub fn is_completed(&self) -> bool {
        matches!(self, Outcome::Completed(_))
    }

    /// Returns `true` if the job panicked.
    pub fn is_panicked(&self) -> bool {
        matches!(self, Outcome::Panicked(_))
    }

    /// Returns `true` if the job never ran.
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
            CancelReason::Discarded => "the pool discarded its queued jobs",
            CancelReason::DeadlinePassed => "the deadline of the shutdown passed before it started",
            CancelReason::Requested => "its handle cancelled it",
        })
    }
}
