//! Scenarios on cancelling single jobs: one atomic claim decides between start, cancel and discard.

use std::mem;

use last_call::sync::{thread, Arc, Mutex};
use last_call::{CancelReason, Cancellation, JobHandle, Outcome, ThreadPool};

use super::shutdown::{settled, spawn};
use crate::scenarios::scenario::{Harness, Scenario, World};
use crate::scenarios::tools::{at_drop, history, Count, Latch};

const RACING_START: Scenario = Scenario {
    name: "",
    property: "",
    clauses: &[4, 5, 24, 25],
    reach: &["cancelled", "too late: started", "too late: finished"],
    world: World::PLAIN,
    body: |_| {},
};

pub(crate) const CANCEL_RACING_START: Scenario = Scenario {
    name: "cancel-racing-start",
    property: "cancel: a cancelled job never runs, any other job runs once",
    body: |harness| cancel_racing_start(harness, 1),
    ..RACING_START
};

pub(crate) const CANCEL_RACING_START_TWO: Scenario = Scenario {
    name: "cancel-racing-start-2",
    property: "cancel with 2 workers: a cancelled job never runs, any other job runs once",
    body: |harness| cancel_racing_start(harness, 2),
    ..RACING_START
};

fn cancel_racing_start(harness: &Harness, workers: usize) {
    let pool = harness.pool(workers);
    let (ran, dropped) = (Count::default(), Count::default());
    let (run, capture) = (ran.job(), dropped.on_drop());
    let handle = pool.submit(move || {
        run();
        drop(capture);
    });
    let handle = handle.unwrap();
    let cancellation = handle.cancel();
    let cancelled = cancellation == Cancellation::Cancelled;
    if cancelled {
        assert_eq!(dropped.get(), 1, "cancel drops the captures");
    }
    match handle.join() {
        Outcome::Completed(()) => assert!(!cancelled),
        Outcome::Cancelled(reason) => {
            assert!(cancelled);
            assert_eq!(reason, CancelReason::Requested);
        }
        Outcome::Panicked(_) => panic!("the job does not panic"),
    }
    let report = pool.shutdown();
    settled(&report);
    assert_eq!((ran.get(), dropped.get()), (usize::from(!cancelled), 1));
    assert_eq!(report.cancelled, u64::from(cancelled));
    harness.reach(match cancellation {
        Cancellation::Cancelled => "cancelled",
        Cancellation::Started => "too late: started",
        _ => "too late: finished",
    });
}

pub(crate) const CANCEL_RACING_DISCARD: Scenario = Scenario {
    name: "cancel-racing-discard",
    property:
        "a job cancelled by its handle while the pool discards has one outcome and is counted once",
    clauses: &[4, 5, 17, 25],
    reach: &["ran", "cancelled by its handle", "discarded"],
    world: World::PLAIN,
    body: |harness| {
        let pool = harness.pool(1);
        let (ran, dropped) = (Count::default(), Count::default());
        let (run, capture) = (ran.job(), dropped.on_drop());
        let handle = pool.submit(move || {
            run();
            drop(capture);
        });
        let handle = handle.unwrap();
        let canceller = spawn("canceller", {
            let harness = harness.clone();
            move || {
                let cancellation = handle.cancel();
                let by_handle = cancellation == Cancellation::Cancelled;
                let outcome = handle.join();
                match outcome {
                    Outcome::Completed(()) => harness.reach("ran"),
                    Outcome::Cancelled(CancelReason::Requested) => {
                        assert!(by_handle);
                        harness.reach("cancelled by its handle");
                    }
                    Outcome::Cancelled(_) => {
                        assert!(!by_handle);
                        harness.reach("discarded");
                    }
                    Outcome::Panicked(_) => panic!("the job does not panic"),
                }
            }
        });
        let report = pool.shutdown_now();
        settled(&report);
        assert_eq!(report.unfinished, 0, "the canceller has counted its job");
        assert_eq!((report.completed, dropped.get()), (ran.get() as u64, 1));
        canceller.join().unwrap();
    },
};

pub(crate) const CANCEL_INSIDE_CANCEL: Scenario = Scenario {
    name: "cancel-inside-cancel",
    property:
        "a destructor in a cancelled job cancels another job; shutdown waits for both cancels",
    clauses: &[4, 5, 14, 25],
    reach: &["both were cancelled", "the outer was cancelled", "both ran"],
    world: World::PLAIN,
    body: |harness| {
        let pool = harness.pool(1);
        let (ran, cancelled) = (Count::default(), Count::default());
        let counts = |cancelled: &Count| {
            let cancelled = cancelled.clone();
            move |job: &JobHandle<()>| {
                if job.cancel() == Cancellation::Cancelled {
                    cancelled.add();
                }
            }
        };
        let inner = pool.submit(ran.job()).unwrap();
        let cancel_inner = counts(&cancelled);
        let (run, capture) = (ran.job(), at_drop(move || cancel_inner(&inner)));
        let outer = pool.submit(move || {
            run();
            drop(capture);
        });
        let (outer, cancel_outer) = (outer.unwrap(), counts(&cancelled));
        let canceller = spawn("canceller", move || cancel_outer(&outer));
        let report = pool.shutdown();
        settled(&report);
        assert_eq!(report.completed, ran.get() as u64);
        canceller.join().unwrap();
        assert_eq!(report.cancelled, cancelled.get() as u64);
        harness
            .reach(["both ran", "the outer was cancelled", "both were cancelled"][cancelled.get()]);
    },
};

pub(crate) const TWO_CANCELLERS: Scenario = Scenario {
    name: "two-cancellers",
    property: "when two threads cancel one job, at most one succeeds, and then the job never runs",
    clauses: &[4, 5, 25],
    reach: &["the owner cancelled it", "the other cancelled it", "it ran"],
    world: World::PLAIN,
    body: |harness| {
        let pool = harness.pool(1);
        let (ran, dropped) = (Count::default(), Count::default());
        let (run, capture) = (ran.job(), dropped.on_drop());
        let job = pool.submit(move || {
            run();
            drop(capture);
        });
        let job = Arc::new(job.unwrap());
        let (by_owner, by_other) = (Count::default(), Count::default());
        let cancel = |by: &Count| {
            let (job, dropped, by) = (Arc::clone(&job), dropped.clone(), by.clone());
            move || match job.cancel() {
                Cancellation::Cancelled => {
                    assert_eq!(dropped.get(), 1, "cancel drops the captures");
                    by.add();
                }
                Cancellation::Finished => assert!(job.is_finished()),
                _ => {}
            }
        };
        let other = spawn("other", cancel(&by_other));
        cancel(&by_owner)();
        let report = pool.shutdown();
        settled(&report);
        other.join().unwrap();
        let by = [ran.get(), by_owner.get(), by_other.get()];
        assert_eq!((by.iter().sum::<usize>(), dropped.get()), (1, 1), "one outcome: {by:?}");
        assert_eq!(report.cancelled, 1 - ran.get() as u64);
        let outcomes = ["it ran", "the owner cancelled it", "the other cancelled it"];
        harness.reach_each(&[0, 1, 2].map(|one| (outcomes[one], by[one])));
    },
};

/// Cancels a job. The destructor of its capture calls the closure returned by `start`, which starts
/// threads. They run while the cancel ends. Returns the pool, and `true` if the job was cancelled.
///
/// The worker has already run its stop hook by then, which leaves few of its operations to interleave.
pub(super) fn while_a_cancel_ends<S>(
    harness: &Harness,
    start: impl FnOnce(&ThreadPool) -> S,
) -> (ThreadPool, bool)
where
    S: FnOnce(&Arc<JobHandle<()>>) -> Vec<thread::JoinHandle> + Send + 'static,
{
    let stopped = Latch::new(1);
    let on_stop = stopped.clone();
    let builder = harness.builder().workers(1).on_stop(move |_| on_stop.done());
    let pool = builder.build().unwrap();
    let start = start(&pool);
    // The handle, for the destructor; the threads that it starts, for the join below.
    let shared = Arc::new(Mutex::new((None, Vec::new())));
    let capture = {
        let (shared, trigger) = (Arc::clone(&shared), pool.shutdown_trigger());
        let main = thread::current_id();
        at_drop(move || {
            // If the job has run, the worker drops the capture.
            if thread::current_id() == main {
                trigger.drain();
                stopped.wait();
                let job = shared.lock().0.take().expect("stored before the cancel");
                let threads = start(&job);
                shared.lock().1 = threads;
            }
        })
    };
    // This thread drops the last reference: dropping a handle is an operation.
    let job = Arc::new(pool.submit(move || drop(capture)).unwrap());
    shared.lock().0 = Some(Arc::clone(&job));
    let is_cancelled = job.cancel() == Cancellation::Cancelled;
    let (kept, threads) = mem::take(&mut *shared.lock());
    drop(kept);
    for thread in threads {
        thread.join().unwrap();
    }
    (pool, is_cancelled)
}

const WAITERS: [&str; 2] = ["waiter 0", "waiter 1"];

/// Like [`while_a_cancel_ends`], with two threads that run the same program. The outcome is how many
/// of them slept.
pub(super) fn two_while_a_cancel_ends<W>(
    harness: &Harness,
    waiter: impl Fn(&ThreadPool) -> W,
) -> ThreadPool
where
    W: FnOnce(&JobHandle<()>) + Send + 'static,
{
    let (pool, is_cancelled) = while_a_cancel_ends(harness, |pool| {
        let waiters = WAITERS.map(|name| (name, waiter(pool)));
        move |job| {
            let start = |(name, waiter): (_, W)| {
                let job = Arc::clone(job);
                spawn(name, move || waiter(&job))
            };
            waiters.into_iter().map(start).collect()
        }
    });
    let slept = WAITERS.iter().filter(|name| history::slept(name)).count();
    let outcomes = ["none slept", "one slept", "both slept"];
    harness.reach(if is_cancelled { outcomes[slept] } else { "it ran" });
    pool
}

pub(crate) const CANCEL_ON_DROP: Scenario = Scenario {
    name: "cancel-on-drop",
    property:
        "a handle that cancels on its drop leaves a job that never runs, or one that has started",
    clauses: &[4, 25],
    reach: &["cancelled", "ran"],
    world: World::ALIKE_WORKERS,
    body: |harness| {
        let pool = harness.pool(2);
        let (ran, dropped) = (Count::default(), Count::default());
        let (run, capture) = (ran.job(), dropped.on_drop());
        let job = move || {
            run();
            drop(capture);
        };
        drop(pool.submit(job).unwrap().cancel_on_drop());
        let report = pool.shutdown();
        settled(&report);
        let ran = ran.get();
        assert_eq!((report.cancelled, dropped.get()), (1 - ran as u64, 1));
        harness.reach(["cancelled", "ran"][ran]);
    },
};
