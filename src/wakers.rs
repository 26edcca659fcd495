//! Wakers of tasks that wait for the same event.

use std::collections::BTreeMap;
use std::task::Waker;

use crate::panics::ignore_panic;
use crate::queue::AfterUnlock;

/// The wakers of waiting tasks. It is kept under a lock, and no waker is called, cloned or dropped
/// here: wakers are user code.
///
/// A future has a ticket, from its first registration on. An event takes the waker and leaves the
/// ticket, so a future with a ticket is either registered or woken.
#[derive(Debug, Default)]
pub(crate) struct Wakers(Option<Box<Tasks>>);

#[derive(Debug, Default)]
struct Tasks {
    next: u64,
    /// By their tickets: the task that began to wait first comes first.
    waiting: BTreeMap<u64, Waker>,
}

impl Wakers {
    pub(crate) fn new() -> Self {
        Wakers(None)
    }

    /// Registers a task in the place of its ticket, which it gets if it has none. Returns its
    /// earlier waker.
    #[must_use = "it is dropped without the lock"]
    pub(crate) fn register(&mut self, ticket: &mut Option<u64>, waker: Waker) -> Option<Waker> {
        let tasks = self.0.get_or_insert_with(Box::default);
        let ticket = *ticket.get_or_insert_with(|| {
            tasks.next += 1;
            tasks.next
        });
        tasks.waiting.insert(ticket, waker)
    }

    /// Removes a task. Returns `None` if it was woken.
    #[must_use = "it is dropped without the lock"]
    pub(crate) fn remove(&mut self, ticket: u64) -> Option<Waker> {
        self.0.as_mut()?.waiting.remove(&ticket)
    }

    /// Takes every waker.
    pub(crate) fn take_all(&mut self) -> Woken {
        let tasks = self.0.as_mut().filter(|tasks| !tasks.waiting.is_empty());
        Woken(tasks.map(|tasks| std::mem::take(&mut tasks.waiting).into_values().collect()))
    }
}

/// Wakers that are to be called once no lock is held.
#[derive(Debug, Default)]
#[must_use = "the tasks wait to be woken"]
pub(crate) struct Woken(Option<Vec<Waker>>);

impl Woken {
    /// Adds the wakers of another event.
    pub(crate) fn append(&mut self, other: Woken) {
        if let Some(wakers) = other.0 {
            self.0.get_or_insert_with(Vec::new).extend(wakers);
        }
    }

    /// Wakes the tasks. Their panics are ignored.
    pub(crate) fn wake(self) {
        for waker in self.0.into_iter().flatten() {
            ignore_panic(|| waker.wake());
        }
    }
}

impl AfterUnlock for Woken {
    fn is_nothing(&self) -> bool {
        self.0.is_none()
    }

    fn run(self) {
        self.wake();
    }
}
