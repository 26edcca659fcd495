//! How a popper that finds nothing pauses before it sleeps.

use std::time::Duration;

use super::yield_policy::YieldPolicy;
use crate::patience::Patience;
use crate::sync::Look;

/// What a popper does before it sleeps, without a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pause {
    /// It looks on for a push, for at most 20 µs.
    Look,
    /// It yields its core.
    Yield,
}

/// What a queue has learnt about pauses.
///
/// A popper that looks on takes an item as soon as it comes, which suits a pusher that waits for
/// it. A yield lets the pusher push on, which suits a stream of items, and threads that share a
/// core. So poppers yield while a yield brings several items. Otherwise they look on while the
/// `Patience` says that it pays, and yield now and then to see whether there is a stream.
#[derive(Debug, Default)]
pub struct PausePolicy {
    looks: Patience,
    yields: YieldPolicy,
    /// The last yield brought several items.
    is_stream: bool,
    /// The number of pauses until the next yield that asks for a stream.
    left: u32,
    /// The number of pauses after the next such yield that finds none.
    next: u32,
}

impl PausePolicy {
    /// The number of items that make a stream.
    const SEVERAL: u64 = 4;

    const FEWEST: u32 = 16;
    const MOST: u32 = 256;

    /// Returns how the next popper pauses, if it does. It then calls [`looked`](Self::looked) or
    /// [`yielded`](Self::yielded).
    pub fn pause(&mut self) -> Option<Pause> {
        let asks = self.left == 0;
        self.left = self.left.saturating_sub(1);
        if (self.is_stream || asks) && self.yields.should_yield() {
            return Some(Pause::Yield);
        }
        if self.looks.should_look() {
            return Some(Pause::Look);
        }
        self.yields.should_yield().then_some(Pause::Yield)
    }

    /// Learns from a look.
    pub fn looked(&mut self, look: Look) {
        self.looks.observe(look);
    }

    /// Learns from a yield that took this long, during which so many items were accepted.
    pub fn yielded(&mut self, took: Duration, items: u64) {
        self.yields.observe(took, items);
        self.is_stream = items >= Self::SEVERAL;
        self.next =
            if self.is_stream { 0 } else { (2 * self.next).clamp(Self::FEWEST, Self::MOST) };
        self.left = self.next;
    }
}

#[cfg(all(test, not(all(loom, feature = "__internals"))))]
mod tests {
    use std::time::Duration;

    use super::{Pause, PausePolicy};
    use crate::patience::Patience;
    use crate::sync::Look;

    const SHORT: Duration = Duration::from_micros(1);

    fn look(seen: bool) -> Look {
        Look { seen, took: Patience::LOOK }
    }

    /// A yield brings `items`, and a look pays. Returns the number of looks in 1000 pauses.
    fn looks(policy: &mut PausePolicy, items: u64) -> usize {
        let mut looks = 0;
        for _ in 0..1000 {
            match policy.pause() {
                Some(Pause::Look) => {
                    looks += 1;
                    policy.looked(look(true));
                }
                Some(Pause::Yield) => policy.yielded(SHORT, items),
                None => panic!("both pay: {policy:?}"),
            }
        }
        looks
    }

    #[test]
    fn poppers_yield_in_a_stream_and_look_on_for_single_items() {
        let mut policy = PausePolicy::default();
        assert_eq!(looks(&mut policy, 4), 0);
        assert!(looks(&mut policy, 3) > 990);
        assert!(looks(&mut policy, 4) < 257, "the stream is found");
        assert!(looks(&mut policy, 1) > 990, "and its end");
    }

    #[test]
    fn poppers_that_look_in_vain_yield() {
        let mut policy = PausePolicy::default();
        let mut looks = 0;
        for _ in 0..1000 {
            match policy.pause() {
                Some(Pause::Look) => {
                    looks += 1;
                    policy.looked(look(false));
                }
                Some(Pause::Yield) => policy.yielded(SHORT, 1),
                None => panic!("a yield pays: {policy:?}"),
            }
        }
        assert!(looks < 15, "{looks} looks");
    }

    #[test]
    fn poppers_sleep_at_once_where_no_pause_pays() {
        let mut policy = PausePolicy::default();
        let mut pauses = 0;
        for _ in 0..1000 {
            match policy.pause() {
                Some(Pause::Look) => policy.looked(look(false)),
                Some(Pause::Yield) => policy.yielded(Duration::from_millis(3), 1),
                None => continue,
            }
            pauses += 1;
        }
        assert!(pauses < 20, "{pauses} pauses");
    }
}
