//! Wakers of tasks that wait for the same event.

use std::collections::BTreeMap;
use std::mem;
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
    #[inline]
    pub(crate) fn take_all(&mut self) -> Woken {
        let Some(tasks) = &mut self.0 else { return Woken::default() };
        let mut wakers = mem::take(&mut tasks.waiting).into_values();
        Woken { first: wakers.next(), more: wakers.collect() }
    }

    /// Returns the number of waiting tasks.
    #[cfg_attr(not(all(loom, feature = "__internals")), allow(dead_code))] // protocols watch it
    pub(crate) fn len(&self) -> usize {
        self.0.as_ref().map_or(0, |tasks| tasks.waiting.len())
    }
}

/// Wakers that are to be called once no lock is held.
#[derive(Debug, Default)]
#[must_use = "the tasks wait to be woken"]
pub(crate) struct Woken {
    first: Option<Waker>,
    more: Vec<Waker>,
}

impl Woken {
    /// Adds the wakers of another event.
    pub(crate) fn append(&mut self, other: Woken) {
        if self.first.is_none() {
            *self = other;
        } else {
            self.more.extend(other.first.into_iter().chain(other.more));
        }
    }

    /// Wakes the tasks. Their panics are ignored.
    pub(crate) fn wake(self) {
        for waker in self.first.into_iter().chain(self.more) {
            ignore_panic(|| waker.wake());
        }
    }
}

impl AfterUnlock for Woken {
    fn is_nothing(&self) -> bool {
        self.first.is_none()
    }

    fn run(self) {
        self.wake();
    }
}
