//! Scenarios on sets of jobs and maps over iterators: each outcome is returned once.

use std::task::{Context, Poll, Wake, Waker};

use last_call::sync::{self, Arc};

use super::shutdown::{settled, spawn};
use crate::scenarios::scenario::{Scenario, World};
use crate::scenarios::tools::{history, panic_quietly, Count, Latch};

const JOINS: Scenario = Scenario {
    name: "",
    property: "",
    clauses: &[30],
    reach: &["slept", "did not sleep"],
    world: World::ALIKE_WORKERS,
    body: |_| {},
};

fn slept(slept: bool) -> &'static str {
    if slept {
        "slept"
    } else {
        "did not sleep"
    }
}

pub(crate) const SET_JOINS: Scenario = Scenario {
    name: "set-2x2",
    property: "a set returns both of its outcomes once, before any shutdown, and then none",
    body: |harness| {
        let pool = harness.pool(2);
        let mut set = pool.job_set();
        let ids = [1, 2].map(|value| (set.submit(move || value).unwrap(), value));
        let mut joined = [set.join_next(), set.join_next()].map(|next| {
            let (id, outcome) = next.expect("two jobs");
            (id, outcome.completed().expect("both complete"))
        });
        assert!(set.join_next().is_none() && set.is_empty());
        let slept_ = history::slept("main");
        joined.sort_unstable();
        assert_eq!(joined, ids);
        settled(&pool.shutdown());
        harness.reach(slept(slept_));
    },
    ..JOINS
};

/// A waker that opens a latch.
pub(super) struct Wakes(pub(super) Latch);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        history::outside_locks();
        self.0.done();
    }
}

pub(crate) const SET_POLLED: Scenario = Scenario {
    name: "set-polled",
    property: "a task that polls a set has the outcome at once, or is woken, outside locks",
    clauses: &[14, 30],
    reach: &["ready at once", "woken"],
    body: |harness| {
        let pool = harness.pool(2);
        let mut set = pool.job_set();
        set.submit(|| 7).unwrap();
        let woken = Latch::new(1);
        let waker = Waker::from(Arc::new(Wakes(woken.clone())));
        let mut context = Context::from_waker(&waker);
        let next = match set.poll_join_next(&mut context) {
            Poll::Ready(next) => {
                harness.reach("ready at once");
                next
            }
            Poll::Pending => {
                woken.wait();
                harness.reach("woken");
                match set.poll_join_next(&mut context) {
                    Poll::Ready(next) => next,
                    Poll::Pending => panic!("woken but not ready"),
                }
            }
        };
        assert_eq!(next.and_then(|(_, outcome)| outcome.completed()), Some(7));
        assert!(matches!(set.poll_join_next(&mut context), Poll::Ready(None)));
    },
    ..JOINS
};

pub(crate) const SET_FIRST_ERROR: Scenario = Scenario {
    name: "set-first-error",
    property: "the first panic in a set cancels the job that has not started; any other job runs",
    clauses: &[12, 25, 30],
    reach: &["the other was cancelled", "the other ran"],
    body: |harness| {
        let pool = harness.pool(2);
        let mut set = pool.job_set();
        set.submit(|| panic_quietly()).unwrap();
        set.submit(|| sync::note(history::RUNS)).unwrap();
        let error = set.try_join_all().unwrap_err();
        assert_eq!(error.message(), Some("a job's panic"));
        let report = pool.shutdown();
        settled(&report);
        assert_eq!((report.panicked, report.accepted), (1, 2));
        let ran = report.completed == 1;
        harness.reach(if ran { "the other ran" } else { "the other was cancelled" });
    },
    ..JOINS
};

pub(crate) const SET_DISCARDED: Scenario = Scenario {
    name: "set-discarded",
    property: "a set whose pool is discarded returns the outcome of the job that was accepted",
    clauses: &[3, 17, 30],
    reach: &["ran", "cancelled", "refused"],
    world: World::PLAIN,
    body: |harness| {
        let pool = harness.pool(2);
        let trigger = pool.shutdown_trigger();
        let discarder = spawn("discarder", move || trigger.discard());
        let mut set = pool.job_set();
        let accepted = set.submit(|| ()).is_ok();
        let next = set.join_next();
        assert_eq!(next.is_some(), accepted);
        harness.reach(match next {
            Some((_, outcome)) if outcome.is_completed() => "ran",
            Some(_) => "cancelled",
            None => "refused",
        });
        settled(&pool.shutdown());
        discarder.join().unwrap();
    },
};

pub(crate) const MAP_IN_ORDER: Scenario = Scenario {
    name: "map-in-order",
    property: "a map returns the outcomes in the order of the items, before any shutdown",
    clauses: &[31],
    body: |harness| {
        let pool = harness.pool(2);
        let mut outcomes = pool.map([1, 2], 2, |n| n * n);
        for square in [1, 4] {
            let outcome = outcomes.next().expect("two items").expect("a running pool");
            assert_eq!(outcome.completed(), Some(square));
        }
        assert!(outcomes.next().is_none());
        let slept_ = history::slept("main");
        settled(&pool.shutdown());
        harness.reach(slept(slept_));
    },
    ..JOINS
};

pub(crate) const MAP_UNORDERED: Scenario = Scenario {
    name: "map-unordered",
    property: "an unordered map returns each outcome once, and has at most its bound in flight",
    clauses: &[31],
    body: |harness| {
        let pool = harness.pool(2);
        let taken = Count::default();
        let items = [1, 2].into_iter().inspect(|_| taken.add());
        let mut outcomes = pool.map(items, 1, |n| n * n).unordered();
        for n in 1..=2 {
            let outcome = outcomes.next().expect("two items").expect("a running pool");
            assert_eq!((outcome.completed(), taken.get()), (Some(n * n), n));
        }
        assert!(outcomes.next().is_none());
        let slept_ = history::slept("main");
        drop(outcomes);
        settled(&pool.shutdown());
        harness.reach(slept(slept_));
    },
    ..JOINS
};

pub(crate) const MAP_DRAINED: Scenario = Scenario {
    name: "map-drained",
    property:
        "a map whose pool drains returns what was accepted, then the refused job, then nothing",
    clauses: &[3, 31],
    reach: &["both ran", "the second was refused"],
    world: World::ALIKE_WORKERS,
    body: |harness| {
        let pool = harness.pool(2);
        let trigger = pool.shutdown_trigger();
        let drains = move |n| {
            if n == 1 {
                trigger.drain();
            }
        };
        let outcomes: Vec<_> = pool.map([1, 2], 2, drains).collect();
        assert!(matches!(&outcomes[0], Ok(outcome) if outcome.is_completed()));
        let both = match &outcomes[1] {
            Ok(outcome) => outcome.is_completed(),
            Err(error) => !error.is_shut_down(),
        };
        assert_eq!((outcomes.len(), outcomes[1].is_ok()), (2, both));
        harness.reach(if both { "both ran" } else { "the second was refused" });
        let report = pool.shutdown();
        settled(&report);
        assert_eq!((report.accepted, report.rejected), (1 + u64::from(both), u64::from(!both)));
    },
};
