//! A discard that hands queued jobs back.

#![cfg(not(loom))]

mod support;

use std::panic::{catch_unwind, AssertUnwindSafe};
use std::thread;

use last_call::QueuedJob;
use support::{
    assert_conserved, bounded, evidence, panic_quietly, pool, watchdog, Count, Counted, Gate, LIMIT,
};

/// Jobs without handles come back unrun and in order; handles are resolved; the report agrees.
#[test]
fn queued_jobs_come_back_unrun_and_in_order() {
    watchdog(LIMIT, "taken", |_| {
        let pool = pool(1);
        let gate = Gate::new();
        gate.hold(&pool, 1);
        let (ran, dropped) = (Count::default(), Count::default());
        for name in ["one", "two", "three"] {
            let (ran, capture) = (ran.clone(), Counted(dropped.clone()));
            let job = move || {
                ran.up();
                drop(capture);
            };
            pool.job().name(name).execute(job).unwrap();
        }
        let large = [7_u8; 10_000];
        let (sum, capture) = (ran.clone(), Counted(dropped.clone()));
        pool.execute(move || {
            assert_eq!(large.iter().map(|byte| u64::from(*byte)).sum::<u64>(), 70_000);
            sum.up();
            drop(capture);
        })
        .unwrap();
        let line = line!() - 1;
        let capture = Counted(dropped.clone());
        let handle = pool.submit(move || drop(capture)).unwrap();

        let queued = pool.take_queued();
        assert!(handle.join().is_cancelled());
        assert_eq!((ran.get(), dropped.get()), (0, 1), "only the job with a handle is dropped");
        assert!(pool.execute(|| ()).unwrap_err().is_shut_down());
        assert_eq!(pool.take_queued().len(), 0, "a job comes back once");
        gate.open();
        let report = pool.shutdown();
        assert_conserved(&report);
        assert_eq!((report.completed, report.cancelled, report.rejected), (1, 5, 1));

        assert_eq!(
            queued.iter().map(QueuedJob::name).collect::<Vec<_>>()[..3],
            ["one", "two", "three"]
        );
        let site = queued[3].site();
        assert!(site.file().ends_with("take_queued.rs") && site.line() <= line, "{site}");
        assert!(format!("{:?}", queued[0]).contains("one"), "{queued:?}");
        let mut queued = queued.into_iter();
        drop(queued.next());
        assert_eq!((ran.get(), dropped.get()), (0, 2), "a job that is dropped does not run");
        queued.for_each(QueuedJob::run);
        assert_eq!((ran.get(), dropped.get()), (3, 5));
        evidence("C1,C35", 1);
    });
}

/// Each job runs in the pool, or comes back to one of the threads that take.
#[test]
fn each_job_runs_or_comes_back_once() {
    watchdog(LIMIT, "races", |_| {
        const ROUNDS: u64 = 50;
        const JOBS: u64 = 200;
        for round in 0..ROUNDS {
            let pool = if round % 2 == 0 { pool(2) } else { bounded(2, 300) };
            let ran = Count::default();
            for _ in 0..JOBS {
                let ran = ran.clone();
                pool.execute(move || ran.up()).unwrap();
            }
            let came_back = thread::scope(|scope| {
                let takers = [0, 1].map(|_| {
                    scope.spawn(|| pool.take_queued().into_iter().map(QueuedJob::run).count())
                });
                takers.map(|taker| taker.join().unwrap()).iter().sum::<usize>() as u64
            });
            let report = pool.shutdown();
            assert_conserved(&report);
            assert_eq!(ran.get(), JOBS, "each job ran once, here or there");
            assert_eq!((report.completed, report.cancelled), (JOBS - came_back, came_back));
        }
        evidence("C1,C35", ROUNDS);
    });
}

/// A job may take the queue of its own pool; a job that comes back may panic.
#[test]
fn a_job_takes_the_queue_of_its_own_pool() {
    watchdog(LIMIT, "own worker", |_| {
        let pool = pool(1);
        let gate = Gate::new();
        let queued = thread::scope(|scope| {
            let (send, receive) = std::sync::mpsc::channel();
            let shared = &pool;
            let taker = scope.spawn(move || {
                let scoped = shared.scope(|jobs| {
                    let pass = gate.pass();
                    let take = move || {
                        pass.wait();
                        send.send(shared.take_queued()).unwrap();
                    };
                    jobs.execute(take).unwrap();
                    gate.wait_for(1);
                    shared.execute(|| panic_quietly("it came back")).unwrap();
                    gate.open();
                });
                scoped.unwrap();
            });
            taker.join().unwrap();
            receive.recv().unwrap()
        });
        let report = pool.shutdown();
        assert_eq!((report.completed, report.cancelled, report.panicked), (1, 1, 0));
        let job = queued.into_iter().next().expect("the second job");
        let payload = catch_unwind(AssertUnwindSafe(|| job.run())).unwrap_err();
        assert_eq!(payload.downcast_ref(), Some(&"it came back"));
        evidence("C9,C35", 1);
    });
}
