//! Scenarios for samples, too large to be explored: many workers, submitters and jobs.

use last_call::queue::{Queue, Wait};
use last_call::sync::{self, thread, Arc};
use last_call::{Outcome, Submitter, ThreadPool};

use super::shutdown::{settled, spawn};
use crate::scenarios::scenario::{Harness, Scenario, World};
use crate::scenarios::tools::{history, Count, Latch};
use crate::subjects::subject::Job;

const SUBMITTERS: usize = 4;

const DRAINED: &str = "every job had run before the drop";
const DROPPED_EARLY: &str = "jobs were left when the drop began";

pub(crate) const DROP_MANY: Scenario = Scenario {
    name: "drop-8x32",
    property: "drop returns, and each job has run once: 8 workers, 32 jobs",
    clauses: &[2, 4, 16],
    reach: &[DRAINED, DROPPED_EARLY],
    world: World::PLAIN,
    body: |harness| {
        const JOBS: usize = 32;
        let ran = Count::default();
        let pool = harness.pool(8);
        for _ in 0..JOBS {
            pool.execute(ran.job()).unwrap();
        }
        let all = ran.get() == JOBS;
        sync::note(history::DROP);
        drop(pool);
        assert_eq!(ran.get(), JOBS, "after drop, each accepted job has run once");
        harness.reach(if all { DRAINED } else { DROPPED_EARLY });
    },
};

pub(crate) const PROGRESS_MANY: Scenario = Scenario {
    name: "progress-8x16",
    property: "all jobs run before any shutdown begins: 8 workers, 16 jobs",
    clauses: &[7],
    reach: &["the last job ended last", "an earlier job ended last"],
    world: World::PLAIN,
    body: |harness| {
        const JOBS: usize = 16;
        let (all, last) = (Latch::new(JOBS), Count::default());
        let pool = harness.pool(8);
        for number in 1..=JOBS {
            let (all, last) = (all.clone(), last.clone());
            let job = move || {
                if all.arrive() == 0 && number == JOBS {
                    last.add();
                }
            };
            pool.execute(job).unwrap();
        }
        all.wait();
        let in_order = last.get() == 1;
        harness
            .reach(["an earlier job ended last", "the last job ended last"][usize::from(in_order)]);
    },
};

const ALL_ACCEPTED: &str = "every job was accepted";
const SOME_REFUSED: &str = "some jobs were refused";
const ALL_REFUSED: &str = "every job was refused";

pub(crate) const DROP_RACE: Scenario = Scenario {
    name: "submit-racing-drop-4x4",
    property: "each job submitted while the pool is dropped runs or comes back: 4 submitters, 4 workers, 16 jobs",
    clauses: &[2, 3, 4, 16],
    reach: &[ALL_ACCEPTED, SOME_REFUSED, ALL_REFUSED],
    world: World::PLAIN,
    body: |harness| {
        harness.reach(match submit_racing_drain(harness.pool(4), 4) {
            (_, 0) => ALL_ACCEPTED,
            (0, _) => ALL_REFUSED,
            _ => SOME_REFUSED,
        });
    },
};

pub(crate) const BOUNDED_DRAIN: Scenario = Scenario {
    name: "full-racing-drain",
    property: "each job submitted while the pool drains runs or comes back: 2 slots, 4 submitters, 3 workers",
    clauses: &[3, 4, 8, 10, 16],
    reach: &[COMPLETED, REFUSED, WAITED],
    world: World::PLAIN,
    body: |harness| {
        let (ran, refused) = submit_racing_drain(bounded(harness), 3);
        harness.reach_each(&[(COMPLETED, ran), (REFUSED, refused), (WAITED, waiters())]);
    },
};

const COMPLETED: &str = "a job completed";
const CANCELLED: &str = "a job was cancelled";
const REFUSED: &str = "a job was refused";
const WAITED: &str = "a submitter waited";

fn bounded(harness: &Harness) -> ThreadPool {
    harness.builder().workers(3).capacity(2).build().unwrap()
}

/// Returns the number of submitters that have slept.
fn waiters() -> usize {
    (0..SUBMITTERS).filter(|number| history::slept(&name(*number))).count()
}

/// Drops the pool while each submitter submits `each` jobs. Returns how many jobs ran and how many
/// came back.
fn submit_racing_drain(pool: ThreadPool, each: usize) -> (usize, usize) {
    let (ran, refused) = (Count::default(), Count::default());
    let submitters = submitters(&pool, |submitter| {
        let (ran, refused) = (ran.clone(), refused.clone());
        move || {
            for _ in 0..each {
                if let Err(error) = submitter.execute(ran.job()) {
                    assert!(error.is_shut_down());
                    refused.add();
                }
            }
        }
    });
    drop(pool);
    let ran_by_then = ran.get();
    join(submitters);
    assert_eq!(ran.get(), ran_by_then, "nothing runs after drop");
    assert_eq!(ran.get() + refused.get(), SUBMITTERS * each, "each job ran once or came back once");
    (ran.get(), refused.get())
}

pub(crate) const BOUNDED_PROGRESS: Scenario = Scenario {
    name: "full-progress",
    property:
        "with 2 slots, all 12 jobs of 4 submitters are accepted before any shutdown: 3 workers",
    clauses: &[7, 8, 10],
    reach: &["every submitter waited", "some submitter did not wait"],
    world: World::PLAIN,
    body: |harness| {
        const EACH: usize = 3;
        let pool = bounded(harness);
        let ran = Count::default();
        let submitters = submitters(&pool, |submitter| {
            let ran = ran.clone();
            move || {
                for _ in 0..EACH {
                    submitter.execute(ran.job()).unwrap();
                }
            }
        });
        join(submitters);
        drop(pool);
        assert_eq!(ran.get(), SUBMITTERS * EACH);
        let all = waiters() == SUBMITTERS;
        harness.reach(["some submitter did not wait", "every submitter waited"][usize::from(all)]);
    },
};

pub(crate) const DISCARD_RACE: Scenario = Scenario {
    name: "submit-racing-discard-4x4",
    property: "when 4 submitters race shutdown_now, each handle resolves and the report agrees",
    clauses: &[3, 4, 5, 17, 20, 24],
    reach: &[COMPLETED, CANCELLED, REFUSED],
    world: World::PLAIN,
    body: |harness| {
        const EACH: usize = 4;
        let pool = harness.pool(4);
        let (ran, dropped) = (Count::default(), Count::default());
        let (completed, cancelled) = (Count::default(), Count::default());
        let submitters = submitters(&pool, |submitter| {
            let (ran, dropped) = (ran.clone(), dropped.clone());
            let (completed, cancelled) = (completed.clone(), cancelled.clone());
            move || {
                let submit = |_| {
                    let (run, capture) = (ran.job(), dropped.on_drop());
                    let job = move || {
                        run();
                        drop(capture);
                    };
                    submitter.submit(job).map_err(|error| assert!(error.is_shut_down())).ok()
                };
                let handles: Vec<_> = (0..EACH).filter_map(submit).collect();
                for handle in handles {
                    match handle.join() {
                        Outcome::Completed(()) => completed.add(),
                        Outcome::Cancelled(_) => cancelled.add(),
                        Outcome::Panicked(_) => panic!("no job panics"),
                    }
                }
            }
        });
        let report = pool.shutdown_now();
        join(submitters);
        settled(&report);
        assert_eq!(report.completed, ran.get() as u64);
        assert_eq!(report.completed, completed.get() as u64);
        assert_eq!(report.cancelled, cancelled.get() as u64);
        assert_eq!(dropped.get(), SUBMITTERS * EACH, "the captures of every job are dropped");
        let refused = SUBMITTERS * EACH - completed.get() - cancelled.get();
        let (completed, cancelled) = (completed.get(), cancelled.get());
        harness.reach_each(&[(COMPLETED, completed), (CANCELLED, cancelled), (REFUSED, refused)]);
    },
};

/// Three items need three scouts. If one of them swaps and the others are late, two more pushes wake
/// nobody, and a popper that the close wakes finds more items than scouts.
pub(crate) const QUEUE_CLOSE: Scenario = Scenario {
    name: "queue-close-6x5",
    property:
        "queue: sleeping poppers take each item pushed before the close once: 6 poppers, 5 items",
    clauses: &[4, 16],
    reach: &["every item was out before the close", "items were left at the close"],
    world: World::PLAIN,
    body: |harness| {
        const POPPERS: usize = 6;
        const ITEMS: usize = 5;
        let queue = Arc::new(harness.queue::<()>(None));
        let (asleep, popped) = (Latch::new(POPPERS), Count::default());
        let popper = |number| {
            let (queue, asleep, popped) = (Arc::clone(&queue), asleep.clone(), popped.clone());
            spawn(&format!("popper {number}"), move || {
                if queue.pop(|| asleep.done()).is_some() {
                    popped.add();
                }
            })
        };
        let poppers = (0..POPPERS).map(popper).collect();
        asleep.wait();
        // `counts` takes both locks. So each popper has released them, to sleep or to pause.
        assert_eq!(queue.counts().queued, 0);
        for _ in 0..ITEMS {
            queue.push((), Wait::No).unwrap();
        }
        let all = queue.counts().queued == 0;
        queue.close();
        join(poppers);
        assert_eq!(popped.get(), ITEMS, "each item was popped once");
        harness.reach(
            ["items were left at the close", "every item was out before the close"]
                [usize::from(all)],
        );
    },
};

pub(crate) const IDLE_MANY: Scenario = Scenario {
    name: "idle-two-waiters-4x12",
    property:
        "when two idleness waiters return, 4 jobs and all their descendants have ended: 4 workers",
    clauses: &[7, 26],
    reach: &["both slept", "one slept", "neither slept"],
    world: World::PLAIN,
    body: |harness| {
        const LINES: usize = 4;
        const GENERATIONS: usize = 3;
        let pool = harness.pool(4);
        let ran = Count::default();
        for _ in 0..LINES {
            pool.execute(generation(pool.submitter(), ran.clone(), GENERATIONS)).unwrap();
        }
        let other = {
            let (submitter, ran) = (pool.submitter(), ran.clone());
            spawn("other", move || {
                submitter.wait_idle().unwrap();
                assert_eq!(ran.get(), LINES * GENERATIONS, "nothing was queued or running");
            })
        };
        pool.wait_idle().unwrap();
        assert_eq!(ran.get(), LINES * GENERATIONS, "nothing was queued or running");
        other.join().unwrap();
        let slept = ["main", "other"].into_iter().filter(|thread| history::slept(thread)).count();
        harness.reach(["neither slept", "one slept", "both slept"][slept]);
    },
};

/// Returns a job that submits the job of the next generation; the job of the last generation takes
/// long. Idleness waiters wake up at the end of every job, so they sleep only while a long job runs.
fn generation(submitter: Submitter, ran: Count, left: usize) -> Job {
    const LONG: usize = 20;
    Box::new(move || {
        if left > 1 {
            let next = generation(submitter.clone(), ran.clone(), left - 1);
            assert!(submitter.execute(next).is_ok(), "the pool is running");
        } else {
            let work = sync::Mutex::new(0);
            (0..LONG).for_each(|_| *work.lock() += 1);
        }
        ran.add();
    })
}

/// Starts the submitters.
fn submitters<F>(pool: &ThreadPool, program: impl Fn(Submitter) -> F) -> Vec<thread::JoinHandle>
where
    F: FnOnce() + Send + 'static,
{
    (0..SUBMITTERS).map(|number| spawn(&name(number), program(pool.submitter()))).collect()
}

fn name(submitter: usize) -> String {
    format!("submitter-{submitter}")
}

fn join(threads: Vec<thread::JoinHandle>) {
    for thread in threads {
        thread.join().unwrap();
    }
}
