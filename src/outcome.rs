//! The outcome of a job.

use std::{error, fmt, panic};

use crate::panics::{drop_payload, message, Payload};
use crate::sync::Exclusive;

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
///
/// An outcome that nobody reads hides a panic, so the compiler warns of one:
///
/// ```compile_fail
/// #![deny(unused_must_use)]
/// let pool = last_call::ThreadPool::new(1);
/// let job = pool.submit(|| panic!("unseen")).expect("the pool is running");
/// job.join();
/// ```
#[must_use = "the job may have panicked, or may never have run"]
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

    /// Returns the value of a completed job. Unlike [`unwrap`](Self::unwrap) it does not go on with
    /// the panic of the job.
    ///
    /// # Panics
    ///
    /// If the job panicked or was cancelled, with `text`, a colon and the [`JobError`].
    ///
    /// ```should_panic
    /// # if last_call::UNDER_MODEL { panic!("not run") }
    /// let pool = last_call::ThreadPool::new(1);
    /// let job = pool.submit(|| panic!("no more paper")).expect("the pool is running");
    /// // Panics with "the page is printed: the job panicked: no more paper".
    /// job.join().expect("the page is printed")
    /// ```
    #[track_caller]
    pub fn expect(self, text: &str) -> T {
        match self.into_result() {
            Ok(value) => value,
            Err(error) => {
                let text = format!("{text}: {error}");
                // Before this panics: the destructor of a payload may panic, too.
                error.into_panic().map(drop_payload);
                panic!("{text}")
            }
        }
    }

    /// Returns the value of a completed job, or the error for [`?`](std::result).
    ///
    /// # Errors
    ///
    /// [`JobError`], if the job panicked or was cancelled.
    ///
    /// ```
    /// # if last_call::UNDER_MODEL { return Ok(()) }
    /// use std::error::Error;
    ///
    /// use last_call::ThreadPool;
    ///
    /// fn sum(pool: &ThreadPool) -> Result<u64, Box<dyn Error + Send + Sync>> {
    ///     let job = pool.submit(|| (1..=10).sum())?;
    ///     Ok(job.join().into_result()?)
    /// }
    ///
    /// assert_eq!(sum(&ThreadPool::new(1))?, 55);
    /// # Ok::<(), Box<dyn Error + Send + Sync>>(())
    /// ```
    pub fn into_result(self) -> Result<T, JobError> {
        match self {
            Outcome::Completed(value) => Ok(value),
            Outcome::Panicked(payload) => Err(JobError {
                kind: JobErrorKind::Panicked {
                    message: message(payload.as_ref()),
                    payload: Exclusive::new(payload),
                },
            }),
            Outcome::Cancelled(reason) => Err(JobError { kind: JobErrorKind::Cancelled(reason) }),
        }
    }

    /// Applies a function to the value of a completed job. Other outcomes stay as they are.
    ///
    /// ```
    /// # if last_call::UNDER_MODEL { return }
    /// let pool = last_call::ThreadPool::new(1);
    /// let parsed = pool.submit(|| "42".parse::<u32>()).expect("the pool is running");
    /// let doubled = parsed.join().map(|number| number.map(|number| 2 * number));
    /// assert_eq!(doubled.unwrap(), Ok(84));
    /// ```
    pub fn map<U>(self, function: impl FnOnce(T) -> U) -> Outcome<U> {
        match self {
            Outcome::Completed(value) => Outcome::Completed(function(value)),
            Outcome::Panicked(payload) => Outcome::Panicked(payload),
            Outcome::Cancelled(reason) => Outcome::Cancelled(reason),
        }
    }

    /// Returns the value of a completed job, or `None`.
    pub fn completed(self) -> Option<T> {
        match self {
            Outcome::Completed(value) => Some(value),
            Outcome::Panicked(_) | Outcome::Cancelled(_) => None,
        }
    }

    /// As [`completed`](Self::completed), with the name that it has on a [`Result`].
    pub fn ok(self) -> Option<T> {
        self.completed()
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

/// A job has no value: it panicked, or was cancelled. [`Outcome::into_result`] returns it.
///
/// ```
/// # if last_call::UNDER_MODEL { return }
/// let pool = last_call::ThreadPool::new(1);
/// let job = pool.submit(|| panic!("no more paper")).expect("the pool is running");
/// let error = job.join().into_result().unwrap_err();
/// assert_eq!(error.message(), Some("no more paper"));
/// assert_eq!(error.to_string(), "the job panicked: no more paper");
/// let payload = error.into_panic().expect("it panicked"); // for `resume_unwind`, or a downcast
/// assert_eq!(payload.downcast_ref(), Some(&"no more paper"));
/// ```
pub struct JobError {
    kind: JobErrorKind,
}

enum JobErrorKind {
    /// Payloads are not `Sync`, and errors should be.
    Panicked {
        message: String,
        payload: Exclusive<Payload>,
    },
    Cancelled(CancelReason),
}

impl JobError {
    /// Returns the message of the panic. A payload that is a string, a
    /// [`Cow`](std::borrow::Cow) or a boxed error is its own message; others have a standard
    /// one. Returns `None` if the job was cancelled.
    pub fn message(&self) -> Option<&str> {
        match &self.kind {
            JobErrorKind::Panicked { message, .. } => Some(message),
            JobErrorKind::Cancelled(_) => None,
        }
    }

    /// Returns the payload of the panic, for [`resume_unwind`](panic::resume_unwind) or a downcast.
    /// Returns `None` if the job was cancelled.
    pub fn into_panic(self) -> Option<Payload> {
        match self.kind {
            JobErrorKind::Panicked { payload, .. } => Some(payload.into_inner()),
            JobErrorKind::Cancelled(_) => None,
        }
    }

    /// Returns the reason why the job was cancelled. Returns `None` if it panicked.
    pub fn cancel_reason(&self) -> Option<CancelReason> {
        match self.kind {
            JobErrorKind::Panicked { .. } => None,
            JobErrorKind::Cancelled(reason) => Some(reason),
        }
    }
}

impl fmt::Debug for JobError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            JobErrorKind::Panicked { message, .. } => {
                f.debug_tuple("Panicked").field(message).finish()
            }
            JobErrorKind::Cancelled(reason) => f.debug_tuple("Cancelled").field(reason).finish(),
        }
    }
}

impl fmt::Display for JobError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            JobErrorKind::Panicked { message, .. } => write!(f, "the job panicked: {message}"),
            JobErrorKind::Cancelled(reason) => write!(f, "the job was cancelled: {reason}"),
        }
    }
}

impl error::Error for JobError {}
