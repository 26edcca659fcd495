//! Waiting for idleness: every waiter returns once nothing is queued or running.

#![cfg(not(loom))]

mod support;

use std::sync::mpsc;
use std::time::{Duration, Instant};

use last_call::{Cancellation, Submitter, WaitError};
use support::{evidence, panic_quietly, pool, waiting, watchdog, Count, Gate, InDrop, LIMIT, LONG};

const SHORT: Duration = Duration::from_millis(20);

#[track_caller]
fn assert_timeout(result: Result<(), WaitError>) {
    let error = result.unwrap_err();
    assert!(error.is_timeout() && !error.would_deadlock(), "{error:?}");
    assert_eq!(error.to_string(), "the timeout passed first");
}

#[track_caller]
fn assert_would_deadlock(result: Result<(), WaitError>) {
    let error = result.unwrap_err();
    assert!(error.would_deadlock() && !error.is_timeout(), "{error:?}");
    assert_eq!(error.to_string(), "a job of the thread pool cannot wait for the pool");
}

#[test]
fn every_waiter_returns_when_the_last_job_has_ended_and_not_before() {
    watchdog(LIMIT, "last job", |progress| {
        const JOBS: u64 = 10;
        let mut runs = 0;
        for workers in 1..=3_u64 {
            for round in 0..20 {
                progress.note(format_args!("{workers} workers, round {round}"));
                let pool = pool(usize::try_from(workers).unwrap());
                let (gate, last) = (Gate::new(), Gate::new());
                let ran = Count::default();
                gate.hold(&pool, workers);
                for _ in 0..JOBS {
                    let ran = ran.clone();
                    pool.execute(move || ran.up()).unwrap();
                }
                // One more, which still runs when nothing is queued.
                pool.execute(last.job()).unwrap();
                let waiters = [0, 1, 2, 3].map(|n| {
                    let (submitter, ran) = (pool.submitter(), ran.clone());
                    waiting(move || {
                        if n % 2 == 0 {
                            submitter.wait_idle().unwrap();
                        } else {
                            submitter.wait_idle_timeout(LONG).unwrap();
                        }
                        (ran.get(), submitter.stats().finished())
                    })
                });
                gate.open();
                last.wait_for(1);
                ran.wait_for(JOBS);
                assert_timeout(pool.wait_idle_timeout(Duration::ZERO));
                assert!(waiters.iter().all(|waiter| !waiter.is_finished()), "one job runs");
                last.open();
                for waiter in waiters {
                    assert_eq!(waiter.join().unwrap(), (JOBS, JOBS + workers + 1));
                }
                runs += 1;
            }
        }
        evidence("C26", runs);
    });
}

#[test]
fn the_effects_of_jobs_are_visible_after_the_wait() {
    watchdog(LIMIT, "seen", |progress| {
        const ROUNDS: u64 = 2_000;
        const JOBS: u64 = 5;
        let pool = pool(2);
        for round in 0..ROUNDS {
            if round % 200 == 0 {
                progress.note_stats(&pool.stats());
            }
            // Shared by captures alone, and read without further synchronisation.
            let alive = std::sync::Arc::new(());
            for n in 0..JOBS {
                let capture = std::sync::Arc::clone(&alive);
                let job = move || {
                    std::hint::black_box(&capture);
                    if n == 3 {
                        panic_quietly(());
                    }
                };
                pool.execute(job).unwrap();
            }
            pool.wait_idle().unwrap();
            assert_eq!(std::sync::Arc::strong_count(&alive), 1);
            let stats = pool.stats();
            assert_eq!((stats.accepted, stats.finished()), ((round + 1) * JOBS, stats.accepted));
            assert_eq!((stats.queued, stats.running), (0, 0));
        }
        evidence("C6,C15,C26", ROUNDS);
    });
}

#[test]
fn timeouts_of_an_idle_and_of_a_busy_pool() {
    watchdog(LIMIT, "timeouts", |_| {
        let pool = pool(2);
        let any = [Duration::ZERO, Duration::from_nanos(1), SHORT, LONG, Duration::MAX];
        // Before any job, and after some jobs.
        for _ in 0..2 {
            for timeout in any {
                assert_eq!(pool.wait_idle_timeout(timeout), Ok(()));
            }
            pool.wait_idle().unwrap();
            pool.submit(|| ()).unwrap().join().unwrap();
        }
        let gate = Gate::new();
        gate.hold(&pool, 1);
        for timeout in [Duration::ZERO, Duration::from_nanos(1), SHORT] {
            let begun = Instant::now();
            assert_timeout(pool.wait_idle_timeout(timeout));
            assert!(begun.elapsed() >= timeout, "{:?}", begun.elapsed());
        }
        for timeout in [LONG, Duration::MAX] {
            let submitter = pool.submitter();
            let gate = Gate::new();
            gate.hold(&pool, 1);
            let waits = waiting(move || submitter.wait_idle_timeout(timeout));
            assert!(!waits.is_finished());
            drop(gate);
            assert!(!waits.is_finished(), "the first one is still held");
        }
        gate.open();
        pool.wait_idle().unwrap();
        evidence("C26", 15);
    });
}

#[test]
fn a_job_that_waits_for_its_own_pool_gets_an_error() {
    watchdog(LIMIT, "own pool", |_| {
        let inner = pool(2);
        let submitter = inner.submitter();
        let own = inner.submit(move || {
            assert_would_deadlock(submitter.wait_idle());
            assert_would_deadlock(submitter.wait_idle_timeout(Duration::ZERO));
            assert_would_deadlock(submitter.wait_idle_timeout(LONG));
        });
        own.unwrap().join().unwrap();

        // The same is true in the destructor of a capture, also of a job that is being cancelled.
        let waits_in_drop = |waited: &Count| {
            let (submitter, waited) = (inner.submitter(), waited.clone());
            InDrop(move || {
                assert_would_deadlock(submitter.wait_idle());
                waited.up();
            })
        };
        let waited = Count::default();
        let capture = waits_in_drop(&waited);
        inner.submit(move || drop(capture)).unwrap().join().unwrap();
        let gate = Gate::new();
        gate.hold(&inner, 2);
        let capture = waits_in_drop(&waited);
        let queued = inner.submit(move || drop(capture)).unwrap();
        assert_eq!(queued.cancel(), Cancellation::Cancelled);
        let capture = waits_in_drop(&waited);
        inner.execute(move || drop(capture)).unwrap();
        inner.shutdown_trigger().discard();
        assert_eq!(waited.get(), 3);

        // A job of another pool may wait.
        let outer = pool(1);
        let submitter = inner.submitter();
        let other = outer.submit(move || submitter.wait_idle());
        gate.open();
        assert_eq!(other.unwrap().join().unwrap(), Ok(()));
        assert_eq!(inner.shutdown().other_panics, 0);
        evidence("C14,C21,C26", 7);
    });
}

/// A tree of jobs, each of which submits its children and ends before them.
fn grow(submitter: &Submitter, ran: &Count, height: u32) {
    for _ in 0..height {
        let child = {
            let (submitter, ran) = (submitter.clone(), ran.clone());
            move || grow(&submitter, &ran, height - 1)
        };
        submitter.execute(child).unwrap();
    }
    ran.up();
    // How a job ends makes no difference to idleness.
    if height % 2 == 1 {
        panic_quietly("on purpose");
    }
}

#[test]
fn jobs_that_submit_jobs_are_not_idle_in_between() {
    watchdog(LIMIT, "trees", |progress| {
        const ROUNDS: u64 = 500;
        const HEIGHT: u32 = 4;
        // 1 + 4 * (1 + 3 * (1 + 2 * (1 + 1)))
        const JOBS: u64 = 65;
        for round in 0..ROUNDS {
            progress.note(format_args!("round {round}"));
            let pool = pool(1 + usize::try_from(round % 3).unwrap());
            let (submitter, ran) = (pool.submitter(), Count::default());
            let root = ran.clone();
            pool.execute(move || grow(&submitter, &root, HEIGHT)).unwrap();
            pool.wait_idle().unwrap();
            assert_eq!((ran.get(), pool.stats().finished()), (JOBS, JOBS));
        }
        evidence("C26", ROUNDS);
    });
}

/// A cancel may also end the wait for idleness, on this thread and from a trigger.
#[test]
fn a_cancel_under_way_is_not_yet_idle() {
    watchdog(LIMIT, "cancel", |progress| {
        const ROUNDS: u64 = 50;
        for round in 0..ROUNDS {
            progress.note(format_args!("round {round}"));
            let pool = pool(1);
            let (gate, in_drop) = (Gate::new(), Gate::new());
            gate.hold(&pool, 1);
            let pass = in_drop.pass();
            let capture = InDrop(move || pass.wait());
            let queued = pool.submit(move || drop(capture)).unwrap();
            let trigger = pool.shutdown_trigger();
            let cancels = waiting(move || {
                if round % 2 == 0 {
                    assert_eq!(queued.cancel(), Cancellation::Cancelled);
                } else {
                    trigger.discard();
                }
            });
            in_drop.wait_for(1);
            gate.open();
            let submitter = pool.submitter();
            let waits = waiting(move || submitter.wait_idle());
            // The worker has nothing left to do, and the only queued job has not ended.
            while pool.stats().completed == 0 {
                std::thread::yield_now();
            }
            assert_timeout(pool.wait_idle_timeout(Duration::ZERO));
            assert!(!waits.is_finished());
            in_drop.open();
            assert_eq!(waits.join().unwrap(), Ok(()));
            cancels.join().unwrap();
            assert_eq!(pool.shutdown().cancelled, 1);
        }
        evidence("C25,C26", ROUNDS);
    });
}

#[test]
fn an_ended_pool_is_idle_once_its_last_job_has_ended() {
    watchdog(LIMIT, "ended", |progress| {
        for end in support::End::ALL {
            progress.note(format_args!("{end:?}"));
            let pool = pool(2);
            let submitter = pool.submitter();
            pool.execute(|| ()).unwrap();
            pool.wait_idle().unwrap();
            let gate = Gate::new();
            gate.hold(&pool, 1);
            let token = pool.stop_token();
            let waits = {
                let submitter = submitter.clone();
                waiting(move || submitter.wait_idle())
            };
            let ending = waiting(move || end.end(pool));
            assert!(token.is_stopping());
            assert_timeout(submitter.wait_idle_timeout(SHORT));
            assert!(!waits.is_finished());
            gate.open();
            assert_eq!(waits.join().unwrap(), Ok(()));
            drop(ending.join().unwrap());
            assert_eq!(submitter.wait_idle(), Ok(()));
            assert_eq!(submitter.wait_idle_timeout(Duration::ZERO), Ok(()));
        }
        evidence("C26", support::End::ALL.len() as u64);
    });
}

/// Waiters that leave do not take the wake-ups of others along.
#[test]
fn a_waiter_that_gives_up_leaves_the_others_waiting() {
    watchdog(LIMIT, "gives up", |progress| {
        const ROUNDS: u64 = 100;
        let pool = pool(2);
        for round in 0..ROUNDS {
            progress.note(format_args!("round {round}"));
            let gate = Gate::new();
            gate.hold(&pool, 1);
            let (done, results) = mpsc::channel();
            for _ in 0..2 {
                let (submitter, done) = (pool.submitter(), done.clone());
                drop(waiting(move || done.send(submitter.wait_idle())));
            }
            assert_timeout(pool.wait_idle_timeout(Duration::from_micros(200)));
            assert!(results.try_recv().is_err());
            gate.open();
            assert_eq!([results.recv(), results.recv()], [Ok(Ok(())), Ok(Ok(()))]);
        }
        evidence("C26", ROUNDS);
    });
}
