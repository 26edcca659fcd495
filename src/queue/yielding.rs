//! Whether somebody who finds nothing lets other threads go first before it sleeps.

use std::time::Duration;

use crate::sync::thread;

/// What a queue has learnt about yielding.
///
/// Where threads share a core, a popper that sleeps at once is woken by the next item, interrupts
/// who hands in, finds that one item and sleeps again. One that yields instead lets the other hand in
/// all that it has. But it may be a thread that has nothing to do with the pool that goes first, and
/// it keeps the core for milliseconds, for which items then wait. So a yield that took long and
/// brought little is the last for a while. Poppers share what one of them has learnt, but two may
/// yield before the first has.
#[derive(Debug, Default)]
pub struct Yielding {
    /// So many times more there is no yield.
    refrain: u32,
}

impl Yielding {
    /// How many pops that find nothing do not yield after one whose yield was no good.
    const REFRAIN: u32 = 256;

    /// What a yield may take that brings nothing, or one item: other threads of the pool's have run.
    const SHORT: Duration = Duration::from_micros(50);

    /// What each item may have taken, about as much as the wake-up that it did not need: who hands in
    /// items on the same core takes a tenth of it.
    const WORTH: Duration = Duration::from_micros(5);

    /// Whether to yield this time.
    pub fn is_due(&mut self) -> bool {
        let due = self.refrain == 0 && thread::may_yield();
        self.refrain = self.refrain.saturating_sub(1);
        due
    }

    /// A yield took that long, and so many items were accepted meanwhile.
    pub fn learn(&mut self, took: Duration, items: u64) {
        let items = u32::try_from(items).unwrap_or(u32::MAX).max(1);
        if took > Self::SHORT && took / items > Self::WORTH {
            self.refrain = Self::REFRAIN;
        }
    }
}
