//! Scenarios on the `locked` queue alone: the contract that the pool relies on.

use last_call::queue::locked::Locked;
use last_call::queue::{Counts, Queue, Refusal, Wait};
use last_call::sync::{thread, Arc, Deadline};

use crate::scenario::{history, Count, Latch, Scenario};

type Items = Locked<&'static str>;

fn spawn(
    name: &str,
    queue: &Arc<Items>,
    main: impl FnOnce(&Items) + Send + 'static,
) -> thread::JoinHandle {
    let queue = Arc::clone(queue);
    thread::spawn(name.to_owned(), None, move || main(&queue)).unwrap()
}

pub(crate) const PUSH_RACING_CLOSE: Scenario = Scenario {
    name: "queue-push-racing-close",
    property: "queue: an item pushed while the queue closes is popped once, or handed back",
    clauses: &[3],
    reach: &["popped", "handed back"],
    world: &[],
    body: |stage| {
        let queue = Arc::new(Items::new(None));
        let (popped, refused) = (Count::default(), Count::default());
        let popper = {
            let popped = popped.clone();
            spawn("popper", &queue, move |queue| {
                while let Some((number, item)) = queue.pop() {
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
        stage.reach(if popped.get() == 1 { "popped" } else { "handed back" });
    },
};

pub(crate) const CLOSE_RELEASES_PUSHERS: Scenario = Scenario {
    name: "queue-close-releases-pushers",
    property: "queue: close lets two pushers go that wait for a place which nobody gives back",
    clauses: &[3, 10],
    reach: &["both slept", "one slept", "none slept"],
    world: &[],
    body: |stage| {
        let queue = Arc::new(Items::new(Some(1)));
        assert_eq!(queue.push("first", Wait::No), Ok(0));
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
        stage.reach(match slept.iter().filter(|slept| **slept).count() {
            2 => "both slept",
            1 => "one slept",
            _ => "none slept",
        });
    },
};

pub(crate) const POP_BEFORE_CLOSE: Scenario = Scenario {
    name: "queue-pop-before-close",
    property: "queue: two waiting poppers get two items before any close",
    clauses: &[7],
    reach: &["both popped"],
    world: &[],
    body: |stage| {
        let queue = Arc::new(Items::new(None));
        let both = Latch::new(2);
        let popper = |name| {
            let both = both.clone();
            spawn(name, &queue, move |queue| {
                queue.pop().expect("not closed");
                both.done();
            })
        };
        let poppers = [popper("popper 0"), popper("popper 1")];
        assert_eq!(queue.push("first", Wait::No), Ok(0));
        assert_eq!(queue.push("second", Wait::No), Ok(1));
        both.wait();
        stage.reach("both popped");
        for popper in poppers {
            popper.join().unwrap();
        }
    },
};

pub(crate) const POP_IN_ORDER: Scenario = Scenario {
    name: "queue-in-order",
    property: "queue: items come out in the order of their numbers, those of two pushers too",
    clauses: &[6],
    reach: &["main's first", "the pusher's first"],
    world: &[],
    body: |stage| {
        let queue = Arc::new(Items::new(None));
        let pusher = spawn("pusher", &queue, |queue| {
            queue.push("pusher", Wait::No).unwrap();
        });
        queue.push("main", Wait::No).unwrap();
        let (zero, first) = queue.pop().unwrap();
        let (one, second) = queue.pop().unwrap();
        assert_eq!((zero, one), (0, 1));
        assert_ne!(first, second);
        stage.reach(if first == "main" { "main's first" } else { "the pusher's first" });
        pusher.join().unwrap();
    },
};

pub(crate) const DRAIN_RACING_POP: Scenario = Scenario {
    name: "queue-drain-racing-pop",
    property: "queue: each item is popped or drained, once; a waiting popper is let go",
    clauses: &[4],
    reach: &["none popped", "one popped", "both popped"],
    world: &[],
    body: |stage| {
        let queue = Arc::new(Items::new(None));
        let popped = Count::default();
        let popper = {
            let popped = popped.clone();
            spawn("popper", &queue, move |queue| {
                while queue.pop().is_some() {
                    popped.add();
                }
            })
        };
        queue.push("first", Wait::No).unwrap();
        queue.push("second", Wait::No).unwrap();
        let drained = queue.drain();
        popper.join().unwrap();
        assert_eq!(drained.len() + popped.get(), 2);
        assert_eq!(queue.push("late", Wait::No).map_err(|refused| refused.item), Err("late"));
        stage.reach(["none popped", "one popped", "both popped"][popped.get()]);
    },
};
