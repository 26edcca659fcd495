//! The happens-before graphs of a program, found by trying every order of its visible operations.
//!
//! A program runs step by step on a [`Machine`]. Each step has a choice, as in the explorer: how a
//! wait ends is chosen when it begins. Each event is hashed with its predecessors, so two
//! executions have the same graph hash if they have the same trace.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use oracle::{Op, Outcome, Program, Protected, Seen, Semantics, Wait};

/// The possible ends of a wait.
const NOTIFIED: u8 = 0;
const TIMED_OUT: u8 = 1;
const NOTIFIED_LATE: u8 = 2;
const SPURIOUS: u8 = 3;

/// The state of a program between two steps.
#[derive(Clone)]
pub(crate) struct Machine<'a> {
    program: &'a Program,
    semantics: Semantics,
    threads: Vec<Thread>,
    locks: Vec<Lock>,
    condvars: Vec<Condvar>,
    counters: Vec<(u64, History)>,
    flags: Vec<(bool, History)>,
    spurious_wakeups_left: usize,
    failing_spawns_left: usize,
    /// The sum of the hashes of all events.
    graph: u64,
    /// The thread and the choice of each step.
    steps: Vec<(usize, u8)>,
}

#[derive(Clone, Hash)]
struct Thread {
    phase: Phase,
    done: usize,
    seen: Vec<Seen>,
    /// The hash of its last event, and of what it has learnt since by starting, joining and waking.
    known: u64,
    events: usize,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Phase {
    Unborn,
    Stillborn,
    Ready,
    /// In a queue, with the end of its wait.
    Asleep(u8),
    /// About to acquire the lock again, with the end of its wait.
    Woken(u8),
}

#[derive(Clone, Default)]
struct Lock {
    owner: Option<usize>,
    protected: Protected,
    /// The hash of the last acquisition.
    acquired: u64,
}

#[derive(Clone, Default)]
struct Condvar {
    sleepers: Vec<usize>,
    history: History,
}

/// The events on an object, each with its hash.
type History = Vec<(Kind, u64)>;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    FallsAsleep,
    NotifiesNobody,
    Notifies,
    Reads,
    Writes,
    Updates,
}

impl Kind {
    /// Returns `true` if the order of two events on one object does not matter.
    fn commutes(self, other: Kind, wakes_any: bool) -> bool {
        self == other
            && match self {
                Kind::FallsAsleep => wakes_any,
                Kind::NotifiesNobody | Kind::Reads | Kind::Writes => true,
                Kind::Notifies | Kind::Updates => false,
            }
    }
}

fn hash(value: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

impl<'a> Machine<'a> {
    fn new(program: &'a Program, semantics: Semantics) -> Self {
        let objects = program.objects();
        let unborn =
            Thread { phase: Phase::Unborn, done: 0, seen: Vec::new(), known: 0, events: 0 };
        let mut threads = vec![unborn; program.threads.len()];
        threads[0].phase = Phase::Ready;
        let mut machine = Machine {
            program,
            semantics,
            threads,
            locks: vec![Lock::default(); objects.locks],
            condvars: vec![Condvar::default(); objects.condvars],
            counters: vec![(0, History::new()); objects.counters],
            flags: vec![(false, History::new()); objects.flags],
            spurious_wakeups_left: semantics.spurious_wakeups,
            failing_spawns_left: semantics.failing_spawns,
            graph: 0,
            steps: Vec::new(),
        };
        machine.settle();
        machine
    }

    /// Takes the steps of an execution of the explorer. `started` is the order in which the threads
    /// started.
    ///
    /// # Errors
    ///
    /// The index of the first step that cannot be taken, or the number of steps if more could
    /// follow.
    pub(crate) fn replay(
        program: &'a Program,
        semantics: Semantics,
        steps: &[(usize, u8)],
        started: &[usize],
    ) -> Result<Self, usize> {
        let index = |place: usize| started.get(place).copied();
        let mut machine = Machine::new(program, semantics);
        for (place, &(number, mut choice)) in steps.iter().enumerate() {
            let thread = index(number).ok_or(place)?;
            if let Some(Op::NotifyOne(condvar)) = machine.op(thread) {
                if !machine.condvars[condvar].sleepers.is_empty() {
                    let sleeper = index(choice.into()).ok_or(place)?;
                    choice = u8::try_from(sleeper).expect("there are few threads");
                }
            }
            if !machine.choices(thread).contains(&choice) {
                return Err(place);
            }
            machine.step(thread, choice);
        }
        let more = (0..machine.threads.len()).any(|thread| !machine.choices(thread).is_empty());
        if more {
            return Err(steps.len());
        }
        Ok(machine)
    }

    /// Returns the hash of the happens-before graph so far.
    pub(crate) fn graph(&self) -> u64 {
        self.graph
    }

    /// Returns the observations so far, and the threads that have not ended.
    pub(crate) fn outcome(&self) -> Outcome {
        let seen = self.threads.iter().map(|thread| thread.seen.clone()).collect();
        let stuck = |thread: &usize| {
            !matches!(self.threads[*thread].phase, Phase::Unborn | Phase::Stillborn)
                && self.op(*thread).is_some()
        };
        let stuck: Vec<_> = (0..self.threads.len()).filter(stuck).collect();
        if stuck.is_empty() {
            Outcome::Ended(seen)
        } else {
            Outcome::Stuck(stuck, seen)
        }
    }

    fn op(&self, thread: usize) -> Option<Op> {
        self.program.threads[thread].get(self.threads[thread].done).copied()
    }

    /// Returns the choices of the thread's next step, or none if it cannot continue.
    fn choices(&self, thread: usize) -> Vec<u8> {
        let Some(op) = self.op(thread) else { return Vec::new() };
        let spurious = (self.spurious_wakeups_left > 0).then_some(SPURIOUS);
        let free = |lock: usize| self.locks[lock].owner.is_none();
        let only_if = |possible: bool| if possible { vec![0] } else { Vec::new() };
        match (self.threads[thread].phase, op) {
            (Phase::Unborn | Phase::Stillborn | Phase::Asleep(_), _) | (_, Op::Join(_)) => {
                Vec::new()
            }
            (Phase::Woken(_), Op::Take(wait) | Op::Wait(wait) | Op::WaitUntil(wait)) => {
                only_if(free(wait.lock))
            }
            (_, Op::Lock(lock)) => only_if(free(lock)),
            (_, Op::Take(_) | Op::Wait(_)) => [NOTIFIED].into_iter().chain(spurious).collect(),
            (_, Op::WaitUntil(_)) => {
                [NOTIFIED, TIMED_OUT, NOTIFIED_LATE].into_iter().chain(spurious).collect()
            }
            (_, Op::NotifyOne(condvar)) => {
                let sleepers = &self.condvars[condvar].sleepers;
                let eligible = if self.semantics.wakes_any { sleepers.len() } else { 1 };
                let eligible = sleepers.iter().take(eligible);
                let eligible: Vec<_> =
                    eligible.map(|thread| u8::try_from(*thread).expect("few threads")).collect();
                if eligible.is_empty() {
                    vec![0]
                } else {
                    eligible
                }
            }
            (_, Op::Choose(n)) => (0..u8::try_from(n).expect("few choices")).collect(),
            (_, Op::Spawn(_)) => (0..=u8::from(self.failing_spawns_left > 0)).collect(),
            _ => vec![0],
        }
    }

    /// Takes a step, and then everything that is not a step of its own.
    fn step(&mut self, thread: usize, choice: u8) {
        let op = self.op(thread).expect("the thread can continue");
        self.steps.push((thread, choice));
        if let Phase::Woken(end) = self.threads[thread].phase {
            let (Op::Take(wait) | Op::Wait(wait) | Op::WaitUntil(wait)) = op else {
                unreachable!("only sleepers are woken")
            };
            self.threads[thread].phase = Phase::Ready;
            self.acquire(thread, wait.lock);
            if let Op::WaitUntil(_) = op {
                let timed_out = matches!(end, TIMED_OUT | NOTIFIED_LATE);
                self.threads[thread].seen.push(Seen::TimedOut(timed_out));
            }
            self.threads[thread].done += usize::from(!matches!(op, Op::Take(_)));
            self.settle();
            return;
        }
        match op {
            Op::Lock(lock) => self.acquire(thread, lock),
            Op::Take(wait) | Op::Wait(wait) | Op::WaitUntil(wait) => {
                self.wait(thread, wait, choice);
            }
            Op::NotifyOne(condvar) => {
                let sleepers = &mut self.condvars[condvar].sleepers;
                let place = sleepers.iter().position(|sleeper| *sleeper == usize::from(choice));
                let woken: Vec<_> = place.map(|place| sleepers.remove(place)).into_iter().collect();
                self.notify(thread, condvar, choice, &woken);
            }
            Op::NotifyAll(condvar) => {
                let woken = std::mem::take(&mut self.condvars[condvar].sleepers);
                self.notify(thread, condvar, choice, &woken);
            }
            Op::Increment(counter) | Op::FetchIncrement(counter) | Op::Get(counter) => {
                let kind = match op {
                    Op::Increment(_) => Kind::Writes,
                    Op::FetchIncrement(_) => Kind::Updates,
                    _ => Kind::Reads,
                };
                let mut history = std::mem::take(&mut self.counters[counter].1);
                self.event(thread, op, 0, kind, &mut history);
                self.counters[counter].1 = history;
                if kind != Kind::Writes {
                    self.threads[thread].seen.push(Seen::Count(self.counters[counter].0));
                }
                self.counters[counter].0 += u64::from(kind != Kind::Reads);
            }
            Op::Raise(flag) | Op::IsRaised(flag) => {
                let raises = matches!(op, Op::Raise(_));
                let kind = if raises { Kind::Updates } else { Kind::Reads };
                let mut history = std::mem::take(&mut self.flags[flag].1);
                self.event(thread, op, 0, kind, &mut history);
                self.flags[flag].1 = history;
                if raises {
                    self.flags[flag].0 = true;
                } else {
                    self.threads[thread].seen.push(Seen::Raised(self.flags[flag].0));
                }
            }
            Op::Choose(_) => {
                self.add(thread, op, choice, &[]);
                self.threads[thread].seen.push(Seen::Chosen(choice.into()));
            }
            Op::Spawn(other) => {
                self.add(thread, op, choice, &[]);
                self.spawn(thread, other, choice == 1);
            }
            _ => unreachable!("not a step of its own"),
        }
        if self.threads[thread].phase == Phase::Ready {
            self.threads[thread].done += 1;
        }
        self.settle();
    }

    fn acquire(&mut self, thread: usize, lock: usize) {
        let before = self.locks[lock].acquired;
        self.locks[lock].acquired = self.add(thread, Op::Lock(lock), 0, &[before]);
        self.locks[lock].owner = Some(thread);
        let seen = self.locks[lock].protected.enter(thread);
        self.threads[thread].seen.push(seen);
    }

    fn wait(&mut self, thread: usize, wait: Wait, choice: u8) {
        let op = Op::Wait(wait);
        self.locks[wait.lock].owner = None;
        if matches!(choice, TIMED_OUT | SPURIOUS) {
            // It receives no notification.
            self.add(thread, op, choice, &[]);
            self.spurious_wakeups_left -= usize::from(choice == SPURIOUS);
            self.threads[thread].phase = Phase::Woken(choice);
            return;
        }
        let mut history = std::mem::take(&mut self.condvars[wait.condvar].history);
        self.event(thread, op, choice, Kind::FallsAsleep, &mut history);
        self.condvars[wait.condvar].history = history;
        self.condvars[wait.condvar].sleepers.push(thread);
        self.threads[thread].phase = Phase::Asleep(choice);
    }

    fn notify(&mut self, thread: usize, condvar: usize, choice: u8, woken: &[usize]) {
        let kind = if woken.is_empty() { Kind::NotifiesNobody } else { Kind::Notifies };
        let op = self.op(thread).expect("it notifies");
        let mut history = std::mem::take(&mut self.condvars[condvar].history);
        let notification = self.event(thread, op, choice, kind, &mut history);
        self.condvars[condvar].history = history;
        for &sleeper in woken {
            let own = &mut self.threads[sleeper];
            let Phase::Asleep(end) = own.phase else { unreachable!("it sleeps") };
            own.phase = Phase::Woken(end);
            own.known = hash(("woken", own.known, notification));
        }
    }

    fn spawn(&mut self, thread: usize, other: usize, fails: bool) {
        if fails {
            self.failing_spawns_left -= 1;
            self.threads[other].phase = Phase::Stillborn;
            self.threads[thread].seen.push(Seen::SpawnFailed);
        } else {
            self.threads[other].phase = Phase::Ready;
            self.threads[other].known = hash(("started", self.threads[thread].known));
        }
    }

    /// Adds an event on an object with a history.
    fn event(
        &mut self,
        thread: usize,
        op: Op,
        choice: u8,
        kind: Kind,
        history: &mut History,
    ) -> u64 {
        let wakes_any = self.semantics.wakes_any;
        let before = history.iter().filter(|(other, _)| !kind.commutes(*other, wakes_any));
        let mut before: Vec<_> = before.map(|(_, event)| *event).collect();
        before.sort_unstable();
        let event = self.add(thread, op, choice, &before);
        history.push((kind, event));
        event
    }

    fn add(&mut self, thread: usize, op: Op, choice: u8, before: &[u64]) -> u64 {
        let own = &mut self.threads[thread];
        own.known = hash((thread, own.events, op, choice, own.known, before));
        own.events += 1;
        self.graph = self.graph.wrapping_add(own.known);
        own.known
    }

    /// Performs everything that is not a step of its own.
    fn settle(&mut self) {
        while (0..self.threads.len()).any(|thread| self.settle_one(thread)) {}
    }

    fn settle_one(&mut self, thread: usize) -> bool {
        let Some(op) = self.op(thread) else { return false };
        if self.threads[thread].phase != Phase::Ready {
            return false;
        }
        match op {
            Op::Unlock(lock) => self.locks[lock].owner = None,
            Op::Give(lock) => self.locks[lock].protected.give(),
            Op::Take(wait) => {
                if !self.locks[wait.lock].protected.take() {
                    return false;
                }
            }
            Op::Spawn(other) if self.semantics.failing_spawns == 0 => {
                self.spawn(thread, other, false);
            }
            Op::Join(other) => match self.threads[other].phase {
                Phase::Stillborn => {}
                Phase::Ready if self.op(other).is_none() => {
                    let known = (self.threads[thread].known, self.threads[other].known);
                    self.threads[thread].known = hash(("joined", known));
                }
                _ => return false,
            },
            _ => return false,
        }
        self.threads[thread].done += 1;
        true
    }

    /// Returns a hash of the state that determines the continuation.
    fn state(&self) -> u64 {
        let locks: Vec<_> = self.locks.iter().map(|lock| (lock.owner, lock.protected)).collect();
        let sleepers = |condvar: &Condvar| {
            let mut sleepers = condvar.sleepers.clone();
            if self.semantics.wakes_any {
                sleepers.sort_unstable();
            }
            sleepers
        };
        let sleepers: Vec<_> = self.condvars.iter().map(sleepers).collect();
        let counters: Vec<_> = self.counters.iter().map(|(count, _)| *count).collect();
        let flags: Vec<_> = self.flags.iter().map(|(raised, _)| *raised).collect();
        let left = (self.spurious_wakeups_left, self.failing_spawns_left);
        hash((&self.threads, locks, sleepers, counters, flags, left))
    }
}

/// Returns the complete graphs of a program, each with the steps of one execution. Returns `None`
/// if there are more than `limit` graphs, including incomplete ones. An execution that only time
/// can continue is not complete: its timeouts belong to other graphs.
///
/// # Panics
///
/// If two executions have the same graph but different states: then the dependence is wrong.
pub(crate) fn graphs(
    program: &Program,
    semantics: Semantics,
    limit: usize,
) -> Option<HashMap<u64, Vec<(usize, u8)>>> {
    let mut complete = HashMap::new();
    let mut known = HashMap::new();
    let mut open = vec![Machine::new(program, semantics)];
    while let Some(machine) = open.pop() {
        let state = machine.state();
        if let Some(before) = known.insert(machine.graph, state) {
            assert_eq!(before, state, "one graph, two states, in {program}");
            continue;
        }
        if known.len() > limit {
            return None;
        }
        let mut ended = true;
        for thread in 0..machine.threads.len() {
            for choice in machine.choices(thread) {
                ended = false;
                let mut next = machine.clone();
                next.step(thread, choice);
                open.push(next);
            }
        }
        let sleeps_with_timeout = |thread: usize| {
            matches!(machine.threads[thread].phase, Phase::Asleep(_))
                && matches!(machine.op(thread), Some(Op::WaitUntil(_)))
        };
        if ended && !(0..machine.threads.len()).any(sleeps_with_timeout) {
            complete.insert(machine.graph, machine.steps);
        }
    }
    Some(complete)
}
