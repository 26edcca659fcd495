//! What can go wrong when building a pool or handing in a job.

use std::{error, fmt, io};

/// A job was refused; it has not run and never will, and comes back in here.
///
/// ```
/// # if last_call::UNDER_MODEL { return }
/// use last_call::ThreadPool;
///
/// let pool = ThreadPool::new(1);
/// let submitter = pool.submitter();
/// pool.shutdown();
///
/// let error = submitter.execute(|| println!("run by nobody")).unwrap_err();
/// assert!(error.is_shut_down());
/// let job = error.into_job();
/// job(); // or here, or later, or never
/// ```
#[non_exhaustive]
pub struct SubmitError<F> {
    job: F,
    kind: SubmitErrorKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SubmitErrorKind {
    ShutDown,
    Full,
    Timeout,
    WouldDeadlock,
}

impl<F> SubmitError<F> {
    pub(crate) fn new(job: F, kind: SubmitErrorKind) -> Self {
        SubmitError { job, kind }
    }

    /// Returns the refused closure, unrun.
    pub fn into_job(self) -> F {
        self.job
    }

    /// Whether the pool had begun to shut down.
    pub fn is_shut_down(&self) -> bool {
        self.kind == SubmitErrorKind::ShutDown
    }

    /// Whether the queue was full, and the call was not to wait.
    pub fn is_full(&self) -> bool {
        self.kind == SubmitErrorKind::Full
    }

    /// Whether the queue was full until the timeout had passed.
    pub fn is_timeout(&self) -> bool {
        self.kind == SubmitErrorKind::Timeout
    }

    /// Whether the queue was full, and the call came from one of the pool's own workers: waiting
    /// there for a place could be waiting for oneself.
    pub fn would_deadlock(&self) -> bool {
        self.kind == SubmitErrorKind::WouldDeadlock
    }
}

impl<F> fmt::Debug for SubmitError<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SubmitError").field("kind", &self.kind).finish_non_exhaustive()
    }
}

impl<F> fmt::Display for SubmitError<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            SubmitErrorKind::ShutDown => "the thread pool is shutting down",
            SubmitErrorKind::Full => "the thread pool's queue is full",
            SubmitErrorKind::Timeout => "the thread pool's queue was full until the timeout",
            SubmitErrorKind::WouldDeadlock => {
                "the thread pool's queue is full, and its own worker cannot wait for a place"
            }
        })
    }
}

impl<F> error::Error for SubmitError<F> {}

/// A wait for the pool ended before what it waited for had come.
///
/// ```
/// # if last_call::UNDER_MODEL { return }
/// use std::time::Duration;
///
/// let pool = last_call::ThreadPool::new(1);
/// // Nobody has begun to shut it down.
/// let error = pool.shutdown_trigger().wait_timeout(Duration::ZERO).unwrap_err();
/// assert!(error.is_timeout());
/// // A job cannot wait until no job runs.
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

    /// Whether the timeout had passed.
    pub fn is_timeout(&self) -> bool {
        self.kind == WaitErrorKind::Timeout
    }

    /// Whether the call came from a job of the same pool, or from the drop of one that is being
    /// cancelled: it would have waited for itself.
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

/// A pool could not be built. No thread is left behind.
///
/// ```
/// # if last_call::UNDER_MODEL { return }
/// let error = last_call::ThreadPool::builder().workers(2).capacity(0).build().unwrap_err();
/// assert!(error.is_argument());
/// assert_eq!(error.to_string(), "`capacity` is 0 jobs; accepted is 1 to 1073741824 jobs");
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct BuildError {
    kind: BuildErrorKind,
}

#[derive(Debug)]
pub(crate) enum BuildErrorKind {
    Argument { name: &'static str, value: String, accepted: String },
    Spawn { worker: usize, workers: usize, source: io::Error },
    StartHook { worker: usize, message: String },
}

impl BuildError {
    pub(crate) fn new(kind: BuildErrorKind) -> Self {
        BuildError { kind }
    }

    /// Whether an argument of the builder makes no sense; the message names it.
    pub fn is_argument(&self) -> bool {
        matches!(self.kind, BuildErrorKind::Argument { .. })
    }

    /// Whether a thread could not be started; [`source`](error::Error::source) is the operating
    /// system's error.
    pub fn is_spawn(&self) -> bool {
        matches!(self.kind, BuildErrorKind::Spawn { .. })
    }

    /// Whether the start hook panicked.
    pub fn is_start_hook(&self) -> bool {
        matches!(self.kind, BuildErrorKind::StartHook { .. })
    }
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            BuildErrorKind::Argument { name, value, accepted } => {
                write!(f, "`{name}` is {value}; accepted is {accepted}")
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
