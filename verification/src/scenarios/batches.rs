//! Scenarios on jobs that are submitted all at once.

use last_call::queue::{Queue, Wait};
use last_call::sync::Arc;
use last_call::SubmitError;

use super::shutdown::{settled, spawn};
use super::waits::bounded;
use crate::scenarios::scenario::{Scenario, World};
use crate::scenarios::tools::{Count, Latch};

const BATCH: Scenario = Scenario {
    name: "",
    property: "",
    clauses: &[34],
    reach: &["returned"],
    world: World::ALIKE_WORKERS,
    body: |_| {},
};

pub(crate) const BATCH_MEETS: Scenario = Scenario {
    name: "batch-meets",
    property: "2 jobs that are submitted at once run at the same time, before any shutdown",
    clauses: &[7, 34],
    body: |harness| {
        let pool = harness.pool(2);
        let (met, done) = (Latch::new(2), Latch::new(1));
        let jobs = [(met.clone(), done.clone()), (met, done.clone())].map(|(met, done)| {
            move || {
                if met.arrive() > 0 {
                    met.wait();
                    done.done();
                }
            }
        });
        pool.execute_all(jobs).unwrap();
        done.wait();
        settled(&pool.shutdown());
        harness.reach("returned");
    },
    ..BATCH
};

pub(crate) const BATCH_WAITS: Scenario = Scenario {
    name: "batch-waits",
    property: "2 jobs that are submitted at once to one slot are both accepted before any shutdown",
    clauses: &[10, 34],
    body: |harness| {
        let pool = bounded(harness, 1);
        pool.execute_all([|| (), || ()]).expect("no shutdown has begun");
        let report = pool.shutdown();
        settled(&report);
        assert_eq!((report.completed, report.rejected), (2, 0));
        harness.reach("returned");
    },
    ..BATCH
};

pub(crate) const BATCH_RACING_DRAIN: Scenario = Scenario {
    name: "batch-racing-drain",
    property:
        "of jobs that are submitted at once beside a drain, the first run and the others come back",
    clauses: &[3, 10, 14, 34],
    reach: &["all ran", "the first ran", "none ran"],
    body: |harness| {
        let pool = bounded(harness, 1);
        let ran = Count::default();
        let trigger = pool.shutdown_trigger();
        let drainer = spawn("drainer", move || trigger.drain());
        let result = pool.execute_all([ran.job(), ran.job()]);
        let (accepted, refused) = match result {
            Ok(()) => (2, Vec::new()),
            Err(error) => (error.accepted, error.refused),
        };
        assert!(refused.iter().all(SubmitError::is_shut_down));
        drainer.join().unwrap();
        let report = pool.shutdown();
        settled(&report);
        assert_eq!((ran.get(), report.completed), (accepted, accepted as u64));
        assert_eq!((report.rejected, accepted + refused.len()), (refused.len() as u64, 2));
        harness.reach(["none ran", "the first ran", "all ran"][accepted]);
    },
    ..BATCH
};

pub(crate) const QUEUE_BATCH_IN_ONE_STEP: Scenario = Scenario {
    name: "queue-batch-in-one-step",
    property: "items that are pushed at once have numbers that follow one another, and leave in their order",
    clauses: &[4, 34],
    reach: &["the batch came first", "the other item came first"],
    world: World::PLAIN,
    body: |harness| {
        let queue = Arc::new(harness.queue(None));
        let (popper, pusher) = (Arc::clone(&queue), Arc::clone(&queue));
        let popper = spawn("popper", move || {
            let popped = [(); 3].map(|()| popper.pop(|| ()).expect("the queue is open"));
            assert_eq!(popped.map(|(number, _)| number), [0, 1, 2]);
            let items = popped.map(|(_, item)| item);
            assert!(items == [0, 1, 2] || items == [1, 2, 0], "the batch is torn: {items:?}");
        });
        let pusher = spawn("pusher", move || {
            pusher.push(0, Wait::No).expect("the queue is open");
        });
        let mut items = vec![1, 2].into_iter();
        let numbers = queue.push_all(&mut items);
        assert_eq!((numbers.end - numbers.start, items.len()), (2, 0));
        pusher.join().unwrap();
        popper.join().unwrap();
        let came_first = ["the other item came first", "the batch came first"];
        harness.reach(came_first[usize::from(numbers.start == 0)]);
    },
};
