//! Waiting in async tasks: idleness and the end of the pool as futures.

#![cfg(not(loom))]

mod support;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::thread;

use futures_executor::block_on;
use futures_util::future::{join_all, select, Either};
use last_call::WaitError;
use support::{
    evidence, panic_quietly, pool, waiting, watchdog, Count, Gate, InDrop, Wakes, LIMIT,
};

/// Polls a future once, with a waker that counts its calls.
fn poll_once<F: Future + Unpin>(future: &mut F, woken: &Count) -> Poll<F::Output> {
    let waker = Waker::from(Arc::new(Wakes(woken.clone())));
    Pin::new(future).poll(&mut Context::from_waker(&waker))
}

#[track_caller]
fn assert_would_deadlock(result: Result<(), WaitError>) {
    assert!(result.unwrap_err().would_deadlock());
}

/// Tasks and threads wait together; each goes on when the last job has ended, and not before.
#[test]
fn every_task_that_awaits_idleness_goes_on_when_the_last_job_has_ended() {
    watchdog(LIMIT, "idle", |progress| {
        const ROUNDS: u64 = 50;
        const JOBS: u64 = 10;
        for round in 0..ROUNDS {
            progress.note(format_args!("round {round}"));
            let pool = pool(2);
            let gate = Gate::new();
            let ran = Count::default();
            gate.hold(&pool, 2);
            for _ in 0..JOBS {
                let ran = ran.clone();
                pool.execute(move || ran.up()).unwrap();
            }
            let thread = {
                let submitter = pool.submitter();
                waiting(move || submitter.wait_idle())
            };
            let tasks = {
                let futures: Vec<_> = (0..3).map(|_| pool.idle()).collect();
                let ran = ran.clone();
                waiting(move || {
                    let results = block_on(join_all(futures));
                    (results, ran.get())
                })
            };
            gate.open();
            let (results, seen) = tasks.join().unwrap();
            assert_eq!((results, seen), (vec![Ok(()); 3], JOBS));
            thread.join().unwrap().unwrap();
            // Idle already, so it resolves at its first poll, and again after that.
            let mut idle = pool.idle();
            for _ in 0..2 {
                assert_eq!(poll_once(&mut idle, &Count::default()), Poll::Ready(Ok(())));
            }
        }
        evidence("C26,C32", ROUNDS);
    });
}

/// A future that is dropped has no waker in the pool any more, and does not hold another one back.
#[test]
fn a_future_that_is_dropped_is_not_woken() {
    watchdog(LIMIT, "given up", |_| {
        let pool = pool(2);
        let gate = Gate::new();
        gate.hold(&pool, 1);
        let (dropped, woken) = (Count::default(), Count::default());
        let mut idle = pool.idle();
        let mut terminated = pool.shutdown_trigger().terminated();
        for _ in 0..3 {
            assert!(poll_once(&mut idle, &dropped).is_pending());
            assert!(poll_once(&mut terminated, &dropped).is_pending());
        }
        let (mut stays, mut ends) = (pool.idle(), pool.shutdown_trigger().terminated());
        assert!(poll_once(&mut stays, &woken).is_pending());
        assert!(poll_once(&mut ends, &woken).is_pending());
        drop((idle, terminated));
        // One that is forgotten costs a notification.
        let mut forgotten = pool.idle();
        assert!(poll_once(&mut forgotten, &Count::default()).is_pending());
        std::mem::forget(forgotten);
        gate.open();
        woken.wait_for(1);
        block_on(stays).unwrap();
        assert!(pool.shutdown().unfinished == 0);
        block_on(ends).unwrap();
        assert_eq!((dropped.get(), woken.get()), (0, 2), "each task that waits is woken");
        evidence("C14,C32", 1);
    });
}

/// The winner of a `select` ends the wait of the other one.
#[test]
fn a_task_may_wait_for_a_job_or_for_idleness() {
    watchdog(LIMIT, "select", |_| {
        let pool = pool(2);
        let gate = Gate::new();
        gate.hold(&pool, 1);
        let job = pool.submit(|| 7).unwrap();
        match block_on(select(pool.idle(), job)) {
            Either::Right((outcome, idle)) => {
                assert_eq!(outcome.unwrap(), 7);
                gate.open();
                block_on(idle).unwrap();
            }
            Either::Left(_) => panic!("a job is held"),
        }
        evidence("C24,C32", 1);
    });
}

/// The end of the pool comes after a drain, a discard, or the drop of the owner, whoever begins it.
#[test]
fn every_task_that_awaits_the_end_goes_on_after_the_last_job() {
    watchdog(LIMIT, "terminated", |progress| {
        const ROUNDS: u64 = 60;
        for round in 0..ROUNDS {
            progress.note(format_args!("round {round}"));
            let stopped = Count::default();
            let on_stop = stopped.clone();
            let builder = last_call::ThreadPool::builder().workers(2);
            let pool = builder.on_stop(move |_| on_stop.up()).build().unwrap();
            let gate = Gate::new();
            gate.hold(&pool, 2);
            let queued = pool.submit(|| ()).unwrap();
            let trigger = pool.shutdown_trigger();
            let tasks = {
                let futures: Vec<_> = (0..3).map(|_| trigger.terminated()).collect();
                waiting(move || (block_on(join_all(futures)), stopped.get()))
            };
            let owner = match round % 3 {
                0 => {
                    trigger.drain();
                    None
                }
                1 => {
                    trigger.discard();
                    None
                }
                _ => Some(thread::spawn(move || drop(pool))),
            };
            gate.open();
            assert_eq!(tasks.join().unwrap(), (vec![Ok(()); 3], 2), "both workers have ended");
            assert!(queued.is_finished());
            if let Some(owner) = owner {
                owner.join().unwrap();
            }
            let mut terminated = trigger.terminated();
            for _ in 0..2 {
                assert_eq!(poll_once(&mut terminated, &Count::default()), Poll::Ready(Ok(())));
            }
        }
        evidence("C1,C18,C32", ROUNDS);
    });
}

/// A job, and a destructor of one that is being cancelled, would wait for itself.
#[test]
fn a_job_that_polls_for_its_own_pool_gets_an_error() {
    watchdog(LIMIT, "own pool", |_| {
        let pool = pool(1);
        let (submitter, trigger) = (pool.submitter(), pool.shutdown_trigger());
        let job = move || {
            assert_would_deadlock(block_on(submitter.idle()));
            assert_would_deadlock(block_on(trigger.terminated()));
        };
        pool.submit(job).unwrap().join().unwrap();
        // Begun elsewhere, they stop waiting as well.
        let gate = Gate::new();
        let pass = gate.pass();
        let (mut idle, mut ended) = (pool.idle(), pool.shutdown_trigger().terminated());
        let (send, receive) = std::sync::mpsc::channel();
        let job = move || {
            pass.wait();
            let (mut idle, mut ended): (last_call::Idle, last_call::Terminated) =
                receive.recv().unwrap();
            assert_would_deadlock(block_on(&mut idle));
            assert_would_deadlock(block_on(&mut ended));
        };
        let job = pool.submit(job).unwrap();
        gate.wait_for(1);
        assert!(poll_once(&mut idle, &Count::default()).is_pending());
        assert!(poll_once(&mut ended, &Count::default()).is_pending());
        send.send((idle, ended)).unwrap();
        gate.open();
        job.join().unwrap();
        // In a destructor.
        let gate = Gate::new();
        gate.hold(&pool, 1);
        let (submitter, trigger) = (pool.submitter(), pool.shutdown_trigger());
        let seen = Count::default();
        let capture = {
            let seen = seen.clone();
            InDrop(move || {
                assert_would_deadlock(block_on(submitter.idle()));
                assert_would_deadlock(block_on(trigger.terminated()));
                seen.up();
            })
        };
        pool.submit(move || drop(capture)).unwrap().cancel();
        assert_eq!(seen.get(), 1);
        evidence("C21,C32", 3);
    });
}

/// The panic of a waker, when it is called or dropped, reaches neither a worker nor a waiting task.
#[test]
fn a_waker_that_panics_harms_nobody() {
    struct Panics(Count);
    impl std::task::Wake for Panics {
        fn wake(self: Arc<Self>) {
            self.0.up();
            panic_quietly("a waker's panic");
        }
    }
    impl Drop for Panics {
        fn drop(&mut self) {
            if !thread::panicking() {
                panic_quietly("the panic of a waker's drop");
            }
        }
    }
    watchdog(LIMIT, "wakers", |_| {
        let pool = pool(2);
        let gate = Gate::new();
        gate.hold(&pool, 1);
        let called = Count::default();
        let (mut first, mut second) = (pool.idle(), pool.shutdown_trigger().terminated());
        let mut given_up = pool.idle();
        for future in [&mut first, &mut given_up] {
            let waker = Waker::from(Arc::new(Panics(called.clone())));
            assert!(Pin::new(future).poll(&mut Context::from_waker(&waker)).is_pending());
        }
        let waker = Waker::from(Arc::new(Panics(called.clone())));
        assert!(Pin::new(&mut second).poll(&mut Context::from_waker(&waker)).is_pending());
        // The pool has the only clones, and drops them.
        drop(waker);
        drop(given_up);
        let other = pool.idle();
        gate.open();
        block_on(other).unwrap();
        called.wait_for(1);
        let report = pool.shutdown();
        called.wait_for(2);
        assert_eq!((report.completed, report.other_panics), (1, 1), "{report:?}");
        drop((first, second));
        evidence("C13,C14,C32", 1);
    });
}
