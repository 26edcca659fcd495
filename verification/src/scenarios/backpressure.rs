//! Scenarios on a bounded queue: submitters that wait for a slot are always released.

use std::time::Duration;

use last_call::sync::thread;
use last_call::{SubmitError, ThreadPool};

use super::shutdown::{settled, spawn};
use crate::scenarios::scenario::{Harness, Scenario, World};
use crate::scenarios::tools::{history, Count, Latch};

fn bounded(harness: &Harness, workers: usize) -> ThreadPool {
    harness.builder().workers(workers).capacity(1).build().unwrap()
}

fn slot_releases(harness: &Harness, pool: ThreadPool, jobs: usize) {
    let ran = Count::default();
    for _ in 0..jobs {
        pool.execute(ran.job()).unwrap();
    }
    let waited = history::slept("main");
    drop(pool);
    assert_eq!(ran.get(), jobs);
    harness.reach(if waited { "waited" } else { "did not wait" });
}

pub(crate) const PLACE_RELEASES: Scenario = Scenario {
    name: "full-released-by-place",
    property: "a submitter that waits for a slot gets one before any shutdown: 1 slot, 3 jobs",
    clauses: &[8, 10],
    reach: &["waited", "did not wait"],
    world: World::PLAIN,
    body: |harness| slot_releases(harness, bounded(harness, 1), 3),
};

/// With more than one slot, `two-lock` counts the released slots at the head.
pub(crate) const PLACE_OF_TWO_RELEASES: Scenario = Scenario {
    name: "full-released-by-place-of-two",
    property: "a submitter that waits for a slot gets one before any shutdown: 2 slots, 3 jobs",
    body: |harness| {
        let pool = harness.builder().workers(1).capacity(2).build().unwrap();
        slot_releases(harness, pool, 3);
    },
    ..PLACE_RELEASES
};

pub(crate) const DRAIN_RELEASES: Scenario = Scenario {
    name: "full-released-by-drain",
    property: "a submitter that waits for a slot while the pool drains is accepted and its job runs, or it gets the job back",
    clauses: &[3, 8, 10],
    reach: &["all ran", "refused after waiting", "refused without waiting"],
    world: World::PLAIN,
    body: |harness| shut_down_while_waiting(harness, drop),
};

pub(crate) const DISCARD_RELEASES: Scenario = Scenario {
    name: "full-released-by-discard",
    property:
        "a submitter that waits for a slot while the pool discards is accepted, or gets its job back",
    clauses: &[3, 8, 10, 17],
    reach: &["all ran", "refused after waiting", "refused without waiting", "cancelled"],
    world: World::PLAIN,
    body: |harness| shut_down_while_waiting(harness, |pool| settled(&pool.shutdown_now())),
};

fn shut_down_while_waiting(harness: &Harness, shut_down: fn(ThreadPool)) {
    const JOBS: usize = 2;
    let pool = bounded(harness, 1);
    let submitter = pool.submitter();
    let (ran, refused) = (Count::default(), Count::default());
    let outside = {
        let (ran, refused) = (ran.clone(), refused.clone());
        spawn("outside", move || {
            for _ in 0..JOBS {
                if let Err(error) = submitter.execute(ran.job()) {
                    assert!(error.is_shut_down());
                    refused.add();
                }
            }
        })
    };
    shut_down(pool);
    let ran_by_then = ran.get();
    outside.join().unwrap();
    assert_eq!(ran.get(), ran_by_then, "nothing runs after shutdown");
    harness.reach(match (ran.get() + refused.get() == JOBS, refused.get()) {
        (false, _) => "cancelled",
        (true, 0) => "all ran",
        (true, _) if history::slept("outside") => "refused after waiting",
        (true, _) => "refused without waiting",
    });
}

pub(crate) const TRY_WHEN_FULL: Scenario = Scenario {
    name: "full-try",
    property: "try_execute returns at once: the job is accepted and runs, or comes back because the queue is full",
    clauses: &[3, 8],
    reach: &["accepted", "full"],
    world: World::PLAIN,
    body: |harness| {
        let pool = bounded(harness, 1);
        let ran = Count::default();
        pool.execute(ran.job()).unwrap();
        let second = pool.try_execute(ran.job());
        let accepted = second.is_ok();
        if let Err(error) = second {
            assert!(error.is_full() && !error.is_timeout() && !error.is_shut_down());
            drop(error.into_job());
        }
        let report = pool.shutdown();
        settled(&report);
        assert_eq!(ran.get(), 1 + usize::from(accepted));
        assert_eq!(report.rejected, u64::from(!accepted));
        harness.reach(if accepted { "accepted" } else { "full" });
    },
};

pub(crate) const TIMED_WHEN_FULL: Scenario = Scenario {
    name: "full-timed",
    property: "execute_timeout gets a slot, or returns the job at its deadline",
    clauses: &[3, 8],
    reach: &["accepted", "timed out"],
    world: World::PLAIN,
    body: |harness| {
        let pool = bounded(harness, 1);
        let ran = Count::default();
        pool.execute(ran.job()).unwrap();
        let second = pool.execute_timeout(ran.job(), Duration::from_secs(1));
        let accepted = second.is_ok();
        if let Err(error) = second {
            assert!(error.is_timeout() && !error.is_full());
        }
        settled(&pool.shutdown());
        assert_eq!(ran.get(), 1 + usize::from(accepted));
        harness.reach(if accepted { "accepted" } else { "timed out" });
    },
};

pub(crate) const IN_TIME_WHEN_FULL: Scenario = Scenario {
    name: "full-in-time",
    property: "execute_timeout is woken by a free slot, not by its deadline an hour later",
    clauses: &[3, 8],
    reach: &["waited", "did not wait"],
    world: World::PLAIN,
    body: |harness| {
        let pool = bounded(harness, 1);
        let ran = Count::default();
        pool.execute(ran.job()).unwrap();
        pool.execute_timeout(ran.job(), Duration::from_secs(3600)).expect("in time");
        let waited = history::slept("main");
        settled(&pool.shutdown());
        assert_eq!(ran.get(), 2);
        harness.reach(if waited { "waited" } else { "did not wait" });
    },
};

pub(crate) const OWN_WORKER_WHEN_FULL: Scenario = Scenario {
    name: "full-own-worker",
    property: "a job that submits to the full queue of its own pool gets the error would-deadlock",
    clauses: &[8, 9],
    reach: &["both children accepted", "would deadlock"],
    world: World::PLAIN,
    body: |harness| {
        let pool = bounded(harness, 2);
        let submitter = pool.submitter();
        let parent = pool.submit(move || {
            submitter.execute(|| ()).map_err(SubmitError::into_job).ok()?;
            Some(submitter.execute(|| ()).map_err(|error| error.would_deadlock()))
        });
        let second = parent.unwrap().join().unwrap().expect("the queue was empty");
        harness.reach(match second {
            Ok(()) => "both children accepted",
            Err(true) => "would deadlock",
            Err(false) => panic!("unexpected error"),
        });
    },
};

pub(crate) const CANCEL_FREES_PLACE: Scenario = Scenario {
    name: "full-cancel-frees-place",
    property: "cancelling a queued job frees its slot at once, for a submitter that waits",
    clauses: &[10, 25],
    reach: &["waited", "did not wait"],
    world: World::PLAIN,
    body: |harness| cancel_frees_slot(harness, 1),
};

/// With more than one slot, `two-lock` counts the released slots at the head.
pub(crate) const CANCEL_FREES_PLACE_OF_TWO: Scenario = Scenario {
    name: "full-cancel-frees-place-of-two",
    property: "cancelling one of two queued jobs frees its slot, for a submitter that waits",
    body: |harness| cancel_frees_slot(harness, 2),
    ..CANCEL_FREES_PLACE
};

fn cancel_frees_slot(harness: &Harness, slots: usize) {
    let pool = harness.builder().workers(1).capacity(slots).build().unwrap();
    let (busy, release, third) = (Latch::new(1), Latch::new(1), Latch::new(1));
    let first = {
        let (busy, release) = (busy.clone(), release.clone());
        move || {
            busy.done();
            release.wait();
        }
    };
    pool.execute(first).unwrap();
    busy.wait();
    // The worker is busy and the queue is full: only the cancellation can free a slot.
    let queued = pool.submit(|| panic!("a cancelled job must not run")).unwrap();
    for _ in 1..slots {
        pool.execute(|| ()).unwrap();
    }
    let submitter = pool.submitter();
    let outside = {
        let third = third.clone();
        let main = move || {
            submitter.execute(|| ()).unwrap();
            third.done();
        };
        thread::spawn("outside".to_owned(), None, main).unwrap()
    };
    assert_eq!(queued.cancel(), last_call::Cancellation::Cancelled);
    third.wait();
    release.done();
    outside.join().unwrap();
    harness.reach(if history::slept("outside") { "waited" } else { "did not wait" });
}

pub(crate) const CANCELLED_JOBS_LEAVE: Scenario = Scenario {
    name: "cancelled-jobs-leave-a-full-queue",
    property:
        "a push into a buffer of cancelled jobs removes them and loses no other: capacity 1, \
        2 cancelled jobs and 1 that runs",
    clauses: &[2, 4, 25],
    reach: &["0 cancelled", "1 cancelled", "2 cancelled"],
    world: World::PLAIN,
    body: |harness| {
        let pool = harness.builder().workers(1).capacity(1).build().unwrap();
        let cancelled = (0..2).filter(|_| {
            let job = pool.submit(|| ()).unwrap();
            job.cancel() == last_call::Cancellation::Cancelled
        });
        let cancelled = cancelled.count();
        let last = pool.submit(|| ()).unwrap();
        let report = pool.shutdown();
        assert!(last.try_join().unwrap().is_completed(), "the job that nobody cancelled has run");
        assert_eq!((report.accepted, report.cancelled), (3, cancelled as u64));
        assert_eq!(report.completed, 3 - cancelled as u64);
        harness.reach(["0 cancelled", "1 cancelled", "2 cancelled"][cancelled]);
    },
};
