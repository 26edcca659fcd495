//! Barriers.

use super::condvar::Condvar;
use super::mutex::Mutex;

/// Lets a number of threads wait for each other.
#[derive(Debug)]
pub struct Barrier {
    threads: usize,
    /// The number of threads that wait, and the number of times that all have come.
    state: Mutex<(usize, usize)>,
    complete: Condvar,
}

/// The result of a wait at a barrier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BarrierWaitResult(bool);

impl BarrierWaitResult {
    /// Returns `true` in one of the threads: here, in the last to come.
    pub fn is_leader(&self) -> bool {
        self.0
    }
}

impl Barrier {
    /// Creates a barrier for this number of threads.
    #[track_caller]
    pub fn new(threads: usize) -> Self {
        Barrier { threads, state: Mutex::internal((0, 0)), complete: Condvar::internal() }
    }

    /// Waits until all threads have come.
    ///
    /// # Panics
    ///
    /// Never: the lock is never poisoned.
    #[track_caller]
    pub fn wait(&self) -> BarrierWaitResult {
        let mut state = self.state.lock().expect("it is never poisoned");
        state.0 += 1;
        if state.0 >= self.threads {
            *state = (0, state.1 + 1);
            self.complete.notify_all();
            return BarrierWaitResult(true);
        }
        let round = state.1;
        while state.1 == round {
            state = self.complete.wait(state).expect("it is never poisoned");
        }
        BarrierWaitResult(false)
    }
}
