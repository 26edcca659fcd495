//! Scopes: jobs that borrow, and that have ended when the scope returns, whatever happens.
//!
//! ci/miri.sh runs these tests under Miri, which would see a job that touches what it borrowed too
//! late. Buffers on the heap are freed right after each scope, so that it has something to see.

#![cfg(not(loom))]

mod support;

use std::future::Future;
use std::mem;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use last_call::{
    CancelReason, Cancellation, Outcome, Scope, ScopedJobHandle, ThreadPool, WaitError,
};
use support::{
    assert_conserved, bounded, evidence, panic_quietly, pool, watchdog, Bomb, Count, Counted, Gate,
    InDrop, Wakes, LIMIT, LONG,
};

/// Under Miri everything takes a thousand times as long.
const ROUNDS: u64 = if cfg!(miri) { 3 } else { 300 };

#[test]
fn jobs_borrow_and_have_ended_when_the_scope_returns() {
    watchdog(LIMIT, "borrow", |progress| {
        for workers in 1..=3 {
            let pool = pool(workers);
            for round in 0..ROUNDS {
                progress.note(format_args!("{workers} workers, round {round}"));
                let mut numbers: Vec<u64> = (0..8).collect();
                let captures = Count::default();
                let scoped = pool.scope(|scope| {
                    for pair in numbers.chunks_mut(2) {
                        let capture = Counted(captures.clone());
                        let job = move || {
                            let _capture = capture;
                            for n in pair {
                                *n += round;
                            }
                        };
                        scope.execute(job).unwrap();
                    }
                });
                scoped.unwrap();
                assert_eq!(numbers, (round..round + 8).collect::<Vec<_>>());
                assert_eq!(captures.get(), 4, "captures are dropped");
                assert_eq!(pool.stats().completed, 4 * (round + 1), "and the jobs are counted");
            }
            assert_conserved(&pool.shutdown());
        }
        evidence("C29", 3 * ROUNDS);
    });
}

#[test]
fn handles_return_borrowed_results_inside_the_scope() {
    watchdog(LIMIT, "results", |_| {
        let pool = pool(2);
        let words = ["one".to_owned(), "two".to_owned()];
        let joined = pool.scope(|scope| {
            let first = scope.submit(|| &words[0]).unwrap();
            let second = scope.submit(|| words[1].as_str()).unwrap();
            assert!(format!("{first:?}").starts_with("ScopedJobHandle { id: JobId(0)"));
            assert_eq!((first.id().get(), second.id().get()), (0, 1));
            let first = first.join().unwrap();
            let second = second.join_timeout(LONG).expect("in time").unwrap();
            first.clone() + second
        });
        assert_eq!(joined.unwrap(), "onetwo");

        let gate = Gate::new();
        let pass = gate.pass();
        let polled = pool.scope(|scope| {
            let held = scope.submit(|| pass.wait()).unwrap();
            assert!(!held.is_finished());
            let held = held.try_join().expect_err("it is held");
            let mut held = held.join_timeout(Duration::ZERO).expect_err("it still is");
            let woken = Count::default();
            let waker = Waker::from(Arc::new(Wakes(woken.clone())));
            let mut context = Context::from_waker(&waker);
            assert!(Pin::new(&mut held).poll(&mut context).is_pending());
            gate.open();
            woken.wait_for(1);
            assert!(held.is_finished());
            Pin::new(&mut held).poll(&mut context).map(|outcome| outcome.is_completed())
        });
        assert_eq!(polled.unwrap(), Poll::Ready(true));
        evidence("C24,C29", 2);
    });
}

/// They are stored in boxes, also where they borrow.
#[test]
fn large_closures_and_results_borrow_too() {
    watchdog(LIMIT, "large", |_| {
        let pool = pool(1);
        let (owned, large) = (String::from("borrowed"), [1_u8; 4096]);
        let lengths = pool.scope(|scope| {
            let text = &owned;
            let result = scope.submit(move || ([text; 100], large)).unwrap();
            scope.execute(move || assert_eq!((text.len(), large.len()), (8, 4096))).unwrap();
            drop(scope.submit(move || ([text; 100], large)).unwrap());
            scope.submit(move || (large, text)).unwrap().cancel();
            let (texts, large) = result.join().unwrap();
            (texts.iter().map(|text| text.len()).sum::<usize>(), large.len())
        });
        assert_eq!(lengths.unwrap(), (800, 4096));
        drop(owned);
        assert_conserved(&pool.shutdown());
        evidence("C29", 1);
    });
}

/// Adds up the leaves of a binary tree. Each job borrows from the thread that waits.
fn add<'scope>(scope: &'scope Scope<'scope, '_>, numbers: &'scope [u64], total: &'scope AtomicU64) {
    if let [number] = numbers {
        total.fetch_add(*number, Ordering::Relaxed);
        return;
    }
    let (left, right) = numbers.split_at(numbers.len() / 2);
    scope.execute(move || add(scope, left, total)).unwrap();
    add(scope, right, total);
}

#[test]
fn jobs_submit_to_their_own_scope() {
    watchdog(LIMIT, "recursion", |_| {
        let pool = pool(3);
        for _ in 0..ROUNDS {
            let (numbers, total) = ((1..=64).collect::<Vec<_>>(), AtomicU64::new(0));
            pool.scope(|scope| add(scope, &numbers, &total)).unwrap();
            drop(numbers);
            assert_eq!(total.into_inner(), 2080);
        }
        evidence("C29", ROUNDS);
    });
}

#[test]
fn panics_of_jobs_and_of_the_body_do_not_cut_the_wait_short() {
    watchdog(LIMIT, "panics", |progress| {
        for round in 0..ROUNDS {
            progress.note(format_args!("round {round}"));
            let pool = pool(2);
            let mut numbers = vec![0; 2];
            let gate = Gate::new();
            let (pass, captures) = (gate.pass(), Count::default());
            let result = catch_unwind(AssertUnwindSafe(|| {
                let (first, second) = numbers.split_at_mut(1);
                pool.scope(|scope| {
                    let capture = Counted(captures.clone());
                    let first = move || {
                        first[0] = 1;
                        let _capture = capture;
                        panic_quietly("the job's panic")
                    };
                    scope.execute(first).unwrap();
                    let second = move || {
                        pass.wait();
                        second[0] = 2;
                    };
                    scope.execute(second).unwrap();
                    // Opened while the body unwinds.
                    let _open = InDrop(|| gate.open());
                    panic_quietly("the body's panic")
                })
            }));
            assert_eq!((&*numbers, captures.get()), (&[1, 2][..], 1));
            let payload = result.expect_err("the body panics");
            assert_eq!(payload.downcast_ref(), Some(&"the body's panic"));
            let report = pool.shutdown();
            assert_conserved(&report);
            assert_eq!((report.completed, report.panicked), (1, 1));
            assert_eq!(report.panics[0].message, "the job's panic");
            assert!(report.panics[0].name.contains("panics_of_jobs"), "{report:?}");
        }
        evidence("C12,C29", ROUNDS);
    });
}

#[test]
fn panicking_destructors_are_caught_and_counted_before_the_scope_returns() {
    watchdog(LIMIT, "destructors", |_| {
        let pool = pool(1);
        let (bombs, gate) = (Count::default(), Gate::new());
        let (pass, borrowed) = (gate.pass(), String::from("borrowed"));
        let panicked = pool.scope(|scope| {
            let (bomb, text) = (Bomb(bombs.clone(), "in a capture"), &borrowed);
            let handle = scope.submit(move || {
                pass.wait();
                drop(bomb);
                text.len()
            });
            // It is queued, and its capture panics as it is cancelled.
            let (bomb, text) = (Bomb(bombs.clone(), "in a cancelled capture"), &borrowed);
            let cancelled = scope.submit(move || (bomb, text).1.len()).unwrap();
            assert_eq!(cancelled.cancel(), Cancellation::Cancelled);
            assert!(cancelled.join().is_cancelled());
            // Nobody reads its result.
            let (bomb, text) = (Bomb(bombs.clone(), "in a result"), &borrowed);
            drop(scope.submit(move || (bomb, text)).unwrap());
            gate.open();
            handle.unwrap().join().is_panicked()
        });
        assert!(panicked.unwrap());
        drop(borrowed);
        assert_eq!(bombs.get(), 3);
        let report = pool.shutdown();
        assert_conserved(&report);
        assert_eq!((report.completed, report.panicked, report.cancelled), (1, 1, 1));
        assert_eq!(report.other_panics, 2, "a cancelled capture, and a result");
        evidence("C13,C29", 1);
    });
}

#[test]
fn a_discard_ends_a_scope_and_its_jobs_are_reported() {
    watchdog(LIMIT, "discard", |progress| {
        for round in 0..ROUNDS {
            progress.note(format_args!("round {round}"));
            let pool = pool(1);
            let gate = Gate::new();
            gate.hold(&pool, 1);
            let captures = Count::default();
            let buffer = vec![1_u8; 64];
            let trigger = pool.shutdown_trigger();
            let refused = pool.scope(|scope| {
                let job = || {
                    let (capture, buffer) = (Counted(captures.clone()), &buffer);
                    move || (capture, buffer).1.len()
                };
                let (kept, dropped) = (scope.submit(job()).unwrap(), scope.submit(job()).unwrap());
                drop(dropped);
                let ignored = job();
                scope.execute(move || _ = ignored()).unwrap();
                trigger.discard();
                assert_eq!(captures.get(), 3, "the captures of all three are dropped");
                let reason = CancelReason::Discarded;
                assert!(
                    matches!(kept.join(), Outcome::Cancelled(cancelled) if cancelled == reason)
                );
                // The closure comes back, with what it borrows.
                let error = scope.submit(job()).unwrap_err();
                assert!(error.is_shut_down());
                (error.into_job())()
            });
            assert_eq!(refused.unwrap(), 64);
            drop(buffer);
            gate.open();
            let report = pool.shutdown();
            assert_conserved(&report);
            assert_eq!((report.completed, report.cancelled, report.rejected), (1, 3, 1));
        }
        evidence("C3,C5,C17,C29", ROUNDS);
    });
}

#[test]
fn a_deadline_reports_the_running_job_of_a_scope_and_the_scope_still_waits() {
    watchdog(LIMIT, "deadline", |_| {
        let pool = pool(1);
        let submitter = pool.submitter();
        let (gate, mut text) = (Gate::new(), String::new());
        let pass = gate.pass();
        let report = submitter.scope(|scope| {
            let running = || {
                pass.wait();
                text.push_str("it ran to its end");
            };
            scope.execute(running).unwrap();
            let queued = scope.submit(|| ()).unwrap();
            gate.wait_for(1);
            let report = pool.shutdown_timeout(Duration::ZERO);
            assert!(queued.join().is_cancelled());
            gate.open();
            report
        });
        let report = report.unwrap();
        assert_eq!(text, "it ran to its end");
        assert_conserved(&report);
        assert_eq!((report.unfinished, report.cancelled), (1, 1));
        evidence("C17,C29", 1);
    });
}

#[test]
fn a_scope_in_a_job_of_its_pool_is_refused_before_it_begins() {
    watchdog(LIMIT, "nested", |_| {
        let (pool, other) = (pool(1), pool(1));
        let dropped = Count::default();
        let nested = pool.scope(|scope| {
            let (pool, capture) = (&pool, Counted(dropped.clone()));
            scope.submit(move || pool.scope(move |_| drop(capture))).unwrap().join().unwrap()
        });
        assert_eq!(dropped.get(), 1, "the body is dropped unrun");
        let error: WaitError = nested.unwrap().unwrap_err();
        assert!(error.would_deadlock());
        // The worker of another pool may wait.
        let (handle, shared) = (pool.submitter(), Mutex::new(0));
        let nested = other.scope(|scope| {
            scope.execute(|| {
                handle
                    .scope(|inner| inner.execute(|| *shared.lock().unwrap() = 1))
                    .unwrap()
                    .unwrap();
            })
        });
        nested.unwrap().unwrap();
        assert_eq!(shared.into_inner().unwrap(), 1);
        evidence("C21,C29", 2);
    });
}

#[test]
fn a_full_queue_refuses_and_the_scope_does_not_wait_for_what_it_refused() {
    watchdog(LIMIT, "full", |_| {
        let pool = bounded(1, 1);
        let gate = Gate::new();
        gate.hold(&pool, 1);
        let text = String::from("borrowed");
        let scoped = pool.scope(|scope| {
            let queued = scope.try_submit(|| text.len()).unwrap();
            let error = scope.try_execute(|| drop(text.chars())).unwrap_err();
            assert!(error.is_full());
            assert!(scope.try_submit(|| text.len()).unwrap_err().is_full());
            gate.open();
            assert_eq!(queued.join().unwrap(), 8);
            // A worker of the pool does not wait for a slot either.
            let refused = scope.submit(|| {
                let fill = |_| scope.execute(|| ()).map_err(|error| error.would_deadlock());
                (0..2).map(fill).find_map(Result::err)
            });
            refused.unwrap().join().unwrap()
        });
        assert_eq!(scoped.unwrap(), Some(true));
        let report = pool.shutdown();
        assert_conserved(&report);
        assert_eq!((report.completed, report.rejected), (4, 3));
        evidence("C8,C9,C29", 1);
    });
}

#[test]
fn a_cancelled_job_is_no_longer_waited_for_although_its_shell_is_queued() {
    watchdog(LIMIT, "shell", |_| {
        let pool = pool(1);
        let gate = Gate::new();
        gate.hold(&pool, 1);
        let text = String::from("borrowed");
        let scoped = pool.scope(|scope| {
            let handle = scope.submit(|| text.len()).unwrap();
            handle.cancel()
        });
        assert_eq!(scoped.unwrap(), Cancellation::Cancelled);
        drop(text);
        gate.open();
        assert_eq!(pool.shutdown().cancelled, 1);
        evidence("C25,C29", 1);
    });
}

/// Owns itself, and a handle.
struct Circle<'scope, T>(Mutex<Option<(ScopedJobHandle<'scope, T>, Arc<Self>)>>);

/// A handle that is forgotten keeps its result, and drops neither it nor anything else.
#[test]
fn forgotten_handles_let_no_borrow_dangle() {
    // What they leak must stay small beside what the tests of memory measure.
    const ROUNDS: u64 = 10;
    watchdog(LIMIT, "forgotten", |_| {
        let pool = pool(2);
        for _ in 0..ROUNDS {
            let dropped = Count::default();
            let buffer = vec![1_u8; 64];
            let scoped = pool.scope(|scope| {
                let (result, buffer) = (Counted(dropped.clone()), &buffer);
                let handle = scope.submit(move || (result, buffer)).unwrap();
                mem::forget(handle);
                // One that goes round in a circle is the same.
                let circle = Arc::new(Circle(Mutex::new(None)));
                let handle = scope.submit(move || buffer).unwrap();
                *circle.0.lock().unwrap() = Some((handle, Arc::clone(&circle)));
                // This one is dropped by a job, which may end after the first.
                let handle = scope.submit(move || buffer.len()).unwrap();
                scope.execute(move || drop(handle)).unwrap();
            });
            scoped.unwrap();
            drop(buffer);
            assert_eq!(dropped.get(), 0);
        }
        pool.wait_idle().unwrap();
        assert_conserved(&pool.shutdown());
        evidence("C29", ROUNDS);
    });
}

#[test]
fn the_last_owner_may_end_the_pool_inside_the_scope() {
    watchdog(LIMIT, "owner", |_| {
        for in_a_job in [false, true] {
            let pool = pool(2);
            let (submitter, mut count) = (pool.submitter(), 0);
            let scoped = submitter.scope(|scope| {
                scope.execute(|| count += 1).unwrap();
                let end = move || drop::<ThreadPool>(pool);
                if in_a_job {
                    let _ = scope.execute(end);
                } else {
                    end();
                }
            });
            scoped.unwrap();
            assert_eq!(count, 1);
            // A scope of a pool that has ended runs its body, and submits nothing.
            let refused = submitter.scope(|scope| scope.execute(|| count += 1).is_err());
            assert_eq!((refused.unwrap(), count), (true, 1));
        }
        evidence("C16,C21,C29", 2);
    });
}
