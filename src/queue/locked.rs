//! One mutex and its condition variables: small enough for the proof of whole pools.

use std::mem;
use std::ops::Range;
use std::task::Waker;
use std::vec;

use super::{
    admit, close_copy, leave, register, reject, AfterUnlock, Counts, Gate, Gated, IsShell, Nudge,
    Numbered, Popped, Queue, Refused, Sweep, Wait,
};
use crate::sync::{end_step, watched, Condvar, Mutex, MutexGuard, Process};

/// A queue under one lock.
///
/// It notifies with the lock held. That leaves an eighth of the executions to explore, and no
/// wake-up can come between the look of a sleeper and its sleep.
#[derive(Debug)]
pub struct Locked<T> {
    state: Mutex<State<T>>,
    /// An item has come, or the queue is closed.
    not_empty: Condvar,
    /// A slot is free, or the queue is closed.
    not_full: Condvar,
    sweep: Sweep<T>,
}

#[derive(Debug)]
struct State<T> {
    gate: Gate,
    /// The accepted items that are neither popped nor drained.
    items: Numbered<T>,
    /// A popper that finds nothing returns with a nudge.
    nudged: bool,
}

impl<T> Gated for State<T> {
    fn gate(&mut self) -> &mut Gate {
        &mut self.gate
    }
}

impl<T> State<T> {
    /// Appends an accepted item.
    fn append(&mut self, number: u64, item: T, sweep: &Sweep<T>) {
        self.items.push(number, item);
        sweep.run(&mut self.items);
    }
}

impl<T> Locked<T> {
    fn close_and<R>(&self, then: impl FnOnce(&mut State<T>) -> R) -> R {
        let mut state = self.state.lock();
        let tasks = state.gate.close();
        self.not_empty.notify_all();
        if state.gate.waiting > 0 {
            self.not_full.notify_all();
        }
        let result = then(&mut state);
        drop(state);
        tasks.wake();
        result
    }

    /// Takes the oldest item, and waits while there is none.
    fn wait<'a>(&'a self, mut state: MutexGuard<'a, State<T>>) -> Popped<T> {
        loop {
            if let Some((number, item)) = state.items.pop() {
                return Popped::Item(number, item);
            }
            if state.nudged {
                state.nudged = false;
                return Popped::Nudge;
            }
            if state.gate.closed {
                let buffer = mem::take(&mut state.items);
                // Without the lock, since it may take a while.
                drop(state);
                drop(buffer);
                return Popped::Closed;
            }
            state = self.not_empty.wait(state);
        }
    }
}

impl<T: Send> Queue<T> for Locked<T> {
    type Drained = Numbered<T>;

    fn new(capacity: Option<usize>, is_shell: IsShell<T>) -> Self {
        let state = State { gate: Gate::new(capacity), items: Numbered::new(), nudged: false };
        Locked {
            state: watched!(state, State<T>, "the one lock", |state|
                closed: state.gate.closed,
                accepted: state.gate.accepted,
                bounded: state.gate.free.is_some(),
                free: state.gate.free.unwrap_or(0),
                waiting: state.gate.waiting,
                pusher_wakes: state.gate.wakes,
                tasks: state.gate.tasks.len(),
            ),
            not_empty: Condvar::new(),
            not_full: Condvar::new(),
            sweep: Sweep::new(capacity, is_shell),
        }
    }

    fn push(&self, item: T, wait: Wait) -> Result<u64, Refused<T>> {
        match admit(&self.state, &self.not_full, wait, |state| state) {
            Ok((mut state, number)) => {
                state.append(number, item, &self.sweep);
                self.not_empty.notify_one();
                Ok(number)
            }
            Err(refusal) => Err(Refused { item, refusal }),
        }
    }

    fn push_all(&self, items: &mut vec::IntoIter<T>) -> Range<u64> {
        let mut state = self.state.lock();
        let first = state.gate.accepted;
        while let Some((number, item)) = state.gate.admit_next(items) {
            state.append(number, item, &self.sweep);
            self.not_empty.notify_one();
            end_step(&state);
        }
        first..state.gate.accepted
    }

    fn register(&self, ticket: &mut Option<u64>, waker: Waker) -> Result<Option<Waker>, Waker> {
        register(&self.state, ticket, waker, |state| state)
    }

    fn reject(&self, number: u64) {
        reject(&self.state, number);
    }

    fn leave(&self, ticket: u64) -> Option<Waker> {
        leave(&self.state, ticket)
    }

    fn pop<A: AfterUnlock>(&self, idle: impl FnOnce() -> A) -> Option<(u64, T)> {
        let mut state = self.state.lock();
        if state.items.is_empty() {
            let after = idle();
            if !after.is_nothing() {
                drop(state);
                after.run();
                state = self.state.lock();
            }
        }
        self.wait(state).item()
    }

    fn release(&self) {
        let tasks = self.state.lock().gate.release(&self.not_full);
        tasks.wake();
    }

    fn close(&self) {
        self.close_and(|_| ());
    }

    fn close_copy(&self) {
        close_copy(&self.state);
    }

    fn drain(&self) -> Numbered<T> {
        self.close_and(|state| mem::take(&mut state.items))
    }

    fn counts_in(&self, process: Process) -> Option<Counts> {
        let state = self.state.lock_in(process)?;
        Some(Counts {
            accepted: state.gate.accepted,
            rejected: state.gate.rejected,
            queued: state.items.len() as u64,
        })
    }
}

impl<T: Send> Nudge<T> for Locked<T> {
    fn nudge(&self) {
        let mut state = self.state.lock();
        if !state.gate.closed && !mem::replace(&mut state.nudged, true) {
            self.not_empty.notify_one();
        }
    }

    fn pop_or_nudge(&self, elsewhere: impl FnOnce() -> Option<(u64, T)>) -> Popped<T> {
        let mut state = self.state.lock();
        if state.items.is_empty() {
            drop(state);
            if let Some((number, item)) = elsewhere() {
                return Popped::Item(number, item);
            }
            state = self.state.lock();
        }
        self.wait(state)
    }

    fn try_pop(&self) -> Option<(u64, T)> {
        self.state.lock().items.pop()
    }
}
