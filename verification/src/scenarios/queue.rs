//! Scenarios on a queue alone: the contract that the pool relies on.

use std::time::Duration;

use last_call::queue::two_lock::TwoLock;
use last_call::queue::{AnyQueue, Counts, Queue, Refusal, Wait};
use last_call::sync::{thread, Arc, Deadline};

use crate::scenarios::scenario::{Harness, Scenario, World};
use crate::scenarios::tools::{history, Count, Latch};

type Items = AnyQueue<&'static str>;

/// In the order in which they are pushed.
const ITEMS: [&str; 4] = ["first", "second", "third", "fourth"];

fn spawn(
    name: &str,
    queue: &Arc<Items>,
    main: impl FnOnce(&Items) + Send + 'static,
) -> thread::JoinHandle {
    let queue = Arc::clone(queue);
    thread::spawn(name.to_owned(), None, move || main(&queue)).unwrap()
}

/// Of two places, so that the second can be given back while the first is still free, and so that
/// `two-lock` counts at the head.
fn full_of_two(harness: &Harness) -> Arc<Items> {
    let queue = harness.queue(Some(2));
    for (number, item) in (0..).zip(&ITEMS[..2]) {
        assert_eq!(queue.push(*item, Wait::No), Ok(number));
    }
    Arc::new(queue)
}

pub(crate) const PUSH_RACING_CLOSE: Scenario = Scenario {
    name: "queue-push-racing-close",
    property: "queue: an item pushed while the queue closes is popped once, or handed back",
    clauses: &[3],
    reach: &["popped", "handed back"],
    world: World::PLAIN,
    body: |harness| {
        let queue = Arc::new(harness.queue(None));
        let (popped, refused) = (Count::default(), Count::default());
        let popper = {
            let popped = popped.clone();
            spawn("popper", &queue, move |queue| {
                while let Some((number, item)) = queue.pop(|| ()) {
                    assert_eq!((number, item), (0, "item"));
                    popped.add();
                }
            })
        };
        let pusher = {
            let refused = refused.clone();
            spawn("pusher", &queue, move |queue| {
                if queue.push("item", Wait::No).is_err() {
                    refused.add();
                }
            })
        };
        queue.close();
        pusher.join().unwrap();
        popper.join().unwrap();
        assert_eq!(popped.get() + refused.get(), 1);
        let expected =
            Counts { accepted: popped.get() as u64, rejected: refused.get() as u64, queued: 0 };
        assert_eq!(queue.counts(), expected);
        harness.reach(if popped.get() == 1 { "popped" } else { "handed back" });
    },
};

pub(crate) const CLOSE_RELEASES_PUSHERS: Scenario = Scenario {
    name: "queue-close-releases-pushers",
    property: "queue: close lets two pushers go that wait for places which nobody gives back",
    clauses: &[3, 10],
    reach: &["both slept", "one slept", "none slept"],
    world: World::PLAIN,
    body: |harness| {
        let queue = full_of_two(harness);
        let pusher = |name| {
            spawn(name, &queue, |queue| {
                let refused = queue.push("late", Wait::Until(Deadline::never())).unwrap_err();
                assert_eq!(refused.refusal, Refusal::Closed);
            })
        };
        let pushers = [pusher("pusher 0"), pusher("pusher 1")];
        queue.close();
        for pusher in pushers {
            pusher.join().unwrap();
        }
        let slept = ["pusher 0", "pusher 1"].map(history::slept);
        harness.reach(match slept.iter().filter(|slept| **slept).count() {
            2 => "both slept",
            1 => "one slept",
            _ => "none slept",
        });
    },
};

pub(crate) const PLACES_RELEASE_PUSHERS: Scenario = Scenario {
    name: "queue-places-release-pushers",
    property:
        "queue: two pushers that wait for a place get the two that are given back, before any close",
    clauses: &[10],
    reach: &["both slept", "one slept", "none slept"],
    world: World::PLAIN,
    body: |harness| {
        let queue = full_of_two(harness);
        let pusher = |name| {
            spawn(name, &queue, |queue| {
                queue.push("late", Wait::Until(Deadline::never())).unwrap();
            })
        };
        let pushers = [pusher("pusher 0"), pusher("pusher 1")];
        queue.release();
        queue.release();
        for pusher in pushers {
            pusher.join().unwrap();
        }
        let fifth = queue.push("fifth", Wait::No).map_err(|refused| refused.refusal);
        assert_eq!(fifth, Err(Refusal::Full), "both places are taken");
        assert_eq!(queue.counts(), Counts { accepted: 4, rejected: 1, queued: 4 });
        let slept = ["pusher 0", "pusher 1"].map(history::slept);
        harness.reach(match slept.iter().filter(|slept| **slept).count() {
            2 => "both slept",
            1 => "one slept",
            _ => "none slept",
        });
    },
};

pub(crate) const THREE_PUSHERS_TWO_PLACES: Scenario = Scenario {
    name: "queue-three-pushers-two-places",
    property:
        "queue: of three pushers two get the places that are given back, the third is let go by close",
    clauses: &[3, 10],
    reach: &["three slept", "two slept", "one slept", "none slept"],
    world: World::PLAIN,
    body: |harness| {
        let queue = full_of_two(harness);
        let (two, refused) = (Latch::new(2), Count::default());
        let pusher = |name: &'static str| {
            let (two, refused) = (two.clone(), refused.clone());
            spawn(name, &queue, move |queue| match queue.push(name, Wait::Until(Deadline::never())) {
                Ok(_) => two.done(),
                Err(error) => {
                    assert_eq!(error.refusal, Refusal::Closed);
                    refused.add();
                }
            })
        };
        let names = ["pusher 0", "pusher 1", "pusher 2"];
        let pushers = names.map(pusher);
        queue.release();
        queue.release();
        // Before any close, which would let all go.
        two.wait();
        queue.close();
        for pusher in pushers {
            pusher.join().unwrap();
        }
        assert_eq!(refused.get(), 1);
        assert_eq!(queue.counts(), Counts { accepted: 4, rejected: 1, queued: 4 });
        let slept = names.iter().filter(|name| history::slept(name)).count();
        harness.reach(["none slept", "one slept", "two slept", "three slept"][slept]);
    },
};

pub(crate) const LATE_PUSH_KEEPS_NO_WAKE_UP: Scenario = Scenario {
    name: "queue-late-push-keeps-no-wake-up",
    property: "queue: a pusher that times out as it is woken takes the place, and the next is woken for its own",
    clauses: &[8, 10],
    reach: &["in time", "in time at its last look", "too late"],
    world: World::PLAIN,
    // The timeout may pass at any moment: the only wake-up may go to a pusher that is timing out.
    body: |harness| {
        let queue = full_of_two(harness);
        let hurried = spawn("hurried", &queue, |queue| {
            let deadline = Deadline::after(Duration::from_secs(1));
            match queue.push("hurried", Wait::Until(deadline)) {
                Ok(_) => queue.release(),
                Err(refused) => assert_eq!(refused.refusal, Refusal::TimedOut),
            }
        });
        let patient = spawn("patient", &queue, |queue| {
            queue.push("patient", Wait::Until(Deadline::never())).unwrap();
        });
        queue.release();
        for thread in [hurried, patient] {
            thread.join().unwrap();
        }
        harness.reach(match (queue.counts().accepted, history::timed_out("hurried")) {
            (4, false) => "in time",
            (4, true) => "in time at its last look",
            _ => "too late",
        });
    },
};

/// Every popper needs its item before any close, which would wake all and hide a lost wake-up.
fn pop_before_close<Q: Queue<&'static str> + 'static>(harness: &Harness, queue: Q, poppers: usize) {
    let queue = Arc::new(queue);
    let all = Latch::new(poppers);
    let threads = (0..poppers).map(|number| {
        let (queue, all) = (Arc::clone(&queue), all.clone());
        let main = move || {
            let (number, item) = queue.pop(|| ()).expect("not closed");
            assert_eq!(item, ITEMS[usize::try_from(number).unwrap()]);
            all.done();
        };
        thread::spawn(format!("popper {number}"), None, main).unwrap()
    });
    let threads = threads.collect::<Vec<_>>();
    for (number, item) in (0..).zip(&ITEMS[..poppers]) {
        assert_eq!(queue.push(*item, Wait::No), Ok(number));
    }
    all.wait();
    harness.reach("all popped");
    for thread in threads {
        thread.join().unwrap();
    }
}

pub(crate) const POP_BEFORE_CLOSE: Scenario = Scenario {
    name: "queue-pop-before-close",
    property: "queue: two waiting poppers get two items before any close",
    clauses: &[7],
    reach: &["all popped"],
    world: World::PLAIN,
    body: |harness| pop_before_close::<Items>(harness, harness.queue(None), 2),
};

pub(crate) const THREE_POP_BEFORE_CLOSE: Scenario = Scenario {
    name: "queue-three-pop-before-close",
    property: "queue: three waiting poppers get three items before any close",
    clauses: &[7],
    reach: &["all popped"],
    world: World { alike: Some("popper "), ..World::PLAIN },
    body: |harness| pop_before_close::<Items>(harness, harness.queue(None), 3),
};

pub(crate) const SPURIOUS_WAKE_UP: Scenario = Scenario {
    name: "queue-spurious-wake-up",
    property: "queue: two poppers get two items before any close, though one wakes up spuriously",
    world: World { spurious_wakeups: 1, ..World::PLAIN },
    ..POP_BEFORE_CLOSE
};

/// One more than a scout that wakes nobody for what it leaves could be found with: two scouts are
/// under way, the fourth popper takes the first item without having slept, and of the three that are
/// left the push sees only those at the tail.
pub(crate) const FOUR_POP_BEFORE_CLOSE: Scenario = Scenario {
    name: "queue-four-pop-before-close",
    property: "queue: four poppers get four items before any close",
    clauses: &[7],
    reach: &["all popped"],
    world: World { alike: Some("popper "), ..World::PLAIN },
    body: |harness| pop_before_close::<Items>(harness, harness.queue(None), 4),
};

/// With room for nothing, every buffer is one that a burst has grown.
pub(crate) const GIVES_BUFFERS_BACK: Scenario = Scenario {
    name: "queue-gives-buffers-back",
    property: "queue: a popper that gives buffers back before it sleeps misses no item",
    clauses: &[7],
    reach: &["all popped"],
    world: World::PLAIN,
    body: |harness| pop_before_close(harness, TwoLock::keeping(0, None, |_| false), 2),
};

pub(crate) const NONE_ONLY_WHEN_CLOSED: Scenario = Scenario {
    name: "queue-none-only-when-closed",
    property:
        "queue: of two poppers one gets the only item, the other none, and not before the close",
    clauses: &[4, 7],
    reach: &["the item of popper 0", "the item of popper 1"],
    world: World::PLAIN,
    body: |harness| {
        let queue = Arc::new(harness.queue(None));
        let (one, closed) = (Latch::new(1), Count::default());
        let first = Count::default();
        let popper = |name| {
            let (one, closed, first) = (one.clone(), closed.clone(), first.clone());
            spawn(name, &queue, move |queue: &Items| {
                if queue.pop(|| ()).is_some() {
                    if name == "popper 0" {
                        first.add();
                    }
                    one.done();
                } else {
                    assert_eq!(closed.get(), 1, "none, and the queue is open");
                }
            })
        };
        let poppers = ["popper 0", "popper 1"].map(popper);
        queue.push("item", Wait::No).unwrap();
        one.wait();
        closed.add();
        queue.close();
        for popper in poppers {
            popper.join().unwrap();
        }
        harness.reach(if first.get() == 1 {
            "the item of popper 0"
        } else {
            "the item of popper 1"
        });
    },
};

/// A popper that has been woken may find that another has filled the head.
pub(crate) const EACH_POPPER_IN_ORDER: Scenario = Scenario {
    name: "queue-each-popper-in-order",
    property: "queue: beside another popper, a popper gets two items in the order of their numbers",
    clauses: &[6, 7],
    reach: &["the first and the second", "the first and the third", "the second and the third"],
    world: World::PLAIN,
    body: |harness| {
        let queue = Arc::new(harness.queue(None));
        let first = Count::default();
        let two = {
            let first = first.clone();
            spawn("two", &queue, move |queue: &Items| {
                let [one, other] = [(); 2].map(|()| queue.pop(|| ()).expect("not closed").0);
                assert!(one < other, "{one} and then {other}");
                // In binary, which of the three it got.
                (0..(1 << one) + (1 << other)).for_each(|_| first.add());
            })
        };
        let one = spawn("one", &queue, |queue: &Items| {
            queue.pop(|| ()).expect("not closed");
        });
        for item in &ITEMS[..3] {
            queue.push(*item, Wait::No).unwrap();
        }
        for thread in [two, one] {
            thread.join().unwrap();
        }
        harness.reach(match first.get() {
            0b011 => "the first and the second",
            0b101 => "the first and the third",
            _ => "the second and the third",
        });
    },
};

pub(crate) const POP_IN_ORDER: Scenario = Scenario {
    name: "queue-in-order",
    property: "queue: items come out in the order of their numbers, those of two pushers too",
    clauses: &[6],
    reach: &["main's first", "the pusher's first"],
    world: World::PLAIN,
    body: |harness| {
        let queue = Arc::new(harness.queue(None));
        let pusher = spawn("pusher", &queue, |queue| {
            queue.push("pusher", Wait::No).unwrap();
        });
        let number = queue.push("main", Wait::No).unwrap();
        let (zero, first) = queue.pop(|| ()).unwrap();
        let (one, second) = queue.pop(|| ()).unwrap();
        assert_eq!((zero, one), (0, 1));
        assert_ne!(first, second);
        assert_eq!(first == "main", number == 0, "an item has the number that its push returned");
        harness.reach(if first == "main" { "main's first" } else { "the pusher's first" });
        pusher.join().unwrap();
    },
};

pub(crate) const DRAIN_RACING_POP: Scenario = Scenario {
    name: "queue-drain-racing-pop",
    property:
        "queue: a drain leaves nothing; each item is popped or drained, once; poppers are let go",
    clauses: &[4],
    reach: &["none popped", "one popped", "both popped"],
    world: World::PLAIN,
    body: |harness| {
        let queue = Arc::new(harness.queue(None));
        let popped = Count::default();
        let popper = {
            let popped = popped.clone();
            spawn("popper", &queue, move |queue| {
                while queue.pop(|| ()).is_some() {
                    popped.add();
                }
            })
        };
        queue.push("first", Wait::No).unwrap();
        queue.push("second", Wait::No).unwrap();
        let drained: Vec<_> = queue.drain().collect();
        // What it left, the popper would take.
        assert_eq!(queue.counts().queued, 0, "a drain leaves nothing");
        popper.join().unwrap();
        let left = (0..).zip(ITEMS).take(2).skip(popped.get());
        assert_eq!(drained, left.collect::<Vec<_>>());
        assert_eq!(queue.push("late", Wait::No).map_err(|refused| refused.item), Err("late"));
        harness.reach(["none popped", "one popped", "both popped"][popped.get()]);
    },
};
