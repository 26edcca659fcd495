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

const STEPS: [SignalStep; 2] = [SignalStep::Drain, SignalStep::Discard];

/// Feature `signal`.
impl Shutdown {
    /// Makes signals end the pool: the first begins a drain, the second a discard, later ones do
    /// nothing. See [`on_signals_with`](Self::on_signals_with).
    ///
    /// # Errors
    ///
    /// [`SignalError`], if the system refuses, or on Windows if something listens already.
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
    /// The signals are SIGINT and SIGTERM, through the
    /// [`signal-hook`](https://docs.rs/signal-hook) crate. They are taken even if the process was
    /// started with one of them ignored, as a shell without job control does with SIGINT for what it
    /// puts into the background: whoever sends it to a server means it. All others are left as they
    /// are; so SIGHUP ends the process, unless `nohup` started it. Several pools may listen, and each
    /// takes its own steps at each signal; handlers that the process had before are still called.
    ///
    /// On Windows they are the console's Ctrl-C, Ctrl-Break and close, through the
    /// [`ctrlc`](https://docs.rs/ctrlc) crate, and only one pool of a process can listen.
    ///
    /// The signal handler only wakes a thread that is started here; `before` and the steps run on
    /// that thread, so they may do what a signal handler may not. So do the destructors of what the
    /// discard cancels. The thread keeps no pool alive: once the pool has terminated its steps change
    /// nothing, and `before` is called all the same. On Unix it ends with the second step and drops
    /// `before`. The signals do not get back the effect that they had, not even after the pool's end.
    ///
    /// # Errors
    ///
    /// [`SignalError`], if the system refuses, or on Windows if something listens already.
    pub fn on_signals_with(
        self,
        mut before: impl FnMut(SignalStep) + Send + 'static,
    ) -> Result<(), SignalError> {
        let take = move |step| {
            unharmed(|| before(step));
            match step {
                SignalStep::Drain => self.drain(),
                SignalStep::Discard => self.discard(),
            }
        };
        listen(take).map_err(|kind| SignalError { kind })
    }
}

/// Takes a step at each of the next signals.
#[cfg(unix)]
fn listen(mut take: impl FnMut(SignalStep) + Send + 'static) -> Result<(), SignalErrorKind> {
    use std::io::Read as _;
    use std::os::unix::net::UnixStream;

    use signal_hook::consts::{SIGINT, SIGTERM};
    use signal_hook::low_level::{pipe, unregister};

    use crate::job::drop_guarded;
    use crate::sync::{thread, Arc, Mutex};

    // Each signal is a byte, so two that come at once are two steps.
    let (mut signals, wake) = UnixStream::pair()?;
    // Before anything is registered: a signal once registered does not act as before, whatever fails.
    let wakes = [(SIGINT, wake.try_clone()?), (SIGTERM, wake)];
    let registered = Arc::new(Mutex::new(Vec::new()));
    // Held to the end: the thread, which unregisters, does not overtake. It is started first, too.
    let mut registering = registered.lock();
    let main = {
        let registered = Arc::clone(&registered);
        move || {
            for step in STEPS {
                if signals.read_exact(&mut [0]).is_err() {
                    return; // they could not be registered
                }
                take(step);
            }
            // Before `signals` is closed: a handler that writes to nobody may raise SIGPIPE.
            registered.lock().drain(..).for_each(|action| _ = unregister(action));
            drop_guarded(take);
        }
    };
    thread::spawn("last-call-signals".to_owned(), None, main)?;
    for (signal, wake) in wakes {
        match pipe::register(signal, wake) {
            Ok(action) => registering.push(action),
            Err(error) => {
                registering.drain(..).for_each(|action| _ = unregister(action));
                return Err(error.into());
            }
        }
    }
    Ok(())
}

#[cfg(not(unix))]
fn listen(mut take: impl FnMut(SignalStep) + Send + 'static) -> Result<(), SignalErrorKind> {
    let mut steps = STEPS.into_iter();
    let handler = move || steps.next().into_iter().for_each(&mut take);
    ctrlc::try_set_handler(handler).map_err(|error| match error {
        ctrlc::Error::MultipleHandlers => SignalErrorKind::Handled,
        ctrlc::Error::System(source) => SignalErrorKind::System(source),
        ctrlc::Error::NoSuchSignal(_) => SignalErrorKind::System(io::Error::other(error)),
    })
}

/// Signals could not be made to end the pool.
#[derive(Debug)]
#[non_exhaustive]
pub struct SignalError {
    kind: SignalErrorKind,
}

#[derive(Debug)]
enum SignalErrorKind {
    #[cfg_attr(unix, allow(dead_code))] // there, any number of pools may listen
    Handled,
    System(io::Error),
}

impl From<io::Error> for SignalErrorKind {
    fn from(source: io::Error) -> Self {
        SignalErrorKind::System(source)
    }
}

impl SignalError {
    /// Whether the process has a handler already: on Windows, where there can be only one.
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
