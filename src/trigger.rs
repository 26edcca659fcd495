//! Ending the pool from elsewhere, and telling jobs that it ends.

use std::fmt;
use std::time::Duration;

use crate::error::WaitError;
use crate::events;
use crate::outcome::CancelReason;
use crate::shared::Shared;
use crate::sync::{Arc, Deadline};

/// Ends the pool from any thread, also from a job, any number of times. The stronger mode wins.
///
/// It does not keep the pool alive, and does not replace its owner, which still joins the threads
/// and receives the [`Report`](crate::Report).
///
/// ```
/// # if last_call::UNDER_MODEL { return }
/// let pool = last_call::ThreadPool::new(2);
/// let trigger = pool.shutdown_trigger();
/// std::thread::spawn(move || trigger.drain()).join().expect("it does not panic");
/// assert!(pool.execute(|| ()).unwrap_err().is_shut_down());
/// assert_eq!(pool.shutdown().accepted, 0);
/// ```
#[derive(Clone)]
pub struct Shutdown {
    shared: Arc<Shared>,
}

impl Shutdown {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Shutdown { shared }
    }

    /// Begins a drain: no more jobs are accepted, and queued jobs run. Returns at once.
    pub fn drain(&self) {
        events::shutdown_begins("drain");
        self.shared.drain();
    }

    /// Begins a discard, or turns a drain into one: no more jobs are accepted, and queued jobs are
    /// cancelled on this thread. Their handles are resolved when this returns.
    pub fn discard(&self) {
        events::shutdown_begins("discard");
        self.shared.discard(CancelReason::Discarded);
    }

    /// Waits until the pool has terminated: every worker has finished its last job and run its stop
    /// hook, and every job that another thread was cancelling has its outcome. It does not begin a
    /// shutdown.
    ///
    /// # Errors
    ///
    /// [`WaitError`], if this is a job of the pool, or a destructor of one that is being cancelled.
    pub fn wait(&self) -> Result<(), WaitError> {
        self.wait_until(Deadline::never())
    }

    /// As [`wait`](Self::wait), for at most `timeout`.
    ///
    /// A timeout too large to represent means no deadline; zero checks without waiting.
    ///
    /// # Errors
    ///
    /// [`WaitError`], if the timeout has passed; otherwise as for [`wait`](Self::wait).
    pub fn wait_timeout(&self, timeout: Duration) -> Result<(), WaitError> {
        self.wait_until(Deadline::after(timeout))
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    fn wait_until(&self, deadline: Deadline) -> Result<(), WaitError> {
        if self.shared.would_deadlock() {
            return Err(WaitError::WOULD_DEADLOCK);
        }
        if self.shared.wait_terminated(deadline) {
            Ok(())
        } else {
            Err(WaitError::TIMEOUT)
        }
    }
}

impl fmt::Debug for Shutdown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shutdown").finish_non_exhaustive()
    }
}

/// Tells a long job that the pool is shutting down. It is cheap to clone and to ask.
///
/// ```
/// # if last_call::UNDER_MODEL { return }
/// let pool = last_call::ThreadPool::new(1);
/// let token = pool.stop_token();
/// let steps = pool.submit(move || (0..).take_while(|_| !token.is_stopping()).count());
/// pool.shutdown_trigger().drain();
/// println!("stopped after {} steps", steps.expect("it was running").join().unwrap());
/// ```
#[derive(Clone)]
pub struct StopToken {
    shared: Arc<Shared>,
}

impl StopToken {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        StopToken { shared }
    }

    /// Returns `true` once the pool is shutting down. It never becomes `false` again.
    pub fn is_stopping(&self) -> bool {
        self.shared.is_stopping()
    }
}

impl fmt::Debug for StopToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StopToken").field("is_stopping", &self.is_stopping()).finish()
    }
}
