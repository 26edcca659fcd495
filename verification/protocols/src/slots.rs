//! Slots of a bounded queue, and the pushers that wait for one.
//!
//! The gate is under the one lock of `locked`, and under the tail's lock of `two-lock`. There, a queue
//! of more than one slot counts released slots at the head while no pusher may be asleep.

use crate::linear::{any, Compare};
use crate::protocol::{Binding, BoundLock, Protocol};

const GATE: &str = "gate";
const HEAD: &str = "head";

/// Returns the protocol.
#[allow(clippy::too_many_lines)] // one table
pub fn protocol() -> Protocol {
    let mut p = Protocol::new(
        "slots and blocked pushers",
        "no pusher sleeps beside a free slot without a wake-up under way, and none stays in a closed \
         queue",
    );
    p.files = &["src/queue/gate.rs", "src/queue/locked.rs", "src/queue/two_lock.rs"];
    p.beside = "src/queue/slots.md";
    p.clauses = &[10];

    let free = p.counter("free", GATE, "free slots that the gate knows of");
    let waiting = p.counter("waiting", GATE, "sleeping pushers without a wake-up");
    let wakes = p.counter("wakes", GATE, "wake-ups that no pusher has answered");
    let closed = p.flag("closed", GATE, "the queue is closed");
    let tasks = p.counter("tasks", GATE, "tasks that wait for a slot");
    let released = p.counter("released", HEAD, "released slots that the gate does not know of");
    let pusher_waiting = p.flag("pusher_waiting", HEAD, "the gate must know of every slot");
    let capacity = p.first("capacity", free, "all slots");
    let at_head = p.unseen_flag("at_head", "released slots are counted at the head");
    let gate = |name, role, closed_name| BoundLock {
        lock: GATE,
        role,
        counters: vec![
            (free, "free"),
            (waiting, "waiting"),
            (wakes, name),
            (closed, closed_name),
            (tasks, "tasks"),
        ],
        applies: Some("bounded"),
    };
    let at_the_head = BoundLock {
        lock: HEAD,
        role: "the head of two locks",
        counters: vec![(released, "released"), (pusher_waiting, "pusher_waiting")],
        applies: None,
    };
    p.bindings = vec![
        Binding {
            name: "two-lock",
            locks: vec![gate("pusher_wakes", "the tail of two locks", "closed"), at_the_head],
        },
        Binding { name: "locked", locks: vec![gate("pusher_wakes", "the one lock", "closed")] },
    ];

    let sum = free + released;
    for counter in [waiting, wakes, closed, tasks, released, pusher_waiting] {
        p.initially(counter.is(0));
    }
    p.initially(free.is(capacity));
    p.initially(capacity.at_least(1));

    p.step("an item is accepted", &[GATE])
        .when(closed.is(0))
        .when(free.at_least(1))
        .set(free, free - 1);
    p.step("a pusher wakes up, and its item is accepted", &[GATE])
        .when(wakes.at_least(1))
        .when(closed.is(0))
        .when(free.at_least(1))
        .set(wakes, wakes - 1)
        .set(free, free - 1);
    p.step("a pusher wakes up, and finds no slot or the queue closed", &[GATE])
        .when(wakes.at_least(1))
        .when(any([closed.is(1), free.is(0)]))
        .set(wakes, wakes - 1);
    p.step("a pusher stops waiting: at its deadline, or since the queue is closed", &[GATE])
        .when(wakes.is(0))
        .when(waiting.at_least(1))
        .when(any([closed.is(1), free.is(0)]))
        .set(waiting, waiting - 1);
    p.step("a pusher falls asleep", &[GATE])
        .when(at_head.is(0))
        .when(closed.is(0))
        .when(free.is(0))
        .set(waiting, waiting + 1);
    p.step("a pusher wakes up, finds no slot, and falls asleep again", &[GATE])
        .when(at_head.is(0))
        .when(wakes.at_least(1))
        .when(closed.is(0))
        .when(free.is(0))
        .set(wakes, wakes - 1)
        .set(waiting, waiting + 1);
    p.step("a pusher collects slots, and its item is accepted", &[GATE, HEAD])
        .when(at_head.is(1))
        .when(closed.is(0))
        .when(sum.at_least(1))
        .set(free, sum - 1)
        .set(released, 0);
    p.step("a pusher collects no slot, and falls asleep", &[GATE, HEAD])
        .when(at_head.is(1))
        .when(closed.is(0))
        .when(sum.is(0))
        .set(pusher_waiting, 1)
        .set(waiting, waiting + 1);
    p.step("a pusher collects no slot, and leaves", &[GATE, HEAD])
        .when(at_head.is(1))
        .when(sum.is(0))
        .set(pusher_waiting, 1)
        .visit();
    p.step("a pusher collects slots, and finds the queue closed", &[GATE, HEAD])
        .when(at_head.is(1))
        .when(closed.is(1))
        .when(sum.at_least(1))
        .set(free, sum)
        .set(released, 0)
        .visit();
    p.step("a task collects slots, and tries again", &[GATE, HEAD])
        .when(at_head.is(1))
        .when(closed.is(0))
        .when(sum.at_least(1))
        .set(free, sum)
        .set(released, 0)
        .visit();
    p.step("a slot is released at the head", &[HEAD])
        .when(at_head.is(1))
        .when(pusher_waiting.is(0))
        .when(sum.at_most(capacity - 1))
        .set(released, released + 1);
    p.step("a slot is released at the gate; no pusher waits", &[GATE, HEAD])
        .when(at_head.is(1))
        .when(pusher_waiting.is(1))
        .when(waiting.is(0))
        .when(sum.at_most(capacity - 1))
        .set(free, free + 1)
        .set(tasks, 0)
        .set(pusher_waiting, 0);
    p.step("a slot is released at the gate; a pusher is woken, others wait", &[GATE, HEAD])
        .when(at_head.is(1))
        .when(pusher_waiting.is(1))
        .when(waiting.at_least(2))
        .when(sum.at_most(capacity - 1))
        .set(free, free + 1)
        .set(tasks, 0)
        .set(waiting, waiting - 1)
        .set(wakes, wakes + 1);
    p.step("a slot is released at the gate; the last waiting pusher is woken", &[GATE, HEAD])
        .when(at_head.is(1))
        .when(pusher_waiting.is(1))
        .when(waiting.is(1))
        .when(sum.at_most(capacity - 1))
        .set(free, free + 1)
        .set(tasks, 0)
        .set(waiting, 0)
        .set(wakes, wakes + 1)
        .set(pusher_waiting, 0);
    p.step("a slot is released; no pusher waits", &[GATE])
        .when(at_head.is(0))
        .when(waiting.is(0))
        .when(sum.at_most(capacity - 1))
        .set(free, free + 1)
        .set(tasks, 0);
    p.step("a slot is released; a pusher is woken", &[GATE])
        .when(at_head.is(0))
        .when(waiting.at_least(1))
        .when(sum.at_most(capacity - 1))
        .set(free, free + 1)
        .set(tasks, 0)
        .set(waiting, waiting - 1)
        .set(wakes, wakes + 1);
    p.step("a task finds no slot, and waits", &[GATE])
        .when(at_head.is(0))
        .when(closed.is(0))
        .when(free.is(0))
        .set(tasks, tasks + 1);
    p.step("a task collects no slot, and waits", &[GATE, HEAD])
        .when(at_head.is(1))
        .when(closed.is(0))
        .when(sum.is(0))
        .set(pusher_waiting, 1)
        .set(tasks, tasks + 1);
    p.step("a task stops waiting", &[GATE]).when(tasks.at_least(1)).set(tasks, tasks - 1);
    p.step("close", &[GATE]).set(closed, 1).set(tasks, 0).visit();

    p.invariant(
        "a pusher asleep beside a free slot: a wake-up is under way for each such slot",
        any([closed.is(1), waiting.is(0), wakes.at_least(free)]),
    );
    p.invariant(
        "while `pusher_waiting`, the gate knows of every slot",
        any([pusher_waiting.is(0), released.is(0)]),
    );
    p.invariant(
        "while a pusher sleeps, `pusher_waiting`",
        any([at_head.is(0), waiting.is(0), pusher_waiting.is(1)]),
    );
    p.invariant(
        "slots are counted at the head, or never there",
        any([at_head.is(1), released.is(0)]),
    );
    p.invariant("no slot is made up", sum.at_most(capacity));
    p.invariant(
        "while a task waits, the gate knows of no free slot",
        any([tasks.is(0), free.is(0)]),
    );
    p.invariant("a closed queue has no waiting task", any([closed.is(0), tasks.is(0)]));
    p.invariant(
        "while a task waits, `pusher_waiting`",
        any([at_head.is(0), tasks.is(0), pusher_waiting.is(1)]),
    );

    p.property(
        "if a slot is free and a pusher sleeps, another is on its way to the gate",
        any([closed.is(1), waiting.is(0), sum.is(0), wakes.at_least(1)]),
    );
    p.property("if a slot is free, no task waits", any([tasks.is(0), sum.is(0)]));
    p.property("no more items hold a slot than there are slots", sum.at_least(0));
    p.property("no slot is free twice", sum.at_most(capacity));

    let held = capacity - free - released;
    let measure = waiting * 2 + wakes + held;
    p.ends([closed.is(1).into()], measure, [waiting.is(0).into(), wakes.is(0).into()]);

    p.mutant(
        "a slot wakes no pusher while another is being woken",
        "a slot is released; no pusher waits",
    )
    .when(at_head.is(0))
    .when(any([waiting.is(0), wakes.at_least(1)]))
    .when(sum.at_most(capacity - 1))
    .set(free, free + 1)
    .set(tasks, 0);
    p.mutant(
        "the slot that wakes one pusher clears `pusher_waiting` for the others",
        "a slot is released at the gate; a pusher is woken, others wait",
    )
    .when(at_head.is(1))
    .when(pusher_waiting.is(1))
    .when(waiting.at_least(2))
    .when(sum.at_most(capacity - 1))
    .set(free, free + 1)
    .set(tasks, 0)
    .set(waiting, waiting - 1)
    .set(wakes, wakes + 1)
    .set(pusher_waiting, 0);
    p.mutant(
        "a pusher falls asleep without setting `pusher_waiting`",
        "a pusher collects no slot, and falls asleep",
    )
    .when(at_head.is(1))
    .when(closed.is(0))
    .when(sum.is(0))
    .set(waiting, waiting + 1);
    p.mutant(
        "a late pusher does not answer its wake-up",
        "a pusher stops waiting: at its deadline, or since the queue is closed",
    )
    .when(any([closed.is(1), free.is(0)]))
    .set(waiting, waiting - 1);
    p.mutant(
        "a woken pusher leaves without a look at the gate",
        "a pusher wakes up, and finds no slot or the queue closed",
    )
    .when(wakes.at_least(1))
    .set(wakes, wakes - 1);
    p.mutant("a slot wakes no task", "a slot is released; no pusher waits")
        .when(at_head.is(0))
        .when(waiting.is(0))
        .when(sum.at_most(capacity - 1))
        .set(free, free + 1);
    p.mutant("a task waits without setting `pusher_waiting`", "a task collects no slot, and waits")
        .when(at_head.is(1))
        .when(closed.is(0))
        .when(sum.is(0))
        .set(tasks, tasks + 1);
    p.mutant("a task waits in a closed queue", "a task finds no slot, and waits")
        .when(at_head.is(0))
        .when(free.is(0))
        .set(tasks, tasks + 1);
    p.mutant("a slot is released twice", "a slot is released at the head")
        .when(at_head.is(1))
        .when(pusher_waiting.is(0))
        .set(released, released + 2);
    p
}
