//! A notification for one thread.

use mazurka::choose;
use mazurka::sync::{Condvar, Mutex};

/// Lets one thread wait for another. A wait may return spuriously, once.
#[derive(Debug)]
pub struct Notify {
    /// Whether there is a notification, and whether a wait has returned spuriously.
    state: Mutex<(bool, bool)>,
    notified: Condvar,
}

impl Notify {
    /// Creates it without a notification.
    #[track_caller]
    pub fn new() -> Notify {
        Notify { state: Mutex::internal((false, false)), notified: Condvar::internal() }
    }

    /// Notifies the waiting thread, or the next one that waits.
    ///
    /// # Panics
    ///
    /// Never: the lock is never poisoned.
    #[track_caller]
    pub fn notify(&self) {
        self.state.lock().expect("it is never poisoned").0 = true;
        self.notified.notify_one();
    }

    /// Waits for a notification.
    ///
    /// # Panics
    ///
    /// Never: the lock is never poisoned.
    #[track_caller]
    pub fn wait(&self) {
        let mut state = self.state.lock().expect("it is never poisoned");
        if !state.0 && !state.1 && choose(2) == 1 {
            state.1 = true;
            drop(state);
            mazurka::thread::yield_now();
            return;
        }
        while !state.0 {
            state = self.notified.wait(state).expect("it is never poisoned");
        }
        state.0 = false;
    }
}

impl Default for Notify {
    #[track_caller]
    fn default() -> Self {
        Notify::new()
    }
}
