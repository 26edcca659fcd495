//! Counts the jobs of a scope that have not ended.

use crate::sync::{Condvar, Mutex};

/// The number of jobs of a scope that have not ended, and the wait until it is zero.
///
/// | step | by | `pending` |
/// | --- | --- | --- |
/// | a job is made, before it is submitted | the body of the scope, or one of its jobs | +1 |
/// | a job is refused, and its closure returned | the same | −1 |
/// | a job has ended: it has run or was cancelled, and its captures are dropped | the thread that ends it | −1 |
///
/// A job is made by the body, before the wait, or by a job that is pending itself. So once a wait
/// sees zero, the number stays zero.
#[derive(Debug)]
pub(super) struct Latch {
    state: Mutex<State>,
    /// The number of pending jobs is zero.
    ended: Condvar,
}

#[derive(Debug)]
struct State {
    pending: usize,
    /// The body has returned, and its thread may be asleep. Without that the wake-up, a system
    /// call, is left out.
    waiting: bool,
}

impl Latch {
    pub(super) fn new() -> Self {
        let state = State { pending: 0, waiting: false };
        Latch { state: Mutex::new(state), ended: Condvar::new() }
    }

    /// Counts a job that is about to be submitted.
    pub(super) fn add(&self) {
        self.state.lock().pending += 1;
    }

    /// Counts a job off.
    pub(super) fn release(&self) {
        let mut state = self.state.lock();
        state.pending -= 1;
        if state.pending == 0 && state.waiting {
            self.ended.notify_one();
        }
    }

    /// Waits until no job is pending. Never unwinds.
    pub(super) fn wait(&self) {
        let mut state = self.state.lock();
        state.waiting = true;
        while state.pending > 0 {
            state = self.ended.wait(state);
        }
    }
}
