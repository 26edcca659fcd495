//! A buffer of items with their numbers.

use std::collections::VecDeque;

/// Items in the order of their numbers, which are those of acceptance.
///
/// Numbers are not stored with the items, since they follow one another. Where some are missing,
/// because their items were removed, there is a [`Gap`].
#[derive(Debug)]
pub struct Numbered<T> {
    items: VecDeque<T>,
    /// The number of the first item.
    first: u64,
    /// The number after that of the last item.
    next: u64,
    /// The missing numbers between the first item and the last, in order.
    gaps: VecDeque<Gap>,
}

/// Missing numbers.
#[derive(Debug)]
struct Gap {
    /// The first missing number.
    from: u64,
    /// The number of the item behind the gap.
    until: u64,
}

impl<T> Numbered<T> {
    pub(super) fn new() -> Self {
        Numbered { items: VecDeque::new(), first: 0, next: 0, gaps: VecDeque::new() }
    }

    pub(super) fn len(&self) -> usize {
        self.items.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Returns the number of items that the buffer has memory for, which is `usize::MAX` for items
    /// of size zero.
    pub(super) fn capacity(&self) -> usize {
        self.items.capacity()
    }

    /// Appends an item. Its number must be greater than those before.
    #[inline]
    pub(super) fn push(&mut self, number: u64, item: T) {
        if number != self.next {
            self.skip_to(number);
        }
        self.next = number + 1;
        self.items.push_back(item);
    }

    /// Goes on with a number that does not follow the last one.
    #[cold]
    fn skip_to(&mut self, number: u64) {
        debug_assert!(number > self.next || self.items.is_empty(), "numbers grow");
        if self.items.is_empty() {
            self.first = number;
        } else {
            self.gaps.push_back(Gap { from: self.next, until: number });
        }
    }

    /// Removes the oldest item.
    #[inline]
    pub(super) fn pop(&mut self) -> Option<(u64, T)> {
        if self.items.is_empty() {
            return None;
        }
        // The number first, so that the item is moved once.
        let number = self.first;
        self.first += 1;
        if self.gaps.front().is_some_and(|gap| gap.from == self.first) {
            self.first = self.gaps.pop_front().map_or(self.first, |gap| gap.until);
        }
        self.items.pop_front().map(|item| (number, item))
    }

    /// Drops the items for which `is_dead` returns `true`, and frees the memory that they leave.
    pub(super) fn remove(&mut self, is_dead: impl Fn(&mut T) -> bool) {
        let mut live = Numbered::new();
        while let Some((number, mut item)) = self.pop() {
            if !is_dead(&mut item) {
                live.push(number, item);
            }
        }
        *self = live;
    }

    /// Starts again at the front of the memory of a buffer that is empty, which is in a cache. Going
    /// round the ring would touch all the memory that a burst has made it grow to.
    pub(super) fn rewind(&mut self) {
        debug_assert!(self.is_empty(), "nothing is lost");
        self.items.clear();
    }
}

impl<T> Default for Numbered<T> {
    fn default() -> Self {
        Numbered::new()
    }
}

impl<T> Iterator for Numbered<T> {
    type Item = (u64, T);

    fn next(&mut self) -> Option<(u64, T)> {
        self.pop()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use proptest::prelude::*;

    use super::Numbered;

    #[derive(Clone, Debug)]
    enum Op {
        /// Appends an item after leaving out some numbers.
        Push {
            skipped: u64,
        },
        Pop,
        /// Removes the items whose number has this remainder.
        Remove {
            modulus: u64,
            remainder: u64,
        },
    }

    fn ops() -> impl Strategy<Value = Vec<Op>> {
        let op = prop_oneof![
            4 => (0_u64..3).prop_map(|skipped| Op::Push { skipped }),
            2 => Just(Op::Pop),
            1 => (1_u64..5, 0_u64..5).prop_map(|(modulus, remainder)| Op::Remove { modulus, remainder }),
        ];
        prop::collection::vec(op, 0..60)
    }

    proptest! {
        /// A buffer does what a list of pairs does.
        #[test]
        fn items_keep_their_numbers(ops in ops()) {
            let mut buffer = Numbered::new();
            let mut pairs = VecDeque::new();
            let mut next = 0;
            for op in ops {
                match op {
                    Op::Push { skipped } => {
                        next += skipped;
                        buffer.push(next, next);
                        pairs.push_back((next, next));
                        next += 1;
                    }
                    Op::Pop => prop_assert_eq!(buffer.pop(), pairs.pop_front()),
                    Op::Remove { modulus, remainder } => {
                        buffer.remove(|item| *item % modulus == remainder);
                        pairs.retain(|(_, item)| item % modulus != remainder);
                    }
                }
                prop_assert_eq!(buffer.len(), pairs.len());
            }
            prop_assert_eq!(buffer.collect::<VecDeque<_>>(), pairs);
        }
    }
}
