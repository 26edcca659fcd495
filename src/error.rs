//! The errors of building a pool, submitting a job, and waiting for the pool.

use std::{error, fmt, io};

use crate::sync::Exclusive;

/// A job was refused. It has not run and never will, and this error returns it.
///
/// ```
/// # if last_call::UNDER_MODEL { return }
/// use last_call::ThreadPool;
///
/// let pool = ThreadPool::new(1);
/// let submitter = pool.submitter();
/// pool.shutdown();
///
/// let error = submitter.execute(|| println!("not run by the pool")).unwrap_err();
/// assert!(error.is_shut_down());
/// let job = error.into_job();
/// job(); // here, later, or never
/// ```
///
/// It is `Send` and `Sync` for every closure that a pool takes, so `?` turns it into a
/// `Box<dyn Error + Send + Sync>` or an error of the anyhow crate. The closure, with all that it
/// has captured, then lives as long as that error, in a box of its own. [`JobRefused`] is the
/// reason without the closure; `?` converts to it and drops the closure:
///
/// ```
/// # if last_call::UNDER_MODEL { return }
/// use std::sync::mpsc::Receiver;
///
/// use last_call::{JobRefused, RefusalKind, ThreadPool};
///
/// fn consume(pool: &ThreadPool, orders: Receiver<u32>) -> Result<(), JobRefused> {
///     pool.execute(move || orders.iter().for_each(|order| println!("{order}")))?;
///     Ok(())
/// }
///
/// let pool = ThreadPool::new(1);
/// pool.shutdown_trigger().drain();
/// let (_, orders) = std::sync::mpsc::channel();
/// let error = consume(&pool, orders).unwrap_err();
/// assert_eq!(error.kind(), RefusalKind::ShutDown);
/// ```
#[non_exhaustive]
pub struct SubmitError<F> {
    job: Exclusive<Box<F>>,
    reason: JobRefused,
}

/// Why a job was refused, without the job: [`SubmitError`] converts to it.
///
/// ```
/// # if last_call::UNDER_MODEL { return Ok(()) }
/// use last_call::{RefusalKind, ThreadPool};
///
/// let pool = ThreadPool::builder().workers(1).capacity(1).build()?;
/// pool.shutdown_trigger().drain();
/// let (job, reason) = pool.try_execute(|| println!("once")).unwrap_err().into_parts();
/// match reason.kind() {
///     RefusalKind::Full => println!("try again later"),
///     RefusalKind::ShutDown => job(),
///     _ => println!("{reason}"),
/// }
/// # Ok::<(), last_call::BuildError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct JobRefused {
    kind: RefusalKind,
}

/// The reasons for which a job is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RefusalKind {
    /// The pool had begun to shut down.
    ShutDown,
    /// The queue was full and the call does not wait.
    Full,
    /// The queue was full until the timeout had passed.
    Timeout,
    /// The queue was full and the call came from a worker of the same pool, which might wait for
    /// itself.
    WouldDeadlock,
}

impl RefusalKind {
    pub(crate) fn text(self) -> &'static str {
        match self {
            RefusalKind::ShutDown => "the thread pool is shutting down",
            RefusalKind::Full => "the queue of the thread pool is full",
            RefusalKind::Timeout => "the queue of the thread pool was full until the timeout",
            RefusalKind::WouldDeadlock => {
                "the queue of the thread pool is full, and its own worker cannot wait for a slot"
            }
        }
    }
}

impl<F> SubmitError<F> {
    pub(crate) fn new(job: Box<F>, kind: RefusalKind) -> Self {
        SubmitError { job: Exclusive::new(job), reason: JobRefused { kind } }
    }

    /// Returns the refused closure, unrun.
    pub fn into_job(self) -> F {
        *self.job.into_inner()
    }

    /// Returns the refused closure, unrun, and the reason.
    pub fn into_parts(self) -> (F, JobRefused) {
        (*self.job.into_inner(), self.reason)
    }

    /// Returns the reason, which does not hold the closure.
    pub fn reason(&self) -> JobRefused {
        self.reason
    }

    /// Returns the kind of the reason.
    pub fn kind(&self) -> RefusalKind {
        self.reason.kind
    }

    /// Returns `true` if the pool had begun to shut down.
    pub fn is_shut_down(&self) -> bool {
        self.kind() == RefusalKind::ShutDown
    }

    /// Returns `true` if the queue was full and the call does not wait.
    pub fn is_full(&self) -> bool {
        self.kind() == RefusalKind::Full
    }

    /// Returns `true` if the queue was full until the timeout had passed.
    pub fn is_timeout(&self) -> bool {
        self.kind() == RefusalKind::Timeout
    }

    /// Returns `true` if the queue was full and the call came from a worker of the same pool, which
    /// might wait for itself.
    pub fn would_deadlock(&self) -> bool {
        self.kind() == RefusalKind::WouldDeadlock
    }
}

impl<F> fmt::Debug for SubmitError<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SubmitError").field("kind", &self.kind()).finish_non_exhaustive()
    }
}

impl<F> fmt::Display for SubmitError<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.reason.fmt(f)
    }
}

impl<F> error::Error for SubmitError<F> {}

impl JobRefused {
    /// Returns the kind of the reason.
    pub fn kind(self) -> RefusalKind {
        self.kind
    }
}

impl<F> From<SubmitError<F>> for JobRefused {
    /// Drops the closure.
    fn from(error: SubmitError<F>) -> Self {
        error.reason
    }
}

impl fmt::Display for JobRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.text())
    }
}

impl error::Error for JobRefused {}

/// A wait for the pool ended without success.
///
/// ```
/// # if last_call::UNDER_MODEL { return }
/// use std::time::Duration;
///
/// let pool = last_call::ThreadPool::new(1);
/// // No shutdown has begun.
/// let error = pool.shutdown_trigger().wait_timeout(Duration::ZERO).unwrap_err();
/// assert!(error.is_timeout());
/// // A job cannot wait until no job is running.
/// let submitter = pool.submitter();
/// let job = pool.submit(move || submitter.wait_idle()).expect("the pool is running");
/// assert!(job.join().unwrap().unwrap_err().would_deadlock());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WaitError {
    kind: WaitErrorKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum WaitErrorKind {
    Timeout,
    WouldDeadlock,
}

impl WaitError {
    pub(crate) const TIMEOUT: WaitError = WaitError { kind: WaitErrorKind::Timeout };
    pub(crate) const WOULD_DEADLOCK: WaitError = WaitError { kind: WaitErrorKind::WouldDeadlock };

    /// Returns `true` if the timeout had passed.
    pub fn is_timeout(&self) -> bool {
        self.kind == WaitErrorKind::Timeout
    }

    /// Returns `true` if the call came from a job of the same pool, or from a destructor of one
    /// that is being cancelled: it would have waited for itself.
    pub fn would_deadlock(&self) -> bool {
        self.kind == WaitErrorKind::WouldDeadlock
    }
}

impl fmt::Display for WaitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            WaitErrorKind::Timeout => "the timeout passed first",
            WaitErrorKind::WouldDeadlock => "a job of the thread pool cannot wait for the pool",
        })
    }
}

impl error::Error for WaitError {}

/// A pool could not be built. No thread is left running, except those whose
/// [start hooks](crate::Builder::on_start) have not returned.
///
/// ```
/// # if last_call::UNDER_MODEL { return }
/// let error = last_call::ThreadPool::builder().workers(2).capacity(0).build().unwrap_err();
/// assert!(error.is_argument());
/// assert_eq!(error.to_string(), "invalid `capacity`: 0 jobs (expected 1 to 1073741824)");
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct BuildError {
    kind: BuildErrorKind,
}

#[derive(Debug)]
pub(crate) enum BuildErrorKind {
    Argument { name: &'static str, value: String, expected: String },
    Spawn { worker: usize, workers: usize, source: io::Error },
    StartHook { worker: usize, message: String },
}

impl BuildError {
    pub(crate) fn new(kind: BuildErrorKind) -> Self {
        BuildError { kind }
    }

    /// Returns `true` if an argument of the builder is invalid. The message names it.
    pub fn is_argument(&self) -> bool {
        matches!(self.kind, BuildErrorKind::Argument { .. })
    }

    /// Returns `true` if a thread could not be started. [`source`](error::Error::source) is the
    /// error of the operating system.
    pub fn is_spawn(&self) -> bool {
        matches!(self.kind, BuildErrorKind::Spawn { .. })
    }

    /// Returns `true` if the start hook panicked.
    pub fn is_start_hook(&self) -> bool {
        matches!(self.kind, BuildErrorKind::StartHook { .. })
    }
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            BuildErrorKind::Argument { name, value, expected } => {
                write!(f, "invalid `{name}`: {value} (expected {expected})")
            }
            BuildErrorKind::Spawn { worker, workers, source } => {
                write!(f, "worker {worker} of {workers} could not be started: {source}")
            }
            BuildErrorKind::StartHook { worker, message } => {
                write!(f, "the start hook panicked in worker {worker}: {message}")
            }
        }
    }
}

impl error::Error for BuildError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match &self.kind {
            BuildErrorKind::Spawn { source, .. } => Some(source),
            BuildErrorKind::Argument { .. } | BuildErrorKind::StartHook { .. } => None,
        }
    }
}
