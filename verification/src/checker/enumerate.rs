//! Every outcome of a program, by trying every order of its operations. Nothing here knows loom.
//!
//! Operations are atomic and take effect in one order that all threads see. A condition variable
//! wakes its longest waiter first and never for no reason: the standard library promises neither,
//! but it is what loom explores, and so what can be held against it. A wait is two steps: release
//! and sleep in one, acquire after the wake-up.

use std::collections::{HashMap, VecDeque};

use super::program::{Op, Outcome, Outcomes, Program, Protected, Seen, Wait};

/// What a program can do.
#[derive(Clone, Debug)]
pub struct Enumeration {
    /// Its outcomes.
    pub outcomes: Outcomes,
    /// The orders that its operations can have.
    pub orders: u64,
    /// Whether in some order a notification wakes somebody.
    pub wakes: bool,
}

/// Returns what a program can do, or nothing if it has more than `limit` states.
pub fn enumerate(program: &Program, limit: usize) -> Option<Enumeration> {
    let outcomes = Outcomes::new();
    let mut search = Search { program, limit, known: HashMap::new(), outcomes, wakes: false };
    let orders = search.visit(&State::new(program))?;
    Some(Enumeration { outcomes: search.outcomes, orders, wakes: search.wakes })
}

struct Search<'a> {
    program: &'a Program,
    limit: usize,
    /// In how many orders each state looked at can go on. No state comes back to itself.
    known: HashMap<State, u64>,
    outcomes: Outcomes,
    wakes: bool,
}

impl Search<'_> {
    /// Visits a state and all that follow; returns in how many orders they can.
    fn visit(&mut self, state: &State) -> Option<u64> {
        if let Some(&orders) = self.known.get(state) {
            return Some(orders);
        }
        let mut orders = 0_u64;
        for thread in 0..self.program.threads.len() {
            if let Some(next) = state.step(self.program, thread) {
                self.wakes |= state.threads[thread].phase == Phase::Woken;
                orders = orders.saturating_add(self.visit(&next)?);
            }
        }
        if orders == 0 {
            self.outcomes.insert(state.outcome(self.program));
            orders = 1;
        }
        self.known.insert(state.clone(), orders);
        (self.known.len() <= self.limit).then_some(orders)
    }
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct State {
    threads: Vec<Thread>,
    locks: Vec<Lock>,
    /// Who waits, the longest first.
    condvars: Vec<VecDeque<usize>>,
    counters: Vec<u64>,
    flags: Vec<bool>,
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct Thread {
    phase: Phase,
    /// How many operations it has completed.
    done: usize,
    seen: Vec<Seen>,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Phase {
    Unborn,
    /// About to perform its next operation.
    Ready,
    /// In the midst of a wait, not woken yet.
    Asleep,
    /// In the midst of a wait, woken and about to acquire the lock.
    Woken,
    /// The same, woken by the deadline.
    TimedOut,
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct Lock {
    owner: Option<usize>,
    protected: Protected,
}

impl State {
    fn new(program: &Program) -> Self {
        let objects = program.objects();
        let unborn = Thread { phase: Phase::Unborn, done: 0, seen: Vec::new() };
        let mut threads = vec![unborn; program.threads.len()];
        threads[0].phase = Phase::Ready;
        State {
            threads,
            locks: vec![Lock { owner: None, protected: Protected::default() }; objects.locks],
            condvars: vec![VecDeque::new(); objects.condvars],
            counters: vec![0; objects.counters],
            flags: vec![false; objects.flags],
        }
    }

    /// Of a state in which no thread can go on.
    fn outcome(&self, program: &Program) -> Outcome {
        let ended = (0..self.threads.len()).all(|thread| self.has_ended(program, thread));
        if ended {
            Outcome::Ended(self.threads.iter().map(|thread| thread.seen.clone()).collect())
        } else {
            Outcome::Deadlock
        }
    }

    fn has_ended(&self, program: &Program, thread: usize) -> bool {
        self.threads[thread].done == program.threads[thread].len()
    }

    /// The state after the thread's next step, if it can go on.
    fn step(&self, program: &Program, thread: usize) -> Option<State> {
        let op = *program.threads[thread].get(self.threads[thread].done)?;
        let mut next = self.clone();
        let can = match self.threads[thread].phase {
            Phase::Unborn | Phase::Asleep => false,
            Phase::Woken | Phase::TimedOut => next.wake(thread, op),
            Phase::Ready => next.perform(program, thread, op),
        };
        can.then_some(next)
    }

    /// The second half of a wait. Says whether the lock was free.
    fn wake(&mut self, thread: usize, op: Op) -> bool {
        let (Op::Wait(wait) | Op::WaitUntil(wait) | Op::Take(wait)) = op else {
            unreachable!("only who waits is woken");
        };
        if !self.acquire(thread, wait.lock) {
            return false;
        }
        let own = &mut self.threads[thread];
        own.phase = Phase::Ready;
        match op {
            // To look for a ticket again.
            Op::Take(_) => {}
            Op::WaitUntil(_) => {
                own.seen.push(Seen::TimedOut(true));
                own.done += 1;
            }
            _ => own.done += 1,
        }
        true
    }

    /// Says whether the operation could be performed, or begun if it is a wait.
    fn perform(&mut self, program: &Program, thread: usize, op: Op) -> bool {
        match op {
            Op::Lock(lock) => {
                if !self.acquire(thread, lock) {
                    return false;
                }
            }
            Op::TryLock(lock) => {
                if !self.acquire(thread, lock) {
                    self.see(thread, Seen::Refused);
                }
            }
            Op::Unlock(lock) => self.release(thread, lock),
            Op::Give(lock) => self.locks[lock].protected.give(),
            Op::Take(wait) => {
                if !self.locks[wait.lock].protected.take() {
                    self.sleep(thread, wait);
                    return true;
                }
            }
            Op::Wait(wait) => {
                self.sleep(thread, wait);
                return true;
            }
            Op::WaitUntil(wait) => {
                self.release(thread, wait.lock);
                self.threads[thread].phase = Phase::TimedOut;
                return true;
            }
            Op::NotifyOne(condvar) => self.notify(condvar, 1),
            Op::NotifyAll(condvar) => self.notify(condvar, usize::MAX),
            Op::Increment(counter) => self.counters[counter] += 1,
            Op::Get(counter) => self.see(thread, Seen::Count(self.counters[counter])),
            Op::Raise(flag) => self.flags[flag] = true,
            Op::IsRaised(flag) => self.see(thread, Seen::Raised(self.flags[flag])),
            Op::Spawn(other) => self.threads[other].phase = Phase::Ready,
            Op::Join(other) => {
                if !self.has_ended(program, other) {
                    return false;
                }
            }
        }
        self.threads[thread].done += 1;
        true
    }

    fn acquire(&mut self, thread: usize, lock: usize) -> bool {
        let lock = &mut self.locks[lock];
        if lock.owner.is_some() {
            return false;
        }
        lock.owner = Some(thread);
        let seen = lock.protected.enter(thread);
        self.see(thread, seen);
        true
    }

    fn see(&mut self, thread: usize, seen: Seen) {
        self.threads[thread].seen.push(seen);
    }

    fn release(&mut self, thread: usize, lock: usize) {
        let owner = &mut self.locks[lock].owner;
        *owner = owner.filter(|owner| *owner != thread);
    }

    fn sleep(&mut self, thread: usize, wait: Wait) {
        self.release(thread, wait.lock);
        self.condvars[wait.condvar].push_back(thread);
        self.threads[thread].phase = Phase::Asleep;
    }

    fn notify(&mut self, condvar: usize, at_most: usize) {
        let waiters = &mut self.condvars[condvar];
        for thread in waiters.drain(..at_most.min(waiters.len())) {
            self.threads[thread].phase = Phase::Woken;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::program::{Backing, Sections};
    use super::*;

    const WAIT: Wait = Wait { condvar: 0, lock: 0 };

    /// A main thread that starts the others, does something of its own, and joins them.
    fn program(main: &[Op], others: &[&[Op]]) -> Program {
        let all = 1..=others.len();
        let spawns = all.clone().map(Op::Spawn);
        let main = spawns.chain(main.iter().copied()).chain(all.map(Op::Join)).collect();
        let others = others.iter().map(|ops| ops.to_vec());
        let threads = std::iter::once(main).chain(others).collect();
        Program { backing: Backing::Facade, threads }
    }

    fn outcomes(program: &Program) -> Outcomes {
        enumerate(program, usize::MAX).expect("there is no limit").outcomes
    }

    fn after(threads: &[usize]) -> Seen {
        Seen::Entered(threads.iter().fold(Sections::default(), |all, thread| all.and(*thread)))
    }

    fn ended<const N: usize>(outcomes: [&[&[Seen]]; N]) -> Outcomes {
        let seen = |threads: &[&[Seen]]| threads.iter().map(|seen| seen.to_vec()).collect();
        outcomes.into_iter().map(|threads| Outcome::Ended(seen(threads))).collect()
    }

    #[test]
    fn a_count_is_seen_before_and_after() {
        let [zero, one] = [0, 1].map(Seen::Count);
        let found = outcomes(&program(&[Op::Get(0)], &[&[Op::Increment(0)]]));
        assert_eq!(found, ended([&[&[zero], &[]], &[&[one], &[]]]));
    }

    #[test]
    fn a_flag_stays_raised() {
        let found = outcomes(&program(&[Op::IsRaised(0), Op::IsRaised(0)], &[&[Op::Raise(0)]]));
        let [no, yes] = [false, true].map(Seen::Raised);
        assert_eq!(found, ended([&[&[no, no], &[]], &[&[no, yes], &[]], &[&[yes, yes], &[]]]));
    }

    #[test]
    fn nobody_gets_between_lock_and_unlock() {
        let section = [Op::Lock(0), Op::Get(0), Op::Increment(0), Op::Unlock(0)];
        let [zero, one] = [0, 1].map(Seen::Count);
        let locked = outcomes(&program(&[], &[&section, &section]));
        let first = [after(&[]), zero];
        let (after_1, after_2) = ([after(&[1]), one], [after(&[2]), one]);
        assert_eq!(locked, ended([&[&[], &first, &after_1], &[&[], &after_2, &first]]));

        let free = outcomes(&program(&[], &[&section[1..3], &section[1..3]]));
        let both = ended([&[&[], &[zero], &[one]], &[&[], &[one], &[zero]]]);
        assert_eq!(free.difference(&both).count(), 1, "both may see zero");
    }

    #[test]
    fn locks_in_opposite_orders_deadlock() {
        let one = [Op::Lock(0), Op::Lock(1), Op::Unlock(1), Op::Unlock(0)];
        let other = [Op::Lock(1), Op::Lock(0), Op::Unlock(0), Op::Unlock(1)];
        assert!(outcomes(&program(&[], &[&one, &other])).contains(&Outcome::Deadlock));
        assert!(!outcomes(&program(&[], &[&one, &one])).contains(&Outcome::Deadlock));
    }

    #[test]
    fn a_notification_before_the_wait_is_lost() {
        let waiter = [Op::Lock(0), Op::Wait(WAIT), Op::Unlock(0)];
        let mut known = ended([&[&[], &[after(&[]), after(&[1])]]]);
        known.insert(Outcome::Deadlock);
        assert_eq!(outcomes(&program(&[Op::NotifyOne(0)], &[&waiter])), known);
    }

    #[test]
    fn a_ticket_is_not_lost() {
        let giver = [Op::Lock(0), Op::Give(0), Op::NotifyOne(0), Op::Unlock(0)];
        let taker = [Op::Lock(0), Op::Take(WAIT), Op::Unlock(0)];
        let there: &[&[Seen]] = &[&[after(&[])], &[after(&[0])]];
        let slept: &[&[Seen]] = &[&[after(&[1])], &[after(&[]), after(&[1, 0])]];
        let all = enumerate(&program(&giver, &[&taker]), 100).expect("there are few states");
        assert_eq!(all.outcomes, ended([there, slept]));
        assert!(all.wakes);
    }

    #[test]
    fn the_first_who_waits_is_woken_first() {
        let waiter = [Op::Lock(0), Op::Wait(WAIT), Op::NotifyOne(0), Op::Unlock(0)];
        let found = outcomes(&program(
            &[Op::Lock(0), Op::NotifyOne(0), Op::Unlock(0)],
            &[&waiter, &waiter],
        ));
        let both_slept = |outcome: &Outcome| match outcome {
            Outcome::Deadlock => false,
            Outcome::Ended(seen) => [after(&[1, 2]), after(&[2, 1])].contains(&seen[0][0]),
        };
        let orderly = |first: usize, second: usize| {
            let mut seen = vec![vec![after(&[first, second])], Vec::new(), Vec::new()];
            seen[first] = vec![after(&[]), after(&[first, second, 0])];
            seen[second] = vec![after(&[first]), after(&[first, second, 0, first])];
            Outcome::Ended(seen)
        };
        let found: Outcomes = found.into_iter().filter(both_slept).collect();
        assert_eq!(found, Outcomes::from([orderly(1, 2), orderly(2, 1)]));
    }

    #[test]
    fn all_who_wait_are_woken_together() {
        let waiter = [Op::Lock(0), Op::Wait(WAIT), Op::Unlock(0)];
        let main = [Op::Lock(0), Op::NotifyAll(0), Op::Unlock(0)];
        let ends = |found: Outcomes| found.iter().any(|outcome| *outcome != Outcome::Deadlock);
        assert!(ends(outcomes(&program(&main, &[&waiter, &waiter]))));
        let main = main.map(|op| if op == Op::NotifyAll(0) { Op::NotifyOne(0) } else { op });
        assert!(!ends(outcomes(&program(&main, &[&waiter, &waiter]))));
    }

    #[test]
    fn a_deadline_lets_others_in_or_not() {
        let waiter = [Op::Lock(0), Op::WaitUntil(WAIT), Op::Unlock(0)];
        let late = Seen::TimedOut(true);
        let found = outcomes(&program(&[Op::Lock(0), Op::Unlock(0)], &[&waiter]));
        let before: &[&[Seen]] = &[&[after(&[])], &[after(&[0]), after(&[0, 1]), late]];
        let between: &[&[Seen]] = &[&[after(&[1])], &[after(&[]), after(&[1, 0]), late]];
        let behind: &[&[Seen]] = &[&[after(&[1, 1])], &[after(&[]), after(&[1]), late]];
        assert_eq!(found, ended([before, between, behind]));
    }

    #[test]
    fn a_lock_that_is_held_refuses() {
        let tries = [Op::TryLock(0), Op::Unlock(0)];
        let found = outcomes(&program(&[Op::Lock(0), Op::Unlock(0)], &[&tries]));
        let refused: &[&[Seen]] = &[&[after(&[])], &[Seen::Refused]];
        let first: &[&[Seen]] = &[&[after(&[1])], &[after(&[])]];
        let second: &[&[Seen]] = &[&[after(&[])], &[after(&[0])]];
        assert_eq!(found, ended([refused, first, second]));
    }

    #[test]
    fn orders_are_counted_and_limited() {
        let two = program(&[], &[&[Op::Increment(0)], &[Op::Increment(0)]]);
        // Both increments before the joins: 3; the second behind the first join: 2.
        assert_eq!(enumerate(&two, 100).map(|all| all.orders), Some(5));
        assert!(enumerate(&two, 3).is_none());
    }
}
