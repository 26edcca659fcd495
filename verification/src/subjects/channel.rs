//! A channel with the behaviour of `std::sync::mpsc`, written on the facade.
//!
//! loom's own `mpsc` never disconnects, and disconnecting is what the book's shutdown rests on:
//! `recv` fails once every sender is gone and nothing is left, `send` fails once the receiver is.

use std::collections::VecDeque;

use last_call::sync::{Arc, Condvar, Mutex};

pub(super) struct Sender<T>(Arc<Shared<T>>);

pub(super) struct Receiver<T>(Arc<Shared<T>>);

/// The receiver is gone; the message comes back.
#[derive(Debug)]
pub(super) struct SendError<T>(pub(super) T);

/// Every sender is gone and nothing is left.
#[derive(Debug)]
pub(super) struct RecvError;

struct Shared<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
}

struct State<T> {
    messages: VecDeque<T>,
    sender: bool,
    receiver: bool,
}

/// The book never clones its sender, so there is one of each.
pub(super) fn channel<T>() -> (Sender<T>, Receiver<T>) {
    let state = State { messages: VecDeque::new(), sender: true, receiver: true };
    let shared = Arc::new(Shared { state: Mutex::new(state), changed: Condvar::new() });
    (Sender(Arc::clone(&shared)), Receiver(shared))
}

impl<T> Sender<T> {
    pub(super) fn send(&self, message: T) -> Result<(), SendError<T>> {
        let mut state = self.0.state.lock();
        if !state.receiver {
            return Err(SendError(message));
        }
        state.messages.push_back(message);
        self.0.changed.notify_one();
        Ok(())
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        let mut state = self.0.state.lock();
        state.sender = false;
        self.0.changed.notify_all();
    }
}

impl<T> Receiver<T> {
    pub(super) fn recv(&self) -> Result<T, RecvError> {
        let mut state = self.0.state.lock();
        loop {
            if let Some(message) = state.messages.pop_front() {
                return Ok(message);
            }
            if !state.sender {
                return Err(RecvError);
            }
            state = self.0.changed.wait(state);
        }
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        let messages = {
            let mut state = self.0.state.lock();
            state.receiver = false;
            std::mem::take(&mut state.messages)
        };
        // What was sent and never received is dropped here, as std does.
        drop(messages);
    }
}
