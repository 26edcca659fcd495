//! The language of the checker's programs: a few threads, a few operations each, all of them
//! operations of the pool's facade.
//!
//! Each acquisition of a lock observes who had it before, and in which order; each `get`,
//! `is_raised` and deadline its answer. What all threads observed is the outcome.

use std::collections::BTreeSet;
use std::fmt;

/// One operation of one thread. Locks, condition variables, counters, flags and threads are
/// numbered, each kind from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Op {
    /// Locks, and observes the sections before.
    Lock(usize),
    /// Locks if that needs no waiting, and observes the sections before or the refusal. Of a
    /// control only: the facade has no such operation.
    TryLock(usize),
    /// Unlocks; nothing, if locking was refused.
    Unlock(usize),
    /// Adds a ticket to those that lie under the lock, which is held.
    Give(usize),
    /// Waits in a loop until a ticket lies under the lock, which is held, and takes it.
    Take(Wait),
    /// Waits once, with the lock held.
    Wait(Wait),
    /// Waits once, with the lock held, until a deadline that fires: others get in between or not.
    WaitUntil(Wait),
    /// Wakes the first who waits.
    NotifyOne(usize),
    /// Wakes all who wait.
    NotifyAll(usize),
    /// Adds one to a counter.
    Increment(usize),
    /// Observes a counter.
    Get(usize),
    /// Raises a flag.
    Raise(usize),
    /// Observes a flag.
    IsRaised(usize),
    /// Starts a thread; by the main thread, once for each.
    Spawn(usize),
    /// Waits for the end of a thread; by the main thread, once for each.
    Join(usize),
}

/// Who waits on what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Wait {
    /// The condition variable.
    pub condvar: usize,
    /// The lock that is released meanwhile.
    pub lock: usize,
}

/// What the operations of a program are performed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backing {
    /// The pool's facade.
    Facade,
    /// The facade, but counters are loom's atomics and `get` is their plain `load`.
    PlainLoad,
    /// The facade, but locks are loom's own, which know `try_lock`.
    BareLocks,
}

/// A program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// What it is performed on.
    pub backing: Backing,
    /// The operations of each thread. The first is the main thread: it starts the others and waits
    /// for their end.
    pub threads: Vec<Vec<Op>>,
}

/// What a program's threads observed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// Some thread can never go on. loom does not tell which, so nothing else is compared.
    Deadlock,
    /// All ended: the observations of each thread, in order.
    Ended(Vec<Vec<u64>>),
}

/// How many objects of each kind a program has.
#[derive(Clone, Copy, Debug, Default)]
pub struct Objects {
    /// Locks.
    pub locks: usize,
    /// Condition variables.
    pub condvars: usize,
    /// Counters.
    pub counters: usize,
    /// Flags.
    pub flags: usize,
}

/// What a lock protects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Protected {
    /// The threads that had the lock, in order, as digits.
    sections: u64,
    /// See [`Op::Give`].
    tickets: u64,
}

/// What is observed when `try_lock` is refused; no history has that many digits.
pub const REFUSED: u64 = u64::MAX;

impl Protected {
    /// Enters the thread that has just got the lock; returns the sections before.
    pub fn enter(&mut self, thread: usize) -> u64 {
        const BASE: u64 = 8;
        let before = self.sections;
        let digit = u64::try_from(thread).expect("there are few threads") + 1;
        self.sections = before * BASE + digit;
        before
    }

    /// Adds a ticket.
    pub fn give(&mut self) {
        self.tickets += 1;
    }

    /// Takes a ticket, if there is one.
    pub fn take(&mut self) -> bool {
        let there = self.tickets > 0;
        self.tickets -= u64::from(there);
        there
    }
}

impl Program {
    /// How many operations it has.
    pub fn length(&self) -> usize {
        self.threads.iter().map(Vec::len).sum()
    }

    /// What its operations name.
    pub fn objects(&self) -> Objects {
        let mut objects = Objects::default();
        let note = |count: &mut usize, index: usize| *count = (*count).max(index + 1);
        for op in self.threads.iter().flatten() {
            match *op {
                Op::Lock(lock) | Op::TryLock(lock) | Op::Unlock(lock) | Op::Give(lock) => {
                    note(&mut objects.locks, lock);
                }
                Op::Take(wait) | Op::Wait(wait) | Op::WaitUntil(wait) => {
                    note(&mut objects.locks, wait.lock);
                    note(&mut objects.condvars, wait.condvar);
                }
                Op::NotifyOne(condvar) | Op::NotifyAll(condvar) => {
                    note(&mut objects.condvars, condvar);
                }
                Op::Increment(counter) | Op::Get(counter) => note(&mut objects.counters, counter),
                Op::Raise(flag) | Op::IsRaised(flag) => note(&mut objects.flags, flag),
                Op::Spawn(_) | Op::Join(_) => {}
            }
        }
        objects
    }
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, object) = match *self {
            Op::Lock(lock) => ("lock m", lock),
            Op::TryLock(lock) => ("try-lock m", lock),
            Op::Unlock(lock) => ("unlock m", lock),
            Op::Give(lock) => ("give m", lock),
            Op::Take(wait) => ("take c", wait.condvar),
            Op::Wait(wait) => ("wait c", wait.condvar),
            Op::WaitUntil(wait) => ("wait-until c", wait.condvar),
            Op::NotifyOne(condvar) => ("notify-one c", condvar),
            Op::NotifyAll(condvar) => ("notify-all c", condvar),
            Op::Increment(counter) => ("increment n", counter),
            Op::Get(counter) => ("get n", counter),
            Op::Raise(flag) => ("raise f", flag),
            Op::IsRaised(flag) => ("is-raised f", flag),
            Op::Spawn(thread) => ("spawn t", thread),
            Op::Join(thread) => ("join t", thread),
        };
        write!(f, "{name}{object}")?;
        match *self {
            Op::Take(wait) | Op::Wait(wait) | Op::WaitUntil(wait) => write!(f, " m{}", wait.lock),
            _ => Ok(()),
        }
    }
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (thread, ops) in self.threads.iter().enumerate() {
            let ops: Vec<_> = ops.iter().map(Op::to_string).collect();
            let gap = if thread == 0 { "" } else { " | " };
            write!(f, "{gap}t{thread}: {}", ops.join(", "))?;
        }
        Ok(())
    }
}

/// Outcomes without repetition, in order.
pub type Outcomes = BTreeSet<Outcome>;
