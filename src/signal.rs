//! Ending the pool on signals.

use std::{error, fmt, io};

use crate::panics::ignore_panic;
use crate::trigger::Shutdown;

/// The step that a signal is about to take.
///
/// ```
/// # if last_call::UNDER_MODEL { return Ok(()) }
/// use last_call::{SignalStep, ThreadPool};
///
/// let pool = ThreadPool::new(2);
/// pool.shutdown_trigger().on_signals_with(|step| match step {
///     SignalStep::Drain => println!("finishing what is queued; once more to cancel it"),
///     SignalStep::Discard => println!("cancelling what is queued"),
///     _ => (),
/// })?;
/// # Ok::<(), last_call::SignalError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SignalStep {
    /// The first signal: no more jobs are accepted, and queued jobs run.
    Drain,
    /// The second signal: queued jobs are cancelled.
    Discard,
}

const STEPS: [SignalStep; 2] = [SignalStep::Drain, SignalStep::Discard];

/// Feature `signal`.
impl Shutdown {
    /// Makes signals end the pool: the first begins a drain, the second a discard, and later ones
    /// do nothing. See [`on_signals_with`](Self::on_signals_with).
    ///
    /// From this call on, SIGINT and SIGTERM no longer end the process by themselves, not even after
    /// the end of the pool. The process ends when `main` returns, so `main` must notice the drain:
    ///
    /// * A loop that submits jobs ends when one is refused.
    /// * A loop that blocks elsewhere, such as in `accept`, must be woken; see below.
    /// * A job that does not return keeps [`shutdown`](crate::ThreadPool::shutdown) waiting, whatever
    ///   signals come. [`shutdown_timeout`](crate::ThreadPool::shutdown_timeout) has a deadline. A
    ///   closure of [`on_signals_with`](Self::on_signals_with) may end the process at once, with
    ///   [`std::process::exit`] at [`SignalStep::Discard`].
    ///
    /// Each call starts a thread and takes three file descriptors. On Unix they are given back after
    /// the second signal, and not with the pool. So call it for the pool of a program, and not for
    /// each of many pools.
    ///
    /// # Errors
    ///
    /// [`SignalError`], if the system refuses, or on Windows if the process has a handler already.
    ///
    /// ```
    /// # if last_call::UNDER_MODEL { return Ok(()) }
    /// let pool = last_call::ThreadPool::new(4);
    /// pool.shutdown_trigger().on_signals()?;
    /// // … submit jobs until one is refused …
    /// println!("{:?}", pool.shutdown());
    /// # Ok::<(), last_call::SignalError>(())
    /// ```
    ///
    /// # A blocking accept loop
    ///
    /// A drain does not wake a thread that waits for a connection. A connection does:
    ///
    /// ```
    /// use std::net::{TcpListener, TcpStream};
    /// use std::time::Duration;
    ///
    /// # if last_call::UNDER_MODEL { return Ok(()) }
    /// # #[cfg(unix)] nix::unistd::alarm::set(60); // instead of a hang
    /// let listener = TcpListener::bind("127.0.0.1:0")?;
    /// let address = listener.local_addr()?;
    /// let pool = last_call::ThreadPool::new(4);
    /// let (trigger, stop) = (pool.shutdown_trigger(), pool.stop_token());
    /// pool.shutdown_trigger().on_signals_with(move |_step| {
    ///     trigger.drain(); // so that the loop ends when it is woken
    ///     // This fails if the loop has ended already.
    ///     let _ = TcpStream::connect_timeout(&address, Duration::from_secs(1));
    /// })?;
    /// # #[cfg(unix)] nix::sys::signal::raise(nix::sys::signal::Signal::SIGINT)?;
    /// # #[cfg(not(unix))] return Ok(());
    /// for stream in listener.incoming() {
    ///     let Ok(stream) = stream else { continue }; // the client has gone again
    ///     // The job would answer it.
    ///     if stop.is_stopping() || pool.execute(move || drop(stream)).is_err() {
    ///         break;
    ///     }
    /// }
    /// println!("{:?}", pool.shutdown());
    /// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
    /// ```
    ///
    /// Connections that are waiting at that moment are closed. The example `server` of this
    /// crate answers them first.
    pub fn on_signals(self) -> Result<(), SignalError> {
        self.on_signals_with(|_| ())
    }

    /// As [`on_signals`](Self::on_signals), but calls `before` with each step before it takes it.
    /// The step is taken when `before` returns, or when it panics; the panic is caught and ignored.
    /// A server can use the time to submit the connections that it has already accepted.
    ///
    /// The signals are SIGINT and SIGTERM, through the [`signal-hook`](https://docs.rs/signal-hook)
    /// crate. They are handled even if the process was started with one of them ignored, as a shell
    /// without job control does with SIGINT for its background processes: a SIGINT that is sent to
    /// a server is meant for it. Other signals keep their effect, so SIGHUP ends the process unless
    /// `nohup` started it. Several pools may listen, and each takes its own steps at each signal.
    /// Handlers that the process had before are still called.
    ///
    /// On Windows the signals are the Ctrl-C, Ctrl-Break and close of the console, through the
    /// [`ctrlc`](https://docs.rs/ctrlc) crate, and only one pool of a process can listen. That part
    /// is untested: neither the tests nor the checks of this crate run on Windows.
    ///
    /// The signal handler only wakes a thread that this call starts. `before`, the steps, and the
    /// destructors of what the discard cancels run on that thread, so they may do what a signal
    /// handler may not. The thread keeps no pool alive: once the pool has terminated the steps
    /// change nothing, but `before` is still called. On Unix the thread drops `before` and ends
    /// after the second step. The signals do not regain their former effect, not even after the end
    /// of the pool.
    ///
    /// # Errors
    ///
    /// [`SignalError`], if the system refuses, or on Windows if the process has a handler already.
    pub fn on_signals_with(
        self,
        mut before: impl FnMut(SignalStep) + Send + 'static,
    ) -> Result<(), SignalError> {
        let take = move |step| {
            ignore_panic(|| before(step));
            match step {
                SignalStep::Drain => self.drain(),
                SignalStep::Discard => self.discard(),
            }
        };
        listen(take).map_err(|kind| SignalError { kind })
    }
}

/// Takes one step at each of the next signals.
#[cfg(unix)]
fn listen(mut take: impl FnMut(SignalStep) + Send + 'static) -> Result<(), SignalErrorKind> {
    use std::io::Read as _;
    use std::os::unix::net::UnixStream;

    use signal_hook::consts::{SIGINT, SIGTERM};
    use signal_hook::low_level::{pipe, unregister};

    use crate::panics::drop_catching;
    use crate::sync::{thread, Arc, Mutex};

    // Each signal is a byte, so two signals at once are two steps.
    let (mut signals, wake) = UnixStream::pair()?;
    // Before a signal is registered: it does not regain its effect if this fails.
    let wakes = [(SIGINT, wake.try_clone()?), (SIGTERM, wake)];
    let registered = Arc::new(Mutex::new(Vec::new()));
    // Held until all are registered, so that the thread cannot unregister before. The thread is
    // started first.
    let mut registering = registered.lock();
    let main = {
        let registered = Arc::clone(&registered);
        move || {
            for step in STEPS {
                if signals.read_exact(&mut [0]).is_err() {
                    return; // the signals could not be registered
                }
                take(step);
            }
            // Before `signals` is closed: a handler that writes to a closed stream may raise
            // SIGPIPE.
            registered.lock().drain(..).for_each(|action| _ = unregister(action));
            drop_catching(take);
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
enum SignalErrorKind {
    #[cfg_attr(unix, allow(dead_code))] // on Unix any number of pools may listen
    Handled,
    System(io::Error),
}

impl From<io::Error> for SignalErrorKind {
    fn from(source: io::Error) -> Self {
        SignalErrorKind::System(source)
    }
}

impl SignalError {
    /// Returns `true` if the process has a handler already: on Windows there can be only one.
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
