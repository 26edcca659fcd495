//! The scenario: a small concurrent program, the clauses that it is evidence for, and the outcomes
//! that it must be able to reach.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use last_call::queue::AnyQueue;
use last_call::sync::fault::Fault;
use last_call::{Builder, ThreadPool};

use crate::subjects::subject::Subject;

/// A small concurrent program that uses a subject and panics if its property does not hold.
#[derive(Clone, Copy, Debug)]
pub struct Scenario {
    /// The name in reports and filters.
    pub name: &'static str,
    /// The property that it shows, as a promise.
    pub property: &'static str,
    /// The clauses that it is evidence for.
    pub clauses: &'static [u8],
    /// The outcomes that some execution must reach. Otherwise the scenario shows nothing.
    pub reach: &'static [&'static str],
    /// The environment that it runs in.
    pub world: World,
    /// The program.
    pub body: fn(&Harness),
}

/// The environment of a scenario: everything that goes wrong around it.
#[derive(Clone, Copy, Debug)]
pub struct World {
    /// The faults that are injected into every execution.
    pub faults: &'static [Fault],
    /// The maximum number of spurious wake-ups in an execution. loom does not explore any.
    pub spurious_wakeups: usize,
    /// The common prefix of the names of interchangeable threads. They run the same program, and no
    /// other thread visits their objects in a fixed order. Executions that differ only by a
    /// permutation of these threads are explored once.
    pub alike: Option<&'static str>,
}

impl World {
    /// A world in which nothing goes wrong.
    pub const PLAIN: World = World { faults: &[], spurious_wakeups: 0, alike: None };

    /// A world whose workers are interchangeable.
    pub const ALIKE_WORKERS: World = World { alike: Some("last-call-"), ..World::PLAIN };
}

/// The subject and the record of outcomes, as passed to the program of a scenario.
#[derive(Clone)]
pub struct Harness {
    /// The pool on trial.
    pub subject: &'static dyn Subject,
    seen: Arc<Mutex<BTreeMap<&'static str, u64>>>,
}

impl std::fmt::Debug for Harness {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Harness").field("subject", &self.subject.name()).finish_non_exhaustive()
    }
}

impl Harness {
    /// Creates a harness for the subject, with no outcome seen.
    pub fn new(subject: &'static dyn Subject) -> Self {
        Harness { subject, seen: Arc::default() }
    }

    /// Returns a builder of this pool on the queue of the subject.
    pub(crate) fn builder(&self) -> Builder {
        ThreadPool::builder().queue(self.subject.queue().unwrap_or_default())
    }

    /// Starts this pool with `workers` workers on the queue of the subject.
    pub(crate) fn pool(&self, workers: usize) -> ThreadPool {
        self.builder().workers(workers).build().expect("the pool can be built")
    }

    /// Creates the queue of the subject, without a pool.
    pub(crate) fn queue<T: Send>(&self, capacity: Option<usize>) -> AnyQueue<T> {
        AnyQueue::of(self.subject.queue().unwrap_or_default(), 0, capacity, |_| false)
    }

    /// Records that an outcome was reached.
    pub fn reach(&self, outcome: &'static str) {
        *self.lock().entry(outcome).or_default() += 1;
    }

    /// Records the outcomes whose count in this execution is not zero.
    pub(crate) fn reach_each(&self, outcomes: &[(&'static str, usize)]) {
        for (outcome, _) in outcomes.iter().filter(|(_, times)| *times > 0) {
            self.reach(outcome);
        }
    }

    /// Forgets the outcomes seen so far.
    pub fn forget(&self) {
        self.lock().clear();
    }

    /// Returns the outcomes seen so far, each with its number of executions.
    pub fn seen(&self) -> BTreeMap<&'static str, u64> {
        self.lock().clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<&'static str, u64>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
