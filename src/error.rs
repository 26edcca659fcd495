//! What can go wrong when building a pool or handing in a job.

use std::{error, fmt, io};

/// A job was refused; it has not run and never will, and comes back in here.
///
/// ```
/// # if last_call::UNDER_LOOM { return }
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
}

impl<F> fmt::Debug for SubmitError<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SubmitError").field("kind", &self.kind).finish_non_exhaustive()
    }
}

impl<F> fmt::Display for SubmitError<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            SubmitErrorKind::ShutDown => f.write_str("the thread pool is shutting down"),
        }
    }
}

impl<F> error::Error for SubmitError<F> {}

/// A pool could not be built. No thread is left behind.
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
