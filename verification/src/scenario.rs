//! What a scenario is: a small concurrent program, the clauses that it shows, and the outcomes that
//! must be reachable in it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use last_call::queue::AnyQueue;
use last_call::sync::fault::Fault;
use last_call::sync::{self, Condvar, Counter};
use last_call::{Builder, ThreadPool};

use crate::subject::Subject;

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
    pub body: fn(&Stage),
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
pub struct Stage {
    /// The pool on trial.
    pub subject: &'static dyn Subject,
    seen: Arc<Mutex<BTreeMap<&'static str, u64>>>,
}

impl std::fmt::Debug for Stage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stage").field("subject", &self.subject.name()).finish_non_exhaustive()
    }
}

impl Stage {
    /// A stage for the subject, with no outcome seen.
    pub fn new(subject: &'static dyn Subject) -> Self {
        Stage { subject, seen: Arc::default() }
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

/// Counts what happened. Every look is visible to the explorers: an assertion may rest on it.
#[derive(Clone, Debug)]
pub(crate) struct Count(Arc<Counter>);

impl Default for Count {
    fn default() -> Self {
        Count(Arc::new(Counter::new()))
    }
}

impl Count {
    pub(crate) fn add(&self) {
        self.0.increment();
    }

    pub(crate) fn get(&self) -> usize {
        usize::try_from(self.0.get()).expect("few things happen in a model")
    }

    /// A job that adds one.
    pub(crate) fn job(&self) -> impl FnOnce() + Send + 'static {
        let count = self.clone();
        move || {
            sync::note(history::RUNS);
            history::outside_locks();
            count.add();
        }
    }

    /// A value whose drop adds one.
    pub(crate) fn on_drop(&self) -> impl Send + 'static {
        struct OnDrop(Count);
        impl Drop for OnDrop {
            fn drop(&mut self) {
                history::outside_locks();
                self.0.add();
            }
        }
        OnDrop(self.clone())
    }
}

/// A capture whose destructor does that, outside the pool's locks.
pub(crate) fn at_drop(destructor: impl FnOnce() + Send + 'static) -> impl Send + 'static {
    struct AtDrop<F: FnOnce()>(Option<F>);
    impl<F: FnOnce()> Drop for AtDrop<F> {
        fn drop(&mut self) {
            history::outside_locks();
            if let Some(destructor) = self.0.take() {
                destructor();
            }
        }
    }
    AtDrop(Some(destructor))
}

/// What a thread did in the current execution, asked afterwards. That is the same in all executions
/// of a trace, so an outcome may rest on it.
pub(crate) mod history {
    /// What a job remarks when it runs.
    pub(crate) const RUNS: &str = "the job runs";
    /// What the main thread remarks before it drops the pool.
    pub(crate) const DROP: &str = "drop(pool)";

    /// Called by jobs and by drops of captures: panics if this thread holds a lock of the pool's.
    #[cfg(loom)]
    pub(crate) fn outside_locks() {
        assert_eq!(last_call::sync::trace::locks_held(), 0, "user code under a lock");
    }

    /// Whether the thread of that name slept on a condition variable.
    #[cfg(loom)]
    pub(crate) fn slept(thread: &str) -> bool {
        last_call::sync::trace::has_slept(thread)
    }

    /// Whether a deadline passed for the thread of that name.
    #[cfg(loom)]
    pub(crate) fn timed_out(thread: &str) -> bool {
        last_call::sync::trace::has_timed_out(thread)
    }

    // Without a checker there is no record; the scenarios are compiled for their names and clauses.
    #[cfg(not(loom))]
    pub(crate) fn outside_locks() {}
    #[cfg(not(loom))]
    pub(crate) fn slept(_thread: &str) -> bool {
        false
    }
    #[cfg(not(loom))]
    pub(crate) fn timed_out(_thread: &str) -> bool {
        false
    }
}

/// Opens when it has been reached a number of times: how a scenario waits for jobs without the
/// pool's help. Seen by loom.
#[derive(Clone, Debug)]
pub(crate) struct Latch(Arc<(sync::Mutex<usize>, Condvar)>);

impl Latch {
    pub(crate) fn new(times: usize) -> Self {
        Latch(Arc::new((sync::Mutex::new(times), Condvar::new())))
    }

    /// Returns how many are still to come.
    pub(crate) fn arrive(&self) -> usize {
        let (left, open) = &*self.0;
        let mut left = left.lock();
        *left -= 1;
        if *left == 0 {
            open.notify_one();
        }
        *left
    }

    /// Arrives, for jobs that return nothing.
    pub(crate) fn done(&self) {
        self.arrive();
    }

    pub(crate) fn wait(&self) {
        let (left, open) = &*self.0;
        let mut left = left.lock();
        while *left > 0 {
            left = open.wait(left);
        }
    }
}

/// Panics as a job may, without the panic hook's noise: a model's own assertions go there.
pub(crate) fn panic_quietly() -> ! {
    sync::note("the job panics");
    std::panic::resume_unwind(Box::new("a job's panic"))
}
