//! Every outcome of a program, by trying every order of its operations. Nothing here knows loom.
//!
//! Operations are atomic and take effect in one order that all threads see. A condition variable
//! wakes its longest waiter first and never for no reason: the standard library promises neither,
//! but it is what loom explores, and so what can be held against it. A wait is two steps: release
//! and sleep in one, acquire after the wake-up.

use std::collections::{HashMap, VecDeque};

use super::program::{Op, Outcome, Outcomes, Program, Protected, Wait, REFUSED};

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
    seen: Vec<u64>,
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
            // The answer: timed out.
            Op::WaitUntil(_) => {
                own.seen.push(1);
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
                    self.threads[thread].seen.push(REFUSED);
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
            Op::Get(counter) => self.threads[thread].seen.push(self.counters[counter]),
            Op::Raise(flag) => self.flags[flag] = true,
            Op::IsRaised(flag) => self.threads[thread].seen.push(self.flags[flag].into()),
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
        self.threads[thread].seen.push(lock.protected.enter(thread));
        true
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
