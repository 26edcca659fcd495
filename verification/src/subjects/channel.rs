//! A channel with the behaviour of `std::sync::mpsc`, written on the facade.
//!
//! The `mpsc` of loom never disconnects, but the shutdown of the book's pool depends on it: `recv`
//! fails once every sender is dropped and the channel is empty, `send` fails once the receiver is
//! dropped.

use std::collections::VecDeque;

use last_call::sync::{Arc, Condvar, Mutex};

pub(super) struct Sender<T>(Arc<Shared<T>>);

pub(super) struct Receiver<T>(Arc<Shared<T>>);

/// The receiver is dropped. Contains the message.
#[derive(Debug)]
pub(super) struct SendError<T>(pub(super) T);

/// Every sender is dropped and the channel is empty.
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

/// Creates a channel. The book never clones its sender, so there is one sender and one receiver.
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
        // Messages that were never received are dropped here, as in std.
        drop(messages);
    }
}
