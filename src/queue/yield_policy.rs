//! Whether a popper that finds nothing lets other threads run before it sleeps.

use std::time::Duration;

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
/// | `Useful` | yes | `Useful` | `Refraining(64)` |
/// | `Refraining(n)`, n > 0 | no, and becomes `Refraining(n - 1)` | `Useful` | |
/// | `Refraining(0)` | yes, and becomes `Trying` | `Useful` | |
/// | `Trying` | no | `Useful` | `Refraining(128)`, then 256 and so on, at most 4096 |
///
/// A job may wait for a popper that has lost its core, so it tries ever more rarely: at most one of
/// several thousand jobs is late.
#[derive(Debug)]
pub struct YieldPolicy {
    state: State,
    /// The number of poppers that do not yield after the next useless yield.
    refrain: u32,
}

#[derive(Debug)]
enum State {
    /// Yields are useful, as far as is known.
    Useful,
    /// The next so many poppers do not yield.
    Refraining(u32),
    /// One popper yields, to try whether that is useful again.
    Trying,
}

impl Default for YieldPolicy {
    fn default() -> Self {
        YieldPolicy { state: State::Useful, refrain: Self::FEWEST }
    }
}

impl YieldPolicy {
    const FEWEST: u32 = 64;
    const MOST: u32 = 4096;

    /// The longest useful yield that brings no item, or one: other threads of the pool have run.
    const SHORT: Duration = Duration::from_micros(50);

    /// The longest useful yield for each item that it brings. It is about the cost of the wake-up
    /// that the item did not need; a pusher on the same core takes a tenth of it for an item.
    const WORTH: Duration = Duration::from_micros(5);

    /// Returns `true` if the caller should yield now, and then [`observe`](Self::observe) the
    /// result.
    pub fn should_yield(&mut self) -> bool {
        match &mut self.state {
            State::Useful => true,
            State::Refraining(0) => {
                self.state = State::Trying;
                true
            }
            State::Refraining(left) => {
                *left -= 1;
                false
            }
            State::Trying => false,
        }
    }

    /// Learns from a yield that took this long, during which so many items were accepted.
    pub fn observe(&mut self, took: Duration, items: u64) {
        let items = u32::try_from(items).unwrap_or(u32::MAX).max(1);
        let is_useful = took <= Self::SHORT || took / items <= Self::WORTH;
        if is_useful {
            *self = YieldPolicy::default();
        } else {
            self.state = State::Refraining(self.refrain);
            self.refrain = (2 * self.refrain).min(Self::MOST);
        }
    }
}
