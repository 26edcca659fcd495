//! Numbers of threads under an explorer.

use super::thread::{current_id, ThreadId};
use super::unseen::{Mutex, MutexGuard};

/// A number that each thread may have. Only the thread itself sees it, so explorers need not.
#[derive(Debug, Default)]
pub struct ThreadNumber(Mutex<Vec<(ThreadId, usize)>>);

impl ThreadNumber {
    /// Creates numbers that no thread has yet.
    pub fn new() -> Self {
        ThreadNumber::default()
    }

    fn numbers(&self) -> MutexGuard<'_, Vec<(ThreadId, usize)>> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Gives this thread a number, in place of any other that it has.
    pub fn set(&self, number: usize) {
        let current = current_id();
        let mut numbers = self.numbers();
        numbers.retain(|(thread, _)| *thread != current);
        numbers.push((current, number));
    }

    /// Returns the number of this thread.
    pub fn get(&self) -> Option<usize> {
        let current = current_id();
        self.numbers().iter().find(|(thread, _)| *thread == current).map(|(_, number)| *number)
    }
}
