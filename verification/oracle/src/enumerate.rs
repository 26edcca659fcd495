//! Finds every outcome of a program by trying every order of its operations.
//!
//! Operations are atomic and take effect in one order that all threads see. A wait is two steps:
//! one releases the lock and sleeps, the other acquires the lock after the wake-up. Behaviour that
//! the standard library leaves open is an option of the [`Semantics`].

use std::collections::{HashMap, VecDeque};

use crate::program::{Op, Outcome, Outcomes, Program, Protected, Seen, Wait};

/// The behaviour of operations where the standard library leaves it open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Semantics {
    /// Whether `notify_one` wakes any sleeper, or the one that has slept longest.
    pub wakes_any: bool,
    /// When a wait times out.
    pub timeouts: Timeouts,
    /// The most spurious wake-ups in an execution.
    pub spurious_wakeups: usize,
    /// The most failing starts of threads in an execution.
    pub failing_spawns: usize,
    /// Whether a deadlock is reported with the stuck threads and the observations, or as a single
    /// outcome.
    pub tells_stuck: bool,
}

/// When a wait with a timeout times out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timeouts {
    /// Always, as soon as the lock is released, before a notification can arrive.
    Immediately,
    /// At any moment, or never if the sleeper is notified. A sleeper that is not notified leaves
    /// the queue at any moment. A notified sleeper may still report the timeout.
    AtAnyMoment,
}

impl Semantics {
    /// The behaviour that the standard library promises, without spurious wake-ups and failing
    /// threads.
    pub const fn standard() -> Self {
        Semantics {
            wakes_any: true,
            timeouts: Timeouts::AtAnyMoment,
            spurious_wakeups: 0,
            failing_spawns: 0,
            tells_stuck: true,
        }
    }
}

/// The possible behaviour of a program.
#[derive(Clone, Debug)]
pub struct Enumeration {
    /// Its outcomes.
    pub outcomes: Outcomes,
    /// The number of possible orders of its operations.
    pub orders: u64,
    /// Whether a notification wakes a sleeper in some order.
    pub wakes: bool,
}

impl Enumeration {
    /// Returns `true` if the program can deadlock.
    pub fn can_deadlock(&self) -> bool {
        self.outcomes.iter().any(|outcome| !matches!(outcome, Outcome::Ended(_)))
    }
}

/// Enumerates a program. Returns `None` if it has more than `limit` states.
pub fn enumerate(program: &Program, semantics: &Semantics, limit: usize) -> Option<Enumeration> {
    let outcomes = Outcomes::new();
    let semantics = *semantics;
    let mut search =
        Search { program, semantics, limit, known: HashMap::new(), outcomes, wakes: false };
    let orders = search.visit(State::new(program, semantics))?;
    Some(Enumeration { outcomes: search.outcomes, orders, wakes: search.wakes })
}

struct Search<'a> {
    program: &'a Program,
    semantics: Semantics,
    limit: usize,
    /// The number of orders in which each visited state can continue. No state can recur.
    known: HashMap<State, u64>,
    outcomes: Outcomes,
    wakes: bool,
}

impl Search<'_> {
    /// Visits a state and all its successors. Returns the number of orders in which they can
    /// continue.
    fn visit(&mut self, state: State) -> Option<u64> {
        if let Some(&orders) = self.known.get(&state) {
            return Some(orders);
        }
        let mut orders = 0_u64;
        for thread in 0..self.program.threads.len() {
            for next in state.steps(self.program, self.semantics, thread) {
                self.wakes |= state.threads[thread].phase == Phase::Notified;
                orders = orders.saturating_add(self.visit(next)?);
            }
        }
        // A spurious wake-up may resolve a deadlock, but it is not guaranteed.
        if orders == 0 {
            self.outcomes.insert(state.outcome(self.program, self.semantics));
            orders = 1;
        }
        for next in state.spurious_wakeups() {
            orders = orders.saturating_add(self.visit(next)?);
        }
        self.known.insert(state, orders);
        (self.known.len() <= self.limit).then_some(orders)
    }
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct State {
    threads: Vec<Thread>,
    locks: Vec<Lock>,
    /// Sleepers, the longest first.
    condvars: Vec<VecDeque<usize>>,
    counters: Vec<u64>,
    flags: Vec<bool>,
    spurious_wakeups_left: usize,
    failing_spawns_left: usize,
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct Thread {
    phase: Phase,
    /// The number of operations that it has completed.
    done: usize,
    seen: Vec<Seen>,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Phase {
    Unborn,
    /// Its start has failed.
    Stillborn,
    /// About to perform its next operation.
    Ready,
    /// In a wait, not woken yet.
    Asleep,
    /// In a wait, notified and about to acquire the lock.
    Notified,
    /// In a wait, woken spuriously and about to acquire the lock.
    WokenSpuriously,
    /// In a wait, woken by the timeout and about to acquire the lock.
    TimedOut,
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct Lock {
    owner: Option<usize>,
    protected: Protected,
}

impl State {
    fn new(program: &Program, semantics: Semantics) -> Self {
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
            spurious_wakeups_left: semantics.spurious_wakeups,
            failing_spawns_left: semantics.failing_spawns,
        }
    }

    /// Returns the outcome of a state in which no thread can continue.
    fn outcome(&self, program: &Program, semantics: Semantics) -> Outcome {
        let all = || self.threads.iter().map(|thread| thread.seen.clone()).collect();
        // A thread that was not started blocks no other thread.
        let stuck = |thread: &usize| {
            !matches!(self.threads[*thread].phase, Phase::Unborn | Phase::Stillborn)
                && !self.has_ended(program, *thread)
        };
        let stuck: Vec<_> = (0..self.threads.len()).filter(stuck).collect();
        match (stuck.is_empty(), semantics.tells_stuck) {
            (true, _) => Outcome::Ended(all()),
            (false, false) => Outcome::Deadlock,
            (false, true) => Outcome::Stuck(stuck, all()),
        }
    }

    fn has_ended(&self, program: &Program, thread: usize) -> bool {
        self.threads[thread].done == program.threads[thread].len()
    }

    /// Returns the states after the thread's next step, except spurious wake-ups. Empty if it
    /// cannot continue.
    fn steps(&self, program: &Program, semantics: Semantics, thread: usize) -> Vec<State> {
        let own = &self.threads[thread];
        let Some(&op) = program.threads[thread].get(own.done) else { return Vec::new() };
        match (own.phase, op) {
            (Phase::Asleep, Op::WaitUntil(wait)) => {
                vec![self.leave_queue(thread, wait, Phase::TimedOut)]
            }
            (Phase::Unborn | Phase::Stillborn | Phase::Asleep, _) => Vec::new(),
            (Phase::Notified, Op::WaitUntil(wait)) => {
                let ends = [false, true].map(|late| self.wake(thread, wait, Some(late)));
                ends.into_iter().flatten().collect()
            }
            (Phase::TimedOut, Op::WaitUntil(wait)) => {
                self.wake(thread, wait, Some(true)).into_iter().collect()
            }
            (Phase::WokenSpuriously, Op::WaitUntil(wait)) => {
                self.wake(thread, wait, Some(false)).into_iter().collect()
            }
            (Phase::Notified | Phase::TimedOut | Phase::WokenSpuriously, op) => {
                let wait = wait_of(op).expect("only sleepers are woken");
                let mut next = self.wake(thread, wait, None);
                if let (Some(next), Op::Wait(_)) = (&mut next, op) {
                    next.threads[thread].done += 1;
                }
                next.into_iter().collect()
            }
            (Phase::Ready, op) => self.perform(program, semantics, thread, op),
        }
    }

    /// Returns the states after one sleeper has woken up spuriously.
    fn spurious_wakeups(&self) -> Vec<State> {
        if self.spurious_wakeups_left == 0 {
            return Vec::new();
        }
        let queues = self.condvars.iter().enumerate();
        let sleepers = queues.flat_map(|(condvar, queue)| queue.iter().map(move |s| (condvar, *s)));
        let wake = |(condvar, sleeper)| {
            let mut next =
                self.leave_queue(sleeper, Wait { condvar, lock: 0 }, Phase::WokenSpuriously);
            next.spurious_wakeups_left -= 1;
            next
        };
        sleepers.map(wake).collect()
    }

    /// Removes a sleeper from the queue without a notification.
    fn leave_queue(&self, thread: usize, wait: Wait, phase: Phase) -> State {
        let mut next = self.clone();
        next.condvars[wait.condvar].retain(|sleeper| *sleeper != thread);
        next.threads[thread].phase = phase;
        next
    }

    /// Returns the state after the second half of a wait, if the lock is free. This completes a
    /// wait with a timeout.
    fn wake(&self, thread: usize, wait: Wait, timed_out: Option<bool>) -> Option<State> {
        let mut next = self.clone();
        if !next.acquire(thread, wait.lock) {
            return None;
        }
        next.threads[thread].phase = Phase::Ready;
        if let Some(timed_out) = timed_out {
            next.see(thread, Seen::TimedOut(timed_out));
            next.threads[thread].done += 1;
        }
        Some(next)
    }

    /// Returns the states after the operation has been performed, or has begun if it is a wait.
    fn perform(
        &self,
        program: &Program,
        semantics: Semantics,
        thread: usize,
        op: Op,
    ) -> Vec<State> {
        match op {
            Op::Choose(n) => {
                let choose = |number| {
                    let mut next = self.clone();
                    next.see(thread, Seen::Chosen(number));
                    next.threads[thread].done += 1;
                    next
                };
                (0..n).map(choose).collect()
            }
            Op::NotifyOne(condvar) if semantics.wakes_any => {
                let notify = |place| {
                    let mut next = self.clone();
                    let sleeper = next.condvars[condvar].remove(place);
                    if let Some(sleeper) = sleeper {
                        next.threads[sleeper].phase = Phase::Notified;
                    }
                    next.threads[thread].done += 1;
                    next
                };
                (0..self.condvars[condvar].len().max(1)).map(notify).collect()
            }
            Op::Spawn(other) => {
                let mut started = self.clone();
                started.threads[other].phase = Phase::Ready;
                started.threads[thread].done += 1;
                let mut states = vec![started];
                if self.failing_spawns_left > 0 {
                    let mut failed = self.clone();
                    failed.failing_spawns_left -= 1;
                    failed.threads[other].phase = Phase::Stillborn;
                    failed.see(thread, Seen::SpawnFailed);
                    failed.threads[thread].done += 1;
                    states.push(failed);
                }
                states
            }
            _ => {
                let mut next = self.clone();
                let can = next.perform_one(program, semantics, thread, op);
                can.then_some(next).into_iter().collect()
            }
        }
    }

    /// Performs an operation that leaves nothing open. Returns `true` if it could be performed.
    fn perform_one(
        &mut self,
        program: &Program,
        semantics: Semantics,
        thread: usize,
        op: Op,
    ) -> bool {
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
                match semantics.timeouts {
                    Timeouts::AtAnyMoment => self.sleep(thread, wait),
                    Timeouts::Immediately => {
                        self.release(thread, wait.lock);
                        self.threads[thread].phase = Phase::TimedOut;
                    }
                }
                return true;
            }
            Op::NotifyOne(condvar) => self.notify(condvar, 1),
            Op::NotifyAll(condvar) => self.notify(condvar, usize::MAX),
            Op::Increment(counter) => self.counters[counter] += 1,
            Op::FetchIncrement(counter) => {
                self.see(thread, Seen::Count(self.counters[counter]));
                self.counters[counter] += 1;
            }
            Op::Get(counter) => self.see(thread, Seen::Count(self.counters[counter])),
            Op::Raise(flag) => self.flags[flag] = true,
            Op::IsRaised(flag) => self.see(thread, Seen::Raised(self.flags[flag])),
            Op::Join(other) => {
                let stillborn = self.threads[other].phase == Phase::Stillborn;
                if !stillborn && !self.has_ended(program, other) {
                    return false;
                }
            }
            Op::Choose(_) | Op::Spawn(_) => unreachable!("these leave something open"),
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
            self.threads[thread].phase = Phase::Notified;
        }
    }
}

fn wait_of(op: Op) -> Option<Wait> {
    match op {
        Op::Take(wait) | Op::Wait(wait) | Op::WaitUntil(wait) => Some(wait),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::Sections;

    const WAIT: Wait = Wait { condvar: 0, lock: 0 };

    /// Returns a program whose main thread starts the others, performs its own operations, and
    /// joins them.
    fn program(main: &[Op], others: &[&[Op]]) -> Program {
        let all = 1..=others.len();
        let spawns = all.clone().map(Op::Spawn);
        let main = spawns.chain(main.iter().copied()).chain(all.map(Op::Join)).collect();
        let others = others.iter().map(|ops| ops.to_vec());
        let threads = std::iter::once(main).chain(others).collect();
        Program { threads }
    }

    /// The longest sleeper wakes first, timeouts fire at once, and all deadlocks are one outcome.
    const SIMPLE: Semantics = Semantics {
        wakes_any: false,
        timeouts: Timeouts::Immediately,
        tells_stuck: false,
        ..Semantics::standard()
    };

    fn outcomes(program: &Program) -> Outcomes {
        under(&SIMPLE, program)
    }

    fn under(semantics: &Semantics, program: &Program) -> Outcomes {
        enumerate(program, semantics, usize::MAX).expect("there is no limit").outcomes
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
    fn no_thread_gets_between_lock_and_unlock() {
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
        let all =
            enumerate(&program(&giver, &[&taker]), &SIMPLE, 100).expect("there are few states");
        assert_eq!(all.outcomes, ended([there, slept]));
        assert!(all.wakes);
    }

    #[test]
    fn the_longest_sleeper_is_woken_first() {
        let waiter = [Op::Lock(0), Op::Wait(WAIT), Op::NotifyOne(0), Op::Unlock(0)];
        let found = outcomes(&program(
            &[Op::Lock(0), Op::NotifyOne(0), Op::Unlock(0)],
            &[&waiter, &waiter],
        ));
        let both_slept = |outcome: &Outcome| match outcome {
            Outcome::Deadlock | Outcome::Stuck(..) => false,
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
    fn all_sleepers_are_woken_together() {
        let waiter = [Op::Lock(0), Op::Wait(WAIT), Op::Unlock(0)];
        let main = [Op::Lock(0), Op::NotifyAll(0), Op::Unlock(0)];
        let ends = |found: Outcomes| found.iter().any(|outcome| *outcome != Outcome::Deadlock);
        assert!(ends(outcomes(&program(&main, &[&waiter, &waiter]))));
        let main = main.map(|op| if op == Op::NotifyAll(0) { Op::NotifyOne(0) } else { op });
        assert!(!ends(outcomes(&program(&main, &[&waiter, &waiter]))));
    }

    #[test]
    fn others_may_or_may_not_run_before_a_deadline() {
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
        // Both increments before the joins: 3 orders. The second increment after the first join: 2
        // orders.
        assert_eq!(enumerate(&two, &SIMPLE, 100).map(|all| all.orders), Some(5));
        assert!(enumerate(&two, &SIMPLE, 3).is_none());
    }

    const LATE: Seen = Seen::TimedOut(true);
    const WOKEN: Seen = Seen::TimedOut(false);

    #[test]
    fn any_sleeper_is_woken_if_the_semantics_say_so() {
        let waiter = [Op::Lock(0), Op::Wait(WAIT), Op::Unlock(0)];
        let main = [Op::Lock(0), Op::NotifyOne(0), Op::Unlock(0)];
        let program = program(&main, &[&waiter, &waiter]);
        let second_woken = |semantics| {
            under(&semantics, &program).into_iter().any(|outcome| match outcome {
                // The second thread to fall asleep has continued, and the first has not.
                Outcome::Stuck(stuck, seen) => {
                    seen[0][0] == after(&[1, 2]) && stuck == [0, 1] && seen[2].len() == 2
                }
                _ => false,
            })
        };
        assert!(second_woken(Semantics::standard()));
        assert!(!second_woken(Semantics { wakes_any: false, ..Semantics::standard() }));
    }

    #[test]
    fn a_wait_without_a_notification_times_out() {
        let waiter = [Op::Lock(0), Op::WaitUntil(WAIT), Op::Unlock(0)];
        let found = under(&Semantics::standard(), &program(&[], &[&waiter]));
        assert_eq!(found, ended([&[&[], &[after(&[]), after(&[1]), LATE]]]));
    }

    #[test]
    fn a_notified_wait_may_or_may_not_report_the_timeout() {
        let waiter = [Op::Lock(0), Op::WaitUntil(WAIT), Op::Unlock(0)];
        let found = under(&Semantics::standard(), &program(&[Op::NotifyOne(0)], &[&waiter]));
        let end = |seen| [after(&[]), after(&[1]), seen];
        assert_eq!(found, ended([&[&[], &end(LATE)], &[&[], &end(WOKEN)]]));
    }

    #[test]
    fn a_sleeper_that_has_timed_out_takes_no_notification() {
        let timed = [Op::Lock(0), Op::WaitUntil(WAIT), Op::Unlock(0)];
        let waiter = [Op::Lock(0), Op::Wait(WAIT), Op::Unlock(0)];
        let main = [Op::Lock(0), Op::NotifyOne(0), Op::Unlock(0)];
        let found = under(&Semantics::standard(), &program(&main, &[&timed, &waiter]));
        // Both slept before the notification, and both have continued.
        let both = |outcome: &Outcome| match outcome {
            Outcome::Ended(seen) => seen[0][0] == after(&[1, 2]) && seen[1].contains(&LATE),
            _ => false,
        };
        assert!(found.iter().any(both));
    }

    #[test]
    fn a_spurious_wakeup_is_possible_but_not_guaranteed() {
        let waiter = [Op::Lock(0), Op::Wait(WAIT), Op::Unlock(0)];
        let program = program(&[], &[&waiter, &waiter]);
        let stuck = |spurious_wakeups| {
            let found = under(&Semantics { spurious_wakeups, ..Semantics::standard() }, &program);
            let stuck = found.into_iter().map(|outcome| match outcome {
                Outcome::Stuck(threads, _) => threads,
                _ => Vec::new(),
            });
            stuck.collect::<std::collections::BTreeSet<_>>().into_iter().collect::<Vec<_>>()
        };
        assert_eq!(stuck(0), [vec![0, 1, 2]]);
        assert_eq!(stuck(1), [vec![0, 1], vec![0, 1, 2], vec![0, 2]]);
        assert_eq!(stuck(2).first(), Some(&Vec::new()));
    }

    #[test]
    fn a_thread_that_cannot_be_started_is_not_joined() {
        let program = program(&[], &[&[Op::Get(0)], &[Op::Choose(2)]]);
        let none = Seen::SpawnFailed;
        let [zero, one] = [0, 1].map(Seen::Chosen);
        let count = Seen::Count(0);
        let found = under(&Semantics { failing_spawns: 1, ..Semantics::standard() }, &program);
        let started: [&[&[Seen]]; 2] = [&[&[], &[count], &[zero]], &[&[], &[count], &[one]]];
        let first: [&[&[Seen]]; 2] = [&[&[none], &[], &[zero]], &[&[none], &[], &[one]]];
        let second: &[&[Seen]] = &[&[none], &[count], &[]];
        assert_eq!(found, ended([started[0], started[1], first[0], first[1], second]));
    }

    #[test]
    fn an_increment_that_returns_the_count_is_one_step() {
        let [zero, one] = [0, 1].map(Seen::Count);
        let fetch: &[Op] = &[Op::FetchIncrement(0)];
        let found = outcomes(&program(&[], &[fetch, fetch]));
        assert_eq!(found, ended([&[&[], &[zero], &[one]], &[&[], &[one], &[zero]]]));
    }
}
