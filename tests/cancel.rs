//! Cancelling: a job that has not started never does, and leaves nothing behind.

#![cfg(not(loom))]

mod support;

use std::sync::{mpsc, Arc, Barrier, Mutex, OnceLock};
use std::task::Waker;
use std::thread;

use last_call::{CancelReason, Cancellation, JobHandle, Outcome, ThreadPool};
use support::{
    assert_conserved, bounded, evidence, lock, panic_quietly, poll, pool, waiting, watchdog, Bomb,
    Count, Counted, End, Gate, InDrop, Wakes, LIMIT,
};

#[track_caller]
fn assert_requested<T>(outcome: &Outcome<T>) {
    assert!(matches!(outcome, Outcome::Cancelled(CancelReason::Requested)));
}

fn wait_finished<T>(handle: &JobHandle<T>) {
    while !handle.is_finished() {
        thread::yield_now();
    }
}

#[test]
fn cancel_tells_queued_started_and_finished_apart() {
    watchdog(LIMIT, "apart", |_| {
        let pool = pool(1);
        let gate = Gate::new();
        let pass = gate.pass();
        let started = pool.submit(move || {
            pass.wait();
            "ran all the same"
        });
        let started = started.unwrap();
        gate.wait_for(1);
        let queued = pool.submit(|| "never run").unwrap();
        let panics = pool.submit(|| panic_quietly("on purpose")).unwrap();
        let discarded = pool.submit(|| ()).unwrap();

        assert_eq!(started.cancel(), Cancellation::Started);
        assert_eq!(queued.cancel(), Cancellation::Cancelled);
        assert_eq!(queued.cancel(), Cancellation::Finished, "once");
        assert_eq!(started.cancel(), Cancellation::Started, "still running");
        assert!(queued.is_finished() && !started.is_finished());

        gate.open();
        wait_finished(&panics);
        assert_eq!(panics.cancel(), Cancellation::Finished);
        assert_eq!(started.cancel(), Cancellation::Finished);
        wait_finished(&discarded);
        let report = pool.shutdown_now();
        assert_eq!(discarded.cancel(), Cancellation::Finished, "after the end, too");
        assert_eq!(started.join().unwrap(), "ran all the same");
        assert!(panics.join().is_panicked());
        assert_requested(&queued.join());
        assert_eq!((report.completed, report.panicked, report.cancelled), (2, 1, 1));
        evidence("C25", 8);
    });
}

/// The worker still runs the job before, so no other thread can have dropped them.
#[test]
fn a_cancelled_job_never_runs_and_its_captures_are_gone_when_cancel_returns() {
    watchdog(LIMIT, "captures", |progress| {
        const ROUNDS: u64 = 200;
        const JOBS: usize = 10;
        for round in 0..ROUNDS {
            progress.note(format_args!("round {round}"));
            let pool = pool(1);
            let gate = Gate::new();
            gate.hold(&pool, 1);
            let (alive, started) = (Arc::new(()), Arc::new(Mutex::new(Vec::new())));
            let jobs = (0..JOBS).map(|n| {
                let (capture, started) = (Arc::clone(&alive), Arc::clone(&started));
                pool.submit(move || {
                    std::hint::black_box(&capture);
                    lock(&started).push(n);
                })
            });
            let jobs = jobs.map(Result::unwrap).collect::<Vec<_>>();
            let chosen = |n: usize| (n + usize::try_from(round).unwrap()) % 3 == 0;
            let mut cancelled = 0;
            for job in jobs.iter().enumerate().filter(|(n, _)| chosen(*n)).map(|(_, job)| job) {
                assert_eq!(job.cancel(), Cancellation::Cancelled);
                cancelled += 1;
                assert_eq!(Arc::strong_count(&alive), 1 + JOBS - cancelled);
                assert_eq!(pool.stats().cancelled, cancelled as u64, "counted by then");
            }
            gate.open();
            for (n, job) in jobs.into_iter().enumerate() {
                assert_eq!(job.join().is_cancelled(), chosen(n));
            }
            let report = pool.shutdown();
            assert_eq!(report.cancelled, cancelled as u64);
            assert_conserved(&report);
            let others = (0..JOBS).filter(|n| !chosen(*n)).collect::<Vec<_>>();
            assert_eq!(*lock(&started), others, "the others, in order");
        }
        evidence("C4,C5,C6,C15,C25", ROUNDS);
    });
}

/// The queue is full and the only worker is held, so a destructor that waited would never return.
#[test]
fn the_drop_of_a_cancelled_capture_may_use_the_pool() {
    watchdog(LIMIT, "uses the pool", |progress| {
        const ROUNDS: u64 = 100;
        for round in 0..ROUNDS {
            progress.note(format_args!("round {round}"));
            let pool = bounded(1, 2);
            let gate = Gate::new();
            gate.hold(&pool, 1);
            let (submitter, trigger) = (pool.submitter(), pool.shutdown_trigger());
            let own = Arc::new(OnceLock::<Arc<JobHandle<()>>>::new());
            let other = Arc::new(OnceLock::<JobHandle<()>>::new());
            let dropped = Count::default();
            let capture = {
                let (own, other, dropped) = (Arc::clone(&own), Arc::clone(&other), dropped.clone());
                InDrop(move || {
                    // Its own slot is free, and so is that of the other job after the cancel.
                    submitter.execute(|| ()).unwrap();
                    assert_eq!(other.get().unwrap().cancel(), Cancellation::Cancelled);
                    submitter.try_execute(|| ()).unwrap();
                    assert!(submitter.try_execute(|| ()).unwrap_err().is_full());
                    // It is claimed, and has no outcome yet.
                    assert_eq!(own.get().unwrap().cancel(), Cancellation::Started);
                    assert!(!own.get().unwrap().is_finished());
                    let stats = submitter.stats();
                    assert_eq!((stats.accepted, stats.cancelled), (5, 1));
                    assert!(submitter.wait_idle().unwrap_err().would_deadlock());
                    assert!(trigger.wait().unwrap_err().would_deadlock());
                    dropped.up();
                })
            };
            let job = Arc::new(pool.submit(move || drop(capture)).unwrap());
            assert!(own.set(Arc::clone(&job)).is_ok());
            assert!(other.set(pool.submit(|| ()).unwrap()).is_ok());
            assert_eq!(job.cancel(), Cancellation::Cancelled);
            assert_eq!(dropped.get(), 1, "its assertions held");
            gate.open();
            let report = pool.shutdown();
            assert_eq!((report.completed, report.cancelled, report.other_panics), (3, 2, 0));
        }
        evidence("C14,C25", ROUNDS);
    });
}

#[test]
fn the_slot_of_a_cancelled_job_is_free_at_once() {
    watchdog(LIMIT, "slot", |progress| {
        const ROUNDS: u64 = 300;
        let pool = bounded(1, 2);
        let gate = Gate::new();
        gate.hold(&pool, 1);
        for round in 0..ROUNDS {
            if round % 50 == 0 {
                progress.note_stats(&pool.stats());
            }
            let mut jobs = [(); 2].map(|()| pool.try_submit(|| ()).unwrap());
            assert!(pool.try_submit(|| ()).unwrap_err().is_full());
            // The younger one first, which is not at the head of the queue.
            for job in jobs.iter_mut().rev() {
                assert_eq!(job.cancel(), Cancellation::Cancelled);
                *job = pool.try_submit(|| ()).unwrap();
                assert!(pool.try_submit(|| ()).unwrap_err().is_full(), "one cancel, one slot");
            }
            assert!(jobs.iter().all(cancelled));
        }
        evidence("C8,C25", ROUNDS);
    });
}

#[test]
fn a_cancel_admits_a_submitter_that_waits_for_a_slot() {
    watchdog(LIMIT, "lets in", |progress| {
        const ROUNDS: u64 = 50;
        for round in 0..ROUNDS {
            progress.note(format_args!("round {round}"));
            let pool = bounded(1, 1);
            let gate = Gate::new();
            gate.hold(&pool, 1);
            let queued = pool.submit(|| "cancelled").unwrap();
            let submitter = pool.submitter();
            let waits = waiting(move || submitter.submit(|| "let in"));
            assert!(!waits.is_finished());
            assert_eq!(queued.cancel(), Cancellation::Cancelled);
            // The worker is still held, so this is the slot that the cancel released.
            let job = waits.join().unwrap().unwrap();
            gate.open();
            assert_eq!(job.join().unwrap(), "let in");
            assert_eq!(pool.shutdown().cancelled, 1);
        }
        evidence("C10,C25", ROUNDS);
    });
}

#[test]
fn a_task_that_awaits_a_cancelled_job_is_woken() {
    watchdog(LIMIT, "woken", |_| {
        let pool = pool(1);
        let gate = Gate::new();
        gate.hold(&pool, 1);
        let mut job = pool.submit(|| ()).unwrap();
        let woken = Count::default();
        let waker = Waker::from(Arc::new(Wakes(woken.clone())));
        assert!(poll(&mut job, &waker).is_none());
        assert_eq!(job.cancel(), Cancellation::Cancelled);
        assert_eq!(woken.get(), 1);
        assert_requested(&poll(&mut job, &waker).expect("it has its outcome"));
        evidence("C24,C25", 1);
    });
}

#[test]
fn captures_of_a_cancelled_job_that_panic_in_drop_leave_it_cancelled() {
    watchdog(LIMIT, "bombs", |_| {
        const JOBS: u64 = 20;
        let pool = bounded(1, 1);
        let gate = Gate::new();
        gate.hold(&pool, 1);
        let (bombs, others) = (Count::default(), Count::default());
        for n in 1..=JOBS {
            let both = (Bomb(bombs.clone(), "from a capture"), Counted(others.clone()));
            let job = pool.try_submit(move || drop(both)).unwrap();
            assert_eq!(job.cancel(), Cancellation::Cancelled, "and does not panic");
            assert_eq!((bombs.get(), others.get()), (n, n));
            assert_requested(&job.join());
        }
        gate.open();
        let report = pool.shutdown();
        assert_eq!((report.completed, report.panicked, report.cancelled), (1, 0, JOBS));
        assert_eq!(report.other_panics, JOBS);
        assert!(report.panics.is_empty());
        evidence("C13,C25", JOBS);
    });
}

#[test]
fn a_job_can_be_cancelled_after_shutdown_began() {
    watchdog(LIMIT, "while draining", |_| {
        let pool = pool(1);
        let gate = Gate::new();
        gate.hold(&pool, 1);
        let ran = Count::default();
        let jobs = [(); 4].map(|()| {
            let ran = ran.clone();
            pool.submit(move || ran.up()).unwrap()
        });
        let token = pool.stop_token();
        let ending = waiting(move || pool.shutdown());
        assert!(token.is_stopping());
        let cancels = jobs.each_ref().map(|job| job.id().get() % 2 == 0 && cancelled(job));
        assert_eq!(cancels.iter().filter(|cancelled| **cancelled).count(), 2);
        gate.open();
        let report = ending.join().unwrap();
        assert_eq!((report.completed, report.cancelled), (3, 2));
        assert_eq!(ran.get(), 2, "the drain runs the others");
        for (job, cancelled) in jobs.into_iter().zip(cancels) {
            assert_eq!(job.cancel(), Cancellation::Finished);
            assert_eq!(job.join().is_cancelled(), cancelled);
        }
        evidence("C17,C25", 4);
    });
}

fn cancelled<T>(job: &JobHandle<T>) -> bool {
    job.cancel() == Cancellation::Cancelled
}

#[test]
fn a_job_may_cancel_the_one_behind_it() {
    watchdog(LIMIT, "from a job", |_| {
        let pool = pool(1);
        let (send, receive) = mpsc::channel::<JobHandle<()>>();
        let cancels = pool.submit(move || {
            let behind = receive.recv().unwrap();
            let found = behind.cancel();
            assert_requested(&behind.join());
            found
        });
        send.send(pool.submit(|| ()).unwrap()).unwrap();
        assert_eq!(cancels.unwrap().join().unwrap(), Cancellation::Cancelled);
        assert_eq!(pool.shutdown().cancelled, 1);
        evidence("C25", 1);
    });
}

/// The claimant decides the reason; the other is too late.
#[test]
fn cancel_and_discard_agree_on_the_reason() {
    watchdog(LIMIT, "against discard", |progress| {
        const ROUNDS: u64 = 1_000;
        let mut requested = 0;
        for round in 0..ROUNDS {
            let pool = pool(1);
            let gate = Gate::new();
            gate.hold(&pool, 1);
            let dropped = Count::default();
            let jobs = [(); 3].map(|()| {
                let capture = Counted(dropped.clone());
                pool.submit(move || drop(capture)).unwrap()
            });
            let barrier = Arc::new(Barrier::new(2));
            let ending = {
                let barrier = Arc::clone(&barrier);
                thread::spawn(move || {
                    barrier.wait();
                    pool.shutdown_now()
                })
            };
            barrier.wait();
            // From both ends, so that they meet in the middle.
            let found = [2, 1, 0].map(|n| (n, jobs[n].cancel()));
            gate.open();
            let report = ending.join().unwrap();
            assert_eq!((report.completed, report.cancelled, dropped.get()), (1, 3, 3));
            assert_conserved(&report);
            let mut jobs = jobs.map(Some);
            for (n, found) in found {
                let Outcome::Cancelled(reason) = jobs[n].take().unwrap().join() else {
                    panic!("a job ran")
                };
                let ours = found == Cancellation::Cancelled;
                assert_eq!(reason == CancelReason::Requested, ours, "{found:?}, {reason:?}");
                assert_eq!(reason == CancelReason::Discarded, !ours, "{found:?}, {reason:?}");
                requested += u64::from(ours);
            }
            progress.note(format_args!("round {round}: {requested} by request"));
        }
        assert!(requested > 0, "the requests never won");
        evidence("C4,C5,C25", ROUNDS);
    });
}

/// Otherwise its job would be missing in the report, and its handle unresolved.
#[test]
fn a_shutdown_waits_for_the_cancel_that_is_under_way() {
    watchdog(LIMIT, "under way", |progress| {
        for end in End::JOINING.into_iter().chain([End::InTime]) {
            progress.note(format_args!("{end:?}"));
            let stops = Count::default();
            let on_stop = stops.clone();
            let builder = ThreadPool::builder().workers(1).on_stop(move |_| on_stop.up());
            let pool = builder.build().unwrap();
            let (gate, in_drop) = (Gate::new(), Gate::new());
            gate.hold(&pool, 1);
            let pass = in_drop.pass();
            let capture = InDrop(move || pass.wait());
            let queued = pool.submit(move || drop(capture)).unwrap();
            let cancels = thread::spawn(move || (queued.cancel(), queued));
            in_drop.wait_for(1);
            gate.open();
            let ending = waiting(move || end.end(pool));
            // The worker has nothing left to do, so the shutdown waits for the cancel.
            stops.wait_for(1);
            assert!(!ending.is_finished());
            in_drop.open();
            let report = ending.join().unwrap();
            let (found, queued) = cancels.join().unwrap();
            assert_eq!(found, Cancellation::Cancelled);
            assert_requested(&queued.join());
            if let Some(report) = report {
                assert_eq!((report.accepted, report.completed, report.cancelled), (2, 1, 1));
                assert_conserved(&report);
            }
        }
        evidence("C4,C5,C17,C25", 4);
    });
}

#[test]
fn of_many_cancels_one_wins() {
    watchdog(LIMIT, "many cancels", |progress| {
        const ROUNDS: u64 = 500;
        const THREADS: usize = 3;
        for round in 0..ROUNDS {
            progress.note(format_args!("round {round}"));
            let pool = bounded(1, 1);
            let gate = Gate::new();
            gate.hold(&pool, 1);
            let dropped = Count::default();
            let capture = Counted(dropped.clone());
            let job = pool.submit(move || drop(capture)).unwrap();
            let barrier = Barrier::new(THREADS);
            let won = thread::scope(|scope| {
                let cancel = || {
                    barrier.wait();
                    cancelled(&job)
                };
                let threads = [(); THREADS].map(|()| scope.spawn(cancel));
                threads.map(|thread| thread.join().unwrap()).into_iter().filter(|won| *won).count()
            });
            assert_eq!((won, dropped.get()), (1, 1));
            // One slot, and not one for each call.
            pool.try_execute(|| ()).unwrap();
            assert!(pool.try_execute(|| ()).unwrap_err().is_full());
            assert_requested(&job.join());
            gate.open();
            let report = pool.shutdown();
            assert_eq!((report.completed, report.cancelled), (2, 1));
        }
        evidence("C4,C25", ROUNDS);
    });
}

#[test]
fn a_handle_that_cancels_on_its_drop_cancels_a_queued_job_and_no_other() {
    watchdog(LIMIT, "cancel on drop", |_| {
        let pool = pool(1);
        let gate = Gate::new();
        let pass = gate.pass();
        let running = pool.submit(move || pass.wait()).unwrap().cancel_on_drop();
        gate.wait_for(1);
        let captures = Count::default();
        let job = || {
            let capture = Counted(captures.clone());
            move || drop(capture)
        };
        drop(pool.submit(job()).unwrap().cancel_on_drop());
        assert_eq!(captures.get(), 1, "its closure is dropped");
        // Dropped while this thread unwinds, with captures whose drop panics.
        let bomb = Bomb(captures.clone(), "in a capture");
        let queued = pool.submit(move || drop(bomb)).unwrap().cancel_on_drop();
        let unwound = std::panic::catch_unwind(std::panic::AssertUnwindSafe(move || {
            let _queued = queued;
            panic_quietly("the owner's panic")
        }));
        assert_eq!((captures.get(), unwound.is_err()), (2, true));
        // The handle can be taken out, and is then a handle like any other.
        let kept = pool.submit(job()).unwrap().cancel_on_drop();
        assert_eq!((kept.id().get(), kept.is_finished()), (3, false));
        assert!(format!("{kept:?}").starts_with("CancelOnDrop { id: JobId(3)"));
        drop(kept.into_handle());
        let joined = pool.submit(job()).unwrap().cancel_on_drop();
        let mut polled = pool.submit(job()).unwrap().cancel_on_drop();
        drop(running);
        gate.open();
        assert!(joined.join().is_completed());
        wait_finished(&polled);
        let mut context = std::task::Context::from_waker(Waker::noop());
        let polled = std::future::Future::poll(std::pin::Pin::new(&mut polled), &mut context);
        assert!(polled.is_ready());
        let report = pool.shutdown();
        assert_conserved(&report);
        assert_eq!((report.completed, report.cancelled, report.other_panics), (4, 2, 1));
        evidence("C13,C24,C25", 5);
    });
}

/// What remains of cancelled jobs leaves a bounded queue. The jobs between them stay, and run under
/// their ids.
#[test]
fn cancelled_jobs_leave_a_full_queue_and_take_no_other_with_them() {
    watchdog(LIMIT, "cancelled jobs that leave", |_| {
        const ROUNDS: u64 = 3;
        const CANCELLED: u64 = 20;
        let pool = bounded(1, 6);
        let gate = Gate::new();
        gate.hold(&pool, 1);
        let results = (0..ROUNDS).map(|round| {
            for _ in 0..CANCELLED {
                let job = pool.try_submit(|| ()).unwrap();
                assert_eq!(job.cancel(), Cancellation::Cancelled);
            }
            pool.try_execute(|| panic_quietly("without a handle")).unwrap();
            pool.try_submit(move || round).unwrap()
        });
        let results = results.collect::<Vec<_>>();
        gate.open();
        let results = results.into_iter().map(|job| job.join().unwrap());
        assert_eq!(results.collect::<Vec<_>>(), [0, 1, 2]);
        let report = pool.shutdown();
        assert_conserved(&report);
        assert_eq!((report.completed, report.cancelled), (1 + ROUNDS, ROUNDS * CANCELLED));
        let ids = report.panics.iter().map(|panic| panic.id.get());
        assert_eq!(ids.collect::<Vec<_>>(), [21, 43, 65]);
        evidence("C4,C25", ROUNDS * (CANCELLED + 2));
    });
}
