//! Ending the pool from elsewhere: from any thread, any number of times, and waiting for the end.

#![cfg(not(loom))]

mod support;

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use last_call::{
    CancelReason, Cancellation, JobHandle, Outcome, Shutdown, StopToken, ThreadPool, WaitError,
};
use support::{
    assert_conserved, bounded, evidence, pool, wait_until_no_thread_is_named, waiting, watchdog,
    Bomb, Count, Counted, End, Gate, InDrop, LIMIT, LONG,
};

#[track_caller]
fn assert_discarded<T>(outcome: &Outcome<T>) {
    assert!(matches!(outcome, Outcome::Cancelled(CancelReason::Discarded)));
}

#[track_caller]
fn assert_timeout(result: Result<(), WaitError>) {
    let error = result.unwrap_err();
    assert!(error.is_timeout() && !error.would_deadlock(), "{error:?}");
}

#[track_caller]
fn assert_would_deadlock(result: Result<(), WaitError>) {
    let error = result.unwrap_err();
    assert!(error.would_deadlock() && !error.is_timeout(), "{error:?}");
}

fn queued(pool: &ThreadPool, jobs: u64, ran: &Count) -> Vec<JobHandle<()>> {
    let job = |_| {
        let ran = ran.clone();
        pool.submit(move || ran.up()).unwrap()
    };
    (0..jobs).map(job).collect()
}

#[test]
fn a_drain_from_any_thread_refuses_submissions_and_runs_queued_jobs() {
    watchdog(LIMIT, "drain", |_| {
        const QUEUED: u64 = 20;
        const THREADS: usize = 4;
        for workers in 1..=3 {
            let pool = pool(workers);
            let (gate, ran) = (Gate::new(), Count::default());
            gate.hold(&pool, workers as u64);
            let jobs = queued(&pool, QUEUED, &ran);
            let trigger = pool.shutdown_trigger();
            let threads = [(); THREADS].map(|()| {
                let trigger = trigger.clone();
                thread::spawn(move || (0..3).for_each(|_| trigger.drain()))
            });
            for thread in threads {
                thread.join().unwrap();
                assert!(pool.execute(|| ()).unwrap_err().is_shut_down());
            }
            trigger.drain();
            assert_eq!((ran.get(), pool.stats().queued), (0, QUEUED), "it returns at once");
            gate.open();
            // Without an owner that waits.
            assert!(jobs.into_iter().all(|job| job.join().is_completed()));
            trigger.wait().unwrap();
            trigger.drain();
            let report = pool.shutdown();
            assert_eq!((report.completed, report.cancelled), (QUEUED + workers as u64, 0));
            assert_eq!(report.rejected, THREADS as u64);
            assert_conserved(&report);
        }
        evidence("C1,C3,C18", 3);
    });
}

#[test]
fn a_discard_has_resolved_the_handles_when_it_returns() {
    watchdog(LIMIT, "discard", |progress| {
        const QUEUED: u64 = 20;
        let mut runs = 0;
        for workers in 1..=3 {
            for round in 0..30 {
                progress.note(format_args!("{workers} workers, round {round}"));
                let pool = pool(workers);
                let (gate, ran) = (Gate::new(), Count::default());
                gate.hold(&pool, workers as u64);
                let jobs = queued(&pool, QUEUED, &ran);
                let alive = Arc::new(());
                for _ in 0..2 {
                    // Two at once, dropped one by one; otherwise the process would abort.
                    let capture = (Arc::clone(&alive), Bomb(Count::default(), "from a capture"));
                    pool.execute(move || drop(capture)).unwrap();
                }
                let trigger = pool.shutdown_trigger();
                let discards = thread::spawn(move || {
                    trigger.discard();
                    assert!(jobs.iter().all(JobHandle::is_finished));
                    (trigger, jobs)
                });
                let (trigger, jobs) = discards.join().unwrap();
                assert_eq!(Arc::strong_count(&alive), 1);
                for job in jobs {
                    assert_discarded(&job.join());
                }
                // Again, by every call, weaker ones too.
                trigger.drain();
                trigger.discard();
                assert!(pool.execute(|| ()).unwrap_err().is_shut_down());
                gate.open();
                let report = pool.shutdown();
                assert_eq!((report.completed, report.cancelled), (workers as u64, QUEUED + 2));
                assert_eq!((ran.get(), report.other_panics), (0, 2));
                assert_conserved(&report);
                trigger.discard();
                trigger.drain();
                runs += 1;
            }
        }
        evidence("C1,C4,C13,C18", runs);
    });
}

/// The worker is held, so a job that got in behind the discard would never be resolved.
#[test]
fn a_discard_leaves_no_job_of_submitters_that_race_with_it() {
    watchdog(LIMIT, "nothing queued", |progress| {
        const ROUNDS: u64 = 300;
        for round in 0..ROUNDS {
            let pool = pool(1);
            let (gate, accepted) = (Gate::new(), Count::default());
            gate.hold(&pool, 1);
            let trigger = pool.shutdown_trigger();
            let submitters = [(); 2].map(|()| {
                let (submitter, accepted) = (pool.submitter(), accepted.clone());
                let submit = move || {
                    let job = submitter.submit(|| ()).ok()?;
                    accepted.up();
                    Some(job)
                };
                thread::spawn(move || std::iter::from_fn(submit).collect::<Vec<_>>())
            });
            accepted.wait_for(round % 10);
            trigger.discard();
            let stats = pool.stats();
            assert_eq!((stats.queued, stats.cancelled + 1), (0, stats.accepted));
            for submitter in submitters {
                for job in submitter.join().unwrap() {
                    assert_discarded(&job.try_join().expect("resolved"));
                }
            }
            progress.note(format_args!("round {round}: {} cancelled", stats.cancelled));
            gate.open();
            assert_eq!(pool.shutdown().cancelled, stats.cancelled);
        }
        evidence("C3,C4,C18", ROUNDS);
    });
}

#[test]
fn a_job_may_end_its_own_pool() {
    watchdog(LIMIT, "from a job", |progress| {
        const QUEUED: u64 = 5;
        for round in 0..100 {
            progress.note(format_args!("round {round}"));
            let discards = round % 2 == 0;
            let pool = pool(1);
            let (gate, ran) = (Gate::new(), Count::default());
            let (pass, trigger) = (gate.pass(), pool.shutdown_trigger());
            let submitter = pool.submitter();
            let ends = pool.submit(move || {
                pass.wait();
                for _ in 0..2 {
                    if discards {
                        trigger.discard();
                    } else {
                        trigger.drain();
                    }
                }
                submitter.execute(|| ()).unwrap_err().is_shut_down()
            });
            let jobs = queued(&pool, QUEUED, &ran);
            gate.open();
            assert!(ends.unwrap().join().unwrap());
            for job in jobs {
                assert_eq!(job.join().is_cancelled(), discards);
            }
            let report = pool.shutdown();
            assert_eq!(report.cancelled, if discards { QUEUED } else { 0 });
            assert_eq!(ran.get(), QUEUED - report.cancelled);
        }
        evidence("C1,C4,C18", 100);
    });
}

#[test]
fn a_discard_takes_over_from_the_drain_that_an_owner_waits_for() {
    watchdog(LIMIT, "takes over", |progress| {
        const QUEUED: u64 = 10;
        let mut runs = 0;
        for end in End::DRAINING {
            for round in 0..30 {
                progress.note(format_args!("{end:?}, round {round}"));
                let pool = pool(2);
                let (gate, ran) = (Gate::new(), Count::default());
                gate.hold(&pool, 2);
                let jobs = queued(&pool, QUEUED, &ran);
                let trigger = pool.shutdown_trigger();
                let owner = waiting(move || end.end(pool));
                trigger.discard();
                // At once, although both workers are held.
                assert!(jobs.iter().all(JobHandle::is_finished));
                for job in jobs {
                    assert_discarded(&job.join());
                }
                assert!(!owner.is_finished(), "two jobs run");
                gate.open();
                if let Some(report) = owner.join().unwrap() {
                    assert_eq!((report.completed, report.cancelled), (2, QUEUED));
                    assert_conserved(&report);
                }
                assert_eq!(ran.get(), 0);
                runs += 1;
            }
        }
        evidence("C1,C4,C18", runs);
    });
}

/// The worker is held in its stop hook, the last user code that it runs.
#[test]
fn a_wait_for_the_end_returns_after_every_stop_hook() {
    watchdog(LIMIT, "the end", |progress| {
        const ROUNDS: usize = 50;
        const WORKERS: u64 = 2;
        for round in 0..ROUNDS {
            progress.note(format_args!("round {round}"));
            let end = End::DRAINING[round % 3];
            let (gate, stops) = (Gate::new(), Count::default());
            let (pass, on_stop) = (gate.pass(), stops.clone());
            let pool = ThreadPool::builder()
                .workers(2)
                .on_stop(move |worker| {
                    // The first has nothing to wait for.
                    if worker == 1 {
                        pass.wait();
                    }
                    on_stop.up();
                })
                .build()
                .unwrap();
            pool.execute(|| ()).unwrap();
            let trigger = pool.shutdown_trigger();
            let waits = |wait: fn(&Shutdown) -> Result<(), WaitError>| {
                let (trigger, stops) = (trigger.clone(), stops.clone());
                waiting(move || {
                    wait(&trigger).unwrap();
                    stops.get()
                })
            };
            let early = [waits(Shutdown::wait), waits(|trigger| trigger.wait_timeout(LONG))];
            assert!(pool.submit(|| 3).unwrap().join().is_completed(), "waiting ends nothing");
            let owner = {
                let stops = stops.clone();
                waiting(move || {
                    drop(end.end(pool));
                    stops.get()
                })
            };
            let late = [waits(Shutdown::wait), waits(|trigger| trigger.wait_timeout(LONG))];
            gate.wait_for(1);
            stops.wait_for(1);
            assert_timeout(trigger.wait_timeout(Duration::ZERO));
            let all = early.into_iter().chain(late).chain([owner]).collect::<Vec<_>>();
            assert!(all.iter().all(|thread| !thread.is_finished()), "one worker has not ended");
            gate.open();
            assert!(all.into_iter().all(|thread| thread.join().unwrap() == WORKERS));
            assert_eq!(trigger.wait_timeout(Duration::ZERO), Ok(()));
        }
        evidence("C1,C18", ROUNDS as u64);
    });
}

/// The destructor of a capture of a cancelled job is held, when no worker is left.
#[test]
fn a_wait_for_the_end_returns_after_every_cancel() {
    watchdog(LIMIT, "cancels", |progress| {
        const ROUNDS: usize = 20;
        for round in 0..ROUNDS {
            progress.note(format_args!("round {round}"));
            let discards = round % 2 == 0;
            let pool = ThreadPool::builder().workers(2).thread_name("cancels").build().unwrap();
            let (gate, in_drop) = (Gate::new(), Gate::new());
            gate.hold(&pool, 2);
            let pass = in_drop.pass();
            let capture = InDrop(move || pass.wait());
            let job = Arc::new(pool.submit(move || drop(capture)).unwrap());
            let behind = pool.submit(|| ()).unwrap();
            let trigger = pool.shutdown_trigger();
            let cancels = {
                let (job, trigger) = (Arc::clone(&job), trigger.clone());
                thread::spawn(move || {
                    if discards {
                        trigger.discard();
                    } else {
                        assert_eq!(job.cancel(), Cancellation::Cancelled);
                    }
                })
            };
            in_drop.wait_for(1);
            let waits = |wait: fn(&Shutdown) -> Result<(), WaitError>| {
                let (job, trigger) = (Arc::clone(&job), trigger.clone());
                waiting(move || {
                    wait(&trigger).unwrap();
                    job.is_finished()
                })
            };
            let early = [waits(Shutdown::wait), waits(|trigger| trigger.wait_timeout(LONG))];
            let owner = {
                let job = Arc::clone(&job);
                let end = if round % 4 < 2 { End::Shutdown } else { End::InTime };
                waiting(move || {
                    assert_conserved(&end.end(pool).expect("a report"));
                    job.is_finished()
                })
            };
            gate.open();
            wait_until_no_thread_is_named("cancels-");
            for timeout in [Duration::ZERO, Duration::from_millis(5)] {
                assert_timeout(trigger.wait_timeout(timeout));
            }
            let late = [waits(Shutdown::wait), waits(|trigger| trigger.wait_timeout(LONG))];
            let all = early.into_iter().chain(late).chain([owner]).collect::<Vec<_>>();
            assert!(all.iter().all(|thread| !thread.is_finished()), "one cancel is under way");
            in_drop.open();
            assert!(all.into_iter().all(|thread| thread.join().unwrap()), "a handle is unresolved");
            cancels.join().unwrap();
            assert_eq!(trigger.wait_timeout(Duration::ZERO), Ok(()));
            assert_eq!(behind.join().is_cancelled(), discards);
        }
        evidence("C1,C6,C18", ROUNDS as u64);
    });
}

/// The destructor would wait for itself, or two of them for each other.
#[test]
fn a_destructor_that_waits_for_the_end_while_its_job_is_cancelled_gets_an_error() {
    watchdog(LIMIT, "own cancel", |_| {
        for discards in [true, false] {
            let pool = pool(1);
            let (gate, refused) = (Gate::new(), Count::default());
            gate.hold(&pool, 1);
            let trigger = pool.shutdown_trigger();
            let [one, other] = [(); 2].map(|()| {
                let (trigger, refused) = (trigger.clone(), refused.clone());
                let capture = InDrop(move || {
                    assert_would_deadlock(trigger.wait());
                    assert_would_deadlock(trigger.wait_timeout(Duration::ZERO));
                    assert_would_deadlock(trigger.wait_timeout(LONG));
                    refused.up();
                });
                pool.submit(move || drop(capture)).unwrap()
            });
            if discards {
                trigger.discard();
            } else {
                let cancels = thread::spawn(move || one.cancel());
                assert_eq!(other.cancel(), Cancellation::Cancelled);
                assert_eq!(cancels.join().unwrap(), Cancellation::Cancelled);
            }
            assert_eq!(refused.get(), 2);
            gate.open();
            assert_eq!(pool.shutdown().other_panics, 0);
            assert_eq!(trigger.wait(), Ok(()));
        }
        evidence("C18,C21", 2);
    });
}

/// The owner has detached: on its own worker, and at a deadline.
#[test]
fn the_end_of_a_pool_without_an_owner_can_be_waited_for() {
    watchdog(LIMIT, "detached", |_| {
        for on_worker in [true, false] {
            let stops = Count::default();
            let on_stop = stops.clone();
            let builder = ThreadPool::builder().workers(2).on_stop(move |_| on_stop.up());
            let pool = builder.build().unwrap();
            let (trigger, submitter, gate) =
                (pool.shutdown_trigger(), pool.submitter(), Gate::new());
            gate.hold(&pool, 1);
            if on_worker {
                submitter.execute(move || drop(pool)).unwrap();
            } else {
                assert_eq!(pool.shutdown_timeout(Duration::ZERO).unfinished, 1);
            }
            assert_timeout(trigger.wait_timeout(Duration::from_millis(20)));
            let waits = {
                let (trigger, stops) = (trigger.clone(), stops.clone());
                waiting(move || trigger.wait().map(|()| stops.get()))
            };
            gate.open();
            assert_eq!(waits.join().unwrap(), Ok(2));
        }
        evidence("C18,C21", 2);
    });
}

#[test]
fn a_job_that_waits_for_the_end_of_its_own_pool_gets_an_error() {
    watchdog(LIMIT, "own pool", |_| {
        let inner = pool(2);
        let trigger = inner.shutdown_trigger();
        let own = inner.submit(move || {
            for _ in 0..2 {
                assert_would_deadlock(trigger.wait());
                assert_would_deadlock(trigger.wait_timeout(Duration::ZERO));
                assert_would_deadlock(trigger.wait_timeout(LONG));
                trigger.drain();
            }
        });
        own.unwrap().join().unwrap();
        // A job of another pool may wait.
        let (outer, trigger) = (pool(1), inner.shutdown_trigger());
        let other = outer.submit(move || trigger.wait());
        assert_eq!(other.unwrap().join().unwrap(), Ok(()));
        drop(inner);
        evidence("C18,C21", 3);
    });
}

#[test]
fn a_wait_for_the_end_has_its_timeout() {
    watchdog(LIMIT, "timeouts", |_| {
        let pool = pool(1);
        let trigger = pool.shutdown_trigger();
        for timeout in [Duration::ZERO, Duration::from_nanos(1), Duration::from_millis(20)] {
            let begun = Instant::now();
            assert_timeout(trigger.wait_timeout(timeout));
            assert!(begun.elapsed() >= timeout, "{:?}", begun.elapsed());
        }
        let waits = {
            let trigger = trigger.clone();
            waiting(move || trigger.wait_timeout(Duration::MAX))
        };
        assert!(!waits.is_finished());
        drop(pool);
        assert_eq!(waits.join().unwrap(), Ok(()));
        for timeout in [Duration::ZERO, LONG, Duration::MAX] {
            assert_eq!(trigger.wait_timeout(timeout), Ok(()));
        }
        evidence("C18", 7);
    });
}

/// Every kind of end, and the triggers.
#[test]
fn a_long_job_ends_early_when_its_token_says_so() {
    watchdog(LIMIT, "token", |progress| {
        let ends = End::ALL.map(Some).into_iter().chain([None, None]).enumerate();
        for (n, end) in ends {
            progress.note(format_args!("{end:?}"));
            let pool = pool(2);
            let (tokens, begun) =
                ([pool.stop_token(), pool.submitter().stop_token()], Count::default());
            assert!(tokens.iter().all(|token| !token.is_stopping()));
            let long = tokens.clone().map(|token| {
                let (token, begun) = (token.clone(), begun.clone());
                let job = move || {
                    begun.up();
                    while !token.is_stopping() {
                        thread::yield_now();
                    }
                    "in time"
                };
                pool.submit(job).unwrap()
            });
            begun.wait_for(2);
            assert!(long.iter().all(|job| !job.is_finished()));
            let trigger = pool.shutdown_trigger();
            match end {
                Some(end) => drop(end.end(pool)),
                None if n % 2 == 0 => trigger.drain(),
                None => trigger.discard(),
            }
            assert!(tokens.iter().all(StopToken::is_stopping), "by the time it returns");
            for job in long {
                assert_eq!(job.join().unwrap(), "in time");
            }
            trigger.drain();
            assert!(tokens.iter().all(StopToken::is_stopping), "and ever after");
            assert!(format!("{:?}", tokens[0]).contains("true"));
        }
        evidence("C1,C19", 7);
    });
}

#[test]
fn triggers_and_tokens_outlive_the_pool_and_do_not_keep_it() {
    watchdog(LIMIT, "outlive", |_| {
        for end in End::ALL {
            let dropped = Count::default();
            let (trigger, token) = {
                let pool = ThreadPool::builder().workers(2).thread_name("outlived").build();
                let pool = pool.unwrap();
                let (trigger, token) = (pool.shutdown_trigger(), pool.stop_token());
                // Inside the pool as well: in a job, in its capture and in its result.
                let (inside, capture) = (trigger.clone(), Counted(dropped.clone()));
                drop(pool.submit(move || (inside, capture)).unwrap());
                pool.wait_idle().unwrap();
                end.end(pool);
                (trigger, token)
            };
            wait_until_no_thread_is_named("outlived-");
            assert_eq!(dropped.get(), 1);
            trigger.wait().unwrap();
            for _ in 0..2 {
                trigger.discard();
                trigger.drain();
            }
            assert_eq!(trigger.wait_timeout(Duration::ZERO), Ok(()));
            assert!(token.is_stopping());
        }
        evidence("C2,C18", End::ALL.len() as u64);
    });
}

/// Both modes from several threads at once, while others submit and the owner ends the pool.
#[test]
fn triggers_that_race_leave_each_job_one_outcome() {
    watchdog(LIMIT, "race", |progress| {
        const ROUNDS: usize = 400;
        for round in 0..ROUNDS {
            let pool = if round % 2 == 0 { pool(2) } else { bounded(2, 4) };
            let ran = Count::default();
            let trigger = pool.shutdown_trigger();
            let submits = {
                let (submitter, ran) = (pool.submitter(), ran.clone());
                thread::spawn(move || {
                    let submit = || {
                        let ran = ran.clone();
                        submitter.submit(move || ran.up()).ok()
                    };
                    std::iter::from_fn(submit).collect::<Vec<_>>()
                })
            };
            ran.wait_for(round as u64 % 5);
            let threads = [true, false, true].map(|discards| {
                let trigger = trigger.clone();
                thread::spawn(move || if discards { trigger.discard() } else { trigger.drain() })
            });
            let report = pool.shutdown();
            for thread in threads {
                thread.join().unwrap();
            }
            let jobs = submits.join().unwrap();
            let accepted = jobs.len() as u64;
            let cancelled = jobs.into_iter().filter(JobHandle::is_finished);
            let cancelled = cancelled.map(JobHandle::join).filter(Outcome::is_cancelled).count();
            progress.note(format_args!("round {round}: {cancelled} of {accepted} cancelled"));
            // The last submission may come after the report.
            assert!(report.rejected <= 1);
            assert_eq!(report.accepted, accepted);
            assert_eq!((report.completed, report.cancelled), (ran.get(), cancelled as u64));
            assert_conserved(&report);
        }
        evidence("C3,C4,C5,C18", ROUNDS as u64);
    });
}
