//! Whether somebody who finds nothing lets other threads go first before it sleeps.

use std::time::Duration;

use crate::sync::thread;

/// What a queue has learnt about yielding.
///
/// Where threads share a core, a popper that sleeps at once is woken by the next item, interrupts
/// who hands in, finds that one item and sleeps again. One that yields instead lets the other hand in
/// all that it has. But it may be a thread that has nothing to do with the pool that goes first, and
/// it keeps the core for milliseconds, for which items then wait. So a yield that took long and
/// brought little is the last for a while, and then one popper alone tries again. All share what one
/// has learnt, but several may be under way when the first such yield comes back.
#[derive(Debug, Default)]
pub enum Yielding {
    /// Yields are of use, as far as anybody knows.
    #[default]
    Useful,
    /// There is none for so many times more.
    Refraining(u32),
    /// One popper tries whether they are of use again.
    Trying,
}

impl Yielding {
    /// How many pops that find nothing do not yield after one whose yield was no good.
    const REFRAIN: u32 = 256;

    /// What a yield may take that brings nothing, or one item: other threads of the pool's have run.
    const SHORT: Duration = Duration::from_micros(50);

    /// What each item may have taken, about as much as the wake-up that it did not need: who hands in
    /// items on the same core takes a tenth of it.
    const WORTH: Duration = Duration::from_micros(5);

    /// Whether to yield this time. Who does is to [`learn`](Self::learn) from it.
    pub fn is_due(&mut self) -> bool {
        if !thread::may_yield() {
            return false;
        }
        match self {
            Yielding::Useful => true,
            Yielding::Refraining(0) => {
                *self = Yielding::Trying;
                true
            }
            Yielding::Refraining(left) => {
                *left -= 1;
                false
            }
            Yielding::Trying => false,
        }
    }

    /// A yield took that long, and so many items were accepted meanwhile.
    pub fn learn(&mut self, took: Duration, items: u64) {
        let items = u32::try_from(items).unwrap_or(u32::MAX).max(1);
        let is_useful = took <= Self::SHORT || took / items <= Self::WORTH;
        *self = if is_useful { Yielding::Useful } else { Yielding::Refraining(Self::REFRAIN) };
    }
}
