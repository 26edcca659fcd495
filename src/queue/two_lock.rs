//! Two locks: pushers fill the tail, poppers empty the head, and neither side waits for the other.

use std::iter::Chain;
use std::mem;
use std::ops::Range;
use std::task::Waker;
use std::time::Duration;
use std::vec;

use super::pause_policy::{Pause, PausePolicy};
use super::{
    admit, close_copy, leave, register, reject, AfterUnlock, CachePadded, Counts, Gate, Gated,
    IsShell, Nudge, Numbered, Popped, Queue, Refused, Sweep, Wait, KEPT,
};
use crate::patience::Patience;
use crate::sync::{end_step, thread, watched, Beacon, Condvar, Look, Mutex, MutexGuard, Process};
use crate::wakers::Woken;

/// A queue under two locks.
///
/// Pushers append items to the tail, under its lock, and look at the gate there. Poppers take items
/// from the head, under its lock; one that finds the head empty also takes the lock of the tail,
/// and swaps the two buffers. So items leave in the order of acceptance, and no thread holds one
/// back. Locks are taken in the order head, tail.
///
/// # Waking poppers
///
/// A wake-up across cores takes far longer than a small job, so not every push wakes a popper. A
/// popper that has been woken, or pauses, is a *scout* until it holds the lock of the tail again.
/// Whenever that lock is free:
///
/// > if an item is queued and a popper sleeps, there is a scout.
///
/// | a popper is | counted in | until |
/// | --- | --- | --- |
/// | awake | nothing | it takes an item, or finds both buffers empty, and pauses or falls asleep |
/// | pausing | `scouts`, `pausing` | it holds the lock of the tail; then it is awake |
/// | asleep | `sleeping` | a push or a scout assigns a wake-up, or the queue is closed |
/// | assigned | `scouts`, `wakes` | it wakes up |
/// | a scout | `scouts` | it holds the lock of the tail; then it is awake |
///
/// The steps are in the table below, which is shown to keep the invariant for any number of poppers
/// and items (`verification/protocols`).
///
/// A push keeps the invariant: if there are fewer scouts than items in the tail, it assigns a
/// wake-up, and a push of many items does so for each of them. So does a scout that takes an item
/// and leaves others behind. A popper that did not sleep only takes items away. Thus each item that
/// waits beside a sleeping popper has a scout, which does not fall asleep while the item is there.
/// The notification itself comes after the locks are released, since the woken popper would run into
/// them. It may reach another popper than was meant, or come late: the counts decide, and any
/// sleeping popper may answer a wake-up.
///
/// # Pausing and sleeping
///
/// A popper sleeps only after it has seen both buffers empty under both locks, and it releases the
/// lock of the tail only by falling asleep, so a later push finds it asleep. Before it sleeps, and
/// before it frees a grown buffer, it pauses once without a lock, if no other popper does and the
/// [`PausePolicy`] says so: it yields, or looks on for a few µs. A push raises the beacon for it,
/// and need not wake anybody. The beacon decides nothing: after the pause, the popper takes both
/// locks and looks at the buffers, whatever it has seen. A pause can delay an item, but cannot lose
/// it. At most one popper pauses: others sleep at once, and a second item wakes one of them.
///
/// # Slots
///
/// Released slots are counted at the head, where poppers are: at the tail each of them would get
/// into the way of pushers. A pusher that finds no free slot takes both locks and collects what the
/// head has counted. If that is nothing, it sets `pusher_waiting`. Until that is cleared, released
/// slots go to the gate at once, and each wakes a waiting pusher, and the tasks that wait. With only
/// one slot, each push that finds it free is followed by one that does not, so its release always
/// goes to the gate at once. Pushers are notified with the lock held, as in
/// [`Locked`](super::locked::Locked).
///
#[doc = include_str!("wake_ups.md")]
#[derive(Debug)]
pub struct TwoLock<T> {
    head: CachePadded<Mutex<Head<T>>>,
    tail: CachePadded<Mutex<Tail<T>>>,
    /// An item has come, or the queue is closed. Waits release the lock of the tail.
    not_empty: Condvar,
    /// A slot is free, or the queue is closed. Waits release the lock of the tail.
    not_full: Condvar,
    /// Is raised for the popper that pauses.
    beacon: CachePadded<Beacon>,
    /// A buffer with a larger capacity is freed before a popper falls asleep.
    kept: usize,
    /// Released slots are counted at the head.
    counts_at_head: bool,
    sweep: Sweep<T>,
}

#[derive(Debug)]
struct Head<T> {
    /// Older than everything in the tail.
    items: Numbered<T>,
    /// Released slots that the gate does not know of.
    released: usize,
    /// A pusher may be asleep without a wake-up. Then the gate knows of every slot.
    pusher_waiting: bool,
}

#[derive(Debug)]
struct Tail<T> {
    gate: Gate,
    items: Numbered<T>,
    /// There is a nudge, which counts as an item behind all others.
    nudged: bool,
    /// Sleeping poppers, less the wake-ups under way.
    sleeping: usize,
    /// Wake-ups that no popper has answered yet.
    wakes: usize,
    /// Poppers that are woken or pause, and have not looked for an item since.
    scouts: usize,
    /// A popper pauses.
    pausing: bool,
    policy: PausePolicy,
}

/// The pause that a popper has made.
#[derive(Clone, Copy)]
enum Paused {
    Looked(Look),
    /// The yield took this long.
    Yielded(Duration),
}

impl<T> Gated for Tail<T> {
    fn gate(&mut self) -> &mut Gate {
        &mut self.gate
    }
}

impl<T> Tail<T> {
    /// Returns the number of items, with the nudge.
    #[inline]
    fn len(&self) -> usize {
        self.items.len() + usize::from(self.nudged)
    }

    /// Returns how the popper that finds nothing pauses before it sleeps, if it does. It is a scout
    /// then.
    #[must_use]
    fn pause(&mut self) -> Option<Pause> {
        if self.pausing || !thread::may_pause() {
            return None;
        }
        let pause = self.policy.pause()?;
        self.pausing = true;
        self.scouts += 1;
        Some(pause)
    }

    /// Ends a pause, before which so many items had been accepted, and learns from it.
    fn resume(&mut self, paused: Paused, before: u64) {
        self.pausing = false;
        match paused {
            Paused::Looked(look) => self.policy.looked(look),
            Paused::Yielded(took) => self.policy.yielded(took, self.gate.accepted - before),
        }
    }

    /// Appends an accepted item. Returns whether the caller must notify a popper.
    #[inline]
    #[must_use]
    fn append(&mut self, number: u64, item: T, sweep: &Sweep<T>) -> bool {
        self.items.push(number, item);
        sweep.run(&mut self.items);
        self.scout_for(self.len())
    }

    /// Assigns a wake-up to a sleeping popper if more than `scouts` items are left. The caller then
    /// notifies.
    #[inline]
    #[must_use]
    fn scout_for(&mut self, items: usize) -> bool {
        let wakes = self.sleeping > 0 && self.scouts < items;
        if wakes {
            self.sleeping -= 1;
            self.wakes += 1;
            self.scouts += 1;
        }
        debug_assert!(self.wakes <= self.scouts, "an assigned popper is a scout");
        debug_assert!(items == 0 || self.sleeping == 0 || self.scouts > 0, "an item needs a scout");
        wakes
    }
}

impl<T> TwoLock<T> {
    /// Creates an empty, open queue that keeps buffers for up to `kept` items while poppers sleep.
    pub fn keeping(kept: usize, capacity: Option<usize>, is_shell: IsShell<T>) -> Self {
        let head = Head { items: Numbered::new(), released: 0, pusher_waiting: false };
        let tail = Tail {
            gate: Gate::new(capacity),
            items: Numbered::new(),
            nudged: false,
            sleeping: 0,
            wakes: 0,
            scouts: 0,
            pausing: false,
            policy: PausePolicy::default(),
        };
        let head = watched!(head, Head<T>, "the head of two locks", |head|
            items: head.items.len(),
            released: head.released,
            pusher_waiting: head.pusher_waiting,
        );
        TwoLock {
            tail: CachePadded(watched!(tail, Tail<T>, "the tail of two locks" beside head, |tail|
                items: tail.len(),
                sleeping: tail.sleeping,
                wakes: tail.wakes,
                scouts: tail.scouts,
                closed: tail.gate.closed,
                accepted: tail.gate.accepted,
                bounded: tail.gate.free.is_some(),
                free: tail.gate.free.unwrap_or(0),
                waiting: tail.gate.waiting,
                pusher_wakes: tail.gate.wakes,
                tasks: tail.gate.tasks.len(),
            )),
            head: CachePadded(head),
            not_empty: Condvar::new(),
            not_full: Condvar::new(),
            beacon: CachePadded(Beacon::new()),
            kept,
            counts_at_head: capacity.is_some_and(|slots| slots > 1),
            sweep: Sweep::new(capacity, is_shell),
        }
    }

    /// Releases the lock of the tail, after a push, and tells poppers of it: the one that pauses, and
    /// so many that sleep.
    #[inline]
    fn tell(&self, tail: MutexGuard<'_, Tail<T>>, wakes: usize) {
        if tail.pausing {
            self.beacon.raise();
        }
        drop(tail);
        for _ in 0..wakes {
            self.not_empty.notify_one();
        }
    }

    /// Fills an empty head from the tail. Returns the number of items in both, with the nudge.
    fn fill(head: &mut Head<T>, tail: &mut Tail<T>) -> usize {
        if head.items.is_empty() {
            head.items.rewind();
            mem::swap(&mut head.items, &mut tail.items);
        }
        head.items.len() + tail.len()
    }

    /// Takes the first item off the head, and notifies a popper if the caller must.
    #[inline]
    fn take(&self, mut head: MutexGuard<'_, Head<T>>, wakes: bool) -> Option<(u64, T)> {
        let popped = head.items.pop();
        drop(head);
        if wakes {
            self.not_empty.notify_one();
        }
        popped
    }

    /// Does what the caller of a pop that finds nothing has deferred.
    #[cold]
    fn catch_up<'a, A: AfterUnlock>(
        &'a self,
        head: MutexGuard<'a, Head<T>>,
        idle: impl FnOnce() -> A,
    ) -> MutexGuard<'a, Head<T>> {
        let after = idle();
        if after.is_nothing() {
            return head;
        }
        drop(head);
        after.run();
        self.head.lock()
    }

    /// Goes on with a pop that found the head empty. Returns the head with an item in it, or without
    /// one for a nudge, and whether the caller must notify a popper; `None` if no item will come.
    #[cold]
    fn pop_slow<'a>(
        &'a self,
        mut head: MutexGuard<'a, Head<T>>,
    ) -> Option<(MutexGuard<'a, Head<T>>, bool)> {
        let mut scout = false;
        let mut may_pause = true;
        let mut paused = None;
        loop {
            let mut tail = self.tail.lock();
            tail.scouts -= usize::from(mem::take(&mut scout));
            let queued = Self::fill(&mut head, &mut tail);
            if let Some((paused, before)) = paused.take() {
                tail.resume(paused, before);
            }
            if queued > 0 {
                if head.items.is_empty() {
                    tail.nudged = false;
                }
                return Some((head, tail.scout_for(queued - 1)));
            }
            if tail.gate.closed {
                let buffers = (mem::take(&mut head.items), mem::take(&mut tail.items));
                // Without the locks, since it may take a while.
                drop((tail, head));
                drop(buffers);
                return None;
            }
            // A capacity of `usize::MAX` is no memory.
            let capacity = head.items.capacity().max(tail.items.capacity());
            let pause = mem::take(&mut may_pause).then(|| tail.pause()).flatten();
            if let Some(pause) = pause {
                let before = tail.gate.accepted;
                self.beacon.lower();
                drop((head, tail));
                scout = true;
                paused = Some((self.perform(pause), before));
            } else if capacity > self.kept && capacity < usize::MAX {
                let grown = (mem::take(&mut head.items), mem::take(&mut tail.items));
                // Without the locks, since it may take a while. So the loop looks at everything
                // again.
                drop((head, tail));
                drop(grown);
            } else {
                drop(head);
                scout = self.sleep(tail);
            }
            head = self.head.lock();
        }
    }

    /// Pauses, without a lock.
    fn perform(&self, pause: Pause) -> Paused {
        match pause {
            Pause::Look => Paused::Looked(self.beacon.look(Patience::LOOK)),
            Pause::Yield => Paused::Yielded(thread::yield_now()),
        }
    }

    /// Sleeps until a wake-up, or until the queue is closed. Returns `true` if the popper is a
    /// scout.
    fn sleep(&self, mut tail: MutexGuard<'_, Tail<T>>) -> bool {
        debug_assert!(tail.len() == 0 && !tail.gate.closed, "a popper sleeps if nothing is due");
        tail.sleeping += 1;
        loop {
            tail = self.not_empty.wait(tail);
            if tail.wakes > 0 {
                tail.wakes -= 1;
                return true;
            }
            if tail.gate.closed {
                tail.sleeping -= 1;
                return false;
            }
            // A spurious wake-up.
        }
    }

    /// Brings every released slot to the gate. If that is none, later ones go there at once.
    fn collect<'a>(&'a self, tail: MutexGuard<'a, Tail<T>>) -> MutexGuard<'a, Tail<T>> {
        if !self.counts_at_head {
            return tail;
        }
        drop(tail);
        let mut head = self.head.lock();
        let mut tail = self.tail.lock();
        tail.gate.free = tail.gate.free.map(|free| free + mem::take(&mut head.released));
        head.pusher_waiting |= tail.gate.free == Some(0);
        tail
    }

    /// Closes the queue. Returns also the tasks that are to be woken once no lock is held.
    fn close_and<R>(&self, then: impl FnOnce(&mut Tail<T>) -> R) -> (R, Woken) {
        let mut tail = self.tail.lock();
        let tasks = tail.gate.close();
        self.not_empty.notify_all();
        self.beacon.raise();
        if tail.gate.waiting > 0 {
            self.not_full.notify_all();
        }
        (then(&mut tail), tasks)
    }
}

impl<T: Send> Queue<T> for TwoLock<T> {
    type Drained = Chain<Numbered<T>, Numbered<T>>;

    fn new(capacity: Option<usize>, is_shell: IsShell<T>) -> Self {
        TwoLock::keeping(KEPT, capacity, is_shell)
    }

    #[inline]
    fn push(&self, item: T, wait: Wait) -> Result<u64, Refused<T>> {
        match admit(&self.tail, &self.not_full, wait, |tail| self.collect(tail)) {
            Ok((mut tail, number)) => {
                let wakes = tail.append(number, item, &self.sweep);
                self.tell(tail, usize::from(wakes));
                Ok(number)
            }
            Err(refusal) => Err(Refused { item, refusal }),
        }
    }

    fn push_all(&self, items: &mut vec::IntoIter<T>) -> Range<u64> {
        let mut tail = self.tail.lock();
        if tail.gate.free.is_some_and(|free| free < items.len()) {
            // Before the first item: once one is accepted, others could come in between.
            tail = self.collect(tail);
        }
        let first = tail.gate.accepted;
        let mut wakes = 0;
        while let Some((number, item)) = tail.gate.admit_next(items) {
            wakes += usize::from(tail.append(number, item, &self.sweep));
            end_step(&tail);
        }
        let accepted = first..tail.gate.accepted;
        self.tell(tail, wakes);
        accepted
    }

    fn register(&self, ticket: &mut Option<u64>, waker: Waker) -> Result<Option<Waker>, Waker> {
        register(&self.tail, ticket, waker, |tail| self.collect(tail))
    }

    fn reject(&self, number: u64) {
        reject(&self.tail, number);
    }

    fn leave(&self, ticket: u64) -> Option<Waker> {
        leave(&self.tail, ticket)
    }

    #[inline]
    fn pop<A: AfterUnlock>(&self, idle: impl FnOnce() -> A) -> Option<(u64, T)> {
        // Only poppers: while a pusher stood back from the tail, they would run out of items.
        let mut head = self.head.lock_with_backoff();
        let mut wakes = false;
        if head.items.is_empty() {
            (head, wakes) = self.pop_slow(self.catch_up(head, idle))?;
        }
        self.take(head, wakes)
    }

    fn release(&self) {
        let mut head = self.counts_at_head.then(|| self.head.lock());
        if let Some(head) = head.as_mut().filter(|head| !head.pusher_waiting) {
            head.released += 1;
            return;
        }
        let mut tail = self.tail.lock();
        let tasks = tail.gate.release(&self.not_full);
        if let Some(head) = &mut head {
            head.pusher_waiting = tail.gate.waiting > 0;
        }
        drop((tail, head));
        tasks.wake();
    }

    fn close(&self) {
        let ((), tasks) = self.close_and(|_| ());
        tasks.wake();
    }

    fn close_copy(&self) {
        close_copy(&self.tail);
    }

    fn drain(&self) -> Self::Drained {
        let mut head = self.head.lock();
        let older = mem::take(&mut head.items);
        let (newer, tasks) = self.close_and(|tail| {
            tail.nudged = false;
            mem::take(&mut tail.items)
        });
        drop(head);
        tasks.wake();
        older.chain(newer)
    }

    fn counts_in(&self, process: Process) -> Option<Counts> {
        let head = self.head.lock_in(process)?;
        let tail = self.tail.lock_in(process)?;
        Some(Counts {
            accepted: tail.gate.accepted,
            rejected: tail.gate.rejected,
            queued: (head.items.len() + tail.items.len()) as u64,
        })
    }
}

impl<T: Send> Nudge<T> for TwoLock<T> {
    fn nudge(&self) {
        let mut tail = self.tail.lock();
        if tail.gate.closed || mem::replace(&mut tail.nudged, true) {
            return;
        }
        let items = tail.len();
        let wakes = tail.scout_for(items);
        self.tell(tail, usize::from(wakes));
    }

    fn pop_or_nudge(&self, elsewhere: impl FnOnce() -> Option<(u64, T)>) -> Popped<T> {
        let mut head = self.head.lock_with_backoff();
        let mut wakes = false;
        if head.items.is_empty() {
            drop(head);
            if let Some((number, item)) = elsewhere() {
                return Popped::Item(number, item);
            }
            match self.pop_slow(self.head.lock()) {
                Some(slow) => (head, wakes) = slow,
                None => return Popped::Closed,
            }
        }
        self.take(head, wakes).map_or(Popped::Nudge, |(number, item)| Popped::Item(number, item))
    }

    fn try_pop(&self) -> Option<(u64, T)> {
        let mut head = self.head.lock_with_backoff();
        let mut wakes = false;
        if head.items.is_empty() {
            let mut tail = self.tail.lock();
            let queued = Self::fill(&mut head, &mut tail);
            if head.items.is_empty() {
                return None;
            }
            wakes = tail.scout_for(queued - 1);
        }
        self.take(head, wakes)
    }
}
