//! A channel with a capacity.

use std::collections::VecDeque;

use crate::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// A channel that holds at most `capacity` messages. Any number of threads sends and receives.
#[derive(Debug)]
pub struct Channel<T> {
    messages: Mutex<VecDeque<T>>,
    filled: Condvar,
    emptied: Condvar,
    capacity: usize,
}

impl<T> Channel<T> {
    /// Creates an empty channel.
    pub fn new(capacity: usize) -> Self {
        let messages = Mutex::new(VecDeque::new());
        Channel { messages, filled: Condvar::new(), emptied: Condvar::new(), capacity }
    }

    /// Sends a message, once there is room.
    pub fn send(&self, message: T) {
        let mut messages = self.lock();
        while messages.len() == self.capacity {
            let room = if cfg!(feature = "planted") { &self.filled } else { &self.emptied };
            messages = room.wait(messages).unwrap_or_else(PoisonError::into_inner);
        }
        messages.push_back(message);
        debug_assert!(messages.len() <= self.capacity, "more messages than the capacity");
        self.filled.notify_one();
    }

    /// Receives a message, once there is one.
    pub fn receive(&self) -> T {
        let mut messages = self.lock();
        loop {
            if let Some(message) = messages.pop_front() {
                // Planted: senders and receivers wait for the same, so this may wake a receiver.
                let room = if cfg!(feature = "planted") { &self.filled } else { &self.emptied };
                room.notify_one();
                return message;
            }
            messages = self.filled.wait(messages).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<T>> {
        self.messages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
