//! The order in which jobs start, and that none waits while a worker is free.

#![cfg(not(loom))]

mod support;

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex};
use std::thread;

use last_call::JobId;
use support::{evidence, lock, pool, watchdog, Count, Gate, LIMIT};

#[test]
fn one_worker_starts_jobs_in_the_order_of_submission() {
    watchdog(LIMIT, "order of submission", |_| {
        const JOBS: u64 = 200;
        let started = Arc::new(Mutex::new(Vec::new()));
        let pool = pool(1);
        let gate = Gate::new();
        pool.execute(gate.job()).unwrap();
        for number in 0..JOBS {
            let started = Arc::clone(&started);
            pool.execute(move || lock(&started).push(number)).unwrap();
        }
        gate.wait_for(1);
        assert!(lock(&started).is_empty(), "the worker is held");
        gate.open();
        drop(pool);
        assert_eq!(*lock(&started), (0..JOBS).collect::<Vec<_>>());
        evidence("C6", JOBS);
    });
}

/// Submitters race, so only the ids of their jobs say which was accepted first.
#[test]
fn the_number_of_a_job_is_its_place_in_the_order_of_acceptance() {
    watchdog(LIMIT, "numbers", |_| {
        let pool = pool(1);
        let ids = [(); 3].map(|()| pool.submit(|| ()).unwrap().id());
        assert_eq!(ids.map(JobId::get), [0, 1, 2]);
        assert_eq!(ids.map(|id| id.to_string()), ["0", "1", "2"]);
        evidence("C6", 1);
    });
}

#[test]
fn one_worker_starts_jobs_of_many_submitters_in_the_order_of_their_ids() {
    watchdog(LIMIT, "order of ids", |progress| {
        const ROUNDS: u64 = 20;
        const SUBMITTERS: u64 = 3;
        const JOBS: u64 = 50;
        for round in 0..ROUNDS {
            progress.note(format_args!("round {round}"));
            let started = Arc::new(Mutex::new(Vec::new()));
            let pool = pool(1);
            let accepted = Mutex::new(BTreeMap::new());
            thread::scope(|scope| {
                for submitter in 0..SUBMITTERS {
                    let (pool, accepted, started) = (&pool, &accepted, &started);
                    scope.spawn(move || {
                        for job in 0..JOBS {
                            let started = Arc::clone(started);
                            let run = move || lock(&started).push((submitter, job));
                            let handle = pool.submit(run).unwrap();
                            lock(accepted).insert(handle.id(), (submitter, job));
                        }
                    });
                }
            });
            let _ = pool.shutdown();
            let accepted = lock(&accepted);
            let ids = accepted.keys().map(|id| id.get()).collect::<Vec<_>>();
            assert_eq!(ids, (0..SUBMITTERS * JOBS).collect::<Vec<_>>(), "no gap, none twice");
            assert_eq!(*lock(&started), accepted.values().copied().collect::<Vec<_>>());
        }
        evidence("C6", ROUNDS);
    });
}

#[test]
fn the_jobs_that_start_first_are_those_submitted_first() {
    watchdog(LIMIT, "first come", |_| {
        const WORKERS: u64 = 3;
        let pool = pool(3);
        let gate = Gate::new();
        let early = (0..WORKERS).map(|_| pool.submit(gate.job()).unwrap()).collect::<Vec<_>>();
        let ran = Count::default();
        for _ in 0..20 {
            let ran = ran.clone();
            pool.execute(move || ran.up()).unwrap();
        }
        gate.wait_for(WORKERS);
        assert_eq!(ran.get(), 0, "every worker is held, and there are no more");
        assert_eq!(pool.stats().queued, 20);
        gate.open();
        for job in early {
            job.join().unwrap();
        }
        drop(pool);
        assert_eq!(ran.get(), 20);
        evidence("C6,C28", 1);
    });
}

/// This holds for each free worker, and for jobs that come before or after the others are held.
#[test]
fn a_free_worker_runs_everything_while_the_others_are_held() {
    watchdog(LIMIT, "a free worker", |progress| {
        let mut runs = 0;
        for workers in 2..=4_usize {
            for free in 0..workers {
                progress.note(format_args!("{workers} workers, number {free} released"));
                let pool = pool(workers);
                let gates = (0..workers).map(|_| Gate::new()).collect::<Vec<_>>();
                for gate in &gates {
                    pool.execute(gate.job()).unwrap();
                }
                for gate in &gates {
                    gate.wait_for(1);
                }
                let early = (0..10).map(|n| pool.submit(move || n).unwrap()).collect::<Vec<_>>();
                gates[free].open();
                for (n, job) in early.into_iter().enumerate() {
                    assert_eq!(job.join().unwrap(), n);
                }
                for n in 0..10 {
                    assert_eq!(pool.submit(move || n).unwrap().join().unwrap(), n);
                }
                assert_eq!(pool.stats().finished(), 21, "the others are still held");
                gates.iter().for_each(Gate::open);
                drop(pool);
                runs += 1;
            }
        }
        evidence("C7", runs);
    });
}

/// A lost wake-up would leave a job beside an idle worker, and no later job wakes another.
#[test]
fn jobs_that_wait_for_each_other_all_get_a_worker() {
    watchdog(LIMIT, "rendezvous", |progress| {
        const ROUNDS: u64 = 2_000;
        const WORKERS: u64 = 3;
        let pool = pool(3);
        for round in 0..ROUNDS {
            if round % 100 == 0 {
                progress.note_stats(&pool.stats());
            }
            let met = Count::default();
            let jobs = (0..WORKERS).map(|_| {
                let met = met.clone();
                pool.submit(move || {
                    met.up();
                    met.wait_for(WORKERS);
                })
            });
            for job in jobs.collect::<Vec<_>>() {
                job.unwrap().join().unwrap();
            }
        }
        drop(pool);
        evidence("C7", ROUNDS);
    });
}

/// Each job comes while the only worker is about to sleep, a little later each time. No other
/// worker can run it, and no shutdown follows that would wake the worker.
#[test]
fn no_job_is_left_behind_when_the_only_worker_goes_to_sleep() {
    watchdog(LIMIT, "goes to sleep", |progress| {
        const ROUNDS: u64 = 20_000;
        let pool = pool(1);
        let ran = Count::default();
        for round in 0..ROUNDS {
            if round % 1_000 == 0 {
                progress.note_stats(&pool.stats());
            }
            let counts = ran.clone();
            pool.execute(move || counts.up()).unwrap();
            ran.wait_for(round + 1);
            for _ in 0..round % 512 {
                std::hint::spin_loop();
            }
        }
        drop(pool);
        evidence("C7", ROUNDS);
    });
}

#[test]
fn jobs_run_on_the_threads_started_by_build_and_on_no_others() {
    watchdog(LIMIT, "threads of jobs", |_| {
        const JOBS: usize = 200;
        let started = Arc::new(Mutex::new(HashSet::new()));
        let pool = {
            let started = Arc::clone(&started);
            let on_start = move |_| {
                lock(&started).insert(thread::current().id());
            };
            last_call::ThreadPool::builder().workers(3).on_start(on_start).build().unwrap()
        };
        let started = lock(&started).clone();
        assert_eq!(started.len(), 3, "before any job");
        let jobs = (0..JOBS).map(|_| pool.submit(|| thread::current().id()).unwrap());
        for job in jobs.collect::<Vec<_>>() {
            assert!(started.contains(&job.join().unwrap()));
        }
        drop(pool);
        evidence("C28", JOBS as u64);
    });
}
