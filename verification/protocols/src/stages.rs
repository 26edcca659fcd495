//! The stages of a job with a handle.
//!
//! Each job has a state of its own, so what holds for one holds for any number of them.

use crate::linear::{any, Compare, Linear};
use crate::protocol::{Binding, BoundLock, Protocol};

const LOCK: &str = "submission";

/// Returns the protocol.
#[allow(clippy::too_many_lines)] // one table
pub fn protocol() -> Protocol {
    let mut p = Protocol::new(
        "stages of a job with a handle",
        "each job is claimed once and resolved once, and its outcome goes to one place",
    );
    p.files = &["src/job/submission.rs"];
    p.beside = "src/job/stages.md";
    p.clauses = &[4, 24];

    let stage = p.counter("stage", LOCK, "0 unclaimed, 1 claimed, 2 ready, 3 taken");
    let waker = p.flag("waker", LOCK, "a task that polled the handle is to be woken");
    let joining = p.flag("joining", LOCK, "a join may be sleeping");
    let detached = p.flag("detached", LOCK, "the handle has been dropped");
    let asleep = p.unseen_flag("asleep", "a join sleeps, and has not been notified");
    let owed = p.unseen_flag("owed", "the task is to be woken by the thread that resolved the job");
    p.bindings = vec![Binding {
        name: "",
        locks: vec![BoundLock {
            lock: LOCK,
            role: "a submission",
            counters: vec![
                (stage, "stage"),
                (waker, "waker"),
                (joining, "joining"),
                (detached, "detached"),
            ],
            applies: None,
        }],
    }];

    for counter in [stage, waker, joining, detached, asleep, owed] {
        p.initially(counter.is(0));
    }

    p.step("the first claimant claims it", &[LOCK]).when(stage.is(0)).set(stage, 1);
    p.step("it is resolved for its handle; nobody waits", &[LOCK])
        .when(stage.is(1))
        .when(detached.is(0))
        .when(waker.is(0))
        .when(joining.is(0))
        .set(stage, 2);
    p.step("it is resolved for its handle; the join is notified", &[LOCK])
        .when(stage.is(1))
        .when(detached.is(0))
        .when(waker.is(0))
        .when(joining.is(1))
        .set(stage, 2)
        .set(asleep, 0);
    p.step("it is resolved for its handle; the task is woken", &[LOCK])
        .when(stage.is(1))
        .when(detached.is(0))
        .when(waker.is(1))
        .set(stage, 2)
        .set(asleep, 0)
        .set(waker, 0)
        .set(owed, 1);
    p.step("it is resolved without a handle", &[LOCK])
        .when(stage.is(1))
        .when(detached.is(1))
        .set(stage, 3);
    p.step("the handle takes the outcome", &[LOCK])
        .when(stage.is(2))
        .when(detached.is(0))
        .set(stage, 3);
    p.step("a join falls asleep", &[LOCK])
        .when(stage.at_most(1))
        .when(detached.is(0))
        .set(joining, 1)
        .set(asleep, 1)
        .visit();
    p.step("a join wakes up: at its deadline, or spuriously", &[LOCK])
        .when(asleep.is(1))
        .set(asleep, 0)
        .visit();
    p.step("a poll leaves its waker", &[LOCK])
        .when(stage.at_most(1))
        .when(detached.is(0))
        .when(asleep.is(0))
        .set(waker, 1)
        .visit();
    p.step("the handle is dropped before the outcome is there", &[LOCK])
        .when(stage.at_most(1))
        .when(detached.is(0))
        .when(asleep.is(0))
        .set(detached, 1)
        .set(waker, 0);
    p.step("the handle is dropped with an outcome that it has not read", &[LOCK])
        .when(stage.is(2))
        .when(detached.is(0))
        .set(detached, 1)
        .set(stage, 3);
    p.step("the handle is dropped after the outcome was read", &[LOCK])
        .when(stage.is(3))
        .when(detached.is(0))
        .set(detached, 1);

    p.invariant("a stage is one of four", stage.at_most(3));
    p.invariant("a waker waits for an outcome", any([waker.is(0), stage.at_most(1)]));
    p.invariant("a waker has a handle", any([waker.is(0), detached.is(0)]));
    p.invariant(
        "no outcome is kept for a dropped handle",
        any([detached.is(0), stage.at_most(1), stage.at_least(3)]),
    );
    p.invariant("a join that sleeps says so", any([asleep.is(0), joining.is(1)]));
    p.invariant("a join sleeps only before the outcome", any([asleep.is(0), stage.at_most(1)]));
    p.invariant("a join that sleeps has its handle", any([asleep.is(0), detached.is(0)]));

    p.property("no join sleeps beside an outcome", any([asleep.is(0), stage.at_most(1)]));
    p.property("no task waits beside an outcome", any([waker.is(0), stage.at_most(1)]));
    p.property(
        "no outcome is left without a reader",
        any([detached.is(0), stage.at_most(1), stage.at_least(3)]),
    );
    p.property("no waker outlives its handle", any([waker.is(0), detached.is(0)]));
    p.property("there are four stages", stage.at_most(3));

    let measure = Linear::from(4) - stage - detached;
    p.ends([], measure, [stage.is(3).into()]);

    p.mutant("a second claimant claims it", "the first claimant claims it")
        .when(stage.at_most(2))
        .set(stage, 1);
    p.mutant("the outcome wakes no join", "it is resolved for its handle; the join is notified")
        .when(stage.is(1))
        .when(detached.is(0))
        .when(waker.is(0))
        .when(joining.is(1))
        .set(stage, 2);
    p.mutant("a join falls asleep without saying so", "a join falls asleep")
        .when(stage.at_most(1))
        .when(detached.is(0))
        .set(asleep, 1)
        .visit();
    p.mutant(
        "a dropped handle leaves its waker",
        "the handle is dropped before the outcome is there",
    )
    .when(stage.at_most(1))
    .when(detached.is(0))
    .when(asleep.is(0))
    .set(detached, 1);
    p.mutant("a poll leaves its waker after the outcome", "a poll leaves its waker")
        .when(stage.at_most(2))
        .when(detached.is(0))
        .when(asleep.is(0))
        .set(waker, 1)
        .visit();
    p
}
