//! The queue of work that the parts of an exploration share.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::tree::Work;

/// Work that is not yet assigned.
pub(crate) struct Queue {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    work: Vec<Work>,
    /// The number of parts at work.
    busy: usize,
    parts: usize,
    stopped: bool,
}

impl Queue {
    /// Creates a queue for `parts` parts that contains all the work. Each part starts by taking
    /// some.
    pub(crate) fn new(parts: usize) -> Self {
        let state = State { work: vec![Work::whole()], busy: parts, parts, stopped: false };
        Queue { state: Mutex::new(state), changed: Condvar::new() }
    }

    /// Returns `true` if some part is idle.
    pub(crate) fn is_wanted(&self) -> bool {
        let state = self.lock();
        state.work.is_empty() && state.busy < state.parts
    }

    pub(crate) fn add(&self, work: Vec<Work>) {
        if !work.is_empty() {
            self.lock().work.extend(work);
            self.changed.notify_all();
        }
    }

    /// Waits for work. Returns `None` once all work is done or the exploration is stopped.
    pub(crate) fn take(&self) -> Option<Work> {
        let mut state = self.lock();
        state.busy -= 1;
        loop {
            if state.stopped {
                return None;
            }
            if let Some(work) = state.work.pop() {
                state.busy += 1;
                return Some(work);
            }
            if state.busy == 0 {
                self.changed.notify_all();
                return None;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Stops the exploration.
    pub(crate) fn stop(&self) {
        self.lock().stopped = true;
        self.changed.notify_all();
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.lock().stopped
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
