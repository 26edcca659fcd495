//! Signals that end the pool.

use std::{error, fmt, io};

use crate::job::unharmed;
use crate::pool::Shutdown;

/// What a signal is about to do to the pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SignalStep {
    /// The first signal: no job is accepted any more, what is queued runs.
    Drain,
    /// The second: what is queued is cancelled.
    Discard,
}

/// Feature `signal`.
impl Shutdown {
    /// Makes signals end the pool: the first begins a drain, the second a discard, later ones do
    /// nothing. See [`on_signals_with`](Self::on_signals_with).
    ///
    /// # Errors
    ///
    /// [`SignalError`], if the process handles these signals already, or the system refuses.
    ///
    /// ```
    /// # if last_call::UNDER_MODEL { return Ok(()) }
    /// let pool = last_call::ThreadPool::new(4);
    /// pool.shutdown_trigger().on_signals()?;
    /// // … hand in jobs until one is refused …
    /// println!("{:?}", pool.shutdown());
    /// # Ok::<(), last_call::SignalError>(())
    /// ```
    pub fn on_signals(self) -> Result<(), SignalError> {
        self.on_signals_with(|_| ())
    }

    /// As [`on_signals`](Self::on_signals), and calls `before` with what the signal is about to do.
    /// The step is taken when `before` returns (or panics, which is caught and lost): a server can
    /// use the time to hand in the connections that it has already let in.
    ///
    /// The signals are SIGINT, SIGTERM and SIGHUP, and on Windows the console's Ctrl-C, Ctrl-Break
    /// and close: those of the [`ctrlc`](https://docs.rs/ctrlc) crate with its feature `termination`.
    /// Its signal handler only wakes a thread that it starts here for good; `before` and the steps
    /// run on that thread, so they may do what a signal handler may not. So do the destructors of
    /// what the discard cancels.
    ///
    /// A process has one such handler. It does not keep the pool alive, and once the pool has
    /// terminated its steps change nothing; `before` is called all the same.
    ///
    /// # Errors
    ///
    /// [`SignalError`], if the process handles these signals already, or the system refuses.
    pub fn on_signals_with(
        self,
        mut before: impl FnMut(SignalStep) + Send + 'static,
    ) -> Result<(), SignalError> {
        let mut steps = [SignalStep::Drain, SignalStep::Discard].into_iter();
        let handler = move || {
            let Some(step) = steps.next() else { return };
            unharmed(|| before(step));
            match step {
                SignalStep::Drain => self.drain(),
                SignalStep::Discard => self.discard(),
            }
        };
        ctrlc::try_set_handler(handler).map_err(|error| SignalError { kind: error.into() })
    }
}

/// Signals could not be made to end the pool. They act as before.
#[derive(Debug)]
#[non_exhaustive]
pub struct SignalError {
    kind: SignalErrorKind,
}

#[derive(Debug)]
enum SignalErrorKind {
    Handled,
    System(io::Error),
}

impl From<ctrlc::Error> for SignalErrorKind {
    fn from(error: ctrlc::Error) -> Self {
        match error {
            ctrlc::Error::MultipleHandlers => SignalErrorKind::Handled,
            ctrlc::Error::System(source) => SignalErrorKind::System(source),
            ctrlc::Error::NoSuchSignal(_) => SignalErrorKind::System(io::Error::other(error)),
        }
    }
}

impl SignalError {
    /// Whether the process has a handler for one of these signals already.
    pub fn is_handled(&self) -> bool {
        matches!(self.kind, SignalErrorKind::Handled)
    }

    /// Whether the operating system refused; [`source`](error::Error::source) is its error.
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
