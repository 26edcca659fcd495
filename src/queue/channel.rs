//! A crossbeam channel behind a gate that says open or closed.

use std::collections::VecDeque;

use crossbeam_channel::{Receiver, Sender};

use super::{Counts, Queue};
use crate::sync::Mutex;

/// A queue on a crossbeam channel.
#[derive(Debug)]
pub struct Channel<T> {
    gate: Mutex<Gate<T>>,
    receiver: Receiver<(u64, T)>,
}

#[derive(Debug)]
struct Gate<T> {
    /// The only sender; dropped to close, which the channel tells every receiver.
    sender: Option<Sender<(u64, T)>>,
    /// The number of the next item, which is the count of those accepted.
    accepted: u64,
    /// Items handed back.
    rejected: u64,
}

impl<T: Send> Queue<T> for Channel<T> {
    fn new() -> Self {
        let (sender, receiver) = crossbeam_channel::unbounded();
        Channel {
            gate: Mutex::new(Gate { sender: Some(sender), accepted: 0, rejected: 0 }),
            receiver,
        }
    }

    fn push(&self, item: T) -> Result<u64, T> {
        let mut gate = self.gate.lock();
        // Sent with the gate held, so that numbers are the channel's order; it never waits.
        let refused = match &gate.sender {
            Some(sender) => {
                sender.send((gate.accepted, item)).err().map(|error| error.into_inner().1)
            }
            None => Some(item),
        };
        if let Some(item) = refused {
            gate.rejected += 1;
            return Err(item);
        }
        gate.accepted += 1;
        Ok(gate.accepted - 1)
    }

    fn pop(&self) -> Option<(u64, T)> {
        self.receiver.recv().ok()
    }

    fn close(&self) {
        self.gate.lock().sender = None;
    }

    fn drain(&self) -> VecDeque<(u64, T)> {
        self.close();
        self.receiver.try_iter().collect()
    }

    fn counts(&self) -> Counts {
        let gate = self.gate.lock();
        Counts {
            accepted: gate.accepted,
            rejected: gate.rejected,
            queued: self.receiver.len() as u64,
        }
    }
}
