//! Runs the oracle's programs under the explorer.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use mazurka::raw::{self, Object};
use mazurka::{
    Broken, Builder, End, Failure, FailureKind, InvalidSetting, Observed, Report, Schedule,
    Scheduler,
};
use oracle::{Op, Outcome, Outcomes, Program, Protected, Seen, Semantics, Wait};

use crate::graph::Machine;

/// The objects of one execution, and its observations.
struct World {
    program: Arc<Program>,
    locks: Vec<(Object, Mutex<Protected>)>,
    condvars: Vec<Object>,
    counters: Vec<(Object, AtomicU64)>,
    flags: Vec<(Object, AtomicBool)>,
    seen: Vec<Mutex<Vec<Seen>>>,
    /// The threads in the order in which they started.
    started: Mutex<Vec<usize>>,
}

thread_local! {
    /// The objects of the latest execution on this operating system thread.
    static LATEST: RefCell<Option<Arc<World>>> = const { RefCell::new(None) };
}

impl World {
    fn new(program: &Arc<Program>) -> Self {
        let objects = program.objects();
        World {
            locks: (0..objects.locks).map(|_| (Object::new(), Mutex::default())).collect(),
            condvars: (0..objects.condvars).map(|_| Object::new()).collect(),
            counters: (0..objects.counters).map(|_| (Object::new(), AtomicU64::new(0))).collect(),
            flags: (0..objects.flags).map(|_| (Object::new(), AtomicBool::new(false))).collect(),
            seen: program.threads.iter().map(|_| Mutex::default()).collect(),
            started: Mutex::new(vec![0]),
            program: Arc::clone(program),
        }
    }

    fn run(self: &Arc<Self>, thread: usize) {
        let mut started = vec![None; self.program.threads.len()];
        for op in &self.program.threads[thread] {
            match *op {
                Op::Spawn(other) => {
                    let world = Arc::clone(self);
                    match raw::spawn(format!("t{other}"), move || world.run(other)) {
                        Ok(number) => {
                            started[other] = Some(number);
                            self.started.lock().unwrap().push(other);
                        }
                        Err(_) => self.see(thread, Seen::SpawnFailed),
                    }
                }
                Op::Join(other) => {
                    if let Some(number) = started[other] {
                        raw::join(number);
                    }
                }
                op => self.perform(thread, op),
            }
        }
    }

    fn perform(&self, thread: usize, op: Op) {
        match op {
            Op::Lock(lock) => {
                raw::lock(self.locks[lock].0);
                self.enter(thread, lock);
            }
            Op::Unlock(lock) => raw::unlock(self.locks[lock].0),
            Op::Give(lock) => self.locks[lock].1.lock().unwrap().give(),
            Op::Take(wait) => {
                while !self.locks[wait.lock].1.lock().unwrap().take() {
                    self.wait(thread, wait, false);
                }
            }
            Op::Wait(wait) => {
                self.wait(thread, wait, false);
            }
            Op::WaitUntil(wait) => {
                let timed_out = self.wait(thread, wait, true);
                self.see(thread, Seen::TimedOut(timed_out));
            }
            Op::NotifyOne(condvar) => raw::notify_one(self.condvars[condvar]),
            Op::NotifyAll(condvar) => raw::notify_all(self.condvars[condvar]),
            Op::Increment(counter) => {
                let (object, count) = &self.counters[counter];
                raw::write(*object);
                count.fetch_add(1, Ordering::Relaxed);
            }
            Op::FetchIncrement(counter) => {
                let (object, count) = &self.counters[counter];
                raw::update(*object);
                self.see(thread, Seen::Count(count.fetch_add(1, Ordering::Relaxed)));
            }
            Op::Get(counter) => {
                let (object, count) = &self.counters[counter];
                raw::read(*object);
                self.see(thread, Seen::Count(count.load(Ordering::Relaxed)));
            }
            Op::Raise(flag) => {
                let (object, raised) = &self.flags[flag];
                raw::update(*object);
                raised.store(true, Ordering::Relaxed);
            }
            Op::IsRaised(flag) => {
                let (object, raised) = &self.flags[flag];
                raw::read(*object);
                self.see(thread, Seen::Raised(raised.load(Ordering::Relaxed)));
            }
            Op::Choose(n) => self.see(thread, Seen::Chosen(raw::choose(n))),
            Op::TryLock(_) | Op::Spawn(_) | Op::Join(_) => unreachable!("not drawn, or in `run`"),
        }
    }

    fn wait(&self, thread: usize, wait: Wait, has_timeout: bool) -> bool {
        let mutex = self.locks[wait.lock].0;
        let timed_out = raw::wait(self.condvars[wait.condvar], mutex, has_timeout);
        self.enter(thread, wait.lock);
        timed_out
    }

    fn enter(&self, thread: usize, lock: usize) {
        let seen = self.locks[lock].1.lock().unwrap().enter(thread);
        self.see(thread, seen);
    }

    fn see(&self, thread: usize, seen: Seen) {
        self.seen[thread].lock().unwrap().push(seen);
    }

    fn outcome(&self, failure: Option<&Failure>) -> Outcome {
        let seen = self.seen.iter().map(|seen| seen.lock().unwrap().clone()).collect();
        let Some(failure) = failure else { return Outcome::Ended(seen) };
        let number =
            |name: &str| name.strip_prefix('t').map_or(0, |digits| digits.parse().unwrap());
        let stuck: BTreeSet<_> = failure.stands.iter().map(|stand| number(&stand.thread)).collect();
        Outcome::Stuck(stuck.into_iter().collect(), seen)
    }
}

/// The result of the explorer for a program.
#[derive(Debug, Default)]
pub(crate) struct Explored {
    /// The outcomes of the executions that count.
    pub(crate) outcomes: Outcomes,
    /// The outcomes of the other executions: redundant ones, and those in which time had to pass.
    pub(crate) others: Outcomes,
    /// The happens-before graph of each execution that counts, with its number of occurrences.
    pub(crate) graphs: BTreeMap<u64, u64>,
    pub(crate) report: Option<Report>,
    /// Why there is no result.
    pub(crate) broken: Option<String>,
}

/// Returns a builder of the explorer with the given semantics.
pub(crate) fn builder(semantics: &Semantics, broken: Option<Broken>) -> Builder {
    Builder::new()
        .wakes_any(semantics.wakes_any)
        .spurious_wakeups(semantics.spurious_wakeups)
        .failing_spawns(semantics.failing_spawns)
        .max_executions(Some(100_000))
        .max_steps(1_000)
        .stack_size(64 * 1024)
        .broken(broken)
}

/// Explores a program.
pub(crate) fn explore(program: &Program, semantics: &Semantics, builder: Builder) -> Explored {
    observe(program, semantics, builder, |builder, model| builder.explore(model))
}

/// Runs a program under a few random schedules.
pub(crate) fn sample(
    program: &Program,
    semantics: &Semantics,
    scheduler: Scheduler,
    seed: u64,
) -> Explored {
    let sample = |builder: Builder, model| builder.sample(scheduler, 30, seed, model);
    observe(program, semantics, builder(semantics, None), sample)
}

/// Replays a schedule of a program.
pub(crate) fn replay(program: &Program, builder: &Builder, schedule: &Schedule) -> Report {
    let report = builder.replay(schedule, model(program));
    report.expect("the settings are valid")
}

type Model = Box<dyn Fn() + Send + Sync>;

fn model(program: &Program) -> Model {
    let program = Arc::new(program.clone());
    Box::new(move || {
        let world = Arc::new(World::new(&program));
        LATEST.set(Some(Arc::clone(&world)));
        world.run(0);
    })
}

fn observe(
    program: &Program,
    semantics: &Semantics,
    builder: Builder,
    run: impl FnOnce(Builder, Model) -> Result<Report, InvalidSetting>,
) -> Explored {
    let explored = Arc::new(Mutex::new(Explored::default()));
    let observer = {
        let (program, semantics, explored) = (program.clone(), *semantics, Arc::clone(&explored));
        move |observed: &Observed<'_>| {
            let world = LATEST.take().expect("the model has run");
            explored.lock().unwrap().observe(&program, semantics, &world, observed);
        }
    };
    let report = run(builder.observe(observer), model(program));
    let mut explored = std::mem::take(&mut *explored.lock().unwrap());
    let report = report.expect("the settings are valid");
    if let End::Limited = report.end {
        explored.broken.get_or_insert("the run did not finish".to_owned());
    }
    explored.report = Some(report);
    explored
}

impl Explored {
    fn observe(
        &mut self,
        program: &Program,
        semantics: Semantics,
        world: &World,
        observed: &Observed<'_>,
    ) {
        if let Some(failure) = observed.failure.filter(|f| f.kind != FailureKind::Deadlock) {
            self.broken.get_or_insert(failure.to_string());
            return;
        }
        let outcome = world.outcome(observed.failure);
        if observed.redundant || observed.expired {
            self.others.insert(outcome);
            return;
        }
        let started = world.started.lock().unwrap();
        match Machine::replay(program, semantics, &observed.steps, &started) {
            Ok(machine) => {
                if machine.outcome() != outcome {
                    self.broken.get_or_insert(format!("{outcome} of {:?}", observed.steps));
                }
                *self.graphs.entry(machine.graph()).or_default() += 1;
            }
            Err(step) => {
                self.broken.get_or_insert(format!("step {step} of {:?}", observed.steps));
            }
        }
        self.outcomes.insert(outcome);
    }
}
