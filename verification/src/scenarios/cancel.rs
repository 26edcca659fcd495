//! Scenarios on cancelling single jobs: one claim decides between start, cancel and discard.

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
    property: "cancel: a job that was cancelled never runs, one that was not runs once",
    body: |harness| cancel_racing_start(harness, 1),
    ..RACING_START
};

pub(crate) const CANCEL_RACING_START_TWO: Scenario = Scenario {
    name: "cancel-racing-start-2",
    property:
        "cancel with 2 workers: a job that was cancelled never runs, one that was not runs once",
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
        assert_eq!(dropped.get(), 1, "the captures are dropped by cancel");
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
        "a job cancelled by its handle while the pool discards has one outcome, and is counted",
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
        assert_eq!(report.unfinished, 0, "whoever was cancelling has counted");
        assert_eq!((report.completed, dropped.get()), (ran.get() as u64, 1));
        canceller.join().unwrap();
    },
};

pub(crate) const CANCEL_INSIDE_CANCEL: Scenario = Scenario {
    name: "cancel-inside-cancel",
    property:
        "a destructor of a job that is being cancelled cancels another; shutdown waits for both",
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
    property: "of two threads that cancel one job at most one does, and then it never runs",
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
                    assert_eq!(dropped.get(), 1, "the captures are dropped by cancel");
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

/// Cancels a job. The destructor of its capture has `start` start threads, which run while the cancel
/// ends. Returns the pool, and whether the job was cancelled and has not run.
///
/// The worker has run its stop hook by then, so little is left of it to interleave.
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
    // The handle for the destructor, and its threads for those who join them.
    let shared = Arc::new(Mutex::new((None, Vec::new())));
    let capture = {
        let (shared, trigger) = (Arc::clone(&shared), pool.shutdown_trigger());
        let main = thread::current_id();
        at_drop(move || {
            // Where the job has run, the worker drops it.
            if thread::current_id() == main {
                trigger.drain();
                stopped.wait();
                let job = shared.lock().0.take().expect("it was there before the cancel");
                let threads = start(&job);
                shared.lock().1 = threads;
            }
        })
    };
    // Dropped last, by this thread: the drop of a handle is an operation.
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

/// The same with two threads of the same program; the outcome is how many of them slept.
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
