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
    /// Makes signals end the pool: the first begins a drain, the second a discard, and the third ends
    /// the process. See [`on_signals_with`](Self::on_signals_with).
    ///
    /// Until the pool has ended, the first two signals do not end the process. It ends when `main`
    /// returns, so `main` must notice the drain:
    ///
    /// * A loop that submits jobs ends when one is refused.
    /// * A loop that blocks elsewhere, such as in `accept`, must be woken; see below.
    /// * A job that does not return keeps [`shutdown`](crate::ThreadPool::shutdown) waiting.
    ///   [`shutdown_timeout`](crate::ThreadPool::shutdown_timeout) has a deadline.
    ///
    /// The third signal ends the process at once, whatever its threads do, with the exit status 128 +
    /// the number of the signal: 130 for SIGINT, 143 for SIGTERM. No destructor runs, and buffered
    /// output is lost. A program that needs other steps handles signals itself, and calls
    /// [`drain`](Self::drain) and [`discard`](Self::discard).
    ///
    /// The pool has ended when its owner is dropped or shut down and every worker has exited. From
    /// then on, the signals have the effect that they had before this call: by default each of them
    /// ends the process. [`Submitter`](crate::Submitter)s, triggers and handles make no difference.
    ///
    /// # Errors
    ///
    /// [`SignalError`], if the system refuses, or on Windows if the program has set a handler
    /// through the `ctrlc` crate. Then the signals keep their effect.
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
    /// A drain does not wake a thread that waits for a connection. Without more, such a loop goes on
    /// until the third signal. A connection wakes it:
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
    /// A listener on every address, `0.0.0.0`, is woken by a connection to `127.0.0.1`. Connections
    /// that are waiting at that moment are closed. The example `server` of this crate answers them
    /// first.
    pub fn on_signals(self) -> Result<(), SignalError> {
        self.on_signals_with(|_| ())
    }

    /// As [`on_signals`](Self::on_signals), but calls `before` with each step before it takes it.
    /// The step is taken when `before` returns, or when it panics; the panic is caught and ignored.
    /// A server can use the time to submit the connections that it has already accepted.
    ///
    /// The signals are SIGINT and SIGTERM, through the [`signal-hook`](https://docs.rs/signal-hook)
    /// crate. Other signals keep their effect, so SIGHUP ends the process unless `nohup` started it.
    /// A process that was started with one of the two ignored, as a shell without job control does
    /// with SIGINT for its background processes, listens to it all the same: a SIGINT that is sent
    /// to a server is meant for it.
    ///
    /// Handlers that the process had before are still called. After the end of the pool, a signal
    /// that had a handler or was ignored does not end the process; only Linux says which these are,
    /// and elsewhere each of the two ends it. A handler that is registered later is called too, but
    /// does not keep the signal from ending the process.
    ///
    /// Any number of pools may listen, and each takes its own steps, so a pool that begins to listen
    /// later takes its first step at the next signal. The third signal is the third since one of
    /// them listens, and ends the process if one of them still does. So the count begins anew when
    /// all of them have ended.
    ///
    /// All pools share one thread and two file descriptors, which are given back with the last of
    /// them. `before`, the steps, and the destructors of what a discard cancels run on that thread,
    /// so they may do what a signal handler may not. If one of them does not return, later steps of
    /// other pools wait for it; the third signal does not, since the signal handler itself decides
    /// about it.
    ///
    /// This keeps no pool alive. `before` is dropped after the second step, or at the end of the
    /// pool, on the thread that brings it about. If it is being called then, it is dropped when it
    /// returns.
    ///
    /// A child that is made by `fork` takes no steps for its copies of the pools, and neither signal
    /// ends it, however many come. It gets back their former effect when it drops these copies or
    /// shuts them down, unless another thread held an internal lock at the time of the `fork`. A pool
    /// of its own can listen; then the copies no longer do, and their `before`s are dropped.
    ///
    /// On Windows the signals are the Ctrl-C, Ctrl-Break and close of the console, through the
    /// [`ctrlc`](https://docs.rs/ctrlc) crate, which keeps another thread. The third of them, and
    /// each that comes while no pool listens, ends the process with the exit code of Ctrl-C,
    /// 0xC000013A. That part is untested: the tests of this crate do not send Ctrl-C on Windows.
    ///
    /// # Errors
    ///
    /// [`SignalError`], as for [`on_signals`](Self::on_signals).
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
        self.shared().call_at_end(move |process| leave(listener, process));
        Ok(())
    }
}
