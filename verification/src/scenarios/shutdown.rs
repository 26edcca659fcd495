//! Scenarios on the interface of this pool: every kind of shutdown, racing submitters and jobs.

use std::time::Duration;

use last_call::sync::{self, thread, Arc};
use last_call::{Cancellation, Outcome, QueuedJob, Report, ThreadPool};

use crate::scenarios::scenario::{Harness, Scenario, World};
use crate::scenarios::tools::{at_drop, history, panic_quietly, Count, Latch};

pub(crate) const PROGRESS_OWNED: Scenario = Scenario {
    name: "progress-owned-2x2",
    property:
        "two jobs that own the pool run before any shutdown; the drop by the last owner returns",
    clauses: &[2, 7, 16, 21],
    reach: &["main dropped it", "the first job dropped it", "the second job dropped it"],
    world: World::PLAIN,
    // Both jobs own the pool, so it cannot be shut down before both have run. That needs no latch,
    // so two workers with two jobs can be explored without a bound.
    body: |harness| {
        let pool = harness.pool(2);
        let submitter = pool.submitter();
        // The number of owners left, and the pool. The lock decides which owner is the last.
        let owned = Arc::new(sync::Mutex::new((3, Some(pool))));
        let disown = |outcome| {
            let (harness, owned) = (harness.clone(), Arc::clone(&owned));
            move || {
                let mut owned = owned.lock();
                owned.0 -= 1;
                let last = (owned.0 == 0).then(|| owned.1.take());
                drop(owned);
                if let Some(pool) = last {
                    drop::<Option<ThreadPool>>(pool);
                    harness.reach(outcome);
                }
            }
        };
        submitter.execute(disown("the first job dropped it")).unwrap();
        submitter.execute(disown("the second job dropped it")).unwrap();
        disown("main dropped it")();
    },
};

const RACE: Scenario = Scenario {
    name: "",
    property: "",
    clauses: &[2, 3, 4, 16],
    reach: &["accepted and ran", "refused and handed back"],
    world: World::PLAIN,
    body: |_| {},
};

pub(crate) const SUBMIT_RACING_DROP: Scenario = Scenario {
    name: "submit-racing-drop",
    property: "a job submitted while the pool is dropped runs or comes back: 1 worker",
    body: |harness| submit_racing_drop(harness, 1),
    ..RACE
};

pub(crate) const SUBMIT_RACING_DROP_TWO: Scenario = Scenario {
    name: "submit-racing-drop-2",
    property: "a job submitted while the pool is dropped runs or comes back: 2 workers",
    body: |harness| submit_racing_drop(harness, 2),
    ..RACE
};

fn submit_racing_drop(harness: &Harness, workers: usize) {
    let pool = harness.pool(workers);
    let submitter = pool.submitter();
    let (ran, refused) = (Count::default(), Count::default());
    let outside = {
        let (ran, refused) = (ran.clone(), refused.clone());
        spawn("outside", move || {
            if let Err(error) = submitter.execute(ran.job()) {
                assert!(error.is_shut_down());
                refused.add();
            }
        })
    };
    drop(pool);
    let ran_by_then = ran.get();
    outside.join().unwrap();
    assert_eq!(ran.get() + refused.get(), 1, "the job ran once or came back once");
    assert_eq!(ran.get(), ran_by_then, "nothing runs after drop");
    harness.reach(if ran.get() == 1 { "accepted and ran" } else { "refused and handed back" });
}

pub(crate) const JOB_SUBMITS_WHILE_DRAINING: Scenario = Scenario {
    name: "job-submits-while-draining",
    property:
        "a submission from a running job is accepted before the drain begins and refused after",
    clauses: &[3, 5, 11],
    reach: &["the child ran", "the child was refused"],
    world: World::PLAIN,
    body: |harness| {
        let pool = harness.pool(1);
        let submitter = pool.submitter();
        let (ran, refused) = (Count::default(), Count::default());
        let parent = {
            let (ran, refused) = (ran.clone(), refused.clone());
            move || {
                if submitter.execute(ran.job()).is_err() {
                    refused.add();
                }
            }
        };
        pool.execute(parent).unwrap();
        let report = pool.shutdown();
        settled(&report);
        assert_eq!(ran.get() + refused.get(), 1, "the child ran once or came back once");
        assert_eq!(report.completed, 1 + ran.get() as u64);
        assert_eq!(report.rejected, refused.get() as u64);
        harness.reach(if ran.get() == 1 { "the child ran" } else { "the child was refused" });
    },
};

pub(crate) const DISCARD_RACING_JOBS: Scenario = Scenario {
    name: "discard-racing-jobs",
    property:
        "shutdown_now: each job ran or was cancelled, its captures are dropped, its handle is resolved",
    clauses: &[1, 4, 5, 17, 20, 24],
    reach: &["both ran", "the first ran, the second was cancelled", "both were cancelled"],
    world: World::PLAIN,
    body: |harness| {
        let pool = harness.pool(1);
        let (ran, dropped) = (Count::default(), Count::default());
        let handles: Vec<_> = (0..2)
            .map(|_| {
                let (run, capture) = (ran.job(), dropped.on_drop());
                pool.submit(move || {
                    run();
                    drop(capture);
                })
            })
            .map(Result::unwrap)
            .collect();
        let report = pool.shutdown_now();
        settled(&report);
        assert_eq!(dropped.get(), 2, "the captures of both jobs are dropped");
        let ended: Vec<_> = handles
            .into_iter()
            .map(|handle| handle.try_join().expect("resolved before shutdown_now returns"))
            .map(|outcome| outcome.is_completed())
            .collect();
        assert_eq!(ended.iter().filter(|ran| **ran).count(), ran.get());
        assert_eq!(report.completed, ran.get() as u64);
        harness.reach(match ended[..] {
            [true, true] => "both ran",
            [true, false] => "the first ran, the second was cancelled",
            [false, false] => "both were cancelled",
            _ => panic!("the second job ran and the first did not"),
        });
    },
};

pub(crate) const DISCARD_TWO_WORKERS: Scenario = Scenario {
    name: "discard-2x2",
    property:
        "shutdown_now with 2 workers, 2 jobs: each ran or was cancelled, and the report agrees",
    clauses: &[4, 5, 17, 20],
    reach: &["none cancelled", "one cancelled", "both cancelled"],
    world: World::PLAIN,
    body: |harness| {
        let pool = harness.pool(2);
        let ran = Count::default();
        pool.execute(ran.job()).unwrap();
        pool.execute(ran.job()).unwrap();
        let report = pool.shutdown_now();
        settled(&report);
        assert_eq!(report.completed, ran.get() as u64);
        let cancelled = usize::try_from(report.cancelled).unwrap();
        assert_eq!(cancelled + ran.get(), 2);
        harness.reach(["none cancelled", "one cancelled", "both cancelled"][cancelled]);
    },
};

pub(crate) const DEADLINE: Scenario = Scenario {
    name: "deadline",
    property: "shutdown_timeout: in time, all jobs ran; at the deadline, queued jobs are cancelled and the running job is named",
    clauses: &[1, 4, 5, 17, 24],
    reach: &[
        "all had run",
        "the first had run, the second was running",
        "the first had run, the second was cancelled",
        "the first was running, the second was cancelled",
        "both were cancelled",
    ],
    world: World::PLAIN,
    body: |harness| {
        let pool = harness.pool(1);
        let dropped = Count::default();
        let job = || {
            let capture = dropped.on_drop();
            move || drop(capture)
        };
        let first = pool.submit(job()).unwrap();
        let second = pool.submit(job()).unwrap();
        let report = pool.shutdown_timeout(Duration::from_secs(1));
        balanced(&report);
        assert_eq!(report.unfinished, report.unfinished_jobs.len() as u64);
        let running: Vec<_> = report.unfinished_jobs.iter().map(|job| job.id).collect();
        let ids = [first.id(), second.id()];

        // Each handle resolves to the outcome that the report gave.
        let outcomes = [first.join(), second.join()];
        let completed = outcomes.iter().filter(|outcome| outcome.is_completed()).count() as u64;
        assert_eq!(completed, report.completed + report.unfinished);
        assert_eq!(dropped.get(), 2, "the captures of both jobs are dropped");
        harness.reach(match (report.completed, report.cancelled, &running[..]) {
            (2, 0, []) => "all had run",
            (1, 0, [id]) if *id == ids[1] => "the first had run, the second was running",
            (1, 1, []) => "the first had run, the second was cancelled",
            (0, 1, [id]) if *id == ids[0] => "the first was running, the second was cancelled",
            (0, 2, []) => "both were cancelled",
            other => panic!("unexpected report: {other:?}"),
        });
    },
};

pub(crate) const DEADLINE_TWO_WORKERS: Scenario = Scenario {
    name: "deadline-2x2",
    property: "shutdown_timeout with 2 workers, 2 jobs: each ends as reported, whichever worker the report reads first",
    clauses: &[1, 4, 5, 17, 24],
    reach: &[
        "both had run",
        "one had run, one was running",
        "one had run, one was cancelled",
        "both were running",
        "one was running, one was cancelled",
        "both were cancelled",
    ],
    world: World::PLAIN,
    body: |harness| {
        let pool = harness.pool(2);
        let handles = [pool.submit(|| ()).unwrap(), pool.submit(|| ()).unwrap()];
        let report = pool.shutdown_timeout(Duration::from_secs(1));
        balanced(&report);
        assert_eq!(report.unfinished, report.unfinished_jobs.len() as u64);
        let running: Vec<_> = report.unfinished_jobs.iter().map(|job| job.id).collect();
        let mut completed = 0;
        for handle in handles {
            let id = handle.id();
            let outcome = handle.join();
            completed += u64::from(outcome.is_completed());
            // A job that is reported as running is not cancelled later.
            assert!(outcome.is_completed() || !running.contains(&id));
        }
        // No job that the report counts as cancelled starts later.
        assert_eq!(completed, report.completed + report.unfinished);
        harness.reach(match (report.completed, report.unfinished) {
            (2, 0) => "both had run",
            (1, 1) => "one had run, one was running",
            (1, 0) => "one had run, one was cancelled",
            (0, 2) => "both were running",
            (0, 1) => "one was running, one was cancelled",
            _ => "both were cancelled",
        });
    },
};

pub(crate) const DEADLINE_IN_TIME: Scenario = Scenario {
    name: "deadline-in-time",
    property: "shutdown_timeout returns when the workers have ended, not at its deadline, and stop hooks have run",
    clauses: &[5, 17],
    reach: &["the owner slept", "the workers had ended"],
    world: World::PLAIN,
    body: |harness| {
        // The deadline does not pass, so only the end of the workers can wake the owner.
        const LONG: Duration = Duration::from_secs(3600);
        // A lock that the explorers see: the claim is that the hook has already run.
        let stopped = Arc::new(sync::Mutex::new(0));
        let on_stop = Arc::clone(&stopped);
        let stop = move |_| *on_stop.lock() += 1;
        let pool = harness.builder().workers(1).on_stop(stop).build().unwrap();
        pool.execute(|| ()).unwrap();
        let report = pool.shutdown_timeout(LONG);
        balanced(&report);
        assert_eq!((report.completed, *stopped.lock()), (1, 1));
        harness.reach(if history::slept("main") {
            "the owner slept"
        } else {
            "the workers had ended"
        });
    },
};

pub(crate) const DEADLINE_STUCK: Scenario = Scenario {
    name: "deadline-stuck-job",
    property:
        "shutdown_timeout cancels the jobs queued behind one that does not end, and names that one",
    clauses: &[4, 17, 24],
    reach: &["it was running", "it had not started"],
    world: World::PLAIN,
    body: |harness| {
        let pool = harness.pool(1);
        let gate = Latch::new(1);
        let held = gate.clone();
        let first = pool.submit(move || held.wait()).unwrap();
        let second = pool.submit(|| panic!("a cancelled job ran")).unwrap();
        let report = pool.shutdown_timeout(Duration::from_secs(1));
        balanced(&report);
        // The gate is still closed, so only the deadline can have resolved the handle.
        assert!(second.join().is_cancelled());
        harness.reach(if report.unfinished == 1 {
            assert_eq!(report.unfinished_jobs[0].id, first.id());
            "it was running"
        } else {
            "it had not started"
        });
        gate.done();
        let _ = first.join();
    },
};

pub(crate) const DEADLINE_PANIC: Scenario = Scenario {
    name: "deadline-panic",
    property:
        "shutdown_timeout: every panic that the report counts is listed with its id and message",
    clauses: &[5, 12, 17],
    reach: &["panicked", "running", "cancelled"],
    world: World::PLAIN,
    body: |harness| {
        let pool = harness.pool(1);
        pool.execute(|| panic_quietly()).unwrap();
        let report = pool.shutdown_timeout(Duration::from_secs(1));
        balanced(&report);
        assert_eq!(report.panics.len() as u64, report.panicked);
        assert!(report.panics.iter().all(|panic| panic.message == "a job's panic"));
        harness.reach(match (report.panicked, report.unfinished) {
            (1, 0) => "panicked",
            (0, 1) => "running",
            _ => "cancelled",
        });
    },
};

const BESIDE_CANCEL: Scenario = Scenario {
    name: "",
    property: "",
    clauses: &[4, 5, 17, 25],
    reach: &[],
    world: World::PLAIN,
    body: |_| {},
};

pub(crate) const DEADLINE_BESIDE_CANCEL: Scenario = Scenario {
    name: "deadline-beside-cancel",
    property:
        "shutdown_timeout returns while a cancel does not end, and reports its job as cancelled",
    reach: &["it had run", "it was running", "it was cancelled"],
    body: |harness| deadline_beside_cancel(harness, false),
    ..BESIDE_CANCEL
};

pub(crate) const DEADLINE_STUCK_BESIDE_CANCEL: Scenario = Scenario {
    name: "deadline-stuck-beside-cancel",
    property: "shutdown_timeout returns while neither a job nor a cancel ends: one is unfinished, the other cancelled",
    reach: &["it was running", "it was cancelled"],
    body: |harness| deadline_beside_cancel(harness, true),
    ..BESIDE_CANCEL
};

fn deadline_beside_cancel(harness: &Harness, stuck: bool) {
    let pool = harness.pool(1);
    let (gate, held, go) = (Latch::new(1), Latch::new(1), Latch::new(1));
    let until = gate.clone();
    let first = pool.submit(move || until.wait()).unwrap();
    let capture = {
        let (held, go) = (held.clone(), go.clone());
        at_drop(move || {
            held.done();
            go.wait();
        })
    };
    let second = pool.submit(move || drop(capture)).unwrap();
    let canceller = spawn("canceller", move || {
        assert_eq!(second.cancel(), Cancellation::Cancelled);
        assert!(second.join().is_cancelled());
    });
    held.wait();
    if !stuck {
        gate.done();
    }
    let report = pool.shutdown_timeout(Duration::from_secs(1));
    balanced(&report);
    // The cancel is still blocked, so only the deadline can have ended the shutdown.
    let running: Vec<_> = report.unfinished_jobs.iter().map(|job| job.id).collect();
    let outcome = match (report.completed, report.cancelled, &running[..]) {
        (1, 1, []) if !stuck => "it had run",
        (0, 1, [id]) if *id == first.id() => "it was running",
        (0, 2, []) => "it was cancelled",
        other => panic!("unexpected report: {other:?}"),
    };
    if stuck {
        gate.done();
    }
    go.done();
    assert_eq!(first.join().is_cancelled(), outcome == "it was cancelled");
    canceller.join().unwrap();
    harness.reach(outcome);
}

pub(crate) const CAPTURES_BEFORE_HANDLE: Scenario = Scenario {
    name: "captures-before-handle",
    property:
        "the captures of a job that ran or was cancelled are dropped before its handle resolves",
    clauses: &[6, 15],
    reach: &["completed", "cancelled"],
    world: World::PLAIN,
    body: |harness| {
        // A lock that the explorers see: the claim is about the order.
        struct Capture(Arc<sync::Mutex<usize>>);
        impl Drop for Capture {
            fn drop(&mut self) {
                *self.0.lock() += 1;
            }
        }
        let dropped = Arc::new(sync::Mutex::new(0));
        let pool = harness.pool(1);
        let capture = Capture(Arc::clone(&dropped));
        let handle = pool.submit(move || drop(capture)).unwrap();
        let joiner = spawn("joiner", {
            let harness = harness.clone();
            move || {
                let outcome = handle.join();
                assert_eq!(*dropped.lock(), 1, "captures are dropped before the handle resolves");
                harness.reach(if outcome.is_completed() { "completed" } else { "cancelled" });
            }
        });
        settled(&pool.shutdown_now());
        joiner.join().unwrap();
    },
};

pub(crate) const TAKE_QUEUED: Scenario = Scenario {
    name: "take-queued",
    property:
        "take_queued with 2 workers, 2 jobs: each ran, or came back unrun, and the report agrees",
    clauses: &[1, 4, 5, 35],
    reach: &["none came back", "one came back", "both came back"],
    world: World::PLAIN,
    body: |harness| {
        let pool = harness.pool(2);
        let ran = Count::default();
        pool.execute(ran.job()).unwrap();
        pool.execute(ran.job()).unwrap();
        let queued = pool.take_queued();
        let report = pool.shutdown();
        settled(&report);
        assert_eq!(report.completed, ran.get() as u64);
        assert_eq!((report.cancelled, ran.get() + queued.len()), (queued.len() as u64, 2));
        harness.reach(["none came back", "one came back", "both came back"][queued.len()]);
        queued.into_iter().for_each(QueuedJob::run);
        assert_eq!(ran.get(), 2, "each job runs once");
    },
};

pub(crate) const TAKE_QUEUED_RACING_DISCARD: Scenario = Scenario {
    name: "take-queued-racing-discard",
    property: "take_queued beside another discard: the job ran, came back, or was dropped, once",
    clauses: &[1, 4, 5, 35],
    reach: &["it ran", "it came back", "the other discard dropped it"],
    world: World::PLAIN,
    body: |harness| {
        let pool = harness.pool(1);
        let (ran, dropped) = (Count::default(), Count::default());
        let (run, capture) = (ran.job(), dropped.on_drop());
        let job = move || {
            run();
            drop(capture);
        };
        pool.execute(job).unwrap();
        let trigger = pool.shutdown_trigger();
        let other = spawn("other", move || trigger.discard());
        let queued = pool.take_queued();
        other.join().unwrap();
        let report = pool.shutdown();
        settled(&report);
        assert_eq!((report.completed, report.cancelled), (ran.get() as u64, 1 - ran.get() as u64));
        assert_eq!(dropped.get() + queued.len(), 1, "it is dropped, or here");
        harness.reach(match (ran.get(), queued.len()) {
            (1, 0) => "it ran",
            (0, 1) => "it came back",
            _ => "the other discard dropped it",
        });
    },
};

pub(crate) const DISCARD_ON_WORKER: Scenario = Scenario {
    name: "discard-on-worker",
    property: "shutdown_now on a worker of the pool detaches, and cancels the job queued behind",
    clauses: &[17, 21, 24],
    reach: &["cancelled"],
    world: World::PLAIN,
    body: |harness| {
        let cell = Arc::new(sync::Mutex::new(None::<ThreadPool>));
        let behind = {
            // Locked until the pool is stored, so that the job finds it.
            let mut in_cell = cell.lock();
            let pool = harness.pool(1);
            let for_job = Arc::clone(&cell);
            let job = move || {
                let pool = for_job.lock().take().expect("the pool is in the cell");
                balanced(&pool.shutdown_now());
            };
            pool.execute(job).unwrap();
            let behind = pool.submit(|| ()).unwrap();
            *in_cell = Some(pool);
            behind
        };
        assert!(behind.join().is_cancelled());
        harness.reach("cancelled");
    },
};

pub(crate) const STATS_WHILE_SUBMITTING: Scenario = Scenario {
    name: "stats-while-submitting",
    property: "stats read while another thread submits never show more finished than accepted",
    clauses: &[5],
    reach: &["none had ended", "one had ended"],
    world: World::PLAIN,
    body: |harness| {
        let pool = harness.pool(1);
        let submitter = pool.submitter();
        let outside = spawn("outside", move || submitter.execute(|| ()).unwrap());
        let stats = pool.stats();
        assert!(stats.finished() <= stats.accepted, "{stats:?}");
        harness
            .reach(["none had ended", "one had ended"][usize::try_from(stats.finished()).unwrap()]);
        outside.join().unwrap();
    },
};

pub(crate) const STATS_WHILE_RUNNING: Scenario = Scenario {
    name: "stats-while-running",
    property: "stats never show more finished than accepted, and never decrease",
    clauses: &[5, 15],
    reach: &["before the job ended", "after the job ended"],
    world: World::PLAIN,
    body: |harness| {
        let pool = harness.pool(1);
        let handle = pool.submit(|| {}).unwrap();
        let early = pool.stats();
        assert!(early.finished() <= early.accepted);
        let outcome = handle.join();
        assert!(matches!(outcome, Outcome::Completed(())));
        let late = pool.stats();
        assert_eq!((late.accepted, late.completed), (1, 1), "counted before the handle resolved");
        assert!(early.accepted <= late.accepted && early.completed <= late.completed);
        harness.reach(if early.completed == 0 {
            "before the job ended"
        } else {
            "after the job ended"
        });
    },
};

pub(crate) const STATS_WHILE_CANCELLING: Scenario = Scenario {
    name: "stats-while-cancelling",
    property: "stats read while another thread submits and cancels a job never show more finished than accepted, and never decrease",
    clauses: &[5, 15, 25],
    reach: &["none had ended", "it had been cancelled", "it had run"],
    world: World::PLAIN,
    body: |harness| {
        let pool = harness.pool(1);
        let submitter = pool.submitter();
        let canceller = spawn("canceller", move || {
            submitter.submit(|| ()).unwrap().cancel();
        });
        let early = pool.stats();
        let late = pool.stats();
        assert!(early.finished() <= early.accepted, "{early:?}");
        assert!(late.finished() <= late.accepted, "{late:?}");
        let decreases = early.accepted > late.accepted
            || early.completed > late.completed
            || early.cancelled > late.cancelled;
        assert!(!decreases, "{early:?}, then {late:?}");
        canceller.join().unwrap();
        let report = pool.shutdown();
        settled(&report);
        assert!(late.completed <= report.completed && late.cancelled <= report.cancelled);
        harness.reach(match (late.completed, late.cancelled) {
            (0, 0) => "none had ended",
            (0, 1) => "it had been cancelled",
            _ => "it had run",
        });
    },
};

/// Starts a thread of the scenario.
pub(crate) fn spawn(name: &str, main: impl FnOnce() + Send + 'static) -> thread::JoinHandle {
    thread::spawn(name.to_owned(), None, main).unwrap()
}

/// Checks the conservation law of a report in which nothing may be unfinished. This is stronger than
/// the arithmetic, since the report counts as unfinished whatever is left over.
pub(crate) fn settled(report: &Report) {
    balanced(report);
    assert_eq!(report.unfinished, 0, "{report:?}");
}

/// Checks the conservation law.
pub(crate) fn balanced(report: &Report) {
    assert_eq!(
        report.accepted,
        report.completed + report.panicked + report.cancelled + report.unfinished,
        "conservation: {report:?}"
    );
}
