//! Scenarios on shutting the pool down indirectly: triggers, stop tokens, owners that detach.

use std::time::Duration;

use last_call::sync::{self, thread, Arc};
use last_call::{Cancellation, Report, ThreadPool};

use super::cancel::two_while_a_cancel_ends;
use super::shutdown::{balanced, settled, spawn};
use crate::scenarios::scenario::{Harness, Scenario, World};
use crate::scenarios::tools::{at_drop, history, Count, Latch};

const TAKING_OVER: Scenario = Scenario {
    name: "",
    property: "",
    clauses: &[1, 4, 5, 18, 20],
    reach: &["both ran", "one was cancelled", "both were cancelled"],
    world: World::PLAIN,
    body: |_| {},
};

pub(crate) const DISCARD_DURING_DRAIN: Scenario = Scenario {
    name: "discard-during-drain",
    property:
        "a discard by a trigger takes over from the drain of the owner; handles and report agree",
    body: |harness| discard_during_drain(harness, 1),
    ..TAKING_OVER
};

pub(crate) const DISCARD_DURING_DRAIN_TWO: Scenario = Scenario {
    name: "discard-during-drain-2",
    property: "a discard takes over from a drain with 2 workers; handles and report agree",
    body: |harness| discard_during_drain(harness, 2),
    ..TAKING_OVER
};

fn discard_during_drain(harness: &Harness, workers: usize) {
    let pool = harness.pool(workers);
    let trigger = pool.shutdown_trigger();
    let ran = Count::default();
    let handles = [pool.submit(ran.job()).unwrap(), pool.submit(ran.job()).unwrap()];
    let other = spawn("trigger", move || trigger.discard());
    let report = pool.shutdown();
    settled(&report);
    assert_eq!((report.completed, report.unfinished), (ran.get() as u64, 0));
    let cancelled = handles
        .into_iter()
        .map(|handle| handle.try_join().expect("resolved before shutdown returns"))
        .filter(last_call::Outcome::is_cancelled)
        .count();
    assert_eq!(cancelled + ran.get(), 2);
    harness.reach(["both ran", "one was cancelled", "both were cancelled"][cancelled]);
    other.join().unwrap();
}

pub(crate) const TWO_TRIGGERS: Scenario = Scenario {
    name: "two-triggers",
    property:
        "a drain and a discard from two threads: the job has one outcome, and shutdown returns",
    clauses: &[1, 4, 18],
    reach: &["ran", "cancelled"],
    world: World::PLAIN,
    body: |harness| {
        let pool = harness.pool(1);
        let (drain, discard) = (pool.shutdown_trigger(), pool.shutdown_trigger());
        let ran = Count::default();
        pool.execute(ran.job()).unwrap();
        let drainer = spawn("drain", move || drain.drain());
        let discarder = spawn("discard", move || discard.discard());
        drainer.join().unwrap();
        discarder.join().unwrap();
        let report = pool.shutdown();
        settled(&report);
        assert_eq!(report.completed, ran.get() as u64);
        harness.reach(if ran.get() == 1 { "ran" } else { "cancelled" });
    },
};

pub(crate) const WAIT_FOR_TERMINATION: Scenario = Scenario {
    name: "wait-for-termination",
    property:
        "every termination waiter returns after the last job has ended, even if another thread waits too",
    clauses: &[18],
    reach: &["terminated"],
    world: World::PLAIN,
    body: |harness| {
        let pool = harness.pool(1);
        let trigger = pool.shutdown_trigger();
        let ran = Count::default();
        pool.execute(ran.job()).unwrap();
        let waiter = {
            let ran = ran.clone();
            spawn("waiter", move || {
                trigger.drain();
                trigger.wait().unwrap();
                assert_eq!(ran.get(), 1, "the job has ended");
            })
        };
        let trigger = pool.shutdown_trigger();
        trigger.drain();
        trigger.wait().unwrap();
        assert_eq!(ran.get(), 1, "the job has ended");
        drop(pool);
        waiter.join().unwrap();
        harness.reach("terminated");
    },
};

pub(crate) const WAIT_FOR_TERMINATION_TWO: Scenario = Scenario {
    name: "wait-for-termination-2",
    property:
        "a termination waiter returns after both workers have finished their jobs and stop hooks",
    clauses: &[18],
    reach: &["terminated"],
    world: World::PLAIN,
    body: |harness| {
        let (ran, stopped) = (Count::default(), Count::default());
        let on_stop = stopped.clone();
        let builder = harness.builder().workers(2).on_stop(move |_| on_stop.add());
        let pool = builder.build().unwrap();
        pool.execute(ran.job()).unwrap();
        let trigger = pool.shutdown_trigger();
        trigger.drain();
        trigger.wait().unwrap();
        assert_eq!((ran.get(), stopped.get()), (1, 2), "both workers have ended");
        harness.reach("terminated");
    },
};

pub(crate) const WAIT_WHILE_CANCELLING: Scenario = Scenario {
    name: "wait-while-cancelling",
    property:
        "two termination waiters return when a cancel ends, and its job has its outcome by then",
    clauses: &[18, 25],
    reach: &["both slept", "one slept", "none slept", "it ran"],
    world: World::PLAIN,
    body: |harness| {
        two_while_a_cancel_ends(harness, |pool| {
            let trigger = pool.shutdown_trigger();
            move |job| {
                trigger.wait().unwrap();
                assert!(job.is_finished(), "the cancel has ended");
            }
        });
    },
};

pub(crate) const WAIT_WHILE_DISCARDING: Scenario = Scenario {
    name: "wait-while-discarding",
    property: "a termination waiter finds every handle resolved while another thread discards",
    clauses: &[18, 24],
    reach: &["ran", "cancelled"],
    world: World::PLAIN,
    body: |harness| {
        let pool = harness.pool(1);
        let trigger = pool.shutdown_trigger();
        let handle = pool.submit(|| ()).unwrap();
        let discarder = spawn("discarder", move || trigger.discard());
        pool.shutdown_trigger().wait().unwrap();
        let outcome = handle.try_join().expect("resolved before the wait returns");
        harness.reach(if outcome.is_completed() { "ran" } else { "cancelled" });
        discarder.join().unwrap();
    },
};

const STOPPING: Scenario = Scenario {
    name: "",
    property: "",
    clauses: &[11, 19],
    reach: &["running", "stopping"],
    world: World::PLAIN,
    body: |_| {},
};

pub(crate) const STOP_TOKEN: Scenario = Scenario {
    name: "stop-token",
    property:
        "a stop token is not set before shutdown, and is set once a submission has been refused",
    body: |harness| {
        stopping(harness, drop);
    },
    ..STOPPING
};

pub(crate) const STOP_TOKEN_DISCARD: Scenario = Scenario {
    name: "stop-token-discard",
    property: "the same when the shutdown is a discard and the job has started",
    reach: &["running", "stopping", "cancelled"],
    body: |harness| {
        let ran = stopping(harness, |pool| settled(&pool.shutdown_now()));
        if ran == 0 {
            harness.reach("cancelled");
        }
    },
    ..STOPPING
};

fn stopping(harness: &Harness, shut_down: fn(ThreadPool)) -> usize {
    let pool = harness.pool(1);
    let (token, submitter) = (pool.stop_token(), pool.submitter());
    assert!(!token.is_stopping());
    let ran = Count::default();
    let job = {
        let (harness, token, ran) = (harness.clone(), token.clone(), ran.clone());
        move || {
            let refused = submitter.execute(|| ()).is_err();
            let stopping = token.is_stopping();
            assert!(stopping || !refused, "refused, but the stop token is not set");
            harness.reach(if stopping { "stopping" } else { "running" });
            ran.add();
        }
    };
    pool.execute(job).unwrap();
    shut_down(pool);
    assert!(token.is_stopping());
    ran.get()
}

type Reports = Arc<sync::Mutex<Vec<Report>>>;

/// Returns a termination hook, the reports that it receives, and a latch that opens at the first.
fn final_reports() -> (Latch, Reports, impl Fn(&Report) + Send + Sync) {
    let delivered = Latch::new(1);
    let reports = Reports::default();
    let hook = {
        let (delivered, reports) = (delivered.clone(), Arc::clone(&reports));
        move |report: &Report| {
            history::outside_locks();
            reports.lock().push(report.clone());
            delivered.done();
        }
    };
    (delivered, reports, hook)
}

pub(crate) const FINAL_REPORT_IN_TIME: Scenario = Scenario {
    name: "final-report-in-time",
    property: "a shutdown_timeout in time has passed the final report to the hook when it returns: 2 workers",
    clauses: &[5, 17, 21],
    reach: &["the owner slept", "the workers had ended"],
    world: World::PLAIN,
    body: |harness| {
        // The deadline does not pass.
        const LONG: Duration = Duration::from_secs(3600);
        let (_, reports, hook) = final_reports();
        let pool = harness.builder().workers(2).on_terminated(hook).build().unwrap();
        pool.execute(|| ()).unwrap();
        let report = pool.shutdown_timeout(LONG);
        settled(&report);
        assert_eq!(*reports.lock(), [report], "the hook got the same report, once");
        harness.reach(if history::slept("main") {
            "the owner slept"
        } else {
            "the workers had ended"
        });
    },
};

pub(crate) const FINAL_REPORT_AFTER_CANCELS: Scenario = Scenario {
    name: "final-report-after-cancels",
    property: "a pool that is dropped inside nested cancels reports after both cancels have ended",
    clauses: &[5, 21, 25],
    reach: &["dropped by the canceller", "dropped by the worker"],
    world: World::PLAIN,
    body: |harness| {
        let (delivered, reports, hook) = final_reports();
        let (by_canceller, outer_ended) = (Count::default(), Count::default());
        let hook = {
            let (by_canceller, outer_ended) = (by_canceller.clone(), outer_ended.clone());
            move |report: &Report| {
                let ended = by_canceller.get() == 0 || outer_ended.get() == 1;
                assert!(ended, "the canceller detaches after its outermost cancel");
                hook(report);
            }
        };
        let cell = Arc::new(sync::Mutex::new(None::<ThreadPool>));
        let cancelled = Count::default();
        let outer = {
            // Locked until the pool is stored, so that the destructor finds it.
            let mut in_cell = cell.lock();
            let pool = harness.builder().workers(1).on_terminated(hook).build().unwrap();
            let (for_inner, main) = (Arc::clone(&cell), thread::current_id());
            let by_canceller = by_canceller.clone();
            let ends_the_pool = at_drop(move || {
                if thread::current_id() == main {
                    by_canceller.add();
                }
                let pool = for_inner.lock().take();
                drop(pool);
            });
            let inner = pool.submit(move || drop(ends_the_pool)).unwrap();
            let cancelled = cancelled.clone();
            let cancels = at_drop(move || {
                if inner.cancel() == Cancellation::Cancelled {
                    cancelled.add();
                }
                outer_ended.add();
            });
            let outer = pool.submit(move || drop(cancels)).unwrap();
            *in_cell = Some(pool);
            outer
        };
        if outer.cancel() == Cancellation::Cancelled {
            cancelled.add();
        }
        delivered.wait();
        let reports = reports.lock();
        assert_eq!(reports.len(), 1);
        settled(&reports[0]);
        assert_eq!((reports[0].accepted, reports[0].cancelled), (2, cancelled.get() as u64));
        let outcomes = ["dropped by the worker", "dropped by the canceller"];
        harness.reach(outcomes[by_canceller.get()]);
    },
};

pub(crate) const LET_GO_BESIDE_CANCEL: Scenario = Scenario {
    name: "let-go-beside-cancel",
    property: "a pool that is shut down on its own worker during a cancel detaches; the job is unfinished in the first report, cancelled in the final one",
    clauses: &[5, 21, 25],
    reach: &["the cancel was under way", "the cancel had ended"],
    world: World::PLAIN,
    body: |harness| {
        let (delivered, reports, hook) = final_reports();
        let ended = Count::default();
        let hook = {
            let (harness, ended) = (harness.clone(), ended.clone());
            move |report: &Report| {
                harness.reach(["the cancel was under way", "the cancel had ended"][ended.get()]);
                hook(report);
            }
        };
        let (held, go) = (Latch::new(1), Latch::new(1));
        let pool = harness.builder().workers(1).on_terminated(hook).build().unwrap();
        let cell = Arc::new(sync::Mutex::new(None::<ThreadPool>));
        let owner = {
            let (held, go, cell) = (held.clone(), go.clone(), Arc::clone(&cell));
            move || {
                held.wait();
                let pool = cell.lock().take().expect("stored before the cancel");
                let report = pool.shutdown();
                balanced(&report);
                // Unfinished: this job, and the one that is being cancelled, which is not running.
                assert_eq!((report.unfinished, report.unfinished_jobs.len()), (2, 1));
                go.done();
            }
        };
        pool.execute(owner).unwrap();
        let capture = at_drop(move || {
            held.done();
            go.wait();
        });
        let job = pool.submit(move || drop(capture)).unwrap();
        *cell.lock() = Some(pool);
        assert_eq!(job.cancel(), Cancellation::Cancelled);
        ended.add();
        delivered.wait();
        let reports = reports.lock();
        assert_eq!(reports.len(), 1);
        settled(&reports[0]);
        assert_eq!((reports[0].completed, reports[0].cancelled), (1, 1));
    },
};

pub(crate) const FINAL_REPORT_FROM_WORKER: Scenario = Scenario {
    name: "final-report-from-worker",
    property: "a pool that is dropped on its own worker finishes its queue and reports once, to the hook: 2 workers",
    clauses: &[5, 21],
    reach: &["reported"],
    world: World::PLAIN,
    body: |harness| {
        let (delivered, reports, hook) = final_reports();
        let cell = Arc::new(sync::Mutex::new(None));
        {
            // Locked until the pool is stored, so that the job finds it.
            let mut in_cell = cell.lock();
            let pool = harness.builder().workers(2).on_terminated(hook).build().unwrap();
            let for_job = Arc::clone(&cell);
            pool.execute(move || drop::<Option<ThreadPool>>(for_job.lock().take())).unwrap();
            *in_cell = Some(pool);
        }
        delivered.wait();
        let reports = reports.lock();
        assert_eq!(reports.len(), 1);
        balanced(&reports[0]);
        assert_eq!((reports[0].completed, reports[0].unfinished), (1, 0));
        harness.reach("reported");
    },
};

pub(crate) const FINAL_REPORT_FROM_OWNER: Scenario = Scenario {
    name: "final-report-from-owner",
    property: "an owner that has joined its workers passes the final report to the hook, once",
    clauses: &[5, 17, 20],
    reach: &["reported"],
    world: World::PLAIN,
    body: |harness| {
        let (_, reports, hook) = final_reports();
        let pool = harness.builder().workers(1).on_terminated(hook).build().unwrap();
        pool.execute(|| ()).unwrap();
        let report = pool.shutdown();
        settled(&report);
        assert_eq!(*reports.lock(), [report], "the hook got the same report, once");
        harness.reach("reported");
    },
};

pub(crate) const FINAL_REPORT_OF_TWO: Scenario = Scenario {
    name: "final-report-of-two",
    property: "after a deadline, the final report counts both jobs as completed or cancelled",
    clauses: &[5, 17, 21],
    reach: &["in time", "the first completed", "unfinished at the deadline", "both were cancelled"],
    world: World::PLAIN,
    body: |harness| {
        let (delivered, reports, hook) = final_reports();
        let pool = harness.builder().workers(1).on_terminated(hook).build().unwrap();
        pool.execute(|| ()).unwrap();
        pool.execute(|| ()).unwrap();
        let first = pool.shutdown_timeout(Duration::from_secs(1));
        balanced(&first);
        delivered.wait();
        let reports = reports.lock();
        assert_eq!(reports.len(), 1);
        balanced(&reports[0]);
        assert_eq!(reports[0].unfinished, 0);
        assert_eq!(reports[0].completed, first.completed + first.unfinished);
        assert_eq!(reports[0].cancelled, first.cancelled);
        harness.reach(match (first.completed, first.unfinished) {
            (2, 0) => "in time",
            (1, 0) => "the first completed",
            (0, 0) => "both were cancelled",
            _ => "unfinished at the deadline",
        });
    },
};

const LATE_REPORT: Scenario = Scenario {
    name: "",
    property: "",
    clauses: &[5, 17, 21],
    reach: &["in time", "unfinished at the deadline", "cancelled at the deadline"],
    world: World::PLAIN,
    body: |_| {},
};

pub(crate) const FINAL_REPORT_AFTER_DEADLINE: Scenario = Scenario {
    name: "final-report-after-deadline",
    property: "after a deadline, the hook gets one final report, in which nothing is unfinished",
    body: |harness| final_report_after_deadline(harness, 1),
    ..LATE_REPORT
};

pub(crate) const FINAL_REPORT_AFTER_DEADLINE_TWO: Scenario = Scenario {
    name: "final-report-after-deadline-2",
    property: "after a deadline, the last of 2 workers passes the one final report to the hook",
    body: |harness| final_report_after_deadline(harness, 2),
    ..LATE_REPORT
};

fn final_report_after_deadline(harness: &Harness, workers: usize) {
    let (delivered, reports, hook) = final_reports();
    let pool = harness.builder().workers(workers).on_terminated(hook).build().unwrap();
    pool.execute(|| ()).unwrap();
    let first = pool.shutdown_timeout(Duration::from_secs(1));
    balanced(&first);
    delivered.wait();
    let reports = reports.lock();
    assert_eq!(reports.len(), 1);
    balanced(&reports[0]);
    assert_eq!(reports[0].unfinished, 0);
    assert_eq!(reports[0].completed, first.completed + first.unfinished);
    assert_eq!(reports[0].cancelled, first.cancelled);
    harness.reach(match (first.completed, first.unfinished) {
        (1, 0) => "in time",
        (0, 1) => "unfinished at the deadline",
        _ => "cancelled at the deadline",
    });
}
