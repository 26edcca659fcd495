//! Ending the pool on signals.
//!
//! * [`listeners`]: the pools that listen, and their steps.
//! * [`unix`]: SIGINT and SIGTERM.
//! * [`console`]: Ctrl-C elsewhere.

use crate::panics::ignore_panic;
use crate::trigger::Shutdown;

#[cfg(not(unix))]
mod console;
mod error;
mod listeners;
#[cfg(unix)]
mod unix;

#[cfg(not(unix))]
use console::{leave, listen};
pub use error::SignalError;
use error::SignalErrorKind;
#[cfg(unix)]
use unix::{leave, listen};

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
        let trigger = self.clone();
        let take = move |step| {
            ignore_panic(|| before(step));
            match step {
                SignalStep::Drain => trigger.drain(),
                SignalStep::Discard => trigger.discard(),
            }
        };
        let listener = listen(Box::new(take)).map_err(SignalError::new)?;
        self.at_end(move || leave(listener));
        Ok(())
    }
}
