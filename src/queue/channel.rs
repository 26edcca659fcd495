//! A crossbeam channel behind a gate that counts places and says open or closed.

use std::collections::VecDeque;

use crossbeam_channel::{Receiver, Sender};

use super::{admit, Counts, Gate, Gated, OwnLine, Queue, Refused, Wait};
use crate::sync::{Condvar, Mutex};

/// A queue on a crossbeam channel.
///
/// The channel is unbounded: places are the gate's to count, since a cancelled item gives its place
/// back while its shell is still in the channel.
#[derive(Debug)]
pub struct Channel<T> {
    state: OwnLine<Mutex<State<T>>>,
    /// A place is free, or the queue is closed.
    place: Condvar,
    receiver: Receiver<(u64, T)>,
}

#[derive(Debug)]
struct State<T> {
    gate: Gate,
    /// The only sender; dropped to close, which the channel tells every receiver.
    sender: Option<Sender<(u64, T)>>,
}

impl<T> Gated for State<T> {
    fn gate(&mut self) -> &mut Gate {
        &mut self.gate
    }
}

impl<T: Send> Queue<T> for Channel<T> {
    fn new(capacity: Option<usize>) -> Self {
        let (sender, receiver) = crossbeam_channel::unbounded();
        let state = State { gate: Gate::new(capacity), sender: Some(sender) };
        Channel { state: OwnLine(Mutex::new(state)), place: Condvar::new(), receiver }
    }

    fn push(&self, item: T, wait: Wait) -> Result<u64, Refused<T>> {
        let (state, number) = match admit(&self.state, &self.place, wait, |state| state) {
            Ok(admitted) => admitted,
            Err(refusal) => return Err(Refused { item, refusal }),
        };
        // Sent with the lock held, so that numbers are the channel's order. It never waits, and
        // cannot fail: the sender is there while the gate is open, the receiver as long as `self`.
        if let Some(sender) = &state.sender {
            let _ = sender.send((number, item));
        }
        Ok(number)
    }

    fn pop(&self, idle: impl FnOnce()) -> Option<(u64, T)> {
        self.receiver.try_recv().ok().or_else(|| {
            idle();
            self.receiver.recv().ok()
        })
    }

    fn vacate(&self) {
        self.state.lock().gate.vacate(&self.place);
    }

    fn close(&self) {
        let mut state = self.state.lock();
        state.gate.closed = true;
        state.sender = None;
        self.place.notify_all();
    }

    fn drain(&self) -> VecDeque<(u64, T)> {
        self.close();
        self.receiver.try_iter().collect()
    }

    fn counts(&self) -> Counts {
        let state = self.state.lock();
        Counts {
            accepted: state.gate.accepted,
            rejected: state.gate.rejected,
            queued: self.receiver.len() as u64,
        }
    }
}
