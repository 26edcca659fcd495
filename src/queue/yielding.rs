//! Whether somebody who finds nothing lets other threads go first before it sleeps.

use std::time::Duration;

use crate::sync::thread;

/// What a queue has learnt about yielding.
///
/// Where threads share a core, a popper that sleeps at once is woken by the next item, interrupts
/// who hands in, finds that one item and sleeps again. One that yields instead lets the other hand in
/// all that it has. But it may be a thread that has nothing to do with the pool that goes first, and
/// it keeps the core for milliseconds, for which an item then waits. So a yield that took long and
/// brought little is the last for a while.
#[derive(Debug, Default)]
pub struct Yielding {
    /// So many times more there is no yield.
    refrain: u32,
}

impl Yielding {
    /// How often there is no yield after one that was no good: rare enough that the 99th percentile
    /// of a job's wait beside a busy thread does not know of it.
    const REFRAIN: u32 = 256;

    /// How long an item may have waited for a yield to end, on average.
    const WAIT: Duration = Duration::from_micros(50);

    /// Whether to yield this time.
    pub fn is_due(&mut self) -> bool {
        let due = self.refrain == 0 && thread::may_yield();
        self.refrain = self.refrain.saturating_sub(1);
        due
    }

    /// A yield took that long, and so many items were there after it.
    pub fn learn(&mut self, took: Duration, items: usize) {
        let waits = u32::try_from(items).unwrap_or(u32::MAX).max(1);
        if took / waits > Self::WAIT {
            self.refrain = Self::REFRAIN;
        }
    }
}
