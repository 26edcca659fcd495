//! Vector clocks: which events happened before which.

/// Threads that an exploration can have, the main thread included.
pub const MAX_THREADS: usize = 16;

/// For each thread, how many of its events are known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Clock([u16; MAX_THREADS]);

impl Clock {
    pub(crate) fn get(&self, thread: usize) -> u16 {
        self.0[thread]
    }

    pub(crate) fn set(&mut self, thread: usize, position: u16) {
        self.0[thread] = position;
    }

    /// Makes this clock know what the other knows too.
    pub(crate) fn join(&mut self, other: &Clock) {
        for (own, other) in self.0.iter_mut().zip(other.0) {
            *own = (*own).max(other);
        }
    }
}
