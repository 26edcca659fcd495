//! Tools for the programs of scenarios: counters, latches, and the history of an execution.

use std::sync::Arc;

use last_call::sync::{self, Condvar, Counter};

/// A counter of events. The explorers see every read, so assertions may depend on it.
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

    /// Returns a job that adds one.
    pub(crate) fn job(&self) -> impl FnOnce() + Send + 'static {
        let count = self.clone();
        move || {
            sync::note(history::RUNS);
            history::outside_locks();
            count.add();
        }
    }

    /// Returns a value whose drop adds one.
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

/// Returns a value that calls `destructor` when it is dropped, and checks that no lock of the pool is
/// held then.
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

/// Queries about what a thread did in the current execution. The answers are the same in all
/// executions of a trace, so outcomes may depend on them.
pub(crate) mod history {
    /// The note in the trace when a job runs.
    pub(crate) const RUNS: &str = "the job runs";
    /// The note in the trace before the pool is dropped.
    pub(crate) const DROP: &str = "drop(pool)";

    /// Panics if this thread holds a lock of the pool. Jobs and destructors of captures call it.
    #[cfg(loom)]
    pub(crate) fn outside_locks() {
        assert_eq!(last_call::sync::trace::locks_held(), 0, "user code under a lock");
    }

    /// Returns `true` if the thread slept on a condition variable.
    #[cfg(loom)]
    pub(crate) fn slept(thread: &str) -> bool {
        last_call::sync::trace::has_slept(thread)
    }

    /// Returns `true` if a deadline passed for the thread.
    #[cfg(loom)]
    pub(crate) fn timed_out(thread: &str) -> bool {
        last_call::sync::trace::has_timed_out(thread)
    }

    // Without a checker there is no record: the scenarios are compiled for their names and clauses.
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

/// A latch that opens after a number of arrivals. Scenarios use it to wait for jobs without the help
/// of the pool. The explorers see it.
#[derive(Clone, Debug)]
pub(crate) struct Latch(Arc<(sync::Mutex<usize>, Condvar)>);

impl Latch {
    pub(crate) fn new(times: usize) -> Self {
        Latch(Arc::new((sync::Mutex::new(times), Condvar::new())))
    }

    /// Arrives. Returns the number of arrivals still missing.
    pub(crate) fn arrive(&self) -> usize {
        let (left, open) = &*self.0;
        let mut left = left.lock();
        *left -= 1;
        if *left == 0 {
            open.notify_one();
        }
        *left
    }

    /// Arrives. For jobs that return nothing.
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

/// Panics like a failing job, but without calling the panic hook, which is reserved for the
/// assertions of models.
pub(crate) fn panic_quietly() -> ! {
    sync::note("the job panics");
    std::panic::resume_unwind(Box::new("a job's panic"))
}
