//! Scenarios on waiting without a thread: idleness, the end of the pool, and a slot of a full queue as
//! futures.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use last_call::queue::{AnyQueue, Queue, Refusal, Wait};
use last_call::sync::{Arc, Deadline};
use last_call::ThreadPool;

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
        let (started, gate) = (Latch::new(1), Latch::new(1));
        let (starts, held) = (started.clone(), gate.clone());
        pool.execute(move || {
            starts.done();
            held.wait();
        })
        .unwrap();
        started.wait();
        let (woken, dropped) = (Count::default(), Count::default());
        let mut first = pool.idle();
        poll_once(&mut first, &woken, &dropped);
        let mut second = pool.idle();
        poll_once(&mut second, &Count::default(), &Count::default());
        drop(first);
        assert_eq!(dropped.get(), 1, "the waker does not outlive the future");
        // A task may be woken early, and then polls again.
        poll_once(&mut second, &Count::default(), &Count::default());
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

/// Starts a pool with 2 workers and so many slots.
pub(super) fn bounded(harness: &Harness, slots: usize) -> ThreadPool {
    harness.builder().workers(2).capacity(slots).build().unwrap()
}

const SUBMITTED: Scenario =
    Scenario { clauses: &[10, 14, 33], world: World::ALIKE_WORKERS, ..AWAITED };

pub(crate) const SUBMIT_AWAITED: Scenario = Scenario {
    name: "submit-awaited",
    property: "a task that awaits a slot of a full queue gets one before any shutdown",
    body: |harness| {
        let pool = bounded(harness, 1);
        pool.execute(|| ()).unwrap();
        let (handle, slept) = block_on(pool.submit_async(|| ()));
        let handle = handle.expect("no shutdown has begun");
        let report = pool.shutdown();
        settled(&report);
        assert_eq!((report.completed, report.rejected), (2, 0));
        assert!(handle.is_finished());
        reach(harness, slept);
    },
    ..SUBMITTED
};

pub(crate) const SUBMIT_AWAITED_SHUTDOWN: Scenario = Scenario {
    name: "submit-awaited-shutdown",
    property:
        "a task that awaits a slot is released by a shutdown: its job runs, or comes back unrun",
    clauses: &[3, 10, 14, 33],
    reach: &["ran", "refused after waiting", "refused at once"],
    body: |harness| {
        let pool = bounded(harness, 1);
        let dropped = Count::default();
        pool.execute(|| ()).unwrap();
        let trigger = pool.shutdown_trigger();
        let drainer = spawn("drainer", move || trigger.drain());
        let capture = dropped.on_drop();
        let (result, slept) = block_on(pool.submit_async(move || drop(capture)));
        let outcome = match &result {
            Ok(_) => "ran",
            Err(error) => {
                assert!(error.is_shut_down() && dropped.get() == 0, "the job comes back unrun");
                ["refused at once", "refused after waiting"][usize::from(slept)]
            }
        };
        let report = pool.shutdown();
        settled(&report);
        assert_eq!(
            (report.rejected, dropped.get() == 1),
            (u64::from(result.is_err()), result.is_ok())
        );
        drainer.join().unwrap();
        harness.reach(outcome);
    },
    ..SUBMITTED
};

pub(crate) const SUBMIT_GIVEN_UP: Scenario = Scenario {
    name: "submit-given-up",
    property: "a future of a submission that is dropped has been accepted, or its job is dropped and never runs",
    clauses: &[3, 14, 33],
    reach: &["accepted", "given up"],
    body: |harness| {
        let pool = bounded(harness, 1);
        let (ran, dropped) = (Count::default(), Count::default());
        pool.execute(ran.job()).unwrap();
        let (run, capture) = (ran.job(), dropped.on_drop());
        let mut future = pool.submit_async(move || {
            run();
            drop(capture);
        });
        let polled = Pin::new(&mut future).poll(&mut Context::from_waker(&quiet()));
        let accepted = usize::from(polled.is_ready());
        drop(future);
        if accepted == 0 {
            assert_eq!(dropped.get(), 1, "the closure is dropped with its future");
        }
        drop(polled);
        let report = pool.shutdown();
        settled(&report);
        assert_eq!((ran.get(), dropped.get()), (1 + accepted, 1));
        assert_eq!((report.accepted, report.rejected), (1 + accepted as u64, 0));
        harness.reach(["given up", "accepted"][accepted]);
    },
    ..SUBMITTED
};

/// A waker that does nothing.
fn quiet() -> Waker {
    Waker::from(Arc::new(Wakes(Latch::new(1))))
}

/// Pushes an item as a task does that waits for a slot. Returns `false` if the queue is closed.
fn push_as_task(queue: &AnyQueue<usize>, item: usize) -> bool {
    let mut ticket = None;
    loop {
        match queue.push(item, Wait::Probe) {
            Ok(_) => return true,
            Err(refused) if refused.refusal == Refusal::Closed => return false,
            Err(_) => (),
        }
        let woken = Latch::new(1);
        let waker = Waker::from(Arc::new(Wakes(woken.clone())));
        if queue.register(&mut ticket, waker).is_ok() {
            woken.wait();
        }
    }
}

const SLOTS: Scenario = Scenario {
    reach: &["both slept", "the thread slept", "the task slept", "none slept"],
    ..SUBMITTED
};

pub(crate) const QUEUE_SLOT_WAKES_BOTH: Scenario = Scenario {
    name: "queue-slot-wakes-both",
    property: "a thread and a task that wait for the only slot both get it, one after the other",
    body: |harness| slots_wake_both(harness, 1),
    ..SLOTS
};

pub(crate) const QUEUE_SLOTS_WAKE_BOTH: Scenario = Scenario {
    name: "queue-slots-wake-both",
    property: "a thread and a task that wait for one of 2 slots both get one",
    body: |harness| slots_wake_both(harness, 2),
    ..SLOTS
};

fn slots_wake_both(harness: &Harness, slots: usize) {
    let queue = full(harness, slots);
    let (for_thread, for_task) = (Arc::clone(&queue), Arc::clone(&queue));
    let thread = spawn("thread", move || {
        for_thread.push(slots, Wait::Until(Deadline::never())).unwrap();
    });
    let task = spawn("task", move || assert!(push_as_task(&for_task, slots + 1)));
    for _ in 0..2 {
        queue.pop(|| ()).expect("the queue is open");
        queue.release();
    }
    thread.join().unwrap();
    task.join().unwrap();
    assert_eq!(queue.counts().accepted, slots as u64 + 2);
    reach_slept(harness);
}

pub(crate) const QUEUE_TASK_GIVES_UP: Scenario = Scenario {
    name: "queue-task-gives-up",
    property: "of two tasks that wait for a slot, one gives up, and the other gets the slot",
    reach: &["given up when woken", "given up before"],
    body: |harness| {
        let queue = full(harness, 1);
        let woken = [Latch::new(1), Latch::new(1)];
        let mut tickets = [None, None];
        for (ticket, woken) in tickets.iter_mut().zip(&woken) {
            let waker = Waker::from(Arc::new(Wakes(woken.clone())));
            assert!(queue.register(ticket, waker).is_ok(), "no slot is free");
        }
        let popper = Arc::clone(&queue);
        let popper = spawn("popper", move || {
            popper.pop(|| ()).expect("the queue is open");
            popper.release();
            popper.pop(|| ()).expect("the queue is open");
        });
        let waker = queue.leave(tickets[0].expect("it is registered"));
        harness.reach(["given up when woken", "given up before"][usize::from(waker.is_some())]);
        woken[1].wait();
        queue.push(1, Wait::Probe).expect("a slot is free");
        popper.join().unwrap();
    },
    ..SUBMITTED
};

/// Creates a queue of the subject that is full.
fn full(harness: &Harness, slots: usize) -> Arc<AnyQueue<usize>> {
    let queue = Arc::new(harness.queue(Some(slots)));
    for item in 0..slots {
        queue.push(item, Wait::No).unwrap();
    }
    queue
}

fn reach_slept(harness: &Harness) {
    harness.reach(match (history::slept("thread"), history::slept("task")) {
        (true, true) => "both slept",
        (true, false) => "the thread slept",
        (false, true) => "the task slept",
        (false, false) => "none slept",
    });
}

pub(crate) const QUEUE_CLOSE_WAKES_BOTH: Scenario = Scenario {
    name: "queue-close-wakes-both",
    property: "closing a full queue releases a thread and a task that wait for a slot",
    body: |harness| {
        let queue = full(harness, 2);
        let (for_thread, for_task) = (Arc::clone(&queue), Arc::clone(&queue));
        let thread = spawn("thread", move || {
            let refused = for_thread.push(2, Wait::Until(Deadline::never())).unwrap_err();
            assert_eq!(refused.refusal, Refusal::Closed);
        });
        let task = spawn("task", move || assert!(!push_as_task(&for_task, 3)));
        queue.close();
        thread.join().unwrap();
        task.join().unwrap();
        reach_slept(harness);
    },
    ..SLOTS
};
