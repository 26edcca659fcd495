//! Submitting in async tasks: a slot of a full queue as a future.

#![cfg(not(loom))]

mod support;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::thread;

use futures_executor::block_on;
use futures_util::future::join_all;
use support::{bounded, evidence, pool, waiting, watchdog, Count, Counted, Gate, Wakes, LIMIT};

/// Polls a future once, with a waker that counts its calls.
fn poll_once<F: Future + Unpin>(future: &mut F, woken: &Count) -> Poll<F::Output> {
    let waker = Waker::from(Arc::new(Wakes(woken.clone())));
    Pin::new(future).poll(&mut Context::from_waker(&waker))
}

/// Many tasks and threads wait for one slot, and every job runs once.
#[test]
fn tasks_and_threads_that_wait_for_a_slot_all_get_one() {
    watchdog(LIMIT, "slots", |progress| {
        const ROUNDS: u64 = 30;
        const EACH: u64 = 20;
        for round in 0..ROUNDS {
            let slots = 1 + usize::try_from(round % 3).unwrap();
            progress.note(format_args!("round {round}, {slots} slots"));
            let pool = bounded(2, slots);
            let gate = Gate::new();
            gate.hold(&pool, 2);
            let ran = Count::default();
            let threads = [0, 1].map(|_| {
                let (submitter, ran) = (pool.submitter(), ran.clone());
                thread::spawn(move || {
                    for _ in 0..EACH {
                        let ran = ran.clone();
                        submitter.execute(move || ran.up()).unwrap();
                    }
                })
            });
            let tasks = {
                let futures: Vec<_> = (0..EACH)
                    .map(|_| {
                        let ran = ran.clone();
                        pool.submit_async(move || ran.up())
                    })
                    .collect();
                waiting(move || block_on(join_all(futures)))
            };
            gate.open();
            for handle in tasks.join().unwrap() {
                assert!(handle.unwrap().join().is_completed());
            }
            for thread in threads {
                thread.join().unwrap();
            }
            let report = pool.shutdown();
            assert_eq!((ran.get(), report.accepted), (3 * EACH, 3 * EACH + 2));
            assert_eq!(report.rejected, 0, "a task that waits is not refused");
        }
        evidence("C10,C33", ROUNDS);
    });
}

/// A future that is dropped, or forgotten, or not polled, holds no other one back.
#[test]
fn a_future_that_is_dropped_takes_its_job_and_its_waker_back() {
    watchdog(LIMIT, "given up", |_| {
        let pool = bounded(1, 1);
        let gate = Gate::new();
        gate.hold(&pool, 1);
        pool.execute(|| ()).unwrap();
        let (woken, dropped) = (Count::default(), Count::default());
        let capture = Counted(dropped.clone());
        let mut given_up = pool.submit_async(move || drop(capture));
        let (mut idle, mut forgotten) = (pool.submit_async(|| ()), pool.submit_async(|| ()));
        let mut stays = pool.submit_async(|| 7);
        for _ in 0..2 {
            assert!(poll_once(&mut given_up, &woken).is_pending());
        }
        assert!(poll_once(&mut idle, &Count::default()).is_pending());
        assert!(poll_once(&mut forgotten, &Count::default()).is_pending());
        std::mem::forget(forgotten);
        let was_woken = Count::default();
        assert!(poll_once(&mut stays, &was_woken).is_pending());
        drop(given_up);
        assert_eq!(dropped.get(), 1, "the closure is dropped with its future");
        // One that was never polled.
        drop(pool.submit_async(|| ()));
        gate.open();
        was_woken.wait_for(1);
        assert_eq!(block_on(stays).unwrap().join().unwrap(), 7);
        assert_eq!(woken.get(), 0, "a dropped future is not woken");
        drop(idle);
        let report = pool.shutdown();
        assert_eq!((report.accepted, report.completed, report.rejected), (3, 3, 0));
        evidence("C14,C33", 1);
    });
}

/// A shutdown releases each task that waits, with its job, or with a handle that has an outcome.
#[test]
fn a_shutdown_gives_the_job_of_a_waiting_task_back() {
    watchdog(LIMIT, "shutdown", |_| {
        for discards in [false, true] {
            let pool = bounded(1, 1);
            let gate = Gate::new();
            gate.hold(&pool, 1);
            pool.execute(|| ()).unwrap();
            let woken = Count::default();
            let text = "unrun".to_owned();
            let mut future = pool.submit_async(move || text);
            assert!(poll_once(&mut future, &woken).is_pending());
            let trigger = pool.shutdown_trigger();
            if discards {
                trigger.discard();
            } else {
                trigger.drain();
            }
            assert_eq!(woken.get(), 1);
            let error = block_on(future).unwrap_err();
            assert!(error.is_shut_down());
            assert_eq!(error.into_job()(), "unrun");
            gate.open();
            let report = pool.shutdown();
            assert_eq!((report.accepted, report.rejected), (2, 1));
        }
        evidence("C3,C10,C33", 2);
    });
}

/// On a worker of the pool, the slot might be waited for by the job that frees it.
#[test]
fn a_job_that_would_wait_for_a_slot_gets_an_error() {
    watchdog(LIMIT, "own worker", |_| {
        let pool = bounded(1, 1);
        let (submitter, begun, gate) = (pool.submitter(), Gate::new(), Gate::new());
        let (arrives, pass) = (begun.pass(), gate.pass());
        begun.open();
        let job = move || {
            arrives.wait();
            pass.wait();
            let error = block_on(submitter.submit_async(|| ())).unwrap_err();
            assert!(error.would_deadlock());
        };
        let job = pool.submit(job).unwrap();
        begun.wait_for(1);
        pool.execute(|| ()).unwrap();
        gate.open();
        job.join().unwrap();
        assert_eq!(pool.shutdown().rejected, 1);
        evidence("C9,C33", 1);
    });
}

/// Large closures and results, names, and panics are as with `submit`.
#[test]
fn a_job_is_the_same_as_one_that_was_submitted() {
    watchdog(LIMIT, "the same", |_| {
        let pool = pool(1);
        let large = [7_u8; 1000];
        let handle = block_on(pool.submit_async(move || large)).unwrap();
        assert_eq!(block_on(handle).unwrap(), large);
        let named = block_on(pool.job().name("named").submit_async(|| -> () {
            std::panic::resume_unwind(Box::new("a panic"));
        }));
        drop(named.unwrap());
        let report = pool.shutdown();
        assert_eq!((report.completed, report.panicked), (1, 1));
        evidence("C12,C33", 2);
    });
}
