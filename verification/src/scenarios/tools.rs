//! What the programs of scenarios are made with: counters, latches, and the history of an execution.

use std::sync::Arc;

use last_call::sync::{self, Condvar, Counter};

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
