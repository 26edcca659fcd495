//! Tests the explorer with random programs of readers, attempts on locks, waits, and loops that
//! yield. Their
//! outcomes are compared with an enumeration of every order of their steps.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashSet};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::{Arc, Mutex, PoisonError};

use mazurka::raw::{self, Object};
use mazurka::{Broken, Builder, End, FailureKind, Observed};

/// A step of a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// Locks for writing (`true`) or reading, and observes the number of writers before.
    Acquire(usize, bool),
    /// The same if possible. Otherwise observes that, and goes on at the step with this number.
    Try(usize, bool, usize),
    /// Tries to lock for writing, and yields, until it has succeeded.
    TryInLoop(usize),
    Release(usize),
    /// Sleeps, with the lock held for writing, and observes what an acquisition does.
    Wait(usize),
    /// Wakes one of those that sleep with the lock.
    Notify(usize),
    /// Observes a counter.
    Load(usize),
    /// Adds one to a counter, and observes the value before.
    Add(usize),
    /// Loads a counter, and yields, until it is not 0.
    Await(usize),
}

type Program = Vec<Vec<Step>>;

/// What each thread has observed, and which threads are stuck.
type Outcome = (Vec<Vec<u8>>, Vec<usize>);

const REFUSED: u8 = u8::MAX;

/// The number of locks, and of counters.
const OBJECTS: usize = 2;

struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).expect("31 bits fit") % end
    }
}

/// Draws a program of two or three threads.
fn draw(random: &mut Random) -> Program {
    let threads = 2 + random.below(2);
    let length = if threads == 2 { 5 } else { 3 };
    (0..threads).map(|_| body(random, length, [false; OBJECTS], None)).collect()
}

/// Draws steps of a thread that holds these locks, and `writes` under the last of them.
fn body(
    random: &mut Random,
    length: usize,
    held: [bool; OBJECTS],
    writes: Option<usize>,
) -> Vec<Step> {
    let mut steps = Vec::new();
    while steps.len() < length {
        let object = random.below(OBJECTS);
        let kind = random.below(if held == [true; OBJECTS] { 4 } else { 12 });
        match kind {
            0 => steps.push(Step::Load(object)),
            1 | 2 => steps.push(Step::Add(object)),
            3 => steps.push(Step::Await(object)),
            _ if kind == 11 && writes.is_none() => steps.push(Step::Notify(object)),
            _ if kind == 11 => steps.push(Step::Wait(writes.unwrap_or(object))),
            _ => {
                let lock = if held[object] { 1 - object } else { object };
                let mut inside = held;
                inside[lock] = true;
                let exclusive = matches!(kind, 4 | 5 | 10).then_some(lock);
                let at = steps.len();
                let first = match kind {
                    4 | 5 => Step::Acquire(lock, true),
                    6 | 7 => Step::Acquire(lock, false),
                    8 => Step::Try(lock, true, 0),
                    9 => Step::Try(lock, false, 0),
                    _ => Step::TryInLoop(lock),
                };
                steps.push(first);
                for step in body(random, length.saturating_sub(3), inside, exclusive) {
                    let inner = at + 1;
                    steps.push(match step {
                        Step::Try(lock, writes, to) => Step::Try(lock, writes, to + inner),
                        step => step,
                    });
                }
                steps.push(Step::Release(lock));
                let end = steps.len();
                if let Step::Try(_, _, to) = &mut steps[at] {
                    *to = end;
                }
            }
        }
    }
    steps
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct State {
    at: Vec<usize>,
    seen: Vec<Vec<u8>>,
    writer: [Option<usize>; OBJECTS],
    readers: [Vec<usize>; OBJECTS],
    written: [u8; OBJECTS],
    counters: [u8; OBJECTS],
    /// The threads that sleep with each lock.
    sleepers: [BTreeSet<usize>; OBJECTS],
    /// The threads that were woken and have not locked again.
    woken: BTreeSet<usize>,
}

impl State {
    /// Returns the states after the next step of a thread.
    fn steps(&self, program: &Program, thread: usize) -> Vec<State> {
        let asleep = self.sleepers.iter().any(|sleepers| sleepers.contains(&thread));
        match program[thread].get(self.at[thread]) {
            None => Vec::new(),
            Some(_) if asleep => Vec::new(),
            Some(&Step::Notify(lock)) if !self.sleepers[lock].is_empty() => {
                let wake = |sleeper: &usize| {
                    let mut next = self.clone();
                    next.sleepers[lock].remove(sleeper);
                    next.woken.insert(*sleeper);
                    next.at[thread] += 1;
                    next
                };
                self.sleepers[lock].iter().map(wake).collect()
            }
            Some(_) => {
                let mut next = self.clone();
                next.step(program, thread).then_some(next).into_iter().collect()
            }
        }
    }

    /// Takes the next step of a thread. Returns `false` if it cannot be taken.
    fn step(&mut self, program: &Program, thread: usize) -> bool {
        let Some(step) = program[thread].get(self.at[thread]) else { return false };
        let mut next = self.at[thread] + 1;
        let free = |state: &State, lock: usize, writes: bool| {
            state.writer[lock].is_none() && (!writes || state.readers[lock].is_empty())
        };
        match *step {
            Step::Acquire(lock, writes) | Step::Try(lock, writes, _)
                if free(self, lock, writes) =>
            {
                self.acquire(thread, lock, writes);
            }
            Step::TryInLoop(lock) if free(self, lock, true) => self.acquire(thread, lock, true),
            Step::Acquire(..) | Step::TryInLoop(_) => return false,
            Step::Try(_, _, to) => {
                self.seen[thread].push(REFUSED);
                next = to;
            }
            Step::Release(lock) if self.writer[lock] == Some(thread) => {
                self.writer[lock] = None;
                self.written[lock] += 1;
            }
            Step::Release(lock) => {
                let place = self.readers[lock].iter().position(|reader| *reader == thread);
                self.readers[lock].remove(place.expect("it holds the lock"));
            }
            Step::Wait(lock) if self.woken.contains(&thread) => {
                if !free(self, lock, true) {
                    return false;
                }
                self.woken.remove(&thread);
                self.acquire(thread, lock, true);
            }
            Step::Wait(lock) => {
                self.writer[lock] = None;
                self.written[lock] += 1;
                self.sleepers[lock].insert(thread);
                next = self.at[thread];
            }
            Step::Notify(_) => {}
            Step::Load(counter) => self.seen[thread].push(self.counters[counter]),
            Step::Add(counter) => {
                self.seen[thread].push(self.counters[counter]);
                self.counters[counter] += 1;
            }
            Step::Await(counter) => {
                if self.counters[counter] == 0 {
                    return false;
                }
            }
        }
        self.at[thread] = next;
        true
    }

    fn acquire(&mut self, thread: usize, lock: usize, writes: bool) {
        self.seen[thread].push(self.written[lock]);
        if writes {
            self.writer[lock] = Some(thread);
        } else {
            self.readers[lock].push(thread);
            self.readers[lock].sort_unstable();
        }
    }
}

/// Returns every outcome, or `None` if there are too many states.
fn enumerate(program: &Program) -> Option<BTreeSet<Outcome>> {
    let threads = program.len();
    let first = State {
        at: vec![0; threads],
        seen: vec![Vec::new(); threads],
        writer: [None; OBJECTS],
        readers: Default::default(),
        written: [0; OBJECTS],
        counters: [0; OBJECTS],
        sleepers: Default::default(),
        woken: BTreeSet::new(),
    };
    let (mut outcomes, mut known, mut open) = (BTreeSet::new(), HashSet::new(), vec![first]);
    while let Some(state) = open.pop() {
        if known.len() > 20_000 {
            return None;
        }
        if !known.insert(state.clone()) {
            continue;
        }
        let before = open.len();
        for thread in 0..threads {
            open.extend(state.steps(program, thread));
        }
        if open.len() == before {
            let ended = |thread: &usize| state.at[*thread] == program[*thread].len();
            let stuck = (0..threads).filter(|thread| !ended(thread)).collect();
            outcomes.insert((state.seen, stuck));
        }
    }
    Some(outcomes)
}

/// Returns `true` if a thread may be stuck in a loop that yields, which is an infinite execution.
fn may_loop(program: &Program, outcomes: &BTreeSet<Outcome>) -> bool {
    let loops = |thread: &usize| {
        let waits = |step: &Step| matches!(step, Step::Await(_) | Step::TryInLoop(_));
        program[*thread].iter().any(waits)
    };
    outcomes.iter().any(|(_, stuck)| stuck.iter().any(loops))
}

struct World {
    program: Arc<Program>,
    locks: [Object; OBJECTS],
    /// For each lock, the number of writers that have released it.
    written: Mutex<[u8; OBJECTS]>,
    writes: Mutex<[bool; OBJECTS]>,
    condvars: [Object; OBJECTS],
    counters: [Object; OBJECTS],
    counts: Mutex<[u8; OBJECTS]>,
    seen: Mutex<Vec<Vec<u8>>>,
    ended: Mutex<Vec<bool>>,
}

thread_local! {
    static LATEST: RefCell<Option<Arc<World>>> = const { RefCell::new(None) };
}

fn get<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl World {
    fn new(program: &Arc<Program>) -> Arc<Self> {
        let threads = program.len();
        Arc::new(World {
            program: Arc::clone(program),
            locks: [Object::new(), Object::new()],
            written: Mutex::default(),
            writes: Mutex::default(),
            condvars: [Object::new(), Object::new()],
            counters: [Object::new(), Object::new()],
            counts: Mutex::default(),
            seen: Mutex::new(vec![Vec::new(); threads]),
            ended: Mutex::new(vec![false; threads]),
        })
    }

    fn see(&self, thread: usize, value: u8) {
        get(&self.seen)[thread].push(value);
    }

    fn entered(&self, thread: usize, lock: usize, writes: bool) {
        let before = get(&self.written)[lock];
        self.see(thread, before);
        get(&self.writes)[lock] = writes;
    }

    fn run(&self, thread: usize) {
        let mut at = 0;
        while let Some(step) = self.program[thread].get(at) {
            at += 1;
            match *step {
                Step::Acquire(lock, true) => {
                    raw::lock(self.locks[lock]);
                    self.entered(thread, lock, true);
                }
                Step::Acquire(lock, false) => {
                    raw::lock_shared(self.locks[lock]);
                    self.entered(thread, lock, false);
                }
                Step::Try(lock, writes, to) => {
                    let object = self.locks[lock];
                    let got =
                        if writes { raw::try_lock(object) } else { raw::try_lock_shared(object) };
                    if got {
                        self.entered(thread, lock, writes);
                    } else {
                        self.see(thread, REFUSED);
                        at = to;
                    }
                }
                Step::TryInLoop(lock) => {
                    while !raw::try_lock(self.locks[lock]) {
                        raw::yield_now();
                    }
                    self.entered(thread, lock, true);
                }
                Step::Release(lock) => {
                    let writes = get(&self.writes)[lock];
                    get(&self.written)[lock] += u8::from(writes);
                    raw::unlock(self.locks[lock]);
                }
                Step::Wait(lock) => {
                    get(&self.written)[lock] += 1;
                    raw::wait(self.condvars[lock], self.locks[lock], false);
                    self.entered(thread, lock, true);
                }
                Step::Notify(lock) => raw::notify_one(self.condvars[lock]),
                Step::Load(counter) => {
                    raw::read(self.counters[counter]);
                    let count = get(&self.counts)[counter];
                    self.see(thread, count);
                }
                Step::Add(counter) => {
                    raw::update(self.counters[counter]);
                    let count = get(&self.counts)[counter];
                    self.see(thread, count);
                    get(&self.counts)[counter] += 1;
                }
                Step::Await(counter) => loop {
                    raw::read(self.counters[counter]);
                    if get(&self.counts)[counter] > 0 {
                        break;
                    }
                    raw::yield_now();
                },
            }
        }
        get(&self.ended)[thread] = true;
    }

    fn outcome(&self) -> Outcome {
        let ended = get(&self.ended);
        let stuck = (0..ended.len()).filter(|thread| !ended[*thread]).collect();
        (get(&self.seen).clone(), stuck)
    }
}

#[derive(Default)]
struct Explored {
    counted: BTreeSet<Outcome>,
    others: BTreeSet<Outcome>,
    broken: Option<String>,
    executions: u64,
    redundant: u64,
}

fn explore(program: &Program, broken: Option<Broken>) -> Explored {
    let program = Arc::new(program.clone());
    let explored = Arc::new(Mutex::new(Explored::default()));
    let place = Arc::clone(&explored);
    let observer = move |observed: &Observed<'_>| {
        let mut explored = get(&place);
        if let Some(failure) = observed.failure.filter(|f| f.kind != FailureKind::Deadlock) {
            explored.broken.get_or_insert(failure.to_string());
        }
        let world = LATEST.take().expect("the model has run");
        let outcome = world.outcome();
        if observed.redundant || observed.expired {
            explored.others.insert(outcome);
        } else {
            explored.counted.insert(outcome);
        }
    };
    let builder = Builder::new().max_executions(Some(200_000)).max_steps(2_000).broken(broken);
    let report = builder.observe(observer).explore(move || {
        let world = World::new(&program);
        LATEST.set(Some(Arc::clone(&world)));
        let start = |thread| {
            let world = Arc::clone(&world);
            raw::spawn(format!("t{thread}"), move || world.run(thread)).expect("it starts")
        };
        let started: Vec<_> = (0..world.program.len()).map(start).collect();
        for thread in started {
            raw::join(thread);
        }
    });
    let report = report.expect("the settings are valid");
    let mut explored = std::mem::take(&mut *get(&explored));
    if matches!(report.end, End::Limited) {
        explored.broken.get_or_insert("the exploration did not finish".to_owned());
    }
    explored.executions = report.executions;
    explored.redundant = report.redundant;
    explored
}

/// Returns what differs between the exploration of a program and its enumeration.
fn complaint(all: &BTreeSet<Outcome>, explored: &Explored) -> Option<String> {
    let missed = all.difference(&explored.counted).next();
    let made_up = explored.counted.union(&explored.others).find(|found| !all.contains(found));
    let missed = missed.map(|missed| format!("missed {missed:?}"));
    let made_up = made_up.map(|made_up| format!("made up {made_up:?}"));
    explored.broken.clone().or(missed).or(made_up)
}

/// Returns programs, each with its outcomes.
fn programs(number: usize) -> impl Iterator<Item = (Program, BTreeSet<Outcome>)> {
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    let next = move || {
        let program = draw(&mut random);
        let all = enumerate(&program);
        let all = all.filter(|all| all.len() > 1 && !may_loop(&program, all));
        Some(all.map(|all| (program, all)))
    };
    std::iter::from_fn(next).flatten().take(number)
}

/// 600 programs, or `MAZURKA_SEEDS` times as many: run more after a change to the explorer.
#[test]
fn every_outcome_is_found() {
    let seeds = std::env::var("MAZURKA_SEEDS").map_or(Ok(1), |number| number.parse());
    let seeds: usize = seeds.expect("MAZURKA_SEEDS is a number");
    let (mut deadlocking, mut executions, mut redundant) = (0, 0, 0);
    for (program, all) in programs(600 * seeds) {
        deadlocking += usize::from(all.iter().any(|(_, stuck)| !stuck.is_empty()));
        let explored = explore(&program, None);
        assert_eq!(complaint(&all, &explored), None, "of {program:?}");
        executions += explored.executions;
        redundant += explored.redundant;
    }
    println!("{deadlocking} programs deadlock; {executions} executions, {redundant} redundant");
}

#[test]
fn each_explorer_that_is_broken_on_purpose_is_caught() {
    let mut uncaught = Broken::OF_READERS.to_vec();
    for (program, all) in programs(600) {
        uncaught.retain(|kind| {
            let compare = || complaint(&all, &explore(&program, Some(*kind)));
            let found = catch_unwind(AssertUnwindSafe(compare));
            let found = found.unwrap_or_else(|_| Some("a panic".to_owned()));
            if let Some(found) = &found {
                println!("{kind:?}: {found}, of {program:?}");
            }
            found.is_none()
        });
    }
    assert_eq!(uncaught, []);
}
