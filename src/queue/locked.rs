//! One mutex and its condition variables: small enough to be proved with whole pools around it.

use std::collections::VecDeque;

use super::{admit, vacate, Counts, Gate, Gated, Queue, Refused, Wait};
use crate::sync::{Condvar, Mutex};

/// A queue under one lock.
///
/// Everything is notified with the lock held: an eighth of the executions, and no wake-up can fall
/// between a sleeper's look and its sleep.
#[derive(Debug)]
pub struct Locked<T> {
    state: Mutex<State<T>>,
    /// An item has come, or the queue is closed.
    item: Condvar,
    /// A place is free, or the queue is closed.
    place: Condvar,
    capacity: Option<usize>,
}

#[derive(Debug)]
struct State<T> {
    gate: Gate,
    /// What has been accepted and neither popped nor drained, oldest first.
    items: VecDeque<(u64, T)>,
}

impl<T> Gated for State<T> {
    fn gate(&mut self) -> &mut Gate {
        &mut self.gate
    }
}

impl<T> Locked<T> {
    fn close_and<R>(&self, then: impl FnOnce(&mut State<T>) -> R) -> R {
        let mut state = self.state.lock();
        state.gate.closed = true;
        self.item.notify_all();
        if state.gate.waiting > 0 {
            self.place.notify_all();
        }
        then(&mut state)
    }
}

impl<T: Send> Queue<T> for Locked<T> {
    fn new(capacity: Option<usize>) -> Self {
        let state = State { gate: Gate::new(capacity), items: VecDeque::new() };
        Locked { state: Mutex::new(state), item: Condvar::new(), place: Condvar::new(), capacity }
    }

    fn push(&self, item: T, wait: Wait) -> Result<u64, Refused<T>> {
        match admit(&self.state, &self.place, wait) {
            Ok((mut state, number)) => {
                state.items.push_back((number, item));
                self.item.notify_one();
                Ok(number)
            }
            Err(refusal) => Err(Refused { item, refusal }),
        }
    }

    fn pop(&self) -> Option<(u64, T)> {
        let mut state = self.state.lock();
        loop {
            if let Some(item) = state.items.pop_front() {
                return Some(item);
            }
            if state.gate.closed {
                return None;
            }
            state = self.item.wait(state);
        }
    }

    #[inline]
    fn vacate(&self) {
        vacate(&self.state, &self.place, self.capacity);
    }

    fn close(&self) {
        self.close_and(|_| ());
    }

    fn drain(&self) -> VecDeque<(u64, T)> {
        self.close_and(|state| std::mem::take(&mut state.items))
    }

    fn counts(&self) -> Counts {
        let state = self.state.lock();
        Counts {
            accepted: state.gate.accepted,
            rejected: state.gate.rejected,
            queued: state.items.len() as u64,
        }
    }
}
