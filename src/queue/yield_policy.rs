//! Whether a popper that finds nothing lets other threads run before it sleeps.

use std::time::Duration;

use crate::sync::thread;

/// What a queue has learnt about yielding.
///
/// Where threads share a core, a popper that sleeps at once is woken by the next item, interrupts
/// the pusher, finds one item and sleeps again. A popper that yields lets the pusher push all its
/// items. But the core may go to a thread outside the pool, which keeps it for a few ms while items
/// wait. So after a yield that took long and brought little, poppers refrain from yielding for a
/// while, and then one of them tries again.
///
/// | state | [`should_yield`](Self::should_yield) | after a useful yield | after a useless one |
/// | --- | --- | --- | --- |
/// | `Useful` | yes | `Useful` | `Refraining(256)` |
/// | `Refraining(n)`, n > 0 | no, and becomes `Refraining(n - 1)` | `Useful` | `Refraining(256)` |
/// | `Refraining(0)` | yes, and becomes `Trying` | `Useful` | `Refraining(256)` |
/// | `Trying` | no | `Useful` | `Refraining(256)` |
///
/// All poppers share the state, so several yields may be under way when the first useless one ends.
#[derive(Debug, Default)]
pub enum YieldPolicy {
    /// Yields are useful, as far as is known.
    #[default]
    Useful,
    /// The next so many poppers do not yield.
    Refraining(u32),
    /// One popper yields, to try whether that is useful again.
    Trying,
}

impl YieldPolicy {
    /// The number of poppers that do not yield after a useless yield.
    const REFRAIN: u32 = 256;

    /// The longest useful yield that brings no item, or one: other threads of the pool have run.
    const SHORT: Duration = Duration::from_micros(50);

    /// The longest useful yield for each item that it brings. It is about the cost of the wake-up
    /// that the item did not need; a pusher on the same core takes a tenth of it for an item.
    const WORTH: Duration = Duration::from_micros(5);

    /// Returns `true` if the caller should yield now, and then [`observe`](Self::observe) the
    /// result.
    pub fn should_yield(&mut self) -> bool {
        if !thread::may_yield() {
            return false;
        }
        match self {
            YieldPolicy::Useful => true,
            YieldPolicy::Refraining(0) => {
                *self = YieldPolicy::Trying;
                true
            }
            YieldPolicy::Refraining(left) => {
                *left -= 1;
                false
            }
            YieldPolicy::Trying => false,
        }
    }

    /// Learns from a yield that took this long, during which so many items were accepted.
    pub fn observe(&mut self, took: Duration, items: u64) {
        let items = u32::try_from(items).unwrap_or(u32::MAX).max(1);
        let is_useful = took <= Self::SHORT || took / items <= Self::WORTH;
        *self =
            if is_useful { YieldPolicy::Useful } else { YieldPolicy::Refraining(Self::REFRAIN) };
    }
}
