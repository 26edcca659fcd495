//! Acceptance: numbers, slots, and the pushers that wait for one.

use std::task::Waker;
use std::vec;

use super::{Refusal, Wait};
use crate::sync::{Condvar, Deadline, Mutex, MutexGuard, Process};
use crate::wakers::{Wakers, Woken};

/// Decides whether an item is accepted. Each queue keeps its gate under one of its locks.
///
/// Between the wake-up of a pusher and the moment it has the lock, a thousand small jobs may pass.
/// So a wake-up is not for one pusher: the gate counts wake-ups under way, and any sleeping pusher
/// may answer one. Invariant:
///
/// > while a pusher sleeps that has no wake-up, there are at least as many wake-ups under way as free
/// > slots.
///
/// Tasks wait beside the pushers that sleep. A released slot wakes all of them, since one alone might
/// not come: a future can be forgotten, or not polled for a while. Those that find no slot wait
/// again. So:
///
/// > while a task waits, no slot is free.
///
/// The steps, with those of a queue that counts slots elsewhere, are in this table. It is shown for
/// any number of pushers and slots (`verification/protocols`).
///
#[doc = include_str!("slots.md")]
#[derive(Debug)]
pub(super) struct Gate {
    pub(super) closed: bool,
    /// The number of accepted items, which is the number of the next one.
    pub(super) accepted: u64,
    /// The number of refused items.
    pub(super) rejected: u64,
    /// Free slots that the gate knows of; `None` is any number.
    pub(super) free: Option<usize>,
    /// Sleeping pushers, less the wake-ups under way.
    pub(super) waiting: usize,
    /// Wake-ups that no pusher has answered yet.
    pub(super) wakes: usize,
    /// Tasks that wait for a slot.
    pub(super) tasks: Wakers,
}

impl Gate {
    pub(super) fn new(capacity: Option<usize>) -> Self {
        Gate {
            closed: false,
            accepted: 0,
            rejected: 0,
            free: capacity,
            waiting: 0,
            wakes: 0,
            tasks: Wakers::new(),
        }
    }

    /// Accepts an item and returns its number, or the reason why not.
    fn admit(&mut self) -> Result<u64, Refusal> {
        if self.closed {
            return Err(Refusal::Closed);
        }
        if let Some(free) = &mut self.free {
            *free = free.checked_sub(1).ok_or(Refusal::Full)?;
        }
        self.accepted += 1;
        Ok(self.accepted - 1)
    }

    /// Accepts the next of several items if there is one, and a slot for it. Returns it with its
    /// number.
    pub(super) fn admit_next<T>(&mut self, items: &mut vec::IntoIter<T>) -> Option<(u64, T)> {
        if items.as_slice().is_empty() {
            return None;
        }
        let number = self.admit().ok()?;
        items.next().map(|item| (number, item))
    }

    /// Closes the queue. Returns the tasks that are to be woken.
    pub(super) fn close(&mut self) -> Woken {
        self.closed = true;
        self.tasks.take_all()
    }

    /// Releases a slot, and wakes a pusher for it. Returns the tasks that are to be woken.
    pub(super) fn release(&mut self, not_full: &Condvar) -> Woken {
        self.free = self.free.map(|free| free + 1);
        if self.waiting > 0 {
            self.waiting -= 1;
            self.wakes += 1;
            not_full.notify_one();
        }
        self.tasks.take_all()
    }
}

/// Registers a task that waits for a slot, and returns its earlier waker. `collect` is that of
/// [`admit`].
///
/// # Errors
///
/// The waker, if a slot is free or the queue is closed.
pub(super) fn register<'a, S: Gated>(
    state: &'a Mutex<S>,
    ticket: &mut Option<u64>,
    waker: Waker,
    collect: impl Fn(MutexGuard<'a, S>) -> MutexGuard<'a, S>,
) -> Result<Option<Waker>, Waker> {
    let mut state = collect(state.lock());
    let gate = state.gate();
    if gate.closed || gate.free != Some(0) {
        return Err(waker);
    }
    Ok(gate.tasks.register(ticket, waker))
}

/// Ends the wait of a task, and returns its waker unless it was woken.
pub(super) fn leave<S: Gated>(state: &Mutex<S>, ticket: u64) -> Option<Waker> {
    state.lock().gate().tasks.remove(ticket)
}

/// Counts items that were refused without a push.
pub(super) fn reject<S: Gated>(state: &Mutex<S>, number: u64) {
    state.lock().gate().rejected += number;
}

/// Refuses items from now on, in a forked child, unless another thread holds the lock.
pub(super) fn close_copy<S: Gated>(state: &Mutex<S>) {
    if let Some(mut state) = state.lock_in(Process::ForkedChild) {
        state.gate().closed = true;
    }
}

/// The state of a queue, with its gate.
pub(super) trait Gated {
    fn gate(&mut self) -> &mut Gate;
}

/// Admits an item, after a wait if need be. Returns its number with the lock still held, so that
/// the caller can append the item. This is the half of a push that all queues have in common.
///
/// A queue that counts released slots elsewhere brings them to the gate in `collect`. If that is
/// none, no slot may come unnoticed before the lock that it returns is released.
#[inline]
pub(super) fn admit<'a, S: Gated>(
    state: &'a Mutex<S>,
    not_full: &Condvar,
    wait: Wait,
    collect: impl Fn(MutexGuard<'a, S>) -> MutexGuard<'a, S>,
) -> Result<(MutexGuard<'a, S>, u64), Refusal> {
    let mut state = state.lock();
    match state.gate().admit() {
        Ok(number) => Ok((state, number)),
        Err(refusal) => admit_slow(state, not_full, wait, collect, refusal),
    }
}

/// Goes on with an admission that was refused at first.
#[cold]
fn admit_slow<'a, S: Gated>(
    mut state: MutexGuard<'a, S>,
    not_full: &Condvar,
    wait: Wait,
    collect: impl Fn(MutexGuard<'a, S>) -> MutexGuard<'a, S>,
    mut refusal: Refusal,
) -> Result<(MutexGuard<'a, S>, u64), Refusal> {
    // Collecting and sleeping take turns, since other pushers may take what is free meanwhile.
    let mut collected = false;
    let mut late = false;
    while refusal == Refusal::Full {
        match wait {
            _ if !collected => state = collect(state),
            Wait::Until(_) if late => {
                refusal = Refusal::TimedOut;
                break;
            }
            Wait::Until(deadline) => (state, late) = sleep(state, not_full, deadline),
            Wait::No | Wait::Probe => break,
        }
        collected = !collected;
        match state.gate().admit() {
            Ok(number) => return Ok((state, number)),
            Err(again) => refusal = again,
        }
    }
    if !matches!((wait, refusal), (Wait::Probe, Refusal::Full)) {
        state.gate().rejected += 1;
    }
    Err(refusal)
}

/// Sleeps until a wake-up, until the queue is closed, or until the deadline; the flag says that it
/// has passed.
fn sleep<'a, S: Gated>(
    mut state: MutexGuard<'a, S>,
    not_full: &Condvar,
    deadline: Deadline,
) -> (MutexGuard<'a, S>, bool) {
    let gate = state.gate();
    debug_assert!(!gate.closed && gate.free == Some(0), "a pusher sleeps if no slot is free");
    gate.waiting += 1;
    loop {
        let late;
        (state, late) = not_full.wait_until(state, deadline);
        let gate = state.gate();
        if gate.wakes > 0 {
            gate.wakes -= 1;
            return (state, late);
        }
        if late || gate.closed {
            gate.waiting -= 1;
            return (state, late);
        }
        // A spurious wake-up.
    }
}
