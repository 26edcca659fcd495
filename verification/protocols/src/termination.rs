//! The final report, and which thread delivers it.

use crate::linear::{any, Compare};
use crate::protocol::{Binding, BoundLock, Protocol};

const LOCK: &str = "termination";

/// Returns the protocol.
#[allow(clippy::too_many_lines)] // one table
pub fn protocol() -> Protocol {
    let mut p = Protocol::new(
        "the final report",
        "the hook gets one report, when every worker has exited or the owner has joined them",
    );
    p.files = &["src/shared/termination.rs"];
    p.beside = "src/shared/termination.md";
    p.clauses = &[16];

    let live = p.counter("live", LOCK, "workers that have not exited");
    let detached = p.flag("detached", LOCK, "the owner does not wait for the workers");
    let hook = p.flag("hook", LOCK, "the hook has not been taken");
    let due = p.unseen("due", "threads that are about to deliver");
    p.bindings = vec![Binding {
        name: "",
        locks: vec![BoundLock {
            lock: LOCK,
            role: "the termination",
            counters: vec![(live, "live"), (detached, "detached"), (hook, "hook")],
            applies: Some("hook"),
        }],
    }];

    p.initially(detached.is(0));
    p.initially(hook.is(1));
    p.initially(due.is(0));

    p.step("a worker exits; it is not the last, or the owner waits", &[LOCK])
        .when(live.at_least(1))
        .when(any([live.at_least(2), detached.is(0)]))
        .set(live, live - 1);
    p.step("the last worker exits; the owner is detached", &[LOCK])
        .when(live.is(1))
        .when(detached.is(1))
        .set(live, 0)
        .set(due, due + 1);
    p.step("the owner detaches from live workers", &[LOCK])
        .when(detached.is(0))
        .when(hook.is(1))
        .when(live.at_least(1))
        .set(detached, 1);
    p.step("the owner detaches; no worker is left", &[LOCK])
        .when(detached.is(0))
        .when(hook.is(1))
        .when(live.is(0))
        .set(detached, 1)
        .set(due, due + 1);
    p.step("a thread that is about to deliver takes the hook", &[LOCK])
        .when(due.at_least(1))
        .when(detached.is(1))
        .when(hook.is(1))
        .set(due, due - 1)
        .set(hook, 0);
    p.step("the owner has joined the workers and takes the hook", &[LOCK])
        .when(detached.is(0))
        .when(live.is(0))
        .when(hook.is(1))
        .set(hook, 0);
    p.step("the pool failed to build, and the hook is dropped", &[LOCK])
        .when(detached.is(0))
        .when(live.at_least(1))
        .when(hook.is(1))
        .set(hook, 0);

    p.invariant("at most one thread is about to deliver", due.at_most(1));
    p.invariant("it finds the hook", any([due.is(0), hook.is(1)]));
    p.invariant("it comes after the last worker", any([due.is(0), live.is(0)]));
    p.invariant("it comes after the owner has detached", any([due.is(0), detached.is(1)]));
    p.invariant(
        "of a detached pool, the hook is taken after the last worker",
        any([detached.is(0), hook.is(1), live.is(0)]),
    );
    p.invariant(
        "when the last worker is gone and the owner detached, somebody delivers",
        any([live.at_least(1), detached.is(0), due.at_least(1), hook.is(0)]),
    );

    p.property("who is about to deliver finds the hook", any([due.is(0), hook.is(1)]));
    p.property(
        "the report is not lost",
        any([live.at_least(1), detached.is(0), due.at_least(1), hook.is(0)]),
    );
    p.property("a report that a worker delivers is the last word", any([due.is(0), live.is(0)]));

    let measure = live * 2 + due + hook - detached * 2 + 2;
    p.ends([], measure, [live.is(0).into(), due.is(0).into(), hook.is(0).into()]);

    p.mutant(
        "every worker that exits delivers",
        "a worker exits; it is not the last, or the owner waits",
    )
    .when(live.at_least(1))
    .when(detached.is(1))
    .set(live, live - 1)
    .set(due, due + 1);
    p.mutant(
        "the report is left to workers that are gone",
        "the owner detaches; no worker is left",
    )
    .when(detached.is(0))
    .when(hook.is(1))
    .when(live.is(0))
    .set(detached, 1);
    p.mutant("the owner delivers for live workers", "the owner detaches from live workers")
        .when(detached.is(0))
        .when(hook.is(1))
        .when(live.at_least(1))
        .set(detached, 1)
        .set(due, due + 1);
    p.mutant(
        "the hook stays when it is called",
        "a thread that is about to deliver takes the hook",
    )
    .when(due.at_least(1))
    .when(detached.is(1));
    p
}
