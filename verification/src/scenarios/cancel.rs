//! Scenarios on cancelling single jobs: one claim decides between start, cancel and discard.

use last_call::{CancelReason, Cancellation, Outcome};

use super::shutdown::{settled, spawn};
use crate::scenario::{Count, Scenario, Stage, World};

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
    body: |stage| cancel_racing_start(stage, 1),
    ..RACING_START
};

pub(crate) const CANCEL_RACING_START_TWO: Scenario = Scenario {
    name: "cancel-racing-start-2",
    property:
        "cancel with 2 workers: a job that was cancelled never runs, one that was not runs once",
    body: |stage| cancel_racing_start(stage, 2),
    ..RACING_START
};

fn cancel_racing_start(stage: &Stage, workers: usize) {
    let pool = stage.pool(workers);
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
    stage.reach(match cancellation {
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
    body: |stage| {
        let pool = stage.pool(1);
        let (ran, dropped) = (Count::default(), Count::default());
        let (run, capture) = (ran.job(), dropped.on_drop());
        let handle = pool.submit(move || {
            run();
            drop(capture);
        });
        let handle = handle.unwrap();
        let canceller = spawn("canceller", {
            let stage = stage.clone();
            move || {
                let cancellation = handle.cancel();
                let by_handle = cancellation == Cancellation::Cancelled;
                let outcome = handle.join();
                match outcome {
                    Outcome::Completed(()) => stage.reach("ran"),
                    Outcome::Cancelled(CancelReason::Requested) => {
                        assert!(by_handle);
                        stage.reach("cancelled by its handle");
                    }
                    Outcome::Cancelled(_) => {
                        assert!(!by_handle);
                        stage.reach("discarded");
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
