//! Scenarios on waiting for the pool without a thread: idleness and the end as futures.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use last_call::sync::Arc;

use super::cancel::while_a_cancel_ends;
use super::handles::poll_once;
use super::sets::Wakes;
use super::shutdown::{settled, spawn};
use crate::scenarios::scenario::{Harness, Scenario, World};
use crate::scenarios::tools::{history, Count, Latch};

/// Runs a future to its end on this thread, which sleeps until it is woken. Returns also whether that
/// was needed.
fn block_on<F: Future + Unpin>(mut future: F) -> (F::Output, bool) {
    let mut slept = false;
    loop {
        let woken = Latch::new(1);
        let waker = Waker::from(Arc::new(Wakes(woken.clone())));
        match Pin::new(&mut future).poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return (output, slept),
            Poll::Pending => woken.wait(),
        }
        slept = true;
    }
}

const AWAITED: Scenario = Scenario {
    name: "",
    property: "",
    clauses: &[],
    reach: &["resolved at once", "woken"],
    world: World::PLAIN,
    body: |_| {},
};

fn reach(harness: &Harness, slept: bool) {
    harness.reach(if slept { "woken" } else { "resolved at once" });
}

pub(crate) const IDLE_AWAITED: Scenario = Scenario {
    name: "idle-awaited",
    property: "a task that awaits idleness goes on when the job has ended, before any shutdown",
    clauses: &[14, 26, 32],
    body: |harness| {
        let pool = harness.pool(2);
        let ran = Count::default();
        pool.execute(ran.job()).unwrap();
        let (waited, slept) = block_on(pool.idle());
        waited.unwrap();
        assert_eq!(ran.get(), 1, "nothing was queued or running");
        reach(harness, slept);
    },
    ..AWAITED
};

pub(crate) const IDLE_AWAITED_CANCEL: Scenario = Scenario {
    name: "idle-awaited-cancel",
    property: "cancelling the last queued job wakes a task that awaits idleness, outside locks",
    clauses: &[14, 25, 26, 32],
    reach: &["cancelled", "ran"],
    body: |harness| {
        let pool = harness.pool(2);
        let ran = Count::default();
        let handle = pool.submit(ran.job()).unwrap();
        let canceller = spawn("canceller", move || {
            handle.cancel();
        });
        block_on(pool.idle()).0.unwrap();
        let stats = pool.stats();
        assert_eq!((stats.completed, stats.finished()), (ran.get() as u64, 1));
        harness.reach(if ran.get() == 1 { "ran" } else { "cancelled" });
        canceller.join().unwrap();
    },
    ..AWAITED
};

pub(crate) const IDLE_GIVEN_UP: Scenario = Scenario {
    name: "idle-given-up",
    property: "a future of idleness that is dropped leaves no waker, and another one resolves",
    clauses: &[14, 26, 32],
    reach: &["given up"],
    body: |harness| {
        let pool = harness.pool(2);
        let gate = Latch::new(1);
        let held = gate.clone();
        pool.execute(move || held.wait()).unwrap();
        let (woken, dropped) = (Count::default(), Count::default());
        let mut first = pool.idle();
        poll_once(&mut first, &woken, &dropped);
        let mut second = pool.idle();
        poll_once(&mut second, &Count::default(), &Count::default());
        drop(first);
        assert_eq!(dropped.get(), 1, "the waker does not outlive the future");
        gate.done();
        block_on(second).0.unwrap();
        settled(&pool.shutdown());
        assert_eq!(woken.get(), 0, "a dropped waker is not woken");
        harness.reach("given up");
    },
    ..AWAITED
};

pub(crate) const TERMINATED_AWAITED: Scenario = Scenario {
    name: "terminated-awaited",
    property: "a task that awaits the end of the pool goes on after both workers have ended",
    clauses: &[14, 18, 32],
    body: |harness| {
        let (ran, stopped) = (Count::default(), Count::default());
        let on_stop = stopped.clone();
        let builder = harness.builder().workers(2).on_stop(move |_| on_stop.add());
        let pool = builder.build().unwrap();
        pool.execute(ran.job()).unwrap();
        let trigger = pool.shutdown_trigger();
        trigger.drain();
        let (waited, slept) = block_on(trigger.terminated());
        waited.unwrap();
        assert_eq!((ran.get(), stopped.get()), (1, 2), "both workers have ended");
        settled(&pool.shutdown());
        reach(harness, slept);
    },
    ..AWAITED
};

pub(crate) const TERMINATED_WHILE_CANCELLING: Scenario = Scenario {
    name: "terminated-while-cancelling",
    property: "a task that awaits the end of the pool goes on when a cancel ends",
    clauses: &[14, 18, 25, 32],
    reach: &["slept", "was already terminated", "it ran"],
    body: |harness| {
        let (_pool, is_cancelled) = while_a_cancel_ends(harness, |pool| {
            let trigger = pool.shutdown_trigger();
            move |job| {
                let job = Arc::clone(job);
                vec![spawn("waiter", move || {
                    block_on(trigger.terminated()).0.unwrap();
                    assert!(job.is_finished(), "the cancel has ended");
                })]
            }
        });
        harness.reach(match (is_cancelled, history::slept("waiter")) {
            (false, _) => "it ran",
            (true, true) => "slept",
            (true, false) => "was already terminated",
        });
    },
    ..AWAITED
};

pub(crate) const TERMINATED_GIVEN_UP: Scenario = Scenario {
    name: "terminated-given-up",
    property: "a future of the end that is dropped leaves no waker, and another one resolves",
    clauses: &[14, 18, 32],
    reach: &["given up"],
    body: |harness| {
        let pool = harness.pool(2);
        let trigger = pool.shutdown_trigger();
        let (woken, dropped) = (Count::default(), Count::default());
        let mut first = trigger.terminated();
        poll_once(&mut first, &woken, &dropped);
        let second = trigger.terminated();
        drop(first);
        assert_eq!(dropped.get(), 1, "the waker does not outlive the future");
        let drainer = spawn("drainer", move || trigger.drain());
        block_on(second).0.unwrap();
        history::outside_locks();
        drainer.join().unwrap();
        settled(&pool.shutdown());
        assert_eq!(woken.get(), 0, "a dropped waker is not woken");
        harness.reach("given up");
    },
    ..AWAITED
};
