//! One mutex, one condition variable: small enough to be proved with whole pools around it.

use std::collections::VecDeque;

use super::{Counts, Queue};
use crate::sync::{Condvar, Mutex};

/// A queue under one lock.
#[derive(Debug)]
pub struct Locked<T> {
    state: Mutex<State<T>>,
    /// An item has come, or the queue is closed. Notified with the lock held: an eighth of the
    /// executions, and no wake-up can fall between a popper's look and its sleep.
    changed: Condvar,
}

#[derive(Debug)]
struct State<T> {
    /// What has been accepted and neither popped nor drained, oldest first.
    items: VecDeque<(u64, T)>,
    /// The number of the next item, which is the count of those accepted.
    accepted: u64,
    /// Items handed back.
    rejected: u64,
    closed: bool,
}

impl<T: Send> Queue<T> for Locked<T> {
    fn new() -> Self {
        let state = State { items: VecDeque::new(), accepted: 0, rejected: 0, closed: false };
        Locked { state: Mutex::new(state), changed: Condvar::new() }
    }

    fn push(&self, item: T) -> Result<u64, T> {
        let mut state = self.state.lock();
        if state.closed {
            state.rejected += 1;
            return Err(item);
        }
        let number = state.accepted;
        state.accepted += 1;
        state.items.push_back((number, item));
        self.changed.notify_one();
        Ok(number)
    }

    fn pop(&self) -> Option<(u64, T)> {
        let mut state = self.state.lock();
        loop {
            if let Some(item) = state.items.pop_front() {
                return Some(item);
            }
            if state.closed {
                return None;
            }
            state = self.changed.wait(state);
        }
    }

    fn close(&self) {
        let mut state = self.state.lock();
        state.closed = true;
        self.changed.notify_all();
    }

    fn drain(&self) -> VecDeque<(u64, T)> {
        let mut state = self.state.lock();
        state.closed = true;
        self.changed.notify_all();
        std::mem::take(&mut state.items)
    }

    fn counts(&self) -> Counts {
        let state = self.state.lock();
        Counts {
            accepted: state.accepted,
            rejected: state.rejected,
            queued: state.items.len() as u64,
        }
    }
}
