//! Scenarios for any subject: a pool that accepts jobs and shuts down when it is dropped.

use std::panic::{catch_unwind, AssertUnwindSafe};

use last_call::sync::{self, Arc};

use crate::scenarios::scenario::{Harness, Scenario, World};
use crate::scenarios::tools::{history, panic_quietly, Count, Latch};

/// The scenarios for a pool of another author.
#[cfg(loom)]
pub(crate) const FOR_ANY: &[&Scenario] = &[
    &DROP_IDLE,
    &DROP_BUSY,
    &DROP_QUEUED,
    &DROP_BOTH,
    &PROGRESS_ONE,
    &PROGRESS_TWO,
    &MEETING,
    &FIFO,
    &PANIC_WORKER_SURVIVES,
    &PANIC_DROP_QUIET,
    &PANIC_NOTHING_LOST,
    &PANIC_EXECUTE_ANSWERS,
    &DROP_ON_WORKER,
];

const DROP_CLAUSES: &[u8] = &[2, 4, 16];

pub(crate) const DROP_IDLE: Scenario = Scenario {
    name: "drop-idle",
    property: "drop returns: 2 workers, no jobs",
    clauses: &[2, 16],
    reach: &["returned"],
    world: World::PLAIN,
    body: |harness| {
        drop(harness.subject.build(2));
        harness.reach("returned");
    },
};

pub(crate) const DROP_BUSY: Scenario = Scenario {
    name: "drop-busy",
    property: "drop returns, and the job has run once: 2 workers, 1 job",
    clauses: DROP_CLAUSES,
    reach: &["none had run", "one had run"],
    world: World::PLAIN,
    body: |harness| drop_after(harness, 2, 1),
};

pub(crate) const DROP_QUEUED: Scenario = Scenario {
    name: "drop-queued",
    property: "drop returns, and each job has run once: 1 worker, 2 jobs",
    clauses: DROP_CLAUSES,
    reach: &["none had run", "one had run", "both had run"],
    world: World::PLAIN,
    body: |harness| drop_after(harness, 1, 2),
};

pub(crate) const DROP_BOTH: Scenario = Scenario {
    name: "drop-2x2",
    property: "drop returns, and each job has run once: 2 workers, 2 jobs",
    clauses: DROP_CLAUSES,
    reach: &["none had run", "one had run", "both had run"],
    world: World::PLAIN,
    body: |harness| drop_after(harness, 2, 2),
};

const DROP_LARGE: Scenario = Scenario {
    name: "",
    property: "",
    clauses: DROP_CLAUSES,
    reach: &["every worker slept", "some worker did not sleep"],
    world: World::ALIKE_WORKERS,
    body: |_| {},
};

pub(crate) const DROP_THREE_ONE: Scenario = Scenario {
    name: "drop-3x1",
    property: "drop returns, and the job has run once: 3 workers, 1 job",
    body: |harness| drop_large(harness, 3, 1),
    ..DROP_LARGE
};

pub(crate) const DROP_TWO_THREE: Scenario = Scenario {
    name: "drop-2x3",
    property: "drop returns, and each job has run once: 2 workers, 3 jobs",
    body: |harness| drop_large(harness, 2, 3),
    ..DROP_LARGE
};

pub(crate) const DROP_THREE_TWO: Scenario = Scenario {
    name: "drop-3x2",
    property: "drop returns, and each job has run once: 3 workers, 2 jobs",
    body: |harness| drop_large(harness, 3, 2),
    ..DROP_LARGE
};

pub(crate) const DROP_FOUR_TWO: Scenario = Scenario {
    name: "drop-4x2",
    property: "drop returns, and each job has run once: 4 workers, 2 jobs",
    body: |harness| drop_large(harness, 4, 2),
    ..DROP_LARGE
};

/// Like [`drop_after`], but without reading the count in between: each read doubles the traces.
fn drop_large(harness: &Harness, workers: usize, jobs: usize) {
    let ran = Count::default();
    let pool = harness.subject.build(workers);
    for _ in 0..jobs {
        assert!(pool.execute(Box::new(ran.job())).is_ok(), "a running pool accepts jobs");
    }
    drop(pool);
    assert_eq!(ran.get(), jobs, "after drop, each accepted job has run once");
    let slept = (0..workers).all(|worker| history::slept(&format!("last-call-{worker}")));
    harness.reach(if slept { "every worker slept" } else { "some worker did not sleep" });
}

/// Drops a pool with `jobs` jobs. The outcome is the number of jobs that had run when the drop began.
fn drop_after(harness: &Harness, workers: usize, jobs: usize) {
    let ran = Count::default();
    let pool = harness.subject.build(workers);
    for _ in 0..jobs {
        assert!(pool.execute(Box::new(ran.job())).is_ok(), "a running pool accepts jobs");
    }
    let before = ran.get();
    sync::note(history::DROP);
    drop(pool);
    assert_eq!(ran.get(), jobs, "after drop, each accepted job has run once");
    let outcomes = ["none had run", "one had run", "both had run"];
    harness.reach(outcomes[before]);
}

pub(crate) const PROGRESS_ONE: Scenario = Scenario {
    name: "progress-2x1",
    property: "a job runs before any shutdown begins: 2 workers, 1 job",
    clauses: &[7],
    reach: &["ran"],
    world: World::PLAIN,
    body: |harness| {
        let done = Latch::new(1);
        let pool = harness.subject.build(2);
        let arrive = done.clone();
        assert!(pool.execute(Box::new(move || arrive.done())).is_ok());
        done.wait();
        harness.reach("ran");
    },
};

pub(crate) const PROGRESS_THREE: Scenario = Scenario {
    name: "progress-3x2",
    property: "two jobs both run before any shutdown begins: 3 workers",
    clauses: &[7],
    reach: PROGRESS_OUTCOMES,
    world: World::ALIKE_WORKERS,
    body: |harness| meet(harness, 3),
};

pub(crate) const PROGRESS_TWO: Scenario = Scenario {
    name: "progress-2x2",
    property: "two jobs both run before any shutdown begins: 2 workers",
    clauses: &[7],
    reach: PROGRESS_OUTCOMES,
    world: World::PLAIN,
    body: |harness| meet(harness, 2),
};

const PROGRESS_OUTCOMES: &[&str] = &["the first job came first", "the second job came first"];

/// Runs two jobs while nothing shuts the pool down. The outcome is which of them came first.
fn meet(harness: &Harness, workers: usize) {
    let met = Latch::new(2);
    let first = Count::default();
    let pool = harness.subject.build(workers);
    for number in 0..2 {
        let (met, first) = (met.clone(), first.clone());
        let job = move || {
            if met.arrive() == 1 && number == 0 {
                first.add();
            }
        };
        assert!(pool.execute(Box::new(job)).is_ok());
    }
    met.wait();
    harness.reach(["the second job came first", "the first job came first"][first.get()]);
}

pub(crate) const MEETING: Scenario = Scenario {
    name: "jobs-meet",
    property: "a job can wait for the job queued behind it, which the other worker runs: 2 workers",
    clauses: &[7],
    reach: &["met"],
    world: World::PLAIN,
    body: |harness| {
        let pool = harness.subject.build(2);
        let (met, done) = (Latch::new(2), Latch::new(1));
        for _ in 0..2 {
            let (met, done) = (met.clone(), done.clone());
            let job = move || {
                if met.arrive() > 0 {
                    met.wait();
                    done.done();
                }
            };
            assert!(pool.execute(Box::new(job)).is_ok());
        }
        done.wait();
        harness.reach("met");
    },
};

pub(crate) const FIFO: Scenario = Scenario {
    name: "fifo",
    property: "jobs start in the order of acceptance: 1 worker, 2 jobs",
    clauses: &[6],
    reach: &["in order"],
    world: World::PLAIN,
    body: |harness| {
        let order = Arc::new(sync::Mutex::new(Vec::new()));
        let pool = harness.subject.build(1);
        for number in 0..2 {
            let order = Arc::clone(&order);
            let job = move || order.lock().push(number);
            assert!(pool.execute(Box::new(job)).is_ok());
        }
        drop(pool);
        assert_eq!(*order.lock(), [0, 1], "the jobs run in the order of acceptance");
        harness.reach("in order");
    },
};

pub(crate) const PANIC_WORKER_SURVIVES: Scenario = Scenario {
    name: "panic-worker-survives",
    property: "the only worker runs the next job after one that panicked",
    clauses: &[12],
    reach: &["the next job ran"],
    world: World::PLAIN,
    body: |harness| {
        let next = Latch::new(1);
        let pool = harness.subject.build(1);
        assert!(pool.execute(Box::new(|| panic_quietly())).is_ok());
        let arrive = next.clone();
        assert!(pool.execute(Box::new(move || arrive.done())).is_ok());
        next.wait();
        harness.reach("the next job ran");
    },
};

pub(crate) const PANIC_DROP_QUIET: Scenario = Scenario {
    name: "panic-drop-quiet",
    property: "after a job that panicked, drop returns and does not panic",
    clauses: &[16],
    reach: &["returned"],
    world: World::PLAIN,
    body: |harness| {
        let pool = harness.subject.build(1);
        assert!(pool.execute(Box::new(|| panic_quietly())).is_ok());
        drop(pool);
        harness.reach("returned");
    },
};

pub(crate) const PANIC_NOTHING_LOST: Scenario = Scenario {
    name: "panic-nothing-lost",
    property: "a job queued behind one that panics has run when drop returns or panics",
    clauses: &[4, 12],
    reach: &["the next job ran"],
    world: World::PLAIN,
    body: |harness| {
        let ran = Count::default();
        let pool = harness.subject.build(1);
        assert!(pool.execute(Box::new(|| panic_quietly())).is_ok());
        let accepted = quietly(|| pool.execute(Box::new(ran.job())).is_ok());
        let _ = quietly(|| drop(pool));
        if accepted == Some(true) {
            assert_eq!(ran.get(), 1, "the accepted job has neither run nor been reported");
            harness.reach("the next job ran");
        }
    },
};

pub(crate) const PANIC_EXECUTE_ANSWERS: Scenario = Scenario {
    name: "panic-execute-answers",
    property: "after a job that panicked, a submission returns: accepted, or refused with its job",
    clauses: &[3, 12],
    reach: &["returned"],
    world: World::PLAIN,
    body: |harness| {
        let pool = harness.subject.build(1);
        assert!(pool.execute(Box::new(|| panic_quietly())).is_ok());
        let answer = pool.execute(Box::new(|| {}));
        sync::note("execute returned");
        drop(answer);
        let _ = quietly(|| drop(pool));
        harness.reach("returned");
    },
};

/// Runs code of the subject that may panic because of a defect that this scenario is not about.
/// Returns `None` if it panics.
fn quietly<R>(subject_code: impl FnOnce() -> R) -> Option<R> {
    crate::scenarios::expected_panics::without_hook(|| catch_unwind(AssertUnwindSafe(subject_code)))
        .ok()
}

pub(crate) const DROP_ON_WORKER: Scenario = Scenario {
    name: "drop-on-worker",
    property: "a pool that is dropped by its own job detaches; the job queued behind still runs",
    clauses: &[2, 21],
    reach: &["the job behind ran"],
    world: World::PLAIN,
    body: |harness| {
        let behind = Latch::new(1);
        let cell = Arc::new(sync::Mutex::new(None));
        {
            // Locked until the pool is stored, so that the job finds it.
            let mut in_cell = cell.lock();
            let pool = harness.subject.build(1);
            let for_job = Arc::clone(&cell);
            let last_owner = move || {
                let pool = for_job.lock().take();
                sync::note(history::DROP);
                drop(pool);
            };
            assert!(pool.execute(Box::new(last_owner)).is_ok());
            let arrive = behind.clone();
            assert!(pool.execute(Box::new(move || arrive.done())).is_ok());
            *in_cell = Some(pool);
        }
        behind.wait();
        harness.reach("the job behind ran");
    },
};
