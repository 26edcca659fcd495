//! Scenarios on scopes: jobs that borrow have ended when the scope returns.

use std::panic::{catch_unwind, resume_unwind, AssertUnwindSafe};

use last_call::sync::{self, Counter};
use last_call::{CancelReason, Cancellation, Outcome, Scope};

use super::shutdown::{settled, spawn};
use crate::scenarios::scenario::{Scenario, World};
use crate::scenarios::tools::{history, panic_quietly, Latch};

/// What the jobs of a scenario have done. They borrow it, so it is on the stack of the thread that
/// waits.
struct Seen {
    ran: Counter,
    dropped: Counter,
}

/// A value whose drop is counted.
struct OnDrop<'a>(&'a Counter);

impl Drop for OnDrop<'_> {
    fn drop(&mut self) {
        history::outside_locks();
        self.0.increment();
    }
}

impl Seen {
    fn new() -> Self {
        Seen { ran: Counter::new(), dropped: Counter::new() }
    }

    /// Returns a value whose drop is counted.
    fn on_drop(&self) -> OnDrop<'_> {
        OnDrop(&self.dropped)
    }

    /// Returns a job that counts that it runs, and the drop of what it captures.
    fn job(&self) -> impl FnOnce() + Send + '_ {
        let capture = self.on_drop();
        move || {
            sync::note(history::RUNS);
            history::outside_locks();
            self.ran.increment();
            drop(capture);
        }
    }

    /// Checks what the jobs have done so far. An explorer sees the look.
    #[track_caller]
    fn assert(&self, ran: u64, dropped: u64) {
        assert_eq!((self.ran.get(), self.dropped.get()), (ran, dropped), "ran, dropped");
    }
}

const ENDS: Scenario = Scenario {
    name: "",
    property: "",
    clauses: &[29],
    reach: &["the scope waited", "the jobs had ended"],
    world: World::ALIKE_WORKERS,
    body: |_| {},
};

fn ended(slept: bool) -> &'static str {
    if slept {
        "the scope waited"
    } else {
        "the jobs had ended"
    }
}

pub(crate) const SCOPE_ENDS: Scenario = Scenario {
    name: "scope-2x2",
    property: "when a scope returns, both of its jobs have run and dropped what they captured",
    body: |harness| {
        let pool = harness.pool(2);
        let seen = Seen::new();
        let scoped = pool.scope(|scope| {
            scope.execute(seen.job()).unwrap();
            scope.execute(seen.job()).unwrap();
        });
        scoped.unwrap();
        seen.assert(2, 2);
        let slept = history::slept("main");
        let report = pool.shutdown();
        settled(&report);
        assert_eq!(report.completed, 2);
        harness.reach(ended(slept));
    },
    ..ENDS
};

pub(crate) const SCOPE_COUNTS: Scenario = Scenario {
    name: "scope-counts",
    property: "when a scope returns, its job is counted, and an unread result is dropped",
    clauses: &[15, 29],
    // `stats` visits the workers in a fixed order.
    world: World::PLAIN,
    body: |harness| {
        let pool = harness.pool(2);
        let seen = Seen::new();
        let scoped = pool.scope(|scope| {
            let result = seen.on_drop();
            drop(scope.submit(move || result).unwrap());
        });
        scoped.unwrap();
        seen.assert(0, 1);
        assert_eq!(pool.stats().completed, 1, "counted before the scope returns");
        harness.reach(ended(history::slept("main")));
    },
    ..ENDS
};

pub(crate) const SCOPE_DISCARDED: Scenario = Scenario {
    name: "scope-discarded",
    property: "a scope whose pool is discarded returns; its job ran, is cancelled, or came back",
    clauses: &[3, 5, 17, 29],
    reach: &["ran", "cancelled", "refused"],
    world: World::PLAIN,
    body: |harness| {
        let pool = harness.pool(2);
        let trigger = pool.shutdown_trigger();
        let discarder = spawn("discarder", move || trigger.discard());
        let seen = Seen::new();
        let accepted = pool.scope(|scope| scope.execute(seen.job()).is_ok()).unwrap();
        let ran = seen.ran.get();
        seen.assert(ran, 1);
        let report = pool.shutdown();
        settled(&report);
        discarder.join().unwrap();
        assert_eq!((report.accepted, report.completed), (u64::from(accepted), ran));
        harness.reach(match (accepted, ran) {
            (true, 1) => "ran",
            (true, _) => "cancelled",
            (false, _) => "refused",
        });
    },
};

pub(crate) const SCOPE_PANICS: Scenario = Scenario {
    name: "scope-panics",
    property: "a scope whose body and job panic waits for both jobs, and goes on with the panic",
    clauses: &[12, 29],
    body: |harness| {
        let pool = harness.pool(2);
        let seen = Seen::new();
        let scoped = catch_unwind(AssertUnwindSafe(|| {
            pool.scope(|scope| {
                let capture = seen.on_drop();
                let panics = move || {
                    let _capture = capture;
                    panic_quietly()
                };
                scope.execute(panics).unwrap();
                scope.execute(seen.job()).unwrap();
                resume_unwind(Box::new("the body's panic"))
            })
        }));
        seen.assert(1, 2);
        let slept = history::slept("main");
        let payload = scoped.expect_err("the panic goes on");
        assert_eq!(payload.downcast_ref(), Some(&"the body's panic"));
        let report = pool.shutdown();
        settled(&report);
        assert_eq!((report.completed, report.panicked, report.panics.len()), (1, 1, 1));
        harness.reach(ended(slept));
    },
    ..ENDS
};

pub(crate) const SCOPE_ON_WORKER: Scenario = Scenario {
    name: "scope-on-worker",
    property: "a scope inside a job of its pool returns an error; a scope around that job ends",
    clauses: &[21, 29],
    body: |harness| {
        let pool = harness.pool(2);
        let submitter = pool.submitter();
        let seen = Seen::new();
        let scoped = pool.scope(|scope| {
            let (submitter, seen) = (&submitter, &seen);
            let nested = move || {
                let inner = submitter.scope(|inner| inner.execute(seen.job()).is_ok());
                assert!(inner.unwrap_err().would_deadlock());
                seen.ran.increment();
            };
            scope.execute(nested).unwrap();
        });
        scoped.unwrap();
        seen.assert(1, 0);
        harness.reach(ended(history::slept("main")));
    },
    ..ENDS
};

/// Submits a job to the scope that the calling job belongs to.
fn submit_a_child<'scope>(scope: &'scope Scope<'scope, '_>, seen: &'scope Seen) {
    seen.ran.increment();
    scope.execute(seen.job()).unwrap();
}

pub(crate) const SCOPE_GROWS: Scenario = Scenario {
    name: "scope-job-submits",
    property: "a scope waits for the job that one of its jobs submits to it",
    body: |harness| {
        let pool = harness.pool(2);
        let seen = Seen::new();
        let scoped = pool.scope(|scope| {
            let seen = &seen;
            scope.execute(move || submit_a_child(scope, seen)).unwrap();
        });
        scoped.unwrap();
        seen.assert(2, 1);
        harness.reach(ended(history::slept("main")));
    },
    ..ENDS
};

pub(crate) const SCOPE_CANCEL: Scenario = Scenario {
    name: "scope-cancel",
    property: "a job of a scope that its handle cancels never runs; the scope ends either way",
    clauses: &[4, 25, 29],
    reach: &["cancelled", "ran"],
    world: World::ALIKE_WORKERS,
    body: |harness| {
        let pool = harness.pool(2);
        let seen = Seen::new();
        let scoped = pool.scope(|scope| {
            let handle = scope.submit(seen.job()).unwrap();
            let cancelled = handle.cancel() == Cancellation::Cancelled;
            let outcome = handle.join();
            assert_eq!(outcome.is_cancelled(), cancelled);
            if let Outcome::Cancelled(reason) = outcome {
                assert_eq!(reason, CancelReason::Requested);
            }
            cancelled
        });
        let cancelled = scoped.unwrap();
        seen.assert(u64::from(!cancelled), 1);
        let report = pool.shutdown();
        settled(&report);
        assert_eq!(report.cancelled, u64::from(cancelled));
        harness.reach(if cancelled { "cancelled" } else { "ran" });
    },
};

pub(crate) const SCOPE_CANCELLED_BEHIND: Scenario = Scenario {
    name: "scope-cancelled-behind",
    property: "a scope does not wait for the empty shell of a cancelled job, behind a stuck job",
    clauses: &[25, 29],
    reach: &["returned"],
    world: World::PLAIN,
    body: |harness| {
        let pool = harness.pool(1);
        let gate = Latch::new(1);
        let stuck = gate.clone();
        pool.execute(move || stuck.wait()).unwrap();
        let seen = Seen::new();
        let scoped = pool.scope(|scope| {
            let handle = scope.submit(seen.job()).unwrap();
            assert_eq!(handle.cancel(), Cancellation::Cancelled, "the worker is stuck");
        });
        scoped.unwrap();
        seen.assert(0, 1);
        gate.done();
        let report = pool.shutdown();
        settled(&report);
        assert_eq!((report.completed, report.cancelled), (1, 1));
        harness.reach("returned");
    },
};
