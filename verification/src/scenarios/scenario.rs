//! What a scenario is: a small concurrent program, the clauses that it shows, and the outcomes that
//! must be reachable in it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use last_call::queue::AnyQueue;
use last_call::sync::fault::Fault;
use last_call::{Builder, ThreadPool};

use crate::subjects::subject::Subject;

/// A small concurrent program over a subject. It panics where a property does not hold.
#[derive(Clone, Copy, Debug)]
pub struct Scenario {
    /// Its name in reports and filters.
    pub name: &'static str,
    /// What it shows, as a promise.
    pub property: &'static str,
    /// The clauses that it is evidence for.
    pub clauses: &'static [u8],
    /// The outcomes that must be reached in some execution, lest it shows nothing.
    pub reach: &'static [&'static str],
    /// What the world does to it.
    pub world: World,
    /// The program.
    pub body: fn(&Harness),
}

/// What the world does to a scenario, which must survive it.
#[derive(Clone, Copy, Debug)]
pub struct World {
    /// What goes wrong in every execution.
    pub faults: &'static [Fault],
    /// How many spurious wake-ups there may be in an execution; loom has none.
    pub spurious_wakeups: usize,
    /// The beginning of the names of threads that nothing tells from one another, neither what they
    /// run nor any thread that looks at what belongs to each of them in order. Of executions that
    /// differ only in which of them is which, one is explored.
    pub alike: Option<&'static str>,
}

impl World {
    /// A world that plays along.
    pub const PLAIN: World = World { faults: &[], spurious_wakeups: 0, alike: None };

    /// One whose workers are alike.
    pub const ALIKE_WORKERS: World = World { alike: Some("last-call-"), ..World::PLAIN };
}

/// What a scenario's program is given.
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
    /// A harness for the subject, with no outcome seen.
    pub fn new(subject: &'static dyn Subject) -> Self {
        Harness { subject, seen: Arc::default() }
    }

    /// A builder of this pool on the subject's queue.
    pub(crate) fn builder(&self) -> Builder {
        ThreadPool::builder().queue(self.subject.queue().unwrap_or_default())
    }

    /// This pool, with that many workers, on the subject's queue.
    pub(crate) fn pool(&self, workers: usize) -> ThreadPool {
        self.builder().workers(workers).build().expect("nothing is in the way of it")
    }

    /// The subject's queue alone.
    pub(crate) fn queue<T: Send>(&self, capacity: Option<usize>) -> AnyQueue<T> {
        AnyQueue::of(self.subject.queue().unwrap_or_default(), capacity)
    }

    /// Notes that an outcome was reached.
    pub fn reach(&self, outcome: &'static str) {
        *self.lock().entry(outcome).or_default() += 1;
    }

    /// Notes those outcomes that were reached at least once in this execution.
    pub(crate) fn reach_each(&self, outcomes: &[(&'static str, usize)]) {
        for (outcome, _) in outcomes.iter().filter(|(_, times)| *times > 0) {
            self.reach(outcome);
        }
    }

    /// Forgets the outcomes seen so far.
    pub fn forget(&self) {
        self.lock().clear();
    }

    /// The outcomes seen so far, and in how many executions.
    pub fn seen(&self) -> BTreeMap<&'static str, u64> {
        self.lock().clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<&'static str, u64>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
