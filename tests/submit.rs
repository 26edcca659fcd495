//! Submitting: a job is accepted or refused, never both and never neither.

#![cfg(not(loom))]

mod support;

use std::error::Error;
use std::sync::mpsc;
use std::thread;

use last_call::{Cancellation, JobRefused, RefusalKind, SubmitError, Submitter, ThreadPool};
use support::{
    assert_conserved, evidence, pool, submit_until_refused, watchdog, Count, Counted, End, Gate,
    LIMIT,
};

fn assert_refusal<F>(error: &SubmitError<F>) {
    assert!(error.is_shut_down());
    assert_eq!(error.to_string(), "the thread pool is shutting down");
    assert!(format!("{error:?}").contains("ShutDown"), "{error:?}");
    assert!((error as &dyn Error).source().is_none());
}

#[test]
fn a_refusal_fits_into_a_boxed_error_and_converts_to_its_reason() {
    /// `?` also converts to errors of the anyhow crate, which take what is `Error`, `Send` and
    /// `Sync`.
    fn boxed(pool: &ThreadPool) -> Result<(), Box<dyn Error + Send + Sync>> {
        let (_sender, receiver) = mpsc::channel::<u8>();
        pool.execute(move || drop(receiver))?;
        Ok(())
    }
    fn reason(pool: &ThreadPool, capture: Counted) -> Result<u8, JobRefused> {
        let (_sender, receiver) = mpsc::channel::<u8>();
        let job = pool.try_submit(move || drop((receiver, capture)))?;
        job.join().unwrap();
        Ok(0)
    }
    watchdog(LIMIT, "boxed", |_| {
        let pool = pool(1);
        let dropped = Count::default();
        boxed(&pool).unwrap();
        assert_eq!(reason(&pool, Counted(dropped.clone())), Ok(0));
        pool.shutdown_trigger().drain();
        assert_eq!(boxed(&pool).unwrap_err().to_string(), "the thread pool is shutting down");
        let error = reason(&pool, Counted(dropped.clone())).unwrap_err();
        assert_eq!(dropped.get(), 2, "the reason does not hold the closure");
        assert_eq!(error.kind(), RefusalKind::ShutDown);
        assert_eq!(error.to_string(), "the thread pool is shutting down");
        let capture = Counted(dropped.clone());
        let error = pool.execute(move || drop(capture)).unwrap_err();
        assert_eq!((error.kind(), error.reason().kind()), (RefusalKind::ShutDown, error.kind()));
        let (job, reason) = error.into_parts();
        assert_eq!((dropped.get(), reason.kind()), (2, RefusalKind::ShutDown));
        job();
        assert_eq!(dropped.get(), 3);
        evidence("C3,C8", 5);
    });
}

#[test]
fn a_refused_job_comes_back_unrun_and_can_still_be_run() {
    watchdog(LIMIT, "refused", |_| {
        for end in End::ALL {
            let (ran, dropped) = (Count::default(), Count::default());
            let pool = pool(2);
            let submitter = pool.submitter();
            end.end(pool);

            let capture = (ran.clone(), Counted(dropped.clone()));
            let job = move || {
                capture.0.up();
                drop(capture);
            };
            let error = submitter.execute(job).unwrap_err();
            assert_refusal(&error);
            assert_eq!((ran.get(), dropped.get()), (0, 0));
            error.into_job()();
            assert_eq!((ran.get(), dropped.get()), (1, 1), "it is the submitted closure");

            let capture = Counted(dropped.clone());
            let error = submitter.submit(move || (capture, "its value")).unwrap_err();
            assert_refusal(&error);
            assert_eq!(dropped.get(), 1);
            let (capture, value) = error.into_job()();
            assert_eq!(value, "its value");
            drop(capture);
            assert_eq!(dropped.get(), 2);

            let capture = Counted(dropped.clone());
            drop(submitter.execute(move || drop(capture)).unwrap_err());
            assert_eq!(dropped.get(), 3, "an error that is dropped takes the closure along");
            assert_eq!(ran.get(), 1);
        }
        evidence("C1,C3", End::ALL.len() as u64);
    });
}

/// Bytes whose alignment is their number.
#[derive(Clone, Copy)]
#[repr(align(64))]
struct Aligned([u8; 64]);

/// No bytes, with an alignment of their own. Except for that it is small enough for the queue.
#[derive(Clone, Copy)]
#[repr(align(16))]
struct SmallAligned;

/// Small closures are stored in the queue, others in a box. Users cannot tell.
#[test]
fn closures_of_every_size_and_alignment_come_back_whole_or_run() {
    fn check<C: Copy + Send + 'static>(capture: C, sum: fn(&C) -> u64) {
        let bounded = ThreadPool::builder().workers(1).capacity(1).build().unwrap();
        let (gate, dropped, total) = (Gate::new(), Count::default(), Count::default());
        let job = || {
            let (counted, total) = (Counted(dropped.clone()), total.clone());
            move || {
                assert_eq!((std::ptr::from_ref(&capture) as usize) % align_of::<C>(), 0);
                (0..sum(&capture)).for_each(|_| total.up());
                drop(counted);
            }
        };
        bounded.execute(gate.job()).unwrap();
        gate.wait_for(1);
        bounded.execute(job()).unwrap();
        let refused = bounded.try_execute(job()).unwrap_err();
        assert!(refused.is_full());
        assert_eq!((dropped.get(), total.get()), (0, 0));
        refused.into_job()();
        assert_eq!((dropped.get(), total.get()), (1, sum(&capture)));
        drop(bounded.try_execute(job()).unwrap_err());
        gate.open();
        assert_conserved(&bounded.shutdown());
        assert_eq!((dropped.get(), total.get()), (3, 2 * sum(&capture)));

        let discarding = pool(1);
        let gate = Gate::new();
        discarding.execute(gate.job()).unwrap();
        gate.wait_for(1);
        discarding.execute(job()).unwrap();
        let trigger = discarding.shutdown_trigger();
        trigger.discard();
        assert_eq!((dropped.get(), total.get()), (4, 2 * sum(&capture)), "dropped, and not run");
        gate.open();
    }
    fn bytes<const N: usize>() {
        check([3_u8; N], |bytes| bytes.iter().map(|byte| u64::from(*byte)).sum());
    }
    watchdog(LIMIT, "sizes", |_| {
        // A closure has the two counters beside its bytes: it is in place with up to 24 of them.
        bytes::<0>();
        bytes::<8>();
        bytes::<24>();
        bytes::<25>();
        bytes::<40>();
        bytes::<4096>();
        check(Aligned([1; 64]), |aligned| aligned.0.iter().map(|byte| u64::from(*byte)).sum());
        check(SmallAligned, |SmallAligned| 1);
        evidence("C3,C4", 8);
    });
}

#[test]
fn the_report_counts_refused_jobs_apart() {
    watchdog(LIMIT, "rejected", |_| {
        let pool = pool(1);
        let gate = Gate::new();
        let submitter = pool.submitter();
        pool.execute(gate.job()).unwrap();
        let shutdown = thread::spawn(move || pool.shutdown());
        // The refused probe is counted too.
        let accepted = 1 + submit_until_refused(&submitter);
        for _ in 0..5 {
            assert!(submitter.submit(|| ()).unwrap_err().is_shut_down());
        }
        gate.open();
        let report = shutdown.join().unwrap();
        assert_eq!((report.accepted, report.rejected), (accepted, 6));
        assert_eq!(report.completed, accepted);
        assert_conserved(&report);
        evidence("C3,C5", 1);
    });
}

#[test]
fn a_running_job_is_refused_once_the_drain_has_begun() {
    watchdog(LIMIT, "submissions of jobs", |progress| {
        for end in [End::Drop, End::Shutdown, End::ShutdownNow, End::InTime] {
            progress.note(format_args!("{end:?}"));
            let pool = pool(2);
            let gate = Gate::new();
            let submitter = pool.submitter();
            let inner = pool.submitter();
            let pass = gate.pass();
            let job = pool.submit(move || {
                assert!(inner.execute(|| ()).is_ok(), "before the drain");
                pass.wait();
                let ran = Count::default();
                let job = {
                    let ran = ran.clone();
                    move || ran.up()
                };
                let error = inner.submit(job).expect_err("the drain has begun");
                assert_refusal(&error);
                assert_eq!(ran.get(), 0);
                error.into_job()();
                ran.get()
            });
            gate.wait_for(1);
            let ending = thread::spawn(move || end.end(pool));
            submit_until_refused(&submitter);
            gate.open();
            let report = ending.join().unwrap();
            assert_eq!(job.unwrap().join().unwrap(), 1);
            if let Some(report) = report {
                assert_conserved(&report);
                assert_eq!(report.rejected, 2, "the probe and the job's own");
            }
        }
        evidence("C3,C11", 4);
    });
}

/// A job that submits itself again for as long as it may.
fn chain(submitter: &Submitter, links: &Count) {
    links.up();
    let next = {
        let (submitter, links) = (submitter.clone(), links.clone());
        move || chain(&submitter, &links)
    };
    // The refused link is dropped: no thread waits for it.
    let _ = submitter.execute(next);
}

#[test]
fn an_endless_chain_of_jobs_is_cut_by_the_drain() {
    watchdog(LIMIT, "chain", |progress| {
        const ROUNDS: u64 = 50;
        for round in 0..ROUNDS {
            let pool = pool(2);
            let links = Count::default();
            for _ in 0..3 {
                let (submitter, links) = (pool.submitter(), links.clone());
                pool.execute(move || chain(&submitter, &links)).unwrap();
            }
            links.wait_for(20);
            progress.note(format_args!("round {round}: {} links", links.get()));
            let report = pool.shutdown();
            assert_eq!(report.completed, links.get());
            assert_eq!((report.accepted, report.rejected), (report.completed, 3));
        }
        evidence("C5,C11", ROUNDS);
    });
}

#[test]
fn submitters_do_not_keep_the_pool() {
    watchdog(LIMIT, "submitters", |_| {
        for end in End::ALL {
            let pool = pool(2);
            let gate = Gate::new();
            let outside = pool.submitter();
            // One in a running job, one in a queued job, one in the result of a job.
            let (running, queued, result) = (pool.submitter(), pool.submitter(), pool.submitter());
            let pass = gate.pass();
            pool.execute(move || {
                pass.wait();
                drop(running);
            })
            .unwrap();
            pool.execute(move || drop(queued)).unwrap();
            let kept = pool.submit(move || result).unwrap();
            gate.open();
            end.end(pool);
            if let Some(result) = kept.join().completed() {
                assert!(result.execute(|| ()).is_err());
            }
            assert!(outside.execute(|| ()).is_err());
        }
        evidence("C2", End::ALL.len() as u64);
    });
}

#[test]
fn dropping_a_clone_ends_nothing() {
    watchdog(LIMIT, "clones", |_| {
        const ROUNDS: u64 = 20;
        let pool = pool(2);
        for round in 0..ROUNDS {
            // On this thread, on another, in a job, and with a job that is cancelled.
            let parts = || (pool.submitter(), pool.shutdown_trigger(), pool.stop_token());
            drop(parts().clone());
            let theirs = parts();
            thread::spawn(move || drop(theirs.clone())).join().unwrap();
            let inside = parts();
            pool.submit(move || drop(inside.clone())).unwrap().join().unwrap();
            let gate = Gate::new();
            gate.hold(&pool, 2);
            let inside = parts();
            let queued = pool.submit(move || drop(inside)).unwrap();
            assert_eq!(queued.cancel(), Cancellation::Cancelled);
            gate.open();
            assert!(!pool.stop_token().is_stopping());
            assert_eq!(pool.submit(move || round).unwrap().join().unwrap(), round);
        }
        let report = pool.shutdown();
        assert_eq!((report.completed, report.cancelled), (4 * ROUNDS, ROUNDS));
        evidence("C2", ROUNDS);
    });
}

#[test]
fn a_job_gets_a_job_into_the_pool() {
    watchdog(LIMIT, "jobs from jobs", |_| {
        let pool = pool(2);
        let submitter = pool.submitter();
        let (send, receive) = mpsc::channel();
        let outer = pool.submit(move || {
            let inner = submitter.submit(|| "inner").unwrap();
            send.send(inner).unwrap();
            "outer"
        });
        assert_eq!(receive.recv().unwrap().join().unwrap(), "inner");
        assert_eq!(outer.unwrap().join().unwrap(), "outer");
        assert_eq!(pool.shutdown().completed, 2);
        evidence("C2,C5", 1);
    });
}
