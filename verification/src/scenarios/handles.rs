//! Scenarios on handles: joining while the pool runs, drains or discards.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use last_call::sync::{thread, Arc};
use last_call::Outcome;

use super::shutdown::settled;
use crate::scenarios::scenario::{Scenario, World};
use crate::scenarios::tools::{at_drop, history, panic_quietly, Count, Latch};

pub(crate) const JOIN_BEFORE_SHUTDOWN: Scenario = Scenario {
    name: "join-before-shutdown",
    property: "a handle resolves before any shutdown, after the captures are dropped",
    clauses: &[6, 7, 15, 24],
    reach: &["joined"],
    world: World::PLAIN,
    body: |harness| {
        let pool = harness.pool(1);
        let dropped = Count::default();
        let capture = dropped.on_drop();
        let handle = pool.submit(move || {
            drop(capture);
            7
        });
        assert_eq!(handle.unwrap().join().completed(), Some(7));
        assert_eq!(dropped.get(), 1, "the captures are dropped before the handle resolves");
        harness.reach("joined");
    },
};

pub(crate) const JOIN_WHILE_DRAINING: Scenario = Scenario {
    name: "join-while-draining",
    property: "a handle joined while the pool drains resolves to the value",
    clauses: &[17, 24],
    reach: &["the joiner slept", "the outcome was already there"],
    world: World::PLAIN,
    body: |harness| {
        let pool = harness.pool(1);
        let handle = pool.submit(|| 7).unwrap();
        let main = move || assert_eq!(handle.join().completed(), Some(7));
        let joiner = thread::spawn("joiner".to_owned(), None, main).unwrap();
        let report = pool.shutdown();
        settled(&report);
        assert_eq!(report.completed, 1);
        joiner.join().unwrap();
        harness.reach(if history::slept("joiner") {
            "the joiner slept"
        } else {
            "the outcome was already there"
        });
    },
};

pub(crate) const JOIN_WHILE_DISCARDING: Scenario = Scenario {
    name: "join-while-discarding",
    property: "a handle joined while the pool discards resolves to the value or to cancelled",
    clauses: &[4, 17, 24],
    reach: &["completed", "cancelled"],
    world: World::PLAIN,
    body: |harness| {
        let pool = harness.pool(1);
        let handle = pool.submit(|| 7).unwrap();
        let joiner = {
            let harness = harness.clone();
            let main = move || match handle.join() {
                Outcome::Completed(value) => {
                    assert_eq!(value, 7);
                    harness.reach("completed");
                }
                Outcome::Cancelled(_) => harness.reach("cancelled"),
                Outcome::Panicked(_) => panic!("the job does not panic"),
            };
            thread::spawn("joiner".to_owned(), None, main).unwrap()
        };
        settled(&pool.shutdown_now());
        joiner.join().unwrap();
    },
};

pub(crate) const JOIN_WITH_DEADLINE: Scenario = Scenario {
    name: "join-with-deadline",
    property: "join_timeout returns the outcome or the handle, and that handle still works",
    clauses: &[24],
    reach: &["in time", "too late, then joined"],
    world: World::PLAIN,
    body: |harness| {
        let pool = harness.pool(1);
        let handle = pool.submit(|| 7).unwrap();
        match handle.join_timeout(Duration::from_secs(1)) {
            Ok(outcome) => {
                assert_eq!(outcome.completed(), Some(7));
                harness.reach("in time");
            }
            Err(handle) => {
                assert_eq!(handle.join().completed(), Some(7));
                harness.reach("too late, then joined");
            }
        }
    },
};

pub(crate) const JOIN_IN_TIME: Scenario = Scenario {
    name: "join-in-time",
    property: "join_timeout is woken by the outcome, not by its deadline an hour later",
    clauses: &[24],
    reach: &["the joiner slept", "the outcome was already there"],
    world: World::PLAIN,
    body: |harness| {
        let pool = harness.pool(1);
        let handle = pool.submit(|| 7).unwrap();
        let outcome = handle.join_timeout(Duration::from_secs(3600));
        assert_eq!(outcome.expect("in time").completed(), Some(7));
        let slept = history::slept("main");
        harness.reach(if slept { "the joiner slept" } else { "the outcome was already there" });
    },
};

pub(crate) const JOIN_AS_THE_TIMEOUT_PASSES: Scenario = Scenario {
    name: "join-as-the-timeout-passes",
    property:
        "a join_timeout that times out as it is woken returns the outcome, or a handle that resolves",
    clauses: &[24],
    reach: &["in time", "in time at its last check", "too late, then joined"],
    world: World::PLAIN,
    body: |harness| {
        let pool = harness.pool(1);
        let handle = pool.submit(|| 7).unwrap();
        match handle.join_timeout(Duration::from_secs(1)) {
            Ok(outcome) => {
                assert_eq!(outcome.completed(), Some(7));
                let last = history::timed_out("main");
                harness.reach(if last { "in time at its last check" } else { "in time" });
            }
            Err(handle) => {
                assert_eq!(handle.join().completed(), Some(7));
                harness.reach("too late, then joined");
            }
        }
    },
};

pub(crate) const FUTURE_IS_WOKEN: Scenario = Scenario {
    name: "future-is-woken",
    property: "a handle polled as a future is ready or wakes its task, before any shutdown",
    clauses: &[14, 15, 24],
    reach: &["ready at once", "woken"],
    world: World::PLAIN,
    body: |harness| {
        let pool = harness.pool(1);
        let mut handle = pool.submit(|| 7).unwrap();
        let woken = Latch::new(1);
        let waker = Waker::from(Arc::new(Wakes(woken.clone())));
        let mut poll = || Pin::new(&mut handle).poll(&mut Context::from_waker(&waker));
        let outcome = match poll() {
            Poll::Ready(outcome) => {
                harness.reach("ready at once");
                outcome
            }
            Poll::Pending => {
                woken.wait();
                harness.reach("woken");
                match poll() {
                    Poll::Ready(outcome) => outcome,
                    Poll::Pending => panic!("woken but not ready"),
                }
            }
        };
        assert_eq!(outcome.completed(), Some(7));
    },
};

/// A waker that opens a latch.
struct Wakes(Latch);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        history::outside_locks();
        self.0.done();
    }
}

/// A waker that counts its wake-ups and the drop of its last clone.
struct Counts {
    woken: Count,
    dropped: Count,
}

impl Wake for Counts {
    fn wake(self: Arc<Self>) {
        history::outside_locks();
        self.woken.add();
    }
}

impl Drop for Counts {
    fn drop(&mut self) {
        history::outside_locks();
        self.dropped.add();
    }
}

/// Polls a future that cannot resolve yet. When this returns, only the pool has a clone of the waker,
/// so the thread that drops that clone runs the destructor.
pub(super) fn poll_once<F: Future + Unpin>(future: &mut F, woken: &Count, dropped: &Count) {
    let counts = Counts { woken: woken.clone(), dropped: dropped.clone() };
    let waker = Waker::from(Arc::new(counts));
    let poll = Pin::new(future).poll(&mut Context::from_waker(&waker));
    assert!(poll.is_pending(), "what it waits for has not come");
}

pub(crate) const WAKER_REPLACED: Scenario = Scenario {
    name: "waker-replaced",
    property: "a replaced waker is dropped at once, outside locks; its replacement is woken, or dropped with the handle",
    clauses: &[14, 24],
    reach: &["woken", "dropped with the handle"],
    world: World::PLAIN,
    body: |harness| {
        let pool = harness.pool(1);
        let gate = Latch::new(1);
        let held = gate.clone();
        let mut handle = pool.submit(move || held.wait()).unwrap();
        let (woken, first, second) = (Count::default(), Count::default(), Count::default());
        poll_once(&mut handle, &woken, &first);
        assert_eq!(first.get(), 0, "the pool keeps the waker");
        poll_once(&mut handle, &woken, &second);
        assert_eq!((first.get(), second.get()), (1, 0), "the first is replaced");
        gate.done();
        drop(handle);
        settled(&pool.shutdown());
        assert_eq!((first.get(), second.get()), (1, 1), "each is dropped once");
        harness.reach(["dropped with the handle", "woken"][woken.get()]);
    },
};

pub(crate) const WAKER_GOES_WITH_HANDLE: Scenario = Scenario {
    name: "waker-goes-with-handle",
    property: "a registered waker is dropped with its handle, outside locks, and is not woken",
    clauses: &[14, 24],
    reach: &["dropped"],
    world: World::PLAIN,
    body: |harness| {
        let pool = harness.pool(1);
        let gate = Latch::new(1);
        let held = gate.clone();
        let mut handle = pool.submit(move || held.wait()).unwrap();
        let (woken, dropped) = (Count::default(), Count::default());
        poll_once(&mut handle, &woken, &dropped);
        drop(handle);
        assert_eq!(dropped.get(), 1, "the waker does not outlive the handle");
        gate.done();
        settled(&pool.shutdown());
        assert_eq!(woken.get(), 0, "a dropped waker is not woken");
        harness.reach("dropped");
    },
};

pub(crate) const PANIC_DETACHED: Scenario = Scenario {
    name: "panic-detached",
    property:
        "a panic is in the report if its handle was dropped before; otherwise its payload is dropped with the handle",
    clauses: &[5, 12, 24],
    reach: &["reported", "dropped with the handle"],
    world: World::PLAIN,
    body: |harness| {
        let pool = harness.pool(1);
        let (by_worker, by_handle) = (Count::default(), Count::default());
        let payload = {
            let (by_worker, by_handle) = (by_worker.clone(), by_handle.clone());
            let main = thread::current_id();
            at_drop(move || {
                let with_handle = thread::current_id() == main;
                if with_handle { &by_handle } else { &by_worker }.add();
            })
        };
        let handle = pool.submit(move || -> () { std::panic::resume_unwind(Box::new(payload)) });
        drop(handle.unwrap());
        let report = pool.shutdown();
        settled(&report);
        assert_eq!((report.panicked, by_worker.get() + by_handle.get()), (1, 1));
        assert_eq!(report.panics.len(), by_worker.get(), "reported if no handle could return it");
        harness.reach(["dropped with the handle", "reported"][report.panics.len()]);
    },
};

pub(crate) const DETACH: Scenario = Scenario {
    name: "detach",
    property: "a job whose handle is dropped still runs, and its result is dropped once",
    clauses: &[4, 24],
    reach: &["before the job ended", "after the job ended"],
    world: World::PLAIN,
    body: |harness| {
        let pool = harness.pool(1);
        let (ran, dropped) = (Count::default(), Count::default());
        let job = {
            let (ran, result) = (ran.clone(), dropped.on_drop());
            move || {
                ran.add();
                result
            }
        };
        let handle = pool.submit(job).unwrap();
        let before = !handle.is_finished();
        drop(handle);
        settled(&pool.shutdown());
        assert_eq!(
            (ran.get(), dropped.get()),
            (1, 1),
            "the job ran once, its result was dropped once"
        );
        harness.reach(if before { "before the job ended" } else { "after the job ended" });
    },
};

pub(crate) const PANIC_REACHES_HANDLE: Scenario = Scenario {
    name: "panic-reaches-handle",
    property:
        "a panic reaches its handle, or the report if there is no handle, and the worker survives",
    clauses: &[5, 12, 24],
    reach: &["reported"],
    world: World::PLAIN,
    body: |harness| {
        let pool = harness.pool(1);
        let handle = pool.submit(|| panic_quietly()).unwrap();
        pool.execute(|| panic_quietly()).unwrap();
        let next = Latch::new(1);
        let arrive = next.clone();
        pool.execute(move || arrive.done()).unwrap();
        next.wait();
        match handle.join() {
            Outcome::Panicked(payload) => {
                assert_eq!(payload.downcast_ref(), Some(&"a job's panic"));
            }
            other => panic!("expected a panic, got {other:?}"),
        }
        let report = pool.shutdown();
        settled(&report);
        assert_eq!((report.panicked, report.completed, report.panics.len()), (2, 1, 1));
        assert_eq!((report.panics[0].id.get(), &*report.panics[0].message), (1, "a job's panic"));
        harness.reach("reported");
    },
};

pub(crate) const PANIC_HOOK: Scenario = Scenario {
    name: "panic-hook",
    property:
        "the hook for panics is called once for each panic in the report, and for no other, before shutdown returns",
    clauses: &[12, 14, 24],
    reach: &["called", "dropped with the handle"],
    world: World::PLAIN,
    body: |harness| {
        let called = Count::default();
        let hook = {
            let called = called.clone();
            move |_: &last_call::JobPanic| {
                history::outside_locks();
                called.add();
            }
        };
        let pool = harness.builder().workers(2).on_panic(hook).build().expect("it can be built");
        drop(pool.submit(|| panic_quietly()).unwrap());
        let report = pool.shutdown();
        settled(&report);
        assert_eq!((report.panicked, report.panics.len()), (1, called.get()));
        harness.reach(["dropped with the handle", "called"][called.get()]);
    },
};
