//! Whether a thread that finds nothing looks on for a moment before it sleeps.

use std::time::Duration;

use crate::sync::Look;

/// What is known about looking on.
///
/// A sleep and the wake-up that ends it cost two switches of the core, and ten times more where the
/// two threads are on two cores. A thread that looks on for a moment saves both if what it waits
/// for comes by then, and wastes the moment otherwise. Credit is gained by looks that paid, and
/// lost by those that did not. Without credit threads refrain from looking, twice as often after
/// each attempt that failed.
///
/// | state | [`should_look`](Self::should_look) | after a look that paid | after one that did not |
/// | --- | --- | --- | --- |
/// | credit c > 0 | yes | credit c + 1, at most 8 | credit c − 1; at 0 refrain from the next n, and double n |
/// | no credit, n > 0 left | no, and n − 1 are left | credit 2, and n is 16 again | refrain from the next n, and double n |
/// | no credit, none left | yes, and n are left | as above | as above |
///
/// A look that took far longer than it should has lost the core to another thread. It takes all
/// credit away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Patience {
    credit: u8,
    /// The number of the next threads that do not look.
    left: u16,
    /// How many refrain after the next attempt that fails.
    next: u16,
}

impl Default for Patience {
    fn default() -> Self {
        Patience { credit: Self::MOST / 2, left: 0, next: Self::FEWEST }
    }
}

impl Patience {
    /// The longest look. A wake-up across cores takes about as long.
    pub(crate) const LOOK: Duration = Duration::from_micros(20);

    /// A look that takes longer has lost its core.
    const LOST: Duration = Duration::from_micros(200);

    const MOST: u8 = 8;
    const FEWEST: u16 = 16;
    const MANY: u16 = 1024;

    /// Returns `true` if the caller should look now, and then [`observe`](Self::observe) the
    /// result.
    pub(crate) fn should_look(&mut self) -> bool {
        if self.credit > 0 {
            return true;
        }
        if self.left > 0 {
            self.left -= 1;
            return false;
        }
        // Others refrain until this look has ended.
        self.left = self.next;
        true
    }

    /// Learns from a look.
    pub(crate) fn observe(&mut self, Look { seen, took }: Look) {
        if seen && took < Self::LOST {
            self.credit = (self.credit + 1).clamp(2, Self::MOST);
            self.next = Self::FEWEST;
            return;
        }
        self.credit = if took < Self::LOST { self.credit.saturating_sub(1) } else { 0 };
        if self.credit == 0 {
            self.left = self.next;
            self.next = self.next.saturating_mul(2).min(Self::MANY);
        }
    }

    /// Packs it into a number.
    pub(crate) fn to_bits(self) -> u64 {
        u64::from(self.credit) << 32 | u64::from(self.left) << 16 | u64::from(self.next)
    }

    /// Unpacks it. Zero is the initial state.
    pub(crate) fn from_bits(bits: u64) -> Self {
        if bits == 0 {
            return Patience::default();
        }
        let low = |bits: u64| u16::try_from(bits & 0xffff).unwrap_or_default();
        let credit = u8::try_from(bits >> 32).unwrap_or_default();
        Patience { credit, left: low(bits >> 16), next: low(bits) }
    }
}

#[cfg(all(test, not(all(loom, feature = "__internals"))))]
mod tests {
    use std::time::Duration;

    use super::{Look, Patience};

    fn seen(seen: bool) -> Look {
        Look { seen, took: Patience::LOOK }
    }

    /// Returns how many times in a row there is no look.
    fn refrains(patience: &mut Patience) -> usize {
        (0..5000).take_while(|_| !patience.should_look()).count()
    }

    #[test]
    fn a_look_is_worth_another_while_more_pay_than_do_not() {
        let mut patience = Patience::default();
        for _ in 0..100 {
            for pays in [true, false, true] {
                assert!(patience.should_look(), "{patience:?}");
                patience.observe(seen(pays));
            }
        }
    }

    #[test]
    fn attempts_that_fail_become_rare_and_one_that_pays_ends_that() {
        let mut patience = Patience::default();
        while patience.should_look() {
            patience.observe(seen(false));
        }
        // The call that ended the loop was the first of them.
        let mut expected = 15;
        for next in [32, 64, 128, 256, 512, 1024, 1024, 1024] {
            assert_eq!(refrains(&mut patience), expected);
            patience.observe(seen(false));
            expected = next;
        }
        assert_eq!(refrains(&mut patience), 1024);
        patience.observe(seen(true));
        assert_eq!(refrains(&mut patience), 0);
    }

    #[test]
    fn while_one_thread_attempts_a_look_the_others_refrain() {
        let mut patience = Patience { credit: 0, left: 0, next: 64 };
        assert!(patience.should_look());
        assert_eq!(refrains(&mut patience), 64);
    }

    #[test]
    fn a_look_that_lost_its_core_takes_all_credit_away() {
        for seen in [false, true] {
            let mut patience = Patience::default();
            patience.observe(Look { seen, took: Duration::from_millis(3) });
            assert!(!patience.should_look());
        }
    }

    #[test]
    fn a_packed_patience_is_the_same() {
        let mut patience = Patience::default();
        assert_eq!(Patience::from_bits(0), patience);
        for pays in [true, false, false, false, false, false, false, false, true] {
            patience.should_look();
            patience.observe(seen(pays));
            assert_eq!(Patience::from_bits(patience.to_bits()), patience);
        }
    }
}
