//! The language of the programs: a few threads with a few operations each.
//!
//! Each acquisition of a lock observes the previous owners, in order. Each operation with an answer
//! observes that answer. The observations of all threads form the outcome.

use std::collections::BTreeSet;
use std::fmt;

/// One operation of one thread. Locks, condition variables, counters, flags and threads are
/// numbered from 0, separately for each kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Op {
    /// Locks, and observes the previous owners.
    Lock(usize),
    /// Locks if the lock is free, and observes the previous owners or the refusal.
    TryLock(usize),
    /// Unlocks, or does nothing if `TryLock` was refused.
    Unlock(usize),
    /// Adds a ticket under the lock, which is held.
    Give(usize),
    /// Waits in a loop until there is a ticket under the lock, which is held, and takes it.
    Take(Wait),
    /// Waits once, with the lock held.
    Wait(Wait),
    /// Waits once, with the lock held and with a timeout, and observes whether the wait timed out.
    /// See [`Timeouts`](crate::Timeouts).
    WaitUntil(Wait),
    /// Wakes one sleeper.
    NotifyOne(usize),
    /// Wakes all sleepers.
    NotifyAll(usize),
    /// Adds one to a counter without observing it.
    Increment(usize),
    /// Adds one to a counter and observes the previous count.
    FetchIncrement(usize),
    /// Observes a counter.
    Get(usize),
    /// Raises a flag.
    Raise(usize),
    /// Observes a flag.
    IsRaised(usize),
    /// Picks a number below this one and observes it.
    Choose(usize),
    /// Starts a thread, at most once for each thread. Observes a failure.
    Spawn(usize),
    /// Waits for a thread to end, at most once for each thread, in the thread that started it. Does
    /// nothing if the thread could not be started.
    Join(usize),
}

/// The objects of a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Wait {
    /// The condition variable.
    pub condvar: usize,
    /// The lock that is released during the wait.
    pub lock: usize,
}

/// A program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// The operations of each thread. Thread 0 is the main thread.
    pub threads: Vec<Vec<Op>>,
}

/// The observations of a program's threads.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// Some thread can never continue.
    Deadlock,
    /// The threads that can never continue, and the observations of each thread so far.
    Stuck(Vec<usize>, Vec<Vec<Seen>>),
    /// All threads ended, with the observations of each thread in order.
    Ended(Vec<Vec<Seen>>),
}

/// Outcomes without repetition, in order.
pub type Outcomes = BTreeSet<Outcome>;

/// One observation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Seen {
    /// The lock was acquired after these threads.
    Entered(Sections),
    /// The lock was not free.
    Refused,
    /// A counter.
    Count(u64),
    /// A flag.
    Raised(bool),
    /// Whether a wait timed out.
    TimedOut(bool),
    /// A picked number.
    Chosen(usize),
    /// A thread could not be started.
    SpawnFailed,
}

/// The previous owners of a lock, in order, as digits: 1 is the main thread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sections(u64);

/// The number of objects of each kind in a program.
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

/// The data under a lock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Protected {
    sections: Sections,
    /// See [`Op::Give`].
    tickets: u64,
}

impl Sections {
    const BASE: u64 = 8;

    /// Returns these threads and one more.
    ///
    /// # Panics
    ///
    /// If there are more than about twenty.
    #[must_use]
    pub fn and(self, thread: usize) -> Self {
        let digit = u64::try_from(thread).expect("there are few threads") + 1;
        let before = self.0.checked_mul(Self::BASE).expect("there are few sections");
        Sections(before + digit)
    }

    /// Returns the threads, in order.
    fn threads(self) -> Vec<u64> {
        let rest = |rest: &u64| Some(rest / Self::BASE).filter(|rest| *rest > 0);
        let states = std::iter::successors(Some(self.0).filter(|all| *all > 0), rest);
        let mut threads: Vec<_> = states.map(|state| state % Self::BASE - 1).collect();
        threads.reverse();
        threads
    }
}

impl Outcome {
    /// Returns the outcome with renumbered threads: thread `t` becomes `names[t]`.
    ///
    /// # Panics
    ///
    /// If a thread has no new number, or two threads have the same.
    #[must_use]
    pub fn renamed(&self, names: &[usize]) -> Self {
        let all = |seen: &[Vec<Seen>]| {
            let mut renamed = vec![None; seen.len()];
            for (thread, seen) in seen.iter().enumerate() {
                let seen = seen.iter().map(|seen| seen.renamed(names)).collect();
                assert_eq!(renamed[names[thread]].replace(seen), None, "two threads of one name");
            }
            renamed.into_iter().flatten().collect()
        };
        match self {
            Outcome::Deadlock => Outcome::Deadlock,
            Outcome::Ended(seen) => Outcome::Ended(all(seen)),
            Outcome::Stuck(threads, seen) => {
                let mut threads: Vec<_> = threads.iter().map(|thread| names[*thread]).collect();
                threads.sort_unstable();
                Outcome::Stuck(threads, all(seen))
            }
        }
    }
}

impl Seen {
    fn renamed(self, names: &[usize]) -> Self {
        let Seen::Entered(sections) = self else { return self };
        let number = |thread: u64| usize::try_from(thread).expect("there are few threads");
        let threads = sections.threads().into_iter();
        let renamed = threads.map(|thread| names[number(thread)]);
        Seen::Entered(renamed.fold(Sections::default(), Sections::and))
    }
}

impl Protected {
    /// Records the thread that has just acquired the lock. Returns what it observes.
    pub fn enter(&mut self, thread: usize) -> Seen {
        let before = self.sections;
        self.sections = before.and(thread);
        Seen::Entered(before)
    }

    /// Adds a ticket.
    pub fn give(&mut self) {
        self.tickets += 1;
    }

    /// Takes a ticket. Returns `false` if there is none.
    pub fn take(&mut self) -> bool {
        let there = self.tickets > 0;
        self.tickets -= u64::from(there);
        there
    }
}

impl Program {
    /// Returns the number of operations.
    pub fn length(&self) -> usize {
        self.threads.iter().map(Vec::len).sum()
    }

    /// Returns the numbers of the objects that its operations use.
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
                Op::Increment(counter) | Op::FetchIncrement(counter) | Op::Get(counter) => {
                    note(&mut objects.counters, counter);
                }
                Op::Raise(flag) | Op::IsRaised(flag) => note(&mut objects.flags, flag),
                Op::Choose(_) | Op::Spawn(_) | Op::Join(_) => {}
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
            Op::FetchIncrement(counter) => ("fetch-increment n", counter),
            Op::Get(counter) => ("get n", counter),
            Op::Raise(flag) => ("raise f", flag),
            Op::IsRaised(flag) => ("is-raised f", flag),
            Op::Choose(n) => ("choose ", n),
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
        write_threads(f, &self.threads)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Outcome::Deadlock => f.write_str("deadlock"),
            Outcome::Stuck(threads, seen) => {
                f.write_str("stuck:")?;
                threads.iter().try_for_each(|thread| write!(f, " t{thread}"))?;
                f.write_str("; ")?;
                write_threads(f, seen)
            }
            Outcome::Ended(seen) => write_threads(f, seen),
        }
    }
}

/// Writes `t0: this, that | t1: this`.
fn write_threads<T: fmt::Display>(f: &mut fmt::Formatter<'_>, threads: &[Vec<T>]) -> fmt::Result {
    for (thread, items) in threads.iter().enumerate() {
        let items: Vec<_> = items.iter().map(T::to_string).collect();
        let gap = if thread == 0 { "" } else { " | " };
        write!(f, "{gap}t{thread}: {}", items.join(", "))?;
    }
    Ok(())
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Seen::Entered(before) => {
                f.write_str("entered after")?;
                before.threads().iter().try_for_each(|thread| write!(f, " t{thread}"))?;
                f.write_str(if before.threads().is_empty() { " nobody" } else { "" })
            }
            Seen::Refused => f.write_str("refused"),
            Seen::Count(count) => write!(f, "{count}"),
            Seen::Raised(raised) => write!(f, "{raised}"),
            Seen::TimedOut(fired) => f.write_str(if *fired { "timed out" } else { "woken" }),
            Seen::Chosen(number) => write!(f, "chose {number}"),
            Seen::SpawnFailed => f.write_str("no thread"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Op, Outcome, Program, Protected, Seen};

    #[test]
    fn programs_and_outcomes_are_readable() {
        let threads = vec![vec![Op::Spawn(1), Op::Join(1)], vec![Op::Lock(0), Op::Unlock(0)]];
        let program = Program { threads };
        assert_eq!(program.to_string(), "t0: spawn t1, join t1 | t1: lock m0, unlock m0");

        let mut protected = Protected::default();
        let seen = [1, 0, 2].map(|thread| protected.enter(thread));
        let outcome =
            Outcome::Ended(vec![vec![seen[1]], vec![seen[0], Seen::Count(3)], vec![seen[2]]]);
        let text = "t0: entered after t1 | t1: entered after nobody, 3 | t2: entered after t1 t0";
        assert_eq!(outcome.to_string(), text);
        let renamed = outcome.renamed(&[1, 0, 2]);
        let text = "t0: entered after nobody, 3 | t1: entered after t0 | t2: entered after t0 t1";
        assert_eq!(renamed.to_string(), text);
        assert_eq!(renamed.renamed(&[1, 0, 2]), outcome);
        let stuck =
            Outcome::Stuck(vec![0, 2], vec![vec![Seen::Chosen(1)], vec![Seen::SpawnFailed]]);
        assert_eq!(stuck.to_string(), "stuck: t0 t2; t0: chose 1 | t1: no thread");
    }
}
