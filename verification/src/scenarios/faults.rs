//! Scenarios in which the environment fails: threads that cannot be started, hooks that panic.

use last_call::sync::fault::{Action, Fault};
use last_call::Report;

use crate::scenarios::scenario::{Harness, Scenario, World};
use crate::scenarios::tools::{panic_quietly, Count, Latch};

const SPAWN_FAILS: Scenario = Scenario {
    name: "",
    property: "",
    clauses: &[27],
    reach: &["an error"],
    world: World::PLAIN,
    body: |_| {},
};

/// Thread 0 of a model is the main thread, so worker `k` is thread `k + 1`.
const fn worker_cannot_start(worker: usize) -> Fault {
    Fault { action: Action::FailSpawn(worker + 1), file: "src/builder.rs", line: None }
}

pub(crate) const SECOND_SPAWN_FAILS: Scenario = Scenario {
    name: "build-fails-at-worker-1",
    property:
        "when the second of 3 workers cannot start, build joins the first and returns an error",
    world: World { faults: &[worker_cannot_start(1)], ..World::PLAIN },
    body: |harness| spawn_fails(harness, 1),
    ..SPAWN_FAILS
};

pub(crate) const THIRD_SPAWN_FAILS: Scenario = Scenario {
    name: "build-fails-at-worker-2",
    property:
        "when the last of 3 workers cannot start, build joins the others and returns an error",
    world: World { faults: &[worker_cannot_start(2)], ..World::PLAIN },
    body: |harness| spawn_fails(harness, 2),
    ..SPAWN_FAILS
};

pub(crate) const NO_START_HOOK_RUNS_EARLY: Scenario = Scenario {
    name: "no-start-hook-before-every-thread",
    property: "when the last of 3 workers cannot start, build returns an error and the start \
        hook, which waits for that worker, does not run",
    world: World { faults: &[worker_cannot_start(2)], ..World::PLAIN },
    body: |harness| {
        let (meeting, started) = (Latch::new(3), Count::default());
        let on_start = started.clone();
        let hook = move |_| {
            on_start.add();
            meeting.arrive();
            meeting.wait();
        };
        let built = harness.builder().workers(3).on_start(hook).build();
        assert!(built.expect_err("a worker could not start").is_spawn());
        assert_eq!(started.get(), 0, "no hook runs before every thread exists");
        harness.reach("an error");
    },
    ..SPAWN_FAILS
};

pub(crate) const HOOK_OF_A_FAILED_BUILD: Scenario = Scenario {
    name: "build-fails-with-a-hook",
    property: "a build that fails does not call the hook for the final report",
    world: World { faults: &[worker_cannot_start(1)], ..World::PLAIN },
    body: |harness| {
        let reported = Count::default();
        let on_terminated = reported.clone();
        let hook = move |_: &Report| on_terminated.add();
        let built = harness.builder().workers(2).on_terminated(hook).build();
        assert!(built.expect_err("a worker could not start").is_spawn());
        assert_eq!(reported.get(), 0, "there was no pool that could end");
        harness.reach("an error");
    },
    ..SPAWN_FAILS
};

fn spawn_fails(harness: &Harness, failing: usize) {
    let stopped = Count::default();
    let on_stop = stopped.clone();
    let built = harness.builder().workers(3).on_stop(move |_| on_stop.add()).build();
    let error = built.expect_err("a worker could not start");
    assert!(error.is_spawn());
    assert_eq!(stopped.get(), failing, "the started workers have ended when build returns");
    harness.reach("an error");
}

pub(crate) const START_HOOK_PANICS: Scenario = Scenario {
    name: "start-hook-panics",
    property: "when one of 2 start hooks panics while the other waits for it, build returns an \
        error, and the other worker ends after its hook",
    clauses: &[27],
    reach: &["an error"],
    world: World::PLAIN,
    body: |harness| {
        let (meeting, stopped) = (Latch::new(1), Latch::new(1));
        let (on_start, on_stop) = (meeting.clone(), stopped.clone());
        let built = harness
            .builder()
            .workers(2)
            .on_start(move |worker| {
                if worker == 1 {
                    panic_quietly()
                }
                on_start.wait();
            })
            .on_stop(move |_| on_stop.done())
            .build();
        assert!(built.expect_err("a hook panicked").is_start_hook());
        meeting.done();
        stopped.wait();
        harness.reach("an error");
    },
};

pub(crate) const START_HOOK_PANICS_BESIDE_ANOTHER: Scenario = Scenario {
    name: "start-hook-panics-beside-another",
    property: "when one of 2 start hooks panics, build returns an error, whether or not the other \
        has returned",
    clauses: &[27],
    reach: &["an error"],
    world: World::PLAIN,
    body: |harness| {
        let stopped = Latch::new(1);
        let on_stop = stopped.clone();
        let hook = |worker| {
            if worker == 1 {
                panic_quietly()
            }
        };
        let builder = harness.builder().workers(2).on_start(hook);
        let built = builder.on_stop(move |_| on_stop.done()).build();
        assert!(built.expect_err("a hook panicked").is_start_hook());
        stopped.wait();
        harness.reach("an error");
    },
};

pub(crate) const STOP_HOOKS_BEFORE_RETURN: Scenario = Scenario {
    name: "stop-hooks-before-return",
    property: "every stop hook has run when shutdown returns: 2 workers",
    clauses: &[20, 27],
    reach: &["both ran"],
    world: World::PLAIN,
    body: |harness| {
        let (started, stopped) = (Count::default(), Count::default());
        let (on_start, on_stop) = (started.clone(), stopped.clone());
        let pool = harness
            .builder()
            .workers(2)
            .on_start(move |_| on_start.add())
            .on_stop(move |_| on_stop.add())
            .build()
            .unwrap();
        assert_eq!(started.get(), 2, "the start hooks have run when build returns");
        let report = pool.shutdown();
        assert_eq!((stopped.get(), report.other_panics), (2, 0));
        harness.reach("both ran");
    },
};
