//! A full queue: which submissions are refused, which wait, and that every wait ends.

#![cfg(not(loom))]

mod support;

use std::sync::mpsc;
use std::time::{Duration, Instant};

use last_call::{Cancellation, SubmitError, Submitter};
use support::{
    assert_conserved, bounded, evidence, pool, waiting, watchdog, Count, Counted, End, Gate, LIMIT,
    LONG,
};

const SHORT: Duration = Duration::from_millis(20);

/// The ways to submit a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Execute,
    Submit,
    ExecuteTimeout(Duration),
    SubmitTimeout(Duration),
    TryExecute,
    TrySubmit,
}

impl Way {
    const WAITING: [Way; 6] = [
        Way::Execute,
        Way::Submit,
        Way::ExecuteTimeout(LONG),
        Way::SubmitTimeout(LONG),
        Way::ExecuteTimeout(Duration::MAX),
        Way::SubmitTimeout(Duration::MAX),
    ];

    /// Submits the job. A handle is dropped, which detaches it.
    fn submit<F>(self, submitter: &Submitter, job: F) -> Result<(), SubmitError<F>>
    where
        F: FnOnce() + Send + 'static,
    {
        match self {
            Way::Execute => submitter.execute(job),
            Way::Submit => submitter.submit(job).map(drop),
            Way::ExecuteTimeout(timeout) => submitter.execute_timeout(job, timeout),
            Way::SubmitTimeout(timeout) => submitter.submit_timeout(job, timeout).map(drop),
            Way::TryExecute => submitter.try_execute(job),
            Way::TrySubmit => submitter.try_submit(job).map(drop),
        }
    }
}

/// The reason of a refusal, by the predicate that is true.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Why {
    Full,
    ShutDown,
    Timeout,
    WouldDeadlock,
}

/// Returns the reason of the one predicate that is true.
#[track_caller]
fn why<F>(error: &SubmitError<F>) -> Why {
    let all = [
        (error.is_full(), Why::Full),
        (error.is_shut_down(), Why::ShutDown),
        (error.is_timeout(), Why::Timeout),
        (error.would_deadlock(), Why::WouldDeadlock),
    ];
    let all = all.into_iter().filter(|(is, _)| *is).map(|(_, why)| why).collect::<Vec<_>>();
    let &[why] = all.as_slice() else { panic!("{all:?} of {error:?}") };
    why
}

/// Submits a job that is refused, and runs the returned closure. Returns the reason and the error
/// text.
#[track_caller]
fn refused(submitter: &Submitter, way: Way) -> (Why, String) {
    let (ran, dropped) = (Count::default(), Count::default());
    let job = {
        let (ran, capture) = (ran.clone(), Counted(dropped.clone()));
        move || {
            let _capture = capture;
            ran.up();
        }
    };
    let error = way.submit(submitter, job).expect_err("refused");
    let (why, text) = (why(&error), error.to_string());
    assert_eq!((ran.get(), dropped.get()), (0, 0), "{way:?}");
    error.into_job()();
    assert_eq!((ran.get(), dropped.get()), (1, 1), "{way:?}: the very closure");
    (why, text)
}

#[test]
fn each_refusal_has_its_own_predicate_and_text_and_returns_the_closure() {
    watchdog(LIMIT, "predicates", |progress| {
        let pool = bounded(1, 1);
        let gate = Gate::new();
        let submitter = pool.submitter();
        let mut rejected = 0;
        let mut expect = |expected: Why, word: &str, (why, text): (Why, String)| {
            progress.note(format_args!("{expected:?}: {text}"));
            assert_eq!(why, expected);
            assert!(text.contains("the thread pool"), "{text}");
            assert!(text.contains(word), "{text}");
            rejected += 1;
        };

        // From the only worker, which first fills the queue.
        let (send, refusals) = mpsc::channel();
        let own = {
            let (submitter, pass) = (submitter.clone(), gate.pass());
            move || {
                submitter.try_execute(|| ()).unwrap();
                for way in Way::WAITING.into_iter().chain([Way::SubmitTimeout(Duration::ZERO)]) {
                    send.send((Why::WouldDeadlock, refused(&submitter, way))).unwrap();
                }
                // These do not wait anyway.
                for way in [Way::TryExecute, Way::TrySubmit] {
                    send.send((Why::Full, refused(&submitter, way))).unwrap();
                }
                // A panic of this job would also end the list.
                drop(send);
                pass.wait();
            }
        };
        pool.execute(own).unwrap();
        let from_own = refusals.iter().collect::<Vec<_>>();
        assert_eq!(from_own.len(), Way::WAITING.len() + 3);
        for (expected, found) in from_own {
            let word = if expected == Why::Full { "full" } else { "own worker" };
            expect(expected, word, found);
        }

        for way in [Way::TryExecute, Way::TrySubmit] {
            let found = refused(&submitter, way);
            assert!(!found.1.contains("worker") && !found.1.contains("timeout"), "{}", found.1);
            expect(Why::Full, "full", found);
        }
        for timeout in [Duration::ZERO, Duration::from_nanos(1), SHORT] {
            for way in [Way::ExecuteTimeout(timeout), Way::SubmitTimeout(timeout)] {
                let begun = Instant::now();
                expect(Why::Timeout, "timeout", refused(&submitter, way));
                assert!(begun.elapsed() >= timeout, "{way:?}");
            }
        }
        pool.shutdown_trigger().drain();
        // The queue is still full, but that is not the reason.
        for way in Way::WAITING.into_iter().chain([Way::TryExecute, Way::TrySubmit]) {
            expect(Why::ShutDown, "shutting down", refused(&submitter, way));
        }
        gate.open();
        let report = pool.shutdown();
        assert_eq!((report.accepted, report.rejected), (2, rejected), "each once");
        assert_conserved(&report);
        evidence("C3,C5,C8,C9", rejected);
    });
}

/// Running jobs take no slot, and each slot is taken by one job.
#[test]
fn as_many_jobs_are_queued_as_there_are_slots() {
    watchdog(LIMIT, "slots", |_| {
        let mut runs = 0;
        for workers in 1..=3_u64 {
            for capacity in [1, 2, 5] {
                let pool = bounded(usize::try_from(workers).unwrap(), capacity);
                let (gate, ran) = (Gate::new(), Count::default());
                gate.hold(&pool, workers);
                let fill = || {
                    let job = |ran: Count| move || ran.up();
                    std::iter::repeat_with(|| pool.try_execute(job(ran.clone())))
                        .take_while(Result::is_ok)
                        .count()
                };
                assert_eq!(fill(), capacity);
                assert_eq!((fill(), pool.stats().queued), (0, capacity as u64));
                gate.open();
                pool.wait_idle().unwrap();
                assert_eq!(ran.get(), capacity as u64);
                // Every slot is free again, and there are no more than before.
                let gate = Gate::new();
                gate.hold(&pool, workers);
                assert_eq!(fill(), capacity);
                gate.open();
                let report = pool.shutdown();
                assert_eq!(report.completed, 2 * (workers + capacity as u64));
                runs += 1;
            }
        }
        evidence("C8", runs);
    });
}

#[test]
fn a_submission_waits_for_a_slot_and_gets_it() {
    watchdog(LIMIT, "gets it", |progress| {
        const ROUNDS: usize = 20;
        for round in 0..ROUNDS {
            progress.note(format_args!("round {round}"));
            let pool = bounded(1, 1);
            let (gate, ran) = (Gate::new(), Count::default());
            gate.hold(&pool, 1);
            pool.execute(|| ()).unwrap();
            let all = Way::WAITING.map(|way| {
                let (submitter, ran) = (pool.submitter(), ran.clone());
                waiting(move || way.submit(&submitter, move || ran.up()).is_ok())
            });
            assert!(all.iter().all(|submission| !submission.is_finished()));
            assert_eq!((pool.stats().accepted, ran.get()), (2, 0));
            gate.open();
            // No shutdown helps them: it would hide a slot that no waiter was woken for.
            assert!(all.into_iter().all(|submission| submission.join().unwrap()));
            pool.wait_idle().unwrap();
            assert_eq!(ran.get(), Way::WAITING.len() as u64);
            assert_eq!(pool.shutdown().rejected, 0);
        }
        evidence("C8,C10", (ROUNDS * Way::WAITING.len()) as u64);
    });
}

/// The workers are held, so no slot becomes free, and the owner still waits.
#[test]
fn the_end_of_the_pool_returns_the_closures_of_blocked_submitters() {
    watchdog(LIMIT, "released", |progress| {
        let ends = End::ALL.map(Some).into_iter().chain([None, None]).enumerate();
        for (n, end) in ends {
            progress.note(format_args!("{end:?}"));
            let pool = bounded(2, 2);
            let gate = Gate::new();
            gate.hold(&pool, 2);
            let queued = [(); 2].map(|()| pool.submit(|| ()).unwrap());
            let blocked = Way::WAITING.map(|way| {
                let submitter = pool.submitter();
                waiting(move || refused(&submitter, way).0)
            });
            assert!(blocked.iter().all(|submitter| !submitter.is_finished()));
            let trigger = pool.shutdown_trigger();
            let owner = waiting(move || {
                if let Some(end) = end {
                    return end.end(pool);
                }
                if n % 2 == 0 {
                    trigger.drain();
                } else {
                    trigger.discard();
                }
                Some(pool.shutdown())
            });
            for submitter in blocked {
                assert_eq!(submitter.join().unwrap(), Why::ShutDown);
            }
            // A poll returns although two jobs run; every other end waits for them.
            let report = if end == Some(End::Poll) {
                let report = owner.join().unwrap();
                gate.open();
                report
            } else {
                assert!(!owner.is_finished(), "two jobs run");
                gate.open();
                owner.join().unwrap()
            };
            let discards =
                matches!(end, Some(End::ShutdownNow | End::Poll)) || (end.is_none() && n % 2 == 1);
            for job in queued {
                assert_eq!(job.join().is_cancelled(), discards);
            }
            if let Some(report) = report {
                assert_eq!(report.accepted, 4);
                // A poll does not wait for the submitters that it releases.
                let rejected = Way::WAITING.len() as u64;
                assert!(report.rejected == rejected || end == Some(End::Poll), "{report:?}");
                assert_conserved(&report);
            }
        }
        evidence("C3,C8,C10", 7 * Way::WAITING.len() as u64);
    });
}

/// Submitters that give up leave the slot to those that go on waiting.
#[test]
fn a_submission_that_times_out_takes_no_slot() {
    watchdog(LIMIT, "times out", |progress| {
        const ROUNDS: u64 = 50;
        for round in 0..ROUNDS {
            progress.note(format_args!("round {round}"));
            let pool = bounded(1, 1);
            let gate = Gate::new();
            gate.hold(&pool, 1);
            let queued = pool.submit(|| ()).unwrap();
            let submitter = pool.submitter();
            let first = waiting(move || refused(&submitter, Way::SubmitTimeout(SHORT)).0);
            let submitter = pool.submitter();
            let second = waiting(move || submitter.execute(|| ()).is_ok());
            assert_eq!(first.join().unwrap(), Why::Timeout);
            assert!(!second.is_finished());
            assert_eq!(queued.cancel(), Cancellation::Cancelled);
            assert!(second.join().unwrap());
            gate.open();
            let report = pool.shutdown();
            assert_eq!((report.accepted, report.rejected), (3, 1));
        }
        evidence("C8,C10", ROUNDS);
    });
}

#[test]
fn a_worker_waits_for_a_slot_of_another_pool_but_not_of_its_own() {
    watchdog(LIMIT, "whose worker", |progress| {
        for way in Way::WAITING {
            progress.note(format_args!("{way:?}"));
            let full = bounded(2, 1);
            let gate = Gate::new();
            gate.hold(&full, 2);
            full.execute(|| ()).unwrap();
            let other = pool(1);
            let arrived = Count::default();
            let from_other = {
                let (submitter, arrived) = (full.submitter(), arrived.clone());
                other.submit(move || {
                    arrived.up();
                    way.submit(&submitter, || ()).is_ok()
                })
            };
            let from_other = from_other.unwrap();
            arrived.wait_for(1);
            let patient = from_other.join_timeout(Duration::from_millis(5));
            let from_other = patient.expect_err("it waits for a slot");
            gate.open();
            assert!(from_other.join().unwrap());
            // While a slot is free, an own worker is a submitter like any other.
            full.wait_idle().unwrap();
            let submitter = full.submitter();
            let from_own = full.submit(move || way.submit(&submitter, || ()).is_ok());
            assert!(from_own.unwrap().join().unwrap());
            assert_eq!(full.shutdown().rejected, 0);
        }
        evidence("C9,C10", Way::WAITING.len() as u64);
    });
}

/// Each job of the chain would wait for the slot that only its own end can free.
#[test]
fn jobs_that_submit_to_their_own_full_queue_all_end() {
    watchdog(LIMIT, "own queue", |progress| {
        const ROUNDS: u64 = 200;
        for round in 0..ROUNDS {
            let pool = bounded(2, 1);
            let (ran, back) = (Count::default(), Count::default());
            for _ in 0..10 {
                let (submitter, ran, back) = (pool.submitter(), ran.clone(), back.clone());
                let job = move || {
                    for _ in 0..3 {
                        let child = ran.clone();
                        if let Err(error) = submitter.execute(move || child.up()) {
                            assert_eq!(why(&error), Why::WouldDeadlock);
                            back.up();
                            error.into_job()();
                        }
                    }
                };
                pool.execute(job).unwrap();
            }
            pool.wait_idle().unwrap();
            progress.note(format_args!("round {round}: {} came back", back.get()));
            assert_eq!(ran.get(), 30);
            let report = pool.shutdown();
            assert_eq!((report.panicked, report.rejected), (0, back.get()));
            assert_eq!(report.completed, 40 - back.get());
        }
        evidence("C8,C9,C10", ROUNDS);
    });
}
