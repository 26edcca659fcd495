//! Handles: they always resolve, and only after the captures of the job are dropped.

#![cfg(not(loom))]

mod support;

use std::error::Error;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::{mpsc, Arc};
use std::thread;
use std::time::{Duration, Instant};

use last_call::{CancelReason, Cancellation, JobHandle, Outcome};
use support::{
    evidence, panic_quietly, pool, watchdog, Bomb, Count, Counted, End, Gate, LIMIT, LONG,
};

fn pending<T>(result: Result<Outcome<T>, JobHandle<T>>) -> JobHandle<T> {
    match result {
        Ok(_) => panic!("the job is held"),
        Err(handle) => handle,
    }
}

fn resolved<T>(result: Result<Outcome<T>, JobHandle<T>>) -> Outcome<T> {
    result.unwrap_or_else(|handle| panic!("still pending: {handle:?}"))
}

#[test]
fn a_pending_handle_survives_try_join_and_join_timeout() {
    watchdog(LIMIT, "pending", |_| {
        let pool = pool(1);
        let gate = Gate::new();
        let pass = gate.pass();
        let running = pool.submit(move || {
            pass.wait();
            "ran"
        });
        let mut running = running.unwrap();
        let mut queued = pool.submit(|| "queued").unwrap();
        gate.wait_for(1);
        let short = Duration::from_millis(20);
        for _ in 0..3 {
            running = pending(running.try_join());
            queued = pending(queued.try_join());
            running = pending(running.join_timeout(Duration::ZERO));
            let begun = Instant::now();
            queued = pending(queued.join_timeout(short));
            assert!(begun.elapsed() >= short, "it waited {:?}", begun.elapsed());
            assert!(!running.is_finished() && !queued.is_finished());
        }
        assert_eq!((running.id().get(), queued.id().get()), (0, 1));
        gate.open();
        assert_eq!(resolved(running.join_timeout(LONG)).unwrap(), "ran");
        assert_eq!(resolved(queued.join_timeout(Duration::MAX)).unwrap(), "queued");
        evidence("C24", 3);
    });
}

#[test]
fn an_outcome_becomes_a_result_whose_error_has_the_message_and_the_payload() {
    fn boxed(outcome: Outcome<u8>) -> Result<u8, Box<dyn Error + Send + Sync>> {
        Ok(outcome.into_result()?)
    }
    watchdog(LIMIT, "results", |_| {
        let pool = pool(1);
        let completes = || pool.submit(|| 4_u8).unwrap().join();
        let panics = || pool.submit(|| -> u8 { panic_quietly("no paper") }).unwrap().join();
        let cancelled = || {
            let gate = Gate::new();
            gate.hold(&pool, 1);
            let queued = pool.submit(|| 5_u8).unwrap();
            assert_eq!(queued.cancel(), Cancellation::Cancelled);
            queued.join()
        };
        assert_eq!((boxed(completes()).unwrap(), completes().expect("four")), (4, 4));
        assert_eq!((completes().ok(), panics().ok(), cancelled().ok()), (Some(4), None, None));
        assert_eq!(completes().map(|n| n + 1).unwrap(), 5);
        assert!(panics().map(|n| n + 1).is_panicked());
        assert!(cancelled().map(|n| n + 1).is_cancelled());

        let error = panics().into_result().unwrap_err();
        assert_eq!((error.message(), error.cancel_reason()), (Some("no paper"), None));
        assert_eq!(format!("{error:?}"), "Panicked(\"no paper\")");
        assert_eq!(error.into_panic().unwrap().downcast_ref(), Some(&"no paper"));
        assert_eq!(boxed(panics()).unwrap_err().to_string(), "the job panicked: no paper");

        let error = cancelled().into_result().unwrap_err();
        assert_eq!((error.message(), error.cancel_reason()), (None, Some(CancelReason::Requested)));
        assert_eq!(format!("{error:?}"), "Cancelled(Requested)");
        assert!(error.into_panic().is_none());
        let error = boxed(cancelled()).unwrap_err();
        assert_eq!(error.to_string(), "the job was cancelled: its handle cancelled it");

        // The destructor of the payload panics, too.
        let dropped = Count::default();
        let bomb = Bomb(dropped.clone(), "from the payload");
        let outcome = pool.submit(move || panic_quietly(bomb)).unwrap().join();
        let panic = catch_unwind(AssertUnwindSafe(|| outcome.expect("a value"))).unwrap_err();
        let message = "a value: the job panicked: a payload that is not a string";
        assert_eq!(panic.downcast_ref::<String>().unwrap(), message);
        assert_eq!(dropped.get(), 1);
        evidence("C24", 12);
    });
}

#[test]
fn every_way_returns_the_outcome_of_a_resolved_handle() {
    watchdog(LIMIT, "resolved", |_| {
        let pool = pool(2);
        let finished = |n: u32| {
            let handle = pool.submit(move || n).unwrap();
            while !handle.is_finished() {
                thread::yield_now();
            }
            handle
        };
        assert_eq!(finished(1).join().unwrap(), 1);
        assert_eq!(resolved(finished(2).try_join()).unwrap(), 2);
        assert_eq!(resolved(finished(3).join_timeout(Duration::ZERO)).unwrap(), 3);
        assert_eq!(resolved(finished(4).join_timeout(LONG)).unwrap(), 4);
        assert_eq!(resolved(finished(5).join_timeout(Duration::MAX)).unwrap(), 5);
        evidence("C24", 5);
    });
}

#[test]
fn a_join_that_waits_is_woken_by_each_outcome() {
    watchdog(LIMIT, "woken", |progress| {
        const ROUNDS: u64 = 300;
        for round in 0..ROUNDS {
            progress.note(format_args!("round {round}"));
            let (panics, timed) = (round % 2 == 0, round % 4 < 2);
            let pool = pool(1);
            let gate = Gate::new();
            let pass = gate.pass();
            let running = pool.submit(move || {
                pass.wait();
                if panics {
                    panic_quietly("on purpose");
                }
            });
            gate.wait_for(1);
            let waiting = Count::default();
            let wait_for = |handle: JobHandle<()>| {
                let waiting = waiting.clone();
                thread::spawn(move || {
                    waiting.up();
                    if timed {
                        resolved(handle.join_timeout(LONG))
                    } else {
                        handle.join()
                    }
                })
            };
            let queued = wait_for(pool.submit(|| ()).unwrap());
            let running = wait_for(running.unwrap());
            waiting.wait_for(2);
            let ending = thread::spawn(move || pool.shutdown_now());
            let queued = queued.join().unwrap();
            assert!(matches!(queued, Outcome::Cancelled(CancelReason::Discarded)), "{queued:?}");
            gate.open();
            let running = running.join().unwrap();
            assert_eq!((running.is_panicked(), running.is_completed()), (panics, !panics));
            let report = ending.join().unwrap();
            assert_eq!((report.accepted, report.cancelled), (2, 1));
        }
        evidence("C17,C24", ROUNDS);
    });
}

#[test]
fn a_handle_outlives_the_pool() {
    watchdog(LIMIT, "outlives", |_| {
        for end in End::DRAINING {
            let pool = pool(2);
            let completed = pool.submit(|| vec![1, 2, 3]).unwrap();
            let panicked = pool.submit(|| -> u8 { panic_quietly("on purpose") }).unwrap();
            end.end(pool);
            assert!(completed.is_finished() && panicked.is_finished());
            assert_eq!(completed.join().unwrap(), [1, 2, 3]);
            assert!(resolved(panicked.try_join()).is_panicked());
        }
        evidence("C16,C17,C24", End::DRAINING.len() as u64);
    });
}

/// The captures of the job are dropped, and the job is counted, before any waiter is woken.
#[test]
fn captures_are_dropped_and_the_outcome_is_counted_before_the_handle_resolves() {
    watchdog(LIMIT, "before it resolves", |progress| {
        const ROUNDS: u64 = 2_000;
        let pool = pool(2);
        for round in 0..ROUNDS {
            if round % 100 == 0 {
                progress.note_stats(&pool.stats());
            }
            // Read without further synchronisation.
            let alive = Arc::new(());
            let capture = Arc::clone(&alive);
            let panics = round % 2 == 1;
            let job = pool.submit(move || {
                std::hint::black_box(&capture);
                if panics {
                    panic_quietly(());
                }
            });
            assert_eq!(job.unwrap().join().is_panicked(), panics);
            assert_eq!(Arc::strong_count(&alive), 1);
            let stats = pool.stats();
            assert_eq!(stats.completed, round / 2 + 1);
            assert_eq!(stats.panicked, round.div_ceil(2));
        }
        let report = pool.shutdown();
        assert_eq!((report.completed, report.panicked), (ROUNDS / 2, ROUNDS / 2));
        evidence("C5,C6,C15", ROUNDS);
    });
}

#[test]
fn captures_of_a_cancelled_job_are_dropped_before_its_handle_resolves() {
    watchdog(LIMIT, "cancelled captures", |_| {
        const ROUNDS: u64 = 200;
        for _ in 0..ROUNDS {
            let pool = pool(1);
            let gate = Gate::new();
            pool.execute(gate.job()).unwrap();
            gate.wait_for(1);
            let alive = Arc::new(());
            let capture = Arc::clone(&alive);
            let job = pool.submit(move || drop(capture)).unwrap();
            let waits = thread::spawn(move || {
                let outcome = job.join();
                (outcome, Arc::strong_count(&alive))
            });
            let ending = thread::spawn(move || pool.shutdown_now());
            let (outcome, count) = waits.join().unwrap();
            assert!(matches!(outcome, Outcome::Cancelled(CancelReason::Discarded)), "{outcome:?}");
            assert_eq!(count, 1);
            gate.open();
            assert_eq!(ending.join().unwrap().cancelled, 1);
        }
        evidence("C6,C15,C24", ROUNDS);
    });
}

#[test]
fn dropping_a_handle_detaches_and_nothing_is_kept() {
    watchdog(LIMIT, "detach", |_| {
        let (ran, captures, results) = (Count::default(), Count::default(), Count::default());
        let pool = pool(1);
        let gate = Gate::new();
        pool.execute(gate.job()).unwrap();
        let submit = || {
            let capture = Counted(captures.clone());
            let (ran, result) = (ran.clone(), Counted(results.clone()));
            pool.submit(move || {
                let _capture = capture;
                ran.up();
                result
            })
            .unwrap()
        };
        // Before the job has started.
        drop(submit());
        let last = pool.submit(|| ()).unwrap();
        gate.open();
        last.join().unwrap();
        assert_eq!((ran.get(), captures.get()), (1, 1));
        results.wait_for(1);

        // After the job has ended: until then the handle owns the result.
        let ended = submit();
        while !ended.is_finished() {
            thread::yield_now();
        }
        assert_eq!((ran.get(), captures.get(), results.get()), (2, 2, 1));
        drop(ended);
        // The worker may still hold the other end for a moment.
        results.wait_for(2);
        assert_eq!(pool.shutdown().completed, 4);
        assert_eq!((ran.get(), captures.get(), results.get()), (2, 2, 2));
        evidence("C4,C24", 2);
    });
}

#[test]
fn a_job_may_wait_for_another_jobs_handle() {
    watchdog(LIMIT, "jobs wait for jobs", |_| {
        const ROUNDS: u64 = 500;
        let pool = pool(2);
        for round in 0..ROUNDS {
            let inner = pool.submit(move || round).unwrap();
            let outer = pool.submit(move || inner.join().unwrap() + 1).unwrap();
            assert_eq!(outer.join().unwrap(), round + 1);
        }
        evidence("C24", ROUNDS);
    });
}

/// On the only worker, the job behind cannot run. To wait for it is the one deadlock that the
/// documentation allows, and there are three ways out of it.
#[test]
fn a_job_that_waits_for_the_one_behind_it_can_get_out() {
    watchdog(LIMIT, "the one behind", |progress| {
        const ROUNDS: u64 = 30;
        for round in 0..ROUNDS {
            progress.note(format_args!("round {round}"));
            let pool = pool(1);
            let (send, receive) = mpsc::channel::<JobHandle<()>>();
            let outside = round % 3 == 2;
            let waits = pool.submit(move || {
                let behind = receive.recv().unwrap();
                if outside {
                    // Another thread ends the wait.
                    assert!(behind.join().is_cancelled());
                    return;
                }
                let behind = pending(behind.join_timeout(Duration::from_micros(100)));
                if round % 3 == 1 {
                    assert_eq!(behind.cancel(), Cancellation::Cancelled);
                    assert!(behind.join().is_cancelled());
                }
                // Otherwise it gives up, and the job behind runs.
            });
            let waits = waits.unwrap();
            send.send(pool.submit(|| ()).unwrap()).unwrap();
            if outside {
                while pool.stats().running == 0 {
                    thread::yield_now();
                }
                let report = pool.shutdown_timeout(Duration::from_millis(1));
                // Once the job behind is cancelled, this one may end in time for the report.
                assert_eq!((report.unfinished + report.completed, report.cancelled), (1, 1));
                assert!(report.unfinished_jobs.iter().all(|job| job.id == waits.id()));
                waits.join().unwrap();
            } else {
                waits.join().unwrap();
                assert_eq!(pool.shutdown().cancelled, round % 3);
            }
        }
        evidence("C17,C24,C25", ROUNDS);
    });
}

#[test]
fn a_handle_may_be_joined_on_another_thread() {
    watchdog(LIMIT, "other thread", |_| {
        let pool = pool(1);
        let gate = Gate::new();
        let pass = gate.pass();
        let job = pool.submit(move || {
            pass.wait();
            7
        });
        let (send, receive) = mpsc::channel::<JobHandle<i32>>();
        let elsewhere = thread::spawn(move || receive.recv().unwrap().join().unwrap());
        send.send(job.unwrap()).unwrap();
        gate.open();
        assert_eq!(elsewhere.join().unwrap(), 7);
        evidence("C24", 1);
    });
}

#[test]
fn an_outcome_says_what_it_is() {
    watchdog(LIMIT, "outcome", |_| {
        let outcomes = || {
            let pool = pool(1);
            let gate = Gate::new();
            let completed = pool.submit(|| 5).unwrap();
            let panicked = pool.submit(|| -> i32 { panic_quietly("on purpose") }).unwrap();
            pool.execute(gate.job()).unwrap();
            gate.wait_for(1);
            let cancelled = pool.submit(|| 6).unwrap();
            let report = pool.shutdown_timeout(Duration::ZERO);
            assert_eq!((report.completed, report.panicked, report.cancelled), (1, 1, 1));
            [completed.join(), panicked.join(), cancelled.join()]
        };
        let is = |outcome: &Outcome<i32>| {
            [outcome.is_completed(), outcome.is_panicked(), outcome.is_cancelled()]
        };
        let [completed, panicked, cancelled] = outcomes();
        assert_eq!(is(&completed), [true, false, false]);
        assert_eq!(is(&panicked), [false, true, false]);
        assert_eq!(is(&cancelled), [false, false, true]);
        assert_eq!(format!("{completed:?}"), "Completed(5)");
        assert_eq!(format!("{panicked:?}"), "Panicked(\"on purpose\")");
        assert_eq!(format!("{cancelled:?}"), "Cancelled(DeadlinePassed)");
        assert_eq!(completed.unwrap(), 5);
        let payload = thread::spawn(|| panicked.unwrap()).join().unwrap_err();
        assert_eq!(payload.downcast_ref(), Some(&"on purpose"), "the job's own payload");
        let payload = thread::spawn(|| cancelled.unwrap()).join().unwrap_err();
        let message = payload.downcast_ref::<String>().unwrap();
        assert!(message.contains("cancelled") && message.contains("deadline"), "{message}");

        let [completed, panicked, cancelled] = outcomes();
        assert_eq!(completed.completed(), Some(5));
        assert_eq!(panicked.completed(), None);
        assert_eq!(cancelled.completed(), None);
        evidence("C4,C24", 2);
    });
}
