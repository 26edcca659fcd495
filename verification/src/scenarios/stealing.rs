//! Scenarios on work stealing: what a job submits goes to a deque of its worker's own.

use last_call::queue::locked::Locked;
use last_call::queue::two_lock::TwoLock;
use last_call::queue::work_stealing::WorkStealing;
use last_call::queue::{AfterUnlock, Counts, Nudge, Queue, Wait};
use last_call::sync::{thread, Arc};
use last_call::{Report, ThreadPool};

use crate::scenarios::scenario::{Harness, Scenario, World};
use crate::scenarios::shutdown::settled;
use crate::scenarios::tools::{history, Count, Latch};

pub(crate) const STOLEN: Scenario = Scenario {
    name: "stealing-before-end",
    property:
        "a job that waits for a job that it has submitted gets it done by another worker: 2 workers, 2 jobs",
    clauses: &[7, 36],
    reach: &["the other worker slept", "the other worker was awake"],
    world: World::PLAIN,
    body: |harness| {
        let pool = harness.pool(2);
        let submitter = pool.submitter();
        let (ran, ended) = (Latch::new(1), Latch::new(1));
        let parent = {
            let ended = ended.clone();
            move || {
                let child = ran.clone();
                submitter.execute(move || child.done()).unwrap();
                ran.wait();
                ended.done();
            }
        };
        pool.execute(parent).unwrap();
        // Before any shutdown, which would wake the other worker.
        ended.wait();
        let slept = ["last-call-0", "last-call-1"].map(history::slept);
        harness.reach(if slept.contains(&true) {
            "the other worker slept"
        } else {
            "the other worker was awake"
        });
    },
};

/// A job submits another while the pool ends. Two workers may run them, or a discard takes the second. If
/// the parent `waits` for an accepted child, the other worker may not have left by then.
fn child_at_the_end(harness: &Harness, waits: bool, end: fn(ThreadPool) -> Report) {
    let pool = harness.pool(2);
    let submitter = pool.submitter();
    let [ran, refused] = [(); 2].map(|()| Count::default());
    let parent = {
        let (run, refused, has_run) = (ran.job(), refused.clone(), Latch::new(1));
        move || {
            let done = has_run.clone();
            let child = move || {
                run();
                done.done();
            };
            if submitter.execute(child).is_err() {
                refused.add();
            } else if waits {
                has_run.wait();
            }
        }
    };
    pool.execute(parent).unwrap();
    let report = end(pool);
    settled(&report);
    let (ran, refused) = (ran.get() as u64, refused.get() as u64);
    assert_eq!(report.rejected, refused);
    assert!(ran + refused <= 1, "the child ran and came back");
    harness.reach(match (report.accepted, report.completed) {
        (1, 0) => "the parent was cancelled",
        (1, 1) if refused == 1 => "the child was refused",
        (2, 1) => "the child was cancelled",
        (2, 2) if ran == 1 => "the child ran",
        other => panic!("{other:?}: {report:?}"),
    });
}

const CHILD: Scenario = Scenario {
    name: "",
    property: "",
    clauses: &[1, 3, 5, 11, 36],
    reach: &[],
    world: World::PLAIN,
    body: |_| {},
};

pub(crate) const CHILD_AND_DRAIN: Scenario = Scenario {
    name: "stealing-while-draining",
    property: "a submission from a job is refused, or accepted before a drain, and then another worker runs it for the job that waits: 2 workers, 2 jobs",
    reach: &["the child ran", "the child was refused"],
    body: |harness| child_at_the_end(harness, true, ThreadPool::shutdown),
    ..CHILD
};

pub(crate) const CHILD_AND_DISCARD: Scenario = Scenario {
    name: "stealing-while-discarding",
    property:
        "a submission from a job runs, is cancelled by a discard, or is refused: 2 workers, 2 jobs",
    clauses: &[1, 3, 5, 17, 36],
    reach: &[
        "the child ran",
        "the child was refused",
        "the child was cancelled",
        "the parent was cancelled",
    ],
    body: |harness| child_at_the_end(harness, false, ThreadPool::shutdown_now),
    ..CHILD
};

/// A queue for poppers that are threads of the scenario.
fn queue<Q: Nudge<&'static str>>(poppers: usize) -> Arc<WorkStealing<&'static str, Q>> {
    Arc::new(WorkStealing::of_poppers(poppers, None, |_| false))
}

/// Starts a popper with a deque of its own.
fn spawn<Q: Queue<&'static str> + 'static>(
    popper: usize,
    queue: &Arc<Q>,
    main: impl FnOnce(&Q) + Send + 'static,
) -> thread::JoinHandle {
    let queue = Arc::clone(queue);
    let main = move || {
        queue.enter(popper);
        main(&queue);
    };
    thread::spawn(format!("popper {popper}"), None, main).unwrap()
}

/// A popper pushes an item for each of the others, and pops nothing itself. Each of them pops one, so
/// an item that waits beside a sleeping popper waits for ever.
fn meet<Q: Nudge<&'static str> + 'static>(harness: &Harness, others: usize) {
    let queue = queue::<Q>(others + 1);
    let all = Latch::new(others);
    let poppers: Vec<_> = (1..=others)
        .map(|popper| {
            let all = all.clone();
            spawn(popper, &queue, move |queue| {
                queue.pop(|| ()).expect("not closed");
                all.done();
            })
        })
        .collect();
    let pusher = spawn(0, &queue, move |queue| {
        for item in &["first", "second", "third"][..others] {
            queue.push(item, Wait::No).unwrap();
        }
        all.wait();
    });
    for thread in poppers.into_iter().chain([pusher]) {
        thread.join().unwrap();
    }
    harness.reach("all popped");
}

const MEET: Scenario = Scenario {
    name: "",
    property: "queue: two poppers steal two items before any close, from a popper that is stuck",
    clauses: &[7, 36],
    reach: &["all popped"],
    world: World::PLAIN,
    body: |_| {},
};

pub(crate) const MEET_TWO: Scenario =
    Scenario { name: "queue-stealing-two", body: |harness| meet::<TwoLock<_>>(harness, 2), ..MEET };

pub(crate) const MEET_TWO_ON_LOCKED: Scenario = Scenario {
    name: "queue-stealing-two-on-locked",
    body: |harness| meet::<Locked<_>>(harness, 2),
    ..MEET
};

/// Two poppers push an item each, and are stuck. Two others pop one each.
pub(crate) const TWO_OWNERS: Scenario = Scenario {
    name: "queue-stealing-two-owners",
    property:
        "queue: two poppers steal an item each before any close, from two poppers that are stuck",
    body: |harness| {
        let queue = queue::<Locked<_>>(4);
        let all = Latch::new(2);
        let thieves = [0, 2].map(|popper| {
            let all = all.clone();
            spawn(popper, &queue, move |queue| {
                queue.pop(|| ()).expect("not closed");
                all.done();
            })
        });
        let owners = [1, 3].map(|popper| {
            spawn(popper, &queue, move |queue| {
                queue.push("own", Wait::No).unwrap();
            })
        });
        all.wait();
        harness.reach("all popped");
        for thread in thieves.into_iter().chain(owners) {
            thread.join().unwrap();
        }
    },
    ..MEET
};

/// The owner of a deque may take the nudge that its own push has caused. Then it goes on without
/// looking whether the popper that sleeps knows of its next item.
fn owner_is_nudged<Q: Nudge<&'static str> + 'static>(harness: &Harness) {
    let queue = queue::<Q>(2);
    let one = Latch::new(1);
    let early = Count::default();
    let other = {
        let (one, early) = (one.clone(), early.clone());
        spawn(1, &queue, move |queue| {
            let popped = queue.pop(|| ()).expect("not closed").1;
            if popped != "third" {
                early.add();
                queue.push("instead", Wait::No).unwrap();
            }
            one.done();
        })
    };
    let owner = spawn(0, &queue, move |queue| {
        queue.push("first", Wait::No).unwrap();
        queue.pop(|| ()).expect("not closed");
        queue.pop(|| ()).expect("not closed");
        queue.push("third", Wait::No).unwrap();
        one.wait();
    });
    queue.push("second", Wait::No).unwrap();
    owner.join().unwrap();
    other.join().unwrap();
    harness.reach(if early.get() == 1 {
        "the other came early"
    } else {
        "the other got the third"
    });
}

const OWNER_IS_NUDGED: Scenario = Scenario {
    name: "",
    property: "queue: a popper that takes the nudge of its own push leaves no other asleep beside its next item",
    clauses: &[7, 36],
    reach: &["the other came early", "the other got the third"],
    world: World::PLAIN,
    body: |_| {},
};

pub(crate) const OWNER_NUDGED: Scenario = Scenario {
    name: "queue-stealing-own-nudge",
    body: |harness| owner_is_nudged::<TwoLock<_>>(harness),
    ..OWNER_IS_NUDGED
};

pub(crate) const OWNER_NUDGED_ON_LOCKED: Scenario = Scenario {
    name: "queue-stealing-own-nudge-on-locked",
    body: |harness| owner_is_nudged::<Locked<_>>(harness),
    ..OWNER_IS_NUDGED
};

/// What a popper does when it is idle: it pushes an item.
struct Pushes<'a, Q>(&'a Q);

impl<Q: Queue<&'static str>> AfterUnlock for Pushes<'_, Q> {
    fn is_nothing(&self) -> bool {
        false
    }

    fn run(self) {
        history::outside_locks();
        self.0.push("own", Wait::No).unwrap();
    }
}

/// As a waker does that the worker calls when it is idle. The other popper may steal the item.
pub(crate) const IDLE_PUSHES: Scenario = Scenario {
    name: "queue-stealing-idle-pushes",
    property: "queue: what a popper pushes when it is idle is popped, by itself or by another, before any close",
    clauses: &[7, 36],
    reach: &["its own", "the common item"],
    world: World::PLAIN,
    body: |harness| {
        let queue = queue::<TwoLock<_>>(2);
        let own = Count::default();
        let idle = {
            let own = own.clone();
            spawn(0, &queue, move |queue| {
                if queue.pop(|| Pushes(queue)).expect("not closed").1 == "own" {
                    own.add();
                }
            })
        };
        let other = spawn(1, &queue, |queue| {
            queue.pop(|| ()).expect("not closed");
        });
        queue.push("common", Wait::No).unwrap();
        for thread in [idle, other] {
            thread.join().unwrap();
        }
        harness.reach(if own.get() == 1 { "its own" } else { "the common item" });
    },
};

/// Pops until the queue is closed and empty. Once it `is_drained` there may be nothing left.
fn pop_all<Q: Queue<&'static str>>(queue: &Q, popped: &Count, is_drained: &Count) {
    loop {
        let is_late = is_drained.get() == 1;
        if queue.pop(|| ()).is_none() {
            return;
        }
        assert!(!is_late, "popped after a drain");
        popped.add();
    }
}

/// An owner pushes an item while the queue closes or drains, and another popper may steal it.
fn end<Q: Nudge<&'static str> + 'static>(harness: &Harness, drain: bool) {
    let queue = queue::<Q>(2);
    let [own, stolen, refused, is_drained] = [(); 4].map(|()| Count::default());
    let thief = {
        let (stolen, is_drained) = (stolen.clone(), is_drained.clone());
        spawn(1, &queue, move |queue| pop_all(queue, &stolen, &is_drained))
    };
    let owner = {
        let (own, refused, is_drained) = (own.clone(), refused.clone(), is_drained.clone());
        spawn(0, &queue, move |queue| {
            if queue.push("item", Wait::No).is_err() {
                refused.add();
            }
            pop_all(queue, &own, &is_drained);
        })
    };
    let drained = if drain {
        let drained = queue.drain().count();
        is_drained.add();
        drained
    } else {
        queue.close();
        0
    };
    for thread in [thief, owner] {
        thread.join().unwrap();
    }
    let ends = [own.get(), stolen.get(), refused.get(), drained];
    assert_eq!(ends.iter().sum::<usize>(), 1, "{ends:?}");
    let rejected = refused.get() as u64;
    assert_eq!(queue.counts(), Counts { accepted: 1 - rejected, rejected, queued: 0 });
    let names = ["popped by its owner", "stolen", "handed back", "drained"];
    let reached = ends.iter().position(|number| *number == 1).expect("one of them");
    harness.reach(names[reached]);
}

const CLOSES: Scenario = Scenario {
    name: "",
    property: "queue: an item of a popper's own, pushed while the queue closes, is popped once or handed back",
    clauses: &[3, 16, 36],
    reach: &["popped by its owner", "stolen", "handed back"],
    world: World::PLAIN,
    body: |_| {},
};

pub(crate) const CLOSE: Scenario = Scenario {
    name: "queue-stealing-close",
    body: |harness| end::<TwoLock<_>>(harness, false),
    ..CLOSES
};

pub(crate) const CLOSE_ON_LOCKED: Scenario = Scenario {
    name: "queue-stealing-close-on-locked",
    body: |harness| end::<Locked<_>>(harness, false),
    ..CLOSES
};

const DRAINS: Scenario = Scenario {
    property: "queue: an item of a popper's own, pushed while the queue drains, is popped once, drained or handed back",
    clauses: &[3, 17, 36],
    reach: &["popped by its owner", "stolen", "handed back", "drained"],
    ..CLOSES
};

pub(crate) const DRAIN: Scenario = Scenario {
    name: "queue-stealing-drain",
    body: |harness| end::<TwoLock<_>>(harness, true),
    ..DRAINS
};

pub(crate) const DRAIN_ON_LOCKED: Scenario = Scenario {
    name: "queue-stealing-drain-on-locked",
    body: |harness| end::<Locked<_>>(harness, true),
    ..DRAINS
};

/// An owner pushes after somebody else's push was refused.
pub(crate) const CLOSE_IN_ONE_STEP: Scenario = Scenario {
    name: "queue-stealing-closes-in-one-step",
    property: "queue: once a push was refused, no popper accepts an item of its own, though its deque has a lock of its own",
    clauses: &[3, 36],
    reach: &["accepted before", "refused after", "refused meanwhile"],
    world: World::PLAIN,
    body: |harness| {
        let queue = queue::<TwoLock<_>>(1);
        let (refused, accepted, late) = (Count::default(), Count::default(), Count::default());
        let owner = {
            let (refused, accepted, late) = (refused.clone(), accepted.clone(), late.clone());
            spawn(0, &queue, move |queue| {
                if refused.get() == 1 {
                    late.add();
                }
                if queue.push("own", Wait::No).is_ok() {
                    accepted.add();
                }
            })
        };
        let closer = {
            let queue = Arc::clone(&queue);
            thread::spawn("closer".to_owned(), None, move || queue.close()).unwrap()
        };
        let mut at_refusal = None;
        if queue.push("common", Wait::No).is_err() {
            refused.add();
            at_refusal = Some(queue.counts().accepted);
        }
        for thread in [owner, closer] {
            thread.join().unwrap();
        }
        if let Some(before) = at_refusal {
            assert_eq!(queue.counts().accepted, before, "accepted after a refusal");
        }
        harness.reach(match (accepted.get(), late.get()) {
            (1, late) => {
                assert_eq!(late, 0, "accepted after a refusal");
                "accepted before"
            }
            (_, 1) => "refused after",
            _ => "refused meanwhile",
        });
    },
};

/// Counts are read while one popper pushes and pops, and then another pushes.
pub(crate) const COUNTS: Scenario = Scenario {
    name: "queue-stealing-counts",
    property: "queue: counts are those of one instant, though each deque has a lock of its own",
    clauses: &[14, 36],
    reach: &["nothing", "the first", "the first was popped", "the second"],
    world: World::PLAIN,
    body: |harness| {
        let queue = queue::<TwoLock<_>>(2);
        let popped = Latch::new(1);
        let first = {
            let popped = popped.clone();
            spawn(0, &queue, move |queue| {
                queue.push("first", Wait::No).unwrap();
                queue.pop(|| ()).unwrap();
                popped.done();
            })
        };
        let second = spawn(1, &queue, move |queue| {
            popped.wait();
            queue.push("second", Wait::No).unwrap();
        });
        let counts = queue.counts();
        harness.reach(match (counts.accepted, counts.queued) {
            (0, 0) => "nothing",
            (1, 1) => "the first",
            (1, 0) => "the first was popped",
            (2, 1) => "the second",
            _ => panic!("counts of two instants: {counts:?}"),
        });
        for thread in [first, second] {
            thread.join().unwrap();
        }
    },
};
