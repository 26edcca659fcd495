//! Why signals cannot end the pool.

use std::{error, fmt, io};

/// Signals cannot end the pool.
///
/// ```
/// # if last_call::UNDER_MODEL { return }
/// let pool = last_call::ThreadPool::new(2);
/// match pool.shutdown_trigger().on_signals() {
///     Ok(()) => println!("Ctrl-C finishes what is queued"),
///     Err(error) if error.is_handled() => println!("the process handles signals already"),
///     Err(error) => println!("no signals: {error}"),
/// }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct SignalError {
    kind: SignalErrorKind,
}

#[derive(Debug)]
pub(super) enum SignalErrorKind {
    #[cfg_attr(unix, allow(dead_code))] // on Unix any number of handlers can be registered
    Handled,
    System(io::Error),
}

impl From<io::Error> for SignalErrorKind {
    fn from(source: io::Error) -> Self {
        SignalErrorKind::System(source)
    }
}

impl SignalError {
    pub(super) fn new(kind: SignalErrorKind) -> Self {
        SignalError { kind }
    }

    /// Returns `true` if the program has set a handler itself, through the `ctrlc` crate: on Windows
    /// there can be only one.
    pub fn is_handled(&self) -> bool {
        matches!(self.kind, SignalErrorKind::Handled)
    }

    /// Returns `true` if the operating system refused. [`source`](error::Error::source) is its
    /// error.
    pub fn is_system(&self) -> bool {
        matches!(self.kind, SignalErrorKind::System(_))
    }
}

impl fmt::Display for SignalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            SignalErrorKind::Handled => f.write_str("the process handles signals already"),
            SignalErrorKind::System(source) => write!(f, "signals cannot be handled: {source}"),
        }
    }
}

impl error::Error for SignalError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match &self.kind {
            SignalErrorKind::Handled => None,
            SignalErrorKind::System(source) => Some(source),
        }
    }
}
