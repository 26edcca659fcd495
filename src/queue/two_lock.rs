//! Two locks: submitters fill the tail, workers empty the head, and neither waits for the other.

use std::collections::VecDeque;
use std::mem;

use super::yielding::Yielding;
use super::{admit, Counts, Gate, Gated, OwnLine, Queue, Refused, Wait};
use crate::sync::{thread, Condvar, Mutex, MutexGuard};

/// A queue under two locks.
///
/// Items enter at the tail, under its lock, with the look at the gate. They leave at the head, under
/// its lock; whoever finds the head empty takes the tail's lock too and swaps the two buffers. So
/// the order is that of acceptance, and nobody holds an item back.
///
/// **Sleeping.** A popper sleeps only after it has seen both empty, under both locks, and it lets go
/// of the tail's only by falling asleep: what comes later finds it sleeping.
///
/// **Yielding.** Before it sleeps, and before it gives a grown buffer back, it once lets other
/// threads go first, if that has been of use lately ([`Yielding`]). Meanwhile it holds no lock and
/// counts as nothing, like a popper that comes later: when an item is taken may depend on it, whether
/// it is does not.
///
/// **Waking.** A wake-up across cores takes far longer than a small job, so not every push wakes.
/// A popper that has been woken is a *scout* until it has an item, or has found none. At every
/// moment without the tail's lock:
///
/// > if an item is queued and a popper sleeps, there is a scout.
///
/// A push keeps it: if there are fewer scouts than items in the tail, it wakes one. So does a scout:
/// when it takes its item, it holds both locks, and if it leaves items behind and sleepers, more of
/// them than scouts, it wakes the next. A popper that never slept only takes items away. Each item
/// that has to wait beside a sleeper thus has somebody under way, who does not fall asleep while it
/// is there.
///
/// **Places** that are given back are counted at the head, where poppers are at home: at the tail each
/// would be a step into the pushers' way. A pusher that finds no place free takes both locks, and what
/// the head has counted. If that is nothing either, it leaves word there, and while there is word, a
/// place goes to the tail at once, and a pusher that sleeps is woken for it. With one place, each push
/// that finds it is followed by one that does not, so there it always goes to the tail at once.
///
/// A popper is notified when the locks have been let go, or it would run into them at once. It may be
/// another than the one that was meant, or be late: what counts is the number of wake-ups under the
/// tail's lock, and any that sleeps may answer one. All else is notified with the lock held, as in
/// [`Locked`](super::locked::Locked). Locks are taken in the order head, tail.
#[derive(Debug)]
pub struct TwoLock<T> {
    head: OwnLine<Mutex<Head<T>>>,
    tail: OwnLine<Mutex<Tail<T>>>,
    /// An item has come, or the queue is closed; waits with the tail's lock.
    item: Condvar,
    /// A place is free, or the queue is closed; waits with the tail's lock.
    place: Condvar,
    /// A buffer of more places than this is given back before a popper falls asleep.
    kept: usize,
    /// Whether places that are given back are counted at the head.
    counts_at_head: bool,
}

#[derive(Debug)]
struct Head<T> {
    /// Older than everything in the tail.
    items: VecDeque<T>,
    /// The number of the next item to leave, which is the count of those that have left.
    next: u64,
    /// Places given back that the gate does not know of.
    vacated: usize,
    /// A pusher may be sleeping whom nobody has woken; then the gate knows of every place.
    wanted: bool,
}

#[derive(Debug)]
struct Tail<T> {
    gate: Gate,
    items: VecDeque<T>,
    /// Poppers that sleep and whom nobody has woken.
    sleeping: usize,
    /// Wake-ups that no popper has woken up by yet.
    wakes: usize,
    /// Poppers that have been woken and have neither got an item nor found that there is none.
    scouts: usize,
    yielding: Yielding,
}

impl<T> Gated for Tail<T> {
    fn gate(&mut self) -> &mut Gate {
        &mut self.gate
    }
}

impl<T> Tail<T> {
    /// Makes a scout of a sleeper if, of the items that nobody has taken, some have none; whoever
    /// calls then wakes one.
    #[inline]
    #[must_use]
    fn scout_for(&mut self, items: usize) -> bool {
        let wakes = self.sleeping > 0 && self.scouts < items;
        if wakes {
            self.sleeping -= 1;
            self.wakes += 1;
            self.scouts += 1;
        }
        wakes
    }
}

impl<T> TwoLock<T> {
    /// Creates an empty, open queue that keeps buffers of so many places when there is nothing to do.
    pub fn keeping(kept: usize, capacity: Option<usize>) -> Self {
        let head = Head { items: VecDeque::new(), next: 0, vacated: 0, wanted: false };
        let tail = Tail {
            gate: Gate::new(capacity),
            items: VecDeque::new(),
            sleeping: 0,
            wakes: 0,
            scouts: 0,
            yielding: Yielding::default(),
        };
        TwoLock {
            head: OwnLine(Mutex::new(head)),
            tail: OwnLine(Mutex::new(tail)),
            item: Condvar::new(),
            place: Condvar::new(),
            kept,
            counts_at_head: capacity.is_some_and(|places| places > 1),
        }
    }

    /// What a pop does that finds nothing at the head. Returns it with something in it, and whether a
    /// sleeper is to be notified; `None` if nothing will come.
    #[cold]
    fn pop_late<'a>(
        &'a self,
        mut head: MutexGuard<'a, Head<T>>,
        idle: impl FnOnce(),
    ) -> Option<(MutexGuard<'a, Head<T>>, bool)> {
        idle();
        let mut scout = false;
        let mut may_yield = true;
        let mut yielded = None;
        loop {
            let mut tail = self.tail.lock();
            tail.scouts -= usize::from(mem::take(&mut scout));
            if head.items.is_empty() {
                // Begins anew at the start of the buffer, which is in somebody's cache; going round
                // the ring would touch all that a burst has made it.
                head.items.clear();
                mem::swap(&mut head.items, &mut tail.items);
            }
            let queued = head.items.len() + tail.items.len();
            if let Some((took, before)) = yielded.take() {
                let accepted = tail.gate.accepted - before;
                tail.yielding.learn(took, accepted);
            }
            if queued > 0 {
                return Some((head, tail.scout_for(queued - 1)));
            }
            if tail.gate.closed {
                return None;
            }
            // The buffer of items without a size has no end, and is none.
            let places = head.items.capacity().max(tail.items.capacity());
            if mem::take(&mut may_yield) && tail.yielding.is_due() {
                let before = tail.gate.accepted;
                drop((head, tail));
                yielded = Some((thread::yield_now(), before));
            } else if places > self.kept && places < usize::MAX {
                let grown = (mem::take(&mut head.items), mem::take(&mut tail.items));
                // Outside the locks, since it may take a while; so everything is looked at again.
                drop((head, tail));
                drop(grown);
            } else {
                drop(head);
                scout = self.sleep(tail);
            }
            head = self.head.lock();
        }
    }

    /// Sleeps until woken, which makes the popper a scout, or until the queue is closed.
    fn sleep(&self, mut tail: MutexGuard<'_, Tail<T>>) -> bool {
        tail.sleeping += 1;
        loop {
            tail = self.item.wait(tail);
            if tail.wakes > 0 {
                tail.wakes -= 1;
                return true;
            }
            if tail.gate.closed {
                tail.sleeping -= 1;
                return false;
            }
            // For no reason.
        }
    }

    /// Lets the gate know of every place that is free now; if that is none, of those that come, too, as
    /// long as a pusher sleeps that nobody has woken.
    fn collect<'a>(&'a self, tail: MutexGuard<'a, Tail<T>>) -> MutexGuard<'a, Tail<T>> {
        if !self.counts_at_head {
            return tail;
        }
        drop(tail);
        let mut head = self.head.lock();
        let mut tail = self.tail.lock();
        tail.gate.free = tail.gate.free.map(|free| free + mem::take(&mut head.vacated));
        head.wanted |= tail.gate.free == Some(0);
        tail
    }

    fn close_and<R>(&self, then: impl FnOnce(&mut Tail<T>) -> R) -> R {
        let mut tail = self.tail.lock();
        tail.gate.closed = true;
        self.item.notify_all();
        if tail.gate.waiting > 0 {
            self.place.notify_all();
        }
        then(&mut tail)
    }
}

impl<T: Send> Queue<T> for TwoLock<T> {
    fn new(capacity: Option<usize>) -> Self {
        const KEPT: usize = 1024;
        TwoLock::keeping(KEPT, capacity)
    }

    #[inline]
    fn push(&self, item: T, wait: Wait) -> Result<u64, Refused<T>> {
        match admit(&self.tail, &self.place, wait, |tail| self.collect(tail)) {
            Ok((mut tail, number)) => {
                tail.items.push_back(item);
                let items = tail.items.len();
                let wakes = tail.scout_for(items);
                drop(tail);
                if wakes {
                    self.item.notify_one();
                }
                Ok(number)
            }
            Err(refusal) => Err(Refused { item, refusal }),
        }
    }

    #[inline]
    fn pop(&self, idle: impl FnOnce()) -> Option<(u64, T)> {
        let mut head = self.head.lock();
        let mut wakes = false;
        if head.items.is_empty() {
            (head, wakes) = self.pop_late(head, idle)?;
        }
        let item = head.items.pop_front()?;
        let number = head.next;
        head.next += 1;
        drop(head);
        if wakes {
            self.item.notify_one();
        }
        Some((number, item))
    }

    fn vacate(&self) {
        let mut head = self.counts_at_head.then(|| self.head.lock());
        if let Some(head) = head.as_mut().filter(|head| !head.wanted) {
            head.vacated += 1;
            return;
        }
        let mut tail = self.tail.lock();
        tail.gate.vacate(&self.place);
        if let Some(head) = &mut head {
            head.wanted = tail.gate.waiting > 0;
        }
    }

    fn close(&self) {
        self.close_and(|_| ());
    }

    fn drain(&self) -> VecDeque<(u64, T)> {
        let mut head = self.head.lock();
        let first = head.next;
        let mut items = mem::take(&mut head.items);
        items.append(&mut self.close_and(|tail| mem::take(&mut tail.items)));
        head.next += items.len() as u64;
        drop(head);
        (first..).zip(items).collect()
    }

    fn counts(&self) -> Counts {
        let head = self.head.lock();
        let tail = self.tail.lock();
        Counts {
            accepted: tail.gate.accepted,
            rejected: tail.gate.rejected,
            queued: tail.gate.accepted - head.next,
        }
    }
}
