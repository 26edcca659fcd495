//! A crossbeam channel behind a gate that counts slots and is open or closed.

use std::iter::{self, Flatten};
use std::ops::Range;
use std::task::Waker;
use std::vec::IntoIter;

use crossbeam_channel::{Receiver, Sender};

use super::{
    admit, close_copy, leave, register, reject, AfterUnlock, CachePadded, Counts, Gate, Gated,
    IsShell, Queue, Refused, Wait,
};
use crate::sync::{Condvar, Mutex, Process};

/// A queue on a crossbeam channel.
///
/// The channel is unbounded. The gate counts the slots, since a cancelled item releases its slot
/// while its shell is still in the channel. Nothing can be removed from the middle of a channel, so
/// a shell stays there until it is popped.
#[derive(Debug)]
pub struct Channel<T> {
    state: CachePadded<Mutex<State<T>>>,
    /// A slot is free, or the queue is closed.
    not_full: Condvar,
    receiver: Receiver<(u64, T)>,
}

#[derive(Debug)]
struct State<T> {
    gate: Gate,
    /// The only sender. Dropping it closes the channel for every receiver.
    sender: Option<Sender<(u64, T)>>,
}

impl<T> State<T> {
    /// Appends an accepted item, with the lock held, so that the numbers are in the order of the
    /// channel. This never waits and cannot fail: the sender exists while the gate is open, and the
    /// receiver as long as the queue.
    fn send(&self, number: u64, item: T) {
        if let Some(sender) = &self.sender {
            let _ = sender.send((number, item));
        }
    }
}

impl<T> Gated for State<T> {
    fn gate(&mut self) -> &mut Gate {
        &mut self.gate
    }
}

impl<T: Send> Queue<T> for Channel<T> {
    type Drained = Flatten<IntoIter<Vec<(u64, T)>>>;

    fn new(capacity: Option<usize>, _is_shell: IsShell<T>) -> Self {
        let (sender, receiver) = crossbeam_channel::unbounded();
        let state = State { gate: Gate::new(capacity), sender: Some(sender) };
        Channel { state: CachePadded(Mutex::new(state)), not_full: Condvar::new(), receiver }
    }

    fn push(&self, item: T, wait: Wait) -> Result<u64, Refused<T>> {
        let (state, number) = match admit(&self.state, &self.not_full, wait, |state| state) {
            Ok(admitted) => admitted,
            Err(refusal) => return Err(Refused { item, refusal }),
        };
        state.send(number, item);
        Ok(number)
    }

    fn push_all(&self, items: &mut IntoIter<T>) -> Range<u64> {
        let mut state = self.state.lock();
        let first = state.gate.accepted;
        while let Some((number, item)) = state.gate.admit_next(items) {
            state.send(number, item);
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
        self.receiver.try_recv().ok().or_else(|| {
            idle().run();
            self.receiver.recv().ok()
        })
    }

    fn release(&self) {
        let tasks = self.state.lock().gate.release(&self.not_full);
        tasks.wake();
    }

    fn close(&self) {
        let mut state = self.state.lock();
        let tasks = state.gate.close();
        state.sender = None;
        self.not_full.notify_all();
        drop(state);
        tasks.wake();
    }

    fn close_copy(&self) {
        close_copy(&self.state);
    }

    fn drain(&self) -> Self::Drained {
        // All at once, so that no popper gets an item while the caller drops others. In blocks, as
        // the channel frees its own memory in blocks: so both together never need much more than
        // the items themselves.
        const BLOCK: usize = 1024;
        self.close();
        let block = || -> Vec<_> { self.receiver.try_iter().take(BLOCK).collect() };
        let blocks = iter::repeat_with(block).take_while(|block| !block.is_empty());
        blocks.collect::<Vec<_>>().into_iter().flatten()
    }

    fn counts_in(&self, process: Process) -> Option<Counts> {
        let state = self.state.lock_in(process)?;
        Some(Counts {
            accepted: state.gate.accepted,
            rejected: state.gate.rejected,
            queued: self.receiver.len() as u64,
        })
    }
}
