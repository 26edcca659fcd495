//! Submitting many jobs at once: the first ones are accepted, in order, and the others come back.

#![cfg(not(loom))]

mod support;

use std::error::Error;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use last_call::{QueueKind, RefusalKind, SubmitError, ThreadPool};
use support::{
    assert_conserved, bounded, evidence, lock, panic_quietly, pool, waiting, watchdog, Count,
    Counted, Gate, LIMIT,
};

/// Batches from several threads and single jobs get ids that follow one another, batch by batch.
#[test]
fn the_ids_of_a_batch_follow_one_another() {
    watchdog(LIMIT, "ids", |_| {
        const THREADS: u64 = 3;
        const BATCHES: u64 = 50;
        const EACH: u64 = 7;
        let pool = pool(2);
        let threads: Vec<_> = (0..THREADS)
            .map(|_| {
                let submitter = pool.submitter();
                thread::spawn(move || {
                    for _ in 0..BATCHES {
                        let handles = submitter.submit_all((0..EACH).map(|n| move || n)).unwrap();
                        let first = handles[0].id().get();
                        for (n, handle) in (0..).zip(handles) {
                            assert_eq!(handle.id().get(), first + n);
                            assert_eq!(handle.join().unwrap(), n, "each handle has its own job");
                        }
                        submitter.execute(|| ()).unwrap();
                    }
                })
            })
            .collect();
        for thread in threads {
            thread.join().unwrap();
        }
        let report = pool.shutdown();
        assert_eq!(report.completed, THREADS * BATCHES * (EACH + 1));
        assert_conserved(&report);
        evidence("C1,C4,C34", THREADS * BATCHES);
    });
}

/// One worker runs the jobs in order. As many as there are workers run at the same time.
#[test]
fn a_batch_starts_in_order_and_wakes_every_worker() {
    const WORKERS: u64 = 4;
    watchdog(LIMIT, "order", |_| {
        let one = pool(1);
        let order = Arc::new(Mutex::new(Vec::new()));
        let jobs = (0..100).map(|n| {
            let order = Arc::clone(&order);
            move || lock(&order).push(n)
        });
        one.execute_all(jobs).unwrap();
        assert_eq!(one.shutdown().completed, 100);
        assert_eq!(*lock(&order), (0..100).collect::<Vec<_>>());

        let four = pool(4);
        for _ in 0..20 {
            let gate = Gate::new();
            four.execute_all((0..WORKERS).map(|_| gate.job())).unwrap();
            gate.wait_for(WORKERS);
        }
        assert_eq!(four.shutdown().completed, 20 * WORKERS);
        evidence("C4,C7,C34", 21);
    });
}

/// No job of another batch comes between those that find slots at once.
#[test]
fn batches_that_find_slots_are_not_torn() {
    watchdog(LIMIT, "torn", |progress| {
        const THREADS: usize = 3;
        const EACH: usize = 2;
        for kind in QueueKind::ALL {
            let pool = {
                let builder = ThreadPool::builder().queue(*kind).workers(2);
                builder.capacity(THREADS * EACH).build().unwrap()
            };
            let torn = AtomicU64::new(0);
            thread::scope(|scope| {
                for _ in 0..THREADS {
                    scope.spawn(|| {
                        for _ in 0..5000 {
                            let handles = pool.submit_all([|| (); EACH]).unwrap();
                            let ids: Vec<_> =
                                handles.iter().map(|handle| handle.id().get()).collect();
                            if ids[1] != ids[0] + 1 {
                                torn.fetch_add(1, Ordering::Relaxed);
                            }
                            for handle in handles {
                                drop(handle.join());
                            }
                        }
                    });
                }
            });
            progress.note(format_args!("{}: {torn:?}", kind.name()));
            assert_eq!(torn.into_inner(), 0, "{}", kind.name());
        }
        evidence("C34", QueueKind::ALL.len() as u64);
    });
}

/// A batch that is longer than the queue waits for slots, and is accepted as a whole.
#[test]
fn a_batch_waits_for_slots() {
    watchdog(LIMIT, "slots", |_| {
        const JOBS: u64 = 50;
        for slots in 1..4 {
            let pool = bounded(2, slots);
            let gate = Gate::new();
            gate.hold(&pool, 2);
            let ran = Count::default();
            let (submitter, runs) = (pool.submitter(), ran.clone());
            let batch = waiting(move || {
                submitter.execute_all((0..JOBS).map(|_| {
                    let ran = runs.clone();
                    move || ran.up()
                }))
            });
            assert!(pool.stats().accepted <= 2 + slots as u64, "no more than there are slots");
            gate.open();
            batch.join().unwrap().unwrap();
            let report = pool.shutdown();
            assert_eq!((ran.get(), report.accepted, report.rejected), (JOBS, JOBS + 2, 0));
        }
        evidence("C10,C34", 3);
    });
}

/// What is refused comes back unrun and in order, and is counted; what was accepted runs.
#[test]
fn the_rest_of_a_batch_comes_back_when_the_pool_shuts_down() {
    watchdog(LIMIT, "rest", |_| {
        for with_handles in [false, true] {
            let pool = bounded(1, 2);
            let gate = Gate::new();
            gate.hold(&pool, 1);
            let (ran, dropped) = (Count::default(), Count::default());
            let jobs: Vec<_> = (0..5_u64)
                .map(|n| {
                    let (ran, capture) = (ran.clone(), Counted(dropped.clone()));
                    move || {
                        ran.up();
                        drop(capture);
                        assert!(n < 100);
                    }
                })
                .collect();
            let submitter = pool.submitter();
            let batch = waiting(move || {
                if with_handles {
                    let error = submitter.submit_all(jobs).unwrap_err();
                    assert_eq!(
                        error.to_string(),
                        "refused jobs: 3; the thread pool is shutting down"
                    );
                    assert!(error.accepted.iter().all(|handle| !handle.is_finished()));
                    (error.accepted.len(), error.kind(), error.refused)
                } else {
                    let error = submitter.execute_all(jobs).unwrap_err();
                    (error.accepted, error.kind(), error.refused)
                }
            });
            while pool.stats().accepted < 3 {
                thread::yield_now();
            }
            pool.shutdown_trigger().drain();
            let (accepted, kind, refused) = batch.join().unwrap();
            assert_eq!((accepted, kind), (2, RefusalKind::ShutDown));
            assert_eq!((refused.len(), ran.get(), dropped.get()), (3, 0, 0));
            assert!(refused.iter().all(SubmitError::is_shut_down));
            gate.open();
            let report = pool.shutdown();
            assert_eq!((report.accepted, report.completed, report.rejected), (3, 3, 3));
            assert_eq!((ran.get(), dropped.get()), (2, 2));
            for refused in refused {
                refused.into_job()();
            }
            assert_eq!((ran.get(), dropped.get()), (5, 5), "they are the submitted closures");
        }
        evidence("C3,C10,C34", 2);
    });
}

/// A worker of the pool does not wait for a slot.
#[test]
fn a_batch_that_would_wait_on_a_worker_comes_back() {
    watchdog(LIMIT, "own worker", |_| {
        let pool = bounded(1, 2);
        let submitter = pool.submitter();
        let job = pool.submit(move || submitter.execute_all([|| (), || (), || (), || ()]));
        let error = job.unwrap().join().unwrap().unwrap_err();
        assert_eq!((error.accepted, error.kind()), (2, RefusalKind::WouldDeadlock));
        assert_eq!(error.refused.len(), 2);
        let report = pool.shutdown();
        assert_eq!((report.completed, report.rejected), (3, 2));
        evidence("C9,C34", 1);
    });
}

/// The iterator is user code: it runs before anything is submitted, and may use the pool.
#[test]
fn an_iterator_that_panics_or_is_empty_submits_nothing() {
    watchdog(LIMIT, "iterator", |_| {
        let pool = pool(1);
        let dropped = Count::default();
        let jobs = (0..3).map(|n| {
            if n == 2 {
                panic_quietly("no third job");
            }
            pool.execute(|| ()).expect("no lock is held");
            let capture = Counted(dropped.clone());
            move || drop(capture)
        });
        let caught = catch_unwind(AssertUnwindSafe(|| drop(pool.submit_all(jobs))));
        assert!(caught.is_err());
        assert_eq!(dropped.get(), 2, "the closures are dropped");
        assert_eq!(pool.submit_all([(); 0].map(|()| || ())).unwrap().len(), 0);
        let report = pool.shutdown();
        assert_eq!((report.accepted, report.completed), (2, 2), "those that it executed");
        assert_eq!(dropped.get(), 2);
        evidence("C14,C34", 2);
    });
}

/// `?` converts the error to a boxed one.
#[test]
fn the_error_fits_into_a_boxed_error() {
    fn batch(pool: &ThreadPool) -> Result<(), Box<dyn Error + Send + Sync>> {
        pool.submit_all([|| 1, || 2])?;
        pool.execute_all([|| (), || ()])?;
        Ok(())
    }
    watchdog(LIMIT, "boxed", |_| {
        let pool = pool(1);
        batch(&pool).unwrap();
        pool.shutdown_trigger().drain();
        let error = batch(&pool).unwrap_err();
        assert_eq!(error.to_string(), "refused jobs: 2; the thread pool is shutting down");
        evidence("C3", 2);
    });
}
