//! A deque of each popper's own, for what it pushes itself, beside a queue for all.

use std::collections::VecDeque;
use std::iter::{Chain, Flatten};
use std::ops::Range;
use std::task::Waker;
use std::{mem, vec};

use super::{AfterUnlock, CachePadded, Counts, IsShell, Nudge, Popped, Queue, Refused, Wait, KEPT};
use crate::sync::{Mutex, MutexGuard, Process, ThreadNumber};

/// A queue `Q` for all, and a *deque* of each popper's own.
///
/// What a popper pushes goes to its deque; what others push, and what is pushed at once, goes to the
/// queue for all. A popper takes the newest item of its own deque, which is still in its cache. If
/// there is none, it takes the oldest item of the queue for all, or *steals* the oldest item of
/// another deque. So items do not leave in the order of acceptance. Now and then, a popper takes an
/// oldest item although it has newer ones, so that no item waits for ever behind newer ones.
///
/// Each deque has a lock of its own. Its owner and thieves hold it for one item.
///
/// # No item waits beside a sleeping popper
///
/// Poppers sleep in the queue for all. Before that, a popper looks at every deque. Where it finds one
/// empty, it sets the *alarm* of that deque, under the same lock. The next push there clears the alarm
/// and [nudges](Nudge) the queue for all, so that a popper leaves that queue with the nudge instead
/// of an item. That popper looks at every deque again, and sets the alarm of those that are empty
/// now. It takes an item if there is one. If it leaves items behind, it nudges the next popper. So,
/// for each deque, from the moment in which a popper has looked at it and gone on to sleep:
///
/// > its alarm is set, or a nudge is on its way to a popper that will look at it.
///
/// An alarm is set only while its deque is empty. So if there are items beside a popper that sleeps,
/// a nudge is on its way. Several nudges are as good as one, since the popper that takes it looks at
/// every deque.
///
/// # Closing
///
/// To close, to drain and to count, a thread locks all deques, and the queue for all beside them. So
/// each of these is one step, as on every other queue. Locks of deques are taken in the order of
/// poppers, and before those of the queue for all. A closed deque accepts nothing. So a popper that
/// finds the queue for all closed and empty, and then each deque empty, will find nothing any more.
///
/// # Slots
///
/// Slots are counted in one place. So a bounded queue has no deques, and acts as `Q`.
#[derive(Debug)]
pub struct WorkStealing<T, Q> {
    all: Q,
    /// By the numbers of the poppers.
    deques: Box<[CachePadded<Mutex<Deque<T>>>]>,
    /// The [`Own`] of each popper.
    own: ThreadNumber,
    /// A popper takes an oldest item once in so many turns.
    turns: usize,
}

#[derive(Debug)]
struct Deque<T> {
    /// With their numbers, the oldest first.
    items: VecDeque<(u64, T)>,
    accepted: u64,
    closed: bool,
    /// Set on an empty deque: a popper may be asleep that must hear of the next item.
    alarm: bool,
}

/// Which item a popper would like to take. If there is none of this kind, it takes another.
///
/// A job that submits itself again would keep its worker for ever from everything else, and an
/// endless stream of jobs in the queue for all would keep workers from a deque whose owner is stuck.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    /// The newest of its own.
    Newest,
    /// The oldest of the queue for all, or else of its own.
    OldestOfAll,
    /// The oldest of another popper, or else of its own.
    OldestOfOthers,
}

impl<T> Deque<T> {
    fn new() -> Self {
        Deque { items: VecDeque::new(), accepted: 0, closed: false, alarm: false }
    }

    /// Frees the buffer of an empty deque that is closed, since what outlives the pool keeps the deque.
    fn free_if_closed(&mut self) {
        if self.closed && self.items.is_empty() {
            self.items = VecDeque::new();
        }
    }
}

/// What a popper keeps to itself.
#[derive(Clone, Copy)]
struct Own {
    popper: usize,
    /// Its deque may have items. Only the owner pushes there, so if it has pushed nothing since it
    /// found the deque empty, it need not look again.
    has_pushed: bool,
    /// Its pops since it last began to count, fewer than 128.
    turn: usize,
}

impl From<usize> for Own {
    #[inline]
    fn from(number: usize) -> Self {
        Own { popper: number >> 8, turn: number >> 1 & 127, has_pushed: number & 1 == 1 }
    }
}

impl From<Own> for usize {
    #[inline]
    fn from(own: Own) -> usize {
        own.popper << 8 | own.turn << 1 | usize::from(own.has_pushed)
    }
}

impl Own {
    /// Returns which item it would like to take next.
    #[inline]
    fn next_turn(&mut self, turns: usize) -> Turn {
        self.turn += 1;
        if self.turn == turns {
            Turn::OldestOfAll
        } else if self.turn == 2 * turns {
            self.turn = 0;
            Turn::OldestOfOthers
        } else {
            Turn::Newest
        }
    }
}

impl<T: Send, Q: Nudge<T>> WorkStealing<T, Q> {
    /// How often a popper takes an oldest item.
    const TURNS: usize = 63;

    /// Deques beyond would have no numbers for their items.
    const MOST_DEQUES: usize = (1 << 16) - 1;

    /// Creates an empty, open queue for so many poppers.
    pub fn of_poppers(poppers: usize, capacity: Option<usize>, is_shell: IsShell<T>) -> Self {
        WorkStealing::taking_turns(Self::TURNS, poppers, capacity, is_shell)
    }

    /// As [`of_poppers`](Self::of_poppers), but a popper takes an oldest item once in so many turns,
    /// which are at most 64.
    pub fn taking_turns(
        turns: usize,
        poppers: usize,
        capacity: Option<usize>,
        is_shell: IsShell<T>,
    ) -> Self {
        assert!((1..=64).contains(&turns), "the turns of a popper are counted in 7 bits");
        let deques = if capacity.is_some() { 0 } else { poppers.min(Self::MOST_DEQUES) };
        WorkStealing {
            all: Q::new(capacity, is_shell),
            deques: (0..deques).map(|_| CachePadded(Mutex::new(Deque::new()))).collect(),
            own: ThreadNumber::new(),
            turns,
        }
    }

    /// Returns what this thread keeps to itself, if it has a deque.
    #[inline]
    fn own(&self) -> Option<Own> {
        self.own.get().map(Own::from).filter(|own| own.popper < self.deques.len())
    }

    /// Returns the number of an item: the count of its deque, behind the number of that.
    fn number(popper: usize, count: u64) -> u64 {
        ((popper as u64 + 1) << 48) | count
    }

    /// Takes an oldest item elsewhere, if there is one.
    #[cold]
    fn pop_oldest(&self, popper: usize, turn: Turn) -> Option<(u64, T)> {
        if turn == Turn::OldestOfAll {
            self.all.try_pop()
        } else {
            self.look(Some(popper), Nudged(false))
        }
    }

    /// Pops an item off the popper's own deque.
    #[inline]
    fn pop_own(&self, own: &mut Own, turn: Turn) -> Option<(u64, T)> {
        let mut deque = self.deques[own.popper].lock();
        let items = &mut deque.items;
        let popped = if turn == Turn::Newest { items.pop_back() } else { items.pop_front() };
        if popped.is_none() {
            own.has_pushed = false;
            let is_grown = items.capacity() > KEPT;
            if is_grown || deque.closed {
                let buffer = mem::take(&mut deque.items);
                // Without the lock, since it may take a while.
                drop(deque);
                drop(buffer);
            }
        }
        popped
    }

    /// Pops what the popper has pushed since it found its deque empty. What a pop calls when it is
    /// idle may wake tasks, which are user code and may push.
    #[cold]
    fn pop_pushed(&self) -> Option<(u64, T)> {
        let mut own = self.own().filter(|own| own.has_pushed)?;
        let popped = self.pop_own(&mut own, Turn::Newest);
        self.own.set(own.into());
        popped
    }

    /// Goes on with a pop that found nothing of its own.
    fn pop_slow<A: AfterUnlock>(
        &self,
        own: Option<usize>,
        idle: impl FnOnce() -> A,
    ) -> Option<(u64, T)> {
        let mut popped = self.all.pop_or_nudge(|| {
            self.look(own, Nudged(false)).or_else(|| {
                idle().run();
                self.pop_pushed()
            })
        });
        loop {
            match popped {
                Popped::Item(number, item) => return Some((number, item)),
                Popped::Nudge => match self.look(own, Nudged(true)) {
                    Some(stolen) => return Some(stolen),
                    None => popped = self.all.pop_or_nudge(|| None),
                },
                Popped::Closed => return self.look(own, Nudged(false)),
            }
        }
    }

    /// Looks at the deques, and takes the first item that it finds; sets the alarms of empty deques. A
    /// popper that was nudged looks at all of them, and nudges the next one if items are left.
    fn look(&self, own: Option<usize>, nudged: Nudged) -> Option<(u64, T)> {
        let mut found = None;
        let mut are_left = false;
        let first = own.map_or(0, |own| own + 1);
        for popper in (first..self.deques.len()).chain(0..first) {
            if own == Some(popper) && !nudged.0 {
                // Empty, and this is not the popper that must hear of what comes there.
                break;
            }
            let mut deque = self.deques[popper].lock();
            let deque = &mut *deque;
            if found.is_none() {
                found = deque.items.pop_front();
            }
            if deque.items.is_empty() {
                deque.alarm = true;
                deque.free_if_closed();
            } else {
                are_left = true;
            }
            if found.is_some() && !nudged.0 {
                return found;
            }
        }
        if are_left {
            self.all.nudge();
        }
        found
    }

    fn lock_all(&self) -> Vec<MutexGuard<'_, Deque<T>>> {
        self.lock_all_in(Process::Own).unwrap_or_default()
    }

    fn lock_all_in(&self, process: Process) -> Option<Vec<MutexGuard<'_, Deque<T>>>> {
        self.deques.iter().map(|deque| deque.lock_in(process)).collect()
    }
}

/// The popper has taken a nudge.
#[derive(Clone, Copy)]
struct Nudged(bool);

impl<T: Send, Q: Nudge<T>> Queue<T> for WorkStealing<T, Q> {
    type Drained = Chain<Q::Drained, Flatten<vec::IntoIter<VecDeque<(u64, T)>>>>;

    fn new(capacity: Option<usize>, is_shell: IsShell<T>) -> Self {
        WorkStealing::of_poppers(0, capacity, is_shell)
    }

    fn enter(&self, popper: usize) {
        self.own.set(Own { popper, has_pushed: false, turn: 0 }.into());
    }

    // Not inlined into what all queues have in common, where it would slow down the default queue.
    #[inline(never)]
    fn push(&self, item: T, wait: Wait) -> Result<u64, Refused<T>> {
        let Some(own) = self.own() else { return self.all.push(item, wait) };
        let mut deque = self.deques[own.popper].lock();
        if deque.closed {
            drop(deque);
            // It is closed, too, and counts what it refuses.
            return self.all.push(item, wait);
        }
        let number = Self::number(own.popper, deque.accepted);
        deque.accepted += 1;
        deque.items.push_back((number, item));
        let alarm = mem::take(&mut deque.alarm);
        drop(deque);
        if !own.has_pushed {
            self.own.set(Own { has_pushed: true, ..own }.into());
        }
        if alarm {
            self.all.nudge();
        }
        Ok(number)
    }

    fn push_all(&self, items: &mut vec::IntoIter<T>) -> Range<u64> {
        self.all.push_all(items)
    }

    fn reject(&self, number: u64) {
        self.all.reject(number);
    }

    fn register(&self, ticket: &mut Option<u64>, waker: Waker) -> Result<Option<Waker>, Waker> {
        self.all.register(ticket, waker)
    }

    fn leave(&self, ticket: u64) -> Option<Waker> {
        self.all.leave(ticket)
    }

    #[inline(never)]
    fn pop<A: AfterUnlock>(&self, idle: impl FnOnce() -> A) -> Option<(u64, T)> {
        if self.deques.is_empty() {
            return self.all.pop(idle);
        }
        let Some(mut own) = self.own() else { return self.pop_slow(None, idle) };
        let turn = own.next_turn(self.turns);
        let mut popped = None;
        if turn != Turn::Newest {
            popped = self.pop_oldest(own.popper, turn);
        }
        if popped.is_none() && own.has_pushed {
            popped = self.pop_own(&mut own, turn);
        }
        self.own.set(own.into());
        popped.or_else(|| self.pop_slow(Some(own.popper), idle))
    }

    fn release(&self) {
        self.all.release();
    }

    fn close(&self) {
        let mut deques = self.lock_all();
        for deque in &mut deques {
            deque.closed = true;
            deque.free_if_closed();
        }
        // It wakes no task with these locks held: where there are deques, none waits for a slot.
        self.all.close();
    }

    fn close_copy(&self) {
        for deque in &self.deques {
            if let Some(mut deque) = deque.lock_in(Process::ForkedChild) {
                deque.closed = true;
            }
        }
        self.all.close_copy();
    }

    fn drain(&self) -> Self::Drained {
        let mut deques = self.lock_all();
        let own = deques.iter_mut().map(|deque| {
            deque.closed = true;
            mem::take(&mut deque.items)
        });
        let own: Vec<_> = own.collect();
        self.all.drain().chain(own.into_iter().flatten())
    }

    fn counts_in(&self, process: Process) -> Option<Counts> {
        let deques = self.lock_all_in(process)?;
        let mut counts = self.all.counts_in(process)?;
        for deque in &deques {
            counts.accepted += deque.accepted;
            counts.queued += deque.items.len() as u64;
        }
        Some(counts)
    }
}
