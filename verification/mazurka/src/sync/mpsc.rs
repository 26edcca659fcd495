//! Channels of many senders and one receiver, as in the standard library: with disconnection, and
//! for [`sync_channel`] with a capacity.

pub use std::sync::mpsc::{RecvError, RecvTimeoutError, SendError, TryRecvError, TrySendError};

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::condvar::Condvar;
use super::mutex::{Mutex, MutexGuard};

struct Channel<T> {
    state: Mutex<State<T>>,
    /// There is a message, or the last sender is gone.
    filled: Condvar,
    /// A message was taken, or the receiver is gone.
    emptied: Condvar,
    capacity: Option<usize>,
}

struct State<T> {
    messages: VecDeque<T>,
    senders: usize,
    receives: bool,
    /// Whether the receiver waits for a message.
    is_waiting: bool,
    /// The numbers of messages that were sent and taken.
    sent: u64,
    taken: u64,
}

/// Creates a channel without a capacity.
///
/// ```
/// use mazurka::sync::mpsc;
///
/// mazurka::model(|| {
///     let (sender, receiver) = mpsc::channel();
///     let other = mazurka::thread::spawn(move || sender.send(1).unwrap());
///     assert_eq!(receiver.recv(), Ok(1));
///     assert_eq!(receiver.recv(), Err(mpsc::RecvError));
///     other.join().unwrap();
/// });
/// ```
#[track_caller]
pub fn channel<T>() -> (Sender<T>, Receiver<T>) {
    let channel = Channel::new(None);
    (Sender(Arc::clone(&channel)), Receiver(channel))
}

/// Creates a channel that holds at most `capacity` messages. If it is 0, a sender waits until its
/// message is received.
#[track_caller]
pub fn sync_channel<T>(capacity: usize) -> (SyncSender<T>, Receiver<T>) {
    let channel = Channel::new(Some(capacity));
    (SyncSender(Arc::clone(&channel)), Receiver(channel))
}

/// Sends messages. Cloned for several senders.
pub struct Sender<T>(Arc<Channel<T>>);

/// Sends messages, and waits while the channel is full. Cloned for several senders.
pub struct SyncSender<T>(Arc<Channel<T>>);

/// Receives messages.
pub struct Receiver<T>(Arc<Channel<T>>);

impl<T> Channel<T> {
    #[track_caller]
    fn new(capacity: Option<usize>) -> Arc<Self> {
        let state = State {
            messages: VecDeque::new(),
            senders: 1,
            receives: true,
            is_waiting: false,
            sent: 0,
            taken: 0,
        };
        let state = Mutex::internal(state);
        Arc::new(Channel {
            state,
            filled: Condvar::internal(),
            emptied: Condvar::internal(),
            capacity,
        })
    }

    #[track_caller]
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().expect("it is never poisoned")
    }

    fn is_full(&self, state: &State<T>) -> bool {
        self.capacity.is_some_and(|capacity| state.messages.len() >= capacity.max(1))
    }

    #[track_caller]
    fn send(&self, message: T) -> Result<(), SendError<T>> {
        let mut state = self.lock();
        while state.receives && self.is_full(&state) {
            state = self.emptied.wait(state).expect("it is never poisoned");
        }
        if !state.receives {
            return Err(SendError(message));
        }
        let ticket = self.push(&mut state, message);
        if self.capacity == Some(0) {
            while state.receives && state.taken < ticket {
                state = self.emptied.wait(state).expect("it is never poisoned");
            }
            if state.taken < ticket {
                let message = state.messages.pop_front().expect("it was not taken");
                return Err(SendError(message));
            }
        }
        Ok(())
    }

    #[track_caller]
    fn try_send(&self, message: T) -> Result<(), TrySendError<T>> {
        let mut state = self.lock();
        let unready = self.capacity == Some(0) && !state.is_waiting;
        if !state.receives {
            Err(TrySendError::Disconnected(message))
        } else if self.is_full(&state) || unready {
            Err(TrySendError::Full(message))
        } else {
            self.push(&mut state, message);
            Ok(())
        }
    }

    /// Adds a message and returns its number.
    #[track_caller]
    fn push(&self, state: &mut State<T>, message: T) -> u64 {
        state.messages.push_back(message);
        state.sent += 1;
        self.filled.notify_one();
        state.sent
    }

    #[track_caller]
    fn pop(&self, state: &mut State<T>) -> Option<T> {
        let message = state.messages.pop_front()?;
        state.taken += 1;
        if self.capacity.is_some() {
            self.emptied.notify_all();
        }
        Some(message)
    }

    #[track_caller]
    fn add_sender(&self) {
        self.lock().senders += 1;
    }

    fn remove_sender(&self) {
        let mut state = self.lock();
        state.senders -= 1;
        if state.senders == 0 {
            self.filled.notify_all();
        }
    }
}

impl<T> Sender<T> {
    /// Sends a message.
    ///
    /// # Errors
    ///
    /// The message, if the receiver is gone.
    #[track_caller]
    pub fn send(&self, message: T) -> Result<(), SendError<T>> {
        self.0.send(message)
    }
}

impl<T> SyncSender<T> {
    /// Sends a message once the channel is not full.
    ///
    /// # Errors
    ///
    /// The message, if the receiver is gone.
    #[track_caller]
    pub fn send(&self, message: T) -> Result<(), SendError<T>> {
        self.0.send(message)
    }

    /// Sends a message unless the channel is full.
    ///
    /// # Errors
    ///
    /// The message, if the channel is full or the receiver is gone.
    #[track_caller]
    pub fn try_send(&self, message: T) -> Result<(), TrySendError<T>> {
        self.0.try_send(message)
    }
}

impl<T> Receiver<T> {
    /// Receives a message once there is one.
    ///
    /// # Errors
    ///
    /// If there is none and all senders are gone.
    ///
    /// # Panics
    ///
    /// Never: the lock is never poisoned.
    #[track_caller]
    pub fn recv(&self) -> Result<T, RecvError> {
        let mut state = self.0.lock();
        loop {
            if let Some(message) = self.0.pop(&mut state) {
                return Ok(message);
            }
            if state.senders == 0 {
                return Err(RecvError);
            }
            state.is_waiting = true;
            state = self.0.filled.wait(state).expect("it is never poisoned");
            state.is_waiting = false;
        }
    }

    /// Receives a message if there is one.
    ///
    /// # Errors
    ///
    /// If there is none, with or without senders.
    #[track_caller]
    pub fn try_recv(&self) -> Result<T, TryRecvError> {
        let mut state = self.0.lock();
        let gone =
            if state.senders == 0 { TryRecvError::Disconnected } else { TryRecvError::Empty };
        self.0.pop(&mut state).ok_or(gone)
    }

    /// Receives a message, or lets the timeout pass, which may happen at any moment.
    ///
    /// # Errors
    ///
    /// If the timeout passes, or if there is no message and all senders are gone.
    ///
    /// # Panics
    ///
    /// Never: the lock is never poisoned.
    #[track_caller]
    pub fn recv_timeout(&self, timeout: Duration) -> Result<T, RecvTimeoutError> {
        let mut state = self.0.lock();
        let mut timed_out = false;
        loop {
            if let Some(message) = self.0.pop(&mut state) {
                return Ok(message);
            }
            if state.senders == 0 {
                return Err(RecvTimeoutError::Disconnected);
            }
            if timed_out {
                return Err(RecvTimeoutError::Timeout);
            }
            state.is_waiting = true;
            let wait = self.0.filled.wait_timeout(state, timeout);
            let (woken, result) = wait.expect("it is never poisoned");
            state = woken;
            state.is_waiting = false;
            timed_out = result.timed_out();
        }
    }

    /// Returns an iterator that waits for messages until all senders are gone.
    pub fn iter(&self) -> impl Iterator<Item = T> + '_ {
        std::iter::from_fn(|| self.recv().ok())
    }

    /// Returns an iterator over the messages that are there.
    pub fn try_iter(&self) -> impl Iterator<Item = T> + '_ {
        std::iter::from_fn(|| self.try_recv().ok())
    }
}

/// Messages of a receiver, until all senders are gone.
pub struct IntoIter<T>(Receiver<T>);

impl<T> Iterator for IntoIter<T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        self.0.recv().ok()
    }
}

impl<T> IntoIterator for Receiver<T> {
    type Item = T;
    type IntoIter = IntoIter<T>;

    fn into_iter(self) -> IntoIter<T> {
        IntoIter(self)
    }
}

impl<T> Clone for Sender<T> {
    #[track_caller]
    fn clone(&self) -> Self {
        self.0.add_sender();
        Sender(Arc::clone(&self.0))
    }
}

impl<T> Clone for SyncSender<T> {
    #[track_caller]
    fn clone(&self) -> Self {
        self.0.add_sender();
        SyncSender(Arc::clone(&self.0))
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        self.0.remove_sender();
    }
}

impl<T> Drop for SyncSender<T> {
    fn drop(&mut self) {
        self.0.remove_sender();
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.receives = false;
        if self.0.capacity.is_some() {
            self.0.emptied.notify_all();
        }
        // The message of a sender that waits for it is returned to the sender.
        let messages = match self.0.capacity {
            Some(0) => VecDeque::new(),
            _ => std::mem::take(&mut state.messages),
        };
        drop(state);
        drop(messages);
    }
}

macro_rules! debug {
    ($($name:ident),*) => {
        $(
            impl<T> fmt::Debug for $name<T> {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.debug_struct(stringify!($name)).finish_non_exhaustive()
                }
            }
        )*
    };
}

debug!(Sender, SyncSender, Receiver, IntoIter);
