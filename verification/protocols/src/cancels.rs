//! Cancels under way, and an owner that detaches when its own has ended.

use crate::linear::{any, Compare};
use crate::protocol::{Binding, BoundLock, Protocol};

const LOCK: &str = "cancelling";

/// Returns the protocol.
pub fn protocol() -> Protocol {
    let mut p = Protocol::new(
        "cancels under way",
        "a shutdown waits for every cancel, and an owner inside a cancel detaches once",
    );
    p.files = &["src/shared/cancel.rs"];
    p.beside = "src/shared/cancel.md";
    p.clauses = &[16];

    let under_way = p.counter("under_way", LOCK, "cancelling calls");
    let owner = p.flag("owner", LOCK, "the owner detaches when its call ends");
    let counted = p.counter("counted", LOCK, "jobs that were cancelled");
    let detaching = p.unseen("detaching", "threads that are about to detach the owner");
    let shut_down = p.unseen_flag("shut_down", "the owner has begun its shutdown");
    p.bindings = vec![Binding {
        name: "",
        locks: vec![BoundLock {
            lock: LOCK,
            role: "the cancels",
            counters: vec![(under_way, "under_way"), (owner, "owner"), (counted, "cancelled")],
            applies: None,
        }],
    }];

    for counter in [under_way, owner, counted, detaching, shut_down] {
        p.initially(counter.is(0));
    }

    p.step("a cancelling call begins", &[LOCK]).set(under_way, under_way + 1).visit();
    p.step("a job is counted as cancelled", &[LOCK])
        .when(under_way.at_least(1))
        .set(counted, counted + 1)
        .visit();
    p.step("a destructor of a cancelled job shuts the pool down", &[LOCK])
        .when(under_way.at_least(1))
        .when(shut_down.is(0))
        .set(shut_down, 1)
        .set(owner, 1)
        .visit();
    p.step("a cancelling call ends; if there is such an owner, it is in another", &[LOCK])
        .when(under_way.at_least(owner + 1))
        .set(under_way, under_way - 1);
    p.step("the call of the owner ends, and it detaches", &[LOCK])
        .when(owner.is(1))
        .set(under_way, under_way - 1)
        .set(owner, 0)
        .set(detaching, detaching + 1);

    p.invariant("the owner is in a call", under_way.at_least(owner));
    p.invariant("the owner detaches at most once", (owner + detaching).at_most(shut_down));
    p.property(
        "no owner waits for a call that has ended",
        any([owner.is(0), under_way.at_least(1)]),
    );
    p.property("the owner detaches at most once", detaching.at_most(1));
    p.property("an owner has shut down", owner.at_most(shut_down));

    p.mutant(
        "an inner call ends the outer one",
        "a cancelling call ends; if there is such an owner, it is in another",
    )
    .when(under_way.at_least(1))
    .set(under_way, 0);
    p.mutant(
        "the owner stays when its call has ended",
        "the call of the owner ends, and it detaches",
    )
    .when(owner.is(1))
    .set(under_way, under_way - 1)
    .set(detaching, detaching + 1);
    p.mutant(
        "the owner shuts down without a call",
        "a destructor of a cancelled job shuts the pool down",
    )
    .when(shut_down.is(0))
    .set(shut_down, 1)
    .set(owner, 1);
    p
}
