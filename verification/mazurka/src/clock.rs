//! Vector clocks, which record which events happened before which.

/// The most threads of an exploration, including the main thread.
pub const MAX_THREADS: usize = 16;

/// For each thread, the number of its events that are known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Clock([u16; MAX_THREADS]);

impl Clock {
    pub(crate) fn get(&self, thread: usize) -> u16 {
        self.0[thread]
    }

    pub(crate) fn set(&mut self, thread: usize, position: u16) {
        self.0[thread] = position;
    }

    /// Adds everything that the other clock knows.
    pub(crate) fn join(&mut self, other: &Clock) {
        for (own, other) in self.0.iter_mut().zip(other.0) {
            *own = (*own).max(other);
        }
    }
}
