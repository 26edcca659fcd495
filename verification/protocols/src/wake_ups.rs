//! Wake-ups and scouts of the queue under two locks.
//!
//! The counters are those of `two_lock.rs`. A popper is in one of four states: awake, asleep,
//! assigned a wake-up, or a scout on its way to the lock of the tail. `sleeping` counts the second,
//! `wakes` the third, and `scouts` the third and the fourth. The rest is awake; it runs jobs, too.

use crate::linear::{any, Compare};
use crate::protocol::{Binding, BoundLock, Protocol};

const HEAD: &str = "head";
const TAIL: &str = "tail";

/// Returns the protocol.
#[allow(clippy::too_many_lines)] // one table
pub fn protocol() -> Protocol {
    let mut p = Protocol::new(
        "wake-ups and scouts",
        "no item waits beside a sleeping popper, and every popper leaves a closed queue",
    );
    p.files = &["src/queue/two_lock.rs", "src/queue/pause_policy.rs"];
    p.beside = "src/queue/wake_ups.md";
    p.clauses = &[7, 16];

    let head = p.counter("head", HEAD, "items at the head");
    let tail = p.counter("tail", TAIL, "items at the tail, with the nudge if there is one");
    let sleeping = p.counter("sleeping", TAIL, "sleeping poppers without a wake-up");
    let wakes = p.counter("wakes", TAIL, "wake-ups that no popper has answered");
    let scouts = p.counter("scouts", TAIL, "poppers that are woken and have not looked yet");
    let closed = p.flag("closed", TAIL, "the queue is closed");
    let poppers = p.unseen("poppers", "poppers that have not left for good");
    let shells = p.choice("shells", "items whose job was cancelled, and which a push removes");
    p.bindings = vec![Binding {
        name: "two-lock",
        locks: vec![
            BoundLock {
                lock: HEAD,
                role: "the head of two locks",
                counters: vec![(head, "items")],
                applies: None,
            },
            BoundLock {
                lock: TAIL,
                role: "the tail of two locks",
                counters: vec![
                    (tail, "items"),
                    (sleeping, "sleeping"),
                    (wakes, "wakes"),
                    (scouts, "scouts"),
                    (closed, "closed"),
                ],
                applies: None,
            },
        ],
    }];

    let items = head + tail;
    let awake = poppers - sleeping - scouts;
    for counter in [head, tail, sleeping, wakes, scouts, closed] {
        p.initially(counter.is(0));
    }
    p.initially(poppers.at_least(1));

    let left_by_push = tail + 1 - shells;
    p.step("a push wakes nobody", &[TAIL])
        .when(closed.is(0))
        .when(shells.at_most(tail))
        .when(any([sleeping.is(0), scouts.at_least(left_by_push)]))
        .set(tail, left_by_push);
    p.step("a push assigns a wake-up", &[TAIL])
        .when(closed.is(0))
        .when(sleeping.at_least(1))
        .when(shells.at_most(tail))
        .when(scouts.at_most(left_by_push - 1))
        .set(tail, left_by_push)
        .set(sleeping, sleeping - 1)
        .set(wakes, wakes + 1)
        .set(scouts, scouts + 1);
    p.step("a popper takes an item from the head", &[HEAD])
        .when(awake.at_least(1))
        .when(head.at_least(1))
        .set(head, head - 1);

    // A popper that has found the head empty takes both locks and looks again. It is a scout, or not.
    for (scout, [swaps, swaps_items, takes, assigns, again, pauses, sleeps, leaves]) in [
        (
            0,
            [
                "a popper swaps, and takes an item",
                "a popper swaps, takes an item, and leaves the nudge",
                "a popper finds the head filled, takes an item, wakes nobody",
                "a popper finds the head filled, takes an item, assigns a wake-up",
                "a popper finds nothing, and looks again",
                "a popper finds nothing, and pauses as a scout",
                "a popper finds nothing, and falls asleep",
                "a popper finds the queue closed and empty, and leaves",
            ],
        ),
        (
            1,
            [
                "a scout swaps, and takes an item",
                "a scout swaps, takes an item, and leaves the nudge",
                "a scout finds the head filled, takes an item, wakes nobody",
                "a scout finds the head filled, takes an item, assigns a wake-up",
                "a scout finds nothing, and looks again",
                "a scout finds nothing, and pauses as a scout",
                "a scout finds nothing, and falls asleep",
                "a scout finds the queue closed and empty, and leaves",
            ],
        ),
    ] {
        let is_there = if scout == 1 { scouts.at_least(wakes + 1) } else { awake.at_least(1) };
        let left = scouts - scout;
        p.step(swaps, &[HEAD, TAIL])
            .when(is_there)
            .when(head.is(0))
            .when(tail.at_least(1))
            .set(head, tail - 1)
            .set(tail, 0)
            .set(scouts, left);
        p.step(swaps_items, &[HEAD, TAIL])
            .when(is_there)
            .when(head.is(0))
            .when(tail.at_least(2))
            .set(head, tail - 2)
            .set(tail, 1)
            .set(scouts, left);
        p.step(takes, &[HEAD, TAIL])
            .when(is_there)
            .when(head.at_least(1))
            .when(any([sleeping.is(0), left.at_least(items - 1)]))
            .set(head, head - 1)
            .set(scouts, left);
        p.step(assigns, &[HEAD, TAIL])
            .when(is_there)
            .when(head.at_least(1))
            .when(sleeping.at_least(1))
            .when((left + 1).at_most(items - 1))
            .set(head, head - 1)
            .set(sleeping, sleeping - 1)
            .set(wakes, wakes + 1)
            .set(scouts, left + 1);
        p.step(again, &[HEAD, TAIL])
            .when(is_there)
            .when(closed.is(0))
            .when(items.is(0))
            .set(scouts, left);
        p.step(pauses, &[HEAD, TAIL])
            .when(is_there)
            .when(closed.is(0))
            .when(items.is(0))
            .set(scouts, left + 1);
        p.step(sleeps, &[HEAD, TAIL])
            .when(is_there)
            .when(closed.is(0))
            .when(items.is(0))
            .set(scouts, left)
            .set(sleeping, sleeping + 1);
        p.step(leaves, &[HEAD, TAIL])
            .when(is_there)
            .when(closed.is(1))
            .when(items.is(0))
            .set(scouts, left)
            .set(poppers, poppers - 1);
    }

    p.step("a popper wakes up and answers a wake-up", &[TAIL])
        .when(wakes.at_least(1))
        .set(wakes, wakes - 1);
    p.step("a popper wakes up since the queue is closed", &[TAIL])
        .when(closed.is(1))
        .when(wakes.is(0))
        .when(sleeping.at_least(1))
        .set(sleeping, sleeping - 1);
    p.step("close", &[TAIL]).set(closed, 1).visit();
    p.step("drain", &[HEAD, TAIL]).set(closed, 1).set(head, 0).set(tail, 0).visit();

    p.invariant(
        "an item beside a sleeper has a scout",
        any([closed.is(1), items.is(0), sleeping.is(0), scouts.at_least(1)]),
    );
    p.invariant(
        "while a popper sleeps, there is a scout for each item at the tail",
        any([sleeping.is(0), scouts.at_least(tail)]),
    );
    p.invariant("an assigned popper is a scout", wakes.at_most(scouts));
    p.invariant("each popper is in one state", awake.at_least(0));
    p.invariant(
        "while a popper may be needed, there is one",
        any([poppers.at_least(1), closed.is(1)]),
    );
    p.invariant("poppers leave nothing behind", any([poppers.at_least(1), items.is(0)]));

    p.property(
        "if an item is queued and a popper sleeps, another is on its way to the queue",
        any([closed.is(1), items.is(0), sleeping.is(0), scouts.at_least(1)]),
    );
    p.property(
        "a popper that swaps need not wake another for what it leaves",
        any([head.at_least(1), sleeping.is(0), scouts.at_least(tail)]),
    );
    p.property("a popper that answers a wake-up is a scout", wakes.at_most(scouts));
    p.property(
        "when the last popper has left, nothing is queued",
        any([poppers.at_least(1), items.is(0)]),
    );

    let measure = items * 2 + sleeping * 2 + wakes + poppers;
    p.ends([closed.is(1).into()], measure, [poppers.is(0).into()]);

    p.mutant("a push wakes at one item less", "a push wakes nobody")
        .when(closed.is(0))
        .when(shells.at_most(tail))
        .when(any([sleeping.is(0), scouts.at_least(left_by_push - 1)]))
        .set(tail, left_by_push);
    p.mutant(
        "a scout that takes an item leaves the others to nobody",
        "a scout finds the head filled, takes an item, wakes nobody",
    )
    .when(scouts.at_least(wakes + 1))
    .when(head.at_least(1))
    .set(head, head - 1)
    .set(scouts, scouts - 1);
    p.mutant(
        "a popper falls asleep without a look at the tail",
        "a popper finds nothing, and falls asleep",
    )
    .when(awake.at_least(1))
    .when(closed.is(0))
    .when(head.is(0))
    .set(sleeping, sleeping + 1);
    p.mutant("a popper falls asleep in a closed queue", "a popper finds nothing, and falls asleep")
        .when(awake.at_least(1))
        .when(items.is(0))
        .set(sleeping, sleeping + 1);
    p.mutant("an answered wake-up ends the scout", "a popper wakes up and answers a wake-up")
        .when(wakes.at_least(1))
        .set(wakes, wakes - 1)
        .set(scouts, scouts - 1);
    p
}
